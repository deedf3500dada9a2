//! What people made of what had drifted.
//!
//! Ensures that nothing is taken for the baseline but what somebody saw (P3), and that what a person had repaired may
//! overwrite, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use slugline_core::event::LogEntry;
use slugline_core::ids::JobId;
use slugline_core::item::ItemKey;
use slugline_core::version::Generation;
use slugline_engine::store::DriftedView;

use super::log::{job_of, text_of};
use super::{Judged, Model, broken};
use crate::menders::ACTOR;

/// What people mended.
#[derive(Default)]
pub(crate) struct Mended {
    /// What was taken for the baseline at a place, and of which generation.
    baselines: BTreeMap<(ItemKey, String), (Generation, String)>,
    /// Jobs that a person asked for, who had seen what was there.
    asked_for: BTreeSet<JobId>,
}

impl Model {
    /// The log says that what had drifted is as desired again, or was adopted.
    pub(super) fn mended(&mut self, entry: &LogEntry) {
        let job = job_of(entry).filter(|_| entry.outcome == "adopted");
        let fingerprint = text_of::<String>(entry, "fingerprint");
        let found = job.and_then(|job| self.publish_of(job));
        if let (Some((job, publish)), Some(fingerprint)) = (found, fingerprint) {
            let place = (publish.item.clone(), job.destination.clone());
            let baseline = (publish.generation, fingerprint);
            self.mended.baselines.insert(place, baseline);
        }
    }

    /// Judges what the store took for the baseline.
    pub(crate) fn judge_adopted(&self, seen: &[DriftedView], adopted: &[bool]) -> Judged {
        for (seen, _) in seen.iter().zip(adopted).filter(|(_, adopted)| **adopted) {
            let place = (seen.item(), seen.destination.clone());
            let baseline = self.mended.baselines.get(&place);
            let taken = baseline.map(|(_, fingerprint)| fingerprint);
            if taken != seen.seen_fingerprint.as_ref() {
                let what = format!("{taken:?} is taken for the baseline, and {seen:?} was seen");
                return broken("P3", what);
            }
        }
        Ok(())
    }

    /// Whether what is there may differ, as somebody adopted it.
    pub(super) fn was_adopted(&self, place: &(ItemKey, String), generation: Generation) -> bool {
        let baseline = self.mended.baselines.get(place);
        baseline.is_some_and(|(adopted, _)| *adopted == generation)
    }

    /// The log says that a generation runs again: perhaps because a person wants it so.
    pub(super) fn note_who_asks(&mut self, job: JobId, entry: &LogEntry) {
        if entry.actor == ACTOR {
            self.mended.asked_for.insert(job);
        }
    }

    /// Whether a person asked for a job, who had seen what was there.
    pub(super) fn is_asked_for(&self, job: JobId) -> bool {
        self.mended.asked_for.contains(&job)
    }
}
