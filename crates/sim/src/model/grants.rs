//! Who has which right to write (P7).
//!
//! Ensures that a lane has one run, that only the holder of the fence settles, renews or remembers,
//! that a lease is taken back in its time and not before, and that a request leaves only from a node
//! whose run has a lease that outlasts it.

use std::collections::BTreeMap;
use std::time::Duration;

use slugline_core::ids::{Fence, JobId};
use slugline_core::item::ItemKey;
use slugline_core::time::Timestamp;
use slugline_engine::store::ClaimedJob;

use super::{AT_BLOG, Judged, Model, broken};
use crate::scheduler::Group;

/// A right to a job, by its lane: item and destination.
#[derive(Clone, Debug)]
struct Grant {
    job: JobId,
    fence: Fence,
    node: Group,
    /// By the store's clock.
    until: Timestamp,
    /// It is a look for drift.
    only_looks: bool,
    /// Its claim is in the log.
    logged: bool,
    /// Power was cut since: nobody has it, and the store may have ended it.
    loose: bool,
}

type Lane = (ItemKey, String);

/// The rights that there are.
#[derive(Default)]
pub(crate) struct Grants(BTreeMap<Lane, Grant>);

/// Who asks the store, and when by its clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    pub(crate) node: Group,
    pub(crate) now: Timestamp,
}

impl Grants {
    fn of_job(&self, job: JobId) -> Option<(&Lane, &Grant)> {
        self.0.iter().find(|(_, grant)| grant.job == job)
    }

    /// Whether nobody has a right.
    pub(super) fn are_returned(&self) -> bool {
        self.0.values().all(|grant| grant.loose)
    }
}

impl Model {
    /// A claim gave jobs to a node.
    pub(crate) fn claimed(&mut self, asker: Asker, at: Duration, jobs: &[ClaimedJob]) -> Judged {
        for job in jobs {
            let lane = (job.item.clone(), job.destination.clone());
            let grant = Grant {
                job: job.job,
                fence: job.fence,
                node: asker.node,
                until: asker.now.plus(job.lease),
                only_looks: job.ended.is_some() && !job.owes_look,
                logged: false,
                loose: false,
            };
            if let Some(kept) = self.jobs.get_mut(&job.job) {
                kept.claimed_at = at;
            }
            let other = self.grants.0.insert(lane.clone(), grant);
            if let Some(other) = other.filter(|other| !other.loose) {
                return broken(
                    "P7",
                    format!(
                        "{} was claimed while {} has its lane {lane:?}",
                        job.job, other.job
                    ),
                );
            }
        }
        Ok(())
    }

    /// The log says that a job was claimed.
    pub(super) fn claim_logged(&mut self, job: JobId) -> Judged {
        let grant = self.grants.0.values_mut().find(|grant| grant.job == job);
        match grant {
            Some(grant) if !grant.logged => {
                grant.logged = true;
                Ok(())
            }
            _ => broken(
                "P8",
                format!("the log has a claim of {job} that nobody made"),
            ),
        }
    }

    /// The log says that a job was claimed just before power was cut: nobody was told.
    pub(super) fn claimed_in_vain(&mut self, job: JobId, now: Timestamp) {
        if let Some((kept, publish)) = self.publish_of(job) {
            let lane = (publish.item.clone(), kept.destination.clone());
            let grant = Grant {
                job,
                fence: Fence(0),
                node: 0,
                until: now,
                only_looks: false,
                logged: true,
                loose: true,
            };
            self.grants.0.insert(lane, grant);
        }
    }

    /// A run used its right; `answer` says whether the store let it, `ends` whether the right ends.
    pub(crate) fn used_right(
        &mut self,
        asker: Asker,
        job: JobId,
        fence: Fence,
        answer: bool,
        ends: bool,
    ) -> Judged {
        let found = self
            .grants
            .of_job(job)
            .map(|(lane, grant)| (lane.clone(), grant.clone()));
        let Some((lane, grant)) =
            found.filter(|(_, grant)| (grant.fence, grant.node) == (fence, asker.node))
        else {
            return match answer {
                true => broken(
                    "P7",
                    format!(
                        "n{} used fence {} of {job}, which is not its own any more",
                        asker.node, fence.0
                    ),
                ),
                false => Ok(()),
            };
        };
        if !answer && self.judges_leases {
            return broken(
                "P7",
                format!("n{} was refused its right to {job}: {grant:?}", asker.node),
            );
        }
        if ends {
            self.grants.0.remove(&lane);
        }
        Ok(())
    }

