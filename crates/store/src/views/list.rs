//! Lists: conditions, pages, cursors.
//!
//! Ensures that a cursor is given only when there is more, and that values reach the database apart
//! from the statement.

use slugline_core::reason::Reason;
use slugline_engine::store::{Page, Paged};

use crate::record::Value;

/// The conditions of a list, each with its value.
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

    /// Adds a condition, if there is a value for its `?`, which may stand in it more than once.
    pub(crate) fn and_some(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.values.push(value.into());
            // Both databases know parameters of this form, numbered by first appearance.
            let numbered = condition.replace('?', &format!("${}", self.values.len()));
            self.conditions.push(numbered);
        }
    }

    /// Only jobs `j` that failed last for this reason, if there is one.
    pub(crate) fn and_failed_for(&mut self, reason: Option<Reason>) {
        // A failure's text begins with its reason.
        let begins = reason.map(|reason| format!("{{\"reason\":\"{}\"", reason.code()));
        self.and_some("substr(j.failure, 1, length(?)) = ?", begins);
    }

    /// The clause; empty without conditions.
    pub(crate) fn clause(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", self.conditions.join(" AND "))
        }
    }

    /// The values in the order of their numbers.
    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
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

    #[test]
    fn a_value_has_one_number_wherever_it_stands() {
        let mut wanted = Where::default();
        wanted.and_some("a = ?", None::<i64>);
        wanted.and_some("b = ?", Some(1));
        wanted.and_some("c IN (?, -?)", Some(2));
        assert_eq!(wanted.clause(), "WHERE b = $1 AND c IN ($2, -$2)");
        assert_eq!(wanted.values(), [Value::Int(1), Value::Int(2)]);
    }
}
