//! What editors do on a day without trouble, and what must be told of it.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::inbox::Attempt;
use super::persons::person;
use super::theatre::Theatre;
use crate::parts::heroes::picture;

/// Seconds ahead of now: WordPress publishes at once what is due within a minute.
const AHEAD: u32 = 62;
/// Posts that one request makes: more than the plugin keeps in memory.
const IMPORTED: u64 = 250;

/// Tells the stories, one after the other.
///
/// # Errors
/// When one ends otherwise than it must.
pub(super) async fn tell(theatre: &Theatre) -> Result<()> {
    let post = whole_post(theatre).await.context("a whole post")?;
    updates(theatre, post).await.context("updates")?;
    withdrawn(theatre, post).await.context("withdrawn")?;
    quiet_drafts(theatre).await.context("drafts")?;
    locked(theatre).await.context("a password")?;
    media_and_terms(theatre).await.context("media and terms")?;
    import(theatre).await.context("an import")
}

/// Makes a post that goes live by itself in about a minute.
///
/// # Errors
/// When WordPress refuses it.
pub(super) async fn schedule(theatre: &Theatre) -> Result<u64> {
    let when = format!(
        "SELECT DATE_FORMAT(UTC_TIMESTAMP() + INTERVAL {AHEAD} SECOND, '%Y-%m-%dT%H:%i:%s')"
    );
    let when = theatre.site.sql(&when).await?;
    let entry =
        json!({ "title": "Later", "status": "future", "date_gmt": when, "content": "Later." });
    let post = theatre.site.create("posts", &entry).await?;
    ensure!(
        theatre.messages(post).await?.is_empty(),
        "a scheduled post was told at once"
    );
    Ok(post)
}

/// WP-Cron publishes the scheduled post, and that is told.
///
/// # Errors
/// When it is not.
pub(super) async fn goes_live(theatre: &Theatre, post: u64) -> Result<()> {
    theatre
        .until("the scheduled post goes live", |inbox| {
            !inbox.of_post(post).is_empty()
        })
        .await?;
    kinds(theatre, post, &["post.published"]).await.map(|_| ())
}

/// One save with terms, picture and fields, which REST sets after the post, is one message with all of it.
async fn whole_post(theatre: &Theatre) -> Result<u64> {
    let site = &theatre.site;
    let category = site.create("categories", &json!({ "name": "R&D" })).await?;
    let tags = [
        site.create("tags", &json!({ "name": "Küche" })).await?,
        site.create("tags", &json!({ "name": "日本 🚢" })).await?,
    ];
    let medium = site.upload("hero.png", picture(1)?).await?;
    let alt = json!({ "alt_text": "A gradient, \"red\"" });
    site.change("media", medium, &alt).await?;
    let entry = json!({
        "title": "Fish & Chips: 5 < 7 🐟", "slug": "fish", "status": "publish", "excerpt": "About fish",
        "content": "<p>Back\\slash, 日本.</p>", "categories": [category], "tags": tags, "featured_media": medium,
        "meta": { "rating": 5 },
    });
    let post = site.create("posts", &entry).await?;
    let message = one(kinds(theatre, post, &["post.published"]).await?)?;
    let data = message.data();
    let expected = json!({
        "id": post, "post_type": "post", "parent": null, "status": "publish", "slug": "fish", "locale": null,
        "title": "Fish & Chips: 5 < 7 🐟", "content": "<p>Back\\slash, 日本.</p>\n", "excerpt": "About fish",
        "link": site.url("/fish/"), "author": "publisher", "categories": ["R&D"], "meta": { "rating": 5 },
    });
    for (field, value) in expected.as_object().into_iter().flatten() {
        ensure!(data[field] == *value, "{field}: {}", data[field]);
    }
    let mut named: Vec<&str> = strings(&data["tags"]);
    named.sort_unstable();
    ensure!(named == ["Küche", "日本 🚢"], "tags: {named:?}");
    let hero = &data["featured_media"];
    ensure!(
        hero["id"] == medium
            && hero["alt"] == "A gradient, \"red\""
            && hero["filename"] == "hero.png",
        "featured_media: {hero}"
    );
    ensure!(ends(&hero["url"], "/hero.png"), "url: {hero}");
    ensure!(
        ends(&data["modified"], "Z") && ends(&data["published"], "Z"),
        "times: {data}"
    );
    let number = format!("-{}", message.version());
    ensure!(message.id.ends_with(&number), "the id is {}", message.id);
    Ok(post)
}

