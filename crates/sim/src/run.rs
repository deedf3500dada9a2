//! One run: trouble, then calm, then everything must have come to rest.
//!
//! Ensures that a run ends, that its outcome names the broken promise and the last steps, and that a
//! plan that fails can be cut down to what it needs to fail.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use slugline_engine::store::Store;

use crate::faults::Kind;
use crate::hold;
use crate::model::{Broken, Judged, broken};
use crate::plan::{Cut, Plan, Tell};
use crate::scheduler::WORLD;
use crate::shelf::{places, public, public_places};
use crate::world::World;
use crate::{
    buttons, client, comparer, editors, erasers, menders, node, operators, redoers, releases,
    replayers, sender, trouble,
};

/// A node has looked at everything once within this time.
pub(crate) const AWAKE: Duration = Duration::from_secs(2);
/// What was told of an entry of ours has been looked at within this time: soon, or after the pause that
/// follows a look which failed.
const CHECKED: Duration = Duration::from_secs(12);
/// What was accepted so long ago is looked for by a sweep, however the clocks jump.
const SETTLED: Duration = Duration::from_secs(30);
/// When trouble has ended, everything is at rest within this time (P6): a lease, its rescue, some
/// tries, the probes of a destination that was away, a second look.
const BOUND: Duration = Duration::from_secs(300);
/// Steps of one run: many times what any has taken, so that a loop without an await of time ends.
const STEPS: usize = 1_000_000;
/// How often what rests is looked at.
const LOOK: Duration = Duration::from_millis(1_000);

/// What became of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What it had of trouble.
    pub kinds: Vec<Kind>,
    /// The promise that was broken, if one was.
    pub broken: Option<Broken>,
    /// What happened, line by line: the same for every run of the same seed.
    pub trace: Vec<String>,
    /// The requests of the plan.
    pub requests: Vec<usize>,
}

/// Runs a seed, less what is cut.
#[must_use]
pub fn run(seed: u64, cut: &Cut) -> Outcome {
    let plan = Plan::of(seed, cut);
    let (kinds, requests) = (plan.kinds.iter().copied().collect(), plan.numbers());
    let (broken, trace) = match World::new(plan) {
        Ok(world) => (play(&world), world.trace()),
        Err(why) => {
            let broken = Broken {
                promise: "P1",
                what: format!("a new store does not open: {why}"),
            };
            (Some(broken), Vec::new())
        }
    };
    Outcome {
        seed,
        kinds,
        broken,
        trace,
        requests,
    }
}

fn play(world: &Arc<World>) -> Option<Broken> {
    let played = catch_unwind(AssertUnwindSafe(|| {
        start(world);
        step_to_rest(world);
    }));
    if played.is_err() {
        world.break_promise("panic", "something panicked; its message is above".into());
    }
    // The tasks hold the world, and the world holds the tasks.
    (0..=world.nodes.last_group()).for_each(|group| world.scheduler.kill(group));
    world.vault.end();
    world.broken()
}

fn start(world: &Arc<World>) {
    node::start_all(world);
    client::start(world);
    sender::start(world);
    comparer::start(world);
    trouble::start(world);
    operators::start(world);
    buttons::start(world);
    editors::start(world);
    releases::start(world);
    replayers::start(world);
    erasers::start(world);
    menders::start(world);
    redoers::start(world);
    let (calm, looks) = (Arc::clone(world), Arc::clone(world));
    world.scheduler.spawn(WORLD, async move {
        calm.scheduler.sleep(calm.plan.calm_from).await;
        calm.calm_down();
        // What was on its way to end a node, or stands still and was asked to stop, may end it later.
        loop {
            operators::resume_all(&calm);
            buttons::resume_all(&calm);
            calm.scheduler.sleep(Duration::from_secs(10)).await;
            node::start_all(&calm);
        }
    });
    world.scheduler.spawn(WORLD, async move {
        loop {
            looks.scheduler.sleep(LOOK).await;
            looks.look_at_rest();
            looks.look_at_pressure();
            looks.look_at_waiting();
        }
    });
}

fn step_to_rest(world: &Arc<World>) {
    let mut at_rest_since = None;
    let rest = match world.plan.mirrored || world.plan.polled {
        true => CHECKED,
        false => AWAKE,
    };
    // A node that ended while it asked keeps the others from asking for a while.
    let bound = match (world.plan.swept, world.plan.polled) {
        (true, _) => BOUND * 4,
        (false, true) => BOUND * 2,
        (false, false) => BOUND,
    };
    for _ in 0..STEPS {
        if world.broken().is_some() {
            return;
        }
        if !world.scheduler.step() {
            return world.break_promise("P6", "nothing waits for anything any more".into());
        }
        let now = world.scheduler.now();
        let late = now > world.plan.calm_from + bound;
        match is_at_rest(world) {
            true => _ = at_rest_since.get_or_insert(now),
            false => at_rest_since = None,
        }
        let has_rested =
            at_rest_since.is_some_and(|since| since + rest <= now && was_swept(world, since));
        if late || has_rested {
            return world.judge(judge_end(world));
        }
    }
    world.break_promise("P6", format!("it took more than {STEPS} steps"));
}

/// Cheap enough to be asked at each step. What waits for a person may not be shown as that yet: nothing
/// rests while nobody is there to see to it, nor before somebody has.
fn is_at_rest(world: &World) -> bool {
    world.is_calm()
        && world.nodes.have_worked(AWAKE, world.scheduler.now())
        && *hold(&world.unanswered) == 0
        && *hold(&world.network.in_flight) == 0
        && hold(&world.model).is_at_rest(world.asker(0).now)
        && world.looks_owed() == Some(0)
        && world.webhooks_left() == Some(0)
        && was_asked(world)
        && comparer::is_done(world)
        && !hold(&world.model).has_running_replay()
}

