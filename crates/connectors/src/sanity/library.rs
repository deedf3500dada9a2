//! What Sanity has: the published documents of the types that are named, by GROQ queries.
//!
//! Ensures that neither drafts nor versions of releases are told, and that ids and times reach the query as
//! parameters, never as a part of it. The token is required: without one a private dataset seems empty.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use slugline_core::failure::Failure;
use slugline_core::secret::{SecretRef, Secrets};
use slugline_core::source::{Change, Library, Wire};
use toml::Spanned;
use toml::de::DeTable;

use super::changes::looked_up;
use crate::asking::{Api, list};
use crate::config::{ConfigError, http_url, read, resolve};
use crate::library::{Asked, Catalogue, Listed, MILLIS, Page, misfit, moment, some, written};
use crate::mapping::Mapping;
use crate::reading::name_at;

/// The date of the API as this was written for; a newer one may answer otherwise.
const DATE: &str = "v2025-02-19";
const PERSPECTIVE: (&str, &str) = ("perspective", "published");
const ONE: &str = "*[_id == $id]";
const LIST: &str = "documents";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    project: Spanned<String>,
    dataset: String,
    token: Spanned<SecretRef>,
    types: Spanned<Vec<String>>,
    url: Option<Spanned<String>>,
}

struct Sanity {
    api: Api,
    mapping: Arc<Mapping>,
    dataset: String,
    types: Vec<String>,
}

/// Makes the library from `api`.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    mapping: Arc<Mapping>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Library>, ConfigError> {
    let config: Config = read(table)?;
    let token = resolve(&config.token, secrets)?;
    Ok(Box::new(Asked(Sanity {
        api: Api::new(&http_url(&address(config.project, config.url)?)?).bearer(&token),
        mapping,
        dataset: config.dataset,
        types: some(config.types, "types")?,
    })))
}

/// The project's own host; not that of the delivery network, which lags behind.
fn address(
    project: Spanned<String>,
    url: Option<Spanned<String>>,
) -> Result<Spanned<String>, ConfigError> {
    let (span, project) = (project.span(), project.into_inner());
    let is_label = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if project.is_empty() || !project.chars().all(is_label) {
        return Err(ConfigError::new(span, "is not the id of a project"));
    }
    let usual = format!("https://{project}.api.sanity.io");
    Ok(url.unwrap_or_else(|| Spanned::new(span, usual)))
}

impl Sanity {
    async fn query(
        &self,
        query: &str,
        parameters: &[(&str, Value)],
        (what, wire): (&str, &dyn Wire),
    ) -> Result<Vec<Value>, Failure> {
        let parameters = parameters.iter();
        let parameters: Vec<(String, String)> = parameters
            .map(|(name, value)| (format!("${name}"), value.to_string()))
            .collect();
        let mut pairs = vec![PERSPECTIVE, ("query", query)];
        pairs.extend(
            parameters
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let path = [DATE, "data", "query", &self.dataset];
        let answer = self
            .api
            .read(self.api.get(&path, &pairs)?, what, wire)
            .await?;
        list(&answer, "result", what).map(<[Value]>::to_vec)
    }

    fn change(&self, document: &Value, what: &str) -> Result<Change, Failure> {
        looked_up(document, &self.mapping).map_err(misfit(what))
    }
}

impl Catalogue for Sanity {
    async fn entry(&self, named: &Change, wire: &dyn Wire) -> Result<Vec<Change>, Failure> {
        let what = format!("asking Sanity for {:?}", named.entry);
        let id = [("id", json!(named.entry))];
        let found = self.query(ONE, &id, (&what, wire)).await?;
        let is_it = |document: &&Value| name_at(document, "_id").as_ref() == Some(&named.entry);
        let found = found.iter().filter(is_it);
        found.map(|document| self.change(document, &what)).collect()
    }

    fn lists(&self) -> Vec<String> {
        vec![LIST.into()]
    }

    async fn page(&self, _: &str, page: Page, wire: &dyn Wire) -> Result<Vec<Listed>, Failure> {
        let what = "asking Sanity for its documents";
        let end = page.skip.saturating_add(page.limit);
        let query = format!(
            "*[_type in $types && _updatedAt >= $from] | order(_updatedAt asc, _id asc) [{}...{end}]",
            page.skip
        );
        let parameters = [
            ("types", json!(self.types)),
            ("from", json!(written(page.from, MILLIS))),
        ];
        let found = self.query(&query, &parameters, (what, wire)).await?;
        let listed = |document| {
            Ok(Listed {
                at: moment(document, &["_updatedAt"], what)?,
                changes: vec![self.change(document, what)?],
            })
        };
        found.iter().map(listed).collect()
    }
}
