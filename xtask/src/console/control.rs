//! Stopping and asking: pauses of a destination, a class, a content and everything; a probe; a comparison.

use anyhow::Result;
use serde_json::json;

use super::expect::Scene;

/// All of it.
///
/// # Errors
/// When the browser or the server does not answer.
pub(crate) async fn all(scene: &mut Scene<'_>) -> Result<()> {
    configured(scene).await?;
    destination(scene).await?;
    everything(scene).await?;
    content(scene).await?;
    probe(scene).await?;
    reconcile(scene).await
}

/// The card of a destination.
const SITE: &str = "section[aria-labelledby=site]";

/// The first card is the blog's.
async fn configured(scene: &mut Scene<'_>) -> Result<()> {
    scene.go("/destinations").await?;
    scene.browser.unfold("What is configured").await?;
    for told in [
        "no limit of ours",
        "at any time",
        "every 24 h; at most 100 repairs",
        "only reported if extra or diverged",
    ] {
        scene
            .says(
                "section[aria-labelledby=blog] details[open]",
                told,
                "what is configured",
            )
            .await?;
    }
    scene.is_whole_everywhere("configured").await
}

async fn destination(scene: &mut Scene<'_>) -> Result<()> {
    scene.go("/destinations").await?;
    scene
        .click(&format!("{SITE} details.pause summary"))
        .await?;
    scene
        .browser
        .write(
            &format!("{SITE} details.pause input[name=note]"),
            "It moves.",
        )
        .await?;
    scene.click(&format!("{SITE} details.pause button")).await?;
    scene
        .says(".said", "Nothing new begins", "pause a destination")
        .await?;
    scene.says(SITE, "It moves.", "pause a destination").await?;
    scene.click(&format!("{SITE} .why button")).await?;
    scene
        .says(".said", "It goes on", "resume a destination")
        .await?;
    scene.says(SITE, "Pause it", "resume a destination").await
}

async fn everything(scene: &mut Scene<'_>) -> Result<()> {
    scene.go("/destinations").await?;
    scene.click("#pause-more option[value=everything]").await?;
    scene
        .browser
        .write("#pause-more input[name=note]", "The release is wrong.")
        .await?;
    scene.click("#pause-more button").await?;
    scene
        .says(".said", "Nothing new begins", "pause everything")
        .await?;
    scene.go("/").await?;
    scene
        .says(".banner", "Everything is paused", "pause everything")
        .await?;
    scene
        .is_whole("the overview while everything is paused")
        .await?;
    scene.click(".banner button").await?;
    scene
        .says(".said", "It goes on", "resume everything")
        .await?;
    scene.go("/destinations").await?;
    scene
        .click("#pause-more option[value='class:bulk']")
        .await?;
    scene.click("#pause-more button").await?;
    scene
        .says("#live-destinations", "Class bulk", "pause a class")
        .await?;
    scene
        .click(".paused form:has(input[name=name][value=bulk]) button")
        .await?;
    scene.says(".said", "It goes on", "resume a class").await
}

async fn content(scene: &mut Scene<'_>) -> Result<()> {
    scene.go("/content/read-it-back").await?;
    scene.click("details.pause summary").await?;
    scene
        .browser
        .write("details.pause input[name=note]", "Legal reads it.")
        .await?;
    scene.click("details.pause button").await?;
    scene
        .says(".why", "Legal reads it.", "pause a content")
        .await?;
    scene.click(".why form button").await?;
    scene.says(".said", "It goes on", "resume a content").await
}

async fn probe(scene: &mut Scene<'_>) -> Result<()> {
    for (name, says) in [("site", "lets us in"), ("mirror", "What to do:")] {
        scene.go("/destinations").await?;
        scene
            .click(&format!(
                "section[aria-labelledby={name}] form.probe button"
            ))
            .await?;
        scene.says("main .why", says, "probe").await?;
        scene.is_whole_everywhere("probe").await?;
    }
    Ok(())
}

async fn reconcile(scene: &mut Scene<'_>) -> Result<()> {
    let running = async || {
        let all = scene.stage.read("/v1/reconciliations").await?;
        let all = all["items"].as_array().cloned().unwrap_or_default();
        Ok(all.iter().all(|one| one["state"] != json!("running")))
    };
    scene
        .stage
        .until("no comparison is under way", running)
        .await?;
    scene.go("/drift").await?;
    scene.click("form.ask option:nth-child(2)").await?;
    scene.click("form.ask button:not(.second)").await?;
    scene.says(".said", "is being compared.", "reconcile").await
}
