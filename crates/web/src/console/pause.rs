//! `POST /pause`: pauses and resumes a destination, a class, a content or everything.
//!
//! Ensures that nobody ends a pause that they have not seen: the form carries since when it was, or that there was none.
//! Who may stop what is decided where the API decides it.

use std::sync::Arc;

use axum::extract::State;
use slugline_core::pause::Pausable;
use slugline_core::problem::{Code, Problem};
use slugline_engine::store::Pause;

use super::fields::Fields;
use super::frame::Frame;
use super::page::{Shown, Trouble, go, segment};
use super::post::Posted;
use super::session;
use super::times::Moment;
use crate::app::Doors;
use crate::door::role::Role;
use crate::endpoints::pauses::Asked;
use crate::endpoints::pauses::class::class;
use crate::endpoints::pauses::content::content;
use crate::endpoints::pauses::destination::destination;
use crate::endpoints::pauses::everything::everything;
use crate::router::Endpoint;

/// What a form says that saw no pause.
pub(crate) const NONE: &str = "-";

/// A pause as it is shown.
pub(crate) struct Paused {
    pub(crate) what: &'static str,
    pub(crate) name: String,
    /// A content's place.
    pub(crate) environment: String,
    pub(crate) locale: String,
    pub(crate) since: Moment,
    pub(crate) actor: String,
    pub(crate) note: String,
    pub(crate) seen: String,
}

impl Paused {
    pub(crate) fn of(pause: &Pause, frame: &Frame) -> Self {
        let (mut environment, mut locale) = (String::new(), String::new());
        let name = match &pause.of {
            Pausable::Everything => String::new(),
            Pausable::Destination { destination } => destination.clone(),
            Pausable::Class { class } => class.as_str().to_owned(),
            Pausable::Content {
                environment: own,
                content_id,
                locale: only,
                ..
            } => {
                environment = own.clone();
                locale = only.clone().unwrap_or_default();
                content_id.clone()
            }
        };
        Self {
            what: pause.of.kind().as_str(),
            seen: seen(Some(pause)),
            since: frame.when(&pause.since),
            actor: pause.actor.clone(),
            note: pause.note.clone(),
            name,
            environment,
            locale,
        }
    }
}

/// What tells whether it is paused as it was when the page was made.
fn seen(pause: Option<&Pause>) -> String {
    pause.map_or(NONE.to_owned(), |pause| pause.since.0.to_string())
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/pause", pause)
}

async fn pause(State(doors): State<Arc<Doors>>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let fields = &posted.fields;
    let asked = Asked {
        doors: &doors,
        principal: &posted.signed.principal,
    };
    let of = what(&asked, fields)?;
    let back = back(fields, &of);
    let said = |word: &str| go(&session::base(&doors), &format!("{back}?said={word}"));
    let owner = posted.signed.owner().to_owned();
    let pauses = doors.store.pauses(Some(owner)).await?;
    let there = pauses.iter().find(|one| one.of == of);
    if fields.one("seen") != Some(&seen(there)) {
        return Ok(said("stale"));
    }
    match (fields.one("do"), there) {
        (Some("pause"), None) => {
            asked
                .stop(of, fields.text("note").unwrap_or_default())
                .await?;
            Ok(said("held"))
        }
        (Some("resume"), Some(_)) => match asked.go_on(&of).await? {
            true => Ok(said("resumed")),
            false => Ok(said("stale")),
        },
        _ => Err(Problem::new(Code::InvalidRequest, "say do=pause or do=resume").into()),
    }
}

/// What the form names, if its sender may stop it.
fn what(asked: &Asked<'_>, fields: &Fields) -> Result<Pausable, Trouble> {
    let what = fields.one("what").unwrap_or_default();
    let (what, name) = match what.split_once(':') {
        Some((what, name)) => (what, name.to_owned()),
        None => (what, fields.text("name").unwrap_or_default()),
    };
    Ok(match what {
        "everything" => everything(asked)?,
        "class" => class(asked, &name)?,
        "destination" => destination(asked, name)?,
        "content" => {
            let environment = fields.one("environment").unwrap_or_default();
            content(asked, name, environment, fields.one("locale"))?
        }
        _ => {
            let detail = "say what is to be paused: everything, class, destination or content";
            return Err(Problem::new(Code::InvalidRequest, detail).into());
        }
    })
}

/// Where the form was.
fn back(fields: &Fields, of: &Pausable) -> String {
    match of {
        _ if fields.one("from") == Some("overview") => "/".to_owned(),
        Pausable::Content { content_id, .. } => format!("/content/{}", segment(content_id)),
        _ => "/destinations".to_owned(),
    }
}
