//! WordPress as a value: its REST API and public pages with their quirks, for tests and rehearsals.
//!
//! Ensures that it answers as WordPress 6.1 and 6.6 did in trials, whoever asks; each behaviour says
//! what it was seen on. A request that was never tried is an error. Themes, plugins, revisions,
//! comments and users besides two are left out.

mod entries;
mod face;
mod media;
mod query;
mod saving;
mod slugs;
mod terms;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use slugline_core::http::{Method, Request, Response};
use slugline_core::time::Timestamp;

use self::query::Query;
use crate::fake::{Fake, Undocumented};

/// The id of the person who writes by hand.
const PERSON: u64 = 1;
/// The id of the account that signs in.
const ACCOUNT: u64 = 2;
/// The category of posts that have none; WordPress makes it at installation.
const UNCATEGORIZED: u64 = 1;

/// A site with a person who writes by hand and an editor's account for publishing.
#[derive(Clone)]
pub struct FakeWordPress {
    url: String,
    username: String,
    authorization: String,
    last_id: u64,
    entries: BTreeMap<u64, Entry>,
    media: BTreeMap<u64, Medium>,
    terms: BTreeMap<u64, Term>,
    /// Old slugs of live posts and the post that had each (`_wp_old_slug`).
    old_slugs: BTreeMap<String, u64>,
}

#[derive(Clone, Debug)]
struct Entry {
    id: u64,
    /// `post` or `page`.
    kind: &'static str,
    slug: String,
    status: String,
    title: String,
    content: String,
    excerpt: String,
    author: u64,
    /// `None` while a draft has not been given a date.
    date: Option<Timestamp>,
    modified: Timestamp,
    featured_media: u64,
    categories: BTreeSet<u64>,
    tags: BTreeSet<u64>,
    /// In the trash: the slug to come back to (`_wp_desired_post_slug`).
    desired_slug: Option<String>,
}

#[derive(Clone, Debug)]
struct Medium {
    id: u64,
    slug: String,
    /// Path below the site's address.
    path: String,
    content_type: String,
    bytes: Bytes,
    alt_text: String,
    missing_sizes: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Term {
    id: u64,
    /// `categories` or `tags`.
    vocabulary: &'static str,
    /// As stored: `&`, `<` and `>` escaped.
    name: String,
}

/// A request to the REST API, and who sends it when.
struct Asked<'a> {
    request: &'a Request,
    query: Query,
    signed_in: bool,
    now: Timestamp,
}

/// An entry as a check sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeEntry {
    /// Its id.
    pub id: u64,
    /// `post` or `page`.
    pub kind: &'static str,
    /// Its slug now.
    pub slug: String,
    /// `publish`, `draft`, `trash` or another status.
    pub status: String,
    /// As stored.
    pub title: String,
    /// As stored.
    pub content: String,
    /// Whether the person wrote it.
    pub by_person: bool,
    /// The featured picture's bytes.
    pub hero: Option<Bytes>,
    /// Category names.
    pub categories: Vec<String>,
    /// Tag names.
    pub tags: Vec<String>,
}

impl FakeWordPress {
    /// A fresh site at `url` (its home address, without a slash at the end), and the account's login
    /// name and application password.
    #[must_use]
    pub fn new(url: &str, username: &str, password: &str) -> Self {
        let pair = STANDARD.encode(format!("{username}:{password}"));
        let uncategorized = Term {
            id: UNCATEGORIZED,
            vocabulary: "categories",
            name: "Uncategorized".into(),
        };
        Self {
            url: url.to_owned(),
            username: username.to_owned(),
            authorization: format!("Basic {pair}"),
            last_id: UNCATEGORIZED,
            entries: BTreeMap::new(),
            media: BTreeMap::new(),
            terms: BTreeMap::from([(UNCATEGORIZED, uncategorized)]),
            old_slugs: BTreeMap::new(),
        }
    }

    /// The person publishes a post; its slug gets a suffix when it is taken. Returns its id.
    pub fn write_as_person(&mut self, slug: &str, title: &str, now: Timestamp) -> u64 {
        let slug = self.unique_slug(slug, "post", 0);
        self.store_of_person(slug, title, now)
    }

    /// The person publishes a post at the very moment at which another one gets the slug: of four
    /// parallel creates, two had one slug in 3 of 10 rounds (6.1.9). Returns its id.
    pub fn race_as_person(&mut self, slug: &str, title: &str, now: Timestamp) -> u64 {
        self.store_of_person(slug.to_owned(), title, now)
    }

    /// Every entry, in the order of ids.
    #[must_use]
    pub fn entries(&self) -> Vec<FakeEntry> {
        self.entries
            .values()
            .map(|entry| self.page(entry))
            .collect()
    }

    /// The slugs of all media, in the order of ids.
    #[must_use]
    pub fn media_slugs(&self) -> Vec<String> {
        self.media
            .values()
            .map(|medium| medium.slug.clone())
            .collect()
    }

    /// Somebody edits an entry.
    pub fn retitle(&mut self, id: u64, title: &str, now: Timestamp) {
        if let Some(entry) = self.entries.get_mut(&id) {
            title.clone_into(&mut entry.title);
            entry.modified = now;
        }
    }

