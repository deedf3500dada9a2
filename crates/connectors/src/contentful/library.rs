//! What Contentful has: its Content Delivery API (developers/docs/references/content-delivery-api).
//!
//! Ensures that all locales of an entry are told, each as its own change, and that what the delivery network
//! still shows from before a publish is not taken for the publish. The API has public entries only.

use std::sync::Arc;

use serde::Deserialize;
use slugline_core::failure::Failure;
use slugline_core::reason::Reason;
use slugline_core::secret::{SecretRef, Secrets};
use slugline_core::source::{Change, Library, Wire};
use toml::Spanned;
use toml::de::DeTable;

use super::changes::{MANNERS, looked_up};
use crate::asking::{Api, having, list};
use crate::config::{ConfigError, read, resolve, vendor_url};
use crate::library::{Asked, Catalogue, Listed, MILLIS, Page, misfit, moment, written};
use crate::mapping::Mapping;

const URL: &str = "https://cdn.contentful.com";
/// Whole seconds; Contentful sends no Retry-After.
const WAITS: &str = "x-contentful-ratelimit-reset";
const ALL_LOCALES: (&str, &str) = ("locale", "*");
const LIST: &str = "entries";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    space: String,
    environment: Option<String>,
    token: Spanned<SecretRef>,
    url: Option<Spanned<String>>,
}

struct Contentful {
    api: Api,
    mapping: Arc<Mapping>,
    space: String,
    environment: String,
}

/// Makes the library from `api`.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    mapping: Arc<Mapping>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Library>, ConfigError> {
    let config: Config = read(table)?;
    let token = resolve(&config.token, secrets)?;
    let main = MANNERS.main_environment.unwrap_or_default();
    Ok(Box::new(Asked(Contentful {
        api: Api::new(&vendor_url(config.url.as_ref(), URL)?)
            .bearer(&token)
            .waits(WAITS),
        mapping,
        space: config.space,
        environment: config.environment.unwrap_or_else(|| main.to_owned()),
    })))
}

impl Contentful {
    fn entries(&self) -> [&str; 5] {
        [
            "spaces",
            &self.space,
            "environments",
            &self.environment,
            "entries",
        ]
    }

    /// Another environment has an entry of the same id, in another state.
    fn has_environment(&self, named: &Change, what: &str) -> Result<(), Failure> {
        match &named.environment {
            Some(theirs) if *theirs != self.environment => {
                let why = format!("{what}: it is in {theirs:?}, and api.environment is another");
                Err(Failure::new(Reason::Misconfigured, why))
            }
            _ => Ok(()),
        }
    }
}

impl Catalogue for Contentful {
    /// Answers of the delivery network lag behind a publish, by seconds.
    const LAGS: bool = true;

    async fn entry(&self, named: &Change, wire: &dyn Wire) -> Result<Vec<Change>, Failure> {
        let what = format!("asking Contentful for {:?}", named.entry);
        self.has_environment(named, &what)?;
        let entries = self.entries();
        let one = [&entries[..], &[&named.entry]].concat();
        let one = self.api.get(&one, &[ALL_LOCALES])?;
        let all = self.api.get(&entries, &[("limit", "1")])?;
        match self.api.find(one, all, &what, wire).await? {
            Some(entry) => {
                let entry = having(entry, "sys.id", &what)?;
                looked_up(&entry, &self.mapping).map_err(misfit(&what))
            }
            None => Ok(Vec::new()),
        }
    }

    fn lists(&self) -> Vec<String> {
        vec![LIST.into()]
    }

    async fn page(&self, _: &str, page: Page, wire: &dyn Wire) -> Result<Vec<Listed>, Failure> {
        let what = "asking Contentful for its entries";
        let query = [
            ALL_LOCALES,
            ("sys.updatedAt[gte]", &written(page.from, MILLIS)),
            ("order", "sys.updatedAt,sys.id"),
            ("include", "0"),
            ("limit", &page.limit.to_string()),
            ("skip", &page.skip.to_string()),
        ];
        let request = self.api.get(&self.entries(), &query)?;
        let answer = self.api.read(request, what, wire).await?;
        let listed = |entry| {
            Ok(Listed {
                at: moment(entry, &["sys.updatedAt"], what)?,
                changes: looked_up(entry, &self.mapping).map_err(misfit(what))?,
            })
        };
        list(&answer, "items", what)?.iter().map(listed).collect()
    }
}
