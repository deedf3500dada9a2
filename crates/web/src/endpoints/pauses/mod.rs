//! Pausing and resuming, one file for each thing that can be paused.
//!
//! Ensures that whoever may stop something may do so wherever it counts: a token that is limited to
//! environments stops nothing beyond them. The store stops it.

pub(crate) mod class;
pub(crate) mod content;
pub(crate) mod destination;
pub(crate) mod everything;
pub(super) mod list;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use slugline_core::pause::Pausable;
use slugline_core::problem::Code;
use slugline_engine::store::{Pause, PauseOrder};

use crate::app::Doors;
use crate::door::body::{self, Allowed};
use crate::door::keyring::Principal;
use crate::refusal::{Answered, Refusal};

/// A note and two names.
const ALLOWED: Allowed = Allowed {
    size: 16 * 1024,
    time: Duration::from_secs(10),
};

/// Characters of a note: a sentence or two, since it stands in the log for ever.
pub(crate) const LONGEST_NOTE: usize = 1_000;

/// What may be said when something is paused or resumed; no body says nothing.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    #[serde(default)]
    note: String,
    #[serde(default)]
    pub(super) environment: Option<String>,
    #[serde(default)]
    pub(super) locale: Option<String>,
}

impl Said {
    pub(super) async fn read(request: Request) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let raw = body::read(body, &parts.headers, ALLOWED).await?;
        if raw.is_empty() {
            return Ok(Self::default());
        }
        body::require_json(&parts.headers)?;
        body::decode(&raw)
    }

    /// The same, where only a note can be said.
    pub(super) async fn read_note(request: Request) -> Result<Self, Refusal> {
        let said = Self::read(request).await?;
        let scope = [("environment", &said.environment), ("locale", &said.locale)];
        let given = scope.into_iter().find(|(_, given)| given.is_some());
        if let Some((name, _)) = given {
            return Err(Refusal::field(name, "only a content has one"));
        }
        Ok(said)
    }
}

/// Who asks.
pub(crate) struct Asked<'a> {
    pub(crate) doors: &'a Doors,
    pub(crate) principal: &'a Arc<Principal>,
}

impl Asked<'_> {
    /// Pauses, and says so as the API does.
    pub(super) async fn pause(&self, of: Pausable, said: Said) -> Answered {
        Ok(Json(self.stop(of, said.note).await?).into_response())
    }

    /// Pauses; why may be left empty.
    pub(crate) async fn stop(&self, of: Pausable, note: String) -> Result<Pause, Refusal> {
        if note.chars().count() > LONGEST_NOTE {
            let advice = format!("has more than {LONGEST_NOTE} characters");
            return Err(Refusal::field("note", advice));
        }
        let order = PauseOrder {
            of,
            actor: self.principal.caller.actor.clone(),
            note,
        };
        let absent = absent(&order.of);
        let paused = self.doors.store.pause(order).await?.ok_or(absent)?;
        tracing::info!(what = %paused.of, by = self.principal.name, "paused");
        Ok(paused)
    }

    /// Resumes, and says so as the API does.
    pub(super) async fn resume(&self, of: Pausable) -> Answered {
        let resumed = self.go_on(&of).await?;
        Ok(Json(Resumed { of, resumed }).into_response())
    }

    /// Resumes; whether it was paused.
    pub(crate) async fn go_on(&self, of: &Pausable) -> Result<bool, Refusal> {
        let actor = self.principal.caller.actor.clone();
        let resumed = self.doors.store.resume(of.clone(), actor).await?;
        if resumed {
            tracing::info!(what = %of, by = self.principal.name, "resumed");
        }
        Ok(resumed)
    }

    /// Refuses a token that is limited to environments, where more than one of them is concerned.
    fn require_all_environments(&self, what: &str) -> Result<(), Refusal> {
        let own = &self.principal.caller.environments;
        match own.is_empty() {
            true => Ok(()),
            false => Err(Refusal::new(
                Code::Forbidden,
                format!(
                    "this token may write to {} only; {what} concerns all environments",
                    own.join(", ")
                ),
            )),
        }
    }
}

/// What became of resuming; `resumed` is false where nothing was paused.
#[derive(Serialize)]
struct Resumed {
    #[serde(flatten)]
    of: Pausable,
    resumed: bool,
}

fn absent(of: &Pausable) -> Refusal {
    Refusal::new(Code::NotFound, format!("there is no {of}"))
}
