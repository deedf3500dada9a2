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

/// However long ago it changed, and although a page may be shorter than was asked for.
#[test]
fn all_that_there_is_is_listed() {
    let page = |changed: &str, ids: std::ops::Range<usize>| {
        let documents = ids.map(|id| document(&format!("d{id}"), changed));
        (200, json!({"result": documents.collect::<Vec<_>>()}))
    };
    let wire = Script::of([
        page("2019-02-01T00:00:00Z", 0..50),
        page("2019-02-01T00:00:00Z", 0..50),
        page("2020-02-01T00:00:00Z", 50..60),
        page("2020-02-01T00:00:00Z", 50..60),
    ]);
    let mut found = all(&*source("sanity", API), &wire);
    found.sort_by(|a, b| a.entry.cmp(&b.entry));
    found.dedup_by(|a, b| a.entry == b.entry);
    assert_eq!(found.len(), 60);
    let asked = wire.asked();
    for (url, (from, part)) in asked.iter().zip([
        ("1970-01-02", "[0...50]"),
        ("2019-02-01", "[0...50]"),
        ("2019-02-01", "[50...100]"),
        ("2020-02-01", "[0...50]"),
    ]) {
        let from = format!("$from=\"{from}T00:00:00.000Z\"");
        assert!(url.contains(part) && url.ends_with(&from), "{url}");
    }
}
