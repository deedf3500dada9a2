//! `slugline sources`: what each source has told the server, and what was refused.

use clap::Args;
use slugline_core::http::Method;

use super::Ended;
use crate::client::api::{Api, ServerArgs};
use crate::client::views::{self, List, Refused, Source};
use crate::output::{BAD, Output, QUIET, columns, printable};

/// Refusals that are shown of each source; --json has all that the server remembers.
const SHOWN: usize = 5;

/// Lists the sources, with what came from each since the server started.
///
/// Taken, come again, failed, refused and, where the source is asked, missed: what it had and no webhook told
/// of. Lag is the time from when the last one happened to when it came. On several nodes each counts for
/// itself. Below each source stand the last webhooks that were refused, and why.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline sources\n  slugline sources --json\n\nWhat was taken is in: slugline webhooks list"
)]
pub struct SourcesArgs {
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &SourcesArgs, output: Output) -> Ended {
    let api = Api::new(&args.server)?;
    let request = api.request(Method::Get, &["v1", "sources"]);
    let reply = api.send(request).await?;
    if output.is_json() {
        output.json(&reply.body);
    } else {
        show(&views::read::<List<Source>>(reply.body)?.items, output);
    }
    Ok(true)
}

const HEAD: [&str; 10] = [
    "source",
    "type",
    "environment",
    "taken",
    "again",
    "failed",
    "refused",
    "missed",
    "lag",
    "last",
];

fn show(sources: &[Source], output: Output) {
    if sources.is_empty() {
        output.note("No [[source]] is configured for this token's owner.");
        return;
    }
    let head = HEAD.map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = [head].into_iter().chain(sources.iter().map(row)).collect();
    let mut lines = columns(&rows).into_iter();
    if let Some(head) = lines.next() {
        output.line(&output.paint(QUIET, &head));
    }
    for (source, line) in sources.iter().zip(lines) {
        output.line(&line);
        let refused: Vec<Vec<String>> = source.last_refused.iter().take(SHOWN).map(why).collect();
        for line in columns(&refused) {
            let line = printable(&line);
            output.line(&format!("  {}  {line}", output.paint(BAD, "refused")));
        }
        for (word, failure) in [
            ("cannot be polled", &source.poll_failure),
            ("was not swept to the end", &source.sweep_failure),
        ] {
            if let Some(failure) = failure {
                let line = printable(&format!("{}  {}", failure.at, failure.detail));
                output.line(&format!("  {}  {line}", output.paint(BAD, word)));
            }
        }
    }
}

fn row(source: &Source) -> Vec<String> {
    let lag = source.last_lag_seconds.map(span);
    let last = source.last_received_at.clone();
    vec![
        source.name.clone(),
        source.kind.clone(),
        source.environment.clone(),
        source.received.to_string(),
        source.duplicates.to_string(),
        source.failed.to_string(),
        source.refused.to_string(),
        source.found_by_poll.to_string(),
        lag.unwrap_or_else(|| "-".to_owned()),
        last.unwrap_or_else(|| "never".to_owned()),
    ]
}

/// A time span as people say it.
fn span(seconds: f64) -> String {
    match seconds {
        few if few < 60.0 => format!("{few:.1} s"),
        some if some < 3_600.0 => format!("{:.0} min", some / 60.0),
        many => format!("{:.1} h", many / 3_600.0),
    }
}

fn why(refused: &Refused) -> Vec<String> {
    let from = refused.from.clone();
    vec![
        refused.at.clone(),
        from.unwrap_or_else(|| "unknown".to_owned()),
        refused.code.clone(),
        refused.detail.clone(),
    ]
}
