//! What the model is shown of the store's answers.
//!
//! Ensures that each answer is judged when the store has given it, whether or not it reaches a node.

use futures_executor::block_on;
use slugline_core::ids::{Fence, JobId};
use slugline_core::intake::Submission;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::Problem;
use slugline_engine::store::{
    Claimed, ClaimedJob, ContentView, Decided, Desk, Erased, Erasure, JobOrder, Lease, Page,
    PublishView, Replaying, Settlement, Store, StoreError, Views, WebhookFilter, WebhookState,
};

use crate::hold;
use crate::model::Model;
use crate::plan::OWNER;
use crate::run::AWAKE;
use crate::scheduler::Group;
use crate::world::World;

/// More notes than people write in a run.
const MANY: usize = 1_000;

impl World {
    /// The store decided on submissions.
    pub(crate) fn accepted(
        &self,
        node: Group,
        submissions: &[Submission],
        outcome: &Result<Vec<Result<Decided, Problem>>, StoreError>,
    ) {
        let Ok(decided) = outcome else { return };
        for (submission, outcome) in submissions.iter().zip(decided) {
            self.note(|| {
                format!(
                    "n{node} accept {:?} {} v{:?} {:?}: {}",
                    submission.key,
                    submission.item.content_id,
                    submission.request.version,
                    submission.request.action,
                    said(outcome)
                )
            });
            let now = self.asker(node).now;
            let judged =
                hold(&self.model).judge_intake(self.scheduler.now(), now, submission, outcome);
            self.judge(judged);
            if let Ok(decided) = outcome
                && !decided.begun.is_empty()
            {
                self.took(node, &decided.begun);
            }
        }
    }

    /// The store gave jobs to a node.
    pub(crate) fn claimed(&self, node: Group, outcome: &Result<Claimed, StoreError>) {
        if let Ok(claimed) = outcome {
            self.took(node, &claimed.jobs);
        }
    }

    /// The store gave jobs to a node: claimed ones, or what it has just accepted.
    fn took(&self, node: Group, jobs: &[ClaimedJob]) {
        for job in jobs {
            self.note(|| {
                format!(
                    "n{node} claims {} fence {} of {} {} {} {} g{} at {} {:?}",
                    job.job,
                    job.fence.0,
                    job.item.owner,
                    job.item.environment,
                    job.item.content_id,
                    job.item.locale,
                    job.generation,
                    job.destination,
                    job.ended
                )
            });
        }
        let judged = hold(&self.model).claimed(self.asker(node), self.scheduler.now(), jobs);
        self.judge(judged);
        let entries = self.entries();
        // What a generation wants may be there before anybody delivers it.
        let judged = hold(&self.model).judge_blog(self.scheduler.now(), &entries);
        self.judge(judged);
        for job in jobs {
            let judged = hold(&self.model).protect(job, &entries);
            self.judge(judged);
        }
    }

    /// Runs used their rights.
    pub(crate) fn used_rights(
        &self,
        node: Group,
        rights: impl Iterator<Item = (JobId, Fence)>,
        outcome: &Result<Vec<bool>, StoreError>,
        ends: bool,
    ) {
        let Ok(answers) = outcome else { return };
        for ((job, fence), answer) in rights.zip(answers) {
            let judged = hold(&self.model).used_right(self.asker(node), job, fence, *answer, ends);
            self.judge(judged);
        }
    }

    /// Leases were prolonged.
    pub(crate) fn renewed(
        &self,
        node: Group,
        leases: &[Lease],
        outcome: &Result<Vec<bool>, StoreError>,
    ) {
        let rights = leases.iter().map(|lease| (lease.job, lease.fence));
        self.used_rights(node, rights, outcome, false);
        for (lease, _) in leases
            .iter()
            .zip(outcome.iter().flatten())
            .filter(|(_, kept)| **kept)
        {
            hold(&self.model).renewed(self.asker(node), lease.job, lease.lease);
        }
    }

