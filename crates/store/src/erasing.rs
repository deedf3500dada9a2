//! Erasing all that is kept of an item's words, whatever keeps it.
//!
//! Ensures that it is one transaction with its entry in the log, that the log's chain stays whole, and that keys,
//! ids, times and names of people stay. The statements are in the words that all databases know, but for a few
//! ([`Dialect`]). Does not see to the bytes under the database.

use std::collections::{BTreeMap, BTreeSet};

use slugline_core::canonical::Fingerprint;
use slugline_core::connector::Shown;
use slugline_core::erasure::{self, Need, Standing};
use slugline_core::event::{EventType, without_words};
use slugline_core::failure::Failure;
use slugline_core::item::Action;
use slugline_core::lifecycle::JobState;
use slugline_core::payload::StoredMedia;
use slugline_core::problem::Problem;
use slugline_core::time::Timestamp;
use slugline_engine::store::{Envelope, Erased, Erasure, NoteKind, Outcome, Unreadable};

use crate::chain;
use crate::entry::{Dated, Entry};
use crate::reconciling::Writes;
use crate::record::{Json, Record, Value};
use crate::words::Word;

/// What is said in the place of a message.
const ERASED: &str = "erased on request";

/// What databases do not say alike.
pub(crate) struct Dialect {
    /// An item's entries in the log: two numbers that name one, and its text.
    pub(crate) entries: &'static str,
    /// Gives the entry with the numbers `$1` and `$2` the text `$3`; its hash was `$4`.
    pub(crate) rewrite: &'static str,
    /// The names of the media that an item's revisions use.
    pub(crate) uses: &'static str,
    /// An item's revisions use none any more.
    pub(crate) unuse: &'static str,
    /// Holds on to a medium that may go.
    pub(crate) hold: &'static str,
}

/// What was done.
pub(crate) struct Done {
    /// What is told of it.
    pub(crate) erased: Erased,
    /// The names of media that went, in hex.
    pub(crate) media: Vec<String>,
}

const NEWEST: &str = "SELECT generation, action FROM item WHERE id = $1";

/// Where it is desired.
const DESIRED: &str = "SELECT d.name, w.action, w.look_due_at IS NOT NULL OR w.look_owed
    FROM desired w JOIN destination d ON d.id = w.destination WHERE w.item = $1 ORDER BY d.name";

/// Jobs that have not ended, are looked at, or can be tried again.
const JOBS: &str = "SELECT d.name, j.state FROM publish p JOIN job j ON j.publish = p.id JOIN destination d ON d.id = j.destination
    WHERE p.item = $1 AND (j.state < 3 OR j.lease_until IS NOT NULL OR (j.state = 4 AND NOT EXISTS
        (SELECT 1 FROM desired w WHERE w.item = j.item AND w.destination = j.destination AND w.generation > j.generation)))
    ORDER BY d.name";

const REVISIONS: &str =
    "SELECT slug, media FROM revision WHERE item = $1 AND (slug IS NOT NULL OR media IS NOT NULL)";

const BODIES: &str = "UPDATE revision SET payload = NULL, salt = NULL, media = NULL WHERE item = $1 AND payload IS NOT NULL RETURNING 1";

const SLUGS: &str =
    "UPDATE revision SET slug = NULL WHERE item = $1 AND slug IS NOT NULL RETURNING 1";

const CLAIMS: &str = "UPDATE slug_claim SET slug = '' WHERE item = $1 AND slug <> '' RETURNING 1";

const REQUESTS: &str =
    "DELETE FROM raw_request WHERE publish IN (SELECT id FROM publish WHERE item = $1) RETURNING 1";

/// Why something was erased before stays: a reason (2) of no job.
const NOTES: &str = "UPDATE note SET text = '' WHERE item = $1 AND text <> '' AND NOT (kind = 2 AND job IS NULL) RETURNING 1";

/// Notes of pauses of the content, in its locale or in all. 3: a content.
const PAUSES: &str = "UPDATE pause SET note = '' WHERE kind = 3 AND note <> ''
      AND owner = $1 AND environment = $2 AND name = $3 AND (locale = $4 OR locale = '') RETURNING 1";

const MESSAGES: &str = "SELECT j.id, j.failure, j.shown FROM publish p JOIN job j ON j.publish = p.id WHERE p.item = $1";

const ATTEMPTS: &str = "SELECT a.job, a.number, a.failure FROM publish p JOIN job j ON j.publish = p.id JOIN attempt a ON a.job = j.id
    WHERE p.item = $1 AND a.failure IS NOT NULL";

/// What its runs sent, and were answered.
const EXCHANGES: &str = "UPDATE attempt SET exchanges = NULL WHERE exchanges IS NOT NULL
    AND job IN (SELECT j.id FROM publish p JOIN job j ON j.publish = p.id WHERE p.item = $1) RETURNING 1";

