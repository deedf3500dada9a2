//! `/v1/content/{content_id}` and what hangs on it: the item, its revisions, its timeline; pausing and
//! resuming it.
//!
//! Ensures that content ids with slashes work, encoded (`a%2Fb`) or as they are (`a/b`). An id whose
//! own last part is `revisions`, `timeline` or `notes` must have its slash encoded.

mod item;
mod revisions;
mod timeline;

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use percent_encoding::percent_decode_str;
use slugline_core::item::check_content_id;
use slugline_core::problem::Code;

use super::{operator, pauses};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

const PREFIX: &str = "/v1/content/";

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/content/{*content_id}", Some(Role::Viewer), content)
}

/// What is done with an item.
pub(super) fn actions() -> Endpoint {
    Endpoint::post("/v1/content/{*content_id}", Role::Operator, act)
}

async fn act(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
) -> Answered {
    let tail = request.uri().path().strip_prefix(PREFIX);
    let parts = tail.and_then(|tail| tail.rsplit_once('/'));
    let (encoded, action) = parts.ok_or_else(nothing_to_do)?;
    let content_id = decoded(encoded)?;
    let (doors, principal) = (&*doors, &principal);
    let asked = pauses::Asked { doors, principal };
    match action {
        "pause" => pauses::content::pause(&asked, content_id, request).await,
        "resume" => pauses::content::resume(&asked, content_id, request).await,
        "rollback" => operator::rollback::rollback(doors, principal, &content_id, request).await,
        "erase" => operator::erase::erase(doors, principal, &content_id, request).await,
        "notes" => operator::notes::write_of_content(doors, principal, &content_id, request).await,
        _ => Err(nothing_to_do()),
    }
}

fn nothing_to_do() -> Refusal {
    let detail = "this is nothing that can be done with a content; there are …/rollback, …/erase, …/notes, …/pause and …/resume";
    Refusal::new(Code::NotFound, detail)
}

async fn content(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    request: Request,
) -> Answered {
    let (content_id, face) = target(request.uri().path())?;
    let asked = Asked {
        doors: &doors,
        owner: &principal.caller.owner,
        content_id: &content_id,
    };
    match face {
        Face::Item => item::answer(&asked).await,
        Face::Revisions => revisions::answer(&asked, request).await,
        Face::Timeline => timeline::answer(&asked, request).await,
        Face::Notes => operator::notes::list(&doors, asked.owner, asked.content_id).await,
    }
}

/// What is asked about which item.
struct Asked<'a> {
    doors: &'a Doors,
    owner: &'a str,
    content_id: &'a str,
}

impl Asked<'_> {
    fn absent(&self) -> Refusal {
        Refusal::new(
            Code::NotFound,
            format!("there is no content {:?}", self.content_id),
        )
    }

    /// Refuses an item that is not known, so that a misspelt id does not look like an empty history.
    async fn require_known(&self) -> Result<(), Refusal> {
        let known = self
            .doors
            .store
            .content(self.owner, self.content_id)
            .await?;
        if known.is_empty() {
            Err(self.absent())
        } else {
            Ok(())
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Item,
    Revisions,
    Timeline,
    Notes,
}

/// The item and the face that a path names. Looks for the suffix before decoding: an encoded slash
/// is part of the id.
fn target(path: &str) -> Result<(String, Face), Refusal> {
    let tail = path.strip_prefix(PREFIX).unwrap_or_default();
    let (encoded, face) = match tail.rsplit_once('/') {
        Some((id, "revisions")) => (id, Face::Revisions),
        Some((id, "timeline")) => (id, Face::Timeline),
        Some((id, "notes")) => (id, Face::Notes),
        _ => (tail, Face::Item),
    };
    Ok((decoded(encoded)?, face))
}

fn decoded(encoded: &str) -> Result<String, Refusal> {
    let id = percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| Refusal::field("content_id", "is not UTF-8 after percent-decoding"))?;
    check_content_id(&id).map_err(|why| Refusal::field("content_id", why))?;
    Ok(id.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_is_told_from_an_id_with_slashes() {
        let of = |path: &str| target(path).ok();
        let is = |id: &str, face| Some((id.to_owned(), face));
        assert_eq!(of("/v1/content/post-42"), is("post-42", Face::Item));
        assert_eq!(
            of("/v1/content/blog/post-42"),
            is("blog/post-42", Face::Item)
        );
        assert_eq!(
            of("/v1/content/blog%2Fpost-42/revisions"),
            is("blog/post-42", Face::Revisions)
        );
        assert_eq!(
            of("/v1/content/blog/post-42/timeline"),
            is("blog/post-42", Face::Timeline)
        );
        assert_eq!(
            of("/v1/content/blog%2Frevisions"),
            is("blog/revisions", Face::Item)
        );
        assert_eq!(of("/v1/content/revisions"), is("revisions", Face::Item));
        assert_eq!(
            of("/v1/content/%C3%BCber%20uns"),
            is("über uns", Face::Item)
        );
    }

    #[test]
    fn what_cannot_be_an_id_is_refused() {
        for path in [
            "/v1/content/%FF",
            "/v1/content/%00",
            "/v1/content//revisions",
            "/v1/content/%20",
        ] {
            assert_eq!(
                target(path).unwrap_err().0.code,
                Code::InvalidRequest,
                "{path}"
            );
        }
    }
}
