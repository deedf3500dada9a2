//! Directus with a flow, set up as docs/sources.md says: an editor by its REST API. Its flows bring only what changed, so
//! the source is asked in both acts.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};

use super::cms::{Cms, Doing, Shown, fields, page_of};
use super::plan::{Act, Deed, Text};
use crate::parts::directus;
use crate::parts::ground::Ground;

/// What it brings in its header.
const SECRET: &str = "real-sources-suite-directus-hook-0123456789";
/// All that is public.
const PUBLIC: &str = "/items/posts?filter[status][_eq]=published&limit=-1";
/// The body of the flow's request, as docs/sources.md has it.
const BODY: &str = "{{$trigger}}";

/// A Directus at work.
#[derive(Debug)]
pub(super) struct Directus(directus::Directus);

impl Directus {
    /// An empty one, which tells `hook`.
    ///
    /// # Errors
    /// When it does not start, or refuses the collection or the flow.
    pub(super) async fn start(ground: &Ground, address: SocketAddr, hook: &str) -> Result<Self> {
        let started = directus::Directus::start(&ground.folder, &ground.logs, address).await?;
        let directus = Self(started);
        directus.post("/collections", &collection()).await?;
        let flow = json!({
            "name": "Slugline", "status": "active", "trigger": "event",
            "options": {
                "type": "action", "scope": ["items.create", "items.update", "items.delete"],
                "collections": ["posts"],
            },
        });
        let flow = directus.post("/flows", &flow).await?["data"]["id"].clone();
        let request = json!({
            "flow": flow, "key": "tell", "name": "Tell", "type": "request",
            "position_x": 19, "position_y": 1,
            "options": {
                "method": "POST", "url": hook, "body": BODY,
                "headers": [{"header": "Authorization", "value": format!("Bearer {SECRET}")}],
            },
        });
        let request = directus.post("/operations", &request).await?;
        let first = json!({"operation": request["data"]["id"]});
        let flow = flow.as_str().context("a flow without an id")?;
        let path = format!("/flows/{flow}");
        directus.0.admin.send(Method::PATCH, &path, &first).await?;
        Ok(directus)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.0.admin.send(Method::POST, path, body).await
    }
}

/// Texts with a status and the two times.
fn collection() -> Value {
    let plain = |name: &str, kind: &str| json!({"field": name, "type": kind});
    let time = |name: &str, special: &str| json!({"field": name, "type": "timestamp", "meta": {"special": [special]}});
    json!({
        "collection": "posts", "schema": {}, "meta": {},
        "fields": [
            {"field": "id", "type": "integer", "schema": {"is_primary_key": true, "has_auto_increment": true}},
            plain("status", "string"), plain("title", "string"), plain("slug", "string"),
            plain("body", "text"),
            time("date_created", "date-created"), time("date_updated", "date-updated"),
        ],
    })
}

impl Cms for Directus {
    fn name(&self) -> &'static str {
        "directus"
    }

    fn source(&self, act: Act) -> String {
        let poll = match act {
            Act::Trouble => "poll = \"off\"\n",
            Act::Loss | Act::Echo => "poll = \"10s\"\n",
        };
        format!(
            "{poll}secrets = [\"env:SLUGLINE_SUITE_DIRECTUS_SECRET\"]\napi = {{ url = \"http://{}\", \
             token = \"env:SLUGLINE_SUITE_DIRECTUS_TOKEN\", collections = [\"posts\"] }}",
            self.0.address
        )
    }

    fn secrets(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SLUGLINE_SUITE_DIRECTUS_SECRET", SECRET.to_owned()),
            ("SLUGLINE_SUITE_DIRECTUS_TOKEN", self.0.token().to_owned()),
        ]
    }

    fn write<'a>(&'a self, text: &'a Text) -> Doing<'a, String> {
        Box::pin(async {
            let mut item = fields(text);
            item["status"] = "draft".into();
            let made = self.post("/items/posts", &item).await?;
            let id = made["data"]["id"].as_u64();
            Ok(id.with_context(|| format!("{made}"))?.to_string())
        })
    }

    fn act<'a>(&'a self, id: &'a str, deed: &'a Deed) -> Doing<'a, ()> {
        Box::pin(async move {
            let (method, change) = match deed {
                Deed::Publish => (Method::PATCH, json!({"status": "published"})),
                Deed::Edit(text) => (Method::PATCH, fields(text)),
                Deed::Unpublish => (Method::PATCH, json!({"status": "draft"})),
                Deed::Delete => (Method::DELETE, Value::Null),
            };
            let path = format!("/items/posts/{id}");
            self.0.admin.send(method, &path, &change).await?;
            Ok(())
        })
    }

    fn shown(&self) -> Doing<'_, Shown> {
        Box::pin(async {
            let found = self.0.admin.get(PUBLIC).await?;
            let items = found["data"].as_array();
            let items = items.with_context(|| format!("{found}"))?;
            items.iter().map(page_of).collect()
        })
    }
}
