//! `reconcile` and `drift`, on a folder that people work in.

use std::fs;
use std::path::Path;

use super::harness::Server;

fn write(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

#[test]
fn what_people_did_is_found_and_only_what_is_missing_comes_back() {
    let server = Server::start();
    for name in ["gone", "altered", "kept"] {
        let text = format!("---\ntitle: {name}\n---\nText of {name}\n");
        let file = format!("posts/{name}.md");
        write(server.path(), &file, &text);
        server.run(&["publish", &file, "--wait"]).with(0);
    }
    let pages = server.path().join("site/content/posts");
    let page = |name: &str| pages.join(format!("{name}.md"));
    fs::remove_file(page("gone")).unwrap();
    let altered = fs::read_to_string(page("altered")).unwrap();
    let altered = altered.replace("Text of altered", "Mended by hand");
    fs::write(page("altered"), &altered).unwrap();
    fs::write(page("mine"), "---\ntitle: Mine\n---\nMine\n").unwrap();

    let dry = ["reconcile", "site", "--dry-run", "--wait", "--json"];
    let found = server.run(&dry).with(0).json()["items"][0].clone();
    let counts = &found["counts"];
    let seen = ["missing", "diverged", "unmanaged", "in_sync", "repaired"];
    let seen = seen.map(|kind| counts[kind].as_u64().unwrap());
    assert_eq!(seen, [1, 1, 1, 1, 0], "{found}");
    assert!(!page("gone").exists());
    let drift = server.run(&["drift"]).with(0).out();
    assert!(
        drift.contains("missing ") && drift.contains("diverged"),
        "{drift}"
    );
    let missing = server
        .run(&["drift", "--kind", "missing", "--json"])
        .with(0);
    assert_eq!(missing.json()["items"].as_array().unwrap().len(), 1);

    let said = server.run(&["reconcile", "site", "--wait"]).with(0).out();
    assert!(said.contains("1 repairs queued"), "{said}");
    // A repeat of the publish waits until its newest job has ended.
    server.run(&["publish", "posts/gone.md", "--wait"]).with(0);
    let none = server.run(&["drift", "--kind", "missing"]).with(0);
    assert!(none.err().contains("Nothing is known"), "{}", none.err());
    assert!(
        fs::read_to_string(page("gone"))
            .unwrap()
            .contains("Text of gone")
    );
    assert_eq!(fs::read_to_string(page("altered")).unwrap(), altered);
    assert!(page("mine").exists());

    // What is there is kept as it is, once somebody says so.
    let diverged = server
        .run(&["drift", "--kind", "diverged", "--json"])
        .with(0);
    let id = diverged.json()["items"][0]["content_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let adopt = ["drift", "adopt", &id];
    let asked = server.run(&[&adopt[..], &["--no-input"]].concat()).with(2);
    assert!(asked.err().contains("--yes"), "{}", asked.err());
    let dry = server.run(&[&adopt[..], &["--dry-run"]].concat()).with(0);
    assert!(dry.out().contains("would adopt"), "{}", dry.out());
    let done = server.run(&[&adopt[..], &["--yes"]].concat()).with(0);
    assert!(done.out().contains("adopted"), "{}", done.out());
    assert_eq!(fs::read_to_string(page("altered")).unwrap(), altered);
    let again = server.run(&[&adopt[..], &["--yes"]].concat()).with(0);
    assert!(again.err().contains("Nothing matches"), "{}", again.err());

    // Changed once more, it is put right.
    fs::write(page("altered"), altered.replace("Mended", "Spoilt")).unwrap();
    server
        .run(&["reconcile", "site", "--dry-run", "--wait"])
        .with(0);
    let repair = ["drift", "repair", &id, "--destination"];
    let elsewhere = server
        .run(&[&repair[..], &["elsewhere", "--yes"]].concat())
        .with(0);
    assert!(
        elsewhere.err().contains("Nothing matches"),
        "{}",
        elsewhere.err()
    );
    let done = server
        .run(&[&repair[..], &["site", "--yes", "--json"]].concat())
        .with(0);
    assert_eq!(
        done.json()["items"][0]["outcome"],
        "queued",
        "{}",
        done.out()
    );
    server
        .run(&["publish", "posts/altered.md", "--wait"])
        .with(0);
    let text = fs::read_to_string(page("altered")).unwrap();
    assert!(text.contains("Text of altered"), "{text}");
    let unknown = server.run(&["reconcile", "nowhere"]).with(1);
    assert!(
        unknown.err().contains("no destination"),
        "{}",
        unknown.err()
    );
}

#[test]
fn what_ran_is_listed_and_what_runs_is_ended() {
    let server = Server::start();
    write(server.path(), "a.md", "---\ntitle: a\n---\nText\n");
    server.run(&["publish", "a.md", "--wait"]).with(0);
    let list = ["reconciliations", "list"];
    let none = server.run(&list).with(0);
    assert!(none.err().contains("No destination was compared yet"));
    server.run(&["reconcile", "site", "--wait"]).with(0);
    // Nothing is asked of what is paused, so the next one stays under way.
    server.run(&["pause", "site"]).with(0);
    let begun = server.run(&["reconcile", "site", "--json"]).with(0).json();
    let id = begun["items"][0]["reconciliation_id"].as_str().unwrap();
    let listed = server.run(&list).with(0).out();
    let states: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(states, ["running", "done"], "{listed}");
    assert!(listed.contains("1 listed: 1 in sync"), "{listed}");
    let elsewhere = [&list[..], &["--destination", "elsewhere", "--json"]].concat();
    let elsewhere = server.run(&elsewhere).with(0).json();
    assert_eq!(elsewhere["items"], serde_json::json!([]));

    let ended = server.run(&["reconciliations", "abort", id]).with(0);
    assert!(ended.out().contains("aborted by"), "{}", ended.out());
    let again = server.run(&["reconciliations", "show", id, "--json"]);
    assert_eq!(again.with(0).json()["state"], "aborted");
    let done = listed
        .lines()
        .last()
        .and_then(|line| line.split_whitespace().nth(1))
        .unwrap();
    let late = server.run(&["reconciliations", "abort", done]).with(0);
    assert!(late.err().contains("had ended before"), "{}", late.err());
    assert!(late.out().contains("done"), "{}", late.out());
    for action in ["show", "abort"] {
        let unknown = server
            .run(&["reconciliations", action, "rec_zzzzzzzz"])
            .with(1);
        assert!(unknown.err().contains("there is no reconciliation"));
    }
}

#[test]
fn drift_of_many_is_dealt_with_in_one_go() {
    let server = Server::start();
    for name in ["a", "b", "c"] {
        let file = format!("{name}.md");
        write(
            server.path(),
            &file,
            &format!("---\ntitle: {name}\n---\nText of {name}\n"),
        );
        server.run(&["publish", &file, "--wait"]).with(0);
    }
    let page = |name: &str| server.path().join(format!("site/content/posts/{name}.md"));
    let text = |name: &str| fs::read_to_string(page(name)).unwrap();
    for name in ["a", "b"] {
        fs::write(page(name), text(name).replace("Text", "By hand")).unwrap();
    }
    fs::remove_file(page("c")).unwrap();
    let look = ["reconcile", "site", "--dry-run", "--wait"];
    server.run(&look).with(0);

    let repair = |more: &[&str]| server.run(&[&["drift", "repair"], more].concat());
    // Everything that drifted anywhere is more than anybody has looked at.
    let bare = repair(&["--all", "--yes"]).with(2);
    assert!(bare.err().contains("--destination"), "{}", bare.err());
    let dry = repair(&["--all", "--destination", "site", "--dry-run"]).with(0);
    assert_eq!(dry.out().matches("would queue").count(), 3, "{}", dry.out());
    assert!(dry.err().contains("3 would be touched"), "{}", dry.err());
    let some = ["--all", "--kind", "diverged"];
    repair(&[&some[..], &["--no-input"]].concat()).with(2);
    let adopt = ["drift", "adopt", "--all", "--kind", "missing", "--yes"];
    let adopt = server.run(&adopt).with(1);
    assert!(adopt.out().contains("nothing there"), "{}", adopt.out());
    assert!(adopt.err().contains("Nothing of it can be done"));

    let done = repair(&[&some[..], &["--yes", "--json"]].concat()).with(0);
    let done = done.json();
    assert_eq!(done["items"].as_array().unwrap().len(), 2, "{done}");
    for name in ["a", "b"] {
        server
            .run(&["publish", &format!("{name}.md"), "--wait"])
            .with(0);
        assert!(text(name).contains("Text of"), "{}", text(name));
    }
    assert!(!page("c").exists());

    fs::write(page("a"), text("a").replace("Text", "By hand")).unwrap();
    fs::write(page("b"), text("b").replace("Text", "By hand")).unwrap();
    server.run(&look).with(0);
    let found = server
        .run(&["drift", "--kind", "diverged", "--json"])
        .with(0)
        .json();
    let found = found["items"].as_array().unwrap().iter();
    let ids: Vec<&str> = found
        .map(|one| one["content_id"].as_str().unwrap())
        .collect();
    let adopt = [&["drift", "adopt", "--yes"], &ids[..]].concat();
    let adopted = server.run(&adopt).with(0).out();
    assert_eq!(adopted.matches("adopted").count(), 2, "{adopted}");
    let left = server.run(&["drift"]).with(0).out();
    assert!(
        left.starts_with("missing") && left.lines().count() == 1,
        "{left}"
    );
}
