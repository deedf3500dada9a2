//! What must be so when all has come to rest.
//!
//! Ensures that what was accepted is still there and ended as it should (P1, P6), that dead letters
//! say why, that what people are shown is what the log says (P8), and that nothing of ours is left
//! over at the blog (P3).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use slugline_connectors::FakeEntry;
use slugline_core::ids::{JobId, PublishId};
use slugline_core::item::{Class, ItemKey};
use slugline_core::lifecycle::{JobState, PendingReason};
use slugline_core::reason::Reason;
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;
use slugline_engine::store::{ContentAt, ContentView, JobView, PublishView};

use super::shown::item_of;
use super::{AT_BLOG, AT_HOOK, Job, Judged, Model, Publish, broken};
use crate::faults::Kind;
use crate::plan::Plan;

/// Without trouble, something urgent is live within this time, whatever else waits: one batch under
/// way at the hook, and its own.
const URGENT: Duration = Duration::from_secs(2);

/// A publish whose time has come is released, or shows what else it waits for, within this time.
const RELEASED: Duration = Duration::from_secs(2);

impl Model {
    /// All that was accepted: owner and id.
    pub(crate) fn accepted(&self) -> Vec<(String, PublishId)> {
        let publishes = self.publishes.iter();
        publishes
            .map(|(id, publish)| (publish.item.owner.clone(), *id))
            .collect()
    }

    /// Owners and content ids that were accepted.
    pub(crate) fn contents(&self) -> BTreeSet<(String, String)> {
        let keys = self.items.keys();
        keys.map(|item| (item.owner.clone(), item.content_id.clone()))
            .collect()
    }

    /// Whether all that was accepted has ended, as the model knows it.
    pub(crate) fn is_at_rest(&self, now: Timestamp) -> bool {
        let mut times = self
            .publishes
            .values()
            .filter_map(|publish| publish.publish_at);
        self.grants.are_returned()
            && times.all(|at| at.plus(RELEASED) < now)
            && self.restless().is_empty()
            && !self.has_circle()
    }

    /// What keeps it from being at rest.
    pub(crate) fn restless(&self) -> Vec<(JobId, JobState)> {
        let open = self.jobs.iter().filter(|(_, job)| !job.state.is_final());
        let waits = |job| self.waits_for_a_person(job) || self.waits_for_others(job);
        let restless = open.filter(|(_, job)| !waits(job));
        restless.map(|(id, job)| (*id, job.state)).collect()
    }

    /// A slug that another item gives up is free when that item's newer generation is shown. While that
    /// is a dead letter, or a destination still wants the item under the slug, a person has the next move.
    fn waits_for_a_person(&self, job: &Job) -> bool {
        let Some(publish) = self.publishes.get(&job.publish) else {
            return false;
        };
        let slug = publish
            .payload
            .as_ref()
            .and_then(|payload| payload.slug.as_ref());
        let had_it = |other: &&Publish| {
            let its = other
                .payload
                .as_ref()
                .and_then(|payload| payload.slug.as_ref());
            other.item != publish.item && its == slug && slug.is_some()
        };
        let keeps_it = |holder: &Publish| {
            let mut desired = [AT_BLOG, AT_HOOK]
                .iter()
                .filter_map(|at| self.desired(&holder.item, at));
            let its = |wanted: &Publish| {
                wanted
                    .payload
                    .as_ref()
                    .and_then(|payload| payload.slug.clone())
            };
            self.has_dead_letter(&holder.item) || desired.any(|wanted| its(wanted).as_ref() == slug)
        };
        let mut holders = self.publishes.values().filter(had_it);
        job.state == JobState::Pending && holders.any(keeps_it)
    }

    /// Whether an item has a job that failed, or that a person ended.
    fn has_dead_letter(&self, item: &ItemKey) -> bool {
        let without_effect = [JobState::Failed, JobState::Skipped, JobState::Cancelled];
        let failed = self
            .jobs
            .values()
            .filter(|job| without_effect.contains(&job.state));
        let mut publishes = failed.filter_map(|job| self.publishes.get(&job.publish));
        publishes.any(|publish| publish.item == *item)
    }

    /// Judges that a publish is there as it was accepted (P1), in the state that the log says (P8).
    pub(crate) fn judge_publish(&self, id: PublishId, view: Option<&PublishView>) -> Judged {
        let Some(view) = view else {
            return broken("P1", format!("{id} was accepted and is not there"));
        };
        let Some(publish) = self.publishes.get(&id) else {
            return Ok(());
        };
        let item = &publish.item;
        let same = (
            view.generation,
            view.action,
            &view.request_id,
            &view.content_id,
            &view.locale,
        ) == (
            publish.generation,
            publish.action,
            &publish.key,
            &item.content_id,
            &item.locale,
        );
        if !same {
            return broken(
                "P1",
                format!("{id} was accepted as {publish:?} and is {view:?}"),
            );
        }
        view.jobs.iter().try_for_each(|view| self.judge_job(view))
    }

    fn judge_job(&self, view: &JobView) -> Judged {
        match self.jobs.get(&view.job_id) {
            Some(job) if job.state == view.state => Ok(()),
            Some(job) => broken(
                "P8",
                format!(
                    "{} is {:?}, and the log says {:?}",
                    view.job_id, view.state, job.state
                ),
            ),
            None => broken("P8", format!("{} is unknown", view.job_id)),
        }
    }

