//! A receiver that refuses, hangs up or is not there, many editors at once, and requests that die: nothing is lost, no
//! message changes, and no post holds up another.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::task::JoinSet;

use super::persons::{dies, person};
use super::receiver::Mood;
use super::stories::kinds;
use super::theatre::Theatre;

/// Attempts that must fail before the receiver gets better.
const FAILURES: usize = 3;
/// Posts written while the receiver is down: more than the plugin tries before it calls the receiver absent.
const MEANWHILE: usize = 5;
/// Posts that are made at the same time.
const AT_ONCE: usize = 50;
/// Persons who write the same post at the same time: more than the site works for at once, so that some write while
/// others' messages are being made.
const WRITERS: usize = 12;
/// How often they do: one race alone seldom shows a wrong order.
const RACES: usize = 12;

/// Tells the stories, one after the other.
///
/// # Errors
/// When one ends otherwise than it must.
pub(super) async fn tell(theatre: &Theatre) -> Result<()> {
    let moods = [
        Mood::Refusing,
        Mood::HangingUp,
        Mood::Hanging,
        Mood::Leaving,
    ];
    for mood in moods {
        comes_again(theatre, mood)
            .await
            .with_context(|| format!("{mood:?}"))?;
    }
    down(theatre).await.context("a receiver that is down")?;
    neighbours(theatre).await.context("one post refused")?;
    at_once(theatre).await.context("many at once")?;
    for _ in 0..RACES {
        race(theatre).await.context("one post, many writers")?;
    }
    killed(theatre).await.context("requests that die")?;
    command(theatre).await.context("wp slugline send")
}

/// A message that was not taken comes again under its id with its body. That is checked of every attempt; here, that it comes.
async fn comes_again(theatre: &Theatre, mood: Mood) -> Result<()> {
    theatre.receiver().await.be(mood);
    let post = publish(theatre, "Again").await?;
    theatre
        .until("attempts that fail", |inbox| {
            inbox.attempts_of(post).len() >= FAILURES
        })
        .await?;
    ensure!(
        theatre.in_state("waiting").await? == 1,
        "the row does not wait"
    );
    theatre.receiver().await.be(Mood::Good);
    kinds(theatre, post, &["post.published"]).await?;
    let receiver = theatre.receiver().await;
    let inbox = receiver.inbox();
    let attempts = inbox.attempts_of(post);
    let first = attempts.first().context("no attempt")?;
    ensure!(
        attempts.iter().all(|it| it.id == first.id),
        "more than one id: {attempts:?}"
    );
    Ok(())
}

/// What is written while nobody listens arrives later, each post's messages in their order.
async fn down(theatre: &Theatre) -> Result<()> {
    theatre.receiver().await.down().await;
    let mut posts = Vec::new();
    for _ in 0..MEANWHILE {
        let post = publish(theatre, "Meanwhile").await?;
        theatre
            .site
            .change("posts", post, &json!({ "title": "Meanwhile, again" }))
            .await?;
        posts.push(post);
    }
    theatre.site.cron().await?;
    ensure!(
        theatre.in_state("waiting").await? == 2 * MEANWHILE,
        "rows are missing"
    );
    theatre.receiver().await.up().await?;
    for post in posts {
        let messages = kinds(theatre, post, &["post.published"; 2]).await?;
        let last = messages.last().context("no message")?;
        ensure!(last.data()["title"] == "Meanwhile, again", "{}", last.body);
    }
    Ok(())
}

/// A post whose message is refused holds up its own next message and nobody else's.
async fn neighbours(theatre: &Theatre) -> Result<()> {
    // Refused from its first message on: it is a draft until then.
    let entry = json!({ "title": "Refused", "content": "x", "status": "draft" });
    let refused = theatre.site.create("posts", &entry).await?;
    theatre.receiver().await.be(Mood::RefusingPost(refused));
    for title in ["Refused", "Refused, again"] {
        let entry = json!({ "title": title, "status": "publish" });
        theatre.site.change("posts", refused, &entry).await?;
    }
    let other = publish(theatre, "Neighbour").await?;
    theatre
        .until("the neighbour arrives", |inbox| {
            inbox.of_post(other).len() == 1 && inbox.attempts_of(refused).len() >= FAILURES
        })
        .await?;
    {
        let receiver = theatre.receiver().await;
        let inbox = receiver.inbox();
        let attempts = inbox.attempts_of(refused);
        ensure!(
            attempts.iter().all(|it| it.id == attempts[0].id),
            "the second message overtook the first: {attempts:?}"
        );
    }
    theatre.receiver().await.be(Mood::Good);
    kinds(theatre, refused, &["post.published"; 2])
        .await
        .map(|_| ())
}

