//! Contentful.

use super::*;

const API: &str = "api = { space = \"s\", token = \"env:TOKEN\" }";

fn entry(id: &str, revision: i64, updated: &str) -> Value {
    json!({
        "sys": {"id": id, "type": "Entry", "revision": revision, "updatedAt": updated,
            "environment": {"sys": {"id": "master"}}, "contentType": {"sys": {"id": "post"}}},
        "fields": {"title": {"en": "T", "de": "D"}, "featured": {"fr": true}},
    })
}

fn told(what: What, revision: i64) -> Change {
    Change {
        locales: Locales::One("en".into()),
        environment: Some("master".into()),
        version: Some(Version::Number(revision)),
        ..named(what, "e1")
    }
}

#[test]
fn an_entry_is_looked_up_in_all_its_locales() {
    let wire = Script::of([(200, entry("e1", 3, "2026-01-01T00:00:00.000Z"))]);
    let source = source("contentful", API);
    let found = look_up(&*source, &told(What::Published, 3), &wire).unwrap();
    let asked = "cdn.contentful.com/spaces/s/environments/master/entries/e1?locale=*";
    assert_eq!(wire.asked(), [asked]);
    let locales: Vec<&Locales> = found.iter().map(|change| &change.locales).collect();
    let one = |name: &str| Locales::One(name.into());
    assert_eq!(locales, [&one("de"), &one("en")]);
    assert_eq!(found[0].version, Some(Version::Number(3)));
    assert_eq!(found[0].environment.as_deref(), Some("master"));
    assert_eq!(found[0].payload.as_ref().unwrap().title, "D");
}

#[test]
fn what_lags_behind_its_publish_is_asked_for_again() {
    let source = source("contentful", API);
    let missing = || {
        (
            404,
            json!({"sys": {"type": "Error", "id": "NotFound"}, "message": "no"}),
        )
    };
    for wire in [
        Script::of([(200, entry("e1", 2, "2026-01-01T00:00:00.000Z"))]),
        Script::of([missing(), (200, json!({"items": []}))]),
    ] {
        let failure = look_up(&*source, &told(What::Published, 3), &wire).unwrap_err();
        assert_eq!(failure.reason, Reason::Conflict);
    }
    let wire = Script::of([missing(), (200, json!({"items": []}))]);
    let found = look_up(&*source, &told(What::Unpublished, 3), &wire).unwrap();
    let expected = Change {
        version: None,
        ..told(What::Unpublished, 3)
    };
    assert_eq!(found, [expected]);
}

/// What was unpublished may still be delivered for a moment; what was published again since is newer.
#[test]
fn a_removal_that_the_network_does_not_know_yet_is_asked_for_again() {
    let source = source("contentful", API);
    const UPDATED: &str = "2026-01-01T00:00:00.000Z";
    let removed = told(What::Unpublished, 3);
    for revision in [2, 3] {
        let wire = Script::of([(200, entry("e1", revision, UPDATED))]);
        let failure = look_up(&*source, &removed, &wire).unwrap_err();
        assert_eq!(failure.reason, Reason::Conflict);
    }
    let wire = Script::of([(200, entry("e1", 4, UPDATED))]);
    let found = look_up(&*source, &removed, &wire).unwrap();
    assert!(found.iter().all(|change| change.what == What::Published));
}

#[test]
fn another_environment_is_not_asked() {
    let named = Change {
        environment: Some("staging".into()),
        ..told(What::Published, 3)
    };
    let failure = look_up(&*source("contentful", API), &named, &Script::of([])).unwrap_err();
    assert_eq!(failure.reason, Reason::Misconfigured);
}

#[test]
fn contentful_has_a_header_of_its_own_for_patience() {
    let wire = Script::default();
    wire.next(Ok(answer(
        429,
        &[("x-contentful-ratelimit-reset", "1")],
        "{}",
    )));
    let failure = look_up(
        &*source("contentful", API),
        &told(What::Published, 3),
        &wire,
    );
    let failure = failure.unwrap_err();
    assert_eq!(failure.reason, Reason::Throttled);
    assert_eq!(failure.retry_after.unwrap().as_secs(), 1);
}

#[test]
fn what_was_published_since_is_found() {
    let source = source("contentful", API);
    let items = [
        entry("e1", 3, "2026-02-01T00:00:00.000Z"),
        entry("e2", 1, "2026-02-01T00:00:00.000Z"),
    ];
    let wire = Script::of([(200, json!({"items": items}))]);
    let cursor = cursor_at(&*source, "2026-02-01T00:00:00Z");
    let found = since(&*source, Some(&cursor), &wire).unwrap();
    let asked = "cdn.contentful.com/spaces/s/environments/master/entries?locale=*\
        &sys.updatedAt[gte]=2026-02-01T00:00:00.000Z&order=sys.updatedAt,sys.id&include=0&limit=50&skip=0";
    assert_eq!(wire.asked(), [asked]);
    assert_eq!(entries(&found.changes), ["e1", "e1", "e2", "e2"]);
}
