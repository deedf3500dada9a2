//! The endpoints, one a file: its handler, what it may refuse, and its tests.
//!
//! Ensures that the list here is the whole surface: the router and the OpenAPI document's test are
//! made from it.

mod content;
mod create_token;
pub(crate) mod destinations;
mod events;
mod home;
pub(crate) mod hooks;
mod job;
mod list_tokens;
mod livez;
mod media;
mod metrics;
mod openapi;
mod publish;
mod publish_status;
mod publishes;
mod readyz;
mod retry_webhook;
mod revoke_token;
mod schemas;
mod sources;
mod webhook;
mod webhooks;

use crate::router::Endpoint;

/// All endpoints.
pub(crate) fn all() -> Vec<Endpoint> {
    vec![
        publish::endpoint(),
        media::endpoint(),
        publishes::endpoint(),
        publish_status::endpoint(),
        content::endpoint(),
        job::endpoint(),
        events::endpoint(),
        destinations::endpoint(),
        sources::endpoint(),
        webhooks::endpoint(),
        webhook::endpoint(),
        retry_webhook::endpoint(),
        hooks::endpoint(),
        hooks::with_token(),
        list_tokens::endpoint(),
        create_token::endpoint(),
        revoke_token::endpoint(),
        livez::endpoint(),
        readyz::endpoint("/readyz"),
        readyz::endpoint("/healthz"),
        metrics::endpoint(),
        openapi::endpoint(),
        schemas::endpoint(),
        home::endpoint(),
    ]
}
