//! `slugline dead-letters`: what failed, why, and what to do about it.
//!
//! Ensures that an action on many shows first what it will touch, asks unless told not to, and leaves alone what
//! has run since it was listed.

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slugline_core::http::Method;

use super::confirm::{self, Consent};
use super::slice::{self, Slice};
use super::{Ended, Trouble, jobs, reverts};
use crate::client::api::{Api, Denied, ServerArgs};
use crate::client::source;
use crate::client::views::{self, List};
use crate::output::{BAD, Output, columns, printable};

/// Dead letters that one page of the list has while all that match are gathered.
const PAGE: &str = "200";

/// Lists what failed and waits for a person, and deals with it.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline dead-letters list\n  slugline dead-letters list --destination blog --reason credentials_refused\n  slugline dead-letters show job_0000002b\n  slugline dead-letters retry job_0000002b --note 'the token was renewed'\n  slugline dead-letters retry --all --reason credentials_refused --dry-run\n  slugline dead-letters edit job_0000002b payload.json\n  slugline dead-letters revert job_0000002b\n  slugline dead-letters revert --all --destination blog --reason verify_mismatch --dry-run\n  slugline dead-letters skip job_0000002b --note 'published by hand'"
)]
pub struct DeadLettersArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Lists dead letters, newest first
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        slice: Slice,
    },
    /// Shows one: the same as slugline status JOB
    Show {
        /// Its job id, such as job_0000002b
        job: String,
    },
    /// Runs them again, under the same keys; each looks before it writes
    Retry(Chosen),
    /// Marks them complete: nothing more is done
    Skip(Chosen),
    /// Publishes a changed content in place of one
    Edit {
        /// Its job id
        job: String,
        /// The whole payload as JSON; - for standard input
        file: std::path::PathBuf,
        /// Why
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Brings back, where they go, what was live there before
    Revert(Chosen),
    /// Puts on the record that somebody should look at them
    Escalate(Chosen),
}

#[derive(Args, Clone, Debug)]
struct Filter {
    /// Of this content
    #[arg(long, value_name = "ID")]
    content: Option<String>,
    /// Of this request
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// At this destination
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    /// With this reason, such as credentials_refused
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// Of this class
    #[arg(long, value_name = "C")]
    class: Option<String>,
    /// In this environment
    #[arg(long, value_name = "E")]
    environment: Option<String>,
    /// Accepted before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    before: Option<String>,
}

#[derive(Args, Clone, Debug)]
struct Chosen {
    /// Job ids
    #[arg(
        value_name = "JOB",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    jobs: Vec<String>,
    /// All that match the filters
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: Filter,
    /// Why
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    consent: Consent,
}

/// A dead letter, as far as it is shown.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Letter {
    pub(super) job_id: String,
    pub(super) destination: String,
    pub(super) content_id: String,
    reason_code: Option<String>,
    last_error: Option<String>,
    suggested_action: Option<String>,
    pub(super) runs: i64,
}

pub(super) async fn run(args: &DeadLettersArgs, no_input: bool, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    match &args.what {
        What::List { filter, slice } => list(&api, filter, slice, output).await,
        What::Show { job } => jobs::show(&api, job, output).await,
        What::Retry(chosen) => act(&api, "retry", chosen, no_input, output).await,
        What::Skip(chosen) => act(&api, "skip", chosen, no_input, output).await,
        What::Edit { job, file, note } => edit(&api, job, file, note.as_deref(), output).await,
        What::Revert(chosen) => revert(&api, chosen, no_input, output).await,
        What::Escalate(chosen) => act(&api, "escalate", chosen, no_input, output).await,
    }
}

async fn page(
    api: &Api,
    filter: &Filter,
    limit: &str,
    cursor: Option<&str>,
) -> Result<Value, Denied> {
    let query = [
        ("limit", Some(limit)),
        ("content_id", filter.content.as_deref()),
        ("request_id", filter.request.as_deref()),
        ("destination", filter.destination.as_deref()),
        ("reason", filter.reason.as_deref()),
        ("class", filter.class.as_deref()),
        ("environment", filter.environment.as_deref()),
        ("before", filter.before.as_deref()),
        ("cursor", cursor),
    ];
    api.ask(&["v1", "dead-letters"], &query).await
}

