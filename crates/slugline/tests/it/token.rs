//! `token`.

use super::harness::{CONFIGURATION, Ended, Server, run, slugline};

fn run_as(server: &Server, token: &str, arguments: &[&str]) -> Ended {
    let mut command = slugline(server.path(), arguments);
    Ended(
        command
            .env("SLUGLINE_SERVER", &server.url)
            .env("SLUGLINE_TOKEN", token)
            .output()
            .unwrap(),
    )
}

#[test]
fn a_token_opens_until_it_is_revoked() {
    let server = Server::start();
    let made = server
        .run(&["token", "create", "ci", "--role", "viewer", "--json"])
        .with(0)
        .json();
    let token = made["token"].as_str().unwrap();
    run_as(&server, token, &["status", "nothing"]).with(1);
    run_as(&server, token, &["token", "list"]).with(2);
    let listed = server.run(&["token", "list"]).with(0).out();
    assert!(listed.contains("ci") && !listed.contains(token), "{listed}");
    server
        .run(&["token", "create", "ci", "--role", "viewer"])
        .with(1);
    server.run(&["token", "revoke", "ci"]).with(0);
    run_as(&server, token, &["status", "nothing"]).with(2);
    server.run(&["token", "revoke", "ci"]).with(1);
}

#[test]
fn a_token_made_in_the_data_directory_opens_the_server() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("slugline.toml"), CONFIGURATION).unwrap();
    let made = run(
        folder.path(),
        &[
            "token",
            "create",
            "first",
            "--role",
            "admin",
            "--data",
            "slugline-data",
            "--json",
        ],
    )
    .with(0)
    .json();
    let server = Server::start_in(folder);
    run_as(&server, made["token"].as_str().unwrap(), &["token", "list"]).with(0);
    let busy = server
        .run(&["token", "list", "--data", "slugline-data"])
        .with(2);
    assert!(busy.err().contains("in use"), "{}", busy.err());
}

#[test]
fn a_token_made_in_the_database_opens_a_node() {
    let database = slugline_parts::postgres::database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("slugline.toml"), CONFIGURATION).unwrap();
    let server = Server::start_with(folder, &["--database-url", &database.url]);
    let create = [
        "token", "create", "ops", "--role", "admin", "--owner", "team", "--json",
    ];
    let made = [&create[..], &["--database-url", &database.url]].concat();
    let made = run(server.path(), &made).with(0).json();
    run_as(&server, made["token"].as_str().unwrap(), &["token", "list"]).with(0);
    let refused = server.run(&create).with(2);
    assert!(
        refused.err().contains("--database-url"),
        "{}",
        refused.err()
    );
}

#[test]
fn listing_makes_no_directory() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["token", "list", "--data", "nowhere"]).with(2);
    assert!(!folder.path().join("nowhere").exists());
}
