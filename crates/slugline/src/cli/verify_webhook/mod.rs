//! `slugline verify-webhook`: would a source take this webhook, and if not, what is wrong with it?
//!
//! Ensures that the answer is that of the server's own verification. Sends nothing, stores nothing, and
//! never prints the secret.

mod judge;
mod request;
mod told;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use slugline_connectors::registry;
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_core::time::{Timestamp, parse_duration};
use slugline_core::webhook::{Flaw, Verified, Window};
use slugline_engine::ports::Clock;

use self::judge::Judge;
use self::told::Told;
use super::{Ended, Trouble};
use crate::clock::SystemClock;
use crate::output::{BAD, GOOD, Output, columns, printable};
use crate::secrets::References;

/// Says whether a source would take a webhook and, if not, which part of it is wrong.
///
/// FILE is JSON: {"method": "POST", "url": "https://…", "headers": {"name": "value"}, "body": "…"}, the
/// body byte for byte as it came ("body_base64" where it is no text), the URL as the sender calls it.
/// Exits with 0 when the webhook is taken and 1 when it is not.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline verify-webhook --type webflow --secret env:WEBFLOW_SECRET request.json\n  slugline verify-webhook --type contentful --secret file:secret.txt --at 1767225601000 request.json\n  slugline verify-webhook --config slugline.toml --source shop request.json\n  slugline verify-webhook --type strapi --token-in-path --secret env:STRAPI_HOOK_TOKEN request.json\n  curl -s https://bin.example/last | slugline verify-webhook --type standard_webhooks --secret whsec_… --json -\n\nA secret on the command line can be seen by others on this machine: write env:NAME or file:PATH instead."
)]
pub struct VerifyWebhookArgs {
    /// The request, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What sends it
    #[arg(long = "type", value_name = "TYPE", requires = "secret", required_unless_present = "source", value_parser = clap::builder::PossibleValuesParser::new(registry::source_types()))]
    kind: Option<String>,
    /// The secret, or env:NAME or file:PATH
    #[arg(long, value_name = "SECRET", requires = "kind", value_parser = secret)]
    secret: Option<Secret>,
    /// The configured [[source]] to judge as: its secrets, its signature, its tolerance; says what the webhook tells, too
    #[arg(long, value_name = "NAME", conflicts_with_all = ["kind", "secret", "legacy", "token_in_path"])]
    source: Option<String>,
    /// Configuration file with that source; ./slugline.toml when it is there
    #[arg(long, value_name = "FILE", env = "SLUGLINE_CONFIG")]
    config: Option<PathBuf>,
    /// How far the time of signing may lie from now [default: as configured, or what the vendor asks for]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    tolerance: Option<Duration>,
    /// The time to take for now, in milliseconds since 1970
    #[arg(long, value_name = "UNIX_MS", value_parser = parse_millis)]
    at: Option<Timestamp>,
    /// Ghost before July 2024, which did not sign the time
    #[arg(long)]
    legacy: bool,
    /// The secret is the last part of the URL's path, as with token_in_path of the source
    #[arg(long, conflicts_with = "legacy")]
    token_in_path: bool,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Verdict<'a> {
    accepted: bool,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proved_by: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    verified: Option<&'a Verified>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    flaw: Option<&'a Flaw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    told: Option<&'a Told>,
}

pub(super) fn run(args: &VerifyWebhookArgs, output: Output) -> Ended {
    let judge = Judge::of(args)?;
    let incoming = request::read(&args.file).map_err(Trouble::wrong)?;
    let window = Window {
        now: args.at.unwrap_or_else(|| SystemClock::new().now()),
        tolerance: args.tolerance.unwrap_or_else(|| judge.tolerance()),
    };
    let verdict = judge.verify(&incoming, window);
    let hint = verdict
        .as_ref()
        .err()
        .and_then(|flaw| judge.hint(flaw, &incoming, window));
    let genuine = verdict.as_ref().ok();
    let told = genuine.and_then(|_| judge.told(&incoming));
    if output.is_json() {
        output.json(&Verdict {
            accepted: verdict.is_ok(),
            kind: judge.kind(),
            source: judge.source(),
            proved_by: genuine.and_then(|verified| judge.label(verified)),
            verified: genuine,
            flaw: verdict.as_ref().err(),
            hint,
            told: told.as_ref(),
        });
    } else {
        match &verdict {
            Ok(verified) => {
                say_accepted(&judge, window, verified, output);
                say_rows(
                    &told.iter().flat_map(Told::rows).collect::<Vec<_>>(),
                    output,
                );
            }
            Err(flaw) => say_refused(&judge, flaw, hint, output),
        }
    }
    Ok(verdict.is_ok())
}

fn say_accepted(judge: &Judge, window: Window, verified: &Verified, output: Output) {
    let signed = match verified.signed_at {
        Some(at) if at <= window.now => format!("{} s ago", window.now.since(at).as_secs()),
        Some(at) => format!("{} s ahead of now", at.since(window.now).as_secs()),
        None => "at a time that is not signed: repeats are known by their bytes".to_owned(),
    };
    let delivery = verified.delivery_id.as_deref();
    let delivery = delivery.unwrap_or("has no name of its own: repeats are known by their bytes");
    let title = output.paint(GOOD, "Accepted");
    output.line(&format!("{title}: {} takes it", judge.name()));
    let mut rows = vec![row("covers", judge.covers())];
    rows.extend(judge.label(verified).map(|label| row("secret", label)));
    rows.extend([row("signed", &signed), row("delivery", delivery)]);
    say_rows(&rows, output);
}

fn say_refused(judge: &Judge, flaw: &Flaw, hint: Option<&str>, output: Output) {
    let title = output.paint(BAD, "Refused");
    output.line(&format!("{title}: {} does not take it", judge.name()));
    let mut rows = vec![row(flaw.part.as_str(), &flaw.detail)];
    rows.extend(hint.map(|hint| row("hint", hint)));
    say_rows(&rows, output);
}

fn row(name: &str, what: &str) -> Vec<String> {
    vec![format!("  {name}"), what.to_owned()]
}

fn say_rows(rows: &[Vec<String>], output: Output) {
    columns(rows)
        .iter()
        .for_each(|line| output.line(&printable(line)));
}

fn parse_millis(text: &str) -> Result<Timestamp, String> {
    let millis = text.parse::<i64>().ok().filter(|millis| *millis >= 0);
    let at = millis
        .and_then(|millis| millis.checked_mul(1_000))
        .map(Timestamp);
    at.ok_or_else(|| format!("{text:?} is not a number of milliseconds since 1970"))
}

/// A reference is looked up; anything else is the secret itself.
fn secret(given: &str) -> Result<Secret, String> {
    if given.starts_with("env:") || given.starts_with("file:") {
        References::beside(Path::new("")).resolve(&SecretRef(given.to_owned()))
    } else {
        Ok(Secret::new(given))
    }
}
