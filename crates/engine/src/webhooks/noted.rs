//! News of what publishes nothing: drafts, media and terms, as the log is to have it.
//!
//! Ensures that the log says what the outcome says was noted, and where each thing belongs. That it is said
//! once is the store's business.

use slugline_core::event::EventType;
use slugline_core::source::{Change, Locales, What};

use super::{Came, Source};
use crate::store::{ChangeStatus, Noted, Outcome};

impl Source {
    /// What the log has to say of a webhook that ended so.
    pub(super) fn noted(&self, came: &Came<'_>, outcome: &Outcome) -> Vec<Noted> {
        let told = came.told.iter().flat_map(|news| &news.changes);
        told.filter_map(|(number, change)| self.noted_one(came, *number, change))
            .filter(|noted| is_noted(outcome, noted))
            .collect()
    }

    fn noted_one(&self, came: &Came<'_>, number: usize, change: &Change) -> Option<Noted> {
        let kind = match change.what {
            What::Draft => EventType::DraftReady,
            What::Asset => EventType::AssetChanged,
            What::Taxonomy => EventType::TaxonomyChanged,
            What::Published | What::Unpublished | What::Deleted => return None,
        };
        Some(Noted {
            kind,
            source: self.settings.name.clone(),
            owner: self.settings.owner.clone(),
            environment: self.environment(change).ok()?,
            locale: self.noted_in(change),
            // Media and terms are looked at as they are now; a draft is one of several.
            version: change.version.filter(|_| change.what == What::Draft),
            entry: change.entry.clone(),
            content_id: self.content_id(change),
            request_id: format!("{}.{number}", came.id),
        })
    }

    /// The locale of it: a draft has that of its item, a medium or a term perhaps none.
    pub(super) fn noted_in(&self, change: &Change) -> Option<String> {
        match (&change.locales, change.what) {
            (Locales::One(locale), _) => Some(locale.clone()),
            (Locales::Unsaid, What::Draft) => Some(self.locale(change)),
            (Locales::Unsaid | Locales::All, _) => None,
        }
    }
}

fn is_noted(outcome: &Outcome, noted: &Noted) -> bool {
    let mut changes = outcome.changes.iter();
    changes.any(|change| {
        change.status == ChangeStatus::Noted
            && change.content_id == noted.content_id
            && change.locale == noted.locale
    })
}
