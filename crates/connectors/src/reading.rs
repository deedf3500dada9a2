//! Reading what senders write: texts, names, times and versions out of JSON.
//!
//! Ensures that each is read in one way for all vendors, and that a value of another type is not there
//! rather than guessed. Does not know what any of them is for.

use serde_json::{Map, Value};
use slugline_core::time::Timestamp;
use slugline_core::version::Version;
use slugline_core::webhook::Incoming;

/// Above it a time is in milliseconds: as seconds it would lie after the year 5100.
const MILLIS_FROM: i64 = 100_000_000_000;
/// Bytes of a name: no vendor's ids, types or locales come near it, and some stand in each of many changes.
pub(crate) const MAX_NAME: usize = 512;
/// Digits of a number that is written as a text; no `i64` has more.
const MAX_DIGITS: usize = 19;

/// The body of a webhook. JSON that is nested absurdly deep is none.
pub(crate) fn json(incoming: &Incoming) -> Result<Value, String> {
    serde_json::from_slice(&incoming.body).map_err(|why| format!("the body is not JSON: {why}"))
}

/// The body of a webhook that must be an object.
pub(crate) fn object(incoming: &Incoming) -> Result<Value, String> {
    let body = json(incoming)?;
    let is_object = body.is_object();
    is_object
        .then_some(body)
        .ok_or_else(|| "the body is not a JSON object".into())
}

/// A header that is not empty.
pub(crate) fn header<'a>(incoming: &'a Incoming, name: &str) -> Result<Option<&'a str>, String> {
    let found = incoming.header(name).map_err(|flaw| flaw.detail)?;
    Ok(found.filter(|value| !value.is_empty()))
}

/// What stands at a dotted path; a number in it is a place in a list. `null` is nothing.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let step = |value: &'a Value, part: &str| match value {
        Value::Object(members) => members.get(part),
        Value::Array(list) => list.get(part.parse::<usize>().ok()?),
        _ => None,
    };
    path.split('.')
        .try_fold(value, step)
        .filter(|found| !found.is_null())
}

/// The members of the object at a path.
pub(crate) fn members_at(value: &Value, path: &str) -> Option<Map<String, Value>> {
    at(value, path).and_then(Value::as_object).cloned()
}

/// A text that says something.
pub(crate) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.trim().is_empty())
}

/// The text at a path.
pub(crate) fn text_at<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    at(value, path).and_then(text)
}

/// What something is called: a text that is not too long, or an integer.
pub(crate) fn name(value: &Value) -> Option<String> {
    let number = || value.as_number().filter(|number| !number.is_f64());
    match text(value) {
        Some(text) => (text.len() <= MAX_NAME).then(|| text.to_owned()),
        None => number().map(ToString::to_string),
    }
}

/// The name at a path.
pub(crate) fn name_at(value: &Value, path: &str) -> Option<String> {
    at(value, path).and_then(name)
}

/// The name at the first of these paths that has one.
pub(crate) fn first_name(value: &Value, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| name_at(value, path))
}

/// An integer, also one that is written as a text.
fn integer(value: &Value) -> Option<i64> {
    let written = || {
        let text = value.as_str().filter(|text| text.len() <= MAX_DIGITS)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| digits)
    };
    value.as_i64().or_else(written)
}

/// A time: RFC 3339, or an integer of seconds or milliseconds since 1970.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    let Some(number) = integer(value) else {
        return Timestamp::parse(value.as_str()?).ok();
    };
    let micros = if number > MILLIS_FROM {
        1_000
    } else {
        1_000_000
    };
    number.checked_mul(micros).map(Timestamp)
}

/// A version: an integer counts, RFC 3339 is a time.
pub(crate) fn version(value: &Value) -> Option<Version> {
    let time = || Timestamp::parse(value.as_str()?).ok().map(Version::Time);
    integer(value).map(Version::Number).or_else(time)
}

/// The version at a path.
pub(crate) fn version_at(value: &Value, path: &str) -> Option<Version> {
    at(value, path).and_then(version)
}

/// The version that a time of change is.
pub(crate) fn moment_at(value: &Value, path: &str) -> Option<Version> {
    at(value, path).and_then(time).map(Version::Time)
}

/// The version under the names that most use. A counter goes before a time, which may be that of another
/// change.
pub(crate) fn usual_version(value: &Value) -> Option<Version> {
    let counted = ["version", "revision"];
    let timed = ["updated_at", "modified"];
    let counted = counted.iter().find_map(|name| version_at(value, name));
    counted.or_else(|| timed.iter().find_map(|name| moment_at(value, name)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_go_into_objects_and_lists() {
        let value = json!({"a": {"b": [{"c": 1}, null]}, "n": null});
        assert_eq!(at(&value, "a.b.0.c"), Some(&json!(1)));
        for nothing in ["n", "a.b.1", "a.b.2", "a.b.x", "a.b.0.c.d", "a.c", "", "."] {
            assert_eq!(at(&value, nothing), None, "{nothing}");
        }
    }

    #[test]
    fn times_are_recognised_by_their_size() {
        let second = Some(Timestamp(1_767_225_600_000_000));
        for same in [
            json!(1_767_225_600),
            json!("1767225600"),
            json!(1_767_225_600_000_i64),
            json!("2026-01-01T01:00:00+01:00"),
        ] {
            assert_eq!(time(&same), second, "{same}");
        }
        for none in [
            json!(i64::MAX),
            json!(u64::MAX),
            json!(1.5),
            json!("soon"),
            json!([]),
        ] {
            assert_eq!(time(&none), None, "{none}");
        }
    }

    #[test]
    fn versions_are_counters_or_times() {
        assert_eq!(version(&json!(7)), Some(Version::Number(7)));
        assert_eq!(version(&json!("7")), Some(Version::Number(7)));
        let time = Version::Time(Timestamp(1_767_225_600_000_000));
        assert_eq!(version(&json!("2026-01-01T00:00:00Z")), Some(time));
        for none in [
            json!(u64::MAX),
            json!("99999999999999999999"),
            json!(""),
            json!("+1"),
            json!(true),
        ] {
            assert_eq!(version(&none), None, "{none}");
        }
    }
}
