//! Installs what a suite needs from Debian's packages, saying so first; elsewhere it only says what is missing.
//! Ensures that a part counts as there only when it answers, not when a package manager believes so.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// A program or a set of files from outside that a suite cannot do without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// The name that reports use.
    pub(crate) name: &'static str,
    /// Debian 12's packages that bring it.
    pub(crate) packages: &'static [&'static str],
    is_there: fn() -> bool,
}

/// WordPress' files with one theme, so that its public pages can be rendered.
pub(crate) const WORDPRESS: Part = Part {
    name: "WordPress",
    packages: &["wordpress", "wordpress-theme-twentytwentythree"],
    is_there: || {
        Path::new("/usr/share/wordpress/wp-load.php").exists()
            && Path::new("/var/lib/wordpress/wp-content/themes/twentytwentythree").exists()
    },
};

/// PHP's command line with the extensions that WordPress and its image handling use.
pub(crate) const PHP: Part = Part {
    name: "PHP",
    packages: &[
        "php-cli",
        "php-mysql",
        "php-gd",
        "php-curl",
        "php-xml",
        "php-mbstring",
    ],
    is_there: || {
        let modules = output("php", &["-m"]);
        ["mysqli", "gd", "curl", "xml", "mbstring"]
            .iter()
            .all(|m| modules.lines().any(|line| line == *m))
    },
};

/// MariaDB's server and client.
pub(crate) const MARIADB: Part = Part {
    name: "MariaDB",
    packages: &["mariadb-server"],
    is_there: || !output("mariadbd", &["--no-defaults", "--version"]).is_empty(),
};

/// PostgreSQL's server and client.
pub(crate) const POSTGRESQL: Part = Part {
    name: "PostgreSQL",
    packages: &["postgresql"],
    is_there: slugline_parts::postgres::is_there,
};

/// npm, with the Node.js that it runs on itself.
pub(crate) const NPM: Part = Part {
    name: "npm",
    packages: &["npm"],
    is_there: || !output("npm", &["--version"]).is_empty(),
};

/// Chromium with its driver, and fonts to draw with.
pub(crate) const CHROMIUM: Part = Part {
    name: "Chromium",
    packages: &["chromium", "chromium-driver", "fonts-liberation"],
    is_there: || {
        !output("chromedriver", &["--version"]).is_empty()
            && !output("chromium", &["--version"]).is_empty()
    },
};

/// A part that is not on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The part's name.
    pub(crate) part: &'static str,
    /// What a person types to get it, on Debian.
    pub(crate) install_command: String,
}

/// Those of `parts` that this machine lacks.
pub(crate) fn missing(parts: &[Part]) -> Vec<Missing> {
    lacking(parts)
        .into_iter()
        .map(|part| Missing {
            part: part.name,
            install_command: install_command(part),
        })
        .collect()
}

/// Installs what is lacking when this is Debian and we are root, and returns what is lacking still.
///
/// # Errors
/// When `apt-get` fails; its own words are on the terminal by then.
pub(crate) fn install(parts: &[Part]) -> Result<Vec<Missing>> {
    let lacking = lacking(parts);
    if !lacking.is_empty() && may_install() {
        let packages: Vec<&str> = lacking
            .iter()
            .flat_map(|part| part.packages)
            .copied()
            .collect();
        println!("installing with apt-get: {}", packages.join(" "));
        println!(
            "  (Debian may start apache2, mariadb and postgresql as services; the suites use none of them)"
        );
        apt_get(&["update"])?;
        apt_get(
            &[
                &["install", "-y", "--no-install-recommends"],
                packages.as_slice(),
            ]
            .concat(),
        )?;
    }
    Ok(missing(parts))
}

fn lacking(parts: &[Part]) -> Vec<&Part> {
    parts.iter().filter(|part| !(part.is_there)()).collect()
}

fn install_command(part: &Part) -> String {
    format!(
        "apt-get install -y --no-install-recommends {}",
        part.packages.join(" ")
    )
}

fn may_install() -> bool {
    rustix::process::geteuid().is_root() && Path::new("/usr/bin/apt-get").exists()
}

/// Quiet on success: a page of unpacking lines would bury the suites' own output.
fn apt_get(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .arg("-qq")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cannot run apt-get")?;
    ensure!(
        status.success(),
        "apt-get {} ended with {status}",
        arguments.join(" ")
    );
    Ok(())
}

/// What a program prints, or nothing when there is no such program.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stderr(Stdio::null())
        .output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_not_there_is_named_with_its_install_command() {
        let absent = Part {
            name: "Nowhere",
            packages: &["a", "b"],
            is_there: || false,
        };
        let present = Part {
            name: "Here",
            packages: &["c"],
            is_there: || true,
        };
        let expected = Missing {
            part: "Nowhere",
            install_command: "apt-get install -y --no-install-recommends a b".to_owned(),
        };
        assert_eq!(missing(&[absent, present]), vec![expected]);
    }
}
