//! `cargo xtask test`: every suite, one after the other, each with its time. A suite whose parts this machine lacks is
//! listed as NOT RUN with the command that would install them, and never counts as passed.

mod report;
mod suites;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// What `cargo xtask test` takes.
#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Run the slow forms as well: more posts, more kills, more fuzzing
    #[arg(long)]
    pub(crate) long: bool,
    /// Repeats an earlier run of the suites that draw lots
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Put this binary to the test instead of building one
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
    /// Only these suites; all when none is named
    pub(crate) suites: Vec<String>,
}

/// How a suite ended.
pub(crate) enum Outcome {
    Passed,
    Failed(String),
    /// It could not run here: what is absent and the command that would install it.
    NotRun {
        absent: String,
        install: String,
    },
}

/// One suite: a name to call it by, what it shows, and the function that runs it.
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) shows: &'static str,
    pub(crate) run: fn(&Stage) -> Result<Outcome>,
}

/// What suites are run with.
pub(crate) struct Stage {
    pub(crate) long: bool,
    pub(crate) seed: Option<u64>,
    /// Where pictures of the console go.
    pub(crate) pictures: Option<PathBuf>,
    binary: OnceLock<PathBuf>,
}

impl Stage {
    /// The release binary, built when the first suite asks for it.
    pub(crate) fn binary(&self) -> Result<PathBuf> {
        if let Some(built) = self.binary.get() {
            return Ok(built.clone());
        }
        let built = crate::run::release_binary()?;
        Ok(self.binary.get_or_init(|| built).clone())
    }
}

/// A suite that ran, with its outcome and time.
pub(crate) struct Ran {
    pub(crate) suite: &'static str,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
}

/// Runs the suites and prints the table; true when none failed.
///
/// # Errors
/// A suite was named that does not exist.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let ran = run_all(options, None)?;
    report::print(&ran);
    Ok(!ran
        .iter()
        .any(|suite| matches!(suite.outcome, Outcome::Failed(_))))
}

/// As [`run`], but a part that could not run counts as a failure too.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_strictly(options: &Options) -> Result<bool> {
    let ran = run_all(options, None)?;
    report::print(&ran);
    Ok(ran
        .iter()
        .all(|suite| matches!(suite.outcome, Outcome::Passed)))
}

/// Runs the suite that looks at the console, and keeps its pictures.
///
/// # Errors
/// As [`run`].
pub(crate) fn pictures(options: &Options) -> Result<bool> {
    let suites = vec!["console".to_owned()];
    let options = Options {
        long: options.long,
        seed: options.seed,
        binary: options.binary.clone(),
        suites,
    };
    let ran = run_all(&options, Some(crate::run::root().join("docs/console")))?;
    report::print(&ran);
    Ok(ran
        .iter()
        .all(|suite| matches!(suite.outcome, Outcome::Passed)))
}

/// Whether there is a suite of this name.
pub(crate) fn exists(name: &str) -> bool {
    suites::ALL.iter().any(|suite| suite.name == name)
}

fn run_all(options: &Options, pictures: Option<PathBuf>) -> Result<Vec<Ran>> {
    let chosen = chosen(&options.suites)?;
    // Suites start it in folders of their own.
    let whole = |file: &PathBuf| {
        let context = || format!("--binary {}", file.display());
        file.canonicalize().with_context(context)
    };
    let binary = options.binary.as_ref().map(whole).transpose()?;
    let stage = Stage {
        long: options.long,
        seed: options.seed,
        pictures,
        binary: binary.map_or_else(OnceLock::new, OnceLock::from),
    };
    let count = chosen.len();
    Ok(chosen
        .into_iter()
        .enumerate()
        .map(|(index, suite)| run_one(suite, &stage, index + 1, count))
        .collect())
}

fn run_one(suite: &Suite, stage: &Stage, number: usize, count: usize) -> Ran {
    println!("\n== {number}/{count} {}: {}", suite.name, suite.shows);
    let started = Instant::now();
    let outcome = (suite.run)(stage).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
    let ran = Ran {
        suite: suite.name,
        outcome,
        took: started.elapsed(),
    };
    println!("{}", report::line(&ran));
    ran
}

fn chosen(names: &[String]) -> Result<Vec<&'static Suite>> {
    let known = || {
        suites::ALL
            .iter()
            .map(|suite| suite.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    for name in names {
        ensure!(exists(name), "no suite `{name}`; there are: {}", known());
    }
    let wanted = |suite: &&Suite| names.is_empty() || names.iter().any(|name| name == suite.name);
    Ok(suites::ALL.iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_names_mean_every_suite() {
        assert_eq!(chosen(&[]).unwrap().len(), suites::ALL.len());
    }

    #[test]
    fn an_unknown_suite_is_refused_with_the_names_that_exist() {
        let message = chosen(&["weather".into()]).err().unwrap().to_string();
        assert!(
            message.contains("weather") && message.contains("tidy"),
            "{message}"
        );
    }
}
