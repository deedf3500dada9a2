//! Publishes that wait for what they depend on, as both databases hold them.
//!
//! Ensures that the facts on which `slugline_core::dependency` decides mean the same whatever keeps
//! them: the columns that they are read from stand once, beside the function that reads them.

use slugline_core::dependency::{Dependant, Place, Standing};
use slugline_core::ids::PublishId;
use slugline_core::item::{Action, Class, ItemKey};
use slugline_core::time::Timestamp;

use crate::record::Record;

/// A publish that waits, with what it depends on.
pub(crate) struct Waiter {
    pub(crate) publish: PublishId,
    pub(crate) key: ItemKey,
    pub(crate) action: Action,
    pub(crate) class: Class,
    /// When it would have been released otherwise; or since when it waits again.
    pub(crate) since: Timestamp,
    /// Where its pending jobs go.
    pub(crate) destinations: Vec<String>,
    /// What it depends on, each with its places.
    pub(crate) needs: Vec<(String, Vec<Place>)>,
}

/// The columns that [`read`] reads.
pub(crate) const SELECT: &str = "SELECT p.id, p.action, p.class, p.accepted_at, p.publish_at, p.waits_since, i.owner, i.environment, i.content_id, i.locale
    FROM publish p JOIN item i ON i.id = p.item";

/// A publish without its destinations and needs.
pub(crate) fn read<R: Record>(row: &R) -> Result<Waiter, R::Error> {
    let (accepted_at, publish_at): (Timestamp, Option<Timestamp>) = (row.read(3)?, row.read(4)?);
    let again: Option<Timestamp> = row.read(5)?;
    Ok(Waiter {
        publish: row.read(0)?,
        action: row.read(1)?,
        class: row.read(2)?,
        since: accepted_at
            .max(publish_at.unwrap_or(accepted_at))
            .max(again.unwrap_or(accepted_at)),
        key: ItemKey {
            owner: row.read(6)?,
            environment: row.read(7)?,
            content_id: row.read(8)?,
            locale: row.read(9)?,
        },
        destinations: Vec::new(),
        needs: Vec::new(),
    })
}

/// The columns of items `i` that [`place`] reads, and what they are joined from.
macro_rules! places {
    ($more:literal, $($which:tt)*) => {
        concat!(
            "SELECT i.locale, t.name, w.action, s.action", $more,
            " FROM item i LEFT JOIN desired w ON w.item = i.id LEFT JOIN destination t ON t.id = w.destination
                          LEFT JOIN job s ON s.id = w.shown_job ",
            $($which)*
        )
    };
}
pub(crate) use places;

/// Where an item stands at one of the destinations that desire it, or that none does.
pub(crate) fn place<R: Record>(row: &R) -> Result<Place, R::Error> {
    let at = match row.read::<Option<String>>(1)? {
        Some(destination) => Some(Standing {
            destination,
            desired: row.read(2)?,
            shown: row.read(3)?,
        }),
        None => None,
    };
    Ok(Place {
        locale: row.read(0)?,
        at,
    })
}

impl Waiter {
    /// What it depends on and is not live.
    pub(crate) fn unmet(&self) -> Vec<String> {
        let dependant = Dependant {
            action: self.action,
            locale: &self.key.locale,
            destinations: &self.destinations,
        };
        let unmet = self
            .needs
            .iter()
            .filter(|(_, places)| !dependant.is_met_by(places));
        unmet.map(|(content_id, _)| content_id.clone()).collect()
    }
}
