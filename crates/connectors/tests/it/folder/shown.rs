//! What is written, moved and taken away.

use serde_json::json;
use slugline_core::connector::{Verification, Work};
use slugline_core::decide::Observed;
use slugline_core::item::Action;
use slugline_core::markdown::Document;
use slugline_core::payload::BodyFormat;

use super::{PAGE, document, next, pages, port, put, shows, site};
use crate::port::end;
use crate::samples::{PICTURE, post};

#[test]
fn a_post_is_a_file_with_front_matter_and_its_media() {
    let (work, port) = (post("hello"), port());
    shows(&work, &port);
    let picture = format!("{}-hero.png", &work.media[0].sha256[..12]);
    let Document { front, body } = document(&port, PAGE);
    assert_eq!(body, format!("# Hi\n\n![a](/media/{picture}) ---\n"));
    assert_eq!(front["title"], "Hello: \"world\"");
    assert_eq!(
        (&front["slug"], &front["date"]),
        (&json!("hello"), &json!("2026-11-21T09:30:00Z"))
    );
    assert_eq!(
        (&front["tags"], &front["weight"]),
        (&json!(["a", "b: c"]), &json!(5))
    );
    assert_eq!(
        front["draft"], false,
        "a field of the producer's does not decide what is public"
    );
    assert_eq!(front["images"], json!([format!("/media/{picture}")]));
    assert_eq!(
        (&front["image"], &front["image_alt"]),
        (&front["images"][0], &json!("A hero"))
    );
    assert_eq!(front["slugline"]["content_id"], "post-42");
    assert_eq!(
        port.world().files[&format!("static/media/{picture}")],
        PICTURE
    );
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    let (work, port) = (post("hello"), port());
    shows(&work, &port);
    let before = port.world().files.clone();
    let observed = end(site().observe(&work, &port)).unwrap();
    assert!(
        matches!(observed, Observed::Ours { matches: true, .. }),
        "{observed:?}"
    );
    shows(&work, &port);
    assert_eq!(port.world().files, before);
}

#[test]
fn a_page_in_another_format_or_locale_has_its_own_place() {
    let port = port();
    let mut page = post("about");
    page.payload
        .fields
        .insert("content_type".into(), "page".into());
    page.payload.body_format = BodyFormat::Html;
    page.item.locale = "fr".into();
    shows(&page, &port);
    assert_eq!(pages(&port), ["content/about.fr.html"]);
}

#[test]
fn a_new_slug_moves_the_file_and_keeps_its_date() {
    let port = port();
    shows(&post("hello"), &port);
    let moved = next(&post("goodbye"));
    shows(&moved, &port);
    assert_eq!(pages(&port), ["content/posts/goodbye.md"]);
    let front = document(&port, "content/posts/goodbye.md").front;
    assert_eq!(
        (&front["date"], &front["lastmod"]),
        (
            &json!("2026-11-21T09:30:00Z"),
            &json!("2026-11-21T10:30:00Z")
        )
    );
}

#[test]
fn a_removal_takes_the_file_wherever_it_lies() {
    for action in [Action::Unpublish, Action::Delete] {
        let port = port();
        shows(&post("hello"), &port);
        let removal = Work {
            action,
            slug: String::new(),
            ..next(&post("hello"))
        };
        shows(&removal, &port);
        assert!(pages(&port).is_empty());
        shows(&removal, &port);
    }
}

#[test]
fn a_draft_is_not_public_and_has_no_date_to_keep() {
    let (draft, port) = (
        Work {
            action: Action::Draft,
            ..post("hello")
        },
        port(),
    );
    shows(&draft, &port);
    assert_eq!(document(&port, PAGE).front["draft"], true);
    shows(&next(&post("hello")), &port);
    let front = document(&port, PAGE).front;
    assert_eq!(
        (&front["draft"], &front["date"]),
        (&json!(false), &json!("2026-11-21T10:30:00Z"))
    );
}

#[test]
fn what_was_changed_at_the_site_is_seen_and_named() {
    let (work, port) = (post("hello"), port());
    shows(&work, &port);
    let changed = String::from_utf8(port.world().files[PAGE].to_vec())
        .unwrap()
        .replace("# Hi", "# Ho");
    put(&port, PAGE, &changed);
    port.world()
        .files
        .retain(|path, _| !path.starts_with("static/"));
    let Ok(Verification::Differs(found)) = end(site().verify(&work, &port)) else {
        panic!("matched")
    };
    let fields: Vec<&str> = found.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["body", "payload.media[0]"]);
    shows(&work, &port);
}

#[test]
fn the_first_name_of_a_medium_stays() {
    let port = port();
    shows(&post("hello"), &port);
    let mut other = post("other");
    other.item.content_id = "post-43".into();
    other.media[0].filename = "again.png".into();
    // Effects of an item are its own: the port of another item's run does not see `entry`.
    port.world()
        .effects
        .retain(|key, _| key.to_string() != "entry");
    shows(&other, &port);
    let media = port
        .world()
        .files
        .keys()
        .filter(|path| path.starts_with("static/"))
        .count();
    assert_eq!(media, 1);
    let path = port
        .world()
        .files
        .keys()
        .find(|path| path.starts_with("static/"))
        .unwrap()
        .clone();
    end(site().discard_media(&path, &port)).unwrap();
    assert!(!port.world().files.contains_key(&path));
}
