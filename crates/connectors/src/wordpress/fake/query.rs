//! What a request asks: its path, its query, its JSON body.
//!
//! Ensures that a parameter or field that was never tried on a real WordPress is an error instead of
//! being ignored.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use slugline_core::http::{Request, Response};
use url::Url;

use super::{invalid_param, refusal};
use crate::fake::Undocumented;

/// A query's parameters.
pub(super) struct Query(BTreeMap<String, String>);

/// The path below the site's address, and the query.
pub(super) fn parse(site: &str, request: &Request) -> Result<(String, Query), Undocumented> {
    let rest = request.url.strip_prefix(site);
    let rest = rest.ok_or_else(|| Undocumented(format!("{} is not below {site}", request.url)))?;
    let url = Url::parse("http://site/").and_then(|base| base.join(rest));
    let url = url.map_err(|why| Undocumented(format!("{}: {why}", request.url)))?;
    let query = url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()));
    Ok((url.path().to_owned(), Query(query.collect())))
}

impl Query {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == Some(value)
    }

    /// The values of a parameter that takes several, separated by commas.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&str>> {
        self.get(name).map(|values| values.split(',').collect())
    }

    /// Refuses what was never tried.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Undocumented> {
        let tried = |name: &str| name == "rest_route" || known.contains(&name);
        match self.0.keys().find(|name| !tried(name)) {
            Some(name) => Err(Undocumented(format!("parameter {name}={:?}", self.0[name]))),
            None => Ok(()),
        }
    }
}

/// A JSON body's members, all of them known, or WordPress' refusal.
pub(super) fn body(
    request: &Request,
    known: &[&str],
) -> Result<Result<Map<String, Value>, Response>, Undocumented> {
    let Ok(Value::Object(members)) = serde_json::from_slice(&request.body) else {
        return Ok(Err(refusal(
            400,
            "rest_invalid_json",
            "Invalid JSON body passed.",
        )));
    };
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Undocumented(format!("field {name:?}"))),
        None => Ok(Ok(members)),
    }
}

/// A text member, or a refusal of its type.
pub(super) fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Response> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid_param(
            name,
            &format!("{name} is not of type string."),
        )),
    }
}

/// A member that is an id, or a refusal of its type.
pub(super) fn id(members: &Map<String, Value>, name: &str) -> Result<Option<u64>, Response> {
    match members.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_u64()
            .map(Some)
            .ok_or_else(|| invalid_param(name, &format!("{name} is not of type integer."))),
    }
}

/// A member that is a list of ids, or a refusal of its type.
pub(super) fn ids(members: &Map<String, Value>, name: &str) -> Result<Option<Vec<u64>>, Response> {
    let Some(value) = members.get(name) else {
        return Ok(None);
    };
    let ids = value
        .as_array()
        .and_then(|ids| ids.iter().map(Value::as_u64).collect());
    ids.map(Some)
        .ok_or_else(|| invalid_param(name, &format!("{name} is not of type array.")))
}
