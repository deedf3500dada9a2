//! Operators who have what was asked for before run again, and end that again: at random, twice, and at the same time
//! on several nodes.
//!
//! Ensures nothing of what comes of it: that is the model's to judge, by the log.

use std::sync::Arc;

use slugline_core::lifecycle::JobState;
use slugline_core::replay::Mode;
use slugline_engine::ports::Clock as _;
use slugline_engine::store::{NewReplay, ReplayFilter, Replaying as _};

use crate::ask;
use crate::dice::Dice;
use crate::faults::Kind;
use crate::hold;
use crate::model::{AT_BLOG, AT_HOOK};
use crate::operators::{ACTOR, employ, once_or_twice, together};
use crate::plan::OWNER;
use crate::world::World;

/// Milliseconds between two of an operator's actions.
const PAUSE: std::ops::Range<u64> = 1_000..12_000;
/// How often something is pressed by two, or twice.
const TWICE: f64 = 0.3;
/// How often one that is under way is aborted instead.
const ABORTS: f64 = 0.3;
/// Jobs a minute: all that a run has is replayed before it ends.
const RATES: [u64; 4] = [30, 60, 600, 6_000];

/// Starts the operators.
pub(crate) fn start(world: &Arc<World>) {
    if world.plan.has(Kind::Replays) {
        employ(world, "replays", PAUSE, |world, dice| {
            Box::pin(press(world, dice))
        });
    }
}

async fn press(world: &World, dice: &Dice) {
    let running = hold(&world.model).running_replays();
    let times = once_or_twice(dice, TWICE);
    if !running.is_empty() && dice.chance(ABORTS) {
        let (owner, id) = dice.pick(&running).clone();
        let abort = || {
            let owner = owner.clone();
            ask::any_node(world, dice, |node| {
                let store = node.store;
                Some(async move { store.abort_replay(&owner, id, ACTOR).await.map(drop) })
            })
        };
        return together(times, abort).await;
    }
    let new = choose(world, dice);
    let begin = || {
        let new = new.clone();
        ask::any_node(world, dice, move |node| {
            let (store, receivers) = (node.store, node.receivers);
            // A node that does not know its destinations yet has no door either.
            node.desk?;
            let new = NewReplay { receivers, ..new };
            Some(async move { store.begin_replay(new).await.map(drop) })
        })
    };
    together(times, begin).await;
}

fn choose(world: &World, dice: &Dice) -> NewReplay {
    let contents = hold(&world.model).on_the_shelf();
    let item = (!contents.is_empty()).then(|| dice.pick(&contents).0.clone());
    let now = world.store_clock.now();
    let ago = |most: u64| now.minus(dice.millis(0..most));
    let mut filter = ReplayFilter::default();
    match (dice.below(5), &item) {
        (0, Some(item)) => filter.content_id = Some(item.content_id.clone()),
        (1, _) => filter.since = Some(ago(30_000)),
        (2, _) => filter.state = Some(*dice.pick(&[JobState::Failed, JobState::Live])),
        (3, _) => filter.destination = Some((*dice.pick(&[AT_BLOG, AT_HOOK])).to_owned()),
        _ => filter.until = Some(ago(20_000)),
    }
    if dice.chance(0.3) {
        filter.environment = item.as_ref().map(|item| item.environment.clone());
    }
    if dice.chance(0.4) {
        filter.destination = Some(AT_HOOK.to_owned());
    }
    NewReplay {
        owner: item.map_or_else(|| OWNER.to_owned(), |item| item.owner),
        actor: ACTOR.to_owned(),
        mode: *dice.pick(&[Mode::Current, Mode::Current, Mode::AsRecorded]),
        dry_run: dice.chance(0.15),
        limit: *dice.pick(&[3, 100, 100]),
        rate: *dice.pick(&RATES),
        receivers: Default::default(),
        filter,
    }
}
