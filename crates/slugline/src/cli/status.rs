//! `slugline status`: what became of an item, a publish or a job.

use clap::Args;
use serde_json::Value;
use slugline_core::ids::{JobId, PublishId};

use super::{Ended, Trouble, job};
use crate::client::api::{Api, ServerArgs};
use crate::client::progress::{lines, remark};
use crate::client::views::{self, Content, ContentAt, Job, Publish};
use crate::output::{BAD, GOOD, OPEN, Output, columns, style_of};

/// Shows an item, a publish or a job.
///
/// Exits with 1 when there is nothing of that id.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline status post-42\n  slugline status pub_00000001\n  slugline status job_00000001\n  slugline status cli-0f3a… --json"
)]
pub struct StatusArgs {
    /// A content id, request id, publish id or job id
    id: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &StatusArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    for kind in kinds(&args.id) {
        let Some(found) = api.find(&["v1", kind.collection(), &args.id]).await? else {
            continue;
        };
        if output.is_json() {
            output.json(&found);
        } else {
            kind.show(found, output)?;
        }
        return Ok(true);
    }
    Err(Trouble::badly(format!(
        "nothing is called {:?}: no content, request, publish or job of this token's owner",
        args.id
    )))
}

#[derive(Clone, Copy)]
enum Kind {
    Job,
    Publish,
    Content,
}

/// What an id may name, the likelier first.
fn kinds(id: &str) -> Vec<Kind> {
    let job = id.parse::<JobId>().is_ok().then_some(Kind::Job);
    let publish = id.parse::<PublishId>().is_ok().then_some(Kind::Publish);
    let named = job.or(publish);
    named
        .into_iter()
        .chain([Kind::Content, Kind::Publish])
        .collect()
}

impl Kind {
    fn collection(self) -> &'static str {
        match self {
            Self::Job => "jobs",
            Self::Publish => "publishes",
            Self::Content => "content",
        }
    }

    fn show(self, found: Value, output: Output) -> Result<(), Trouble> {
        match self {
            Self::Job => job::show(&views::read(found)?, output),
            Self::Publish => show_publish(&views::read(found)?, output),
            Self::Content => show_content(&views::read(found)?, output),
        }
        Ok(())
    }
}

fn show_publish(publish: &Publish, output: Output) {
    let state = output.paint(style_of(publish.state), publish.state.as_str());
    output.line(&format!(
        "{}  {}  version {}  {state}",
        publish.publish_id,
        publish.content_id,
        plain(&publish.version)
    ));
    output.line(&format!(
        "request {}, {} {}",
        publish.request_id, publish.environment, publish.locale
    ));
    let jobs: Vec<(&Publish, &Job)> = publish.jobs.iter().map(|job| (publish, job)).collect();
    for ((_, job), line) in jobs.iter().zip(lines(&jobs, output)) {
        output.line(&format!("  {}  {line}", job.job_id));
    }
}

/// Shows what is desired and live where.
pub(super) fn show_content(content: &Content, output: Output) {
    for item in &content.items {
        let version = plain(&item.version);
        output.line(&format!(
            "{}  {} {}  version {version}, generation {}",
            item.content_id, item.environment, item.locale, item.generation
        ));
        let rows: Vec<Vec<String>> = item.destinations.iter().map(at_destination).collect();
        for (at, row) in item.destinations.iter().zip(columns(&rows)) {
            output.line(&format!("  {}  {row}", in_step(at, output)));
        }
    }
}

fn at_destination(at: &ContentAt) -> Vec<String> {
    let shown = at.shown_generation.map_or_else(
        || "shows nothing".to_owned(),
        |shown| format!("shows {shown}"),
    );
    let desired = format!("desired: {} {}", at.desired_action, at.desired_generation);
    let job = at
        .job
        .as_ref()
        .map(|job| format!("{} {}  {}", job.job_id, job.state.as_str(), remark(job)));
    vec![
        at.destination.clone(),
        desired,
        shown,
        job.unwrap_or_default(),
    ]
}

fn in_step(at: &ContentAt, output: Output) -> String {
    if let Some(drift) = &at.drift {
        output.paint(BAD, &format!("{:<11}", drift.kind))
    } else if at.shown_generation == Some(at.desired_generation) {
        output.paint(GOOD, "in sync    ")
    } else {
        output.paint(OPEN, "not yet    ")
    }
}

/// A version as its producer says it.
pub(super) fn plain(version: &Value) -> String {
    version
        .as_str()
        .map_or_else(|| version.to_string(), str::to_owned)
}
