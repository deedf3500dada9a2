//! `POST /v1/jobs/{id}/{retry,skip,cancel,pause,resume,escalate}`, and `…/revert`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::response::IntoResponse;
use serde::Deserialize;
use slugline_core::ids::Fence;
use slugline_core::operator::JobAction;
use slugline_core::problem::Code;
use slugline_engine::desk::RollbackRequest;
use slugline_engine::store::JobOrder;

use super::rollback::answer;
use super::{check_note, job_id, key_of, optional};
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::path::Segment;
use crate::door::role::Role;
use crate::refusal::{Answered, Refusal};
use crate::router::Endpoint;

/// What goes with an action.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    /// Why.
    note: Option<String>,
    /// The runs that the job had when the person looked.
    runs: Option<i64>,
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    macro_rules! action {
        ($word:literal, $action:ident) => {
            Endpoint::post(
                concat!("/v1/jobs/{id}/", $word),
                Role::Operator,
                |doors: State<Arc<Doors>>,
                 who: Extension<Arc<Principal>>,
                 id: Segment,
                 request: Request| { act(doors, who, id, JobAction::$action, request) },
            )
        };
    }
    vec![
        action!("retry", Retry),
        action!("skip", Skip),
        action!("cancel", Cancel),
        action!("pause", Pause),
        action!("resume", Resume),
        action!("escalate", Escalate),
    ]
}

async fn act(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
    action: JobAction,
    request: Request,
) -> Answered {
    let job = job_id(&id)?;
    let (_, wanted) = optional::<Wanted>(request).await?;
    check_note(wanted.note.as_deref())?;
    let caller = &principal.caller;
    let order = JobOrder {
        job,
        owner: caller.owner.clone(),
        environments: caller.environments.clone(),
        action,
        actor: caller.actor.clone(),
        note: wanted.note,
        runs: wanted.runs.map(Fence),
    };
    let done = doors.store.act(vec![order]).await?.pop();
    done.unwrap_or_else(|| {
        Err(slugline_core::problem::Problem::new(
            Code::Internal,
            "the store gave no answer",
        ))
    })?;
    tracing::info!(job = %id, action = action.as_str(), by = principal.name, "an operator acted");
    let found = doors.store.job(&caller.owner, job).await?;
    let absent = || Refusal::new(Code::NotFound, format!("there is no job {id}"));
    Ok(Json(found.ok_or_else(absent)?).into_response())
}

pub(super) fn revert() -> Endpoint {
    Endpoint::post("/v1/jobs/{id}/revert", Role::Operator, revert_job)
}

async fn revert_job(
    State(doors): State<Arc<Doors>>,
    Extension(principal): Extension<Arc<Principal>>,
    Segment(id): Segment,
    request: Request,
) -> Answered {
    let job = job_id(&id)?;
    let (headers, wanted) = optional::<RollbackRequest>(request).await?;
    check_note(wanted.note.as_deref())?;
    let key = key_of(&headers)?;
    let done = doors
        .desk
        .revert(&principal.caller, job, &wanted, key.as_deref())
        .await?;
    tracing::info!(job = %id, by = principal.name, "an operator reverted a job");
    Ok(answer(done))
}
