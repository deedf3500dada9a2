//! What is under way and is ended, and what failed and is dealt with again: an abort, a webhook. Each with a second tab
//! that does the same too late.

use anyhow::Result;
use serde_json::json;

use super::expect::Scene;
use super::stale::{Tabs, keep, send_kept};

/// All of it.
///
/// # Errors
/// When the browser or the server does not answer.
pub(crate) async fn all(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    abort_a_replay(scene, tabs).await?;
    abort_a_reconciliation(scene, tabs).await?;
    retry_a_webhook(scene, tabs).await
}

const ABORT: &str = "form[action$='/abort'] button";

async fn abort_a_replay(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let stage = scene.stage;
    let environment = format!("abort-{}", scene.mode);
    for name in ["a", "b", "c"] {
        let id = format!("abort-{name}-{}", scene.mode);
        let body = json!({ "content_id": id, "version": 1, "environment": environment,
            "destinations": ["partner"], "payload": { "title": id } });
        let job = stage.publish(&id, body).await?;
        stage.until_job(&job, "failed").await?;
    }
    // One a minute: it is under way for as long as this takes.
    let wanted = json!({ "filter": { "environment": environment }, "rate": 1 });
    let begun = stage.order("/v1/replays", wanted).await?;
    let path = format!(
        "/replays/{}",
        begun["replay_id"].as_str().unwrap_or_default()
    );
    keep(scene, tabs, (&path, ABORT)).await?;
    scene.go(&path).await?;
    scene
        .says("#live-state", "running", "a replay that takes long")
        .await?;
    scene.click(ABORT).await?;
    scene
        .says(".said", "It has ended.", "abort a replay")
        .await?;
    scene
        .says("#live-state", "aborted", "abort a replay")
        .await?;
    let is_left = "return document.querySelector(\"form[action$='/abort']\") !== null";
    if scene.browser.is_true(is_left).await? {
        scene.note("abort a replay: it can still be aborted");
    }
    send_kept(scene, tabs, ABORT).await?;
    scene
        .says(".said", "Nothing was changed", "a stale abort of a replay")
        .await?;
    scene
        .says("#live-state", "aborted", "a stale abort of a replay")
        .await?;
    scene.browser.to_tab(tabs.0).await?;
    let ended = stage.read(&format!("/v1{path}")).await?;
    if ended["state"] != "aborted" || ended["done"] == ended["total"] {
        scene.note(format!("abort a replay: {ended}"));
    }
    Ok(())
}

/// It waits for a look at what drifted, as long as nothing begins at the destination.
async fn abort_a_reconciliation(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let stage = scene.stage;
    let id = format!("looked-at-{}", scene.mode);
    let payload = json!({ "title": id, "slug": id, "body": "<p>The connection drops.</p>" });
    stage.ended((&id, 1, "site"), payload, "live").await?;
    stage.edit_a_file(&id, "says one")?;
    let pause = json!({ "note": "It moves." });
    stage.order("/v1/destinations/site/pause", pause).await?;
    let wanted = json!({ "destination": "site" });
    let begun = stage.order("/v1/reconciliations", wanted).await?;
    let begun = begun["reconciliation_id"].as_str().unwrap_or_default();
    scene.go("/drift").await?;
    scene
        .click(&format!("a[href$='/reconciliations/{begun}']"))
        .await?;
    let page = "#live-reconciliation";
    scene
        .comes(page, "Step 3 of 4", "a reconciliation that waits")
        .await?;
    scene.is_whole_everywhere("reconciling").await?;
    let path = format!("/reconciliations/{begun}");
    keep(scene, tabs, (&path, ABORT)).await?;
    scene.click(ABORT).await?;
    scene
        .says(".said", "It has ended.", "abort a reconciliation")
        .await?;
    scene
        .says("h1 .tag", "aborted", "abort a reconciliation")
        .await?;
    send_kept(scene, tabs, ABORT).await?;
    scene
        .says(
            ".said",
            "Nothing was changed",
            "a stale abort of a reconciliation",
        )
        .await?;
    scene
        .says(page, "aborted by", "a stale abort of a reconciliation")
        .await?;
    scene.browser.to_tab(tabs.0).await?;
    let ended = stage.read(&format!("/v1{path}")).await?;
    if ended["state"] != "aborted" || ended["actor"] != "token:ada" {
        scene.note(format!("abort a reconciliation: {ended}"));
    }
    stage
        .order("/v1/destinations/site/resume", json!({}))
        .await?;
    Ok(())
}

const AGAIN: &str = "form.act button";

/// What the CMS tells has an id that an API client publishes under: it fails, and fails again, and says why.
async fn retry_a_webhook(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let stage = scene.stage;
    let entry = format!("owned-{}", scene.mode);
    let payload = json!({ "title": "Ours", "slug": entry, "body": "<p>Ours.</p>" });
    let owned = format!("cms:{entry}");
    stage.ended((&owned, 1, "site"), payload, "live").await?;
    let path = format!("/webhooks/{}", stage.told((&entry, "Theirs")).await?);
    let is = async |attempts: u64| {
        let one = stage.read(&format!("/v1{path}")).await?;
        Ok(one["attempts"] == attempts && one["state"] == "failed")
    };
    stage
        .until("the webhook fails", async || is(0).await)
        .await?;
    scene.go("/sources?state=failed").await?;
    scene.click(&format!("a[href$='{path}']")).await?;
    scene
        .says("main table", "refused", "a webhook that failed")
        .await?;
    keep(scene, tabs, (&path, AGAIN)).await?;
    scene.click(AGAIN).await?;
    scene
        .says(".said", "dealt with again", "retry a webhook")
        .await?;
    stage
        .until("the webhook fails again", async || is(1).await)
        .await?;
    scene
        .comes("#live-webhook", "1 time", "retry a webhook")
        .await?;
    scene.comes("main h1", "failed", "retry a webhook").await?;
    send_kept(scene, tabs, AGAIN).await?;
    scene
        .says(".said", "Nothing was changed", "a stale retry of a webhook")
        .await?;
    scene
        .says("#live-webhook", "1 time", "a stale retry of a webhook")
        .await?;
    scene.browser.to_tab(tabs.0).await
}
