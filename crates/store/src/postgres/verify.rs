//! Checking the log.
//!
//! Ensures that every sealed segment that still has its entries is read again, each with its entries
//! from one moment: others write, seal and erase meanwhile. What is compared is in `crate::chain`.

use std::collections::BTreeMap;

use slugline_core::event::salted_digest;
use slugline_core::ids::PublishId;
use slugline_engine::store::LogCheck;

use super::fault::Done;
use super::seal::{self, SELECT_ENTRIES, SELECT_SEGMENT};
use super::sequencer;
use super::session::{BEGIN, COMMIT, Session, call};
use crate::chain::{Check, Claim, ENTRIES, Entry, Part, Segment};
use crate::record::Record;

/// Has all statements of the transaction see the same moment.
const ONE_MOMENT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// Checks the whole log.
pub(crate) async fn check(session: &Session) -> Done<LogCheck> {
    sequencer::number(session).await?;
    let mut check = Check::new();
    while let Some((segment, entries)) = next_segment(session, check.next()).await? {
        let claims = check.segment(&segment, &entries);
        compare(session, &mut check, &claims).await?;
    }
    loop {
        let (first, last) = (check.next(), check.next() + ENTRIES - 1);
        let entries = seal::entries(&session.rows(SELECT_ENTRIES, &[&first, &last]).await?)?;
        if entries.is_empty() {
            return Ok(check.finish());
        }
        let claims = check.unsealed(&entries);
        compare(session, &mut check, &claims).await?;
    }
}

/// The segment that begins with this entry or later, with its entries.
async fn next_segment(session: &Session, first: i64) -> Done<Option<(Segment, Vec<Entry>)>> {
    let next = format!("{SELECT_SEGMENT} WHERE first >= $1 ORDER BY first LIMIT 1");
    let [_, _, segment] = session
        .each([
            call(BEGIN, &[]),
            call(ONE_MOMENT, &[]),
            call(&next, &[&first]),
        ])
        .await?;
    let segment = segment.first().map(seal::segment).transpose()?;
    let (first, last) = segment.as_ref().map_or((0, 0), |it| (it.first, it.last));
    let [entries, _] = session
        .each([call(SELECT_ENTRIES, &[&first, &last]), call(COMMIT, &[])])
        .await?;
    let entries = seal::entries(&entries)?;
    Ok(segment.map(|segment| (segment, entries)))
}

async fn compare(session: &Session, check: &mut Check, claims: &[Claim]) -> Done<()> {
    for part in [Part::Raw, Part::Body] {
        let claims = claims
            .iter()
            .filter(|claim| claim.part == part)
            .collect::<Vec<_>>();
        let kept = kept(session, part, &claims).await?;
        for claim in claims {
            check.compare(claim, kept.get(&claim.publish).map(String::as_str));
        }
    }
    Ok(())
}

/// The digests of what is still kept of requests.
async fn kept(
    session: &Session,
    part: Part,
    claims: &[&Claim],
) -> Done<BTreeMap<PublishId, String>> {
    let sql = match part {
        Part::Raw => "SELECT publish, salt, bytes FROM raw_request WHERE publish = ANY ($1)",
        Part::Body => {
            "SELECT p.id, r.salt, convert_to(r.payload, 'UTF8')
             FROM publish p JOIN revision r ON r.item = p.item AND r.generation = p.generation
             WHERE p.id = ANY ($1) AND r.payload IS NOT NULL"
        }
    };
    let publishes = claims
        .iter()
        .map(|claim| claim.publish.0)
        .collect::<Vec<_>>();
    let mut kept = BTreeMap::new();
    for row in session.rows(sql, &[&publishes]).await? {
        let (salt, bytes): (Vec<u8>, Vec<u8>) = (row.read(1)?, row.read(2)?);
        kept.insert(row.read(0)?, salted_digest(&salt, &bytes));
    }
    Ok(kept)
}
