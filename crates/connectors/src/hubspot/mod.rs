//! HubSpot: its webhooks, and its blog posts.

pub(crate) mod changes;
pub(crate) mod library;
pub(crate) mod webhook;
