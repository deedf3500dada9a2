//! From `kill -9` to the first delivery: a publish is sent as soon as the door opens, and whatever reaches a sink first
//! stops the clock, be it that publish or a queued job.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::time::sleep;

use super::load;
use super::product::STANDARD;
use super::server::Server;
use super::sink::Sink;
use crate::wire::Connection;

/// Kills of one figure; their median is taken.
const ROUNDS: usize = 3;
/// Nothing more comes from a killed server's connections after a silence of this length.
const SILENCE: Duration = Duration::from_millis(50);
/// Between two tries to reach the door; small beside what is measured.
const BETWEEN: Duration = Duration::from_millis(1);
/// A server that delivers nothing in this time is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// The median time in milliseconds.
///
/// # Errors
/// It does not deliver again.
pub(super) async fn milliseconds(server: &mut Server, sinks: &[&Sink]) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(once(server, sinks).await?);
        server.ready().await?;
    }
    times.sort_unstable();
    let shown: Vec<u128> = times.iter().map(Duration::as_millis).collect();
    eprintln!("  kill -9 to first delivery: {shown:?} ms");
    Ok(times[ROUNDS / 2].as_secs_f64() * 1_000.0)
}

async fn once(server: &mut Server, sinks: &[&Sink]) -> Result<Duration> {
    let arrivals = || sinks.iter().map(|sink| sink.arrivals()).sum::<usize>();
    server.kill();
    let mut before = arrivals();
    loop {
        sleep(SILENCE).await;
        match arrivals() {
            now if now == before => break,
            now => before = now,
        }
    }
    let started = Instant::now();
    server.start_again()?;
    let first = async {
        while arrivals() == before {
            ensure!(
                started.elapsed() < PATIENCE,
                "nothing was delivered in {PATIENCE:?}"
            );
            sleep(BETWEEN).await;
        }
        Ok(started.elapsed())
    };
    let (first, sent) = tokio::join!(first, send_when_open(server, started));
    sent?;
    first
}

async fn send_when_open(server: &Server, started: Instant) -> Result<()> {
    let mut random = fastrand::Rng::new();
    while started.elapsed() < PATIENCE {
        if let Ok(mut connection) = Connection::open(server.target.address).await {
            let sent = load::publish(&mut connection, &server.target, &STANDARD, &mut random);
            return sent.await.map(|_| ());
        }
        sleep(BETWEEN).await;
    }
    anyhow::bail!("its door did not open in {PATIENCE:?}")
}
