//! What was accepted: publishes and their jobs.
//!
//! Ensures that what is derived from a publish (the slug of its draft, the id of its message) belongs
//! to one item and one generation only, and that an answer says what it replaces.

use std::collections::BTreeSet;
use std::time::Duration;

use slugline_core::answer::Answer;
use slugline_core::ids::PublishId;
use slugline_core::intake::{Origin, Submission};
use slugline_core::item::ItemKey;
use slugline_core::key::{LogicalKey, derived_slug};
use slugline_core::lifecycle::JobState;
use slugline_core::version::Generation;

use super::messages::Meaning;
use super::{AT_BLOG, AT_HOOK, Job, Judged, Model, Publish, broken};

fn restored(submission: &Submission) -> Option<Generation> {
    match submission.origin {
        Origin::Person { restores, .. } => restores,
        Origin::Producer | Origin::Poll => None,
    }
}

impl Model {
    /// Whether an answer names a publish that was accepted.
    pub(crate) fn accepted_as(&self, answer: &Answer) -> bool {
        let publish = answer.publish_id.and_then(|id| self.publishes.get(&id));
        publish.is_some_and(|publish| Some(publish.generation) == answer.generation)
    }

    /// Takes an accepted publish over.
    pub(super) fn keep_publish(
        &mut self,
        at: Duration,
        submission: &Submission,
        answer: &Answer,
        generation: Generation,
        targets: &BTreeSet<String>,
    ) -> Judged {
        let request = &submission.request;
        let publish_at = request.publish_at.filter(|at| *at > submission.received_at);
        self.judge_replacing(submission, answer, generation)?;
        self.judge_restored(submission)?;
        let publish = Publish {
            item: submission.item.clone(),
            key: submission.key.clone(),
            generation,
            restores: restored(submission),
            action: request.action,
            payload: request.payload.clone(),
            publish_at,
            targets: targets.clone(),
            class: request.class,
            depends_on: request.dependencies().to_vec(),
            received_at: submission.received_at,
            accepted_at: at,
            released: false,
            replaced: false,
            erased: false,
        };
        self.keep_names(&publish)?;
        let Some(id) = answer.publish_id else {
            return broken("P1", format!("an accepted publish has no id: {answer:?}"));
        };
        if self.publishes.insert(id, publish).is_some() {
            return broken("P1", format!("{id} was given out twice"));
        }
        self.keep_jobs(id, answer, publish_at.is_some())
    }

    fn keep_jobs(&mut self, publish: PublishId, answer: &Answer, is_scheduled: bool) -> Judged {
        for job in &answer.jobs {
            if is_scheduled && job.state != JobState::Pending {
                return broken(
                    "P6",
                    format!(
                        "{publish} is scheduled, its job {} is {:?}",
                        job.job_id, job.state
                    ),
                );
            }
            let kept = Job {
                publish,
                destination: job.destination.clone(),
                state: job.state,
                placed: false,
                runs: 0,
                claimed_at: Default::default(),
                live_at: None,
            };
            if self.jobs.insert(job.job_id, kept).is_some() {
                return broken("P1", format!("{} was given out twice", job.job_id));
            }
        }
        Ok(())
    }

    /// A newer version takes the place of a scheduled one, and the answer says so.
    fn judge_replacing(
        &mut self,
        submission: &Submission,
        answer: &Answer,
        generation: Generation,
    ) -> Judged {
        let waiting = self.scheduled(&submission.item, generation);
        if answer.supersedes != waiting {
            let what = format!(
                "{:?} should replace {waiting:?}: {answer:?}",
                submission.key
            );
            return broken("P2", what);
        }
        for id in waiting {
            if let Some(publish) = self.publishes.get_mut(&id) {
                publish.replaced = true;
            }
        }
        Ok(())
    }

    /// Publishes of lower generations that wait for their time.
    fn scheduled(&self, item: &ItemKey, below: Generation) -> Vec<PublishId> {
        let waits = |id: &PublishId| {
            let mut jobs = self.jobs.values().filter(|job| job.publish == *id);
            jobs.any(|job| job.state == JobState::Pending)
        };
        let older = self.publishes.iter().filter(|(id, publish)| {
            let is_held = publish.publish_at.is_some() && !publish.released && !publish.replaced;
            publish.item == *item && publish.generation < below && is_held && waits(id)
        });
        older.map(|(id, _)| *id).collect()
    }

    fn keep_names(&mut self, publish: &Publish) -> Judged {
        let item = &publish.item;
        if publish.targets.contains(AT_BLOG) {
            let slug = derived_slug(&self.installation, item, AT_BLOG);
            let other = self.derived.insert(slug.clone(), item.clone());
            if other.is_some_and(|other| other != *item) {
                return broken("P3", format!("two items share the derived slug {slug}"));
            }
        }
        if !publish.targets.contains(AT_HOOK) {
            return Ok(());
        }
        let key = LogicalKey {
            item,
            action: publish.action,
            generation: publish.generation,
            destination: AT_HOOK,
        };
        let meaning = Meaning {
            item: item.clone(),
            generation: publish.generation,
        };
        self.messages
            .expect(key.delivery_id(&self.installation), meaning)
    }
}
