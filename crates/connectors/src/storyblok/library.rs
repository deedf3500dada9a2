//! What Storyblok has: its Content Delivery API, version 2 (storyblok.com/docs/api/content-delivery/v2).
//!
//! Ensures that only what is published is told. The API takes its token in the query and nowhere else. It
//! answers in the default language, as the webhooks mean it. A story that moves keeps its time: only a
//! webhook tells that.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use slugline_core::failure::Failure;
use slugline_core::secret::{SecretRef, Secrets};
use slugline_core::source::{Change, Library, Wire};
use toml::Spanned;
use toml::de::DeTable;

use super::changes::looked_up;
use crate::asking::{Api, list, unexpected};
use crate::config::{ConfigError, read, resolve, vendor_url};
use crate::library::{Asked, Catalogue, Listed, MINUTES, Page, misfit, moment, written};
use crate::mapping::Mapping;
use crate::reading::at;

const URL: &str = "https://api.storyblok.com";
/// A question without a cache version leads to the newest one.
const REDIRECTS: u8 = 2;
/// The filter takes minutes, and leaves out the time itself.
const MINUTE: Duration = Duration::from_secs(60);
const LIST: &str = "stories";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    token: Spanned<SecretRef>,
    url: Option<Spanned<String>>,
}

struct Storyblok {
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
    let api = Api::new(&vendor_url(url.as_ref(), URL)?);
    let api = api.parameter("token", &token).redirects(REDIRECTS);
    Ok(Box::new(Asked(Storyblok { api, mapping })))
}

impl Catalogue for Storyblok {
    async fn entry(&self, named: &Change, wire: &dyn Wire) -> Result<Vec<Change>, Failure> {
        let what = format!("asking Storyblok for the story {:?}", named.entry);
        let published = ("version", "published");
        let one = ["v2", "cdn", "stories", &named.entry];
        let one = self.api.get(&one, &[published])?;
        let all = self
            .api
            .get(&["v2", "cdn", "stories"], &[published, ("per_page", "1")])?;
        let Some(answer) = self.api.find(one, all, &what, wire).await? else {
            return Ok(Vec::new());
        };
        let story = at(&answer, "story").ok_or_else(|| unexpected(&what, "has no story"))?;
        let change = looked_up(story, &self.mapping).map_err(misfit(&what))?;
        Ok(vec![change])
    }

    fn lists(&self) -> Vec<String> {
        vec![LIST.into()]
    }

    async fn page(&self, _: &str, page: Page, wire: &dyn Wire) -> Result<Vec<Listed>, Failure> {
        let what = "asking Storyblok for its stories";
        let query = [
            ("version", "published"),
            ("sort_by", "published_at:asc"),
            (
                "published_at_gt",
                &written(page.from.minus(MINUTE), MINUTES),
            ),
            ("per_page", &page.limit.to_string()),
            ("page", &page.number().to_string()),
        ];
        let request = self.api.get(&["v2", "cdn", "stories"], &query)?;
        let answer = self.api.read(request, what, wire).await?;
        let listed = |story| {
            Ok(Listed {
                at: moment(story, &["published_at"], what)?,
                changes: vec![looked_up(story, &self.mapping).map_err(misfit(what))?],
            })
        };
        list(&answer, "stories", what)?.iter().map(listed).collect()
    }
}