    /// The slug that a run at the blog is about to take, if one is.
    pub(crate) fn slug_in_hand(&self) -> Option<String> {
        let mut runs = self.grants.0.values().filter(|grant| !grant.loose);
        runs.find_map(|grant| {
            let (job, publish) = self.publish_of(grant.job)?;
            let payload = publish
                .payload
                .as_ref()
                .filter(|_| job.destination == AT_BLOG)?;
            payload.slug.clone()
        })
    }

    /// The jobs that a node has runs of.
    pub(crate) fn jobs_of(&self, node: Group) -> Vec<JobId> {
        let own = self.grants.0.values().filter(|grant| grant.node == node);
        own.map(|grant| grant.job).collect()
    }

    /// Whether another node has a run of one of these jobs.
    pub(crate) fn are_taken_over(&self, jobs: &[JobId], node: Group) -> bool {
        let mut grants = self.grants.0.values();
        grants.any(|grant| grant.node != node && jobs.contains(&grant.job))
    }

    /// Whether a node has lost one of these jobs.
    pub(crate) fn are_lost(&self, jobs: &[JobId], node: Group) -> bool {
        let own = self.jobs_of(node);
        jobs.iter().any(|job| !own.contains(job))
    }

    /// Whether a node has a run under way.
    pub(crate) fn is_busy(&self, node: Group) -> bool {
        self.grants
            .0
            .values()
            .any(|grant| grant.node == node && !grant.loose)
    }

    /// What was cut off had ended this job's right.
    pub(super) fn let_go(&mut self, job: JobId) {
        self.grants.0.retain(|_, grant| grant.job != job);
    }

    /// A lease was prolonged.
    pub(crate) fn renewed(&mut self, asker: Asker, job: JobId, lease: Duration) {
        if let Some(grant) = self.grants.0.values_mut().find(|grant| grant.job == job) {
            grant.until = asker.now.plus(lease);
        }
    }

    /// The log says that a lease was taken back.
    pub(super) fn taken_back(&mut self, job: JobId, at: Timestamp) -> Judged {
        let found = self
            .grants
            .of_job(job)
            .map(|(lane, grant)| (lane.clone(), grant.until));
        let Some((lane, until)) = found else {
            return broken("P7", format!("{job} was taken back, and nobody had it"));
        };
        self.grants.0.remove(&lane);
        match at >= until.plus(crate::node::REQUEST_TIMEOUT) {
            true => Ok(()),
            false => broken(
                "P7",
                format!("{job} was taken back at {at}, its lease ends at {until}"),
            ),
        }
    }

    /// Every node is gone, and the store lives on in its file: leases end now.
    pub(crate) fn all_nodes_ended(&mut self, now: Timestamp) {
        for grant in self.grants.0.values_mut() {
            grant.until = grant.until.min(now);
            grant.loose = true;
        }
    }

    /// A request about an item leaves a node.
    pub(crate) fn judge_departure(
        &self,
        asker: Asker,
        (item, destination): (&ItemKey, &str),
        writes: bool,
    ) -> Judged {
        if !self.judges_leases {
            return Ok(());
        }
        let lane = (item.clone(), destination.to_owned());
        let grant = self.grants.0.get(&lane);
        if writes && grant.is_some_and(|grant| grant.only_looks) {
            let what = format!(
                "n{} writes while it looks for drift of {item:?}",
                asker.node
            );
            return broken("P3", what);
        }
        let needed = asker.now.plus(crate::node::REQUEST_TIMEOUT);
        match grant {
            Some(grant) if grant.node == asker.node && grant.until >= needed => Ok(()),
            Some(grant) if grant.node == asker.node => broken(
                "P7",
                format!(
                    "n{} writes about {item:?} at {}, its lease ends at {}",
                    asker.node, asker.now, grant.until
                ),
            ),
            Some(grant) => broken(
                "P7",
                format!(
                    "n{} writes about {item:?}, which n{} has",
                    asker.node, grant.node
                ),
            ),
            None => broken(
                "P7",
                format!("n{} writes about {item:?} without a right", asker.node),
            ),
        }
    }
}
