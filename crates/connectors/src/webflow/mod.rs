//! Webflow: its webhooks, and its live items.

pub(crate) mod changes;
pub(crate) mod library;
pub(crate) mod webhook;
