//! What stands behind a stream: it reads the log for its reader, page by page.
//!
//! Ensures that nothing is read that its reader has no room for, and that a stream ends in time: for a reader that
//! is gone or takes nothing, a token that is no longer good, and a server that stops.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use slugline_core::event::LogEntry;
use slugline_engine::store::{EventFilter, Page, StoreError};
use tokio::sync::mpsc::Sender;

use crate::app::Doors;
use crate::door::admission::bearer;
use crate::endpoints::events::word;

/// Entries that are read at once: with the page before it, which waits to be sent, all that a stream holds.
const PAGE: usize = 100;
/// Between two looks at a log that has nothing new. Nothing is lost by it but this time.
const PERIOD: Duration = Duration::from_millis(250);
/// Proxies cut connections on which nothing moves, many after 30 seconds.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A reader that has taken nothing for so long is gone, or might as well be.
const PATIENCE: Duration = Duration::from_secs(60);
/// What browsers wait before they come again.
const HELLO: &str = "retry: 1000\n\n";

/// The end of a stream that nobody reads any more.
struct Gone;

/// A stream at work.
pub(super) struct Follower {
    doors: Arc<Doors>,
    /// The token; `None` where whoever asks proved themselves otherwise.
    token: Option<String>,
    filter: EventFilter,
    /// All up to here was told.
    cursor: i64,
    reader: Sender<String>,
}

impl Follower {
    pub(super) fn new(
        doors: Arc<Doors>,
        headers: &HeaderMap,
        (filter, cursor): (EventFilter, i64),
        reader: Sender<String>,
    ) -> Self {
        Self {
            doors,
            token: bearer(headers).ok().map(str::to_owned),
            filter,
            cursor,
            reader,
        }
    }

    /// Tells what there is and what comes, until there is a reason to end; the last line says it.
    pub(super) async fn run(mut self) {
        if let Ok(why) = self.follow().await {
            let _ = self.say(format!(": {why}\n\n")).await;
        }
    }

    async fn follow(&mut self) -> Result<&'static str, Gone> {
        self.say(HELLO.to_owned()).await?;
        let mut quiet = Duration::ZERO;
        loop {
            if let Some(why) = self.must_end().await {
                return Ok(why);
            }
            match self.news().await {
                Ok(Some(text)) => {
                    self.say(text).await?;
                    quiet = Duration::ZERO;
                    continue;
                }
                Ok(None) => {}
                Err(why) => {
                    tracing::warn!(%why, "a stream of the log ends: the store cannot be read");
                    return Ok("the log cannot be read now; come again");
                }
            }
            if quiet >= HEARTBEAT {
                self.say(": heartbeat\n\n".to_owned()).await?;
                quiet = Duration::ZERO;
            }
            tokio::select! {
                () = self.reader.closed() => return Err(Gone),
                () = tokio::time::sleep(PERIOD) => quiet += PERIOD,
            }
        }
    }

    async fn must_end(&self) -> Option<&'static str> {
        if !self.doors.is_ready() {
            return Some("the server stops; come again");
        }
        let token = self.token.as_deref()?;
        match self.doors.keyring.find(token).await {
            Ok(None) => Some("the token is no longer good"),
            // What cannot be asked now was good a moment ago, and the log cannot be read either.
            Ok(Some(_)) | Err(_) => None,
        }
    }

    /// The next page that has something to tell; `None` at the end of the log.
    async fn news(&mut self) -> Result<Option<String>, StoreError> {
        // Asked for first: what the page does not have up to there is not for this stream.
        let end = self.doors.tail.end(&*self.doors.store).await?;
        if end <= self.cursor {
            return Ok(None);
        }
        let page = Page {
            limit: PAGE,
            cursor: Some(self.cursor),
        };
        let found = self.doors.store.events(self.filter.clone(), page).await?;
        let last = found.items.last().map_or(end, |entry| entry.seq);
        self.cursor = match found.next_cursor {
            Some(cursor) => cursor,
            None => last.max(end),
        };
        Ok((!found.items.is_empty()).then(|| found.items.iter().map(told).collect()))
    }

    async fn say(&self, text: String) -> Result<(), Gone> {
        let said = self.reader.send_timeout(text, PATIENCE).await;
        said.map_err(|_| Gone)
    }
}

/// An entry as an event: as in the list, and without line breaks.
fn told(entry: &LogEntry) -> String {
    let json = serde_json::to_string(entry).unwrap_or_default();
    let kind = word(entry.kind);
    format!("id: {}\nevent: {kind}\ndata: {json}\n\n", entry.seq)
}
