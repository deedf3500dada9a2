//! What can happen, one step at a time, and what must be true after each.
//!
//! The nodes' side is followed beside the store: who may still write, which requests are under way,
//! which looks are owed. Each step compares what the product did with it.

use futures_executor::block_on;
use slugline_core::ids::Fence;
use slugline_core::time::Timestamp;
use slugline_engine::ports::Clock;

use super::world::{JOBS, LANES, Row, Rows, TICK, World, want};

pub const NODES: usize = 3;
/// More than there can be.
const ALL: usize = 1_000;

/// One step. The numbers are nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Time passes; whoever does nothing meanwhile is slow, or frozen.
    Tick,
    /// Jobs whose lease ran out are taken back.
    Rescue,
    /// An idle node takes a job.
    Claim,
    /// An idle node takes a second look.
    Look,
    /// A run sends a request, prolonging its lease if it must.
    Send(usize),
    /// A run remembers an effect and forgets it again.
    Record(usize),
    /// A run ends.
    Settle(usize, End),
    /// A node dies, and is back with nothing in its head.
    Crash(usize),
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Live,
    /// It does not know whether its write was carried out, and is tried again.
    Unknown,
    Dead,
}

/// A fault put in on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    None,
    /// Leases are retaken the moment they end.
    RetakesAtOnce,
    /// Runs settle under whatever fence is the job's.
    IgnoresTheFence,
}

/// A run, as its node sees it.
#[derive(Clone)]
pub struct Run {
    pub job: usize,
    pub fence: Fence,
    pub until: i64,
    pub look: bool,
    /// When its request has surely ended: it may leave a request timeout after the look at the lease
    /// (the machine slept in between), and takes one.
    pub flight: Option<i64>,
}

/// What is true beside the store.
#[derive(Clone, Default)]
pub struct Side {
    pub nodes: [Option<Run>; NODES],
    /// Requests of nodes that died: lane and end.
    pub orphans: Vec<(usize, i64)>,
    /// The run that may write for a job: its fence and the end of its lease.
    pub alive: [Option<(i64, i64)>; JOBS],
    pub owed: [bool; JOBS],
    pub fences: [i64; JOBS],
}

/// A world and what is true beside it.
pub struct Play<'w> {
    pub world: &'w World,
    pub side: Side,
    pub sabotage: Sabotage,
    /// Nodes that take jobs.
    pub nodes: usize,
}

pub(super) fn tick() -> i64 {
    i64::try_from(TICK.as_micros()).unwrap()
}

/// An error that says what was broken.
pub(super) fn must(holds: bool, why: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}

