//! WordPress.

use super::*;

const API: &str =
    "api = { url = \"https://blog.example\", username = \"ann\", password = \"env:PASS\" }";

fn post(id: u64, modified: &str, status: &str) -> Value {
    json!({
        "id": id, "type": "post", "status": status, "slug": "hello", "link": "https://blog.example/hello",
        "modified_gmt": modified, "date_gmt": "2026-01-01T00:00:00", "password": "",
        "title": {"raw": "A & b", "rendered": "A &amp; b"}, "content": {"raw": "a", "rendered": "<p>a</p>"},
        "excerpt": {"raw": "", "rendered": "<p>auto</p>"}, "categories": [3], "meta": {},
        "_embedded": {
            "author": [{"name": "Ann"}],
            "wp:term": [[{"taxonomy": "category", "name": "News"}], [{"taxonomy": "post_tag", "name": "x"}]],
            "wp:featuredmedia": [{"id": 5, "source_url": "https://blog.example/h.png", "alt_text": "H"}],
        },
    })
}

#[test]
fn a_post_is_looked_up() {
    let wire = Script::of([(200, post(12, "2026-01-02T00:00:00", "publish"))]);
    let source = source("wordpress", API);
    let found = look_up(&*source, &named(What::Published, "12"), &wire).unwrap();
    let asked = "blog.example/index.php?rest_route=/wp/v2/posts/12&context=edit&_embed=1";
    assert_eq!(wire.asked(), [asked]);
    let credentials = ("authorization".to_owned(), "Basic YW5uOlBBU1M=".to_owned());
    assert!(wire.requests()[0].headers.contains(&credentials));
    let [change] = &*found else {
        panic!("{found:?}")
    };
    assert_eq!((&*change.entry, change.what), ("12", What::Published));
    assert_eq!(change.version, time("2026-01-02T00:00:00Z"));
    let payload = serde_json::to_value(&change.payload).unwrap();
    let expected = json!({
        "title": "A & b", "slug": "hello", "body": "<p>a</p>", "body_format": "html", "author": "Ann",
        "categories": ["News"], "tags": ["x"], "published_at": "2026-01-01T00:00:00Z",
        "media": [{"role": "hero", "url": "https://blog.example/h.png", "alt": "H"}],
        "fields": {"content_type": "post", "link": "https://blog.example/hello", "meta": {},
            "modified": "2026-01-02T00:00:00Z", "status": "publish"},
    });
    assert_eq!(payload, expected);
}

/// The plugin counts; without its field the count that was told stands.
#[test]
fn the_version_is_of_the_kind_that_was_told() {
    let source = source("wordpress", API);
    let counted = Change {
        version: Some(Version::Number(345)),
        ..named(What::Published, "12")
    };
    let mut with_field = post(12, "2026-01-02T00:00:00", "publish");
    let wire = Script::of([(200, with_field.clone())]);
    let found = look_up(&*source, &counted, &wire).unwrap();
    assert_eq!(found[0].version, Some(Version::Number(345)));
    with_field["slugline_version"] = json!(346);
    let wire = Script::of([(200, with_field)]);
    let found = look_up(&*source, &counted, &wire).unwrap();
    assert_eq!(found[0].version, Some(Version::Number(346)));
}

#[test]
fn what_is_missing_hidden_or_a_draft_is_removed() {
    let source = source("wordpress", API);
    let missing = || {
        (
            404,
            json!({"code": "rest_post_invalid_id", "message": "Invalid post ID."}),
        )
    };
    let mut locked = post(12, "2026-01-02T00:00:00", "publish");
    locked["password"] = json!("secret");
    for wire in [
        Script::of([(200, post(12, "2026-01-02T00:00:00", "draft"))]),
        Script::of([(200, locked)]),
        Script::of([missing(), (200, json!([])), missing(), (200, json!([]))]),
    ] {
        let found = look_up(&*source, &named(What::Published, "12"), &wire).unwrap();
        assert_eq!(found, [named(What::Unpublished, "12")]);
        wire.asked();
    }
}