    /// Judges how a publish ended.
    pub(crate) fn judge_ended(&self, plan: &Plan, view: &PublishView) -> Judged {
        view.jobs.iter().try_for_each(|job| match job.state {
            JobState::Failed => judge_dead_letter(plan, view, job),
            state if state.is_final() => Ok(()),
            JobState::Pending if job.pending_reason == Some(PendingReason::SlugRelease) => Ok(()),
            JobState::Pending if job.pending_reason == Some(PendingReason::Dependency) => {
                self.judge_waiting(view, job)
            }
            state => broken(
                "P6",
                format!(
                    "{} of {} is still {state:?}, {:?}, publish_at {:?}",
                    job.job_id, view.request_id, job.pending_reason, view.publish_at
                ),
            ),
        })
    }

    /// Judges what is desired of an item, and whether it is shown.
    pub(crate) fn judge_content(&self, view: &ContentView) -> Judged {
        let item = ItemKey {
            owner: view.owner.clone(),
            environment: view.environment.clone(),
            content_id: view.content_id.clone(),
            locale: view.locale.clone(),
        };
        view.destinations
            .iter()
            .try_for_each(|at| self.judge_at(&item, at))
    }

    fn judge_at(&self, item: &ItemKey, at: &ContentAt) -> Judged {
        let desired = self
            .desired(item, &at.destination)
            .map(|publish| publish.generation);
        if desired != Some(at.desired_generation) {
            let what = format!(
                "{item:?} at {}: {} is desired, the newest released is {desired:?}",
                at.destination, at.desired_generation
            );
            return broken("P6", what);
        }
        let state = at.job.as_ref().map(|job| job.state);
        if state == Some(JobState::Live) && at.shown_generation != desired {
            return broken(
                "P6",
                format!(
                    "{item:?} at {} is live and shows {:?}",
                    at.destination, at.shown_generation
                ),
            );
        }
        let acknowledged = at.destination == AT_HOOK && state == Some(JobState::Live);
        if acknowledged && !self.messages.has(item, at.desired_generation) {
            return broken(
                "P5",
                format!("{item:?} is live at the hook, which never got it"),
            );
        }
        Ok(())
    }

    /// Generations that an item's view says are live and verified at the blog.
    pub(crate) fn resting(view: &ContentView) -> Option<(ItemKey, Generation)> {
        let at = view
            .destinations
            .iter()
            .find(|at| at.destination == AT_BLOG)?;
        let job = at.job.as_ref()?;
        let rests = at.shown_generation == Some(at.desired_generation)
            && job.state == JobState::Live
            && job.evidence.as_deref() == Some("read_back");
        let item = ItemKey {
            owner: view.owner.clone(),
            environment: view.environment.clone(),
            content_id: view.content_id.clone(),
            locale: view.locale.clone(),
        };
        rests.then_some((item, at.desired_generation))
    }

    /// Judges that the blog has no entry of ours besides one for each item.
    pub(crate) fn judge_leftovers(&self, entries: &[FakeEntry]) -> Judged {
        let mut known: BTreeMap<ItemKey, u64> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| !entry.by_person) {
            let Some(item) = item_of(entry).filter(|item| self.items.contains_key(item)) else {
                return broken("P3", format!("nobody asked for {entry:?}"));
            };
            if self.shown.disturbed.contains_key(&item) {
                continue;
            }
            if let Some(other) = known.insert(item, entry.id) {
                return broken(
                    "P3",
                    format!("the item of post {other} is {entry:?} as well"),
                );
            }
        }
        Ok(())
    }

    /// Judges that urgent work was quick, in a run without trouble.
    pub(crate) fn judge_urgency(&self) -> Judged {
        let urgent = self.publishes.iter().filter(|(_, publish)| {
            let at_once = publish.publish_at.is_none() && publish.depends_on.is_empty();
            publish.class == Class::Urgent && at_once
        });
        for (id, publish) in urgent {
            let jobs = self
                .jobs
                .values()
                .filter(|job| job.publish == *id && job.destination == AT_HOOK);
            let mut took = jobs
                .filter_map(|job| job.live_at)
                .map(|at| at.saturating_sub(publish.accepted_at));
            if let Some(took) = took.find(|took| *took > URGENT) {
                return broken(
                    "P10",
                    format!("{} is urgent and took {took:?}", publish.key),
                );
            }
        }
        Ok(())
    }
}

fn judge_dead_letter(plan: &Plan, view: &PublishView, job: &JobView) -> Judged {
    let Some(reason) = job.reason_code else {
        return broken(
            "P6",
            format!("{} is a dead letter without a reason", job.job_id),
        );
    };
    if job.suggested_action.is_none() || job.last_error.as_ref().is_none_or(String::is_empty) {
        return broken(
            "P6",
            format!("{} is a dead letter that says nothing: {job:?}", job.job_id),
        );
    }
    let causes: &[Kind] = match reason {
        // Judged when the log said so.
        Reason::DependencyNotLive | Reason::DependencyCycle => return Ok(()),
        // A slug that was answered and not kept looks like one that somebody else has.
        Reason::SlugTakenAtDestination => &[Kind::Persons, Kind::Ignored],
        // A repair met what a person had changed meanwhile.
        Reason::Diverged => &[Kind::Drift],
        Reason::VerifyMismatch => &[Kind::Ignored, Kind::Drift, Kind::Lag],
        Reason::MediaUnreachable => &[Kind::Network, Kind::Outage, Kind::Late],
        // A 404 for what a person removed reads as no API at all when it comes without its end.
        Reason::Misconfigured if plan.has(Kind::Network) => &[Kind::Drift],
        _ => &[],
    };
    match causes.iter().any(|kind| plan.has(*kind)) {
        true => Ok(()),
        false => broken(
            "P6",
            format!(
                "{} of {} is a dead letter for no reason that there is: {} {:?}",
                job.job_id,
                view.request_id,
                reason.code(),
                job.last_error
            ),
        ),
    }
}
