//! `/dead-letters/act`: something done with many dead letters at once.
//!
//! Ensures that what is touched was shown before, one by one, with what would be left alone and why: the form that
//! confirms names each job with the runs that it had, so that what has run since is left alone then, too. What is allowed
//! is decided where it always is (`slugline_core::operator`, the desk); this asks, and says what came of each.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use slugline_core::ids::{Fence, JobId};
use slugline_core::lifecycle::JobState;
use slugline_core::operator::{JobAction, JobFacts, act};
use slugline_core::problem::{Code, Problem};
use slugline_core::version::Generation;
use slugline_engine::desk::{RollbackRequest, RolledBack};
use slugline_engine::intake::require_environment;
use slugline_engine::store::{DeadLetter, JobDetail, JobOrder, Page as Slice};

use super::act::note;
use super::dead_letters::{filter, kept};
use super::fields::Fields;
use super::frame::{Frame, Room, Visit};
use super::jobs::{pick, picked};
use super::page::{self, Shown, Trouble};
use super::post::Posted;
use super::session::Signed;
use super::words::{Tag, Tone};
use crate::app::Doors;
use crate::door::role::Role;
use crate::router::Endpoint;

/// Jobs at once: as many as somebody reads through before they say yes.
pub(crate) const MOST: usize = 200;

/// What can be done with many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) word: &'static str,
    pub(crate) name: &'static str,
    /// What it does to each.
    pub(crate) does: &'static str,
    /// What has become of each then.
    done: &'static str,
    action: Option<JobAction>,
}

pub(crate) const DEEDS: [Deed; 4] = [
    Deed {
        word: "retry",
        name: "Retry",
        does: "is queued again; it looks before it writes",
        done: "queued again",
        action: Some(JobAction::Retry),
    },
    Deed {
        word: "revert",
        name: "Revert",
        does: "goes back to what was live there before",
        done: "on its way back",
        action: None,
    },
    Deed {
        word: "skip",
        name: "Skip",
        does: "is marked complete; nothing more is done",
        done: "marked complete",
        action: Some(JobAction::Skip),
    },
    Deed {
        word: "escalate",
        name: "Escalate",
        does: "stays as it is; the record says that somebody should look",
        done: "on the record",
        action: Some(JobAction::Escalate),
    },
];

/// A job that was chosen.
struct Chosen {
    job: JobId,
    /// The runs that whoever chose it saw.
    seen: Fence,
    known: Option<Known>,
}

/// What is known of it.
struct Known {
    content_id: String,
    environment: String,
    locale: String,
    destination: String,
    state: JobState,
    replaced: bool,
    runs: Fence,
    generation: Generation,
    sentence: &'static str,
}

/// A job in a list of what is done, or is not.
struct Row {
    pick: String,
    job_id: String,
    content_id: String,
    place: String,
    destination: String,
    /// Why it is a dead letter.
    sentence: &'static str,
    /// What is done, or why nothing is.
    what: String,
    tag: Tag,
}

#[derive(Template)]
#[template(path = "bulk.html")]
struct Preview {
    frame: Frame,
    deed: Deed,
    touched: Vec<Row>,
    left: Vec<Row>,
    more: bool,
    most: usize,
    back: String,
}

#[derive(Template)]
#[template(path = "bulk_done.html")]
struct Done {
    frame: Frame,
    deed: Deed,
    rows: Vec<Row>,
    done: usize,
}

pub(super) fn page_endpoint() -> Endpoint {
    Endpoint::get("/dead-letters/act", None, preview)
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/dead-letters/act", carry_out)
}

