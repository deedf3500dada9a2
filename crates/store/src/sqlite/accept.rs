//! Accepting submissions: facts, decision, consequences, in one transaction.
//!
//! Ensures that `slugline_core::intake` decides on facts that nobody can change before its decision
//! is carried out (P2). What a new publish consists of is in `carry_out`.

use slugline_core::answer::Answer;
use slugline_core::intake::{Found, Intake, Submission, decide, wanted_slug};
use slugline_core::problem::Problem;
use slugline_core::time::Timestamp;
use slugline_engine::store::{Decided, DecidedKind};

use super::carry_out::carry_out;
use super::fault::Done;
use super::items::{self, ItemRow};
use super::tx::Tx;
use super::{dependencies, keys, slugs};
use crate::accepting::{item_name, slug_name, stale_entry};
use crate::prepare::Prepared;
use crate::short_name::ShortName;

/// Decides on submissions and carries the decisions out; one outcome each, in order.
pub(crate) fn accept(tx: &Tx<'_>, submissions: &[Prepared]) -> Done<Vec<Result<Decided, Problem>>> {
    submissions
        .iter()
        .map(|prepared| accept_one(tx, prepared))
        .collect()
}

/// What is known when the decision is made.
pub(crate) struct Facts {
    pub(crate) item: Option<ItemRow>,
    /// Hints to other items with its content id, where the item is new.
    pub(crate) relatives: Vec<i64>,
    pub(crate) slug_key: Option<ShortName>,
    /// The item that stands for the content in all its locales.
    whole: Option<i64>,
    found: Found,
}

fn accept_one(tx: &Tx<'_>, prepared: &Prepared) -> Done<Result<Decided, Problem>> {
    let submission = &prepared.submission;
    let facts = facts(tx, prepared)?;
    match decide(submission, &facts.found) {
        Intake::Replay(answer) => Ok(Ok(Decided::new(answer, DecidedKind::Replayed))),
        Intake::Refuse(problem) => Ok(Err(problem)),
        Intake::Duplicate(answer) => {
            keys::keep(tx, prepared, &answer, Some(key_expiry(tx, submission)))?;
            Ok(Ok(Decided::new(answer, DecidedKind::Duplicate)))
        }
        Intake::Stale(answer) => stale(tx, prepared, &facts, answer).map(Ok),
        Intake::Accept(accept) => carry_out(tx, prepared, &facts, &accept, true),
        Intake::Extend(accept) => carry_out(tx, prepared, &facts, &accept, false),
    }
}

fn facts(tx: &Tx<'_>, prepared: &Prepared) -> Done<Facts> {
    let submission = &prepared.submission;
    let key = keys::find(tx, prepared.key)?;
    if key.is_some() {
        return Ok(Facts {
            item: None,
            relatives: Vec::new(),
            slug_key: None,
            whole: None,
            found: Found {
                key,
                ..Found::default()
            },
        });
    }
    let (item, relatives) = match items::find(tx, prepared.item, &submission.item)? {
        Ok(item) => (Some(item), Vec::new()),
        Err(relatives) => (None, relatives),
    };
    let slug = wanted_slug(
        submission,
        item.as_ref().and_then(|item| item.record.slug.as_deref()),
    );
    let slug_key = slug.map(|slug| slug_name(submission, &slug));
    let slug_holders = match &slug_key {
        Some(key) => slugs::holders(tx, key, item.as_ref().map(|item| item.id))?,
        None => Vec::new(),
    };
    let whole = match submission.whole() {
        Some(key) => items::find(tx, item_name(&key), &key)?.ok(),
        None => None,
    };
    let with_places = |id: &String| {
        let places = dependencies::places(tx, &submission.item, id)?;
        Ok((id.clone(), places))
    };
    let dependencies = submission.request.dependencies().iter();
    let record = item.as_ref().map(|item| item.record.clone());
    Ok(Facts {
        item,
        whole: whole.as_ref().map(|item| item.id),
        relatives,
        slug_key,
        found: Found {
            key,
            item: record,
            whole: whole.map(|item| item.record),
            slug_holders,
            dependencies: dependencies.map(with_places).collect::<Done<_>>()?,
        },
    })
}

/// When a key that is used now may be used for something else.
pub(crate) fn key_expiry(tx: &Tx<'_>, submission: &Submission) -> Timestamp {
    tx.now.plus(submission.key_ttl)
}

fn stale(tx: &Tx<'_>, prepared: &Prepared, facts: &Facts, answer: Answer) -> Done<Decided> {
    let submission = &prepared.submission;
    keys::keep(tx, prepared, &answer, Some(key_expiry(tx, submission)))?;
    let item = facts.item.as_ref().map(|item| item.id).or(facts.whole);
    if let Some(item) = item {
        stale_entry(tx, submission, item, &answer).write(tx)?;
    }
    Ok(Decided::new(answer, DecidedKind::Stale))
}
