//! `dead-letters` and `rollback` against the real server.

use super::harness::{CONFIGURATION, Server};

fn write(server: &Server, name: &str, text: &str) {
    let text = format!("---\ncontent_id: {name}\ntitle: {name}\n---\n{text}\n");
    std::fs::write(server.path().join(format!("{name}.md")), text).unwrap();
}

fn shown(server: &Server, name: &str) -> String {
    let file = format!("site/content/posts/{name}.md");
    std::fs::read_to_string(server.path().join(file)).unwrap()
}

#[test]
fn a_dead_letter_is_found_mended_and_retried() {
    let server = Server::start();
    let taken = server.path().join("site/content/posts/a.md");
    std::fs::create_dir_all(taken.parent().unwrap()).unwrap();
    std::fs::write(&taken, "somebody else's").unwrap();
    write(&server, "a", "Text");
    server.run(&["publish", "a.md", "--wait"]).with(1);
    let list = server.run(&["dead-letters", "list"]).with(0).out();
    assert!(list.contains("slug_taken_at_destination"), "{list}");
    let found = server
        .run(&["dead-letters", "list", "--json"])
        .with(0)
        .json();
    let job = found["items"][0]["job_id"].as_str().unwrap().to_owned();
    let shown_one = server.run(&["dead-letters", "show", &job]).with(0).out();
    assert!(
        shown_one.contains("1 attempt") && shown_one.contains("reason: slug_taken_at_destination"),
        "{shown_one}"
    );
    let advice = format!("slugline dead-letters edit {job} payload.json");
    assert!(shown_one.contains(&advice), "{shown_one}");
    let only = [
        "dead-letters",
        "retry",
        "--all",
        "--reason",
        "throttled",
        "--yes",
    ];
    assert!(server.run(&only).with(0).err().contains("Nothing matches"));
    let dry = server
        .run(&["dead-letters", "retry", "--all", "--dry-run"])
        .with(0);
    assert!(dry.out().contains(&job) && dry.err().contains("1 would be touched"));
    let dry = ["dead-letters", "retry", "--all", "--dry-run", "--json"];
    let dry = server.run(&dry).with(0).json();
    assert_eq!(dry["items"][0]["job_id"], *job);
    let told = ["dead-letters", "escalate", "--all", "--yes"];
    let told = server.run(&told).with(0).out();
    assert!(told.contains("on the record, stays failed"), "{told}");
    server
        .run(&["dead-letters", "retry", "--all", "--no-input"])
        .with(2);
    std::fs::remove_file(&taken).unwrap();
    let retried = server.run(&[
        "dead-letters",
        "retry",
        "--all",
        "--yes",
        "--note",
        "moved it away",
    ]);
    assert!(retried.with(0).out().contains(&job));
    server.run(&["publish", "a.md", "--wait"]).with(0);
    assert!(shown(&server, "a").contains("Text"));
    let refused = server.run(&["dead-letters", "skip", &job]).with(1);
    assert!(refused.out().contains("it is live"), "{}", refused.out());
}

#[test]
fn single_jobs_are_taken_back_and_talked_about() {
    let server = Server::start();
    let text = "---\ncontent_id: a\ntitle: a\npublish_at: 2100-01-01T00:00:00Z\n---\nText\n";
    std::fs::write(server.path().join("a.md"), text).unwrap();
    let found = server.run(&["publish", "a.md", "--json"]).with(0).json();
    let job = job_of(&found).expect("it has a job").to_owned();
    let said = server.run(&["job", "note", &job, "legal looks at it"]);
    assert_eq!(said.with(0).out().trim(), "noted");
    server.run(&["note", "a", "waits for legal"]).with(0);
    server.run(&["note", "unknown", "nobody"]).with(1);
    let shown = server.run(&["job", "show", &job]).with(0).out();
    assert!(shown.contains("pending"), "{shown}");
    let held = server.run(&["job", "pause", &job, "--note", "not yet"]);
    assert!(held.with(1).out().contains("it is pending"));
    let back = server.run(&["job", "cancel", &job]).with(0).out();
    assert!(back.contains("cancelled"), "{back}");
    let late = server.run(&["job", "cancel", &job, "job_zzzzzzzz"]).with(1);
    assert!(late.out().contains("not done"), "{}", late.out());
}

