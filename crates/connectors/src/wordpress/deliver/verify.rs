//! Reading back what the destination holds, field by field, and what the public sees.
//!
//! Ensures that an entry counts as live only when its stored fields and every medium's bytes are as
//! desired and no other entry has its slug. Forgets the effects of what somebody removed, so that
//! the next run delivers it again.

use std::collections::BTreeMap;

use slugline_core::connector::{Difference, Shown, Verification, Work};
use slugline_core::failure::Failure;
use slugline_core::item::Action;
use slugline_core::port::Port;
use slugline_core::reason::Reason;

use super::act::retract;
use super::desired::difference;
use super::entry::{Entry, EntryRef};
use super::media;
use super::observe::{Located, differences, locate};
use super::parts::{self, Parts};
use super::proof;
use crate::wordpress::WordPress;
use crate::wordpress::config::{Deletion, Proof};

/// Verifies for the loop.
pub(in crate::wordpress) async fn verify(
    vendor: &WordPress,
    work: &Work,
    port: &dyn Port,
) -> Result<Verification, Failure> {
    let located = locate(vendor, work, port).await?;
    if work.action.removes() {
        return verify_removed(vendor, work, located, port).await;
    }
    let Some(entry) = &located.ours else {
        return Ok(Verification::Differs(vec![difference(
            "entry", "an entry", "none",
        )]));
    };
    refuse_shared_slug(vendor, work, &located, entry, port).await?;
    let mut found = differences(vendor, located.kind, work, entry, port).await?;
    if found.is_empty() {
        found = check_media(work, port).await?;
    } else {
        parts::forget_missing(work, entry, port).await?;
    }
    if found.is_empty() && entry.is_live() && vendor.proof == Proof::Permalink {
        found = proof::is_public(&entry.link, port).await?;
    }
    Ok(verdict(found, &located, entry))
}

async fn verify_removed(
    vendor: &WordPress,
    work: &Work,
    located: Located,
    port: &dyn Port,
) -> Result<Verification, Failure> {
    let Some(entry) = &located.ours else {
        return Ok(Verification::Matched(Shown::default()));
    };
    let mut found = Vec::new();
    if !entry.is_at_rest(&work.derived_slug) {
        found.push(difference(
            "status",
            "not public",
            &format!("{} under {}", entry.status, entry.slug),
        ));
    } else if work.action == Action::Delete && vendor.delete == Deletion::Force {
        found.push(difference("entry", "none", &entry.status));
    } else if vendor.proof == Proof::Permalink {
        found = proof::is_gone(&vendor.site.public(entry.id), port).await?;
    }
    Ok(verdict(found, &located, entry))
}

fn verdict(found: Vec<Difference>, located: &Located, entry: &Entry) -> Verification {
    if !found.is_empty() {
        return Verification::Differs(found);
    }
    Verification::Matched(Shown {
        downstream_ids: BTreeMap::from([(located.kind.name().to_owned(), entry.id.to_string())]),
        fingerprint: entry.fingerprint(),
        url: entry.is_live().then(|| entry.link.clone()),
    })
}

/// Two entries created at the same moment can get one slug. The other one stays.
async fn refuse_shared_slug(
    vendor: &WordPress,
    work: &Work,
    located: &Located,
    entry: &Entry,
    port: &dyn Port,
) -> Result<(), Failure> {
    let Some(rival) = located.rivals.first().filter(|_| entry.slug == work.slug) else {
        return Ok(());
    };
    let at = EntryRef {
        kind: located.kind,
        id: entry.id,
    };
    retract(&vendor.site, at, work, port).await?;
    let (slug, kind) = (&work.slug, located.kind.name());
    let message = format!(
        "the {kind} {} has the slug {slug:?} as well; ours is a draft again",
        rival.id
    );
    Err(Failure::new(Reason::SlugTakenAtDestination, message)
        .with_fields(["payload.slug".to_owned()]))
}

/// Fetches every medium as the public does.
async fn check_media(work: &Work, port: &dyn Port) -> Result<Vec<Difference>, Failure> {
    let mut found = Vec::new();
    let Some(parts) = Parts::recall(work, port).await? else {
        return Ok(found);
    };
    for (medium, upload) in parts.media {
        if !media::is_intact(&upload.original_url, medium, port).await? {
            port.forget(&media::effect(&medium.sha256)).await?;
            found.push(difference(
                "payload.media",
                &medium.sha256,
                &format!("other bytes, or none, at {}", upload.original_url),
            ));
        }
    }
    Ok(found)
}
