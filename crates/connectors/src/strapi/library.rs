//! What Strapi has, version 5: the published entries of the types that are named (REST API).
//!
//! Ensures that an entry counts as missing only where its type is listed: a missing permission may say 404
//! as well. So an entry is looked up in the list. Which of its two times a publish moves is not documented:
//! both are asked for, and the later one is the version.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use slugline_core::failure::Failure;
use slugline_core::secret::{SecretRef, Secrets};
use slugline_core::source::{Change, Library, Locales, Wire};
use slugline_core::time::Timestamp;
use toml::Spanned;
use toml::de::DeTable;

use super::changes::looked_up;
use crate::asking::{Api, list};
use crate::config::{ConfigError, http_url, read, resolve};
use crate::library::{
    Asked, Catalogue, Listed, MILLIS, Page, later, misfit, moment, some, written,
};
use crate::mapping::Mapping;
use crate::reading::{at, name_at, time};

const PUBLISHED: (&str, &str) = ("status", "published");
/// Media and related entries, one level deep, as webhooks bring them.
const POPULATED: (&str, &str) = ("populate", "*");
const TIMES: [&str; 2] = ["updatedAt", "publishedAt"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    url: Spanned<String>,
    token: Spanned<SecretRef>,
    /// Singular names, and the plural ones that stand in the API's addresses.
    types: Spanned<BTreeMap<String, String>>,
    /// Strapi's names of the locales; without them, the default one is asked for.
    #[serde(default)]
    locales: Vec<String>,
}

struct Strapi {
    api: Api,
    mapping: Arc<Mapping>,
    types: BTreeMap<String, String>,
    lists: Vec<List>,
}

/// The entries of a type in a locale, ordered by one of the times.
struct List {
    kind: String,
    plural: String,
    locale: Option<String>,
    time: &'static str,
}

/// Makes the library from `api`.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    mapping: Arc<Mapping>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Library>, ConfigError> {
    let config: Config = read(table)?;
    let token = resolve(&config.token, secrets)?;
    let place = config.types.span();
    let types = config.types.into_inner();
    some(
        Spanned::new(place, types.values().cloned().collect()),
        "types",
    )?;
    Ok(Box::new(Asked(Strapi {
        api: Api::new(&http_url(&config.url)?).bearer(&token),
        mapping,
        lists: lists(&types, &config.locales),
        types,
    })))
}

fn lists(types: &BTreeMap<String, String>, locales: &[String]) -> Vec<List> {
    let locales: Vec<Option<String>> = match locales {
        [] => vec![None],
        locales => locales.iter().cloned().map(Some).collect(),
    };
    let mut lists = Vec::new();
    for (kind, plural) in types {
        for locale in &locales {
            lists.extend(TIMES.map(|time| List {
                kind: kind.clone(),
                plural: plural.clone(),
                locale: locale.clone(),
                time,
            }));
        }
    }
    lists
}

impl List {
    fn name(&self) -> String {
        let locale = self.locale.as_deref().unwrap_or("-");
        format!("{} {locale} {}", self.plural, self.time)
    }
}

impl Strapi {
    async fn ask(
        &self,
        plural: &str,
        locale: Option<&str>,
        query: &[(&str, &str)],
        (what, wire): (&str, &dyn Wire),
    ) -> Result<Vec<Value>, Failure> {
        let mut query = [&[PUBLISHED, POPULATED], query].concat();
        query.extend(locale.map(|locale| ("locale", locale)));
        let request = self.api.get(&["api", plural], &query)?;
        let answer = self.api.read(request, what, wire).await?;
        list(&answer, "data", what).map(<[Value]>::to_vec)
    }

    fn change(&self, kind: &str, entry: &Value, what: &str) -> Result<Change, Failure> {
        looked_up(kind, entry, changed(entry, what)?, &self.mapping).map_err(misfit(what))
    }

    /// The type that the change names, where it is one of those that are configured, or else all of them.
    fn may_be(&self, named: &Change) -> impl Iterator<Item = (&str, &str)> {
        let payload = named.payload.as_ref();
        let kind = payload.and_then(|payload| payload.fields.get("content_type")?.as_str());
        let kind = kind
            .filter(|kind| self.types.contains_key(*kind))
            .map(str::to_owned);
        let is_it =
            move |(name, _): &(&String, &String)| kind.as_ref().is_none_or(|kind| *name == kind);
        let types = self.types.iter().filter(is_it);
        types.map(|(kind, plural)| (kind.as_str(), plural.as_str()))
    }
}

/// The later of its times.
fn changed(entry: &Value, what: &str) -> Result<Timestamp, Failure> {
    let times = TIMES.map(|name| time(at(entry, name)?));
    match times.into_iter().flatten().max() {
        Some(time) => Ok(time),
        None => moment(entry, &TIMES, what),
    }
}

impl Catalogue for Strapi {
    async fn entry(&self, named: &Change, wire: &dyn Wire) -> Result<Vec<Change>, Failure> {
        let locale = match &named.locales {
            Locales::One(ours) => Some(self.mapping.theirs(ours)),
            Locales::Unsaid | Locales::All => None,
        };
        for (kind, plural) in self.may_be(named) {
            let what = format!("asking Strapi for {:?} among its {plural}", named.entry);
            let query = [("filters[documentId][$eq]", named.entry.as_str())];
            let found = self.ask(plural, locale, &query, (&what, wire)).await?;
            let is_it =
                |entry: &&Value| name_at(entry, "documentId").as_ref() == Some(&named.entry);
            if let Some(entry) = found.iter().find(is_it) {
                let mut change = self.change(kind, entry, &what)?;
                change.version = later(change.version, named.version);
                return Ok(vec![change]);
            }
        }
        Ok(Vec::new())
    }

    fn lists(&self) -> Vec<String> {
        self.lists.iter().map(List::name).collect()
    }

    async fn page(&self, name: &str, page: Page, wire: &dyn Wire) -> Result<Vec<Listed>, Failure> {
        let what = format!("asking Strapi for its {name}");
        let Some(list) = self.lists.iter().find(|list| list.name() == name) else {
            return Ok(Vec::new());
        };
        let query = [
            (
                &*format!("filters[{}][$gte]", list.time),
                &*written(page.from, MILLIS),
            ),
            ("sort[0]", &*format!("{}:asc", list.time)),
            ("sort[1]", "documentId:asc"),
            ("pagination[start]", &*page.skip.to_string()),
            ("pagination[limit]", &*page.limit.to_string()),
        ];
        let found = self.ask(&list.plural, list.locale.as_deref(), &query, (&what, wire));
        let listed = |entry: &Value| {
            Ok(Listed {
                at: moment(entry, &[list.time], &what)?,
                changes: vec![self.change(&list.kind, entry, &what)?],
            })
        };
        found.await?.iter().map(listed).collect()
    }
}
