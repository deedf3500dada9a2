//! The intake decisions (DESIGN §4): what an arriving request means, given what is stored.
//!
//! Ensures that the same facts give the same decision on every store and node. The facts are read
//! under the item's lock by the store, which then carries the decision out; nothing here does.

use crate::answer::{Answer, Status, result_ref};
use crate::dependency::Dependant;
use crate::item::Action;
use crate::lifecycle::PendingReason;
use crate::problem::{Code, Problem};
use crate::slug;
use crate::source::ALL_LOCALES;
use crate::version::{Generation, Version, VersionKind};

mod submission;

pub use submission::*;

/// The source of what API clients send.
pub const API: &str = "api";

/// The slug that a submission wants: its own, else the one the item has, else one from the title.
#[must_use]
pub fn wanted_slug(submission: &Submission, current: Option<&str>) -> Option<String> {
    let payload = submission
        .request
        .payload
        .as_ref()
        .filter(|_| !submission.request.action.removes())?;
    let restored = match &submission.origin {
        Origin::Producer | Origin::Poll => None,
        Origin::Person { slug, .. } => slug.clone(),
    };
    restored
        .or_else(|| payload.slug.clone())
        .or_else(|| current.map(str::to_owned))
        .or_else(|| slug::derive(&payload.title))
        .or_else(|| slug::derive(&submission.item.content_id))
}

/// Decides what an arriving request means.
#[must_use]
pub fn decide(submission: &Submission, found: &Found) -> Intake {
    if let Some(record) = &found.key {
        return repeated_key(submission, record);
    }
    if let Origin::Person { seen, .. } = submission.origin {
        return by_person(submission, found, seen);
    }
    if let Some(answer) = removed_as_a_whole(submission, found) {
        return Intake::Stale(answer);
    }
    let Some(item) = &found.item else {
        return first_of_item(submission, found);
    };
    match belongs(submission, item) {
        Err(problem) => Intake::Refuse(problem),
        Ok(None) => accept(
            submission,
            found,
            Some(item),
            next_version(submission, item),
            true,
        ),
        // Its removal was told before anything else, and put at the time at which it came.
        Ok(Some(version)) if version.kind() != item.version.kind() => {
            accept(submission, found, Some(item), version, false)
        }
        Ok(Some(version)) => by_version(submission, found, item, version),
    }
}

/// A person's edit or rollback: it counts only for who saw the newest generation.
fn by_person(submission: &Submission, found: &Found, seen: Generation) -> Intake {
    let Some(item) = &found.item else {
        let detail = format!("there is no item {:?}", submission.item.content_id);
        return Intake::Refuse(Problem::new(Code::NotFound, detail));
    };
    if item.generation != seen {
        let detail = format!(
            "generation {} is the newest of {:?}, not {seen}; look at it, then decide again",
            item.generation, submission.item.content_id
        );
        let problem = Problem::new(Code::Superseded, detail);
        return Intake::Refuse(problem.with("generation", item.generation));
    }
    let version = submission.request.version.unwrap_or(item.version);
    let made = accept(submission, found, Some(item), version, false);
    match made {
        Intake::Accept(accept) => Intake::Accept(Accept {
            mark: item.version,
            body: item.body,
            revised: true,
            ..accept
        }),
        refused => refused,
    }
}

/// What is said of a submission that a removal of the content in all its locales has overtaken.
fn removed_as_a_whole(submission: &Submission, found: &Found) -> Option<Answer> {
    let whole = found
        .whole
        .as_ref()
        .filter(|whole| whole.action.removes())?;
    let version = submission.request.version?;
    let newest_removed = match submission.request.action.removes() {
        true => whole.version.ordinal().saturating_sub(1),
        false => whole.version.ordinal(),
    };
    let overtaken = version.kind() == whole.version.kind() && version.ordinal() <= newest_removed;
    overtaken.then(|| stale(submission, whole, version))
}

fn repeated_key(submission: &Submission, record: &KeyRecord) -> Intake {
    if record.fingerprint == submission.fingerprint {
        return Intake::Replay(record.answer.clone().replayed());
    }
    let detail = format!(
        "the key {:?} was used for another request; use a new key for a new request",
        submission.key
    );
    Intake::Refuse(Problem::new(Code::IdempotencyKeyReused, detail))
}

