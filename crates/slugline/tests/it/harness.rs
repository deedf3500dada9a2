//! A server with a folder destination, and commands against it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) const TOKEN: &str = "a-token-of-the-tests";

/// A configuration with one folder destination, listening where there is room.
pub(crate) const CONFIGURATION: &str = r#"
[server]
listen = "127.0.0.1:0"

[[token]]
name = "tests"
secret = "env:SLUGLINE_TOKEN"
role = "admin"

[[destination]]
name = "site"
type = "folder"
path = "./site"

[[route]]
name = "all"
to = ["site"]
"#;

/// A command in `folder`, without what the tester's own environment says.
pub(crate) fn slugline(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slugline"));
    for variable in [
        "SLUGLINE_SERVER",
        "SLUGLINE_CONFIG",
        "SLUGLINE_DATA",
        "SLUGLINE_DATABASE_URL",
        "SLUGLINE_REGION",
        "SLUGLINE_LOG",
    ] {
        command.env_remove(variable);
    }
    command
        .current_dir(folder)
        .env("SLUGLINE_TOKEN", TOKEN)
        .args(arguments);
    command
}

/// Runs a command to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ended {
    Ended(slugline(folder, arguments).output().unwrap())
}

/// How a command ended.
pub(crate) struct Ended(pub(crate) Output);

impl Ended {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out())
            .unwrap_or_else(|why| panic!("{why}\n{}{}", self.out(), self.err()))
    }

    /// The end, which must have had this code.
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(
            self.code(),
            code,
            "\nout: {}\nerr: {}",
            self.out(),
            self.err()
        );
        self
    }
}

/// A running server in a folder of its own; killed when dropped.
pub(crate) struct Server {
    pub(crate) folder: TempDir,
    pub(crate) url: String,
    child: Child,
    log: Receiver<String>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("slugline.toml"), CONFIGURATION).unwrap();
        Self::start_in(folder)
    }

    /// A server in a folder that has its configuration.
    pub(crate) fn start_in(folder: TempDir) -> Self {
        Self::start_with(folder, &[])
    }

    /// The same, with flags for `serve`.
    pub(crate) fn start_with(folder: TempDir, flags: &[&str]) -> Self {
        let mut child = slugline(folder.path(), &[&["serve"], flags].concat())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let url = address(&mut log);
        // The log must be read on, or the server would wait for it.
        let (told, lines) = channel();
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                // Nobody may listen any more; reading goes on.
                let _ = told.send(line);
            }
        });
        Self {
            folder,
            url,
            child,
            log: lines,
        }
    }

    /// The same data and configuration under a new process.
    pub(crate) fn start_again(mut self) -> Self {
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        drop(self);
        Self::start_in(folder)
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for a line of the log that contains this.
    pub(crate) fn until_logged(&self, text: &str) {
        let patience = Duration::from_secs(30);
        while !self.log.recv_timeout(patience).unwrap().contains(text) {}
    }

    /// Waits for the end: the exit code, and how long it took from now.
    pub(crate) fn wait(&mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        (self.child.wait().unwrap().code(), began.elapsed())
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a client command against this server.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_through(&self.url, arguments)
    }

    /// Runs a client command that believes the server to be at `url`.
    pub(crate) fn run_through(&self, url: &str, arguments: &[&str]) -> Ended {
        let mut command = slugline(self.path(), arguments);
        Ended(command.env("SLUGLINE_SERVER", url).output().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the server says that it listens.
fn address(log: &mut BufReader<impl Read>) -> String {
    let mut seen = String::new();
    let mut line = String::new();
    while log.read_line(&mut line).unwrap() > 0 {
        if let Some((_, url)) = line.split_once("listening on ") {
            return url.split_whitespace().next().unwrap().to_owned();
        }
        seen.push_str(&std::mem::take(&mut line));
    }
    panic!("the server did not start:\n{seen}");
}
