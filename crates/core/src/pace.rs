//! The pace of a destination: how many publishes begin there in a day, and when.
//!
//! Ensures that beginnings are spread evenly, that a quiet time is followed by no burst, and that
//! windows follow the clocks of their time zone, also on the days on which these are changed. What has
//! begun, what is urgent and what removes waits for nothing.

use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan, Zoned};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A day, over which the capacity is spread.
const DAY: Duration = Duration::from_secs(86_400);
/// Beginnings in a day at most: one a second. Faster than that is what `rate` is for.
pub const LARGEST_CAPACITY: u64 = 86_400;
/// Days that are searched for the next window: each week has all weekdays, and one day may lose its
/// window to a change of the clocks.
const SEARCHED: i64 = 15;

/// When publishes may begin at a destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// How many in a day; any number when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_capacity: Option<u32>,
    /// Only within these; at any time when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// The IANA name of the time zone of the windows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub time_zone: String,
}

/// A time of day on some days of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// `mon`, or a range such as `mon..fri`; every day when empty.
    #[serde(default)]
    pub days: Vec<String>,
    /// As in `09:00`.
    pub from: String,
    /// As in `17:00`, or `24:00`; not after it.
    pub to: String,
}

/// The days of a week, as they are written.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A window that was understood: days from Monday, minutes of the day.
struct Span {
    days: [bool; 7],
    from: i64,
    to: i64,
}

impl Window {
    fn span(&self) -> Result<Span, String> {
        let mut days = [self.days.is_empty(); 7];
        for text in &self.days {
            let (first, last) = text.split_once("..").unwrap_or((text, text));
            let (first, last) = (day(first)?, day(last)?);
            for place in 0..=(last + 7 - first) % 7 {
                days[(first + place) % 7] = true;
            }
        }
        let (from, to) = (minutes(&self.from)?, minutes(&self.to)?);
        match from < to {
            true => Ok(Span { days, from, to }),
            false => Err(format!(
                "a window from {:?} to {:?} is empty; one past midnight is two windows",
                self.from, self.to
            )),
        }
    }
}

fn day(text: &str) -> Result<usize, String> {
    let found = DAYS.iter().position(|day| *day == text.trim());
    found.ok_or_else(|| format!("{text:?} is no day; there are {}", DAYS.join(", ")))
}

fn minutes(text: &str) -> Result<i64, String> {
    let parts = text.split_once(':');
    let read = |text: &str| {
        text.parse::<u8>()
            .ok()
            .filter(|_| text.len() == 2)
            .map(i64::from)
    };
    let time = parts.and_then(|(hours, minutes)| Some(read(hours)? * 60 + read(minutes)?));
    let is_time = |time: &i64| {
        text == "24:00" || (*time < 24 * 60 && time % 60 < 60 && !text.ends_with(":60"))
    };
    let is_plain = parts.is_some_and(|(_, minutes)| minutes < "60");
    time.filter(is_time)
        .filter(|_| is_plain)
        .ok_or_else(|| format!("{text:?} is no time of day such as 09:00"))
}

impl Pace {
    /// Whether it holds anything back.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.daily_capacity.is_none() && self.windows.is_empty()
    }

    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        if self.windows.is_empty() {
            return Ok(());
        }
        if self.time_zone.is_empty() {
            return Err("windows need a time_zone such as \"Europe/Berlin\"".to_owned());
        }
        zone(&self.time_zone)?;
        self.windows
            .iter()
            .try_for_each(|window| window.span().map(drop))
    }

    /// It in words, for whoever configured it.
    #[must_use]
    pub fn words(&self) -> String {
        let capacity = self
            .daily_capacity
            .map(|count| format!("{count} a day: one every {}", span(self.spacing())));
        let windows = self.windows.iter().map(|window| {
            let days = match window.days.is_empty() {
                true => "every day".to_owned(),
                false => window.days.join(", "),
            };
            format!("{days} {} to {} {}", window.from, window.to, self.time_zone)
        });
        capacity
            .into_iter()
            .chain(windows)
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// The time between two beginnings.
    #[must_use]
    pub fn spacing(&self) -> Duration {
        self.daily_capacity
            .map_or(Duration::ZERO, |count| DAY / count.max(1))
    }

    /// The first time from `at` on at which a window is open; `at` itself where there are none, and
    /// where they were not understood: then it was refused before.
    #[must_use]
    pub fn opens(&self, at: Timestamp) -> Timestamp {
        if self.windows.is_empty() {
            return at;
        }
        let zone = zone(&self.time_zone).unwrap_or(TimeZone::UTC);
        let spans: Vec<Span> = self
            .windows
            .iter()
            .filter_map(|window| window.span().ok())
            .collect();
        let Ok(instant) = Instant::from_microsecond(at.0) else {
            return at;
        };
        let today = instant.to_zoned(zone.clone()).date();
        let days = (-1..SEARCHED).filter_map(|after| today.checked_add(after.days()).ok());
        let openings = days.flat_map(|date| {
            let spans = spans.iter().filter(move |span| span.days[place(date)]);
            let zone = zone.clone();
            spans.filter_map(move |span| {
                Some((
                    micros(date, span.from, &zone)?,
                    micros(date, span.to, &zone)?,
                ))
            })
        });
        let later = openings.filter(|(_, to)| *to > at.0);
        later
            .map(|(from, _)| from.max(at.0))
            .min()
            .map_or(at, Timestamp)
    }
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| {
        format!("{name:?} is no time zone; use an IANA name such as \"Europe/Berlin\" or \"UTC\"")
    })
}

