//! Items whose words were erased.
//!
//! Ensures that nothing is erased that anything still needs (P1, P6), that the words are gone from the store's files,
//! and that what was erased is never brought back.

use std::collections::BTreeSet;

use slugline_core::event::LogEntry;
use slugline_core::item::ItemKey;
use slugline_core::lifecycle::JobState;
use slugline_core::problem::{Code, Problem};
use slugline_core::source::ALL_LOCALES;
use slugline_engine::store::{Erased, Erasure};

use super::log::item_in;
use super::{Judged, Model, Publish, broken};

impl Model {
    /// The log says that an item's words were erased.
    pub(super) fn erased(&mut self, entry: &LogEntry) -> Judged {
        let item = item_in(entry);
        let Some(known) = self.items.get(&item) else {
            return broken("P8", format!("an erasure of nothing: {entry:?}"));
        };
        if known.is_shown() {
            return broken("P1", format!("{item:?} is erased, and should be live"));
        }
        let its = |publish| {
            let publish = self.publishes.get(publish);
            publish.is_some_and(|publish| publish.item == item)
        };
        let mut jobs = self.jobs.iter().filter(|(_, job)| its(&job.publish));
        let is_needed = |job: &super::Job, id| {
            let place = (item.clone(), job.destination.clone());
            let is_desired = self.places.get(&place) == Some(id);
            !job.state.is_final() || job.state == JobState::Failed && is_desired
        };
        if let Some((id, job)) = jobs.find(|(id, job)| is_needed(job, *id)) {
            let what = format!("{item:?} is erased, and {id} needs its words: {job:?}");
            return broken("P1", what);
        }
        let wanted = self.places.iter().find(|((placed, _), job)| {
            let publish = self.publish_of(**job).map(|(_, publish)| publish);
            *placed == item && publish.is_some_and(|publish| !publish.action.removes())
        });
        if let Some(((_, at), _)) = wanted {
            return broken("P1", format!("{item:?} is erased, and desired at {at}"));
        }
        let of_item = self
            .publishes
            .values_mut()
            .filter(|publish| publish.item == item);
        of_item.for_each(|publish| publish.erased = true);
        self.unsay(&item);
        self.log.erased.insert(item);
        Ok(())
    }

    /// Judges what an operator was told.
    pub(crate) fn judge_erasure(
        &self,
        erasure: &Erasure,
        outcome: &Result<Erased, Problem>,
    ) -> Judged {
        let is_known = self.items.contains_key(&erasure.item);
        let refused = outcome.as_ref().err().map(|problem| problem.code);
        match (is_known, refused) {
            (true, None | Some(Code::IllegalState)) | (false, Some(Code::NotFound)) => Ok(()),
            _ => broken("P6", format!("{erasure:?} is answered {outcome:?}")),
        }
    }

    /// Titles of what was erased of an item that no other has.
    pub(crate) fn forgotten(&self, item: &ItemKey) -> Vec<String> {
        let titles = |gone: bool| {
            let is_gone = |publish: &&Publish| publish.erased && publish.item == *item;
            let publishes = self.publishes.values();
            let those = publishes.filter(move |publish| is_gone(publish) == gone);
            let payloads = those.filter_map(|publish| publish.payload.as_ref());
            payloads.map(|payload| payload.title.clone())
        };
        let kept: BTreeSet<String> = titles(false).collect();
        titles(true).filter(|title| !kept.contains(title)).collect()
    }

    /// Items that were removed, as far as is known.
    pub(crate) fn removed(&self) -> Vec<ItemKey> {
        let own = self
            .items
            .iter()
            .filter(|(key, item)| key.locale != ALL_LOCALES && !item.is_shown());
        own.map(|(key, _)| key.clone()).collect()
    }
}