/// The first job id in what a command says.
fn job_of(said: &serde_json::Value) -> Option<&str> {
    match said {
        serde_json::Value::Object(members) => match members.get("job_id") {
            Some(id) => id.as_str(),
            None => members.values().find_map(job_of),
        },
        serde_json::Value::Array(items) => items.iter().find_map(job_of),
        _ => None,
    }
}

#[test]
fn a_bad_version_is_rolled_back() {
    let server = Server::start();
    write(&server, "a", "Good");
    server.run(&["publish", "a.md", "--wait"]).with(0);
    server.run(&["rollback", "a"]).with(1);
    write(&server, "a", "Bad");
    server.run(&["publish", "a.md", "--wait"]).with(0);
    assert!(shown(&server, "a").contains("Bad"));
    let plan = server.run(&["rollback", "a", "--dry-run"]).with(0).out();
    assert!(plan.contains("generation 2 back to 1 (a)"), "{plan}");
    assert!(shown(&server, "a").contains("Bad"));
    let done = server
        .run(&["rollback", "a", "--json", "--note", "wrong text"])
        .with(0)
        .json();
    let publish = done["items"][0]["publish_id"].as_str().unwrap().to_owned();
    server.until_ended(&publish);
    assert!(shown(&server, "a").contains("Good"));
    server.run(&["rollback", "a", "--to", "9"]).with(1);
    server.run(&["rollback", "unknown"]).with(1);
}

#[test]
fn what_was_unpublished_is_erased_down_to_the_bytes() {
    let server = Server::start();
    write(&server, "bio", "Zanzibarquetzal was born in May.");
    server.run(&["publish", "bio.md", "--wait"]).with(0);
    let erase = ["erase", "bio", "--reason", "letter 7", "--yes"];
    let early = server.run(&erase).with(1);
    assert!(early.err().contains("unpublish"), "{}", early.err());
    let gone = r#"{"request_id": "gone", "content_id": "bio", "action": "unpublish"}"#;
    std::fs::write(server.path().join("gone.json"), gone).unwrap();
    server.run(&["publish", "gone.json", "--wait"]).with(0);
    assert!(!server.data_with("Zanzibarquetzal").is_empty());
    server
        .run(&["erase", "bio", "--reason", "letter 7", "--no-input"])
        .with(2);
    let done = server.run(&erase).with(0).out();
    assert!(done.contains("1 bodies, 2 requests"), "{done}");
    assert_eq!(server.data_with("Zanzibarquetzal"), Vec::<String>::new());
    server.run(&["verify-log"]).with(0);
    write(&server, "bio", "A new text.");
    server.run(&["publish", "bio.md", "--wait"]).with(0);
    assert!(shown(&server, "bio").contains("A new text."));
}

/// Publishes an item, then a version of it under a slug that somebody else's page has at the destination.
fn spoil(server: &Server, name: &str) {
    write(server, name, "Good");
    server
        .run(&["publish", &format!("{name}.md"), "--wait"])
        .with(0);
    let taken = format!("site/content/posts/taken-{name}.md");
    std::fs::write(server.path().join(taken), "somebody else's").unwrap();
    let text = format!("---\ncontent_id: {name}\ntitle: {name}\nslug: taken-{name}\n---\nBad\n");
    std::fs::write(server.path().join(format!("{name}.md")), text).unwrap();
    server
        .run(&["publish", &format!("{name}.md"), "--wait"])
        .with(1);
}

