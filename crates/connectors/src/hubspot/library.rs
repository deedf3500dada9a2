//! What HubSpot has: blog posts (CMS API v3), which no webhook tells.
//!
//! Ensures that posts are found by the time of their change. The list has drafts too, so that what was
//! unpublished is seen; what was deleted is not. Objects of other types are not asked for.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use slugline_core::failure::Failure;
use slugline_core::reason::Reason;
use slugline_core::secret::{SecretRef, Secrets};
use slugline_core::source::{Change, Library, What, Wire};
use toml::Spanned;
use toml::de::DeTable;

use super::changes::{POST, looked_up};
use crate::asking::{Api, having, list, unexpected};
use crate::config::{ConfigError, read, resolve, vendor_url};
use crate::library::{Asked, Catalogue, Listed, MILLIS, Page, misfit, moment, not_public, written};
use crate::mapping::Mapping;
use crate::reading::name_at;

const URL: &str = "https://api.hubapi.com";
const POSTS: [&str; 4] = ["cms", "v3", "blogs", "posts"];
const LIST: &str = "posts";
/// The filter leaves out the time itself.
const TICK: Duration = Duration::from_millis(1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    token: Spanned<SecretRef>,
    url: Option<Spanned<String>>,
}

struct HubSpot {
    api: Api,
    mapping: Arc<Mapping>,
}

/// Makes the library from `api`.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    mapping: Arc<Mapping>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Library>, ConfigError> {
    let Config { token, url } = read(table)?;
    let token = resolve(&token, secrets)?;
    let api = Api::new(&vendor_url(url.as_ref(), URL)?).bearer(&token);
    Ok(Box::new(Asked(HubSpot { api, mapping })))
}

impl HubSpot {
    fn change(&self, post: &Value, what: &str) -> Result<Change, Failure> {
        looked_up(post, &self.mapping).map_err(misfit(what))
    }
}

impl Catalogue for HubSpot {
    async fn entry(&self, named: &Change, wire: &dyn Wire) -> Result<Vec<Change>, Failure> {
        let what = format!("asking HubSpot for {:?}", named.entry);
        let parts = named.entry.split_once('/');
        let Some((_, id)) = parts.filter(|(kind, _)| *kind == POST) else {
            let why = format!("{what}: only blog posts can be asked for");
            return Err(Failure::new(Reason::Misconfigured, why));
        };
        let one = self.api.get(&[&POSTS[..], &[id]].concat(), &[])?;
        let all = self.api.get(&POSTS, &[("limit", "1")])?;
        let Some(post) = self.api.find(one, all, &what, wire).await? else {
            return Ok(Vec::new());
        };
        let change = self.change(&having(post, "id", &what)?, &what)?;
        Ok(Vec::from_iter(
            (change.what == What::Published).then_some(change),
        ))
    }

    fn lists(&self) -> Vec<String> {
        vec![LIST.into()]
    }

    /// The list goes on from a mark of its own, so that what was seen is read once more.
    async fn page(&self, _: &str, page: Page, wire: &dyn Wire) -> Result<Vec<Listed>, Failure> {
        let what = "asking HubSpot for its blog posts";
        let (from, limit) = (
            written(page.from.minus(TICK), MILLIS),
            page.limit.to_string(),
        );
        let (mut mark, mut seen) = (None::<String>, 0);
        loop {
            let mut query = vec![
                ("updatedAfter", from.as_str()),
                ("sort", "updatedAt"),
                ("limit", limit.as_str()),
            ];
            query.extend(mark.as_deref().map(|mark| ("after", mark)));
            let request = self.api.get(&POSTS, &query)?;
            let answer = self.api.read(request, what, wire).await?;
            let posts = list(&answer, "results", what)?;
            seen += posts.len();
            if seen > page.skip || posts.is_empty() {
                return posts.iter().map(|post| self.listed(post, what)).collect();
            }
            let next = name_at(&answer, "paging.next.after");
            if next.is_none() {
                return Ok(Vec::new());
            }
            if next == mark {
                return Err(unexpected(what, "leads back to itself"));
            }
            mark = next;
        }
    }
}

impl HubSpot {
    fn listed(&self, post: &Value, what: &str) -> Result<Listed, Failure> {
        Ok(Listed {
            at: moment(post, &["updated"], what)?,
            changes: vec![not_public(self.change(post, what)?)],
        })
    }
}
