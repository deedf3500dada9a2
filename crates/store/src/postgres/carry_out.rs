//! Carrying a decision out on what a group is decided against.
//!
//! Ensures that all that a publish consists of (event, raw bytes, revision, slug claim, jobs, desired
//! state, key) is written together or not at all (P1), and is a fact for the next decision. How it is
//! written is in `new`.

use std::convert::Infallible;
use std::time::Duration;

use slugline_core::answer::{Answer, AnswerJob};
use slugline_core::ids::{JobId, PublishId};
use slugline_core::intake::{Accept, ItemRecord, Submission};
use slugline_core::lifecycle::JobState;
use slugline_core::problem::Problem;
use slugline_core::time::Timestamp;
use slugline_engine::store::{Decided, DecidedKind};

use super::accept::key_expiry;
use super::facts::{Claim, Facts, Item, Known, World};
use super::fault::{Done, Fault};
use super::items::ItemChange;
use super::keys::NewKey;
use super::load::content_name;
use super::new::{NewPublish, NewRevision};
use crate::accepting;
use crate::beginning::{At, Fresh, NewJobs, Taken, started};
use crate::change::Ledger;
use crate::change::desired::{Placing, place};
use crate::change::{jobs, release};
use crate::entry::Dated;
use crate::prepare::Prepared;
use crate::short_name::ShortName;
use crate::words::Waits;

impl<'a> World<'a> {
    /// Stores a publish. `fresh`: it is a new generation, not more destinations for the newest one.
    pub(crate) fn carry_out(
        &mut self,
        prepared: &'a Prepared,
        facts: &Facts,
        accept: Accept,
        fresh: bool,
    ) -> Done<Result<Decided, Problem>> {
        let submission = &prepared.submission;
        if let Some(problem) = self.unmet(submission, &accept) {
            return Ok(Err(problem));
        }
        let publish = PublishId(drawn(self.ids.publishes.pop_front())?);
        let left = self
            .items
            .get(&submission.item)
            .and_then(|item| item.slug_key);
        let is_new = !self.items.contains_key(&submission.item);
        let (item, content) = self.keep_item(submission, facts, &accept, publish, fresh)?;
        let (slug_key, accept) = (facts.slug_key, &accept);
        let new = Fresh {
            submission,
            accept,
            publish,
            item,
            content,
        };
        let body = prepared.body.as_ref().filter(|_| fresh);
        let place = (item, publish);
        let entry = accepting::request_entry(&self.changes, prepared, accept, place, body);
        self.changes.log(entry)?;
        if fresh {
            self.move_slug(&new, slug_key, left);
        }
        let NewJobs { answered, begun } = self.add_jobs(&new, is_new)?;
        self.supersede_scheduled(accept, &answered)?;
        let answered = answered.into_iter().map(|(_, job)| job).collect();
        let answer = accepting::answer(submission, accept, publish, answered);
        let expiry = (!accept.assigned).then(|| key_expiry(self, submission));
        let key = self.keep_key(prepared, &answer, expiry)?;
        let key = accept.assigned.then_some(key);
        self.new.publishes.push(NewPublish {
            id: publish,
            item,
            prepared,
            slug_key,
            revision: fresh.then_some(NewRevision {
                key,
                payload: body.map(|body| &*body.text),
            }),
            accept: accept.clone(),
        });
        let kind = DecidedKind::Accepted;
        Ok(Ok(Decided {
            answer,
            kind,
            begun,
        }))
    }

    /// Why an accepted submission cannot be stored after all.
    fn unmet(&self, submission: &Submission, accept: &Accept) -> Option<Problem> {
        let mut targets = accept.targets.iter();
        if let Some(name) = targets.find(|name| !self.destinations.contains_key(*name)) {
            return Some(accepting::unknown_destination(name));
        }
        let is_kept = |sha256: &str| Ok::<_, Infallible>(self.media.contains(sha256));
        let Ok(missing) = accepting::missing_media(submission, is_kept);
        missing
    }

    /// Writes down what an accepted submission makes of its item; its number and its content's.
    fn keep_item(
        &mut self,
        submission: &'a Submission,
        facts: &Facts,
        accept: &Accept,
        publish: PublishId,
        fresh: bool,
    ) -> Done<(i64, i64)> {
        let key = &submission.item;
        if let (Some(item), false) = (self.items.get_mut(key), fresh) {
            item.record.targets.extend(accept.targets.iter().cloned());
            return Ok((item.id, item.content));
        }
        let known = self
            .items
            .get(key)
            .map(|item| (item.id, item.content, item.record.source.clone()));
        let is_new = known.is_none();
        let (id, content, source) = match known {
            Some(known) => known,
            None => {
                let id = drawn(self.ids.items.pop_front())?;
                let content = *self.contents.entry(content_name(key)).or_insert(id);
                (id, content, submission.source.clone())
            }
        };
        let record = ItemRecord {
            source,
            version: accept.mark,
            generation: accept.generation,
            action: submission.request.action,
            body: accept.body,
            publish,
            slug: accept.slug.clone(),
            targets: accept.targets.clone(),
            desired_at: Vec::new(),
            scheduled: Vec::new(),
            revised: accept.revised,
        };
        let item = Item {
            id,
            content,
            slug_key: facts.slug_key,
            record,
        };
        self.items.insert(key.clone(), item);
        let change = if is_new {
            ItemChange::New
        } else {
            ItemChange::Known
        };
        self.new.items.entry(key.clone()).or_insert(change);
        Ok((id, content))
    }

