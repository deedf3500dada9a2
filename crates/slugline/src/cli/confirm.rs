//! Asking before much is changed.
//!
//! Ensures that a command which touches many, or everything, says so and does it only when told to.

use std::io::{BufRead, IsTerminal, Write};

use clap::Args;

use super::Trouble;
use crate::output::Output;

/// Whether it is to be done.
#[derive(Args, Clone, Debug, Default)]
pub struct Consent {
    /// Only show what would be touched
    #[arg(long)]
    pub dry_run: bool,
    /// Do it without asking
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
}

/// Whether an action on this many is to be done.
pub(super) fn may(
    consent: &Consent,
    action: &str,
    many: usize,
    no_input: bool,
    output: Output,
) -> Result<bool, Trouble> {
    if many == 0 {
        output.note("Nothing matches.");
        return Ok(false);
    }
    if consent.dry_run {
        output.note(&format!("{many} would be touched; nothing was done."));
        return Ok(false);
    }
    let agreed = agreed(consent, &format!("{action} {many}"), no_input)?;
    if !agreed {
        output.note("Nothing was done.");
    }
    Ok(agreed)
}

/// Whether it is to be done, where that is no question of how many; `what` says all of it.
pub(super) fn agreed(consent: &Consent, what: &str, no_input: bool) -> Result<bool, Trouble> {
    if consent.yes {
        return Ok(true);
    }
    if no_input || !std::io::stdin().is_terminal() {
        let advice = format!("this would {what}; say --yes, or look first with --dry-run");
        return Err(Trouble::wrong(advice));
    }
    let mut answer = String::new();
    // The question goes where answers are not read from.
    let asked = write!(std::io::stderr(), "{what}? [y/N] ");
    let read = std::io::stdin().lock().read_line(&mut answer);
    Ok(asked.is_ok() && read.is_ok() && answer.trim().eq_ignore_ascii_case("y"))
}
