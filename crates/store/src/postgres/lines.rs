//! The lines of the hot path.
//!
//! Ensures that each kind of operation groups with its own kind, so that a group is set-based and one
//! kind never waits behind another.

use std::sync::Arc;

use super::accept::Accepting;
use super::claim::Claim;
use super::connector::Connector;
use super::effects::{Holding, Record};
use super::gauges::Gauges;
use super::inbox::{End, Keep};
use super::line::{Desk, Line, Operation};
use super::looks::Looks;
use super::pool::{Kind, Pool};
use super::settle::{Renew, Settle};
use super::thread::Thread;
use super::times::Times;

/// Connections that the lines share: two groups each of three busy kinds, and one for each of two
/// others. The server has a hundred for all nodes.
const CONNECTIONS: usize = 8;

/// All lines.
pub(crate) struct Lines {
    pub(crate) accept: Line<Accepting>,
    pub(crate) claim: Line<Claim>,
    pub(crate) looks: Line<Looks>,
    pub(crate) settle: Line<Settle>,
    pub(crate) renew: Line<Renew>,
    pub(crate) record: Line<Record>,
    pub(crate) hold: Line<Holding>,
    pub(crate) keep: Line<Keep>,
    pub(crate) end: Line<End>,
}

impl Lines {
    /// Opens all lines, with their writers on the thread.
    pub(crate) fn open(
        thread: &Thread,
        connector: Connector,
        times: &Arc<Times>,
        gauges: &Arc<Gauges>,
    ) -> Self {
        let desk = Arc::new(Desk {
            pool: Pool::new(connector, Kind::Probing, CONNECTIONS),
            times: Arc::clone(times),
            gauges: Arc::clone(gauges),
        });
        Self {
            accept: line(thread, &desk),
            claim: line(thread, &desk),
            looks: line(thread, &desk),
            settle: line(thread, &desk),
            renew: line(thread, &desk),
            record: line(thread, &desk),
            hold: line(thread, &desk),
            keep: line(thread, &desk),
            end: line(thread, &desk),
        }
    }
}

fn line<O: Operation>(thread: &Thread, desk: &Arc<Desk>) -> Line<O> {
    let (line, writers) = Line::open(desk, &thread.stopped());
    writers.into_iter().for_each(|writer| thread.keep(writer));
    line
}
