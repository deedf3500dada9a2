//! Webflow: its webhooks.

pub(crate) mod webhook;
