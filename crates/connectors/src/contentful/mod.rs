//! Contentful: its webhooks.

pub(crate) mod changes;
pub(crate) mod webhook;
