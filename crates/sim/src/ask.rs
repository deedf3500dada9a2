//! Asking a node something, as whoever stands before it does.
//!
//! Ensures that what a node was asked goes on without whoever lost patience, and ends with its node.

use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::{Either, select};

use crate::dice::Dice;
use crate::node::Node;
use crate::world::World;

/// How long somebody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks any node; `None` when nobody answers.
pub(crate) async fn any_node<T, F>(
    world: &World,
    dice: &Dice,
    work: impl FnOnce(Node) -> Option<F>,
) -> Option<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let node = world.nodes.at(dice.below(world.nodes.count()))?;
    let group = node.group;
    let asked = work(node)?;
    let (reply, answer) = oneshot::channel();
    world.scheduler.spawn(group, async move {
        // Who asked may have lost patience.
        let _ = reply.send(asked.await);
    });
    let patience = Box::pin(world.scheduler.sleep(PATIENCE));
    match select(answer, patience).await {
        Either::Left((answer, _)) => answer.ok(),
        Either::Right(_) => None,
    }
}
