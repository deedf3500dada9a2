//! Running again what was asked for before: tried first, then just what was shown.

use anyhow::Result;
use serde_json::json;

use super::expect::Scene;

/// All of it.
///
/// # Errors
/// When the browser or the server does not answer.
pub(crate) async fn all(scene: &mut Scene<'_>) -> Result<()> {
    let id = format!("replayed-{}", scene.mode);
    scene
        .stage
        .ended((&id, 1, "partner"), json!({ "title": id }), "failed")
        .await?;
    scene.go("/replays").await?;
    scene
        .browser
        .write("form.filter input[name=content]", &id)
        .await?;
    scene.click("form.filter button").await?;
    scene
        .says(
            "#live-progress",
            "1 of 1 would run again",
            "try a replay, which has",
        )
        .await?;
    scene.is_whole("a replay that was tried").await?;
    scene.stage.partner.takes_all(true);
    scene.click("form[action$='/start'] button").await?;
    scene.says(".said", "It runs.", "start a replay").await?;
    scene
        .comes("#live-progress", "1 of 1 events", "start a replay")
        .await?;
    scene
        .comes("#live-events", "live", "start a replay")
        .await?;
    scene.stage.partner.takes_all(false);
    let times = scene.stage.partner.took(&id).len();
    if times != 1 {
        scene.note(format!("a replay: the partner took it {times} times"));
    }
    Ok(())
}