/// An update has a higher version; one of terms alone, past REST, is told as well.
async fn updates(theatre: &Theatre, post: u64) -> Result<()> {
    let site = &theatre.site;
    let entry = json!({ "title": "Fish, again", "featured_media": 0, "tags": [] });
    site.change("posts", post, &entry).await?;
    let messages = kinds(theatre, post, &["post.published"; 2]).await?;
    let [first, second] = &messages[..] else {
        anyhow::bail!("{} messages", messages.len());
    };
    ensure!(
        second.version() > first.version(),
        "versions {} and {}",
        first.version(),
        second.version()
    );
    let shown = &site.read("posts", post).await?["slugline_version"];
    ensure!(*shown == second.version(), "REST shows version {shown}");
    let data = second.data();
    ensure!(
        data["title"] == "Fish, again"
            && data["featured_media"].is_null()
            && data["tags"] == json!([]),
        "{data}"
    );
    ensure!(data["categories"] == json!(["R&D"]), "{data}");
    Ok(())
}

/// To a draft and back, into the trash and back, and away.
async fn withdrawn(theatre: &Theatre, post: u64) -> Result<()> {
    let site = &theatre.site;
    let (draft, publish) = (json!({ "status": "draft" }), json!({ "status": "publish" }));
    site.change("posts", post, &draft).await?;
    kinds_after(theatre, post, 2, &["post.unpublished"]).await?;
    site.change("posts", post, &publish).await?;
    kinds_after(theatre, post, 3, &["post.published"]).await?;
    site.remove(post, false).await?;
    let trashed = one(kinds_after(theatre, post, 4, &["post.unpublished"]).await?)?;
    ensure!(trashed.data()["slug"] == "fish", "{}", trashed.data());
    site.change("posts", post, &publish).await?;
    let restored = one(kinds_after(theatre, post, 5, &["post.published"]).await?)?;
    ensure!(restored.data()["slug"] == "fish", "{}", restored.data());
    site.remove(post, true).await?;
    let deleted = one(kinds_after(theatre, post, 6, &["post.deleted"]).await?)?;
    let expected = json!({ "id": post, "post_type": "post", "version": deleted.version(), "slug": "fish", "locale": null });
    ensure!(*deleted.data() == expected, "{}", deleted.data());
    Ok(())
}

/// What nobody can read is not told.
async fn quiet_drafts(theatre: &Theatre) -> Result<()> {
    let entry =
        json!({ "title": "Not yet", "status": "draft", "content": "x", "meta": { "rating": 1 } });
    let post = theatre.site.create("posts", &entry).await?;
    let entry = json!({ "content": "y", "categories": [], "status": "pending" });
    theatre.site.change("posts", post, &entry).await?;
    kinds(theatre, post, &[]).await.map(|_| ())
}

/// A post with a password is not public, so that its text goes nowhere.
async fn locked(theatre: &Theatre) -> Result<()> {
    let entry =
        json!({ "title": "Members", "status": "publish", "content": "x", "password": "secret" });
    let post = theatre.site.create("posts", &entry).await?;
    kinds(theatre, post, &[]).await?;
    let open = json!({ "password": "" });
    theatre.site.change("posts", post, &open).await?;
    kinds(theatre, post, &["post.published"]).await?;
    let shut = json!({ "password": "secret" });
    theatre.site.change("posts", post, &shut).await?;
    kinds(theatre, post, &["post.published", "post.unpublished"])
        .await
        .map(|_| ())
}

