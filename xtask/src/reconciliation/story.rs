//! What is published, what people do to it, and what must be found.

use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hyper::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::stage::{AT_ONCE, Stage};

/// Posts that Slugline publishes.
const POSTS: usize = 1_000;
/// Posts that the person wrote.
const THEIRS: usize = 300;
/// Which posts are deleted by hand, …
const DELETED: Range<usize> = 0..10;
/// … altered by hand, …
const ALTERED: Range<usize> = 100..110;
/// … and unpublished, and brought back by hand.
const BROUGHT_BACK: Range<usize> = 200..210;
/// Those that the fresh site has: a greeting, a sample page and a draft of its terms.
const FRESH: i64 = 3;

fn name(number: usize) -> String {
    format!("post-{number:04}")
}

fn names(numbers: Range<usize>) -> Vec<String> {
    numbers.map(name).collect()
}

fn request(number: usize) -> Value {
    let name = name(number);
    json!({
        "request_id": name, "content_id": name, "version": 1,
        "payload": { "title": format!("Post {number}"), "slug": name, "body": format!("<p>Post {number}: 5 &lt; 7.</p>") },
    })
}

/// Tells it.
///
/// # Errors
/// When something is otherwise than it must be.
pub(super) async fn tell(binary: PathBuf) -> Result<()> {
    let stage = Stage::set(binary).await?;
    let began = Instant::now();
    furnish(&stage).await?;
    println!(
        "  {POSTS} posts and {THEIRS} by a person after {:.1} s",
        began.elapsed().as_secs_f64()
    );
    let posts = Posts::of(&stage).await?;
    meddle(&stage, &posts).await?;
    let before = (stage.theirs().await?, posts.contents(&stage).await?);
    found(&stage).await?;
    let after = (stage.theirs().await?, posts.contents(&stage).await?);
    ensure!(after == before, "a dry run changed something");
    repaired(&stage).await?;
    let after = (stage.theirs().await?, posts.contents(&stage).await?);
    ensure!(
        after == before,
        "what people did was undone, or what they wrote was changed"
    );
    println!("  all of it after {:.1} s", began.elapsed().as_secs_f64());
    stage.close().await
}

async fn furnish(stage: &Stage) -> Result<()> {
    let theirs = (0..THEIRS).map(|number| async move {
        let entry = json!({ "title": format!("By hand {number}"), "status": "publish", "content": "<p>By hand.</p>" });
        stage.person.send(Method::POST, "/wp/v2/posts", &entry).await
    });
    let theirs = stream::iter(theirs).buffer_unordered(AT_ONCE);
    theirs.try_collect::<Vec<Value>>().await?;
    stage.publish((0..POSTS).map(request).collect()).await?;
    stage.settled().await?;
    let gone = BROUGHT_BACK.map(|number| {
        let key = format!("{}-gone", name(number));
        json!({ "request_id": key, "content_id": name(number), "version": 2, "action": "unpublish" })
    });
    stage.publish(gone.collect()).await?;
    stage.settled().await
}

/// Posts that people meddle with, by WordPress' numbers.
struct Posts {
    deleted: Vec<u64>,
    altered: Vec<u64>,
    brought_back: Vec<u64>,
}

impl Posts {
    async fn of(stage: &Stage) -> Result<Self> {
        let ids = async |numbers: Range<usize>| -> Result<Vec<u64>> {
            let mut ids = Vec::new();
            for number in numbers {
                ids.push(stage.post_of(&name(number)).await?);
            }
            Ok(ids)
        };
        Ok(Self {
            deleted: ids(DELETED).await?,
            altered: ids(ALTERED).await?,
            brought_back: ids(BROUGHT_BACK).await?,
        })
    }

    /// What people made of those that are there.
    async fn contents(&self, stage: &Stage) -> Result<Vec<String>> {
        let ids = [self.altered.clone(), self.brought_back.clone()].concat();
        let mut contents = stage.column("post_content", &ids).await?;
        contents.extend(stage.column("post_status", &ids).await?);
        contents.extend(stage.column("post_modified_gmt", &ids).await?);
        Ok(contents)
    }
}

/// What people do in WordPress.
async fn meddle(stage: &Stage, posts: &Posts) -> Result<()> {
    for id in &posts.deleted {
        let path = format!("/wp/v2/posts/{id}?force=true");
        stage
            .person
            .send(Method::DELETE, &path, &Value::Null)
            .await?;
    }
    for id in &posts.altered {
        let entry = json!({ "content": "<p>Mended by hand.</p>" });
        let path = format!("/wp/v2/posts/{id}");
        stage.person.send(Method::POST, &path, &entry).await?;
    }
    for (number, id) in BROUGHT_BACK.zip(&posts.brought_back) {
        let entry = json!({ "status": "publish", "slug": name(number) });
        let path = format!("/wp/v2/posts/{id}");
        stage.person.send(Method::POST, &path, &entry).await?;
    }
    Ok(())
}

/// A dry run finds exactly what people did.
async fn found(stage: &Stage) -> Result<()> {
    let counts = stage.reconcile(true).await?;
    let unmanaged = counts["unmanaged"].as_i64().unwrap_or_default();
    ensure!(
        (THEIRS as i64..=THEIRS as i64 + FRESH).contains(&unmanaged),
        "{unmanaged} unmanaged"
    );
    for (kind, numbers) in [
        ("missing", DELETED),
        ("diverged", ALTERED),
        ("extra", BROUGHT_BACK),
        ("stale", 0..0),
    ] {
        ensure!(counts[kind] == numbers.len(), "{kind}: {}", counts[kind]);
        let drifted = stage.drifted(kind).await?;
        ensure!(drifted == names(numbers), "{kind}: {drifted:?}");
    }
    let rest = POSTS - DELETED.len() - ALTERED.len() - BROUGHT_BACK.len();
    ensure!(counts["in_sync"] == rest, "in sync: {}", counts["in_sync"]);
    ensure!(counts["repaired"] == 0, "a dry run repairs");
    Ok(())
}

/// What is missing comes back, and nothing else is done.
async fn repaired(stage: &Stage) -> Result<()> {
    ensure!(stage.public(&names(DELETED)).await? == 0, "not deleted");
    let counts = stage.reconcile(false).await?;
    ensure!(
        counts["repaired"] == DELETED.len(),
        "repaired: {}",
        counts["repaired"]
    );
    stage.until_none("missing").await?;
    let back = stage.public(&names(DELETED)).await?;
    ensure!(back == DELETED.len(), "{back} came back");
    let again = stage.reconcile(false).await?;
    ensure!(again["missing"] == 0 && again["repaired"] == 0, "{again}");
    ensure!(again["diverged"] == ALTERED.len(), "{again}");
    ensure!(again["extra"] == BROUGHT_BACK.len(), "{again}");
    Ok(())
}
