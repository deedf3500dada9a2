//! Several contents rolled back at once, and the same question asked again by a second tab.

use anyhow::Result;

use super::expect::Scene;
use super::many_again::{titles, version};
use super::stale::{Tabs, keep, send_kept};

const CONFIRM: &str = "main form button";

/// All of it.
///
/// # Errors
/// When the browser or the server does not answer.
pub(crate) async fn all(scene: &mut Scene<'_>, tabs: Tabs<'_>) -> Result<()> {
    let environment = format!("release-{}", scene.mode);
    let both = ["a", "b"].map(|name| format!("release-{name}-{}", scene.mode));
    let alone = format!("release-alone-{}", scene.mode);
    for id in &both {
        version(scene, (id, &environment), (1, true)).await?;
        version(scene, (id, &environment), (2, true)).await?;
    }
    version(scene, (&alone, &environment), (1, true)).await?;
    let items = both
        .each_ref()
        .map(|id| format!("item=%7C2%7C{environment}%7Cen%7C{id}"));
    let question = format!("/content-release?{}", items.join("&"));
    keep(scene, tabs, (&question, CONFIRM)).await?;
    scene
        .go(&format!("/content?environment={environment}"))
        .await?;
    for id in both.iter().chain([&alone]) {
        let tick = format!("input[name=item][aria-label^='{id},']");
        scene.click(&tick).await?;
    }
    scene.click(".bulk button").await?;
    scene
        .says("h1", "Roll back 2 contents?", "a release")
        .await?;
    scene
        .says("tbody", "“version 1”, comes back at partner", "a release")
        .await?;
    scene
        .says("main", "What is left alone", "a release")
        .await?;
    scene.is_whole_everywhere("release").await?;
    scene.click(CONFIRM).await?;
    scene.says("h1", "2 of 2 done", "a release").await?;
    scene.is_whole("what came of a release").await?;
    let expected = ["version 1", "version 2", "version 1"];
    for id in &both {
        let back = async || Ok(titles(scene, id).len() == expected.len());
        scene
            .stage
            .until("the version before is told again", back)
            .await?;
    }
    send_kept(scene, tabs, CONFIRM).await?;
    scene.says("h1", "0 of 2 done", "a second release").await?;
    for id in &both {
        let took = titles(scene, id);
        if took != expected {
            scene.note(format!("a release: the partner took {took:?} of {id}"));
        }
    }
    scene.browser.to_tab(tabs.0).await
}
