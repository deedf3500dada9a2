//! Directus: its webhooks, which sign nothing and bring a token.

pub(crate) mod changes;
