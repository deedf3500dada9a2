//! Posts and pages over REST.
//!
//! Ensures the behaviours that make publishing to WordPress hard: nothing is idempotent, a taken slug
//! is changed without a word, drafts included, and the trash remembers slugs.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use slugline_core::http::{Method, Request, Response};
use slugline_core::time::Timestamp;

use super::query::{Query, body};
use super::{ACCOUNT, Answered, Asked, Entry, FakeWordPress, answer, refusal, undocumented};

const FIELDS: [&str; 11] = [
    "title",
    "content",
    "excerpt",
    "slug",
    "status",
    "date_gmt",
    "author",
    "featured_media",
    "categories",
    "tags",
    "id",
];
const LIST_PARAMETERS: [&str; 8] = [
    "slug", "status", "context", "orderby", "order", "per_page", "page", "_fields",
];
/// Entries of a page, unless the request says otherwise.
const PER_PAGE: usize = 10;

impl FakeWordPress {
    pub(super) fn entry_route(
        &mut self,
        kind: &'static str,
        rest: &[&str],
        asked: &Asked<'_>,
    ) -> Answered {
        let Asked {
            request,
            query,
            signed_in,
            now,
        } = asked;
        match (request.method, rest) {
            (Method::Get, []) => self.list_entries(kind, query, *signed_in),
            (Method::Get, [id]) => self.read_entry(kind, id, query, *signed_in),
            (Method::Post, []) => self.create_entry(kind, request, *signed_in, *now),
            (Method::Post, [id]) => self.update_entry(kind, id, request, *signed_in, *now),
            (Method::Delete, [id]) => self.delete_entry(kind, id, query, *signed_in),
            _ => Err(undocumented(request)),
        }
    }

    /// `status=any` leaves out the trash; a wrong password makes it a bad parameter (6.1.9).
    fn list_entries(&self, kind: &str, query: &Query, signed_in: bool) -> Answered {
        query.only(&LIST_PARAMETERS)?;
        let status = query.get("status").unwrap_or("publish");
        if status != "publish" && !signed_in {
            let details =
                json!({ "status": { "code": "rest_forbidden_status", "data": { "status": 401 } } });
            let data = json!({ "status": 400, "params": { "status": "Status is forbidden." }, "details": details });
            return Ok(answer(
                400,
                &json!({ "code": "rest_invalid_param", "message": "Invalid parameter(s): status", "data": data }),
            ));
        }
        let slugs = query.list("slug");
        let fits = |entry: &&Entry| {
            let status_fits = if status == "any" {
                entry.status != "trash"
            } else {
                status.split(',').any(|status| entry.status == status)
            };
            entry.kind == kind
                && status_fits
                && slugs
                    .as_ref()
                    .is_none_or(|slugs| slugs.contains(&entry.slug.as_str()))
        };
        let found: Vec<Value> = self
            .entries
            .values()
            .filter(fits)
            .map(|entry| self.entry_json(entry, signed_in))
            .collect();
        Ok(paged(&found, query))
    }

    /// A wrong password reads as an anonymous visitor: drafts are forbidden, the raw form too (6.1.9).
    fn read_entry(&self, kind: &str, id: &str, query: &Query, signed_in: bool) -> Answered {
        query.only(&["context"])?;
        let entry = match self.entry(kind, id) {
            Ok(entry) => entry,
            Err(refusal) => return Ok(refusal),
        };
        if !signed_in && query.is("context", "edit") {
            return Ok(refusal(
                401,
                "rest_forbidden_context",
                "Sorry, you are not allowed to edit this post.",
            ));
        }
        if !signed_in && entry.status != "publish" {
            return Ok(refusal(
                401,
                "rest_forbidden",
                "Sorry, you are not allowed to do that.",
            ));
        }
        Ok(answer(200, &self.entry_json(entry, signed_in)))
    }

    /// The same request twice makes two posts, the second with `-2`, both 201 (6.1.9, 6.6).
    fn create_entry(
        &mut self,
        kind: &'static str,
        request: &Request,
        signed_in: bool,
        now: Timestamp,
    ) -> Answered {
        if !signed_in {
            return Ok(refusal(
                401,
                "rest_cannot_create",
                "Sorry, you are not allowed to create posts as this user.",
            ));
        }
        let members = match body(request, &FIELDS)? {
            Ok(members) => members,
            Err(refusal) => return Ok(refusal),
        };
        if members.contains_key("id") {
            return Ok(refusal(
                400,
                "rest_post_exists",
                "Cannot create existing post.",
            ));
        }
        let entry = Entry {
            id: 0,
            kind,
            slug: String::new(),
            status: "draft".into(),
            title: String::new(),
            content: String::new(),
            excerpt: String::new(),
            author: ACCOUNT,
            date: None,
            modified: now,
            featured_media: 0,
            categories: BTreeSet::new(),
            tags: BTreeSet::new(),
            desired_slug: None,
        };
        Ok(self.save(entry, &members, 201, now))
    }

