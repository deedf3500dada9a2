//! Ghost: its webhooks, and its Admin API.

pub(crate) mod changes;
pub(crate) mod library;
pub(crate) mod webhook;