impl Play<'_> {
    pub fn now(&self) -> i64 {
        self.world.clock.now().0
    }

    pub fn rows(&self) -> Rows {
        self.world.rows()
    }

    /// What can happen now.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = vec![Step::Tick, Step::Rescue];
        if self.side.nodes.iter().flatten().count() < self.nodes {
            steps.extend([Step::Claim, Step::Look]);
        }
        for (node, run) in self.side.nodes.iter().enumerate() {
            let Some(run) = run else { continue };
            steps.extend([Step::Send(node), Step::Record(node), Step::Crash(node)]);
            steps.push(Step::Settle(node, End::Live));
            if self.may_write(run) {
                steps.push(Step::Settle(node, End::Unknown));
                steps.push(Step::Settle(node, End::Dead));
            }
        }
        steps
    }

    /// Takes a step; what it broke, if it broke something.
    pub fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Tick => self.tick(),
            Step::Rescue => self.rescue()?,
            Step::Claim => self.claim(false)?,
            Step::Look => self.claim(true)?,
            Step::Send(node) => self.send(node)?,
            Step::Record(node) => self.record(node)?,
            Step::Settle(node, end) => self.settle(node, end)?,
            Step::Crash(node) => self.crash(node),
        }
        self.agree(&self.rows())
    }

    /// The store says what must be so.
    fn agree(&self, rows: &Rows) -> Result<(), String> {
        for (job, row) in rows.iter().enumerate() {
            let Row {
                lease_until, fence, ..
            } = *row;
            let lease = self.side.alive[job].map(|(_, until)| until);
            must(lease_until == lease, "a lease is other than it should be")?;
            must(
                fence == self.side.fences[job],
                "a fence is other than it should be",
            )?;
            let owed = row.look_due.is_some();
            must(
                owed == self.side.owed[job],
                "a second look is owed or not, wrongly",
            )?;
            must(row.recorded == 0, "something was recorded for a lost run")?;
        }
        let leased = |lane| {
            let of = |job: &usize| LANES[*job] == lane && rows[*job].lease_until.is_some();
            (0..JOBS).filter(of).count()
        };
        must(
            (0..2).all(|lane| leased(lane) <= 1),
            "two leases in one lane",
        )
    }

    pub(super) fn may_write(&self, run: &Run) -> bool {
        self.side.alive[run.job].is_some_and(|(fence, _)| fence == run.fence.0)
    }

    /// Whether another run's request may be under way in this lane.
    pub(super) fn is_disturbed(&self, lane: usize, but: Option<usize>) -> bool {
        let others = self.side.nodes.iter().enumerate();
        let mut flights = others
            .filter(|(node, _)| Some(*node) != but)
            .filter_map(|(_, run)| run.as_ref().filter(|run| run.flight.is_some()));
        flights.any(|run| LANES[run.job] == lane)
            || self.side.orphans.iter().any(|(at, _)| *at == lane)
    }

    fn tick(&mut self) {
        let now = self.now() + tick();
        self.world.clock.set(Timestamp(now));
        self.side.orphans.retain(|(_, end)| *end >= now);
        for run in self.side.nodes.iter_mut().flatten() {
            run.flight = run.flight.filter(|end| *end >= now);
        }
    }

    fn rescue(&mut self) -> Result<(), String> {
        let now = self.now();
        let patience = match self.sabotage {
            Sabotage::RetakesAtOnce => 0,
            _ => tick(),
        };
        let ahead = Timestamp(now + tick() - patience);
        self.world.clock.set(ahead);
        block_on(self.world.store().rescue(ALL)).unwrap();
        self.world.clock.set(Timestamp(now));
        let rows = self.rows();
        for (job, row) in rows.iter().enumerate() {
            let lost = self.side.alive[job].is_some_and(|(_, until)| until + patience <= now);
            if lost {
                self.side.alive[job] = None;
                self.side.owed[job] = true;
                let in_time = row.look_due.is_some_and(|due| due >= now + tick());
                must(
                    in_time,
                    "the lane of a lost run owes no second look in time",
                )?;
            }
        }
        Ok(())
    }

    fn claim(&mut self, look: bool) -> Result<(), String> {
        let Some(node) = self.side.nodes.iter().position(Option::is_none) else {
            return Ok(());
        };
        let wants = vec![want()];
        let claimed = match look {
            true => block_on(self.world.store().claim_looks(wants)),
            false => block_on(self.world.store().claim(wants)),
        };
        let Some(taken) = claimed.unwrap().jobs.into_iter().next() else {
            return Ok(());
        };
        let run = self.begin(&taken, look);
        must(!look || self.side.owed[run.job], "a look that nobody owes")?;
        must(
            taken.fence.0 > self.side.fences[run.job],
            "a fence did not grow",
        )?;
        must(
            !self.is_disturbed(LANES[run.job], None),
            "a lane was taken while another run's request may be under way",
        )?;
        self.side.fences[run.job] = run.fence.0;
        self.side.alive[run.job] = Some((run.fence.0, run.until));
        self.side.nodes[node] = Some(run);
        Ok(())
    }

    /// All nodes die and then behave: everything comes to its end, or something is stuck. `passed` is
    /// asked at each rest whether this is known to end already.
    pub fn run_out(&mut self, mut passed: impl FnMut(&Self) -> bool) -> Result<(), String> {
        /// Ticks that are more than enough for three jobs, one after the other, with their looks.
        const PATIENCE: usize = 30;
        (0..NODES).for_each(|node| self.crash(node));
        self.side.orphans.clear();
        self.sabotage = Sabotage::None;
        for _ in 0..PATIENCE {
            let rested = |row: &Row| row.state >= 3 && row.look_due.is_none();
            if passed(self) || self.rows().iter().all(rested) {
                return Ok(());
            }
            for step in [
                Step::Rescue,
                Step::Claim,
                Step::Claim,
                Step::Look,
                Step::Look,
            ] {
                self.take(step)?;
            }
            (0..NODES).try_for_each(|node| self.settle(node, End::Live))?;
            self.take(Step::Tick)?;
        }
        Err(format!("stuck for ever: {:?}", self.rows()))
    }
}
