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
