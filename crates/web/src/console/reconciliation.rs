//! `/reconciliations/ID`: one comparison of a destination with what is desired there, what it found, how far it is; `POST …/abort` ends it.
//!
//! Ensures that who may not know of the destination sees none of its comparisons, and that what has ended is not
//! said to have been ended by a form that came late.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use slugline_core::drift::Drift;
use slugline_engine::store::{ReconciliationState, ReconciliationView, Step};

use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, go};
use super::post::Posted;
use super::session;
use super::times::Moment;
use super::words::{self, Tag, Tone};
use crate::app::Doors;
use crate::door::role::Role;
use crate::endpoints::{abort_reconciliation, reconciliation as api};
use crate::router::Endpoint;

#[derive(Template)]
#[template(path = "reconciliation.html")]
struct Page {
    frame: Frame,
    run: Compared,
    running: bool,
    ended: Option<Moment>,
    believed: bool,
    /// What it does at present, while it is under way.
    step: Option<(usize, &'static str)>,
    /// What was there, and what was done about it.
    seen: Vec<(&'static str, u64)>,
    /// What has drifted, by kind, with what that means.
    found: Vec<(Tag, &'static str, u64)>,
}

/// A comparison as lists show it.
pub(crate) struct Compared {
    pub(crate) id: String,
    pub(crate) destination: String,
    pub(crate) tag: Tag,
    pub(crate) dry_run: bool,
    pub(crate) began: Moment,
    pub(crate) actor: String,
    pub(crate) counts: Vec<(&'static str, u64)>,
    pub(crate) why: Option<String>,
}

/// What a comparison goes through, in order.
const STEPS: [(Step, &str); 4] = [
    (Step::Comparing, "goes through what is there"),
    (Step::Searching, "searches for what was not listed"),
    (Step::Looking, "looks at what may have drifted"),
    (Step::Repairing, "does what the policy says"),
];

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/reconciliations/{id}", None, reconciliation)
}

pub(super) fn abort_endpoint() -> Endpoint {
    Endpoint::open_post("/reconciliations/{id}/abort", abort)
}

async fn reconciliation(Path(id): Path<String>, visit: Visit) -> Shown {
    let view = api::find(&visit.doors, &visit.signed.principal, &id).await?;
    let frame = visit.frame(
        Room::Drift,
        format!("Reconciliation {}", view.reconciliation_id),
    );
    let counts = view.counts;
    page::show(&Page {
        running: view.state == ReconciliationState::Running,
        ended: view.ended_at.map(|at| frame.when(&at)),
        believed: view.believe_listing,
        step: view.step.and_then(step),
        seen: vec![
            ("listed", counts.listed),
            ("in sync", counts.in_sync),
            ("unmanaged", counts.unmanaged),
            ("repaired", counts.repaired),
            ("adopted", counts.adopted),
        ],
        found: [
            (Drift::Missing, counts.missing),
            (Drift::Stale, counts.stale),
            (Drift::Extra, counts.extra),
            (Drift::Diverged, counts.diverged),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| (words::drift(kind), words::drift_sentence(kind), count))
        .collect(),
        run: compared(view, &frame),
        frame,
    })
}

/// The number of a step, and what is done in it.
fn step(step: Step) -> Option<(usize, &'static str)> {
    let known = STEPS.iter().position(|(known, _)| *known == step)?;
    Some((known + 1, STEPS[known].1))
}

async fn abort(State(doors): State<Arc<Doors>>, Path(id): Path<String>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let principal = &posted.signed.principal;
    let (view, by_this) = abort_reconciliation::end(&doors, principal, &id).await?;
    let said = match by_this {
        true => "reconciliation_aborted",
        false => "stale",
    };
    let path = format!("/reconciliations/{}?said={said}", view.reconciliation_id);
    Ok(go(&session::base(&doors), &path))
}

/// A comparison as lists show it.
pub(crate) fn compared(view: ReconciliationView, frame: &Frame) -> Compared {
    let (tone, word) = match view.state {
        ReconciliationState::Running => (Tone::Busy, "running"),
        ReconciliationState::Done => (Tone::Good, "done"),
        ReconciliationState::Stopped => (Tone::Bad, "stopped"),
        ReconciliationState::Aborted => (Tone::Calm, "aborted"),
    };
    let counts = view.counts;
    let all = [
        ("listed", counts.listed),
        ("in sync", counts.in_sync),
        ("unmanaged", counts.unmanaged),
        ("missing", counts.missing),
        ("stale", counts.stale),
        ("extra", counts.extra),
        ("diverged", counts.diverged),
        ("repaired", counts.repaired),
        ("adopted", counts.adopted),
    ];
    Compared {
        id: view.reconciliation_id.to_string(),
        destination: view.destination,
        tag: Tag { tone, word },
        dry_run: view.dry_run,
        began: frame.when(&view.started_at),
        actor: view.actor,
        counts: all.into_iter().filter(|(_, count)| *count > 0).collect(),
        why: view.why,
    }
}
