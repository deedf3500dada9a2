//! The doors: requests in, answers out, through ports.
//!
//! Ensures that whoever asks is known, that bodies, rates and waiting are bounded, and that every
//! refusal is a problem document with a stable code. Knows no SQL, no vendor and no rule: what an
//! arriving request means is decided in `slugline-core` and kept by the store.

mod app;
mod console;
mod door;
mod endpoints;
mod measures;
mod refusal;
mod router;

pub use app::{App, Limits};
/// What [`router`] makes: a tower service, for the listener.
pub use axum::Router;
pub use door::client::{ClientNames, Peer, Trusts};
pub use door::role::Role;
pub use endpoints::destinations::{DestinationView, Destinations};
pub use measures::{DURATION_BUCKETS, LAG, LAG_BUCKETS};
pub use router::router;

/// What a token begins with, so that scanners for leaked secrets can know one.
const TOKEN_PREFIX: &str = "slt_";

/// A new token of these random bytes; to be shown once and kept only as its [`token_hash`].
#[must_use]
pub fn token_of(secret: &[u8]) -> String {
    format!("{TOKEN_PREFIX}{}", slugline_core::canonical::hex(secret))
}

/// The hash under which a token is known: SHA-256, lower-case hex.
#[must_use]
pub fn token_hash(token: &str) -> String {
    slugline_core::media::sha256(token.as_bytes())
}