#[test]
fn all_dead_letters_that_match_are_reverted() {
    let server = Server::start();
    spoil(&server, "a");
    spoil(&server, "b");
    // What was never live has nothing to go back to, and hinders no other.
    let taken = server.path().join("site/content/posts/new.md");
    std::fs::write(taken, "somebody else's").unwrap();
    write(&server, "new", "Text");
    server.run(&["publish", "new.md", "--wait"]).with(1);

    let all = ["dead-letters", "revert", "--all"];
    let with = |more: &[&str]| server.run(&[&all[..], more].concat());
    let none = with(&["--reason", "throttled", "--yes"]).with(0);
    assert!(none.err().contains("Nothing matches"), "{}", none.err());
    let dry = with(&["--dry-run"]).with(0);
    assert_eq!(dry.out().matches("back to 1").count(), 2, "{}", dry.out());
    assert!(dry.out().contains("left alone"), "{}", dry.out());
    assert!(dry.err().contains("2 would be touched"), "{}", dry.err());
    let asked = with(&["--no-input"]).with(2);
    assert!(asked.err().contains("revert 2"), "{}", asked.err());

    let done = with(&["--content", "a", "--yes", "--json", "--note", "bad slug"]);
    let done = done.with(0).json();
    assert_eq!(done["items"].as_array().unwrap().len(), 1, "{done}");
    assert_eq!(done["items"][0]["generation"], 3, "{done}");
    server.until_ended(done["items"][0]["publish_id"].as_str().unwrap());
    assert!(shown(&server, "a").contains("Good"));
    let rest = with(&["--yes"]).with(1).out();
    assert!(
        rest.contains("on its way") && rest.contains("left alone"),
        "{rest}"
    );
    let never = with(&["--content", "new", "--yes"]).with(1);
    assert!(never.err().contains("None of them can"), "{}", never.err());
    let found = server.run(&["dead-letters", "list", "--json"]).with(0);
    let found = found.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found["items"][0]["content_id"], "new");
}

#[test]
fn an_item_is_reverted_at_each_destination_where_it_failed() {
    let folder = tempfile::tempdir().unwrap();
    let shop =
        "[[destination]]\nname = \"shop\"\ntype = \"folder\"\npath = \"./shop\"\n\n[[route]]";
    let written = CONFIGURATION.replace("[[route]]", shop);
    let written = written.replace("to = [\"site\"]", "to = [\"site\", \"shop\"]");
    std::fs::write(folder.path().join("slugline.toml"), written).unwrap();
    let server = Server::start_in(folder);
    let posts = server.path().join("shop/content/posts");
    std::fs::create_dir_all(&posts).unwrap();
    std::fs::write(posts.join("taken-a.md"), "somebody else's").unwrap();
    spoil(&server, "a");
    let found = server.run(&["dead-letters", "list", "--json"]).with(0);
    let found = found.json();
    let jobs: Vec<&str> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["job_id"].as_str().unwrap())
        .collect();
    assert_eq!(jobs.len(), 2, "{found}");
    let revert = ["dead-letters", "revert", jobs[0], jobs[1]];
    server.run(&[&revert[..], &["--no-input"]].concat()).with(2);
    let done = [&revert[..], &["--yes", "--json"]].concat();
    let done = server.run(&done).with(0).json();
    for one in done["items"].as_array().unwrap() {
        server.until_ended(one["publish_id"].as_str().unwrap());
    }
    let list = server.run(&["dead-letters", "list"]).with(0);
    assert!(list.err().contains("No dead letters"), "{}", list.out());
    assert!(
        std::fs::read_to_string(posts.join("a.md"))
            .unwrap()
            .contains("Good")
    );
    assert!(shown(&server, "a").contains("Good"));
}

impl Server {
    /// The files of the data directory that have these words.
    fn data_with(&self, words: &str) -> Vec<String> {
        let mut folders = vec![self.path().join("slugline-data")];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let bytes = std::fs::read(&path).unwrap();
                if bytes.windows(words.len()).any(|at| at == words.as_bytes()) {
                    found.push(path.display().to_string());
                }
            }
        }
        found
    }

    /// Waits for a publish to end.
    fn until_ended(&self, publish: &str) {
        let ends = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while std::time::Instant::now() < ends {
            let status = self.run(&["status", publish, "--json"]).out();
            if status.contains("\"live\"") && !status.contains("\"delivering\"") {
                return;
            }
        }
        panic!("{publish} has not ended");
    }
}