    /// Runs were settled.
    pub(crate) fn settled(
        &self,
        settlements: &[Settlement],
        outcome: &Result<Vec<bool>, StoreError>,
    ) {
        for (settlement, kept) in settlements.iter().zip(outcome.iter().flatten()) {
            self.note(|| {
                format!(
                    "   settle {} fence {} {:?} kept {kept}",
                    settlement.job, settlement.fence.0, settlement.verdict
                )
            });
            let entries = self.entries();
            let judged = hold(&self.model).judge_protected(settlement.job, &entries);
            self.judge(judged);
            if *kept {
                let judged =
                    hold(&self.model).judge_live(self.scheduler.now(), settlement, &entries);
                self.judge(judged);
            }
        }
    }

    /// People acted on jobs.
    pub(crate) fn acted(
        &self,
        node: Group,
        orders: &[JobOrder],
        outcome: &Result<Vec<Result<JobState, Problem>>, StoreError>,
    ) {
        let Ok(answers) = outcome else { return };
        for (order, answer) in orders.iter().zip(answers) {
            self.note(|| {
                let said = match answer {
                    Ok(state) => state.as_str().to_owned(),
                    Err(problem) => problem.code.as_str(),
                };
                let (who, action) = (&order.actor, order.action.as_str());
                format!(
                    "n{node} {who} {action} {} runs {:?}: {said}",
                    order.job, order.runs
                )
            });
        }
        let judged = hold(&self.model).judge_acted(orders, answers);
        self.judge(judged);
    }

    /// Somebody had an item's words erased.
    pub(crate) fn erased(
        &self,
        node: Group,
        erasure: &Erasure,
        outcome: &Result<Result<Erased, Problem>, StoreError>,
    ) {
        let Ok(answer) = outcome else { return };
        self.note(|| {
            let said = match answer {
                Ok(erased) => format!("{erased:?}"),
                Err(problem) => problem.detail.clone(),
            };
            format!("n{node} erases {}: {said}", erasure.item.content_id)
        });
        let judged = hold(&self.model).judge_erasure(erasure, answer);
        self.judge(judged);
        if answer.is_ok() {
            self.look_for_words(&erasure.item);
        }
    }

    /// What was erased of an item stands nowhere in the store's files. Sources may tell of it again later.
    fn look_for_words(&self, item: &ItemKey) {
        let forgotten = hold(&self.model).forgotten(item);
        if forgotten.is_empty() {
            return;
        }
        match self.vault.image().find(&forgotten) {
            Ok(None) => {}
            found => self.break_promise("P8", format!("this was erased and is there: {found:?}")),
        }
    }

    /// What people are told of replays adds up.
    pub(crate) fn look_at_replays(&self) {
        let Ok(store) = self.vault.store() else {
            return;
        };
        let all = hold(&self.model).all_replays();
        for (owner, id) in all {
            let page = Page {
                limit: MANY,
                cursor: None,
            };
            let found = (
                block_on(store.replay(&owner, id)),
                block_on(store.replay_targets(&owner, id, None, page)),
            );
            match found {
                (Ok(Some(view)), Ok(targets)) => {
                    let judged = hold(&self.model).judge_report(&view, &targets.items);
                    self.judge(judged);
                }
                _ => self.break_promise("P8", format!("{id} is not there any more")),
            }
        }
    }

    /// All that was accepted is there (P1).
    pub(crate) fn look_at_accepted(&self) {
        let accepted = hold(&self.model).accepted();
        for (owner, id) in accepted {
            let view = self.publish_view(&owner, &id.to_string());
            let judged = hold(&self.model).judge_publish(id, view.as_ref());
            self.judge(judged);
        }
    }

    /// Second looks that are owed; `None` while nobody can say.
    pub(crate) fn looks_owed(&self) -> Option<u64> {
        let store = self.vault.store().ok()?;
        block_on(store.counts())
            .ok()
            .map(|counts| counts.looks_owed)
    }

