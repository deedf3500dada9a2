//! Pauses: what a person can stop, and what that does to deadlines.
//!
//! Ensures that time in which nothing could begin counts against nobody's patience. Does not stop
//! anything: the store does, where jobs are claimed.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::item::{Class, ItemKey};
use crate::time::Timestamp;

/// Something in which no new run begins while it is paused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Pausable {
    /// All that there is.
    Everything,
    /// What goes to a destination.
    Destination {
        /// Its name.
        destination: String,
    },
    /// Jobs of a class.
    Class {
        /// Which.
        class: Class,
    },
    /// A content item in an environment.
    Content {
        /// Its owner.
        #[serde(skip)]
        owner: String,
        /// The environment.
        environment: String,
        /// The item.
        content_id: String,
        /// Only this locale; `None` for all of them, also those to come.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        locale: Option<String>,
    },
}

/// The kinds of what can be paused, the widest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseKind {
    /// All that there is.
    Everything,
    /// A destination.
    Destination,
    /// A class.
    Class,
    /// A content item.
    Content,
}

impl PauseKind {
    /// All kinds, in the order of their stored numbers.
    pub const ALL: [Self; 4] = [
        Self::Everything,
        Self::Destination,
        Self::Class,
        Self::Content,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Destination => "destination",
            Self::Class => "class",
            Self::Content => "content",
        }
    }
}

impl Pausable {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> PauseKind {
        match self {
            Self::Everything => PauseKind::Everything,
            Self::Destination { .. } => PauseKind::Destination,
            Self::Class { .. } => PauseKind::Class,
            Self::Content { .. } => PauseKind::Content,
        }
    }

    /// Whether a job of this item, class and destination is part of it.
    #[must_use]
    pub fn covers(&self, item: &ItemKey, of: Class, at: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Destination { destination } => destination == at,
            Self::Class { class } => *class == of,
            Self::Content {
                owner,
                environment,
                content_id,
                locale,
            } => {
                let scope = (owner, environment, content_id);
                scope == (&item.owner, &item.environment, &item.content_id)
                    && locale.as_ref().is_none_or(|locale| *locale == item.locale)
            }
        }
    }
}

impl fmt::Display for Pausable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Destination { destination } => write!(f, "destination {destination}"),
            Self::Class { class } => write!(f, "class {}", class.as_str()),
            Self::Content {
                environment,
                content_id,
                locale,
                ..
            } => {
                write!(f, "content {content_id} in {environment}")?;
                locale.iter().try_for_each(|locale| write!(f, " {locale}"))
            }
        }
    }
}

/// A time in which nothing could begin; without an end, it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stopped {
    /// From then.
    pub from: Timestamp,
    /// Until then.
    pub to: Option<Timestamp>,
}

/// The time before which somebody must have begun to wait to have no `patience` left by `now`, where
/// stopped time does not count.
#[must_use]
pub fn out_of_patience_before(
    now: Timestamp,
    patience: Duration,
    stopped: &[Stopped],
) -> Timestamp {
    let mut stopped: Vec<(Timestamp, Timestamp)> = stopped
        .iter()
        .map(|one| (one.from, one.to.map_or(now, |to| to.min(now))))
        .filter(|(from, to)| from < to)
        .collect();
    // From the last to the first; of those that overlap, the time between them is none.
    stopped.sort_by_key(|(_, to)| std::cmp::Reverse(*to));
    let (mut at, mut left) = (now, patience);
    for (from, to) in stopped {
        let counted = at.since(to);
        if counted >= left {
            break;
        }
        left -= counted;
        at = at.min(from);
    }
    at.minus(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(minutes: i64) -> Timestamp {
        Timestamp(minutes * 60_000_000)
    }

    fn stop(from: i64, to: i64) -> Stopped {
        Stopped {
            from: at(from),
            to: Some(at(to)),
        }
    }

    #[test]
    fn stopped_time_does_not_count() {
        let before = |stopped: &[Stopped]| out_of_patience_before(at(100), 10 * MINUTE, stopped);
        assert_eq!(before(&[]), at(90));
        assert_eq!(before(&[stop(95, 97)]), at(88));
        assert_eq!(before(&[stop(10, 20)]), at(90), "long ago");
        assert_eq!(before(&[stop(20, 95)]), at(15));
        let lasts = Stopped {
            from: at(40),
            to: None,
        };
        assert_eq!(before(&[lasts]), at(30));
        assert_eq!(before(&[stop(92, 94), stop(96, 98)]), at(86));
        assert_eq!(before(&[stop(200, 300)]), at(90), "not yet");
    }

    #[test]
    fn stops_that_overlap_count_once() {
        let before = |stopped: &[Stopped]| out_of_patience_before(at(100), 10 * MINUTE, stopped);
        assert_eq!(before(&[stop(80, 95), stop(85, 90)]), at(75));
        assert_eq!(before(&[stop(85, 95), stop(80, 90)]), at(75));
        assert_eq!(before(&[stop(85, 95), stop(85, 95)]), at(80));
    }

    #[test]
    fn a_pause_covers_what_it_names() {
        let item = ItemKey {
            owner: "default".into(),
            environment: "production".into(),
            content_id: "a".into(),
            locale: "en".into(),
        };
        let content = |locale: Option<&str>, owner: &str| Pausable::Content {
            owner: owner.into(),
            environment: "production".into(),
            content_id: "a".into(),
            locale: locale.map(str::to_owned),
        };
        let covers = |of: Pausable| of.covers(&item, Class::Bulk, "blog");
        assert!(covers(Pausable::Everything) && covers(content(None, "default")));
        assert!(covers(content(Some("en"), "default")));
        assert!(!covers(content(Some("de"), "default")) && !covers(content(None, "team")));
        assert!(covers(Pausable::Class { class: Class::Bulk }));
        assert!(!covers(Pausable::Destination {
            destination: "site".into()
        }));
    }
}
