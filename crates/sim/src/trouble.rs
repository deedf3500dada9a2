//! What goes wrong with nodes, vendors and clocks, and when.
//!
//! Ensures that each kind of trouble has its own dice, and that it ends when the plan says so.

use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use slugline_connectors::FakeEntry;
use slugline_connectors::fake::Fake;
use slugline_core::http::{Method, Request};
use slugline_core::ids::JobId;
use slugline_core::port::BoxFuture;

use crate::dice::Dice;
use crate::faults::Kind;
use crate::hold;
use crate::model::item_of;
use crate::network::{BLOG, HOOK, MEDIA};
use crate::node;
use crate::scheduler::{Group, WORLD};
use crate::world::World;

/// How often it is looked whether a run is under way: some seconds.
const TRIES: usize = 1_000;
/// A moment before trouble ends.
const TICK: Duration = Duration::from_millis(1);

/// One strike of trouble.
type Strike = for<'a> fn(&'a Arc<World>, &'a Dice) -> BoxFuture<'a, ()>;

/// Each kind that strikes by itself, and the milliseconds between two strikes at most.
const STRIKES: [(Kind, u64, Strike); 9] = [
    (Kind::Crash, 20_000, |world, dice| {
        Box::pin(crash(world, dice))
    }),
    (Kind::Stop, 30_000, |world, dice| {
        Box::pin(stop(world, dice))
    }),
    (Kind::Freeze, 25_000, |world, dice| {
        Box::pin(freeze(world, dice))
    }),
    (Kind::Outage, 30_000, |world, dice| {
        Box::pin(outage(world, dice))
    }),
    (Kind::Persons, 20_000, |world, dice| {
        Box::pin(person_writes(world, dice))
    }),
    (Kind::Drift, 15_000, |world, dice| {
        Box::pin(person_disturbs(world, dice))
    }),
    (Kind::FullDisk, 40_000, |world, dice| {
        Box::pin(full_disk(world, dice))
    }),
    (Kind::NodeClock, 15_000, |world, dice| {
        Box::pin(node_clock(world, dice))
    }),
    (Kind::StoreClock, 30_000, |world, dice| {
        Box::pin(store_clock(world, dice))
    }),
];

/// Starts the trouble of the plan.
pub(crate) fn start(world: &Arc<World>) {
    for (kind, pause, strike) in STRIKES {
        if !world.plan.has(kind) {
            continue;
        }
        let world = Arc::clone(world);
        let dice = Dice::new(world.plan.seed, &kind.to_string());
        let scheduler = Arc::clone(&world.scheduler);
        scheduler.spawn(WORLD, async move {
            loop {
                world.scheduler.sleep(dice.millis(500..pause)).await;
                if world.is_calm() {
                    break;
                }
                strike(&world, &dice).await;
            }
        });
    }
}

fn place(world: &World, dice: &Dice) -> usize {
    dice.below(world.nodes.count())
}

/// Mostly trouble strikes in the middle of a run; waits for one, but not for ever.
async fn in_a_run(world: &World, dice: &Dice, place: usize) {
    let tries = if dice.chance(0.8) { TRIES } else { 0 };
    for _ in 0..tries {
        let node = world.nodes.at(place);
        if node.is_some_and(|node| hold(&world.model).is_busy(node.group)) {
            break;
        }
        world.scheduler.sleep(dice.millis(1..8)).await;
    }
    // Somewhere in it.
    world.scheduler.sleep(dice.millis(0..20)).await;
}

async fn crash(world: &Arc<World>, dice: &Dice) {
    let place = place(world, dice);
    in_a_run(world, dice, place).await;
    world.nodes.end(world, place);
    world.scheduler.sleep(dice.millis(1..5_000)).await;
    node::start(world, place);
}

async fn stop(world: &Arc<World>, dice: &Dice) {
    let place = place(world, dice);
    world.nodes.stop(world, place);
    world.scheduler.sleep(dice.millis(2_500..6_000)).await;
    node::start(world, place);
}

/// Longer than a lease, now and then.
async fn freeze(world: &Arc<World>, dice: &Dice) {
    let place = place(world, dice);
    in_a_run(world, dice, place).await;
    let Some(node) = world.nodes.at(place) else {
        return;
    };
    let longest = if dice.chance(0.7) { 45_000 } else { 5_000 };
    let pause = dice.millis(longest / 2..longest);
    world.note(|| format!("n{} stands still for {pause:?}", node.group));
    world.scheduler.freeze(node.group);
    let had = hold(&world.model).jobs_of(node.group);
    world.scheduler.sleep(pause).await;
    until_taken_over(world, dice, &had, node.group).await;
    world.note(|| format!("n{} goes on", node.group));
    world.scheduler.thaw(node.group);
}

