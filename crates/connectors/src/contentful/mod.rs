//! Contentful: its webhooks.

pub(crate) mod webhook;
