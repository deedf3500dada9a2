//! `slugline dead-letters revert` for many: what was live there before comes back for each.
//!
//! Ensures that each is planned and shown first, that one that cannot be reverted leaves the others alone and
//! says why, and that what has run or was published since it was shown is left alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use slugline_core::http::Method;

use super::confirm::{self, Consent};
use super::dead_letters::Letter;
use super::{Ended, Trouble};
use crate::client::api::{Api, Denied};
use crate::output::{Output, columns, printable};

/// A dead letter with what a revert of it would do, or why there can be none.
struct Planned {
    letter: Letter,
    plan: Value,
}

pub(super) async fn run(
    api: &Api,
    letters: Vec<Letter>,
    (note, consent): (Option<&str>, &Consent),
    no_input: bool,
    output: Output,
) -> Ended {
    let matched = letters.len();
    let mut planned = Vec::with_capacity(matched);
    for letter in letters {
        let plan = ask(api, &letter, json!({ "dry_run": true })).await?;
        planned.push(Planned { letter, plan });
    }
    if !output.is_json() {
        show(planned.iter().map(|one| &one.plan), output);
    }
    let can = planned.iter().filter(|one| is_done(&one.plan)).count();
    if matched > 0 && can == 0 {
        output.note("None of them can be reverted.");
    }
    if (matched > 0 && can == 0) || !confirm::may(consent, "revert", can, no_input, output)? {
        if output.is_json() {
            let plans: Vec<Value> = planned.into_iter().map(|one| one.plan).collect();
            output.json(&json!({ "items": plans }));
        }
        return Ok(matched == 0 || can > 0 || consent.dry_run);
    }
    let mut newest = BTreeMap::new();
    let mut done = Vec::with_capacity(matched);
    for one in planned {
        done.push(carry_out(api, one, note, &mut newest).await?);
    }
    match output.is_json() {
        true => output.json(&json!({ "items": done })),
        false => show(done.iter(), output),
    }
    Ok(done.iter().all(is_done))
}

/// Reverts what was planned. `newest` are the generations that came of it, by item: they are ours, and hinder
/// no other dead letter of the same item.
async fn carry_out(
    api: &Api,
    one: Planned,
    note: Option<&str>,
    newest: &mut BTreeMap<[String; 3], i64>,
) -> Result<Value, Trouble> {
    let Planned { letter, plan } = one;
    if !is_done(&plan) {
        return Ok(plan);
    }
    let found = api.find(&["v1", "jobs", &letter.job_id]).await?;
    let runs = found.as_ref().and_then(|job| job["runs"].as_i64());
    if runs != Some(letter.runs) {
        let detail = "it has run since it was listed; look again";
        return Ok(of(
            &letter,
            json!({ "code": "changed_meanwhile", "detail": detail }),
        ));
    }
    let item = ["content_id", "environment", "locale"];
    let item = item.map(|name| plan[name].as_str().unwrap_or_default().to_owned());
    let seen = newest.get(&item).copied().or(plan["from"].as_i64());
    let answer = ask(api, &letter, json!({ "generation": seen, "note": note })).await?;
    if let Some(generation) = answer["generation"].as_i64() {
        newest.insert(item, generation);
    }
    Ok(answer)
}

/// What came of it; that this one cannot be reverted is an answer, too.
async fn ask(api: &Api, letter: &Letter, body: Value) -> Result<Value, Denied> {
    let request = api.request(Method::Post, &["v1", "jobs", &letter.job_id, "revert"]);
    match api.send(request.json(&body)).await {
        Ok(reply) => Ok(of(letter, reply.body)),
        Err(Denied::Refused {
            status: 404 | 409 | 422,
            code,
            detail,
            ..
        }) => Ok(of(letter, json!({ "code": code, "detail": detail }))),
        Err(other) => Err(other),
    }
}

/// An answer with what it is about.
fn of(letter: &Letter, mut answer: Value) -> Value {
    answer["job_id"] = json!(letter.job_id);
    answer["content_id"] = json!(letter.content_id);
    answer["destination"] = json!(letter.destination);
    answer
}

fn is_done(answer: &Value) -> bool {
    answer["code"].is_null()
}

fn show<'a>(answers: impl Iterator<Item = &'a Value>, output: Output) {
    let row = |answer: &Value| {
        let text = |name: &str| answer[name].as_str().unwrap_or_default();
        let what = match (is_done(answer), answer["publish_id"].as_str()) {
            (false, _) => format!("left alone: {}", text("detail")),
            (true, Some(publish)) => {
                format!(
                    "generation {} is on its way: {publish}",
                    answer["generation"]
                )
            }
            (true, None) => {
                let (from, to, title) = (&answer["from"], &answer["to"], text("title"));
                format!("generation {from} back to {to} ({title})")
            }
        };
        vec![
            text("job_id").to_owned(),
            text("content_id").to_owned(),
            text("destination").to_owned(),
            what,
        ]
    };
    let rows: Vec<Vec<String>> = answers.map(row).collect();
    for line in columns(&rows) {
        output.line(&printable(&line));
    }
}
