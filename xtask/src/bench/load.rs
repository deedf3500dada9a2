//! The load: a closed loop that keeps every connection busy, and an open loop that sends at a rate whatever the answers
//! do. Both refuse to go on after an unexpected answer: a rate of errors is not a rate.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use super::requests::{self, Kind};
use crate::wire::{self, Connection, Key};

/// Callers at once, each on its own connection: the figure that intake is stated for.
pub(super) const CONNECTIONS: usize = 64;

/// Where requests go.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) token: String,
}

/// When a closed loop ends.
#[derive(Clone, Copy)]
pub(super) enum Until {
    Elapsed(Duration),
    Count(usize),
}

/// What was accepted, in the order of the answers.
pub(super) struct Accepted {
    pub(super) keys: Vec<Key>,
    pub(super) took: Duration,
}

impl Accepted {
    /// Accepted publishes per second.
    pub(super) fn rate(&self) -> f64 {
        self.keys.len() as f64 / self.took.as_secs_f64()
    }
}

struct Loop {
    target: Target,
    kind: Kind,
    until: Until,
    started: Instant,
    begun: Cell<usize>,
    keys: RefCell<Vec<Key>>,
}

impl Loop {
    fn goes_on(&self) -> bool {
        let begun = self.begun.replace(self.begun.get() + 1);
        match self.until {
            Until::Elapsed(limit) => self.started.elapsed() < limit,
            Until::Count(count) => begun < count,
        }
    }
}

/// Keeps [`CONNECTIONS`] callers busy; each sends its next request when the last one was answered with 202.
///
/// # Errors
/// Any other answer. Must run within a `LocalSet`.
pub(super) async fn closed(target: &Target, kind: Kind, until: Until) -> Result<Accepted> {
    let (begun, keys) = (Cell::new(0), RefCell::default());
    let state = Rc::new(Loop {
        target: target.clone(),
        kind,
        until,
        started: Instant::now(),
        begun,
        keys,
    });
    let mut callers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        callers.spawn_local(caller(state.clone()));
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok(Accepted {
        keys: state.keys.take(),
        took: state.started.elapsed(),
    })
}

async fn caller(state: Rc<Loop>) -> Result<()> {
    let mut connection = Connection::open(state.target.address).await?;
    let mut random = fastrand::Rng::new();
    while state.goes_on() {
        let key = publish(&mut connection, &state.target, &state.kind, &mut random).await?;
        state.keys.borrow_mut().push(key);
    }
    Ok(())
}

/// One publish, accepted.
///
/// # Errors
/// The answer is not 202; its body is shown.
pub(super) async fn publish(
    connection: &mut Connection,
    target: &Target,
    kind: &Kind,
    random: &mut fastrand::Rng,
) -> Result<Key> {
    let key = random.u128(..);
    let request = wire::publish(key, &requests::body(kind, random), &target.token);
    let answer = connection.exchange(&request).await?;
    let said = String::from_utf8_lossy(answer.body);
    ensure!(
        answer.status == 202,
        "POST /v1/publish answered {} {said}",
        answer.status
    );
    Ok(key)
}
