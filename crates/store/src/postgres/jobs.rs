//! Jobs: how their rows are locked and written.
//!
//! Ensures that a job is changed only by who has locked its row, and that rows are locked in the order
//! of their ids, so that no two transactions wait for each other.

use std::collections::BTreeMap;

use slugline_core::ids::JobId;
use slugline_core::lifecycle::JobState;
use slugline_core::time::Timestamp;

use super::fault::Done;
use super::write::{Write, columns, write};
use crate::change::Change;
use crate::job::{JobRow, read, select_jobs};
use crate::words::Word;

/// Whether no run holds the lane of job `j`.
macro_rules! lane_is_free {
    () => {
        "NOT EXISTS (SELECT 1 FROM job l WHERE l.destination = j.destination AND l.lane = j.lane AND l.lease_until IS NOT NULL)"
    };
}
pub(crate) use lane_is_free;

/// Locks jobs by their ids, and gives them as they are then.
pub(crate) const LOCK: &str =
    select_jobs!("WHERE j.id = ANY($1) ORDER BY j.id FOR NO KEY UPDATE OF j");

/// Reads the rows of [`LOCK`] and its like.
pub(crate) fn read_all(rows: &[tokio_postgres::Row]) -> Done<Vec<JobRow>> {
    rows.iter().map(read).collect()
}

/// What is written of a job: what it becomes, and what is set besides. What is `None` of the latter
/// stays as it is.
#[derive(Clone, Debug)]
pub(crate) struct Patch {
    state: JobState,
    due: Timestamp,
    attempts: u32,
    lease_until: Option<Timestamp>,
    released_at: Option<Timestamp>,
    live_at: Option<Timestamp>,
    evidence: Option<i16>,
    pub(crate) replaced_by: Option<JobId>,
    failure: Option<String>,
    shown: Option<String>,
}

impl Patch {
    /// The job as it is.
    pub(crate) fn of(job: &JobRow) -> Self {
        Self {
            state: job.state,
            due: job.due,
            attempts: job.attempts,
            lease_until: job.lease_until,
            released_at: job.released_at,
            live_at: None,
            evidence: None,
            replaced_by: None,
            failure: None,
            shown: None,
        }
    }

    /// Takes a change in.
    pub(crate) fn apply(&mut self, change: Change<'_>, now: Timestamp) -> Done<()> {
        // A look may be under way at a job that a person acts on: the lane stays its own.
        if !matches!(
            change,
            Change::Replace(_) | Change::Requeue(_) | Change::Set(_)
        ) {
            self.lease_until = None;
        }
        match change {
            Change::Queue(queued, failure) => {
                self.state = JobState::Queued;
                (self.due, self.attempts) = (queued.due, queued.attempts);
                self.released_at = self.released_at.or(Some(now));
                if let Some(failure) = failure {
                    self.failure = Some(serde_json::to_string(failure)?);
                }
            }
            Change::Fail(failure) => {
                self.state = JobState::Failed;
                self.failure = Some(serde_json::to_string(failure)?);
            }
            Change::Supersede(by) => {
                self.state = JobState::Superseded;
                self.replaced_by = by.or(self.replaced_by);
            }
            Change::Live(evidence, shown) => {
                self.state = JobState::Live;
                self.live_at = Some(now);
                self.evidence = Some(small(evidence));
                self.shown = Some(serde_json::to_string(shown)?);
            }
            Change::LetGo => {}
            Change::Replace(by) => self.replaced_by = Some(by),
            Change::Requeue(queued) => {
                self.state = JobState::Queued;
                (self.due, self.attempts) = (queued.due, queued.attempts);
                self.released_at = Some(now);
            }
            Change::Set(state) => self.state = state,
        }
        Ok(())
    }

    /// Shows it in the job's row, for who looks at it later in the transaction.
    pub(crate) fn show(&self, job: &mut JobRow) {
        job.state = self.state;
        (job.due, job.attempts) = (self.due, self.attempts);
        (job.lease_until, job.released_at) = (self.lease_until, self.released_at);
    }
}

/// A word as a column.
pub(crate) fn small<T: Word>(word: T) -> i16 {
    i16::try_from(word.number()).unwrap_or(-1)
}

