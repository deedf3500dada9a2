//! A server started as a child, in a process group of its own, with its output in a file.
//! Ensures that the whole group ends when the value is dropped, and that groups left behind by a run that was
//! itself killed are ended by the next run in the same folder. It does not restart anything.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

/// How many lines of a log a failure message carries: enough for a stack trace, still one screen.
const TAIL_LINES: usize = 30;
/// How often `terminate` looks whether the process has ended, in milliseconds.
const POLL_MS: u64 = 20;
/// The file in a run's folder that lists the process groups started from it.
const GROUPS: &str = "process-groups";

/// A running server and all its children.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; its output is appended to `log`. `folder` is where the group is noted for `end_leftovers`.
    ///
    /// # Errors
    /// When the log cannot be opened, or there is no such program.
    pub(crate) fn start(
        name: &'static str,
        command: &mut Command,
        log: &Path,
        folder: &Path,
    ) -> Result<Self> {
        let output = append(log)?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {name} ({:?})", command.get_program()))?;
        let process = Self {
            name,
            child,
            log: log.to_owned(),
        };
        writeln!(append(&folder.join(GROUPS))?, "{}", process.child.id())?;
        Ok(process)
    }

    /// The name it was started under.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Its process id, for reading `/proc`.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exit status if it has ended already.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// SIGKILL to the group: nobody in it gets to say goodbye.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        // Reaping cannot fail in a way that matters here: the child is ours and is waited for once.
        let _ = self.child.wait();
    }

    /// SIGSTOP: it stands still, with all it holds.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT: it goes on as if no time had passed.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// SIGTERM, then waits; the exit status, or `None` when it had to be killed after `within`.
    pub(crate) fn terminate(&mut self, within: Duration) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + within;
        while Instant::now() < deadline {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(POLL_MS));
        }
        self.kill();
        None
    }

    /// The last lines of its log, for a failure message.
    pub(crate) fn log_tail(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
        format!("the end of {}:\n{tail}", self.log.display())
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // The group may be gone already; then there is nothing left to end.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ends the groups that an earlier run in `folder` started and could not end, because it was killed itself.
/// A group number may have been given to somebody else since: only groups with a process that names `folder`
/// on its command line are ended.
pub(crate) fn end_leftovers(folder: &Path) {
    let noted = fs::read_to_string(folder.join(GROUPS)).unwrap_or_default();
    for group in noted
        .lines()
        .filter_map(|line| line.parse().ok())
        .filter_map(Pid::from_raw)
    {
        if processes().any(|pid| group_of(&pid) == Some(group) && names_folder(&pid, folder)) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
    // Absent when there was no earlier run.
    let _ = fs::remove_file(folder.join(GROUPS));
}

fn processes() -> impl Iterator<Item = PathBuf> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
}

/// From `stat` (proc(5)): `pid (name) state parent group …`; the name may hold spaces and parentheses.
fn group_of(process: &Path) -> Option<Pid> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    Pid::from_raw(after_name.split_whitespace().nth(2)?.parse().ok()?)
}

fn names_folder(process: &Path, folder: &Path) -> bool {
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).contains(&*folder.to_string_lossy())
}

fn append(path: &Path) -> Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.with_context(|| format!("cannot open {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that starts a child of its own and names `folder` on its command line.
    fn family(folder: &Path) -> Process {
        let mut command = Command::new("sh");
        command
            .args(["-c", "echo up; sleep 600 & wait"])
            .arg(folder);
        Process::start("family", &mut command, &folder.join("log"), folder).unwrap()
    }

    fn members(group: u32) -> usize {
        let group = Pid::from_raw(i32::try_from(group).unwrap());
        // A killed process stays in its group until somebody reaps it; a zombie has no command line.
        let alive =
            |pid: &PathBuf| fs::read(pid.join("cmdline")).is_ok_and(|line| !line.is_empty());
        processes()
            .filter(|pid| group_of(pid) == group && alive(pid))
            .count()
    }

    fn wait_until(mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !holds() {
            assert!(Instant::now() < deadline, "did not happen within 10 s");
            std::thread::yield_now();
        }
    }

    #[test]
    fn dropping_it_ends_its_children_too() {
        let folder = tempfile::tempdir().unwrap();
        let process = family(folder.path());
        let group = process.child.id();
        wait_until(|| members(group) == 2);
        drop(process);
        wait_until(|| members(group) == 0);
    }

    #[test]
    fn what_a_killed_run_left_is_ended_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = family(folder.path());
        let group = process.child.id();
        wait_until(|| members(group) == 2);
        end_leftovers(Path::new("/some/other/folder"));
        assert_eq!(process.ended(), None);
        end_leftovers(folder.path());
        wait_until(|| process.ended().is_some() && members(group) == 0);
    }

    #[test]
    fn its_log_is_at_hand() {
        let folder = tempfile::tempdir().unwrap();
        let process = family(folder.path());
        wait_until(|| process.log_tail().ends_with("up"));
    }
}
