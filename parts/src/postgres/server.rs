//! A server of one's own, which can be killed and started again.
//!
//! Ensures that it ends, and its folder goes, when the value is dropped or its process ends in whatever way: a shell
//! between the two reads from a pipe that closes then. It syncs only where it is asked to: no test pulls the plug.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::cluster::{self, USER};
use super::programs;

/// 0.2 s on an idle machine; this leaves room for one that compiles on all cores.
const START_WITHIN: Duration = Duration::from_secs(60);
/// A killed process is gone at once, unless it waits for a disk.
const GONE_WITHIN: Duration = Duration::from_secs(20);
/// Between two looks at a server that starts or ends.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Ports to choose from: below those that the kernel gives to outgoing connections.
const PORTS: std::ops::Range<u16> = 21_000..29_000;
/// What the server says when a process of the one before it has not ended yet.
const STILL_IN_USE: &str = "is still in use";
/// Runs the server (`$1`) on its folder (`$2`). At the end of the pipe both go; after a line, which
/// comes when the server was killed, the folder stays. One that nobody has waited for would seem to run still.
const KEEPER: &str = r#"server=$1; data=$2; shift 2
"$server" -D "$data" "$@" >"$data/log" 2>&1 </dev/null & server=$!
if read -r line; then wait $server; exit; fi
kill -QUIT $server; kill -CONT $server
wait $server
rm -rf "$data""#;

/// A running server with an empty cluster.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    data: PathBuf,
    port: u16,
    keeper: Option<Child>,
    durable: bool,
}

impl Server {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// When its programs are not there (with the command that installs them), or it does not answer in time.
    pub fn start() -> Result<Self> {
        Self::start_as(false)
    }

