//! The lease protocol, every state within bounds: three nodes, two jobs in one lane and one in
//! another, crashes, freezes, leases that run out, and every order of what they do. Smaller bounds are
//! explored to their end, these as far as there is time.
//!
//! What is explored is the product: its store decides who has a lease, its desk whether a request may
//! start. Breadth first, so that what is found is found on a shortest way. States are told apart by
//! what the store keeps and what is under way, with times relative to now.

mod runs;
mod steps;
mod world;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use slugline_core::time::Timestamp;
use slugline_engine::ports::Clock;

use self::steps::{NODES, Play, Sabotage, Side, Step};
use self::world::{JOBS, LANES, Rows, Saved, TICK, World};

/// How much there is to explore.
#[derive(Clone, Copy)]
struct Bounds {
    nodes: usize,
    jobs: usize,
    /// Where it ends, if it does not end before.
    states: usize,
}

/// All there is.
const ALL: Bounds = Bounds {
    nodes: NODES,
    jobs: JOBS,
    states: usize::MAX,
};

/// States that a usual run explores: a quarter of a minute on a machine that does nothing else.
const STATES: usize = 4_000;
/// Says how many instead.
const STATES_FROM: &str = "SLUGLINE_LEASE_STATES";

/// What was explored.
struct Report {
    states: usize,
    steps: usize,
    /// Steps from the beginning to the farthest state.
    depth: usize,
    exhausted: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            states,
            steps,
            depth,
            exhausted,
        } = self;
        write!(
            f,
            "{states} states, {steps} steps, {depth} deep, exhausted: {exhausted}"
        )
    }
}

/// What was broken, and the steps to it.
struct Broken {
    why: String,
    path: Vec<Step>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {:?}", self.why, self.path)
    }
}

/// A state, so that two that go on alike are equal.
type State = Vec<i64>;

/// A state that was not left yet by all ways.
struct Waiting {
    saved: Saved,
    side: Side,
    now: Timestamp,
    path: Vec<Step>,
}

struct Explorer {
    world: World,
    sabotage: Sabotage,
    known: BTreeSet<State>,
    /// States without runs that come to their end.
    ending: BTreeSet<State>,
    waiting: VecDeque<Waiting>,
    steps: usize,
    bounds: Bounds,
}

impl Explorer {
    fn new(sabotage: Sabotage, bounds: Bounds) -> Self {
        let world = World::new();
        world.keep(bounds.jobs);
        let beginning = Waiting {
            saved: world.save(),
            side: Side::default(),
            now: world.clock.now(),
            path: Vec::new(),
        };
        Self {
            world,
            sabotage,
            known: BTreeSet::new(),
            ending: BTreeSet::new(),
            waiting: VecDeque::from([beginning]),
            steps: 0,
            bounds,
        }
    }

    fn explore(mut self) -> Result<Report, Broken> {
        let mut depth = 0;
        while self.known.len() < self.bounds.states
            && let Some(next) = self.waiting.pop_front()
        {
            depth = next.path.len();
            self.leave(&next)?;
        }
        Ok(Report {
            states: self.known.len(),
            steps: self.steps,
            depth,
            exhausted: self.waiting.is_empty(),
        })
    }

    /// Leaves a state by every step that is possible.
    fn leave(&mut self, from: &Waiting) -> Result<(), Broken> {
        self.world.restore(&from.saved);
        let mut play = Play {
            world: &self.world,
            side: from.side.clone(),
            sabotage: self.sabotage,
            nodes: self.bounds.nodes,
        };
        let before = play.rows();
        for step in play.steps() {
            self.world.clock.set(from.now);
            play.side = from.side.clone();
            let path: Vec<Step> = from.path.iter().copied().chain([step]).collect();
            self.steps += 1;
            play.take(step).map_err(|why| Broken {
                why,
                path: path.clone(),
            })?;
            let after = play.rows();
            if self.known.insert(state(&play, &after)) {
                self.waiting.push_back(Waiting {
                    saved: self.world.save(),
                    side: play.side.clone(),
                    now: self.world.clock.now(),
                    path: path.clone(),
                });
                let ended = play.run_out(|play| !self.ending.insert(state(play, &play.rows())));
                ended.map_err(|why| Broken { why, path })?;
                play.sabotage = self.sabotage;
            }
            if play.rows() != before {
                self.world.restore(&from.saved);
            }
        }
        Ok(())
    }
}

