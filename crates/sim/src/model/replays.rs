//! What runs again by replays, by what the log says of them.
//!
//! Ensures that a replay is about what fits its filter and was accepted before it began, and nothing that comes later;
//! that a dry run queues nothing; that no signal which was acknowledged goes out again unless just that was asked for
//! (P2); that no more are queued a minute than its rate allows, and after its end no more than was on its way; and
//! that its report adds up (P8).

use std::collections::{BTreeMap, BTreeSet};

use slugline_core::event::{EventType, LogEntry};
use slugline_core::ids::{JobId, PublishId, ReplayId};
use slugline_core::lifecycle::JobState;
use slugline_core::replay::{Mode, Relevance, batch, pause};
use slugline_core::time::Timestamp;
use slugline_engine::store::{ReplayFilter, ReplayState, ReplayTargetView, ReplayView};

use super::log::text_of;
use super::{AT_HOOK, Judged, Model, broken};
use crate::faults::Kind;
use crate::plan::Plan;

/// More than a replay's step decides on, whatever its rate.
const STEP: usize = 100;

/// The replays that there are.
#[derive(Default)]
pub(crate) struct Replays {
    known: BTreeMap<ReplayId, Replay>,
    nodes: usize,
    /// Whether their times say how fast they are: not where clocks jump, nor where nodes stand still and go on.
    judges_rate: bool,
}

struct Replay {
    owner: String,
    filter: ReplayFilter,
    mode: Mode,
    dry_run: bool,
    rate: u64,
    /// What was accepted before it began.
    before: BTreeSet<PublishId>,
    ended: bool,
    /// The last step that queued something, and how many.
    step: Option<(Timestamp, u64)>,
    jobs: BTreeSet<JobId>,
    after_end: usize,
}

impl Replays {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            known: BTreeMap::new(),
            nodes: plan.nodes as usize,
            judges_rate: !plan.has(Kind::StoreClock) && !plan.has(Kind::Freeze),
        }
    }
}

impl Model {
    /// The log says that a replay began, or ended.
    pub(super) fn replay(&mut self, entry: &LogEntry) -> Judged {
        let Some(id) = text_of::<ReplayId>(entry, "replay_id") else {
            return broken("P8", format!("a replay without a name: {entry:?}"));
        };
        if entry.kind == EventType::ReplayEnded {
            return match self.replays.known.get_mut(&id) {
                Some(replay) if !replay.ended => {
                    replay.ended = true;
                    Ok(())
                }
                _ => broken("P8", format!("{id} ends, and was not under way")),
            };
        }
        let of = |name: &str| entry.detail.get(name).cloned().unwrap_or_default();
        let (filter, mode) = (
            serde_json::from_value(of("filter")),
            serde_json::from_value(of("mode")),
        );
        let (Ok(filter), Ok(mode), Some(rate)) = (filter, mode, of("rate").as_u64()) else {
            return broken("P8", format!("it is not said what is replayed: {entry:?}"));
        };
        let owner = text_of::<String>(entry, "owner").unwrap_or_default();
        let dry_run = of("dry_run") == true;
        let mut others = self.replays.known.iter();
        let other = others.find(|(_, other)| other.owner == owner && !other.ended);
        // One that has nothing to do has ended at once.
        let ends_at_once = dry_run || of("total") == 0;
        if let (Some((other, _)), false) = (other, ends_at_once) {
            return broken("P6", format!("{id} begins beside {other}"));
        }
        let replay = Replay {
            owner,
            filter,
            mode,
            dry_run,
            rate,
            before: self.publishes.keys().copied().collect(),
            ended: false,
            step: None,
            jobs: BTreeSet::new(),
            after_end: 0,
        };
        self.replays.known.insert(id, replay);
        Ok(())
    }

