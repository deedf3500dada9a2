//! Strapi with a webhook, set up as docs/sources.md says: an editor by its REST API.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};

use super::cms::{Cms, Doing, Shown, fields, page_of};
use super::plan::{Act, Deed, Text};
use crate::parts::ground::Ground;
use crate::parts::strapi;

/// What it brings in its header.
const SECRET: &str = "real-sources-suite-strapi-secret-0123456789";
/// All that is public.
const PUBLIC: &str = "/articles?status=published&pagination[limit]=500";

/// A Strapi at work.
#[derive(Debug)]
pub(super) struct Strapi(strapi::Strapi);

impl Strapi {
    /// An empty one, which tells `hook`.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) async fn start(ground: &Ground, address: SocketAddr, hook: &str) -> Result<Self> {
        let told = (hook, SECRET);
        let started = strapi::Strapi::start(&ground.folder, &ground.logs, address, told);
        Ok(Self(started.await?))
    }

    async fn entries(&self) -> Result<Vec<Value>> {
        let found = self.0.rest.get(PUBLIC).await?;
        let entries = found["data"].as_array();
        Ok(entries.with_context(|| format!("{found}"))?.clone())
    }

    async fn is_public(&self, id: &str) -> Result<bool> {
        let entries = self.entries().await?;
        Ok(entries.iter().any(|entry| entry["documentId"] == id))
    }
}

impl Cms for Strapi {
    fn name(&self) -> &'static str {
        "strapi"
    }

    fn source(&self, act: Act) -> String {
        let secrets = "secrets = [\"env:SLUGLINE_SUITE_STRAPI_SECRET\"]";
        match act {
            Act::Trouble => secrets.to_owned(),
            Act::Loss | Act::Echo => format!(
                "{secrets}\npoll = \"10s\"\napi = {{ url = \"http://{}\", \
                 token = \"env:SLUGLINE_SUITE_STRAPI_TOKEN\", types = {{ article = \"articles\" }} }}",
                self.0.address
            ),
        }
    }

    fn secrets(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SLUGLINE_SUITE_STRAPI_SECRET", SECRET.to_owned()),
            ("SLUGLINE_SUITE_STRAPI_TOKEN", self.0.token.clone()),
        ]
    }

    fn write<'a>(&'a self, text: &'a Text) -> Doing<'a, String> {
        Box::pin(async {
            let entry = json!({"data": fields(text)});
            let path = "/articles?status=draft";
            let made = self.0.rest.send(Method::POST, path, &entry).await?;
            let id = made["data"]["documentId"].as_str();
            id.map(str::to_owned).with_context(|| format!("{made}"))
        })
    }

    /// What is saved without a status is published.
    fn act<'a>(&'a self, id: &'a str, deed: &'a Deed) -> Doing<'a, ()> {
        Box::pin(async move {
            let (rest, path) = (&self.0.rest, format!("/articles/{id}"));
            match deed {
                Deed::Publish => rest.send(Method::PUT, &path, &json!({"data": {}})).await,
                Deed::Edit(text) => {
                    let status = match self.is_public(id).await? {
                        true => "",
                        false => "?status=draft",
                    };
                    let (path, entry) = (format!("{path}{status}"), json!({"data": fields(text)}));
                    rest.send(Method::PUT, &path, &entry).await
                }
                Deed::Unpublish => {
                    let path = format!("{path}/unpublish");
                    rest.send(Method::POST, &path, &Value::Null).await
                }
                Deed::Delete => rest.send(Method::DELETE, &path, &Value::Null).await,
            }?;
            Ok(())
        })
    }

    fn shown(&self) -> Doing<'_, Shown> {
        Box::pin(async { self.entries().await?.iter().map(page_of).collect() })
    }
}
