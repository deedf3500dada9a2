//! Operators who repair or adopt what has drifted: at random, twice, and at the same time on several nodes.
//!
//! Ensures that what they saw may be old when they press. What comes of it is the model's to judge.

use std::sync::Arc;

use futures_executor::block_on;
use slugline_engine::store::{DriftFilter, DriftedView, Page, Reconciling as _};

use crate::ask;
use crate::dice::Dice;
use crate::faults::Kind;
use crate::operators::{employ, once_or_twice, together};
use crate::plan::OWNER;
use crate::world::World;

/// Milliseconds between two of an operator's actions.
const PAUSE: std::ops::Range<u64> = 500..6_000;
/// Milliseconds for which a person looks before pressing, now and then: somebody may change it meanwhile.
const LOOK: u64 = 8_000;
/// How often something is pressed by two, or twice.
const TWICE: f64 = 0.4;
/// Who presses.
pub(crate) const ACTOR: &str = "token:mender";
/// More than can drift in a run.
const MANY: usize = 100;

/// Starts the operators.
pub(crate) fn start(world: &Arc<World>) {
    if world.plan.has(Kind::Mends) {
        employ(world, "mends", PAUSE, |world, dice| {
            Box::pin(press(world, dice))
        });
    }
}

async fn press(world: &World, dice: &Dice) {
    let drifted = drifted(world);
    if drifted.is_empty() {
        return;
    }
    let (seen, adopts) = (dice.pick(&drifted).clone(), dice.chance(0.6));
    if dice.chance(0.5) {
        world.scheduler.sleep(dice.millis(0..LOOK)).await;
    }
    let press = || {
        let seen = seen.clone();
        ask::any_node(world, dice, move |node| {
            let store = node.store;
            Some(async move {
                match adopts {
                    true => store.adopt(vec![seen], ACTOR).await.map(drop),
                    false => store.rerun(vec![seen.repair_by(ACTOR)]).await.map(drop),
                }
            })
        })
    };
    together(once_or_twice(dice, TWICE), press).await;
}

/// What the page of an operator shows; nothing while the store does not answer.
fn drifted(world: &World) -> Vec<DriftedView> {
    let filter = DriftFilter {
        owner: Some(OWNER.to_owned()),
        ..DriftFilter::default()
    };
    let page = Page {
        limit: MANY,
        cursor: None,
    };
    let Ok(store) = world.vault.store() else {
        return Vec::new();
    };
    let found = block_on(store.drifted(filter, page));
    found.map(|found| found.items).unwrap_or_default()
}
