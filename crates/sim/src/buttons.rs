//! Operators who press the buttons of jobs: at random, twice, and at the same time on several nodes.
//!
//! Ensures that what they saw may be old when they press, and that all is resumed once trouble has ended.
//! What comes of a button is the model's to judge.

use std::sync::Arc;

use futures_executor::block_on;
use slugline_core::ids::{Fence, JobId};
use slugline_core::lifecycle::JobState;
use slugline_core::operator::JobAction;
use slugline_engine::store::{Desk, JobOrder};

use crate::ask;
use crate::dice::Dice;
use crate::faults::Kind;
use crate::hold;
use crate::operators::{ACTOR, employ, once_or_twice, together};
use crate::scheduler::WORLD;
use crate::world::World;

/// Milliseconds between two of an operator's actions: often enough to meet jobs that are on their way.
const PAUSE: std::ops::Range<u64> = 50..4_000;
/// Milliseconds for which a person looks before pressing, now and then: a run may come between.
const LOOK: u64 = 3_000;
/// How often it is looked whether there is something to do: some seconds.
const TRIES: usize = 400;
/// How often a button is pressed by two, or twice.
const TWICE: f64 = 0.4;
/// How often what is pressed fits what was seen.
const FITTING: f64 = 0.8;

/// Starts the operators.
pub(crate) fn start(world: &Arc<World>) {
    if world.plan.has(Kind::Buttons) {
        employ(world, "buttons", PAUSE, |world, dice| {
            Box::pin(press(world, dice))
        });
    }
}

/// Mostly somebody presses because something waits, failed or is about to begin.
async fn wait_for_work(world: &World, dice: &Dice) {
    let tries = if dice.chance(0.8) { TRIES } else { 0 };
    for _ in 0..tries {
        let jobs = hold(&world.model).on_the_desk();
        if world.is_calm() || jobs.iter().any(|(_, _, state, _)| is_open(*state)) {
            break;
        }
        world.scheduler.sleep(dice.millis(1..20)).await;
    }
}

async fn press(world: &World, dice: &Dice) {
    wait_for_work(world, dice).await;
    let Some(order) = choose(world, dice) else {
        return;
    };
    if dice.chance(0.3) {
        world.scheduler.sleep(dice.millis(0..LOOK)).await;
    }
    let mut orders = vec![order];
    if dice.chance(0.1) {
        // On all that match, in one go; and one of them twice.
        let others = choose_some(world, dice, &orders[0]);
        orders.extend(others);
    }
    let times = once_or_twice(dice, TWICE);
    together(times, || send(world, dice, orders.clone())).await;
}

async fn send(world: &World, dice: &Dice, orders: Vec<JobOrder>) {
    let asked = ask::any_node(world, dice, |node| {
        Some(async move { node.store.act(orders).await.map(drop) })
    });
    // Who gets no answer looks at the job, and decides again.
    asked.await;
}

fn choose(world: &World, dice: &Dice) -> Option<JobOrder> {
    let jobs = hold(&world.model).on_the_desk();
    let busy = jobs
        .iter()
        .filter(|(_, _, state, _)| is_open(*state))
        .count();
    let among = match dice.chance(0.85) && busy > 0 {
        true => &jobs[..busy],
        false => &jobs[..],
    };
    if among.is_empty() {
        return None;
    }
    let (owner, job, state, runs) = dice.pick(among).clone();
    let actions = match dice.chance(FITTING) {
        true => fitting(state),
        false => &JobAction::ALL,
    };
    let action = *dice.pick(actions);
    let seen = dice.chance(0.5).then_some(Fence(runs));
    let note = dice
        .chance(0.2)
        .then(|| format!("because of {}", dice.below(1_000_000)));
    let owner = match dice.chance(0.03) {
        true => "somebody".to_owned(),
        false => owner,
    };
    Some(JobOrder {
        job,
        owner,
        environments: Vec::new(),
        action,
        actor: ACTOR.to_owned(),
        note,
        runs: seen,
    })
}

fn choose_some(world: &World, dice: &Dice, first: &JobOrder) -> Vec<JobOrder> {
    let jobs = hold(&world.model).on_the_desk();
    let same = jobs.into_iter().filter(|(_, _, state, _)| is_open(*state));
    let mut others: Vec<JobOrder> = same
        .filter(|_| dice.chance(0.3))
        .map(|(owner, job, ..)| JobOrder {
            job,
            owner,
            runs: None,
            ..first.clone()
        })
        .collect();
    others.push(first.clone());
    others
}

/// Whether somebody may want to do something about it.
fn is_open(state: JobState) -> bool {
    matches!(
        state,
        JobState::Failed | JobState::Pending | JobState::Queued
    )
}

fn fitting(state: JobState) -> &'static [JobAction] {
    match state {
        JobState::Failed => &[
            JobAction::Retry,
            JobAction::Retry,
            JobAction::Skip,
            JobAction::Escalate,
        ],
        JobState::Pending => &[JobAction::Cancel, JobAction::Resume],
        JobState::Queued => &[JobAction::Pause],
        _ => &JobAction::ALL,
    }
}

/// Resumes each job that is paused by itself.
pub(crate) fn resume_all(world: &World) {
    let paused = hold(&world.model).paused_jobs();
    for (owner, job) in paused {
        resume(world, owner, job);
    }
}

fn resume(world: &World, owner: String, job: JobId) {
    let Ok(store) = world.vault.store() else {
        return;
    };
    let order = JobOrder {
        job,
        owner,
        environments: Vec::new(),
        action: JobAction::Resume,
        actor: ACTOR.to_owned(),
        note: None,
        runs: None,
    };
    let outcome = block_on(store.act(vec![order.clone()]));
    match &outcome {
        Ok(_) => world.acted(WORLD, &[order], &outcome),
        Err(why) => world.break_promise("P6", format!("resuming {job} fails: {why}")),
    }
    world.follow_log();
}
