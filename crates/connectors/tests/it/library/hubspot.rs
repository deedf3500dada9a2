//! HubSpot.

use super::*;

const API: &str = "api = { token = \"env:TOKEN\" }";

fn post(id: &str, updated: &str, is_public: bool) -> Value {
    json!({
        "id": id, "name": "T", "slug": "blog/hello", "postBody": "<p>a</p>", "authorName": "Ann", "language": "en",
        "featuredImage": "https://a.example/h.png", "featuredImageAltText": "H", "updated": updated,
        "publishDate": "2026-01-01T00:00:00Z", "currentlyPublished": is_public,
    })
}

#[test]
fn a_blog_post_is_looked_up() {
    let wire = Script::of([(200, post("7", "2026-01-02T00:00:00.000Z", true))]);
    let source = source("hubspot", API);
    let found = look_up(&*source, &named(What::Published, "blog_post/7"), &wire).unwrap();
    assert_eq!(wire.asked(), ["api.hubapi.com/cms/v3/blogs/posts/7?"]);
    let [change] = &*found else {
        panic!("{found:?}")
    };
    assert_eq!(change.version, time("2026-01-02T00:00:00Z"));
    assert_eq!(change.locales, Locales::One("en".into()));
    let payload = serde_json::to_value(&change.payload).unwrap();
    let expected = json!({
        "title": "T", "slug": "hello", "body": "<p>a</p>", "body_format": "html", "author": "Ann",
        "published_at": "2026-01-01T00:00:00Z",
        "media": [{"role": "hero", "url": "https://a.example/h.png", "alt": "H"}],
        "fields": {"content_type": "blog_post", "currentlyPublished": true, "id": "7", "language": "en",
            "updated": "2026-01-02T00:00:00.000Z"},
    });
    assert_eq!(payload, expected);
    let contact = look_up(
        &*source,
        &named(What::Published, "contact/7"),
        &Script::of([]),
    );
    assert_eq!(contact.unwrap_err().reason, Reason::Misconfigured);
}

#[test]
fn what_changed_since_is_found() {
    let source = source("hubspot", API);
    let results = [
        post("1", "2026-02-01T00:00:00.000Z", true),
        post("2", "2026-02-02T00:00:00.000Z", false),
    ];
    let wire = Script::of([(200, json!({"results": results}))]);
    let cursor = cursor_at(&*source, "2026-02-01T00:00:00Z");
    let found = since(&*source, Some(&cursor), &wire).unwrap();
    let asked = "api.hubapi.com/cms/v3/blogs/posts?updatedAfter=2026-01-31T23:59:59.999Z&sort=updatedAt&limit=50";
    assert_eq!(wire.asked(), [asked]);
    assert_eq!(entries(&found.changes), ["blog_post/1", "blog_post/2"]);
    assert_eq!(
        (found.changes[1].what, found.changes[1].version),
        (What::Unpublished, None)
    );
}

/// Sixty posts of one time: the second page is reached by the mark of the first.
#[test]
fn posts_of_one_time_are_reached_by_their_mark() {
    let source = source("hubspot", API);
    let posts = |range: std::ops::Range<u32>| -> Vec<Value> {
        range
            .map(|id| post(&id.to_string(), "2026-02-01T00:00:00.000Z", true))
            .collect()
    };
    let first = json!({"results": posts(0..50), "paging": {"next": {"after": "MARK"}}});
    let cursor = cursor_at(&*source, "2026-02-01T00:00:00Z");
    let found = since(&*source, Some(&cursor), &Script::of([(200, first.clone())])).unwrap();
    assert!(found.more);
    let wire = Script::of([(200, first), (200, json!({"results": posts(50..60)}))]);
    let found = since(&*source, Some(&found.cursor), &wire).unwrap();
    assert!(wire.asked()[1].ends_with("&after=MARK"));
    assert_eq!((found.changes.len(), found.more), (10, false));
}
