//! WordPress with our plugin: an editor by REST, and WP-Cron, which sends.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};

use super::cms::{Cms, Doing, Page, Shown};
use super::plan::{Act, Deed, Text};
use crate::parts::ground::Ground;
use crate::parts::plugin_site::Site;
use crate::parts::rest::Rest;
use crate::parts::wordpress;

/// What the plugin signs with.
const SECRET: &str = "whsec_cmVhbCBzb3VyY2VzIHN1aXRlIHNlY3JldCE=";
/// All that is public; as many as WordPress gives at once.
const PUBLIC: &str = "/wp/v2/posts?context=edit&status=publish&per_page=100";
/// The post and the page that a fresh site comes with.
const SAMPLES: [(&str, u64); 2] = [("posts", 1), ("pages", 2)];
/// Rows of the outbox that are still to be sent.
const UNSENT: &str = "SELECT COUNT(*) FROM wp_slugline_outbox WHERE state IN ('open', 'waiting')";

/// A site at work.
#[derive(Debug)]
pub(super) struct WordPress {
    site: Site,
    editor: Rest,
    address: SocketAddr,
    password: String,
}

impl WordPress {
    /// A fresh site without entries, whose plugin tells `hook`.
    ///
    /// # Errors
    /// When a server does not start, or WordPress refuses the plugin.
    pub(super) async fn start(ground: &Ground, address: SocketAddr, hook: &str) -> Result<Self> {
        let name = address.to_string();
        let running =
            wordpress::WordPress::start(&ground.folder, &ground.logs, address, &name).await?;
        let password = running.passwords.publisher.clone();
        let admin = Rest::wordpress(address, "admin", &running.passwords.admin);
        for (collection, id) in SAMPLES {
            let path = format!("/wp/v2/{collection}/{id}?force=true");
            admin.send(Method::DELETE, &path, &json!({})).await?;
        }
        Ok(Self {
            site: Site::with_plugin(running, hook, SECRET).await?,
            editor: Rest::wordpress(address, "publisher", &password),
            address,
            password,
        })
    }

    async fn posts(&self) -> Result<Shown> {
        let mut shown = Shown::new();
        for page in 1.. {
            let path = format!("{PUBLIC}&page={page}");
            let posts = self.editor.get(&path).await?;
            let posts = posts.as_array().context("no list")?.clone();
            shown.extend(
                posts
                    .iter()
                    .map(page_of)
                    .collect::<Result<BTreeMap<_, _>>>()?,
            );
            if posts.len() < 100 {
                break;
            }
        }
        Ok(shown)
    }
}

impl Cms for WordPress {
    fn name(&self) -> &'static str {
        "wordpress"
    }

    fn source(&self, act: Act) -> String {
        let secrets = "secrets = [\"env:SLUGLINE_SUITE_WP_SECRET\"]";
        let asked = || {
            format!(
                "{secrets}\npoll = \"10s\"\napi = {{ url = \"http://{}\", username = \"publisher\", \
                 password = \"env:SLUGLINE_SUITE_WP_PASSWORD\" }}",
                self.address
            )
        };
        match act {
            Act::Trouble => secrets.to_owned(),
            Act::Loss => asked(),
            Act::Echo => format!(
                "{}\nsame_as = [\"blog\"]\n\n[[destination]]\nname = \"blog\"\ntype = \"wordpress\"\n\
                 url = \"http://{}\"\nusername = \"publisher\"\npassword = \"env:SLUGLINE_SUITE_WP_PASSWORD\"",
                asked(),
                self.address
            ),
        }
    }

    fn secrets(&self) -> Vec<(&'static str, String)> {
        vec![
            ("SLUGLINE_SUITE_WP_SECRET", SECRET.to_owned()),
            ("SLUGLINE_SUITE_WP_PASSWORD", self.password.clone()),
        ]
    }

    fn write<'a>(&'a self, text: &'a Text) -> Doing<'a, String> {
        Box::pin(async {
            let mut post = fields(text);
            post["status"] = "draft".into();
            let id = self.site.create("posts", &post).await?;
            Ok(id.to_string())
        })
    }

    fn act<'a>(&'a self, id: &'a str, deed: &'a Deed) -> Doing<'a, ()> {
        Box::pin(async move {
            let id = id.parse()?;
            match deed {
                Deed::Publish => {
                    let publish = json!({ "status": "publish" });
                    self.site.change("posts", id, &publish).await?;
                }
                Deed::Edit(text) => self.site.change("posts", id, &fields(text)).await?,
                Deed::Unpublish => {
                    let unpublish = json!({ "status": "draft" });
                    self.site.change("posts", id, &unpublish).await?;
                }
                Deed::Delete => self.site.remove(id, true).await?,
            }
            self.site.cron().await
        })
    }

    fn shown(&self) -> Doing<'_, Shown> {
        Box::pin(self.posts())
    }

    fn has_told(&self) -> Doing<'_, bool> {
        Box::pin(async {
            self.site.cron().await?;
            Ok(self.site.sql(UNSENT).await? == "0")
        })
    }
}

fn fields(text: &Text) -> Value {
    let Text { title, slug, body } = text;
    json!({ "title": title, "slug": slug, "content": body })
}

/// A post as an editor and readers see it: the title as written, the content as the theme shows it.
fn page_of(post: &Value) -> Result<(String, Page)> {
    let text = |pointer: &str| {
        let found = post.pointer(pointer).and_then(Value::as_str);
        found.map(str::to_owned).with_context(|| format!("{post}"))
    };
    let page = Page {
        title: text("/title/raw")?,
        body: text("/content/rendered")?,
    };
    Ok((text("/slug")?, page))
}
