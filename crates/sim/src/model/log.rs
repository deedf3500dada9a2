//! The log, followed by cursor (P8).
//!
//! Ensures that entries are numbered without gaps and stay as they were read, that each is a legal
//! change of what the log said before, and that nothing is released or replaced out of turn.

use std::collections::BTreeSet;
use std::str::FromStr;

use slugline_core::canonical::Fingerprint;
use slugline_core::event::{EventType, LogEntry, stored_text};
use slugline_core::ids::JobId;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;

use super::{Job, Judged, Model, broken};

/// What of the log was read.
#[derive(Default)]
pub(crate) struct Seen {
    /// Digests of the entries, by place: as they were read, and without what an erasure takes.
    digests: Vec<(Fingerprint, Fingerprint)>,
    /// Items whose words were erased.
    pub(super) erased: BTreeSet<ItemKey>,
    /// Jobs that were replaced in the entries read last.
    replaced: Vec<JobId>,
    /// Power was cut: what the last operation did is known only from the log.
    pub(super) recovering: bool,
}

impl Model {
    /// Where the log was read to.
    pub(crate) fn cursor(&self) -> i64 {
        i64::try_from(self.log.digests.len()).unwrap_or(i64::MAX)
    }

    /// Judges the entries after the cursor, all that there are.
    pub(crate) fn judge_log(&mut self, entries: &[LogEntry]) -> Judged {
        for entry in entries {
            if entry.seq != self.cursor() + 1 {
                return broken(
                    "P8",
                    format!("entry {} follows {}", entry.seq, self.cursor()),
                );
            }
            self.log.digests.push((digest(entry), bare_digest(entry)));
            self.judge_entry(entry)?;
        }
        let replaced = std::mem::take(&mut self.log.replaced);
        replaced
            .into_iter()
            .try_for_each(|job| self.judge_replaced(job))
    }

    /// Judges that the entries read before are still there, as they were.
    pub(crate) fn judge_same_log(&self, entries: &[LogEntry]) -> Judged {
        let is_same = |(entry, (whole, bare)): (&LogEntry, &(Fingerprint, Fingerprint))| {
            let may_differ = self.log.erased.contains(&item_in(entry));
            digest(entry) == *whole || may_differ && bare_digest(entry) == *bare
        };
        let same = entries.iter().zip(&self.log.digests).all(is_same);
        match same && entries.len() >= self.log.digests.len() {
            true => Ok(()),
            false => broken(
                "P1",
                format!(
                    "of {} entries of the log that were read, not all are there any more",
                    self.log.digests.len()
                ),
            ),
        }
    }

    /// Whether the log is read after power was cut.
    pub(crate) fn recovers(&mut self, recovering: bool) {
        self.log.recovering = recovering;
    }

