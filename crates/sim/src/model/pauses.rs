//! What is paused, by what the log says of it.
//!
//! Ensures that no run begins in what is paused.

use slugline_core::event::{EventType, LogEntry};
use slugline_core::ids::JobId;
use slugline_core::lifecycle::JobState;
use slugline_core::pause::Pausable;

use super::log::{job_of, text_of};
use super::{Judged, Model, broken};

impl Model {
    /// Takes a pause or its end in; or what it means for a job.
    pub(super) fn paused(&mut self, entry: &LogEntry) -> Judged {
        let begins = entry.kind == EventType::Paused;
        if job_of(entry).is_some() {
            return match begins {
                true => self.moved(entry, &[JobState::Queued], JobState::Pending),
                false => self.moved(entry, &[JobState::Pending], JobState::Queued),
            };
        }
        let Some(of) = pausable(entry) else {
            return broken("P8", format!("it is not said what was paused: {entry:?}"));
        };
        let changed = match begins {
            true => self.pauses.insert(of),
            false => self.pauses.remove(&of),
        };
        match changed {
            true => Ok(()),
            false => broken("P8", format!("this was so before: {entry:?}")),
        }
    }

    /// Judges that a job may begin.
    pub(super) fn judge_unpaused(&self, id: JobId) -> Judged {
        let Some((job, publish)) = self.publish_of(id) else {
            return Ok(());
        };
        let class = self.class_of(id, publish);
        let covers = |of: &&Pausable| of.covers(&publish.item, class, &job.destination);
        match self.pauses.iter().find(covers) {
            Some(of) => broken("P6", format!("{id} begins, and {of} is paused")),
            None => Ok(()),
        }
    }
}

fn pausable(entry: &LogEntry) -> Option<Pausable> {
    let text = |name| text_of::<String>(entry, name);
    Some(match text("what")?.as_str() {
        "everything" => Pausable::Everything,
        "destination" => Pausable::Destination {
            destination: text("destination")?,
        },
        "class" => Pausable::Class {
            class: serde_json::from_value(entry.detail.get("class")?.clone()).ok()?,
        },
        _ => Pausable::Content {
            owner: text("owner")?,
            environment: text("environment")?,
            content_id: entry.content_id.clone(),
            locale: text("locale"),
        },
    })
}
