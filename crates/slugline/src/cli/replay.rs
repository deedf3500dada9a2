//! `slugline replay`: runs again what was asked for before.
//!
//! Ensures that it is shown first what would run, that nothing runs unless that was agreed to, and that what
//! runs is about no more than what was shown.

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use slugline_core::http::Method;
use slugline_core::replay::{DEFAULT_LIMIT, DEFAULT_RATE, MAX_LIMIT, MAX_RATE};

use super::confirm::{self, Consent};
use super::slice::{self, Slice};
use super::{Ended, Trouble};
use crate::client::api::{Api, ServerArgs};
use crate::client::views::{self, List, Replay, ReplayTarget, WholeReplay};
use crate::output::{BAD, GOOD, OPEN, Output, columns, printable};

/// Between two questions how it goes.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs again what was asked for before, wherever it is desired and not applied.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline replay start --destination blog --state failed --dry-run\n  slugline replay start --destination blog --since 2026-11-21T14:00:00Z --until 2026-11-21T15:00:00Z\n  slugline replay start --reason destination_unreachable --rate 30 --yes --wait\n  slugline replay start --destination hook --since 2026-11-21T14:00:00Z --mode as_recorded\n  slugline replay list\n  slugline replay show rpl_0000000a --relevance superseded\n  slugline replay abort rpl_0000000a\n\nNothing newer is overwritten: each event is decided on again when its turn comes."
)]
pub struct ReplayArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Shows what would run, asks, and starts it
    Start(Start),
    /// Lists replays, newest first
    List(Slice),
    /// Shows one, with what its events are worth
    Show {
        /// Its id, such as rpl_0000000a
        replay: String,
        /// Only events that are worth this, such as superseded
        #[arg(long, value_name = "WORD")]
        relevance: Option<String>,
        #[command(flatten)]
        slice: Slice,
    },
    /// Ends one that is under way; what it has queued stays
    Abort {
        /// Its id
        replay: String,
    },
}

#[derive(Args, Clone, Debug)]
struct Start {
    /// Publishes of this content
    #[arg(long, value_name = "ID")]
    content: Option<String>,
    /// At this destination
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    /// In this environment
    #[arg(long, value_name = "E")]
    environment: Option<String>,
    /// Of contents that this source owns
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Whose last job there is in this state, such as failed
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Whose last job there failed for this reason, such as destination_unreachable
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// Accepted then or later (RFC 3339)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Accepted before (RFC 3339); now when absent
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Events at most
    #[arg(long, value_name = "N", default_value_t = DEFAULT_LIMIT, value_parser = clap::value_parser!(u64).range(1..=MAX_LIMIT))]
    limit: u64,
    /// Jobs a minute at most
    #[arg(long, value_name = "N", default_value_t = DEFAULT_RATE, value_parser = clap::value_parser!(u64).range(1..=MAX_RATE))]
    rate: u64,
    /// What runs: what is desired now, or signals under the ids that they had
    #[arg(long, value_name = "MODE", default_value = "current", value_parser = PossibleValuesParser::new(["current", "as_recorded"]))]
    mode: String,
    /// Wait until it has ended; exit with 1 if a job of it failed
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    consent: Consent,
}

pub(super) async fn run(args: &ReplayArgs, no_input: bool, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    match &args.what {
        What::Start(start) => begin(&api, start, no_input, output).await,
        What::List(slice) => list(&api, slice, output).await,
        What::Show {
            replay,
            relevance,
            slice,
        } => {
            let limit = slice.limit();
            let query = [
                ("limit", Some(&*limit)),
                ("relevance", relevance.as_deref()),
                ("cursor", slice.cursor()),
            ];
            let path = ["v1", "replays", replay];
            let body = api.ask(&path, &query).await?;
            told(body, output)
        }
        What::Abort { replay } => {
            let request = api.request(Method::Post, &["v1", "replays", replay, "abort"]);
            let reply = api.send(request.json(&json!({}))).await?;
            if output.is_json() {
                output.json(&reply.body);
                return Ok(true);
            }
            let seen: Replay = views::read(reply.body)?;
            show(&seen, output);
            Ok(true)
        }
    }
}

impl Start {
    fn body(&self, dry_run: bool, until: Option<&Value>) -> Value {
        let mut filter = serde_json::Map::new();
        let given = [
            ("content_id", &self.content),
            ("destination", &self.destination),
            ("environment", &self.environment),
            ("source", &self.source),
            ("state", &self.state),
            ("reason", &self.reason),
            ("since", &self.since),
            ("until", &self.until),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                filter.insert(name.to_owned(), json!(value));
            }
        }
        if let Some(until) = until {
            filter.insert("until".to_owned(), until.clone());
        }
        let (limit, rate, mode) = (self.limit, self.rate, &self.mode);
        json!({ "filter": filter, "dry_run": dry_run, "limit": limit, "rate": rate, "mode": mode })
    }
}

