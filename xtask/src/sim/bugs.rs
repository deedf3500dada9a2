//! `cargo xtask sim --bugs`: the product with a deliberate mistake, and the seed that notices.
//!
//! Ensures that each bug is caught within the number of seeds that its patch states, and that a patch that no longer
//! applies is a failure: a bug that is not built is not caught.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::tree::Tree;
use crate::proof;
use crate::run::{ends_within, root, target};

/// Where the patches are.
pub(super) const BUGS: &str = "crates/sim/bugs";
/// What became of each when it was last tried.
const PROOF: &str = "bugs";
/// Seeds that a patch gets that states no number.
const SEEDS: u64 = 200;
/// Longest time for one bug's seeds: a bug may also make the product run in circles.
const LIMIT: Duration = Duration::from_secs(240);

/// A deliberate bug and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tried {
    name: String,
    /// The seed that caught it, and what it saw.
    caught: Option<(u64, String)>,
    /// Why it was not caught.
    missed: Option<String>,
}

impl Tried {
    /// Whether a seed noticed.
    pub(crate) fn is_caught(&self) -> bool {
        self.caught.is_some()
    }

    /// A row of a Markdown table: name, seed, what it broke.
    pub(crate) fn row(&self) -> String {
        let (seed, what) = match &self.caught {
            Some((seed, what)) => (seed.to_string(), what.as_str()),
            None => (
                "**missed**".to_owned(),
                self.missed.as_deref().unwrap_or(""),
            ),
        };
        format!("| {} | {seed} | {} |\n", self.name, what.replace('|', "/"))
    }

    fn line(&self) -> String {
        let Self { name, .. } = self;
        match (&self.caught, &self.missed) {
            (Some((seed, what)), _) => format!("caught {name} by seed {seed} ({what})"),
            (None, why) => format!("MISSED {name}: {}", why.as_deref().unwrap_or("")),
        }
    }
}

/// Tries these patches, or all that there are.
///
/// # Errors
/// The copy of the sources cannot be made.
pub(super) fn run(patches: &[PathBuf]) -> Result<Vec<Tried>> {
    let patches = match patches {
        [] => all()?,
        some => some.to_vec(),
    };
    let (tree, mut all_tried) = (Tree::new()?, Vec::new());
    for patch in &patches {
        let (caught, missed) = match attempt(&tree, patch) {
            Ok(caught) => (Some(caught), None),
            Err(why) => (None, Some(format!("{why:#}"))),
        };
        let name = name(patch);
        let tried = Tried {
            name,
            caught,
            missed,
        };
        println!("{}", tried.line());
        keep(&tried)?;
        all_tried.push(tried);
        tree.restore()?;
    }
    let caught = all_tried.iter().filter(|tried| tried.is_caught()).count();
    println!("{caught} of {} bugs caught", patches.len());
    Ok(all_tried)
}

fn all() -> Result<Vec<PathBuf>> {
    let listed = fs::read_dir(root().join(BUGS)).context(BUGS)?;
    let mut patches = listed
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    patches.retain(|path| path.extension().is_some_and(|own| own == "patch"));
    patches.sort();
    Ok(patches)
}

/// Keeps what became of a patch beside what is known of the others that there are: all of them take most of an hour.
fn keep(tried: &Tried) -> Result<()> {
    let known = proof::kept(PROOF)?
        .map(serde_json::from_value)
        .transpose()?;
    let there = all()?.iter().map(|patch| name(patch)).collect();
    proof::keep(PROOF, &with(known.unwrap_or_default(), tried, &there))
}

/// By name, of those that are there.
fn with(known: Vec<Tried>, tried: &Tried, there: &BTreeSet<String>) -> Vec<Tried> {
    let others = known.into_iter().filter(|known| known.name != tried.name);
    let mut all: Vec<Tried> = others.chain([tried.clone()]).collect();
    all.retain(|known| there.contains(&known.name));
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

fn name(patch: &Path) -> String {
    patch
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The first seed that noticed, and what it saw; an error says why none did.
fn attempt(tree: &Tree, patch: &Path) -> Result<(u64, String)> {
    let seeds = stated(&fs::read_to_string(patch)?).unwrap_or(SEEDS);
    tree.apply(patch)?;
    let (binary, output) = (tree.build()?, target().join("bugs.out"));
    let file = File::create(&output)?;
    let mut sim = Command::new(binary);
    sim.args(["--seeds", &seeds.to_string()])
        .stdout(file.try_clone()?)
        .stderr(file);
    let ended = ends_within(&mut sim, LIMIT)?;
    let said = fs::read_to_string(&output)?;
    first_broken(&said).with_context(|| match ended {
        Some(_) => format!("none of {seeds} seeds noticed"),
        None => format!("{seeds} seeds took more than {} s", LIMIT.as_secs()),
    })
}

/// The number behind `Within` at a patch's head.
fn stated(patch: &str) -> Option<u64> {
    let line = patch
        .lines()
        .find_map(|line| line.strip_prefix("Within "))?;
    line.split(' ').next()?.parse().ok()
}

/// The smallest seed that broke a promise, and the beginning of what it says.
fn first_broken(said: &str) -> Option<(u64, String)> {
    let broken = said.lines().filter_map(|line| {
        let (seed, what) = line.strip_prefix("seed ")?.split_once(" BROKE ")?;
        Some((seed.parse().ok()?, what.chars().take(80).collect()))
    });
    broken.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_states_its_seeds_and_a_run_its_first() {
        assert_eq!(stated("Breaks P2.\nWithin 40 seeds.\n\ndiff"), Some(40));
        assert_eq!(stated("diff"), None);
        let said = "x\nseed 7 BROKE P3: twins\nseed 5 BROKE P1: lost";
        assert_eq!(first_broken(said), Some((5, "P1: lost".into())));
    }

    #[test]
    fn what_was_tried_again_takes_the_place_of_what_was_known() {
        let tried = |name: &str, seed| Tried {
            name: name.into(),
            caught: Some((seed, "P2".into())),
            missed: None,
        };
        let known = vec![tried("a", 1), tried("b", 2), tried("removed", 3)];
        let there = ["a", "b"].map(String::from).into();
        let all = with(known, &tried("a", 9), &there);
        let seeds = all.iter().map(|one| one.caught.as_ref().unwrap().0);
        assert_eq!(seeds.collect::<Vec<_>>(), [9, 2]);
        let elsewhere = with(all, &tried("mine", 4), &there);
        assert_eq!(elsewhere.len(), 2);
    }

    #[test]
    fn every_bug_says_what_it_breaks_and_when_it_is_caught() {
        for patch in all().unwrap() {
            let text = fs::read_to_string(&patch).unwrap();
            assert!(
                text.starts_with("Breaks P") && stated(&text).is_some(),
                "{}",
                patch.display()
            );
        }
    }
}