fn place(date: Date) -> usize {
    let weekday: Weekday = date.weekday();
    usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0)
}

/// A time of day as an instant. One that the clocks skip is as long after midnight as it would be
/// otherwise; of one that comes twice it is the first.
fn micros(date: Date, minutes: i64, zone: &TimeZone) -> Option<i64> {
    let (date, minutes) = match minutes {
        1_440 => (date.tomorrow().ok()?, 0),
        minutes => (date, minutes),
    };
    let (hour, minute) = (
        i8::try_from(minutes / 60).ok()?,
        i8::try_from(minutes % 60).ok()?,
    );
    let time = Time::new(hour, minute, 0, 0).ok()?;
    let zoned: Zoned = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
    Some(zoned.timestamp().as_microsecond())
}

fn span(length: Duration) -> String {
    let seconds = length.as_secs_f64();
    let (count, unit) = match seconds {
        s if s >= 3_600.0 => (s / 3_600.0, "h"),
        s if s >= 60.0 => (s / 60.0, "min"),
        s => (s, "s"),
    };
    match (count * 10.0).round() {
        tenths if tenths % 10.0 == 0.0 => format!("{:.0} {unit}", tenths / 10.0),
        tenths => format!("{:.1} {unit}", tenths / 10.0),
    }
}

/// How far a destination's slots are given out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// The first that nobody has.
    pub next: Option<Timestamp>,
    /// When something began last.
    pub began: Option<Timestamp>,
}

impl Slots {
    /// When a publish may begin: `now`, or later. `reserved`: the slot that it was given before. Where
    /// it has none, it is given the next.
    pub fn turn(&mut self, pace: &Pace, reserved: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let slot = reserved.unwrap_or_else(|| {
            let slot = pace.opens(self.next.map_or(now, |next| next.max(now)));
            self.next = Some(slot.plus(pace.spacing()));
            slot
        });
        // Those that could not use theirs do not all begin at once when they can.
        let after = self.began.map_or(now, |began| began.plus(pace.spacing()));
        pace.opens(slot.max(after).max(now))
    }

