//! Ghost: its webhooks.

pub(crate) mod webhook;
