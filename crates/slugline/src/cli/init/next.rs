//! What remains to be done by hand once the file is written.
//!
//! Ensures that every variable that the file names is listed, with a secret made now where it is for us to
//! choose one. Secrets are shown once, here, and kept nowhere.

use serde::Serialize;
use slugline_core::canonical::hex;
use slugline_web::token_of;

use super::answers::{Answers, Destination, Security, Sender, Store};
use super::vendors;
use super::write::{ADMIN, DATABASE, PUBLISHER, hook_variable, variable};
use crate::clock::random_bytes;
use crate::output::{GOOD, Output, QUIET, columns};

/// What remains to be done.
#[derive(Serialize)]
pub(super) struct Next {
    file: String,
    environment: Vec<Variable>,
    webhooks: Vec<Paste>,
    commands: [String; 2],
    /// Whether only this machine reaches the server.
    #[serde(skip)]
    local: bool,
}

/// A variable to be set.
#[derive(Serialize)]
struct Variable {
    name: String,
    /// Made now; somebody else has it when `None`.
    value: Option<String>,
    what: String,
}

/// A URL to be pasted.
#[derive(Serialize)]
struct Paste {
    source: String,
    url: String,
    section: String,
}

impl Next {
    pub(super) fn of(file: &str, answers: &Answers) -> Result<Self, String> {
        let mut environment = vec![made_token(ADMIN, "your token, for slugline's commands")?];
        if answers.api {
            environment.push(made_token(PUBLISHER, "the token of programs that publish")?);
        }
        if answers.store == Store::Postgres {
            environment.push(Variable {
                name: DATABASE.to_owned(),
                value: None,
                what: "the database: postgres://user:password@host/name".to_owned(),
            });
        }
        for source in &answers.sources {
            environment.push(hook_secret(source)?);
        }
        for destination in &answers.destinations {
            environment.extend(credential(destination)?);
        }
        let config = match file {
            crate::cli::serve::DEFAULT_CONFIG => String::new(),
            other => format!(" --config {other}"),
        };
        Ok(Self {
            file: file.to_owned(),
            local: matches!(answers.security, Security::Local),
            environment,
            webhooks: answers
                .sources
                .iter()
                .map(|one| paste(one, answers))
                .collect(),
            commands: [
                format!("slugline check --online{config}"),
                format!("slugline serve{config}"),
            ],
        })
    }

    pub(super) fn show(&self, output: Output) {
        if output.is_json() {
            return output.json(self);
        }
        output.line(&format!("{}  {}", output.paint(GOOD, "written"), self.file));
        output.line(
            "\n1. Set these for the server, and keep them as secrets: they are shown only now.\n",
        );
        for variable in &self.environment {
            let what = format!("   # {}", variable.what);
            output.line(&output.paint(QUIET, &what));
            output.line(&format!("   {}", variable.line()));
        }
        let mut number = 2;
        if !self.webhooks.is_empty() {
            output.line("\n2. Tell each CMS where to send, as docs/sources.md says.\n");
            let rows: Vec<Vec<String>> = self.webhooks.iter().map(Paste::row).collect();
            columns(&rows)
                .iter()
                .for_each(|line| output.line(&format!("   {line}")));
            if self.local {
                let note = "A CMS elsewhere cannot call 127.0.0.1: give it the address of what forwards to it.";
                output.line(&format!("\n   {}", output.paint(QUIET, note)));
            }
            number += 1;
        }
        output.line(&format!("\n{number}. Check, and serve.\n"));
        for command in &self.commands {
            output.line(&format!("   {command}"));
        }
        let more = "\nslugline demo shows how it copes, with nothing to set up.";
        output.line(&output.paint(QUIET, more));
    }
}

impl Variable {
    /// As a shell takes it.
    fn line(&self) -> String {
        let value = self.value.as_deref().unwrap_or("'...'");
        format!("export {}={value}", self.name)
    }
}

impl Paste {
    fn row(&self) -> Vec<String> {
        let section = format!("section {}", self.section);
        vec![self.source.clone(), self.url.clone(), section]
    }
}

fn made_token(name: &str, what: &str) -> Result<Variable, String> {
    Ok(Variable {
        name: name.to_owned(),
        value: Some(token_of(&random_bytes::<32>()?)),
        what: what.to_owned(),
    })
}

fn made_secret(name: String, what: String) -> Result<Variable, String> {
    let value = Some(hex(&random_bytes::<32>()?));
    Ok(Variable { name, value, what })
}

fn hook_secret(source: &Sender) -> Result<Variable, String> {
    let guide = vendors::source(&source.kind);
    let name = hook_variable(source);
    match guide.and_then(|guide| guide.secret_from) {
        None => made_secret(name, format!("the secret to enter at {}", source.name)),
        Some(from) => Ok(Variable {
            name,
            value: None,
            what: from.to_owned(),
        }),
    }
}

fn credential(destination: &Destination) -> Result<Option<Variable>, String> {
    let Some(of) = destination.guide.secret else {
        return Ok(None);
    };
    let name = variable(&destination.name, of);
    let Destination { at, user, .. } = destination;
    let variable = match destination.guide.secret_from {
        None => made_secret(name, format!("signs what {at} gets; it needs the same"))?,
        Some(from) => Variable {
            name,
            value: None,
            what: format!("{from}, of {} at {at}", user.as_deref().unwrap_or("a user")),
        },
    };
    Ok(Some(variable))
}

fn paste(source: &Sender, answers: &Answers) -> Paste {
    let base = match &answers.security {
        Security::Local => "http://127.0.0.1:8420",
        Security::Proxy { url } | Security::Tls { url, .. } => url,
    };
    let guide = vendors::source(&source.kind);
    Paste {
        source: source.name.clone(),
        url: format!("{base}/hooks/{}", source.name),
        section: guide
            .map_or(&*source.kind, |guide| guide.section)
            .to_owned(),
    }
}
