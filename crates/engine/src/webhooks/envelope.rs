//! How a webhook came, as it is kept.
//!
//! Ensures that what is kept holds none of the source's secrets, wherever the sender puts them, and no
//! other that a header's name gives away. Signatures stay: they prove one body only.

use slugline_core::secret::Secret;
use slugline_core::webhook::Incoming;

use crate::headers;
use crate::store::Envelope;

/// Method, URL and headers; what holds a secret is named instead. `secrets`: references and secrets.
pub(super) fn envelope(incoming: &Incoming, secrets: &[(String, Secret)]) -> Envelope {
    let kept = |(name, value): (&str, &str)| {
        let holder = holder(value, secrets).map(|label| format!("[{label}]"));
        let kept = holder.unwrap_or_else(|| headers::kept_value(name, value).to_owned());
        (name.to_owned(), kept)
    };
    let mut named: Vec<_> = secrets
        .iter()
        .filter(|(_, secret)| !secret.expose().is_empty())
        .collect();
    // One secret may be the beginning of another.
    named.sort_by_key(|(_, secret)| std::cmp::Reverse(secret.expose().len()));
    let url = named
        .into_iter()
        .fold(incoming.url.clone(), |url, (label, secret)| {
            url.replace(secret.expose(), &format!("[{label}]"))
        });
    Envelope {
        method: incoming.method.clone(),
        url: without_parameters(&url),
        headers: incoming.headers().map(kept).collect(),
    }
}

/// The reference of the secret that a text holds.
fn holder<'a>(text: &str, secrets: &'a [(String, Secret)]) -> Option<&'a str> {
    let holds = |secret: &Secret| !secret.expose().is_empty() && text.contains(secret.expose());
    let found = secrets.iter().find(|(_, secret)| holds(secret));
    found.map(|(label, _)| label.as_str())
}

/// The URL with parameters whose names give a secret away emptied.
fn without_parameters(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else {
        return url.to_owned();
    };
    let shown = query.split('&').map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let lower = name.to_ascii_lowercase();
        let is_secret = headers::is_secret(&lower);
        match is_secret && !value.is_empty() {
            true => format!("{name}=[hidden]"),
            false => parameter.to_owned(),
        }
    });
    format!("{path}?{}", shown.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_kept_wherever_it_stands() {
        let secrets = [("env:CMS", "s3cret"), ("env:LONG", "s3cret-2")]
            .map(|(label, secret)| (label.to_owned(), Secret::new(secret)));
        let headers = [
            ("Authorization", "Bearer s3cret"),
            ("X-Anything", "a s3cret b"),
            ("X-Api-Key", "other"),
            ("X-Hub-Signature", "sha1=ab"),
            ("X-Contentful-Idempotency-Key", "id"),
        ];
        let url = "https://a.example/hooks/cms/s3cret-2?x=s3cret&access_token=t&page=2";
        let kept = envelope(&Incoming::new("POST", url, headers, ""), &secrets);
        let values: Vec<&str> = kept.headers.iter().map(|(_, value)| &**value).collect();
        assert_eq!(
            values,
            ["[env:CMS]", "[env:CMS]", "[hidden]", "sha1=ab", "id"]
        );
        assert_eq!(
            kept.url,
            "https://a.example/hooks/cms/[env:LONG]?x=[env:CMS]&access_token=[hidden]&page=2"
        );
    }
}
