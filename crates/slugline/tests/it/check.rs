//! `check` and `verify-log`.

use std::path::Path;

use super::harness::{CONFIGURATION, Ended, Server, run};
use super::stub;

fn check(configuration: &str, arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("slugline.toml"), configuration).unwrap();
    run(folder.path(), &[&["check"], arguments].concat())
}

#[test]
fn a_right_configuration_ends_with_0() {
    let ended = check(CONFIGURATION, &["--json"]).with(0);
    assert_eq!(ended.json()["destinations"][0]["name"], "site");
}

#[test]
fn a_wrong_one_ends_with_2_and_names_each_line() {
    let wrong = CONFIGURATION
        .replace("role = \"admin\"", "role = \"king\"")
        .replace("type = \"folder\"", "type = \"floder\"");
    let ended = check(&wrong, &[]).with(2);
    assert!(
        ended.err().contains("slugline.toml:8:") && ended.err().contains("slugline.toml:12:"),
        "{}",
        ended.err()
    );
}

#[test]
fn a_file_that_is_not_there_ends_with_2() {
    let ended = run(
        Path::new("/"),
        &["check", "--config", "/nowhere/slugline.toml"],
    )
    .with(2);
    assert!(
        ended.err().contains("/nowhere/slugline.toml"),
        "{}",
        ended.err()
    );
}

#[test]
fn online_asks_each_destination() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let blog = format!(
        "\n[[destination]]\nname = \"blog\"\ntype = \"wordpress\"\nurl = \"http://{nobody}\"\nusername = \"u\"\npassword = \"env:SLUGLINE_TOKEN\"\n"
    );
    let allowed = CONFIGURATION.replace(
        "[[token]]",
        "allow_private_networks = [\"127.0.0.1\"]\n[[token]]",
    );
    let unreachable = check(&format!("{allowed}{blog}"), &["--online", "--json"])
        .with(1)
        .json();
    assert_eq!(
        (
            &unreachable["destinations"][0]["ok"],
            &unreachable["destinations"][1]["ok"]
        ),
        (&true.into(), &false.into())
    );
    let refused = check(&format!("{CONFIGURATION}{blog}"), &["--online"]).with(1);
    assert!(
        refused.out().contains("allow_private_networks"),
        "{}",
        refused.out()
    );
}

#[test]
fn the_log_of_a_running_server_is_whole() {
    let server = Server::start();
    std::fs::write(server.path().join("a.md"), "# A\n").unwrap();
    server.run(&["publish", "a.md", "--wait"]).with(0);
    let ended = run(server.path(), &["verify-log", "--json"]).with(0);
    assert!(ended.json()["entries"].as_u64().unwrap() > 0);
    run(server.path(), &["verify-log", "--data", "nowhere"]).with(2);
}

