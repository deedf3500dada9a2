//! Many dead letters at once: ticked or all that match, shown before they are touched.

use anyhow::Result;
use serde_json::json;

use super::expect::Scene;

/// All of it.
///
/// # Errors
/// When the browser or the server does not answer.
pub(crate) async fn all(scene: &mut Scene<'_>) -> Result<()> {
    let [one, two, three] =
        ["one", "two", "three"].map(|name| format!("many-{name}-{}", scene.mode));
    let mut jobs = Vec::new();
    for id in [&one, &two, &three] {
        let payload = json!({ "title": id });
        jobs.push(
            scene
                .stage
                .ended((id, 1, "partner"), payload, "failed")
                .await?,
        );
    }
    scene.go("/dead-letters?destination=partner").await?;
    for id in [&one, &two] {
        scene
            .click(&format!("input[name=job][aria-label^='{id} ']"))
            .await?;
    }
    scene.click("button[name=do][value=skip]").await?;
    scene.says("h1", "Skip 2 dead letters?", "many").await?;
    scene.is_whole("the preview of many").await?;
    // While the question stands, one of them goes on.
    scene
        .stage
        .order(&format!("/v1/jobs/{}/skip", jobs[1]), json!({}))
        .await?;
    scene
        .browser
        .write("textarea[name=note]", "The partner has closed.")
        .await?;
    scene.click("main form button").await?;
    scene.says("h1", "1 of 2 done", "many").await?;
    scene.says("tbody", "it is skipped", "many").await?;
    scene.is_whole_everywhere("bulk-done").await?;
    scene.go(&format!("/dead-letters?content={three}")).await?;
    scene.stage.partner.takes_all(true);
    scene.click("input[name=all]").await?;
    scene.click("button[name=do][value=retry]").await?;
    scene
        .says("h1", "Retry 1 dead letter?", "all that match")
        .await?;
    scene.click("main form button").await?;
    scene.says("h1", "1 of 1 done", "all that match").await?;
    scene.stage.until_job(&jobs[2], "live").await?;
    scene.stage.partner.takes_all(false);
    scene.go("/dead-letters/act?do=escalate").await?;
    scene
        .says("main", "Nothing is chosen", "none of many")
        .await
}
