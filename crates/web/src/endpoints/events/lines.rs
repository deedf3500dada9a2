//! The log as JSON lines, from a cursor to its end.
//!
//! Ensures that a log of any length is sent with one page in memory, in the order of the list. A store that
//! fails on the way breaks the answer off: what is cut short does not look whole.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use bytes::Bytes;
use futures_util::stream::unfold;
use slugline_core::event::LogEntry;
use slugline_engine::store::{EventFilter, Page, StoreError};

use crate::app::Doors;
use crate::refusal::Answered;

/// The media type by which it is asked for.
pub(super) const LINES: &str = "application/x-ndjson";

/// Entries of one page: a few hundred kilobytes.
const PAGE: usize = 500;

/// All entries after the cursor.
pub(super) async fn answer(doors: Arc<Doors>, filter: EventFilter, after: Option<i64>) -> Answered {
    // The first page is asked for before anything is said: a store that is away is a problem document.
    let first = page(&doors, &filter, after).await?;
    let later = unfold(first.1, move |cursor| {
        let (doors, filter) = (Arc::clone(&doors), filter.clone());
        async move {
            let asked = page(&doors, &filter, Some(cursor?)).await;
            Some(match asked {
                Ok((lines, next)) => (Ok(lines), next),
                Err(why) => (Err(std::io::Error::other(why)), None),
            })
        }
    });
    let all = futures_util::StreamExt::chain(
        unfold(Some(first.0), |first| async {
            first.map(|lines| (Ok(lines), None))
        }),
        later,
    );
    Ok(([(CONTENT_TYPE, LINES)], Body::from_stream(all)).into_response())
}

async fn page(
    doors: &Doors,
    filter: &EventFilter,
    cursor: Option<i64>,
) -> Result<(Bytes, Option<i64>), StoreError> {
    let page = Page {
        limit: PAGE,
        cursor,
    };
    let found = doors.store.events(filter.clone(), page).await?;
    let lines: String = found.items.iter().map(line).collect();
    Ok((lines.into(), found.next_cursor))
}

fn line(entry: &LogEntry) -> String {
    // Nothing in it cannot be written as JSON.
    let mut text = serde_json::to_string(entry).unwrap_or_default();
    text.push('\n');
    text
}
