//! Storyblok: its webhooks.

pub(crate) mod webhook;
