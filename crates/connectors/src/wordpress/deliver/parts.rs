//! What an entry refers to at the destination: its media and terms, by their ids there.
//!
//! Ensures that an entry is written only when all of it is there, and compared only with that.

use std::collections::BTreeSet;

use slugline_core::connector::Work;
use slugline_core::failure::Failure;
use slugline_core::payload::StoredMedia;
use slugline_core::port::Port;
use slugline_core::reason::Reason;

use super::entry::Entry;
use super::media::{self, Upload};
use super::site::Site;
use super::terms::{self, Vocabulary};

/// The role whose first medium is the featured image.
const HERO: &str = "hero";

/// The delivered parts of one piece of work.
pub(super) struct Parts<'a> {
    /// Each medium with its upload.
    pub(super) media: Vec<(&'a StoredMedia, Upload)>,
    pub(super) categories: BTreeSet<u64>,
    pub(super) tags: BTreeSet<u64>,
}

impl<'a> Parts<'a> {
    /// The parts as remembered; `None` when one is missing or its alternative text is another.
    pub(super) async fn recall(work: &'a Work, port: &dyn Port) -> Result<Option<Self>, Failure> {
        let mut media = Vec::new();
        for medium in &work.media {
            match media::recall(&medium.sha256, port).await? {
                Some(upload) if upload.alt == medium.alt => media.push((medium, upload)),
                _ => return Ok(None),
            }
        }
        let categories =
            terms::recall(Vocabulary::Categories, &work.payload.categories, port).await?;
        let tags = terms::recall(Vocabulary::Tags, &work.payload.tags, port).await?;
        Ok(categories.zip(tags).map(|(categories, tags)| Self {
            media,
            categories,
            tags,
        }))
    }

    /// Delivers what is missing: media first, because they take longest and fail most.
    pub(super) async fn ensure(
        site: &Site,
        work: &'a Work,
        port: &dyn Port,
    ) -> Result<Self, Failure> {
        let mut media = Vec::new();
        for (index, medium) in work.media.iter().enumerate() {
            let upload = media::ensure(site, work, medium, port).await;
            media.push((medium, upload.map_err(|failure| about(failure, index))?));
        }
        let categories =
            terms::ensure(site, Vocabulary::Categories, &work.payload.categories, port).await?;
        let tags = terms::ensure(site, Vocabulary::Tags, &work.payload.tags, port).await?;
        Ok(Self {
            media,
            categories,
            tags,
        })
    }

    /// The featured image's id; 0 is WordPress' word for none.
    pub(super) fn featured_media(&self) -> u64 {
        let hero = self.media.iter().find(|(medium, _)| medium.role == HERO);
        hero.map_or(0, |(_, upload)| upload.id)
    }

    /// The links in the producer's body and where they point to at the destination.
    pub(super) fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.media.iter().filter_map(|(medium, upload)| {
            Some((medium.url.as_deref()?, upload.source_url.as_str()))
        })
    }
}

/// Forgets what the entry does not have although it was sent, so that the next run looks for it: what
/// somebody deleted, WordPress leaves out of an entry without a word.
pub(super) async fn forget_missing(
    work: &Work,
    entry: &Entry,
    port: &dyn Port,
) -> Result<(), Failure> {
    let hero = work.media.iter().find(|medium| medium.role == HERO);
    if let Some(hero) = hero {
        let remembered = media::recall(&hero.sha256, port).await?;
        if remembered.is_some_and(|upload| upload.id != entry.featured_media) {
            port.forget(&media::effect(&hero.sha256)).await?;
        }
    }
    let (categories, tags) = (&work.payload.categories, &work.payload.tags);
    terms::forget_missing(Vocabulary::Categories, categories, &entry.categories, port).await?;
    terms::forget_missing(Vocabulary::Tags, tags, &entry.tags, port).await
}

/// A medium that is refused is named as the request does.
fn about(failure: Failure, index: usize) -> Failure {
    match failure.reason {
        Reason::UnsupportedContent | Reason::InvalidContent => {
            failure.with_fields([format!("payload.media[{index}]")])
        }
        _ => failure,
    }
}
