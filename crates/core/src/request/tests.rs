//! What is wrong is named by its path, and what means the same is the same request.

use super::*;

fn problem(body: &str) -> Problem {
    decode(body.as_bytes())
        .and_then(|request| request.check(Timestamp(0)).map(|()| request))
        .unwrap_err()
}

fn path(body: &str) -> String {
    problem(body).errors[0].path.clone()
}

#[test]
fn a_list_is_no_request_and_fields_have_a_floor() {
    assert_eq!(path(r#" ["a","k",1]"#), "(body)");
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"content_id":"a","payload":{{"title":"t","fields":{{"x":{open}1{close}}}}}}}"#)
    };
    let deepest = nested(payload::MAX_DEPTH - 1);
    assert!(
        decode(deepest.as_bytes())
            .unwrap()
            .check(Timestamp(0))
            .is_ok()
    );
    assert_eq!(path(&nested(payload::MAX_DEPTH)), "payload.fields.x");
    assert_eq!(path(&nested(100)), "payload.fields.x");
}

#[test]
fn the_payload_is_found_where_it_stands() {
    let place = |body: &str| payload_place(body.as_bytes()).map(|place| body[place].to_owned());
    let body = r#" {"content_id":"é", "payload" : {"title":"t", "body":"{\"payload\":1}"} }"#;
    let found = place(body).unwrap();
    assert_eq!(found, r#"{"title":"t", "body":"{\"payload\":1}"}"#);
    assert_eq!(place(r#"{"content_id":"a","payload":null}"#), None);
    assert_eq!(place(r#"{"content_id":"a"}"#), None);
}

#[test]
fn what_is_wrong_is_named_by_its_path() {
    assert_eq!(
        path(r#"{"content_id":"a","payload":{"title":"t","colour":1}}"#),
        "payload.colour"
    );
    assert_eq!(
        path(r#"{"content_id":"a","payload":{"title":"t","media":[{"role":"hero","url":7}]}}"#),
        "payload.media[0].url"
    );
    assert_eq!(path(r#"{"content_id":7}"#), "content_id");
    assert_eq!(path(r#"{"content_id":"a","action":"shout"}"#), "action");
    assert_eq!(path(r#"{"content_id":"a","version":1.5}"#), "version");
    assert_eq!(path(r#"{"content_id":"a"}"#), "payload");
    assert_eq!(
        path(r#"{"content_id":"a","payload":{"title":"t","slug":"../x"}}"#),
        "payload.slug"
    );
    assert_eq!(
        path(r#"{"content_id":"a","publish_at":"9999-01-01T00:00:00Z","payload":{"title":"t"}}"#),
        "publish_at"
    );
}

#[test]
fn text_that_is_no_json_is_told_apart() {
    for body in [
        "",
        "{",
        "{\"content_id\":\"a\"} x",
        "{\"content_id\":\"\\ud800\"}",
    ] {
        assert_eq!(problem(body).code, Code::InvalidJson, "{body}");
    }
    assert_eq!(
        decode(b"{\"content_id\":\"\xff\"}").unwrap_err().code,
        Code::InvalidJson
    );
    let deep = format!(
        "{{\"content_id\":\"a\",\"payload\":{{\"title\":\"t\",\"fields\":{{\"x\":{}{}}}}}}}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    assert_eq!(problem(&deep).code, Code::InvalidJson);
}

#[test]
fn a_key_comes_quoted_or_bare_and_once() {
    let request = decode(br#"{"content_id":"a","request_id":"r-1"}"#).unwrap();
    assert_eq!(request.key(Some("\"r-1\"")).unwrap(), "r-1");
    assert_eq!(request.key(Some("r-2")).unwrap_err().code, Code::InvalidKey);
    assert_eq!(parse_key_header(r#""a\"b""#).unwrap(), "a\"b");
    assert!(parse_key_header("\"a").is_err());
}

#[test]
fn dependencies_are_others_and_each_once() {
    let of = |list: &str| format!(r#"{{"content_id":"a","action":"delete","depends_on":{list}}}"#);
    assert_eq!(path(&of(r#"["b","a"]"#)), "depends_on[1]");
    assert_eq!(path(&of(r#"["b","c","b"]"#)), "depends_on[2]");
    assert_eq!(path(&of(r#"[" "]"#)), "depends_on[0]");
    let many: Vec<String> = (0..=MAX_DEPENDENCIES).map(|n| format!("b{n}")).collect();
    assert_eq!(path(&of(&format!("{many:?}"))), "depends_on");
    let removal = decode(of(r#"["b"]"#).as_bytes()).unwrap();
    assert_eq!(removal.check(Timestamp(0)), Ok(()));
    assert!(
        removal.dependencies().is_empty(),
        "a removal waits for none"
    );
}

#[test]
fn other_dependencies_make_another_request() {
    let of = |list: &str| {
        let body = format!(r#"{{"content_id":"a","depends_on":{list},"payload":{{"title":"t"}}}}"#);
        decode(body.as_bytes()).unwrap().fingerprints("en").request
    };
    assert_ne!(of("[]"), of(r#"["b"]"#));
    assert_eq!(of(r#"["b","c"]"#), of(r#"["c","b"]"#));
}

#[test]
fn the_order_of_keys_does_not_make_another_request() {
    let a =
        decode(br#"{"content_id":"a","payload":{"title":"t","fields":{"x":1,"y":2}}}"#).unwrap();
    let b =
        decode(br#"{"payload":{"fields":{"y":2,"x":1},"title":"t"},"content_id":"a"}"#).unwrap();
    assert_eq!(a.fingerprints("en"), b.fingerprints("en"));
    assert_ne!(a.fingerprints("en").request, a.fingerprints("de").request);
}
