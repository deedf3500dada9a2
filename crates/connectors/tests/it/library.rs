//! Sources that are asked what they have: requests and answers as the vendors' pages describe them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use serde_json::{Value, json};
use slugline_connectors::ConfigError;
use slugline_core::failure::Failure;
use slugline_core::http::{Request, Response, SendError};
use slugline_core::port::BoxFuture;
use slugline_core::reason::{Reason, SuggestedAction};
use slugline_core::source::{Change, Found, Locales, Source, What, Wire};
use slugline_core::time::Timestamp;
use slugline_core::version::Version;

use crate::samples;

mod contentful;
mod directus;
mod drupal;
mod ghost;
mod hubspot;
mod sanity;
mod storyblok;
mod strapi;
mod webflow;
mod wordpress;

const NOW: &str = "2026-03-01T12:00:00Z";

/// Answers in the order in which they are prepared, and what was asked.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Result<Response, SendError>>>,
    asked: Mutex<Vec<Request>>,
}

impl Script {
    fn of<const N: usize>(answers: [(u16, Value); N]) -> Self {
        let script = Self::default();
        for (status, body) in answers {
            script.next(Ok(answer(status, &[], &body.to_string())));
        }
        script
    }

    fn next(&self, answer: Result<Response, SendError>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.push_back(answer);
    }

    /// The addresses that were asked, readable; all prepared answers must be used up.
    fn asked(&self) -> Vec<String> {
        assert!(self.answers.lock().unwrap().is_empty(), "asked too little");
        let requests = self.requests();
        let urls = requests.iter().map(|request| {
            let url = percent_encoding_free(&request.url);
            assert_eq!(request.method.as_str(), "GET");
            url
        });
        urls.collect()
    }