async fn preview(visit: Visit) -> Shown {
    visit.signed.need(Role::Operator)?;
    let deed = deed(&visit.query)?;
    let frame = visit.frame(Room::DeadLetters, format!("{} dead letters", deed.name));
    let (chosen, more) = match visit.query.one("all") {
        Some(_) => all(&visit, frame.now).await?,
        None => (
            named(&visit.doors, &visit.signed, &visit.query).await?,
            false,
        ),
    };
    let (mut touched, mut left) = (Vec::new(), Vec::new());
    for one in chosen {
        match would(&visit.doors, &visit.signed, &deed, &one).await {
            Ok(what) => touched.push(row(one, what, (Tone::Busy, deed.name))),
            Err(problem) => left.push(row(one, problem.detail, LEFT)),
        }
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(kept(&visit.query));
    page::show(&Preview {
        back: query.finish(),
        most: MOST,
        frame,
        deed,
        touched,
        left,
        more,
    })
}

/// What is said of one that nothing is done to.
pub(crate) const LEFT: (Tone, &str) = (Tone::Waits, "left alone");

fn deed(fields: &Fields) -> Result<Deed, Trouble> {
    let word = fields.one("do").unwrap_or_default();
    let known = DEEDS.into_iter().find(|one| one.word == word);
    known.ok_or_else(|| Problem::new(Code::InvalidRequest, "say what is to be done").into())
}

/// All that match the filters, and whether there are more than are taken at once.
async fn all(
    visit: &Visit,
    now: slugline_core::time::Timestamp,
) -> Result<(Vec<Chosen>, bool), Trouble> {
    let slice = Slice {
        limit: MOST,
        cursor: None,
    };
    let filter = filter(visit.owner(), &visit.query, now)?;
    let found = visit.doors.store.dead_letters(filter, slice).await?;
    let more = found.next_cursor.is_some();
    Ok((found.items.into_iter().map(Chosen::from).collect(), more))
}

/// Those that the form names, each once.
async fn named(doors: &Doors, signed: &Signed, fields: &Fields) -> Result<Vec<Chosen>, Trouble> {
    let strange = || Problem::new(Code::InvalidRequest, "a job of the form is none of ours");
    let mut named = Vec::new();
    for text in fields.all("job") {
        let one = picked(text).ok_or_else(strange)?;
        if !named.contains(&one) {
            named.push(one);
        }
    }
    if named.len() > MOST {
        let detail = format!("at most {MOST} are done at once; choose fewer");
        return Err(Problem::new(Code::InvalidRequest, detail).into());
    }
    let mut chosen = Vec::new();
    for (job, seen) in named {
        let known = doors.store.job(signed.owner(), job).await?;
        let known = known.map(Known::from);
        chosen.push(Chosen { job, seen, known });
    }
    Ok(chosen)
}

/// What would come of it, or why nothing would.
async fn would(
    doors: &Doors,
    signed: &Signed,
    deed: &Deed,
    chosen: &Chosen,
) -> Result<String, Problem> {
    let known = may(signed, deed, chosen)?;
    let plain = || Ok(format!("It {}.", deed.does));
    if deed.action.is_some() {
        return plain();
    }
    let request = RollbackRequest {
        dry_run: true,
        generation: Some(known.generation),
        ..RollbackRequest::default()
    };
    let caller = &signed.principal.caller;
    match doors
        .desk
        .revert(caller, chosen.job, &request, None)
        .await?
    {
        RolledBack::Planned(plan) => Ok(format!(
            "Generation {}, “{}”, comes back as a new one.",
            plan.to, plan.title
        )),
        RolledBack::Done(_) => plain(),
    }
}

/// What is known of a job with which this may be done.
fn may<'a>(signed: &Signed, deed: &Deed, chosen: &'a Chosen) -> Result<&'a Known, Problem> {
    let absent = || Problem::new(Code::NotFound, "there is no such job");
    let known = chosen.known.as_ref().ok_or_else(absent)?;
    require_environment(&signed.principal.caller.environments, &known.environment)?;
    let facts = JobFacts {
        state: known.state,
        released: true,
        runs: known.runs,
        generation: known.generation,
        replaced_by: None,
        waits: true,
        gave_up: false,
    };
    // A revert is for what could be retried.
    act(
        &facts,
        deed.action.unwrap_or(JobAction::Retry),
        Some(chosen.seen),
    )?;
    match known.replaced {
        true => {
            let detail = "a newer generation has taken its place; nothing is left to do";
            Err(Problem::new(Code::Superseded, detail))
        }
        false => Ok(known),
    }
}

