//! Which headers of what comes in are kept.
//!
//! Ensures that no header is kept whose name gives a secret away, and that what a producer sends cannot fill the
//! disk. What says only how a request was carried is left out: it is the same in all of them, or the request itself
//! has it.

/// What the names of headers contain whose values are secrets.
const SECRET_NAMES: [&str; 9] = [
    "api-key",
    "apikey",
    "assertion",
    "authorization",
    "cookie",
    "jwt",
    "password",
    "secret",
    "token",
];

/// Headers of a request that say how it was carried, and those that the publish has: its key, and who sent it.
const CARRIERS: [&str; 12] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "idempotency-key",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Bytes of names and values that are kept of one request: many times what proxies and tracing add.
const MOST_BYTES: usize = 4 * 1024;

/// Stands for a value that is not kept.
const HIDDEN: &str = "[hidden]";

/// Names, in lower case, and values.
pub type Headers = Vec<(String, String)>;

/// Whether a header's name, in lower case, says that it holds a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// A header's value as it is kept.
pub(crate) fn kept_value<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret(name) { HIDDEN } else { value }
}

/// What is kept of a request's headers, whose names are in lower case.
pub fn kept<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Headers {
    let says_something = |(name, _): &(&str, &str)| !CARRIERS.contains(name);
    let mut room = MOST_BYTES;
    headers
        .into_iter()
        .filter(says_something)
        .map(|(name, value)| (name, kept_value(name, value)))
        .map_while(|(name, value)| {
            room = room.checked_sub(name.len() + value.len())?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_who_and_whence_is_kept_and_no_secret() {
        let came = [
            ("host", "slugline.example"),
            ("authorization", "Bearer s3cret"),
            ("x-forwarded-access-token", "s3cret"),
            ("cf-access-jwt-assertion", "s3cret"),
            ("user-agent", "newsroom/4"),
            ("traceparent", "00-1-2-01"),
            ("content-length", "12"),
        ];
        let kept = kept(came);
        let names: Vec<&str> = kept.iter().map(|(name, _)| &**name).collect();
        let expected = [
            "x-forwarded-access-token",
            "cf-access-jwt-assertion",
            "user-agent",
            "traceparent",
        ];
        assert_eq!(names, expected);
        assert!(kept.iter().all(|(_, value)| value != "s3cret"), "{kept:?}");
    }

    #[test]
    fn there_is_an_end_to_it() {
        let long = "x".repeat(MOST_BYTES - 2);
        let kept = kept([("a", "1"), ("b", &*long), ("c", "3")]);
        assert_eq!(kept, [("a".to_owned(), "1".to_owned())]);
    }
}
