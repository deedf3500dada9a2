//! `slugline job` and `slugline note`: what is done about single jobs, and what people say.
//!
//! Ensures that each job is answered for by itself: one that cannot be acted on leaves the others alone.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use slugline_core::http::Method;

use super::{Ended, Trouble, job};
use crate::client::api::{Api, Denied, ServerArgs};
use crate::client::views;
use crate::output::{Output, printable};

/// Acts on jobs by their ids
///
/// What a job's state does not allow is refused, and says which state it is in.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline job show job_0000002b\n  slugline job pause job_0000002b --note 'legal looks at it'\n  slugline job resume job_0000002b\n  slugline job cancel job_0000002b\n  slugline job escalate job_0000002b --note 'ask the shop team'\n  slugline job note job_0000002b 'the editor was told'\n\nWhat has failed is in: slugline dead-letters"
)]
pub struct JobArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Shows one, with its runs: the same as slugline status JOB
    Show {
        /// Its job id, such as job_0000002b
        job: String,
    },
    /// Takes back one that is pending: it was not released yet
    Cancel(Named),
    /// Has one that is queued wait until it is resumed
    Pause(Named),
    /// Has what was paused go on
    Resume(Named),
    /// Puts on the record that somebody should look
    Escalate(Named),
    /// Says something about one
    Note {
        /// Its job id
        job: String,
        /// What
        text: String,
    },
}

#[derive(Args, Clone, Debug)]
struct Named {
    /// Job ids
    #[arg(value_name = "JOB", required = true)]
    jobs: Vec<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Says something about a content item, for those who look at it next
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline note post-42 'the price was wrong, a corrected version comes at noon'\n  slugline note post-42 --locale de 'waits for the translation'\n\nAbout a job: slugline job note"
)]
pub struct NoteArgs {
    /// The content id
    #[arg(value_name = "CONTENT")]
    content: String,
    /// What
    text: String,
    /// Its environment; without it, any in which there is one
    #[arg(long, value_name = "E")]
    environment: Option<String>,
    /// Its locale; without it, any
    #[arg(long, value_name = "L")]
    locale: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &JobArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    let (action, named) = match &args.what {
        What::Show { job } => return show(&api, job, output).await,
        What::Note { job, text } => {
            let body = json!({ "note": text });
            return say(&api, &["v1", "jobs", job, "notes"], body, output).await;
        }
        What::Cancel(named) => ("cancel", named),
        What::Pause(named) => ("pause", named),
        What::Resume(named) => ("resume", named),
        What::Escalate(named) => ("escalate", named),
    };
    let jobs = named.jobs.iter().map(|job| (job.clone(), None)).collect();
    act_on(&api, action, jobs, named.note.as_deref(), output).await
}

pub(super) async fn note(args: &NoteArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    let body = json!({ "note": args.text, "environment": args.environment, "locale": args.locale });
    say(
        &api,
        &["v1", "content", &args.content, "notes"],
        body,
        output,
    )
    .await
}

async fn say(api: &Api, path: &[&str], body: Value, output: Output) -> Ended {
    api.send(api.request(Method::Post, path).json(&body))
        .await?;
    match output.is_json() {
        true => output.json(&body),
        false => output.line("noted"),
    }
    Ok(true)
}

/// Shows a job with its runs.
pub(super) async fn show(api: &Api, job: &str, output: Output) -> Ended {
    let found = api.find(&["v1", "jobs", job]).await?;
    let found = found.ok_or_else(|| Trouble::badly(format!("there is no job {job:?}")))?;
    match output.is_json() {
        true => output.json(&found),
        false => job::show(&views::read(found)?, output),
    }
    Ok(true)
}

/// Does the same about each of these jobs, as they were seen where the number of their runs is given; whether all of it
/// could be done.
pub(super) async fn act_on(
    api: &Api,
    action: &str,
    named: Vec<(String, Option<i64>)>,
    note: Option<&str>,
    output: Output,
) -> Ended {
    let mut done = Vec::with_capacity(named.len());
    for (job, runs) in named {
        let mut body = json!({});
        if let Some(runs) = runs {
            body["runs"] = json!(runs);
        }
        if let Some(note) = note {
            body["note"] = json!(note);
        }
        let request = api.request(Method::Post, &["v1", "jobs", &job, action]);
        done.push(match api.send(request.json(&body)).await {
            Ok(reply) => json!({ "job_id": job, "state": reply.body["state"] }),
            Err(Denied::Refused { code, detail, .. }) => {
                json!({ "job_id": job, "code": code, "detail": detail })
            }
            Err(other) => return Err(other.into()),
        });
    }
    let all_well = done.iter().all(|one| one["code"].is_null());
    if output.is_json() {
        output.json(&json!({ "items": done }));
        return Ok(all_well);
    }
    for one in &done {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        let what = match (one["code"].is_null(), action) {
            (true, "escalate") => format!("on the record, stays {}", text("state")),
            (true, _) => text("state"),
            (false, _) => format!("not done: {}", text("detail")),
        };
        output.line(&printable(&format!("{}  {what}", text("job_id"))));
    }
    Ok(all_well)
}
