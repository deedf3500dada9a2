//! What Drupal has: the nodes of the types that are named, by JSON:API.
//!
//! Ensures that a node which must not be seen, or is in another language than was told, is not taken for one
//! that is gone while the list of its type can be read. Webhooks may name nodes by a number, which JSON:API
//! does not know: those are not asked for.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use slugline_core::failure::Failure;
use slugline_core::reason::Reason;
use slugline_core::secret::{SecretRef, Secrets};
use slugline_core::source::{Change, Library, Locales, What, Wire};
use toml::Spanned;
use toml::de::DeTable;

use super::changes::looked_up;
use crate::asking::{Api, having, list, unexpected};
use crate::config::{ConfigError, http_url, login, read, resolve};
use crate::library::{Asked, Catalogue, Listed, Page, misfit, moment, not_public, some};
use crate::mapping::Mapping;
use crate::reading::at;

const MEDIA_TYPE: &str = "application/vnd.api+json";
/// Of a node that is not public.
const FORBIDDEN: u16 = 403;
/// Characters of a UUID.
const UUID: usize = 36;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    url: Spanned<String>,
    types: Spanned<Vec<String>>,
    /// Without an account, what anybody can see is asked for.
    account: Option<Account>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    username: Spanned<String>,
    password: Spanned<SecretRef>,
}

struct Drupal {
    api: Api,
    mapping: Arc<Mapping>,
    types: Vec<String>,
}

/// Makes the library from `api`.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    mapping: Arc<Mapping>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Library>, ConfigError> {
    let config: Config = read(table)?;
    let mut api = Api::new(&http_url(&config.url)?)
        .accept(MEDIA_TYPE)
        .also_missing(FORBIDDEN);
    if let Some(Account { username, password }) = config.account {
        let password = resolve(&password, secrets)?;
        api = api.basic(login(&username)?, &password);
    }
    Ok(Box::new(Asked(Drupal {
        api,
        mapping,
        types: some(config.types, "types")?,
    })))
}

impl Drupal {
    fn change(&self, node: &Value, what: &str) -> Result<Change, Failure> {
        looked_up(node, &self.mapping).map_err(misfit(what))
    }
}

impl Catalogue for Drupal {
    async fn entry(&self, named: &Change, wire: &dyn Wire) -> Result<Vec<Change>, Failure> {
        let id = &named.entry;
        let is_uuid = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        if id.len() != UUID || !id.bytes().all(is_uuid) {
            let why = format!("{id:?} is no UUID, by which alone JSON:API finds a node");
            return Err(Failure::new(Reason::Misconfigured, why));
        }
        for bundle in &self.types {
            let what = format!("asking Drupal for {bundle} {id:?}");
            let one = self.api.get(&["jsonapi", "node", bundle, id], &[])?;
            let all = self
                .api
                .get(&["jsonapi", "node", bundle], &[("page[limit]", "1")])?;
            let Some(answer) = self.api.find(one, all, &what, wire).await? else {
                continue;
            };
            let answer = having(answer, "data.id", &what)?;
            let node = at(&answer, "data").unwrap_or(&Value::Null);
            let change = self.change(node, &what)?;
            let is_told = |locale: &Locales| matches!(locale, Locales::One(_));
            if is_told(&named.locales) && change.locales != named.locales {
                return Err(unexpected(&what, "is in another language"));
            }
            return Ok(Vec::from_iter(
                (change.what == What::Published).then_some(change),
            ));
        }
        Ok(Vec::new())
    }

    fn lists(&self) -> Vec<String> {
        self.types.clone()
    }

    async fn page(
        &self,
        bundle: &str,
        page: Page,
        wire: &dyn Wire,
    ) -> Result<Vec<Listed>, Failure> {
        let what = format!("asking Drupal for its nodes of the type {bundle}");
        let query = [
            ("filter[since][condition][path]", "changed"),
            ("filter[since][condition][operator]", ">="),
            (
                "filter[since][condition][value]",
                &page.from.unix_seconds().to_string(),
            ),
            ("sort", "changed,drupal_internal__nid"),
            ("page[limit]", &page.limit.to_string()),
            ("page[offset]", &page.skip.to_string()),
        ];
        let request = self.api.get(&["jsonapi", "node", bundle], &query)?;
        let answer = self.api.read(request, &what, wire).await?;
        let listed = |node| {
            Ok(Listed {
                at: moment(node, &["attributes.changed"], &what)?,
                changes: vec![not_public(self.change(node, &what)?)],
            })
        };
        list(&answer, "data", &what)?.iter().map(listed).collect()
    }
}
