//! `init`: what it writes is right as it is.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use slugline_connectors::registry;

use super::harness::{Ended, run, slugline};
use super::tls::{authority, pair};

/// Runs `init` without questions; what it says remains to be done.
fn init(folder: &Path, flags: &[&str]) -> Value {
    let all = [&["init", "--no-input", "--json", "--force"], flags].concat();
    run(folder, &all).with(0).json()
}

/// What the vendor would have given, where it is not for us to choose.
fn given(name: &str) -> String {
    match name {
        "SLUGLINE_DATABASE_URL" => "postgres://slugline:word@db.internal/slugline".into(),
        "STANDARD_WEBHOOKS_HOOK_SECRET" => "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz".into(),
        _ => "0123456789abcdef".repeat(4),
    }
}

/// `check` with the variables set that `init` has named; none of the secrets made is in the file.
fn check(folder: &Path, next: &Value) -> Value {
    let text = std::fs::read_to_string(folder.join("slugline.toml")).unwrap();
    let mut command = slugline(folder, &["check", "--json"]);
    for variable in next["environment"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        assert!(text.contains(&format!("env:{name}")), "{name}\n{text}");
        let made = variable["value"].as_str().map(str::to_owned);
        assert!(
            made.as_ref()
                .is_none_or(|value| value.len() >= 64 && !text.contains(value))
        );
        command.env(name, made.unwrap_or_else(|| given(name)));
    }
    Ended(command.output().unwrap()).with(0).json()
}

#[test]
fn for_every_type_that_is_built_it_passes_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let mut destinations: Vec<String> = vec!["--destination=folder=./it's \"here\" \\ now".into()];
    for kind in registry::types().filter(|kind| *kind != "folder") {
        destinations.push(format!("--destination={kind}=http://127.0.0.1:1/{kind}"));
        destinations.push(format!("--destination={kind}=https://www.example.com"));
    }
    let all: Vec<&str> = destinations.iter().map(String::as_str).collect();
    for kind in registry::source_types() {
        let source = format!("--source={kind}");
        let flags = [&all[..], &[&source, "--from=both"]].concat();
        let next = init(folder.path(), &flags);
        let checked = check(folder.path(), &next);
        assert_eq!(checked["destinations"].as_array().unwrap().len(), all.len());
        assert_eq!(checked["sources"][0]["type"], kind);
        assert_eq!(checked["sources"][0]["url"], next["webhooks"][0]["url"]);
        let text = std::fs::read_to_string(folder.path().join("slugline.toml")).unwrap();
        let both_ways = registry::types().any(|built| built == kind);
        assert_eq!(text.contains("\n# same_as = ["), both_ways, "{kind}");
    }
}

#[test]
fn stores_and_ways_in_pass_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority();
    let server = pair("slugline.example.com", &authority);
    std::fs::write(folder.path().join("server.pem"), &server.certificate).unwrap();
    std::fs::write(folder.path().join("server.key"), &server.key).unwrap();
    let url = "--public-url=https://slugline.example.com";
    let proxy = [
        "--reach=proxy",
        url,
        "--store=postgres",
        "--volume=100000000",
    ];
    let tls = [
        "--reach=tls",
        url,
        "--certificate=server.pem",
        "--key=server.key",
    ];
    for flags in [&proxy, &tls] {
        let next = init(
            folder.path(),
            &[flags, &["--source=ghost=blog"][..]].concat(),
        );
        assert_eq!(
            next["webhooks"][0]["url"],
            "https://slugline.example.com/hooks/blog"
        );
        let checked = check(folder.path(), &next);
        assert_eq!(checked["tls"].is_null(), flags == &proxy, "{checked}");
    }
}

#[test]
fn questions_and_flags_write_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut asked = slugline(folder.path(), &["init"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let answers = "both\nghst\nghost, strapi=news\nwordpress, folder\nnowhere\nhttps://blog.example.com\neditor\n./out\n20000\n\n\n";
    asked
        .stdin
        .take()
        .unwrap()
        .write_all(answers.as_bytes())
        .unwrap();
    let asked = Ended(asked.wait_with_output().unwrap()).with(0);
    assert!(
        asked.err().contains("\"ghst\" is no type"),
        "{}",
        asked.err()
    );
    for said in [
        "export SLUGLINE_TOKEN=slt_",
        "export GHOST_HOOK_SECRET=",
        "export WORDPRESS_PASSWORD='...'",
        "http://127.0.0.1:8420/hooks/news   section Strapi",
        "slugline check --online",
        "slugline serve",
    ] {
        assert!(asked.out().contains(said), "{said}\n{}", asked.out());
    }
    let file = folder.path().join("slugline.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let flags = [
        "--from=both",
        "--source=ghost",
        "--source=strapi=news",
        "--destination=wordpress=https://blog.example.com",
        "--destination=folder=./out",
        "--username=editor",
        "--volume=20000",
    ];
    init(folder.path(), &flags);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn nothing_is_written_over_and_nothing_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slugline.toml");
    std::fs::write(&file, "# mine").unwrap();
    let ended = run(folder.path(), &["init", "--no-input"]).with(2);
    assert!(ended.err().contains("--force"), "{}", ended.err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "# mine");
    for (flags, text) in [
        (&["--from=cms"][..], "--source is missing"),
        (
            &["--destination=wordpress"],
            "--destination wordpress=WHERE is missing",
        ),
        (
            &["--source=ghost", "--source=ghost"],
            "two of the name \"ghost\"",
        ),
        (&["--source=gost"], "is no type"),
        (&["--reach=proxy"], "--public-url is missing"),
    ] {
        let all = [&["init", "--no-input", "--config=other.toml"], flags].concat();
        let ended = run(folder.path(), &all).with(2);
        assert!(ended.err().contains(text), "{}", ended.err());
    }
    assert!(!folder.path().join("other.toml").exists());
    let next = init(folder.path(), &[]);
    check(folder.path(), &next);
}
