//! The one port that connectors work through.
//!
//! Ensures that a run can send requests, keep files, remember effects and read media without
//! owning a socket, a clock or a store. Implemented by the engine, and by the simulation.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

use crate::failure::Failure;
use crate::http::{Request, Response, SendError};
use crate::time::Timestamp;

/// A boxed future, so that the ports can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The name of one side effect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EffectKey {
    /// An effect of this item at this destination, such as `entry`.
    Item(&'static str),
    /// An effect that items share, by kind and natural key, such as (`media`, its SHA-256).
    Shared(&'static str, String),
}

/// The effect whose result names the entry that shows an item, for destinations whose entries have names
/// that others know: by it an item is found when its entry is spoken of.
pub const ENTRY: EffectKey = EffectKey::Item("entry");

impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(name) => f.write_str(name),
            Self::Shared(kind, natural) => write!(f, "{kind}:{natural}"),
        }
    }
}

/// One operation on a directory that is a destination. Paths are relative, with `/`; the binary
/// refuses those that leave the destination's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileOp {
    /// Reads a whole file.
    Read {
        /// Path below `root`.
        path: String,
    },
    /// Writes a temporary file, syncs it, renames it over `path` and syncs the directory.
    Write {
        /// Path below `root`.
        path: String,
        /// Contents.
        bytes: Bytes,
    },
    /// Removes a file, and its directory when that is empty then; absent is fine.
    Remove {
        /// Path below `root`.
        path: String,
    },
    /// Lists the files below a directory, recursively; absent is empty.
    List {
        /// Path below `root`; empty for all.
        path: String,
    },
}

/// The answer to a [`FileOp`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileReply {
    /// The file's contents, or `None` when it is absent.
    Contents(Option<Bytes>),
    /// Written or removed.
    Done,
    /// Paths below `root`, sorted.
    Paths(Vec<String>),
}

/// What a run may do. One value per run: it knows the job, its lease and its destination.
pub trait Port: Send + Sync {
    /// Sends a request and waits for the whole answer. Starts only when the lease outlasts the
    /// request's timeout. A write that ends without a clear answer is noted as unknown.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>>;

    /// Works on files below `root`, an absolute or working-directory path from configuration.
    fn file<'a>(
        &'a self,
        root: &'a str,
        operation: FileOp,
    ) -> BoxFuture<'a, Result<FileReply, SendError>>;

    /// The remembered result of an effect, if it ran.
    fn recall<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<Option<String>, Failure>>;

    /// Remembers an effect's result; durable when it returns. That of an uploaded medium has the
    /// key `media:<sha256>`, by which the orphan pass finds it.
    fn remember<'a>(
        &'a self,
        key: &'a EffectKey,
        result_ref: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// Forgets an effect whose result is gone at the destination.
    fn forget<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>>;

    /// Takes the short lease on a shared thing (`Shared` keys only), held until the run ends.
    /// While another run holds it, this run ends as busy and comes back without losing an attempt.
    fn hold<'a>(&'a self, key: &'a EffectKey) -> BoxFuture<'a, Result<(), Failure>>;

    /// The bytes of a medium by its SHA-256 (hex).
    fn media<'a>(&'a self, sha256: &'a str) -> BoxFuture<'a, Result<Bytes, Failure>>;

    /// Says that a write's outcome is unknown although an answer came (a useless body, say).
    fn note_unknown(&self);

    /// Waits, for instance until a vendor has processed a medium.
    fn pause(&self, duration: Duration) -> BoxFuture<'_, ()>;

    /// The time of day, for signatures and dates.
    fn now(&self) -> Timestamp;
}
