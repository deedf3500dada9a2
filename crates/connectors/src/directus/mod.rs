//! Directus: its webhooks.

pub(crate) mod webhook;
