//! Directus.

use super::*;

const API: &str =
    "api = { url = \"https://cms.example/\", token = \"env:TOKEN\", collections = [\"posts\"] }";

fn item(id: u64, updated: &str, status: &str) -> Value {
    json!({"id": id, "title": "T", "status": status, "date_updated": updated})
}

#[test]
fn an_item_is_looked_up() {
    let body = json!({"data": item(5, "2026-01-01T00:00:00.000Z", "published")});
    let wire = Script::of([(200, body)]);
    let named = named(What::Published, "posts/5");
    let found = look_up(&*source("directus", API), &named, &wire).unwrap();
    assert_eq!(wire.asked(), ["cms.example/items/posts/5?"]);
    let token = ("authorization".to_owned(), "Bearer TOKEN".to_owned());
    assert!(wire.requests()[0].headers.contains(&token));
    let [change] = &*found else {
        panic!("{found:?}")
    };
    assert_eq!((&*change.entry, change.what), ("posts/5", What::Published));
    assert_eq!(change.version, time("2026-01-01T00:00:00Z"));
    let fields = &change.payload.as_ref().unwrap().fields;
    assert_eq!(fields["content_type"], json!("posts"));
}

#[test]
fn an_item_that_is_no_longer_public_is_removed() {
    let source = source("directus", API);
    let archived = json!({"data": item(5, "2026-01-01T00:00:00.000Z", "archived")});
    let forbidden = json!({"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]});
    for wire in [
        Script::of([(200, archived)]),
        Script::of([(403, forbidden), (200, json!({"data": []}))]),
        Script::of([(404, json!({})), (200, json!({"data": []}))]),
    ] {
        let found = look_up(&*source, &named(What::Published, "posts/5"), &wire).unwrap();
        assert_eq!(found, [named(What::Unpublished, "posts/5")]);
        wire.asked();
    }
}

#[test]
fn what_must_not_be_seen_is_not_removed() {
    let source = source("directus", API);
    let wire = Script::of([(403, json!({})), (403, json!({}))]);
    let failure = look_up(&*source, &named(What::Published, "posts/5"), &wire).unwrap_err();
    assert_eq!(failure.reason, Reason::PermissionDenied);
    let failure = look_up(
        &*source,
        &named(What::Published, "users/5"),
        &Script::of([]),
    );
    assert_eq!(failure.unwrap_err().reason, Reason::Misconfigured);
}

#[test]
fn items_that_were_changed_and_those_that_are_new_are_found() {
    let source = source("directus", API);
    let changed = [
        item(1, "2026-02-01T00:00:00.500Z", "published"),
        item(2, "2026-02-02T00:00:00.000Z", "draft"),
    ];
    let made = json!([{"id": 3, "title": "N", "date_updated": null, "date_created": "2026-02-03T00:00:00.000Z"}]);
    let wire = Script::of([
        (200, json!({"data": changed})),
        (200, json!({"data": made})),
    ]);
    let cursor = cursor_at(&*source, "2026-02-01T00:00:00.5Z");
    let found = since(&*source, Some(&cursor), &wire).unwrap();
    assert_eq!(
        wire.asked(),
        [
            "cms.example/items/posts?filter[date_updated][_gte]=2026-02-01T00:00:00.500Z\
             &sort=date_updated,id&limit=25&offset=0",
            "cms.example/items/posts?filter[date_created][_gte]=2026-02-01T00:00:00.500Z\
             &sort=date_created,id&limit=25&offset=0&filter[date_updated][_null]=true",
        ]
    );
    assert_eq!(entries(&found.changes), ["posts/1", "posts/2", "posts/3"]);
    let what: Vec<What> = found.changes.iter().map(|change| change.what).collect();
    assert_eq!(what, [What::Published, What::Unpublished, What::Published]);
    assert_eq!(found.changes[1].version, None);
    assert_eq!(found.changes[2].version, time("2026-02-03T00:00:00Z"));
    let cursor: Value = serde_json::from_str(&found.cursor).unwrap();
    assert_eq!(cursor["posts"]["from"], json!("2026-02-02T00:00:00.001Z"));
}
