//! What WordPress has: posts, pages and the like by its REST API, with an application password.
//!
//! Ensures that no change is missed although nothing is taken for granted that the API may not have: what
//! changed is found by walking down from the newest change, in which order the list is checked to be. The
//! list has drafts too, so that what was unpublished is seen; what is in the trash or deleted is not.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use slugline_core::failure::Failure;
use slugline_core::http::Request;
use slugline_core::reason::Reason;
use slugline_core::secret::{SecretRef, Secrets};
use slugline_core::source::{Change, Library, What, Wire};
use slugline_core::time::Timestamp;
use slugline_core::version::Version;
use toml::Spanned;
use toml::de::DeTable;

use super::changes::looked_up;
use super::errors::hidden;
use crate::asking::{Api, having, list, unexpected};
use crate::config::{ConfigError, http_url, login, read, resolve};
use crate::library::{Asked, Catalogue, Listed, Page, misfit, not_public, some};
use crate::mapping::Mapping;
use crate::reading::{at, name_at, text, text_at};

/// Drafts and texts as they were written; it needs an account, so that wrong credentials are noticed.
const EDIT: (&str, &str) = ("context", "edit");
const ROUTES: [&str; 2] = ["posts", "pages"];
/// All but the trash.
const ANY: (&str, &str) = ("status", "any");
const PUBLIC: (&str, &str) = ("status", "publish");
/// Authors, terms and pictures with their names.
const EMBED: (&str, &str) = ("_embed", "1");
/// As many as WordPress lists at once.
const STRIDE: usize = 100;
/// Lists that are walked down at most: ten thousand changes.
const STRIDES: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    url: Spanned<String>,
    username: Spanned<String>,
    password: Spanned<SecretRef>,
    /// What is asked for, as the API's addresses call it.
    routes: Option<Spanned<Vec<String>>>,
}

struct WordPress {
    api: Api,
    mapping: Arc<Mapping>,
    routes: Vec<String>,
}

/// Makes the library from `api`.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    mapping: Arc<Mapping>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Library>, ConfigError> {
    let config: Config = read(table)?;
    let (name, password) = (
        login(&config.username)?,
        resolve(&config.password, secrets)?,
    );
    let api = Api::new(&http_url(&config.url)?);
    Ok(Box::new(Asked(WordPress {
        api: api.basic(name, &password).hidden(hidden),
        mapping,
        routes: match config.routes {
            Some(routes) => some(routes, "routes")?,
            None => ROUTES.map(str::to_owned).into(),
        },
    })))
}

impl WordPress {
    /// A request for a route below `wp/v2`, in the form that works whatever the permalinks are.
    fn request(&self, route: &str, query: &[(&str, &str)]) -> Result<Request, Failure> {
        let route = format!("/wp/v2/{route}");
        let route = [("rest_route", route.as_str()), EDIT];
        self.api.get(&["index.php"], &[&route, query].concat())
    }

    async fn find(&self, route: &str, id: &str, wire: &dyn Wire) -> Result<Option<Value>, Failure> {
        let what = format!("asking WordPress for {route}/{id:?}");
        // Anything else could name another route.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            let why = format!("{what}: an id is a number");
            return Err(Failure::new(Reason::InvalidContent, why));
        }
        let one = self.request(&format!("{route}/{id}"), &[EMBED])?;
        let all = self.request(route, &[("per_page", "1")])?;
        let post = self.api.find(one, all, &what, wire).await?;
        post.map(|post| having(post, "id", &what)).transpose()
    }

    fn change(&self, post: &Value) -> Result<Change, Failure> {
        looked_up(&told(post), &self.mapping).map_err(misfit("asking WordPress"))
    }

    /// Posts by their ids, as far as they are still there.
    async fn posts(
        &self,
        route: &str,
        ids: &[&str],
        wire: &dyn Wire,
    ) -> Result<Vec<Value>, Failure> {
        let what = format!("asking WordPress for some of its {route}");
        let query = [
            ANY,
            EMBED,
            ("include", &ids.join(",")),
            ("per_page", &STRIDE.to_string()),
        ];
        let answer = self
            .api
            .read(self.request(route, &query)?, &what, wire)
            .await?;
        let posts = list(&answer, "", &what)?;
        let is_asked = |post: &Value| name_at(post, "id").is_some_and(|id| ids.contains(&&*id));
        match posts.iter().all(is_asked) {
            true => Ok(posts.to_vec()),
            false => Err(unexpected(&what, "has posts that were not asked for")),
        }
    }

    /// When each post of a list was changed, from this time on, oldest first.
    async fn changed(
        &self,
        route: &str,
        from: Timestamp,
        wire: &dyn Wire,
    ) -> Result<Vec<(Timestamp, String)>, Failure> {
        let what = format!("asking WordPress when its {route} changed");
        let (mut found, mut ids) = (Vec::new(), BTreeSet::new());
        for stride in 0..STRIDES {
            let query = [
                ANY,
                ("orderby", "modified"),
                ("order", "desc"),
                ("per_page", &STRIDE.to_string()),
                ("offset", &(stride * STRIDE).to_string()),
                ("_fields", "id,modified_gmt"),
            ];
            let answer = self
                .api
                .read(self.request(route, &query)?, &what, wire)
                .await?;
            let posts = list(&answer, "", &what)?;
            for post in posts {
                let at =
                    modified(post).ok_or_else(|| unexpected(&what, "has a post without a time"))?;
                let id = name_at(post, "id").unwrap_or_default();
                if !ids.insert(id.clone()) {
                    return Err(unexpected(
                        &what,
                        "has a post twice: it moved while it was read",
                    ));
                }
                found.push((at, id));
            }
            let is_end = posts.len() < STRIDE || found.last().is_some_and(|(at, _)| *at < from);
            if is_end {
                found.reverse();
                if !found.is_sorted_by_key(|(at, _)| *at) {
                    return Err(unexpected(&what, "is not in the order that was asked for"));
                }
                found.retain(|(at, _)| *at >= from);
                return Ok(found);
            }
        }
        Err(unexpected(
            &what,
            "has more changes than can be walked through",
        ))
    }
}

