//! Pauses as rows.
//!
//! Ensures that a pause has the same columns whatever keeps it, that what covers a job is spelled once
//! for both databases, and that all entries about pauses say the same.

use slugline_core::event::EventType;
use slugline_core::item::{Class, ItemKey};
use slugline_core::pause::{Pausable, PauseKind, Stopped};
use slugline_core::time::Timestamp;
use slugline_engine::store::{Pause, PauseOrder};

use crate::entry::{Dated, Entry};
use crate::record::{Record, Unreadable};
use crate::words::Word;

/// When a look is due whose item is paused: never, by itself. Whoever resumes makes it due.
pub(crate) const PARKED: Timestamp = Timestamp(253_402_300_799_000_000);

/// How long an ended pause is remembered, so that deadlines can leave its time out: longer than any
/// deadline that makes sense.
pub(crate) const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(366 * 86_400);

/// Whether the content of item `i` is paused.
macro_rules! content_is_paused {
    () => {
        "EXISTS (SELECT 1 FROM pause q WHERE q.ended_at IS NULL AND q.kind = 3 AND q.name = i.content_id
                 AND q.owner = i.owner AND q.environment = i.environment AND q.locale IN ('', i.locale))"
    };
}
pub(crate) use content_is_paused;

/// The kind of the widest pause that covers job `j` of item `i` at destination `d`, while it waits.
macro_rules! widest_pause {
    () => {
        "CASE WHEN j.state IN (0, 1) THEN (SELECT min(q.kind) FROM pause q WHERE q.ended_at IS NULL AND (
            q.kind = 0 OR (q.kind = 1 AND q.name = d.name) OR (q.kind = 2 AND q.name = CAST(j.class AS TEXT))
            OR (q.kind = 3 AND q.name = i.content_id AND q.owner = i.owner AND q.environment = i.environment
                AND q.locale IN ('', i.locale)))) END"
    };
}
pub(crate) use widest_pause;

/// A row if anything is paused.
pub(crate) const ANY: &str = "SELECT 1 FROM pause WHERE ended_at IS NULL LIMIT 1";

/// The columns that [`read`] reads.
pub(crate) const SELECT: &str = "SELECT kind, name, owner, environment, locale, began_at, actor, note FROM pause WHERE ended_at IS NULL";

/// The columns that [`stop`] reads, of all that stops more than a content.
pub(crate) const STOPS: &str = "SELECT kind, name, began_at, ended_at FROM pause WHERE kind < 3";

/// What a pause is found by: empty where its kind has none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) kind: PauseKind,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) environment: String,
    /// Empty for all locales.
    pub(crate) locale: String,
}

impl Columns {
    pub(crate) fn of(of: &Pausable) -> Self {
        let (name, owner, environment, locale) = match of {
            Pausable::Everything => Default::default(),
            Pausable::Destination { destination } => (
                destination.clone(),
                String::new(),
                String::new(),
                String::new(),
            ),
            Pausable::Class { class } => (
                class.number().to_string(),
                String::new(),
                String::new(),
                String::new(),
            ),
            Pausable::Content {
                owner,
                environment,
                content_id,
                locale,
            } => (
                content_id.clone(),
                owner.clone(),
                environment.clone(),
                locale.clone().unwrap_or_default(),
            ),
        };
        Self {
            kind: of.kind(),
            name,
            owner,
            environment,
            locale,
        }
    }

    fn pausable(self) -> Option<Pausable> {
        Some(match self.kind {
            PauseKind::Everything => Pausable::Everything,
            PauseKind::Destination => Pausable::Destination {
                destination: self.name,
            },
            PauseKind::Class => Pausable::Class {
                class: class(&self.name)?,
            },
            PauseKind::Content => Pausable::Content {
                owner: self.owner,
                environment: self.environment,
                content_id: self.name,
                locale: Some(self.locale).filter(|locale| !locale.is_empty()),
            },
        })
    }
}

