//! Generations that run again.
//!
//! Ensures that only what is desired runs again (P4), one job at a time (P7), that under the usual policy nothing is
//! overwritten that a person changed (P3), and that what is missing or stale is put right once trouble ends (P6).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use slugline_connectors::FakeEntry;
use slugline_core::drift::Drift;
use slugline_core::event::LogEntry;
use slugline_core::ids::{JobId, PublishId};
use slugline_core::item::Class;
use slugline_core::lifecycle::JobState;
use slugline_engine::store::{ClaimedJob, ContentView};

use super::log::text_of;
use super::{AT_BLOG, Job, Judged, Model, Publish, broken};

/// What persons make of entries of ours.
const BY_HAND: &str = "Changed by hand.";

/// The reruns that there are.
#[derive(Default)]
pub(crate) struct Reruns {
    jobs: BTreeSet<JobId>,
    /// Runs that must leave what a person made of an entry: its number.
    protected: BTreeMap<JobId, u64>,
}

impl Model {
    /// The class of a job: what runs again has one of its own.
    pub(super) fn class_of(&self, job: JobId, publish: &Publish) -> Class {
        match self.reruns.jobs.contains(&job) {
            true => Class::Reconcile,
            false => publish.class,
        }
    }

    /// The log says that a generation is to run again.
    pub(super) fn reran(&mut self, entry: &LogEntry) -> Judged {
        let (job, publish) = (
            text_of::<JobId>(entry, "job_id"),
            text_of::<PublishId>(entry, "publish_id"),
        );
        let destination = entry.detail.get("destination");
        let destination = destination.and_then(serde_json::Value::as_str);
        let known = publish.and_then(|id| Some((id, self.publishes.get(&id)?)));
        let (Some(job), Some((id, publish)), Some(destination)) = (job, known, destination) else {
            return broken("P8", format!("a rerun of nothing: {entry:?}"));
        };
        let (item, generation) = (publish.item.clone(), publish.generation);
        let desired = self.desired(&item, destination);
        let desired = desired.map(|publish| publish.generation);
        if desired != Some(generation) {
            let what = format!(
                "generation {generation} of {item:?} runs again, and {desired:?} is desired"
            );
            return broken("P4", what);
        }
        let open = self.jobs.iter().find(|(_, other)| {
            let publish = self.publishes.get(&other.publish);
            let is_its = publish.is_some_and(|publish| publish.item == item);
            is_its && other.destination == destination && other.placed && !other.state.is_final()
        });
        if let Some((open, _)) = open {
            return broken("P7", format!("{job} is queued beside {open}"));
        }
        self.judge_not_ended(&item, destination)?;
        self.replayed(entry, (job, destination), id)?;
        self.reruns.jobs.insert(job);
        self.note_who_asks(job, entry);
        let kept = Job {
            publish: id,
            destination: destination.to_owned(),
            state: JobState::Queued,
            placed: false,
            runs: 0,
            claimed_at: Duration::ZERO,
            live_at: None,
        };
        self.jobs.insert(job, kept);
        self.take_place(job);
        Ok(())
    }

    /// A run took a job: what a person made of the entry before may have to stay.
    pub(crate) fn protect(&mut self, job: &ClaimedJob, entries: &[FakeEntry]) -> Judged {
        self.reruns.protected.remove(&job.job);
        if !self.reruns.jobs.contains(&job.job) {
            return Ok(());
        }
        let may_overwrite = self.is_asked_for(job.job);
        if job.overwrites != Some(may_overwrite) {
            return broken(
                "P3",
                format!("{}: a person asked to overwrite: {may_overwrite}", job.job),
            );
        }
        if may_overwrite {
            return Ok(());
        }
        let is_sure = job.undisturbed && !job.owes_look && job.ended.is_none();
        let shown = job.shown.as_ref().filter(|_| is_sure);
        let id = shown.and_then(|(_, shown)| shown.downstream_ids.get("post")?.parse().ok());
        let by_hand = |entry: &&FakeEntry| {
            Some(entry.id) == id && entry.status == "publish" && entry.content.contains(BY_HAND)
        };
        if let Some(entry) = entries.iter().find(by_hand) {
            self.reruns.protected.insert(job.job, entry.id);
        }
        Ok(())
    }

    /// The run has ended.
    pub(crate) fn judge_protected(&mut self, job: JobId, entries: &[FakeEntry]) -> Judged {
        let Some(id) = self.reruns.protected.remove(&job) else {
            return Ok(());
        };
        match entries.iter().find(|entry| entry.id == id) {
            Some(entry) if !entry.content.contains(BY_HAND) => {
                broken("P3", format!("{job} undid what a person made of post {id}"))
            }
            _ => Ok(()),
        }
    }

    /// Judges that nothing which is put right by itself has drifted any more.
    pub(crate) fn judge_put_right(&self, view: &ContentView) -> Judged {
        let at = view.destinations.iter();
        let drift = at
            .filter(|at| at.destination == AT_BLOG)
            .find_map(|at| at.drift);
        match drift.map(|drift| drift.kind) {
            Some(kind @ (Drift::Missing | Drift::Stale)) if Self::resting(view).is_some() => {
                broken("P6", format!("{} stays {kind:?}", view.content_id))
            }
            _ => Ok(()),
        }
    }
}
