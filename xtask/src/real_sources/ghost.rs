//! Ghost with a custom integration, set up as docs/sources.md says: an editor by its Admin API.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};

use super::cms::{Cms, Doing, Page, Shown};
use super::plan::{Act, Deed, Text};
use crate::parts::ghost;
use crate::parts::ground::Ground;

/// What its webhooks are signed with.
const SECRET: &str = "real-sources-suite-ghost-secret-0123456789";
/// What it tells of.
const EVENTS: [&str; 4] = [
    "post.published",
    "post.published.edited",
    "post.unpublished",
    "post.deleted",
];
/// All that is public.
const PUBLIC: &str = "/posts/?formats=html&filter=status:published&limit=all";

/// A Ghost at work.
#[derive(Debug)]
pub(super) struct Ghost {
    ghost: ghost::Ghost,
    key: String,
}

impl Ghost {
    /// An empty one, which tells `hook`.
    ///
    /// # Errors
    /// When it does not start, or refuses the integration.
    pub(super) async fn start(ground: &Ground, address: SocketAddr, hook: &str) -> Result<Self> {
        let ghost = ghost::Ghost::start(&ground.folder, &ground.logs, address).await?;
        let integration = json!({"integrations": [{"name": "Slugline"}]});
        let path = "/integrations/?include=api_keys";
        let made = ghost.owner.send(Method::POST, path, &integration).await?;
        let made = &made["integrations"][0];
        for event in EVENTS {
            let webhook = json!({
                "event": event, "target_url": hook, "name": event, "secret": SECRET,
                "integration_id": made["id"],
            });
            let webhooks = json!({"webhooks": [webhook]});
            ghost
                .owner
                .send(Method::POST, "/webhooks/", &webhooks)
                .await?;
        }
        let keys = made["api_keys"].as_array().into_iter().flatten();
        let mut keys = keys.filter(|key| key["type"] == "admin");
        let key = keys.next().and_then(|key| key["secret"].as_str());
        let key = key.context("no Admin API key")?.to_owned();
        Ok(Self { ghost, key })
    }

    /// Ghost wants to hear the version that an editor has seen.
    async fn change(&self, id: &str, mut change: Value) -> Result<()> {
        let path = format!("/posts/{id}/");
        let seen = self.ghost.owner.get(&path).await?;
        change["updated_at"] = seen["posts"][0]["updated_at"].clone();
        let path = format!("{path}?source=html");
        let change = json!({"posts": [change]});
        self.ghost.owner.send(Method::PUT, &path, &change).await?;
        Ok(())
    }
}

impl Cms for Ghost {
    fn name(&self) -> &'static str {
        "ghost"
    }

    fn source(&self, act: Act) -> String {
        let secrets = "secrets = [\"env:SLUGLINE_SUITE_GHOST_SECRET\"]";
        match act {
            Act::Trouble => secrets.to_owned(),
            Act::Loss | Act::Echo => format!(
                "{secrets}\npoll = \"10s\"\n\
                 api = {{ url = \"http://{}\", key = \"env:SLUGLINE_SUITE_GHOST_KEY\" }}",
                self.ghost.address
            ),
        }
    }

    fn secrets(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SLUGLINE_SUITE_GHOST_SECRET", SECRET.to_owned()),
            ("SLUGLINE_SUITE_GHOST_KEY", self.key.clone()),
        ]
    }

    fn write<'a>(&'a self, text: &'a Text) -> Doing<'a, String> {
        Box::pin(async {
            let posts = json!({"posts": [fields(text)]});
            let path = "/posts/?source=html";
            let made = self.ghost.owner.send(Method::POST, path, &posts).await?;
            let id = made["posts"][0]["id"].as_str();
            id.map(str::to_owned).with_context(|| format!("{made}"))
        })
    }

    fn act<'a>(&'a self, id: &'a str, deed: &'a Deed) -> Doing<'a, ()> {
        Box::pin(async move {
            match deed {
                Deed::Publish => self.change(id, json!({"status": "published"})).await,
                Deed::Edit(text) => self.change(id, fields(text)).await,
                Deed::Unpublish => self.change(id, json!({"status": "draft"})).await,
                Deed::Delete => {
                    let path = format!("/posts/{id}/");
                    let owner = &self.ghost.owner;
                    owner.send(Method::DELETE, &path, &Value::Null).await?;
                    Ok(())
                }
            }
        })
    }

    fn shown(&self) -> Doing<'_, Shown> {
        Box::pin(async {
            let found = self.ghost.owner.get(PUBLIC).await?;
            let posts = found["posts"].as_array();
            let posts = posts.with_context(|| format!("{found}"))?;
            posts.iter().map(page_of).collect()
        })
    }
}

fn fields(text: &Text) -> Value {
    let Text { title, slug, body } = text;
    json!({ "title": title, "slug": slug, "html": body })
}

fn page_of(post: &Value) -> Result<(String, Page)> {
    let text = |name: &str| {
        let found = post[name].as_str().map(str::to_owned);
        found.with_context(|| format!("no {name} in {post}"))
    };
    let page = Page {
        title: text("title")?,
        body: text("html")?,
    };
    Ok((text("slug")?, page))
}