    /// Partial, and without any condition: the last writer wins (6.1.9).
    fn update_entry(
        &mut self,
        kind: &str,
        id: &str,
        request: &Request,
        signed_in: bool,
        now: Timestamp,
    ) -> Answered {
        let entry = match self.entry(kind, id) {
            Ok(entry) => entry.clone(),
            Err(refusal) => return Ok(refusal),
        };
        if !signed_in {
            return Ok(refusal(
                401,
                "rest_cannot_edit",
                "Sorry, you are not allowed to edit this post.",
            ));
        }
        Ok(match body(request, &FIELDS)? {
            Ok(members) => self.save(entry, &members, 200, now),
            Err(refusal) => refusal,
        })
    }

    /// The trash gives the slug free by a suffix; a second time is 410 (6.1.9).
    fn delete_entry(&mut self, kind: &str, id: &str, query: &Query, signed_in: bool) -> Answered {
        query.only(&["force"])?;
        let mut entry = match self.entry(kind, id) {
            Ok(entry) => entry.clone(),
            Err(refusal) => return Ok(refusal),
        };
        if !signed_in {
            return Ok(refusal(
                401,
                "rest_cannot_delete",
                "Sorry, you are not allowed to delete this post.",
            ));
        }
        if query.is("force", "true") {
            self.entries.remove(&entry.id);
            return Ok(answer(
                200,
                &json!({ "deleted": true, "previous": self.entry_json(&entry, true) }),
            ));
        }
        if entry.status == "trash" {
            return Ok(refusal(
                410,
                "rest_already_trashed",
                "The post has already been deleted.",
            ));
        }
        entry.desired_slug = Some(entry.slug.clone());
        entry.slug = format!("{}__trashed", entry.slug);
        entry.status = "trash".into();
        let response = answer(200, &self.entry_json(&entry, true));
        self.entries.insert(entry.id, entry);
        Ok(response)
    }

    fn entry(&self, kind: &str, id: &str) -> Result<&Entry, Response> {
        let entry = id
            .parse()
            .ok()
            .and_then(|id: u64| self.entries.get(&id))
            .filter(|entry| entry.kind == kind);
        entry.ok_or_else(|| refusal(404, "rest_post_invalid_id", "Invalid post ID."))
    }

    /// The raw forms, and what the account may do, only for those who may edit.
    pub(super) fn entry_json(&self, entry: &Entry, may_edit: bool) -> Value {
        let field = |text: &str| match may_edit {
            true => json!({ "raw": text, "rendered": text }),
            false => json!({ "rendered": text }),
        };
        let date = entry
            .date
            .unwrap_or(entry.modified)
            .whole_seconds()
            .to_string();
        let mut value = json!({
            "id": entry.id, "type": entry.kind, "slug": entry.slug, "status": entry.status,
            "link": self.link(entry), "date_gmt": date.trim_end_matches('Z'),
            "title": field(&entry.title), "content": field(&entry.content), "excerpt": field(&entry.excerpt),
            "author": entry.author, "featured_media": entry.featured_media, "_links": {},
        });
        if entry.kind == "post" {
            value["categories"] = json!(entry.categories);
            value["tags"] = json!(entry.tags);
        }
        if may_edit {
            value["_links"]["wp:action-unfiltered-html"] = json!([{ "href": self.url }]);
        }
        value
    }
}

/// One page of what was found. The first may be empty; a later one that has nothing is refused (WP,
/// `get_items` of the posts controller).
fn paged(found: &[Value], query: &Query) -> Response {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let (size, page) = (
        number("per_page").unwrap_or(PER_PAGE),
        number("page").unwrap_or(1),
    );
    let pages = found.len().div_ceil(size);
    if page > 1 && page > pages {
        return refusal(
            400,
            "rest_post_invalid_page_number",
            "The page number requested is larger than the number of pages available.",
        );
    }
    let shown: Vec<&Value> = found.iter().skip((page - 1) * size).take(size).collect();
    let mut response = answer(200, &json!(shown));
    let said = [("x-wp-total", found.len()), ("x-wp-totalpages", pages)];
    let said = said.map(|(name, count)| (name.to_owned(), count.to_string()));
    response.headers.extend(said);
    response
}
