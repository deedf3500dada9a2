//! Signed webhooks as Standard Webhooks 1.0 describes them: a signal destination.
//!
//! Ensures that a message keeps its id and its body over all attempts while each attempt is signed
//! anew with every active secret. The receiver cannot be read: its 2xx is all the evidence there is.

mod config;
mod deliver;
mod errors;
mod event;
mod message;

use std::collections::BTreeMap;
use std::time::Duration;

use slugline_core::connector::{Capabilities, Connector, Repeat, Shown, Verification, Work};
use slugline_core::decide::{Decision, Observed};
use slugline_core::failure::Failure;
use slugline_core::item::Action;
use slugline_core::lane::LaneScope;
use slugline_core::port::{BoxFuture, Port};
use slugline_core::reason::Reason;

use config::Webhook;
pub(crate) use config::build;

/// The `type` in configuration.
pub(crate) const KIND: &str = "webhook";
/// How long receivers are taken to remember an id: the specification's example schedule of attempts
/// ends after 75 hours.
const DEDUPE_WINDOW: Duration = Duration::from_secs(75 * 3_600);
/// The specification recommends 15 to 30 seconds for one request.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Runs at once, unless configured: receivers are often one small process.
const CONCURRENCY: usize = 8;

impl Connector for Webhook {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kind: KIND,
            lane: LaneScope::ItemLocale,
            readable: false,
            repeat: Repeat::Dedupes(DEDUPE_WINDOW),
            drafts: false,
            commit_window: None,
            verify_window: Duration::ZERO,
            concurrency: CONCURRENCY,
            timeout: TIMEOUT,
            transforms: &[],
        }
    }

    fn check(&self, work: &Work) -> Result<(), Failure> {
        if work.action == Action::Draft {
            let advice = "a webhook has no drafts; leave it out of the destinations of drafts";
            return Err(
                Failure::new(Reason::UnsupportedContent, advice).with_fields(["action".to_owned()])
            );
        }
        Ok(())
    }

    fn observe<'a>(
        &'a self,
        _: &'a Work,
        _: &'a dyn Port,
    ) -> BoxFuture<'a, Result<Observed, Failure>> {
        Box::pin(async { Ok(Observed::Unreadable) })
    }

    fn act<'a>(
        &'a self,
        work: &'a Work,
        _: &'a Decision,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(deliver::send(self, work, port))
    }

    /// Only called in a run whose `act` ended well, which means acknowledged; nothing is remembered
    /// for it, because a crash in between just repeats the message under its id.
    fn verify<'a>(
        &'a self,
        work: &'a Work,
        _: &'a dyn Port,
    ) -> BoxFuture<'a, Result<Verification, Failure>> {
        let ids = BTreeMap::from([("webhook-id".to_owned(), work.delivery_id.clone())]);
        let shown = Shown {
            downstream_ids: ids,
            ..Shown::default()
        };
        Box::pin(async { Ok(Verification::Matched(shown)) })
    }

    fn tidy<'a>(&'a self, _: &'a Work, _: &'a dyn Port) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    /// A message cannot be taken back.
    fn undo<'a>(&'a self, _: &'a Work, _: &'a dyn Port) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn discard_media<'a>(
        &'a self,
        _: &'a str,
        _: &'a dyn Port,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn probe<'a>(&'a self, port: &'a dyn Port) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(deliver::probe(self, port))
    }
}
