//! The endpoints, one a file: its handler, what it may refuse, and its tests.
//!
//! Ensures that the list here is the whole surface: the router and the OpenAPI document's test are
//! made from it.

pub(crate) mod abort_reconciliation;
pub(crate) mod abort_replay;
pub(crate) mod calendar;
mod content;
mod create_token;
pub(crate) mod destinations;
mod drift;
pub(crate) mod events;
pub(crate) mod hooks;
mod job;
mod list_tokens;
mod livez;
mod media;
mod mend_drift;
mod metrics;
mod openapi;
pub(crate) mod operator;
pub(crate) mod pauses;
pub(crate) mod probe_destination;
mod publish;
mod publish_request;
mod publish_status;
mod publishes;
mod readyz;
pub(crate) mod reconciliation;
mod reconciliations;
pub(crate) mod replay;
mod replays;
mod retry_webhook;
mod revoke_token;
mod schemas;
mod sources;
mod start_reconciliation;
pub(crate) mod start_replay;
mod webhook;
mod webhooks;

use crate::router::Endpoint;

/// All endpoints.
pub(crate) fn all() -> Vec<Endpoint> {
    let mut all = vec![
        publish::endpoint(),
        media::endpoint(),
        publishes::endpoint(),
        publish_request::endpoint(),
        publish_status::endpoint(),
        content::endpoint(),
        content::actions(),
        job::endpoint(),
        events::endpoint(),
        events::stream::endpoint(),
        destinations::endpoint(),
        pauses::destination::pausing(),
        pauses::destination::resuming(),
        probe_destination::endpoint(),
        pauses::class::pausing(),
        pauses::class::resuming(),
        pauses::everything::pausing(),
        pauses::everything::resuming(),
        pauses::list::endpoint(),
        sources::endpoint(),
        webhooks::endpoint(),
        webhook::endpoint(),
        retry_webhook::endpoint(),
        hooks::endpoint(),
        hooks::with_token(),
        reconciliations::endpoint(),
        start_reconciliation::endpoint(),
        reconciliation::endpoint(),
        abort_reconciliation::endpoint(),
        calendar::endpoint(),
        drift::endpoint(),
        replays::endpoint(),
        start_replay::endpoint(),
        replay::endpoint(),
        abort_replay::endpoint(),
        mend_drift::repair(),
        mend_drift::adopt(),
        list_tokens::endpoint(),
        create_token::endpoint(),
        revoke_token::endpoint(),
        livez::endpoint(),
        readyz::endpoint("/readyz"),
        readyz::endpoint("/healthz"),
        metrics::endpoint(),
        openapi::endpoint(),
        schemas::endpoint(),
    ];
    all.extend(operator::endpoints());
    all
}
