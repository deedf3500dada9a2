//! What webhooks say: bodies as the vendors' pages describe them and as real installations sent them, and what is read
//! from each.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use slugline_connectors::registry;
use slugline_core::source::{Change, Locales, News, Repeats};
use slugline_core::webhook::Incoming;

use crate::samples::source;

const CASES: &str = include_str!("../changes.json");
/// As real installations sent them (`cargo xtask test real_sources`), with all that they have.
const CAPTURED: &str = include_str!("../captured.json");

/// One webhook.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    config: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Value,
    /// A line for each change.
    #[serde(default)]
    says: Vec<String>,
    /// The payload of the first change, where it matters.
    payload: Option<Value>,
    /// What it depends on, where that matters.
    depends_on: Option<Vec<String>>,
    /// What the error speaks of.
    refused: Option<String>,
    /// `place path entry` of each part that cannot be read, and what its reason speaks of.
    #[serde(default)]
    unreadable: Vec<[String; 2]>,
}

impl Case {
    fn news(&self, body: &Value) -> Result<News, String> {
        let incoming = Incoming::new("POST", "/hooks/x", &self.headers, body.to_string());
        source(&self.kind, &self.config).unwrap().changes(&incoming)
    }

    fn changes(&self, body: &Value) -> Result<Vec<Change>, String> {
        self.news(body)
            .map(|news| news.changes.into_values().collect())
    }
}

fn read(cases: &str) -> Vec<Case> {
    serde_json::from_str(cases).unwrap()
}

fn cases() -> Vec<Case> {
    [CASES, CAPTURED].map(read).into_iter().flatten().collect()
}

/// `what entry locale environment version title`; `-` where nothing is said, `*` for all locales.
fn line(change: &Change) -> String {
    let locale = match &change.locales {
        Locales::Unsaid => "-",
        Locales::One(locale) => locale,
        Locales::All => "*",
    };
    let version = change.version.map(|version| version.to_string());
    let title = change.payload.as_ref().map(|payload| &*payload.title);
    [
        change.what.as_str(),
        &change.entry,
        locale,
        change.environment.as_deref().unwrap_or("-"),
        version.as_deref().unwrap_or("-"),
        title.unwrap_or("-"),
    ]
    .join(" ")
}

fn could_not_be_read(news: &News, expected: &[[String; 2]], about: &str) {
    assert_eq!(news.unreadable.len(), expected.len(), "{about}");
    for ((place, part), [named, why]) in news.unreadable.iter().zip(expected) {
        let entry = part.entry.as_deref().unwrap_or("-");
        assert_eq!(format!("{place} {} {entry}", part.path), *named, "{about}");
        assert!(part.reason.contains(why), "{about}: {}", part.reason);
        assert!(!news.changes.contains_key(place), "{about}");
    }
}

/// A mapping that is mended must not give a change the name of another one of the same webhook.
#[test]
fn what_is_left_out_keeps_its_place() {
    let body = json!([
        {"objectId": 1, "occurredAt": 1, "subscriptionType": "contact.creation"},
        {"objectId": 2, "occurredAt": 1, "subscriptionType": "deal.creation"},
        {"occurredAt": 1, "subscriptionType": "contact.creation"},
        {"objectId": 4, "occurredAt": 1, "subscriptionType": "contact.creation"},
    ]);
    for (config, places) in [
        ("", vec![0, 1, 3]),
        (
            "mapping = { events = { \"deal.creation\" = \"ignore\" } }",
            vec![0, 3],
        ),
    ] {
        let incoming = Incoming::new("POST", "/", [("a", "b")], body.to_string());
        let news = source("hubspot", config).unwrap().changes(&incoming);
        let news = news.unwrap();
        assert_eq!(news.changes.into_keys().collect::<Vec<_>>(), places);
        assert_eq!(news.unreadable.into_keys().collect::<Vec<_>>(), [2]);
    }
}

#[test]
fn each_webhook_says_what_it_says() {
    for case in cases() {
        let told = case.news(&case.body);
        let about = format!("{} {:?} {}", case.kind, case.headers, case.body);
        match (told, &case.refused) {
            (Err(why), Some(refused)) => assert!(why.contains(refused), "{about}: {why}"),
            (Err(why), None) => panic!("{about}: {why}"),
            (Ok(news), _) => {
                could_not_be_read(&news, &case.unreadable, &about);
                let changes: Vec<Change> = news.changes.into_values().collect();
                let lines: Vec<String> = changes.iter().map(line).collect();
                assert_eq!(lines, case.says, "{about}");
                assert_eq!(case.refused, None, "{about}");
                if let Some(expected) = case.depends_on {
                    assert_eq!(changes[0].depends_on, expected, "{about}");
                }
                if let Some(expected) = case.payload {
                    let payload = changes.into_iter().next().unwrap().payload;
                    assert_eq!(serde_json::to_value(payload).unwrap(), expected, "{about}");
                }
            }
        }
    }
}

/// Ghost sends earlier drafts, and its authors' addresses and settings, with every post.
#[test]
fn what_ghost_keeps_to_itself_comes_no_further() {
    let mut payloads = 0;
    for case in read(CAPTURED).iter().filter(|case| case.kind == "ghost") {
        for change in case.changes(&case.body).unwrap() {
            let told = serde_json::to_string(&change.payload).unwrap();
            for own in ["@example.test", "post_revisions", "donation", "uuid"] {
                assert!(!told.contains(own), "{own}: {told}");
            }
            payloads += usize::from(change.payload.is_some());
        }
    }
    assert_eq!(payloads, 2);
}

