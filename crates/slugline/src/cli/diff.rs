//! `slugline content diff`: what changed between two generations of an item.
//!
//! Ensures that both are of one environment and locale, and says why one cannot be compared. The lines are
//! those that the console compares.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use super::content::{self, Revision};
use super::{Ended, Trouble, status};
use crate::client::api::Api;
use crate::client::views::{self, Content, ContentItem, List};
use crate::output::{BAD, GOOD, Output, QUIET, printable};

/// Revisions of one page while the two are looked for; they come with their bodies.
const PAGE: &str = "50";
/// How long comparing may take; then the rest is shown as replaced.
const PATIENCE: Duration = Duration::from_secs(5);
/// Lines around a change.
const AROUND: usize = 3;

/// Which two.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline content diff post-42\n  slugline content diff post-42 3\n  slugline content diff post-42 3 5 --environment production --locale de"
)]
pub(super) struct DiffArgs {
    /// The content id
    #[arg(value_name = "CONTENT_ID")]
    content: String,
    /// From this generation
    #[arg(value_name = "FROM")]
    from: Option<i64>,
    /// To this one; the newest that has a body without it
    #[arg(value_name = "TO")]
    to: Option<i64>,
    /// Needed where the content is in several
    #[arg(long, value_name = "E")]
    environment: Option<String>,
    /// Needed where the content is in several
    #[arg(long, value_name = "L")]
    locale: Option<String>,
}

pub(super) async fn run(api: &Api, args: &DiffArgs, output: Output) -> Ended {
    let item = one(api, args).await?;
    let (from, to) = two(api, args, &item).await?;
    let (old, new) = (text(&from)?, text(&to)?);
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(&*old, &*new);
    if output.is_json() {
        let changed = diff.iter_all_changes().filter_map(|change| {
            let kind = match change.tag() {
                ChangeTag::Equal => return None,
                ChangeTag::Delete => "removed",
                ChangeTag::Insert => "added",
            };
            Some(json!({ "kind": kind, "text": change.value().trim_end_matches('\n') }))
        });
        output.json(&json!({
            "content_id": args.content,
            "environment": item.environment,
            "locale": item.locale,
            "from": side(&from),
            "to": side(&to),
            "changes": changed.collect::<Vec<Value>>(),
        }));
        return Ok(true);
    }
    for (sign, revision) in [("---", &from), ("+++", &to)] {
        let line = format!("{sign} {}  {}", args.content, said(revision));
        output.line(&output.paint(QUIET, &printable(&line)));
    }
    let hunks = diff.unified_diff().context_radius(AROUND).to_string();
    for line in hunks.lines() {
        // A tab drives no terminal, and is common in code.
        let text = printable(&line.replace('\t', "    "));
        output.line(&match line.as_bytes().first() {
            Some(b'+') => output.paint(GOOD, &text),
            Some(b'-') => output.paint(BAD, &text),
            Some(b'@') => output.paint(QUIET, &text),
            _ => text,
        });
    }
    if hunks.is_empty() {
        output.note("They read the same.");
    }
    Ok(true)
}

fn side(one: &Revision) -> Value {
    json!({ "generation": one.generation, "version": one.version, "accepted_at": one.accepted_at })
}

fn said(one: &Revision) -> String {
    let version = status::plain(&one.version);
    let (generation, at) = (one.generation, &one.accepted_at);
    format!("generation {generation}, version {version}, accepted {at}")
}

/// The item in the one environment and locale that is meant.
async fn one(api: &Api, args: &DiffArgs) -> Result<ContentItem, Trouble> {
    let found: Content = views::read(content::ask(api, &args.content, None, &[]).await?)?;
    let fits = |said: &Option<String>, own: &str| said.as_ref().is_none_or(|said| said == own);
    let mut fit = found.items.into_iter().filter(|item| {
        fits(&args.environment, &item.environment) && fits(&args.locale, &item.locale)
    });
    match (fit.next(), fit.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Trouble::badly(format!(
            "{:?} is not in that environment and locale; slugline content show says where it is",
            args.content
        ))),
        (Some(_), Some(_)) => Err(Trouble::wrong(format!(
            "{:?} is in several environments or locales; say which with --environment and --locale",
            args.content
        ))),
    }
}

/// The two revisions that are meant. Reads no more pages than it must.
async fn two(
    api: &Api,
    args: &DiffArgs,
    item: &ContentItem,
) -> Result<(Revision, Revision), Trouble> {
    let mut own: Vec<Revision> = Vec::new();
    let mut cursor = None::<String>;
    loop {
        let query = [("limit", Some(PAGE)), ("cursor", cursor.as_deref())];
        let page = content::ask(api, &args.content, Some("revisions"), &query).await?;
        let page: List<Revision> = views::read(page)?;
        let here =
            |one: &Revision| one.environment == item.environment && one.locale == item.locale;
        own.extend(page.items.into_iter().filter(here));
        cursor = page.next_cursor;
        match (pick(args, &own), &cursor) {
            (Ok((from, to)), _) => return Ok((from.clone(), to.clone())),
            (Err(missing), None) => return Err(missing),
            (Err(_), Some(_)) => {}
        }
    }
}

/// Those of the item's revisions, newest first, that are named, else the newest that have bodies.
fn pick<'a>(args: &DiffArgs, own: &'a [Revision]) -> Result<(&'a Revision, &'a Revision), Trouble> {
    let missing = |named: Option<i64>| {
        let content = &args.content;
        Trouble::badly(match named {
            Some(generation) => format!(
                "no generation {generation} of {content:?} is kept; slugline content revisions lists those that are"
            ),
            None => format!("{content:?} has no two versions with a body to be compared"),
        })
    };
    let of = |named: Option<i64>, from: usize| {
        let fits = |one: &Revision| match named {
            Some(generation) => one.generation == generation,
            None => one.payload.is_some(),
        };
        let place = own.iter().skip(from).position(fits);
        place
            .map(|place| place + from)
            .ok_or_else(|| missing(named))
    };
    let to = of(args.to, 0)?;
    // Without a name it is the one before.
    let from = of(args.from, if args.from.is_some() { 0 } else { to + 1 })?;
    Ok((&own[from], &own[to]))
}

fn text(one: &Revision) -> Result<String, Trouble> {
    let payload = one.payload.as_ref().ok_or_else(|| {
        let why = match (one.erased, &*one.action) {
            (true, _) => "was erased".to_owned(),
            (false, "publish" | "draft") => "has no body that is kept any more".to_owned(),
            (false, action) => format!("is a removal ({action}) and has no body"),
        };
        Trouble::badly(format!("generation {} {why}", one.generation))
    })?;
    Ok(payload.lines())
}
