//! Getting commits on disk.
//!
//! Ensures that nobody is answered before what was committed for them is on disk (P1), while the
//! writer goes on: one sync serves all commits that wait for it. What a sync has not reached, readers
//! may see a moment early, the log excepted; a power cut may take it back, and nobody was told of it.
//!
//! After a sync has failed nothing is known of what is on disk, so nothing is done any more.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use slugline_engine::store::StoreError;

use super::OpenError;
use super::orders::{Message, Order};

/// Brings all that was committed on disk.
pub(crate) type Sync = Box<dyn Fn() -> io::Result<()> + Send>;

/// Syncs the file that commits are appended to: the WAL beside the database.
pub(crate) fn of_wal(database: &Path) -> Result<Sync, OpenError> {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    let path = Path::new(&path);
    let wal = File::open(path).map_err(|error| OpenError::disk(path, &error))?;
    Ok(Box::new(move || wal.sync_data()))
}

/// Orders of a committed transaction.
pub(crate) struct Committed {
    pub(crate) orders: Vec<Box<dyn Order>>,
    /// What it wrote.
    pub(crate) written: Written,
}

/// What a transaction brought into the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Whether anything. What it read may be unsynced all the same, so that its orders wait for the
    /// syncs before it; it needs none of its own.
    pub(crate) any: bool,
    /// The end of the log.
    pub(crate) log_end: i64,
}

/// What is known of the disk.
#[derive(Default)]
pub(crate) struct Synced {
    /// The last place of the log that is on disk.
    pub(crate) log_end: AtomicI64,
    failed: AtomicBool,
}

impl Synced {
    /// Why nothing is done any more, if a sync has failed.
    pub(crate) fn failure(&self) -> Option<StoreError> {
        let advice = "the disk did not take what was written; look at the system's log, then restart the server: it goes on \
                      from what is really there";
        self.failed
            .load(Ordering::Acquire)
            .then(|| StoreError::Unavailable(advice.into()))
    }
}

/// Starts the thread, which tells the writer how far it is; it ends when the sender is dropped and
/// everybody was answered.
pub(crate) fn start(
    sync: Sync,
    synced: Arc<Synced>,
    writer: Sender<Message>,
) -> io::Result<(Sender<Committed>, JoinHandle<()>)> {
    let (committed, inbox) = channel();
    let thread = std::thread::Builder::new()
        .name("store-sync".into())
        .spawn(move || serve(&sync, &synced, &writer, &inbox))?;
    Ok((committed, thread))
}

fn serve(sync: &Sync, synced: &Synced, writer: &Sender<Message>, inbox: &Receiver<Committed>) {
    while let Ok(first) = inbox.recv() {
        let waiting: Vec<Committed> = std::iter::once(first).chain(inbox.try_iter()).collect();
        let outcome = match synced.failure() {
            Some(failure) => Err(failure),
            None if waiting.iter().all(|group| !group.written.any) => Ok(()),
            None => sync_once(sync, synced, &waiting),
        };
        // An error means that the writer has ended.
        let _ = writer.send(Message::Synced(waiting.len()));
        for order in waiting.into_iter().flat_map(|group| group.orders) {
            order.answer(outcome.clone());
        }
    }
}

fn sync_once(sync: &Sync, synced: &Synced, waiting: &[Committed]) -> Result<(), StoreError> {
    if let Err(error) = sync() {
        tracing::error!(%error, "syncing the WAL failed; nothing more is written");
        synced.failed.store(true, Ordering::Release);
    } else if let Some(last) = waiting.last() {
        synced
            .log_end
            .store(last.written.log_end, Ordering::Release);
    }
    synced.failure().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::super::fault::Done;
    use super::super::tx::Tx;
    use super::*;

    struct Asked(Sender<Result<(), StoreError>>);

    impl Order for Asked {
        fn run(&mut self, _: &Tx<'_>) -> Done<()> {
            Ok(())
        }

        fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
            self.0.send(outcome).unwrap();
        }
    }

    fn committed(answers: &Sender<Result<(), StoreError>>, log_end: i64) -> Committed {
        Committed {
            orders: vec![Box::new(Asked(answers.clone()))],
            written: Written { any: true, log_end },
        }
    }

    /// A sync that says when it begins, and ends when it is told to.
    fn held_sync() -> (Sync, Receiver<()>, Sender<()>) {
        let (syncing, started) = channel();
        let (go, gone) = channel();
        let sync = move || {
            syncing.send(()).unwrap();
            gone.recv().unwrap();
            Ok(())
        };
        (Box::new(sync), started, go)
    }

    #[test]
    fn what_wrote_nothing_is_answered_without_a_sync_but_not_before_its_turn() {
        let (sync, started, go) = held_sync();
        let (orders, thread) = start(sync, Arc::default(), channel().0).unwrap();
        let (answers, answered) = channel();
        let looked_only = |answers| Committed {
            written: Written {
                any: false,
                log_end: 1,
            },
            ..committed(answers, 1)
        };
        orders.send(looked_only(&answers)).unwrap();
        assert_eq!(answered.recv().unwrap(), Ok(()));
        orders.send(committed(&answers, 1)).unwrap();
        started.recv().unwrap();
        orders.send(looked_only(&answers)).unwrap();
        assert!(answered.try_recv().is_err());
        go.send(()).unwrap();
        assert_eq!(answered.recv().unwrap(), Ok(()));
        assert_eq!(answered.recv().unwrap(), Ok(()));
        drop(orders);
        thread.join().unwrap();
        assert!(started.try_recv().is_err());
    }

    #[test]
    fn answers_come_after_the_sync_and_one_sync_serves_all_that_wait() {
        let (sync, started, go) = held_sync();
        let synced = Arc::new(Synced::default());
        let (orders, thread) = start(sync, Arc::clone(&synced), channel().0).unwrap();
        let (answers, answered) = channel();
        orders.send(committed(&answers, 1)).unwrap();
        started.recv().unwrap();
        (2..=3).for_each(|end| orders.send(committed(&answers, end)).unwrap());
        assert!(answered.try_recv().is_err());
        assert_eq!(synced.log_end.load(Ordering::Acquire), 0);
        go.send(()).unwrap();
        assert_eq!(answered.recv().unwrap(), Ok(()));
        started.recv().unwrap();
        assert!(answered.try_recv().is_err());
        go.send(()).unwrap();
        drop(orders);
        thread.join().unwrap();
        assert_eq!(answered.try_iter().collect::<Vec<_>>(), [Ok(()), Ok(())]);
        assert!(started.try_recv().is_err());
        assert_eq!(synced.log_end.load(Ordering::Acquire), 3);
    }

    #[test]
    fn after_a_sync_that_failed_nobody_is_told_that_it_worked() {
        let outcomes = std::sync::Mutex::new(vec![Ok(()), Err(io::Error::other("cable"))]);
        let sync: Sync = Box::new(move || outcomes.lock().unwrap().pop().unwrap());
        let (orders, thread) = start(sync, Arc::default(), channel().0).unwrap();
        let (answers, answered) = channel();
        for end in 1..=2 {
            orders.send(committed(&answers, end)).unwrap();
            let answer = answered.recv().unwrap();
            assert!(
                matches!(answer, Err(StoreError::Unavailable(_))),
                "{answer:?}"
            );
        }
        drop(orders);
        thread.join().unwrap();
    }
}
