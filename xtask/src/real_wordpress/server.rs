//! The Slugline under test: its configuration, and its life as a process that is killed without warning.
//! Ensures that a start which does not succeed shows the server's own words. It knows only what a user knows:
//! the command line, the configuration file, the addresses.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::sync::Mutex;

use crate::parts::http::Http;
use crate::parts::process::Process;
use crate::parts::ready::until_ready;

/// A start with a database to recover, on a machine whose cores are busy.
const START_WITHIN: Duration = Duration::from_secs(60);
/// For in-flight jobs to end or to be put back after SIGTERM.
const STOP_WITHIN: Duration = Duration::from_secs(60);
/// The API token; its holder is this suite alone.
pub(crate) const TOKEN: &str = "real-wordpress-suite-token-0123456789";

/// Where things are.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The binary under test.
    pub(crate) binary: PathBuf,
    /// The suite's folder; configuration and data go into `run` in it.
    pub(crate) folder: PathBuf,
    /// The folder for logs.
    pub(crate) logs: PathBuf,
    /// Where Slugline listens.
    pub(crate) listen: SocketAddr,
    /// Where Slugline believes WordPress to be: the proxy.
    pub(crate) wordpress: SocketAddr,
    /// WordPress' application password for `publisher`.
    pub(crate) password: String,
}

/// A Slugline that can be killed.
#[derive(Debug)]
pub(crate) struct Server {
    place: Place,
    process: Mutex<Process>,
}

impl Server {
    /// Writes the configuration and starts a server with an empty data directory.
    ///
    /// # Errors
    /// When it does not become ready.
    pub(crate) async fn start(place: Place) -> Result<Self> {
        fs::write(place.config(), place.configuration())?;
        let process = Mutex::new(place.start().await?);
        Ok(Self { place, process })
    }

    /// Its API's address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.place.listen)
    }

    /// `kill -9`, and a new start on the same data.
    ///
    /// # Errors
    /// When it does not become ready again, or had ended by itself before it was killed.
    pub(crate) async fn kill_and_restart(&self) -> Result<()> {
        let mut process = self.process.lock().await;
        if let Some(status) = process.ended() {
            bail!(
                "Slugline ended by itself with {status}; {}",
                process.log_tail()
            );
        }
        process.kill();
        *process = self.place.start().await?;
        Ok(())
    }

    /// Asks it to stop, and checks its log's hash chain.
    ///
    /// # Errors
    /// When it does not stop in time or not with 0, or the chain is broken.
    pub(crate) async fn stop_and_verify_log(self) -> Result<()> {
        let mut process = self.process.into_inner();
        let status = process
            .terminate(STOP_WITHIN)
            .with_context(|| format!("Slugline did not stop within {STOP_WITHIN:?}"))?;
        ensure!(
            status.success(),
            "Slugline stopped with {status}; {}",
            process.log_tail()
        );
        let output = Command::new(&self.place.binary)
            .args(["verify-log", "--data"])
            .arg(self.place.data())
            .output()?;
        let words = [output.stdout, output.stderr].concat();
        ensure!(
            output.status.success(),
            "verify-log: {} {}",
            output.status,
            String::from_utf8_lossy(&words)
        );
        Ok(())
    }
}

impl Place {
    fn config(&self) -> PathBuf {
        self.folder.join("run/slugline.toml")
    }

    fn data(&self) -> PathBuf {
        self.folder.join("run/slugline-data")
    }

    async fn start(&self) -> Result<Process> {
        let mut command = Command::new(&self.binary);
        command
            .arg("serve")
            .arg("--config")
            .arg(self.config())
            .arg("--data")
            .arg(self.data());
        command
            .env("SLUGLINE_SUITE_TOKEN", TOKEN)
            .env("SLUGLINE_SUITE_WP_PASSWORD", &self.password);
        let mut process = Process::start(
            "Slugline",
            &mut command,
            &self.logs.join("slugline.log"),
            &self.folder,
        )?;
        let (http, ready) = (Http::new(), format!("http://{}/readyz", self.listen));
        until_ready(&mut process, START_WITHIN, async || {
            is_ready(&http, &ready).await
        })
        .await?;
        Ok(process)
    }

    /// Short times, so that a minute shows what takes hours in production.
    fn configuration(&self) -> String {
        let Self {
            listen, wordpress, ..
        } = self;
        format!(
            r#"[server]
listen = "{listen}"
allow_private_networks = ["127.0.0.0/8"]

[store]
media_grace = "2s"

[[token]]
name = "suite"
secret = "env:SLUGLINE_SUITE_TOKEN"
role = "admin"

[[destination]]
name = "blog"
type = "wordpress"
url = "http://{wordpress}"
username = "publisher"
password = "env:SLUGLINE_SUITE_WP_PASSWORD"
timeout = "2s"
concurrency = 8

[[route]]
name = "all"
match = {{ environment = "production" }}
to = ["blog"]

[[retry]]
class = "standard"
base = "100ms"
cap = "1s"
max_attempts = 100
"#
        )
    }
}

async fn is_ready(http: &Http, url: &str) -> Result<()> {
    let answer = http.get(url).await?;
    ensure!(answer.status == 200, "/readyz: {answer}");
    Ok(())
}
