//! Configuration errors: what they say and where they point.

use crate::samples::build;

/// The piece of the configuration that the error points at, and what it says.
fn complaint(kind: &str, toml: &str) -> (String, String) {
    let Err(error) = build(kind, toml) else {
        panic!("{toml} was accepted");
    };
    (toml[error.span].to_owned(), error.message)
}

#[test]
fn an_unknown_type_names_those_there_are() {
    let Err(error) = build("wordpres", "") else {
        panic!("accepted")
    };
    assert!(
        error.message.contains("folder, webhook"),
        "{}",
        error.message
    );
}

#[test]
fn an_unknown_key_is_an_error_at_its_place() {
    let (place, why) = complaint("folder", "path = \"site\"\ncontent-dir = \"x\"\n");
    assert_eq!(place, "content-dir");
    assert!(why.contains("content_dir"), "{why}");
}

#[test]
fn a_missing_key_is_named() {
    let (_, why) = complaint("webhook", "url = \"http://h/\"\n");
    assert!(why.contains("secrets"), "{why}");
}

#[test]
fn a_directory_cannot_lead_out_of_the_site() {
    for bad in ["../x", "/etc", "a/../../b", "", "a//b", "."] {
        let (place, why) = complaint("folder", &format!("path = \"site\"\nmedia_dir = \"{bad}\""));
        assert_eq!(place, format!("\"{bad}\""));
        assert!(why.contains("below"), "{why}");
    }
}

#[test]
fn a_webhook_is_checked_before_anything_is_sent() {
    let hook = |rest: &str| complaint("webhook", &format!("url = \"http://h/\"\n{rest}"));
    assert_eq!(hook("secrets = []").0, "[]");
    assert_eq!(hook("secrets = [\"plain\"]").0, "\"plain\"");
    assert!(
        hook("secrets = [\"env:a\", \"env:b\", \"env:c\"]")
            .1
            .contains("two")
    );
    assert!(
        hook("secrets = [\"env:whsec_short\"]")
            .1
            .contains("24 to 64")
    );
    assert!(
        hook("secrets = [\"env:a\"]\nheaders = { Host = \"env:x\" }")
            .1
            .contains("host")
    );
    assert!(
        hook("secrets = [\"env:a\"]\nheaders = { x-token = \"env:two\\nlines\" }")
            .1
            .contains("one line")
    );
    assert_eq!(
        complaint("webhook", "url = \"ftp://h/\"\nsecrets = [\"env:a\"]").0,
        "\"ftp://h/\""
    );
    assert!(
        complaint("webhook", "url = \"http://a:b@h/\"\nsecrets = [\"env:a\"]")
            .1
            .contains("credentials")
    );
}
