//! `POST /destinations/{name}/probe`: asks a destination whether it is there and lets us in.
//!
//! Ensures that nothing is changed there. What it answered is shown as text.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use slugline_core::reason::SuggestedAction;

use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown};
use super::post::Posted;
use super::words::{self, Tag, Tone};
use crate::app::Doors;
use crate::door::role::Role;
use crate::endpoints::pauses::Asked;
use crate::endpoints::probe_destination::ask;
use crate::router::Endpoint;

#[derive(Template)]
#[template(path = "probe.html")]
struct Page {
    frame: Frame,
    destination: String,
    tag: Tag,
    ok: bool,
    detail: String,
    reason: Option<(&'static str, &'static str)>,
    advice: Option<&'static str>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/destinations/{name}/probe", probe)
}

async fn probe(State(doors): State<Arc<Doors>>, Path(name): Path<String>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let asked = Asked {
        doors: &doors,
        principal: &posted.signed.principal,
    };
    let found = ask(&asked, name).await?;
    let (tone, word) = match found.ok {
        true => (Tone::Good, "there"),
        false => (Tone::Bad, "failed"),
    };
    let visit = Visit::of(Arc::clone(&doors), posted.signed).await?;
    page::show(&Page {
        frame: visit.frame(
            Room::Destinations,
            format!("Probe of {}", found.destination),
        ),
        destination: found.destination,
        tag: Tag { tone, word },
        ok: found.ok,
        detail: found.detail,
        reason: found
            .reason_code
            .map(|reason| (reason.code(), reason.sentence())),
        advice: found.suggested_action.map(advice),
    })
}

/// What to do about it: nothing was to be written, so there is nothing to be retried.
fn advice(action: SuggestedAction) -> &'static str {
    match action {
        SuggestedAction::Retry => {
            "See that it is up and that its address is right, then ask again."
        }
        other => words::advice(other),
    }
}
