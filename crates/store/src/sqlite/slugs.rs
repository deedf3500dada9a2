//! Slug claims.
//!
//! Ensures that a slug has one claim that is not being given up, within owner, environment, locale
//! and path space; and that a claim that is being given up lasts until no destination shows it.

use rusqlite::{Connection, params};
use slugline_core::event::EventType;
use slugline_core::intake::SlugHolder;
use slugline_core::version::Generation;

use super::fault::Done;
use super::items;
use super::log::Entry;
use super::rows::{Writing, at_once};
use super::statements::Statements;
use super::tx::Tx;
use crate::giving_back;
use crate::short_name::ShortName;

/// Other items' claims on a slug.
pub(crate) fn holders(tx: &Tx<'_>, key: &ShortName, own: Option<i64>) -> Done<Vec<SlugHolder>> {
    let sql =
        "SELECT i.content_id, c.leaving IS NOT NULL FROM slug_claim c JOIN item i ON i.id = c.item
               WHERE c.id = ?1 AND c.key = ?2 AND c.item <> ?3";
    let mut holders = Vec::new();
    for claim in tx.named(*key)? {
        holders.extend(tx.one(sql, params![claim, key, own.unwrap_or(0)], |row| {
            Ok(SlugHolder {
                content_id: row.get(0)?,
                leaving: row.get(1)?,
            })
        })?);
    }
    Ok(holders)
}

/// Which of these claims on a slug is the item's.
fn own(tx: &Tx<'_>, claims: &[i64], key: &ShortName, item: i64) -> Done<Option<i64>> {
    let sql = "SELECT id FROM slug_claim WHERE id = ?1 AND key = ?2 AND item = ?3";
    for claim in claims {
        let found = tx.one(sql, params![claim, key, item], |row| row.get(0))?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Whether another item than this one claims a slug.
pub(crate) fn is_taken(
    connection: &Connection,
    claims: &[i64],
    key: &ShortName,
    item: i64,
) -> Done<bool> {
    let sql = "SELECT 1 FROM slug_claim WHERE id = ?1 AND key = ?2 AND item <> ?3";
    for claim in claims {
        if connection
            .one(sql, params![claim, key, item], |_| Ok(()))?
            .is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Claims a slug for an item, again if it was being given up.
pub(crate) fn claim(tx: &Tx<'_>, item: i64, key: &ShortName, slug: &str) -> Done<()> {
    if let Some(own) = own(tx, &tx.named(*key)?, key, item)? {
        tx.run("UPDATE slug_claim SET leaving = NULL WHERE id = ?1", [own])?;
        return Ok(());
    }
    claim_first(tx, item, key, slug)
}

/// Claims a slug for an item that has never claimed one.
pub(crate) fn claim_first(tx: &Tx<'_>, item: i64, key: &ShortName, slug: &str) -> Done<()> {
    let sql = "INSERT INTO slug_claim (key, item, slug) VALUES (?1, ?2, ?3)";
    tx.run(sql, params![key, item, slug])?;
    tx.give(*key, tx.last_insert_rowid());
    Ok(())
}

/// Notes that an item gives its slug up with this generation.
pub(crate) fn leave(tx: &Tx<'_>, item: i64, key: &ShortName, generation: Generation) -> Done<()> {
    if let Some(own) = own(tx, &tx.named(*key)?, key, item)? {
        let sql = "UPDATE slug_claim SET leaving = ?2 WHERE id = ?1";
        tx.run(sql, params![own, generation.0])?;
    }
    Ok(())
}

/// Has an item's slug be that of the generation which holds, after its newest was taken back; not where another item
/// waits for it.
pub(crate) fn give_back(tx: &Tx<'_>, item: i64) -> Done<()> {
    let Some(back) = at_once(giving_back::plan(&Writing(tx), item))? else {
        return Ok(());
    };
    if let Some((_, key)) = &back.taken
        && is_taken(tx, &tx.named(*key)?, key, item)?
    {
        return Ok(());
    }
    if let Some(left) = &back.left {
        leave(tx, item, left, back.leaving)?;
    }
    let (slug, key) = back.taken.unzip();
    if let (Some(slug), Some(key)) = (&slug, &key) {
        claim(tx, item, key, slug)?;
    }
    let sql = "UPDATE item SET slug = ?2, slug_key = ?3 WHERE id = ?1";
    tx.run(sql, params![item, slug, key]).map(drop)
}

/// A claim that has ended.
pub(crate) struct Ended {
    id: i64,
    key: ShortName,
    item: i64,
    slug: String,
}

/// When a claim that is being given up has ended: every destination that the item goes to shows the
/// generation that dropped it, or the item never got to one and no longer tries. 0: none could show it.
const HAS_ENDED: &str = "c.leaving IS NOT NULL AND (c.leaving = 0 OR NOT EXISTS (SELECT 1 FROM desired d WHERE d.item = c.item
                    AND (d.shown_generation IS NULL OR d.shown_generation < c.leaving))
    AND (EXISTS (SELECT 1 FROM desired d WHERE d.item = c.item)
         OR NOT EXISTS (SELECT 1 FROM publish p JOIN job j ON j.publish = p.id WHERE p.item = c.item AND j.state < 3)))";

/// Claims that have ended.
pub(crate) fn ended(connection: &Connection, limit: usize) -> Done<Vec<Ended>> {
    let sql =
        format!("SELECT c.id, c.key, c.item, c.slug FROM slug_claim c WHERE {HAS_ENDED} LIMIT ?1");
    connection.all(&sql, [limit], |row| {
        Ok(Ended {
            id: row.get(0)?,
            key: row.get(1)?,
            item: row.get(2)?,
            slug: row.get(3)?,
        })
    })
}

/// Removes claims that have ended and are not taken up again; how many.
pub(crate) fn free(tx: &Tx<'_>, claims: &[Ended]) -> Done<usize> {
    let sql = format!(
        "DELETE FROM slug_claim AS c WHERE c.id = ?1 AND c.key = ?2 AND c.item = ?3 AND {HAS_ENDED}"
    );
    let mut freed = 0;
    for claim in claims {
        if tx.run(&sql, params![claim.id, claim.key, claim.item])? == 0 {
            continue;
        }
        tx.forget(claim.key, claim.id);
        freed += 1;
        let key = items::key(tx, claim.item)?;
        Entry::new(tx, EventType::SlugReleased, "released", claim.item, &key)
            .detail("slug", &claim.slug)
            .write(tx)?;
    }
    if freed > 0 {
        tx.nudge();
    }
    Ok(freed)
}
