//! What people do with jobs.
//!
//! Ensures that an action is written down with who took it and why, in the transaction that carries it
//! out. What is allowed is in `slugline_core::operator`.

use slugline_core::event::EventType;
use slugline_core::lifecycle::{JobState, Queued};
use slugline_core::operator::{JobAction, JobFacts, JobStep, act};
use slugline_core::problem::Problem;
use slugline_engine::store::{JobOrder, NoteKind};

use super::desired::{Placing, place};
use super::{Change, Ledger, jobs};
use crate::entry::Entry;
use crate::job::JobRow;
use crate::words::Waits;

/// What a person says.
pub(crate) struct Note<'a> {
    pub(crate) kind: NoteKind,
    pub(crate) actor: &'a str,
    pub(crate) text: &'a str,
}

/// Does what a person orders, or says why not; the job's state then.
pub(crate) fn carry_out<L: Ledger>(
    ledger: &mut L,
    job: &JobRow,
    order: &JobOrder,
) -> Result<Result<JobState, Problem>, L::Fault> {
    let step = match act(&facts(ledger, job)?, order.action, order.runs) {
        Ok(step) => step,
        Err(problem) => return Ok(Err(problem)),
    };
    let state = take(ledger, job, step)?;
    let (kind, note) = match order.action {
        JobAction::Retry => (EventType::Retried, NoteKind::Reason),
        JobAction::Skip => (EventType::Skipped, NoteKind::Reason),
        JobAction::Cancel => (EventType::Cancelled, NoteKind::Reason),
        JobAction::Pause => (EventType::JobPaused, NoteKind::Reason),
        JobAction::Resume => (EventType::JobResumed, NoteKind::Reason),
        JobAction::Escalate => (EventType::Escalated, NoteKind::Escalation),
    };
    let entry = Entry::of_job(ledger, kind, state.as_str(), job);
    ledger.log(entry.actor(&order.actor))?;
    if let Some(text) = &order.note {
        let (kind, actor) = (note, order.actor.as_str());
        ledger.note(job, &Note { kind, actor, text })?;
    }
    Ok(Ok(state))
}

/// Whether an answer says that a job ended by it: its generation may have been taken back.
pub(crate) fn takes_back(answer: &Result<JobState, Problem>) -> bool {
    matches!(answer, Ok(JobState::Cancelled | JobState::Skipped))
}

fn facts<L: Ledger>(ledger: &mut L, job: &JobRow) -> Result<JobFacts, L::Fault> {
    let desired = ledger.desired(job.item, job.destination)?;
    let other = desired.filter(|desired| desired.job != job.id);
    Ok(JobFacts {
        state: job.state,
        released: job.released_at.is_some(),
        runs: job.fence,
        generation: job.generation,
        replaced_by: other.map(|desired| desired.generation),
        waits: job.waits != Waits::default(),
        gave_up: job.held != Waits::default(),
    })
}

fn take<L: Ledger>(ledger: &mut L, job: &JobRow, step: JobStep) -> Result<JobState, L::Fault> {
    match step {
        JobStep::Queue => queue(ledger, job),
        JobStep::Place => match place(ledger, &Placing::of(job))? {
            // The facts say otherwise; were they wrong, nothing would be lost.
            Some(newer) => {
                ledger.change(job, Change::Supersede(Some(newer)))?;
                Ok(JobState::Superseded)
            }
            None => queue(ledger, job),
        },
        JobStep::Wait { anew } => {
            if anew {
                ledger.wait_again(job.publish)?;
            }
            reopen(ledger, job);
            set(ledger, job, JobState::Pending)
        }
        JobStep::Hold => set(ledger, job, JobState::Pending),
        JobStep::End(state) => {
            set(ledger, job, state)?;
            jobs::ended(ledger, job)?;
            ledger.stop_waiting(job.publish)?;
            Ok(state)
        }
        JobStep::Note => Ok(job.state),
    }
}

fn queue<L: Ledger>(ledger: &mut L, job: &JobRow) -> Result<JobState, L::Fault> {
    let due = ledger.now();
    reopen(ledger, job);
    ledger.change(job, Change::Requeue(&Queued { attempts: 0, due }))?;
    ledger.nudge();
    Ok(JobState::Queued)
}

fn set<L: Ledger>(ledger: &mut L, job: &JobRow, state: JobState) -> Result<JobState, L::Fault> {
    ledger.change(job, Change::Set(state))?;
    Ok(state)
}

/// Counts a job in that had ended.
fn reopen<L: Ledger>(ledger: &mut L, job: &JobRow) {
    if job.state.is_final() {
        ledger.count_open(1);
    }
}
