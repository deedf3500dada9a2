//! Bringing an item's file into the site, and taking it out.
//!
//! Ensures that every step may be the last one before a crash: media are there before the page that
//! links to them, the trail knows a path before it is written, and a page that moves is at its new
//! path before it leaves the old one.

use std::collections::BTreeMap;

use bytes::Bytes;
use slugline_core::canonical::Fingerprint;
use slugline_core::connector::{Difference, Shown, Verification, Work};
use slugline_core::decide::{Decision, Observed};
use slugline_core::failure::Failure;
use slugline_core::port::Port;
use slugline_core::reason::Reason;

use super::config::Folder;
use super::look::{Seen, look};
use super::trail::Trail;
use super::{media, page, place};

/// Looks at the item's file and its media.
pub(super) async fn observe(
    folder: &Folder,
    work: &Work,
    port: &dyn Port,
) -> Result<Observed, Failure> {
    let seen = look(folder, work, port).await?;
    if let Some(what) = seen.foreign.clone().filter(|_| !work.action.removes()) {
        return Ok(Observed::Foreign { what });
    }
    let Some((path, contents)) = seen.ours.first() else {
        return Ok(Observed::Absent);
    };
    let matches = !work.action.removes()
        && seen.trail.is_only(path)
        && seen.differences(folder, work, port).await?.is_empty();
    Ok(Observed::Ours {
        id: path.clone(),
        matches,
        fingerprint: fingerprint(contents),
    })
}

/// Over a whole file.
pub(super) fn fingerprint(contents: &[u8]) -> String {
    Fingerprint::of_bytes(contents).hex()
}

/// Carries out a decision.
pub(super) async fn act(
    folder: &Folder,
    work: &Work,
    decision: &Decision,
    port: &dyn Port,
) -> Result<(), Failure> {
    match decision {
        Decision::Create | Decision::Update { .. } => put(folder, work, port).await,
        Decision::Remove { .. } => take(folder, work, port).await,
        Decision::NoOp | Decision::Signal | Decision::Superseded | Decision::Conflict(_) => Ok(()),
    }
}

async fn put(folder: &Folder, work: &Work, port: &dyn Port) -> Result<(), Failure> {
    let target = place::entry(folder, work)?;
    let placed = media::store(folder, work, port).await?;
    // Media take time: look once more, so that a file that a person put there meanwhile is seen.
    let seen = look(folder, work, port).await?;
    if let Some(what) = seen.foreign {
        return Err(Failure::new(Reason::SlugTakenAtDestination, what));
    }
    let wanted = page::render(work, &placed, seen.since().as_deref());
    seen.trail.lead_to(&target, port).await?;
    if seen
        .at_target()
        .is_none_or(|contents| contents != wanted.as_bytes())
    {
        folder
            .files(port)
            .write(&target, Bytes::from(wanted))
            .await?;
    }
    for path in seen.elsewhere() {
        folder.files(port).remove(path).await?;
    }
    seen.trail.end_at(&target, port).await
}

async fn take(folder: &Folder, work: &Work, port: &dyn Port) -> Result<(), Failure> {
    let seen = look(folder, work, port).await?;
    for (path, _) in &seen.ours {
        folder.files(port).remove(path).await?;
    }
    Trail::end(port).await
}

/// Reads back.
pub(super) async fn verify(
    folder: &Folder,
    work: &Work,
    port: &dyn Port,
) -> Result<Verification, Failure> {
    let seen = look(folder, work, port).await?;
    if work.action.removes() {
        return Ok(verify_gone(&seen));
    }
    let differences = seen.differences(folder, work, port).await?;
    match seen.ours.first() {
        Some((path, contents)) if differences.is_empty() => Ok(Verification::Matched(Shown {
            downstream_ids: BTreeMap::from([("file".to_owned(), path.clone())]),
            fingerprint: fingerprint(contents),
            url: None,
        })),
        _ => Ok(Verification::Differs(differences)),
    }
}

fn verify_gone(seen: &Seen) -> Verification {
    if seen.ours.is_empty() {
        return Verification::Matched(Shown::default());
    }
    let still = |(path, _): &(String, Bytes)| Difference {
        field: "file".into(),
        detail: format!("{path} is still there"),
    };
    Verification::Differs(seen.ours.iter().map(still).collect())
}
