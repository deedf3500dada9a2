//! Times as people read them.
//!
//! Ensures that the exact time, in UTC, stands beside every relative one.

use std::fmt;
use std::time::Duration;

use askama::filters::HtmlSafe;
use slugline_core::time::Timestamp;
use time::OffsetDateTime;
use time::macros::format_description;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A moment, seen from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    pub(crate) now: Timestamp,
}

/// As an element; made of digits and words of ours.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = exact(self.at);
        let at = self.at.whole_seconds();
        write!(
            f,
            "<time datetime=\"{at}\" title=\"{exact}\">{}</time>",
            self.relative()
        )
    }
}

impl HtmlSafe for Moment {}

impl Moment {
    /// `3 min ago`, `in 2 h`.
    pub(crate) fn relative(&self) -> String {
        if self.at > self.now {
            return format!("in {}", span(self.at.since(self.now)));
        }
        match self.now.since(self.at) {
            short if short.as_secs() < 5 => "just now".to_owned(),
            since => format!("{} ago", span(since)),
        }
    }
}

/// A length of time in one unit.
pub(crate) fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0 if length.as_millis() == 0 => "under 1 ms".to_owned(),
        0 => format!("{} ms", length.as_millis()),
        1..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => format!("{} h", seconds / HOUR),
        _ => format!("{} d", seconds / DAY),
    }
}

/// `2026-11-21 10:00:00 UTC`.
pub(crate) fn exact(at: Timestamp) -> String {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    calendar(at)
        .and_then(|at| at.format(form).ok())
        .unwrap_or_default()
}

/// `10:00`.
pub(crate) fn hour(at: Timestamp) -> String {
    let form = format_description!("[hour]:[minute]");
    calendar(at)
        .and_then(|at| at.format(form).ok())
        .unwrap_or_default()
}

/// `Saturday 21 November 2026`.
pub(crate) fn day(at: Timestamp) -> String {
    let form = format_description!("[weekday] [day padding:none] [month repr:long] [year]");
    calendar(at)
        .and_then(|at| at.format(form).ok())
        .unwrap_or_default()
}

fn calendar(at: Timestamp) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(at.unix_seconds()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_relative_and_exact() {
        let now = Timestamp::parse("2026-11-21T10:00:00Z").unwrap();
        let seen = |at: &str| {
            Moment {
                at: Timestamp::parse(at).unwrap(),
                now,
            }
            .relative()
        };
        assert_eq!(seen("2026-11-21T09:59:58Z"), "just now");
        assert_eq!(seen("2026-11-21T09:57:00Z"), "3 min ago");
        assert_eq!(seen("2026-11-23T11:00:00Z"), "in 2 d");
        assert_eq!(exact(now), "2026-11-21 10:00:00 UTC");
        assert_eq!(
            (day(now), hour(now)),
            ("Saturday 21 November 2026".into(), "10:00".into())
        );
        assert_eq!(span(Duration::from_millis(12)), "12 ms");
    }
}