    /// The log says that a generation is to run again, by a replay perhaps; its job has no place yet.
    pub(super) fn replayed(
        &mut self,
        entry: &LogEntry,
        (job, destination): (JobId, &str),
        id: PublishId,
    ) -> Judged {
        let Some(publish) = self.publishes.get(&id) else {
            return Ok(());
        };
        let place = (publish.item.clone(), destination.to_owned());
        let last = self.places.get(&place).and_then(|id| self.jobs.get(id));
        let last = last.map(|job| job.state);
        let cause = text_of::<ReplayId>(entry, "cause");
        let (nodes, judges_rate) = (self.replays.nodes, self.replays.judges_rate);
        let Some((cause, replay)) =
            cause.and_then(|id| Some((id, self.replays.known.get_mut(&id)?)))
        else {
            return Ok(());
        };
        let (filter, item) = (&replay.filter, &publish.item);
        let is = |wanted: &Option<String>, own: &str| wanted.as_ref().is_none_or(|it| it == own);
        let fits = replay.owner == item.owner
            && is(&filter.content_id, &item.content_id)
            && is(&filter.environment, &item.environment)
            && is(&filter.destination, destination);
        if !fits || !replay.before.contains(&id) {
            return broken("P6", format!("{cause} is not about {id} at {destination}"));
        }
        if replay.dry_run {
            return broken("P6", format!("{cause} is a dry run and queues {job}"));
        }
        let was_sent = destination == AT_HOOK && last == Some(JobState::Live);
        if was_sent && replay.mode == Mode::Current {
            return broken(
                "P2",
                format!("{cause} sends {id} again, which was acknowledged"),
            );
        }
        if replay.ended {
            replay.after_end += 1;
            if replay.after_end > nodes * batch(replay.rate, STEP) {
                return broken("P6", format!("{cause} has ended and queues {job}"));
            }
        }
        match &mut replay.step {
            Some((at, queued)) if *at == entry.at => *queued += 1,
            step => {
                let next = step.map(|(at, queued)| at.plus(pause(replay.rate, queued)));
                if judges_rate && next.is_some_and(|next| entry.at < next) {
                    let what = format!("{cause} queues {job} at {}, not before {next:?}", entry.at);
                    return broken("P9", what);
                }
                *step = Some((entry.at, 1));
            }
        }
        replay.jobs.insert(job);
        Ok(())
    }

    /// Whether one has not ended.
    pub(crate) fn has_running_replay(&self) -> bool {
        self.replays.known.values().any(|replay| !replay.ended)
    }

    /// Those that have not ended: owner and id.
    pub(crate) fn running_replays(&self) -> Vec<(String, ReplayId)> {
        let running = self.replays.known.iter();
        let running = running.filter(|(_, replay)| !replay.ended);
        running
            .map(|(id, replay)| (replay.owner.clone(), *id))
            .collect()
    }

    /// All that there were: owner and id.
    pub(crate) fn all_replays(&self) -> Vec<(String, ReplayId)> {
        let all = self.replays.known.iter();
        all.map(|(id, replay)| (replay.owner.clone(), *id))
            .collect()
    }

    /// Judges what people are told of a replay that has ended.
    pub(crate) fn judge_report(&self, view: &ReplayView, targets: &[ReplayTargetView]) -> Judged {
        let id = view.replay_id;
        let Some(replay) = self.replays.known.get(&id) else {
            return broken("P8", format!("{id} is unknown"));
        };
        let record = &view.record;
        let counted: u64 = record.counts.values().sum();
        let total = targets.len() as u64;
        let is_whole = record.total == total && counted == total;
        let is_done = view.state != ReplayState::Done || replay.dry_run || record.done == total;
        if !is_whole || !is_done || total > record.limit {
            return broken("P8", format!("it does not add up: {view:?} of {total}"));
        }
        let places: BTreeSet<i64> = targets.iter().map(|target| target.place).collect();
        if places.len() != targets.len() {
            return broken("P8", format!("{id} has two events at one place"));
        }
        let is_queued = |target: &&ReplayTargetView| {
            target.relevance == Relevance::Relevant && target.job_id.is_some()
        };
        let mut queued = targets.iter().filter(is_queued);
        let stranger = |target: &&ReplayTargetView| {
            target.job_id.is_none_or(|job| !replay.jobs.contains(&job))
        };
        match queued.find(stranger) {
            Some(target) => broken("P8", format!("{id} did not queue {target:?}")),
            None => Ok(()),
        }
    }
}
