//! A database of one's own, on a server that tests share.
//!
//! Ensures that no test sees another's rows, and that a database goes with its value where the server stays.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};

use super::{Server, programs};

/// The variable that names a running server's database `postgres`; its user may create databases.
pub const SERVER: &str = "SLUGLINE_TEST_POSTGRES";

/// What a session says when a statement has run.
const RAN: &str = "-- ran --";

/// The server that this process started because it was handed none; it goes with the process.
static OWN: Mutex<Option<Server>> = Mutex::new(None);
/// Databases that this process has made.
static MADE: AtomicU32 = AtomicU32::new(0);

/// An empty database.
#[derive(Debug)]
pub struct Database {
    /// Its address.
    pub url: String,
    name: String,
    server: String,
    programs: PathBuf,
}

/// Makes an empty database on the server that [`SERVER`] names, else on one of this process.
///
/// # Errors
/// When there is no server and none can be started; the error names the command that installs it.
pub fn database() -> Result<Database> {
    let (server, programs) = (server()?, programs::folder()?);
    let name = format!(
        "test_{}_{}",
        std::process::id(),
        MADE.fetch_add(1, Ordering::Relaxed)
    );
    sql(
        &programs,
        &server,
        &format!("CREATE DATABASE {name} TEMPLATE template0"),
    )?;
    let (address, _) = server
        .rsplit_once('/')
        .with_context(|| format!("{SERVER} names no database"))?;
    Ok(Database {
        url: format!("{address}/{name}"),
        name,
        server,
        programs,
    })
}

fn server() -> Result<String> {
    if let Ok(given) = std::env::var(SERVER) {
        return Ok(given);
    }
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    let server = match own.take() {
        Some(server) => server,
        None => Server::start()?,
    };
    Ok(own.insert(server).url("postgres"))
}

impl Database {
    /// Runs `sql` in it; the answer's rows as lines, columns separated by `|`.
    ///
    /// # Errors
    /// The server's words.
    pub fn sql(&self, sql: &str) -> Result<String> {
        self::sql(&self.programs, &self.url, sql)
    }

    /// Opens a connection that stays.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn session(&self) -> Result<Session> {
        let mut psql = psql(&self.programs)
            .arg(&self.url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start psql")?;
        let answers = psql.stdout.take().context("psql has no output")?;
        Ok(Session {
            psql,
            answers: BufReader::new(answers),
        })
    }
}

/// A connection that stays open between statements, for transactions that take their time.
#[derive(Debug)]
pub struct Session {
    psql: Child,
    answers: BufReader<ChildStdout>,
}

impl Session {
    /// Runs `sql` and waits until it has run.
    ///
    /// # Errors
    /// When the connection has ended, as it does after a statement that fails.
    pub fn run(&mut self, sql: &str) -> Result<()> {
        let pipe = self
            .psql
            .stdin
            .as_mut()
            .context("the session has no pipe")?;
        writeln!(pipe, "{sql}\n\\echo {RAN}")?;
        let mut line = String::new();
        while line.trim_end() != RAN {
            line.clear();
            ensure!(
                self.answers.read_line(&mut line)? > 0,
                "the session has ended"
            );
        }
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.psql.stdin.take());
        // Reaping cannot fail in a way that matters here: the child is ours and is waited for once.
        let _ = self.psql.wait();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that was killed by the test has taken it along.
        let _ = sql(
            &self.programs,
            &self.server,
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
    }
}

pub(super) fn sql(programs: &Path, url: &str, sql: &str) -> Result<String> {
    programs::run(psql(programs).args(["--command", sql, url]))
}

fn psql(programs: &Path) -> Command {
    let mut psql = Command::new(programs.join("psql"));
    psql.args([
        "--no-psqlrc",
        "--no-align",
        "--tuples-only",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
    ]);
    psql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_apart_and_go() {
        let (one, other) = (database().unwrap(), database().unwrap());
        one.sql("CREATE TABLE here ()").unwrap();
        assert!(other.sql("TABLE here").is_err());
        let (name, server) = (one.name.clone(), one.server.clone());
        drop(one);
        let known = sql(
            &other.programs,
            &server,
            &format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'"),
        );
        assert_eq!(known.unwrap(), "0\n");
    }
}
