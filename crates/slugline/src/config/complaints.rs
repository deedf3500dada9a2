//! What is wrong with a configuration, all of it at once.
//!
//! Ensures that a complaint names the file and the line, or the environment variable, that it
//! speaks of. Does not decide what is wrong.

use std::fmt;
use std::ops::Range;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// These bytes of the file.
    File(Range<usize>),
    /// An environment variable; the complaint names it.
    Environment,
}

/// Complaints as they are found.
#[derive(Debug, Default)]
pub(super) struct Complaints(Vec<(Place, String)>);

impl Complaints {
    pub(super) fn add(&mut self, place: Place, message: impl Into<String>) {
        self.0.push((place, message.into()));
    }

    /// The value if nothing was wrong, else all complaints in the order of the file.
    pub(super) fn conclude<T>(self, file: &str, text: &str, value: T) -> Result<T, ConfigProblems> {
        if self.0.is_empty() {
            return Ok(value);
        }
        let mut lines: Vec<Line> = self
            .0
            .into_iter()
            .map(|(place, message)| Line {
                number: line_of(text, &place),
                message,
            })
            .collect();
        lines.sort_by_key(|line| line.number);
        Err(ConfigProblems {
            file: file.to_owned(),
            lines,
        })
    }
}

fn line_of(text: &str, place: &Place) -> Option<usize> {
    let Place::File(span) = place else {
        return None;
    };
    let before = text.as_bytes().iter().take(span.start);
    Some(before.filter(|byte| **byte == b'\n').count() + 1)
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    number: Option<usize>,
    message: String,
}

/// Why a configuration cannot be used: at least one complaint, each with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblems {
    file: String,
    lines: Vec<Line>,
}

impl ConfigProblems {
    /// A complaint about the file as a whole.
    pub(super) fn unreadable(file: &str, message: String) -> Self {
        let line = Line {
            number: None,
            message,
        };
        Self {
            file: file.to_owned(),
            lines: vec![line],
        }
    }

    /// Each complaint as `FILE:LINE: what is wrong and what to do`.
    pub fn messages(&self) -> impl Iterator<Item = String> {
        self.lines.iter().map(|line| match line.number {
            Some(number) => format!("{}:{number}: {}", self.file, line.message),
            None => format!("{}: {}", self.file, line.message),
        })
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<String> = self.messages().collect();
        f.write_str(&messages.join("\n"))
    }
}

impl std::error::Error for ConfigProblems {}
