//! What is sent, in which order, and what is seen after it.

use slugline_connectors::fake::Faults;
use slugline_core::connector::{Connector, Work};
use slugline_core::failure::Failure;
use slugline_core::http::Method;
use slugline_core::item::Action;
use slugline_core::payload::BodyFormat;
use slugline_core::port::EffectKey;
use slugline_core::reason::Reason;

use super::{Blog, SITE, blog};
use crate::contract::dice::Dice;
use crate::contract::stage::{Stage, StagePort};
use crate::contract::{Vendor, one_run};
use crate::port::end;
use crate::samples::{PICTURE, post};

/// A fresh site without faults that holds the sample's picture.
pub(super) fn stage() -> Stage<Blog> {
    let mut stage = Stage::new(Blog::new(), Dice::new(1), Faults::default());
    stage.store(PICTURE);
    stage
}

/// The sample as HTML, with what WordPress has places for.
pub(super) fn article() -> Work {
    let mut work = post("hello");
    work.payload.body = "<p>Text</p>".into();
    work.payload.body_format = BodyFormat::Html;
    work.payload.categories = vec!["R&D".into()];
    work.payload.tags = vec!["a".into(), "A".into()];
    work
}

pub(super) fn runs(
    connector: &dyn Connector,
    work: &Work,
    stage: &mut Stage<Blog>,
) -> Result<(), Failure> {
    one_run(connector, work, &StagePort::new(stage, 0)).map(drop)
}

/// The writes of a run, as method and route.
fn writes(stage: &mut Stage<Blog>) -> Vec<String> {
    let sent = std::mem::take(&mut stage.sent);
    let writes = sent.iter().filter(|request| request.method.writes());
    let route = |url: &str| {
        url.split("/wp/v2/")
            .nth(1)
            .and_then(|rest| rest.split('&').next())
            .unwrap_or(url)
            .to_owned()
    };
    writes
        .map(|request| format!("{} {}", request.method.as_str(), route(&request.url)))
        .collect()
}

fn ours(stage: &Stage<Blog>) -> Vec<(String, String)> {
    let ours = stage
        .vendor
        .0
        .entries()
        .into_iter()
        .filter(|entry| !entry.by_person);
    ours.map(|entry| (entry.status, entry.slug)).collect()
}

fn with_action(action: Action) -> Work {
    Work {
        action,
        ..article()
    }
}

#[test]
fn a_publish_begins_as_a_draft_and_ends_by_id() {
    let mut stage = stage();
    runs(blog("").as_ref(), &article(), &mut stage).unwrap();
    let entry = &stage.vendor.0.entries()[0];
    assert_eq!(
        (
            entry.status.as_str(),
            entry.slug.as_str(),
            entry.title.as_str()
        ),
        ("publish", "hello", "Hello: \"world\"")
    );
    assert_eq!(entry.hero.as_deref(), Some(PICTURE));
    assert_eq!(
        (entry.categories.join(","), entry.tags.join(",")),
        ("R&amp;D".into(), "a".into())
    );
    let id = entry.id;
    let sent = writes(&mut stage);
    let last = format!("POST posts/{id}");
    assert_eq!(
        sent,
        [
            "POST media",
            &format!("POST media/{}", id - 3),
            "POST categories",
            "POST tags",
            "POST posts",
            &last,
            &last
        ]
    );
}

#[test]
fn a_second_run_writes_nothing() {
    let mut stage = stage();
    runs(blog("").as_ref(), &article(), &mut stage).unwrap();
    writes(&mut stage);
    runs(blog("").as_ref(), &article(), &mut stage).unwrap();
    assert_eq!(writes(&mut stage), [""; 0]);
}

#[test]
fn a_create_whose_answer_was_lost_is_found_and_not_repeated() {
    let mut stage = stage();
    runs(blog("").as_ref(), &with_action(Action::Draft), &mut stage).unwrap();
    // As if the run had died before it could remember what it made.
    stage.effects.remove(&(Some(0), EffectKey::Item("entry")));
    runs(blog("").as_ref(), &article(), &mut stage).unwrap();
    assert_eq!(ours(&stage), [("publish".into(), "hello".into())]);
}