/// Many editors at once: each post is one message.
async fn at_once(theatre: &Theatre) -> Result<()> {
    let mut making = JoinSet::new();
    for number in 0..AT_ONCE {
        let site = Arc::clone(&theatre.site);
        making.spawn(async move {
            let entry =
                json!({ "title": format!("At once {number}"), "status": "publish", "content": "x" });
            site.create("posts", &entry).await
        });
    }
    let posts: Vec<u64> = making.join_all().await.into_iter().collect::<Result<_>>()?;
    for post in posts {
        kinds(theatre, post, &["post.published"]).await?;
    }
    Ok(())
}

/// Many writers of one post: the highest version shows what the post is in the end, whoever was last.
async fn race(theatre: &Theatre) -> Result<()> {
    let entry = json!({ "title": "Contested", "status": "publish", "content": "[slow]" });
    let post = theatre.site.create("posts", &entry).await?;
    let mut writing = JoinSet::new();
    for number in 0..WRITERS {
        let site = Arc::clone(&theatre.site);
        writing.spawn(async move {
            let entry = json!({ "title": format!("Writer {number}") });
            site.change("posts", post, &entry).await
        });
    }
    writing
        .join_all()
        .await
        .into_iter()
        .collect::<Result<()>>()?;
    let messages = theatre.messages(post).await?;
    ensure!(messages.len() == WRITERS + 1, "{} messages", messages.len());
    let newest = messages.iter().max_by_key(|it| it.version());
    let newest = newest.context("no message")?;
    let sql = format!("SELECT post_title FROM wp_posts WHERE ID = {post}");
    let title = theatre.site.sql(&sql).await?;
    ensure!(newest.data()["title"] == title, "{title}: {}", newest.body);
    Ok(())
}

/// A request that dies right after WordPress has written is made up for by the next sender.
async fn killed(theatre: &Theatre) -> Result<()> {
    let site = &theatre.site;
    let updated = publish(theatre, "To be updated").await?;
    let deleted = publish(theatre, "To be deleted").await?;
    theatre.all_sent().await?;
    dies(site, "die-updating", updated).await?;
    dies(site, "die-deleting", deleted).await?;
    dies(site, "die-inserting", 0).await?;
    let left = theatre.in_state("open").await?;
    ensure!(left == 3, "{left} rows were left open");
    // Their requests might still be running, as far as the plugin knows: ten minutes pass.
    let later = "UPDATE wp_slugline_outbox SET created_at = created_at - 600 WHERE state = 'open'";
    site.sql(later).await?;
    let messages = kinds(theatre, updated, &["post.published"; 2]).await?;
    let last = messages.last().context("no message")?;
    ensure!(last.data()["title"] == "Died updating", "{}", last.body);
    kinds(theatre, deleted, &["post.published", "post.deleted"]).await?;
    let sql = "SELECT ID FROM wp_posts WHERE post_title = 'Died inserting'";
    let inserted = site.sql(sql).await?.parse()?;
    kinds(theatre, inserted, &["post.published"])
        .await
        .map(|_| ())
}

/// The command sends what waits, without a visitor and without WP-Cron.
async fn command(theatre: &Theatre) -> Result<()> {
    theatre.receiver().await.down().await;
    let post = publish(theatre, "By command").await?;
    theatre.receiver().await.up().await?;
    let sql = "UPDATE wp_slugline_outbox SET next_at = 0 WHERE state = 'waiting'";
    theatre.site.sql(sql).await?;
    let said = person(&theatre.site, "send", 0).await?;
    ensure!(said == "waiting: 0, dead: 0\n", "it said: {said}");
    let receiver = theatre.receiver().await;
    let arrived = receiver.inbox().of_post(post).len();
    ensure!(arrived == 1, "{arrived} messages");
    Ok(())
}

/// Makes a live post.
///
/// # Errors
/// When WordPress refuses it.
pub(super) async fn publish(theatre: &Theatre, title: &str) -> Result<u64> {
    let entry = json!({ "title": title, "status": "publish", "content": "x" });
    theatre.site.create("posts", &entry).await
}
