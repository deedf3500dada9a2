//! Cutting the power: every node ends, and the store is opened again from what its files held.
//!
//! Ensures that what was acknowledged is judged to be there before anything goes on.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::hold;
use crate::node;
use crate::scheduler::WORLD;
use crate::vault::Image;
use crate::world::World;

/// Milliseconds that it stays dark at most.
const DARK: u64 = 4_000;
/// Cuts the power. Without an image the store is closed properly before. `if_kept`: what the model
/// takes over if the last operation is in the files.
pub(crate) fn cut(world: &Arc<World>, image: Option<Image>, if_kept: impl FnOnce()) {
    world.dark.store(true, Ordering::SeqCst);
    if let Err(error) = world.vault.reopen(image) {
        return world.break_promise(
            "P1",
            format!("the store does not open after a power cut: {error}"),
        );
    }
    recover(world, if_kept);
    let dark = Arc::clone(world);
    world.scheduler.spawn(WORLD, async move {
        dark.nodes.end_all(&dark);
        let wait = dark.store_dice.millis(10..DARK);
        dark.scheduler.sleep(wait).await;
        dark.dark.store(false, Ordering::SeqCst);
        node::start_all(&dark);
    });
}

/// The model looks at what is there.
fn recover(world: &Arc<World>, if_kept: impl FnOnce()) {
    let now = world.asker(0).now;
    let (log, place) = (world.log_after(0), hold(&world.model).cursor());
    let judged = hold(&world.model).judge_same_log(&log);
    world.judge(judged);
    if log.last().is_some_and(|entry| entry.seq > place) {
        if_kept();
    }
    hold(&world.model).recovers(true);
    world.follow_log();
    hold(&world.model).recovers(false);
    hold(&world.model).all_nodes_ended(now);
    world.look_at_accepted();
}
