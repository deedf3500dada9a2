//! `slugline-sim`: runs seeds and says which broke what. Driven by `cargo xtask sim`.
//!
//! Ensures that a seed that fails is printed with its promise, the last steps and the words that run
//! it again. Does not measure time: nothing here knows what time it is.

use std::collections::BTreeSet;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use slugline_sim::{Cut, Kind, Outcome, run, smallest};

/// Lines of the trace that are shown of a seed that fails.
const LAST_STEPS: usize = 40;

/// What is asked for.
struct Options {
    seeds: Range<u64>,
    cut: Cut,
    minimise: bool,
    trace: bool,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("slugline-sim: {why}");
            return ExitCode::from(2);
        }
    };
    match run_all(&options) {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let (mut from, mut count) = (1, 1);
    let (mut cut, mut minimise, mut trace) = (Cut::default(), false, false);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let number = |text: String| {
            text.parse::<u64>()
                .map_err(|why| format!("{text:?}: {why}"))
        };
        match word.as_str() {
            "--seed" | "--from" => from = number(value()?)?,
            "--seeds" => count = number(value()?)?,
            "--without" => cut.without = list::<Kind>(&value()?)?,
            "--only" => cut.only = Some(list(&value()?)?),
            "--minimise" => minimise = true,
            "--trace" => trace = true,
            other => {
                return Err(format!(
                    "{other:?} is not an option; there are --seed, --seeds, --from, --without, --only, --minimise, --trace"
                ));
            }
        }
    }
    Ok(Options {
        seeds: from..from.saturating_add(count),
        cut,
        minimise,
        trace,
    })
}

fn list<T: std::str::FromStr + Ord>(text: &str) -> Result<BTreeSet<T>, String>
where
    T::Err: std::fmt::Display,
{
    let parse = |part: &str| part.parse().map_err(|why| format!("{part:?}: {why}"));
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(parse)
        .collect()
}

/// Runs the seeds, one worker for each core, up to the first that fails; how many failed.
fn run_all(options: &Options) -> usize {
    let (next, failed) = (AtomicU64::new(options.seeds.start), AtomicBool::new(false));
    let work = || {
        let mut failures = 0;
        while !failed.load(Ordering::SeqCst) {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if !options.seeds.contains(&seed) {
                break;
            }
            let outcome = run(seed, &options.cut);
            if outcome.broken.is_some() {
                failed.store(true, Ordering::SeqCst);
                failures += 1;
                report_failure(options, outcome);
            } else if options.trace {
                outcome.trace.iter().for_each(|line| println!("{line}"));
            }
        }
        failures
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let failures: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(1))
            .sum()
    });
    if failures == 0 {
        println!(
            "kept every promise: seeds {} to {}",
            options.seeds.start,
            options.seeds.end - 1
        );
    }
    failures
}

fn report_failure(options: &Options, outcome: Outcome) {
    let (cut, outcome) = match options.minimise {
        true => smallest(outcome.seed, options.cut.clone()),
        false => (options.cut.clone(), outcome),
    };
    let first = match options.trace {
        true => 0,
        false => outcome.trace.len().saturating_sub(LAST_STEPS),
    };
    let mut report: Vec<String> = outcome.trace[first..].to_vec();
    let kinds: Vec<String> = outcome.kinds.iter().map(Kind::to_string).collect();
    if let Some(broken) = &outcome.broken {
        report.push(format!("seed {} BROKE {broken}", outcome.seed));
    }
    report.push(format!("trouble: {}", kinds.join(", ")));
    report.push(format!(
        "again: cargo xtask sim --seed {}{}",
        outcome.seed,
        words(&cut)
    ));
    println!("{}", report.join("\n"));
}

/// A cut as it is given on the command line.
fn words(cut: &Cut) -> String {
    let join = |parts: Vec<String>| parts.join(",");
    let mut words = String::new();
    if !cut.without.is_empty() {
        words += &format!(
            " --without {}",
            join(cut.without.iter().map(Kind::to_string).collect())
        );
    }
    if let Some(only) = &cut.only {
        words += &format!(
            " --only {}",
            join(only.iter().map(usize::to_string).collect())
        );
    }
    words
}