/// The worst moments to go on are when the work was just taken back, and while another node does it.
async fn until_taken_over(world: &World, dice: &Dice, jobs: &[JobId], node: Group) {
    let tries = if dice.chance(0.7) && !jobs.is_empty() {
        4 * TRIES
    } else {
        0
    };
    let lost = dice.chance(0.4);
    for _ in 0..tries {
        let now = match lost {
            true => hold(&world.model).are_lost(jobs, node),
            false => hold(&world.model).are_taken_over(jobs, node),
        };
        if now || world.is_calm() {
            break;
        }
        world.scheduler.sleep(dice.millis(1..8)).await;
    }
}

async fn outage(world: &Arc<World>, dice: &Dice) {
    let site = *dice.pick(&[BLOG, HOOK, MEDIA]);
    let length = dice.millis(500..15_000);
    world.note(|| format!("{site} is away for {length:?}"));
    *hold(&world.network.away) = Some((site, world.scheduler.now() + length));
    world.scheduler.sleep(length).await;
}

/// A person publishes under a slug that an item may want, mostly while somebody is about to take it.
async fn person_writes(world: &Arc<World>, dice: &Dice) {
    in_a_run(world, dice, place(world, dice)).await;
    let number = dice.below(5);
    let (any, title) = (format!("post-{number}-en"), format!("By hand {number}"));
    let slug = hold(&world.model).slug_in_hand().unwrap_or(any);
    let now = world.now();
    let id = hold(&world.network.blog)
        .site
        .write_as_person(&slug, &title, now);
    let written = world.entries().into_iter().find(|entry| entry.id == id);
    let slug = written.map(|entry| entry.slug).unwrap_or_default();
    world.note(|| format!("a person writes post {id} under {slug}"));
    hold(&world.model).person_wrote(id, &slug, &title);
    world.look_at_blog();
}

/// A person changes an entry of ours, or removes it for good.
async fn person_disturbs(world: &Arc<World>, dice: &Dice) {
    let ours: Vec<FakeEntry> = world
        .entries()
        .into_iter()
        .filter(|entry| !entry.by_person && entry.status == "publish")
        .collect();
    let removes = dice.chance(0.4);
    if ours.is_empty() {
        return;
    }
    let entry = dice.pick(&ours);
    let Some(item) = item_of(entry) else { return };
    world.note(|| {
        format!(
            "a person disturbs post {} of {}, removes {removes}",
            entry.id, item.content_id
        )
    });
    hold(&world.model).person_disturbed(item, world.scheduler.now());
    let now = world.now();
    if removes {
        hold(&world.network.blog).site.lose(entry.id);
    } else {
        let edit = Request::new(
            Method::Post,
            format!("{BLOG}/wp-json/wp/v2/posts/{}", entry.id),
        )
        .header("authorization", "Basic cHVibGlzaGVyOnB3")
        .json(&serde_json::json!({ "content": "<p>Changed by hand.</p>" }));
        let edited = hold(&world.network.blog).site.handle(&edit, now);
        if let Err(undocumented) = edited {
            world.break_promise("facts", undocumented.to_string());
        }
    }
    world.look_at_blog();
}

async fn full_disk(world: &Arc<World>, dice: &Dice) {
    // There is room again when trouble ends: what is resumed then is written.
    let left = world
        .plan
        .calm_from
        .saturating_sub(world.scheduler.now() + TICK);
    let length = dice.millis(500..8_000).min(left);
    world.note(|| format!("the disk is full for {length:?}"));
    bound(world, 1);
    world.scheduler.sleep(length).await;
    bound(world, u64::MAX);
    world.note(|| "the disk has room".into());
}

fn bound(world: &Arc<World>, bytes: u64) {
    let bounded = world
        .vault
        .store()
        .map(|store| block_on(store.bound(bytes)));
    if let Err(why) = bounded {
        world.break_promise("P9", why);
    }
}

async fn node_clock(world: &Arc<World>, dice: &Dice) {
    if let Some(node) = world.nodes.at(place(world, dice)) {
        node.clock.jump(jump(dice, 60_000));
    }
}

async fn store_clock(world: &Arc<World>, dice: &Dice) {
    let millis = jump(dice, 5_000);
    world.note(|| format!("the store's clock jumps by {millis} ms"));
    world.store_clock.jump(millis);
}

/// Milliseconds forward or back.
fn jump(dice: &Dice, most: u64) -> i64 {
    let length = i64::try_from(dice.millis(0..most).as_millis()).unwrap_or(0);
    if dice.chance(0.5) { length } else { -length }
}
