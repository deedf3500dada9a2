//! A Slugline that a suite configures: its life as a process that is killed without warning.
//! Ensures that a start which does not succeed shows the server's own words. It knows only what a user knows:
//! the command line, the configuration file, the addresses.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::sync::Mutex;

use super::http::Http;
use super::process::Process;
use super::ready::until_ready;

/// A start with a database to recover, on a machine whose cores are busy.
const START_WITHIN: Duration = Duration::from_secs(60);
/// For in-flight jobs to end or to be put back after SIGTERM.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// Where things are, and what is configured.
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
    /// The text of `slugline.toml`.
    pub(crate) configuration: String,
    /// The variables that its secrets are in.
    pub(crate) secrets: Vec<(&'static str, String)>,
}

/// A Slugline that can be killed.
#[derive(Debug)]
pub(crate) struct Server {
    place: Place,
    process: Mutex<Process>,
}

impl Server {
    /// Writes the configuration and starts a server on the data directory that there is, or on an empty one.
    ///
    /// # Errors
    /// When it does not become ready.
    pub(crate) async fn start(place: Place) -> Result<Self> {
        fs::write(place.config(), &place.configuration)?;
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
        command.envs(self.secrets.iter().map(|(name, secret)| (*name, secret)));
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
}

async fn is_ready(http: &Http, url: &str) -> Result<()> {
    let answer = http.get(url).await?;
    ensure!(answer.status == 200, "/readyz: {answer}");
    Ok(())
}
