//! `/jobs/{id}/edit`: a job's content as a person has changed it, as a new generation.
//!
//! Ensures that what somebody typed is never lost: what cannot be taken is shown again with the reason, and where the
//! content has moved on meanwhile nothing is changed and the page says so. What an edit does is the desk's.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value};
use slugline_core::ids::JobId;
use slugline_core::payload::Payload;
use slugline_core::problem::{Code, Problem};
use slugline_core::version::Generation;
use slugline_engine::desk::EditRequest;
use slugline_engine::store::{JobDetail, Page as Slice, RevisionView};

use super::act::note;
use super::fields::Fields;
use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, Trouble, go, segment};
use super::post::Posted;
use super::session;
use crate::app::Doors;
use crate::door::role::Role;
use crate::router::Endpoint;

/// Revisions that are looked through for the newest of this place; an item is in a handful of environments and locales.
const LOOKED_THROUGH: usize = 100;
/// The members of a payload that have a field of their own in the form.
const OWN: [&str; 4] = ["title", "slug", "excerpt", "body"];

#[derive(Template)]
#[template(path = "edit.html")]
struct Page {
    frame: Frame,
    job_id: String,
    content_id: String,
    content_path: String,
    destination: String,
    /// Why it is a dead letter, and what was said.
    reason: Option<&'static str>,
    error: Option<String>,
    fields: Vec<String>,
    text: Text,
    /// What is wrong with what was sent.
    wrong: Vec<String>,
    /// The newest generation, where what was sent is about an older one.
    newer: Option<String>,
}

/// The form's fields.
struct Text {
    seen: String,
    title: String,
    slug: String,
    excerpt: String,
    body: String,
    rest: String,
    note: String,
}

pub(super) fn page_endpoint() -> Endpoint {
    Endpoint::get("/jobs/{id}/edit", None, form)
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/jobs/{id}/edit", edit)
}

async fn form(visit: Visit, Path(id): Path<String>) -> Shown {
    visit.signed.need(Role::Operator)?;
    let job = job(&visit.doors, visit.owner(), &id).await?;
    let newest = newest(&visit.doors, visit.owner(), &job).await?;
    let base = session::base(&visit.doors);
    let payload = match newest {
        Some(newest) if newest.generation == job.about.generation => newest.payload,
        _ => return Ok(go(&base, &format!("/jobs/{id}?said=stale"))),
    };
    let Some(payload) = payload else {
        let detail = "its content is a removal, or is not kept any more: there is nothing to edit";
        return Err(Problem::new(Code::NothingToRestore, detail).into());
    };
    let text = Text::of(&payload, job.about.generation)?;
    show(&visit, job, text, Vec::new(), None)
}

async fn job(doors: &Doors, owner: &str, id: &str) -> Result<JobDetail, Trouble> {
    let absent = || Trouble::absent(&format!("job {id:?}"));
    let known: JobId = id.parse().map_err(|_| absent())?;
    doors.store.job(owner, known).await?.ok_or_else(absent)
}

/// The newest revision of the job's content where the job goes.
async fn newest(
    doors: &Doors,
    owner: &str,
    job: &JobDetail,
) -> Result<Option<RevisionView>, Trouble> {
    let slice = Slice {
        limit: LOOKED_THROUGH,
        cursor: None,
    };
    let found = doors
        .store
        .revisions(owner, &job.about.content_id, slice)
        .await?;
    let mut found = found.items.into_iter();
    Ok(found
        .find(|one| (&one.environment, &one.locale) == (&job.about.environment, &job.about.locale)))
}

fn show(
    visit: &Visit,
    job: JobDetail,
    text: Text,
    wrong: Vec<String>,
    newer: Option<Generation>,
) -> Shown {
    let status = match (wrong.is_empty(), newer) {
        (_, Some(_)) => StatusCode::CONFLICT,
        (false, None) => StatusCode::UNPROCESSABLE_ENTITY,
        (true, None) => StatusCode::OK,
    };
    let page = Page {
        frame: visit.frame(Room::DeadLetters, format!("Edit {}", job.about.content_id)),
        job_id: job.job.job_id.to_string(),
        content_path: segment(&job.about.content_id),
        content_id: job.about.content_id,
        destination: job.job.destination,
        reason: job.job.reason_code.map(|reason| reason.sentence()),
        error: job.job.last_error,
        fields: job.job.fields,
        newer: newer.map(|generation| generation.to_string()),
        text,
        wrong,
    };
    page::show_as(status, &page)
}

