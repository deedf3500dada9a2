//! Strapi.

use super::*;

const API: &str = "api = { url = \"https://cms.example\", token = \"env:TOKEN\", types = { article = \"articles\" } }";

fn entry(id: &str, updated: &str, published: &str) -> Value {
    json!({"id": 9, "documentId": id, "title": "T", "locale": "en", "updatedAt": updated, "publishedAt": published})
}

fn list(entries: &[Value]) -> (u16, Value) {
    (200, json!({"data": entries, "meta": {}}))
}

#[test]
fn an_entry_is_looked_up_in_its_locale() {
    let config = format!("mapping = {{ locales = {{ \"en-US\" = \"en\" }} }}\n{API}");
    let entry = entry("d1", "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z");
    let wire = Script::of([list(&[entry])]);
    let named = Change {
        locales: Locales::One("en".into()),
        ..named(What::Published, "d1")
    };
    let found = look_up(&*source("strapi", &config), &named, &wire).unwrap();
    let asked = "cms.example/api/articles?status=published&populate=*&filters[documentId][$eq]=d1&locale=en-US";
    assert_eq!(wire.asked(), [asked]);
    let [change] = &*found else {
        panic!("{found:?}")
    };
    assert_eq!(change.locales, Locales::One("en".into()));
    assert_eq!(
        change.version,
        time("2026-01-02T00:00:00Z"),
        "the later time"
    );
    let payload = change.payload.as_ref().unwrap();
    assert_eq!(payload.fields["content_type"], json!("article"));
}

/// A webhook counts by the time of its sending, which is after the change.
#[test]
fn what_is_looked_up_is_not_older_than_the_webhook() {
    let entry = entry("d1", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z");
    let wire = Script::of([list(&[entry])]);
    let named = Change {
        version: time("2026-01-01T00:00:00.250Z"),
        ..named(What::Published, "d1")
    };
    let found = look_up(&*source("strapi", API), &named, &wire).unwrap();
    assert_eq!(found[0].version, named.version);
}

#[test]
fn an_entry_that_is_not_listed_is_removed() {
    let other = entry("d2", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z");
    // As when the filter were not known, too.
    for wire in [Script::of([list(&[])]), Script::of([list(&[other])])] {
        let found = look_up(&*source("strapi", API), &named(What::Deleted, "d1"), &wire);
        assert_eq!(found.unwrap(), [named(What::Deleted, "d1")]);
    }
}

#[test]
fn what_was_changed_or_published_since_is_found() {
    let api = API.replace("types", "locales = [\"en\"], types");
    let source = source("strapi", &api);
    let first = entry("d1", "2026-02-01T00:00:00.000Z", "2026-02-02T00:00:00.000Z");
    let wire = Script::of([
        list(std::slice::from_ref(&first)),
        list(std::slice::from_ref(&first)),
    ]);
    let cursor = cursor_at(&*source, "2026-02-01T00:00:00Z");
    let found = since(&*source, Some(&cursor), &wire).unwrap();
    let asked = |time: &str| {
        format!(
            "cms.example/api/articles?status=published&populate=*&filters[{time}][$gte]=2026-02-01T00:00:00.000Z\
             &sort[0]={time}:asc&sort[1]=documentId:asc&pagination[start]=0&pagination[limit]=25&locale=en"
        )
    };
    assert_eq!(wire.asked(), [asked("updatedAt"), asked("publishedAt")]);
    assert_eq!(entries(&found.changes), ["d1", "d1"]);
    assert_eq!(found.changes[0], found.changes[1], "the same twice");
}
