//! WordPress over its REST API (version 2) with application passwords: posts and pages.
//!
//! Ensures that an item is at most one entry although WordPress has no idempotency key: an entry
//! begins as a draft under a slug of our own and goes live by its id. Touches only what is in our
//! effects or under that slug. Users, menus, themes and settings are none of its business.

pub(crate) mod changes;
mod config;
mod deliver;
mod errors;
mod fake;
pub(crate) mod library;

use std::collections::BTreeMap;
use std::time::Duration;

use slugline_core::connector::{Capabilities, Connector, Listing, Repeat, Verification, Work};
use slugline_core::decide::{Decision, Observed};
use slugline_core::failure::Failure;
use slugline_core::lane::LaneScope;
use slugline_core::port::{BoxFuture, Port};

pub(crate) use config::build;
use config::{Deletion, Proof};
use deliver::{Kind, Site};
pub use fake::{FakeEntry, FakeWordPress};

/// The `type` in configuration.
pub(crate) const KIND: &str = "wordpress";
/// Hosts for small sites make the sizes of a picture within the upload: 12 s for one of 6 MB.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Runs at once, unless configured: small hosts have four PHP workers, and readers need some.
const CONCURRENCY: usize = 3;

/// A configured site.
pub(crate) struct WordPress {
    site: Site,
    content_type: Kind,
    delete: Deletion,
    proof: Proof,
    /// The ids of authors by the names that producers use; empty: entries belong to the account.
    authors: BTreeMap<String, u64>,
    default_category: u64,
}

impl Connector for WordPress {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kind: KIND,
            lane: LaneScope::ItemLocale,
            readable: true,
            repeat: Repeat::LooksUp,
            drafts: true,
            commit_window: None,
            verify_window: Duration::ZERO,
            concurrency: CONCURRENCY,
            timeout: TIMEOUT,
            transforms: &[
                "white space around titles is removed",
                "links with a target gain rel=\"noopener\" (before 6.7)",
                "dates keep whole seconds",
                "an account without unfiltered_html loses scripts, frames and forms",
                "a post without categories gets the default one",
            ],
        }
    }

    fn check(&self, work: &Work) -> Result<(), Failure> {
        deliver::check(self, work)
    }

    fn entry_refs(&self, entry: &str) -> Vec<String> {
        deliver::entry_refs(entry)
    }

    fn list<'a>(
        &'a self,
        cursor: Option<&'a str>,
        port: &'a dyn Port,
    ) -> Option<BoxFuture<'a, Result<Listing, Failure>>> {
        Some(Box::pin(deliver::list(&self.site, cursor, port)))
    }

    fn observe<'a>(
        &'a self,
        work: &'a Work,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<Observed, Failure>> {
        Box::pin(deliver::observe(self, work, port))
    }

    fn act<'a>(
        &'a self,
        work: &'a Work,
        decision: &'a Decision,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(deliver::act(self, work, decision, port))
    }

    fn verify<'a>(
        &'a self,
        work: &'a Work,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<Verification, Failure>> {
        Box::pin(deliver::verify(self, work, port))
    }

    fn tidy<'a>(
        &'a self,
        work: &'a Work,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(deliver::tidy(self, work, port))
    }

    fn undo<'a>(
        &'a self,
        work: &'a Work,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(deliver::undo(self, work, port))
    }

    fn discard_media<'a>(
        &'a self,
        result_ref: &'a str,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(deliver::discard_media(&self.site, result_ref, port))
    }

    fn probe<'a>(&'a self, port: &'a dyn Port) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(deliver::probe(&self.site, port))
    }
}
