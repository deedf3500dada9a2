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
