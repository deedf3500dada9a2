//! News of our own entries: a CMS that is source and destination at once tells of what we wrote there.
//!
//! Ensures that what we wrote never comes back as a publish, and that an entry which a person changed is
//! found out: whatever is told of an entry of ours is a reason to look at it, and what differs is drift of
//! the item that it shows. Where it is not known whether source and destination are one site, what cannot
//! be told is left to a person rather than guessed.

use std::time::Duration;

use slugline_core::problem::{Code, Problem};
use slugline_core::source::What;

use super::digest::Place;
use super::settings::SourceSettings;
use super::{Site, Webhooks};
use crate::store::{ChangeStatus, Changed, OwnEntry, StoreError};

/// A run of ours brings several webhooks: one look after them is enough.
const CHECK_AFTER: Duration = Duration::from_secs(2);

impl Webhooks {
    /// What became of a change that is news of an entry of ours; `None` where it is not.
    pub(super) async fn ours(&self, place: &Place<'_>) -> Result<Option<Changed>, StoreError> {
        if !place.change.what.is_of_an_entry() {
            return Ok(None);
        }
        let is_draft = place.change.what == What::Draft;
        for site in &place.source.settings.same_as {
            let names = site.connector.entry_refs(&place.change.entry);
            if names.is_empty() {
                continue;
            }
            let own = self.store.own_entry(&site.destination, names).await?;
            let Some(own) = own.filter(|own| !place.is_origin_of(own)) else {
                continue;
            };
            if !site.certain && !place.reads_like(&own) {
                // A draft publishes nothing, whosoever it is.
                return Ok((!is_draft).then(|| place.is_in_doubt(site, &own)));
            }
            // What we write is a draft at first. What is public there did not change: there is nothing to look at.
            if is_draft {
                return Ok(Some(place.is_ours(
                    site,
                    own,
                    "what is public there did not change",
                )));
            }
            let asked = self
                .store
                .check_soon(&site.destination, &own.name, CHECK_AFTER);
            asked.await?;
            return Ok(Some(place.is_ours(site, own, "it is looked at there")));
        }
        Ok(None)
    }
}

impl Place<'_> {
    /// What this source told first and was then written elsewhere: the other site numbers its entries alike.
    fn is_origin_of(&self, own: &OwnEntry) -> bool {
        own.item.owner == self.source.settings.owner && own.item.content_id == self.content_id
    }

    fn reads_like(&self, own: &OwnEntry) -> bool {
        let payload = self.change.payload.as_ref();
        let slug = payload.and_then(|payload| payload.slug.as_deref());
        slug.is_some() && slug == own.slug.as_deref()
    }

    fn is_ours(&self, site: &Site, own: OwnEntry, then: &str) -> Changed {
        let reason = format!(
            "{} at {} is where it is published; {then}",
            own.name, site.destination
        );
        Changed {
            content_id: own.item.content_id,
            reason: Some(reason),
            ..self.changed(ChangeStatus::Ours, Some(&own.item.locale))
        }
    }

    fn is_in_doubt(&self, site: &Site, own: &OwnEntry) -> Changed {
        let Site { destination, .. } = site;
        let detail = format!(
            "at {destination}, {} shows {}; if this source is the same site, set same_as = [\"{destination}\"] in [[source]], else same_as = [], and retry this webhook",
            own.name, own.item.content_id
        );
        self.refused(&Problem::new(Code::OwnedByOtherSource, detail))
    }
}

impl SourceSettings {
    /// The destinations where its entries are already.
    pub(super) fn certainly_at(&self) -> Vec<String> {
        let certain = self.same_as.iter().filter(|site| site.certain);
        certain.map(|site| site.destination.clone()).collect()
    }
}
