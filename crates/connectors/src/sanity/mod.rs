//! Sanity: its webhooks.

pub(crate) mod webhook;
