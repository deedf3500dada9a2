//! Jobs that are taken for a run in the transaction that accepts them.
//!
//! Ensures that such a job, what the log says of it and what its run is given are the same as if it had been queued and then
//! claimed, and that nothing begins so where a claim might have had to hold it back. Saves a commit, and a look into the
//! queue, for most of what comes while nothing waits.

use std::time::Duration;

use slugline_core::answer::AnswerJob;
use slugline_core::event::EventType;
use slugline_core::ids::{Fence, JobId, PublishId};
use slugline_core::intake::{Accept, Submission};
use slugline_core::lane::{Lane, LaneScope};
use slugline_core::lifecycle::{Delivering, JobState};
use slugline_core::time::Timestamp;
use slugline_engine::store::ClaimedJob;

use crate::accepting::waits;
use crate::entry::{Dated, Entry};
use crate::job::JobRow;
use crate::task::{Body, Task};
use crate::words::Waits;

/// A publish that is being accepted.
#[derive(Clone, Copy)]
pub(crate) struct Fresh<'a> {
    pub(crate) submission: &'a Submission,
    pub(crate) accept: &'a Accept,
    pub(crate) publish: PublishId,
    pub(crate) item: i64,
    /// The number that the item's locales share.
    pub(crate) content: i64,
}

/// A destination of it.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) id: i64,
    pub(crate) name: &'a str,
    pub(crate) lane: LaneScope,
    /// Whether publishes begin there at any time.
    pub(crate) any_time: bool,
}

impl Fresh<'_> {
    /// Whether nothing holds it back.
    pub(crate) fn at_once(&self) -> bool {
        self.accept.waits.is_empty()
    }

    /// Its lane at a destination.
    pub(crate) fn lane(&self, at: At<'_>) -> i64 {
        Lane::of(at.lane, at.id, self.item, self.content).key
    }

    /// For how long a run has its job at a destination, if one begins at once. `is_new`: so is its item.
    ///
    /// An item that is new has nothing there and nothing on its way, so its run needs nothing that is not known here, and
    /// a lane of its own (its number, or that of the content whose first locale it is, negated) is free.
    pub(crate) fn begins(&self, at: At<'_>, is_new: bool) -> Option<Duration> {
        let is_own = self.lane(at).abs() == self.item;
        let is_ready = self.submission.is_ready() && self.at_once();
        let begins = is_new && is_own && is_ready && at.any_time;
        self.submission.offered(at.name).filter(|_| begins)
    }

    /// Its job at a destination, queued or pending.
    pub(crate) fn job(&self, id: JobId, at: At<'_>, now: Timestamp) -> JobRow {
        let (request, accept, at_once) = (&self.submission.request, self.accept, self.at_once());
        JobRow {
            id,
            publish: self.publish,
            item: self.item,
            destination: at.id,
            lane: self.lane(at),
            generation: accept.generation,
            action: request.action,
            class: request.class,
            state: match at_once {
                true => JobState::Queued,
                false => JobState::Pending,
            },
            due: now,
            released_at: at_once.then_some(now),
            published_at: at_once.then_some(now),
            overwrites: None,
            attempts: 0,
            fence: Fence(0),
            lease_until: None,
            claimed_at: None,
            version: accept.version,
            request_id: self.submission.key.clone(),
            key: self.submission.item.clone(),
            destination_name: at.name.to_owned(),
            request_timeout: Duration::ZERO,
            commit_window: None,
            waits: waits(accept),
            held: Waits::default(),
            restores: self.submission.restores(),
        }
    }

    /// A job that is taken for so long, as its run is given it; `Err` says what is missing.
    pub(crate) fn task(&self, taken: Taken) -> Result<ClaimedJob, String> {
        let Taken { job, right, lease } = taken;
        let payload = self.submission.request.payload.clone();
        let task = Task {
            body: payload.map(|payload| Body {
                slug: self.accept.slug.clone().unwrap_or_default(),
                payload,
                media: self.submission.media.clone().unwrap_or_default(),
            }),
            ..Task::default()
        };
        task.of(job, &right, lease, None)
    }
}

/// The jobs of a publish that is being accepted.
pub(crate) struct NewJobs {
    /// All of them as the answer has them, with their destinations' numbers.
    pub(crate) answered: Vec<(i64, AnswerJob)>,
    /// Those that were taken for runs.
    pub(crate) begun: Vec<ClaimedJob>,
}

/// A queued job that a run takes.
pub(crate) struct Taken {
    pub(crate) job: JobRow,
    pub(crate) right: Delivering,
    pub(crate) lease: Duration,
}

impl Taken {
    /// Takes it for so long.
    pub(crate) fn of(job: JobRow, lease: Duration, now: Timestamp) -> Self {
        let right = job.queued().claim(job.fence, now.plus(lease));
        Self { job, right, lease }
    }

    /// The job's row from now on.
    pub(crate) fn row(&self, now: Timestamp) -> JobRow {
        JobRow {
            state: JobState::Delivering,
            attempts: self.right.attempts,
            fence: self.right.fence,
            lease_until: Some(self.right.lease_until),
            claimed_at: Some(now),
            ..self.job.clone()
        }
    }
}

/// What the log says when a run takes a job, as it was before.
pub(crate) fn started<'a>(at: &impl Dated, job: &'a JobRow, right: &Delivering) -> Entry<'a> {
    let entry = Entry::of_job(at, EventType::DeliveryStarted, "started", job);
    entry.detail("attempt", right.attempts)
}
