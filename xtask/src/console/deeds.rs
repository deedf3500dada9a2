//! What is done with one job or one content: retry, skip, cancel, pause, resume, escalate, note, edit, revert, roll back.

use anyhow::Result;
use serde_json::json;

use super::expect::Scene;

/// All of it.
///
/// # Errors
/// When the browser or the server does not answer.
pub(crate) async fn all(scene: &mut Scene<'_>) -> Result<()> {
    retry(scene).await?;
    skip_and_write(scene).await?;
    cancel(scene).await?;
    hold(scene).await?;
    edit(scene).await?;
    revert(scene).await?;
    roll_back(scene).await
}

/// A form's button by the word that it sends.
pub(crate) fn button(word: &str) -> String {
    format!("form:has(input[name=do][value={word}]) button")
}

async fn retry(scene: &mut Scene<'_>) -> Result<()> {
    let id = format!("retry-{}", scene.mode);
    let job = scene
        .stage
        .ended((&id, 1, "partner"), json!({ "title": id }), "failed")
        .await?;
    scene.go(&format!("/jobs/{job}")).await?;
    scene.stage.partner.takes_all(true);
    scene.click(&button("retry")).await?;
    scene.says(".said", "queued again", "retry").await?;
    scene
        .comes("#live-job h1 .tag.good", "live", "retry")
        .await?;
    scene.stage.partner.takes_all(false);
    match scene.stage.partner.took(&id).len() {
        1 => Ok(()),
        times => {
            scene.note(format!("retry: the partner took it {times} times"));
            Ok(())
        }
    }
}

async fn skip_and_write(scene: &mut Scene<'_>) -> Result<()> {
    let id = format!("skip-{}", scene.mode);
    let job = scene
        .stage
        .ended((&id, 1, "partner"), json!({ "title": id }), "failed")
        .await?;
    scene.go(&format!("/jobs/{job}")).await?;
    let escalate = "form.note:has(input[value=escalate])";
    scene.browser.unfold("Escalate").await?;
    scene
        .browser
        .write(&format!("{escalate} textarea"), "Who knows the partner?")
        .await?;
    scene.click(&format!("{escalate} button")).await?;
    scene.says(".said", "on the record", "escalate").await?;
    scene
        .says(".notes", "Who knows the partner?", "escalate")
        .await?;
    scene.browser.unfold("Write a note").await?;
    let note = "form.note[action$='/notes']";
    scene
        .browser
        .write(&format!("{note} textarea"), "They want a summary.")
        .await?;
    scene.click(&format!("{note} button")).await?;
    scene
        .says(".said", "The note is kept", "a note on a job")
        .await?;
    scene
        .says(".notes", "They want a summary.", "a note on a job")
        .await?;
    scene.click(&button("skip")).await?;
    scene.says(".said", "marked complete", "skip").await?;
    scene.says("#live-job h1", "skipped", "skip").await?;
    scene.go(&format!("/content/{id}")).await?;
    scene.browser.unfold("Write a note").await?;
    scene
        .browser
        .write(&format!("{note} textarea"), "Told the editor.")
        .await?;
    scene.click(&format!("{note} button")).await?;
    scene
        .says(".notes", "Told the editor.", "a note on a content")
        .await
}

async fn cancel(scene: &mut Scene<'_>) -> Result<()> {
    let id = format!("cancel-{}", scene.mode);
    let body = json!({ "content_id": id, "version": 1, "destinations": ["partner"],
        "publish_at": "2199-01-01T00:00:00Z", "payload": { "title": id } });
    let job = scene.stage.publish(&id, body).await?;
    scene.go(&format!("/jobs/{job}")).await?;
    scene.click(&button("cancel")).await?;
    scene.says(".said", "taken back", "cancel").await?;
    scene.says("#live-job h1", "cancelled", "cancel").await
}

/// A job waits for its run because nothing begins at its destination; so it stands still while it is looked at.
async fn hold(scene: &mut Scene<'_>) -> Result<()> {
    let stage = scene.stage;
    let id = format!("hold-{}", scene.mode);
    stage
        .order("/v1/destinations/partner/pause", json!({}))
        .await?;
    let body = json!({ "content_id": id, "version": 1, "destinations": ["partner"],
        "payload": { "title": id, "excerpt": "There is one." } });
    let job = stage.publish(&id, body).await?;
    scene.go(&format!("/jobs/{job}")).await?;
    scene
        .says("#live-job", "its destination is paused", "a job that waits")
        .await?;
    scene.click(&button("pause")).await?;
    scene
        .says(".said", "waits until it is resumed", "pause")
        .await?;
    scene.says("#live-job h1", "pending", "pause").await?;
    scene.click(&button("resume")).await?;
    scene.says(".said", "It goes on", "resume").await?;
    scene.says("#live-job h1", "queued", "resume").await?;
    stage
        .order("/v1/destinations/partner/resume", json!({}))
        .await?;
    scene
        .comes("#live-job h1 .tag.good", "live", "resume")
        .await
}

async fn edit(scene: &mut Scene<'_>) -> Result<()> {
    let id = format!("edit-{}", scene.mode);
    let payload = json!({ "title": id, "body": "<p>One</p>\n<p>Two</p>" });
    let job = scene
        .stage
        .ended((&id, 1, "partner"), payload, "failed")
        .await?;
    scene.go(&format!("/jobs/{job}")).await?;
    scene.browser.follow("Edit …").await?;
    scene.is_whole("edit").await?;
    scene
        .browser
        .write("textarea[name=excerpt]", "A summary.")
        .await?;
    scene.click("form.write button").await?;
    scene.says(".said", "as you changed it", "edit").await?;
    scene
        .comes("#live-publish h1 .tag.good", "live", "edit")
        .await?;
    let took = scene.stage.partner.took(&id);
    if took.last().map(|payload| &payload["body"]) != Some(&json!("<p>One</p>\n<p>Two</p>")) {
        scene.note(format!("edit: what was not touched has changed: {took:?}"));
    }
    Ok(())
}

async fn revert(scene: &mut Scene<'_>) -> Result<()> {
    let id = format!("revert-{}", scene.mode);
    let good = json!({ "title": "good", "slug": id, "excerpt": "There is one." });
    scene.stage.ended((&id, 1, "partner"), good, "live").await?;
    let bad = json!({ "title": "bad", "slug": id });
    let job = scene
        .stage
        .ended((&id, 2, "partner"), bad, "failed")
        .await?;
    scene.go(&format!("/jobs/{job}")).await?;
    scene.click(&button("revert")).await?;
    scene.says(".said", "on its way back", "revert").await?;
    let partner = scene.stage.partner.clone();
    let back = async || Ok(partner.took(&id).len() == 2);
    scene
        .stage
        .until("the good version is told again", back)
        .await
}

async fn roll_back(scene: &mut Scene<'_>) -> Result<()> {
    let id = format!("rollback-{}", scene.mode);
    let mut bad = String::new();
    for (version, title) in [(1, "good"), (2, "bad")] {
        let payload = json!({ "title": title, "slug": id, "excerpt": "There is one." });
        let job = scene
            .stage
            .ended((&id, version, "partner"), payload, "live");
        bad = job.await?;
    }
    scene.go(&format!("/content/{id}")).await?;
    scene.click("form.act button").await?;
    scene.says(".said", "on its way back", "roll back").await?;
    scene.stage.until_job(&bad, "rolled_back").await?;
    let took = scene.stage.partner.took(&id);
    if took.last().map(|payload| &payload["title"]) != Some(&json!("good")) {
        scene.note(format!("roll back: the partner took {took:?}"));
    }
    Ok(())
}
