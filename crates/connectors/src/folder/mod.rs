//! A static site's content directory (Hugo, Eleventy and their like): a state destination.
//!
//! Ensures one file an item, written whole or not at all and read back byte by byte; a file that
//! does not carry this item's mark is never touched. Does not build the site.
//!
//! | content | file |
//! |---|---|
//! | a post, or no `content_type` | `content/posts/{slug}.md`, `.html` for an HTML body |
//! | `content_type` `page` | `content/{slug}.md` |
//! | any other `content_type` | `content/{content_type}/{slug}.md` |
//! | in a locale that is not `default_locale` | `content/posts/{slug}.{locale}.md` |
//! | a medium | `static/media/{12 digits of its SHA-256}-{filename}`, linked as `/media/…` |
//!
//! A draft has `draft: true`; unpublishing and deleting both remove the file, because a static site
//! knows no other way for a page not to be there.

mod config;
mod deliver;
mod errors;
mod files;
mod look;
mod mark;
mod media;
mod page;
mod place;
mod tidy;
mod trail;

use std::time::Duration;

use slugline_core::connector::{Capabilities, Connector, Listing, Repeat, Verification, Work};
use slugline_core::decide::{Decision, Observed};
use slugline_core::failure::Failure;
use slugline_core::lane::LaneScope;
use slugline_core::port::{BoxFuture, Port};

use config::Folder;
pub(crate) use config::build;

/// The `type` in configuration.
pub(crate) const KIND: &str = "folder";
/// Network file systems show cached attributes for some seconds (nfs(5), `acregmax`).
const VERIFY_WINDOW: Duration = Duration::from_secs(5);
/// Longest time for one file operation; only a network file system comes near it.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Runs at once, unless configured: a disk gains nothing from more.
const CONCURRENCY: usize = 4;

impl Connector for Folder {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kind: KIND,
            lane: LaneScope::ItemLocale,
            readable: true,
            repeat: Repeat::LooksUp,
            drafts: true,
            commit_window: None,
            verify_window: VERIFY_WINDOW,
            concurrency: CONCURRENCY,
            timeout: TIMEOUT,
            transforms: &[],
        }
    }

    fn check(&self, work: &Work) -> Result<(), Failure> {
        media::check(work)?;
        if work.action.removes() {
            return Ok(());
        }
        place::entry(self, work).map(drop)
    }

    fn list<'a>(
        &'a self,
        cursor: Option<&'a str>,
        port: &'a dyn Port,
    ) -> Option<BoxFuture<'a, Result<Listing, Failure>>> {
        Some(Box::pin(tidy::list(self, cursor, port)))
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
        Box::pin(tidy::tidy(self, work, port))
    }

    /// A file is written whole or not at all, so that a dead job leaves nothing half done.
    fn undo<'a>(&'a self, _: &'a Work, _: &'a dyn Port) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn discard_media<'a>(
        &'a self,
        result_ref: &'a str,
        port: &'a dyn Port,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { self.files(port).remove(result_ref).await })
    }

    fn probe<'a>(&'a self, port: &'a dyn Port) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(tidy::probe(self, port))
    }
}
