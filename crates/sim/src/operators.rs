//! Operators who pause and resume, at random and at the same time.
//!
//! Ensures that all is resumed once trouble has ended. Whether anything begins in what is paused is the
//! model's to judge, by the log.

use std::ops::Range;
use std::sync::Arc;

use futures_executor::block_on;
use futures_util::future::join_all;
use slugline_core::item::Class;
use slugline_core::pause::Pausable;
use slugline_core::port::BoxFuture;
use slugline_engine::intake::Caller;
use slugline_engine::store::{Control, PauseOrder};

use crate::dice::Dice;
use crate::faults::Kind;
use crate::hold;
use crate::model::{AT_BLOG, AT_HOOK};
use crate::plan::OWNER;
use crate::scheduler::WORLD;
use crate::world::World;

/// Enough that two want the same at once.
const OPERATORS: usize = 2;
/// Milliseconds between two of an operator's actions: longer than a run at most, shorter than a run of the
/// simulation.
const PAUSE: Range<u64> = 50..6_000;

/// How many press the same at the same moment.
pub(crate) const TOGETHER: usize = 2;

/// Who they are.
pub(crate) const ACTOR: &str = "token:operator";

/// What an operator does now and then.
pub(crate) type Act = for<'a> fn(&'a World, &'a Dice) -> BoxFuture<'a, ()>;

/// Starts the operators who pause and resume.
pub(crate) fn start(world: &Arc<World>) {
    if world.plan.has(Kind::Pauses) {
        employ(world, "operator", PAUSE, |world, dice| {
            Box::pin(async move { act(world, dice) })
        });
    }
}

/// Has operators act until trouble ends, each with dice of their own and after pauses of so many milliseconds.
pub(crate) fn employ(world: &Arc<World>, name: &str, pause: Range<u64>, act: Act) {
    for number in 0..OPERATORS {
        let (world, scheduler) = (Arc::clone(world), Arc::clone(&world.scheduler));
        let dice = Dice::new(world.plan.seed, &format!("{name} {number}"));
        let pause = pause.clone();
        scheduler.spawn(WORLD, async move {
            loop {
                world.scheduler.sleep(dice.millis(pause.clone())).await;
                if world.is_calm() {
                    break;
                }
                *hold(&world.unanswered) += 1;
                act(&world, &dice).await;
                *hold(&world.unanswered) -= 1;
            }
        });
    }
}

/// How often something is pressed: once; or, so often, twice, by one in doubt or by two.
pub(crate) fn once_or_twice(dice: &Dice, twice: f64) -> usize {
    if dice.chance(twice) { 2 } else { 1 }
}

/// Presses so many times at the same time.
pub(crate) async fn together<F: Future>(times: usize, press: impl Fn() -> F) {
    join_all((0..times).map(|_| press())).await;
}

/// An operator of this owner, as doors know one.
pub(crate) fn caller(owner: String) -> Caller {
    Caller {
        actor: ACTOR.to_owned(),
        owner,
        environments: Vec::new(),
    }
}

fn act(world: &World, dice: &Dice) {
    let (of, pauses) = (choose(dice), dice.chance(0.5));
    let Ok(store) = world.vault.store() else {
        return;
    };
    world.note(|| format!("operators act on {of}, pauses {pauses}"));
    let actor = ACTOR.to_owned();
    // Two at the same moment: the second changes nothing, which the log's reader would see.
    for _ in 0..TOGETHER {
        let (of, actor) = (of.clone(), actor.clone());
        let done = match pauses {
            true => {
                let note = String::new();
                block_on(store.pause(PauseOrder { of, actor, note })).map(|_| ())
            }
            false => block_on(store.resume(of, actor)).map(|_| ()),
        };
        if let Err(why) = done {
            world.note(|| format!("the operator is told: {why}"));
        }
    }
    world.follow_log();
}

fn choose(dice: &Dice) -> Pausable {
    match dice.below(8) {
        0 => Pausable::Everything,
        1 | 2 => Pausable::Destination {
            destination: (*dice.pick(&[AT_BLOG, AT_HOOK])).to_owned(),
        },
        3 => Pausable::Class {
            class: *dice.pick(&Class::ALL),
        },
        _ => Pausable::Content {
            owner: OWNER.to_owned(),
            environment: "production".to_owned(),
            content_id: format!("post-{}", dice.below(4)),
            locale: dice.chance(0.3).then(|| "en".to_owned()),
        },
    }
}

/// Resumes all that is paused.
pub(crate) fn resume_all(world: &World) {
    let Ok(store) = world.vault.store() else {
        return;
    };
    let pauses = block_on(store.pauses(None)).unwrap_or_default();
    for pause in pauses {
        world.note(|| format!("{} is resumed", pause.of));
        let resumed = block_on(store.resume(pause.of, ACTOR.to_owned()));
        if let Err(why) = resumed {
            world.break_promise("P6", format!("resuming fails: {why}"));
        }
    }
    world.follow_log();
}
