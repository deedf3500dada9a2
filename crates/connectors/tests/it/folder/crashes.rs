//! A run that dies between any two operations, and the runs after it.

use slugline_core::connector::Work;
use slugline_core::item::Action;
use slugline_core::version::Generation;

use super::{empty_site, shows, site};
use crate::port::{Crash, MemoryPort, World, run};
use crate::samples::post;

/// More operations than any run here has.
const MANY: usize = 50;
const THEIRS: &str = "content/posts/theirs.md";

fn generation(number: i64, slug: &str) -> Work {
    Work {
        generation: Generation(number),
        ..post(slug)
    }
}

/// Lets `first` die at each of its operations in turn, each time on a fresh copy of the world that
/// `before` leaves, then does `last` and looks at the site.
fn at_every_crash(before: &[Work], first: &Work, last: &Work, look: impl Fn(&World)) {
    let mut deaths = 0;
    for nth in 0..MANY {
        for crash in [Crash::Before(nth), Crash::After(nth)] {
            let dying = MemoryPort::new(prepared(before), crash);
            let outcome = run(site().as_ref(), first, &dying);
            if !dying.crashed() {
                assert!(deaths > 2, "the run has fewer operations than it must have");
                return;
            }
            deaths += usize::from(outcome.is_err());
            let port = MemoryPort::new(dying.into_world(), Crash::Never);
            shows(last, &port);
            look(&port.world());
        }
    }
    panic!("a run has more than {MANY} operations");
}

fn prepared(before: &[Work]) -> World {
    let mut world = empty_site();
    world.files.insert(THEIRS.into(), "# mine".into());
    let port = MemoryPort::new(world, Crash::Never);
    for work in before {
        shows(work, &port);
    }
    port.into_world()
}

fn shows_only(world: &World, slug: Option<&str>) {
    let ours = slug.map(|slug| format!("content/posts/{slug}.md"));
    let mut expected: Vec<String> = ours.into_iter().chain([THEIRS.to_owned()]).collect();
    expected.sort();
    let pages: Vec<&String> = world
        .files
        .keys()
        .filter(|path| path.starts_with("content/"))
        .collect();
    assert_eq!(pages, expected.iter().collect::<Vec<_>>());
    assert_eq!(world.files[THEIRS], "# mine");
}

#[test]
fn a_create_ends_as_one_file() {
    let work = generation(1, "hello");
    at_every_crash(&[], &work, &work, |world| shows_only(world, Some("hello")));
}

#[test]
fn a_move_ends_as_one_file_even_when_it_turns_back_or_goes_on() {
    let before = [generation(1, "one")];
    let moving = generation(2, "two");
    for last in ["two", "one", "three"] {
        let work = generation(3, last);
        at_every_crash(&before, &moving, &work, |world| {
            shows_only(world, Some(last))
        });
    }
}

#[test]
fn a_removal_after_any_crash_of_a_move_leaves_nothing() {
    let removal = Work {
        action: Action::Delete,
        slug: String::new(),
        ..generation(3, "")
    };
    let before = [generation(1, "one")];
    at_every_crash(&before, &generation(2, "two"), &removal, |world| {
        shows_only(world, None)
    });
}

#[test]
fn every_media_file_is_one_that_the_orphan_pass_knows() {
    let removal = Work {
        action: Action::Delete,
        ..generation(2, "hello")
    };
    at_every_crash(&[], &generation(1, "hello"), &removal, |world| {
        let media = world
            .files
            .keys()
            .filter(|path| path.starts_with("static/"));
        for path in media {
            assert!(world.effects.values().any(|known| known == path), "{path}");
        }
    });
}
