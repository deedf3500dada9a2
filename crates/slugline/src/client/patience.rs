//! Sending a request again that is safe to send again.
//!
//! Ensures that an unknown outcome is not left unknown while there is patience: the same request
//! with the same key is sent again until the server says what became of it. Retry-After is obeyed.

use std::time::Duration;

use slugline_core::backoff::Schedule;
use slugline_core::http::Request;
use slugline_engine::ports::Entropy;

use super::api::{Api, Denied, Reply};
use crate::clock::SystemEntropy;
use crate::output::Output;

/// With the delays below: two to three minutes, in which a server restarts or a queue drains.
const ATTEMPTS: u32 = 12;
const DELAYS: Schedule = Schedule::FullJitter {
    base: Duration::from_millis(500),
    cap: Duration::from_secs(30),
};

/// Sends a request that the server recognises when it comes twice, saying each time why.
pub async fn send(
    api: &Api,
    request: &Request,
    what: &str,
    output: Output,
) -> Result<Reply, Denied> {
    let mut reached = false;
    for attempt in 1.. {
        let denied = match api.send(request.clone()).await {
            Ok(reply) => return Ok(reply),
            Err(denied) => denied,
        };
        reached |= !matches!(denied, Denied::NotSent(_));
        if attempt >= ATTEMPTS || !worth_repeating(&denied, reached) {
            return Err(last(denied));
        }
        let wait = DELAYS
            .delay(attempt, SystemEntropy.unit())
            .max(asked(&denied));
        output.note(&format!(
            "{what}: {denied}; sending it again with the same key in {:.1} s",
            wait.as_secs_f64()
        ));
        tokio::time::sleep(wait).await;
    }
    Err(Denied::NotSent("no attempt was made".into()))
}

/// A server that was never reached is more likely misspelt than down.
fn worth_repeating(denied: &Denied, reached: bool) -> bool {
    match denied {
        Denied::NoAnswer(_) => true,
        Denied::NotSent(_) => reached,
        Denied::Refused { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
    }
}

fn asked(denied: &Denied) -> Duration {
    match denied {
        Denied::Refused { retry_after, .. } => retry_after.unwrap_or_default(),
        _ => Duration::ZERO,
    }
}

/// What is left to say when patience ends.
fn last(denied: Denied) -> Denied {
    match denied {
        Denied::NoAnswer(why) => Denied::NoAnswer(format!(
            "{why}; whether it was accepted is unknown. The same command again is safe: it sends the same key"
        )),
        other => other,
    }
}