/// Webhooks of an owner that may have named an item.
const WEBHOOKS: &str = "SELECT w.id, w.outcome, w.body FROM webhook w WHERE w.owner = $1 AND w.outcome LIKE $2 ESCAPE '!'";

const EFFECTS: &str = "SELECT destination, key, result_ref FROM effect WHERE item = $1";

const ENTRIES: &str = "SELECT destination, name FROM entry WHERE item = $1";

const MEDIUM: &str = "DELETE FROM media WHERE sha256 = $1
    AND NOT EXISTS (SELECT 1 FROM revision_media u WHERE u.sha256 = media.sha256) RETURNING 1";

const MARK: &str = "UPDATE item SET erased_at = $2, erased = $3 WHERE id = $1 RETURNING 1";

const NOTE: &str = "INSERT INTO note (item, job, at, kind, actor, text) VALUES ($1, NULL, $2, CAST($3 AS BIGINT), $4, $5) RETURNING 1";

struct At(Timestamp);

impl Dated for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The words of one item, while they are erased.
struct Words<'a, D> {
    db: &'a D,
    item: i64,
    erasure: &'a Erasure,
}

/// Erases the words of the item with this number, or says why not.
pub(crate) async fn erase<D: Writes>(
    db: &D,
    now: Timestamp,
    dialect: &Dialect,
    item: i64,
    erasure: &Erasure,
) -> Result<Result<Done, Problem>, D::Fault> {
    let words = Words { db, item, erasure };
    let newest = words.of_item(NEWEST).await?;
    let Some(newest) = newest.first() else {
        return Ok(Err(unknown(erasure)));
    };
    let action: Action = newest.read(1)?;
    let standing = words.standing().await?;
    if let Err(problem) = erasure::check(&erasure.item.content_id, action, &standing) {
        return Ok(Err(problem));
    }
    let names = words.names().await?;
    let media = words.media(dialect).await?;
    let proofs = words.entries(dialect).await?;
    let erased = Erased {
        generation: newest.read(0)?,
        requests: words.count(REQUESTS).await?,
        bodies: words.count(BODIES).await?,
        notes: words.notes().await?,
        messages: words.messages().await? + words.attempts().await?,
        exchanges: words.count(EXCHANGES).await?,
        webhooks: words.webhooks().await?,
        entries: proofs.len() as u64,
        media: media.len() as u64,
    };
    words.count(SLUGS).await?;
    words.count(CLAIMS).await?;
    words.effects(&names).await?;
    if erased.any() {
        words.tell(now, &erased, &proofs).await?;
    }
    Ok(Ok(Done { erased, media }))
}

/// That there is no such item.
pub(crate) fn unknown(erasure: &Erasure) -> Problem {
    let detail = format!("there is no content {:?} here", erasure.item.content_id);
    Problem::new(slugline_core::problem::Code::NotFound, detail)
}

