//! The fake itself: what trials on a real WordPress saw, asked without the connector.

use serde_json::{Value, json};
use slugline_connectors::FakeWordPress;
use slugline_connectors::fake::Fake;
use slugline_core::http::{Method, Request, Response};
use slugline_core::time::Timestamp;

use super::SITE;

const NOW: Timestamp = Timestamp(1_767_225_600_000_000);

struct Trial(FakeWordPress);

impl Trial {
    fn new() -> Self {
        Self(FakeWordPress::new(SITE, "publisher", "PASSWORD"))
    }

    fn ask(&mut self, method: Method, path: &str, body: Value) -> Response {
        let pair = "cHVibGlzaGVyOlBBU1NXT1JE";
        let request = Request::new(method, format!("{SITE}{path}"))
            .header("authorization", format!("Basic {pair}"))
            .json(&body);
        self.0.handle(&request, NOW).unwrap()
    }

    fn post(&mut self, path: &str, body: Value) -> Value {
        let response = self.ask(Method::Post, &format!("/wp-json/wp/v2/{path}"), body);
        assert!(response.is_success(), "{response:?}");
        serde_json::from_slice(&response.body).unwrap()
    }

    fn look(&mut self, path: &str) -> Response {
        self.0
            .handle(&Request::new(Method::Get, format!("{SITE}{path}")), NOW)
            .unwrap()
    }
}

#[test]
fn the_same_create_twice_is_two_posts() {
    let mut site = Trial::new();
    let body = json!({ "title": "x", "slug": "hello", "status": "draft" });
    assert_eq!(site.post("posts", body.clone())["slug"], "hello");
    assert_eq!(site.post("posts", body)["slug"], "hello-2");
}

#[test]
fn slug_and_status_at_once_leave_a_redirect_and_one_after_the_other_does_not() {
    for (at_once, expected) in [(true, 301), (false, 404)] {
        let mut site = Trial::new();
        let id = site.post("posts", json!({ "title": "x", "slug": "derived" }))["id"].clone();
        let path = format!("posts/{id}");
        if !at_once {
            site.post(&path, json!({ "slug": "real" }));
        }
        site.post(&path, json!({ "slug": "real", "status": "publish" }));
        assert_eq!(site.look("/derived/").status, expected);
        assert_eq!(site.look("/real/").status, 200);
        assert_eq!(site.look("/real").status, 301);
    }
}

#[test]
fn what_leaves_the_trash_has_its_old_slug_whatever_is_asked() {
    let mut site = Trial::new();
    let id = site.post(
        "posts",
        json!({ "title": "x", "slug": "a", "status": "publish" }),
    )["id"]
        .clone();
    let path = format!("/wp-json/wp/v2/posts/{id}");
    assert_eq!(site.ask(Method::Delete, &path, Value::Null).status, 200);
    assert_eq!(site.ask(Method::Delete, &path, Value::Null).status, 410);
    assert_eq!(
        site.post(
            &format!("posts/{id}"),
            json!({ "status": "draft", "slug": "b" })
        )["slug"],
        "a"
    );
}

#[test]
fn drafts_are_nobodys_business() {
    let mut site = Trial::new();
    let id = site.post("posts", json!({ "title": "x", "slug": "a" }))["id"].clone();
    assert_eq!(site.look("/a/").status, 404);
    assert_eq!(site.look(&format!("/?p={id}")).status, 404);
    assert_eq!(site.look(&format!("/wp-json/wp/v2/posts/{id}")).status, 401);
    assert_eq!(
        site.look("/index.php?rest_route=/wp/v2/posts&slug=a").body,
        "[]"
    );
}

#[test]
fn a_term_that_exists_is_refused_with_its_id() {
    let mut site = Trial::new();
    let id = site.post("tags", json!({ "name": "R&D  News" }))["id"].clone();
    let again = site.ask(
        Method::Post,
        "/wp-json/wp/v2/tags",
        json!({ "name": "r&amp;d news" }),
    );
    let error: Value = serde_json::from_slice(&again.body).unwrap();
    assert_eq!(
        (again.status, &error["code"], &error["data"]["term_id"]),
        (400, &json!("term_exists"), &id)
    );
}

#[test]
fn a_page_shows_its_title_text_and_picture() {
    let mut site = Trial::new();
    let upload = Request::new(Method::Post, format!("{SITE}/wp-json/wp/v2/media"))
        .header("authorization", "Basic cHVibGlzaGVyOlBBU1NXT1JE")
        .header("content-type", "image/png")
        .header("content-disposition", "attachment; filename=\"a.png\"")
        .body("bytes");
    let stored: Value = serde_json::from_slice(&site.0.handle(&upload, NOW).unwrap().body).unwrap();
    site.post("posts", json!({ "title": "T<1>", "content": "<p>C</p>", "slug": "a", "status": "publish", "featured_media": stored["id"] }));
    let page = String::from_utf8(site.look("/a/").body.to_vec()).unwrap();
    let source = stored["source_url"].as_str().unwrap();
    for part in ["<h1>T&lt;1&gt;</h1>", "<p>C</p>", source] {
        assert!(page.contains(part), "{page}");
    }
    let file = site.look(source.strip_prefix(SITE).unwrap());
    assert_eq!(
        (file.header("content-type"), &file.body[..]),
        (Some("image/png"), b"bytes".as_slice())
    );
}

#[test]
fn what_was_never_tried_is_no_answer() {
    let mut site = Trial::new();
    for (method, path, body) in [
        (Method::Put, "/wp-json/wp/v2/posts/1", json!({})),
        (Method::Get, "/wp-json/wp/v2/posts?search=x", Value::Null),
        (
            Method::Post,
            "/wp-json/wp/v2/posts",
            json!({ "title": "x", "sticky": true }),
        ),
        (Method::Get, "/wp-json/wp/v2/comments", Value::Null),
        (Method::Post, "/xmlrpc.php", Value::Null),
    ] {
        let request = Request::new(method, format!("{SITE}{path}"))
            .header("authorization", "Basic cHVibGlzaGVyOlBBU1NXT1JE")
            .json(&body);
        assert!(site.0.handle(&request, NOW).is_err(), "{path}");
    }
}
