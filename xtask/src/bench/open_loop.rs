//! Accept → live at a steady rate, whatever the answers do: a slow answer does not hold back the next request, and its
//! time counts from the moment it was due. Some or all publishes are watched until the server calls them live.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::live;
use super::load::{self, Target};
use super::percentile::Sample;
use super::requests::Kind;
use crate::wire::Connection;

/// How often, and how closely.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) per_second: f64,
    /// One in so many publishes is watched, so that watching stays small beside the load.
    pub(super) watched: usize,
}
/// Requests that fall due within one tick go out together; a timer is no finer.
const TICK: Duration = Duration::from_millis(1);

struct Loop {
    target: Target,
    kind: Kind,
    idle: RefCell<Vec<Connection>>,
    times: RefCell<Vec<Duration>>,
}

/// Times from due to live of the watched publishes. Must run within a `LocalSet`.
///
/// # Errors
/// A publish was refused or did not become live.
pub(super) async fn accept_to_live(
    target: &Target,
    kind: Kind,
    rate: Rate,
    span: Duration,
) -> Result<Sample> {
    let (idle, times) = (RefCell::default(), RefCell::default());
    let state = Rc::new(Loop {
        target: target.clone(),
        kind,
        idle,
        times,
    });
    let mut publishes = JoinSet::new();
    let (started, mut sent) = (Instant::now(), 0);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while started.elapsed() < span {
        ticks.tick().await;
        let due = (started.elapsed().as_secs_f64() * rate.per_second) as usize;
        for number in sent..due {
            publishes.spawn_local(one(
                state.clone(),
                number % rate.watched == 0,
                Instant::now(),
            ));
        }
        sent = due;
    }
    while let Some(ended) = publishes.join_next().await {
        ended??;
    }
    Ok(Sample::of(state.times.take()))
}

async fn one(state: Rc<Loop>, watched: bool, due: Instant) -> Result<()> {
    let idle = state.idle.borrow_mut().pop();
    let mut connection = match idle {
        Some(connection) => connection,
        None => Connection::open(state.target.address).await?,
    };
    let key = load::publish(
        &mut connection,
        &state.target,
        &state.kind,
        &mut fastrand::Rng::new(),
    )
    .await?;
    if watched {
        live::wait(&mut connection, &state.target, key).await?;
        state.times.borrow_mut().push(due.elapsed());
    }
    state.idle.borrow_mut().push(connection);
    Ok(())
}
