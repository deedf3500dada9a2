//! Storing an accepted publish.
//!
//! Ensures that all that a publish consists of (event, request as it came, revision, slug claim, jobs, desired
//! state, key) becomes durable together or not at all (P1).

use std::rc::Rc;

use rusqlite::params;
use slugline_core::answer::AnswerJob;
use slugline_core::ids::{JobId, PublishId};
use slugline_core::intake::{Accept, Submission};
use slugline_core::lifecycle::{Delivering, JobState, PendingReason};
use slugline_core::problem::Problem;
use slugline_engine::store::{Decided, DecidedKind};

use super::accept::{Facts, key_expiry};
use super::column::{Col, Waits};
use super::desired::{self, Placing};
use super::destinations::Known;
use super::fault::{Done, Fault};
use super::statements::Statements;
use super::tx::Tx;
use super::{dependencies, items, jobs, keys, pauses, publishes, revisions, slugs};
use crate::accepting::{answer, missing_media, request_entry, unknown_destination, waits};
use crate::beginning::{At, Fresh, NewJobs, Taken, started};
use crate::change::desired::place;
use crate::change::jobs::supersede;
use crate::change::release::log_released;
use crate::prepare::{Body, Prepared, Salt};

/// Stores a publish. `fresh`: it is a new generation, not more destinations for the newest one.
pub(crate) fn carry_out(
    tx: &Tx<'_>,
    prepared: &Prepared,
    facts: &Facts,
    accept: &Accept,
    fresh: bool,
) -> Done<Result<Decided, Problem>> {
    let submission = &prepared.submission;
    let targets = match known_targets(tx, &accept.targets)? {
        Ok(targets) => targets,
        Err(problem) => return Ok(Err(problem)),
    };
    let is_kept = |sha256: &str| revisions::is_kept(tx, sha256);
    if let Some(problem) = missing_media(submission, is_kept)? {
        return Ok(Err(problem));
    }
    let publish = PublishId(tx.take_publish()?);
    let (item, content) = match &facts.item {
        Some(item) if !fresh => (item.id, item.content),
        known => items::keep(
            tx,
            prepared,
            accept,
            publish,
            known.as_ref(),
            &facts.relatives,
            facts.slug_key,
        )?,
    };
    let accepting = Accepting {
        tx,
        submission,
        accept,
        facts,
        publish,
        item,
        content,
        salt: &prepared.salt,
        headers: prepared.headers.as_deref(),
        body: prepared.body.as_ref().filter(|_| fresh),
    };
    accepting.insert_publish()?;
    dependencies::insert(tx, publish, &submission.item, &accept.depends_on)?;
    accepting.insert_raw()?;
    request_entry(tx, prepared, accept, (item, publish), accepting.body).write(tx)?;
    if fresh {
        accepting.move_slug()?;
    }
    let NewJobs { answered, begun } = accepting.insert_jobs(&targets)?;
    accepting.supersede_scheduled(&answered)?;
    let jobs = answered.into_iter().map(|(_, job)| job).collect();
    let answer = answer(submission, accept, publish, jobs);
    let record = keys::keep(
        tx,
        prepared,
        &answer,
        (!accept.assigned).then(|| key_expiry(tx, submission)),
    )?;
    if fresh {
        revisions::insert(tx, &accepting, accept.assigned.then_some(record))?;
    }
    Ok(Ok(Decided {
        answer,
        kind: DecidedKind::Accepted,
        begun,
    }))
}

fn known_targets(tx: &Tx<'_>, names: &[String]) -> Done<Result<Vec<Rc<Known>>, Problem>> {
    let mut known = Vec::with_capacity(names.len());
    for name in names {
        match tx.destination(name)? {
            Some(destination) => known.push(destination),
            None => return Ok(Err(unknown_destination(name))),
        }
    }
    Ok(Ok(known))
}

fn at(target: &Known) -> At<'_> {
    At {
        id: target.id,
        name: &target.name,
        lane: target.lane,
        any_time: target.pace.is_none(),
    }
}

/// A publish on its way into the file.
pub(crate) struct Accepting<'a> {
    tx: &'a Tx<'a>,
    pub(crate) submission: &'a Submission,
    pub(crate) accept: &'a Accept,
    facts: &'a Facts,
    pub(crate) publish: PublishId,
    pub(crate) item: i64,
    content: i64,
    pub(crate) salt: &'a Salt,
    headers: Option<&'a str>,
    /// `None` for removals and for more destinations.
    pub(crate) body: Option<&'a Body>,
}

