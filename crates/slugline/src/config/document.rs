//! The sections of a file: which there are, and how often.
//!
//! Ensures that an unknown section is an error, and one of a later version is called that.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::complaints::{Complaints, Place};
use super::section::Section;

/// Sections of the design that this version does not have.
const LATER: [&str; 3] = ["policy", "approval", "alert"];

/// A section that is there at most once.
pub(super) fn single<'f>(
    document: &mut DeTable<'f>,
    key: &str,
    complaints: &mut Complaints,
) -> Option<Spanned<DeTable<'f>>> {
    let value = document.remove(key)?;
    let span = value.span();
    match value.into_inner() {
        DeValue::Table(table) => Some(Spanned::new(span, table)),
        _ => {
            let message = format!("{key} is written as a section: [{key}]");
            complaints.add(Place::File(span), message);
            None
        }
    }
}

/// A section that is there any number of times, each under its own name.
pub(super) fn named<T>(
    document: &mut DeTable<'_>,
    key: &str,
    complaints: &mut Complaints,
    read: impl Fn(Section<'_, '_>) -> Option<(String, T, Place)>,
) -> Vec<T> {
    let title = format!("[[{key}]]");
    let mut names: Vec<String> = Vec::new();
    let mut values = Vec::new();
    for table in tables(document, key, complaints) {
        let Some((name, value, place)) = read(Section::new(&title, Some(table), complaints)) else {
            continue;
        };
        if names.contains(&name) {
            complaints.add(
                place,
                format!("{title} there are two for {name:?}; each needs its own"),
            );
        }
        names.push(name);
        values.push(value);
    }
    values
}

/// The names that sections of this kind have, whatever else is wrong with them.
pub(super) fn names(document: &DeTable<'_>, key: &str) -> Vec<String> {
    let tables = document
        .get(key)
        .and_then(|value| value.get_ref().as_array());
    let name = |table: &Spanned<DeValue<'_>>| {
        let name = table.get_ref().as_table()?.get("name")?;
        name.get_ref().as_str().map(str::to_owned)
    };
    tables.into_iter().flatten().filter_map(name).collect()
}

fn tables<'f>(
    document: &mut DeTable<'f>,
    key: &str,
    complaints: &mut Complaints,
) -> Vec<Spanned<DeTable<'f>>> {
    let Some(value) = document.remove(key) else {
        return Vec::new();
    };
    let span = value.span();
    let DeValue::Array(items) = value.into_inner() else {
        complaints.add(
            Place::File(span),
            format!("{key} is written with two brackets: [[{key}]]"),
        );
        return Vec::new();
    };
    let mut tables = Vec::new();
    for item in items {
        let span = item.span();
        match item.into_inner() {
            DeValue::Table(table) => tables.push(Spanned::new(span, table)),
            other => {
                let message = format!("[[{key}]] must be a table, is {}", other.type_str());
                complaints.add(Place::File(span), message);
            }
        }
    }
    tables
}

/// Complains about every section that nobody took.
pub(super) fn refuse_the_rest(document: &DeTable<'_>, complaints: &mut Complaints) {
    for (key, _) in document {
        let name = key.get_ref();
        let message = if LATER.contains(&name.as_ref()) {
            format!("[[{name}]] is not available in this version of Slugline; remove the section")
        } else {
            format!(
                "{name}: unknown section; known are [server], [store], [[token]], [[source]], [[destination]], [[route]], [[retry]]"
            )
        };
        complaints.add(Place::File(key.span()), message);
    }
}
