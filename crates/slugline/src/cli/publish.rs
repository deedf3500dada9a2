//! `slugline publish`: files as publish requests.
//!
//! Ensures that nothing is sent while a file is wrong, and that the same command again is the same
//! publish and not a second one.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use slugline_core::answer::Answer;
use slugline_core::http::Method;
use slugline_core::item::Class;
use slugline_core::request::PublishRequest;
use slugline_engine::ports::Clock;

use super::{Ended, Trouble};
use crate::client::api::{Api, Denied, ServerArgs};
use crate::client::document::{self, Document};
use crate::client::outcome::Outcome;
use crate::client::source::{self, Source};
use crate::client::{key, patience, upload, views, watch};
use crate::clock::SystemClock;
use crate::output::Output;

/// Publishes Markdown files with front matter, or publish requests in JSON.
///
/// The request id is derived from the content, so the same command again changes nothing. A lost
/// answer is asked for again with the same id. Exits with 0 when all was accepted (with --wait:
/// when no job failed) and 1 otherwise.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline publish post.md --wait\n  slugline publish content/ --to blog --to site\n  slugline publish post.md --dry-run\n  echo '{\"content_id\": \"post-42\", \"action\": \"unpublish\"}' | slugline publish -\n\nFront matter: title, slug, description, tags, categories, author, date, lastmod or version, draft,\nhero (a path or URL), media, content_id (else the file's path), locale; other members become fields."
)]
pub struct PublishArgs {
    /// Files, directories with all *.md and *.json below them, or - for standard input
    #[arg(value_name = "FILE|DIR|-", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// Wait until each job has ended, showing progress
    #[arg(long)]
    wait: bool,
    /// Show the requests and send nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// What goes before what a file says.
#[derive(Args, Clone, Debug, Default)]
struct Overrides {
    /// Destination; more than once for several. The routes decide when absent
    #[arg(long, value_name = "NAME")]
    to: Vec<String>,
    /// Environment; production when nothing says another
    #[arg(long, value_name = "E")]
    environment: Option<String>,
    /// Locale; the server's default when nothing says another
    #[arg(long, value_name = "L")]
    locale: Option<String>,
    /// How urgent: urgent, standard, preview, bulk
    #[arg(long, value_name = "C", value_parser = class)]
    class: Option<Class>,
}

impl Overrides {
    fn apply(&self, request: &mut PublishRequest) {
        if !self.to.is_empty() {
            request.destinations = Some(self.to.clone());
        }
        request.environment = self
            .environment
            .clone()
            .or_else(|| request.environment.take());
        request.locale = self.locale.clone().or_else(|| request.locale.take());
        request.class = self.class.unwrap_or(request.class);
    }
}

fn class(text: &str) -> Result<Class, String> {
    let known = Class::ALL.into_iter().find(|class| class.as_str() == text);
    known.ok_or_else(|| "there are urgent, standard, preview, bulk and reconcile".to_owned())
}

/// A file on its way.
struct Sending {
    file: String,
    document: Document,
    media: Vec<(String, Vec<u8>)>,
}

pub(super) async fn run(args: &PublishArgs, output: Output) -> Ended {
    let sendings = prepare(args)?;
    if args.dry_run {
        return Ok(show_requests(&sendings, output));
    }
    let api = Api::new(&args.server)?;
    let mut all = Vec::new();
    for sending in sendings {
        let outcome = send(&api, sending, output).await?;
        if !args.wait && !output.is_json() {
            output.line(&outcome.told(output));
        }
        all.push(outcome);
    }
    if args.wait {
        wait(&api, &mut all, output).await?;
    }
    Ok(conclude(&all, args, output))
}

/// Publishes one file as the command does; gives its publish id.
///
/// # Errors
/// What is wrong with the file, or why the server did not take it.
pub async fn one_file(api: &Api, file: &Path, output: Output) -> Result<String, String> {
    let sources = source::read_all(&[file.to_owned()])?;
    let source = sources.first().ok_or("there is no file")?;
    let sending =
        prepare_one(&Overrides::default(), source).map_err(|problems| problems.join("; "))?;
    let sent = send_request(api, sending, output)
        .await
        .map_err(|denied| denied.to_string())?;
    sent.0
        .publish_id
        .map(|id| id.to_string())
        .ok_or_else(|| "the server made no publish of it".to_owned())
}

/// Reads and checks all files; all that is wrong is said at once.
fn prepare(args: &PublishArgs) -> Result<Vec<Sending>, Trouble> {
    let sources = source::read_all(&args.files).map_err(Trouble::wrong)?;
    if sources.is_empty() {
        return Err(Trouble::wrong(
            "there is nothing to publish: the directory holds no *.md or *.json",
        ));
    }
    let (mut sendings, mut wrong) = (Vec::new(), Vec::new());
    for source in sources {
        match prepare_one(&args.overrides, &source) {
            Ok(sending) => sendings.push(sending),
            Err(problems) => wrong.extend(
                problems
                    .iter()
                    .map(|problem| format!("{}: {problem}", source.name)),
            ),
        }
    }
    if wrong.is_empty() {
        Ok(sendings)
    } else {
        Err(Trouble::wrong(format!(
            "nothing was sent\n{}",
            wrong.join("\n")
        )))
    }
}

fn prepare_one(overrides: &Overrides, source: &Source) -> Result<Sending, Vec<String>> {
    let mut document = document::read(source)?;
    overrides.apply(&mut document.request);
    let media = upload::read(&mut document).map_err(|why| vec![why])?;
    let checked = document.request.check(SystemClock.now());
    checked.map_err(|problem| {
        problem
            .errors
            .iter()
            .map(|error| format!("{}: {}", error.path, error.message))
            .collect::<Vec<_>>()
    })?;
    Ok(Sending {
        file: source.name.clone(),
        document,
        media,
    })
}

fn show_requests(sendings: &[Sending], output: Output) -> bool {
    let items = sendings
        .iter()
        .map(|sending| json!({ "file": sending.file, "request": said(&sending.document) }));
    output.json(&json!({ "items": items.collect::<Vec<_>>() }));
    true
}

/// The request without members that say nothing.
fn said(document: &Document) -> Value {
    let mut value = json!(document.request);
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value
}

/// Sends one file. Trouble that all files share ends the command.
async fn send(api: &Api, sending: Sending, output: Output) -> Result<Outcome, Trouble> {
    let file = sending.file.clone();
    match send_request(api, sending, output).await {
        Err(
            denied @ (Denied::NotSent(_)
            | Denied::Refused {
                status: 401 | 403, ..
            }),
        ) => Err(denied.into()),
        answer => Ok(Outcome {
            file,
            answer,
            watched: None,
        }),
    }
}

async fn send_request(
    api: &Api,
    sending: Sending,
    output: Output,
) -> Result<(Answer, Value), Denied> {
    let Sending {
        file,
        mut document,
        media,
    } = sending;
    upload::send(api, media, output).await?;
    if document.request.request_id.is_none() {
        document.request.request_id = Some(key::derive(api, &document.request).await?);
    }
    let request = api
        .request(Method::Post, &["v1", "publish"])
        .json(&said(&document));
    let reply = patience::send(api, &request, &file, output).await?;
    Ok((views::read(reply.body.clone())?, reply.body))
}

/// Waits for all that was accepted, now or before.
async fn wait(api: &Api, all: &mut [Outcome], output: Output) -> Result<(), Trouble> {
    let ids: Vec<String> = all.iter().filter_map(Outcome::publish_id).collect();
    let mut watched = watch::until_ended(api, &ids, output).await?.into_iter();
    for outcome in all
        .iter_mut()
        .filter(|outcome| outcome.publish_id().is_some())
    {
        outcome.watched = watched.next();
    }
    Ok(())
}

/// Says what is left to say, and whether all went well.
fn conclude(all: &[Outcome], args: &PublishArgs, output: Output) -> bool {
    if output.is_json() {
        let items: Vec<Value> = all.iter().map(Outcome::as_json).collect();
        output.json(&json!({ "items": items }));
    } else if args.wait {
        let unwatched = all.iter().filter(|outcome| outcome.watched.is_none());
        unwatched.for_each(|outcome| output.line(&outcome.told(output)));
        all.iter().for_each(|outcome| outcome.explain(output));
    } else if let Some((answer, _)) = all.iter().find_map(|outcome| outcome.answer.as_ref().ok()) {
        output.note(&format!(
            "Follow it with: slugline status {}",
            answer.content_id
        ));
    }
    all.iter().all(Outcome::went_well)
}
