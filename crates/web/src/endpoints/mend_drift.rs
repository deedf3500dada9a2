//! `POST /v1/drift/repair` and `POST /v1/drift/adopt`: what a person decides about drift.
//!
//! Ensures that only what has drifted, fits all that was named, and is the caller's to write to is
//! touched, so many at a time; and that a repair is an ordinary job of the generation that is desired.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use slugline_core::drift::Drift;
use slugline_core::ids::JobId;
use slugline_engine::store::{DriftFilter, DriftedView, RerunOutcome};

use crate::app::Doors;
use crate::door::body::{self, Allowed};
use crate::door::keyring::Principal;
use crate::door::query::page;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// Some names.
const ALLOWED: Allowed = Allowed {
    size: 16 * 1024,
    time: Duration::from_secs(10),
};

/// Which drift; several must all hold, and one must be there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    destination: Option<String>,
    kind: Option<Drift>,
    environment: Option<String>,
    content_id: Option<String>,
    #[serde(default)]
    dry_run: bool,
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Mended {
    items: Vec<One>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct One {
    content_id: String,
    environment: String,
    locale: String,
    destination: String,
    kind: Drift,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
}

impl One {
    fn of(drifted: &DriftedView, outcome: &'static str, job_id: Option<JobId>) -> Self {
        Self {
            content_id: drifted.content_id.clone(),
            environment: drifted.environment.clone(),
            locale: drifted.locale.clone(),
            destination: drifted.destination.clone(),
            kind: drifted.kind,
            outcome,
            job_id,
        }
    }
}

/// What is to be done about it.
#[derive(Clone, Copy)]
enum What {
    Repair,
    Adopt,
}

pub(super) fn repair() -> Endpoint {
    Endpoint::post(
        "/v1/drift/repair",
        Role::Operator,
        async |doors, who, request| mend(doors, who, request, What::Repair).await,
    )
}

pub(super) fn adopt() -> Endpoint {
    Endpoint::post(
        "/v1/drift/adopt",
        Role::Operator,
        async |doors, who, request| mend(doors, who, request, What::Adopt).await,
    )
}

async fn mend(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
    what: What,
) -> Answered {
    let wanted: Wanted = body::json(request, ALLOWED).await?;
    let dry_run = wanted.dry_run;
    let page = page(wanted.limit, wanted.cursor.as_deref())?;
    let filter = filter(wanted, &principal)?;
    let found = doors.store.drifted(filter, page).await?;
    let own = &principal.caller.environments;
    let is_own = |drifted: &DriftedView| own.is_empty() || own.contains(&drifted.environment);
    let drifted: Vec<DriftedView> = found.items.into_iter().filter(is_own).collect();
    let items = match what {
        _ if dry_run => would(&drifted, what),
        What::Repair => repaired(&doors, &principal, &drifted).await?,
        What::Adopt => adopted(&doors, &principal, &drifted).await?,
    };
    let next_cursor = found.next_cursor.map(|cursor| cursor.to_string());
    let status = if dry_run {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    Ok((status, Json(Mended { items, next_cursor })).into_response())
}

fn filter(wanted: Wanted, principal: &Principal) -> Result<DriftFilter, Refusal> {
    let filter = DriftFilter {
        owner: Some(principal.caller.owner.clone()),
        destination: wanted.destination,
        kind: wanted.kind,
        environment: wanted.environment,
        content_id: wanted.content_id,
        reconciliation: None,
    };
    let names = [&filter.destination, &filter.environment, &filter.content_id];
    if filter.kind.is_none() && names.iter().all(|name| name.is_none()) {
        let why = "name at least one of destination, kind, environment and content_id";
        return Err(Refusal::field("(body)", why));
    }
    Ok(filter)
}

/// Why something cannot be adopted.
const NOTHING_THERE: &str = "nothing_there";

fn would(drifted: &[DriftedView], what: What) -> Vec<One> {
    let one = |drifted: &DriftedView| match what {
        What::Repair => One::of(drifted, "would_queue", None),
        What::Adopt if drifted.seen_fingerprint.is_none() => One::of(drifted, NOTHING_THERE, None),
        What::Adopt => One::of(drifted, "would_adopt", None),
    };
    drifted.iter().map(one).collect()
}

async fn repaired(
    doors: &Doors,
    principal: &Principal,
    drifted: &[DriftedView],
) -> Result<Vec<One>, Refusal> {
    let actor = &principal.caller.actor;
    let reruns = drifted.iter().map(|one| one.repair_by(actor)).collect();
    let outcomes = doors.store.rerun(reruns).await?;
    let one = |(drifted, outcome): (&DriftedView, &RerunOutcome)| {
        let (word, job) = word(outcome);
        One::of(drifted, word, job)
    };
    Ok(drifted.iter().zip(&outcomes).map(one).collect())
}

fn word(outcome: &RerunOutcome) -> (&'static str, Option<JobId>) {
    match outcome {
        RerunOutcome::Queued(job) => ("queued", Some(*job)),
        RerunOutcome::Open(job) => ("open", Some(*job)),
        RerunOutcome::Superseded(_) => ("superseded", None),
        RerunOutcome::Ended(state) => (state.as_str(), None),
        RerunOutcome::NotDesired => ("not_desired", None),
        RerunOutcome::Left(relevance) => (relevance.as_str(), None),
    }
}

async fn adopted(
    doors: &Doors,
    principal: &Principal,
    drifted: &[DriftedView],
) -> Result<Vec<One>, Refusal> {
    let adopted = doors
        .store
        .adopt(drifted.to_vec(), &principal.caller.actor)
        .await?;
    let one = |(drifted, adopted): (&DriftedView, &bool)| match adopted {
        true => One::of(drifted, "adopted", None),
        false => One::of(drifted, NOTHING_THERE, None),
    };
    Ok(drifted.iter().zip(&adopted).map(one).collect())
}
