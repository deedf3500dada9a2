//! Senders that sign with HMAC-SHA256, each in its own way: the type `hmac`.

pub(crate) mod changes;
pub(crate) mod template;
pub(crate) mod webhook;
