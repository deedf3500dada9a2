//! Media that publishes wait for.

use slugline_core::item::ItemKey;
use slugline_engine::store::WantedMedia;

use crate::record::{Json, Record};

/// The columns that [`wanted`] reads.
pub(crate) const SELECT_WANTED: &str = "SELECT p.id, i.owner, i.environment, i.content_id, i.locale, r.payload, p.fetches,
    p.accepted_at, p.class
    FROM publish p JOIN item i ON i.id = p.item JOIN revision r ON r.item = p.item AND r.generation = p.generation";

/// A publish whose media are to be fetched.
pub(crate) fn wanted<R: Record>(row: &R) -> Result<WantedMedia, R::Error> {
    Ok(WantedMedia {
        publish: row.read(0)?,
        item: ItemKey {
            owner: row.read(1)?,
            environment: row.read(2)?,
            content_id: row.read(3)?,
            locale: row.read(4)?,
        },
        payload: row.read::<Json<_>>(5)?.0,
        attempts: row.read(6)?,
        accepted_at: row.read(7)?,
        class: row.read(8)?,
    })
}
