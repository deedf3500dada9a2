//! `slugline export`: the log as JSON lines.
//!
//! Ensures that a log of any length is written with one page in memory, in its order and without gaps.

use clap::Args;
use serde_json::Value;
use slugline_core::time::Timestamp;

use super::{Ended, Trouble};
use crate::client::api::{Api, ServerArgs};
use crate::client::views::{self, List};
use crate::output::Output;

/// Entries of one page: as many as the server gives.
const PAGE: &str = "500";

/// Writes the log of this token's owner as JSON lines, oldest first.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline export > log.jsonl\n  slugline export --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z > november.jsonl\n  slugline export --content post-42"
)]
pub struct ExportArgs {
    /// Entries at this time (RFC 3339) or later
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    from: Option<Timestamp>,
    /// Entries before this time
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    to: Option<Timestamp>,
    /// Entries of this content item
    #[arg(long, value_name = "ID")]
    content: Option<String>,
    /// Entries of this job
    #[arg(long, value_name = "JOB")]
    job: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &ExportArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    let mut cursor = None;
    loop {
        let page = page(&api, args, cursor.as_deref()).await?;
        for entry in page.items.iter().filter(|entry| args.wants(entry)) {
            output.line(&entry.to_string());
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(true);
        }
    }
}

async fn page(api: &Api, args: &ExportArgs, cursor: Option<&str>) -> Result<List<Value>, Trouble> {
    let query = [
        ("limit", Some(PAGE)),
        ("after", cursor),
        ("content_id", args.content.as_deref()),
        ("job_id", args.job.as_deref()),
    ];
    Ok(views::read(api.ask(&["v1", "events"], &query).await?)?)
}

impl ExportArgs {
    /// Whether an entry lies in the time that is asked for. Entries stand in the order in which they were
    /// committed, not quite in that of their times, so the rest is read too.
    fn wants(&self, entry: &Value) -> bool {
        let at = entry["at"].as_str().map(Timestamp::parse);
        let Some(Ok(at)) = at else { return true };
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}
