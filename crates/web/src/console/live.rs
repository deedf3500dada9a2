//! `GET /live`: says that something happened, so that an open page shows it.
//!
//! Ensures that nothing that happened after a page was made is missed: the page says up to where in the log it was
//! made, and a stream that is taken up again says where it was. A stream costs one look into the log now and then,
//! ends with its session and with the server, and never carries what its reader may not see. Pages work without it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use slugline_core::problem::{Code, Problem};
use slugline_core::time::Timestamp;
use slugline_engine::store::{EventFilter, Page, StoreError};
use tokio::sync::OwnedSemaphorePermit;

use super::fields::Fields;
use super::page::{Shown, Trouble};
use super::session::Signed;
use super::words::plain;
use crate::app::Doors;
use crate::router::Endpoint;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// After so long the browser asks anew, and with it whether its session still counts.
const LONGEST: Duration = Duration::from_secs(120);
/// Entries of one look; what is told is only that there is one.
const LOOK: usize = 1;
/// The member of the query that says up to where the page was made.
const AFTER: &str = "after";
/// Where browsers say where a stream was that they take up again.
const LAST_EVENT_ID: &str = "last-event-id";

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/live", None, live)
}

/// What a stream knows.
struct Follower {
    doors: Arc<Doors>,
    filter: EventFilter,
    after: i64,
    began: Timestamp,
    _place: OwnedSemaphorePermit,
}

async fn live(
    State(doors): State<Arc<Doors>>,
    signed: Signed,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Shown {
    let busy = || {
        let problem = Problem::new(
            Code::Unavailable,
            "too many pages are open; this one does not follow by itself",
        );
        Trouble::Problem(problem.retry_after(15))
    };
    let place = Arc::clone(&doors.streams)
        .try_acquire_owned()
        .map_err(|_| busy())?;
    let filter = EventFilter {
        owner: Some(signed.owner().to_owned()),
        ..EventFilter::default()
    };
    let end = doors.tail.end(&*doors.store).await?;
    let follower = Follower {
        after: known(&headers, query.as_deref()).map_or(end, |known| known.min(end)),
        began: doors.clock.now(),
        doors,
        filter,
        _place: place,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response())
}

/// Up to where the browser knows the log.
fn known(headers: &HeaderMap, query: Option<&str>) -> Option<i64> {
    let id = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let fields = Fields::parse(query.unwrap_or_default().as_bytes());
    id.or(fields.one(AFTER))?.parse().ok()
}

impl Follower {
    /// The next thing to tell; `None` when it is time to end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if !self.doors.is_ready() || self.doors.clock.now().since(self.began) > LONGEST {
                return None;
            }
            match self.look().await {
                Ok(Some(event)) => return Some(event),
                Ok(None) => self.doors.clock.sleep(EVERY).await,
                Err(error) => {
                    tracing::debug!(%error, "a console's stream ends");
                    return None;
                }
            }
        }
    }

    async fn look(&mut self) -> Result<Option<Event>, StoreError> {
        // Asked for all streams of the node together.
        let end = self.doors.tail.end(&*self.doors.store).await?;
        if end <= self.after {
            return Ok(None);
        }
        let page = Page {
            limit: LOOK,
            cursor: Some(self.after),
        };
        let found = self
            .doors
            .store
            .events(self.filter.clone(), page)
            .await?
            .items;
        self.after = end;
        let Some(news) = found.first() else {
            return Ok(None);
        };
        let event = Event::default()
            .id(end.to_string())
            .event("news")
            .data(plain(&news.kind));
        Ok(Some(event))
    }
}
