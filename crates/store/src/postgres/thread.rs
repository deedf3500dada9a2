//! The store's own thread, with the runtime that its connections need.
//!
//! Ensures that callers may wait on any executor or on none, that work that was begun ends also when
//! its caller has gone, and that nothing of the store runs once it was ended.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use slugline_core::port::BoxFuture;
use slugline_engine::store::StoreError;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::fault::Done;
use super::pool::gone;

type Kept = Arc<Mutex<Vec<JoinHandle<()>>>>;

/// The thread.
pub(crate) struct Thread {
    handle: Handle,
    stop: watch::Sender<bool>,
    /// Tasks that the end waits for.
    kept: Kept,
    joined: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Thread {
    /// Starts the thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let (ready, handle) = mpsc::channel();
        let kept = Kept::default();
        let tasks = Arc::clone(&kept);
        let builder = std::thread::Builder::new().name("store-postgres".into());
        let thread = builder.spawn(move || {
            match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => {
                    // An error means that whoever started it has gone.
                    let _ = ready.send(Ok(runtime.handle().clone()));
                    runtime.block_on(serve(stopped, &tasks));
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        })?;
        let handle = handle.recv().map_err(std::io::Error::other)??;
        let joined = Mutex::new(Some(thread));
        Ok(Self {
            handle,
            stop,
            kept,
            joined,
        })
    }

    /// Becomes true when the thread is to end.
    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Runs something on the thread to its end, whoever waits for it.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Done<T>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let task = self.handle.spawn(work);
        Box::pin(async {
            let done = task.await.unwrap_or_else(|_| Err(gone()));
            done.map_err(StoreError::from)
        })
    }

    /// Waits for something on the thread; not to be called by a task of any runtime.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (done, result) = mpsc::channel();
        self.handle.spawn(async move { done.send(work.await) });
        result.recv().ok()
    }

    /// Runs a task that is dropped at the end.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    /// Runs a task that ends by itself once `stopped` says so; the end waits for it.
    pub(crate) fn keep(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = self.handle.spawn(task);
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(task);
    }

    /// Ends the thread after what its lines were handed in; waits for it.
    pub(crate) fn end(&self) {
        self.stop.send_replace(true);
        let thread = self
            .joined
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's thread had panicked");
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.end();
    }
}

async fn serve(mut stopped: watch::Receiver<bool>, kept: &Kept) {
    // An error means that the thread's owner has gone, which also is the end.
    let _ = stopped.wait_for(|stop| *stop).await;
    let tasks = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
    for task in tasks {
        if task.await.is_err() {
            tracing::error!("a task of the store had panicked");
        }
    }
}
