//! Contentful: its webhooks, and its Content Delivery API.

pub(crate) mod changes;
pub(crate) mod library;
pub(crate) mod webhook;
