//! Where PostgreSQL's programs are, and as whom they run.
//!
//! Ensures that the server never runs as root, which it refuses: as root its programs run as another user.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// What a person types to get the server's programs, on Debian.
pub const INSTALL: &str = "apt-get install -y --no-install-recommends postgresql";
/// Where Debian keeps one folder per major version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Users that may run the server when we are root: its own, else one that owns nothing.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// Whether the server's programs are on this machine.
#[must_use]
pub fn is_there() -> bool {
    folder().is_ok()
}

/// The folder with `initdb`, `postgres` and `psql`: of the newest version, or one that `PATH` names.
pub(super) fn folder() -> Result<PathBuf> {
    let installed = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named =
        std::env::split_paths(&path).chain(folders.into_iter().rev().map(|(_, folder)| folder));
    let mut complete = named.filter(|folder| {
        ["initdb", "postgres", "psql"]
            .iter()
            .all(|program| folder.join(program).exists())
    });
    complete.next().with_context(|| {
        format!("PostgreSQL is not on this machine; these tests need it: {INSTALL}")
    })
}

/// A command that runs as the server's user, from a folder which that user can enter.
pub(super) fn command(program: &Path) -> Result<Command> {
    let mut command = Command::new(program);
    command.current_dir("/").env("LC_ALL", "C");
    if rustix::process::geteuid().is_root() {
        let (user, group) = server_user()?;
        command.uid(user).gid(group);
    }
    Ok(command)
}

/// The numbers of the user that runs the server in place of root.
fn server_user() -> Result<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let find = |name: &&str| users.lines().find_map(|line| numbers(line, name));
    let found = USERS.iter().find_map(find);
    found.with_context(|| {
        format!(
            "PostgreSQL does not run as root, and there is no user {}",
            USERS.join(" or ")
        )
    })
}

/// From passwd(5): `name:password:user:group:…`.
fn numbers(line: &str, name: &str) -> Option<(u32, u32)> {
    let mut fields = line.split(':');
    (fields.next() == Some(name)).then_some(())?;
    let user = fields.nth(1)?.parse().ok()?;
    Some((user, fields.next()?.parse().ok()?))
}

/// Runs a command to its end; what it printed.
pub(super) fn run(command: &mut Command) -> Result<String> {
    let output = match command.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "there is no {:?}; install it: {INSTALL}",
            command.get_program()
        ),
        output => output.with_context(|| format!("cannot run {:?}", command.get_program()))?,
    };
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{:?} ended with {}: {words}",
        command.get_program(),
        output.status
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let line = "postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash";
        assert_eq!(numbers(line, "postgres"), Some((101, 104)));
        assert_eq!(numbers(line, "post"), None);
    }
}
