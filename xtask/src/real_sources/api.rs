//! What Slugline's API says. Ensures that lists are read to their end; judges nothing.

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::Value;

use super::configuration::TOKEN;
use crate::parts::rest::Rest;

/// Items of one page: as many as the API gives.
const PAGE: usize = 500;

/// A client of one server.
#[derive(Debug, Clone)]
pub(super) struct Api(Rest);

impl Api {
    /// A client of the server at this address.
    pub(super) fn new(server: String) -> Self {
        let token = ("authorization", format!("Bearer {TOKEN}"));
        Self(Rest::at(server, vec![token]))
    }

    /// What is at a path below `/v1`.
    ///
    /// # Errors
    /// The API does not answer as documented.
    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        self.0.get(&format!("/v1/{path}")).await
    }

    /// Asks for a publish.
    ///
    /// # Errors
    /// It is not accepted.
    pub(super) async fn publish(&self, request: &Value) -> Result<()> {
        self.0.send(Method::POST, "/v1/publish", request).await?;
        Ok(())
    }

    /// Every item of a list; `filter` is of the form `&name=value`.
    ///
    /// # Errors
    /// The API does not answer as documented.
    pub(super) async fn all(&self, list: &str, filter: &str) -> Result<Vec<Value>> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/{list}?limit={PAGE}{filter}{cursor}");
            let page = self.0.get(&path).await?;
            let items = page["items"].as_array();
            all.extend(items.with_context(|| format!("{path}: {page}"))?.clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(all),
            }
        }
    }
}
