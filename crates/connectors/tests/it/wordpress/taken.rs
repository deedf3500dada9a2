//! Slugs that somebody else has, and what is removed and what never is.

use slugline_core::connector::Work;
use slugline_core::decide::Decision;
use slugline_core::http::Request;
use slugline_core::item::Action;
use slugline_core::reason::Reason;

use super::steps::{article, runs, stage};
use super::{Blog, blog};
use crate::contract::stage::{Stage, StagePort};
use crate::port::end;

fn slugs(stage: &Stage<Blog>) -> Vec<(bool, String, String)> {
    let entries = stage.vendor.0.entries().into_iter();
    entries
        .map(|entry| (entry.by_person, entry.status, entry.slug))
        .collect()
}

fn theirs() -> (bool, String, String) {
    (true, "publish".into(), "hello".into())
}

fn our_draft() -> (bool, String, String) {
    (false, "draft".into(), "sl-derived".into())
}

#[test]
fn a_slug_of_somebody_else_is_seen_before_anything_is_written() {
    let mut stage = stage();
    stage.vendor.0.write_as_person("hello", "mine", stage.now);
    let failure = runs(blog("").as_ref(), &article(), &mut stage).unwrap_err();
    assert_eq!(failure.reason, Reason::SlugTakenAtDestination);
    assert!(failure.message.contains("\"mine\""), "{}", failure.message);
    assert_eq!(slugs(&stage), [theirs()]);
    let removal = Work {
        action: Action::Delete,
        ..article()
    };
    runs(blog("").as_ref(), &removal, &mut stage).unwrap();
    assert_eq!(slugs(&stage), [theirs()]);
}

#[test]
fn a_slug_that_is_taken_between_two_requests_is_given_back() {
    let mut stage = stage();
    stage.vendor.0.write_as_person("hello", "mine", stage.now);
    let failure = {
        let port = StagePort::new(&mut stage, 0);
        end(blog("").act(&article(), &Decision::Create, &port)).unwrap_err()
    };
    assert_eq!(failure.reason, Reason::SlugTakenAtDestination);
    let published = |request: &Request| String::from_utf8_lossy(&request.body).contains("publish");
    assert!(!stage.sent.iter().any(published), "it was never public");
    assert_eq!(slugs(&stage), [theirs(), our_draft()]);
}

#[test]
fn a_slug_that_two_got_at_once_stays_with_the_other() {
    let mut stage = stage();
    runs(blog("").as_ref(), &article(), &mut stage).unwrap();
    stage.vendor.0.race_as_person("hello", "mine", stage.now);
    let failure = runs(blog("").as_ref(), &article(), &mut stage).unwrap_err();
    assert_eq!(failure.reason, Reason::SlugTakenAtDestination);
    assert_eq!(slugs(&stage), [our_draft(), theirs()]);
}

#[test]
fn a_dead_job_takes_its_draft_with_it_unless_it_was_shown() {
    for was_shown in [true, false] {
        let mut stage = stage();
        stage.vendor.0.write_as_person("hello", "mine", stage.now);
        let connector = blog("");
        let work = Work {
            was_shown,
            ..article()
        };
        {
            let port = StagePort::new(&mut stage, 0);
            assert!(end(connector.act(&work, &Decision::Create, &port)).is_err());
            end(connector.undo(&work, &port)).unwrap();
        }
        assert_eq!(slugs(&stage).len(), 1 + usize::from(was_shown));
        assert!(slugs(&stage).contains(&theirs()));
    }
}

#[test]
fn tidying_removes_forgotten_drafts_and_nothing_else() {
    let mut stage = stage();
    let connector = blog("");
    runs(connector.as_ref(), &article(), &mut stage).unwrap();
    let remembered = std::mem::take(&mut stage.effects);
    let other = Work {
        action: Action::Draft,
        ..article()
    };
    runs(connector.as_ref(), &other, &mut stage).unwrap();
    stage.effects = remembered;
    stage
        .vendor
        .0
        .write_as_person("sl-derived-notes", "mine", stage.now);
    assert_eq!(slugs(&stage).len(), 3);
    end(connector.tidy(&article(), &StagePort::new(&mut stage, 0))).unwrap();
    let ours = (false, "publish".to_owned(), "hello".to_owned());
    let notes = (true, "publish".to_owned(), "sl-derived-notes".to_owned());
    assert_eq!(slugs(&stage), [ours, notes]);
}
