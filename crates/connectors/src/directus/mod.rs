//! Directus: its webhooks, which sign nothing and bring a token, and its items.

pub(crate) mod changes;
pub(crate) mod library;