async fn carry_out(State(doors): State<Arc<Doors>>, posted: Posted) -> Shown {
    let signed = &posted.signed;
    signed.need(Role::Operator)?;
    let (deed, note) = (deed(&posted.fields)?, note(&posted.fields)?);
    let chosen = named(&doors, signed, &posted.fields).await?;
    let outcomes = match deed.action {
        Some(action) => {
            doors
                .store
                .act(orders(signed, action, &note, &chosen))
                .await?
        }
        None => revert(&doors, signed, &deed, &note, &chosen).await,
    };
    let (count, by) = (chosen.len(), &signed.principal.name);
    let done = outcomes.iter().filter(|one| one.is_ok()).count();
    tracing::info!(
        action = deed.word,
        count,
        done,
        by,
        "an operator acted on many"
    );
    let rows = chosen
        .into_iter()
        .zip(outcomes)
        .map(|(one, outcome)| match outcome {
            Ok(_) => row(one, format!("It is {}.", deed.done), (Tone::Good, "done")),
            Err(problem) => row(one, problem.detail, LEFT),
        });
    let rows = rows.collect();
    let visit = Visit::of(doors, posted.signed).await?;
    page::show(&Done {
        frame: visit.frame(Room::DeadLetters, format!("{} dead letters", deed.name)),
        deed,
        rows,
        done,
    })
}

fn orders(
    signed: &Signed,
    action: JobAction,
    note: &Option<String>,
    chosen: &[Chosen],
) -> Vec<JobOrder> {
    let caller = &signed.principal.caller;
    let order = |one: &Chosen| JobOrder {
        job: one.job,
        owner: caller.owner.clone(),
        environments: caller.environments.clone(),
        action,
        actor: caller.actor.clone(),
        note: note.clone(),
        runs: Some(one.seen),
    };
    chosen.iter().map(order).collect()
}

async fn revert(
    doors: &Doors,
    signed: &Signed,
    deed: &Deed,
    note: &Option<String>,
    chosen: &[Chosen],
) -> Vec<Result<JobState, Problem>> {
    let mut outcomes = Vec::new();
    // Generations that came of it: ours, and no hindrance where the same item failed at another destination too.
    let mut newest = HashMap::new();
    for one in chosen {
        let outcome = match may(signed, deed, one) {
            Ok(known) => {
                let item = [&known.content_id, &known.environment, &known.locale];
                let seen = newest.get(&item).copied().unwrap_or(known.generation);
                let request = RollbackRequest {
                    generation: Some(seen),
                    note: note.clone(),
                    ..RollbackRequest::default()
                };
                let caller = &signed.principal.caller;
                let done = doors.desk.revert(caller, one.job, &request, None).await;
                if let Ok(RolledBack::Done(decided)) = &done {
                    newest.insert(item, decided.answer.generation.unwrap_or(seen));
                }
                done.map(|_| known.state)
            }
            Err(problem) => Err(problem),
        };
        outcomes.push(outcome);
    }
    outcomes
}

fn row(chosen: Chosen, what: String, (tone, word): (Tone, &'static str)) -> Row {
    let (job, seen) = (chosen.job, chosen.seen);
    let known = chosen.known;
    let of = |what: fn(&Known) -> String| known.as_ref().map(what).unwrap_or_default();
    Row {
        pick: pick(job, seen.0),
        job_id: job.to_string(),
        content_id: of(|known| known.content_id.clone()),
        place: of(|known| format!("{} {}", known.environment, known.locale)),
        destination: of(|known| known.destination.clone()),
        sentence: known.as_ref().map_or("", |known| known.sentence),
        what,
        tag: Tag { tone, word },
    }
}

impl From<DeadLetter> for Chosen {
    fn from(letter: DeadLetter) -> Self {
        Self {
            job: letter.job.job_id,
            seen: Fence(letter.about.runs),
            known: Some(Known {
                content_id: letter.about.content_id,
                environment: letter.about.environment,
                locale: letter.about.locale,
                destination: letter.job.destination,
                state: letter.job.state,
                replaced: letter.job.replaced_by.is_some(),
                runs: Fence(letter.about.runs),
                generation: letter.about.generation,
                sentence: letter
                    .job
                    .reason_code
                    .map_or("", |reason| reason.sentence()),
            }),
        }
    }
}

impl From<JobDetail> for Known {
    fn from(detail: JobDetail) -> Self {
        Self {
            content_id: detail.about.content_id,
            environment: detail.about.environment,
            locale: detail.about.locale,
            destination: detail.job.destination,
            state: detail.job.state,
            replaced: detail.job.replaced_by.is_some(),
            runs: Fence(detail.about.runs),
            generation: detail.about.generation,
            sentence: detail
                .job
                .reason_code
                .map_or("", |reason| reason.sentence()),
        }
    }
}
