//! What is known when submissions are decided on, and what became of it since in their group.
//!
//! Ensures that all facts of a group are read in two round trips however many submissions it has, and
//! after their items are locked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use slugline_core::dependency::Place;
use slugline_core::ids::PublishId;
use slugline_core::intake::{Found, ItemRecord, KeyRecord, SlugHolder, Submission, wanted_slug};
use slugline_core::item::ItemKey;
use slugline_core::lane::LaneScope;
use slugline_core::lifecycle::PendingReason;

use super::changes::Changes;
use super::dependencies::Numbered;
use super::load::content_name;
use super::new::New;
use crate::accepting::slug_name;
use crate::prepare::Prepared;
use crate::short_name::ShortName;
use crate::words::Waits;

pub(crate) use super::load::load;

/// What a group of submissions is decided against. What it reads like is changed with each decision.
pub(crate) struct World<'a> {
    pub(crate) changes: Changes,
    /// Keys that were used and have not expired.
    pub(crate) keys: BTreeMap<ShortName, KeyRecord>,
    pub(crate) items: BTreeMap<ItemKey, Item>,
    /// The number that an item's locales share, by owner, environment and content id.
    pub(crate) contents: BTreeMap<(String, String, String), i64>,
    pub(crate) destinations: BTreeMap<String, Known>,
    pub(crate) names: BTreeMap<i64, String>,
    pub(crate) slugs: BTreeMap<(ShortName, i64), Claim>,
    /// The places of what submissions depend on, as they were when they were read.
    pub(crate) places: BTreeMap<(String, String, String), Vec<Numbered>>,
    /// Media whose bytes are kept, in lower-case hex.
    pub(crate) media: BTreeSet<String>,
    /// Publishes that wait: whose, and for what.
    pub(crate) waiting: BTreeMap<PublishId, (i64, Waits)>,
    /// Whether anything is paused.
    pub(crate) paused: bool,
    pub(crate) ids: Ids,
    pub(crate) new: New<'a>,
}

/// An item with its numbers.
#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) id: i64,
    pub(crate) content: i64,
    pub(crate) slug_key: Option<ShortName>,
    /// What intake decides against, but for what follows from jobs and desired state.
    pub(crate) record: ItemRecord,
}

/// A destination as it is stored.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) id: i64,
    pub(crate) lane: LaneScope,
    /// Whether publishes begin there at any time.
    pub(crate) any_time: bool,
}

/// A claim on a slug.
pub(crate) struct Claim {
    pub(crate) content_id: String,
    pub(crate) leaving: bool,
}

/// Numbers for what is new, drawn under the items' locks.
#[derive(Default)]
pub(crate) struct Ids {
    pub(crate) items: VecDeque<i64>,
    pub(crate) publishes: VecDeque<i64>,
    pub(crate) jobs: VecDeque<i64>,
}

/// The facts of one submission.
pub(crate) struct Facts {
    pub(crate) item: Option<i64>,
    /// The item that stands for the content in all its locales.
    pub(crate) whole: Option<i64>,
    pub(crate) slug_key: Option<ShortName>,
    pub(crate) found: Found,
}

impl World<'_> {
    /// What a submission is decided on.
    pub(crate) fn facts(&self, prepared: &Prepared) -> Facts {
        let submission = &prepared.submission;
        let key = self.keys.get(&prepared.key).cloned();
        if key.is_some() {
            let found = Found {
                key,
                ..Found::default()
            };
            return Facts {
                item: None,
                whole: None,
                slug_key: None,
                found,
            };
        }
        let item = self.items.get(&submission.item);
        let slug = wanted_slug(
            submission,
            item.and_then(|item| item.record.slug.as_deref()),
        );
        let slug_key = slug.map(|slug| slug_name(submission, &slug));
        let id = item.map(|item| item.id);
        let whole = submission.whole().and_then(|key| self.items.get(&key));
        Facts {
            item: id,
            whole: whole.map(|item| item.id),
            slug_key,
            found: Found {
                key,
                item: item.map(|item| self.record(item)),
                whole: whole.map(|item| item.record.clone()),
                slug_holders: slug_key
                    .map(|key| self.holders(key, id))
                    .unwrap_or_default(),
                dependencies: self.dependencies(submission),
            },
        }
    }

    /// The places of what a submission depends on, as the group has left them.
    fn dependencies(&self, submission: &Submission) -> Vec<(String, Vec<Place>)> {
        let ids = submission.request.dependencies().iter();
        ids.map(|id| {
            let item = ItemKey {
                content_id: id.clone(),
                ..submission.item.clone()
            };
            let found = self.places.get(&content_name(&item)).into_iter().flatten();
            let mut places: Vec<Place> = found.map(|numbered| self.place_now(numbered)).collect();
            if self.items.contains_key(&item) {
                let (locale, at) = (item.locale, None);
                places.push(Place { locale, at });
            }
            (id.clone(), places)
        })
        .collect()
    }

    fn place_now(&self, numbered: &Numbered) -> Place {
        let mut place = numbered.place.clone();
        let at = numbered.destination.map(|at| (numbered.item, at));
        let wanted = at.and_then(|at| self.changes.desired.get(&at));
        if let (Some(standing), Some(wanted)) = (&mut place.at, wanted) {
            standing.desired = wanted.action;
        }
        place
    }

    fn record(&self, item: &Item) -> ItemRecord {
        let wanted = self
            .changes
            .desired
            .range((item.id, i64::MIN)..=(item.id, i64::MAX));
        let scheduled = self.waiting.iter().filter(|(id, (of, waits))| {
            *of == item.id && waits.has(PendingReason::Scheduled) && self.is_pending(**id)
        });
        ItemRecord {
            desired_at: wanted
                .filter_map(|((_, at), _)| self.names.get(at).cloned())
                .collect(),
            scheduled: scheduled.map(|(id, _)| *id).collect(),
            ..item.record.clone()
        }
    }

    fn is_pending(&self, publish: PublishId) -> bool {
        self.changes
            .pending_jobs()
            .any(|job| job.publish == publish)
    }

    /// Other items' claims on a slug.
    fn holders(&self, key: ShortName, own: Option<i64>) -> Vec<SlugHolder> {
        let claims = self.slugs.range((key, i64::MIN)..=(key, i64::MAX));
        let others = claims.filter(|((_, item), _)| Some(*item) != own);
        others
            .map(|(_, claim)| SlugHolder {
                content_id: claim.content_id.clone(),
                leaving: claim.leaving,
            })
            .collect()
    }
}
