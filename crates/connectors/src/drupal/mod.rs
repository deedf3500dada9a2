//! Drupal: its webhooks.

pub(crate) mod webhook;
