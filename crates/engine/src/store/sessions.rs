//! Who is signed in to the console.
//!
//! Ensures that a session is known by the SHA-256 of its secret only, so that whoever reads the database
//! cannot pose as somebody who is signed in; and that one ends by itself.

use std::time::Duration;

use slugline_core::time::Timestamp;

use super::Stored;

/// A session that nobody used for so long has ended: a working day with its breaks.
pub const IDLE: Duration = Duration::from_secs(12 * 3_600);
/// A session has ended so long after it began, however much it is used.
pub const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// SHA-256 of its secret, lower-case hex.
    pub hash: String,
    /// The hash of the token that it was begun with: it ends when the token does.
    pub token: String,
    /// When it was last used, to a few minutes.
    pub seen_at: Timestamp,
}

/// The part of the memory that knows who is signed in.
pub trait Sessions: Send + Sync {
    /// Begins a session, by the hashes of its secret and of its token. Forgets those that have ended.
    fn begin_session(&self, hash: &str, token: &str) -> Stored<'_, ()>;

    /// A session that has not ended.
    fn session(&self, hash: &str) -> Stored<'_, Option<SessionRecord>>;

    /// Notes that a session is used now.
    fn use_session(&self, hash: &str) -> Stored<'_, ()>;

    /// Ends a session, if there is one.
    fn end_session(&self, hash: &str) -> Stored<'_, ()>;
}
