//! `GET /schemas/{name}`: the JSON Schemas of the event contract.
//!
//! Ensures that a schema is served as it is kept, to everybody: who receives an event need not have a token.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use slugline_core::contract::schemas;
use slugline_core::problem::Code;

use crate::door::path::Segment;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/schemas/{name}", None, schema)
}

async fn schema(Segment(name): Segment) -> Answered {
    let Some(text) = schemas::find(&name) else {
        let kept = schemas::ALL.map(|(name, _)| name).join(", ");
        let detail = format!("there is no schema {name:?}; there are {kept}");
        return Err(Refusal::new(Code::NotFound, detail));
    };
    Ok(([(CONTENT_TYPE, "application/schema+json")], text).into_response())
}