impl<D: Writes> Words<'_, D> {
    async fn of_item(&self, sql: &str) -> Result<Vec<crate::reconciling::Plain>, D::Fault> {
        self.db.rows(sql, vec![Value::Int(self.item)]).await
    }

    async fn count(&self, sql: &str) -> Result<u64, D::Fault> {
        Ok(self.of_item(sql).await?.len() as u64)
    }

    async fn standing(&self) -> Result<Vec<Standing>, D::Fault> {
        let mut standing = Vec::new();
        for row in self.of_item(DESIRED).await? {
            let (action, look): (Action, bool) = (row.read(1)?, row.read(2)?);
            let needs = match (action.removes(), look) {
                (false, _) => Need::Desired,
                (true, true) => Need::Look,
                (true, false) => continue,
            };
            let destination = row.read(0)?;
            standing.push(Standing { destination, needs });
        }
        for row in self.of_item(JOBS).await? {
            let needs = match row.read::<JobState>(1)? {
                JobState::Failed => Need::DeadLetter,
                state if state.is_final() => Need::Look,
                state => Need::Open(state),
            };
            let destination = row.read(0)?;
            standing.push(Standing { destination, needs });
        }
        Ok(standing)
    }

    /// What paths at destinations are made of: slugs, and the names of media files.
    async fn names(&self) -> Result<BTreeSet<String>, D::Fault> {
        let mut names = BTreeSet::new();
        for row in self.of_item(REVISIONS).await? {
            names.extend(row.read::<Option<String>>(0)?);
            let media: Option<Json<Vec<StoredMedia>>> = row.read(1)?;
            let media = media.into_iter().flat_map(|media| media.0);
            names.extend(media.map(|medium| medium.filename));
        }
        Ok(names)
    }

    /// Forgets what only this item uses.
    async fn media(&self, dialect: &Dialect) -> Result<Vec<String>, D::Fault> {
        let used = self.of_item(dialect.uses).await?;
        self.of_item(dialect.unuse).await?;
        let mut gone = Vec::new();
        for row in used {
            let sha256: Fingerprint = row.read(0)?;
            let named = || vec![Value::Bytes(sha256.0.to_vec())];
            self.db.rows(dialect.hold, named()).await?;
            if !self.db.rows(MEDIUM, named()).await?.is_empty() {
                gone.push(sha256.hex());
            }
        }
        Ok(gone)
    }

    async fn notes(&self) -> Result<u64, D::Fault> {
        let item = &self.erasure.item;
        let named = [
            &item.owner,
            &item.environment,
            &item.content_id,
            &item.locale,
        ];
        let named = named.map(|name| Value::Text(name.clone())).to_vec();
        let of_pauses = self.db.rows(PAUSES, named).await?.len() as u64;
        Ok(self.count(NOTES).await? + of_pauses)
    }

    /// What its jobs say: why they failed, and where what they showed is.
    async fn messages(&self) -> Result<u64, D::Fault> {
        let mut changed = 0;
        for row in self.of_item(MESSAGES).await? {
            let id: i64 = row.read(0)?;
            if let Some(failure) = wordless(row.read(1)?)? {
                let sql = "UPDATE job SET failure = $2 WHERE id = $1 RETURNING 1";
                self.db.rows(sql, vec![Value::Int(id), failure]).await?;
                changed += 1;
            }
            let shown: Option<Json<Shown>> = row.read(2)?;
            if let Some(Json(shown)) = shown {
                let sql = "UPDATE job SET shown = $2 WHERE id = $1 RETURNING 1";
                let shown = Shown {
                    fingerprint: shown.fingerprint,
                    ..Shown::default()
                };
                let shown = Value::Text(serde_json::to_string(&shown)?);
                self.db.rows(sql, vec![Value::Int(id), shown]).await?;
            }
        }
        Ok(changed)
    }

    async fn attempts(&self) -> Result<u64, D::Fault> {
        let sql = "UPDATE attempt SET failure = $3 WHERE job = $1 AND number = $2 RETURNING 1";
        let mut changed = 0;
        for row in self.of_item(ATTEMPTS).await? {
            if let Some(failure) = wordless(row.read(2)?)? {
                let (job, number) = (Value::Int(row.read(0)?), Value::Int(row.read(1)?));
                self.db.rows(sql, vec![job, number, failure]).await?;
                changed += 1;
            }
        }
        Ok(changed)
    }

    /// Webhooks that named it lose what came; what became of them stays. Nobody can deal with them any more.
    async fn webhooks(&self) -> Result<u64, D::Fault> {
        let sql =
            "UPDATE webhook SET outcome = $2, envelope = $3, body = $4, state = CASE state WHEN 0 THEN 1 ELSE state END
             WHERE id = $1 RETURNING 1";
        let item = &self.erasure.item;
        let named = vec![
            Value::Text(item.owner.clone()),
            Value::Text(pattern(&item.content_id)?),
        ];
        let mut changed = 0;
        for row in self.db.rows(WEBHOOKS, named).await? {
            let mut outcome: Outcome = row.read::<Json<_>>(1)?.0;
            let locale = |locale: &Option<String>| {
                locale
                    .as_ref()
                    .is_none_or(|locale| locale == "*" || *locale == item.locale)
            };
            let names_it = outcome
                .changes
                .iter()
                .any(|change| change.content_id == item.content_id && locale(&change.locale));
            let is_it = |part: &Unreadable| part.content_id.as_ref() == Some(&item.content_id);
            let names_it = names_it || outcome.unreadable.iter().any(is_it);
            if !names_it || row.read::<Vec<u8>>(2)?.is_empty() {
                continue;
            }
            outcome
                .changes
                .iter_mut()
                .for_each(|change| change.reason = None);
            let unreadable = outcome.unreadable.iter_mut();
            unreadable.for_each(|part| part.reason = ERASED.into());
            let values = vec![
                Value::Int(row.read(0)?),
                Value::Text(serde_json::to_string(&outcome)?),
                Value::Text(serde_json::to_string(&Envelope::default())?),
                Value::Bytes(Vec::new()),
            ];
            self.db.rows(sql, values).await?;
            changed += 1;
        }
        Ok(changed)
    }

    /// Takes the words out of its entries in the log; what the new ones are proved by.
    async fn entries(&self, dialect: &Dialect) -> Result<BTreeMap<String, String>, D::Fault> {
        let mut proofs = BTreeMap::new();
        for row in self.of_item(dialect.entries).await? {
            let text: String = row.read(2)?;
            let Some(wordless) = without_words(&text) else {
                continue;
            };
            let had = Fingerprint::of_bytes(text.as_bytes());
            proofs.extend([chain::proof(&had, &wordless)]);
            let values = vec![
                Value::Int(row.read(0)?),
                Value::Int(row.read(1)?),
                Value::Text(wordless),
                Value::Bytes(had.0.to_vec()),
            ];
            self.db.rows(dialect.rewrite, values).await?;
        }
        Ok(proofs)
    }

    /// Forgets effects and names of entries that are made of the item's words. Ids that a vendor gave stay: a new
    /// publish finds the entry that there was, and makes no twin.
    async fn effects(&self, names: &BTreeSet<String>) -> Result<(), D::Fault> {
        let effect =
            "DELETE FROM effect WHERE item = $1 AND destination = $2 AND key = $3 RETURNING 1";
        for row in self.of_item(EFFECTS).await? {
            let (key, result): (String, String) = (row.read(1)?, row.read(2)?);
            if is_made_of(names, &key) || is_made_of(names, &result) {
                let named = vec![
                    Value::Int(self.item),
                    Value::Int(row.read(0)?),
                    Value::Text(key),
                ];
                self.db.rows(effect, named).await?;
            }
        }
        let entry = "DELETE FROM entry WHERE destination = $1 AND name = $2 RETURNING 1";
        for row in self.of_item(ENTRIES).await? {
            let name: String = row.read(1)?;
            if is_made_of(names, &name) {
                let named = vec![Value::Int(row.read(0)?), Value::Text(name)];
                self.db.rows(entry, named).await?;
            }
        }
        Ok(())
    }

    /// Marks the item, keeps why, and writes the entry.
    async fn tell(
        &self,
        now: Timestamp,
        erased: &Erased,
        proofs: &BTreeMap<String, String>,
    ) -> Result<(), D::Fault> {
        let Erasure {
            item,
            actor,
            reason,
        } = self.erasure;
        let marked = [self.item, now.0, erased.generation.0].map(Value::Int);
        self.db.rows(MARK, marked.to_vec()).await?;
        let note = vec![
            Value::Int(self.item),
            Value::Int(now.0),
            Value::Int(NoteKind::Reason.number()),
            Value::Text(actor.clone()),
            Value::Text(reason.clone()),
        ];
        self.db.rows(NOTE, note).await?;
        let entry = Entry::new(&At(now), EventType::Erased, "erased", self.item, item)
            .actor(actor)
            .detail("generation", erased.generation)
            .detail("bodies", erased.bodies)
            .detail("requests", erased.requests)
            .detail("webhooks", erased.webhooks)
            .detail("messages", erased.messages)
            .detail("exchanges", erased.exchanges)
            .detail("entries", erased.entries)
            .detail("notes", erased.notes)
            .detail("media", erased.media)
            .detail(chain::PROOFS, proofs);
        self.db.log(entry.finish())
    }
}

