//! `/replays/ID`: what each event is worth, how far the replay is, and its buttons.
//!
//! Ensures that what is started is what the dry run showed: its filter with its time, its limit, its rate.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use slugline_core::lifecycle::JobState;
use slugline_core::problem::{Code, Problem};
use slugline_core::replay::Relevance;
use slugline_engine::store::{Page as Slice, ReplayState, ReplayTargetView};

use super::contents::cursor;
use super::frame::{Frame, Room, Visit};
use super::page::{self, Shown, Trouble, go, segment};
use super::post::Posted;
use super::replays::{Item, item, word_of};
use super::session;
use super::times::Moment;
use super::words::{Tag, Tone};
use crate::app::Doors;
use crate::door::role::Role;
use crate::endpoints::start_replay::{self, Wanted};
use crate::endpoints::{abort_replay, replay as api};
use crate::router::Endpoint;

/// Events of a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "replay.html")]
struct Page {
    frame: Frame,
    replay: Item,
    rate: u64,
    running: bool,
    /// How many would run, on a dry run's page.
    would: u64,
    jobs: Vec<(Tag, u64)>,
    words: Vec<(&'static str, &'static str, bool)>,
    targets: Vec<Target>,
    filtered: bool,
    later: Option<String>,
}

/// An event.
struct Target {
    content_id: String,
    content_path: String,
    environment: String,
    locale: String,
    destination: String,
    publish: String,
    generation: String,
    accepted: Moment,
    tag: Tag,
    sentence: &'static str,
    job: Option<(String, Option<Tag>)>,
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/replays/{id}", None, replay)
}

pub(super) fn start_endpoint() -> Endpoint {
    Endpoint::open_post("/replays/{id}/start", start)
}

pub(super) fn abort_endpoint() -> Endpoint {
    Endpoint::open_post("/replays/{id}/abort", abort)
}

async fn replay(Path(id): Path<String>, visit: Visit) -> Shown {
    let found = api::find(&visit.doors, &visit.signed.principal, &id).await;
    let view = found.map_err(|refusal| Trouble::Problem(refusal.0))?;
    let wanted = relevance(&visit)?;
    let slice = Slice {
        limit: ROWS,
        cursor: cursor(&visit)?,
    };
    let store = &visit.doors.store;
    let targets = store.replay_targets(visit.owner(), view.replay_id, wanted, slice);
    let targets = targets.await?;
    let title = format!("Replay {}", view.replay_id);
    let frame = visit.frame(Room::Replays, title);
    let jobs = view.jobs.clone().unwrap_or_default();
    let relevant = view.record.counts.get(&Relevance::Relevant).copied();
    page::show(&Page {
        rate: view.record.rate,
        running: view.state == ReplayState::Running,
        would: relevant.filter(|_| view.record.dry_run).unwrap_or(0),
        jobs: jobs
            .iter()
            .map(|(state, count)| (frame.state(state), *count))
            .collect(),
        words: Relevance::ALL
            .iter()
            .map(|one| (one.as_str(), word_of(*one), wanted == Some(*one)))
            .collect(),
        filtered: wanted.is_some(),
        later: targets
            .next_cursor
            .map(|cursor| visit.query.with("cursor", Some(&cursor.to_string()))),
        targets: targets
            .items
            .into_iter()
            .map(|one| target(one, &frame))
            .collect(),
        replay: item(view, &frame),
        frame,
    })
}

fn relevance(visit: &Visit) -> Result<Option<Relevance>, Trouble> {
    let read = |word: &str| {
        let known = Relevance::ALL.into_iter().find(|one| one.as_str() == word);
        let unknown = || format!("{word:?} is nothing that an event can be worth");
        known.ok_or_else(|| Problem::new(Code::InvalidRequest, unknown()).into())
    };
    visit.query.one("relevance").map(read).transpose()
}

fn target(view: ReplayTargetView, frame: &Frame) -> Target {
    let (tag, sentence) = worth(view.relevance);
    let tag_of = |state: JobState| frame.state(&state);
    Target {
        content_path: segment(&view.content_id),
        content_id: view.content_id,
        environment: view.environment,
        locale: view.locale,
        destination: view.destination,
        publish: view.publish_id.to_string(),
        generation: view.generation.to_string(),
        accepted: frame.when(&view.accepted_at),
        tag,
        sentence,
        job: view
            .job_id
            .map(|job| (job.to_string(), view.job_state.map(tag_of))),
    }
}

/// What an event is worth, and what that means.
fn worth(relevance: Relevance) -> (Tag, &'static str) {
    let (tone, sentence) = match relevance {
        Relevance::Relevant => (Tone::Waits, "It is desired and not applied: it runs again."),
        Relevance::Superseded => (Tone::Calm, "A newer generation has taken its place."),
        Relevance::AlreadyApplied => (Tone::Good, "It is desired, and applied."),
        Relevance::UnsafeType => (
            Tone::Bad,
            "It may have been received; sent again, it may happen twice.",
        ),
        Relevance::OnItsWay => (Tone::Busy, "A job of it is under way, or waits."),
        Relevance::Diverged => (
            Tone::Drift,
            "Somebody changed it at the destination: see Drift.",
        ),
        Relevance::Ended => (Tone::Calm, "A person ended its job; it stays so."),
        Relevance::NotDesired => (Tone::Calm, "It was never released there."),
        Relevance::NoDestination => (Tone::Bad, "Its destination is not configured any more."),
    };
    let word = word_of(relevance);
    (Tag { tone, word }, sentence)
}

async fn start(State(doors): State<Arc<Doors>>, Path(id): Path<String>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let principal = &posted.signed.principal;
    let found = api::find(&doors, principal, &id).await;
    let shown = found.map_err(|refusal| Trouble::Problem(refusal.0))?.record;
    if !shown.dry_run {
        let why = "only a dry run can be started; this one ran already";
        return Err(Problem::new(Code::InvalidRequest, why).into());
    }
    let wanted = Wanted {
        filter: shown.filter,
        dry_run: false,
        limit: Some(shown.limit),
        rate: Some(shown.rate),
        mode: shown.mode,
    };
    let begun = start_replay::begin(&doors, principal, wanted).await;
    let base = session::base(&doors);
    match begun {
        Ok((_, view)) => Ok(go(
            &base,
            &format!("/replays/{}?said=replaying", view.replay_id),
        )),
        Err(refusal) if refusal.0.code == Code::IllegalState => {
            Ok(go(&base, "/replays?said=replaying_already"))
        }
        Err(refusal) => Err(Trouble::Problem(refusal.0)),
    }
}

async fn abort(State(doors): State<Arc<Doors>>, Path(id): Path<String>, posted: Posted) -> Shown {
    posted.signed.need(Role::Operator)?;
    let found = api::find(&doors, &posted.signed.principal, &id).await;
    let before = found.map_err(|refusal| Trouble::Problem(refusal.0))?;
    let ended = abort_replay::end(&doors, &posted.signed.principal, &id).await;
    let ended = ended.map_err(|refusal| Trouble::Problem(refusal.0))?;
    let said = match (before.state, ended.state) {
        (ReplayState::Running, ReplayState::Aborted) => "replay_aborted",
        _ => "stale",
    };
    let base = session::base(&doors);
    Ok(go(
        &base,
        &format!("/replays/{}?said={said}", ended.replay_id),
    ))
}
