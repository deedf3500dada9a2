//! When intake says "later" (P9).
//!
//! Ensures that thresholds bite for patient classes first, so that a flood of bulk work never shuts
//! out an urgent publish, and that what is refused says when to come back.

use crate::item::Class;
use crate::problem::{Code, Problem};

/// How much may be open before intake asks to come back later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Jobs that are not final. Each costs about 2 KiB of disk and none of memory.
    pub max_open_jobs: u64,
    /// Bytes that must stay free on the disk, so that what was accepted can be settled.
    pub min_free_bytes: u64,
    /// Requests that wait for their commit; more means that the disk does not keep up.
    pub max_waiting: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            max_open_jobs: 2_000_000,
            min_free_bytes: 256 * 1024 * 1024,
            max_waiting: 10_000,
        }
    }
}

/// Seconds after which a full queue is worth another try.
const QUEUE_RETRY_SECONDS: u64 = 10;
/// Seconds after which a full disk is worth another try: a person has to act.
const DISK_RETRY_SECONDS: u64 = 60;
/// Seconds after which a writer that lags is worth another try.
const BUSY_RETRY_SECONDS: u64 = 1;

impl Thresholds {
    /// The refusal for a request of this class under this load, if any.
    #[must_use]
    pub fn refusal(
        &self,
        class: Class,
        open_jobs: u64,
        free_bytes: u64,
        waiting: usize,
    ) -> Option<Problem> {
        if free_bytes < self.min_free_bytes {
            let detail = format!(
                "{} MiB are free, {} MiB must stay free; nothing was stored",
                free_bytes >> 20,
                self.min_free_bytes >> 20
            );
            return Some(Problem::new(Code::DiskLow, detail).retry_after(DISK_RETRY_SECONDS));
        }
        if waiting >= self.max_waiting {
            let detail = format!("{waiting} requests wait to be written; nothing was stored");
            return Some(Problem::new(Code::QueueFull, detail).retry_after(BUSY_RETRY_SECONDS));
        }
        let limit = self.jobs_for(class);
        (open_jobs >= limit).then(|| {
            let detail = format!(
                "{open_jobs} jobs are open; class {} is accepted below {limit}",
                class.as_str()
            );
            Problem::new(Code::QueueFull, detail).retry_after(QUEUE_RETRY_SECONDS)
        })
    }

    fn jobs_for(&self, class: Class) -> u64 {
        let percent = match class {
            Class::Urgent => 100,
            Class::Standard => 95,
            Class::Preview => 85,
            Class::Bulk | Class::Reconcile => 75,
        };
        let share = u128::from(self.max_open_jobs) * percent / 100;
        u64::try_from(share)
            .unwrap_or(u64::MAX)
            .max(self.max_open_jobs.min(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bulk_is_refused_while_urgent_is_accepted() {
        let thresholds = Thresholds {
            max_open_jobs: 1_000,
            ..Thresholds::default()
        };
        let refused = |class, open| thresholds.refusal(class, open, u64::MAX, 0).is_some();
        assert!(
            refused(Class::Bulk, 750)
                && !refused(Class::Standard, 750)
                && !refused(Class::Urgent, 999)
        );
        assert!(refused(Class::Urgent, 1_000));
    }

    #[test]
    fn small_limits_keep_their_shares() {
        let thresholds = Thresholds {
            max_open_jobs: 20,
            ..Thresholds::default()
        };
        let refused = |class, open| thresholds.refusal(class, open, u64::MAX, 0).is_some();
        assert!(!refused(Class::Bulk, 14) && refused(Class::Bulk, 15));
        assert!(!refused(Class::Standard, 18) && refused(Class::Standard, 19));
    }

    #[test]
    fn a_low_disk_refuses_everyone_and_says_when_to_come_back() {
        let problem = Thresholds::default()
            .refusal(Class::Urgent, 0, 1, 0)
            .unwrap();
        assert_eq!(
            (problem.code, problem.retry_after),
            (Code::DiskLow, Some(DISK_RETRY_SECONDS))
        );
    }
}
