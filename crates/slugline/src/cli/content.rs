//! `slugline content`: one content item: what is live where, its versions, its timeline, what changed.
//!
//! Ensures that nothing that a producer wrote drives the terminal. What is done about an item is in other
//! commands: `rollback`, `pause`, `note`, `erase`.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use slugline_core::payload::Payload;

use super::diff::{self, DiffArgs};
use super::slice::{self, Slice};
use super::{Ended, Trouble, status};
use crate::client::api::{Api, Denied, ServerArgs};
use crate::client::views::{self, List};
use crate::output::{Output, columns, printable};

/// Versions that are shown beside what is live where.
const NEWEST: &str = "10";
/// Entries of one page of a timeline: as many as the server gives.
const ENTRIES: &str = "500";

/// Shows a content item: what is live where, its versions, its timeline, and what changed between two versions.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline content show post-42\n  slugline content revisions post-42 --json\n  slugline content timeline post-42\n  slugline content timeline post-42 --job job_0000002b\n  slugline content diff post-42\n  slugline content diff post-42 3 5\n\nTo bring an older version back: slugline rollback post-42 --to 3"
)]
pub struct ContentArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Shows what is live where, and the newest versions
    Show {
        /// The content id
        #[arg(value_name = "CONTENT_ID")]
        content: String,
    },
    /// Lists the versions that are kept, newest first; --json has their bodies
    Revisions {
        /// The content id
        #[arg(value_name = "CONTENT_ID")]
        content: String,
        #[command(flatten)]
        slice: Slice,
    },
    /// Tells what happened to it, oldest first
    Timeline(Timeline),
    /// Shows what changed between two generations; without them, between the newest two
    Diff(DiffArgs),
}

#[derive(Args, Clone, Debug)]
struct Timeline {
    /// The content id
    #[arg(value_name = "CONTENT_ID")]
    content: String,
    /// Only of this job
    #[arg(long, value_name = "JOB")]
    job: Option<String>,
    /// Only so many, the newest
    #[arg(long, value_name = "N")]
    last: Option<usize>,
}

/// A version of an item as it is kept.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Revision {
    /// Its generation.
    pub(super) generation: i64,
    /// The producer's version.
    pub(super) version: Value,
    /// What it wants.
    pub(super) action: String,
    /// Environment.
    pub(super) environment: String,
    /// Locale.
    pub(super) locale: String,
    /// When it was accepted.
    pub(super) accepted_at: String,
    /// The request.
    pub(super) request_id: String,
    /// Whether its words were erased because somebody asked for that.
    #[serde(default)]
    pub(super) erased: bool,
    /// The payload; none for removals and bodies that are not kept.
    pub(super) payload: Option<Payload>,
}

/// An entry of the log, as far as it is shown.
#[derive(Clone, Debug, Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    at: String,
    actor: String,
    outcome: String,
    #[serde(default)]
    detail: Value,
}

pub(super) async fn run(args: &ContentArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    match &args.what {
        What::Show { content } => show(&api, content, output).await,
        What::Revisions { content, slice } => list(&api, content, slice, output).await,
        What::Timeline(wanted) => timeline(&api, wanted, output).await,
        What::Diff(wanted) => diff::run(&api, wanted, output).await,
    }
}

/// Reads a content item, or with a `face` what hangs on it.
pub(super) async fn ask(
    api: &Api,
    content: &str,
    face: Option<&str>,
    query: &[(&str, Option<&str>)],
) -> Result<Value, Trouble> {
    let path: Vec<&str> = ["v1", "content", content].into_iter().chain(face).collect();
    match api.ask(&path, query).await {
        Err(Denied::Refused { status: 404, .. }) => Err(Trouble::badly(format!(
            "there is no content {content:?} of this token's owner"
        ))),
        answered => Ok(answered?),
    }
}

async fn show(api: &Api, content: &str, output: Output) -> Ended {
    let mut item = ask(api, content, None, &[]).await?;
    let limit = [("limit", Some(NEWEST))];
    let revisions = ask(api, content, Some("revisions"), &limit).await?;
    if output.is_json() {
        item["revisions"] = revisions;
        output.json(&item);
        return Ok(true);
    }
    status::show_content(&views::read(item)?, output);
    let newest: List<Revision> = views::read(revisions)?;
    output.line("versions, newest first:");
    lines(&newest.items, output);
    if newest.next_cursor.is_some() {
        let content = printable(content);
        output.note(&format!(
            "There are more: slugline content revisions {content}"
        ));
    }
    Ok(true)
}

async fn list(api: &Api, content: &str, slice: &Slice, output: Output) -> Ended {
    let limit = slice.limit();
    let query = [("limit", Some(&*limit)), ("cursor", slice.cursor())];
    let body = ask(api, content, Some("revisions"), &query).await?;
    if output.is_json() {
        output.json(&body);
        return Ok(true);
    }
    let page: List<Revision> = views::read(body)?;
    lines(&page.items, output);
    slice::ended(&page, "No version of it is kept any more.", output);
    Ok(true)
}

fn lines(revisions: &[Revision], output: Output) {
    let row = |one: &Revision| {
        let title = match &one.payload {
            Some(payload) => payload.title.clone(),
            None if one.erased => "(erased)".to_owned(),
            None => "(no body)".to_owned(),
        };
        vec![
            format!("generation {}", one.generation),
            format!("version {}", status::plain(&one.version)),
            one.action.clone(),
            format!("{}/{}", one.environment, one.locale),
            one.accepted_at.clone(),
            one.request_id.clone(),
            title,
        ]
    };
    let rows: Vec<Vec<String>> = revisions.iter().map(row).collect();
    for line in columns(&rows) {
        output.line(&format!("  {}", printable(&line)));
    }
}

async fn timeline(api: &Api, wanted: &Timeline, output: Output) -> Ended {
    let mut entries: Vec<Value> = Vec::new();
    let mut cursor = None::<String>;
    loop {
        let query = [
            ("limit", Some(ENTRIES)),
            ("cursor", cursor.as_deref()),
            ("job_id", wanted.job.as_deref()),
        ];
        let page = ask(api, &wanted.content, Some("timeline"), &query).await?;
        let page: List<Value> = views::read(page)?;
        entries.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let last = wanted.last.unwrap_or(entries.len()).min(entries.len());
    let entries = entries.split_off(entries.len() - last);
    if output.is_json() {
        output.json(&json!({ "items": entries }));
        return Ok(true);
    }
    if entries.is_empty() {
        output.note("The log has no such entries of it.");
    }
    let entries: Result<Vec<Entry>, Denied> = entries.into_iter().map(views::read).collect();
    let rows: Vec<Vec<String>> = entries?.iter().map(told).collect();
    for line in columns(&rows) {
        output.line(&printable(&line));
    }
    Ok(true)
}

/// An entry in columns: when, what, how it ended, who, about which job, and why.
fn told(entry: &Entry) -> Vec<String> {
    let text = |name: &str| entry.detail[name].as_str();
    let generation = entry.detail["generation"].as_i64();
    let about = [
        generation.map(|generation| format!("generation {generation}")),
        text("destination").map(|name| format!("at {name}")),
        text("job_id").map(str::to_owned),
    ];
    let about: Vec<String> = about.into_iter().flatten().collect();
    let names = ["drift", "reason", "message", "note"];
    let why: Vec<&str> = names.into_iter().filter_map(text).collect();
    vec![
        entry.at.clone(),
        entry.kind.clone(),
        entry.outcome.clone(),
        entry.actor.clone(),
        about.join(" "),
        why.join(": "),
    ]
}