/// The state, under whichever of the names of the two jobs that share a lane comes first.
fn state(play: &Play<'_>, rows: &Rows) -> State {
    let [one, other] = [[0, 1, 2], [1, 0, 2]].map(|names| named(play, rows, names));
    one.min(other)
}

fn named(play: &Play<'_>, rows: &Rows, names: [usize; JOBS]) -> State {
    let tick = i64::try_from(TICK.as_micros()).unwrap();
    let since = |at: i64| (at - play.now()).div_euclid(tick);
    // What lies far enough in the past is past.
    let ahead = |at: i64| since(at).max(0);
    let until = |at: i64| since(at).max(-1);
    let mut state = Vec::new();
    for job in names {
        let row = rows[job];
        state.extend([
            row.state,
            row.lease_until.map_or(-9, until),
            ahead(row.due),
            row.look_due.map_or(-9, ahead),
            i64::from(row.undisturbed),
        ]);
    }
    let mut runs: Vec<[i64; 5]> = Vec::new();
    for run in play.side.nodes.iter().flatten() {
        let alive = play.side.alive[run.job].is_some_and(|(fence, _)| fence == run.fence.0);
        let job = names.iter().position(|name| *name == run.job).unwrap();
        runs.push([
            job as i64,
            i64::from(alive) * 2 + i64::from(run.look),
            until(run.until),
            run.flight.map_or(-9, since),
            LANES[job] as i64,
        ]);
    }
    let orphans = play.side.orphans.iter();
    runs.extend(orphans.map(|(lane, end)| [-1, *lane as i64, since(*end), 0, 0]));
    runs.sort_unstable();
    runs.dedup();
    state.extend(runs.into_iter().flatten());
    state
}

#[expect(
    clippy::disallowed_methods,
    reason = "who starts a long run says so beside the test"
)]
fn most() -> usize {
    std::env::var(STATES_FROM)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(STATES)
}

#[test]
#[expect(
    clippy::disallowed_macros,
    reason = "a long run wants to know how far it came"
)]
fn no_order_of_events_breaks_the_lease_protocol() {
    let bounds = Bounds {
        states: most(),
        ..ALL
    };
    println!("{}", kept(bounds));
}

/// What was explored within these bounds, where nothing was broken.
fn kept(bounds: Bounds) -> Report {
    match Explorer::new(Sabotage::None, bounds).explore() {
        Ok(report) => report,
        Err(broken) => panic!("{broken}"),
    }
}

#[test]
fn small_bounds_are_explored_to_the_end() {
    for (nodes, jobs) in [(3, 1), (2, 2)] {
        let report = kept(Bounds { nodes, jobs, ..ALL });
        assert!(report.exhausted && report.states > 300, "{report}");
    }
}

/// What is found when the protocol is sabotaged so.
fn found(sabotage: Sabotage) -> String {
    match Explorer::new(sabotage, ALL).explore() {
        Ok(report) => panic!("nothing was found in {report}"),
        Err(broken) => broken.to_string(),
    }
}

#[test]
fn a_lease_that_is_retaken_at_once_is_found() {
    let why = found(Sabotage::RetakesAtOnce);
    assert!(why.contains("may be under way"), "{why}");
}

#[test]
fn a_fence_that_is_not_asked_for_is_found() {
    let why = found(Sabotage::IgnoresTheFence);
    assert!(why.contains("who may settle"), "{why}");
}
