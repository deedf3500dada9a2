//! Webflow.

use super::*;

const API: &str = "api = { token = \"env:TOKEN\", collections = [\"c1\"] }";

fn item(id: &str, published: &str, locale: &str) -> Value {
    json!({
        "id": id, "cmsLocaleId": locale, "lastPublished": published, "lastUpdated": "2026-01-01T00:00:00.000Z",
        "isDraft": false, "isArchived": false, "fieldData": {"name": "T", "slug": "hello"},
    })
}

#[test]
fn an_item_is_looked_up_in_each_locale() {
    let config = format!("mapping = {{ locales = {{ l1 = \"en\", l2 = \"de\" }} }}\n{API}");
    let wire = Script::of([
        (200, item("i", "2026-01-02T00:00:00.000Z", "l1")),
        (404, json!({"code": "resource_not_found", "message": "no"})),
        (200, json!({"items": []})),
    ]);
    let source = source("webflow", &config);
    let found = look_up(&*source, &named(What::Published, "i"), &wire).unwrap();
    assert_eq!(
        wire.asked(),
        [
            "api.webflow.com/v2/collections/c1/items/i/live?cmsLocaleId=l1",
            "api.webflow.com/v2/collections/c1/items/i/live?cmsLocaleId=l2",
            "api.webflow.com/v2/collections/c1/items/live?limit=1",
        ]
    );
    let [change] = &*found else {
        panic!("{found:?}")
    };
    assert_eq!(change.locales, Locales::One("en".into()));
    // The later of the last change and the last publish.
    assert_eq!(change.version, time("2026-01-02T00:00:00Z"));
    let payload = change.payload.as_ref().unwrap();
    assert_eq!(payload.fields["content_type"], json!("c1"));
    let german = Change {
        locales: Locales::One("de".into()),
        ..named(What::Published, "i")
    };
    let wire = Script::of([(404, json!({})), (200, json!({"items": []}))]);
    let found = look_up(&*source, &german, &wire).unwrap();
    assert_eq!(
        (found[0].what, &found[0].locales),
        (What::Unpublished, &german.locales)
    );
}

#[test]
fn what_was_published_since_is_found() {
    let source = source("webflow", API);
    let items = [item("i", "2026-02-01T00:00:00.000Z", "l1")];
    let wire = Script::of([(200, json!({"items": items}))]);
    let cursor = cursor_at(&*source, "2026-02-01T00:00:00Z");
    let found = since(&*source, Some(&cursor), &wire).unwrap();
    let asked = "api.webflow.com/v2/collections/c1/items/live?lastPublished[gte]=2026-02-01T00:00:00.000Z\
        &sortBy=lastPublished&sortOrder=asc&offset=0&limit=50";
    assert_eq!(wire.asked(), [asked]);
    assert_eq!(entries(&found.changes), ["i"]);
    assert_eq!(found.changes[0].locales, Locales::Unsaid);
}

/// Where nobody is asked nobody says that it is gone.
#[test]
fn a_locale_that_is_not_mapped_is_no_removal() {
    let toml = API.to_owned() + "\nmapping = { locales = { \"653\" = \"en\" } }";
    let item = Change {
        locales: Locales::One("de".into()),
        ..named(What::Unpublished, "i1")
    };
    let failure = look_up(&*source("webflow", &toml), &item, &Script::of([])).unwrap_err();
    assert_eq!(failure.reason, Reason::Misconfigured);
}
