//! Which part of a list is shown.
//!
//! Ensures that a list which goes on says so, and how to see more of it.

use clap::Args;

use crate::client::views::List;
use crate::output::Output;

/// How much, and from where.
#[derive(Args, Clone, Debug)]
pub(super) struct Slice {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// Where the list before this one ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

impl Slice {
    /// How many, as a query says it.
    pub(super) fn limit(&self) -> String {
        self.limit.to_string()
    }

    /// From where.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
}

/// Says that there is nothing, or that there is more.
pub(super) fn ended<T>(list: &List<T>, nothing: &str, output: Output) {
    match &list.next_cursor {
        Some(cursor) => output.note(&format!("There are more: --cursor {cursor}")),
        None if list.items.is_empty() => output.note(nothing),
        None => {}
    }
}
