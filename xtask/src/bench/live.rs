//! Asks the server, as any caller may, whether publishes are live.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::load::{CONNECTIONS, Target};
use crate::wire::{self, Connection, Key};

/// A publish that takes longer is asked about less often, so that asking does not become the load.
const EAGER: Duration = Duration::from_millis(5);
const BETWEEN: Duration = Duration::from_millis(1);
/// A publish that is not live by then never will be: the sink answers at once.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Publish<'a> {
    state: &'a str,
}

/// Waits until a publish is live, asking again and again at first.
///
/// # Errors
/// It is not live within [`PATIENCE`].
pub(super) async fn wait(connection: &mut Connection, target: &Target, key: Key) -> Result<()> {
    let started = Instant::now();
    while !is_live(connection, target, key).await? {
        ensure!(
            started.elapsed() < PATIENCE,
            "publish {key:032x} is not live after {PATIENCE:?}"
        );
        if started.elapsed() > EAGER {
            sleep(BETWEEN).await;
        }
    }
    Ok(())
}

/// Waits until every one of the publishes is live, asking over [`CONNECTIONS`] connections. Must run within a `LocalSet`.
///
/// # Errors
/// As [`wait`], for the first that is not.
pub(super) async fn wait_all(target: &Target, keys: Rc<Vec<Key>>) -> Result<()> {
    let mut askers = JoinSet::new();
    for first in 0..CONNECTIONS {
        askers.spawn_local(wait_from(first, target.clone(), keys.clone()));
    }
    while let Some(asked) = askers.join_next().await {
        asked??;
    }
    Ok(())
}

async fn wait_from(first: usize, target: Target, keys: Rc<Vec<Key>>) -> Result<()> {
    let mut connection = Connection::open(target.address).await?;
    for key in keys.iter().skip(first).step_by(CONNECTIONS) {
        wait(&mut connection, &target, *key).await?;
    }
    Ok(())
}

async fn is_live(connection: &mut Connection, target: &Target, key: Key) -> Result<bool> {
    let request = wire::get(&format!("/v1/publishes/{key:032x}"), &target.token);
    let answer = connection.exchange(&request).await?;
    let said = || String::from_utf8_lossy(answer.body).into_owned();
    ensure!(
        answer.status == 200,
        "GET /v1/publishes/{key:032x} answered {} {}",
        answer.status,
        said()
    );
    let publish: Publish<'_> = serde_json::from_slice(answer.body).with_context(said)?;
    Ok(publish.state == "live")
}
