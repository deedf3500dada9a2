//! `backup`, `restore` and `migrate`: data that go elsewhere.

use super::harness::{Server, run};
use slugline_parts::postgres;

/// A server that has published two posts, stopped.
fn stopped() -> tempfile::TempDir {
    let mut server = Server::start();
    for name in ["one", "two"] {
        let text = format!("---\ntitle: {name}\n---\nText\n");
        std::fs::write(server.path().join(format!("{name}.md")), text).unwrap();
    }
    server
        .run(&["publish", "one.md", "two.md", "--wait"])
        .with(0);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    std::mem::replace(&mut server.folder, tempfile::tempdir().unwrap())
}

#[test]
fn an_installation_moves_to_postgresql_and_goes_on() {
    let (folder, database) = (stopped(), postgres::database().unwrap());
    let migrate = [
        "migrate",
        "--from",
        "slugline-data",
        "--database-url",
        &database.url,
    ];
    let moved = run(folder.path(), &[&migrate[..], &["--json"]].concat())
        .with(0)
        .json();
    assert_eq!(
        (&moved["rows"]["publish"], &moved["rows"]["job"]),
        (&2.into(), &2.into())
    );
    assert_eq!(moved["log"]["faults"], serde_json::json!([]));
    let again = run(folder.path(), &migrate).with(2);
    assert!(
        again.err().contains("moved to PostgreSQL"),
        "{}",
        again.err()
    );
    let refused = run(folder.path(), &["serve"]).with(2);
    assert!(
        refused.err().contains("--database-url"),
        "{}",
        refused.err()
    );

    let server = Server::start_with(folder, &["--database-url", &database.url]);
    let repeated = server.run(&["publish", "one.md", "--json"]).with(0).json();
    assert_eq!(repeated["items"][0]["answer"]["status"], "duplicate");
    let text = "---\ntitle: one\n---\nNew text\n";
    std::fs::write(server.path().join("one.md"), text).unwrap();
    server.run(&["publish", "one.md", "--wait"]).with(0);
    let page = std::fs::read_to_string(server.path().join("site/content/posts/one.md")).unwrap();
    assert!(page.contains("New text"), "{page}");
    server
        .run(&["verify-log", "--database-url", &database.url])
        .with(0);
}

#[test]
fn a_database_that_holds_something_is_not_moved_into() {
    let (folder, database) = (stopped(), postgres::database().unwrap());
    run(folder.path(), &["migrate", "--database-url", &database.url]).with(0);
    database
        .sql("INSERT INTO token VALUES ('x', 'h', 'viewer', 'default', '[]', 0)")
        .unwrap();
    let migrate = [
        "migrate",
        "--from",
        "slugline-data",
        "--database-url",
        &database.url,
    ];
    let refused = run(folder.path(), &migrate).with(2);
    assert!(
        refused.err().contains("nothing was moved"),
        "{}",
        refused.err()
    );
    assert_eq!(database.sql("SELECT count(*) FROM publish").unwrap(), "0\n");
    let server = Server::start_in(folder);
    server.run(&["status", "one"]).with(0);
}

#[test]
fn a_running_server_is_not_moved_and_can_be_backed_up() {
    let server = Server::start_in(stopped());
    let database = postgres::database().unwrap();
    let migrate = [
        "migrate",
        "--from",
        "slugline-data",
        "--database-url",
        &database.url,
    ];
    let refused = server.run(&migrate).with(2);
    assert!(refused.err().contains("in use"), "{}", refused.err());
    let copied = server.run(&["backup", "copy", "--json"]).with(0).json();
    assert_eq!(copied["log"]["faults"], serde_json::json!([]));
    server.run(&["verify-log", "--data", "copy"]).with(0);
    server.run(&["backup", "copy"]).with(2);
    server.run(&["restore", "copy"]).with(2);
    server.run(&["restore", "copy", "--data", "back"]).with(0);
    server.run(&["verify-log", "--data", "back"]).with(0);
}

#[test]
fn a_migration_that_names_no_database_says_how() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &["migrate"]).with(2);
    assert!(
        refused.err().contains("--database-url"),
        "{}",
        refused.err()
    );
}