/// Media and terms have messages of their own; the last one shows the last state.
async fn media_and_terms(theatre: &Theatre) -> Result<()> {
    let site = &theatre.site;
    let medium = site.upload("other.png", picture(2)?).await?;
    site.change("media", medium, &json!({ "alt_text": "Other" }))
        .await?;
    let tag = site.create("tags", &json!({ "name": "Old name" })).await?;
    site.change("tags", tag, &json!({ "name": "New & name" }))
        .await?;
    theatre.all_sent().await?;
    let told = about(theatre, "media.", medium).await;
    ensure!(
        told.iter().all(|it| it.kind() == "media.changed"),
        "{told:?}"
    );
    let last = told.last().context("nothing about the medium")?.data();
    ensure!(
        last["alt"] == "Other" && last["filename"] == "other.png",
        "{last}"
    );
    let told = about(theatre, "term.", tag).await;
    let last = told.last().context("nothing about the tag")?.data();
    ensure!(
        last["name"] == "New & name" && last["taxonomy"] == "post_tag",
        "{last}"
    );
    site.remove_from("media", medium).await?;
    site.remove_from("tags", tag).await?;
    theatre.all_sent().await?;
    for (family, id, kind) in [
        ("media.", medium, "media.deleted"),
        ("term.", tag, "term.deleted"),
    ] {
        let told = about(theatre, family, id).await;
        ensure!(
            told.last().is_some_and(|it| it.kind() == kind),
            "{kind}: {told:?}"
        );
    }
    Ok(())
}

/// One request that makes more posts than the plugin keeps in memory: each is told, the terms and fields set after it too.
async fn import(theatre: &Theatre) -> Result<()> {
    let said = person(&theatre.site, "import", IMPORTED).await?;
    let posts: Vec<u64> = said.lines().map(str::parse).collect::<Result<_, _>>()?;
    ensure!(posts.len() as u64 == IMPORTED, "{said}");
    theatre.all_sent().await?;
    let receiver = theatre.receiver().await;
    let inbox = receiver.inbox();
    for (number, post) in (1..).zip(posts) {
        let messages = inbox.of_post(post);
        let last = messages.last().context("an imported post was not told")?;
        let tags = json!([format!("import {number}")]);
        ensure!(
            last.data()["tags"] == tags && last.data()["meta"]["rating"] == number,
            "{}",
            last.body
        );
    }
    Ok(())
}

/// The messages about a post, which must be of these types and in the order of their versions.
///
/// # Errors
/// When they are others.
pub(super) async fn kinds(theatre: &Theatre, post: u64, expected: &[&str]) -> Result<Vec<Attempt>> {
    kinds_after(theatre, post, 0, expected).await
}

async fn kinds_after(
    theatre: &Theatre,
    post: u64,
    known: usize,
    expected: &[&str],
) -> Result<Vec<Attempt>> {
    let messages = theatre.messages(post).await?;
    ensure!(
        messages.is_sorted_by_key(Attempt::version),
        "not in order: {messages:?}"
    );
    let new = messages.get(known..).unwrap_or_default();
    let kinds: Vec<&str> = new.iter().map(Attempt::kind).collect();
    ensure!(
        kinds == expected,
        "post {post} must have {expected:?} after {known} messages, has {kinds:?}"
    );
    Ok(new.to_vec())
}

async fn about(theatre: &Theatre, family: &str, id: u64) -> Vec<Attempt> {
    let receiver = theatre.receiver().await;
    let inbox = receiver.inbox();
    let about = |it: &&Attempt| it.taken && it.kind().starts_with(family) && it.data()["id"] == id;
    inbox.attempts.iter().filter(about).cloned().collect()
}

fn one(messages: Vec<Attempt>) -> Result<Attempt> {
    messages.into_iter().next().context("no message")
}

fn strings(list: &Value) -> Vec<&str> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).collect()
}

fn ends(text: &Value, with: &str) -> bool {
    text.as_str().is_some_and(|text| text.ends_with(with))
}
