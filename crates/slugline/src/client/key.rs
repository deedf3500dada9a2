//! The key of a publish from a file.
//!
//! Ensures that repeating a command repeats the request (one key), and that going back to an
//! earlier text is a new one: without a version, the key also names what the text replaces.

use serde::Deserialize;
use serde_json::{Value, json};
use slugline_core::canonical::Fingerprint;
use slugline_core::request::PublishRequest;

use super::api::{Api, Denied};
use super::views;

/// Hex digits of the hash: 128 bits do not collide.
const DIGITS: usize = 32;

#[derive(Deserialize)]
struct Revisions {
    items: Vec<Revision>,
}

#[derive(Deserialize)]
struct Revision {
    request_id: String,
    environment: String,
    locale: String,
    action: String,
    checksum: String,
}

/// The key for this request, whose content id stands for its file.
pub async fn derive(api: &Api, request: &PublishRequest) -> Result<String, Denied> {
    let replaces = match request.version {
        Some(_) => None,
        None => replaced(request, revisions(api, &request.content_id).await?),
    };
    let hash = Fingerprint::of(&json!({ "request": request, "replaces": replaces }));
    Ok(format!("cli-{}", &hash.hex()[..DIGITS]))
}

async fn revisions(api: &Api, content_id: &str) -> Result<Vec<Revision>, Denied> {
    let found = api
        .find(&["v1", "content", content_id, "revisions"])
        .await?;
    let revisions: Revisions =
        views::read(found.unwrap_or_else(|| json!({ "items": Value::Array(Vec::new()) })))?;
    Ok(revisions.items)
}

/// The newest accepted revision that is not this very request.
fn replaced(request: &PublishRequest, newest_first: Vec<Revision>) -> Option<String> {
    let checksum = Fingerprint::of(&request.payload).hex();
    let same_item = |revision: &Revision| {
        revision.environment == request.environment()
            && request
                .locale
                .as_ref()
                .is_none_or(|locale| *locale == revision.locale)
    };
    let this = |revision: &Revision| {
        revision.action == request.action.as_str() && revision.checksum == checksum
    };
    let before = newest_first
        .into_iter()
        .filter(same_item)
        .find(|revision| !this(revision));
    before.map(|revision| revision.request_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use slugline_core::request::decode;

    fn request(title: &str) -> PublishRequest {
        decode(format!("{{\"content_id\":\"a\",\"payload\":{{\"title\":\"{title}\"}}}}").as_bytes())
            .unwrap()
    }

    fn revision(title: &str, request_id: &str) -> Revision {
        Revision {
            request_id: request_id.into(),
            environment: "production".into(),
            locale: "en".into(),
            action: "publish".into(),
            checksum: Fingerprint::of(&request(title).payload).hex(),
        }
    }

    #[test]
    fn a_repeat_replaces_what_the_first_did() {
        let before = replaced(&request("A"), vec![revision("X", "x")]);
        let again = replaced(&request("A"), vec![revision("A", "a"), revision("X", "x")]);
        assert_eq!(
            (before.as_deref(), again.as_deref()),
            (Some("x"), Some("x"))
        );
        assert_eq!(replaced(&request("A"), vec![revision("A", "a")]), None);
    }

    #[test]
    fn going_back_replaces_what_came_between() {
        let back = replaced(&request("A"), vec![revision("B", "b"), revision("A", "a")]);
        assert_eq!(back.as_deref(), Some("b"));
    }
}
