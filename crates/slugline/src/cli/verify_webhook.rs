//! `slugline verify-webhook`: would a source take this webhook, and if not, what is wrong with it?
//!
//! Ensures that the answer is that of the server's own verification. Sends nothing, stores nothing, and
//! never prints the secret.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use slugline_connectors::{Scheme, diagnosis, registry, verify};
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_core::time::{Timestamp, parse_duration};
use slugline_core::webhook::{Flaw, Incoming, Part, Verified, Window};
use slugline_engine::ports::Clock;

use super::{Ended, Trouble};
use crate::clock::SystemClock;
use crate::output::{BAD, GOOD, Output, columns, printable};
use crate::secrets::References;

/// Bytes of the file: more than any vendor's webhook.
const MAX_FILE: u64 = 32 * 1024 * 1024;

/// Says whether a source would take a webhook and, if not, which part of it is wrong.
///
/// FILE is JSON: {"method": "POST", "url": "https://…", "headers": {"name": "value"}, "body": "…"}, the
/// body byte for byte as it came ("body_base64" where it is no text), the URL as the sender calls it.
/// Exits with 0 when the webhook is taken and 1 when it is not.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  slugline verify-webhook --type webflow --secret env:WEBFLOW_SECRET request.json\n  slugline verify-webhook --type contentful --secret file:secret.txt --at 1767225601000 request.json\n  slugline verify-webhook --type strapi --token-in-path --secret env:STRAPI_HOOK_TOKEN request.json\n  curl -s https://bin.example/last | slugline verify-webhook --type standard_webhooks --secret whsec_… --json -\n\nA secret on the command line can be seen by others on this machine: write env:NAME or file:PATH instead."
)]
pub struct VerifyWebhookArgs {
    /// The request, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What sends it
    #[arg(long = "type", value_name = "TYPE", value_parser = clap::builder::PossibleValuesParser::new(registry::source_types()))]
    kind: String,
    /// The secret, or env:NAME or file:PATH
    #[arg(long, value_name = "SECRET", value_parser = secret)]
    secret: Secret,
    /// How far the time of signing may lie from now [default: what the vendor asks for]
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

/// The request as the file has it.
#[derive(Deserialize)]
struct Document {
    #[serde(default = "post")]
    method: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    headers: Headers,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    body_base64: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

/// All that there are, also where one name stands twice.
#[derive(Default)]
struct Headers(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self::default())
    }
}

impl<'de> Visitor<'de> for Headers {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of names and values")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((name, values)) = map.next_entry::<String, Values>()? {
            let values = match values {
                Values::One(value) => vec![value],
                Values::Many(values) => values,
            };
            let named = values.into_iter().map(|value| (name.clone(), value));
            self.0.extend(named);
        }
        Ok(self)
    }
}

fn post() -> String {
    "POST".into()
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Verdict<'a> {
    accepted: bool,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    verified: Option<&'a Verified>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    flaw: Option<&'a Flaw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

pub(super) fn run(args: &VerifyWebhookArgs, output: Output) -> Ended {
    let scheme = scheme(args)?;
    let incoming = read(&args.file).map_err(Trouble::wrong)?;
    let window = Window {
        now: args.at.unwrap_or_else(|| SystemClock::new().now()),
        tolerance: args.tolerance.unwrap_or_else(|| scheme.tolerance()),
    };
    let secrets = std::slice::from_ref(&args.secret);
    let verdict = verify(scheme, &incoming, secrets, window);
    let hint = match &verdict {
        Err(flaw) if flaw.part == Part::Signature => {
            let older = registry::scheme(&args.kind, true)
                .is_some_and(|older| verify(older, &incoming, secrets, window).is_ok());
            match older {
                true => Some(
                    "with --legacy it matches: this Ghost does not sign the time; bring it up to date",
                ),
                false => diagnosis::diagnose(scheme, &incoming, &args.secret, window),
            }
        }
        _ => None,
    };
    if output.is_json() {
        output.json(&Verdict {
            accepted: verdict.is_ok(),
            kind: &args.kind,
            verified: verdict.as_ref().ok(),
            flaw: verdict.as_ref().err(),
            hint,
        });
    } else {
        match &verdict {
            Ok(verified) => say_accepted(&args.kind, scheme, window, verified, output),
            Err(flaw) => say_refused(&args.kind, flaw, hint, output),
        }
    }
    Ok(verdict.is_ok())
}

fn scheme(args: &VerifyWebhookArgs) -> Result<&'static dyn Scheme, Trouble> {
    let kind = &args.kind;
    if args.token_in_path {
        let signs = || format!("--token-in-path is for senders that sign nothing, not for {kind}");
        return registry::path_token(kind).ok_or_else(|| Trouble::wrong(signs()));
    }
    let other = || format!("--legacy is for ghost only, not for {kind}");
    registry::scheme(kind, args.legacy).ok_or_else(|| Trouble::wrong(other()))
}

