//! What differs at a folder: only reported, repaired, adopted; and forms of before another change there.

use anyhow::{Context, Result};
use serde_json::json;

use super::expect::Scene;
use super::stale::{Tabs, keep, send_kept};

/// What a form of `/drift/mend` is sent with.
const CONFIRM: &str = "main form button";
/// What a post says as it is desired.
const BODY: &str = "<p>The connection drops.</p>";

/// All of it.
///
/// # Errors
/// When the browser or the server does not answer.
pub(crate) async fn all(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let [gone, mended, kept] =
        ["gone", "mended", "adopted"].map(|what| format!("drift-{what}-{}", scene.mode));
    for id in [&gone, &mended, &kept] {
        let payload = json!({ "title": id, "slug": id, "body": BODY });
        scene.stage.ended((id, 1, "site"), payload, "live").await?;
    }
    let file = scene.stage.post(&gone)?.context("the post is not there")?;
    std::fs::remove_file(&file)?;
    scene.stage.edit_a_file(&mended, "says one")?;
    scene.stage.edit_a_file(&kept, "says a colleague")?;
    only_report(scene, [&gone, &mended, &kept]).await?;
    repair(scene, tabs, &mended).await?;
    adopt(scene, tabs, &kept).await?;
    compare(scene, false).await?;
    let stage = scene.stage;
    stage
        .until("what was gone is there", async || {
            Ok(stage.post(&gone)?.is_some())
        })
        .await?;
    scene.go("/drift").await?;
    is_gone(scene, &gone, "a comparison that repairs").await?;
    is_gone(scene, &kept, "what was adopted, compared again").await?;
    expect_text(scene, &kept, "drops, says a colleague", "adopt")
}

/// Compares the folder with what is desired, to its end.
async fn compare(scene: &mut Scene<'_>, only_report: bool) -> Result<()> {
    let stage = scene.stage;
    let at_rest = async || {
        let all = stage.read("/v1/reconciliations").await?;
        let all = all["items"].as_array().cloned().unwrap_or_default();
        Ok(all.iter().all(|one| one["state"] != json!("running")))
    };
    stage.until("no comparison is under way", at_rest).await?;
    scene.go("/drift").await?;
    scene.click("form.ask option:nth-child(2)").await?;
    let button = match only_report {
        true => "form.ask button[name=dry_run]",
        false => "form.ask button:not(.second)",
    };
    scene.click(button).await?;
    scene
        .says(".said", "is being compared.", "compare the folder")
        .await?;
    stage.until("the comparison has ended", at_rest).await
}

fn row(id: &str) -> String {
    format!("#live-drift tr:has(a[href$='/content/{id}'])")
}

/// Nothing is mended by it, though what is missing would be repaired otherwise.
async fn only_report(scene: &mut Scene<'_>, [gone, mended, kept]: [&str; 3]) -> Result<()> {
    compare(scene, true).await?;
    for (id, kind) in [(gone, "missing"), (mended, "diverged"), (kept, "diverged")] {
        scene.comes(&row(id), kind, "only report").await?;
    }
    let found = scene.stage.read("/v1/reconciliations?limit=1").await?;
    let run = &found["items"][0];
    if run["dry_run"] != true || run["counts"]["repaired"] != 0 {
        scene.note(format!("only report: {run}"));
    }
    if scene.stage.post(gone)?.is_some() {
        scene.note("only report: it repairs");
    }
    expect_text(scene, mended, "drops, says one", "only report")
}

/// A form that saw another edit overwrites none; the one that shows how it stands does.
async fn repair(scene: &mut Scene<'_>, tabs: Tabs<'_>, id: &str) -> Result<()> {
    let form = form_of(scene, id, "repair").await?;
    keep(scene, tabs, (&form, CONFIRM)).await?;
    scene.stage.edit_a_file(id, "says two")?;
    compare(scene, true).await?;
    send_kept(scene, tabs, CONFIRM).await?;
    scene
        .says(".said", "Nothing was changed", "a stale repair")
        .await?;
    scene.says(&row(id), "diverged", "a stale repair").await?;
    expect_text(scene, id, "drops, says two", "a stale repair")?;
    let form = form_of(scene, id, "repair").await?;
    keep(
        scene,
        tabs,
        (&form.replace("do=repair", "do=adopt"), CONFIRM),
    )
    .await?;
    scene.go(&form).await?;
    scene
        .says("main .why", "what somebody did there is lost", "repair")
        .await?;
    scene.click(CONFIRM).await?;
    scene.says(".said", "A job is on its way", "repair").await?;
    is_gone(scene, id, "repair").await?;
    expect_text(scene, id, "connection drops.", "repair")?;
    send_kept(scene, tabs, CONFIRM).await?;
    scene
        .says(".said", "Nothing was changed", "adopt what was repaired")
        .await?;
    scene.browser.to_tab(tabs.0).await
}

/// What was adopted stays as somebody made it, whatever an old form says.
async fn adopt(scene: &mut Scene<'_>, tabs: Tabs<'_>, id: &str) -> Result<()> {
    let form = form_of(scene, id, "repair").await?;
    keep(scene, tabs, (&form, CONFIRM)).await?;
    scene.go(&form.replace("do=repair", "do=adopt")).await?;
    scene.is_whole_everywhere("adopt").await?;
    scene.click(CONFIRM).await?;
    scene.says(".said", "counts as verified", "adopt").await?;
    is_gone(scene, id, "adopt").await?;
    send_kept(scene, tabs, CONFIRM).await?;
    scene
        .says(".said", "Nothing was changed", "repair what was adopted")
        .await?;
    scene.browser.to_tab(tabs.0).await
}

/// The page that a row leads to.
async fn form_of(scene: &mut Scene<'_>, id: &str, deed: &str) -> Result<String> {
    scene.go("/drift").await?;
    let link = format!("{} a[href*='do={deed}']", row(id));
    scene.says(&link, "…", "a row of drift").await?;
    let there = format!("return document.querySelector({link:?}).getAttribute('href')");
    let there = scene.browser.script(&there).await?;
    Ok(there.as_str().unwrap_or_default().to_owned())
}

/// Its row must go, by itself or when somebody reloads.
async fn is_gone(scene: &mut Scene<'_>, id: &str, what: &str) -> Result<()> {
    let path = format!("/v1/drift?content_id={id}");
    let stage = scene.stage;
    let ended = async || Ok(stage.read(&path).await?["items"] == json!([]));
    stage
        .until(&format!("the drift of {id} has ended"), ended)
        .await?;
    let here = scene.browser.url().await?;
    if !scene.script {
        scene.browser.go(&here).await?;
    }
    let gone = format!("return document.querySelector({:?}) === null", row(id));
    if !scene.browser.comes_true(&gone).await? {
        scene.note(format!("{what}: {id} still shows"));
    }
    Ok(())
}

fn expect_text(scene: &mut Scene<'_>, id: &str, text: &str, what: &str) -> Result<()> {
    let found = match scene.stage.post(id)? {
        Some(path) => std::fs::read_to_string(path)?,
        None => "no file".to_owned(),
    };
    if !found.contains(text) {
        scene.note(format!("{what}: {id} is not {text:?} but {found:?}"));
    }
    Ok(())
}