/// The statement that writes changed jobs, if there are any.
pub(crate) fn save(patches: &BTreeMap<JobId, Patch>) -> Option<Write<'static>> {
    // 3 is live: what failed before it counts no more.
    let sql = "UPDATE job j
               SET state = c.state, due = c.due, attempts = c.attempts, lease_until = c.lease_until,
                   released_at = coalesce(c.released_at, j.released_at), live_at = coalesce(j.live_at, c.live_at),
                   evidence = coalesce(c.evidence, j.evidence), replaced_by = coalesce(c.replaced_by, j.replaced_by),
                   failure = CASE WHEN c.state = 3 THEN NULL ELSE coalesce(c.failure, j.failure) END,
                   shown = coalesce(c.shown, j.shown)
               FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::int[], $5::bigint[], $6::bigint[],
                           $7::bigint[], $8::smallint[], $9::bigint[], $10::text[], $11::text[])
                    AS c (id, state, due, attempts, lease_until, released_at, live_at, evidence, replaced_by, failure, shown)
               WHERE j.id = c.id";
    if patches.is_empty() {
        return None;
    }
    let times = |of: fn(&Patch) -> Option<Timestamp>| -> Vec<Option<i64>> {
        patches
            .values()
            .map(|patch| of(patch).map(|at| at.0))
            .collect()
    };
    let ids: Vec<i64> = patches.keys().map(|id| id.0).collect();
    let states: Vec<i16> = patches.values().map(|patch| small(patch.state)).collect();
    let due: Vec<i64> = patches.values().map(|patch| patch.due.0).collect();
    let attempts: Vec<i32> = patches
        .values()
        .map(|patch| counted(patch.attempts))
        .collect();
    let evidence: Vec<Option<i16>> = patches.values().map(|patch| patch.evidence).collect();
    let replaced: Vec<Option<i64>> = patches
        .values()
        .map(|patch| patch.replaced_by.map(|job| job.0))
        .collect();
    let failures: Vec<Option<String>> = patches
        .values()
        .map(|patch| patch.failure.clone())
        .collect();
    let shown: Vec<Option<String>> = patches.values().map(|patch| patch.shown.clone()).collect();
    let (leases, released) = (
        times(|patch| patch.lease_until),
        times(|patch| patch.released_at),
    );
    let live = times(|patch| patch.live_at);
    let columns = columns![
        ids, states, due, attempts, leases, released, live, evidence, replaced, failures, shown,
    ];
    Some(write(sql, columns))
}

/// A count as a column.
pub(crate) fn counted(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The statement that writes new jobs, each with the job that has replaced it already, if any.
pub(crate) fn insert(jobs: Vec<(JobRow, Option<JobId>)>) -> Option<Write<'static>> {
    let sql = "INSERT INTO job (id, publish, item, destination, lane, generation, action, class, state, due, released_at, replaced_by, overwrites,
                                attempts, fence, lease_until, claimed_at)
               SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                                    $7::smallint[], $8::smallint[], $9::smallint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::boolean[],
                                    $14::int[], $15::bigint[], $16::bigint[], $17::bigint[])";
    if jobs.is_empty() {
        return None;
    }
    let numbers =
        |of: fn(&JobRow) -> i64| -> Vec<i64> { jobs.iter().map(|(job, _)| of(job)).collect() };
    let words =
        |of: fn(&JobRow) -> i16| -> Vec<i16> { jobs.iter().map(|(job, _)| of(job)).collect() };
    let times = |of: fn(&JobRow) -> Option<Timestamp>| -> Vec<Option<i64>> {
        jobs.iter().map(|(job, _)| of(job).map(|at| at.0)).collect()
    };
    let replaced: Vec<Option<i64>> = jobs.iter().map(|(_, by)| by.map(|job| job.0)).collect();
    let overwrites: Vec<Option<bool>> = jobs.iter().map(|(job, _)| job.overwrites).collect();
    let attempts: Vec<i32> = jobs.iter().map(|(job, _)| counted(job.attempts)).collect();
    Some(write(
        sql,
        columns![
            numbers(|job| job.id.0),
            numbers(|job| job.publish.0),
            numbers(|job| job.item),
            numbers(|job| job.destination),
            numbers(|job| job.lane),
            numbers(|job| job.generation.0),
            words(|job| small(job.action)),
            words(|job| small(job.class)),
            words(|job| small(job.state)),
            numbers(|job| job.due.0),
            times(|job| job.released_at),
            replaced,
            overwrites,
            attempts,
            numbers(|job| job.fence.0),
            times(|job| job.lease_until),
            times(|job| job.claimed_at),
        ],
    ))
}
