//! Items and their revisions as the API shows them.

use slugline_core::canonical::Fingerprint;
use slugline_core::drift::Drift;
use slugline_core::ids::JobId;
use slugline_core::item::ItemKey;
use slugline_core::time::Timestamp;
use slugline_core::version::{Generation, Version};
use slugline_engine::store::{
    ContentAt, ContentView, DriftView, ErasedView, OwnEntry, Page, RevisionView,
};

use super::list::Where;
use crate::record::{Json, Record};

/// The columns that [`read`] reads.
pub(crate) const SELECT: &str =
    "SELECT id, content_id, owner, environment, locale, source, version_kind, version, generation,
    action, slug, erased_at, erased FROM item";

/// An item's number, and the item without what is desired of it.
pub(crate) fn read<R: Record>(row: &R) -> Result<(i64, ContentView), R::Error> {
    let version = Version::from_ordinal(row.read(6)?, row.read(7)?);
    let erased = row.read::<Option<_>>(11)?.zip(row.read(12)?);
    let view = ContentView {
        content_id: row.read(1)?,
        owner: row.read(2)?,
        environment: row.read(3)?,
        locale: row.read(4)?,
        source: row.read(5)?,
        version,
        next_version: version.next(),
        generation: row.read(8)?,
        action: row.read(9)?,
        slug: row.read(10)?,
        erased: erased.map(|(at, generation)| ErasedView { at, generation }),
        destinations: Vec::new(),
    };
    Ok((row.read(0)?, view))
}

/// The columns that [`at`] reads.
pub(crate) const SELECT_AT: &str =
    "SELECT d.name, w.action, w.generation, w.shown_generation, w.job, w.item, w.drift, w.drift_at
    FROM desired w JOIN destination d ON d.id = w.destination";

/// What is desired of an item somewhere, before its newest job is added.
pub(crate) struct Desired {
    /// The item's number.
    pub(crate) item: i64,
    /// Its newest job.
    pub(crate) job: JobId,
    /// What is shown of it.
    pub(crate) at: ContentAt,
}

/// What is desired of an item at a destination.
pub(crate) fn at<R: Record>(row: &R) -> Result<Desired, R::Error> {
    let desired_generation: Generation = row.read(2)?;
    let shown_generation = row.read(3)?;
    let drift: Option<Drift> = row.read(6)?;
    let found_at: Option<Timestamp> = row.read(7)?;
    let drift = drift.zip(found_at);
    let at = ContentAt {
        destination: row.read(0)?,
        desired_action: row.read(1)?,
        desired_generation,
        shown_generation,
        in_sync: shown_generation == Some(desired_generation) && drift.is_none(),
        drift: drift.map(|(kind, found_at)| DriftView { kind, found_at }),
        job: None,
    };
    Ok(Desired {
        item: row.read(5)?,
        job: row.read(4)?,
        at,
    })
}

/// The columns that [`own`] reads.
pub(crate) const SELECT_OWN: &str =
    "SELECT e.name, i.owner, i.environment, i.content_id, i.locale, i.slug
    FROM destination d JOIN entry e ON e.destination = d.id JOIN item i ON i.id = e.item";

/// An entry of ours.
pub(crate) fn own<R: Record>(row: &R) -> Result<OwnEntry, R::Error> {
    Ok(OwnEntry {
        name: row.read(0)?,
        item: ItemKey {
            owner: row.read(1)?,
            environment: row.read(2)?,
            content_id: row.read(3)?,
            locale: row.read(4)?,
        },
        slug: row.read(5)?,
    })
}

/// The columns that [`revision`] reads.
pub(crate) const SELECT_REVISION: &str =
    "SELECT r.publish, r.generation, p.version_kind, p.version, p.action, i.environment, i.locale,
    r.accepted_at, p.request_id, r.checksum, r.payload, r.media, r.slug,
    coalesce(r.generation <= i.erased, FALSE)
    FROM item i JOIN revision r ON r.item = i.id JOIN publish p ON p.id = r.publish";

/// Which revisions a page has; the cursor is the number of its publish.
pub(crate) fn wanted_revisions(owner: &str, content_id: &str, page: &Page) -> Where {
    let mut wanted = Where::default();
    wanted.and_some("i.content_id = ?", Some(content_id.to_owned()));
    wanted.and_some("i.owner = ?", Some(owner.to_owned()));
    wanted.and_some("r.publish < ?", page.cursor);
    wanted
}

/// The number of a revision's publish, and the revision.
pub(crate) fn revision<R: Record>(row: &R) -> Result<(i64, RevisionView), R::Error> {
    let view = RevisionView {
        generation: row.read(1)?,
        version: Version::from_ordinal(row.read(2)?, row.read(3)?),
        action: row.read(4)?,
        environment: row.read(5)?,
        locale: row.read(6)?,
        accepted_at: row.read(7)?,
        request_id: row.read(8)?,
        slug: row.read(12)?,
        erased: row.read(13)?,
        checksum: row.read::<Fingerprint>(9)?.hex(),
        payload: row.read::<Option<Json<_>>>(10)?.map(|payload| payload.0),
        media: row
            .read::<Option<Json<_>>>(11)?
            .map(|media| media.0)
            .unwrap_or_default(),
    };
    Ok((row.read(0)?, view))
}