    /// Something begins that waits for no slot: it uses one.
    pub fn jump(&mut self, pace: &Pace, now: Timestamp) {
        let next = self.next.map_or(now, |next| next.max(now));
        self.next = Some(next.plus(pace.spacing()));
        self.began = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn office(days: &[&str], from: &str, to: &str) -> Pace {
        Pace {
            windows: vec![Window {
                days: days.iter().map(|day| (*day).to_owned()).collect(),
                from: from.into(),
                to: to.into(),
            }],
            time_zone: "Europe/Berlin".into(),
            ..Pace::default()
        }
    }

    fn daily(count: u32) -> Pace {
        Pace {
            daily_capacity: Some(count),
            ..Pace::default()
        }
    }

    #[test]
    fn a_window_opens_by_its_own_clocks() {
        let office = office(&["mon..fri"], "09:00", "17:00");
        office.check().unwrap();
        for (asked, opens) in [
            // A Friday in winter: Berlin is an hour ahead.
            ("2026-11-20T07:59:59Z", "2026-11-20T08:00:00Z"),
            ("2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z"),
            ("2026-11-20T15:59:59Z", "2026-11-20T15:59:59Z"),
            ("2026-11-20T16:00:00Z", "2026-11-23T08:00:00Z"),
            // In summer it is two.
            ("2026-07-06T06:30:00Z", "2026-07-06T07:00:00Z"),
            // Over the night on which they change.
            ("2026-03-27T16:30:00Z", "2026-03-30T07:00:00Z"),
            ("2026-10-23T15:30:00Z", "2026-10-26T08:00:00Z"),
        ] {
            assert_eq!(office.opens(at(asked)), at(opens), "{asked}");
        }
    }

    #[test]
    fn an_hour_that_is_skipped_or_comes_twice_does_no_harm() {
        // On 2026-03-29 there is no 02:30 in Berlin; on 2026-10-25 there are two.
        let night = office(&[], "02:30", "04:00");
        assert_eq!(
            night.opens(at("2026-03-29T00:00:00Z")),
            at("2026-03-29T01:30:00Z")
        );
        assert_eq!(
            night.opens(at("2026-03-29T02:00:00Z")),
            at("2026-03-30T00:30:00Z")
        );
        assert_eq!(
            night.opens(at("2026-10-25T00:00:00Z")),
            at("2026-10-25T00:30:00Z")
        );
        assert_eq!(
            night.opens(at("2026-10-25T01:45:00Z")),
            at("2026-10-25T01:45:00Z")
        );
        // All of it is skipped.
        let gap = office(&["sun"], "02:10", "02:50");
        let opens = gap.opens(at("2026-03-29T00:00:00Z"));
        assert!(opens >= at("2026-03-29T01:00:00Z") && opens <= at("2026-04-05T00:10:00Z"));
        let whole = office(&["sat", "sun"], "00:00", "24:00");
        assert_eq!(
            whole.opens(at("2026-10-25T22:59:59Z")),
            at("2026-10-25T22:59:59Z")
        );
        assert_eq!(
            whole.opens(at("2026-10-25T23:00:00Z")),
            at("2026-10-30T23:00:00Z")
        );
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for (days, from, to) in [
            (&["monday"][..], "09:00", "17:00"),
            (&["mon"], "9:00", "17:00"),
            (&["mon"], "09:00", "24:01"),
            (&["mon"], "09:60", "17:00"),
            (&["mon"], "22:00", "06:00"),
        ] {
            assert!(
                office(days, from, to).check().is_err(),
                "{days:?} {from} {to}"
            );
        }
        let nowhere = Pace {
            time_zone: "Berlin".into(),
            ..office(&[], "09:00", "10:00")
        };
        assert!(nowhere.check().unwrap_err().contains("Berlin"));
        assert!(office(&["fri..mon"], "09:00", "10:00").check().is_ok());
    }

    #[test]
    fn slots_are_spread_and_a_quiet_time_is_followed_by_no_burst() {
        let (pace, hour) = (daily(6), 3_600);
        let now = at("2026-11-20T00:00:00Z");
        let mut slots = Slots::default();
        let given: Vec<Timestamp> = (0..3).map(|_| slots.turn(&pace, None, now)).collect();
        let after = |hours: u64| now.plus(Duration::from_secs(hours * hour));
        assert_eq!(given, [now, after(4), after(8)]);
        slots.began = Some(now);
        let quiet = after(48);
        assert_eq!(slots.turn(&pace, None, quiet), quiet);
        slots.began = Some(quiet);
        assert_eq!(slots.turn(&pace, None, quiet), after(52));
        // Whoever could not use his slot goes when he can, but not with others.
        assert_eq!(slots.turn(&pace, Some(after(4)), quiet), after(52));
    }

    #[test]
    fn what_waits_for_no_slot_uses_one() {
        let (pace, now) = (daily(24), at("2026-11-20T00:00:00Z"));
        let mut slots = Slots::default();
        slots.jump(&pace, now);
        assert_eq!(
            slots.turn(&pace, None, now),
            now.plus(Duration::from_secs(3_600))
        );
    }

    #[test]
    fn a_slot_lies_in_a_window() {
        let pace = Pace {
            daily_capacity: Some(6),
            ..office(&[], "09:00", "17:00")
        };
        let mut slots = Slots::default();
        let now = at("2026-11-20T10:00:00Z");
        let given: Vec<Timestamp> = (0..4).map(|_| slots.turn(&pace, None, now)).collect();
        let next_day = at("2026-11-21T08:00:00Z");
        assert_eq!(given[..3], [now, at("2026-11-20T14:00:00Z"), next_day]);
    }

    #[test]
    fn it_is_said_in_words() {
        assert_eq!(daily(6).words(), "6 a day: one every 4 h");
        assert_eq!(daily(1_000).words(), "1000 a day: one every 1.4 min");
        assert_eq!(
            office(&["mon..fri"], "09:00", "17:00").words(),
            "mon..fri 09:00 to 17:00 Europe/Berlin"
        );
    }
}
