//! Sources as they are configured: what is refused, and signatures that are described.

use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, HMAC_SHA512, Key, sign};
use slugline_core::secret::Secret;
use slugline_core::time::Timestamp;
use slugline_core::webhook::{Flaw, Incoming, Part, Verified, Window};

use crate::samples::source;

const SECRET: &str = "s3cret";
const NOW: i64 = 1_767_225_600;

/// The piece of the configuration that the error points at, and what it says.
fn complaint(kind: &str, toml: &str) -> (String, String) {
    let Err(error) = source(kind, toml) else {
        panic!("{toml} was accepted");
    };
    (toml[error.span].to_owned(), error.message)
}

fn verify(toml: &str, headers: &[(&str, &str)], body: &str) -> Result<Verified, Flaw> {
    let incoming = Incoming::new(
        "POST",
        "https://a.example/hooks/x?y=1",
        headers.iter().copied(),
        body.to_owned(),
    );
    let window = Window {
        now: Timestamp(NOW * 1_000_000),
        tolerance: Duration::from_secs(300),
    };
    source("hmac", toml)
        .unwrap()
        .verify(&incoming, &[Secret::new(SECRET)], window)
}

fn sha256(message: &str) -> Vec<u8> {
    sign(
        &Key::new(HMAC_SHA256, SECRET.as_bytes()),
        message.as_bytes(),
    )
    .as_ref()
    .to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const FULL: &str = r#"signature = { header = "X-Sig", encoding = "base64url", prefix = "v0=", signed = "{id}:{timestamp}:{method}:{path}:{body}", timestamp_header = "X-Time", timestamp_unit = "milliseconds", id_header = "X-Id" }"#;

#[test]
fn every_part_of_a_template_counts() {
    let (time, body) = (format!("{NOW}000"), "{\"a\":1}");
    let message = format!("m1:{time}:POST:/hooks/x?y=1:{body}");
    let signature = format!("v0={}", BASE64_URL_SAFE_NO_PAD.encode(sha256(&message)));
    let with = |time: &str, id: &str, body: &str| {
        verify(
            FULL,
            &[("X-Sig", &signature), ("X-Time", time), ("X-Id", id)],
            body,
        )
    };
    let verified = with(&time, "m1", body).unwrap();
    assert_eq!(verified.delivery_id.as_deref(), Some("m1"));
    assert_eq!(verified.signed_at, Some(Timestamp(NOW * 1_000_000)));
    for wrong in [
        with(&time, "m2", body),
        with(&time, "m1", "{}"),
        with(&format!("{NOW}001"), "m1", body),
    ] {
        assert_eq!(wrong.unwrap_err().part, Part::Signature);
    }
    assert_eq!(with("soon", "m1", body).unwrap_err().part, Part::Header);
    let bare = verify(
        FULL,
        &[
            ("X-Sig", &signature[3..]),
            ("X-Time", &time),
            ("X-Id", "m1"),
        ],
        body,
    );
    assert!(bare.unwrap_err().detail.contains("v0="));
    let old = format!("{}000", NOW - 301);
    let signature =
        BASE64_URL_SAFE_NO_PAD.encode(sha256(&format!("m1:{old}:POST:/hooks/x?y=1:{body}")));
    let late = verify(
        FULL,
        &[
            ("X-Sig", &format!("v0={signature}")),
            ("X-Time", &old),
            ("X-Id", "m1"),
        ],
        body,
    );
    assert_eq!(late.unwrap_err().part, Part::Timestamp);
}

/// As Stripe does: the event's own name is in what is signed.
#[test]
fn a_delivery_is_named_in_the_body_where_the_template_says_so() {
    const NAMED: &str = r#"signature = { header = "X-Sig", id_path = "event.id" }"#;
    let judge = |body: &str| verify(NAMED, &[("X-Sig", &hex(&sha256(body)))], body);
    for (body, name) in [
        (r#"{"event":{"id":"evt_1"}}"#, "evt_1"),
        (r#"{"event":{"id":17}}"#, "17"),
    ] {
        assert_eq!(judge(body).unwrap().delivery_id.as_deref(), Some(name));
    }
    for body in ["{}", "[]", "no JSON", r#"{"event":{"id":""}}"#] {
        assert_eq!(judge(body).unwrap_err().part, Part::Body, "{body}");
    }
    let forged = verify(NAMED, &[("X-Sig", &hex(&sha256("{}")))], "no JSON");
    assert_eq!(forged.unwrap_err().part, Part::Signature);
}

#[test]
fn algorithms_encodings_and_places() {
    let sha1 = sign(
        &Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET.as_bytes()),
        b"{}",
    );
    let sha512 = sign(&Key::new(HMAC_SHA512, SECRET.as_bytes()), b"{}");
    let time = NOW.to_string();
    for (toml, signature) in [
        (r#"header = "X-Sig""#, hex(&sha256("{}"))),
        (
            r#"header = "X-Sig", encoding = "base64""#,
            BASE64_STANDARD.encode(sha256("{}")),
        ),
        (
            r#"header = "X-Sig", algorithm = "sha1", prefix = "sha1=""#,
            format!("sha1={}", hex(sha1.as_ref())),
        ),
        (
            r#"header = "X-Sig", algorithm = "sha512""#,
            hex(sha512.as_ref()),
        ),
        (
            r#"header = "X-Sig", signed = "{body}{timestamp}", timestamp_header = "X-Time""#,
            hex(&sha256(&format!("{{}}{time}"))),
        ),
        (
            r#"header = "X-Sig", signed = "v0:{timestamp}:{body}", timestamp_header = "X-Time""#,
            hex(&sha256(&format!("v0:{time}:{{}}"))),
        ),
        (
            r#"header = "X-Sig", signed = "{method}{path}{body}""#,
            hex(&sha256("POST/hooks/x?y=1{}")),
        ),
    ] {
        let verified = verify(
            &format!("signature = {{ {toml} }}"),
            &[("x-sig", &signature), ("x-time", &time)],
            "{}",
        );
        let verified = verified.unwrap_or_else(|flaw| panic!("{toml}: {flaw}"));
        assert_eq!(
            verified.signed_at.is_some(),
            toml.contains("timestamp_header")
        );
        assert_eq!(verified.delivery_id, None);
    }
}

/// Digits at the end of a body could be those of the time behind it.
#[test]
fn a_body_that_touches_another_part_must_show_its_ends() {
    let toml = r#"signature = { header = "X-Sig", signed = "{body}{timestamp}", timestamp_header = "X-Time" }"#;
    let signature = hex(&sha256(&format!("7{NOW}")));
    let time = NOW.to_string();
    let flaw = verify(toml, &[("X-Sig", &signature), ("X-Time", &time)], "7").unwrap_err();
    assert_eq!(flaw.part, Part::Body);
}

#[test]
fn what_cannot_be_a_signature_is_refused_at_its_place() {
    for (keys, place, says) in [
        (
            r#"header = "X-Sig", signed = "{timestamp}.", timestamp_header = "T""#,
            "\"{timestamp}.\"",
            "{body}",
        ),
        (
            r#"header = "X-Sig", signed = "{timestamp}.{body}""#,
            "\"{timestamp}.{body}\"",
            "timestamp_header",
        ),
        (
            r#"header = "X-Sig", signed = "{body}", timestamp_header = "T""#,
            "\"{body}\"",
            "{timestamp}",
        ),
        (
            r#"header = "X-Sig", signed = "{id}.{body}""#,
            "\"{id}.{body}\"",
            "id_header",
        ),
        (
            r#"header = "X-Sig", signed = "{body}", id_header = "I""#,
            "\"{body}\"",
            "{id}",
        ),
        (
            r#"header = "X-Sig", signed = "{id}{body}", id_header = "I""#,
            "\"{id}{body}\"",
            "nothing between",
        ),
        (
            r#"header = "X-Sig", signed = "{id}.{body}", id_header = "I", id_path = "id""#,
            "\"id\"",
            "id_header",
        ),
        (
            r#"header = "X-Sig", signed = "{body}{body}""#,
            "\"{body}{body}\"",
            "once",
        ),
        (
            r#"header = "X-Sig", signed = "{url}{body}""#,
            "\"{url}{body}\"",
            "{path}",
        ),
        (
            r#"header = "X-Sig", signed = "{body""#,
            "\"{body\"",
            "without its }",
        ),
        (r#"header = "X Sig""#, "\"X Sig\"", "header name"),
        (
            r#"header = "X-Sig", algorithm = "md5""#,
            "\"md5\"",
            "sha256",
        ),
    ] {
        let (found, why) = complaint("hmac", &format!("signature = {{ {keys} }}"));
        assert_eq!(found, place, "{why}");
        assert!(why.contains(says), "{keys}: {why}");
    }
    let whole = complaint("hmac", "signature = { header = \"X\", id_header = \"I\" }");
    assert!(whole.0.contains("id_header") && whole.1.contains("{id}"));
}

#[test]
fn a_source_is_checked_before_anything_comes() {
    assert!(complaint("wordpres", "").1.contains("webflow, wordpress"));
    assert_eq!(complaint("ghost", "mapping = { titel = \"x\" }").0, "titel");
    assert_eq!(
        complaint("ghost", "mapping = { title = \"a..b\" }").0,
        "\"a..b\""
    );
    assert_eq!(complaint("strapi", "legacy = true").0, "legacy");
    assert_eq!(complaint("ghost", "signature = {}").0, "signature");
    for (kind, toml, place) in [
        ("storyblok", "token_in_path = 1", "1"),
        ("ghost", "legacy = true\ntoken_in_path = true", "true"),
        (
            "hmac",
            "signature = { header = \"X\" }\ntoken_in_path = true",
            "true",
        ),
    ] {
        let (found, why) = complaint(kind, toml);
        assert_eq!(found, place, "{why}");
        assert!(why.contains("token_in_path"), "{why}");
    }
    assert!(
        complaint("ghost", "mapping = { events = { x = \"gone\" } }")
            .1
            .contains("unpublished")
    );
}

#[test]
fn ghost_before_it_signed_the_time() {
    let body = "{}";
    let signature = format!("sha256={}, t={NOW}000", hex(&sha256(body)));
    let incoming = Incoming::new("POST", "/", [("X-Ghost-Signature", signature)], body);
    let window = Window {
        now: Timestamp(NOW * 1_000_000),
        tolerance: Duration::from_secs(300),
    };
    let verdict = |toml| {
        source("ghost", toml)
            .unwrap()
            .verify(&incoming, &[Secret::new(SECRET)], window)
    };
    assert!(verdict("legacy = true").is_ok());
    assert_eq!(verdict("").unwrap_err().part, Part::Signature);
}