impl Catalogue for WordPress {
    async fn entry(&self, named: &Change, wire: &dyn Wire) -> Result<Vec<Change>, Failure> {
        for route in &self.routes {
            if let Some(post) = self.find(route, &named.entry, wire).await? {
                let mut change = self.change(&post)?;
                change.version = match named.version {
                    // What is read later is not older than what was told.
                    Some(told @ Version::Number(_)) if at(&post, VERSION).is_none() => Some(told),
                    _ => change.version,
                };
                return Ok(Vec::from_iter(
                    (change.what == What::Published).then_some(change),
                ));
            }
        }
        Ok(Vec::new())
    }

    fn lists(&self) -> Vec<String> {
        self.routes.clone()
    }

    async fn page(&self, route: &str, page: Page, wire: &dyn Wire) -> Result<Vec<Listed>, Failure> {
        let changed = self.changed(route, page.from, wire).await?;
        let wanted: Vec<_> = changed
            .into_iter()
            .skip(page.skip)
            .take(page.limit)
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<&str> = wanted.iter().map(|(_, id)| id.as_str()).collect();
        let posts = self.posts(route, &ids, wire).await?;
        let listed = |(at, id): (Timestamp, String)| {
            let post = posts
                .iter()
                .find(|post| name_at(post, "id").as_ref() == Some(&id));
            // What has gone meanwhile is not public, as something that says nothing but its id.
            let gone = json!({"id": id});
            let change = self.change(post.unwrap_or(&gone))?;
            Ok(Listed {
                at,
                changes: vec![not_public(change)],
            })
        };
        wanted.into_iter().map(listed).collect()
    }

    /// By id, which does not move: walking down from the newest change for each page would read everything
    /// over and over.
    async fn whole(
        &self,
        route: &str,
        page: Page,
        wire: &dyn Wire,
    ) -> Result<Vec<Listed>, Failure> {
        let what = format!("asking WordPress for all of its {route}");
        let query = [
            PUBLIC,
            ("orderby", "id"),
            ("order", "asc"),
            ("per_page", &page.limit.to_string()),
            ("offset", &page.skip.to_string()),
        ];
        let answer = self
            .api
            .read(self.request(route, &query)?, &what, wire)
            .await?;
        let listed = |post| {
            Ok(Listed {
                at: page.from,
                changes: vec![not_public(self.change(post)?)],
            })
        };
        list(&answer, "", &what)?.iter().map(listed).collect()
    }
}

/// The field of a post in which the plugin shows what its webhooks call `version`.
const VERSION: &str = "slugline_version";

/// A post as the plugin tells it. Its version is the plugin's, or the time of change where there is none.
fn told(post: &Value) -> Value {
    let modified = modified(post).map(|at| at.to_string());
    let published = zoned(post, "date_gmt").map(|at| at.to_string());
    let version = at(post, VERSION)
        .cloned()
        .or(modified.clone().map(Value::from));
    let title = text_at(post, "title.raw").or_else(|| text_at(post, "title.rendered"));
    // Who has not the password must not see it, here or anywhere.
    let is_open = text_at(post, "password").is_none();
    json!({
        "id": post.get("id"),
        "post_type": post.get("type"),
        "parent": post.get("parent").filter(|parent| parent.as_u64() != Some(0)),
        "status": post.get("status").filter(|_| is_open),
        "version": version,
        "slug": post.get("slug"),
        "link": post.get("link"),
        "modified": modified,
        "published": published,
        "title": title,
        "content": at(post, "content.rendered"),
        "excerpt": text_at(post, "excerpt.raw"),
        "author": at(post, "_embedded.author.0.name"),
        "categories": terms(post, "category"),
        "tags": terms(post, "post_tag"),
        "featured_media": picture(post),
        "meta": post.get("meta"),
    })
}

fn modified(post: &Value) -> Option<Timestamp> {
    zoned(post, "modified_gmt")
}

/// A time in UTC, which WordPress writes without saying so.
fn zoned(post: &Value, name: &str) -> Option<Timestamp> {
    let text = text_at(post, name)?.trim_end_matches('Z');
    Timestamp::parse(&format!("{text}Z")).ok()
}

/// The names of a post's terms.
fn terms(post: &Value, taxonomy: &str) -> Vec<String> {
    let lists = at(post, "_embedded.wp:term").and_then(Value::as_array);
    let terms = lists
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
        .flatten();
    let of_it = terms.filter(|term| text_at(term, "taxonomy") == Some(taxonomy));
    of_it
        .filter_map(|term| term.get("name").and_then(text))
        .map(str::to_owned)
        .collect()
}

fn picture(post: &Value) -> Option<Value> {
    let picture = at(post, "_embedded.wp:featuredmedia.0")?;
    let url = text_at(picture, "source_url")?;
    Some(json!({"url": url, "alt": picture.get("alt_text"), "id": picture.get("id")}))
}
