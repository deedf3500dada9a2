//! `GET /v1/calendar`: what begins when: publishes with a time of their own, and those that were given a slot.
//!
//! Ensures that what is not shown for want of room is said to be missing.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use slugline_core::ids::PublishId;
use slugline_core::item::{Action, Class};
use slugline_core::time::Timestamp;
use slugline_core::version::Version;
use slugline_engine::store::{PublishView, Span, Store, StoreError};

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::query::Params;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// What is shown without `to`: a month and a day.
const USUAL: Duration = Duration::from_secs(32 * 24 * 3_600);
/// Publishes of each kind that are shown: a page that a person still reads.
const SHOWN: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// Why it begins then.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// Its publish says so.
    PublishAt,
    /// Its destination's pace gave it that slot.
    Slot,
}

/// A publish and when it begins at the earliest.
#[derive(Serialize)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) by: By,
    pub(crate) publish_id: PublishId,
    request_id: String,
    pub(crate) content_id: String,
    pub(crate) environment: String,
    pub(crate) locale: String,
    pub(crate) version: Version,
    pub(crate) action: Action,
    class: Class,
    pub(crate) destinations: Vec<String>,
}

/// What begins in a span of time.
#[derive(Serialize)]
pub(crate) struct Calendar {
    from: Timestamp,
    to: Timestamp,
    pub(crate) items: Vec<Entry>,
    /// Whether there may be others.
    pub(crate) more: bool,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/calendar", Some(Role::Viewer), calendar)
}

async fn calendar(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Params(wanted): Params<Wanted>,
) -> Answered {
    let from = wanted.from.unwrap_or_else(|| doors.store.now());
    let to = wanted.to.unwrap_or_else(|| from.plus(USUAL));
    if to <= from {
        return Err(Refusal::field("to", "must be later than `from`"));
    }
    let calendar = of(&*doors.store, &principal.caller.owner, from, to).await?;
    Ok(Json(calendar).into_response())
}

/// What begins from now on, as far as people look ahead.
pub(crate) async fn ahead(store: &dyn Store, owner: &str) -> Result<Calendar, StoreError> {
    let now = store.now();
    of(store, owner, now, now.plus(USUAL)).await
}

async fn of(
    store: &dyn Store,
    owner: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Calendar, StoreError> {
    let span = Span { from, until: to };
    let scheduled = store.upcoming(owner, SHOWN).await?;
    let given = store.slots(owner, span, SHOWN).await?;
    let more = scheduled.len().max(given.len()) >= SHOWN;
    let mut items: Vec<Entry> = scheduled.into_iter().filter_map(by_itself).collect();
    items.extend(given.into_iter().flat_map(by_slot));
    items.retain(|entry| entry.at >= from && entry.at < to);
    items.sort_by_key(|one| (one.at, one.publish_id));
    Ok(Calendar {
        from,
        to,
        items,
        more,
    })
}

fn by_itself(publish: PublishView) -> Option<Entry> {
    let at = publish.publish_at?;
    let jobs = publish.jobs.iter();
    let destinations = jobs.map(|job| job.destination.clone()).collect();
    Some(entry(&publish, (at, By::PublishAt), destinations))
}

fn by_slot(publish: PublishView) -> Vec<Entry> {
    let given = publish.jobs.iter().filter_map(|job| {
        let slot = (job.slot_at?, By::Slot);
        Some(entry(&publish, slot, vec![job.destination.clone()]))
    });
    given.collect()
}

fn entry(publish: &PublishView, (at, by): (Timestamp, By), destinations: Vec<String>) -> Entry {
    Entry {
        at,
        by,
        publish_id: publish.publish_id,
        request_id: publish.request_id.clone(),
        content_id: publish.content_id.clone(),
        environment: publish.environment.clone(),
        locale: publish.locale.clone(),
        version: publish.version,
        action: publish.action,
        class: publish.class,
        destinations,
    }
}
