//! What Directus has: the items of the collections that are named.
//!
//! Ensures that an item which says 403, as Directus does of items that are missing and of those that must
//! not be seen, counts as missing only where the collection can be read. An item without a `status` is
//! public. An item that nobody has changed yet has no time of change: it is found by that of its making.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use slugline_core::failure::Failure;
use slugline_core::reason::Reason;
use slugline_core::secret::{SecretRef, Secrets};
use slugline_core::source::{Change, Library, What, Wire};
use toml::Spanned;
use toml::de::DeTable;

use super::changes::looked_up;
use crate::asking::{Api, list, unexpected};
use crate::config::{ConfigError, http_url, read, resolve};
use crate::library::{
    Asked, Catalogue, Listed, MILLIS, Page, misfit, moment, not_public, some, written,
};
use crate::mapping::Mapping;
use crate::reading::{at, moment_at, name_at};

/// Of an item that is missing, or that must not be seen.
const FORBIDDEN: u16 = 403;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    url: Spanned<String>,
    token: Spanned<SecretRef>,
    collections: Spanned<Vec<String>>,
    #[serde(default = "updated_field")]
    updated_field: String,
    /// Empty where the collections have none.
    #[serde(default = "created_field")]
    created_field: String,
    #[serde(default = "key_field")]
    key_field: String,
}

fn updated_field() -> String {
    "date_updated".into()
}

fn created_field() -> String {
    "date_created".into()
}

fn key_field() -> String {
    "id".into()
}

struct Directus {
    api: Api,
    mapping: Arc<Mapping>,
    collections: Vec<String>,
    updated: String,
    created: Option<String>,
    key: String,
}

/// Makes the library from `api`.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    mapping: Arc<Mapping>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Library>, ConfigError> {
    let config: Config = read(table)?;
    let token = resolve(&config.token, secrets)?;
    Ok(Box::new(Asked(Directus {
        api: Api::new(&http_url(&config.url)?)
            .bearer(&token)
            .also_missing(FORBIDDEN),
        mapping,
        collections: some(config.collections, "collections")?,
        updated: config.updated_field,
        created: Some(config.created_field).filter(|field| !field.is_empty()),
        key: config.key_field,
    })))
}

impl Directus {
    fn change(&self, collection: &str, key: &str, item: &Value) -> Result<Change, String> {
        let version = moment_at(item, &self.updated);
        let created = || moment_at(item, self.created.as_deref()?);
        let version = version.or_else(created);
        looked_up(collection, key, item, version, &self.mapping)
    }

    /// The items that were changed or, `new`, those that were only made.
    fn field(&self, new: bool) -> &str {
        match &self.created {
            Some(created) if new => created,
            _ => &self.updated,
        }
    }
}

/// What the list of a collection's new items is called besides the collection.
const NEW: &str = " new";

impl Catalogue for Directus {
    async fn entry(&self, named: &Change, wire: &dyn Wire) -> Result<Vec<Change>, Failure> {
        let what = format!("asking Directus for {:?}", named.entry);
        let known = |collection: &str| self.collections.iter().any(|known| known == collection);
        let parts = named.entry.split_once('/');
        let Some((collection, key)) = parts.filter(|(collection, _)| known(collection)) else {
            let why = "its collection is not in api.collections; add it";
            return Err(Failure::new(
                Reason::Misconfigured,
                format!("{what}: {why}"),
            ));
        };
        let one = self.api.get(&["items", collection, key], &[])?;
        let all = self.api.get(&["items", collection], &[("limit", "1")])?;
        let Some(answer) = self.api.find(one, all, &what, wire).await? else {
            return Ok(Vec::new());
        };
        let item = at(&answer, "data").ok_or_else(|| unexpected(&what, "has no data"))?;
        let change = self.change(collection, key, item).map_err(misfit(&what))?;
        Ok(Vec::from_iter(
            (change.what == What::Published).then_some(change),
        ))
    }

    fn lists(&self) -> Vec<String> {
        let new = self.collections.iter().map(|name| format!("{name}{NEW}"));
        let new = new.filter(|_| self.created.is_some());
        self.collections.iter().cloned().chain(new).collect()
    }

    async fn page(&self, name: &str, page: Page, wire: &dyn Wire) -> Result<Vec<Listed>, Failure> {
        let what = format!("asking Directus for its {name}");
        let (collection, is_new) = match name.strip_suffix(NEW) {
            Some(collection) => (collection, true),
            None => (name, false),
        };
        let field = self.field(is_new);
        let (after, unchanged) = (
            format!("filter[{field}][_gte]"),
            format!("filter[{}][_null]", self.updated),
        );
        let mut query = vec![
            (after.as_str(), written(page.from, MILLIS)),
            ("sort", format!("{field},{}", self.key)),
            ("limit", page.limit.to_string()),
            ("offset", page.skip.to_string()),
        ];
        if is_new {
            query.push((&unchanged, "true".into()));
        }
        let query: Vec<(&str, &str)> = query
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let request = self.api.get(&["items", collection], &query)?;
        let answer = self.api.read(request, &what, wire).await?;
        let listed = |item| {
            let key = name_at(item, &self.key);
            let key = key.ok_or_else(|| unexpected(&what, "has an item without its key"))?;
            let change = self.change(collection, &key, item).map_err(misfit(&what))?;
            Ok(Listed {
                at: moment(item, &[field], &what)?,
                changes: vec![not_public(change)],
            })
        };
        list(&answer, "data", &what)?.iter().map(listed).collect()
    }
}