fn say_accepted(
    kind: &str,
    scheme: &dyn Scheme,
    window: Window,
    verified: &Verified,
    output: Output,
) {
    let signed = match verified.signed_at {
        Some(at) if at <= window.now => format!("{} s ago", window.now.since(at).as_secs()),
        Some(at) => format!("{} s ahead of now", at.since(window.now).as_secs()),
        None => "at a time that is not signed: repeats are known by their bytes".to_owned(),
    };
    let delivery = verified.delivery_id.as_deref();
    let delivery = delivery.unwrap_or("has no name of its own: repeats are known by their bytes");
    let title = output.paint(GOOD, "Accepted");
    output.line(&format!("{title}: a source of type {kind} takes it"));
    let rows = [
        ("covers", scheme.covers()),
        ("signed", &signed),
        ("delivery", delivery),
    ];
    say_rows(&rows, output);
}

fn say_refused(kind: &str, flaw: &Flaw, hint: Option<&str>, output: Output) {
    let title = output.paint(BAD, "Refused");
    output.line(&format!(
        "{title}: a source of type {kind} does not take it"
    ));
    let mut rows = vec![(flaw.part.as_str(), &*flaw.detail)];
    rows.extend(hint.map(|hint| ("hint", hint)));
    say_rows(&rows, output);
}

fn say_rows(rows: &[(&str, &str)], output: Output) {
    let row = |(name, what): &(&str, &str)| vec![format!("  {name}"), (*what).to_owned()];
    let rows: Vec<Vec<String>> = rows.iter().map(row).collect();
    columns(&rows)
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

fn read(file: &Path) -> Result<Incoming, String> {
    let shown = file.display();
    let unreadable = |why: std::io::Error| format!("{shown} cannot be read: {why}");
    let mut text = Vec::new();
    let read = match file.as_os_str() == "-" {
        true => std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut text),
        false => std::fs::File::open(file)
            .map_err(unreadable)?
            .take(MAX_FILE + 1)
            .read_to_end(&mut text),
    };
    if read.map_err(unreadable)? as u64 > MAX_FILE {
        return Err(format!("{shown} is longer than {MAX_FILE} bytes"));
    }
    let document: Document = serde_json::from_slice(&text).map_err(|why| {
        format!(
            "{shown} is not a request as JSON: {why}; write {{\"method\": \"POST\", \"url\": \"https://…\", \"headers\": {{}}, \"body\": \"…\"}}"
        )
    })?;
    let body = match (document.body, document.body_base64) {
        (Some(_), Some(_)) => {
            return Err(format!(
                "{shown} has both body and body_base64; one is enough"
            ));
        }
        (None, Some(text)) => BASE64_STANDARD
            .decode(text)
            .map_err(|why| format!("{shown}: body_base64 is not base64: {why}"))?,
        (text, None) => text.unwrap_or_default().into_bytes(),
    };
    let headers = document.headers.0;
    Ok(Incoming::new(document.method, document.url, headers, body))
}