    fn requests(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

/// A URL as its server reads it.
fn percent_encoding_free(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    let query = url
        .query_pairs()
        .map(|(name, value)| format!("{name}={value}"));
    let query = query.collect::<Vec<_>>().join("&");
    format!("{}{}?{query}", url.host_str().unwrap(), url.path())
}

impl Wire for Script {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        self.asked.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.expect("a request that the test did not prepare an answer for");
        Box::pin(std::future::ready(answer))
    }

    fn now(&self) -> Timestamp {
        at(NOW)
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter();
    Response {
        status,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.to_owned().into(),
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn time(text: &str) -> Option<Version> {
    Some(Version::Time(at(text)))
}

fn source(kind: &str, toml: &str) -> Box<dyn Source> {
    let complaint = |why: ConfigError| panic!("{toml}: {}", why.message);
    samples::source(kind, toml).unwrap_or_else(complaint)
}

fn named(what: What, entry: &str) -> Change {
    Change {
        what,
        entry: entry.into(),
        locales: Locales::Unsaid,
        environment: None,
        version: None,
        depends_on: Vec::new(),
        payload: None,
    }
}

fn look_up(source: &dyn Source, named: &Change, wire: &Script) -> Result<Vec<Change>, Failure> {
    let library = source.library().expect("a library");
    library.look_up(named, wire).now_or_never().unwrap()
}

fn since(source: &dyn Source, cursor: Option<&str>, wire: &Script) -> Result<Found, Failure> {
    let library = source.library().expect("a library");
    library.since(cursor, wire).now_or_never().unwrap()
}

/// Asks page after page until there are no more; all that was found, and the cursor behind it.
fn walk(
    source: &dyn Source,
    mut cursor: String,
    rounds: usize,
    wire: &dyn Wire,
) -> (Vec<Change>, String) {
    let library = source.library().expect("a library");
    let mut seen = Vec::new();
    for _ in 0..rounds {
        let found = library.since(Some(&cursor), wire);
        let found = found.now_or_never().unwrap().unwrap();
        assert!(found.changes.len() <= 50);
        seen.extend(found.changes);
        cursor = found.cursor;
        if !found.more {
            return (seen, cursor);
        }
    }
    panic!("it goes round in circles: {cursor}");
}

/// Asks for all that there is, page after page.
fn all(source: &dyn Source, wire: &Script) -> Vec<Change> {
    let library = source.library().expect("a library");
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = library.all(cursor.as_deref(), wire).expect("it lists");
        let page = page.now_or_never().unwrap().unwrap();
        seen.extend(page.changes);
        if !page.more {
            return seen;
        }
        cursor = Some(page.cursor);
    }
}

/// The cursor of a source that is asked for the first time.
fn beginning(source: &dyn Source) -> String {
    let wire = Script::of([]);
    let found = since(source, None, &wire).unwrap();
    assert_eq!((found.changes.len(), found.more), (0, false));
    found.cursor
}

/// A cursor that stands at one time in all lists.
fn cursor_at(source: &dyn Source, from: &str) -> String {
    let mut cursor: Value = serde_json::from_str(&beginning(source)).unwrap();
    for place in cursor.as_object_mut().unwrap().values_mut() {
        place["from"] = from.into();
    }
    cursor.to_string()
}

fn entries(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| &*change.entry).collect()
}

/// Each type that can be asked, with the least configuration, and an entry as its webhooks name it.
const ASKED: &[(&str, &str, &str)] = &[
    (
        "contentful",
        "api = { space = \"s\", token = \"env:TOKEN\" }",
        "e1",
    ),
    (
        "directus",
        "api = { url = \"https://a.example\", token = \"env:TOKEN\", collections = [\"posts\"] }",
        "posts/5",
    ),
    (
        "drupal",
        "api = { url = \"https://a.example\", types = [\"article\"], \
            account = { username = \"ann\", password = \"env:PASS\" } }",
        "0b1c2d3e-0000-4000-8000-0123456789ab",
    ),
    (
        "ghost",
        "api = { url = \"https://a.example\", key = \"env:id:00ff\" }",
        "6",
    ),
    ("hubspot", "api = { token = \"env:TOKEN\" }", "blog_post/7"),
    (
        "sanity",
        "api = { project = \"p1\", dataset = \"d\", token = \"env:TOKEN\", types = [\"post\"] }",
        "d1",
    ),
    ("storyblok", "api = { token = \"env:TOKEN\" }", "7"),
    (
        "strapi",
        "api = { url = \"https://a.example\", token = \"env:TOKEN\", types = { article = \"articles\" } }",
        "d1",
    ),
    (
        "webflow",
        "api = { token = \"env:TOKEN\", collections = [\"c1\"] }",
        "i1",
    ),
    (
        "wordpress",
        "api = { url = \"https://a.example\", username = \"ann\", password = \"env:PASS\" }",
        "12",
    ),
];

#[test]
fn without_api_there_is_no_library() {
    for (kind, ..) in ASKED.iter().copied() {
        assert!(source(kind, "").library().is_none(), "{kind}");
    }
}

#[test]
fn api_is_checked() {
    let complaint =
        |kind: &str, toml: &str| samples::source(kind, toml).map(drop).unwrap_err().message;
    for (kind, toml, _) in ASKED.iter().copied() {
        let toml = toml.replace("api = {", "api = { tokenn = 1,");
        assert!(complaint(kind, &toml).contains("tokenn"), "{kind}");
        let toml = toml.replace("tokenn = 1,", "").replace("env:", "plain:");
        let why = complaint(kind, &toml);
        assert!(why.contains("plain:"), "{kind}: {why}");
        let toml = toml.replace("plain:", "env:");
        let toml = format!("mapping = {{ id = \"x\" }}\n{toml}");
        assert!(complaint(kind, &toml).contains("mapping.id"), "{kind}");
        assert!(complaint(kind, "api = 1").contains("table"), "{kind}");
    }
    assert!(complaint("hmac", "api = {}").contains("unknown field"));
}

#[test]
fn refusals_are_classified_alike() {
    let cases = [
        (401, "{}", Reason::CredentialsRefused),
        (429, "{}", Reason::Throttled),
        (503, "<html>", Reason::ServerError),
        (301, "", Reason::Redirected),
        (400, "{\"message\":\"no\"}", Reason::Misconfigured),
        (200, "<html>", Reason::UnexpectedAnswer),
        (200, "null", Reason::UnexpectedAnswer),
        (200, "[]", Reason::UnexpectedAnswer),
        (200, "7", Reason::UnexpectedAnswer),
    ];
    for (kind, toml, entry) in ASKED.iter().copied() {
        let source = source(kind, toml);
        let cursor = beginning(&*source);
        for (status, body, reason) in cases {
            let headers = [("retry-after", "7"), ("location", "https://b.example/")];
            let wire = || {
                let wire = Script::default();
                wire.next(Ok(answer(status, &headers, body)));
                wire
            };
            // A list may be all that is wanted.
            if !(kind == "wordpress" && body == "[]") {
                let failure = since(&*source, Some(&cursor), &wire()).unwrap_err();
                assert_eq!(
                    failure.reason, reason,
                    "{kind} {status} {body}: {failure:?}"
                );
            }
            let failure = look_up(&*source, &named(What::Published, entry), &wire()).unwrap_err();
            assert_eq!(
                failure.reason, reason,
                "{kind} {status} {body}: {failure:?}"
            );
            if status == 429 {
                assert_eq!(failure.retry_after.unwrap().as_secs(), 7);
            }
            if status == 401 {
                let action = failure.reason.suggested_action();
                assert_eq!(action, SuggestedAction::FixCredentials);
            }
        }
    }
}

#[test]
fn what_was_not_answered_is_classified_alike() {
    for (kind, toml, entry) in ASKED.iter().copied() {
        let source = source(kind, toml);
        for (error, reason) in [
            (SendError::TooLarge(9), Reason::UnexpectedAnswer),
            (SendError::NoAnswer("reset".into()), Reason::Unreachable),
            (
                SendError::Refused("?token=TOKEN".into()),
                Reason::AddressRefused,
            ),
        ] {
            let wire = Script::default();
            wire.next(Err(error));
            let failure = look_up(&*source, &named(What::Published, entry), &wire).unwrap_err();
            assert_eq!(failure.reason, reason, "{kind}");
            let hushed = kind != "storyblok" || !failure.message.contains("TOKEN");
            assert!(hushed, "{}", failure.message);
        }
    }
}

/// A 404 proves nothing while nothing else is answered: the address may be wrong.
#[test]
fn nothing_is_removed_on_the_word_of_a_wrong_address() {
    for (kind, toml, entry) in ASKED.iter().copied() {
        let source = source(kind, toml);
        let wire = Script::default();
        for _ in 0..4 {
            wire.next(Ok(answer(404, &[], "<html>")));
        }
        let failure = look_up(&*source, &named(What::Unpublished, entry), &wire).unwrap_err();
        assert_eq!(failure.reason, Reason::Misconfigured, "{kind}: {failure:?}");
    }
}

#[test]
fn ids_do_not_change_the_path() {
    let hostile = [
        "../../secrets",
        "..",
        "a/../../b",
        "..\\..\\b",
        "",
        "/",
        "a?version=draft&x=",
        "a#b",
        "a%2e%2e%2fb",
        "a&token=b",
        "a;b",
        "é'\"\n",
    ];
    for (kind, toml, entry) in ASKED.iter().copied() {
        let source = source(kind, toml);
        let usual = Script::default();
        usual.next(Err(SendError::NotSent("no".into())));
        let _ = look_up(&*source, &named(What::Published, entry), &usual);
        let usual = parts(&usual.requests()[0].url, entry);
        for id in hostile {
            // What stands before the last slash says which list it is in.
            let prefix = entry.rsplit_once('/').map_or("", |(list, _)| list);
            let id = match prefix {
                "" => id.to_owned(),
                list => format!("{list}/{id}"),
            };
            let wire = Script::default();
            wire.next(Err(SendError::NotSent("no".into())));
            assert!(look_up(&*source, &named(What::Published, &id), &wire).is_err());
            for request in wire.requests() {
                assert_eq!(
                    parts(&request.url, &id),
                    usual,
                    "{kind} {id:?}: {}",
                    request.url
                );
            }
        }
    }
}

/// Host, the steps of the path with the id's own as `ID`, and the names in the query.
fn parts(url: &str, id: &str) -> (String, Vec<String>, Vec<String>) {
    let url = url::Url::parse(url).unwrap();
    assert_eq!(url.fragment(), None);
    let id = id.rsplit_once("posts/").map_or(id, |(_, id)| id);
    let id = id.strip_prefix("blog_post/").unwrap_or(id);
    let step = |step: &str| {
        let readable = percent_encoding::percent_decode_str(step).decode_utf8_lossy();
        let is_id = readable == id && !id.is_empty();
        (if is_id { "ID" } else { step }).to_owned()
    };
    let path = url.path_segments().unwrap().map(step).collect();
    let names = url.query_pairs().map(|(name, _)| name.into_owned());
    (url.host_str().unwrap().to_owned(), path, names.collect())
}

#[test]
fn a_file_or_a_term_is_not_looked_up() {
    for (kind, toml, entry) in ASKED.iter().copied() {
        let asset = named(What::Asset, entry);
        let found = look_up(&*source(kind, toml), &asset, &Script::of([]));
        assert_eq!(found.unwrap(), [asset], "{kind}");
    }
}

#[test]
fn a_cursor_that_is_none_is_an_error() {
    for (kind, toml, _) in ASKED.iter().copied() {
        for cursor in ["", "x", "7", "{\"stories\":{}}"] {
            let failure = since(&*source(kind, toml), Some(cursor), &Script::of([]));
            assert_eq!(failure.unwrap_err().reason, Reason::LocalStorage, "{kind}");
        }
    }
}

/// Whatever stands in an answer where something else should: changes, or an error.
#[test]
fn odd_answers_are_no_trouble() {
    let odd = [
        json!(null),
        json!([null, 7, [], {}]),
        json!([{"id": {}, "documentId": [], "_id": 1, "sys": 7, "attributes": []}]),
        json!({"id": "", "sys": {"id": "e1", "updatedAt": i64::MAX}, "fields": {"title": {"en": []}}}),
        json!([{"id": 12, "modified_gmt": "soon", "updated_at": -1, "published_at": u64::MAX}]),
    ];
    let wrapped = [
        "", "data", "items", "story", "stories", "posts", "pages", "results", "result",
    ];
    for (kind, toml, entry) in ASKED.iter().copied() {
        let source = source(kind, toml);
        let cursor = beginning(&*source);
        for (odd, place) in odd.iter().flat_map(|odd| wrapped.map(|place| (odd, place))) {
            let body = match place {
                "" => odd.clone(),
                place => json!({place: odd}),
            };
            let wire = Script::of([(); 4].map(|()| (200, body.clone())));
            let told = look_up(&*source, &named(What::Published, entry), &wire).unwrap_or_default();
            assert!(told.iter().all(|change| change.entry == entry), "{kind}");
            let wire = Script::of([(); 4].map(|()| (200, body.clone())));
            let _ = since(&*source, Some(&cursor), &wire);
        }
    }
}
