//! The release binary, started as a user starts it: `slugline serve` with a configuration file in an empty folder. It is
//! measured only through its HTTP surface, its files and `/proc`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use tempfile::TempDir;

use super::load::Target;
use super::product::Bench;
use super::store::Home;
use super::usage;
use crate::parts::process::Process;
use crate::parts::{ports, ready};
use crate::wire::{self, Connection};

const TOKEN: &str = "bench-token-0123456789abcdef";
/// Signs what the server sends and what it is sent.
pub(super) const HOOK_SECRET: &str = "whsec_YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gt";
/// An empty store opens in well under a second; this covers millions of rows on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// Past this the server is killed.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// A server, stopped and forgotten when dropped.
pub(super) struct Server {
    pub(super) target: Target,
    /// Where its destination `bulk` is; nobody listens there until a sink is started.
    pub(super) bulk: SocketAddr,
    binary: PathBuf,
    work: PathBuf,
    folder: TempDir,
    home: Home,
    process: Process,
}

impl Server {
    /// Starts it with a destination `sink` at the given address and a destination `bulk` where nobody listens yet, on a
    /// disk that has written what others gave it: half a minute after a build its own writing holds up syncs by 100 to
    /// 300 ms.
    ///
    /// # Errors
    /// It is not ready in time; the end of its log is shown.
    pub(super) async fn start(bench: &Bench<'_>, sink: SocketAddr) -> Result<Self> {
        let (binary, work, home) = (bench.binary, bench.work, bench.store.home()?);
        rustix::fs::sync();
        let folder = tempfile::tempdir_in(work)?;
        let [address, bulk] = ports::free::<2>()?;
        let config = folder.path().join("slugline.toml");
        std::fs::write(config, configuration(address, sink, bulk))?;
        let mut server = Self {
            target: Target {
                address,
                token: TOKEN.into(),
            },
            bulk,
            binary: binary.to_owned(),
            work: work.to_owned(),
            process: spawn(binary, folder.path(), work, &home)?,
            folder,
            home,
        };
        server.ready().await?;
        Ok(server)
    }

    /// Waits until it serves.
    ///
    /// # Errors
    /// It is not ready in time; the end of its log is shown.
    pub(super) async fn ready(&mut self) -> Result<()> {
        let address = self.target.address;
        ready::until_ready(&mut self.process, READY_WITHIN, async || {
            is_ready(address).await
        })
        .await
    }

    /// SIGKILL; nothing runs afterwards.
    pub(super) fn kill(&mut self) {
        self.process.kill();
    }

    /// SIGTERM, and the end of it.
    ///
    /// # Errors
    /// It does not end in time.
    pub(super) fn stop(&mut self) -> Result<()> {
        let status = self.process.terminate(STOP_WITHIN);
        let status = status.with_context(|| format!("it did not stop within {STOP_WITHIN:?}"))?;
        ensure!(status.success(), "it stopped with {status}");
        Ok(())
    }

    /// Starts it again on its data, without waiting.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start_again(&mut self) -> Result<()> {
        self.process = spawn(&self.binary, self.folder.path(), &self.work, &self.home)?;
        Ok(())
    }

    /// Processor time so far.
    pub(super) fn processor(&self) -> Result<Duration> {
        usage::processor(self.process.id())
    }

    /// Resident memory now and at its peak, in MiB.
    pub(super) fn resident(&self) -> Result<(f64, f64)> {
        usage::resident(self.process.id())
    }

    /// Has its store do what a load has left to be done.
    ///
    /// # Errors
    /// PostgreSQL's words.
    pub(super) fn settle(&self) -> Result<()> {
        self.home.settle()
    }

    /// Bytes on disk, after a checkpoint; of a server that is stopped.
    ///
    /// # Errors
    /// They cannot be counted.
    pub(super) fn bytes(&self) -> Result<u64> {
        self.home.bytes(&self.data())
    }

    /// Copies its jobs until each is there so many times; of a server that is stopped.
    ///
    /// # Errors
    /// The table is not what it was.
    pub(super) fn copy_jobs(&self, times: usize) -> Result<()> {
        self.home.copy_jobs(&self.data(), times)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("slugline-data")
    }

    /// Adds what the server wrote last to an error.
    pub(super) fn explain<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| anyhow!("{error:#}\n{}", self.process.log_tail()))
    }
}

fn spawn(binary: &Path, folder: &Path, work: &Path, home: &Home) -> Result<Process> {
    let mut command = Command::new(binary);
    command.current_dir(folder).arg("serve").arg("--config");
    command
        .arg(folder.join("slugline.toml"))
        .args(home.arguments());
    command
        .env("SLUGLINE_TOKEN", TOKEN)
        .env("HOOK_SECRET", HOOK_SECRET);
    Process::start("slugline", &mut command, &folder.join("log"), work)
}

async fn is_ready(address: SocketAddr) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.exchange(&wire::get("/readyz", TOKEN)).await?;
    ensure!(answer.status == 200, "/readyz answers {}", answer.status);
    Ok(())
}

/// The usual settings, but for what would keep ten million jobs out and a sink on this machine away.
fn configuration(address: SocketAddr, sink: SocketAddr, bulk: SocketAddr) -> String {
    let destination = |name: &str, at: SocketAddr| {
        format!(
            r#"
[[destination]]
name = "{name}"
type = "webhook"
url = "http://{at}/in"
secrets = ["env:HOOK_SECRET"]
concurrency = 256
"#
        )
    };
    format!(
        r#"
[server]
listen = "{address}"
allow_private_networks = ["127.0.0.0/8"]
thresholds = {{ max_open_jobs = 100000000 }}

[[token]]
name = "bench"
secret = "env:SLUGLINE_TOKEN"
role = "admin"

[[source]]
name = "bench"
type = "standard_webhooks"
secrets = ["env:HOOK_SECRET"]

[[route]]
name = "webhooks"
match = {{ source = "bench" }}
to = ["bulk"]
{}{}"#,
        destination("sink", sink),
        destination("bulk", bulk)
    )
}