#[test]
fn it_says_what_to_paste_at_the_sender_and_never_the_secret() {
    let source = |secret: &str| {
        format!(
            "\n[[source]]\nname = \"cms\"\ntype = \"strapi\"\nsecrets = [\"file:{secret}\"]\ntoken_in_path = true\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let secret = "0123456789abcdefghijklmnop";
    std::fs::write(folder.path().join("token"), secret).unwrap();
    std::fs::write(folder.path().join("short"), "a/b").unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("slugline.toml"), text).unwrap();
    let public =
        CONFIGURATION.replace("[server]", "[server]\npublic_url = \"https://cms.example\"");

    write(&(public.clone() + &source("token")));
    let shown = run(folder.path(), &["check"]).with(0).out();
    assert!(
        shown.contains("https://cms.example/hooks/cms/[file:token]"),
        "{shown}"
    );
    assert!(
        shown.contains("signs nothing") && !shown.contains(secret),
        "{shown}"
    );
    let json = run(folder.path(), &["check", "--json"]).with(0).json();
    assert_eq!(json["sources"][0]["signs"], false);

    // One that can sign, on a plan where it does not.
    write(&(public.clone() + &source("token").replace("strapi", "storyblok")));
    let json = run(folder.path(), &["check", "--json"]).with(0).json();
    assert_eq!(json["sources"][0]["signs"], false);

    // Its webhooks name an entry and no more: two removals of one entry have the same bytes.
    let api = "api = { token = \"file:token\" }\n";
    let storyblok = source("token")
        .replace("strapi", "storyblok")
        .replace("token_in_path = true\n", "");
    for (text, is_said) in [(storyblok.clone(), true), (storyblok + api, false)] {
        write(&(public.clone() + &text));
        let shown = run(folder.path(), &["check"]).with(0).out();
        assert_eq!(shown.contains("without api"), is_said, "{shown}");
    }

    write(&(public + &source("short")));
    let ended = run(folder.path(), &["check"]).with(2);
    assert!(
        ended.err().contains("file:short: a secret in a URL"),
        "{}",
        ended.err()
    );
}

/// Ghost answers, turns the key away, and is not there.
#[test]
fn online_asks_each_source_that_can_be_asked() {
    const EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 21\r\n\r\n{\"posts\":[],\"meta\":1}";
    const EMPTY_PAGES: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 21\r\n\r\n{\"pages\":[],\"meta\":1}";
    const DENIED: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let asked = |url: &str| {
        let folder = tempfile::tempdir().unwrap();
        let source = format!(
            "\n[[source]]\nname = \"cms\"\ntype = \"ghost\"\nsecrets = [\"file:secret\"]\napi = {{ url = \"{url}\", key = \"file:key\" }}\n\n[[source]]\nname = \"shop\"\ntype = \"hmac\"\nsecrets = [\"file:secret\"]\n"
        );
        let allowed = CONFIGURATION.replace(
            "[[token]]",
            "allow_private_networks = [\"127.0.0.1\"]\n[[token]]",
        );
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        write("slugline.toml", &(allowed + &source));
        write("secret", "s3cret");
        write("key", "6489a:00ff00ff");
        let shown = run(folder.path(), &["check", "--online"]);
        assert!(!shown.out().contains("00ff00ff"), "{}", shown.out());
        shown
    };
    let (url, requests) = stub::answering(vec![EMPTY, EMPTY_PAGES]);
    let shown = asked(&url).with(0).out();
    assert!(shown.contains("api answers"), "{shown}");
    let request = requests.recv().unwrap();
    assert!(request.starts_with("GET /ghost/api/admin/"), "{request}");

    let (url, _requests) = stub::answering(vec![DENIED; 4]);
    let shown = asked(&url).with(1).out();
    assert!(
        shown.contains("fails") && shown.contains("mend the credentials"),
        "{shown}"
    );

    let shown = asked("http://127.0.0.1:1").with(1).out();
    assert!(shown.contains("answers from here"), "{shown}");
}

/// A body may be the same as one that came before, and mean something new.
#[test]
fn it_says_where_what_is_told_may_read_like_what_was() {
    for (more, is_said) in [
        ("", true),
        (
            "signature = { header = \"X-S\", signed = \"{timestamp}.{body}\", timestamp_header = \"X-T\" }\n",
            true,
        ),
        (
            "signature = { header = \"X-S\", signed = \"{id}.{body}\", id_header = \"X-I\" }\n",
            false,
        ),
        ("mapping = { version = \"rev\" }\n", false),
    ] {
        let source =
            "\n[[source]]\nname = \"shop\"\ntype = \"hmac\"\nsecrets = [\"env:SLUGLINE_TOKEN\"]\n";
        let shown = check(&format!("{CONFIGURATION}{source}{more}"), &[]);
        let shown = shown.with(0).out();
        assert_eq!(
            shown.contains("is taken for a repeat"),
            is_said,
            "{more}: {shown}"
        );
    }
}

/// It is warned of by the one source that tells ids only, as long as nobody can be asked.
#[test]
fn it_says_where_removals_tell_no_time() {
    let source =
        "\n[[source]]\nname = \"wf\"\ntype = \"webflow\"\nsecrets = [\"env:SLUGLINE_TOKEN\"]\n";
    let api = "api = { token = \"env:SLUGLINE_TOKEN\", collections = [\"c\"] }\n";
    for (more, is_said) in [("", true), (api, false)] {
        let shown = check(&format!("{CONFIGURATION}{source}{more}"), &[]);
        let shown = shown.with(0).out();
        let said = shown.contains("its removals tell no time");
        assert_eq!(said, is_said, "{more}: {shown}");
    }
}

/// A poll finds what a sender told while nobody listened.
#[test]
fn it_says_what_is_lost_only_where_it_is() {
    let api = "api = { token = \"env:SLUGLINE_TOKEN\" }\n";
    for (more, said) in [
        (String::new(), Some("with api it is asked for")),
        (format!("{api}poll = \"off\"\n"), Some("as poll is off")),
        (api.to_owned(), None),
    ] {
        let source = "\n[[source]]\nname = \"sb\"\ntype = \"storyblok\"\nsecrets = [\"env:SLUGLINE_TOKEN\"]\n";
        let shown = check(&format!("{CONFIGURATION}{source}{more}"), &[]);
        let shown = shown.with(0).out();
        assert_eq!(shown.contains("is lost"), said.is_some(), "{more}: {shown}");
        assert!(
            said.is_none_or(|said| shown.contains(said)),
            "{more}: {shown}"
        );
    }
}
