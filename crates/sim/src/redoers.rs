//! Operators who have webhooks dealt with again: at random, twice, and at the same time on several nodes.
//!
//! Ensures that any webhook that was acknowledged may come up again, old ones after newer ones too. That nothing comes
//! of it that had not come of it before is the model's to judge.

use std::sync::Arc;

use slugline_engine::store::Inbox as _;

use crate::ask;
use crate::dice::Dice;
use crate::faults::Kind;
use crate::hold;
use crate::operators::{employ, once_or_twice, together};
use crate::plan::OWNER;
use crate::world::World;

/// Milliseconds between two of an operator's actions.
const PAUSE: std::ops::Range<u64> = 300..6_000;
/// How often something is pressed by two, or twice.
const TWICE: f64 = 0.4;

/// Starts the operators.
pub(crate) fn start(world: &Arc<World>) {
    if world.plan.has(Kind::Redoes) {
        employ(world, "redoes", PAUSE, |world, dice| {
            Box::pin(press(world, dice))
        });
    }
}

async fn press(world: &World, dice: &Dice) {
    let known = hold(&world.model).acknowledged();
    if known.is_empty() {
        return;
    }
    let id = *dice.pick(&known);
    let redo = || {
        ask::any_node(world, dice, move |node| {
            let store = node.store;
            Some(async move { store.redo_webhook(OWNER, id).await })
        })
    };
    world.note(|| format!("an operator has {id} dealt with again"));
    together(once_or_twice(dice, TWICE), redo).await;
}
