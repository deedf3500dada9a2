//! Asking a source: what an entry is now, and what it has that no webhook told of.
//!
//! Ensures that nobody is asked while the sender of a webhook waits, that one which does not answer is left
//! alone for a while, that one node at a time polls a source, and that what a poll finds goes the way of every webhook: kept first, marked, then decided on.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use slugline_core::failure::Failure;
use slugline_core::http::{Request, Response, SendError};
use slugline_core::port::BoxFuture;
use slugline_core::reason::ErrorClass;
use slugline_core::source::{Change, Library, Locales, News, Repeats, What, Wire};
use slugline_core::time::Timestamp;
use slugline_core::webhook::Incoming;

use super::digest::Pause;
use super::keeping::digest_of;
use super::tally::PollFailure;
use super::{Came, Source, Webhooks};
use crate::delivery::Shared;
use crate::ports::{Clock, Transport};
use crate::store::{Envelope, NewWebhook, Poll, Proof, StoreError};

/// Longest time for one request, unless the vendor's code says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
/// After so long a source that does not answer is a matter for a person.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);
/// A node that polls is gone after this time.
const POLLING: Duration = Duration::from_secs(300);
/// Pages of one poll; the next one goes on.
const PAGES: usize = 20;
/// The method of what no sender sent.
const FOUND: &str = "POLL";

/// The way to sources, over the node's transport.
pub(super) struct SourceWire {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

impl SourceWire {
    pub(super) fn new(shared: &Shared) -> Self {
        Self {
            transport: Arc::clone(&shared.transport),
            clock: Arc::clone(&shared.clock),
        }
    }
}

impl Wire for SourceWire {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        request.timeout.get_or_insert(TIMEOUT);
        self.transport.send(request)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// What a source says that an entry is.
pub(super) type Asked = Result<Vec<Change>, Failure>;

/// Whether no sender sent it: a poll found it.
pub(super) fn was_found(incoming: &Incoming) -> bool {
    incoming.method == FOUND
}

/// What a webhook says; what a poll found is kept as it was found.
pub(super) fn changes(source: &Source, incoming: &Incoming) -> Result<News, String> {
    match was_found(incoming) {
        true => {
            let found = serde_json::from_slice::<Vec<Change>>(&incoming.body);
            found.map(News::from).map_err(|why| why.to_string())
        }
        false => source.settings.source.changes(incoming),
    }
}

impl Source {
    /// What the entry of a change is now; `None` where the change is taken at its word.
    pub(super) async fn look_up(
        &self,
        came: &Came<'_>,
        named: &Change,
        age: Duration,
    ) -> Result<Option<Asked>, Pause> {
        match self.must_look_up(came, named) {
            true => self.ask(came, named, age).await,
            false => Ok(None),
        }
    }

    /// What the entry of a change is now; `None` where the source cannot be asked.
    pub(super) async fn ask(
        &self,
        came: &Came<'_>,
        named: &Change,
        age: Duration,
    ) -> Result<Option<Asked>, Pause> {
        let Some(library) = self.settings.source.library() else {
            return Ok(None);
        };
        let Some(wire) = came.wire else {
            return Err(Pause::Asks);
        };
        if self.reach.rests(wire.now()) {
            return Err(Pause::Later);
        }
        let answer = library.look_up(named, wire).await;
        self.reach.learn(&answer, wire.now());
        match answer {
            Err(failure) if age < PATIENCE && passes(&failure) => {
                tracing::info!(webhook = %came.id, failure = failure.message, "the source is asked again later");
                Err(Pause::Later)
            }
            answer => Ok(Some(answer)),
        }
    }

    fn must_look_up(&self, came: &Came<'_>, named: &Change) -> bool {
        let is_thin = named.what == What::Published && named.payload.is_none();
        let may_read_alike = self.settings.source.manners().repeats == Repeats::None
            || came.proof.resembles.is_some();
        let is_about_content = matches!(
            named.what,
            What::Published | What::Unpublished | What::Deleted
        );
        is_about_content
            && (is_thin || !was_found(came.incoming) && (may_read_alike || self.settings.news_only))
    }
}

/// Whether asking again later may help.
pub(super) fn passes(failure: &Failure) -> bool {
    matches!(
        failure.class(),
        ErrorClass::Transient | ErrorClass::Throttled | ErrorClass::Unknown | ErrorClass::Conflict
    )
}

impl Webhooks {
    /// Asks every source whose time has come; how many things were found.
    pub async fn poll(&self) -> Result<usize, StoreError> {
        let mut found = 0;
        for source in self.sources.values() {
            let (Some(library), Some(every)) =
                (source.settings.source.library(), source.settings.poll)
            else {
                continue;
            };
            let begun = self.store.begin_poll(&source.settings.name, POLLING);
            if let Some(poll) = begun.await? {
                found += self.poll_one(source, library, poll, every).await?;
            }
        }
        Ok(found)
    }

