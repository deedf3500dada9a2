//! Ghost.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;

const API: &str = "api = { url = \"https://blog.example/sub/\", key = \"env:0a1b:00ff\" }";

fn post(id: &str, updated: &str, status: &str) -> Value {
    json!({"id": id, "title": "T", "html": "<p>a</p>", "status": status, "updated_at": updated})
}

#[test]
fn a_post_is_looked_up_with_a_token_that_ghost_takes() {
    let body = json!({"posts": [post("6", "2026-01-01T00:00:00.000Z", "published")]});
    let wire = Script::of([(200, body)]);
    let found = look_up(&*source("ghost", API), &named(What::Published, "6"), &wire).unwrap();
    assert_eq!(
        wire.asked(),
        ["blog.example/sub/ghost/api/admin/posts/6/?formats=html"]
    );
    let [change] = &*found else {
        panic!("{found:?}")
    };
    assert_eq!((&*change.entry, change.what), ("6", What::Published));
    assert_eq!(change.version, time("2026-01-01T00:00:00Z"));
    assert_eq!(change.payload.as_ref().unwrap().body, "<p>a</p>");

    let request = &wire.requests()[0];
    let header = request
        .headers
        .iter()
        .find(|(name, _)| name == "authorization");
    let token = header.unwrap().1.strip_prefix("Ghost ").unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&[0x00, 0xff]).unwrap();
    mac.update(signed.as_bytes());
    mac.verify_slice(&BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
    let part = |text: &str| -> Value {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    let (header, claims) = signed.split_once('.').unwrap();
    assert_eq!(
        part(header),
        json!({"alg": "HS256", "kid": "0a1b", "typ": "JWT"})
    );
    let now = at(NOW).unix_seconds();
    assert_eq!(
        part(claims),
        json!({"aud": "/admin/", "exp": now + 240, "iat": now})
    );
}

#[test]
fn a_page_is_found_among_the_pages() {
    let wire = Script::of([
        (
            404,
            json!({"errors": [{"message": "Resource not found error"}]}),
        ),
        (200, json!({"posts": []})),
        (
            200,
            json!({"pages": [post("6", "2026-01-01T00:00:00.000Z", "published")]}),
        ),
    ]);
    let found = look_up(&*source("ghost", API), &named(What::Published, "6"), &wire).unwrap();
    assert_eq!(
        wire.asked()[2],
        "blog.example/sub/ghost/api/admin/pages/6/?formats=html"
    );
    let fields = &found[0].payload.as_ref().unwrap().fields;
    assert_eq!(fields["content_type"], json!("page"));
}

#[test]
fn what_is_missing_or_a_draft_is_removed() {
    let missing = || {
        (
            404,
            json!({"errors": [{"message": "Resource not found error"}]}),
        )
    };
    for (wire, asked) in [
        (
            Script::of([(
                200,
                json!({"posts": [post("6", "2026-01-01T00:00:00.000Z", "draft")]}),
            )]),
            1,
        ),
        (
            Script::of([
                missing(),
                (200, json!({"posts": []})),
                missing(),
                (200, json!({"pages": []})),
            ]),
            4,
        ),
    ] {
        let found = look_up(&*source("ghost", API), &named(What::Deleted, "6"), &wire).unwrap();
        assert_eq!(found, [named(What::Deleted, "6")]);
        assert_eq!(wire.asked().len(), asked);
    }
}

#[test]
fn what_changed_since_is_found() {
    let source = source("ghost", API);
    let posts = json!({"posts": [
        post("a", "2026-02-01T00:00:00.000Z", "published"),
        post("b", "2026-02-01T00:00:01.000Z", "draft"),
    ]});
    let wire = Script::of([(200, posts), (200, json!({"pages": []}))]);
    let cursor = cursor_at(&*source, "2026-02-01T00:00:00.25Z");
    let found = since(&*source, Some(&cursor), &wire).unwrap();
    let asked = |list: &str| {
        format!(
            "blog.example/sub/ghost/api/admin/{list}/?formats=html&filter=updated_at:>='2026-02-01 00:00:00'\
             &order=updated_at asc, id asc&limit=25&page=1"
        )
    };
    assert_eq!(wire.asked(), [asked("posts"), asked("pages")]);
    // The first lies before the cursor, which is finer than the filter.
    assert_eq!(found.changes, [named(What::Unpublished, "b")]);
}
