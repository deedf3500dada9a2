//! What a command says, and how.
//!
//! Ensures that results go to standard output and everything else to standard error, that colours
//! appear only on a terminal that wants them (https://no-color.org), and that `--json` prints one
//! JSON value and nothing else.

use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use slugline_core::lifecycle::JobState;

/// Good.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Bad.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Not yet decided.
pub const OPEN: Style = AnsiColor::Yellow.on_default();
/// Less important.
pub const QUIET: Style = Style::new().dimmed();

/// How a command speaks.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    terminal: bool,
    colours: bool,
}

impl Output {
    /// For standard output as it is now.
    #[must_use]
    pub fn new(json: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        Self {
            json,
            terminal: terminal && !json,
            colours: terminal && wanted(),
        }
    }

    /// Whether one JSON value is wanted instead of text.
    #[must_use]
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether lines that are already printed can be drawn again.
    #[must_use]
    pub fn is_live(self) -> bool {
        self.terminal && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// The text in a style, where there are colours.
    #[must_use]
    pub fn paint(self, style: Style, text: &str) -> String {
        if self.colours {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// A line of the result.
    pub fn line(self, text: &str) {
        // A closed pipe (`| head`) ends what can be said, not what is done.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// The result as JSON.
    pub fn json(self, value: &impl Serialize) {
        let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| "null".into());
        self.line(&text);
    }

    /// A remark on the way, not part of the result.
    pub fn note(self, text: &str) {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// The style of a state.
#[must_use]
pub fn style_of(state: JobState) -> Style {
    match state {
        JobState::Live => GOOD,
        JobState::Failed => BAD,
        JobState::Pending | JobState::Queued | JobState::Delivering => OPEN,
        JobState::RolledBack | JobState::Cancelled | JobState::Superseded | JobState::Skipped => {
            QUIET
        }
    }
}

/// Whether messages on standard error may have colours.
#[must_use]
pub fn colours_on_stderr() -> bool {
    std::io::stderr().is_terminal() && wanted()
}

fn wanted() -> bool {
    let said = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    said("NO_COLOR").is_none() && said("TERM").is_none_or(|term| term != "dumb")
}

/// A line without what somebody else's words could tell the terminal.
#[must_use]
pub fn printable(line: &str) -> String {
    line.replace(char::is_control, "\u{fffd}")
}

/// Rows with columns of equal width; the last column is as long as it is.
#[must_use]
pub fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let pad = |(cell, width): (&String, &usize)| format!("{cell:width$}");
    rows.iter()
        .map(|row| {
            row.iter()
                .zip(&widths)
                .map(pad)
                .collect::<Vec<_>>()
                .join("  ")
                .trim_end()
                .to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_characters() {
        let rows = [
            vec!["über".to_owned(), "a".to_owned()],
            vec!["x".to_owned(), "b".to_owned()],
        ];
        assert_eq!(columns(&rows), ["über  a", "x     b"]);
    }
}
