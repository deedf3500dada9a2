//! Forms that a second tab still has when the first has acted. Ensures that they change nothing and show how it stands.

use anyhow::Result;
use serde_json::json;

use super::deeds::button;
use super::expect::Scene;
use super::{drifting, many_again, release, under_way};

/// All of it.
///
/// # Errors
/// When the browser or the server does not answer.
pub(crate) async fn all(scene: &mut Scene<'_>) -> Result<()> {
    let open = open(scene).await?;
    let tabs = (open.0.as_str(), open.1.as_str());
    skip_after_retry(scene, tabs).await?;
    edit_after_edit(scene, tabs).await?;
    many_after_skip(scene, tabs).await?;
    roll_back_twice(scene, tabs).await?;
    resume_of_another_pause(scene, tabs).await?;
    drifting::all(scene, tabs).await?;
    many_again::all(scene, tabs).await?;
    release::all(scene, tabs).await?;
    under_way::all(scene, tabs).await?;
    close(scene, tabs).await?;
    // Answers of 409 are in the browser's console, as they should be.
    scene.browser.complaints().await?;
    Ok(())
}

/// The first tab, which is looked at, and a second one.
async fn open(scene: &Scene<'_>) -> Result<(String, String)> {
    let first = scene.browser.tab().await?;
    let second = scene.browser.new_tab().await?;
    for tab in [&second, &first] {
        scene.browser.to_tab(tab).await?;
        super::look::switch(scene.browser, scene.script).await?;
    }
    Ok((first, second))
}

async fn close(scene: &Scene<'_>, (first, second): Tabs<'_>) -> Result<()> {
    scene.browser.to_tab(second).await?;
    scene.browser.close_tab().await?;
    scene.browser.to_tab(first).await
}

/// The first tab and the second, which keeps a form.
pub(crate) type Tabs<'a> = (&'a str, &'a str);

/// Opens a page in the second tab, with the focus on a button: a part in which somebody is stays as it is.
pub(crate) async fn keep(
    scene: &Scene<'_>,
    (first, second): Tabs<'_>,
    (path, button): (&str, &str),
) -> Result<()> {
    scene.browser.to_tab(second).await?;
    scene.go(path).await?;
    scene.browser.focus(button).await?;
    scene.browser.to_tab(first).await
}

/// Presses that button.
pub(crate) async fn send_kept(
    scene: &Scene<'_>,
    (_, second): Tabs<'_>,
    button: &str,
) -> Result<()> {
    scene.browser.to_tab(second).await?;
    scene.click(button).await
}

async fn skip_after_retry(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let id = format!("stale-{}", scene.mode);
    let payload = json!({ "title": id });
    let job = scene
        .stage
        .ended((&id, 1, "partner"), payload, "failed")
        .await?;
    let path = format!("/jobs/{job}");
    keep(scene, tabs, (&path, &button("skip"))).await?;
    scene.go(&path).await?;
    scene.click(&button("retry")).await?;
    let again = async || {
        let job = scene.stage.read(&format!("/v1/jobs/{job}")).await?;
        Ok(job["runs"] == 2 && job["state"] == "failed")
    };
    scene.stage.until("it fails again", again).await?;
    send_kept(scene, tabs, &button("skip")).await?;
    scene
        .says(".said", "Nothing was changed", "a stale skip")
        .await?;
    scene.says("#live-job h1", "failed", "a stale skip").await
}

async fn edit_after_edit(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let id = format!("stale-edit-{}", scene.mode);
    let payload = json!({ "title": id });
    let job = scene
        .stage
        .ended((&id, 1, "partner"), payload, "failed")
        .await?;
    let path = format!("/jobs/{job}/edit");
    keep(scene, tabs, (&path, "form.write button")).await?;
    scene.go(&path).await?;
    scene
        .browser
        .write("textarea[name=excerpt]", "The first tab's.")
        .await?;
    scene.click("form.write button").await?;
    scene
        .says(".said", "as you changed it", "an edit before a stale one")
        .await?;
    scene
        .comes(
            "#live-publish h1 .tag.good",
            "live",
            "an edit before a stale one",
        )
        .await?;
    scene.browser.to_tab(tabs.1).await?;
    scene
        .browser
        .write("textarea[name=excerpt]", "The second tab's.")
        .await?;
    scene.click("form.write button").await?;
    scene
        .says(".said", "Nothing was changed", "a stale edit")
        .await?;
    // Browsers complain of each answer that refuses.
    scene.browser.complaints().await?;
    scene.is_whole_everywhere("stale-edit").await?;
    let kept = "return document.querySelector('textarea[name=excerpt]').value";
    if scene.browser.script(kept).await? != "The second tab's." {
        scene.note("a stale edit: what was typed is lost");
    }
    let took = scene.stage.partner.took(&id);
    if took.len() != 1 || took[0]["excerpt"] != "The first tab's." {
        scene.note(format!("a stale edit: the partner took {took:?}"));
    }
    Ok(())
}

async fn many_after_skip(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let id = format!("stale-many-{}", scene.mode);
    let payload = json!({ "title": id });
    let job = scene
        .stage
        .ended((&id, 1, "partner"), payload, "failed")
        .await?;
    let path = format!("/dead-letters/act?do=retry&all=yes&content={id}");
    keep(scene, tabs, (&path, "main form button")).await?;
    scene.go(&format!("/jobs/{job}")).await?;
    scene.click(&button("skip")).await?;
    scene
        .says("#live-job h1", "skipped", "a skip before stale many")
        .await?;
    send_kept(scene, tabs, "main form button").await?;
    scene.says("h1", "0 of 1 done", "stale many").await?;
    scene.says("tbody", "it is skipped", "stale many").await
}

async fn roll_back_twice(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let id = format!("stale-rollback-{}", scene.mode);
    for version in [1, 2] {
        let payload = json!({ "title": format!("version {version}"), "slug": id, "excerpt": "There is one." });
        scene
            .stage
            .ended((&id, version, "partner"), payload, "live")
            .await?;
    }
    let path = format!("/content/{id}");
    keep(scene, tabs, (&path, "form.act button")).await?;
    let payload = json!({ "title": "version 3", "slug": id, "excerpt": "There is one." });
    scene
        .stage
        .ended((&id, 3, "partner"), payload, "live")
        .await?;
    send_kept(scene, tabs, "form.act button").await?;
    scene
        .says(".said", "Nothing was changed", "a stale rollback")
        .await?;
    scene
        .says("#live-content", "version 3", "a stale rollback")
        .await
}

async fn resume_of_another_pause(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let (pause, resume) = (
        "/v1/destinations/site/pause",
        "/v1/destinations/site/resume",
    );
    scene.stage.order(pause, json!({ "note": "one" })).await?;
    let form = "section[aria-labelledby=site] .why button";
    keep(scene, tabs, ("/destinations", form)).await?;
    scene.stage.order(resume, json!({})).await?;
    scene
        .stage
        .order(pause, json!({ "note": "another" }))
        .await?;
    send_kept(scene, tabs, form).await?;
    scene
        .says(".said", "Nothing was changed", "a stale resume")
        .await?;
    scene
        .says("#live-destinations", "another", "a stale resume")
        .await?;
    scene.stage.order(resume, json!({})).await?;
    Ok(())
}
