//! Looking at the destination before anything is written.
//!
//! Ensures that our entry is found by its remembered id, else under the slug that only we derive,
//! and that an entry of somebody else under the real slug is seen. Never adopts by the real slug.

use slugline_core::connector::{Difference, Work};
use slugline_core::decide::Observed;
use slugline_core::failure::Failure;
use slugline_core::item::Action;
use slugline_core::port::{ENTRY, Port};
use slugline_core::reason::Reason;

use super::desired::{Desired, difference, kind};
use super::entry::{Entry, EntryRef, Kind, family, is_in_family, must_move};
use super::parts::Parts;
use super::site::Site;
use crate::wordpress::WordPress;
use crate::wordpress::config::Deletion;

/// What is at the destination.
pub(super) struct Located {
    pub(super) kind: Kind,
    /// Our entry.
    pub(super) ours: Option<Entry>,
    /// Entries of others under the real slug. More than one is possible: WordPress lets two posts
    /// that are created at the same moment have one slug.
    pub(super) rivals: Vec<Entry>,
}

/// Observes for the loop.
pub(in crate::wordpress) async fn observe(
    vendor: &WordPress,
    work: &Work,
    port: &dyn Port,
) -> Result<Observed, Failure> {
    let located = locate(vendor, work, port).await?;
    if let Some(what) = located.conflict(work) {
        return Ok(Observed::Foreign { what });
    }
    let Some(entry) = located.ours else {
        return Ok(Observed::Absent);
    };
    let matches = match work.action {
        Action::Unpublish => entry.is_at_rest(&work.derived_slug),
        Action::Delete => vendor.delete == Deletion::Trash && entry.status == "trash",
        Action::Publish | Action::Draft => differences(vendor, located.kind, work, &entry, port)
            .await?
            .is_empty(),
    };
    Ok(Observed::Ours {
        id: entry.id.to_string(),
        matches,
        fingerprint: entry.fingerprint(),
    })
}

/// How our entry differs from what the work wants.
pub(super) async fn differences(
    vendor: &WordPress,
    kind: Kind,
    work: &Work,
    entry: &Entry,
    port: &dyn Port,
) -> Result<Vec<Difference>, Failure> {
    Ok(match Parts::recall(work, port).await? {
        Some(parts) => Desired::new(vendor, kind, work, &parts).differences(entry),
        None => vec![difference(
            "payload.media",
            "media and terms delivered",
            "not all are remembered",
        )],
    })
}

/// Finds our entry and those that hold its slug, with one request where nothing was moved.
pub(super) async fn locate(
    vendor: &WordPress,
    work: &Work,
    port: &dyn Port,
) -> Result<Located, Failure> {
    let remembered = remembered(port).await?;
    let kind = match remembered {
        Some(entry) if work.action.removes() => entry.kind,
        _ => kind(vendor, work)?,
    };
    let mut slugs = family(&work.derived_slug);
    slugs.extend((!work.slug.is_empty()).then(|| work.slug.clone()));
    let mut listed = list(&vendor.site, kind, &slugs, "any", port).await?;
    let known = match remembered {
        Some(entry) => still_there(&vendor.site, entry, &listed, port).await?,
        None => None,
    };
    refuse_another_kind(remembered.filter(|_| known.is_some()), kind)?;
    let ours = match known {
        Some(entry) => Some(entry),
        None => adopt(kind, &listed, work, port).await?,
    };
    listed.retain(|entry| {
        entry.slug == work.slug && ours.as_ref().is_none_or(|ours| ours.id != entry.id)
    });
    Ok(Located {
        kind,
        ours,
        rivals: listed,
    })
}

impl Located {
    /// Why the real slug cannot be ours. Where we are live under it, or under one that we must not keep,
    /// there is something to take back, and that is not an observation's affair.
    fn conflict(&self, work: &Work) -> Option<String> {
        let wants_slug = work.action == Action::Publish;
        let is_in_the_way = |entry: &Entry| entry.is_live() && must_move(&entry.slug, work);
        if !wants_slug || self.ours.as_ref().is_some_and(is_in_the_way) {
            return None;
        }
        self.rivals.first().map(|rival| {
            let (slug, kind) = (&work.slug, self.kind.name());
            format!(
                "the slug {slug:?} is held by the {kind} {} ({:?}), which is not ours",
                rival.id, rival.title.raw
            )
        })
    }
}

/// Where our entry is, by its effect.
pub(super) async fn remembered(port: &dyn Port) -> Result<Option<EntryRef>, Failure> {
    let Some(text) = port.recall(&ENTRY).await? else {
        return Ok(None);
    };
    text.parse()
        .map(Some)
        .map_err(|why| Failure::new(Reason::LocalStorage, why))
}

/// The remembered entry; forgotten when somebody removed it for good.
async fn still_there(
    site: &Site,
    entry: EntryRef,
    listed: &[Entry],
    port: &dyn Port,
) -> Result<Option<Entry>, Failure> {
    if let Some(found) = listed.iter().find(|found| found.id == entry.id) {
        return Ok(Some(found.clone()));
    }
    let found = site.find(port, &entry.to_string()).await?;
    if found.is_none() {
        port.forget(&ENTRY).await?;
    }
    Ok(found)
}

/// The oldest entry under the derived slug: an earlier attempt made it and could not remember it.
async fn adopt(
    kind: Kind,
    listed: &[Entry],
    work: &Work,
    port: &dyn Port,
) -> Result<Option<Entry>, Failure> {
    let made_by_us = listed
        .iter()
        .filter(|entry| is_in_family(&entry.slug, &work.derived_slug));
    let Some(entry) = made_by_us.min_by_key(|entry| entry.id) else {
        return Ok(None);
    };
    port.remember(&ENTRY, &EntryRef { kind, id: entry.id }.to_string())
        .await?;
    Ok(Some(entry.clone()))
}

fn refuse_another_kind(remembered: Option<EntryRef>, wanted: Kind) -> Result<(), Failure> {
    match remembered {
        Some(entry) if entry.kind != wanted => {
            let (is, wanted) = (entry.kind.name(), wanted.name());
            let advice = format!(
                "the item is a {is} in WordPress and cannot become a {wanted}; delete it there first"
            );
            Err(Failure::new(Reason::UnsupportedContent, advice)
                .with_fields(["payload.fields.content_type".to_owned()]))
        }
        _ => Ok(()),
    }
}

/// All entries with one of these slugs, in the order of their ids: the default order, by date, shows
/// one twice and hides another. `any` leaves out the trash, where slugs get a suffix anyway.
pub(super) async fn list(
    site: &Site,
    kind: Kind,
    slugs: &[String],
    status: &str,
    port: &dyn Port,
) -> Result<Vec<Entry>, Failure> {
    let slugs = slugs.join(",");
    let query = [
        ("slug", slugs.as_str()),
        ("status", status),
        ("context", "edit"),
        ("orderby", "id"),
        ("order", "asc"),
        ("per_page", "100"),
    ];
    site.get(port, kind.route(), &query).await
}
