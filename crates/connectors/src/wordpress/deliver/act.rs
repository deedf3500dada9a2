//! Writing, in steps that each leave something a later run recognises.
//!
//! Ensures that a create can only ever leave a draft that nobody sees, that the real slug is asked
//! for while still a draft and the answer is read, and that only ids of ours are written to.

use serde_json::{Value, json};
use slugline_core::connector::Work;
use slugline_core::decide::Decision;
use slugline_core::failure::Failure;
use slugline_core::item::Action;
use slugline_core::port::{ENTRY, Port};
use slugline_core::reason::Reason;

use super::desired::{Desired, kind};
use super::entry::{Entry, EntryRef, must_move};
use super::observe::remembered;
use super::parts::Parts;
use super::site::Site;
use crate::wordpress::WordPress;
use crate::wordpress::config::Deletion;

/// Carries out a decision.
pub(in crate::wordpress) async fn act(
    vendor: &WordPress,
    work: &Work,
    decision: &Decision,
    port: &dyn Port,
) -> Result<(), Failure> {
    match decision {
        Decision::Create | Decision::Update { .. } => put(vendor, work, port).await,
        Decision::Remove { .. } => remove(vendor, work, port).await,
        Decision::NoOp | Decision::Signal | Decision::Superseded | Decision::Conflict(_) => Ok(()),
    }
}

async fn put(vendor: &WordPress, work: &Work, port: &dyn Port) -> Result<(), Failure> {
    let site = &vendor.site;
    let kind = kind(vendor, work)?;
    let current = current(site, port).await?;
    let parts = Parts::ensure(site, work, port).await?;
    let fields = Desired::new(vendor, kind, work, &parts).fields();
    let draft = match current {
        Some((at, entry)) if entry.is_live() => {
            return change(site, at, &entry, work, fields, port).await;
        }
        Some((at, _)) => refill(site, at, fields, port).await?,
        None => create(site, EntryRef { kind, id: 0 }, work, fields, port).await?,
    };
    match work.action {
        Action::Publish => go_live(site, draft, work, port).await,
        _ => Ok(()),
    }
}

/// Our entry as it is now.
async fn current(site: &Site, port: &dyn Port) -> Result<Option<(EntryRef, Entry)>, Failure> {
    let Some(at) = remembered(port).await? else {
        return Ok(None);
    };
    match site.find(port, &at.to_string()).await? {
        Some(entry) => Ok(Some((at, entry))),
        None => Err(Failure::new(
            Reason::Conflict,
            format!("{at} was removed in WordPress just now"),
        )),
    }
}

/// Phase one: a draft under the derived slug. Its id is durable before anybody can see it.
async fn create(
    site: &Site,
    at: EntryRef,
    work: &Work,
    mut fields: Value,
    port: &dyn Port,
) -> Result<(EntryRef, Entry), Failure> {
    fields["status"] = json!("draft");
    fields["slug"] = json!(work.derived_slug);
    let entry: Entry = site.post(port, at.kind.route(), &fields).await?;
    let at = EntryRef { id: entry.id, ..at };
    port.remember(&ENTRY, &at.to_string()).await?;
    Ok((at, entry))
}

/// Gives a draft, or what lies in the trash, its content. From the trash it comes back with the slug
/// that it had, whatever the request says (`_wp_desired_post_slug`), so the slug is a later step.
async fn refill(
    site: &Site,
    at: EntryRef,
    mut fields: Value,
    port: &dyn Port,
) -> Result<(EntryRef, Entry), Failure> {
    fields["status"] = json!("draft");
    Ok((at, write(site, at, &fields, port).await?))
}

/// Phase two: the slug, then the status. Both in one request would leave a permanent redirect from
/// the derived slug. They carry nothing else, so that a late one does not undo later content.
async fn go_live(
    site: &Site,
    (at, draft): (EntryRef, Entry),
    work: &Work,
    port: &dyn Port,
) -> Result<(), Failure> {
    if draft.slug != work.slug {
        let named = write(site, at, &json!({ "slug": work.slug }), port).await?;
        if named.slug != work.slug {
            write(site, at, &json!({ "slug": work.derived_slug }), port).await?;
            return Err(slug_taken(work, &named.slug));
        }
    }
    let live = write(site, at, &json!({ "status": "publish" }), port).await?;
    if live.slug != work.slug {
        retract(site, at, work, port).await?;
        return Err(slug_taken(work, &live.slug));
    }
    Ok(())
}

/// A live entry changes in one request, so that no reader sees half of it.
async fn change(
    site: &Site,
    at: EntryRef,
    entry: &Entry,
    work: &Work,
    mut fields: Value,
    port: &dyn Port,
) -> Result<(), Failure> {
    if work.action == Action::Draft {
        let advice =
            format!("{at} is live, and WordPress keeps no draft beside it; unpublish it first");
        return Err(
            Failure::new(Reason::UnsupportedContent, advice).with_fields(["action".to_owned()])
        );
    }
    if entry.slug != work.slug {
        fields["slug"] = json!(work.slug);
    }
    let changed = write(site, at, &fields, port).await?;
    if changed.slug == work.slug {
        return Ok(());
    }
    match must_move(&entry.slug, work) {
        true => retract(site, at, work, port).await?,
        false => drop(write(site, at, &json!({ "slug": entry.slug }), port).await?),
    }
    Err(slug_taken(work, &changed.slug))
}

/// Back to a draft that nobody sees, and the real slug is free.
pub(super) async fn retract(
    site: &Site,
    at: EntryRef,
    work: &Work,
    port: &dyn Port,
) -> Result<(), Failure> {
    let fields = json!({ "status": "draft", "slug": work.derived_slug });
    write(site, at, &fields, port).await.map(drop)
}

async fn remove(vendor: &WordPress, work: &Work, port: &dyn Port) -> Result<(), Failure> {
    let site = &vendor.site;
    let Some((at, entry)) = current(site, port).await? else {
        return Ok(());
    };
    match (work.action, vendor.delete) {
        (Action::Delete, Deletion::Trash) => site.delete(port, &at.to_string(), false).await,
        (Action::Delete, Deletion::Force) => {
            site.delete(port, &at.to_string(), true).await?;
            port.forget(&ENTRY).await
        }
        _ if entry.is_at_rest(&work.derived_slug) => Ok(()),
        _ => retract(site, at, work, port).await,
    }
}

async fn write(
    site: &Site,
    at: EntryRef,
    fields: &Value,
    port: &dyn Port,
) -> Result<Entry, Failure> {
    site.post(port, &at.to_string(), fields).await
}

/// WordPress never refuses a taken slug; it answers 200 with a suffix.
pub(super) fn slug_taken(work: &Work, given: &str) -> Failure {
    let message = format!(
        "WordPress gave the slug {given:?} for {:?}: an entry that is not ours holds it",
        work.slug
    );
    Failure::new(Reason::SlugTakenAtDestination, message).with_fields(["payload.slug".to_owned()])
}