/// Whether the CMS was asked what it has since trouble ended, where it is asked.
fn was_asked(world: &World) -> bool {
    let last = hold(&world.askings).last;
    !world.plan.polled || last.is_some_and(|last| last > world.plan.calm_from)
}

/// Whether the CMS was swept from beginning to end since then, where it is swept: another sweep has begun.
fn was_swept(world: &World, since: Duration) -> bool {
    let askings = hold(&world.askings);
    let began = askings.sweeps.iter();
    !world.plan.swept || began.filter(|began| **began > since + SETTLED).count() > 1
}

fn judge_end(world: &World) -> Judged {
    let restless = hold(&world.model).restless();
    if hold(&world.model).has_circle() {
        return broken("P6", "contents wait for each other, and nobody is told");
    }
    if !restless.is_empty() || world.looks_owed() != Some(0) {
        return broken(
            "P6",
            format!("after {BOUND:?} of calm these are open: {restless:?}"),
        );
    }
    if *hold(&world.unanswered) > 0 {
        return broken("P6", "a client has no answer yet");
    }
    if world.webhooks_left() != Some(0) {
        return broken("P6", "webhooks are kept that nobody deals with");
    }
    if !comparer::is_done(world) {
        return broken("P6", "no reconciliation that began in calm has ended");
    }
    if hold(&world.model).has_running_replay() {
        return broken("P6", "a replay has not ended");
    }
    world.look_at_replays();
    world.look_at_webhooks();
    world.look_at_notes();
    judge_told(world)?;
    judge_found(world)?;
    judge_gone(world)?;
    world.look_at_accepted();
    let accepted = hold(&world.model).accepted();
    for (owner, id) in accepted {
        if let Some(view) = world.publish_view(&owner, &id.to_string()) {
            hold(&world.model).judge_ended(&world.plan, &view)?;
        }
    }
    let entries = world.entries();
    for view in world.content_views() {
        hold(&world.model).judge_content(&view)?;
        if world.plan.mirrored || world.plan.reconciled {
            hold(&world.model).judge_drift(&view, &entries)?;
        }
        if world.plan.reconciled {
            hold(&world.model).judge_put_right(&view)?;
        }
    }
    world.look_at_rest();
    hold(&world.model).judge_leftovers(&entries)?;
    if world.plan.is_calm() {
        hold(&world.model).judge_urgency()?;
    }
    judge_chain(world)
}

/// Judges what webhooks told, as far as that is more than news.
fn judge_told(world: &World) -> Judged {
    let plan = &world.plan;
    let there = plan
        .thin
        .then(|| public_places(&plan.tells, plan.calm_from));
    hold(&world.model).judge_told(there.as_ref(), plan.news_only)
}

/// Judges that what is gone from the CMS is gone here, told or not. A list without the entry that is always
/// there is not believed.
fn judge_gone(world: &World) -> Judged {
    let tells = &world.plan.tells;
    if !world.plan.swept || !tells.iter().any(Tell::is_anchor) {
        return Ok(());
    }
    let there = public_places(tells, world.plan.calm_from);
    let mut gone = places(tells);
    gone.retain(|place| !there.contains(place));
    gone.iter()
        .try_for_each(|place| hold(&world.model).judge_gone(place))
}

/// Judges that what became public since the CMS was first asked is known here, told or not; and shown, unless a webhook
/// told without a version that it is gone.
fn judge_found(world: &World) -> Judged {
    if !world.plan.polled {
        return Ok(());
    }
    let Some(from) = hold(&world.askings).from else {
        return broken("P6", "the CMS was never asked");
    };
    let news = public(&world.plan.tells, world.plan.calm_from);
    let found = news.iter().filter(|(at, _)| *at > from);
    let told = world.plan.tells.iter().flat_map(|tell| &tell.changes);
    let unversioned = told.filter(|change| change.version.is_none());
    let doubtful: BTreeSet<&str> = unversioned.map(|change| &*change.entry).collect();
    for (_, change) in found {
        hold(&world.model).judge_found(change)?;
        if !doubtful.contains(&*change.entry) {
            hold(&world.model).judge_still_there(change)?;
        }
    }
    Ok(())
}

fn judge_chain(world: &World) -> Judged {
    let store = world.vault.store().map_err(|what| Broken {
        promise: "P8",
        what,
    })?;
    match block_on(store.verify_log()) {
        Ok(check) if check.faults.is_empty() => Ok(()),
        checked => broken("P8", format!("the log's chain is not whole: {checked:?}")),
    }
}

/// The smallest cut under which a seed still breaks the same promise.
#[must_use]
pub fn smallest(seed: u64, cut: Cut) -> (Cut, Outcome) {
    let mut best = (cut.clone(), run(seed, &cut));
    let Some(promise) = best.1.broken.as_ref().map(|broken| broken.promise) else {
        return best;
    };
    let try_cut = |best: &mut (Cut, Outcome), cut: Cut| {
        let outcome = run(seed, &cut);
        if outcome
            .broken
            .as_ref()
            .is_some_and(|broken| broken.promise == promise)
        {
            *best = (cut, outcome);
        }
    };
    for kind in best.1.kinds.clone() {
        let mut cut = best.0.clone();
        cut.without.insert(kind);
        try_cut(&mut best, cut);
    }
    let mut size = best.1.requests.len() / 2;
    while size > 0 {
        for chunk in best.1.requests.clone().chunks(size) {
            let mut cut = best.0.clone();
            let kept = best
                .1
                .requests
                .iter()
                .filter(|number| !chunk.contains(number));
            cut.only = Some(kept.copied().collect());
            try_cut(&mut best, cut);
        }
        size /= 2;
    }
    best
}
