//! `GET /openapi.json`: the API described, for people and generators.
//!
//! Ensures, by its tests, that the document has exactly the endpoints that the router has, and
//! describes every problem code and reason code.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::refusal::Answered;
use crate::router::Endpoint;

const DOCUMENT: &str = include_str!("../../openapi.json");

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/openapi.json", None, openapi)
}

async fn openapi() -> Answered {
    Ok(([(CONTENT_TYPE, "application/json")], DOCUMENT).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use axum::http::Method;
    use serde_json::Value;
    use slugline_core::event::EventType;
    use slugline_core::lifecycle::{JobState, PendingReason};
    use slugline_core::problem::Code;
    use slugline_core::reason::Reason;

    fn document() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    /// A path as the document writes it; the wildcard stands for several.
    fn documented(method: &Method, path: &str) -> Vec<String> {
        let faces: &[&str] = match *method {
            Method::POST => &["/erase", "/notes", "/pause", "/resume", "/rollback"],
            _ => &["", "/notes", "/revisions", "/timeline"],
        };
        match path.strip_suffix("{*content_id}") {
            Some(stem) => faces
                .iter()
                .map(|face| format!("{stem}{{content_id}}{face}"))
                .collect(),
            None => vec![path.to_owned()],
        }
    }

    fn words(pointer: &str) -> BTreeSet<String> {
        let document = document();
        let values = document
            .pointer(pointer)
            .and_then(Value::as_array)
            .unwrap_or_else(|| panic!("no {pointer}"));
        values
            .iter()
            .map(|value| value.as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn the_document_has_the_routers_endpoints() {
        let mut routed = BTreeSet::new();
        for endpoint in crate::endpoints::all() {
            for path in documented(&endpoint.method, endpoint.path) {
                routed.insert((
                    path,
                    endpoint.method.as_str().to_lowercase(),
                    endpoint.role.is_some(),
                ));
            }
        }
        let document = document();
        let mut described = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let open = operation["security"].as_array().is_some_and(Vec::is_empty);
                described.insert((path.clone(), method.clone(), !open));
            }
        }
        assert_eq!(routed, described);
    }

    #[test]
    fn every_problem_code_is_described_with_its_status() {
        let document = document();
        let described = document["x-problem-codes"].as_object().unwrap();
        let codes: BTreeSet<String> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes, described.keys().cloned().collect());
        for code in Code::ALL {
            assert_eq!(
                described[&code.as_str()]["status"],
                code.status(),
                "{code:?}"
            );
        }
        assert_eq!(
            codes,
            words("/components/schemas/Problem/properties/code/enum")
        );
    }

    #[test]
    fn every_reason_is_described_in_its_own_words() {
        let document = document();
        let described = document["x-reason-codes"].as_object().unwrap();
        assert_eq!(described.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(described[reason.code()]["meaning"], reason.sentence());
            assert_eq!(
                described[reason.code()]["suggested_action"],
                serde_json::json!(reason.suggested_action())
            );
        }
        assert_eq!(
            described.keys().cloned().collect::<BTreeSet<_>>(),
            words("/components/schemas/ReasonCode/enum")
        );
    }

    #[test]
    fn the_words_of_states_are_the_cores() {
        let states = JobState::ALL
            .iter()
            .map(|state| state.as_str().to_owned())
            .collect();
        assert_eq!(words("/components/schemas/JobState/enum"), states);
        let pending = [
            PendingReason::Media,
            PendingReason::SlugRelease,
            PendingReason::Dependency,
            PendingReason::Scheduled,
            PendingReason::Paused,
        ];
        assert_eq!(
            words("/components/schemas/PendingReason/enum"),
            pending
                .iter()
                .map(|reason| reason.as_str().to_owned())
                .collect()
        );
        for word in words("/components/schemas/EventType/enum") {
            serde_json::from_value::<EventType>(Value::String(word)).unwrap();
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(members) => {
                    if let Some(Value::String(target)) = members.get("$ref") {
                        assert!(
                            document.pointer(target.trim_start_matches('#')).is_some(),
                            "{target}"
                        );
                    }
                    open.extend(members.values());
                }
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
    }

    #[test]
    fn the_version_is_the_programs() {
        assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    /// An example that intake would refuse teaches the wrong thing.
    #[test]
    fn the_example_request_passes_the_check() {
        let example =
            document()["components"]["schemas"]["PublishRequest"]["examples"][0].to_string();
        let request = slugline_core::request::decode(example.as_bytes()).unwrap();
        request
            .check(slugline_core::time::Timestamp::parse("2026-11-21T10:00:00Z").unwrap())
            .unwrap();
    }
}
