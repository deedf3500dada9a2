//! `replay` against the real server: shown first, asked about, and nothing newer is overwritten.

use super::harness::Server;

fn write(server: &Server, name: &str, text: &str) {
    let text = format!("---\ncontent_id: {name}\ntitle: {name}\n---\n{text}\n");
    std::fs::write(server.path().join(format!("{name}.md")), text).unwrap();
}

#[test]
fn what_failed_is_shown_asked_about_and_run_again() {
    let server = Server::start();
    let pages = server.path().join("site/content/posts");
    std::fs::create_dir_all(&pages).unwrap();
    for name in ["a", "b"] {
        std::fs::write(pages.join(format!("{name}.md")), "somebody else's").unwrap();
        write(&server, name, "First");
        server
            .run(&["publish", &format!("{name}.md"), "--wait"])
            .with(1);
        std::fs::remove_file(pages.join(format!("{name}.md"))).unwrap();
    }
    write(&server, "b", "Second");
    server.run(&["publish", "b.md", "--wait"]).with(0);

    let start = ["replay", "start", "--destination", "site"];
    let with = |more: &[&'static str]| [&start[..], more].concat();
    server.run(&["replay", "start"]).with(1);
    let dry = server.run(&with(&["--dry-run"])).with(0);
    let said = dry.out();
    assert!(
        said.contains("1 relevant") && said.contains("1 superseded"),
        "{said}"
    );
    assert!(dry.err().contains("1 would be touched"), "{}", dry.err());
    assert!(!pages.join("a.md").exists());
    let refused = server.run(&with(&["--no-input"])).with(2);
    assert!(refused.err().contains("--yes"), "{}", refused.err());
    let signals = server
        .run(&with(&["--mode", "as_recorded", "--dry-run"]))
        .with(1);
    assert!(
        signals.err().contains("use mode current"),
        "{}",
        signals.err()
    );

    let done = server.run(&with(&["--yes", "--wait", "--rate", "600", "--json"]));
    let done = done.with(0).json();
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["jobs"]["live"], 1, "{done}");
    let read = |name: &str| std::fs::read_to_string(pages.join(format!("{name}.md"))).unwrap();
    assert!(read("a").contains("First"));
    assert!(read("b").contains("Second"), "the newer one stays");

    let id = done["replay_id"].as_str().unwrap();
    let shown = server.run(&["replay", "show", id]).with(0).out();
    assert!(
        shown.contains("3 of 3") && shown.contains("superseded"),
        "{shown}"
    );
    let list = server.run(&["replay", "list"]).with(0).out();
    assert!(list.contains(id) && list.contains("dry run"), "{list}");
    let again = server.run(&with(&["--yes"])).with(0);
    assert!(again.err().contains("Nothing matches"), "{}", again.err());
    let aborted = server.run(&["replay", "abort", id]).with(0).out();
    assert!(aborted.contains("done"), "it had ended: {aborted}");
}
