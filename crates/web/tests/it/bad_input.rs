//! Bad input: each a clear problem with the field's path, and nothing stored.

use axum::body::Body;
use serde_json::{Value, json};

use crate::house::{House, request};

/// A body around one member, otherwise good.
fn with(member: &str, value: Value) -> Value {
    let mut body = json!({ "content_id": "post", "payload": { "title": "T" } });
    match member.strip_prefix("payload.") {
        Some(inner) => body["payload"][inner] = value,
        None => body[member] = value,
    }
    body
}

async fn untouched(house: &House) {
    assert_eq!(house.entries().await, 0);
    assert_eq!(house.get("/v1/publishes").await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn what_is_no_json_is_told_apart() {
    let house = House::open().await;
    let deep = format!(
        r#"{{"content_id":"a","payload":{{"title":"t","fields":{{"x":{}{}}}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let bodies: [&[u8]; 9] = [
        b"",
        b"{",
        b"nonsense",
        b"{\"content_id\":\"a\"} trailing",
        b"{\"content_id\":\"\xff\xfe\"}",
        b"{\"content_id\":\"\\ud800\"}",
        b"{\"content_id\":\"a\",}",
        b"\xef\xbb\xbf{\"content_id\":\"a\"}",
        deep.as_bytes(),
    ];
    for body in bodies {
        house
            .publish_raw(body.to_vec())
            .await
            .problem(400, "invalid_json");
    }
    untouched(&house).await;
}

/// Each case: a member, its bad value, and the path that the problem names.
async fn refuses(cases: &[(&str, Value, &str)]) {
    let house = House::open().await;
    for (member, value, path) in cases {
        let seen = house.publish("k", with(member, value.clone())).await;
        let problem = seen.problem(422, "invalid_request");
        assert_eq!(problem["errors"][0]["path"], *path, "{member} = {value}");
    }
    untouched(&house).await;
}

#[tokio::test]
async fn a_bad_member_is_named_by_its_path() {
    let long = "x".repeat(300);
    refuses(&[
        ("colour", json!("red"), "colour"),
        ("payload.colour", json!("red"), "payload.colour"),
        ("content_id", json!(7), "content_id"),
        ("content_id", json!(""), "content_id"),
        ("content_id", json!(long), "content_id"),
        ("content_id", json!("a\u{0}b"), "content_id"),
        ("version", json!(1.5), "version"),
        ("version", json!(-1), "version"),
        ("version", json!(u64::MAX), "version"),
        ("version", json!("yesterday"), "version"),
        ("version", json!("2031-01-01T00:00:00Z"), "version"),
        ("action", json!("shout"), "action"),
        ("class", json!("asap"), "class"),
        ("environment", json!("../prod"), "environment"),
        ("locale", json!("e n"), "locale"),
        ("destinations", json!("blog"), "destinations"),
        ("destinations", json!(["blog", ""]), "destinations[1]"),
        ("publish_at", json!("9999-12-31T23:59:59Z"), "publish_at"),
        ("publish_at", json!("2026-02-30T00:00:00Z"), "publish_at"),
        ("publish_at", json!(1_795_255_200), "publish_at"),
        ("depends_on", json!("other"), "depends_on"),
        ("depends_on", json!(["b", "b"]), "depends_on[1]"),
        ("depends_on", json!(vec!["b"; 51]), "depends_on"),
    ])
    .await;
}

#[tokio::test]
async fn bad_content_is_named_by_its_path() {
    refuses(&[
        ("payload", json!(null), "payload"),
        ("payload", json!([]), "payload"),
        ("payload.title", json!("  "), "payload.title"),
        ("payload.title", json!("x".repeat(501)), "payload.title"),
        ("payload.body", json!("a\u{0}b"), "payload.body"),
        ("payload.slug", json!("../../etc/passwd"), "payload.slug"),
        ("payload.slug", json!("Hello World"), "payload.slug"),
        ("payload.slug", json!("2026"), "payload.slug"),
        ("payload.slug", json!("x".repeat(181)), "payload.slug"),
        ("payload.body_format", json!("docx"), "payload.body_format"),
        ("payload.tags", json!(["ok", "a\nb"]), "payload.tags[1]"),
        (
            "payload.published_at",
            json!("0001-01-01T00:00:00Z"),
            "payload.published_at",
        ),
        (
            "payload.published_at",
            json!("2027-01-01T00:00:00Z"),
            "payload.published_at",
        ),
    ])
    .await;
}

#[tokio::test]
async fn bad_media_are_named_by_their_path() {
    refuses(&[
        (
            "payload.media",
            json!([{ "role": "hero" }]),
            "payload.media[0]",
        ),
        (
            "payload.media",
            json!([{ "role": "hero", "url": "file:///etc/passwd" }]),
            "payload.media[0].url",
        ),
        (
            "payload.media",
            json!([{ "role": "hero", "url": "https://u:p@example.org/a.png" }]),
            "payload.media[0].url",
        ),
        (
            "payload.media",
            json!([{ "role": "hero", "url": "http://10.0.0.1/a.png" }]),
            "payload.media[0].url",
        ),
        (
            "payload.media",
            json!([{ "role": "hero", "sha256": "abc" }]),
            "payload.media[0].sha256",
        ),
        (
            "payload.media",
            json!([{ "role": "hero", "sha256": "0".repeat(64) }]),
            "payload.media[0].sha256",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_body_that_is_not_an_object_is_no_request() {
    let house = House::open().await;
    for body in ["[]", "7", "null", "\"text\""] {
        house
            .publish_raw(body)
            .await
            .problem(422, "invalid_request");
    }
    untouched(&house).await;
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() {
    let house = House::open().await;
    let body = json!({ "content_id": " ", "payload": { "title": "", "slug": "-" } });
    let problem = house
        .publish("k", body)
        .await
        .problem(422, "invalid_request");
    let paths: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|error| error["path"].as_str())
        .collect();
    assert_eq!(paths, ["content_id", "payload.title", "payload.slug"]);
}

#[tokio::test]
async fn a_key_is_required_once_and_legible() {
    let house = House::open().await;
    let send = async |keys: &[&'static [u8]], body: Value| {
        let mut request = request("POST", "/v1/publish", "editor");
        for key in keys {
            request = request.header("idempotency-key", *key);
        }
        house
            .send(request.body(Body::from(body.to_string())).unwrap())
            .await
    };
    let good = with("version", json!(1));
    let mut disagrees = good.clone();
    disagrees["request_id"] = json!("other");
    send(&[], good.clone()).await.problem(400, "invalid_key");
    send(&[b"a", b"a"], good.clone())
        .await
        .problem(400, "invalid_key");
    send(&[b"\"a"], good.clone())
        .await
        .problem(400, "invalid_key");
    send(&[b"\xc3\xa4"], good.clone())
        .await
        .problem(400, "invalid_key");
    send(&[b""], good.clone()).await.problem(400, "invalid_key");
    send(&[&[b'k'; 256]], good)
        .await
        .problem(400, "invalid_key");
    send(&[b"mine"], disagrees)
        .await
        .problem(400, "invalid_key");
    untouched(&house).await;
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let house = House::open().await;
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-type", "multipart/form-data"),
        ("content-encoding", "gzip"),
    ] {
        let request = request("POST", "/v1/publish", "editor")
            .header("idempotency-key", "k")
            .header(name, value);
        house
            .send(
                request
                    .body(Body::from(with("version", json!(1)).to_string()))
                    .unwrap(),
            )
            .await
            .problem(415, "unsupported_media_type");
    }
    untouched(&house).await;
}

#[tokio::test]
async fn an_oversized_body_is_refused_whether_it_says_so_or_not() {
    let house = House::open().await;
    let large = with("payload.body", json!("x".repeat(2 * 1024 * 1024))).to_string();
    house
        .publish_raw(large.clone())
        .await
        .problem(413, "too_large");
    let chunks: Vec<Result<String, std::io::Error>> = large
        .as_bytes()
        .chunks(65_536)
        .map(|chunk| Ok(String::from_utf8_lossy(chunk).into_owned()))
        .collect();
    house
        .publish_raw(Body::from_stream(futures_util::stream::iter(chunks)))
        .await
        .problem(413, "too_large");
    untouched(&house).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_stores_nothing() {
    let house = House::open().await;
    let whole = with("version", json!(1)).to_string();
    let broken = [Ok(whole), Err(std::io::Error::other("reset"))];
    house
        .publish_raw(Body::from_stream(futures_util::stream::iter(broken)))
        .await
        .problem(422, "invalid_request");
    untouched(&house).await;
}
