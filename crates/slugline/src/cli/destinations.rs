//! `slugline destinations`: how they are, what they can do, and asking one whether it lets us in.
//!
//! Ensures that nothing is changed at a destination, and that what it said cannot steer the terminal.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use slugline_core::http::Method;

use super::{Ended, Trouble};
use crate::client::api::{Api, Denied, ServerArgs};
use crate::client::views::{self, List, Pause};
use crate::output::{BAD, GOOD, OPEN, Output, QUIET, columns, printable};

/// Lists the destinations with their health, shows one, or asks whether it lets us in.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline destinations list\n  slugline destinations show blog\n  slugline destinations probe blog\n  slugline destinations list --json\n\nHealth is as the node that answers sees it. To stop one for a while: slugline pause DESTINATION"
)]
pub struct DestinationsArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Lists them: health, runs at once, and whether they are paused
    List,
    /// Shows one, with what it can do
    Show {
        /// Its name
        destination: String,
    },
    /// Asks whether they are there and let us in, changing nothing; exits with 1 if one does not
    Probe {
        /// Their names
        #[arg(required = true, value_name = "DESTINATION")]
        destinations: Vec<String>,
    },
}

/// A destination, as far as it is shown.
#[derive(Clone, Debug, Deserialize)]
struct Destination {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    environment: Option<String>,
    capabilities: Capabilities,
    health: Health,
    paused: Option<Pause>,
}

#[derive(Clone, Debug, Deserialize)]
struct Capabilities {
    lane: String,
    readable: bool,
    drafts: bool,
    repeat: String,
    dedupes_for_seconds: Option<f64>,
    commit_window_seconds: Option<f64>,
    verify_window_seconds: f64,
    timeout_seconds: f64,
    concurrency: u64,
    transforms: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Health {
    state: String,
    since: Option<String>,
    next_try_at: Option<String>,
    last_error: Option<String>,
    concurrency: u64,
}

/// What a probe found.
#[derive(Clone, Debug, Deserialize)]
struct Found {
    destination: String,
    ok: bool,
    detail: String,
    reason_code: Option<String>,
    suggested_action: Option<String>,
}

pub(super) async fn run(args: &DestinationsArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    match &args.what {
        What::List => list(&api, output).await,
        What::Show { destination } => show(&api, destination, output).await,
        What::Probe { destinations } => probe(&api, destinations, output).await,
    }
}

fn absent(name: &str) -> Trouble {
    Trouble::badly(format!(
        "there is no destination {name:?} of this token's owner; slugline destinations list has them"
    ))
}

async fn all(api: &Api) -> Result<Value, Denied> {
    api.ask(&["v1", "destinations"], &[]).await
}

async fn list(api: &Api, output: Output) -> Ended {
    let body = all(api).await?;
    if output.is_json() {
        output.json(&body);
        return Ok(true);
    }
    let found: List<Destination> = views::read(body)?;
    let rows: Vec<Vec<String>> = found.items.iter().map(row).collect();
    for (one, line) in found.items.iter().zip(columns(&rows)) {
        output.line(&format!("{}  {}", state(one, output), printable(&line)));
    }
    if found.items.is_empty() {
        output.note("No [[destination]] is configured for this token's owner.");
    }
    Ok(true)
}

/// How it is, as wide as the widest.
fn state(one: &Destination, output: Output) -> String {
    let (style, word) = match (&one.paused, &*one.health.state) {
        (_, "down") => (BAD, "down"),
        (Some(_), _) => (OPEN, "paused"),
        (None, "up") => (GOOD, "up"),
        (None, "throttled") => (OPEN, "throttled"),
        (None, other) => (QUIET, other),
    };
    output.paint(style, &format!("{word:9}"))
}

fn row(one: &Destination) -> Vec<String> {
    let environment = one.environment.as_deref();
    let said = [paused(one), trouble(&one.health)];
    vec![
        one.name.clone(),
        one.kind.clone(),
        environment.unwrap_or("all environments").to_owned(),
        at_once(one),
        said.into_iter().flatten().collect::<Vec<_>>().join("; "),
    ]
}

fn at_once(one: &Destination) -> String {
    match (one.health.concurrency, one.capabilities.concurrency) {
        (now, usual) if now < usual => format!("at most {now} at once, usually {usual}"),
        (now, _) => format!("at most {now} at once"),
    }
}

fn paused(one: &Destination) -> Option<String> {
    let pause = one.paused.as_ref()?;
    let what = match &*pause.what {
        "destination" => "paused",
        _ => "everything is paused",
    };
    let note = match pause.note.is_empty() {
        true => String::new(),
        false => format!(": {}", pause.note),
    };
    Some(format!(
        "{what} since {} by {}{note}",
        pause.since, pause.actor
    ))
}

fn trouble(health: &Health) -> Option<String> {
    let since = health.since.as_ref().map(|at| format!("since {at}"));
    let next = health.next_try_at.as_ref();
    let next = next.map(|at| format!("next try at {at}"));
    let error = health.last_error.as_ref();
    let error = error.map(|error| format!("said last: {error}"));
    let said = [since, next, error];
    let said: Vec<String> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(", "))
}

