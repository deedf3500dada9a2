//! Drupal.

use super::*;

const API: &str = "api = { url = \"https://site.example\", types = [\"article\"], \
    account = { username = \"ann\", password = \"env:PASS\" } }";
const ID: &str = "0b1c2d3e-0000-4000-8000-0123456789ab";

fn node(id: &str, changed: &str, status: bool) -> Value {
    json!({"type": "node--article", "id": id, "attributes": {
        "title": "T", "status": status, "changed": changed, "langcode": "en",
        "path": {"alias": "/blog/hello"}, "body": {"value": "*a*", "processed": "<em>a</em>"},
    }})
}

#[test]
fn a_node_is_looked_up() {
    let body = json!({"data": node(ID, "2026-01-01T00:00:00+00:00", true)});
    let wire = Script::of([(200, body)]);
    let source = source("drupal", API);
    let found = look_up(&*source, &named(What::Published, ID), &wire).unwrap();
    assert_eq!(
        wire.asked(),
        [format!("site.example/jsonapi/node/article/{ID}?")]
    );
    let request = &wire.requests()[0];
    let accept = ("accept".to_owned(), "application/vnd.api+json".to_owned());
    assert!(request.headers.contains(&accept));
    let [change] = &*found else {
        panic!("{found:?}")
    };
    assert_eq!((&*change.entry, change.what), (ID, What::Published));
    assert_eq!(change.version, time("2026-01-01T00:00:00Z"));
    let payload = change.payload.as_ref().unwrap();
    assert_eq!(
        (payload.slug.as_deref(), &*payload.body),
        (Some("hello"), "<em>a</em>")
    );
    assert_eq!(payload.fields["content_type"], json!("article"));
}

#[test]
fn what_is_not_public_is_removed_and_what_is_in_another_language_is_not() {
    let source = source("drupal", API);
    for wire in [
        Script::of([(
            200,
            json!({"data": node(ID, "2026-01-01T00:00:00+00:00", false)}),
        )]),
        Script::of([
            (403, json!({"errors": [{"detail": "no"}]})),
            (200, json!({"data": []})),
        ]),
        Script::of([(404, json!({})), (200, json!({"data": []}))]),
    ] {
        let found = look_up(&*source, &named(What::Published, ID), &wire).unwrap();
        assert_eq!(found, [named(What::Unpublished, ID)]);
    }
    let german = Change {
        locales: Locales::One("de".into()),
        ..named(What::Published, ID)
    };
    let wire = Script::of([(
        200,
        json!({"data": node(ID, "2026-01-01T00:00:00+00:00", true)}),
    )]);
    let failure = look_up(&*source, &german, &wire).unwrap_err();
    assert_eq!(failure.reason, Reason::UnexpectedAnswer);
    let failure = look_up(&*source, &named(What::Published, "12"), &Script::of([]));
    assert_eq!(failure.unwrap_err().reason, Reason::Misconfigured);
}

#[test]
fn what_changed_since_is_found() {
    let source = source("drupal", API);
    let nodes = [node(ID, "2026-02-01T00:00:00+00:00", true)];
    let wire = Script::of([(200, json!({"data": nodes}))]);
    let cursor = cursor_at(&*source, "2026-02-01T00:00:00Z");
    let found = since(&*source, Some(&cursor), &wire).unwrap();
    let asked = "site.example/jsonapi/node/article?filter[since][condition][path]=changed\
        &filter[since][condition][operator]=>=&filter[since][condition][value]=1769904000\
        &sort=changed,drupal_internal__nid&page[limit]=50&page[offset]=0";
    assert_eq!(wire.asked(), [asked]);
    assert_eq!(entries(&found.changes), [ID]);
}