#[test]
fn nobody_sees_the_derived_slug() {
    let mut stage = stage();
    let work = article();
    runs(blog("verify = \"permalink\"").as_ref(), &work, &mut stage).unwrap();
    let port = StagePort::new(&mut stage, 0);
    let request =
        |slug: &str| slugline_core::http::Request::new(Method::Get, format!("{SITE}/{slug}/"));
    let status = |slug: &str| {
        end(slugline_core::port::Port::send(&port, request(slug)))
            .unwrap()
            .status
    };
    assert_eq!(status(&work.derived_slug), 404, "not even by a redirect");
    assert_eq!(status(&work.slug), 200);
}

#[test]
fn a_live_post_changes_in_one_request() {
    let mut stage = stage();
    runs(blog("").as_ref(), &article(), &mut stage).unwrap();
    writes(&mut stage);
    let mut work = article();
    work.payload.title = "New".into();
    work.slug = "moved".into();
    runs(blog("").as_ref(), &work, &mut stage).unwrap();
    assert_eq!(writes(&mut stage).len(), 1);
    assert_eq!(ours(&stage), [("publish".into(), "moved".into())]);
}

#[test]
fn an_unpublished_post_frees_its_slug_and_comes_back_as_itself() {
    let mut stage = stage();
    let work = article();
    runs(blog("").as_ref(), &work, &mut stage).unwrap();
    runs(
        blog("verify = \"permalink\"").as_ref(),
        &with_action(Action::Unpublish),
        &mut stage,
    )
    .unwrap();
    assert_eq!(ours(&stage), [("draft".into(), work.derived_slug.clone())]);
    runs(blog("").as_ref(), &work, &mut stage).unwrap();
    assert_eq!(ours(&stage), [("publish".into(), "hello".into())]);
}

#[test]
fn the_trash_gives_back_the_entry_and_force_does_not() {
    for (keys, left, back) in [("", 1, 1), ("delete = \"force\"", 0, 1)] {
        let mut stage = stage();
        let connector = blog(keys);
        runs(connector.as_ref(), &article(), &mut stage).unwrap();
        let first = stage.vendor.0.entries()[0].id;
        runs(connector.as_ref(), &with_action(Action::Delete), &mut stage).unwrap();
        runs(connector.as_ref(), &with_action(Action::Delete), &mut stage).unwrap();
        assert_eq!(stage.vendor.0.entries().len(), left);
        runs(connector.as_ref(), &article(), &mut stage).unwrap();
        assert_eq!(stage.vendor.0.entries().len(), back);
        assert_eq!(ours(&stage), [("publish".into(), "hello".into())]);
        assert_eq!(stage.vendor.0.entries()[0].id == first, left == 1);
    }
}

#[test]
fn a_draft_stays_one_and_a_live_post_does_not_become_one() {
    let mut stage = stage();
    runs(blog("").as_ref(), &with_action(Action::Draft), &mut stage).unwrap();
    assert_eq!(ours(&stage), [("draft".into(), "sl-derived".into())]);
    runs(blog("").as_ref(), &article(), &mut stage).unwrap();
    let failure = runs(blog("").as_ref(), &with_action(Action::Draft), &mut stage).unwrap_err();
    assert_eq!(failure.reason, Reason::UnsupportedContent);
    assert_eq!(ours(&stage), [("publish".into(), "hello".into())]);
}

#[test]
fn links_to_media_lead_to_the_sites_own_copies() {
    let mut stage = stage();
    let work = post("hello");
    runs(blog("").as_ref(), &work, &mut stage).unwrap();
    let content = &stage.vendor.0.entries()[0].content;
    let name = &stage.vendor.0.media_slugs()[0];
    assert!(
        content.contains(&format!(
            "src=\"{SITE}/wp-content/uploads/2026/11/{name}.png\""
        )),
        "{content}"
    );
}

