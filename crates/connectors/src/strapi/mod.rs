//! Strapi: its webhooks.

pub(crate) mod webhook;
