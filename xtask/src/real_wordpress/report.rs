//! What the real-WordPress test says at its end. Ensures that a stranger can read what went wrong, where the logs
//! are, and how to run the same again.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::time::Duration;

use super::proxy::Table;

/// The outcome of a run that came to its end.
#[derive(Debug)]
pub(crate) struct Report {
    /// How long it took.
    pub(crate) took: Duration,
    /// Items published.
    pub(crate) items: usize,
    /// Times that Slugline was killed.
    pub(crate) kills: usize,
    /// The seed, to run it again.
    pub(crate) seed: u64,
    /// Faults by kind of request.
    pub(crate) table: Table,
    /// What WordPress has that the plan does not say, and the other way round.
    pub(crate) differences: Vec<String>,
    /// Where the servers' logs are.
    pub(crate) logs: PathBuf,
}

impl Report {
    /// Whether WordPress is as planned and no cell of the table is empty.
    pub(crate) fn passed(&self) -> bool {
        self.differences.is_empty() && self.table.empty_cells().is_empty()
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            items,
            kills,
            seed,
            table,
            logs,
            ..
        } = self;
        let seconds = self.took.as_secs();
        let requests = table.requests();
        let each = f64::from(requests) / f64::from(u32::try_from(*items).unwrap_or(u32::MAX));
        writeln!(f, "{table}\n")?;
        writeln!(
            f,
            "{items} items, {kills} kills, {requests} requests to WordPress ({each:.1} an item), {seconds} s"
        )?;
        for (kind, fault) in table.empty_cells() {
            writeln!(
                f,
                "empty cell: no request of the kind \"{}\" met \"{}\"",
                kind.name(),
                fault.name()
            )?;
        }
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        if !self.passed() {
            writeln!(
                f,
                "logs: {}; the same plan, dice and kills again (not the same timing): seed {seed}",
                logs.display()
            )?;
        }
        Ok(())
    }
}