#[test]
fn a_page_is_a_page_and_cannot_become_a_post() {
    let mut stage = stage();
    let mut page = article();
    page.payload
        .fields
        .insert("content_type".into(), "page".into());
    assert_eq!(
        blog("").check(&page).unwrap_err().fields,
        ["payload.categories"]
    );
    page.payload.categories.clear();
    page.payload.tags.clear();
    runs(blog("").as_ref(), &page, &mut stage).unwrap();
    assert_eq!(stage.vendor.0.entries()[0].kind, "page");
    let failure = runs(blog("").as_ref(), &article(), &mut stage).unwrap_err();
    assert_eq!(failure.fields, ["payload.fields.content_type"]);
    page.payload
        .fields
        .insert("content_type".into(), "product".into());
    assert!(blog("").check(&page).is_err());
}

#[test]
fn authors_are_mapped_where_names_are_configured() {
    let mut stage = stage();
    let mut work = article();
    work.payload.author = Some("Ada".into());
    let connector = blog("authors = { Ada = 1 }");
    runs(connector.as_ref(), &work, &mut stage).unwrap();
    assert!(stage.vendor.0.entries()[0].by_person);
    work.payload.author = Some("Bob".into());
    assert_eq!(
        connector.check(&work).unwrap_err().fields,
        ["payload.author"]
    );
    assert!(blog("").check(&work).is_ok());
}

#[test]
fn a_medium_that_somebody_removed_is_uploaded_again() {
    let mut stage = stage();
    runs(blog("").as_ref(), &article(), &mut stage).unwrap();
    stage.vendor.0.lose(2);
    let failure = runs(blog("").as_ref(), &article(), &mut stage).unwrap_err();
    assert_eq!(failure.reason, Reason::VerifyMismatch);
    runs(blog("").as_ref(), &article(), &mut stage).unwrap();
    assert_eq!(stage.vendor.0.entries()[0].hero.as_deref(), Some(PICTURE));
    assert_eq!(stage.vendor.0.media_slugs().len(), 1);
}

#[test]
fn a_half_made_medium_is_finished_and_not_uploaded_again() {
    let mut stage = stage();
    let mut seen = 0;
    for seed in 0..40 {
        stage.dice = Dice::new(seed);
        stage.faults = Faults::parse("half=0.3").unwrap();
        let ended = runs(blog("").as_ref(), &article(), &mut stage);
        seen += usize::from(ended.is_err());
        assert!(stage.vendor.0.media_slugs().len() <= 1, "uploaded again");
    }
    assert!(seen > 5, "faults befell some runs");
    stage.faults = Faults::default();
    runs(blog("").as_ref(), &article(), &mut stage).unwrap();
}

#[test]
fn a_file_type_that_the_site_refuses_is_the_contents_fault() {
    let mut stage = stage();
    let mut work = article();
    work.media[0].filename = "drawing.svg".into();
    let failure = runs(blog("").as_ref(), &work, &mut stage).unwrap_err();
    assert_eq!(failure.reason, Reason::UnsupportedContent);
    assert_eq!(failure.fields, ["payload.media[0]"]);
}

#[test]
fn a_wrong_password_is_never_taken_for_an_empty_site() {
    let mut stage = stage();
    runs(blog("").as_ref(), &article(), &mut stage).unwrap();
    let toml = format!("url = \"{SITE}\"\nusername = \"publisher\"\npassword = \"env:OLD\"");
    let connector = crate::samples::connector("wordpress", &toml);
    let failure = runs(connector.as_ref(), &article(), &mut stage).unwrap_err();
    assert_eq!(failure.reason, Reason::CredentialsRefused);
    let port = StagePort::new(&mut stage, 0);
    assert_eq!(
        end(connector.probe(&port)).unwrap_err().reason,
        Reason::CredentialsRefused
    );
    assert!(
        end(blog("").probe(&port))
            .unwrap()
            .starts_with("publisher (editor)")
    );
}
