//! What operations change, whatever keeps it.
//!
//! Ensures that a transition of a job, with its entry in the log, its place in desired state and what
//! it leaves in doubt, is the same in every store. A store says how each single change is written
//! ([`Ledger`]); which changes follow from what is here and in `slugline_core`.

pub(crate) mod control;
pub(crate) mod dependency;
pub(crate) mod desired;
pub(crate) mod jobs;
pub(crate) mod operator;
pub(crate) mod release;
pub(crate) mod rerun;
pub(crate) mod rescue;
pub(crate) mod settle;

use slugline_core::connector::Shown;
use slugline_core::failure::Failure;
use slugline_core::ids::{JobId, PublishId};
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::{Evidence, JobState, Queued};
use slugline_core::time::Timestamp;
use slugline_core::version::Generation;
use slugline_engine::store::Found;

use crate::entry::{Dated, Entry};
use crate::job::JobRow;
use desired::{Desired, Placing};
use operator::Note;
use settle::Run;

/// A change of a job's row.
pub(crate) enum Change<'a> {
    /// Queued: released, taken back, or to be tried again. A failure that is not given stays.
    Queue(&'a Queued, Option<&'a Failure>),
    /// A dead letter.
    Fail(&'a Failure),
    /// A newer generation has its place, with this job if it is known.
    Supersede(Option<JobId>),
    /// As desired.
    Live(Evidence, &'a Shown),
    /// Its lane is free; it stays as it is.
    LetGo,
    /// A newer generation has its place; it stays as it is.
    Replace(JobId),
    /// Queued by a person: its deadline counts anew.
    Requeue(&'a Queued),
    /// A person's: its state, and nothing else.
    Set(JobState),
}

/// One transaction, as what happens in it is written down.
pub(crate) trait Ledger: Dated {
    /// Why writing or reading did not work.
    type Fault;

    /// Changes a job's row, and ends its lease; but for [`Change::Replace`], and for what people change
    /// ([`Change::Requeue`], [`Change::Set`]): a look may be under way then, and the lane is its own.
    fn change(&mut self, job: &JobRow, change: Change<'_>) -> Result<(), Self::Fault>;

    /// Writes an entry into the log.
    fn log(&mut self, entry: Entry<'_>) -> Result<(), Self::Fault>;

    /// Notes that open jobs appeared (positive) or ended (negative).
    fn count_open(&mut self, jobs: i64);

    /// Notes that jobs may have become due, or lanes free.
    fn nudge(&mut self);

    /// Keeps a run in its job's history.
    fn keep_run(&mut self, job: &JobRow, run: &Run<'_>) -> Result<(), Self::Fault>;

    /// Ends the holds of a job's run.
    fn end_holds(&mut self, job: JobId) -> Result<(), Self::Fault>;

    /// What is desired of an item at a destination.
    fn desired(&mut self, item: i64, destination: i64) -> Result<Option<Desired>, Self::Fault>;

    /// Writes what is desired, whatever was before; what was shown stays.
    fn desire(&mut self, placing: &Placing) -> Result<(), Self::Fault>;

    /// Notes that a run verified its generation as shown, unless a newer one was shown already: it has not
    /// drifted then.
    fn show(&mut self, job: &JobRow) -> Result<(), Self::Fault>;

    /// Notes that something may have been written since it was last verified.
    fn disturb(&mut self, job: &JobRow) -> Result<(), Self::Fault>;

    /// Notes that a second look is owed, not before `due`; a later one that is owed already stays.
    fn owe_look(&mut self, job: &JobRow, due: Timestamp) -> Result<(), Self::Fault>;

    /// Notes that a look which could not look is due again then, whatever it is for.
    fn look_later(&mut self, job: &JobRow, due: Timestamp) -> Result<(), Self::Fault>;

    /// The look that was due when its run took the lane is done; one that was asked for since stays.
    fn pay_look(&mut self, job: &JobRow) -> Result<(), Self::Fault>;

    /// Notes how what is shown differs from what is desired, or that it does not. Since when stays while
    /// the kind does.
    fn drift(&mut self, job: &JobRow, found: Option<&Found>) -> Result<(), Self::Fault>;

    /// A job that desired state names.
    fn job(&mut self, id: JobId) -> Result<Option<JobRow>, Self::Fault>;

    /// The pending jobs of a publish, oldest first.
    fn pending(&mut self, publish: PublishId) -> Result<Vec<JobRow>, Self::Fault>;

    /// An item's pending jobs at a destination that carry a lower generation.
    fn pending_below(
        &mut self,
        item: i64,
        destination: i64,
        generation: Generation,
    ) -> Result<Vec<JobRow>, Self::Fault>;

    /// A publish none of whose jobs is pending any more waits for nothing.
    fn stop_waiting(&mut self, publish: PublishId) -> Result<(), Self::Fault>;

    /// A publish stops waiting without having got what it waited for; that is remembered.
    fn give_up_waiting(&mut self, publish: PublishId) -> Result<(), Self::Fault>;

    /// A publish that was given up waits again for what it waited for.
    fn wait_again(&mut self, publish: PublishId) -> Result<(), Self::Fault>;

    /// Keeps what a person says of a job.
    fn note(&mut self, job: &JobRow, note: &Note<'_>) -> Result<(), Self::Fault>;

    /// A publish that still waits is not looked at before this time.
    fn look_again(&mut self, publish: PublishId, at: Timestamp) -> Result<(), Self::Fault>;

    /// A content shows something new: publishes that wait for it, if there are any, are looked at again.
    fn arrive(&mut self, key: &ItemKey) -> Result<(), Self::Fault>;

    /// A publish waits for nothing any more; `released`: some of its jobs are queued.
    fn end_waiting(&mut self, publish: PublishId, released: bool) -> Result<(), Self::Fault>;
}
