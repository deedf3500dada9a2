//! What people made of contents: edits, rollbacks, reverts.
//!
//! Ensures that what a person makes is a new generation that leaves the producer's version alone (P4), for who saw
//! the newest one and nobody else (P2); that a rollback carries the older body as it was, and what it took the
//! place of is `rolled_back` once it is seen (P8).

use std::collections::BTreeMap;

use slugline_core::event::LogEntry;
use slugline_core::ids::JobId;
use slugline_core::intake::{Origin, Submission};
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::Code;
use slugline_core::source::ALL_LOCALES;
use slugline_core::version::Generation;

use super::intake::Expected;
use super::log::{job_of, text_of};
use super::{Judged, Model, broken};

impl Model {
    /// What a person's edit or rollback has to be answered; `None` for what is no person's.
    pub(super) fn expected_of_person(&self, submission: &Submission) -> Option<Expected> {
        let Origin::Person { seen, slug, .. } = &submission.origin else {
            return None;
        };
        let Some(item) = self.items.get(&submission.item) else {
            return Some(Expected::Refuse(Code::NotFound));
        };
        if item.generation() != *seen {
            return Some(Expected::Refuse(Code::Superseded));
        }
        let version = submission.request.version.unwrap_or(item.version());
        Some(self.if_slug_is_free(submission, Some(item), version, slug.as_deref()))
    }

    /// Judges what a rollback brings back: the body of a generation that was there, as it was; and one that was live
    /// wherever it goes, unless somebody named it.
    pub(super) fn judge_restored(&self, submission: &Submission) -> Judged {
        let Origin::Person {
            restores: Some(to), ..
        } = submission.origin
        else {
            return Ok(());
        };
        let mut publishes = self.publishes.values();
        let of =
            publishes.find(|publish| publish.item == submission.item && publish.generation == to);
        match of {
            Some(of) if of.erased => broken("P4", format!("{to} of {:?} was erased", of.item)),
            Some(of) if of.payload == submission.request.payload => Ok(()),
            found => {
                let what = format!(
                    "{:?} goes back to {to}, which was {found:?}",
                    submission.request
                );
                broken("P4", what)
            }
        }
    }

    /// The log says that a job is live: what it took the place of, by a rollback, is rolled back by now.
    pub(super) fn went_live(&mut self, entry: &LogEntry) -> Judged {
        let Some((id, (job, publish))) =
            job_of(entry).and_then(|id| Some((id, self.publish_of(id)?)))
        else {
            return Ok(());
        };
        let place = (publish.item.clone(), job.destination.clone());
        let (restores, generation) = (publish.restores.is_some(), publish.generation);
        let before = self.revised.shown.get(&place).copied();
        let known = before
            .filter(|before| *before != id)
            .and_then(|before| self.publish_of(before));
        if let Some((shown, older)) = known {
            if older.generation > generation {
                return Ok(());
            }
            let is_left =
                restores && older.generation < generation && shown.state == JobState::Live;
            if is_left {
                return broken(
                    "P8",
                    format!("{id} is a rollback and live, and {before:?} is not rolled back"),
                );
            }
        }
        self.revised.shown.insert(place, id);
        Ok(())
    }

    /// The log says that a job was rolled back.
    pub(super) fn rolled_back(&mut self, entry: &LogEntry) -> Judged {
        let by = text_of::<JobId>(entry, "replaced_by").and_then(|by| self.publish_of(by));
        let bad = job_of(entry).and_then(|bad| self.publish_of(bad));
        let (Some((_, by)), Some((_, bad))) = (by, bad) else {
            return broken("P8", format!("a rollback of nothing: {entry:?}"));
        };
        if by.restores.is_none() || by.item != bad.item || by.generation <= bad.generation {
            return broken("P4", format!("{by:?} rolled {bad:?} back"));
        }
        self.moved(entry, &[JobState::Live], JobState::RolledBack)
    }

    /// Contents that people look at: the item, its newest generation, its jobs.
    pub(crate) fn on_the_shelf(&self) -> Vec<(ItemKey, Generation, Vec<JobId>)> {
        let own = self
            .items
            .iter()
            .filter(|(key, _)| key.locale != ALL_LOCALES);
        let with_jobs = own.map(|(key, item)| {
            let is_its = |publish| {
                self.publishes
                    .get(publish)
                    .is_some_and(|publish| publish.item == *key)
            };
            let jobs = self.jobs.iter().filter(|(_, job)| is_its(&job.publish));
            (
                key.clone(),
                item.generation(),
                jobs.map(|(id, _)| *id).collect(),
            )
        });
        with_jobs.collect()
    }
}

/// What people made of contents.
#[derive(Default)]
pub(crate) struct Revisions {
    /// The job that each place shows, as the log says.
    shown: BTreeMap<(ItemKey, String), JobId>,
}
