//! Sweeping up what arrived late, and undoing what a dead job began.
//!
//! Ensures that only drafts under our derived slug and media under our derived names are removed,
//! and of those never the ones that we remember. What it cannot be here was never begun here.

use slugline_core::connector::Work;
use slugline_core::failure::Failure;
use slugline_core::port::{ENTRY, Port};

use super::desired::kind;
use super::entry::{Entry, EntryRef, Kind, family};
use super::media::remove_twins;
use super::observe::{list, remembered};
use super::site::Site;
use crate::wordpress::WordPress;

/// Removes drafts that a lost or late create left behind, and twins of media.
pub(in crate::wordpress) async fn tidy(
    vendor: &WordPress,
    work: &Work,
    port: &dyn Port,
) -> Result<(), Failure> {
    let entry = remembered(port).await?;
    let kind = entry.map(|entry| entry.kind).or(kind(vendor, work).ok());
    if let Some(kind) = kind {
        remove_drafts(&vendor.site, kind, work, entry, port).await?;
    }
    remove_twins(&vendor.site, port).await
}

/// Removes the draft of a job that is dead and whose item was never shown. What readers may have
/// seen stays.
pub(in crate::wordpress) async fn undo(
    vendor: &WordPress,
    work: &Work,
    port: &dyn Port,
) -> Result<(), Failure> {
    if work.was_shown {
        return Ok(());
    }
    let site = &vendor.site;
    let Some(at) = remembered(port).await? else {
        return match kind(vendor, work) {
            Ok(kind) => remove_drafts(site, kind, work, None, port).await,
            Err(_) => Ok(()),
        };
    };
    let entry: Option<Entry> = site.find(port, &at.to_string()).await?;
    if entry.is_some_and(|entry| entry.status != "draft") {
        return Ok(());
    }
    site.delete(port, &at.to_string(), true).await?;
    port.forget(&ENTRY).await?;
    remove_drafts(site, at.kind, work, None, port).await
}

/// Only drafts are asked for: what is live under whatever slug is not debris.
async fn remove_drafts(
    site: &Site,
    kind: Kind,
    work: &Work,
    kept: Option<EntryRef>,
    port: &dyn Port,
) -> Result<(), Failure> {
    for entry in list(site, kind, &family(&work.derived_slug), "draft", port).await? {
        let at = EntryRef { kind, id: entry.id };
        if Some(at) != kept {
            site.delete(port, &at.to_string(), true).await?;
        }
    }
    Ok(())
}
