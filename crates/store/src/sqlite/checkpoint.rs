//! Moving the WAL into the database file without holding up commits.
//!
//! Ensures that the WAL stays bounded and that commits stay short: a thread copies and syncs most of
//! it, then the writer copies the little that came since. Only a checkpoint that finds nothing more
//! to copy lets the WAL begin anew, and beside a busy writer the thread alone never gets there.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};

use super::fault::Done;
use super::{OpenError, connection};

/// Pages in the WAL (of 4 KiB) from which on the thread copies them: 32 MiB. A page that changed in
/// many commits is copied once, and at full load the writer is held up every other second only.
const COPY_FROM: usize = 8_192;
/// Pages in the WAL at which the writer copies all of them itself, whatever it costs: 256 MiB.
const COPY_AT_ONCE: usize = 65_536;

/// The writer's side.
pub(crate) struct Checkpoints {
    /// Pages in the WAL after the last commit.
    pages: Arc<AtomicUsize>,
    copied: Arc<AtomicBool>,
    wake: SyncSender<()>,
}

impl Checkpoints {
    /// Starts the thread. `database` must stay open until every connection is closed: closing any
    /// descriptor of the file drops the locks that this process has on it.
    pub(crate) fn start(
        writer: &mut Connection,
        file: &Path,
        database: Arc<File>,
    ) -> Result<(Self, JoinHandle<()>), OpenError> {
        let (pages, copied) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (wake, woken) = sync_channel(1);
        let seen = Arc::clone(&pages);
        writer.wal_hook(Some(
            move |_: &mut rusqlite::hooks::Wal, in_wal: std::ffi::c_int| {
                seen.store(usize::try_from(in_wal).unwrap_or(0), Ordering::Relaxed);
                Ok(())
            },
        ))?;
        let copier = Copier {
            connection: connection::checkpointing(file)?,
            database,
            copied: Arc::clone(&copied),
        };
        let thread = std::thread::Builder::new().name("store-checkpoint".into());
        let thread = thread
            .spawn(move || copier.serve(&woken))
            .map_err(|error| OpenError::disk(file, &error))?;
        Ok((
            Self {
                pages,
                copied,
                wake,
            },
            thread,
        ))
    }

    /// Has the WAL copied when it has grown, and finishes what the thread has copied.
    pub(crate) fn after_commit(&self, writer: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if self.copied.swap(false, Ordering::Acquire) || pages >= COPY_AT_ONCE {
            report(copy(writer));
        } else if pages >= COPY_FROM
            && let Err(TrySendError::Disconnected(())) = self.wake.try_send(())
        {
            tracing::error!(
                "the checkpoint thread has ended; restart the server before the WAL fills the disk"
            );
        }
    }
}

/// The thread's side.
struct Copier {
    connection: Connection,
    database: Arc<File>,
    copied: Arc<AtomicBool>,
}

impl Copier {
    fn serve(self, woken: &Receiver<()>) {
        while woken.recv().is_ok() {
            report(copy(&self.connection));
            // A copy that does not reach the WAL's end is not synced by SQLite. Doing it here leaves
            // little to sync for the writer.
            if let Err(error) = self.database.sync_data() {
                tracing::warn!(%error, "syncing slugline.db failed; the WAL is kept");
                continue;
            }
            self.copied.store(true, Ordering::Release);
        }
    }
}

fn copy(connection: &Connection) -> Done<()> {
    connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE)?;
    Ok(())
}

fn report(outcome: Done<()>) {
    match outcome {
        Ok(()) => {}
        // The WAL keeps everything; the next commit tries again.
        Err(fault) if fault.is_busy() => tracing::debug!(%fault, "a checkpoint waits"),
        Err(fault) => tracing::warn!(%fault, "a checkpoint failed"),
    }
}
