//! Sanity: its webhooks, and its documents.

pub(crate) mod changes;
pub(crate) mod library;
pub(crate) mod webhook;
