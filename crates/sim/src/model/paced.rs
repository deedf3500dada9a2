//! The daily capacity of a destination, by what the log says began there.
//!
//! Ensures that beginnings are spread evenly: no two are nearer than the capacity allows, but for what waits for
//! nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use slugline_core::event::LogEntry;
use slugline_core::ids::JobId;
use slugline_core::item::Class;
use slugline_core::time::Timestamp;

use super::{Judged, Model, broken};
use crate::faults::Kind;
use crate::plan::Plan;

/// A day, over which a capacity is spread.
const DAY: Duration = Duration::from_secs(86_400);

/// What began last where beginnings are limited.
#[derive(Default)]
pub(crate) struct Paces {
    spacing: BTreeMap<&'static str, Duration>,
    began: BTreeMap<String, Timestamp>,
}

impl Paces {
    /// Those of a plan; none where the store's clock jumps, by which they go.
    pub(super) fn of(plan: &Plan) -> Self {
        let paced = plan.pace.filter(|_| !plan.has(Kind::StoreClock));
        let spacing = paced.map(|(name, capacity)| (name, DAY / capacity));
        Self {
            spacing: spacing.into_iter().collect(),
            began: BTreeMap::new(),
        }
    }
}

impl Model {
    /// A job begins, if it never ran before.
    pub(super) fn judge_pace(&mut self, id: JobId, entry: &LogEntry) -> Judged {
        let Some((job, publish)) = self.publish_of(id).filter(|(job, _)| job.runs == 0) else {
            return Ok(());
        };
        let waits = self.class_of(id, publish) != Class::Urgent && !publish.action.removes();
        let destination = job.destination.clone();
        let Some(spacing) = self.paces.spacing.get(&*destination) else {
            return Ok(());
        };
        let before = self.paces.began.get(&destination);
        if let Some(before) = before.filter(|before| waits && entry.at < before.plus(*spacing)) {
            let what = format!(
                "{id} begins at {destination} at {}, and another began at {before}",
                entry.at
            );
            return broken("P6", what);
        }
        self.paces.began.insert(destination, entry.at);
        Ok(())
    }
}
