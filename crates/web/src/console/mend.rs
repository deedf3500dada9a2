//! `/drift/mend`: what repairing or adopting one item would do, and doing it.
//!
//! Ensures that what is done is what was shown: where the item stands differently by then, nothing is changed
//! and the newer state is shown.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use slugline_core::problem::{Code, Problem};
use slugline_engine::store::{DriftFilter, DriftedView, Page as Slice, RerunOutcome};

use super::drift::{Item, item};
use super::fields::Fields;
use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, Trouble, go};
use super::post::Posted;
use super::session::{self, Signed};
use crate::app::Doors;
use crate::door::role::Role;
use crate::router::Endpoint;

/// Places at which one content can have drifted: its locales, environments and destinations.
const PLACES: usize = 500;

#[derive(Template)]
#[template(path = "mend.html")]
struct Page {
    frame: Frame,
    item: Item,
    adopt: bool,
    seen: String,
}

pub(super) fn page_endpoint() -> Endpoint {
    Endpoint::get("/drift/mend", None, preview)
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/drift/mend", mend)
}

async fn preview(visit: Visit) -> Shown {
    visit.signed.need(Role::Operator)?;
    let adopt = wants_to_adopt(&visit.query)?;
    let found = find(&visit.doors, &visit.signed, &visit.query).await?;
    let found = found.ok_or_else(|| Trouble::absent("such drift any more"))?;
    let frame = visit.frame(Room::Drift, if adopt { "Adopt" } else { "Repair" });
    page::show(&Page {
        adopt,
        seen: seen(&found),
        item: item(found, &frame),
        frame,
    })
}

fn wants_to_adopt(fields: &Fields) -> Result<bool, Trouble> {
    match fields.one("do") {
        Some("adopt") => Ok(true),
        Some("repair") => Ok(false),
        _ => Err(Problem::new(Code::InvalidRequest, "say do=repair or do=adopt").into()),
    }
}

/// The drift that a place and a content name, within the owner.
async fn find(
    doors: &Doors,
    signed: &Signed,
    fields: &Fields,
) -> Result<Option<DriftedView>, Trouble> {
    let filter = DriftFilter {
        owner: Some(signed.owner().to_owned()),
        content_id: Some(fields.text("content").unwrap_or_default()),
        ..DriftFilter::default()
    };
    let slice = Slice {
        limit: PLACES,
        cursor: None,
    };
    let place = fields.one("place").and_then(|place| place.parse().ok());
    let found = doors.store.drifted(filter, slice).await?.items;
    Ok(found.into_iter().find(|one| Some(one.place) == place))
}

/// What tells whether it stands as it did when the page was made.
fn seen(drifted: &DriftedView) -> String {
    let there = drifted.seen_fingerprint.as_deref().unwrap_or("-");
    format!(
        "{}.{}.{there}",
        drifted.kind.as_str(),
        drifted.desired_generation
    )
}

async fn mend(State(doors): State<Arc<Doors>>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let adopt = wants_to_adopt(&posted.fields)?;
    let base = session::base(&doors);
    let stale = || go(&base, "/drift?said=stale");
    let Some(found) = find(&doors, &posted.signed, &posted.fields).await? else {
        return Ok(stale());
    };
    if posted.fields.one("seen") != Some(&seen(&found)) {
        return Ok(stale());
    }
    posted.signed.may_change(&found.environment)?;
    let done = match adopt {
        true => doors
            .store
            .adopt(vec![found.clone()], &posted.signed.principal.caller.actor)
            .await?
            .contains(&true),
        false => repair(&doors, &posted.signed, &found).await?,
    };
    tracing::info!(
        content_id = found.content_id,
        destination = found.destination,
        adopt,
        by = posted.signed.principal.name,
        "drift is mended"
    );
    Ok(match (done, adopt) {
        (false, _) => stale(),
        (true, true) => go(&base, "/drift?said=adopted"),
        (true, false) => go(&base, "/drift?said=repairing"),
    })
}

async fn repair(doors: &Doors, signed: &Signed, found: &DriftedView) -> Result<bool, Trouble> {
    let rerun = found.repair_by(&signed.principal.caller.actor);
    let outcomes = doors.store.rerun(vec![rerun]).await?;
    Ok(outcomes
        .iter()
        .any(|one| matches!(one, RerunOutcome::Queued(_) | RerunOutcome::Open(_))))
}
