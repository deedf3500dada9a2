//! What a submission that is accepted leaves behind, whatever keeps it.
//!
//! Ensures that names, entries, bodies and answers are the same in every store. Does not keep them.

use slugline_core::answer::{Answer, AnswerJob, Status, result_ref};
use slugline_core::event::EventType;
use slugline_core::ids::PublishId;
use slugline_core::intake::{Accept, Origin, Submission};
use slugline_core::item::{Action, ItemKey};
use slugline_core::lifecycle::{PendingReason, publish_state};
use slugline_core::problem::{Code, FieldError, Problem};

use crate::entry::{Dated, Entry};
use crate::prepare::{Body, Prepared};
use crate::short_name::{self, ShortName};
use crate::words::Waits;

/// The name of a submission's key within its scope.
pub(crate) fn key_name(submission: &Submission) -> ShortName {
    let item = &submission.item;
    short_name::of(&["key", &item.owner, &item.environment, &submission.key])
}

/// The name of an item, beside those of its relatives: the items with its content id.
pub(crate) fn item_name(key: &ItemKey) -> ShortName {
    let (family, member) = (
        ["item", &key.content_id],
        [&*key.owner, &key.environment, &key.locale],
    );
    short_name::within(&family, &member)
}

/// The name of a content in all its locales.
pub(crate) fn content_name(owner: &str, environment: &str, content_id: &str) -> ShortName {
    short_name::of(&["content", owner, environment, content_id])
}

/// What an accepted publish is kept to wait for: what it depends on, even if all of that is live now,
/// because it may be gone when the rest has passed.
pub(crate) fn waits(accept: &Accept) -> Waits {
    let waits = Waits::of(&accept.waits);
    match accept.depends_on.is_empty() {
        true => waits,
        false => waits.with(PendingReason::Dependency),
    }
}

/// The name of a slug within its scope. Each kind of entry has its own paths.
pub(crate) fn slug_name(submission: &Submission, slug: &str) -> ShortName {
    let item = &submission.item;
    let payload = submission.request.payload.as_ref();
    let space = payload
        .and_then(|payload| payload.content_type())
        .unwrap_or_default();
    short_name::of(&[
        "slug",
        &item.owner,
        &item.environment,
        &item.locale,
        space,
        slug,
    ])
}

/// Says which of a submission's media are not kept here any more (they were when it was checked).
pub(crate) fn missing_media<E>(
    submission: &Submission,
    mut is_kept: impl FnMut(&str) -> Result<bool, E>,
) -> Result<Option<Problem>, E> {
    let mut missing = Vec::new();
    for (index, medium) in submission.media.iter().flatten().enumerate() {
        if !is_kept(&medium.sha256)? {
            let advice = format!(
                "the bytes of {} are not kept here; upload them again",
                medium.sha256
            );
            missing.push(FieldError::new(format!("payload.media[{index}]"), advice));
        }
    }
    Ok((!missing.is_empty()).then(|| Problem::fields(Code::InvalidRequest, missing)))
}

/// What is said of a destination that the configuration names and the store does not know.
pub(crate) fn unknown_destination(name: &str) -> Problem {
    Problem::new(
        Code::Internal,
        format!("destination {name:?} is not known to the store"),
    )
}

/// The entry of an accepted request. `body`: where its body is stored with it.
pub(crate) fn request_entry<'a>(
    at: &impl Dated,
    prepared: &'a Prepared,
    accept: &Accept,
    (item, publish): (i64, PublishId),
    body: Option<&Body>,
) -> Entry<'a> {
    let submission = &prepared.submission;
    let kind = match submission.request.action {
        Action::Publish => EventType::PublishRequest,
        Action::Unpublish => EventType::UnpublishRequest,
        Action::Delete => EventType::DeleteRequest,
        Action::Draft => EventType::DraftReady,
    };
    let entry = Entry::new(at, kind, "accepted", item, &submission.item);
    let entry = match &submission.origin {
        Origin::Producer => entry,
        Origin::Poll => entry.detail("found_by_poll", true),
        Origin::Person {
            restores: Some(restored),
            ..
        } => entry.detail("restores", restored),
        Origin::Person { .. } => entry.detail("edited", true),
    };
    entry
        .publish(publish, &submission.key)
        .actor(&submission.actor)
        .detail("generation", accept.generation)
        .detail("version", accept.version)
        .detail("destinations", &accept.targets)
        .detail("raw", &prepared.raw_digest)
        .detail("body", body.map(|body| &body.digest))
}

/// The entry of a request that came too late.
pub(crate) fn stale_entry<'a>(
    at: &impl Dated,
    submission: &'a Submission,
    item: i64,
    answer: &Answer,
) -> Entry<'a> {
    let key: &ItemKey = &submission.item;
    Entry::new(at, EventType::StaleUpdateIgnored, "ignored", item, key)
        .request(&submission.key)
        .actor(&submission.actor)
        .detail("reason", &answer.reason)
        .detail("version", answer.version)
}

/// The answer to an accepted request.
pub(crate) fn answer(
    submission: &Submission,
    accept: &Accept,
    publish: PublishId,
    jobs: Vec<AnswerJob>,
) -> Answer {
    Answer {
        publish_id: Some(publish),
        version: Some(accept.version),
        generation: Some(accept.generation),
        result_ref: Some(result_ref(&submission.item, accept.version)),
        state: Some(publish_state(jobs.iter().map(|job| job.state))),
        jobs,
        supersedes: accept.supersedes.clone(),
        ..Answer::new(Status::Ok, &submission.key, &submission.item.content_id)
    }
}
