//! `cargo xtask sim`: runs the simulation's seeds and says how fast. It starts the simulation as a program, like
//! everything here, and passes on what it says. `--bugs` shows that it bites.

mod bugs;
mod tree;

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;
pub(crate) use bugs::Tried;
use serde::{Deserialize, Serialize};

use crate::proof;
use crate::run::{cargo, succeeds, target};

/// What the seeds last came to, when all of them kept every promise.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Rehearsal {
    /// Seeds run.
    pub(crate) seeds: u64,
    /// In this time.
    pub(crate) seconds: f64,
}

/// What `cargo xtask sim` takes.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Run this seed alone
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    pub(crate) seed: Option<u64>,
    /// Run this many seeds, up to the first that breaks a promise
    #[arg(long)]
    pub(crate) seeds: Option<u64>,
    /// Begin with this seed
    #[arg(long, default_value_t = 1)]
    pub(crate) from: u64,
    /// Cut a seed that fails down to what it needs to fail
    #[arg(long)]
    pub(crate) minimise: bool,
    /// Show all that happened
    #[arg(long)]
    pub(crate) trace: bool,
    /// Build the product with each deliberate bug, or with these patches, and say which seed catches it
    #[arg(long, num_args = 0.., value_name = "PATCH")]
    pub(crate) bugs: Option<Vec<PathBuf>>,
    /// Leave out these kinds of trouble, as a report of a seed that failed names them
    #[arg(long)]
    pub(crate) without: Option<String>,
    /// Leave out all requests but these, as such a report names them
    #[arg(long)]
    pub(crate) only: Option<String>,
}

/// Where cargo puts what it builds for the simulation, and the profile's name.
const PROFILE: &str = "sim";

/// Runs the seeds, or the bugs; true when every promise was kept, or every bug caught.
///
/// # Errors
/// The simulation does not build, or a patch does not apply.
pub(crate) fn run(options: &Options) -> Result<bool> {
    match &options.bugs {
        Some(patches) => {
            build()?;
            Ok(bugs::run(patches)?.iter().all(Tried::is_caught))
        }
        None => seeds(options),
    }
}

/// Bugs that stand for the others where there is no time for all: each needs another part of the simulation to notice.
pub(crate) fn a_few_bugs() -> Vec<PathBuf> {
    let names = ["lease_unchecked", "order_of_arrival", "single_phase_create"];
    let path = |name: &str| {
        crate::run::root()
            .join(bugs::BUGS)
            .join(name)
            .with_extension("patch")
    };
    names.into_iter().map(path).collect()
}

fn seeds(options: &Options) -> Result<bool> {
    build()?;
    let seeds = options.seed.map_or(options.seeds.unwrap_or(1), |_| 1);
    let mut sim = Command::new(target().join(PROFILE).join("slugline-sim"));
    sim.args(["--from", &options.seed.unwrap_or(options.from).to_string()]);
    sim.args(["--seeds", &seeds.to_string()]);
    for (flag, wanted) in [("--minimise", options.minimise), ("--trace", options.trace)] {
        sim.args(wanted.then_some(flag));
    }
    for (flag, value) in [("--without", &options.without), ("--only", &options.only)] {
        sim.args(value.iter().flat_map(|value| [flag, value.as_str()]));
    }
    let started = Instant::now();
    let kept = succeeds(&mut sim)?;
    let seconds = started.elapsed().as_secs_f64();
    if kept {
        println!(
            "{seeds} seeds in {seconds:.1} s: {:.1} seeds/s",
            seeds as f64 / seconds
        );
        let whole = options.seed.is_none() && options.without.is_none() && options.only.is_none();
        if whole {
            proof::keep("sim", &Rehearsal { seeds, seconds })?;
        }
    }
    Ok(kept)
}

fn build() -> Result<()> {
    let build = [
        "build",
        "--quiet",
        "--profile",
        PROFILE,
        "--package",
        "slugline-sim",
    ];
    let built = succeeds(&mut cargo(&build))?;
    anyhow::ensure!(
        built,
        "the simulation does not build; the compiler's messages are above"
    );
    Ok(())
}