fn first_of_item(submission: &Submission, found: &Found) -> Intake {
    let version = submission.request.version;
    accept(
        submission,
        found,
        None,
        version.unwrap_or(Version::Number(1)),
        version.is_none(),
    )
}

/// Whether source and kind of version are the item's; gives the version, if there is one. What is removed has no kind: a
/// removal that tells none is known by a time.
fn belongs(submission: &Submission, item: &ItemRecord) -> Result<Option<Version>, Problem> {
    if submission.source != item.source {
        let detail = format!(
            "item {:?} belongs to source {:?}",
            submission.item.content_id, item.source
        );
        return Err(Problem::new(Code::OwnedByOtherSource, detail).with("source", &item.source));
    }
    match submission.request.version {
        Some(version) if version.kind() != item.version.kind() && !item.action.removes() => {
            let detail = format!(
                "the item's versions are {}, this one ({version}) is not",
                describe(item.version.kind())
            );
            Err(Problem::new(Code::VersionKindMismatch, detail)
                .with("current_version", item.version))
        }
        version => Ok(version),
    }
}

fn describe(kind: VersionKind) -> &'static str {
    match kind {
        VersionKind::Number => "integers",
        VersionKind::Time => "times",
    }
}

fn next_version(submission: &Submission, item: &ItemRecord) -> Version {
    match item.version.next() {
        Version::Time(at) => Version::Time(at.max(submission.received_at)),
        number => number,
    }
}

fn by_version(
    submission: &Submission,
    found: &Found,
    item: &ItemRecord,
    version: Version,
) -> Intake {
    let action = submission.request.action;
    match version.ordinal().cmp(&item.version.ordinal()) {
        std::cmp::Ordering::Greater => accept(submission, found, Some(item), version, false),
        std::cmp::Ordering::Less => Intake::Stale(stale(submission, item, version)),
        std::cmp::Ordering::Equal if action.removes() && action != item.action => {
            accept(submission, found, Some(item), version, false)
        }
        std::cmp::Ordering::Equal if item.action.removes() && !action.removes() => {
            Intake::Stale(stale(submission, item, version))
        }
        std::cmp::Ordering::Equal => same_version(submission, found, item, version),
    }
}

/// The item's newest version again: the same content may go to more destinations, or turn from a
/// draft into a publish; other content is a conflict.
fn same_version(
    submission: &Submission,
    found: &Found,
    item: &ItemRecord,
    version: Version,
) -> Intake {
    let action = submission.request.action;
    if !action.removes() && submission.body != item.body {
        let detail = format!(
            "version {version} of {:?} is stored with another body; send {}",
            submission.item.content_id,
            version.next()
        );
        return Intake::Refuse(
            Problem::new(Code::VersionConflict, detail).with("next_version", version.next()),
        );
    }
    if item.action == Action::Draft && action == Action::Publish {
        return accept(submission, found, Some(item), version, false);
    }
    let missing: Vec<String> = targets(submission, Some(item))
        .into_iter()
        .filter(|name| !item.targets.contains(name))
        .collect();
    // What a person put in its place goes nowhere because its producer repeats itself.
    if missing.is_empty() || action != item.action || item.revised {
        return Intake::Duplicate(duplicate(submission, item));
    }
    let (waits, depends_on) = waits(submission, found, &missing);
    Intake::Extend(Accept {
        version,
        mark: version,
        body: item.body,
        revised: false,
        generation: item.generation,
        slug: item.slug.clone(),
        targets: missing,
        supersedes: Vec::new(),
        waits,
        depends_on,
        assigned: false,
        item: submission.item.clone(),
    })
}

