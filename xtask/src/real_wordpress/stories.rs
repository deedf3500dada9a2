//! Tells the plan's stories to Slugline: several items at a time, each item's requests in their order.
//! Ensures that every answer is one that the plan allows. It never looks at WordPress.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::client::Client;
use super::plan::{Action, Ending, Item, Step};
use crate::parts::heroes::{PictureServer, picture, sha256};
use crate::parts::http::Answer;

/// Items whose stories are told at the same time: several times the jobs that are in flight, so that those which a
/// kill makes wait for their leases do not hold up the others.
const AT_THE_SAME_TIME: usize = 24;
/// What intake calls a request whose version is not the newest.
const STALE: &str = "stale_update_ignored";

/// Who tells the stories, and how far they are.
#[derive(Debug)]
pub(crate) struct Teller {
    /// The API.
    pub(crate) client: Client,
    /// Where pictures with a URL come from.
    pub(crate) pictures: PictureServer,
    /// The number of stories told to their end.
    pub(crate) told: watch::Sender<usize>,
}

/// Tells all of them; the keys of all accepted requests come back.
///
/// # Errors
/// The first answer that the plan does not allow, or the deadline.
pub(crate) async fn tell(teller: &Arc<Teller>, plan: &[Item]) -> Result<Vec<String>> {
    let queue = Arc::new(Mutex::new(plan.to_vec()));
    let mut tellers = JoinSet::new();
    for _ in 0..AT_THE_SAME_TIME {
        tellers.spawn(tell_from(Arc::clone(teller), Arc::clone(&queue)));
    }
    let mut keys = Vec::new();
    while let Some(told) = tellers.join_next().await {
        keys.extend(told??);
    }
    Ok(keys)
}

async fn tell_from(teller: Arc<Teller>, queue: Arc<Mutex<Vec<Item>>>) -> Result<Vec<String>> {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut keys = Vec::new();
    while let Some(item) = next() {
        keys.extend(
            teller
                .tell(&item)
                .await
                .with_context(|| format!("{} ({:?})", item.content_id(), item.story))?,
        );
        teller.told.send_modify(|told| *told += 1);
    }
    Ok(keys)
}

impl Teller {
    /// One item's story, until all its publishes have ended.
    async fn tell(&self, item: &Item) -> Result<Vec<String>> {
        let mut accepted = Vec::new();
        for step in item.steps() {
            if step.waits {
                self.until_ended(&accepted).await?;
            }
            if self.ask(item, &step).await? {
                accepted.push(item.key(&step));
            }
        }
        self.until_ended(&accepted).await?;
        self.check_dead_letter(item, &accepted).await?;
        Ok(accepted)
    }

    /// Sends a step's request; whether it was accepted, and not ignored as stale.
    async fn ask(&self, item: &Item, step: &Step) -> Result<bool> {
        let request = item.request(step, &self.medium(item, step).await?);
        let key = item.key(step);
        let again = async || {
            if step.twice {
                Some(self.client.publish(&key, &request).await)
            } else {
                None
            }
        };
        let (first, second) = tokio::join!(self.client.publish(&key, &request), again());
        let first = judge(&first?)?;
        if let Some(second) = second {
            let second = judge(&second?)?;
            ensure!(
                first["publish_id"] == second["publish_id"],
                "one key, two outcomes: {first} and {second}"
            );
        }
        let stale = first["status"] == STALE || first["publish_id"].is_null();
        ensure!(
            !stale || step.version == 1,
            "ignored as stale, though it is the newest: {first}"
        );
        Ok(!stale)
    }

    /// What the request says about its picture.
    ///
    /// # Errors
    /// When the picture cannot be made or uploaded.
    pub(crate) async fn medium(&self, item: &Item, step: &Step) -> Result<Value> {
        let number = item.picture(step.version);
        if step.action != Action::Publish || !item.uploads_pictures() {
            return Ok(json!({ "url": self.pictures.url(number) }));
        }
        let bytes = picture(number)?;
        let hash = sha256(&bytes);
        let answer = self.client.upload(bytes).await?;
        ensure!(
            (200..300).contains(&answer.status),
            "POST /v1/media: {answer}"
        );
        ensure!(
            answer.json()?["sha256"] == *hash,
            "POST /v1/media answered another hash than {hash}: {answer}"
        );
        Ok(json!({ "sha256": hash }))
    }

    async fn until_ended(&self, keys: &[String]) -> Result<()> {
        for key in keys {
            self.client.publish_until(key, has_ended).await?;
        }
        Ok(())
    }

    /// A dead letter where the plan has one, with its reason; nowhere else.
    async fn check_dead_letter(&self, item: &Item, keys: &[String]) -> Result<()> {
        for key in keys {
            let publish = self.client.publish_until(key, has_ended).await?;
            let refused =
                jobs(&publish).any(|job| job["reason_code"] == "slug_taken_at_destination");
            match (
                publish["state"] == "failed",
                item.ending() == Ending::SlugTaken,
            ) {
                (true, true) if refused => {}
                (false, false) => {}
                _ => bail!("{key} ended as it must not: {publish}"),
            }
        }
        Ok(())
    }
}

/// Whether nothing more happens to the publish by itself.
pub(crate) fn has_ended(publish: &Value) -> bool {
    !["pending", "queued", "delivering"]
        .iter()
        .any(|state| publish["state"] == *state)
}

/// Whether everything live was read back, and no second look at it is due any more.
pub(crate) fn is_settled(publish: &Value) -> bool {
    has_ended(publish)
        && jobs(publish).all(|job| job["state"] != "live" || job["evidence"] == "read_back")
}

fn jobs(publish: &Value) -> impl Iterator<Item = &Value> {
    publish["jobs"].as_array().into_iter().flatten()
}

fn judge(answer: &Answer) -> Result<Value> {
    ensure!(matches!(answer.status, 200 | 202), "refused: {answer}");
    answer.json()
}
