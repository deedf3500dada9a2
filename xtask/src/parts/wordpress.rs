//! A real WordPress: Debian's files, MariaDB behind a socket, PHP's own web server with four workers.
//! Ensures that each start begins from the same freshly installed site: the installation is kept as a template
//! and copied. It listens on the loopback interface only. What is published in it is the suite's affair.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::mariadb::MariaDb;
use super::process::Process;
use super::ready::until_ready;

const CONFIG: &str = include_str!("wp-config.php");
const INSTALL: &str = include_str!("wp-install.php");
const DEBIAN_SITE: &str = "/usr/share/wordpress";
const DEBIAN_THEMES: &str = "/var/lib/wordpress/wp-content/themes";
/// Names WordPress' version; a new one makes a new template.
const VERSION_FILE: &str = "/usr/share/wordpress/wp-includes/version.php";
/// Requests that WordPress works on at the same time; a small host has about as many.
const WORKERS: &str = "4";
/// One second on an idle machine.
const START_WITHIN: Duration = Duration::from_secs(60);
/// The site's name in the template, in a run, and nowhere else.
const SITE: &str = "site";
const DATA: &str = "db";
const PASSWORDS: &str = "passwords.json";
const STAMP: &str = "stamp";

/// The application passwords of the two users.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Passwords {
    /// The person who writes posts by hand.
    pub(crate) admin: String,
    /// The editor that Slugline signs in as, login `publisher`.
    pub(crate) publisher: String,
}

/// A running site.
#[derive(Debug)]
pub(crate) struct WordPress {
    // Dropped in this order: PHP before the database that it holds connections to.
    _php: Process,
    database: MariaDb,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Host and port in its links.
    pub(crate) public_name: String,
    /// Its users' application passwords.
    pub(crate) passwords: Passwords,
    site: PathBuf,
}

impl WordPress {
    /// Starts a fresh site in `folder`, listening on `address`, that calls itself
    /// `public_name` (host and port) in its links.
    ///
    /// # Errors
    /// When a step of the installation fails or a server does not come up; the logs are in `logs`.
    pub(crate) async fn start(
        folder: &Path,
        logs: &Path,
        address: SocketAddr,
        public_name: &str,
    ) -> Result<Self> {
        let template = template(folder, logs).await?;
        let run = folder.join("run");
        replace_by_copy(&template, &run)?;
        let database = MariaDb::start(&run.join(DATA), logs, folder).await?;
        let site = run.join(SITE);
        configure(&site, database.socket(), public_name)?;
        let php = serve(&site, address, logs, folder).await?;
        let passwords = serde_json::from_slice(&fs::read(run.join(PASSWORDS))?)?;
        Ok(Self {
            _php: php,
            database,
            address,
            public_name: public_name.to_owned(),
            passwords,
            site,
        })
    }

    /// Its database, for questions that no plugin or cache can answer wrongly; the schema is `wp`.
    pub(crate) fn database(&self) -> &MariaDb {
        &self.database
    }

    /// The folder that holds the uploaded files, as `_wp_attached_file` names them.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.site.join("wp-content/uploads")
    }

    /// The folder of all its files.
    pub(crate) fn files(&self) -> &Path {
        &self.site
    }
}

/// The installed site that runs are copied from; made when there is none or when it is of another recipe.
async fn template(folder: &Path, logs: &Path) -> Result<PathBuf> {
    let template = folder.join("template");
    let stamp = stamp()?;
    if fs::read_to_string(template.join(STAMP)).is_ok_and(|found| found == stamp) {
        return Ok(template);
    }
    remove(&template)?;
    fs::create_dir_all(&template)?;
    copy_site(&template.join(SITE))?;
    install(&template, logs, folder)
        .await
        .context("cannot install WordPress")?;
    // Last: a template without its stamp is a half-made one.
    fs::write(template.join(STAMP), stamp)?;
    Ok(template)
}

/// Changes with everything that a template is made from.
fn stamp() -> Result<String> {
    let version = fs::read(VERSION_FILE).with_context(|| format!("cannot read {VERSION_FILE}"))?;
    let digest = Sha256::new()
        .chain_update(CONFIG)
        .chain_update(INSTALL)
        .chain_update(version)
        .finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Debian spreads the site over three folders with links between them; a copy follows the links.
fn copy_site(site: &Path) -> Result<()> {
    run(Command::new("cp").arg("-rL").arg(DEBIAN_SITE).arg(site))?;
    let themes = site.join("wp-content/themes");
    fs::create_dir_all(&themes)?;
    run(Command::new("cp")
        .arg("-rL")
        .arg(format!("{DEBIAN_THEMES}/."))
        .arg(&themes))?;
    fs::create_dir_all(site.join("wp-content/uploads"))?;
    remove(&site.join("wp-config.php"))
}

async fn install(template: &Path, logs: &Path, folder: &Path) -> Result<()> {
    let (data, site) = (template.join(DATA), template.join(SITE));
    fs::create_dir_all(&data)?;
    MariaDb::create(&data)?;
    let database = MariaDb::start(&data, logs, folder).await?;
    database
        .sql("CREATE DATABASE wp CHARACTER SET utf8mb4")
        .await?;
    configure(&site, database.socket(), "127.0.0.1")?;
    let script = template.join("install.php");
    fs::write(&script, INSTALL)?;
    run(Command::new("php")
        .arg(&script)
        .arg(&site)
        .arg(template.join(PASSWORDS)))?;
    ensure!(
        template.join(PASSWORDS).exists(),
        "the installation ended without making application passwords"
    );
    database.stop()
}

fn configure(site: &Path, socket: &Path, public_name: &str) -> Result<()> {
    let config = CONFIG
        .replace("SOCKET", &socket.to_string_lossy())
        .replace("PUBLIC_NAME", public_name);
    Ok(fs::write(site.join("wp-config.php"), config)?)
}

/// No router script: PHP's server falls back to index.php, so pretty permalinks work.
async fn serve(site: &Path, address: SocketAddr, logs: &Path, folder: &Path) -> Result<Process> {
    let mut command = Command::new("php");
    command.env("PHP_CLI_SERVER_WORKERS", WORKERS).args([
        "-d",
        "opcache.enable_cli=1",
        "-S",
        &address.to_string(),
    ]);
    command.arg("-t").arg(site);
    let mut php = Process::start(
        "WordPress",
        &mut command,
        &logs.join("wordpress.log"),
        folder,
    )?;
    until_ready(&mut php, START_WITHIN, async || {
        tokio::net::TcpStream::connect(address).await
    })
    .await?;
    Ok(php)
}

fn replace_by_copy(from: &Path, to: &Path) -> Result<()> {
    remove(to)?;
    run(Command::new("cp")
        .args(["-a", "--reflink=auto"])
        .arg(from)
        .arg(to))
}

/// Removes a file or a folder; nothing there is fine.
fn remove(path: &Path) -> Result<()> {
    run(Command::new("rm").arg("-rf").arg(path))
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {:?}", command.get_program()))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{command:?} ended with {}: {words}",
        output.status
    );
    Ok(())
}