#[test]
fn every_type_of_source_has_cases() {
    let cases = cases();
    for kind in registry::source_types() {
        let of_kind = cases.iter().filter(|case| case.kind == kind);
        assert!(of_kind.count() >= 4, "{kind}");
    }
}

/// Whatever stands wherever a value stands: changes of something, nothing, or an error.
#[test]
fn odd_values_are_no_trouble() {
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let odd = [
        "null",
        "true",
        "-1",
        "1e300",
        "18446744073709551615",
        "9223372036854775807",
        "\"\"",
        "\"\\u0000\"",
        "\"é.\"",
        "\".\"",
        "[]",
        "{}",
        "[[]]",
        "[null]",
        "{\"value\":null}",
        "[{\"value\":{}}]",
        "{\"en\":{}}",
        "\"drafts.\"",
        "\"versions.\"",
        &deep,
    ];
    let odd = odd.map(|json| serde_json::from_str::<Value>(json).unwrap());
    for case in read(CASES) {
        for place in places(&case.body, String::new()) {
            for odd in &odd {
                let mut damaged = case.body.clone();
                *damaged.pointer_mut(&place).unwrap() = odd.clone();
                let told = case.changes(&damaged).unwrap_or_default();
                assert!(told.iter().all(|change| !change.entry.is_empty()));
            }
        }
    }
}

/// Every place in a value, as JSON pointers.
fn places(value: &Value, here: String) -> Vec<String> {
    let below: Vec<String> = match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| places(value, format!("{here}/{name}")))
            .collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .flat_map(|(index, value)| places(value, format!("{here}/{index}")))
            .collect(),
        _ => Vec::new(),
    };
    std::iter::once(here).chain(below).collect()
}

#[test]
fn what_is_no_json_is_an_error() {
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let wrapped = format!("{{\"data\":{nested}}}");
    let odd = [
        "",
        "x",
        "\"x\"",
        "7",
        "1e999",
        "{",
        "{}x",
        "\u{feff}{}",
        &nested,
        &wrapped,
    ];
    for kind in registry::source_types() {
        let source = source(kind, "").unwrap();
        for body in odd {
            let incoming = Incoming::new("POST", "/", [("a", "b")], body.to_owned());
            let start: String = body.chars().take(20).collect();
            assert!(source.changes(&incoming).is_err(), "{kind}: {start}");
        }
    }
}

#[test]
fn a_header_that_came_twice_is_an_error() {
    let twice = [("X-Contentful-Topic", "a"), ("x-contentful-topic", "b")];
    let incoming = Incoming::new("POST", "/", twice, "{\"sys\":{}}");
    let why = source("contentful", "").unwrap().changes(&incoming);
    assert!(why.unwrap_err().contains("more than once"));
}

/// Many locales and a long name would multiply, and so would many keys and a whole payload.
#[test]
fn what_is_told_is_not_much_more_than_what_came() {
    let locales: serde_json::Map<String, Value> = (0..5_000)
        .map(|number| (format!("l{number}"), json!("T")))
        .collect();
    let body = json!({
        "sys": {"id": "e", "type": "Entry"},
        "fields": {"title": &locales, "x".repeat(100_000): &locales},
    });
    let keys: Vec<u32> = (0..5_000).collect();
    let payload = json!({"title": "T", "body": "x".repeat(100_000)});
    let many =
        json!({"event": "items.create", "collection": "c", "keys": keys, "payload": payload});
    for (kind, body) in [("contentful", body), ("directus", many)] {
        let incoming = Incoming::new("POST", "/", [("a", "b")], body.to_string());
        let news = source(kind, "").unwrap().changes(&incoming).unwrap();
        let changes: Vec<Change> = news.changes.into_values().collect();
        assert_eq!(changes.len(), 5_000, "{kind}");
        let told = serde_json::to_string(&changes).unwrap().len();
        assert!(told < 10_000_000, "{kind}: {told}");
    }
}

#[test]
fn manners_are_the_vendors() {
    for (kind, minutes) in [
        ("contentful", 2),
        ("directus", 0),
        ("drupal", 0),
        ("ghost", 0),
        ("hmac", 4_500),
        ("hubspot", 1_440),
        ("sanity", 60),
        ("standard_webhooks", 4_500),
        ("storyblok", 0),
        ("strapi", 0),
        ("webflow", 60),
        ("wordpress", 4_500),
    ] {
        let manners = source(kind, "").unwrap().manners();
        assert_eq!(manners.retries_for.as_secs(), minutes * 60, "{kind}");
        assert_eq!(manners.only_ok, kind == "webflow");
        let names_entry = manners.word_headers.contains(&"sanity-document-id");
        assert_eq!(names_entry, kind == "sanity", "it is no part of the bytes");
        let thin = ["storyblok", "directus"].contains(&kind);
        assert_eq!(manners.dates_removals, !thin && kind != "webflow");
        assert_eq!(manners.repeats == Repeats::None, thin);
    }
}
