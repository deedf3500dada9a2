//! Many dead letters at once, brought back or escalated; and the same question asked again by a second tab.

use anyhow::Result;
use serde_json::json;

use super::expect::Scene;
use super::stale::{Tabs, keep, send_kept};

const CONFIRM: &str = "main form button";

/// All of it.
///
/// # Errors
/// When the browser or the server does not answer.
pub(crate) async fn all(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    revert(scene, tabs).await?;
    revert_of_what_is_newer(scene, tabs).await?;
    escalate(scene, tabs).await
}

/// All dead letters of an environment, which only this test uses.
fn question(deed: &str, environment: &str) -> String {
    format!("/dead-letters/act?do={deed}&all=yes&environment={environment}")
}

/// Publishes a version that the partner takes, or one that it refuses; its job.
pub(crate) async fn version(
    scene: &Scene<'_>,
    (id, environment): (&str, &str),
    (version, good): (u64, bool),
) -> Result<String> {
    let mut payload = json!({ "title": format!("version {version}"), "slug": id });
    if good {
        payload["excerpt"] = json!("There is one.");
    }
    let body = json!({ "content_id": id, "version": version, "environment": environment,
        "destinations": ["partner"], "payload": payload });
    let job = scene
        .stage
        .publish(&format!("{id}-{version}"), body)
        .await?;
    let state = if good { "live" } else { "failed" };
    scene.stage.until_job(&job, state).await?;
    Ok(job)
}

/// The titles that the partner took of a content.
pub(crate) fn titles(scene: &Scene<'_>, id: &str) -> Vec<String> {
    let took = scene.stage.partner.took(id).into_iter();
    took.map(|payload| payload["title"].as_str().unwrap_or_default().to_owned())
        .collect()
}

async fn revert(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let environment = format!("revert-{}", scene.mode);
    let both = ["a", "b"].map(|name| format!("many-revert-{name}-{}", scene.mode));
    for id in &both {
        version(scene, (id, &environment), (1, true)).await?;
        version(scene, (id, &environment), (2, false)).await?;
    }
    let path = question("revert", &environment);
    keep(scene, tabs, (&path, CONFIRM)).await?;
    scene.go(&path).await?;
    scene
        .says("h1", "Revert 2 dead letters?", "revert many")
        .await?;
    scene
        .says("tbody", "“version 1”, comes back", "revert many")
        .await?;
    scene.click(CONFIRM).await?;
    scene.says("h1", "2 of 2 done", "revert many").await?;
    scene
        .says("tbody", "on its way back", "revert many")
        .await?;
    for id in &both {
        let back = async || Ok(titles(scene, id).len() == 2);
        scene
            .stage
            .until("the good version is told again", back)
            .await?;
    }
    send_kept(scene, tabs, CONFIRM).await?;
    scene
        .says("h1", "0 of 2 done", "a second revert of many")
        .await?;
    for id in &both {
        let took = titles(scene, id);
        if took != ["version 1", "version 1"] {
            scene.note(format!("revert many: the partner took {took:?} of {id}"));
        }
    }
    scene.browser.to_tab(tabs.0).await
}

async fn revert_of_what_is_newer(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let environment = format!("newer-{}", scene.mode);
    let id = format!("many-newer-{}", scene.mode);
    version(scene, (&id, &environment), (1, true)).await?;
    version(scene, (&id, &environment), (2, false)).await?;
    keep(scene, tabs, (&question("revert", &environment), CONFIRM)).await?;
    version(scene, (&id, &environment), (3, true)).await?;
    send_kept(scene, tabs, CONFIRM).await?;
    scene
        .says("h1", "0 of 1 done", "a stale revert of many")
        .await?;
    scene
        .says("tbody", "newer", "a stale revert of many")
        .await?;
    let took = titles(scene, &id);
    if took != ["version 1", "version 3"] {
        scene.note(format!("a stale revert of many: the partner took {took:?}"));
    }
    scene.browser.to_tab(tabs.0).await
}

async fn escalate(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let environment = format!("escalate-{}", scene.mode);
    let id = format!("many-escalate-{}", scene.mode);
    let job = version(scene, (&id, &environment), (1, false)).await?;
    let path = question("escalate", &environment);
    keep(scene, tabs, (&path, CONFIRM)).await?;
    scene.go(&path).await?;
    scene
        .says("h1", "Escalate 1 dead letter?", "escalate many")
        .await?;
    scene
        .browser
        .write("textarea[name=note]", "Ask the partner's desk.")
        .await?;
    scene.click(CONFIRM).await?;
    scene.says("h1", "1 of 1 done", "escalate many").await?;
    scene
        .says("tbody", "It is on the record.", "escalate many")
        .await?;
    scene.go(&format!("/jobs/{job}")).await?;
    scene
        .says(".notes", "Ask the partner's desk.", "escalate many")
        .await?;
    scene
        .says("#live-job h1", "failed", "escalate many")
        .await?;
    // It runs again, in vain, while the second tab's question stands.
    let stage = scene.stage;
    stage
        .order(&format!("/v1/jobs/{job}/retry"), json!({}))
        .await?;
    let again = async || {
        let job = stage.read(&format!("/v1/jobs/{job}")).await?;
        Ok(job["runs"] == 2 && job["state"] == "failed")
    };
    stage.until("it fails again", again).await?;
    scene.browser.to_tab(tabs.1).await?;
    scene
        .browser
        .write("textarea[name=note]", "Too late.")
        .await?;
    send_kept(scene, tabs, CONFIRM).await?;
    scene
        .says("h1", "0 of 1 done", "a stale escalation of many")
        .await?;
    scene.go(&format!("/jobs/{job}")).await?;
    if scene.browser.text("main").await?.contains("Too late.") {
        scene.note("a stale escalation of many is kept");
    }
    scene.browser.to_tab(tabs.0).await
}
