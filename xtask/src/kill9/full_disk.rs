//! The story of the full disk: a small file system is filled to its last page under load. Ensures that intake then says
//! "later" instead of losing or breaking, and goes on by itself when there is room again.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::{Instant, sleep};

use super::embedded::{self, Embedded};
use super::installation::Installation;
use super::stage::{Ground, Stage};
use super::tally::Tally;

/// Room for some seconds of load with its WAL, as `mount` takes it.
const SIZE: &str = "size=192m";
/// Load before the disk is full.
const LOAD: Duration = Duration::from_secs(2);
/// How long it stays full once that is noticed.
const FULL: Duration = Duration::from_secs(3);
/// Until the writer has used up what room its files had left, or has room again.
const NOTICED_WITHIN: Duration = Duration::from_secs(60);
/// Answers that count as noticed: more than one for each producer.
const NOTICED: usize = 100;
/// Between two looks at the counters.
const LOOK: Duration = Duration::from_millis(20);

/// Whether this machine lets us mount a file system.
pub(super) fn is_possible() -> bool {
    rustix::process::geteuid().is_root()
}

/// Tells it.
///
/// # Errors
/// It could not be told to its end: also where it does not say "later", or does not go on. What is wrong is in the tally.
pub(super) async fn run(ground: Ground) -> Result<Tally> {
    let data = embedded::data(&ground.folder);
    let disk = SmallDisk::mount(&data)?;
    let mut stage = Stage::<Embedded>::set(ground).await?;
    let (ledger, counters) = (stage.books.ledger.clone(), stage.books.counters.clone());
    let told = async {
        sleep(LOAD).await;
        let ballast = data.join("ballast");
        fill(&ballast)?;
        let later = counters.later.get();
        until("it says later", || counters.later.get() >= later + NOTICED).await?;
        sleep(FULL).await;
        std::fs::remove_file(&ballast)?;
        let before = ledger.borrow().count();
        until("it accepts again", || {
            ledger.borrow().count() >= before + NOTICED
        })
        .await
    };
    tokio::select! {
        told = told => told.with_context(|| stage.installation.log_tail())?,
        error = stage.producers.broken() => return Err(error),
    }
    let tally = stage.finish(0).await;
    drop(disk);
    tally
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + NOTICED_WITHIN;
    while !holds() {
        ensure!(
            Instant::now() < deadline,
            "with a full disk: not within {NOTICED_WITHIN:?}: {what}"
        );
        sleep(LOOK).await;
    }
    Ok(())
}

/// Writes until there is no room for one byte more.
fn fill(ballast: &Path) -> Result<()> {
    let mut file = File::create(ballast)?;
    for size in [1 << 20, 1 << 12, 1] {
        let block = vec![0; size];
        loop {
            match file.write_all(&block) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error).context("cannot fill the disk"),
            }
        }
    }
    Ok(())
}

/// A file system in memory, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Result<Self> {
        unmount(at);
        std::fs::create_dir_all(at)?;
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", SIZE, "slugline-kill9"])
            .arg(at);
        ensure!(
            mount.status()?.success(),
            "cannot mount a small disk at {}",
            at.display()
        );
        Ok(Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        unmount(&self.0);
    }
}

/// Also what a run that was killed has left mounted; where there is nothing, nothing happens.
pub(super) fn unmount(at: &Path) {
    let mut umount = Command::new("umount");
    umount.arg("--lazy").arg(at).stderr(Stdio::null());
    let _ = umount.status();
}
