//! Drupal: its webhooks, and its JSON:API.

pub(crate) mod changes;
pub(crate) mod library;
pub(crate) mod webhook;
