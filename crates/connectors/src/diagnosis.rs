//! What may have happened to a webhook whose signature is wrong.
//!
//! Ensures that what is said was tried: changed in that one way, the webhook is genuine. For a person
//! who sets a source up, never for deciding whether to take a webhook.

use slugline_core::secret::Secret;
use slugline_core::webhook::{Flaw, Incoming, Part, Verified};

/// What would make the webhook genuine, if one of the usual mishaps is all that is wrong with it. `judge`: what
/// takes it, or says what is wrong.
pub fn diagnose(
    judge: impl Fn(&Incoming, &Secret) -> Result<Verified, Flaw>,
    incoming: &Incoming,
    secret: &Secret,
) -> Option<&'static str> {
    let is_genuine = |incoming: &Incoming, secret: &Secret| {
        // The time is a matter of its own.
        !matches!(judge(incoming, secret), Err(Flaw { part, .. }) if part != Part::Timestamp)
    };
    let trimmed = Secret::new(secret.expose().trim());
    if trimmed != *secret && is_genuine(incoming, &trimmed) {
        return Some("without the white space around the secret it matches");
    }
    let changed = bodies(incoming)
        .chain(urls(incoming))
        .chain(methods(incoming));
    changed
        .filter(|(_, changed)| changed != incoming)
        .find(|(_, changed)| is_genuine(changed, secret))
        .map(|(mishap, _)| mishap)
}

type Mishap = (&'static str, Incoming);

fn changed(
    mishap: &'static str,
    incoming: &Incoming,
    change: impl FnOnce(&mut Incoming),
) -> Mishap {
    let mut changed = incoming.clone();
    change(&mut changed);
    (mishap, changed)
}

fn bodies(incoming: &Incoming) -> impl Iterator<Item = Mishap> {
    let body = &incoming.body;
    let end = body.len()
        - body
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
    let with =
        |mishap, body: Vec<u8>| changed(mishap, incoming, |changed| changed.body = body.into());
    [
        with(
            "without the white space at the end of the body it matches: something on the way, or the editor that the file was saved with, added it",
            body[..end].to_vec(),
        ),
        with(
            "with a line feed at the end of the body it matches: something on the way took it away",
            [body, &b"\n"[..]].concat(),
        ),
        with(
            "with the white space between the parts of the JSON taken out it matches: the body was written anew on its way; keep the bytes as they come",
            compact(body),
        ),
    ]
    .into_iter()
}

/// JSON without the white space outside its strings.
fn compact(json: &[u8]) -> Vec<u8> {
    let (mut in_string, mut escaped) = (false, false);
    let keep = |byte: &u8| {
        let kept = in_string || !byte.is_ascii_whitespace();
        match byte {
            b'"' if !escaped => in_string = !in_string,
            _ => {}
        }
        escaped = in_string && !escaped && *byte == b'\\';
        kept
    };
    let mut json = json.to_vec();
    json.retain(keep);
    json
}

fn urls(incoming: &Incoming) -> impl Iterator<Item = Mishap> {
    let url = &incoming.url;
    let with = |mishap, url: String| changed(mishap, incoming, |changed| changed.url = url);
    let without_query = url.split('?').next().unwrap_or(url);
    [
        with(
            "with https:// in the URL it matches: a proxy ends TLS; give the URL that the sender calls (public_url)",
            url.replacen("http://", "https://", 1),
        ),
        with(
            "with http:// in the URL it matches: give the URL that the sender calls (public_url)",
            url.replacen("https://", "http://", 1),
        ),
        with(
            "without the query in the URL it matches: something on the way added it",
            without_query.to_owned(),
        ),
        with(
            "without the slash at the end of the URL it matches: something on the way added it",
            url.trim_end_matches('/').to_owned(),
        ),
        with(
            "with a slash at the end of the URL it matches: something on the way took it away",
            format!("{url}/"),
        ),
    ]
    .into_iter()
}

fn methods(incoming: &Incoming) -> impl Iterator<Item = Mishap> {
    let mishap = "as a POST it matches: the method was changed on its way";
    std::iter::once(changed(mishap, incoming, |changed| {
        changed.method = "POST".into()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_outside_strings_goes() {
        let json = b"{ \"a b\" : [ 1,\n2 ], \"c\\\" d\" : \" \\\\\" }";
        assert_eq!(compact(json), b"{\"a b\":[1,2],\"c\\\" d\":\" \\\\\"}");
    }
}
