//! Webhooks at saturation: how many are verified, kept and dealt with, and how long a sender waits for its answer, who may
//! give up after two seconds (Ghost does). Each is signed by the library of Standard Webhooks, has a name of its own and
//! brings a new entry of 1 KiB.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};
use serde::Deserialize;
use standardwebhooks::Webhook;
use tokio::task::JoinSet;

use super::load::{CONNECTIONS, Target};
use super::percentile::Sample;
use super::requests::BODY_BYTES;
use super::server::HOOK_SECRET;
use crate::wire::{self, Connection};

/// What senders saw.
pub(super) struct Told {
    /// Webhooks answered per second.
    pub(super) per_second: f64,
    /// From the first byte of the request to the answer.
    pub(super) answers: Sample,
}

struct Loop {
    target: Target,
    signer: Webhook,
    started: Instant,
    span: Duration,
    times: RefCell<Vec<Duration>>,
}

#[derive(Deserialize)]
struct Receipt<'a> {
    status: &'a str,
}

/// Keeps [`CONNECTIONS`] senders busy for `span`. Must run within a `LocalSet`.
///
/// # Errors
/// An answer other than that the webhook's entry was taken.
pub(super) async fn saturate(target: &Target, span: Duration) -> Result<Told> {
    let state = Rc::new(Loop {
        target: target.clone(),
        signer: Webhook::new(HOOK_SECRET)?,
        started: Instant::now(),
        span,
        times: RefCell::default(),
    });
    let mut senders = JoinSet::new();
    for _ in 0..CONNECTIONS {
        senders.spawn_local(sender(state.clone()));
    }
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    let (took, times) = (state.started.elapsed(), state.times.take());
    Ok(Told {
        per_second: times.len() as f64 / took.as_secs_f64(),
        answers: Sample::of(times),
    })
}

async fn sender(state: Rc<Loop>) -> Result<()> {
    let mut connection = Connection::open(state.target.address).await?;
    let mut random = fastrand::Rng::new();
    while state.started.elapsed() < state.span {
        let (id, body) = (format!("msg_{:032x}", random.u128(..)), body(&mut random));
        let at = SystemTime::UNIX_EPOCH.elapsed()?.as_secs() as i64;
        let signature = state.signer.sign(&id, at, body.as_bytes())?;
        let request = wire::webhook("bench", [&id, &at.to_string(), &signature], &body);
        let began = Instant::now();
        let answer = connection.exchange(&request).await?;
        let took = began.elapsed();
        let said = || String::from_utf8_lossy(answer.body).into_owned();
        ensure!(
            answer.status == 202,
            "POST /hooks/bench answered {} {}",
            answer.status,
            said()
        );
        let receipt: Receipt<'_> = serde_json::from_slice(answer.body)?;
        ensure!(
            receipt.status == "ok",
            "POST /hooks/bench answered {}",
            said()
        );
        state.times.borrow_mut().push(took);
    }
    Ok(())
}

/// A webhook's body, exactly [`BODY_BYTES`] long.
fn body(random: &mut fastrand::Rng) -> String {
    let entry = random.u128(..);
    let head = format!(
        r#"{{"type":"post.published","timestamp":"2026-01-01T00:00:00Z","data":{{"id":"{entry:032x}","version":1,"title":"A post about publishing","slug":"post-{entry:032x}","body":""#
    );
    const TAIL: &str = r#""}}"#;
    let text = "<p>What is told twice must land once.</p>".repeat(BODY_BYTES / 32);
    format!(
        "{head}{}{TAIL}",
        &text[..BODY_BYTES - head.len() - TAIL.len()]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_of_the_stated_size() {
        let body = body(&mut fastrand::Rng::with_seed(7));
        assert_eq!(body.len(), BODY_BYTES);
        let parsed: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(parsed["type"], "post.published");
    }
}