async fn show(api: &Api, name: &str, output: Output) -> Ended {
    let body = all(api).await?;
    let mut items = body["items"].as_array().into_iter().flatten();
    let found = items.find(|one| one["name"] == name);
    let found = found.ok_or_else(|| absent(name))?.clone();
    if output.is_json() {
        output.json(&found);
        return Ok(true);
    }
    let one: Destination = views::read(found)?;
    let environment = one.environment.as_deref().unwrap_or("all environments");
    output.line(&format!(
        "{}  {}  {}",
        printable(&format!("{}  {}  {environment}", one.name, one.kind)),
        state(&one, output).trim_end(),
        at_once(&one)
    ));
    for said in [paused(&one), trouble(&one.health)].into_iter().flatten() {
        output.line(&printable(&format!("  {said}")));
    }
    for said in can(&one.capabilities) {
        output.line(&printable(&format!("  {said}")));
    }
    Ok(true)
}

/// What it can do, in sentences.
fn can(known: &Capabilities) -> Vec<String> {
    let read = match known.readable {
        true => "can be read back",
        false => "cannot be read back",
    };
    let drafts = match known.drafts {
        true => "has drafts",
        false => "has no drafts",
    };
    let seconds = known.dedupes_for_seconds.unwrap_or_default();
    let repeat = match &*known.repeat {
        "looks_up" => "looked up before it is repeated".to_owned(),
        "dedupes" => format!("repeated with the same id, which it knows for {seconds} s"),
        "harmless" => "repeated: it does no harm".to_owned(),
        "may_duplicate" => "not repeated: it might happen twice".to_owned(),
        other => other.to_owned(),
    };
    let lane = match &*known.lane {
        "item_locale" => "item and locale",
        "item" => "item, whatever its locale",
        _ => "destination",
    };
    let mut said = vec![
        format!("{read}, {drafts}; one run at a time for each {lane}"),
        format!("a write without an answer is {repeat}"),
        format!("waits {} s for an answer", known.timeout_seconds),
    ];
    if known.verify_window_seconds > 0.0 {
        let window = known.verify_window_seconds;
        said.push(format!(
            "what was written may be read back up to {window} s late"
        ));
    }
    if let Some(window) = known.commit_window_seconds {
        said.push(format!(
            "looks again {window} s after a write without an answer"
        ));
    }
    if !known.transforms.is_empty() {
        said.push(format!(
            "changes what it is given: {}",
            known.transforms.join(", ")
        ));
    }
    said
}

async fn probe(api: &Api, names: &[String], output: Output) -> Ended {
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let request = api.request(Method::Post, &["v1", "destinations", name, "probe"]);
        let body = match api.send(request.json(&json!({}))).await {
            Err(Denied::Refused { status: 404, .. }) => return Err(absent(name)),
            answered => answered?.body,
        };
        if !output.is_json() {
            told(&views::read(body.clone())?, output);
        }
        found.push(body);
    }
    let all_well = found.iter().all(|one| one["ok"] == true);
    if output.is_json() {
        output.json(&json!({ "items": found }));
    }
    Ok(all_well)
}

fn told(found: &Found, output: Output) {
    let (style, word) = match found.ok {
        true => (GOOD, "ok    "),
        false => (BAD, "failed"),
    };
    let line = format!("{}  {}", found.destination, found.detail);
    output.line(&format!(
        "{}  {}",
        output.paint(style, word),
        printable(&line)
    ));
    if let (Some(reason), Some(action)) = (&found.reason_code, &found.suggested_action) {
        output.line(&printable(&format!(
            "  reason: {reason}, suggested: {action}"
        )));
    }
}
