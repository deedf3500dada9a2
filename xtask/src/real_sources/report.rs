//! What the suite says at its end. Ensures that a stranger can read what went wrong, where the logs are, and how to run
//! the same again.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::delivery::Counts;

/// The outcome of a run that came to its end.
#[derive(Debug)]
pub(crate) struct Report {
    pub(super) took: Duration,
    /// Entries of each CMS.
    pub(super) entries: usize,
    /// Times that Slugline was killed.
    pub(super) kills: usize,
    /// The seed, to run it again.
    pub(super) seed: u64,
    pub(super) tallies: BTreeMap<&'static str, Tally>,
    /// Everything that is not as it must be.
    pub(super) wrong: Vec<String>,
    /// Where the logs are, and the webhooks as they came.
    pub(super) logs: PathBuf,
}

/// What became of the webhooks of a CMS.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    delivery: Counts,
    /// What the server keeps.
    kept: usize,
    /// Of that: found by a poll.
    found: usize,
    /// What did not end well, in words.
    failed: Vec<String>,
}

impl Tally {
    /// From what was delivered and the webhooks that the server keeps.
    pub(super) fn of(delivery: Counts, kept: &[Value]) -> Self {
        let found = kept.iter().filter(|it| it["found_by_poll"] == true);
        let has_ended = |it: &&Value| matches!(it["state"].as_str(), Some("done" | "ignored"));
        let failed = kept.iter().filter(|it| !has_ended(it));
        Self {
            delivery,
            kept: kept.len(),
            found: found.count(),
            failed: failed.map(Value::to_string).collect(),
        }
    }

    /// What is not as it must be, in words; that nothing was put to the test is among it.
    pub(super) fn wrong(&self, cms: &str) -> Vec<String> {
        let Self {
            delivery, found, ..
        } = self;
        let untested = [
            ("was repeated", delivery.twice),
            ("was late", delivery.late),
            ("was lost", delivery.lost),
            ("was found by a poll", *found),
        ];
        let untested = untested.into_iter().filter(|(_, count)| *count == 0);
        let untested = untested.map(|(what, _)| format!("{cms}: nothing {what}"));
        let refused = delivery.refused.iter();
        let refused = refused.map(|answer| format!("{cms}: a webhook was answered {answer}"));
        let failed = self
            .failed
            .iter()
            .map(|it| format!("{cms}: not dealt with: {it}"));
        untested.chain(refused).chain(failed).collect()
    }
}

/// What was not put to the test by any CMS.
pub(super) fn untested(tallies: &BTreeMap<&'static str, Tally>) -> Option<String> {
    let again: usize = tallies.values().map(|tally| tally.delivery.again).sum();
    (again == 0).then(|| "no kill met a webhook".to_owned())
}

impl Report {
    /// Whether everything is as it must be.
    pub(crate) fn passed(&self) -> bool {
        self.wrong.is_empty()
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<10} {:>8} {:>6} {:>6} {:>6} {:>6} {:>7} {:>14}",
            "CMS", "webhooks", "twice", "late", "lost", "again", "kept", "found by poll"
        )?;
        for (cms, tally) in &self.tallies {
            let Counts {
                sent,
                twice,
                late,
                lost,
                again,
                ..
            } = tally.delivery;
            let Tally { kept, found, .. } = tally;
            writeln!(
                f,
                "{cms:<10} {sent:>8} {twice:>6} {late:>6} {lost:>6} {again:>6} {kept:>7} {found:>14}"
            )?;
        }
        let Self {
            entries,
            kills,
            seed,
            ..
        } = self;
        let seconds = self.took.as_secs();
        writeln!(f, "{entries} entries in each, {kills} kills, {seconds} s")?;
        for wrong in &self.wrong {
            writeln!(f, "WRONG {wrong}")?;
        }
        if !self.passed() {
            let logs = self.logs.display();
            writeln!(
                f,
                "logs: {logs}; the same deeds and dice again: seed {seed}"
            )?;
        }
        Ok(())
    }
}
