//! Jobs as they are kept.
//!
//! Ensures that a job means the same whatever keeps it: the columns that it is read from and their
//! order stand once, beside the function that reads them.

use std::time::Duration;

use slugline_core::ids::{Fence, JobId, PublishId};
use slugline_core::item::{Action, Class, ItemKey};
use slugline_core::lifecycle::{Delivering, JobState, Queued};
use slugline_core::time::Timestamp;
use slugline_core::version::{Generation, Version};

use crate::record::Record;
use crate::words::Waits;

/// A job with what its publish, item and destination say of it.
#[derive(Clone)]
pub(crate) struct JobRow {
    pub(crate) id: JobId,
    pub(crate) publish: PublishId,
    pub(crate) item: i64,
    pub(crate) destination: i64,
    /// What it must not overlap with at its destination.
    pub(crate) lane: i64,
    pub(crate) generation: Generation,
    pub(crate) action: Action,
    pub(crate) class: Class,
    pub(crate) state: JobState,
    pub(crate) due: Timestamp,
    /// When it was queued first.
    pub(crate) released_at: Option<Timestamp>,
    /// When its publish was released.
    pub(crate) published_at: Option<Timestamp>,
    /// Whether it replaces what somebody else made of the entry; as the destination says when `None`.
    pub(crate) overwrites: Option<bool>,
    pub(crate) attempts: u32,
    pub(crate) fence: Fence,
    /// Set while a run holds its lane.
    pub(crate) lease_until: Option<Timestamp>,
    pub(crate) claimed_at: Option<Timestamp>,
    pub(crate) version: Version,
    pub(crate) request_id: String,
    pub(crate) key: ItemKey,
    pub(crate) destination_name: String,
    pub(crate) request_timeout: Duration,
    /// How long an unknown write may take to land; `None` where nothing can be looked at.
    pub(crate) commit_window: Option<Duration>,
    /// What its publish waits for.
    pub(crate) waits: Waits,
    /// What its publish waited for when it was given up.
    pub(crate) held: Waits,
    /// The generation whose body its publish brings back.
    pub(crate) restores: Option<Generation>,
}

/// Selects the columns that [`read`] reads, of the jobs that the condition names.
macro_rules! select_jobs {
    ($($which:tt)*) => {
        concat!(
            "SELECT j.id, j.publish, j.item, j.destination, j.generation, j.action, j.class, j.state, j.due,
                    j.released_at, j.attempts, j.fence, j.lease_until, j.claimed_at, p.version_kind, p.version,
                    p.request_id, i.owner, i.environment, i.content_id, i.locale, d.name, d.request_timeout, d.commit_window, j.lane,
                    p.waits, p.held, p.restores, p.released_at, j.overwrites
             FROM job j JOIN publish p ON p.id = j.publish JOIN item i ON i.id = j.item
                        JOIN destination d ON d.id = j.destination ",
            $($which)*
        )
    };
}
pub(crate) use select_jobs;

/// A job of `select_jobs!`.
pub(crate) fn read<R: Record>(row: &R) -> Result<JobRow, R::Error> {
    let version_kind = row.read(14)?;
    Ok(JobRow {
        id: row.read(0)?,
        publish: row.read(1)?,
        item: row.read(2)?,
        destination: row.read(3)?,
        lane: row.read(24)?,
        generation: row.read(4)?,
        action: row.read(5)?,
        class: row.read(6)?,
        state: row.read(7)?,
        due: row.read(8)?,
        released_at: row.read(9)?,
        published_at: row.read(28)?,
        overwrites: row.read(29)?,
        attempts: row.read(10)?,
        fence: row.read(11)?,
        lease_until: row.read(12)?,
        claimed_at: row.read(13)?,
        version: Version::from_ordinal(version_kind, row.read(15)?),
        request_id: row.read(16)?,
        key: ItemKey {
            owner: row.read(17)?,
            environment: row.read(18)?,
            content_id: row.read(19)?,
            locale: row.read(20)?,
        },
        destination_name: row.read(21)?,
        request_timeout: Duration::from_micros(row.read(22)?),
        commit_window: row.read::<Option<u64>>(23)?.map(Duration::from_micros),
        waits: row.read(25)?,
        held: row.read(26)?,
        restores: row.read(27)?,
    })
}

impl JobRow {
    /// The job as a queued one.
    pub(crate) fn queued(&self) -> Queued {
        Queued {
            attempts: self.attempts,
            due: self.due,
        }
    }

    /// The job as one under a run's lease that ends then.
    pub(crate) fn delivering(&self, lease_until: Timestamp) -> Delivering {
        Delivering {
            attempts: self.attempts,
            fence: self.fence,
            lease_until,
        }
    }
}
