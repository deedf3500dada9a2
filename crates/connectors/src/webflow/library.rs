//! What Webflow has: the live items of the collections that are named (Data API v2).
//!
//! Ensures that locales are told apart where `mapping.locales` names them, as in webhooks: each is asked for
//! by its id. A webhook does not always say which collection an item is in: then it is looked for in all.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use slugline_core::failure::Failure;
use slugline_core::reason::Reason;
use slugline_core::secret::{SecretRef, Secrets};
use slugline_core::source::{Change, Library, Locales, Wire};
use toml::Spanned;
use toml::de::DeTable;

use super::changes::looked_up;
use crate::asking::{Api, having, list};
use crate::config::{ConfigError, read, resolve, vendor_url};
use crate::library::{Asked, Catalogue, Listed, MILLIS, Page, misfit, moment, some, written};
use crate::mapping::Mapping;

const URL: &str = "https://api.webflow.com";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    token: Spanned<SecretRef>,
    /// Their ids.
    collections: Spanned<Vec<String>>,
    url: Option<Spanned<String>>,
}

struct Webflow {
    api: Api,
    mapping: Arc<Mapping>,
    lists: Vec<List>,
}

/// The items of a collection in a locale.
struct List {
    collection: String,
    locale: Option<String>,
}

/// Makes the library from `api`.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    mapping: Arc<Mapping>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Library>, ConfigError> {
    let config: Config = read(table)?;
    let token = resolve(&config.token, secrets)?;
    Ok(Box::new(Asked(Webflow {
        api: Api::new(&vendor_url(config.url.as_ref(), URL)?).bearer(&token),
        lists: lists(&some(config.collections, "collections")?, &mapping),
        mapping,
    })))
}

fn lists(collections: &[String], mapping: &Mapping) -> Vec<List> {
    let mut locales: Vec<Option<String>> =
        mapping.all_theirs().map(|id| Some(id.to_owned())).collect();
    if locales.is_empty() {
        locales.push(None);
    }
    let of = |collection: &String| {
        let collection = collection.clone();
        let list = move |locale| List {
            collection: collection.clone(),
            locale,
        };
        locales.clone().into_iter().map(list)
    };
    collections.iter().flat_map(of).collect()
}

impl List {
    fn name(&self) -> String {
        format!(
            "{} {}",
            self.collection,
            self.locale.as_deref().unwrap_or("-")
        )
    }

    fn query(&self) -> Vec<(&str, &str)> {
        let locale = self.locale.as_deref().map(|id| ("cmsLocaleId", id));
        locale.into_iter().collect()
    }

    /// Whether what is named may be in it.
    fn may_have(&self, named: &Change, mapping: &Mapping) -> bool {
        match &named.locales {
            Locales::One(ours) => self
                .locale
                .as_deref()
                .is_none_or(|id| id == mapping.theirs(ours)),
            Locales::Unsaid | Locales::All => true,
        }
    }
}

impl Webflow {
    fn change(&self, list: &List, item: &Value, what: &str) -> Result<Change, Failure> {
        looked_up(&list.collection, item, &self.mapping).map_err(misfit(what))
    }
}

impl Catalogue for Webflow {
    async fn entry(&self, named: &Change, wire: &dyn Wire) -> Result<Vec<Change>, Failure> {
        let mut found = Vec::new();
        let may_have = |list: &&List| list.may_have(named, &self.mapping);
        let lists: Vec<&List> = self.lists.iter().filter(may_have).collect();
        if lists.is_empty() {
            // Nobody was asked, so nobody has said that it is gone.
            let why = format!(
                "{:?} is in a locale that mapping.locales lacks",
                named.entry
            );
            return Err(Failure::new(Reason::Misconfigured, why));
        }
        for of in lists {
            let what = format!("asking Webflow for {:?} in {}", named.entry, of.name());
            let path = [
                "v2",
                "collections",
                &of.collection,
                "items",
                &named.entry,
                "live",
            ];
            let one = self.api.get(&path, &of.query())?;
            let path = ["v2", "collections", &of.collection, "items", "live"];
            let all = self.api.get(&path, &[("limit", "1")])?;
            if let Some(item) = self.api.find(one, all, &what, wire).await? {
                found.push(self.change(of, &having(item, "id", &what)?, &what)?);
            }
        }
        Ok(found)
    }

    fn lists(&self) -> Vec<String> {
        self.lists.iter().map(List::name).collect()
    }

    async fn page(&self, name: &str, page: Page, wire: &dyn Wire) -> Result<Vec<Listed>, Failure> {
        let what = format!("asking Webflow for {name}");
        let Some(of) = self.lists.iter().find(|list| list.name() == name) else {
            return Ok(Vec::new());
        };
        let (from, skip, limit) = (
            written(page.from, MILLIS),
            page.skip.to_string(),
            page.limit.to_string(),
        );
        let mut query = vec![
            ("lastPublished[gte]", &*from),
            ("sortBy", "lastPublished"),
            ("sortOrder", "asc"),
            ("offset", &*skip),
            ("limit", &*limit),
        ];
        query.extend(of.query());
        let path = ["v2", "collections", &of.collection, "items", "live"];
        let request = self.api.get(&path, &query)?;
        let answer = self.api.read(request, &what, wire).await?;
        let listed = |item| {
            Ok(Listed {
                at: moment(item, &["lastPublished"], &what)?,
                changes: vec![self.change(of, item, &what)?],
            })
        };
        list(&answer, "items", &what)?.iter().map(listed).collect()
    }
}
