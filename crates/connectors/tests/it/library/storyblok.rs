//! Storyblok.

use super::*;

const API: &str = "api = { token = \"env:TOKEN\" }";

fn story(id: u64, published: &str) -> Value {
    json!({
        "id": id, "name": "N", "slug": "hello", "full_slug": "blog/hello", "tag_list": ["x"],
        "published_at": published, "first_published_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-02-01T00:00:00.000Z",
        "content": {"_uid": "u", "component": "post", "title": "T", "price": 3},
    })
}

#[test]
fn a_story_is_looked_up() {
    let wire = Script::of([(
        200,
        json!({"story": story(7, "2026-01-01T00:00:00.000Z"), "cv": 1}),
    )]);
    let found = look_up(
        &*source("storyblok", API),
        &named(What::Published, "7"),
        &wire,
    )
    .unwrap();
    assert_eq!(
        wire.asked(),
        ["api.storyblok.com/v2/cdn/stories/7?version=published&token=TOKEN"]
    );
    let [change] = &*found else {
        panic!("{found:?}")
    };
    assert_eq!((change.what, &*change.entry), (What::Published, "7"));
    assert_eq!(change.locales, Locales::Unsaid);
    assert_eq!(
        change.version,
        time("2026-02-01T00:00:00Z"),
        "the later time"
    );
    let payload = serde_json::to_value(&change.payload).unwrap();
    let expected = json!({
        "title": "T", "slug": "hello", "body": "", "body_format": "html", "tags": ["x"],
        "published_at": "2026-01-01T00:00:00Z", "fields": {"content_type": "post", "name": "N", "price": 3},
    });
    assert_eq!(payload, expected);
}

#[test]
fn a_story_that_is_not_there_is_removed() {
    let source = source("storyblok", API);
    for (told, what) in [
        (What::Published, What::Unpublished),
        (What::Unpublished, What::Unpublished),
        (What::Deleted, What::Deleted),
    ] {
        let wire = Script::of([
            (404, json!(["This record could not be found"])),
            (200, json!({"stories": []})),
        ]);
        let named = Change {
            locales: Locales::All,
            version: time("2026-01-01T00:00:00Z"),
            ..named(told, "7")
        };
        let found = look_up(&*source, &named, &wire).unwrap();
        let expected = Change {
            what,
            version: None,
            ..named
        };
        assert_eq!(found, [expected]);
        assert_eq!(wire.asked().len(), 2);
    }
}

#[test]
fn another_story_is_not_taken_for_it() {
    let wire = Script::of([(200, json!({"story": story(8, "2026-01-01T00:00:00.000Z")}))]);
    let found = look_up(
        &*source("storyblok", API),
        &named(What::Published, "hello"),
        &wire,
    );
    assert_eq!(found.unwrap_err().reason, Reason::UnexpectedAnswer);
}

#[test]
fn what_was_published_since_is_found() {
    let source = source("storyblok", API);
    let cursor = beginning(&*source);
    let stories = [
        story(1, "2026-03-01T11:50:00.000Z"),
        story(2, "2026-03-01T11:56:00.000Z"),
    ];
    let wire = Script::of([(200, json!({"stories": stories}))]);
    let found = since(&*source, Some(&cursor), &wire).unwrap();
    let asked = "api.storyblok.com/v2/cdn/stories?version=published&sort_by=published_at:asc\
        &published_at_gt=2026-03-01 11:54&per_page=50&page=1&token=TOKEN";
    assert_eq!(wire.asked(), [asked]);
    assert_eq!((entries(&found.changes), found.more), (vec!["2"], false));
}

/// A hundred and twenty stories, sixty of them at one time across the edge of a page.
#[test]
fn stories_of_one_time_are_not_lost_at_the_edge_of_a_page() {
    let times = |number: u64| match number {
        0..40 => format!("2026-02-01T10:{number:02}:00.000Z"),
        40..100 => "2026-02-01T11:00:00.000Z".to_owned(),
        _ => format!("2026-02-01T12:{:02}:00.000Z", number - 100),
    };
    let all: Vec<Value> = (0..120)
        .map(|number| story(number, &times(number)))
        .collect();
    let source = source("storyblok", API);
    let from = cursor_at(&*source, "2026-02-01T00:00:00Z");
    let (found, cursor) = walk(&*source, from, 20, &Answering(&all));
    let seen: std::collections::BTreeSet<String> =
        found.into_iter().map(|change| change.entry).collect();
    assert_eq!(seen.len(), 120);
    let wire = Answering(&all);
    let library = source.library().unwrap();
    let again = library.since(Some(&cursor), &wire);
    let again = again.now_or_never().unwrap().unwrap();
    assert_eq!(
        (again.changes.len(), again.more),
        (0, false),
        "it has caught up"
    );
}

/// Lists as Storyblok does.
struct Answering<'a>(&'a [Value]);

impl Wire for Answering<'_> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        let url = url::Url::parse(&request.url).unwrap();
        let asked = |name| {
            url.query_pairs()
                .find(|(known, _)| known == name)
                .unwrap()
                .1
        };
        let after = at(&format!(
            "{}:00Z",
            asked("published_at_gt").replace(' ', "T")
        ));
        let size: usize = asked("per_page").parse().unwrap();
        let page: usize = asked("page").parse().unwrap();
        let newer = |story: &&Value| at(story["published_at"].as_str().unwrap()) > after;
        let stories = self
            .0
            .iter()
            .filter(newer)
            .skip(size * (page - 1))
            .take(size);
        let body = json!({"stories": stories.collect::<Vec<_>>()});
        Box::pin(std::future::ready(Ok(answer(200, &[], &body.to_string()))))
    }

    fn now(&self) -> Timestamp {
        at(NOW)
    }
}

#[test]
fn a_list_in_another_order_is_not_taken() {
    let source = source("storyblok", API);
    let stories = [
        story(1, "2026-03-01T11:59:00.000Z"),
        story(2, "2026-03-01T11:56:00.000Z"),
    ];
    let wire = Script::of([(200, json!({"stories": stories}))]);
    let failure = since(&*source, Some(&beginning(&*source)), &wire).unwrap_err();
    assert_eq!(failure.reason, Reason::UnexpectedAnswer);
    assert!(failure.message.contains("order"), "{}", failure.message);
}

#[test]
fn the_token_is_never_shown() {
    let source = source("storyblok", API);
    let said = json!({"error": "?token=TOKEN is wrong"}).to_string();
    for (status, header) in [
        (401, ""),
        (301, "https://a.example/?token=TOKEN"),
        (503, ""),
    ] {
        let wire = Script::default();
        let body = if header.is_empty() { said.as_str() } else { "" };
        wire.next(Ok(answer(status, &[("location", header)], body)));
        let failure = look_up(&*source, &named(What::Published, "7"), &wire).unwrap_err();
        assert!(!failure.message.contains("TOKEN"), "{}", failure.message);
        assert!(failure.message.contains('…'), "{}", failure.message);
    }
}
