//! A port in memory: files, effects, media, prepared answers, and a crash at a chosen operation.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use slugline_core::connector::{Connector, Verification, Work};
use slugline_core::decide::{Desired, decide};
use slugline_core::failure::Failure;
use slugline_core::http::{Request, Response, SendError};
use slugline_core::port::{BoxFuture, EffectKey, FileOp, FileReply, Port};
use slugline_core::reason::Reason;
use slugline_core::time::Timestamp;

/// What the port says the time is.
pub(crate) const NOW: Timestamp = Timestamp(1_767_225_600_000_000);

/// The point at which a run dies: before its nth changing operation, or after it and before its
/// answer arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    Never,
    Before(usize),
    After(usize),
}

/// What outlives a crash.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) files: BTreeMap<String, Bytes>,
    pub(crate) effects: BTreeMap<EffectKey, String>,
    pub(crate) media: BTreeMap<String, Bytes>,
    pub(crate) answers: VecDeque<Result<Response, SendError>>,
    pub(crate) sent: Vec<Request>,
}

/// One run's port.
pub(crate) struct MemoryPort {
    world: Mutex<World>,
    crash: Crash,
    changes: AtomicUsize,
}

impl MemoryPort {
    pub(crate) fn new(world: World, crash: Crash) -> Self {
        Self {
            world: Mutex::new(world),
            crash,
            changes: AtomicUsize::new(0),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn into_world(self) -> World {
        self.world.into_inner().unwrap()
    }

    /// Whether the run got to its crash.
    pub(crate) fn crashed(&self) -> bool {
        match self.crash {
            Crash::Never => false,
            Crash::Before(nth) | Crash::After(nth) => self.changes.load(Ordering::Relaxed) > nth,
        }
    }

    /// Applies a change unless the run is dead, and says whether its answer arrives.
    fn change(&self, apply: impl FnOnce(&mut World)) -> Result<(), SendError> {
        let nth = self.changes.fetch_add(1, Ordering::Relaxed);
        let (applied, answered) = match self.crash {
            Crash::Never => (true, true),
            Crash::Before(last) => (nth < last, nth < last),
            Crash::After(last) => (nth <= last, nth < last),
        };
        if applied {
            apply(&mut self.world());
        }
        if answered {
            Ok(())
        } else {
            Err(SendError::LeaseLost)
        }
    }

    fn change_effects(&self, apply: impl FnOnce(&mut World)) -> Result<(), Failure> {
        self.change(apply)
            .map_err(|why| Failure::from_send_error(&why, true, "the store"))
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Port for MemoryPort {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        let mut world = self.world();
        world.sent.push(request);
        let answer = world.answers.pop_front();
        ready(answer.expect("a request that the test did not prepare an answer for"))
    }

    fn file<'a>(
        &'a self,
        _: &'a str,
        operation: FileOp,
    ) -> BoxFuture<'a, Result<FileReply, SendError>> {
        ready(match &operation {
            FileOp::Read { .. } | FileOp::List { .. } => {
                Ok(carry_out(&mut self.world().files, operation))
            }
            FileOp::Write { .. } | FileOp::Remove { .. } => self
                .change(|world| drop(carry_out(&mut world.files, operation)))
                .map(|()| FileReply::Done),
        })
    }

    fn recall<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        ready(Ok(self.world().effects.get(key).cloned()))
    }

    fn remember<'a>(
        &'a self,
        key: &'a EffectKey,
        result_ref: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        ready(
            self.change_effects(|world| {
                drop(world.effects.insert(key.clone(), result_ref.to_owned()))
            }),
        )
    }

    fn forget<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>> {
        ready(self.change_effects(|world| drop(world.effects.remove(key))))
    }

    fn hold<'a>(&'a self, _: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>> {
        ready(self.change_effects(|_| {}))
    }

    fn media<'a>(&'a self, sha256: &'a str) -> BoxFuture<'a, Result<Bytes, Failure>> {
        let bytes = self.world().media.get(sha256).cloned();
        ready(bytes.ok_or_else(|| Failure::new(Reason::MediaMissing, sha256)))
    }

    fn note_unknown(&self) {}

    fn pause(&self, _: Duration) -> BoxFuture<'_, ()> {
        ready(())
    }

    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Does an operation on files in memory.
pub(crate) fn carry_out(files: &mut BTreeMap<String, Bytes>, operation: FileOp) -> FileReply {
    match operation {
        FileOp::Read { path } => FileReply::Contents(files.get(&path).cloned()),
        FileOp::List { path } => {
            let below = format!("{path}/");
            let paths = files.keys().filter(|file| file.starts_with(&below));
            FileReply::Paths(paths.cloned().collect())
        }
        FileOp::Write { path, bytes } => {
            files.insert(path, bytes);
            FileReply::Done
        }
        FileOp::Remove { path } => {
            files.remove(&path);
            FileReply::Done
        }
    }
}

/// The end of a future that never has to wait, as none does over this port.
pub(crate) fn end<T>(future: impl Future<Output = T>) -> T {
    future
        .now_or_never()
        .expect("nothing waits on a port in memory")
}

/// One run, as the engine does it: observe, decide, act, verify.
pub(crate) fn run(
    connector: &dyn Connector,
    work: &Work,
    port: &MemoryPort,
) -> Result<Verification, Failure> {
    connector.check(work)?;
    let observed = end(connector.observe(work, port))?;
    let desired = Desired {
        action: work.action,
        carried: work.generation,
        newest: work.generation,
        undisturbed: None,
        adopted: None,
        protect_drift: false,
    };
    let decision = decide(&desired, &observed);
    if let slugline_core::decide::Decision::Conflict(failure) = decision {
        return Err(failure);
    }
    end(connector.act(work, &decision, port))?;
    end(connector.verify(work, port))
}
