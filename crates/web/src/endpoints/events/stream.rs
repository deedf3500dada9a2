//! `GET /v1/events/stream`: the log as server-sent events, as it grows.
//!
//! Ensures that a stream has all that the list has, once and in its order: it asks the list, from the place that
//! it has told up to. A reader that is slow is waited for and holds no more than two pages in memory; one that
//! takes nothing loses its place. Each stream ends when the server stops or its token does; its reader goes on
//! after the last id that it has seen, which browsers do by themselves.

mod follower;
mod tail;

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName};
use axum::response::IntoResponse;
use futures_util::stream::unfold;
use serde::Deserialize;
use slugline_core::event::EventType;
use slugline_core::ids::JobId;
use slugline_core::problem::{Code, Problem};
use slugline_engine::store::EventFilter;
use tokio::sync::mpsc;

use super::{place, word};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::query::{Params, page};
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

use follower::Follower;
pub(crate) use tail::Tail;

/// Streams at once on a node. Each asks the store four times a second while the log grows; consoles and a few
/// integrations share them.
pub(crate) const STREAMS: usize = 100;
/// Seconds after which a place may be free.
const RETRY_SECONDS: u64 = 5;
/// Where browsers say up to which event they came.
const LAST_EVENT_ID: &str = "last-event-id";
/// The word for the end of the log.
const END: &str = "end";

/// The filters of the list; several must all hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Entries with a greater `seq`; the id of an event stands for its place, `end` for the log's.
    after: Option<String>,
    content_id: Option<String>,
    request_id: Option<String>,
    job_id: Option<JobId>,
    #[serde(rename = "type")]
    kind: Option<EventType>,
    actor: Option<String>,
}

pub(in crate::endpoints) fn endpoint() -> Endpoint {
    Endpoint::get("/v1/events/stream", Some(Role::Viewer), stream)
}

async fn stream(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    headers: HeaderMap,
    Params(wanted): Params<Wanted>,
) -> Answered {
    if !doors.is_ready() {
        return Err(not_now("the server is starting or stopping", 1));
    }
    let taken = Arc::clone(&doors.streams).try_acquire_owned();
    let taken = taken.map_err(|_| {
        let detail = format!("{STREAMS} streams are open at this node, and no more are at once");
        not_now(&detail, RETRY_SECONDS)
    })?;
    let cursor = start(&doors, &headers, wanted.after.as_deref()).await?;
    let filter = EventFilter {
        owner: Some(principal.caller.owner.clone()),
        content_id: wanted.content_id,
        request_id: wanted.request_id,
        job_id: wanted.job_id,
        kind: wanted.kind.map(word),
        actor: wanted.actor,
    };
    let (reader, pages) = mpsc::channel(1);
    let follower = Follower::new(doors, &headers, (filter, cursor), reader);
    tokio::spawn(async move {
        follower.run().await;
        drop(taken);
    });
    Ok(answer(pages))
}

fn not_now(detail: &str, seconds: u64) -> Refusal {
    Refusal(Problem::new(Code::Unavailable, detail).retry_after(seconds))
}

/// Where it begins: after what its reader has seen, else where it says, else at the log's beginning, as the list.
async fn start(doors: &Doors, headers: &HeaderMap, after: Option<&str>) -> Result<i64, Refusal> {
    let seen = headers.get(LAST_EVENT_ID).map(|value| value.to_str());
    let seen = seen.transpose().map_err(|_| not_an_id())?;
    match seen.filter(|id| !id.is_empty()).or(after) {
        None => Ok(0),
        Some(END) => Ok(doors.store.log_end().await?),
        Some(id) => {
            let asked = page(None, Some(&place(id))).map_err(|_| not_an_id())?;
            Ok(asked.cursor.unwrap_or_default())
        }
    }
}

fn not_an_id() -> Refusal {
    let message = "Last-Event-ID and after must be a seq of the log or the id of an event; after may be \"end\"";
    Refusal::field("after", message)
}

fn answer(pages: mpsc::Receiver<String>) -> axum::response::Response {
    let body = Body::from_stream(unfold(pages, async |mut pages| {
        let page = pages.recv().await?;
        Some((Ok::<_, Infallible>(page), pages))
    }));
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        // nginx would keep events back until it has enough of them.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, body).into_response()
}
