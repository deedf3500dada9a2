//! Erasing all that is kept of a content's words.
//!
//! Ensures that one item is meant, and that whoever asks may write to it. What may be erased is in
//! `slugline_core::erasure`.

use serde::{Deserialize, Serialize};
use slugline_core::problem::Problem;

use super::{Desk, RollbackRequest, key_of};
use crate::intake::{Caller, problem_of, require_environment};
use crate::store::{Erased, Erasure};

/// `POST /v1/content/{id}/erase`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EraseRequest {
    /// Why.
    pub reason: String,
    /// Needed where the content is in several.
    #[serde(default)]
    pub environment: Option<String>,
    /// Needed where the content is in several.
    #[serde(default)]
    pub locale: Option<String>,
}

/// What was erased of which item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErasedItem {
    /// The content.
    pub content_id: String,
    /// Environment.
    pub environment: String,
    /// Locale.
    pub locale: String,
    /// How much.
    #[serde(flatten)]
    pub erased: Erased,
}

impl Desk {
    /// Erases the words of an item that is removed everywhere.
    pub async fn erase(
        &self,
        caller: &Caller,
        content_id: &str,
        request: &EraseRequest,
    ) -> Result<ErasedItem, Problem> {
        let named = RollbackRequest {
            environment: request.environment.clone(),
            locale: request.locale.clone(),
            ..RollbackRequest::default()
        };
        let item = self.item(caller, content_id, &named).await?;
        require_environment(&caller.environments, &item.environment)?;
        let erasure = Erasure {
            item: key_of(&item),
            actor: caller.actor.clone(),
            reason: request.reason.clone(),
        };
        let erased = self.store.erase(erasure).await;
        Ok(ErasedItem {
            content_id: item.content_id,
            environment: item.environment,
            locale: item.locale,
            erased: erased.map_err(|error| problem_of(&error))??,
        })
    }
}
