//! `/content-release`: several contents rolled back at once.
//!
//! Ensures that what goes back was shown before, each with the version that comes back and where, and what would be left
//! alone with why; that the form which confirms names what was shown, so that a content that was published since stays as
//! it is. What is possible is decided where it is for one (the desk).

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use slugline_core::problem::{Code, Problem};
use slugline_core::version::Generation;
use slugline_engine::desk::{ReleaseItem, ReleaseOutcome, ReleaseRequest};

use super::act::note;
use super::bulk::{LEFT, MOST};
use super::fields::Fields;
use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, Trouble};
use super::post::Posted;
use super::words::{Tag, Tone};
use crate::app::Doors;
use crate::door::role::Role;
use crate::router::Endpoint;

/// A content in a list of what goes back, or does not.
struct Row {
    pick: String,
    content_id: String,
    place: String,
    /// What comes back and where, or why nothing does.
    what: String,
    tag: Tag,
}

#[derive(Template)]
#[template(path = "release.html")]
struct Preview {
    frame: Frame,
    /// The only destination, where one was chosen.
    at: Option<String>,
    touched: Vec<Row>,
    left: Vec<Row>,
}

#[derive(Template)]
#[template(path = "release_done.html")]
struct Done {
    frame: Frame,
    rows: Vec<Row>,
    done: usize,
}

pub(super) fn page_endpoint() -> Endpoint {
    Endpoint::get("/content-release", None, preview)
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/content-release", roll_back)
}

async fn preview(visit: Visit) -> Shown {
    visit.signed.need(Role::Operator)?;
    let request = ReleaseRequest {
        dry_run: true,
        ..asked(&visit.query)?
    };
    let caller = &visit.signed.principal.caller;
    let planned = visit.doors.desk.roll_back_release(caller, &request).await;
    let rows = request.items.into_iter().zip(planned.items);
    let rows = rows.map(|(item, outcome)| match &outcome.plan {
        Some(plan) => {
            let (from, to) = (plan.from, plan.to);
            let names = plan.destinations.join(", ");
            let what = format!("Generation {to}, “{}”, comes back at {names}.", plan.title);
            let item = ReleaseItem {
                to: Some(to),
                generation: Some(from),
                ..item
            };
            row(&item, what, (Tone::Busy, "roll back"))
        }
        None => row(&item, why(outcome), LEFT),
    });
    let (touched, left) = rows.partition(|row| row.tag.word != LEFT.1);
    page::show(&Preview {
        frame: visit.frame(Room::Content, "Roll back"),
        at: visit.query.text("at"),
        touched,
        left,
    })
}

async fn roll_back(State(doors): State<Arc<Doors>>, posted: Posted) -> Shown {
    let signed = &posted.signed;
    signed.need(Role::Operator)?;
    let request = ReleaseRequest {
        note: note(&posted.fields)?,
        ..asked(&posted.fields)?
    };
    let caller = &signed.principal.caller;
    let release = doors.desk.roll_back_release(caller, &request).await;
    let begun = |outcome: &&ReleaseOutcome| outcome.answer.is_some();
    let done = release.items.iter().filter(begun).count();
    tracing::info!(
        contents = release.items.len(),
        done,
        by = signed.principal.name,
        "an operator rolled a release back"
    );
    let rows = request.items.iter().zip(release.items);
    let rows = rows.map(|(item, outcome)| match &outcome.answer {
        Some(_) => row(item, "It is on its way back.".into(), (Tone::Good, "done")),
        None => row(item, why(outcome), LEFT),
    });
    let rows = rows.collect();
    let visit = Visit::of(doors, posted.signed).await?;
    page::show(&Done {
        frame: visit.frame(Room::Content, "Roll back"),
        rows,
        done,
    })
}

/// What a form names: at most [`MOST`] contents, each once, and where.
fn asked(fields: &Fields) -> Result<ReleaseRequest, Trouble> {
    let strange = || {
        Problem::new(
            Code::InvalidRequest,
            "a content of the form is none of ours",
        )
    };
    let mut named: Vec<&str> = Vec::new();
    for text in fields.all("item") {
        if !named.contains(&text) {
            named.push(text);
        }
    }
    if named.len() > MOST {
        let detail = format!("at most {MOST} are rolled back at once; choose fewer");
        return Err(Problem::new(Code::InvalidRequest, detail).into());
    }
    let items = named.into_iter().map(picked).collect::<Option<Vec<_>>>();
    Ok(ReleaseRequest {
        items: items.ok_or_else(strange)?,
        destinations: fields.text("at").map(|only| vec![only]),
        note: None,
        dry_run: false,
        partial: true,
    })
}

/// A content as a form names it: where it goes back to, if that was shown, the newest generation that was seen,
/// environment, locale and content id.
pub(crate) fn pick(item: &ReleaseItem) -> String {
    let number = |generation: Option<Generation>| {
        generation.map_or_else(String::new, |generation| generation.to_string())
    };
    let text = |name: &Option<String>| name.clone().unwrap_or_default();
    [
        number(item.to),
        number(item.generation),
        text(&item.environment),
        text(&item.locale),
        item.content_id.clone(),
    ]
    .join("|")
}

fn picked(text: &str) -> Option<ReleaseItem> {
    let mut parts = text.splitn(5, '|');
    let mut number = || match parts.next()? {
        "" => Some(None),
        text => text.parse().ok().map(Generation).map(Some),
    };
    let (to, generation) = (number()?, number()?);
    Some(ReleaseItem {
        to,
        generation,
        environment: parts.next().map(str::to_owned),
        locale: parts.next().map(str::to_owned),
        content_id: parts.next()?.to_owned(),
    })
}

/// Why a content stays as it is.
fn why(outcome: ReleaseOutcome) -> String {
    let detail = outcome.problem.as_ref();
    let detail = detail.and_then(|problem| problem["detail"].as_str());
    detail.unwrap_or("nothing was begun").to_owned()
}

fn row(item: &ReleaseItem, what: String, (tone, word): (Tone, &'static str)) -> Row {
    let text = |name: &Option<String>| name.clone().unwrap_or_default();
    Row {
        pick: pick(item),
        content_id: item.content_id.clone(),
        place: format!("{} {}", text(&item.environment), text(&item.locale)),
        what,
        tag: Tag { tone, word },
    }
}