async fn list(api: &Api, filter: &Filter, slice: &Slice, output: Output) -> Ended {
    let body = page(api, filter, &slice.limit(), slice.cursor()).await?;
    if output.is_json() {
        output.json(&body);
        return Ok(true);
    }
    let found: List<Letter> = views::read(body)?;
    lines(&found.items, output);
    slice::ended(&found, "No dead letters.", output);
    Ok(true)
}

fn lines(letters: &[Letter], output: Output) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let row = |letter: &Letter| {
        vec![
            letter.content_id.clone(),
            letter.destination.clone(),
            text(&letter.reason_code),
            text(&letter.suggested_action),
            text(&letter.last_error),
        ]
    };
    let rows: Vec<Vec<String>> = letters.iter().map(row).collect();
    for (letter, line) in letters.iter().zip(columns(&rows)) {
        let id = output.paint(BAD, &letter.job_id);
        output.line(&format!("{id}  {}", printable(&line)));
    }
}

/// All that match.
async fn gather(api: &Api, filter: &Filter) -> Result<Vec<Letter>, Denied> {
    let (mut letters, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let body = page(api, filter, PAGE, cursor.as_deref()).await?;
        let found: List<Letter> = views::read(body)?;
        letters.extend(found.items);
        cursor = found.next_cursor;
        if cursor.is_none() {
            return Ok(letters);
        }
    }
}

async fn act(api: &Api, action: &str, chosen: &Chosen, no_input: bool, output: Output) -> Ended {
    // What is named was looked at by whoever names it; what matches a filter is only as it was listed.
    let named: Vec<(String, Option<i64>)> = if chosen.all {
        let letters = gather(api, &chosen.filter).await?;
        if !output.is_json() {
            lines(&letters, output);
        }
        if !confirm::may(&chosen.consent, action, letters.len(), no_input, output)? {
            if output.is_json() {
                output.json(&json!({ "items": letters }));
            }
            return Ok(true);
        }
        let seen = |letter: Letter| (letter.job_id, Some(letter.runs));
        letters.into_iter().map(seen).collect()
    } else {
        if chosen.consent.dry_run {
            return Err(Trouble::wrong("--dry-run goes with --all".to_owned()));
        }
        chosen.jobs.iter().map(|job| (job.clone(), None)).collect()
    };
    jobs::act_on(api, action, named, chosen.note.as_deref(), output).await
}

async fn revert(api: &Api, chosen: &Chosen, no_input: bool, output: Output) -> Ended {
    let note = chosen.note.as_deref();
    let letters = match (chosen.all, &*chosen.jobs) {
        (true, _) => gather(api, &chosen.filter).await?,
        (false, [job]) => {
            let body = json!({ "note": note, "dry_run": chosen.consent.dry_run });
            let request = api.request(Method::Post, &["v1", "jobs", job, "revert"]);
            let reply = api.send(request.json(&body)).await?;
            return super::rollback::told(reply.body, output);
        }
        (false, jobs) => named(api, jobs).await?,
    };
    reverts::run(api, letters, (note, &chosen.consent), no_input, output).await
}

/// Jobs that are named, as they are now.
async fn named(api: &Api, jobs: &[String]) -> Result<Vec<Letter>, Trouble> {
    let mut letters = Vec::with_capacity(jobs.len());
    for job in jobs {
        let found = api.find(&["v1", "jobs", job]).await?;
        let found = found.ok_or_else(|| Trouble::badly(format!("there is no job {job:?}")))?;
        letters.push(views::read(found)?);
    }
    Ok(letters)
}

async fn edit(
    api: &Api,
    job: &str,
    file: &std::path::Path,
    note: Option<&str>,
    output: Output,
) -> Ended {
    let read = source::read_all(&[file.to_owned()]).map_err(Trouble::wrong)?;
    let text = read.first().map(|one| one.text.clone()).unwrap_or_default();
    let payload: Value = serde_json::from_str(&text)
        .map_err(|why| Trouble::wrong(format!("{}: {why}", file.display())))?;
    let mut body = json!({ "payload": payload });
    if let Some(note) = note {
        body["note"] = json!(note);
    }
    let request = api.request(Method::Post, &["v1", "jobs", job, "edit"]);
    let reply = api.send(request.json(&body)).await?;
    super::rollback::told(reply.body, output)
}