    /// As [`Server::start`], but it syncs as in production: for measuring.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_durable() -> Result<Self> {
        Self::start_as(true)
    }

    fn start_as(durable: bool) -> Result<Self> {
        let programs = programs::folder()?;
        let data = cluster::create(&programs)?;
        let mut server = Self {
            programs,
            data,
            port: 0,
            keeper: None,
            durable,
        };
        server.restart_elsewhere()?;
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The address of one of its databases; `postgres` is there from the start.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}", self.address())
    }

    /// SIGKILL to all its processes; what was committed stays in its folder.
    ///
    /// # Errors
    /// When it does not run, or does not end.
    pub fn kill(&mut self) -> Result<()> {
        let server = self.process().context("PostgreSQL does not run")?;
        // Before its parent ends: whoever is left would hold the memory that the next start asks for.
        let all = [vec![server], children(server)].concat();
        for process in &all {
            // One that has ended by itself is what is wanted.
            let _ = kill_process(*process, Signal::KILL);
        }
        wait_until("PostgreSQL was killed and has not ended", || {
            !all.iter().any(|process| lives(*process))
        })?;
        self.let_go()?;
        // The next one would take the number of a process that nobody has waited for yet for a running server's.
        wait_until("nobody has waited for the killed PostgreSQL", || {
            !Path::new(&format!("/proc/{}", server.as_raw_pid())).exists()
        })
    }

    /// Starts it again after [`Server::kill`], on the same folder and port, and waits until it answers.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub fn restart(&mut self) -> Result<()> {
        let started = Instant::now();
        self.keeper = Some(self.spawn()?);
        while let Err(why) = self.is_itself() {
            let log = self.log();
            if log.contains(STILL_IN_USE) {
                // A child that was born while the others were killed ends by itself.
                self.let_go()?;
                self.keeper = Some(self.spawn()?);
            }
            if started.elapsed() > START_WITHIN || log.contains("FATAL:  could not create") {
                bail!(
                    "PostgreSQL does not answer on port {}: {why:#}; its log:\n{log}",
                    self.port
                );
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Ok(())
    }

    /// Whether it is this server that answers, and not one that was quicker to take the port.
    fn is_itself(&self) -> Result<()> {
        let folder = self.sql("postgres", "SHOW data_directory")?;
        ensure!(
            Path::new(folder.trim_end()) == self.data,
            "another server answers"
        );
        Ok(())
    }

    /// Starts it again after [`Server::kill`], on the same folder and another port.
    ///
    /// # Errors
    /// When no port is free, or it does not answer in time.
    pub fn restart_elsewhere(&mut self) -> Result<()> {
        let before = self.port;
        // Between the look and the server's own bind another program may take the port.
        for port in free_ports().filter(|port| *port != before) {
            self.port = port;
            match self.restart() {
                Err(_) if self.log().contains("Address already in use") => self.let_go()?,
                started => return started,
            }
        }
        bail!(
            "no port between {} and {} is free on 127.0.0.1",
            PORTS.start,
            PORTS.end
        )
    }

    /// Its process, for stopping and continuing it; `None` while it does not run.
    #[must_use]
    pub fn process(&self) -> Option<Pid> {
        let noted = std::fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        Pid::from_raw(noted.lines().next()?.parse().ok()?)
    }

    /// Runs `sql` in a database; the answer's rows as lines, columns separated by `|`.
    ///
    /// # Errors
    /// The server's words.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        super::database::sql(&self.programs, &self.url(database), sql)
    }

    fn spawn(&self) -> Result<Child> {
        let settings = [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            format!("fsync={}", if self.durable { "on" } else { "off" }),
            "max_connections=200".to_owned(),
        ];
        let mut keeper = programs::command(Path::new("sh"))?;
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(self.programs.join("postgres"))
            .arg(&self.data);
        settings.iter().for_each(|setting| {
            keeper.args(["-c", setting]);
        });
        let quiet = keeper
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        quiet.spawn().context("cannot start PostgreSQL's keeper")
    }

    /// Ends the keeper of a server that has ended; the folder stays.
    fn let_go(&mut self) -> Result<()> {
        let Some(mut keeper) = self.keeper.take() else {
            return Ok(());
        };
        if let Some(mut pipe) = keeper.stdin.take() {
            writeln!(pipe, "keep")?;
        }
        keeper.wait()?;
        Ok(())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.data.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(mut keeper) = self.keeper.take() else {
            return;
        };
        drop(keeper.stdin.take());
        // Reaping cannot fail in a way that matters here: the child is ours and is waited for once.
        let _ = keeper.wait();
    }
}

/// Ports that nobody listens on, from a place that differs from process to process.
fn free_ports() -> impl Iterator<Item = u16> {
    let all = PORTS.len();
    let start = std::process::id() as usize * 7 % all;
    let order = PORTS.cycle().skip(start).take(all);
    order.filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
}

fn children(process: Pid) -> Vec<Pid> {
    let pid = process.as_raw_pid();
    let listed =
        std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed
        .split_whitespace()
        .filter_map(|child| Pid::from_raw(child.parse().ok()?))
        .collect()
}

fn wait_until(otherwise: &str, holds: impl Fn() -> bool) -> Result<()> {
    let began = Instant::now();
    while !holds() {
        ensure!(began.elapsed() < GONE_WITHIN, "{otherwise}");
        std::thread::sleep(BETWEEN_LOOKS);
    }
    Ok(())
}

/// A process that nobody has waited for yet has no command line any more.
fn lives(process: Pid) -> bool {
    std::fs::read(format!("/proc/{}/cmdline", process.as_raw_pid()))
        .is_ok_and(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_committed_survives_a_kill_and_the_folder_goes_in_the_end() {
        let mut server = Server::start().unwrap();
        server
            .sql("postgres", "CREATE TABLE kept AS SELECT 7 AS n")
            .unwrap();
        let (address, data) = (server.address(), server.data.clone());
        server.kill().unwrap();
        assert!(server.sql("postgres", "SELECT 1").is_err());
        server.restart().unwrap();
        assert_eq!(server.address(), address);
        assert_eq!(server.sql("postgres", "SELECT n FROM kept").unwrap(), "7\n");
        drop(server);
        assert!(!data.exists());
    }
}
