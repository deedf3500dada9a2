//! What a group of submissions made new, until it is written.
//!
//! Ensures that each table is written by one statement however large the group is, and in the order of
//! its unique keys, so that two groups that want the same one do not wait for each other in a circle.

use std::collections::BTreeMap;

use slugline_core::ids::{JobId, PublishId};
use slugline_core::intake::Accept;
use slugline_core::item::ItemKey;

use super::facts::World;
use super::fault::Done;
use super::items::ItemChange;
use super::keys::NewKey;
use super::slugs::Slugs;
use super::write::Write;
use super::{items, jobs, keys, publishes, revisions};
use crate::entry::Dated;
use crate::prepare::Prepared;
use crate::short_name::ShortName;

/// What is to be written beside [`Changes`](super::changes::Changes).
#[derive(Default)]
pub(crate) struct New<'a> {
    pub(crate) items: BTreeMap<ItemKey, ItemChange>,
    pub(crate) slugs: Slugs,
    pub(crate) keys: BTreeMap<ShortName, NewKey>,
    pub(crate) expired_keys: Vec<Vec<u8>>,
    pub(crate) publishes: Vec<NewPublish<'a>>,
    pub(crate) jobs: Vec<JobId>,
}

/// A publish with its request as it came.
pub(crate) struct NewPublish<'a> {
    pub(crate) id: PublishId,
    pub(crate) item: i64,
    pub(crate) prepared: &'a Prepared,
    pub(crate) accept: Accept,
    pub(crate) slug_key: Option<ShortName>,
    /// `None`: more destinations for a revision that is stored.
    pub(crate) revision: Option<NewRevision<'a>>,
}

/// A revision's body.
pub(crate) struct NewRevision<'a> {
    /// The key that is kept as long as the body.
    pub(crate) key: Option<ShortName>,
    /// `None` for removals.
    pub(crate) payload: Option<&'a str>,
}

impl<'a> World<'a> {
    /// The statements that write all of it, in an order in which each finds what it refers to.
    pub(crate) fn writes(self) -> Done<Vec<Write<'a>>> {
        let Self {
            mut changes,
            items,
            new,
            ..
        } = self;
        let now = changes.now();
        let mut writes = items::save(&items, &new.items);
        writes.extend(new.slugs.save());
        writes.extend(keys::save(new.keys, new.expired_keys));
        writes.extend(revisions::insert(&new.publishes, now)?);
        writes.extend(publishes::insert(&new.publishes, now));
        let fresh = new.jobs.into_iter();
        writes.extend(jobs::insert(
            fresh.filter_map(|id| changes.take_new(id)).collect(),
        ));
        writes.extend(changes.writes()?);
        Ok(writes)
    }
}