fn accept(
    submission: &Submission,
    found: &Found,
    item: Option<&ItemRecord>,
    version: Version,
    assigned: bool,
) -> Intake {
    let targets = targets(submission, item);
    // What is said of all locales at once goes nowhere by itself.
    if targets.is_empty() && submission.item.locale != ALL_LOCALES {
        let detail = format!(
            "no route matches environment {:?} and locale {:?}; name destinations, or add a [[route]]",
            submission.item.environment, submission.item.locale
        );
        return Intake::Refuse(Problem::new(Code::NoDestination, detail));
    }
    let slug = wanted_slug(submission, item.and_then(|item| item.slug.as_deref()));
    if let Some(problem) = slug.as_deref().and_then(|slug| slug_problem(slug, found)) {
        return Intake::Refuse(problem);
    }
    let (waits, depends_on) = waits(submission, found, &targets);
    Intake::Accept(Accept {
        version,
        mark: version,
        body: submission.body,
        revised: false,
        generation: item.map(|item| item.generation).unwrap_or_default().next(),
        slug,
        targets,
        supersedes: item.map(|item| item.scheduled.clone()).unwrap_or_default(),
        waits,
        depends_on,
        assigned,
        item: submission.item.clone(),
    })
}

/// Where it goes. A removal without named destinations goes wherever the item is desired too.
fn targets(submission: &Submission, item: Option<&ItemRecord>) -> Vec<String> {
    let mut targets = submission.targets.clone();
    let everywhere =
        submission.request.action.removes() && submission.request.named_destinations().is_empty();
    if let Some(item) = item.filter(|_| everywhere) {
        targets.extend(
            item.desired_at
                .iter()
                .filter(|name| !submission.targets.contains(name))
                .cloned(),
        );
    }
    targets
}

fn slug_problem(slug: &str, found: &Found) -> Option<Problem> {
    let holder = found.slug_holders.iter().find(|holder| !holder.leaving)?;
    let detail = format!(
        "the slug {slug:?} is claimed by {:?}; choose another, or unpublish that item first",
        holder.content_id
    );
    Some(
        Problem::new(Code::SlugTaken, detail)
            .with("slug", slug)
            .with("held_by", &holder.content_id),
    )
}

/// What holds it back now, and what must be live when it is released.
fn waits(
    submission: &Submission,
    found: &Found,
    targets: &[String],
) -> (Vec<PendingReason>, Vec<String>) {
    let request = &submission.request;
    let dependant = Dependant {
        action: request.action,
        locale: &submission.item.locale,
        destinations: targets,
    };
    let mut dependencies = found.dependencies.iter();
    let depends = dependencies.any(|(_, places)| !dependant.is_met_by(places));
    let scheduled = request
        .publish_at
        .is_some_and(|at| at > submission.received_at);
    let fetches = !request.action.removes() && submission.media.is_none();
    let reasons = [
        (scheduled, PendingReason::Scheduled),
        (!found.slug_holders.is_empty(), PendingReason::SlugRelease),
        (depends, PendingReason::Dependency),
        (fetches, PendingReason::Media),
    ];
    let holding = reasons.into_iter().filter(|(holds, _)| *holds);
    let waits: Vec<PendingReason> = holding.map(|(_, reason)| reason).collect();
    let depends_on = match waits.is_empty() {
        true => Vec::new(),
        false => request.dependencies().to_vec(),
    };
    (waits, depends_on)
}

fn stale(submission: &Submission, item: &ItemRecord, version: Version) -> Answer {
    let reason = match item.action {
        Action::Unpublish if !submission.request.action.removes() => format!(
            "unpublished at {}; send {}",
            item.version,
            item.version.next()
        ),
        Action::Delete if !submission.request.action.removes() => {
            format!("deleted at {}; send {}", item.version, item.version.next())
        }
        _ => format!(
            "stale version; incoming {version} < stored {}",
            item.version
        ),
    };
    Answer {
        version: Some(version),
        current_version: Some(item.version),
        next_version: Some(item.version.next()),
        reason: Some(reason),
        ..Answer::new(
            Status::StaleUpdateIgnored,
            &submission.key,
            &submission.item.content_id,
        )
    }
}

fn duplicate(submission: &Submission, item: &ItemRecord) -> Answer {
    Answer {
        publish_id: Some(item.publish),
        version: Some(item.version),
        generation: Some(item.generation),
        result_ref: Some(result_ref(&submission.item, item.version)),
        reason: Some(format!(
            "version {} with the same content was accepted before",
            item.version
        )),
        ..Answer::new(
            Status::Duplicate,
            &submission.key,
            &submission.item.content_id,
        )
    }
}

#[cfg(test)]
mod tests;