async fn post(api: &Api, body: &Value) -> Result<Value, Trouble> {
    let request = api.request(Method::Post, &["v1", "replays"]);
    Ok(api.send(request.json(body)).await?.body)
}

async fn begin(api: &Api, start: &Start, no_input: bool, output: Output) -> Ended {
    let dry = post(api, &start.body(true, None)).await?;
    let seen: WholeReplay = views::read(dry.clone())?;
    let relevant = seen.replay.counts.get("relevant").copied().unwrap_or(0);
    if start.consent.dry_run && output.is_json() {
        output.json(&dry);
        return Ok(true);
    }
    if !output.is_json() {
        whole(&seen, output);
    }
    let many = usize::try_from(relevant).unwrap_or(usize::MAX);
    if !confirm::may(&start.consent, "run again", many, no_input, output)? {
        if output.is_json() {
            output.json(&dry);
        }
        return Ok(true);
    }
    // What came since was not shown, and does not run.
    let mut body = post(api, &start.body(false, Some(&dry["filter"]["until"]))).await?;
    if start.wait {
        body = wait(api, body).await?;
    }
    let seen: WholeReplay = views::read(body.clone())?;
    if output.is_json() {
        output.json(&body);
    } else {
        show(&seen.replay, output);
    }
    let jobs = seen.replay.jobs.unwrap_or_default();
    Ok(seen.replay.state != "aborted" && !(start.wait && jobs.contains_key("failed")))
}

/// Waits until the replay and its jobs have ended.
async fn wait(api: &Api, mut found: Value) -> Result<Value, Trouble> {
    loop {
        let seen: WholeReplay = views::read(found.clone())?;
        let jobs = seen.replay.jobs.unwrap_or_default();
        let is_open = |state: &str| jobs.contains_key(state);
        let open = ["pending", "queued", "delivering"];
        let id = &seen.replay.replay_id;
        // A beginning is answered without its jobs.
        if seen.replay.state != "running" && !open.into_iter().any(is_open) {
            return Ok(found);
        }
        tokio::time::sleep(PAUSE).await;
        let again = api.find(&["v1", "replays", id]).await?;
        found = again.ok_or_else(|| Trouble::badly(format!("{id} is gone")))?;
    }
}

async fn list(api: &Api, slice: &Slice, output: Output) -> Ended {
    let limit = slice.limit();
    let query = [("limit", Some(&*limit)), ("cursor", slice.cursor())];
    let body = api.ask(&["v1", "replays"], &query).await?;
    if output.is_json() {
        output.json(&body);
        return Ok(true);
    }
    let found: List<Replay> = views::read(body)?;
    for replay in &found.items {
        show(replay, output);
    }
    slice::ended(&found, "There are no replays.", output);
    Ok(true)
}

fn told(body: Value, output: Output) -> Ended {
    if output.is_json() {
        output.json(&body);
        return Ok(true);
    }
    whole(&views::read(body)?, output);
    Ok(true)
}

fn whole(seen: &WholeReplay, output: Output) {
    show(&seen.replay, output);
    let row = |target: &ReplayTarget| {
        vec![
            target.relevance.clone(),
            target.content_id.clone(),
            target.destination.clone(),
            format!("generation {}", target.generation),
            target.accepted_at.clone(),
            target.job_state.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = seen.targets.items.iter().map(row).collect();
    for line in columns(&rows) {
        output.line(&printable(&format!("  {line}")));
    }
    if let Some(cursor) = &seen.targets.next_cursor {
        let id = &seen.replay.replay_id;
        output.note(&format!(
            "There are more: slugline replay show {id} --cursor {cursor}"
        ));
    }
}

fn show(seen: &Replay, output: Output) {
    let style = match &*seen.state {
        "done" => GOOD,
        "running" => OPEN,
        _ => BAD,
    };
    let state = output.paint(style, &seen.state);
    let (id, done, total) = (&seen.replay_id, seen.done, seen.total);
    let progress = match seen.dry_run {
        true => format!("dry run, {total} events"),
        false => format!("{done} of {total} events"),
    };
    output.line(&format!("{id}  {state}  {progress}"));
    let counted = |counts: &std::collections::BTreeMap<String, u64>| {
        let counts = counts
            .iter()
            .map(|(word, many)| format!("{many} {}", word.replace('_', " ")));
        counts.collect::<Vec<_>>().join(", ")
    };
    if !seen.counts.is_empty() {
        output.line(&printable(&format!("  {}", counted(&seen.counts))));
    }
    if let Some(jobs) = seen.jobs.as_ref().filter(|jobs| !jobs.is_empty()) {
        output.line(&printable(&format!("  jobs: {}", counted(jobs))));
    }
    if seen.more {
        output.note(
            "More events match than the limit allows: raise --limit, or replay the rest later.",
        );
    }
    if let Some(why) = &seen.why {
        output.line(&format!("  {}", printable(why)));
    }
}