    async fn poll_one(
        &self,
        source: &Source,
        library: &dyn Library,
        poll: Poll,
        every: Duration,
    ) -> Result<usize, StoreError> {
        let name = &source.settings.name;
        let (mut cursor, mut found, mut failed) = (poll.cursor, 0, None);
        for _ in 0..PAGES {
            let page = match library.since(cursor.as_deref(), &self.wire).await {
                Ok(page) => page,
                Err(failure) => {
                    tracing::warn!(
                        source = name,
                        failure = failure.message,
                        "the source cannot be polled now"
                    );
                    failed = Some(PollFailure {
                        at: self.store.now(),
                        detail: failure.message,
                    });
                    break;
                }
            };
            for change in page.changes {
                found += usize::from(self.keep_found(source, change).await?);
            }
            cursor = Some(page.cursor);
            if !page.more {
                break;
            }
        }
        // Without a cursor nothing was found out yet: the right runs out, and it begins anew.
        if let Some(cursor) = cursor {
            self.store.end_poll(name, cursor, every).await?;
        }
        source.tally.missed(name, found as u64);
        source.tally.polled(name, failed);
        Ok(found)
    }

    /// Keeps what no webhook told of; whether it is such.
    async fn keep_found(&self, source: &Source, change: Change) -> Result<bool, StoreError> {
        if self.is_known(source, &change).await? {
            return Ok(false);
        }
        self.keep_new(source, change, "found").await
    }

    /// Keeps a removal that a sweep found; whether it is new.
    pub(super) async fn keep_removal(
        &self,
        source: &Source,
        removal: Change,
    ) -> Result<bool, StoreError> {
        self.keep_new(source, removal, "gone").await
    }

    async fn keep_new(
        &self,
        source: &Source,
        change: Change,
        word: &str,
    ) -> Result<bool, StoreError> {
        let settings = &source.settings;
        // The same thing may be found again, on the edge of a page or by another node.
        let repeat_key = change.version.map(|version| {
            let place = format!("{:?} {:?}", change.environment, change.locales);
            let version = version.to_string();
            let parts = [word, &change.entry, &place, &version];
            digest_of(&parts.map(str::as_bytes))
        });
        let new = NewWebhook {
            source: settings.name.clone(),
            owner: settings.owner.clone(),
            repeat_key,
            keep_for: settings.keep_for,
            known_for_ever: false,
            due_after: Duration::ZERO,
            ended: None,
            proof: Proof {
                found_by_poll: true,
                ..Proof::default()
            },
            envelope: Envelope {
                method: FOUND.into(),
                ..Envelope::default()
            },
            body: Bytes::from(serde_json::to_vec(&[change]).unwrap_or_default()),
        };
        let kept = self.store.keep_webhooks(vec![new]).await?;
        Ok(matches!(kept[..], [crate::store::Kept::New(_)]))
    }

    /// Whether the item is as new as that already.
    async fn is_known(&self, source: &Source, change: &Change) -> Result<bool, StoreError> {
        let settings = &source.settings;
        let content_id = source.content_id(change);
        let known = self.store.content(&settings.owner, &content_id).await?;
        let (environment, locale) = (source.environment(change), source.locale(change));
        let Ok(environment) = environment else {
            // It is kept once, with the reason why it is not taken.
            return Ok(false);
        };
        let mut own = known.iter().filter(|item| {
            let in_locale = change.locales == Locales::All || item.locale == locale;
            item.environment == environment && in_locale
        });
        Ok(match change.version {
            // A removal that told no version is known by its time, which says nothing of a number.
            Some(version) => own.any(|item| {
                item.version.kind() == version.kind() && item.version.ordinal() >= version.ordinal()
            }),
            // A draft that was never public reads like a removal.
            None if change.what == What::Published => false,
            None => own.all(|item| item.action.removes()),
        })
    }
}
