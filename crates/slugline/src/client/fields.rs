//! The members of front matter, taken out one by one.
//!
//! Ensures that every wrong value is said, not the first one only, and that nothing is dropped in
//! silence: what nobody takes goes into the payload's `fields`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use slugline_core::time::Timestamp;

use super::instant;

/// Front matter with what was wrong in it.
pub(super) struct Fields {
    members: Map<String, Value>,
    problems: Vec<String>,
}

impl Fields {
    pub(super) fn new(members: Map<String, Value>) -> Self {
        Self {
            members,
            problems: Vec::new(),
        }
    }

    /// The first of these members that is there and says something.
    pub(super) fn take(&mut self, names: &[&str]) -> Option<(String, Value)> {
        let name = names.iter().find(|name| {
            self.members
                .get(**name)
                .is_some_and(|value| !value.is_null())
        })?;
        self.members
            .remove(*name)
            .map(|value| ((*name).to_owned(), value))
    }

    /// A text; a number or a flag counts as its own text.
    pub(super) fn text(&mut self, names: &[&str]) -> Option<String> {
        match self.take(names)? {
            (_, Value::String(text)) => Some(text),
            (_, value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
            (name, _) => self.complain(&name, "must be a text"),
        }
    }

    /// A list of texts; a single text is a list of one.
    pub(super) fn texts(&mut self, names: &[&str]) -> Vec<String> {
        let Some((name, value)) = self.take(names) else {
            return Vec::new();
        };
        let items = match value {
            Value::Array(items) => items,
            single => vec![single],
        };
        let texts: Option<Vec<String>> = items.into_iter().map(as_text).collect();
        texts
            .or_else(|| self.complain(&name, "must be a list of texts"))
            .unwrap_or_default()
    }

    /// A time.
    pub(super) fn instant(&mut self, names: &[&str]) -> Option<Timestamp> {
        let (name, value) = self.take(names)?;
        match value.as_str().map(instant::read) {
            Some(Ok(at)) => Some(at),
            Some(Err(why)) => self.complain(&name, &why),
            None => self.complain(&name, "must be a time such as 2026-11-21T09:30:00Z"),
        }
    }

    /// Whether a flag is set.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.take(&[name]) {
            None => false,
            Some((_, Value::Bool(flag))) => flag,
            Some(_) => self
                .complain(name, "must be true or false")
                .unwrap_or_default(),
        }
    }

    /// Whether the member is a date without a time of day.
    pub(super) fn is_date(&self, name: &str) -> bool {
        self.members
            .get(name)
            .and_then(Value::as_str)
            .is_some_and(instant::is_date)
    }

    /// Notes what is wrong with a member.
    pub(super) fn complain<T>(&mut self, name: &str, why: &str) -> Option<T> {
        self.problems.push(format!("{name}: {why}"));
        None
    }

    /// What nobody took, and what was wrong.
    pub(super) fn rest(self) -> (BTreeMap<String, Value>, Vec<String>) {
        (self.members.into_iter().collect(), self.problems)
    }
}

fn as_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
