//! The operator console: pages for people, made on the server.
//!
//! Ensures that every page works without JavaScript, that nobody sees one without a session, and that no
//! change is made without the session's own form. What a page may show and do is what its token may at the API.

mod act;
mod activity;
mod assets;
mod attempts;
mod bulk;
mod calendar;
mod chart;
mod choices;
mod configured;
mod content;
mod contents;
mod dead_letters;
mod destinations;
mod diff;
mod drift;
mod edit;
mod fields;
mod frame;
mod job;
mod jobs;
mod live;
mod mend;
mod notes;
mod overview;
mod page;
mod pause;
mod post;
mod probe;
mod publish;
mod reconcile;
mod reconciliation;
mod release;
mod replay;
mod replays;
mod session;
mod sign_in;
mod sign_out;
mod sources;
mod story;
mod times;
mod webhook;
mod words;

pub(crate) use attempts::Attempts;
pub(crate) use page::explained;

use crate::router::Endpoint;

/// All pages, and what they need.
pub(crate) fn all() -> Vec<Endpoint> {
    vec![
        overview::endpoint(),
        sign_in::page_endpoint(),
        sign_in::endpoint(),
        sign_out::endpoint(),
        contents::endpoint(),
        content::endpoint(),
        diff::endpoint(),
        publish::endpoint(),
        job::endpoint(),
        act::job_endpoint(),
        act::rollback_endpoint(),
        release::page_endpoint(),
        release::endpoint(),
        edit::page_endpoint(),
        edit::endpoint(),
        notes::endpoint(),
        dead_letters::endpoint(),
        bulk::page_endpoint(),
        bulk::endpoint(),
        drift::endpoint(),
        mend::page_endpoint(),
        mend::endpoint(),
        reconcile::endpoint(),
        reconciliation::endpoint(),
        reconciliation::abort_endpoint(),
        replays::endpoint(),
        replays::try_endpoint(),
        replay::endpoint(),
        replay::start_endpoint(),
        replay::abort_endpoint(),
        destinations::endpoint(),
        probe::endpoint(),
        pause::endpoint(),
        sources::endpoint(),
        webhook::endpoint(),
        webhook::retry_endpoint(),
        activity::endpoint(),
        calendar::endpoint(),
        live::endpoint(),
        assets::endpoint(),
    ]
}
