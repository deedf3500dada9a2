//! The readers: a few threads with read-only connections.
//!
//! Ensures that reading never holds up the writer, and that one question is answered from one
//! moment of the file. Media files are read and written here too, away from the callers' threads.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use futures_channel::oneshot;
use rusqlite::Connection;
use slugline_engine::store::StoreError;

use super::OpenError;
use super::connection;
use super::fault::Done;
use super::writer::closed;

/// Threads: quick questions pass a long one. Each may fill its page cache.
const THREADS: usize = 3;

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the readers' threads.
pub(crate) struct Readers {
    /// `None` ends one thread.
    questions: Sender<Option<Question>>,
}

impl Readers {
    /// Opens the connections and starts the threads.
    pub(crate) fn start(file: &Path) -> Result<(Self, Vec<JoinHandle<()>>), OpenError> {
        let (questions, inbox) = channel();
        let inbox = Arc::new(Mutex::new(inbox));
        let threads = (0..THREADS)
            .map(|_| start_thread(file, Arc::clone(&inbox)))
            .collect::<Result<_, _>>()?;
        Ok((Self { questions }, threads))
    }

    /// Has `read` done on a thread of its own, from one moment of the file.
    pub(crate) async fn ask<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Done<T> + Send + 'static,
    {
        self.run(move |connection| {
            let moment = connection.unchecked_transaction()?;
            read(&moment)
        })
        .await
    }

    /// Has `work` done on a thread of its own, without a snapshot: for long walks, which would keep
    /// the WAL from being reset, and for files.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Done<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |connection| {
            // Whoever asked may have gone.
            let _ = reply.send(work(connection).map_err(StoreError::from));
        });
        // An error means that the threads have ended: then the reply's sender is dropped with it.
        let _ = self.questions.send(Some(question));
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Ends the threads after what was asked before.
    pub(crate) fn stop(&self) {
        for _ in 0..THREADS {
            let _ = self.questions.send(None);
        }
    }
}

fn start_thread(
    file: &Path,
    inbox: Arc<Mutex<Receiver<Option<Question>>>>,
) -> Result<JoinHandle<()>, OpenError> {
    let connection = connection::reading(file)?;
    let thread = std::thread::Builder::new().name("store-reader".into());
    thread
        .spawn(move || answer_all(&connection, &inbox))
        .map_err(|error| OpenError::disk(file, &error))
}

fn answer_all(connection: &Connection, inbox: &Mutex<Receiver<Option<Question>>>) {
    loop {
        let next = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(Some(question)) => question(connection),
            Ok(None) | Err(_) => return,
        }
    }
}