    /// Webhooks that nobody has dealt with; `None` while nobody can say.
    pub(crate) fn webhooks_left(&self) -> Option<usize> {
        if self.plan.tells.is_empty() && !self.plan.mirrored {
            return Some(0);
        }
        let filter = WebhookFilter {
            state: Some(WebhookState::Received),
            ..WebhookFilter::default()
        };
        let page = Page {
            limit: 1,
            cursor: None,
        };
        let store = self.vault.store().ok()?;
        let left = block_on(store.webhooks(filter, page)).ok()?;
        Some(left.items.len())
    }

    /// All webhooks that were acknowledged are there, and ended well (P1, P6).
    pub(crate) fn look_at_webhooks(&self) {
        let Ok(store) = self.vault.store() else {
            return;
        };
        let acknowledged = hold(&self.model).acknowledged();
        for id in acknowledged {
            let Ok(found) = block_on(store.webhook(OWNER, id)) else {
                continue;
            };
            let view = found.map(|found| found.view);
            let judged = hold(&self.model).judge_webhook(id, view.as_ref());
            self.judge(judged);
        }
    }

    /// What people said is there (P8).
    pub(crate) fn look_at_notes(&self) {
        let Ok(store) = self.vault.store() else {
            return;
        };
        let said = hold(&self.model).said();
        for (item, text) in said {
            let content_id = &item.content_id;
            let found = block_on(store.notes(&item.owner, content_id, MANY));
            let is_there = found.is_ok_and(|notes| notes.iter().any(|note| note.text == text));
            if !is_there {
                self.break_promise("P8", format!("a note about {content_id} is gone: {text}"));
            }
        }
    }

    /// A publish as people see it.
    pub(crate) fn publish_view(&self, owner: &str, id: &str) -> Option<PublishView> {
        let store = self.vault.store().ok()?;
        block_on(store.publish(owner, id)).ok()?
    }

    /// Items as people see them.
    pub(crate) fn content_views(&self) -> Vec<ContentView> {
        let Ok(store) = self.vault.store() else {
            return Vec::new();
        };
        let contents = hold(&self.model).contents();
        let views = contents
            .iter()
            .filter_map(|(owner, id)| block_on(store.content(owner, id)).ok());
        views.flatten().collect()
    }

    /// Intake counts what is open by what is open (P9).
    pub(crate) fn look_at_pressure(&self) {
        let Ok(store) = self.vault.store() else {
            return;
        };
        let (counted, open) = (store.pressure().open_jobs, hold(&self.model).open_jobs());
        if usize::try_from(counted) != Ok(open) {
            self.break_promise(
                "P9",
                format!("intake counts {counted} open jobs, there are {open}"),
            );
        }
    }

    /// What waits for others is released once they are live.
    pub(crate) fn look_at_waiting(&self) {
        let now = self.scheduler.now();
        let mut waiting = Vec::new();
        if self.is_calm() && self.nodes.have_worked(AWAKE, now) {
            let free = hold(&self.model).free_to_go();
            let views = free
                .iter()
                .map(|(owner, id)| self.publish_view(owner, &id.to_string()));
            waiting.extend(views.flatten());
        }
        let judged = hold(&self.model).judge_promptness(now, &waiting);
        self.judge(judged);
    }

    /// What is live and verified at the blog is what the blog shows (P4), when nothing is under way.
    pub(crate) fn look_at_rest(&self) {
        if *hold(&self.network.in_flight) > 0 {
            return;
        }
        let views = self.content_views();
        let resting: Vec<_> = views.iter().filter_map(Model::resting).collect();
        let entries = self.entries();
        let judged = hold(&self.model).judge_rest(&resting, &entries);
        self.judge(judged);
    }
}

fn said(outcome: &Result<Decided, Problem>) -> String {
    match outcome {
        Ok(decided) => format!("{:?} {:?}", decided.kind, decided.answer.generation),
        Err(problem) => problem.code.as_str(),
    }
}