    fn judge_entry(&mut self, entry: &LogEntry) -> Judged {
        match entry.kind {
            EventType::Released => self.released(entry),
            EventType::RerunQueued => self.reran(entry),
            EventType::DeliveryStarted => self.started(entry),
            EventType::DeliveryRetry | EventType::DeliveryPutBack => {
                self.moved(entry, &[JobState::Delivering], JobState::Queued)
            }
            EventType::PublishSucceeded => {
                self.note_verified(entry);
                self.went_live(entry)?;
                let from = [JobState::Delivering, JobState::Live, JobState::Failed];
                self.moved(entry, &from, JobState::Live)
            }
            EventType::PublishFailed => {
                self.judge_given_up(entry)?;
                let from = [
                    JobState::Pending,
                    JobState::Queued,
                    JobState::Delivering,
                    JobState::Live,
                    JobState::Failed,
                    JobState::Superseded,
                ];
                self.moved(entry, &from, JobState::Failed)
            }
            EventType::Superseded => {
                self.log.replaced.extend(job_of(entry));
                self.moved(
                    entry,
                    &[JobState::Pending, JobState::Queued, JobState::Delivering],
                    JobState::Superseded,
                )
            }
            EventType::LeaseRescued => self.rescued(entry),
            EventType::Paused | EventType::Resumed => self.paused(entry),
            EventType::ReplayStarted | EventType::ReplayEnded => self.replay(entry),
            EventType::Erased => self.erased(entry),
            EventType::DriftEnded => {
                self.mended(entry);
                Ok(())
            }
            EventType::Retried => self.retried(entry),
            EventType::RolledBack => self.rolled_back(entry),
            EventType::Skipped => self.marked_complete(entry),
            EventType::Cancelled => self.taken_off(entry),
            EventType::JobPaused => self.moved(entry, &[JobState::Queued], JobState::Pending),
            EventType::JobResumed => self.moved(entry, &[JobState::Pending], JobState::Queued),
            EventType::SecondLookDone => {
                self.settled_in_the_dark(entry);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn released(&mut self, entry: &LogEntry) -> Judged {
        let id = text_of(entry, "publish_id");
        let Some((id, publish)) = id.and_then(|id| Some((id, self.publishes.get_mut(&id)?))) else {
            return broken(
                "P8",
                format!("the log releases an unknown publish: {entry:?}"),
            );
        };
        if publish.publish_at.is_some_and(|at| entry.at < at) {
            return broken(
                "P6",
                format!("{id} was released at {}, before its time", entry.at),
            );
        }
        publish.released = true;
        self.judge_release(id)?;
        let waited = |(job_id, job): (&JobId, &mut Job)| {
            let waits = matches!(job.state, JobState::Pending | JobState::Queued);
            let is_its = job.publish == id && waits;
            is_its
                .then(|| job.state = JobState::Queued)
                .map(|()| *job_id)
        };
        let released: Vec<JobId> = self.jobs.iter_mut().filter_map(waited).collect();
        released.into_iter().for_each(|job| self.take_place(job));
        Ok(())
    }

    fn started(&mut self, entry: &LogEntry) -> Judged {
        let Some(job) = job_of(entry) else {
            return broken("P8", format!("a claim without a job: {entry:?}"));
        };
        self.judge_unpaused(job)?;
        self.judge_pace(job, entry)?;
        if let Some(job) = self.jobs.get_mut(&job) {
            job.runs += 1;
        }
        match self.log.recovering {
            true => self.claimed_in_vain(job, entry.at),
            false => self.claim_logged(job)?,
        }
        match entry.outcome.as_str() {
            "started" => self.moved(entry, &[JobState::Queued], JobState::Delivering),
            _ => Ok(()),
        }
    }

    fn rescued(&mut self, entry: &LogEntry) -> Judged {
        let Some(job) = job_of(entry) else {
            return broken("P8", format!("a rescue without a job: {entry:?}"));
        };
        self.taken_back(job, entry.at)?;
        match self.jobs.get(&job).map(|job| job.state) {
            Some(JobState::Delivering) => {
                self.moved(entry, &[JobState::Delivering], JobState::Queued)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn moved(&mut self, entry: &LogEntry, from: &[JobState], to: JobState) -> Judged {
        self.settled_in_the_dark(entry);
        let id = job_of(entry);
        let Some((id, job)) = id.and_then(|id| Some((id, self.jobs.get_mut(&id)?))) else {
            return broken("P8", format!("an entry about an unknown job: {entry:?}"));
        };
        if !from.contains(&job.state) {
            return broken(
                "P8",
                format!(
                    "{id} goes from {:?} to {to:?} with {:?}",
                    job.state, entry.kind
                ),
            );
        }
        job.state = to;
        Ok(())
    }

    /// A settlement that was cut off ends its right as well.
    fn settled_in_the_dark(&mut self, entry: &LogEntry) {
        if let Some(job) = job_of(entry)
            .filter(|_| self.log.recovering && entry.kind != EventType::DeliveryStarted)
        {
            self.let_go(job);
        }
    }

    /// A job may only be replaced by a newer generation that is released to its destination, or while
    /// it still waits.
    fn judge_replaced(&self, id: JobId) -> Judged {
        let Some((job, publish)) = self.publish_of(id) else {
            return broken("P8", format!("{id} was replaced and is unknown"));
        };
        let newest = self
            .desired(&publish.item, &job.destination)
            .map(|newest| newest.generation);
        if newest > Some(publish.generation) || publish.replaced {
            return Ok(());
        }
        broken(
            "P6",
            format!(
                "{id} of generation {} was replaced, and the newest that is released is {newest:?}",
                publish.generation
            ),
        )
    }
}

fn digest(entry: &LogEntry) -> Fingerprint {
    Fingerprint::of_bytes(stored_text(entry).as_bytes())
}

/// Of what of an entry stays when its item's words are erased.
fn bare_digest(entry: &LogEntry) -> Fingerprint {
    let about = (job_of(entry).map(|id| id.0), item_in(entry));
    Fingerprint::of(&(
        entry.kind,
        entry.at,
        &entry.actor,
        &entry.outcome,
        &entry.request_id,
        about,
    ))
}

/// The item that an entry is about.
pub(super) fn item_in(entry: &LogEntry) -> ItemKey {
    let text = |name| text_of::<String>(entry, name).unwrap_or_default();
    ItemKey {
        owner: text("owner"),
        environment: text("environment"),
        content_id: entry.content_id.clone(),
        locale: text("locale"),
    }
}

/// The job that an entry is about.
pub(super) fn job_of(entry: &LogEntry) -> Option<JobId> {
    text_of(entry, "job_id")
}

pub(super) fn text_of<T: FromStr>(entry: &LogEntry, name: &str) -> Option<T> {
    entry.detail.get(name)?.as_str()?.parse().ok()
}
