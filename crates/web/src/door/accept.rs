//! What form of an answer a caller asks for.
//!
//! Ensures that a form which is not the usual one is given only to those who name it: `*/*`, which most
//! clients send without a thought, asks for nothing special.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// Whether the caller wants `special` rather than JSON: it names it, and likes it no less.
pub(crate) fn prefers(headers: &HeaderMap, special: &str) -> bool {
    let wanted = quality(headers, special);
    wanted > 0.0 && wanted >= quality(headers, "application/json")
}

/// How much the caller likes a media type that it names; 0 when it does not name it.
fn quality(headers: &HeaderMap, media_type: &str) -> f32 {
    let lines = headers.get_all(ACCEPT).iter();
    let ranges = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    ranges
        .filter_map(|range| named(range, media_type))
        .fold(0.0, f32::max)
}

fn named(range: &str, media_type: &str) -> Option<f32> {
    let mut parts = range.split(';').map(str::trim);
    let is_it = parts.next()?.eq_ignore_ascii_case(media_type);
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    is_it.then(|| weight.map_or(1.0, |text| text.parse().unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_who_names_it_gets_it() {
        let says = |accept: &str| {
            let value = HeaderValue::from_str(accept).unwrap();
            prefers(&HeaderMap::from_iter([(ACCEPT, value)]), "a/special")
        };
        for accept in [
            "a/special",
            "A/Special; charset=utf-8",
            "text/html, a/special;q=0.2",
            "a/special, application/json",
        ] {
            assert!(says(accept), "{accept}");
        }
        for accept in [
            "*/*",
            "a/*",
            "application/json",
            "a/special;q=0",
            "a/special;q=0.5, application/json;q=0.9",
            "a/special;q=much",
        ] {
            assert!(!says(accept), "{accept}");
        }
        assert!(!prefers(&HeaderMap::new(), "a/special"));
    }
}
