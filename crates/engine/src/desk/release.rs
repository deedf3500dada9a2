//! Rolling several contents back: a release.
//!
//! Ensures that nothing of it begins while any of it could not, unless part of it is enough; and that each content is
//! rolled back from the generation that was looked at.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use slugline_core::answer::Answer;
use slugline_core::version::Generation;

use super::{Desk, RollbackPlan, RollbackRequest, RolledBack};
use crate::intake::Caller;

/// `POST /v1/rollbacks`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {
    /// Which contents.
    pub items: Vec<ReleaseItem>,
    /// Where; wherever each is desired when absent.
    #[serde(default)]
    pub destinations: Option<Vec<String>>,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
    /// Only says what would be done.
    #[serde(default)]
    pub dry_run: bool,
    /// Rolls back what can be, where some cannot.
    #[serde(default)]
    pub partial: bool,
}

/// A content of a release.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseItem {
    /// The content.
    pub content_id: String,
    /// The generation to go back to; the last that was live when absent.
    #[serde(default)]
    pub to: Option<Generation>,
    /// Needed where the content is in several.
    #[serde(default)]
    pub environment: Option<String>,
    /// Needed where the content is in several.
    #[serde(default)]
    pub locale: Option<String>,
    /// The newest generation that was seen; the newest when absent.
    #[serde(default)]
    pub generation: Option<Generation>,
}

/// What came of a release's rollback.
#[derive(Debug, Serialize)]
pub struct Release {
    /// Whether anything was begun.
    pub begun: bool,
    /// One for each content, in order.
    pub items: Vec<ReleaseOutcome>,
}

/// What came of a content: a problem, or what is planned, with the answer once it was begun.
#[derive(Debug, Default, Serialize)]
pub struct ReleaseOutcome {
    /// The content.
    pub content_id: String,
    /// What is done, or would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<RollbackPlan>,
    /// As a publish is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Why not: a problem document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Value>,
}

impl Desk {
    /// Rolls several contents back.
    pub async fn roll_back_release(&self, caller: &Caller, request: &ReleaseRequest) -> Release {
        let mut items = Vec::with_capacity(request.items.len());
        for item in &request.items {
            let wanted = wanted(request, item);
            items.push(self.one(caller, &item.content_id, &wanted).await);
        }
        let all = items.iter().all(|outcome| outcome.plan.is_some());
        let some = items.iter().any(|outcome| outcome.plan.is_some());
        let begun = !request.dry_run && some && (all || request.partial);
        if begun {
            for (item, outcome) in request.items.iter().zip(&mut items) {
                let Some(plan) = outcome.plan.take() else {
                    continue;
                };
                let wanted = RollbackRequest {
                    to: Some(plan.to),
                    generation: Some(plan.from),
                    dry_run: false,
                    ..wanted(request, item)
                };
                *outcome = ReleaseOutcome {
                    plan: Some(plan),
                    ..self.one(caller, &item.content_id, &wanted).await
                };
            }
        }
        Release { begun, items }
    }

    async fn one(
        &self,
        caller: &Caller,
        content_id: &str,
        wanted: &RollbackRequest,
    ) -> ReleaseOutcome {
        let mut outcome = ReleaseOutcome {
            content_id: content_id.to_owned(),
            ..ReleaseOutcome::default()
        };
        match self.roll_back(caller, content_id, wanted, None).await {
            Ok(RolledBack::Planned(plan)) => outcome.plan = Some(plan),
            Ok(RolledBack::Done(decided)) => outcome.answer = Some(decided.answer),
            Err(problem) => outcome.problem = Some(problem.document()),
        }
        outcome
    }
}

/// What is asked of one of them, at first only what would be done.
fn wanted(request: &ReleaseRequest, item: &ReleaseItem) -> RollbackRequest {
    RollbackRequest {
        to: item.to,
        destinations: request.destinations.clone(),
        environment: item.environment.clone(),
        locale: item.locale.clone(),
        generation: item.generation,
        note: request.note.clone(),
        dry_run: true,
    }
}