fn class(name: &str) -> Option<Class> {
    Class::of_number(name.parse().ok()?)
}

/// A pause of [`SELECT`].
pub(crate) fn read<R: Record>(row: &R) -> Result<Pause, R::Error> {
    let columns = Columns {
        kind: row.read(0)?,
        name: row.read(1)?,
        owner: row.read(2)?,
        environment: row.read(3)?,
        locale: row.read(4)?,
    };
    let unreadable = Unreadable {
        column: 1,
        wanted: "class",
    };
    Ok(Pause {
        of: columns.pausable().ok_or(unreadable)?,
        since: row.read(5)?,
        actor: row.read(6)?,
        note: row.read(7)?,
    })
}

/// A time in which nothing could begin in something.
pub(crate) struct Stop {
    kind: PauseKind,
    name: String,
    when: Stopped,
}

/// A stop of [`STOPS`].
pub(crate) fn stop<R: Record>(row: &R) -> Result<Stop, R::Error> {
    Ok(Stop {
        kind: row.read(0)?,
        name: row.read(1)?,
        when: Stopped {
            from: row.read(2)?,
            to: row.read(3)?,
        },
    })
}

/// When nothing could begin at a destination in a class.
pub(crate) fn stops_of(stops: &[Stop], destination: &str, class: Class) -> Vec<Stopped> {
    let covers = |stop: &&Stop| match stop.kind {
        PauseKind::Everything => true,
        PauseKind::Destination => stop.name == destination,
        PauseKind::Class => self::class(&stop.name) == Some(class),
        PauseKind::Content => false,
    };
    stops.iter().filter(covers).map(|stop| stop.when).collect()
}

/// The item that entries are filed under that are about none.
pub(crate) const NO_ITEM: i64 = 0;

/// The key of what is paused; empty but for contents.
pub(crate) fn key_of(of: &Pausable) -> ItemKey {
    let columns = Columns::of(of);
    let content_id = match of.kind() {
        PauseKind::Content => columns.name,
        _ => String::new(),
    };
    ItemKey {
        owner: columns.owner,
        environment: columns.environment,
        content_id,
        locale: columns.locale,
    }
}

/// The entry that something was paused. `item`: the first of a content's, or [`NO_ITEM`].
pub(crate) fn paused<'a>(
    at: &impl Dated,
    order: &'a PauseOrder,
    item: i64,
    key: &'a ItemKey,
) -> Entry<'a> {
    let entry = Entry::new(at, EventType::Paused, "paused", item, key).actor(&order.actor);
    let entry = about(entry, &order.of);
    match order.note.as_str() {
        "" => entry,
        note => entry.detail("note", note),
    }
}

/// The entry that something was resumed.
pub(crate) fn resumed<'a>(
    at: &impl Dated,
    of: &Pausable,
    actor: &'a str,
    item: i64,
    key: &'a ItemKey,
) -> Entry<'a> {
    about(
        Entry::new(at, EventType::Resumed, "resumed", item, key).actor(actor),
        of,
    )
}

fn about<'a>(entry: Entry<'a>, of: &Pausable) -> Entry<'a> {
    let entry = entry.detail("what", of.kind());
    match of {
        Pausable::Destination { destination } => entry.detail("destination", destination),
        Pausable::Class { class } => entry.detail("class", class),
        Pausable::Everything | Pausable::Content { .. } => entry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_paused_reads_back() {
        let content = |locale: Option<&str>| Pausable::Content {
            owner: "default".into(),
            environment: "production".into(),
            content_id: "a".into(),
            locale: locale.map(str::to_owned),
        };
        for of in [
            Pausable::Everything,
            Pausable::Destination {
                destination: "blog".into(),
            },
            Pausable::Class { class: Class::Bulk },
            content(None),
            content(Some("en")),
        ] {
            assert_eq!(Columns::of(&of).pausable(), Some(of));
        }
    }
}
