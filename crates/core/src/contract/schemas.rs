//! The JSON Schemas of the contract, as they are kept in `schemas/` at the repository's root.
//!
//! Ensures that a program carries the schemas that it writes by. That a released one never changes is
//! ensured by its digest in the tests.

/// The schemas by the names under which they are served.
pub const ALL: [(&str, &str); 3] = [
    (
        "event.v1.json",
        include_str!("../../../../schemas/event.v1.json"),
    ),
    (
        "event.v2.json",
        include_str!("../../../../schemas/event.v2.json"),
    ),
    (
        "event.v3.json",
        include_str!("../../../../schemas/event.v3.json"),
    ),
];

/// The name of an event schema.
#[must_use]
pub fn name(version: u32) -> String {
    format!("event.v{version}.json")
}

/// The `$id` of an event schema: its name wherever it is kept.
#[must_use]
pub fn urn(version: u32) -> String {
    format!("urn:slugline:schema:event:v{version}")
}

/// The schema with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static str> {
    let found = ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text)
}