#[test]
fn a_wrong_password_is_known_behind_a_bad_parameter() {
    let source = source("wordpress", API);
    let body = json!({"code": "rest_invalid_param", "message": "Invalid parameter(s): status", "data": {"status": 400,
        "details": {"status": {"code": "rest_forbidden_status", "data": {"status": 401}}}}});
    let failure = since(
        &*source,
        Some(&beginning(&*source)),
        &Script::of([(400, body)]),
    );
    assert_eq!(failure.unwrap_err().reason, Reason::CredentialsRefused);
}

/// A hundred and fifty posts that one bulk edit has changed, and newer ones.
#[test]
fn changes_are_found_by_walking_down() {
    let edited = |id: u64| {
        let modified = match id {
            0..10 => "2026-01-31T00:00:00".to_owned(),
            10..160 => "2026-02-01T00:00:00".to_owned(),
            _ => format!("2026-02-02T00:00:{:02}", id - 160),
        };
        post(id, &modified, if id == 15 { "draft" } else { "publish" })
    };
    let all: Vec<Value> = (0..170).rev().map(edited).collect();
    let source = source(
        "wordpress",
        &API.replace("url", "routes = [\"posts\"], url"),
    );
    let from = cursor_at(&*source, "2026-02-01T00:00:00Z");
    let (found, _) = walk(&*source, from, 9, &Answering(&all));
    let seen: std::collections::BTreeMap<String, What> = found
        .into_iter()
        .map(|change| (change.entry, change.what))
        .collect();
    assert_eq!(seen.len(), 160);
    assert_eq!(seen["15"], What::Unpublished);
    assert_eq!(seen["16"], What::Published);
}

/// Lists as WordPress does, newest change first.
struct Answering<'a>(&'a [Value]);

impl Wire for Answering<'_> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        let url = url::Url::parse(&request.url).unwrap();
        let asked = |name| {
            url.query_pairs()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value)
        };
        let posts: Vec<&Value> = match asked("include") {
            Some(ids) => {
                let ids: Vec<&str> = ids.split(',').collect();
                let is_asked = |post: &&Value| ids.contains(&&*post["id"].to_string());
                self.0.iter().filter(is_asked).collect()
            }
            None => {
                assert_eq!(asked("orderby").unwrap(), "modified");
                let offset = asked("offset").unwrap().parse().unwrap();
                self.0.iter().skip(offset).take(100).collect()
            }
        };
        let body = json!(posts).to_string();
        Box::pin(std::future::ready(Ok(answer(200, &[], &body))))
    }

    fn now(&self) -> Timestamp {
        at(NOW)
    }
}

#[test]
fn a_list_that_is_not_what_was_asked_for_is_not_taken() {
    let source = source("wordpress", API);
    let cursor = cursor_at(&*source, "2026-02-01T00:00:00Z");
    let (old, new) = (
        post(1, "2026-02-01T00:00:00", "publish"),
        post(2, "2026-02-02T00:00:00", "publish"),
    );
    for wire in [
        Script::of([(200, json!([old, new]))]),
        Script::of([(200, json!([new, new]))]),
        Script::of([(200, json!([new])), (200, json!([old]))]),
    ] {
        let failure = since(&*source, Some(&cursor), &wire).unwrap_err();
        assert_eq!(failure.reason, Reason::UnexpectedAnswer);
    }
}

/// Drafts are not asked for, and one with a password is as good as none.
#[test]
fn all_that_is_public_is_listed_by_id() {
    let source = source("wordpress", API);
    let posts: Vec<Value> = (1..=50)
        .map(|id| post(id, "2026-01-02T00:00:00", "publish"))
        .collect();
    let mut locked = post(51, "2026-01-02T00:00:00", "publish");
    locked["password"] = json!("secret");
    let wire = Script::of([
        (200, json!(posts)),
        (200, json!([locked])),
        (200, json!([post(60, "2026-01-02T00:00:00", "publish")])),
    ]);
    let found = all(&*source, &wire);
    let public = found.iter().filter(|one| one.what == What::Published);
    assert_eq!((found.len(), public.count()), (52, 51));
    let asked = |route, offset| {
        format!(
            "blog.example/index.php?rest_route=/wp/v2/{route}&context=edit&status=publish&orderby=id&order=asc&per_page=50&offset={offset}"
        )
    };
    let expected = [asked("posts", 0), asked("posts", 50), asked("pages", 0)];
    assert_eq!(wire.asked(), expected);
}
