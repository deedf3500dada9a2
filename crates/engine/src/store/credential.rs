//! Credentials that rotate, as the store keeps them.
//!
//! Ensures that the store sees sealed bytes only, and that the right to renew is one node's at a
//! time, by the store's clock.

use std::time::Duration;

use bytes::Bytes;
use slugline_core::ids::Fence;

/// A credential as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCredential {
    /// Its place in its line: 1 for the first renewal, and one more for each.
    pub number: i64,
    /// The credential, encrypted.
    pub sealed: Bytes,
}

/// What became of asking for the right to renew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshRight {
    /// It is the caller's, under this fence.
    Taken(Fence),
    /// It is another's, whose lease has not ended.
    Held,
    /// The destination refused a renewal a short while ago: nobody tries now.
    Refused,
    /// There is a newer credential than the one that was to be replaced.
    Renewed,
}

/// The end of a renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshEnd {
    /// The name of the line of credentials.
    pub name: String,
    /// The right under which it was renewed.
    pub fence: Fence,
    /// How it went.
    pub outcome: RefreshOutcome,
}

/// How a renewal went. One without a clear answer is not ended: the lease runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// There is a successor.
    Renewed(KeptCredential),
    /// The destination refused it: nobody tries for this long.
    Refused(Duration),
    /// Nothing happened; another may try at once.
    GivenUp,
}
