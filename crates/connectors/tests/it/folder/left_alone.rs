//! What is not ours, and what cannot be a file.

use slugline_core::connector::Work;
use slugline_core::item::Action;
use slugline_core::reason::Reason;

use super::{PAGE, document, fails, pages, port, put, shows, site};
use crate::port::end;
use crate::samples::post;

#[test]
fn a_file_of_somebody_else_is_never_touched() {
    let unreadable = "---\n: : :\n---\n";
    for theirs in [
        "# mine",
        "---\ntitle: mine\n---\n",
        unreadable,
        "---\nslugline: yes\n---\n",
    ] {
        let port = port();
        put(&port, PAGE, theirs);
        let failure = fails(&post("hello"), &port);
        assert_eq!(failure.reason, Reason::SlugTakenAtDestination);
        assert!(failure.message.contains(PAGE), "{}", failure.message);
        let removal = Work {
            action: Action::Delete,
            ..post("hello")
        };
        shows(&removal, &port);
        end(site().tidy(&removal, &port)).unwrap();
        assert_eq!(port.world().files[PAGE], theirs);
    }
}

#[test]
fn a_file_of_another_item_is_foreign_too() {
    let (work, port) = (post("hello"), port());
    shows(&work, &port);
    let mut other = post("hello");
    other.item.environment = "staging".into();
    assert!(fails(&other, &port).message.contains("post-42"));
    assert_eq!(
        document(&port, PAGE).front["slugline"]["environment"],
        "production"
    );
}

#[test]
fn tidy_removes_a_twin_that_no_effect_knows() {
    let (work, port) = (post("hello"), port());
    shows(&work, &port);
    let ours = String::from_utf8(port.world().files[PAGE].to_vec()).unwrap();
    put(&port, "content/posts/twin.md", &ours);
    put(&port, "content/posts/theirs.md", "# mine");
    end(site().tidy(&work, &port)).unwrap();
    assert_eq!(pages(&port), [PAGE, "content/posts/theirs.md"]);
    port.world().files.remove(PAGE);
    put(&port, "content/posts/twin.md", &ours);
    end(site().tidy(&work, &port)).unwrap();
    assert!(
        pages(&port).contains(&"content/posts/twin.md".to_owned()),
        "the only copy stays"
    );
}

#[test]
fn names_that_are_no_file_names_are_refused_with_their_field() {
    let refused = |work: &Work| site().check(work).unwrap_err();
    for slug in ["../etc", "a/b", ".hidden", "index", ""] {
        assert_eq!(refused(&post(slug)).fields, ["payload.slug"]);
    }
    let mut typed = post("hello");
    typed
        .payload
        .fields
        .insert("content_type".into(), "..".into());
    assert_eq!(refused(&typed).fields, ["payload.fields.content_type"]);
    let mut pictured = post("hello");
    pictured.media[0].filename = "../../x.png".into();
    assert_eq!(refused(&pictured).reason, Reason::MediaInvalid);
}

#[test]
fn a_probe_counts_and_writes_nothing() {
    let port = port();
    shows(&post("hello"), &port);
    let before = port.world().files.clone();
    let said = end(site().probe(&port)).unwrap();
    assert!(said.contains(": 1;"), "{said}");
    assert_eq!(port.world().files, before);
}
