//! Categories and tags by name.
//!
//! Ensures that a name has one term however often and from wherever it is asked for: it is looked
//! up before it is made, under a lease. Never renames, moves or removes a term.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;
use slugline_core::failure::Failure;
use slugline_core::http::Method;
use slugline_core::port::{EffectKey, Port};
use slugline_core::reason::Reason;

use super::canonical::unescape;
use super::site::{Site, answer, exchange};
use crate::wordpress::errors;

/// WordPress' largest page; a name that more terms contain is found by creating it.
const PAGE: &str = "100";

/// One of the two vocabularies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Vocabulary {
    Categories,
    Tags,
}

impl Vocabulary {
    fn route(self) -> &'static str {
        match self {
            Self::Categories => "categories",
            Self::Tags => "tags",
        }
    }

    /// The effect of the term with this name; names are compared without case.
    fn effect(self, name: &str) -> EffectKey {
        let kind = match self {
            Self::Categories => "category",
            Self::Tags => "tag",
        };
        EffectKey::Shared(kind, canonical_name(name))
    }
}

#[derive(Deserialize)]
struct Term {
    id: u64,
    name: String,
}

/// The remembered ids of `names`; `None` when one was not delivered yet.
pub(super) async fn recall(
    vocabulary: Vocabulary,
    names: &[String],
    port: &dyn Port,
) -> Result<Option<BTreeSet<u64>>, Failure> {
    let mut ids = BTreeSet::new();
    for name in names {
        let Some(id) = recall_one(&vocabulary.effect(name), port).await? else {
            return Ok(None);
        };
        ids.insert(id);
    }
    Ok(Some(ids))
}

/// The ids of `names`; what is missing is made.
pub(super) async fn ensure(
    site: &Site,
    vocabulary: Vocabulary,
    names: &[String],
    port: &dyn Port,
) -> Result<BTreeSet<u64>, Failure> {
    let mut ids = BTreeSet::new();
    for name in names {
        ids.insert(ensure_one(site, vocabulary, name, port).await?);
    }
    Ok(ids)
}

/// Forgets the terms of `names` that are not among the entry's.
pub(super) async fn forget_missing(
    vocabulary: Vocabulary,
    names: &[String],
    stored: &BTreeSet<u64>,
    port: &dyn Port,
) -> Result<(), Failure> {
    for name in names {
        let key = vocabulary.effect(name);
        if recall_one(&key, port)
            .await?
            .is_some_and(|id| !stored.contains(&id))
        {
            port.forget(&key).await?;
        }
    }
    Ok(())
}

async fn recall_one(key: &EffectKey, port: &dyn Port) -> Result<Option<u64>, Failure> {
    Ok(port.recall(key).await?.and_then(|id| id.parse().ok()))
}

async fn ensure_one(
    site: &Site,
    vocabulary: Vocabulary,
    name: &str,
    port: &dyn Port,
) -> Result<u64, Failure> {
    let key = vocabulary.effect(name);
    if let Some(id) = recall_one(&key, port).await? {
        return Ok(id);
    }
    port.hold(&key).await?;
    let id = match look_up(site, vocabulary, name, port).await? {
        Some(id) => id,
        None => create(site, vocabulary, name, port).await?,
    };
    port.remember(&key, &id.to_string()).await?;
    Ok(id)
}

/// The search is over names as they are stored, and those have `&amp;` for `&`. Authors may read terms
/// but not with `context=edit`.
async fn look_up(
    site: &Site,
    vocabulary: Vocabulary,
    name: &str,
    port: &dyn Port,
) -> Result<Option<u64>, Failure> {
    let stored = name.replace('&', "&amp;");
    let query = [("search", stored.as_str()), ("per_page", PAGE)];
    let found: Vec<Term> = site.get(port, vocabulary.route(), &query).await?;
    let same = found
        .iter()
        .filter(|term| canonical_name(&term.name) == canonical_name(name));
    Ok(same.map(|term| term.id).min())
}

/// A name that exists after all (its stored form differs) is refused with the term's id.
async fn create(
    site: &Site,
    vocabulary: Vocabulary,
    name: &str,
    port: &dyn Port,
) -> Result<u64, Failure> {
    let route = vocabulary.route();
    let what = format!("writing {route} {name:?}");
    let request = site
        .request(Method::Post, route, &[])
        .json(&json!({ "name": name }));
    let response = exchange(port, request, &what).await?;
    let error = errors::body(&response);
    match (error.code.as_str(), error.term_id()) {
        ("term_exists", Some(id)) => Ok(id),
        // What the database refuses in a name (its length) it refuses every time, with a 500.
        ("db_insert_error" | "empty_term_name", _) => {
            let message = format!("{what}: WordPress cannot store a term of this name");
            Err(Failure::new(Reason::InvalidContent, message)
                .with_fields([format!("payload.{route}")]))
        }
        _ => Ok(answer::<Term>(port, &response, true, &what)?.id),
    }
}

/// WordPress compares names without case, collapses spaces and escapes `&`, `<` and `>`.
fn canonical_name(name: &str) -> String {
    let words: Vec<String> = unescape(name)
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_itself_in_every_spelling() {
        assert_eq!(canonical_name("R&amp;D  News"), canonical_name(" r&d news"));
        assert_ne!(canonical_name("rd"), canonical_name("r&d"));
    }
}
