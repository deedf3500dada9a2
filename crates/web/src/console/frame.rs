//! What stands around every page: who looks, where they are, and what their last form came to.
//!
//! Ensures that what a page says of a form comes from a fixed list: a link cannot put words into our mouth.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use slugline_core::drift::Drift;
use slugline_core::lifecycle::JobState;
use slugline_core::time::Timestamp;

use super::fields::{Fields, SAID};
use super::page;
use super::session::{self, Signed};
use super::times::Moment;
use super::words::{self, Tag};
use super::{assets, page::Trouble};
use crate::app::Doors;
use crate::door::role::Role;

/// Where in the console a page belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Overview,
    Content,
    DeadLetters,
    Drift,
    Replays,
    Calendar,
    Destinations,
    Sources,
    Activity,
}

/// Rooms with their names and paths, in the order of the navigation.
const ROOMS: [(Room, &str, &str); 9] = [
    (Room::Overview, "Overview", "/"),
    (Room::Content, "Content", "/content"),
    (Room::DeadLetters, "Dead letters", "/dead-letters"),
    (Room::Drift, "Drift", "/drift"),
    (Room::Replays, "Replays", "/replays"),
    (Room::Calendar, "Calendar", "/calendar"),
    (Room::Destinations, "Destinations", "/destinations"),
    (Room::Sources, "Sources", "/sources"),
    (Room::Activity, "Activity", "/activity"),
];

/// What forms come to, by their word in the address.
const SAYINGS: [(&str, bool, &str); 22] = [
    (
        "webhook_redone",
        true,
        "The webhook is dealt with again. What it said the first time stays as it is.",
    ),
    (
        "repairing",
        true,
        "A job is on its way that makes it as desired again.",
    ),
    (
        "adopted",
        true,
        "What is there counts as verified now; the drift has ended.",
    ),
    (
        "reconciling",
        true,
        "The destination is being compared. What is found shows below.",
    ),
    (
        "reconciling_already",
        true,
        "The destination is being compared already.",
    ),
    (
        "reconciliation_aborted",
        true,
        "It has ended. What it had found and queued stays.",
    ),
    ("replaying", true, "It runs. How far it is shows below."),
    (
        "replaying_already",
        false,
        "Nothing was started: another replay runs. Wait until it has ended, or abort it.",
    ),
    (
        "replay_aborted",
        true,
        "It has ended. What it had queued goes on.",
    ),
    (
        "retried",
        true,
        "It is queued again; it looks before it writes.",
    ),
    (
        "skipped",
        true,
        "It is marked complete. Nothing more is done.",
    ),
    ("cancelled", true, "It is taken back."),
    ("paused", true, "It waits until it is resumed."),
    ("resumed", true, "It goes on."),
    (
        "escalated",
        true,
        "It is on the record that somebody should look.",
    ),
    (
        "held",
        true,
        "Nothing new begins there until it is resumed. What is under way ends as it would have.",
    ),
    ("noted", true, "The note is kept."),
    (
        "edited",
        true,
        "The content as you changed it is on its way, as a new generation.",
    ),
    (
        "rolling_back",
        true,
        "The older version is on its way back, and is verified like any other.",
    ),
    (
        "nothing_older",
        false,
        "Nothing was changed: nothing older was live there whose content is still kept. Edit it, or publish a new version.",
    ),
    ("signed_out", true, "You are signed out."),
    (
        "stale",
        false,
        "Nothing was changed: this has moved on since the page was made. Below is how it stands now.",
    ),
];

/// What a form came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) good: bool,
    pub(crate) text: &'static str,
}

/// What a saying's word means.
pub(crate) fn said(query: &Fields) -> Option<Said> {
    let word = query.one(SAID)?;
    let known = SAYINGS.iter().find(|(known, ..)| *known == word)?;
    Some(Said {
        good: known.1,
        text: known.2,
    })
}

/// Somebody who is signed in and looks at a page.
pub(crate) struct Visit {
    pub(crate) doors: Arc<Doors>,
    pub(crate) signed: Signed,
    pub(crate) query: Fields,
    /// The end of the log before anything of the page is read.
    end: i64,
}

impl FromRequestParts<Arc<Doors>> for Visit {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, doors: &Arc<Doors>) -> Result<Self, Trouble> {
        let signed = Signed::from_request_parts(parts, doors).await?;
        Ok(Self {
            doors: Arc::clone(doors),
            signed,
            query: Fields::parse(parts.uri.query().unwrap_or_default().as_bytes()),
            end: doors.tail.end(&*doors.store).await?,
        })
    }
}

impl Visit {
    /// Somebody who sent a form and is shown a page for it.
    pub(crate) async fn of(doors: Arc<Doors>, signed: Signed) -> Result<Self, Trouble> {
        Ok(Self {
            end: doors.tail.end(&*doors.store).await?,
            query: Fields::default(),
            doors,
            signed,
        })
    }

    /// What stands around this page.
    pub(crate) fn frame(&self, room: Room, title: impl Into<String>) -> Frame {
        Frame {
            base: session::base(&self.doors),
            room,
            title: title.into(),
            name: self.signed.principal.name.clone(),
            owner: self.signed.owner().to_owned(),
            role: self.signed.principal.role,
            csrf: self.signed.csrf.clone(),
            said: said(&self.query),
            now: self.doors.store.now(),
            end: self.end,
        }
    }

    pub(crate) fn owner(&self) -> &str {
        self.signed.owner()
    }
}

/// What stands around a page.
pub(crate) struct Frame {
    pub(crate) base: String,
    room: Room,
    pub(crate) title: String,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) role: Role,
    pub(crate) csrf: String,
    pub(crate) said: Option<Said>,
    pub(crate) now: Timestamp,
    /// Up to where the log is in the page.
    pub(crate) end: i64,
}

/// A way in the navigation.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) here: bool,
}

impl Frame {
    pub(crate) fn ways(&self) -> Vec<Way> {
        let way = |(room, name, path): &(Room, &'static str, &'static str)| Way {
            name,
            path,
            here: *room == self.room,
        };
        ROOMS.iter().map(way).collect()
    }

    pub(crate) fn css(&self) -> &'static str {
        assets::css()
    }

    pub(crate) fn js(&self) -> &'static str {
        assets::js()
    }

    pub(crate) fn icon(&self) -> &'static str {
        assets::icon()
    }

    /// Whether this role may act on jobs and destinations.
    pub(crate) fn operates(&self) -> bool {
        self.role >= Role::Operator
    }

    pub(crate) fn when(&self, at: &Timestamp) -> Moment {
        Moment {
            at: *at,
            now: self.now,
        }
    }

    pub(crate) fn state(&self, state: &JobState) -> Tag {
        words::state(*state)
    }

    pub(crate) fn drift(&self, drift: &Drift) -> Tag {
        words::drift(*drift)
    }

    /// A name as one segment of a path.
    pub(crate) fn segment(&self, name: &str) -> String {
        page::segment(name)
    }
}
