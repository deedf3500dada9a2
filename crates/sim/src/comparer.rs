//! An operator who has the blog compared with what is desired there, now and then, and once all is calm.
//!
//! Ensures that a run with reconciliations does not rest before one that began in calm has ended.

use std::sync::Arc;

use futures_executor::block_on;
use slugline_core::ids::ReconciliationId;
use slugline_engine::store::{
    Begun, NewReconciliation, Page, ReconciliationState, ReconciliationView, Reconciling,
};

use crate::dice::Dice;
use crate::hold;
use crate::model::AT_BLOG;
use crate::operators::{ACTOR, TOGETHER};
use crate::scheduler::WORLD;
use crate::world::World;

/// Milliseconds between two of the operator's deeds.
const PAUSE: std::ops::Range<u64> = 1_000..9_000;
/// How often one that is under way is aborted.
const ABORTS: f64 = 0.1;

/// Starts the operator, where the plan has one.
pub(crate) fn start(world: &Arc<World>) {
    if !world.plan.reconciled {
        return;
    }
    let of_world = Arc::clone(world);
    world.scheduler.spawn(WORLD, async move {
        let dice = Dice::new(of_world.plan.seed, "operator");
        while !is_done(&of_world) {
            of_world.scheduler.sleep(dice.millis(PAUSE)).await;
            let aborts = dice.chance(ABORTS) && !of_world.is_calm();
            act(&of_world, aborts);
        }
    });
}

/// Whether one that began in calm has ended.
pub(crate) fn is_done(world: &World) -> bool {
    !world.plan.reconciled || *hold(&world.reconciled)
}

fn act(world: &World, aborts: bool) {
    let Ok(store) = world.vault.store() else {
        return;
    };
    if world.dark.load(std::sync::atomic::Ordering::SeqCst) {
        return;
    }
    let page = Page {
        limit: 1,
        cursor: None,
    };
    let last = block_on(store.reconciliations(Some(AT_BLOG.into()), page));
    let last = last.ok().and_then(|mut found| found.items.pop());
    match last {
        Some(view) if view.state == ReconciliationState::Running && aborts => {
            abort(world, &*store, view.reconciliation_id);
        }
        Some(view) if view.state == ReconciliationState::Running => {}
        Some(view) if ended_in_calm(world, &view) => *hold(&world.reconciled) = true,
        // Who sees that the blog was emptied says so.
        Some(view) => begin(world, &*store, view.state == ReconciliationState::Stopped),
        None => begin(world, &*store, false),
    }
    world.follow_log();
}

fn ended_in_calm(world: &World, view: &ReconciliationView) -> bool {
    let begun_in_calm = *hold(&world.calm_reconciliation) == Some(view.reconciliation_id);
    begun_in_calm && view.state == ReconciliationState::Done
}

fn abort(world: &World, store: &dyn Reconciling, id: ReconciliationId) {
    world.note(|| format!("an operator aborts {id}"));
    for _ in 0..TOGETHER {
        // What a full disk refuses is tried again later.
        let _ = block_on(store.abort_reconciliation(id, ACTOR));
    }
}

fn begin(world: &World, store: &dyn Reconciling, believe_listing: bool) {
    let new = NewReconciliation {
        destination: AT_BLOG.into(),
        actor: ACTOR.into(),
        dry_run: false,
        believe_listing,
        unless_since: None,
    };
    let mut begun = Vec::new();
    for _ in 0..TOGETHER {
        if let Ok(Begun::New(view)) = block_on(store.begin_reconciliation(new.clone())) {
            begun.push(view.reconciliation_id);
        }
    }
    if begun.len() > 1 {
        let twins = format!("{begun:?} compare one destination at the same time");
        world.break_promise("P2", twins);
    }
    for id in begun {
        world.note(|| format!("an operator begins {id}"));
        if world.is_calm() {
            *hold(&world.calm_reconciliation) = Some(id);
        }
    }
}
