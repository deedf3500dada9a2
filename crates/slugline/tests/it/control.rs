//! `pause`, `resume`, `pauses` and `export` against the real server, and how `check` explains a pace.

use super::harness::{CONFIGURATION, Server, run};

fn write(server: &Server, name: &str) {
    let text = format!("---\ncontent_id: {name}\ntitle: {name}\n---\nText\n");
    std::fs::write(server.path().join(format!("{name}.md")), text).unwrap();
}

#[test]
fn what_is_paused_waits_across_a_restart_and_goes_on_when_it_is_resumed() {
    let server = Server::start();
    write(&server, "a");
    let paused = server.run(&["pause", "site", "--note", "upgrade"]).with(0);
    assert!(paused.out().contains("site"), "{}", paused.out());
    server.run(&["publish", "a.md", "--json"]).with(0);
    let server = server.start_again();
    let pauses = server.run(&["pauses", "--json"]).with(0).json();
    assert_eq!(pauses["items"][0]["destination"], "site");
    assert_eq!(pauses["items"][0]["note"], "upgrade");
    let status = server.run(&["status", "a"]).with(0).out();
    assert!(status.contains("waits: paused (destination)"), "{status}");
    server.run(&["resume", "site"]).with(0);
    let again = server.run(&["resume", "site", "--json"]).with(0).json();
    assert_eq!(again["resumed"], false);
    server.run(&["publish", "a.md", "--wait"]).with(0);
    assert!(server.path().join("site/content/posts/a.md").exists());
    let log = server.run(&["export", "--content", "a"]).with(0).out();
    let entries: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries[0]["type"], "publish_request");
    assert!(entries.iter().all(|entry| entry["content_id"] == "a"));
    let all = server.run(&["export"]).with(0).out().lines().count();
    assert_eq!(all, entries.len() + 2, "the pause and its end");
    let none = server.run(&["export", "--to", "2020-01-01T00:00:00Z"]);
    assert_eq!(none.with(0).out(), "");
}

#[test]
fn a_content_is_paused_by_itself() {
    let server = Server::start();
    write(&server, "a");
    server.run(&["publish", "a.md", "--wait"]).with(0);
    server.run(&["pause", "--content", "a"]).with(0);
    server.run(&["pause", "--class", "bulk"]).with(0);
    server.run(&["pause", "--content", "unknown"]).with(1);
    server.run(&["pause", "--class", "slow"]).with(2);
    server.run(&["pause"]).with(2);
    server.run(&["pause", "site", "--all"]).with(2);
    let pauses = server.run(&["pauses"]).with(0).out();
    assert_eq!(pauses.lines().count(), 2, "{pauses}");
    server.run(&["resume", "--content", "a"]).with(0);
    server.run(&["resume", "--class", "bulk"]).with(0);
}

#[test]
fn everything_is_paused_only_when_that_was_meant() {
    let server = Server::start();
    let paused = || {
        let pauses = server.run(&["pauses", "--json"]).with(0).json();
        pauses["items"].as_array().unwrap().len()
    };
    let all = ["pause", "--all"];
    let asked = server.run(&all).with(2);
    assert!(
        asked.err().contains("pause everything (site)") && asked.err().contains("--yes"),
        "{}",
        asked.err()
    );
    let dry = server.run(&[&all[..], &["--dry-run"]].concat()).with(0);
    assert!(dry.err().contains("nothing was done"), "{}", dry.err());
    let dry = [&all[..], &["--dry-run", "--json"]].concat();
    let dry = server.run(&dry).with(0).json();
    assert_eq!(dry["destinations"], serde_json::json!(["site"]));
    server.run(&["pause", "site", "--dry-run"]).with(2);
    assert_eq!(paused(), 0);
    server.run(&[&all[..], &["--yes"]].concat()).with(0);
    assert_eq!(paused(), 1);
    server.run(&["resume", "--all", "--no-input"]).with(2);
    assert_eq!(paused(), 1);
    server.run(&["resume", "--all", "--yes"]).with(0);
    assert_eq!(paused(), 0);
}

#[test]
fn a_pace_is_explained_or_refused_with_its_line() {
    let check = |pace: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = "type = \"folder\"";
        assert!(CONFIGURATION.contains(path));
        let written = CONFIGURATION.replace(path, &format!("{path}\n{pace}"));
        std::fs::write(folder.path().join("slugline.toml"), written).unwrap();
        run(folder.path(), &["check"])
    };
    let office = "daily_capacity = 6\ntime_zone = \"Europe/Berlin\"\nwindows = [{ days = [\"mon..fri\"], from = \"09:00\", to = \"17:00\" }]";
    let said = check(office).with(0).out();
    assert!(said.contains("6 a day: one every 4 h"), "{said}");
    assert!(said.contains("09:00 to 17:00 Europe/Berlin"), "{said}");
    for (wrong, expected) in [
        ("daily_capacity = 0", "daily_capacity"),
        (
            "windows = [{ from = \"09:00\", to = \"17:00\" }]",
            "time_zone",
        ),
        (
            "time_zone = \"Berlin\"\nwindows = [{ from = \"09:00\", to = \"17:00\" }]",
            "Berlin",
        ),
    ] {
        let said = check(wrong).with(2).err();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn destinations_say_how_they_are_and_whether_they_let_us_in() {
    let server = Server::start();
    let list = server.run(&["destinations", "list"]).with(0).out();
    assert!(list.starts_with("up ") && list.contains("folder"), "{list}");
    server.run(&["pause", "site", "--note", "upgrade"]).with(0);
    let paused = server.run(&["destinations", "list"]).with(0).out();
    assert!(
        paused.starts_with("paused") && paused.contains("upgrade"),
        "{paused}"
    );
    let shown = server.run(&["destinations", "show", "site"]).with(0).out();
    assert!(shown.contains("can be read back"), "{shown}");
    let json = server.run(&["destinations", "show", "site", "--json"]);
    assert_eq!(json.with(0).json()["paused"]["note"], "upgrade");

    let probe = ["destinations", "probe", "site"];
    server.run(&probe).with(0);
    // What cannot be a folder does not let anybody in.
    std::fs::write(server.path().join("site"), "no folder").unwrap();
    let failed = server.run(&probe).with(1).out();
    assert!(
        failed.starts_with("failed") && failed.contains("reason: "),
        "{failed}"
    );
    let json = [&probe[..], &["--json"]].concat();
    assert_eq!(server.run(&json).with(1).json()["items"][0]["ok"], false);
    for action in ["show", "probe"] {
        let unknown = server.run(&["destinations", action, "nowhere"]).with(1);
        assert!(unknown.err().contains("no destination"));
    }
}
