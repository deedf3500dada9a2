//! What publishes depend on, judged by what the log said was live when.
//!
//! Ensures that nothing is released before what it depends on is live, nor kept back long after; that
//! who gives up has waited long enough, or is in a circle; and that no circle is left to wait.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use slugline_core::event::LogEntry;
use slugline_core::ids::PublishId;
use slugline_core::item::{Class, ItemKey};
use slugline_core::lifecycle::{JobState, PendingReason};
use slugline_core::reason::Reason;
use slugline_core::version::Generation;
use slugline_engine::store::{JobView, PublishView};

use super::log::text_of;
use super::{AT_BLOG, AT_HOOK, Job, Judged, Model, Publish, broken};

/// A content id that nobody publishes.
pub(crate) const NEVER: &str = "never";
/// How long publishes of the class `preview` wait for what they depend on.
pub(crate) const SHORT_PATIENCE: Duration = Duration::from_secs(20);
/// What may be released is, within this time, while nodes work.
const PROMPT: Duration = Duration::from_secs(2);

/// What was seen of dependencies.
#[derive(Default)]
pub(crate) struct Ties {
    /// What each destination last showed of an item, and whether that is something.
    verified: BTreeMap<(ItemKey, String), (Generation, bool)>,
    /// Publishes that wait for nothing, since when.
    free: BTreeMap<PublishId, Duration>,
}

/// Owner, environment and content id.
type Content<'a> = (&'a str, &'a str, &'a str);

fn content<'a>(item: &'a ItemKey, content_id: &'a str) -> Content<'a> {
    (&item.owner, &item.environment, content_id)
}

impl Model {
    /// A destination shows what a job wanted.
    pub(super) fn note_verified(&mut self, entry: &LogEntry) {
        let Some((job, publish)) = text_of(entry, "job_id").and_then(|id| self.publish_of(id))
        else {
            return;
        };
        let at = (publish.item.clone(), job.destination.clone());
        let seen = (publish.generation, !publish.action.removes());
        let last = self.ties.verified.entry(at).or_insert(seen);
        *last = seen.max(*last);
    }

    /// Judges that a publish may be released now.
    pub(super) fn judge_release(&self, id: PublishId) -> Judged {
        match self.unmet(id).as_slice() {
            [] => Ok(()),
            unmet => broken(
                "P6",
                format!("{id} was released before these were live: {unmet:?}"),
            ),
        }
    }

    /// Judges that a publish which is given up for what it depends on had to be.
    pub(super) fn judge_given_up(&self, entry: &LogEntry) -> Judged {
        let Some((job, publish)) = text_of(entry, "job_id").and_then(|id| self.publish_of(id))
        else {
            return Ok(());
        };
        let said = entry
            .detail
            .get("reason")
            .and_then(|reason| reason.as_str());
        let is_right = match said.and_then(Reason::from_code) {
            Some(Reason::DependencyCycle) => self.is_in_a_circle(publish),
            Some(Reason::DependencyNotLive) => {
                let asked = publish
                    .publish_at
                    .map_or(publish.received_at, |at| at.max(publish.received_at));
                let since = self
                    .retried_at(job.publish)
                    .map_or(asked, |at| at.max(asked));
                let is_late =
                    publish.class == Class::Preview && entry.at >= since.plus(SHORT_PATIENCE);
                // A clock that was set back begins to count again.
                !self.unmet(job.publish).is_empty() && (is_late || !self.judges_leases)
            }
            _ => true,
        };
        match is_right {
            true => Ok(()),
            false => broken("P6", format!("given up without need: {entry:?}")),
        }
    }

    /// What a publish depends on and is not live.
    fn unmet(&self, id: PublishId) -> Vec<String> {
        let Some(publish) = self.publishes.get(&id) else {
            return Vec::new();
        };
        let open = self.jobs.values().filter(|job| {
            job.publish == id && matches!(job.state, JobState::Pending | JobState::Queued)
        });
        let goes_to: BTreeSet<&str> = open.map(|job| &*job.destination).collect();
        let unmet = publish
            .depends_on
            .iter()
            .filter(|id| !self.is_live(id, publish, &goes_to));
        unmet.cloned().collect()
    }

    fn is_live(&self, content_id: &str, publish: &Publish, goes_to: &BTreeSet<&str>) -> bool {
        let wanted = content(&publish.item, content_id);
        let items = self
            .items
            .keys()
            .filter(|item| content(item, &item.content_id) == wanted);
        let (own, others): (Vec<&ItemKey>, Vec<_>) =
            items.partition(|item| item.locale == publish.item.locale);
        let candidates = if own.is_empty() { others } else { own };
        candidates.into_iter().any(|item| {
            let wants = |at: &&str| {
                self.desired(item, at)
                    .is_some_and(|wanted| !wanted.action.removes())
            };
            let wanted = [AT_BLOG, AT_HOOK].into_iter().filter(|at| wants(at));
            let (here, elsewhere): (Vec<&str>, Vec<_>) =
                wanted.partition(|at| goes_to.contains(at));
            let shows = |at: &&str| {
                let seen = self.ties.verified.get(&(item.clone(), (*at).to_owned()));
                seen.is_some_and(|(_, shows)| *shows)
            };
            match here.is_empty() {
                true => elsewhere.iter().any(shows),
                false => here.iter().all(shows),
            }
        })
    }

