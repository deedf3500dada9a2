//! `GET /v1/webhooks/{id}`: a webhook as it came.
//!
//! Ensures that method, URL, headers and body read as `slugline verify-webhook` takes them; headers that
//! held a secret name it instead. A webhook of another owner does not exist for the caller.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::IntoResponse;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use slugline_core::ids::WebhookId;
use slugline_core::problem::Code;
use slugline_engine::store::{WebhookDetail, WebhookView};

use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    view: WebhookView,
    method: String,
    url: String,
    headers: BTreeMap<String, Vec<String>>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Serialize)]
enum Body {
    #[serde(rename = "body")]
    Text(String),
    /// Where it is no text.
    #[serde(rename = "body_base64")]
    Bytes(String),
}

impl From<WebhookDetail> for Shown {
    fn from(detail: WebhookDetail) -> Self {
        let mut headers = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in detail.envelope.headers {
            headers.entry(name).or_default().push(value);
        }
        let body = match String::from_utf8(detail.body.into()) {
            Ok(text) => Body::Text(text),
            Err(bytes) => Body::Bytes(BASE64_STANDARD.encode(bytes.as_bytes())),
        };
        Self {
            view: detail.view,
            method: detail.envelope.method,
            url: detail.envelope.url,
            headers,
            body,
        }
    }
}

/// The id that a path names.
pub(super) fn parse(id: &str) -> Result<WebhookId, Refusal> {
    id.parse()
        .map_err(|why: String| Refusal::new(Code::NotFound, why))
}

pub(super) fn absent(id: WebhookId) -> Refusal {
    Refusal::new(Code::NotFound, format!("there is no webhook {id}"))
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/webhooks/{id}", Some(Role::Viewer), webhook)
}

async fn webhook(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
) -> Answered {
    let id = parse(&id)?;
    let found = doors.store.webhook(&principal.caller.owner, id).await?;
    let found = found.ok_or_else(|| absent(id))?;
    Ok(Json(Shown::from(found)).into_response())
}