    /// Somebody publishes an entry again that was unpublished or is in the trash.
    pub fn bring_back(&mut self, id: u64, slug: &str, now: Timestamp) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.status = "publish".into();
            slug.clone_into(&mut entry.slug);
            entry.desired_slug = None;
            entry.modified = now;
        }
    }

    /// Somebody removes an entry or a medium for good.
    pub fn lose(&mut self, id: u64) {
        self.entries.remove(&id);
        self.media.remove(&id);
    }

    fn store_of_person(&mut self, slug: String, title: &str, now: Timestamp) -> u64 {
        let id = self.next_id();
        let entry = Entry {
            id,
            kind: "post",
            slug,
            status: "publish".into(),
            title: title.to_owned(),
            content: format!("<p>{title}</p>"),
            excerpt: String::new(),
            author: PERSON,
            date: Some(now),
            modified: now,
            featured_media: 0,
            categories: BTreeSet::from([UNCATEGORIZED]),
            tags: BTreeSet::new(),
            desired_slug: None,
        };
        self.entries.insert(id, entry);
        id
    }

    fn page(&self, entry: &Entry) -> FakeEntry {
        let names = |ids: &BTreeSet<u64>| {
            ids.iter()
                .filter_map(|id| self.terms.get(id))
                .map(|term| term.name.clone())
                .collect()
        };
        FakeEntry {
            id: entry.id,
            kind: entry.kind,
            slug: entry.slug.clone(),
            status: entry.status.clone(),
            title: entry.title.clone(),
            content: entry.content.clone(),
            by_person: entry.author == PERSON,
            hero: self
                .media
                .get(&entry.featured_media)
                .map(|medium| medium.bytes.clone()),
            categories: names(&entry.categories),
            tags: names(&entry.tags),
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn rest(&mut self, route: &str, asked: &Asked<'_>) -> Answered {
        let route: Vec<&str> = route.trim_matches('/').split('/').collect();
        match (asked.request.method, route.as_slice()) {
            (Method::Get, ["users", "me"]) => self.who_am_i(asked),
            (_, ["posts", rest @ ..]) => self.entry_route("post", rest, asked),
            (_, ["pages", rest @ ..]) => self.entry_route("page", rest, asked),
            (_, ["media", rest @ ..]) => self.media_route(rest, asked),
            (_, ["categories"]) => self.term_route("categories", asked),
            (_, ["tags"]) => self.term_route("tags", asked),
            _ => Err(undocumented(asked.request)),
        }
    }

    /// The only read that a wrong password cannot pass as an anonymous one (6.1.9).
    fn who_am_i(&self, asked: &Asked<'_>) -> Answered {
        asked.query.only(&["context"])?;
        if !asked.signed_in {
            return Ok(refusal(
                401,
                "rest_not_logged_in",
                "You are not currently logged in.",
            ));
        }
        let capabilities = json!({ "unfiltered_html": true, "edit_posts": true, "editor": true });
        Ok(answer(
            200,
            &json!({ "id": ACCOUNT, "username": self.username, "roles": ["editor"], "capabilities": capabilities }),
        ))
    }
}

impl Fake for FakeWordPress {
    /// `?rest_route=` works whatever the permalinks are, `/wp-json/` where they are pretty.
    fn handle(&mut self, request: &Request, now: Timestamp) -> Answered {
        let (path, query) = query::parse(&self.url, request)?;
        let route = query
            .get("rest_route")
            .map(str::to_owned)
            .or_else(|| path.strip_prefix("/wp-json").map(str::to_owned));
        let Some(route) = route else {
            return match request.method.writes() {
                true => Err(undocumented(request)),
                false => Ok(self.public(&path, &query)),
            };
        };
        let sent = ("authorization".to_owned(), self.authorization.clone());
        let signed_in = request.headers.contains(&sent);
        let route = route
            .strip_prefix("/wp/v2/")
            .ok_or_else(|| undocumented(request))?;
        self.rest(
            route,
            &Asked {
                request,
                query,
                signed_in,
                now,
            },
        )
    }

    /// A medium is stored, and named in a header, before its sizes are made (developer.wordpress.org,
    /// create_item of the attachments controller).
    fn die_half_way(&mut self, request: &Request, now: Timestamp) -> Answered {
        let newest = self.media.keys().next_back().copied();
        self.handle(request, now)?;
        let mut response = answer(500, &Value::Null);
        if let Some(mut medium) = self
            .media
            .last_entry()
            .filter(|medium| Some(*medium.key()) != newest)
        {
            medium.get_mut().missing_sizes = vec!["medium", "thumbnail"];
            response
                .headers
                .push(("x-wp-upload-attachment-id".into(), medium.key().to_string()));
        }
        Ok(response)
    }
}

type Answered = Result<Response, Undocumented>;

fn undocumented(request: &Request) -> Undocumented {
    Undocumented(format!("{request:?}"))
}

fn answer(status: u16, body: &Value) -> Response {
    let headers = vec![(
        "content-type".to_owned(),
        "application/json; charset=UTF-8".to_owned(),
    )];
    Response {
        status,
        headers,
        body: body.to_string().into(),
    }
}

/// WordPress' error form.
fn refusal(status: u16, code: &str, message: &str) -> Response {
    answer(
        status,
        &json!({ "code": code, "message": message, "data": { "status": status } }),
    )
}

fn invalid_param(name: &str, complaint: &str) -> Response {
    let message = format!("Invalid parameter(s): {name}");
    let data = json!({ "status": 400, "params": { name: complaint } });
    answer(
        400,
        &json!({ "code": "rest_invalid_param", "message": message, "data": data }),
    )
}