/// A failure without its message; `None` where that is gone, or there is none.
fn wordless(failure: Option<Json<Failure>>) -> Result<Option<Value>, serde_json::Error> {
    let Some(Json(failure)) = failure.filter(|failure| failure.0.message != ERASED) else {
        return Ok(None);
    };
    let failure = Failure {
        message: ERASED.into(),
        fields: Vec::new(),
        ..failure
    };
    Ok(Some(Value::Text(serde_json::to_string(&failure)?)))
}

/// What an outcome that names this content is like.
fn pattern(content_id: &str) -> Result<String, serde_json::Error> {
    let mut pattern = String::from("%");
    for c in serde_json::to_string(content_id)?.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    Ok(pattern)
}

/// Whether one of the names stands in it as a part of a path.
fn is_made_of(names: &BTreeSet<String>, text: &str) -> bool {
    let bounds = |c: Option<char>| c.is_none_or(|c| "/.\n\"".contains(c));
    names.iter().any(|name| {
        let mut found = text.match_indices(name.as_str());
        found.any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + name.len()..]);
            // A name that is all of it may be an id that a vendor gave.
            before.len() + after.len() > 0
                && bounds(before.chars().next_back())
                && bounds(after.chars().next())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_of_slugs_and_ids_are_not() {
        let names = BTreeSet::from(["jane-doe".to_owned(), "12".to_owned()]);
        for path in [
            "en/jane-doe.html",
            "jane-doe/index.html",
            "a\njane-doe.html",
            "{\"name\":\"jane-doe.png\"}",
        ] {
            assert!(is_made_of(&names, path), "{path}");
        }
        for id in ["12", "post:12", "121", "not-jane-doe-either.html", ""] {
            assert!(!is_made_of(&names, id), "{id}");
        }
    }

    #[test]
    fn what_is_sought_is_taken_literally() {
        assert_eq!(pattern("a_b%c!").unwrap(), "%\"a!_b!%c!!\"%");
    }
}
