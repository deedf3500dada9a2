//! `content` against the real server.

use super::harness::Server;

fn publish(server: &Server, id: &str, locale: &str, text: &str) {
    let front = format!("content_id: {id}\nlocale: {locale}\ntitle: About {id}");
    let text = format!("---\n{front}\n---\n{text}\n");
    std::fs::write(server.path().join("post.md"), text).unwrap();
    server.run(&["publish", "post.md", "--wait"]).with(0);
}

#[test]
fn an_item_tells_what_is_live_and_what_happened() {
    let server = Server::start();
    publish(&server, "a", "en", "One");
    publish(&server, "a", "en", "Two");
    let shown = server.run(&["content", "show", "a"]).with(0).out();
    assert!(
        shown.contains("in sync") && shown.contains("shows 2"),
        "{shown}"
    );
    let versions = shown.lines().filter(|line| line.contains("About a"));
    assert_eq!(versions.count(), 2, "{shown}");
    let json = server.run(&["content", "show", "a", "--json"]).with(0);
    let body = &json.json()["revisions"]["items"][1]["payload"]["body"];
    assert!(body.as_str().unwrap().contains("One"), "{}", json.out());
    let page = server.run(&["content", "revisions", "a", "--limit", "1"]);
    let page = page.with(0);
    assert_eq!(page.out().lines().count(), 1);
    assert!(page.err().contains("There are more: --cursor"));

    let timeline = ["content", "timeline", "a"];
    let all = server.run(&timeline).with(0).out();
    let kinds: Vec<&str> = all
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    let is = |kind: &str| kinds.iter().filter(|known| **known == kind).count();
    assert_eq!((is("publish_request"), is("publish_succeeded")), (2, 2));
    let last = [&timeline[..], &["--last", "1"]].concat();
    let last = server.run(&last).with(0).out();
    let words = |line: Option<&str>| {
        line.unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(words(last.lines().next()), words(all.lines().last()));
    let job = all
        .split_whitespace()
        .find(|word| word.starts_with("job_"))
        .unwrap();
    let of_job = [&timeline[..], &["--job", job]].concat();
    let of_job = server.run(&of_job).with(0).out();
    let expected: Vec<&str> = all.lines().filter(|line| line.contains(job)).collect();
    assert_eq!(of_job.lines().count(), expected.len(), "{of_job}");
    let exported = server.run(&["export", "--job", job]).with(0).out();
    assert_eq!(exported.lines().count(), expected.len());
    for face in ["show", "revisions", "timeline", "diff"] {
        let unknown = server.run(&["content", face, "unknown"]).with(1);
        assert!(unknown.err().contains("there is no content"), "{face}");
    }
}

#[test]
fn what_changed_is_shown_line_by_line() {
    let server = Server::start();
    publish(&server, "a", "en", "One");
    let diff = ["content", "diff", "a"];
    let alone = server.run(&diff).with(1);
    assert!(alone.err().contains("no two versions"), "{}", alone.err());
    publish(&server, "a", "en", "Two \u{1b}[2J");
    publish(&server, "a", "en", "Three");
    let newest = server.run(&diff).with(0).out();
    assert!(newest.contains("\n-Two") && newest.contains("\n+Three"));
    // Words of a producer do not drive the terminal.
    assert!(!newest.contains('\u{1b}'), "{newest}");
    let named = [&diff[..], &["1", "3", "--json"]].concat();
    let named = server.run(&named).with(0).json();
    let changes = serde_json::json!([
        { "kind": "removed", "text": "One" },
        { "kind": "added", "text": "Three" },
    ]);
    assert_eq!(named["changes"], changes, "{named}");
    let same = server.run(&[&diff[..], &["2", "2"]].concat()).with(0);
    assert!(same.err().contains("read the same"), "{}", same.err());
    server.run(&[&diff[..], &["9"]].concat()).with(1);

    publish(&server, "a", "de", "Eins");
    publish(&server, "a", "de", "Zwei");
    let several = server.run(&diff).with(2);
    assert!(several.err().contains("--locale"), "{}", several.err());
    let german = server.run(&[&diff[..], &["--locale", "de"]].concat());
    assert!(german.with(0).out().contains("\n+Zwei"));
    let gone =
        r#"{"request_id": "gone", "content_id": "a", "locale": "de", "action": "unpublish"}"#;
    std::fs::write(server.path().join("gone.json"), gone).unwrap();
    server.run(&["publish", "gone.json", "--wait"]).with(0);
    let removal = [&diff[..], &["2", "3", "--locale", "de"]].concat();
    let removal = server.run(&removal).with(1);
    assert!(removal.err().contains("is a removal"), "{}", removal.err());
}
