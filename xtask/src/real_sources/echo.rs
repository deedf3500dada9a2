//! The last act: a WordPress that is source and destination at once. Ensures that what Slugline writes there is written once
//! and comes back as news only, and that what a person does to it is told apart and left alone.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::api::Api;
use super::cms::Cms;
use super::plan::{Deed, Text};

/// Items that are published there.
const ITEMS: usize = 6;
/// For one thing to come about: the plugin's next sending, a late delivery, a poll, a look, on a busy machine.
const WITHIN: Duration = Duration::from_secs(60);
/// Between two looks.
const BETWEEN: Duration = Duration::from_millis(500);

/// The act, on a server whose only source that tells is this CMS.
pub(super) struct Echo<'a> {
    pub(super) cms: &'a dyn Cms,
    pub(super) api: &'a Api,
}

impl Echo<'_> {
    /// Plays it; what is not as it must be, in words.
    ///
    /// # Errors
    /// Something does not come about in time, or is refused.
    pub(super) async fn play(&self) -> Result<Vec<String>> {
        let (posts, publishes) = (self.cms.shown().await?.len(), self.publishes().await?);
        for item in 0..ITEMS {
            self.publish(item, 1).await?;
        }
        for item in 0..ITEMS {
            self.until(item, "live, and looked at after it was told", |at, runs| {
                at["in_sync"] == true && runs.contains(&"check")
            })
            .await?;
        }
        let mut wrong = self.not_ours().await?;
        let shown = self.cms.shown().await?.len();
        wrong.extend(
            (shown != posts + ITEMS).then(|| format!("{shown} posts, not {posts} and {ITEMS}")),
        );
        self.disturb(&mut wrong).await?;
        let after = self.publishes().await?;
        let asked = publishes + ITEMS + 1;
        wrong.extend((after != asked).then(|| format!("{after} publishes, not {asked}")));
        println!("  {ITEMS} items published to the CMS that tells of them");
        Ok(wrong)
    }

    /// A person edits one and deletes another; then the first is published anew.
    async fn disturb(&self, wrong: &mut Vec<String>) -> Result<()> {
        let edited = Text {
            title: "Better by hand".into(),
            ..text(0, 1)
        };
        self.cms
            .act(&self.entry(0).await?, &Deed::Edit(edited))
            .await?;
        self.cms.act(&self.entry(1).await?, &Deed::Delete).await?;
        for (item, drift) in [(0, "diverged"), (1, "missing")] {
            let has_drifted = |at: &Value, _: &[&str]| at["drift"]["kind"] == drift;
            self.until(item, drift, has_drifted).await?;
        }
        let shown = self.cms.shown().await?;
        let title = shown.get(&text(0, 1).slug).map(|page| page.title.clone());
        let is_kept = title.as_deref() == Some("Better by hand");
        wrong.extend((!is_kept).then(|| format!("the person's title is {title:?}")));
        self.publish(0, 2).await?;
        self.until(0, "live again", |at, _| {
            at["in_sync"] == true && at["shown_generation"] == 2
        })
        .await
    }

    /// News of these items that was taken for anything else.
    async fn not_ours(&self) -> Result<Vec<String>> {
        let kept = self.api.all("webhooks", "&source=wordpress").await?;
        let changes = kept
            .iter()
            .filter_map(|it| it["changes"].as_array())
            .flatten();
        let about = |change: &&Value| {
            let id = change["content_id"].as_str().unwrap_or_default();
            id.starts_with("echo-")
        };
        let about: Vec<&Value> = changes.filter(about).collect();
        ensure!(!about.is_empty(), "nothing was told of what was written");
        let other = about.iter().filter(|change| change["status"] != "ours");
        Ok(other
            .map(|change| format!("taken for news: {change}"))
            .collect())
    }

    async fn publish(&self, item: usize, version: u32) -> Result<()> {
        let Text { title, slug, body } = text(item, version);
        let request = json!({
            "request_id": format!("echo-{item}-{version}"), "content_id": name(item), "version": version,
            "destinations": ["blog"], "payload": { "title": title, "slug": slug, "body": body },
        });
        self.api.publish(&request).await
    }

    async fn publishes(&self) -> Result<usize> {
        Ok(self.api.all("publishes", "").await?.len())
    }

    /// The entry at the CMS.
    async fn entry(&self, item: usize) -> Result<String> {
        let at = self.at(item).await?;
        let id = at["job"]["downstream_ids"]["post"].as_str();
        Ok(id.with_context(|| format!("no post in {at}"))?.to_owned())
    }

    /// How an item stands at the CMS.
    async fn at(&self, item: usize) -> Result<Value> {
        let content = self.api.get(&format!("content/{}", name(item))).await?;
        Ok(content["items"][0]["destinations"][0].clone())
    }

    /// Waits until an item stands so, with these runs of its newest job.
    async fn until(
        &self,
        item: usize,
        what: &str,
        so: impl Fn(&Value, &[&str]) -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + WITHIN;
        loop {
            // What the plugin has not sent yet goes out.
            self.cms.has_told().await?;
            let at = self.at(item).await?;
            let job = at["job"]["job_id"].as_str().unwrap_or_default();
            let detail = match job {
                "" => Value::Null,
                job => self.api.get(&format!("jobs/{job}")).await?,
            };
            let runs = detail["attempts"].as_array().into_iter().flatten();
            let runs: Vec<&str> = runs.filter_map(|run| run["outcome"].as_str()).collect();
            if so(&at, &runs) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "{} is not {what}: {detail} {at}",
                name(item)
            );
            sleep(BETWEEN).await;
        }
    }
}

fn name(item: usize) -> String {
    format!("echo-{item}")
}

fn text(item: usize, version: u32) -> Text {
    Text {
        title: format!("Echo {item}, version {version}"),
        slug: name(item),
        body: format!("<p>Version {version} of <em>{item}</em>.</p>"),
    }
}
