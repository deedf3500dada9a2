//! One process of the real binary, started as a user starts it and ended as the worst day ends it. Ensures that a start
//! that does not succeed shows the process's own words. It knows only command line, configuration file and address.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use tokio::task::spawn_blocking;

use super::sink::{NODE, SECRET};
use crate::parts::process::Process;
use crate::parts::ready::until_ready;
use crate::wire::{self, Connection};

/// The API token; its holder is this suite alone.
pub(super) const TOKEN: &str = "kill9-suite-token-0123456789abcdef";
/// A start with a database to recover, on a machine whose cores are busy.
const START_WITHIN: Duration = Duration::from_secs(60);
/// For runs under way to end or to be put back after SIGTERM.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// Where things are.
#[derive(Debug, Clone)]
pub(super) struct Site {
    /// The binary under test.
    pub(super) binary: PathBuf,
    /// The story's folder; it is emptied at the start.
    pub(super) folder: PathBuf,
    /// The sink.
    pub(super) sink: SocketAddr,
}

/// A process that can be killed and started again.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) address: SocketAddr,
    site: Site,
    arguments: Vec<OsString>,
    process: Option<Process>,
}

impl Node {
    /// Writes its configuration; does not start it. `arguments` name its store.
    ///
    /// # Errors
    /// The configuration cannot be written.
    pub(super) fn new(site: &Site, address: SocketAddr, arguments: Vec<OsString>) -> Result<Self> {
        let node = Self {
            address,
            site: site.clone(),
            arguments,
            process: None,
        };
        std::fs::write(node.config(), configuration(address, site.sink))?;
        Ok(node)
    }

    /// Starts the process; it is not ready yet.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(&mut self) -> Result<()> {
        let mut command = Command::new(&self.site.binary);
        command.arg("serve").arg("--config").arg(self.config());
        command.args(&self.arguments).current_dir(&self.site.folder);
        command
            .env("SLUGLINE_SUITE_TOKEN", TOKEN)
            .env("SLUGLINE_SUITE_SECRET", SECRET)
            .env("SLUGLINE_SUITE_NODE", self.address.to_string());
        let log = self
            .site
            .folder
            .join(format!("{}.log", self.address.port()));
        self.process = Some(Process::start(
            "slugline",
            &mut command,
            &log,
            &self.site.folder,
        )?);
        Ok(())
    }

    /// Waits until it serves.
    ///
    /// # Errors
    /// It ends, or is not ready in time.
    pub(super) async fn ready(&mut self) -> Result<()> {
        let address = self.address;
        let process = self.process.as_mut().context("it was not started")?;
        until_ready(process, START_WITHIN, async || is_ready(address).await).await
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// It had ended by itself.
    pub(super) fn kill(&mut self) -> Result<()> {
        let mut process = self.process.take().context("it was not started")?;
        if let Some(status) = process.ended() {
            bail!(
                "slugline ended by itself with {status}; {}",
                process.log_tail()
            );
        }
        process.kill();
        Ok(())
    }

    /// SIGSTOP.
    pub(super) fn freeze(&self) {
        self.process.iter().for_each(Process::freeze);
    }

    /// SIGCONT.
    pub(super) fn thaw(&self) {
        self.process.iter().for_each(Process::thaw);
    }

    /// SIGTERM, and an end with 0.
    ///
    /// # Errors
    /// It does not end in time, or not with 0.
    pub(super) async fn stop(&mut self) -> Result<()> {
        let mut process = self.process.take().context("it was not started")?;
        // The sink runs on this thread, and deliveries under way wait for it.
        let stopping = spawn_blocking(move || (process.terminate(STOP_WITHIN), process));
        let (status, process) = stopping.await?;
        let status =
            status.with_context(|| format!("slugline did not stop within {STOP_WITHIN:?}"))?;
        ensure!(
            status.success(),
            "slugline stopped with {status}; {}",
            process.log_tail()
        );
        Ok(())
    }

    /// What it wrote last.
    pub(super) fn log_tail(&self) -> String {
        self.process
            .as_ref()
            .map_or_else(String::new, Process::log_tail)
    }

    fn config(&self) -> PathBuf {
        self.site
            .folder
            .join(format!("{}.toml", self.address.port()))
    }
}

/// Runs `verify-log` on a store; what it says.
///
/// # Errors
/// The log is not whole.
pub(super) async fn verify_log(binary: &Path, store: &[OsString]) -> Result<String> {
    let mut command = tokio::process::Command::new(binary);
    let output = command.arg("verify-log").args(store).output().await?;
    let words = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    ensure!(
        output.status.success(),
        "verify-log: {} {words}",
        output.status
    );
    Ok(words.trim().to_owned())
}

async fn is_ready(address: SocketAddr) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.exchange(&wire::get("/readyz", TOKEN)).await?;
    ensure!(answer.status == 200, "/readyz answers {}", answer.status);
    Ok(())
}

/// Short times, so that seconds show what takes hours in production; the disk may be filled to its last page.
fn configuration(listen: SocketAddr, sink: SocketAddr) -> String {
    format!(
        r#"[server]
listen = "{listen}"
allow_private_networks = ["127.0.0.0/8"]
thresholds = {{ min_free_disk = "1KiB" }}

[[token]]
name = "suite"
secret = "env:SLUGLINE_SUITE_TOKEN"
role = "admin"

[[destination]]
name = "sink"
type = "webhook"
url = "http://{sink}/in"
secrets = ["env:SLUGLINE_SUITE_SECRET"]
headers = {{ {NODE} = "env:SLUGLINE_SUITE_NODE" }}
timeout = "1s"
concurrency = 32

[[retry]]
class = "standard"
base = "50ms"
cap = "500ms"
max_attempts = 100
"#
    )
}
