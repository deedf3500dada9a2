//! What a story comes to, for people and for the reliability page. Ensures that a stranger sees what was counted and how
//! to run the same again.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

use super::findings::Wrong;

/// The outcome of a story that came to its end.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// `sqlite` or `postgres`.
    pub(crate) store: String,
    /// `kills`, `freeze`, `full_disk`.
    pub(crate) story: String,
    /// The same dice again, not the same timing.
    pub(crate) seed: u64,
    /// From the first publish to the checked log.
    pub(crate) seconds: f64,
    /// Times that a process was ended with SIGKILL.
    pub(crate) kills: usize,
    /// Keys that were answered with success.
    pub(crate) acknowledged: usize,
    /// Requests that got no answer and were sent again under the same key.
    pub(crate) unanswered: usize,
    /// Of those: stored the first time, and answered as stored.
    pub(crate) replayed: usize,
    /// Answers that say "later".
    pub(crate) later: usize,
    /// Different messages that the sink took.
    pub(crate) messages: usize,
    /// Messages that came again under their id.
    pub(crate) repeats: usize,
    /// Leases that ran out and were taken back.
    pub(crate) rescued: usize,
    /// Broken promises by kind; empty: none.
    pub(crate) findings: BTreeMap<Wrong, usize>,
    /// The first of them in words.
    pub(crate) told: Vec<String>,
    /// What `verify-log` said.
    pub(crate) log: String,
}

impl Tally {
    /// Whether every promise held.
    pub(crate) fn passed(&self) -> bool {
        self.findings.is_empty()
    }

    /// Its row in the table of the reliability page, whose head is there.
    pub(crate) fn row(&self) -> String {
        let (lost, twins) = (self.count(Wrong::Lost), self.count(Wrong::Twin));
        format!(
            "| {} | {} | {} | {} | {} | {} | {lost} | {twins} | {} | {} |\n",
            self.story,
            self.store,
            self.kills,
            self.acknowledged,
            self.unanswered,
            self.repeats,
            self.count(Wrong::Backwards),
            if self.count(Wrong::Log) == 0 {
                "whole"
            } else {
                "**damaged**"
            }
        )
    }

    fn count(&self, wrong: Wrong) -> usize {
        self.findings.get(&wrong).copied().unwrap_or(0)
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} on {}: {} kills, {} acknowledged, {:.0} s",
            self.story, self.store, self.kills, self.acknowledged, self.seconds
        )?;
        writeln!(
            f,
            "  callers: {} unanswered and sent again, {} of them were stored already, {} told to come later",
            self.unanswered, self.replayed, self.later
        )?;
        writeln!(
            f,
            "  sink: {} messages, {} came again under their id; {} leases taken back",
            self.messages, self.repeats, self.rescued
        )?;
        let (lost, twins) = (self.count(Wrong::Lost), self.count(Wrong::Twin));
        let backwards = self.count(Wrong::Backwards);
        writeln!(
            f,
            "  {lost} lost, {twins} twins, {backwards} steps backwards; {}",
            self.log
        )?;
        for line in &self.told {
            writeln!(f, "  WRONG {line}")?;
        }
        if !self.passed() {
            writeln!(f, "  {:?}; seed {}", self.findings, self.seed)?;
        }
        Ok(())
    }
}