    fn move_slug(
        &mut self,
        new: &Fresh<'_>,
        slug_key: Option<ShortName>,
        before: Option<ShortName>,
    ) {
        let left = before.filter(|before| slug_key != Some(*before));
        if let Some(key) = left {
            self.new.slugs.leave((key, new.item), new.accept.generation);
            if let Some(claim) = self.slugs.get_mut(&(key, new.item)) {
                claim.leaving = true;
            }
        }
        if let (Some(key), Some(slug)) = (slug_key, &new.accept.slug) {
            let content_id = new.submission.item.content_id.clone();
            let claim = Claim {
                content_id,
                leaving: false,
            };
            let before = self.slugs.insert((key, new.item), claim);
            if before.as_ref().is_none_or(|claim| claim.leaving) {
                self.new
                    .slugs
                    .claim((key, new.item), slug, before.is_some());
            }
        }
    }

    /// `is_new`: so is their item.
    fn add_jobs(&mut self, new: &Fresh<'_>, is_new: bool) -> Done<NewJobs> {
        let (mut answered, mut taken) = (Vec::with_capacity(new.accept.targets.len()), Vec::new());
        for name in &new.accept.targets {
            // `unmet` has seen that it is there.
            if let Some(target) = self.destinations.get(name).cloned() {
                let lease = new.begins(at(name, &target), is_new && !self.paused);
                let (job, run) = self.add_job(new, at(name, &target), lease)?;
                taken.extend(run);
                answered.push((target.id, job));
            }
        }
        if new.at_once() {
            let request = (new.publish, new.submission.key.as_str());
            let (key, order) = (
                &new.submission.item,
                (new.accept.generation, new.accept.version),
            );
            release::log_released(&mut self.changes, request, new.item, key, order)?;
        } else {
            let waits = accepting::waits(new.accept);
            self.waiting.insert(new.publish, (new.item, waits));
        }
        for taken in &taken {
            let entry = started(&self.changes, &taken.job, &taken.right);
            self.changes.log(entry)?;
        }
        if new.at_once() && taken.len() < answered.len() {
            self.changes.nudge();
        }
        let begun = taken.into_iter().map(|taken| new.task(taken));
        let begun = begun.collect::<Result<_, _>>().map_err(Fault::Unreadable)?;
        Ok(NewJobs { answered, begun })
    }

    fn add_job(
        &mut self,
        new: &Fresh<'_>,
        at: At<'_>,
        lease: Option<Duration>,
    ) -> Done<(AnswerJob, Option<Taken>)> {
        let (id, now) = (JobId(drawn(self.ids.jobs.pop_front())?), self.changes.now());
        let job = new.job(id, at, now);
        let (state, placing) = (job.state, Placing::of(&job));
        let taken = lease.map(|lease| Taken::of(job.clone(), lease, now));
        let row = taken.as_ref().map_or(job, |taken| taken.row(now));
        self.changes.know([row]);
        self.changes.count_open(1);
        self.new.jobs.push(id);
        if state == JobState::Queued {
            // Nothing newer than the newest accepted generation can have the place.
            place(&mut self.changes, &placing)?;
        }
        let answered = AnswerJob {
            job_id: id,
            destination: at.name.to_owned(),
            state,
            pending_reason: Waits::of(&new.accept.waits).first(),
        };
        Ok((answered, taken))
    }

    fn supersede_scheduled(&mut self, accept: &Accept, new: &[(i64, AnswerJob)]) -> Done<()> {
        for publish in &accept.supersedes {
            for job in self.changes.pending(*publish)? {
                let by = new
                    .iter()
                    .find(|(destination, _)| *destination == job.destination);
                jobs::supersede(&mut self.changes, &job, by.map(|(_, job)| job.job_id))?;
            }
            self.changes.stop_waiting(*publish)?;
        }
        Ok(())
    }

    /// Keeps the answer under the key; the key's name. `expires_at`: `None` while the revision is kept.
    pub(crate) fn keep_key(
        &mut self,
        prepared: &Prepared,
        answer: &Answer,
        expires_at: Option<Timestamp>,
    ) -> Done<ShortName> {
        let name = prepared.key;
        let record = slugline_core::intake::KeyRecord {
            fingerprint: prepared.submission.fingerprint,
            answer: answer.clone(),
        };
        self.new.keys.insert(name, NewKey::of(&record, expires_at)?);
        self.keys.insert(name, record);
        Ok(name)
    }
}

fn at<'a>(name: &'a str, target: &Known) -> At<'a> {
    At {
        id: target.id,
        name,
        lane: target.lane,
        any_time: target.any_time,
    }
}

fn drawn(id: Option<i64>) -> Done<i64> {
    id.ok_or_else(|| Fault::Ours("too few numbers were drawn for a group".into()))
}
