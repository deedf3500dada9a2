//! `POST /jobs/{id}/act` and `POST /content-rollback`: what operators do, from a page.
//!
//! Ensures that what was decided on an old page changes nothing: forms carry the runs or the generation that the
//! page showed, and whoever comes late sees the newer state.

use std::sync::Arc;

use axum::extract::{Path, State};
use slugline_core::ids::{Fence, JobId};
use slugline_core::lifecycle::JobState;
use slugline_core::operator::JobAction;
use slugline_core::problem::{Code, Problem};
use slugline_engine::desk::RollbackRequest;
use slugline_engine::store::JobOrder;

use super::fields::Fields;
use super::page::{Shown, Trouble, go, segment};
use super::post::Posted;
use super::session;
use crate::app::Doors;
use crate::door::role::Role;
use crate::endpoints::operator::check_note;
use crate::router::Endpoint;

pub(super) fn job_endpoint() -> Endpoint {
    Endpoint::open_post("/jobs/{id}/act", act)
}

pub(super) fn rollback_endpoint() -> Endpoint {
    Endpoint::open_post("/content-rollback", roll_back)
}

async fn act(State(doors): State<Arc<Doors>>, Path(id): Path<String>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let job: JobId = id
        .parse()
        .map_err(|_| Trouble::absent(&format!("job {id:?}")))?;
    let (caller, fields) = (&posted.signed.principal.caller, &posted.fields);
    let note = note(fields)?;
    let word = fields.one("do").unwrap_or_default();
    let seen = fields.one("runs").and_then(|runs| runs.parse().ok());
    let done = if word == "revert" {
        if !is_as_shown(&doors, &posted, job, seen).await? {
            let base = session::base(&doors);
            return Ok(go(&base, &format!("/jobs/{job}?said=stale")));
        }
        let wanted = RollbackRequest {
            note,
            ..RollbackRequest::default()
        };
        doors
            .desk
            .revert(caller, job, &wanted, None)
            .await
            .map(drop)
    } else {
        let known = JobAction::ALL.into_iter().find(|one| one.as_str() == word);
        let action =
            known.ok_or_else(|| Problem::new(Code::InvalidRequest, "say what is to be done"))?;
        let order = JobOrder {
            job,
            owner: caller.owner.clone(),
            environments: caller.environments.clone(),
            action,
            actor: caller.actor.clone(),
            note,
            runs: seen.map(Fence),
        };
        let answer = doors.store.act(vec![order]).await?.pop();
        answer
            .unwrap_or_else(|| Err(Problem::new(Code::Internal, "the store gave no answer")))
            .map(drop)
    };
    tracing::info!(job = %id, action = word, by = posted.signed.principal.name, "an operator acted");
    let base = session::base(&doors);
    said(done, word).map(|said| go(&base, &format!("/jobs/{job}?said={said}")))
}

/// Whether a job is the dead letter that the page showed: what went live since is not to be reverted by an old form. The
/// desk only knows whether there is a newer generation.
async fn is_as_shown(
    doors: &Doors,
    posted: &Posted,
    job: JobId,
    seen: Option<i64>,
) -> Result<bool, Trouble> {
    let found = doors.store.job(posted.signed.owner(), job).await?;
    let absent = || Trouble::absent(&format!("job {job}"));
    let found = found.ok_or_else(absent)?;
    let is_dead = found.job.state == JobState::Failed && found.job.replaced_by.is_none();
    Ok(is_dead && seen.is_none_or(|seen| seen == found.about.runs))
}

async fn roll_back(State(doors): State<Arc<Doors>>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let fields = &posted.fields;
    let content = fields.text("content").unwrap_or_default();
    let generation = |name| fields.one(name).and_then(|text| text.parse().ok());
    let wanted = RollbackRequest {
        to: generation("to").map(slugline_core::version::Generation),
        destinations: fields.text("at").map(|only| vec![only]),
        generation: generation("seen").map(slugline_core::version::Generation),
        environment: fields.text("environment"),
        locale: fields.text("locale"),
        note: note(fields)?,
        ..RollbackRequest::default()
    };
    let caller = &posted.signed.principal.caller;
    let done = doors
        .desk
        .roll_back(caller, &content, &wanted, None)
        .await
        .map(drop);
    tracing::info!(
        content_id = content,
        by = posted.signed.principal.name,
        "an operator rolled back"
    );
    let base = session::base(&doors);
    said(done, "rollback").map(|said| {
        go(
            &base,
            &format!("/content/{}?said={said}", segment(&content)),
        )
    })
}

/// What a form says why.
pub(crate) fn note(fields: &Fields) -> Result<Option<String>, Trouble> {
    let note = fields.text("note").filter(|note| !note.trim().is_empty());
    check_note(note.as_deref())?;
    Ok(note)
}

/// The word of what came of it; what came too late is no trouble, the newer state is shown.
fn said(done: Result<(), Problem>, word: &str) -> Result<&'static str, Trouble> {
    match done {
        Ok(()) => Ok(match word {
            "retry" => "retried",
            "skip" => "skipped",
            "cancel" => "cancelled",
            "pause" => "paused",
            "resume" => "resumed",
            "escalate" => "escalated",
            _ => "rolling_back",
        }),
        Err(problem) => match problem.code {
            Code::ChangedMeanwhile | Code::IllegalState | Code::Superseded => Ok("stale"),
            Code::NothingToRestore => Ok("nothing_older"),
            _ => Err(problem.into()),
        },
    }
}