async fn edit(State(doors): State<Arc<Doors>>, Path(id): Path<String>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let owner = posted.signed.owner();
    let job = job(&doors, owner, &id).await?;
    let text = Text::sent(&posted.fields);
    let (caller, by) = (
        posted.signed.principal.caller.clone(),
        posted.signed.principal.name.clone(),
    );
    let problem = match text.request(&posted.fields) {
        Ok((request, raw)) => {
            let known = job.job.job_id;
            match doors.desk.edit(&caller, known, request, (None, raw)).await {
                Ok(decided) => {
                    tracing::info!(job = %known, by, "an operator edited");
                    return Ok(edited(&doors, &id, decided.answer.publish_id));
                }
                Err(problem) => problem,
            }
        }
        Err(problem) => problem,
    };
    let is_old = matches!(problem.code, Code::Superseded | Code::IllegalState);
    if !is_old && problem.code != Code::InvalidRequest && problem.errors.is_empty() {
        return Err(problem.into());
    }
    let newer = match is_old {
        true => newest(&doors, owner, &job).await?.map(|one| one.generation),
        false => None,
    };
    let visit = Visit::of(doors, posted.signed).await?;
    show(&visit, job, text, complaints(problem), newer)
}

fn edited(doors: &Doors, job: &str, publish: Option<slugline_core::ids::PublishId>) -> Response {
    let path = match publish {
        Some(publish) => format!("/publishes/{publish}?said=edited"),
        None => format!("/jobs/{job}?said=edited"),
    };
    go(&session::base(doors), &path)
}

/// What is wrong, field by field where it is known.
fn complaints(problem: Problem) -> Vec<String> {
    match problem.errors.is_empty() {
        true => vec![problem.detail],
        false => problem
            .errors
            .into_iter()
            .map(|one| {
                let path = one.path.trim_start_matches("payload.");
                format!("{path}: {}", one.message)
            })
            .collect(),
    }
}

impl Text {
    fn of(payload: &Payload, seen: Generation) -> Result<Self, Problem> {
        let unmade = |why: serde_json::Error| Problem::new(Code::Internal, why.to_string());
        let mut rest: Map<String, Value> =
            serde_json::from_value(serde_json::to_value(payload).map_err(unmade)?)
                .map_err(unmade)?;
        rest.retain(|name, _| !OWN.contains(&name.as_str()));
        Ok(Self {
            seen: seen.to_string(),
            title: payload.title.clone(),
            slug: payload.slug.clone().unwrap_or_default(),
            excerpt: payload.excerpt.clone().unwrap_or_default(),
            body: payload.body.clone(),
            rest: serde_json::to_string_pretty(&rest).map_err(unmade)?,
            note: String::new(),
        })
    }

    /// As a browser sent it.
    fn sent(fields: &Fields) -> Self {
        let of = |name| fields.long(name).unwrap_or_default();
        Self {
            seen: of("seen"),
            title: of("title"),
            slug: of("slug"),
            excerpt: of("excerpt"),
            body: of("body"),
            rest: of("rest"),
            note: of("note"),
        }
    }

    /// What the form asks for, and as what it is recorded.
    fn request(&self, fields: &Fields) -> Result<(EditRequest, Bytes), Problem> {
        let wrong = |why: String| Problem::new(Code::InvalidRequest, why);
        let seen = self
            .seen
            .parse()
            .map_err(|_| wrong("the form says no generation".into()))?;
        let rest = match self.rest.trim() {
            "" => "{}",
            rest => rest,
        };
        let mut whole: Map<String, Value> = serde_json::from_str(rest)
            .map_err(|why| wrong(format!("everything else: it is no JSON object ({why})")))?;
        for (name, text) in [
            ("title", &self.title),
            ("slug", &self.slug),
            ("excerpt", &self.excerpt),
            ("body", &self.body),
        ] {
            if whole.contains_key(name) {
                let detail = format!("everything else: {name} has a field of its own above");
                return Err(wrong(detail));
            }
            if !text.is_empty() {
                whole.insert(name.to_owned(), Value::String(text.clone()));
            }
        }
        whole
            .entry("title")
            .or_insert_with(|| Value::String(String::new()));
        let payload: Payload = serde_json::from_value(Value::Object(whole.clone()))
            .map_err(|why| wrong(format!("everything else: {why}")))?;
        let note = note(fields).map_err(|_| wrong("the note is too long".into()))?;
        let raw = serde_json::json!({ "payload": whole, "generation": seen, "note": note });
        let request = EditRequest {
            payload,
            generation: Some(Generation(seen)),
            note,
        };
        Ok((request, Bytes::from(raw.to_string())))
    }
}
