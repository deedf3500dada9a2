//! Operators who have all words of an item erased: at random, twice, and at the same time on several nodes.
//!
//! Ensures nothing of what comes of it: that is the model's to judge, by the log and by the bytes of the store's files.

use std::sync::Arc;

use slugline_engine::store::{Desk as _, Erasure};

use crate::ask;
use crate::dice::Dice;
use crate::faults::Kind;
use crate::hold;
use crate::operators::{ACTOR, employ, once_or_twice, together};
use crate::world::World;

/// Milliseconds between two of an operator's actions: each overwrites all free pages.
const PAUSE: std::ops::Range<u64> = 2_000..12_000;
/// How often something is pressed by two, or twice.
const TWICE: f64 = 0.3;
/// How often an item is chosen that may be erased, where there is one.
const FITTING: f64 = 0.8;

/// Starts the operators.
pub(crate) fn start(world: &Arc<World>) {
    if world.plan.has(Kind::Erasures) {
        employ(world, "erasures", PAUSE, |world, dice| {
            Box::pin(press(world, dice))
        });
    }
}

async fn press(world: &World, dice: &Dice) {
    let (all, removed) = {
        let model = hold(&world.model);
        let all: Vec<_> = model
            .on_the_shelf()
            .into_iter()
            .map(|(item, ..)| item)
            .collect();
        (all, model.removed())
    };
    let among = match dice.chance(FITTING) && !removed.is_empty() {
        true => removed,
        false => all,
    };
    if among.is_empty() {
        return;
    }
    let erasure = Erasure {
        item: dice.pick(&among).clone(),
        actor: ACTOR.to_owned(),
        reason: "somebody asked for it".to_owned(),
    };
    let press = || {
        let erasure = erasure.clone();
        ask::any_node(world, dice, |node| {
            let store = node.store;
            Some(async move { store.erase(erasure).await.map(drop) })
        })
    };
    together(once_or_twice(dice, TWICE), press).await;
}
