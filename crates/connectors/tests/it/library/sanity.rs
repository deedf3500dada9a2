//! Sanity.

use super::*;

const API: &str = "api = { project = \"p1\", dataset = \"production\", token = \"env:TOKEN\", types = [\"post\"] }";

fn document(id: &str, updated: &str) -> Value {
    json!({"_id": id, "_type": "post", "_rev": "r", "_updatedAt": updated, "language": "en", "title": "T"})
}

#[test]
fn a_document_is_looked_up() {
    let wire = Script::of([(
        200,
        json!({"result": [document("d1", "2026-01-01T00:00:00Z")]}),
    )]);
    let source = source("sanity", API);
    let found = look_up(&*source, &named(What::Published, "d1"), &wire).unwrap();
    let asked = "p1.api.sanity.io/v2025-02-19/data/query/production?perspective=published&query=*[_id == $id]&$id=\"d1\"";
    assert_eq!(wire.asked(), [asked]);
    let [change] = &*found else {
        panic!("{found:?}")
    };
    assert_eq!(change.version, time("2026-01-01T00:00:00Z"));
    assert_eq!(change.locales, Locales::One("en".into()));
    let fields = &change.payload.as_ref().unwrap().fields;
    assert_eq!(fields["content_type"], json!("post"));
    assert!(!fields.contains_key("_rev"));

    let wire = Script::of([(200, json!({"result": []}))]);
    let found = look_up(&*source, &named(What::Deleted, "d1"), &wire).unwrap();
    assert_eq!(found, [named(What::Deleted, "d1")]);
}

#[test]
fn ids_do_not_change_the_query() {
    let id = "x\"] | {\"a\": *[0";
    let wire = Script::of([(200, json!({"result": []}))]);
    look_up(&*source("sanity", API), &named(What::Published, id), &wire).unwrap();
    let url = url::Url::parse(&wire.requests()[0].url).unwrap();
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    assert_eq!(pairs[1], ("query".into(), "*[_id == $id]".into()));
    assert_eq!(pairs[2], ("$id".into(), json!(id).to_string()));
}

#[test]
fn what_changed_since_is_found() {
    let source = source("sanity", API);
    let found = [
        document("d1", "2026-02-01T00:00:00Z"),
        document("d2", "2026-02-01T00:00:00Z"),
    ];
    let wire = Script::of([(200, json!({"result": found}))]);
    let cursor = cursor_at(&*source, "2026-02-01T00:00:00Z");
    let found = since(&*source, Some(&cursor), &wire).unwrap();
    let asked = "p1.api.sanity.io/v2025-02-19/data/query/production?perspective=published\
        &query=*[_type in $types && _updatedAt >= $from] | order(_updatedAt asc, _id asc) [0...50]\
        &$types=[\"post\"]&$from=\"2026-02-01T00:00:00.000Z\"";
    assert_eq!(wire.asked(), [asked]);
    assert_eq!(entries(&found.changes), ["d1", "d2"]);
}
