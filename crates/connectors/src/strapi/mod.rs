//! Strapi: its webhooks, which sign nothing and bring a token, and its REST API.

pub(crate) mod changes;
pub(crate) mod library;
