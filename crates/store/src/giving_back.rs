//! What becomes of an item's slug when a person takes its newest generation back before it was released.
//!
//! Ensures that the slug is that of the generation which holds then: the one that is desired, or that waits; none where
//! nothing does. Does not write it.

use slugline_core::version::Generation;

use crate::reconciling::Rows;
use crate::record::{Record, Value};
use crate::short_name::ShortName;

/// What is to be written.
pub(crate) struct GivingBack {
    /// The claim that ends.
    pub(crate) left: Option<ShortName>,
    /// With which generation it does; 0 where no destination can show it.
    pub(crate) leaving: Generation,
    /// The slug and the claim that hold again.
    pub(crate) taken: Option<(String, ShortName)>,
}

/// The item, if nothing comes of its newest generation. 0, 1, 2: open; 4: failed, and can be retried.
const TAKEN_BACK: &str = "SELECT i.generation, i.slug, i.slug_key FROM item i WHERE i.id = $1 AND NOT EXISTS
    (SELECT 1 FROM publish p JOIN job j ON j.publish = p.id WHERE p.item = i.id AND p.generation = i.generation
       AND (j.released_at IS NOT NULL OR j.state IN (0, 1, 2, 4)))";

const HOLDS: &str = "SELECT max(x.generation) FROM (
    SELECT w.generation FROM desired w WHERE w.item = $1 UNION ALL
    SELECT j.generation FROM publish p JOIN job j ON j.publish = p.id WHERE p.item = $1 AND j.state IN (0, 1, 2, 4)) x";

const SLUG: &str = "SELECT slug FROM revision WHERE item = $1 AND generation = $2";

const CLAIM: &str = "SELECT key FROM slug_claim WHERE item = $1 AND leaving IS NOT NULL AND slug = $2 ORDER BY leaving DESC LIMIT 1";

const WAS_RELEASED: &str =
    "SELECT 1 FROM publish p JOIN revision r ON r.item = p.item AND r.generation = p.generation
    WHERE p.item = $1 AND p.released_at IS NOT NULL AND r.slug = $2 LIMIT 1";

/// What is to be done about an item's slug; `None` where it is as it should be.
pub(crate) async fn plan<D: Rows>(db: &D, item: i64) -> Result<Option<GivingBack>, D::Fault> {
    let named = || vec![Value::Int(item)];
    let with = |slug: &str| vec![Value::Int(item), Value::Text(slug.to_owned())];
    let found = db.rows(TAKEN_BACK, named()).await?;
    let Some(row) = found.first() else {
        return Ok(None);
    };
    let (newest, current): (Generation, Option<String>) = (row.read(0)?, row.read(1)?);
    let left: Option<Vec<u8>> = row.read(2)?;
    let holds = db.rows(HOLDS, named()).await?;
    let holds: Option<i64> = match holds.first() {
        Some(row) => row.read(0)?,
        None => None,
    };
    let mut slug: Option<String> = None;
    if let Some(generation) = holds {
        let found = vec![Value::Int(item), Value::Int(generation)];
        let found = db.rows(SLUG, found).await?;
        slug = found.first().map(|row| row.read(0)).transpose()?.flatten();
    }
    if slug == current {
        return Ok(None);
    }
    let taken = match slug {
        None => None,
        Some(slug) => {
            let claim = db.rows(CLAIM, with(&slug)).await?;
            let Some(claim) = claim.first() else {
                return Ok(None);
            };
            let key: Vec<u8> = claim.read(0)?;
            name(&key).map(|key| (slug, key))
        }
    };
    let shown = match &current {
        Some(current) => !db.rows(WAS_RELEASED, with(current)).await?.is_empty(),
        None => false,
    };
    let leaving = match (shown, holds) {
        (false, _) => Generation(0),
        (true, Some(holds)) => Generation(holds),
        (true, None) => newest,
    };
    Ok(Some(GivingBack {
        left: left.as_deref().and_then(name),
        leaving,
        taken,
    }))
}

fn name(bytes: &[u8]) -> Option<ShortName> {
    bytes.try_into().ok()
}
