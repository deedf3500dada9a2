//! `cargo xtask reliability`: `docs/reliability.md` from the promises, the suites that test them and their last figures.
//! Ensures that nothing is claimed that this repository does not run, and that a figure that is not there is called so.

mod page;
mod promises;

use anyhow::Result;
use serde::Deserialize;

use crate::bench::{self, Document};
use crate::kill9::Tally;
use crate::sim::{Rehearsal, Tried};
use crate::{proof, run};

/// The last figures of everything; what was never run here is absent.
struct Figures {
    tallies: Option<Vec<Tally>>,
    rehearsal: Option<Rehearsal>,
    bugs: Option<Vec<Tried>>,
    benches: Vec<Document>,
}

/// Writes the page.
///
/// # Errors
/// Figures that are kept cannot be read, or the page cannot be written.
pub(crate) fn run() -> Result<bool> {
    let figures = Figures {
        tallies: kept("kill9")?,
        rehearsal: kept("sim")?,
        bugs: kept("bugs")?,
        benches: bench::stores()?,
    };
    std::fs::write(
        run::root().join("docs/reliability.md"),
        page::text(&figures),
    )?;
    println!("wrote docs/reliability.md");
    Ok(true)
}

fn kept<T: for<'de> Deserialize<'de>>(name: &str) -> Result<Option<T>> {
    Ok(proof::kept(name)?.map(serde_json::from_value).transpose()?)
}
