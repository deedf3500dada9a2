//! Times as people write them in front matter.

use slugline_core::time::Timestamp;

/// Reads an RFC 3339 time, or one with a space, without seconds, without an offset (then UTC), or
/// with the offset as `+0100`; a date alone is its midnight.
pub(super) fn read(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    let complaint = || {
        format!("{text:?} is not a time such as 2026-11-21T09:30:00Z or a date such as 2026-11-21")
    };
    if let Ok(at) = Timestamp::parse(text) {
        return Ok(at);
    }
    let spaced = text.replacen('T', " ", 1);
    let mut words = spaced.split_whitespace();
    let date = words.next().ok_or_else(complaint)?;
    let (time, attached) = split_offset(words.next().unwrap_or("00:00:00"));
    let offset = words.next().or(attached).unwrap_or("Z");
    let seconds = if time.matches(':').count() == 1 {
        ":00"
    } else {
        ""
    };
    Timestamp::parse(&format!("{date}T{time}{seconds}{}", with_colon(offset)))
        .map_err(|_| complaint())
}

/// Whether the text is a date without a time of day: too coarse to order versions by.
pub(super) fn is_date(text: &str) -> bool {
    text.trim().len() == "2026-11-21".len()
}

fn split_offset(time: &str) -> (&str, Option<&str>) {
    match time.find(['+', '-', 'Z']) {
        Some(at) => (&time[..at], Some(&time[at..])),
        None => (time, None),
    }
}

fn with_colon(offset: &str) -> String {
    match offset.split_at_checked(3) {
        Some((hours, minutes)) if offset.len() == 5 && !offset.contains(':') => {
            format!("{hours}:{minutes}")
        }
        _ => offset.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_spellings_are_one_instant() {
        let expected = Timestamp::parse("2026-11-21T09:30:00Z").unwrap();
        let same = [
            "2026-11-21T09:30:00Z",
            "2026-11-21T10:30:00+01:00",
            "2026-11-21 09:30",
            "2026-11-21 09:30:00",
            "2026-11-21T09:30:00",
            "2026-11-21 10:30:00 +0100",
            "2026-11-21 10:30 +01:00",
            "2026-11-21T10:30:00+0100",
        ];
        for text in same {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        assert_eq!(read("2026-11-21"), Timestamp::parse("2026-11-21T00:00:00Z"));
    }

    #[test]
    fn what_is_no_time_is_said() {
        for text in [
            "",
            "tomorrow",
            "21.11.2026",
            "2026-13-01",
            "2026-11-21 9",
            "ä+ü",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
