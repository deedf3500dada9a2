//! The publish requests of the bench: 1 KiB of JSON each, every key, content id and slug random, because random keys are
//! what costs a B-tree and what real producers send.

/// Bytes of a request's body; the size that every figure is stated for.
pub(super) const BODY_BYTES: usize = 1024;

/// What is published, and how.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) destination: &'static str,
    pub(super) class: &'static str,
    /// RFC 3339; the publish waits for it.
    pub(super) publish_at: Option<&'static str>,
}

/// The key of a request: 128 random bits, written as 32 hexadecimal digits.
pub(super) type Key = u128;

/// The body of one request, exactly [`BODY_BYTES`] long.
pub(super) fn body(kind: &Kind, random: &mut fastrand::Rng) -> String {
    let content = random.u128(..);
    let at = kind
        .publish_at
        .map(|at| format!(r#""publish_at":"{at}","#))
        .unwrap_or_default();
    let head = format!(
        r#"{{"content_id":"post-{content:032x}","version":1,"class":"{}","destinations":["{}"],{at}"payload":{{"title":"A post about publishing","slug":"post-{content:032x}","body_format":"html","body":""#,
        kind.class, kind.destination
    );
    const TAIL: &str = r#""}}"#;
    let text = "<p>What is sent twice must land once.</p>".repeat(BODY_BYTES / 32);
    let fits = BODY_BYTES - head.len() - TAIL.len();
    format!("{head}{}{TAIL}", &text[..fits])
}

/// `POST /v1/publish` as bytes on the wire.
pub(super) fn publish(key: Key, body: &str, token: &str) -> Vec<u8> {
    format!(
        "POST /v1/publish HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: {key:032x}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A `GET` as bytes on the wire.
pub(super) fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_of_the_stated_size_and_never_the_same_twice() {
        let kind = Kind {
            destination: "sink",
            class: "standard",
            publish_at: Some("2100-01-01T00:00:00Z"),
        };
        let mut random = fastrand::Rng::with_seed(7);
        let (first, second) = (body(&kind, &mut random), body(&kind, &mut random));
        assert_eq!(first.len(), BODY_BYTES);
        assert_ne!(first, second);
        let parsed: serde_json::Value = serde_json::from_str(&first).unwrap();
        assert_eq!(parsed["payload"]["slug"], parsed["content_id"]);
    }
}
