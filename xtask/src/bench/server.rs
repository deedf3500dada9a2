//! The release binary, started as a user starts it: `slugline serve` with a configuration file in an empty folder. It is
//! measured only through its HTTP surface and `/proc`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use tempfile::TempDir;

use super::load::Target;
use crate::parts::process::Process;
use crate::parts::{ports, ready};
use crate::wire::{self, Connection};

const TOKEN: &str = "bench-token-0123456789abcdef";
/// An empty store opens in well under a second; this covers a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// Past this the server is killed: its data is thrown away.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// A running server, stopped and forgotten when dropped.
pub(super) struct Server {
    pub(super) target: Target,
    process: Process,
    _folder: TempDir,
}

impl Server {
    /// Starts it with a destination `sink` at the given address and a destination `down` where nobody listens.
    ///
    /// # Errors
    /// It is not ready in time; the end of its log is shown.
    pub(super) async fn start(binary: &Path, work: &Path, sink: SocketAddr) -> Result<Self> {
        let folder = tempfile::tempdir_in(work)?;
        let [address, nobody] = ports::free::<2>()?;
        let config = folder.path().join("slugline.toml");
        std::fs::write(&config, configuration(address, sink, nobody))?;
        let mut command = Command::new(binary);
        command
            .current_dir(folder.path())
            .arg("serve")
            .arg("--config")
            .arg(config);
        command
            .env("SLUGLINE_TOKEN", TOKEN)
            .env("HOOK_SECRET", "whsec_YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gt");
        let mut process =
            Process::start("slugline", &mut command, &folder.path().join("log"), work)?;
        ready::until_ready(&mut process, READY_WITHIN, async || is_ready(address).await).await?;
        Ok(Self {
            target: Target {
                address,
                token: TOKEN.into(),
            },
            process,
            _folder: folder,
        })
    }

    /// Resident memory now and at its peak, in MiB.
    pub(super) fn resident(&self) -> Result<(f64, f64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        Ok((mebibytes(&status, "VmRSS:")?, mebibytes(&status, "VmHWM:")?))
    }

    /// Adds what the server wrote last to an error.
    pub(super) fn explain<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| anyhow!("{error:#}\n{}", self.process.log_tail()))
    }

    /// Asks it to stop.
    pub(super) fn stop(mut self) {
        self.process.terminate(STOP_WITHIN);
    }
}

async fn is_ready(address: SocketAddr) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.exchange(&wire::get("/readyz", TOKEN)).await?;
    ensure!(answer.status == 200, "/readyz answers {}", answer.status);
    Ok(())
}

fn mebibytes(status: &str, field: &str) -> Result<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .with_context(|| format!("no {field}"))?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}

fn configuration(address: SocketAddr, sink: SocketAddr, nobody: SocketAddr) -> String {
    format!(
        r#"
[server]
listen = "{address}"
allow_private_networks = ["127.0.0.0/8"]

[[token]]
name = "bench"
secret = "env:SLUGLINE_TOKEN"
role = "admin"

[[destination]]
name = "sink"
type = "webhook"
url = "http://{sink}/in"
secrets = ["env:HOOK_SECRET"]
concurrency = 256

[[destination]]
name = "down"
type = "webhook"
url = "http://{nobody}/in"
secrets = ["env:HOOK_SECRET"]
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_mebibytes() {
        assert_eq!(
            mebibytes("VmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n", "VmRSS:").unwrap(),
            10.0
        );
        assert!(mebibytes("", "VmRSS:").is_err());
    }
}
