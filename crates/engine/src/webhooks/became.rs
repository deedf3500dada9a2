//! What became of what a webhook says, in the words in which it is kept and shown.
//!
//! Ensures that every part of a webhook has its line there, also one that could not be read. Decides nothing.

use slugline_core::answer::{Answer, Status};
use slugline_core::item::check_content_id;
use slugline_core::problem::Problem;
use slugline_core::source::{self, What};

use super::Source;
use super::digest::Place;
use crate::store::{ChangeStatus, Changed, Decided, Outcome, Unreadable, WebhookState};

/// How a webhook has ended of which this became.
pub(super) fn ended(changes: Vec<Changed>, unreadable: Vec<Unreadable>) -> (WebhookState, Outcome) {
    let any = |status| changes.iter().any(|change| change.status == status);
    let state = match () {
        () if !unreadable.is_empty() => WebhookState::Failed,
        () if any(ChangeStatus::Refused) => WebhookState::Failed,
        () if changes.iter().all(is_nothing_new) => WebhookState::Ignored,
        () => WebhookState::Done,
    };
    let reason = match (unreadable.len(), changes.is_empty()) {
        (0, true) => Some("it is about nothing that is published".to_owned()),
        (0, false) => None,
        (count, _) => Some(format!(
            "parts of it that could not be read: {count}; once that is mended, retry it"
        )),
    };
    let outcome = Outcome {
        reason,
        changes,
        unreadable,
    };
    (state, outcome)
}

fn is_nothing_new(change: &Changed) -> bool {
    matches!(change.status, ChangeStatus::Ignored | ChangeStatus::Ours)
}

impl Source {
    pub(super) fn unreadable(&self, part: &source::Unreadable) -> Unreadable {
        let entry = part.entry.as_deref();
        Unreadable {
            path: part.path.clone(),
            content_id: entry.map(|entry| self.content_id_of(entry)),
            reason: part.reason.clone(),
        }
    }
}

impl Place<'_> {
    pub(super) fn changed(&self, status: ChangeStatus, locale: Option<&str>) -> Changed {
        Changed {
            what: self.change.what,
            content_id: self.content_id.clone(),
            locale: locale.map(str::to_owned),
            status,
            version: self.change.version,
            publish_id: None,
            generation: None,
            code: None,
            reason: None,
        }
    }

    pub(super) fn noted(&self) -> Changed {
        let why = match self.change.what {
            What::Draft => "what is public did not change; the log says draft_ready",
            What::Taxonomy => "a term by itself is not published; the log says taxonomy_changed",
            _ => "a file by itself is not published; the log says asset_changed",
        };
        if let Err(wrong) = check_content_id(&self.content_id) {
            return self.ignored(&format!("its name {wrong}"));
        }
        Changed {
            reason: Some(why.to_owned()),
            ..self.changed(
                ChangeStatus::Noted,
                self.source.noted_in(self.change).as_deref(),
            )
        }
    }

    pub(super) fn ignored(&self, why: &str) -> Changed {
        Changed {
            reason: Some(why.to_owned()),
            ..self.changed(ChangeStatus::Ignored, None)
        }
    }

    /// What was told is as good as what was found, and may be worded otherwise.
    pub(super) fn known(&self, locale: &str) -> Changed {
        let why = "this version was told, in other words, before it was found";
        Changed {
            reason: Some(why.to_owned()),
            ..self.changed(ChangeStatus::Duplicate, Some(locale))
        }
    }

    pub(super) fn nothing_to_remove(&self) -> Changed {
        self.ignored("nothing of it is known here, so there is nothing to remove")
    }

    pub(super) fn refused(&self, problem: &Problem) -> Changed {
        Changed {
            code: Some(problem.code),
            reason: Some(problem.detail.clone()),
            ..self.changed(ChangeStatus::Refused, Some(&self.locale))
        }
    }

    pub(super) fn decided(&self, locale: &str, decided: &Decided) -> Changed {
        let Answer {
            status,
            publish_id,
            generation,
            version,
            reason,
            ..
        } = &decided.answer;
        let status = match status {
            Status::Ok => ChangeStatus::Ok,
            Status::Duplicate => ChangeStatus::Duplicate,
            Status::StaleUpdateIgnored => ChangeStatus::StaleUpdateIgnored,
        };
        Changed {
            publish_id: *publish_id,
            generation: *generation,
            version: version.or(self.change.version),
            reason: reason.clone().or_else(|| self.other_slug()),
            ..self.changed(status, Some(locale))
        }
    }
}
