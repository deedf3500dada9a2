//! Operators who roll several contents back at once: at random, twice, and at the same time on several nodes.
//!
//! Ensures that nothing of a release begins while any of it could not, unless part of it was enough; that a dry run
//! begins nothing; and that what it says was begun was accepted. What came of each content is the model's to judge.

use std::sync::Arc;

use slugline_core::answer::Answer;
use slugline_core::item::ItemKey;
use slugline_core::version::Generation;
use slugline_engine::desk::{Release, ReleaseItem, ReleaseRequest};

use crate::ask;
use crate::dice::Dice;
use crate::faults::Kind;
use crate::hold;
use crate::model::{AT_BLOG, AT_HOOK, Judged, broken};
use crate::operators::{caller, employ, once_or_twice, together};
use crate::world::World;

/// Milliseconds between two of an operator's actions.
const PAUSE: std::ops::Range<u64> = 2_000..15_000;
/// Contents of a release at most.
const MOST: usize = 3;
/// How often something is pressed by two, or twice.
const TWICE: f64 = 0.4;

/// Starts the operators.
pub(crate) fn start(world: &Arc<World>) {
    if world.plan.has(Kind::Releases) {
        employ(world, "releases", PAUSE, |world, dice| {
            Box::pin(press(world, dice))
        });
    }
}

async fn press(world: &World, dice: &Dice) {
    let contents = hold(&world.model).on_the_shelf();
    let Some((first, ..)) = (!contents.is_empty()).then(|| dice.pick(&contents)) else {
        return;
    };
    let owner = first.owner.clone();
    let own = contents.iter().filter(|(item, ..)| item.owner == owner);
    let mut items: Vec<ReleaseItem> = own
        .filter(|_| dice.chance(0.5))
        .map(|(item, newest, _)| wanted(dice, item, *newest))
        .collect();
    items.truncate(MOST);
    let named = dice
        .chance(0.3)
        .then(|| vec![(*dice.pick(&[AT_BLOG, AT_HOOK])).to_owned()]);
    let request = ReleaseRequest {
        items,
        destinations: named,
        note: None,
        dry_run: dice.chance(0.1),
        partial: dice.chance(0.4),
    };
    let press = || send(world, dice, owner.clone(), request.clone());
    together(once_or_twice(dice, TWICE), press).await;
}

fn wanted(dice: &Dice, item: &ItemKey, newest: Generation) -> ReleaseItem {
    // One who looked at an old page, now and then.
    let old = dice.chance(0.1) && newest.0 > 1;
    let seen = Generation(newest.0 - i64::from(old));
    ReleaseItem {
        content_id: item.content_id.clone(),
        to: dice.chance(0.2).then(|| Generation((newest.0 - 1).max(1))),
        environment: Some(item.environment.clone()),
        locale: Some(item.locale.clone()),
        generation: dice.chance(0.7).then_some(seen),
    }
}

async fn send(world: &World, dice: &Dice, owner: String, request: ReleaseRequest) {
    let caller = caller(owner);
    let asked = request.clone();
    let asked = ask::any_node(world, dice, |node| {
        let desk = node.desk?;
        Some(async move { desk.roll_back_release(&caller, &asked).await })
    });
    if let Some(release) = asked.await {
        world.note(|| format!("an operator rolls a release back: {release:?}"));
        world.judge(judge(world, &request, &release));
    }
}

/// Judges what an operator was told.
fn judge(world: &World, request: &ReleaseRequest, release: &Release) -> Judged {
    let whole = release.items.iter().all(|item| item.plan.is_some());
    if release.begun && (request.dry_run || !whole && !request.partial) {
        return broken("P6", format!("it was begun: {request:?} {release:?}"));
    }
    let answers = release.items.iter().filter_map(|item| item.answer.as_ref());
    let mut answers = answers.filter(|answer| answer.publish_id.is_some());
    let is_unknown = |answer: &&Answer| !hold(&world.model).accepted_as(answer);
    match answers.find(is_unknown) {
        Some(answer) => broken("P1", format!("nothing was accepted for {answer:?}")),
        None if !release.begun && release.items.iter().any(|item| item.answer.is_some()) => {
            broken("P6", format!("a part of it was begun: {release:?}"))
        }
        None => Ok(()),
    }
}
