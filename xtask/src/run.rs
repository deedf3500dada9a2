//! Runs other programs from the repository's root, echoing each command line so that a reader can repeat it by hand.
//! It does not capture output: what a tool prints is what the reader sees.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How often a child with a deadline is looked at; short beside any deadline here, long enough to cost nothing.
const LOOK: Duration = Duration::from_millis(50);

/// The repository's root: the folder above this crate.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Where cargo puts what it builds: `CARGO_TARGET_DIR`, else `target` in the root.
pub(crate) fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// A cargo command in the root, by the same cargo that started this program.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    command
}

/// Whether `cargo <subcommand> --version` works, that is, whether the subcommand is installed.
pub(crate) fn cargo_has(subcommand: &str) -> bool {
    cargo(&[subcommand, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// Echoes the command, runs it to its end and says whether it exited with 0.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool> {
    echo(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    Ok(status.success())
}

/// As [`succeeds`], but a command that is still running after `limit` is killed; `None` says so.
pub(crate) fn ends_within(command: &mut Command, limit: Duration) -> Result<Option<ExitStatus>> {
    echo(command);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let status = wait(&mut child, limit)?;
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    Ok(status)
}

fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(Some(status)),
            None if started.elapsed() > limit => return Ok(None),
            None => sleep(LOOK),
        }
    }
}

/// Builds the release binary and returns its path.
pub(crate) fn release_binary() -> Result<PathBuf> {
    let built = succeeds(&mut cargo(&["build", "--release", "--package", "slugline"]))?;
    anyhow::ensure!(
        built,
        "the release binary does not build; the compiler's messages are above"
    );
    Ok(target().join("release/slugline"))
}

fn echo(command: &Command) {
    println!("$ {}", shown(command));
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
