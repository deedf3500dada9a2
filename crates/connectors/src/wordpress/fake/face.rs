//! What the public sees: pages at pretty permalinks, and uploaded files.
//!
//! Ensures that drafts, private entries and the trash are 404, and that old slugs of live posts
//! redirect for ever. The look of a theme is left out.

use slugline_core::http::Response;

use super::query::Query;
use super::{Entry, FakeWordPress};

impl FakeWordPress {
    /// An anonymous GET outside the REST API; permalinks are `/%postname%/`.
    pub(super) fn public(&self, path: &str, query: &Query) -> Response {
        if let Some(medium) = self.media.values().find(|medium| medium.path == path) {
            return with_type(200, &medium.content_type, medium.bytes.clone());
        }
        match path.trim_matches('/') {
            "" | "index.php" => match query.get("p").or_else(|| query.get("page_id")) {
                Some(id) => self.by_id(id),
                None => self.front_page(),
            },
            slug => self.by_slug(slug, path.ends_with('/')),
        }
    }

    /// An entry's public address; an unpublished one has only its id (6.1.9).
    pub(super) fn link(&self, entry: &Entry) -> String {
        match (entry.status.as_str(), entry.kind) {
            ("publish", _) => format!("{}/{}/", self.url, entry.slug),
            (_, "page") => format!("{}/?page_id={}", self.url, entry.id),
            _ => format!("{}/?p={}", self.url, entry.id),
        }
    }

    fn by_id(&self, id: &str) -> Response {
        let entry = id.parse().ok().and_then(|id: u64| self.entries.get(&id));
        match entry.filter(|entry| entry.status == "publish") {
            Some(entry) => redirect(&self.link(entry)),
            None => not_found(),
        }
    }

    /// Of two with one slug the page wins, then the newer post. A missing slash is added by a redirect.
    fn by_slug(&self, slug: &str, has_slash: bool) -> Response {
        let live = |entry: &&Entry| entry.status == "publish" && entry.slug == slug;
        let found = self
            .entries
            .values()
            .filter(live)
            .max_by_key(|entry| (entry.kind == "page", entry.id));
        let moved = || {
            self.old_slugs
                .get(slug)
                .and_then(|id| self.entries.get(id))
                .filter(|entry| entry.status == "publish")
        };
        match (found, has_slash) {
            (Some(entry), true) => self.entry_page(entry),
            (Some(entry), false) => redirect(&self.link(entry)),
            (None, _) => moved().map_or_else(not_found, |entry| redirect(&self.link(entry))),
        }
    }

    fn entry_page(&self, entry: &Entry) -> Response {
        let title = escape(&entry.title);
        let hero = self.media.get(&entry.featured_media).map(|medium| {
            format!(
                "<img class=\"wp-post-image\" src=\"{}{}\" alt=\"{}\">",
                self.url,
                medium.path,
                escape(&medium.alt_text)
            )
        });
        let (hero, content) = (hero.unwrap_or_default(), &entry.content);
        html(
            200,
            &title,
            &format!(
                "<article><h1>{title}</h1>\n{hero}\n<div class=\"entry-content\">{content}</div></article>"
            ),
        )
    }

    fn front_page(&self) -> Response {
        let live = self
            .entries
            .values()
            .rev()
            .filter(|entry| entry.status == "publish" && entry.kind == "post");
        let items: String = live
            .map(|entry| {
                format!(
                    "<li><a href=\"{}\">{}</a></li>\n",
                    self.link(entry),
                    escape(&entry.title)
                )
            })
            .collect();
        html(
            200,
            "Latest posts",
            &format!("<h1>Latest posts</h1>\n<ul>\n{items}</ul>"),
        )
    }
}

fn html(status: u16, title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body>\n{body}\n</body></html>\n"
    );
    with_type(status, "text/html; charset=UTF-8", page.into())
}

fn not_found() -> Response {
    html(404, "Page not found", "<h1>Page not found</h1>")
}

fn redirect(to: &str) -> Response {
    let mut response = html(301, "Moved", "");
    response
        .headers
        .push(("location".to_owned(), to.to_owned()));
    response
}

fn with_type(status: u16, content_type: &str, body: bytes::Bytes) -> Response {
    Response {
        status,
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        body,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
