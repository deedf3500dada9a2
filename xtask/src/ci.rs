//! `cargo xtask ci`: what a change must pass. Stricter than `test` in one way: a part that could not run is a failure,
//! because a check that is skipped in silence protects nobody.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::run::{cargo, cargo_has, succeeds};
use crate::{bench, test};

type Step = (&'static str, fn() -> Result<bool>);

const STEPS: [Step; 4] = [
    ("format", format),
    ("lint", lint),
    ("test", test),
    ("bench", bench),
];

/// Runs every step to its end and prints what took how long; true when all passed.
///
/// # Errors
/// A tool that a step needs is absent.
pub(crate) fn run() -> Result<bool> {
    let mut results = Vec::new();
    for (name, step) in STEPS {
        println!("\n==== {name}");
        let started = Instant::now();
        results.push((name, step()?, started.elapsed()));
    }
    print(&results);
    Ok(results.iter().all(|(_, passed, _)| *passed))
}

fn print(results: &[(&str, bool, Duration)]) {
    println!("\n==== ci");
    for (name, passed, took) in results {
        println!(
            "{:<8}{name:<10}{:>7.1} s",
            if *passed { "passed" } else { "FAILED" },
            took.as_secs_f64()
        );
    }
}

fn format() -> Result<bool> {
    ensure!(
        cargo_has("fmt"),
        "rustfmt is absent; install it with: rustup component add rustfmt"
    );
    succeeds(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lint() -> Result<bool> {
    ensure!(
        cargo_has("clippy"),
        "clippy is absent; install it with: rustup component add clippy"
    );
    succeeds(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}

fn test() -> Result<bool> {
    test::run_strictly(&test::Options::default())
}

/// Shows that the product still runs under load and prints its ratios; a busy CI machine cannot judge times.
fn bench() -> Result<bool> {
    bench::run(&bench::Options::quick())
}
