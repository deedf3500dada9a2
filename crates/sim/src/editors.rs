//! Operators who edit contents, roll them back, revert them and write about them: at random, twice, and at the
//! same time on several nodes.
//!
//! Ensures that what they saw may be old when they press. What comes of it is the model's to judge.

use std::sync::Arc;

use bytes::Bytes;
use slugline_core::ids::JobId;
use slugline_core::item::ItemKey;
use slugline_core::payload::Payload;
use slugline_core::version::Generation;
use slugline_engine::desk::{EditRequest, RollbackRequest};
use slugline_engine::store::{Desk as _, NewNote};

use crate::ask;
use crate::dice::Dice;
use crate::faults::Kind;
use crate::hold;
use crate::model::{AT_BLOG, AT_HOOK};
use crate::operators::{ACTOR, caller, employ, once_or_twice, together};
use crate::world::World;

/// Milliseconds between two of an operator's actions.
const PAUSE: std::ops::Range<u64> = 500..9_000;
/// Milliseconds for which a person looks before pressing, now and then: a publish may come between.
const LOOK: u64 = 3_000;
/// How often something is pressed by two, or twice.
const TWICE: f64 = 0.4;

/// What is pressed.
#[derive(Clone)]
enum Wish {
    RollBack(ItemKey, RollbackRequest),
    Revert(JobId, RollbackRequest),
    Edit(JobId, EditRequest),
    Note(NewNote),
}

/// Starts the operators.
pub(crate) fn start(world: &Arc<World>) {
    if world.plan.has(Kind::Edits) {
        employ(world, "edits", PAUSE, |world, dice| {
            Box::pin(press(world, dice))
        });
    }
}

async fn press(world: &World, dice: &Dice) {
    let contents = hold(&world.model).on_the_shelf();
    if contents.is_empty() {
        return;
    }
    let (item, newest, jobs) = dice.pick(&contents).clone();
    let wish = choose(dice, &item, newest, &jobs);
    if dice.chance(0.3) {
        world.scheduler.sleep(dice.millis(0..LOOK)).await;
    }
    let press = || send(world, dice, item.owner.clone(), wish.clone());
    together(once_or_twice(dice, TWICE), press).await;
}

fn choose(dice: &Dice, item: &ItemKey, newest: Generation, jobs: &[JobId]) -> Wish {
    // One who looked at an old page, now and then.
    let old = dice.chance(0.1) && newest.0 > 1;
    let seen = if old {
        Generation(newest.0 - 1)
    } else {
        newest
    };
    let asked = RollbackRequest {
        generation: Some(seen),
        environment: Some(item.environment.clone()),
        locale: Some(item.locale.clone()),
        ..RollbackRequest::default()
    };
    let job = (!jobs.is_empty()).then(|| *dice.pick(jobs));
    match (dice.below(8), job) {
        (0..4, _) => {
            let to = dice
                .chance(0.2)
                .then(|| dice.below(usize::try_from(newest.0).unwrap_or(0)) + 1);
            let named = dice
                .chance(0.4)
                .then(|| (*dice.pick(&[AT_BLOG, AT_HOOK])).to_owned());
            Wish::RollBack(
                item.clone(),
                RollbackRequest {
                    to: to.and_then(|to| i64::try_from(to).ok()).map(Generation),
                    destinations: named.map(|name| vec![name]),
                    ..asked
                },
            )
        }
        (4, Some(job)) => Wish::Revert(job, RollbackRequest::default()),
        (5 | 6, Some(job)) => Wish::Edit(
            job,
            EditRequest {
                payload: edited(dice, item),
                generation: Some(seen),
                note: None,
            },
        ),
        _ => Wish::Note(NewNote {
            item: item.clone(),
            job: None,
            actor: ACTOR.to_owned(),
            text: format!("seen {}", dice.below(1_000_000)),
        }),
    }
}

/// The content as a person puts it.
fn edited(dice: &Dice, item: &ItemKey) -> Payload {
    let ItemKey {
        content_id,
        locale,
        owner,
        ..
    } = item;
    let number = dice.below(1_000_000);
    Payload {
        title: format!("{content_id} {locale} edited {owner} {number}"),
        slug: Some(format!("{content_id}-{locale}")),
        body: format!("<p>Edited {number} of {content_id}.</p>"),
        ..Payload::default()
    }
}

async fn send(world: &World, dice: &Dice, owner: String, wish: Wish) {
    let caller = caller(owner);
    let note = match &wish {
        Wish::Note(note) => Some(note.clone()),
        _ => None,
    };
    let asked = ask::any_node(world, dice, |node| {
        let (desk, store) = (node.desk?, node.store);
        Some(async move {
            match wish {
                Wish::RollBack(item, request) => {
                    let done = desk.roll_back(&caller, &item.content_id, &request, None);
                    done.await.map(drop).map_err(|problem| problem.code)
                }
                Wish::Revert(job, request) => {
                    let done = desk.revert(&caller, job, &request, None);
                    done.await.map(drop).map_err(|problem| problem.code)
                }
                Wish::Edit(job, request) => {
                    let done = desk.edit(&caller, job, request, (None, Bytes::from_static(b"{}")));
                    done.await.map(drop).map_err(|problem| problem.code)
                }
                Wish::Note(note) => match store.write_note(note).await {
                    Ok(true) => Ok(()),
                    _ => Err(slugline_core::problem::Code::Unavailable),
                },
            }
        })
    });
    let answer = asked.await;
    world.note(|| format!("an operator is told: {answer:?}"));
    if let (Some(note), Some(Ok(()))) = (note, answer) {
        hold(&world.model).wrote(note);
    }
}
