//! What a run does: it sends, records, settles or dies, and what must be true of each.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_executor::block_on;
use slugline_core::connector::Shown;
use slugline_core::failure::Failure;
use slugline_core::http::{Method, Request, SendError};
use slugline_core::ids::{Fence, JobId};
use slugline_core::item::Class;
use slugline_core::lifecycle::{Evidence, Verdict};
use slugline_core::port::{EffectKey, Port};
use slugline_core::reason::Reason;
use slugline_engine::delivery::{Desk, Grant};
use slugline_engine::ports::Clock;
use slugline_engine::store::{ClaimedJob, Hold, Settlement};

use super::steps::{End, Play, Run, Sabotage, must, tick};
use super::world::{LANES, LEASE, TICK};

const URL: &str = "http://d.test/";

fn lease() -> i64 {
    i64::try_from(LEASE.as_micros()).unwrap()
}

impl Play<'_> {
    pub(super) fn begin(&self, taken: &ClaimedJob, look: bool) -> Run {
        let is_it = |job: &JobId| *job == taken.job;
        Run {
            job: self.world.jobs.iter().position(is_it).unwrap(),
            fence: taken.fence,
            until: self.now() + lease(),
            look,
            flight: None,
        }
    }

    /// The run's desk; all that it must know is what the run knows.
    fn desk(&self, run: &Run) -> Desk {
        let grant = Grant {
            job: self.world.jobs[run.job],
            fence: run.fence,
            lease: LEASE,
            // The node's clock is the store's here.
            until: Duration::from_micros(run.until.unsigned_abs()),
        };
        Desk::new(
            self.world.shared.clone(),
            self.world.destination.clone(),
            Class::Standard,
            grant,
            BTreeMap::new(),
        )
    }

    pub(super) fn send(&mut self, node: usize) -> Result<(), String> {
        let Some(mut run) = self.side.nodes[node].clone() else {
            return Ok(());
        };
        let (now, before) = (self.now(), self.rows());
        let outcome = block_on(self.desk(&run).send(Request::new(Method::Post, URL)));
        if self.world.wire.took_one() {
            must(self.may_write(&run), "a lost run sent a request")?;
            must(
                !self.is_disturbed(LANES[run.job], Some(node)),
                "two runs' requests are under way in one lane",
            )?;
        } else {
            must(
                outcome == Err(SendError::LeaseLost),
                "it did not send, nor say why",
            )?;
            must(!self.may_write(&run), "a run with a lease could not send")?;
            must(self.rows() == before, "a lost run prolonged a lease")?;
            self.side.nodes[node] = None;
            return Ok(());
        }
        if self.rows()[run.job].lease_until != before[run.job].lease_until {
            run.until = now + lease();
            self.side.alive[run.job] = Some((run.fence.0, run.until));
        }
        run.flight = Some(now + 2 * tick());
        self.side.nodes[node] = Some(run);
        Ok(())
    }

    pub(super) fn record(&mut self, node: usize) -> Result<(), String> {
        let Some(run) = self.side.nodes[node].clone() else {
            return Ok(());
        };
        let (alive, desk) = (self.may_write(&run), self.desk(&run));
        let key = EffectKey::Item("entry");
        let kept = block_on(desk.remember(&key, "17"));
        must(kept.is_ok() == alive, "who may record and who did differ")?;
        if alive {
            return must(block_on(desk.forget(&key)).is_ok(), "it could not forget");
        }
        let hold = Hold {
            job: self.world.jobs[run.job],
            fence: run.fence,
            key: EffectKey::Shared("media", "x".into()),
        };
        let held = block_on(self.world.store().hold(vec![hold])).unwrap();
        must(held == [false], "a lost run took hold of a shared thing")?;
        self.side.nodes[node] = None;
        Ok(())
    }

    pub(super) fn settle(&mut self, node: usize, end: End) -> Result<(), String> {
        let Some(run) = self.side.nodes[node].take() else {
            return Ok(());
        };
        let (alive, before) = (self.may_write(&run), self.rows());
        let mut settlement = self.settlement(&run, end);
        if self.sabotage == Sabotage::IgnoresTheFence {
            settlement.fence = Fence(before[run.job].fence);
        }
        let again = settlement.clone();
        let settled = block_on(self.world.store().settle(vec![settlement])).unwrap();
        must(settled == [alive], "who may settle and who did differ")?;
        if !alive {
            return must(self.rows() == before, "a lost run changed something");
        }
        let again = block_on(self.world.store().settle(vec![again])).unwrap();
        must(again == [false], "a run settled twice")?;
        self.side.alive[run.job] = None;
        match end {
            End::Unknown => self.side.owed[run.job] = true,
            End::Live | End::Dead if run.look => self.side.owed[run.job] = false,
            End::Live | End::Dead => {}
        }
        Ok(())
    }

    fn settlement(&self, run: &Run, end: End) -> Settlement {
        let failure = Failure::new(Reason::NoAnswer, "cut");
        let at = self.world.clock.now();
        Settlement {
            job: self.world.jobs[run.job],
            fence: run.fence,
            class: Class::Standard,
            verdict: match end {
                End::Live => Verdict::Live(Evidence::ReadBack),
                End::Unknown => Verdict::Retry { at, failure },
                End::Dead => Verdict::Dead(failure),
            },
            shown: (end == End::Live).then(Shown::default),
            started_at: at,
            requests: 1,
            exchanges: Vec::new(),
            wrote: true,
            look_after: (end == End::Unknown).then_some(TICK),
            looked: run.look && end != End::Unknown,
            drift: None,
        }
    }

    pub(super) fn crash(&mut self, node: usize) {
        let Some(run) = self.side.nodes[node].take() else {
            return;
        };
        let flight = run.flight.map(|end| (LANES[run.job], end));
        self.side.orphans.extend(flight);
    }
}
