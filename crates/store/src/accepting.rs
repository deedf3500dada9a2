//! What a submission that is accepted leaves behind, whatever keeps it.
//!
//! Ensures that names, entries, bodies and answers are the same in every store. Does not keep them.

use slugline_core::answer::{Answer, AnswerJob, Status, result_ref};
use slugline_core::event::{EventType, salted_digest};
use slugline_core::ids::PublishId;
use slugline_core::intake::{Accept, Submission};
use slugline_core::item::{Action, ItemKey};
use slugline_core::lifecycle::publish_state;
use slugline_core::problem::{Code, FieldError, Problem};

use crate::entry::{Dated, Entry};
use crate::short_name::{self, ShortName};

/// Bytes of salt: nobody guesses what was erased from its digest in the log.
pub(crate) const SALT: usize = 16;

/// The name of a submission's key within its scope.
pub(crate) fn key_name(submission: &Submission) -> ShortName {
    let item = &submission.item;
    short_name::of(&[&item.owner, &item.environment, &submission.key])
}

/// The name of a slug within its scope. `space` is the kind of entry, as each kind has its paths.
pub(crate) fn slug_name(submission: &Submission, slug: &str) -> ShortName {
    let item = &submission.item;
    let payload = submission.request.payload.as_ref();
    let space = payload
        .and_then(|payload| payload.content_type())
        .unwrap_or_default();
    short_name::of(&[&item.owner, &item.environment, &item.locale, space, slug])
}

/// The payload as it is stored; `None` for removals.
pub(crate) fn body_text(submission: &Submission) -> Result<Option<String>, serde_json::Error> {
    let payload = submission
        .request
        .payload
        .as_ref()
        .filter(|_| !submission.request.action.removes());
    payload.map(serde_json::to_string).transpose()
}

/// Says which of a submission's media are not kept here any more (they were when it was checked).
pub(crate) fn missing_media(
    submission: &Submission,
    mut is_kept: impl FnMut(&str) -> bool,
) -> Option<Problem> {
    let named = submission.media.iter().flatten().enumerate();
    let missing: Vec<FieldError> = named
        .filter(|(_, medium)| !is_kept(&medium.sha256))
        .map(|(index, medium)| {
            let advice = format!(
                "the bytes of {} are not kept here; upload them again",
                medium.sha256
            );
            FieldError::new(format!("payload.media[{index}]"), advice)
        })
        .collect();
    (!missing.is_empty()).then(|| Problem::fields(Code::InvalidRequest, missing))
}

/// What is said of a destination that the configuration names and the store does not know.
pub(crate) fn unknown_destination(name: &str) -> Problem {
    Problem::new(
        Code::Internal,
        format!("destination {name:?} is not known to the store"),
    )
}

/// The entry of an accepted request. `body`: as it is stored.
pub(crate) fn request_entry<'a>(
    at: &impl Dated,
    submission: &'a Submission,
    accept: &Accept,
    (item, publish): (i64, PublishId),
    salt: &[u8],
    body: Option<&str>,
) -> Entry<'a> {
    let kind = match submission.request.action {
        Action::Publish => EventType::PublishRequest,
        Action::Unpublish => EventType::UnpublishRequest,
        Action::Delete => EventType::DeleteRequest,
        Action::Draft => EventType::DraftReady,
    };
    Entry::new(at, kind, "accepted", item, &submission.item)
        .publish(publish, &submission.key)
        .actor(&submission.actor)
        .detail("generation", accept.generation)
        .detail("version", accept.version)
        .detail("destinations", &accept.targets)
        .detail("raw", salted_digest(salt, &submission.raw))
        .detail(
            "body",
            body.map(|body| salted_digest(salt, body.as_bytes())),
        )
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