impl Accepting<'_> {
    fn insert_publish(&self) -> Done<()> {
        let (request, accept, now) = (&self.submission.request, self.accept, self.tx.now.0);
        let waits = waits(accept);
        let waits_for = |reason| waits.has(reason);
        let sql = "INSERT INTO publish (id, item, generation, version_kind, version, action, class, request_id, actor,
                                        accepted_at, released_at, publish_at, waits, ready_at, fetch_at, slug_key, restores)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
        self.tx.run(
            sql,
            params![
                self.publish.0,
                self.item,
                accept.generation.0,
                Col(accept.version.kind()),
                accept.version.ordinal(),
                Col(request.action),
                Col(request.class),
                self.submission.key,
                self.submission.actor,
                now,
                self.fresh().at_once().then_some(now),
                request.publish_at.map(|at| at.0),
                waits.0,
                request
                    .publish_at
                    .filter(|_| waits_for(PendingReason::Scheduled))
                    .map_or(now, |at| at.0),
                waits_for(PendingReason::Media).then_some(now),
                self.facts
                    .slug_key
                    .filter(|_| waits_for(PendingReason::SlugRelease)),
                self.submission.restores().map(|generation| generation.0),
            ],
        )?;
        let name = publishes::name(&self.submission.key);
        self.tx.give(name, self.publish.0);
        Ok(())
    }

    /// Keeps the request as it came, but for the payload where the revision has it.
    fn insert_raw(&self) -> Done<()> {
        let sql = "INSERT INTO raw_request (publish, received_at, salt, payload_at, bytes, headers) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (at, bytes) = match self.body.and_then(|body| body.around.as_ref()) {
            Some(around) => (Some(around.at), &around.bytes[..]),
            None => (None, &self.submission.raw[..]),
        };
        let (now, headers) = (self.tx.now.0, self.headers);
        let values = params![self.publish.0, now, self.salt, at, bytes, headers];
        self.tx.run(sql, values)?;
        Ok(())
    }

    fn move_slug(&self) -> Done<()> {
        let before = self.facts.item.as_ref().and_then(|item| item.slug_key);
        if let Some(before) = before.filter(|before| self.facts.slug_key != Some(*before)) {
            slugs::leave(self.tx, self.item, &before, self.accept.generation)?;
        }
        let (Some(key), Some(slug)) = (&self.facts.slug_key, &self.accept.slug) else {
            return Ok(());
        };
        match &self.facts.item {
            Some(_) => slugs::claim(self.tx, self.item, key, slug),
            None => slugs::claim_first(self.tx, self.item, key, slug),
        }
    }

    fn insert_jobs(&self, targets: &[Rc<Known>]) -> Done<NewJobs> {
        let (mut answered, mut taken) = (Vec::with_capacity(targets.len()), Vec::new());
        let may_begin = !self.submission.offers.is_empty() && !pauses::is_any(self.tx)?;
        let is_new = self.facts.item.is_none() && may_begin;
        let fresh = self.fresh();
        for target in targets {
            let take = |lease| {
                // Its number comes with its row.
                let job = fresh.job(JobId(0), at(target), self.tx.now);
                Taken::of(job, lease, self.tx.now)
            };
            let mut run = fresh.begins(at(target), is_new).map(take);
            let job = self.insert_job(target, run.as_ref().map(|run| &run.right))?;
            if let Some(run) = &mut run {
                run.job.id = job.job_id;
            }
            taken.extend(run);
            answered.push((target.id, job));
        }
        if fresh.at_once() {
            let (request, key) = ((self.publish, &*self.submission.key), &self.submission.item);
            log_released(
                &mut { self.tx },
                request,
                self.item,
                key,
                (self.accept.generation, self.accept.version),
            )?;
        }
        for taken in &taken {
            started(self.tx, &taken.job, &taken.right).write(self.tx)?;
        }
        if fresh.at_once() && taken.len() < answered.len() {
            self.tx.nudge();
        }
        let begun = taken.into_iter().map(|taken| fresh.task(taken));
        let begun = begun.collect::<Result<_, _>>().map_err(Fault::Unreadable)?;
        Ok(NewJobs { answered, begun })
    }

    fn fresh(&self) -> Fresh<'_> {
        Fresh {
            submission: self.submission,
            accept: self.accept,
            publish: self.publish,
            item: self.item,
            content: self.content,
        }
    }

    /// Writes a job down: pending, queued or, where a run has a right to it, taken.
    fn insert_job(&self, target: &Known, right: Option<&Delivering>) -> Done<AnswerJob> {
        let (accept, request, now) = (self.accept, &self.submission.request, self.tx.now);
        let at_once = self.fresh().at_once();
        let state = if at_once {
            JobState::Queued
        } else {
            JobState::Pending
        };
        let sql = "INSERT INTO job (publish, item, destination, lane, generation, action, class, state, due, released_at,
                                    attempts, fence, lease_until, claimed_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
        self.tx.run(
            sql,
            params![
                self.publish.0,
                self.item,
                target.id,
                self.fresh().lane(at(target)),
                accept.generation.0,
                Col(request.action),
                Col(request.class),
                Col(right.map_or(state, |_| JobState::Delivering)),
                now.0,
                at_once.then_some(now.0),
                right.map_or(0, |right| right.attempts),
                right.map_or(0, |right| right.fence.0),
                right.map(|right| right.lease_until.0),
                right.map(|_| now.0),
            ],
        )?;
        self.tx.count_open(1);
        self.tx.did(request.class);
        let job = JobId(self.tx.last_insert_rowid());
        if at_once {
            self.place(job, target.id)?;
        }
        Ok(AnswerJob {
            job_id: job,
            destination: target.name.clone(),
            state,
            pending_reason: Waits::of(&accept.waits).first(),
        })
    }

    fn place(&self, job: JobId, destination: i64) -> Done<()> {
        let placing = Placing {
            job,
            publish: self.publish,
            item: self.item,
            destination,
            generation: self.accept.generation,
            action: self.submission.request.action,
        };
        if self.facts.item.is_none() {
            return desired::put(self.tx, &placing);
        }
        // Nothing newer than the newest accepted generation can have the place.
        place(&mut { self.tx }, &placing).map(drop)
    }

    fn supersede_scheduled(&self, new: &[(i64, AnswerJob)]) -> Done<()> {
        for publish in &self.accept.supersedes {
            for job in jobs::pending(self.tx, *publish)? {
                let by = new
                    .iter()
                    .find(|(destination, _)| *destination == job.destination)
                    .map(|(_, job)| job.job_id);
                supersede(&mut { self.tx }, &job, by)?;
            }
            desired::stop_waiting(self.tx, *publish)?;
        }
        Ok(())
    }
}
