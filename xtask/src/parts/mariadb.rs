//! A MariaDB of one's own: data in a given folder, reachable by one UNIX socket and not by network.
//! Ensures nothing about durability: its log is not flushed, because no suite pulls its plug.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::process::Process;
use super::ready::until_ready;

/// 0.3 s on an idle machine; this leaves room for one that compiles on all cores.
const START_WITHIN: Duration = Duration::from_secs(60);
/// A clean shutdown takes well under a second.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// A running server.
#[derive(Debug)]
pub(crate) struct MariaDb {
    process: Process,
    socket: PathBuf,
    // Holds the socket's folder: a socket's path may have 107 bytes at most, a checkout's path is often longer.
    _socket_folder: TempDir,
}

impl MariaDb {
    /// Makes an empty database folder.
    ///
    /// # Errors
    /// When `mariadb-install-db` fails, with its words.
    pub(crate) fn create(data: &Path) -> Result<()> {
        let mut command = Command::new("mariadb-install-db");
        command.args([
            "--no-defaults",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ]);
        run(command.args(options(data)))
    }

    /// Starts a server on `data` and waits until it answers; logs into `logs`, noted in `folder`.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub(crate) async fn start(data: &Path, logs: &Path, folder: &Path) -> Result<Self> {
        let socket_folder =
            tempfile::tempdir().context("cannot make a folder for the database's socket")?;
        let socket = socket_folder.path().join("db.sock");
        let mut command = Command::new("mariadbd");
        command
            .arg("--no-defaults")
            .args(options(data))
            .arg(format!("--socket={}", socket.display()))
            .args([
                "--skip-networking",
                "--skip-log-bin",
                "--performance-schema=OFF",
                "--innodb-buffer-pool-size=64M",
                "--innodb-flush-log-at-trx-commit=0",
            ]);
        let process = Process::start("MariaDB", &mut command, &logs.join("mariadb.log"), folder)?;
        let mut server = Self {
            process,
            socket: socket.clone(),
            _socket_folder: socket_folder,
        };
        until_ready(&mut server.process, START_WITHIN, async || {
            query(&socket, "SELECT 1").await
        })
        .await?;
        Ok(server)
    }

    /// The socket's path, for a client's configuration.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Runs `sql`; the answer's rows as lines, columns separated by tabs.
    ///
    /// # Errors
    /// When the client or the statement fails, with the server's words.
    pub(crate) async fn sql(&self, sql: &str) -> Result<String> {
        query(&self.socket, sql).await
    }

    /// Stops it so that its folder can be copied.
    ///
    /// # Errors
    /// When it does not end in time: the folder is then not to be trusted.
    pub(crate) fn stop(mut self) -> Result<()> {
        let status = self.process.terminate(STOP_WITHIN);
        ensure!(
            status.is_some_and(|status| status.success()),
            "MariaDB did not stop cleanly; {}",
            self.process.log_tail()
        );
        Ok(())
    }
}

/// What creation and start must agree on. As root it must be told that it may stay root.
fn options(data: &Path) -> Vec<String> {
    let mut options = vec![
        format!("--datadir={}", data.display()),
        "--innodb-log-file-size=16M".to_owned(),
    ];
    if rustix::process::geteuid().is_root() {
        options.push("--user=root".to_owned());
    }
    options
}

async fn query(socket: &Path, sql: &str) -> Result<String> {
    let mut command = tokio::process::Command::new("mariadb");
    command.args([
        "--no-defaults",
        "--user=root",
        "--batch",
        "--raw",
        "--skip-column-names",
    ]);
    command.args(["--default-character-set=utf8mb4", "--execute", sql]);
    let output = command
        .arg(format!("--socket={}", socket.display()))
        .stdin(Stdio::null())
        .output()
        .await?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {:?}", command.get_program()))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{:?} ended with {}: {words}",
        command.get_program(),
        output.status
    );
    Ok(())
}