    /// Publishes with a pending job that depend on something.
    fn dependants(&self) -> impl Iterator<Item = (PublishId, &Publish)> {
        let pending: BTreeSet<PublishId> = self
            .jobs
            .values()
            .filter(|job| job.state == JobState::Pending)
            .map(|job| job.publish)
            .collect();
        pending.into_iter().filter_map(|id| {
            let publish = self.publishes.get(&id)?;
            (!publish.depends_on.is_empty()).then_some((id, publish))
        })
    }

    /// Whether what a publish depends on depends on it, as far as that is not live.
    fn is_in_a_circle(&self, publish: &Publish) -> bool {
        let own = content(&publish.item, &publish.item.content_id);
        let (mut reached, mut open) = (BTreeSet::new(), vec![own]);
        while let Some(at) = open.pop() {
            for (id, dependant) in self.dependants() {
                if content(&dependant.item, &dependant.item.content_id) != at {
                    continue;
                }
                for next in self.unmet(id) {
                    let next = self.publishes.values().find(|known| {
                        known.item.content_id == next
                            && known.item.owner == dependant.item.owner
                            && known.item.environment == dependant.item.environment
                    });
                    let next = next.map(|known| content(&known.item, &known.item.content_id));
                    if let Some(next) = next.filter(|next| reached.insert(*next)) {
                        open.push(next);
                    }
                }
            }
        }
        reached.contains(&own)
    }

    /// Whether a job waits for what may yet come, for as long as it may.
    pub(super) fn waits_for_others(&self, job: &Job) -> bool {
        let patient = self
            .publishes
            .get(&job.publish)
            .is_some_and(|publish| publish.class != Class::Preview);
        job.state == JobState::Pending && patient && !self.unmet(job.publish).is_empty()
    }

    /// Whether contents wait for each other that have nothing else on their way.
    pub(crate) fn has_circle(&self) -> bool {
        let mut open: BTreeMap<Content<'_>, BTreeSet<PublishId>> = BTreeMap::new();
        for job in self.jobs.values().filter(|job| !job.state.is_final()) {
            if let Some(publish) = self.publishes.get(&job.publish) {
                let of = content(&publish.item, &publish.item.content_id);
                open.entry(of).or_default().insert(job.publish);
            }
        }
        open.retain(|_, publishes| publishes.len() == 1);
        loop {
            let contents: BTreeSet<Content<'_>> = open.keys().copied().collect();
            let waits = |of: &Content<'_>, id: &PublishId| {
                let is_pending = self
                    .jobs
                    .values()
                    .any(|job| job.publish == *id && job.state == JobState::Pending);
                is_pending
                    && self
                        .unmet(*id)
                        .iter()
                        .any(|other| contents.contains(&(of.0, of.1, other.as_str())))
            };
            open.retain(|of, publishes| publishes.iter().all(|id| waits(of, id)));
            if open.len() == contents.len() {
                return !open.is_empty();
            }
        }
    }

    /// Owners and ids of publishes that wait though all that they depend on is live.
    pub(crate) fn free_to_go(&self) -> Vec<(String, PublishId)> {
        let free = self
            .dependants()
            .filter(|(id, _)| self.unmet(*id).is_empty());
        free.map(|(id, publish)| (publish.item.owner.clone(), id))
            .collect()
    }

    /// Judges that publishes which wait for nothing, as their views say, do not do so for long.
    pub(crate) fn judge_promptness(&mut self, now: Duration, waiting: &[PublishView]) -> Judged {
        let idle = |job: &JobView| {
            job.state != JobState::Pending || job.pending_reason == Some(PendingReason::Dependency)
        };
        let held: BTreeSet<PublishId> = waiting
            .iter()
            .filter(|view| view.jobs.iter().all(idle))
            .map(|view| view.publish_id)
            .collect();
        self.ties.free.retain(|id, _| held.contains(id));
        for id in held {
            let since = *self.ties.free.entry(id).or_insert(now);
            if since + PROMPT < now {
                return broken("P6", format!("{id} waits since {since:?} for what is live"));
            }
        }
        Ok(())
    }

    /// Judges that a job which still waits for others says for which.
    pub(super) fn judge_waiting(&self, view: &PublishView, job: &JobView) -> Judged {
        let unmet = self.unmet(view.publish_id);
        if job.waits_for == unmet && view.waits_for == unmet && !unmet.is_empty() {
            return Ok(());
        }
        let (id, said) = (job.job_id, &job.waits_for);
        broken(
            "P6",
            format!("{id} says that it waits for {said:?}, and it waits for {unmet:?}"),
        )
    }
}
