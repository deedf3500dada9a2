//! What the API shows, read from one moment of the file.
//!
//! Ensures that lists are pages along an index, newest first, and that nothing of another owner is
//! in them.

pub(crate) mod content;
pub(crate) mod counts;
pub(crate) mod events;
pub(crate) mod jobs;
pub(crate) mod publishes;

use rusqlite::types::Value;
use serde_json::json;
use slugline_engine::store::{Page, Paged};

/// The conditions of a list, each with its values.
#[derive(Default)]
pub(crate) struct Where {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Where {
    /// Adds a condition without a value.
    pub(crate) fn and_plain(&mut self, condition: &str) {
        self.conditions.push(condition.to_owned());
    }

    /// Adds a condition whose `?` stands for the value.
    pub(crate) fn and(&mut self, condition: &str, value: impl Into<Value>) {
        self.conditions.push(condition.to_owned());
        self.values.push(value.into());
    }

    /// Adds a condition, if there is a value for its `?`.
    pub(crate) fn and_some(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.and(condition, value);
        }
    }

    /// Adds a condition with two `?`.
    pub(crate) fn and_both(&mut self, condition: &str, first: String, second: String) {
        self.and(condition, first);
        self.values.push(second.into());
    }

    /// Adds the condition that a column has one of these numbers.
    pub(crate) fn and_among(&mut self, column: &str, numbers: &[i64]) {
        let condition = format!("{column} IN (SELECT value FROM json_each(?))");
        self.and(&condition, json!(numbers).to_string());
    }

    /// The clause; empty without conditions.
    pub(crate) fn clause(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", self.conditions.join(" AND "))
        }
    }

    /// The values in the order of their `?`.
    pub(crate) fn values(&self) -> impl rusqlite::Params {
        rusqlite::params_from_iter(self.values.iter())
    }
}

/// Rows to read for a page: one more tells whether there is a next.
pub(crate) fn rows(page: &Page) -> usize {
    page.limit.saturating_add(1)
}

/// Cuts what was read to a page. `place` gives an item's cursor.
pub(crate) fn paged<T>(mut items: Vec<T>, page: &Page, place: impl Fn(&T) -> i64) -> Paged<T> {
    let more = items.len() > page.limit;
    items.truncate(page.limit);
    let next_cursor = items.last().filter(|_| more).map(place);
    Paged { items, next_cursor }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_given_only_when_there_is_more() {
        let page = Page {
            limit: 2,
            cursor: None,
        };
        assert_eq!(
            paged(vec![9, 8, 7], &page, |n| *n),
            Paged {
                items: vec![9, 8],
                next_cursor: Some(8)
            }
        );
        assert_eq!(paged(vec![9, 8], &page, |n| *n).next_cursor, None);
    }
}
