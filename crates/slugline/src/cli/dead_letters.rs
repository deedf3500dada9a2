//! `slugline dead-letters`: what failed, why, and what to do about it.
//!
//! Ensures that an action on many shows first what it will touch, asks unless told not to, and leaves alone what
//! has run since it was listed.

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use slugline_core::http::Method;
use url::form_urlencoded::Serializer;

use super::confirm::{self, Consent};
use super::{Ended, Trouble, jobs};
use crate::client::api::{Api, Denied, ServerArgs};
use crate::client::source;
use crate::client::views::{self, List};
use crate::output::{BAD, Output, columns, printable};

/// Dead letters that one page of the list has while all that match are gathered.
const PAGE: &str = "200";

/// Lists what failed and waits for a person, and deals with it.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline dead-letters list\n  slugline dead-letters list --destination blog --reason credentials_refused\n  slugline dead-letters show job_0000002b\n  slugline dead-letters retry job_0000002b --note 'the token was renewed'\n  slugline dead-letters retry --all --reason credentials_refused --dry-run\n  slugline dead-letters edit job_0000002b payload.json\n  slugline dead-letters revert job_0000002b\n  slugline dead-letters skip job_0000002b --note 'published by hand'"
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
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
        /// Where the list before this one ended
        #[arg(long, value_name = "CURSOR")]
        cursor: Option<String>,
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
    /// Brings back, where one goes, what was live there before
    Revert {
        /// Its job id
        job: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
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
#[derive(Clone, Debug, Deserialize)]
struct Letter {
    job_id: String,
    destination: String,
    content_id: String,
    reason_code: Option<String>,
    last_error: Option<String>,
    suggested_action: Option<String>,
    runs: i64,
}

pub(super) async fn run(args: &DeadLettersArgs, no_input: bool, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    match &args.what {
        What::List {
            filter,
            limit,
            cursor,
        } => list(&api, filter, *limit, cursor.as_deref(), output).await,
        What::Show { job } => jobs::show(&api, job, output).await,
        What::Retry(chosen) => act(&api, "retry", chosen, no_input, output).await,
        What::Skip(chosen) => act(&api, "skip", chosen, no_input, output).await,
        What::Edit { job, file, note } => edit(&api, job, file, note.as_deref(), output).await,
        What::Revert { job, note, dry_run } => {
            let body = json!({ "note": note, "dry_run": dry_run });
            let request = api.request(Method::Post, &["v1", "jobs", job, "revert"]);
            let reply = api.send(request.json(&body)).await?;
            super::rollback::told(reply.body, output)
        }
    }
}

impl Filter {
    fn query(&self, limit: &str, cursor: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("limit", limit);
        let given = [
            ("content_id", self.content.as_deref()),
            ("request_id", self.request.as_deref()),
            ("destination", self.destination.as_deref()),
            ("reason", self.reason.as_deref()),
            ("class", self.class.as_deref()),
            ("environment", self.environment.as_deref()),
            ("before", self.before.as_deref()),
            ("cursor", cursor),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }
}

async fn page(
    api: &Api,
    filter: &Filter,
    limit: &str,
    cursor: Option<&str>,
) -> Result<Value, Denied> {
    let mut request = api.request(Method::Get, &["v1", "dead-letters"]);
    request.url = format!("{}?{}", request.url, filter.query(limit, cursor));
    Ok(api.send(request).await?.body)
}

async fn list(
    api: &Api,
    filter: &Filter,
    limit: u16,
    cursor: Option<&str>,
    output: Output,
) -> Ended {
    let body = page(api, filter, &limit.to_string(), cursor).await?;
    if output.is_json() {
        output.json(&body);
        return Ok(true);
    }
    let found: List<Letter> = views::read(body)?;
    lines(&found.items, output);
    match (found.items.is_empty(), found.next_cursor) {
        (true, _) => output.note("No dead letters."),
        (false, Some(cursor)) => output.note(&format!("There are more: --cursor {cursor}")),
        (false, None) => {}
    }
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
