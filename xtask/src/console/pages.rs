//! The pages, by name and path.

use super::stage::Stage;

/// A page.
pub(crate) struct Page {
    /// What its pictures are called.
    pub(crate) name: &'static str,
    /// Where it is.
    pub(crate) path: String,
    /// What it must say.
    pub(crate) says: &'static str,
}

/// All pages of somebody who is signed in.
pub(crate) fn all(stage: &Stage) -> Vec<Page> {
    let page = |name, path: &str, says| Page {
        name,
        path: path.into(),
        says,
    };
    vec![
        page("overview", "/", "What is live where"),
        page("content", "/content", "publish-once"),
        page("item", "/content/publish-once", "What changed"),
        page(
            "strange",
            "/content/%3Cb%3Estrange%3C%2Fb%3E",
            "<b>strange</b>",
        ),
        page(
            "diff",
            "/diff?content=publish-once&environment=production&locale=en&from=1&to=2",
            "Nobody can tell",
        ),
        page(
            "publish",
            "/publishes/publish-once-2",
            "read back and matched",
        ),
        page(
            "dead-letters",
            "/dead-letters",
            "The destination refused the content.",
        ),
        page(
            "bulk",
            "/dead-letters/act?do=retry&all=yes",
            "What will be touched",
        ),
        page(
            "job",
            &format!("/jobs/{}", stage.refused),
            "the brief has no summary",
        ),
        page(
            "edit",
            &format!("/jobs/{}/edit", stage.refused),
            "Everything else",
        ),
        page("drift", "/drift", "Somebody changed it at the destination."),
        // The comparison that found it.
        page(
            "reconciliation",
            "/reconciliations/rec_00000001",
            "What has drifted",
        ),
        page("replays", "/replays", "dry run"),
        page(
            "replay",
            &format!("/replays/{}", stage.replay),
            "would run again",
        ),
        page("calendar", "/calendar", "launch-day"),
        page("destinations", "/destinations", "What it can do"),
        page("sources", "/sources", "Last refused"),
        page(
            "webhook",
            &format!("/webhooks/{}", stage.webhook),
            "As it came",
        ),
        page("failed-webhooks", "/sources?state=failed", "All webhooks"),
        page("activity", "/activity", "Publish accepted"),
    ]
}
