//! Webhooks: which are kept, which were acknowledged, and what must have come of them.
//!
//! Ensures that a webhook is kept once whatever comes twice (P2), that what was acknowledged is not lost
//! (P1), and that a removal in all locales leaves nothing older behind (P4).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use slugline_core::ids::WebhookId;
use slugline_core::item::ItemKey;
use slugline_core::problem::Problem;
use slugline_core::source::{ALL_LOCALES, Change, Locales, What};
use slugline_core::version::Version;
use slugline_engine::store::{Kept, NewWebhook, RepeatKey, WebhookState, WebhookView};
use slugline_engine::webhooks::Receipt;

use super::mirror::MIRROR;
use super::{Judged, Model, broken};
use crate::plan::OWNER;
use crate::sender::TOLERANCE;

/// The name of the source.
pub(crate) const SOURCE: &str = "cms";

/// Entries in their locales.
pub(crate) type Places = BTreeSet<(String, String)>;

/// Judges what became of a webhook that somebody had read and sent again, so long after it was signed.
pub(crate) fn judge_captured(age: Duration, answer: Option<&Result<Receipt, Problem>>) -> Judged {
    match answer {
        Some(Ok(receipt)) if age > TOLERANCE => broken(
            "P2",
            format!("a webhook was taken that was signed {age:?} before: {receipt:?}"),
        ),
        _ => Ok(()),
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Webhooks {
    kept: BTreeMap<RepeatKey, WebhookId>,
    /// Those that may come again and be others: their source is asked.
    unkeyed: BTreeSet<WebhookId>,
    /// By the webhook's number in the plan: what it says, and under which number it was kept.
    acknowledged: BTreeMap<usize, (WebhookId, Vec<Change>)>,
    /// News of the blog's that were acknowledged.
    mirrored: BTreeSet<WebhookId>,
}

impl Model {
    /// Judges what the store kept, and takes it over.
    pub(crate) fn judge_kept(&mut self, new: &[NewWebhook], kept: &[Kept]) -> Judged {
        for (webhook, kept) in new.iter().zip(kept) {
            let Some(key) = webhook.repeat_key else {
                if let Kept::New(id) = kept {
                    self.webhooks.unkeyed.insert(*id);
                }
                continue;
            };
            let known = self.webhooks.kept.get(&key).copied();
            match (kept, known) {
                (Kept::New(id), None) => _ = self.webhooks.kept.insert(key, *id),
                (Kept::Before(view), Some(id)) if view.webhook_id == id => {}
                _ => return broken("P2", format!("{kept:?}, and known is {known:?}")),
            }
        }
        Ok(())
    }

    /// A sender was answered with success.
    pub(crate) fn acknowledge(
        &mut self,
        (source, number): (&str, usize),
        changes: &[Change],
        id: WebhookId,
    ) -> Judged {
        let mut kept = self.webhooks.kept.values().chain(&self.webhooks.unkeyed);
        if !kept.any(|kept| *kept == id) {
            return broken("P1", format!("{id} was answered before it was kept"));
        }
        if source == MIRROR {
            self.webhooks.mirrored.insert(id);
            return Ok(());
        }
        let told = (id, changes.to_vec());
        match self.webhooks.acknowledged.insert(number, told) {
            // Signed anew, it may be another removal.
            Some((first, _)) if first != id && !changes.iter().any(Change::may_read_alike) => {
                broken("P2", format!("webhook {number} is {first} and {id}"))
            }
            _ => Ok(()),
        }
    }

    /// Webhooks that were acknowledged.
    pub(crate) fn acknowledged(&self) -> Vec<WebhookId> {
        let told = self.webhooks.acknowledged.values().map(|(id, _)| id);
        told.chain(&self.webhooks.mirrored).copied().collect()
    }

    /// Judges how a webhook that was acknowledged ended.
    pub(crate) fn judge_webhook(&self, id: WebhookId, view: Option<&WebhookView>) -> Judged {
        match view.map(|view| view.state) {
            None => broken("P1", format!("{id} was acknowledged and is not there")),
            Some(WebhookState::Done | WebhookState::Ignored) => Ok(()),
            Some(_) => broken("P6", format!("{id} ended as {view:?}")),
        }
    }

    /// Judges that every item is as new as the newest that was acknowledged of it. Where that was only news, the
    /// CMS's word counts instead: `there` is what it has, and `news_only` whether of removals as well.
    pub(crate) fn judge_told(&self, there: Option<&Places>, news_only: bool) -> Judged {
        let told = self.webhooks.acknowledged.values();
        for (id, change) in told.flat_map(|(id, changes)| changes.iter().map(move |one| (id, one)))
        {
            let (Some(version), What::Published | What::Unpublished | What::Deleted) =
                (change.version, change.what)
            else {
                continue;
            };
            let is_there = |item: &ItemKey| {
                let place = (change.entry.clone(), item.locale.clone());
                there.is_none_or(|there| there.contains(&place))
            };
            let counts = match change.what {
                What::Published => self.meant(change).iter().all(is_there),
                _ => !news_only,
            };
            if let Err(what) = self.is_known(change, version)
                && counts
            {
                return broken("P1", format!("{id} says {what}"));
            }
            self.judge_removed(id, change, version)?;
        }
        Ok(())
    }

    /// Judges that what the CMS does not have is not shown, unless a person has brought it back.
    pub(crate) fn judge_gone(&self, (entry, locale): &(String, String)) -> Judged {
        let item = ItemKey {
            owner: OWNER.into(),
            environment: "production".into(),
            content_id: format!("{SOURCE}:{entry}"),
            locale: locale.clone(),
        };
        match self.items.get(&item) {
            Some(known) if known.is_shown() && !known.revised => broken(
                "P6",
                format!("the CMS does not have {item:?}, which is {known:?}"),
            ),
            _ => Ok(()),
        }
    }

    /// Judges that something which is public at the CMS is known, whether or not a webhook told of it.
    pub(crate) fn judge_found(&self, change: &Change) -> Judged {
        let Some(version) = change.version else {
            return Ok(());
        };
        match self.is_known(change, version) {
            Ok(()) => Ok(()),
            Err(what) => broken("P6", format!("the CMS has {what}")),
        }
    }

    /// Judges that it is shown, unless a person has made something else of it.
    pub(crate) fn judge_still_there(&self, change: &Change) -> Judged {
        let meant = self.meant(change);
        let mut known = meant.iter().filter_map(|item| self.items.get(item));
        match known.find(|item| !item.is_shown() && !item.revised) {
            None => Ok(()),
            Some(item) => broken(
                "P6",
                format!("the CMS has {change:?}, and left is {item:?}"),
            ),
        }
    }

    /// Whether every item that a change names is as new as this; else what is not.
    fn is_known(&self, change: &Change, version: Version) -> Result<(), String> {
        for item in self.meant(change) {
            let known = self.items.get(&item);
            let whole = self.items.get(&ItemKey {
                locale: ALL_LOCALES.into(),
                ..item.clone()
            });
            let as_new = |known: &super::intake::Item| known.is_as_new_as(version);
            if !known.is_some_and(as_new) && !whole.is_some_and(as_new) {
                return Err(format!("{change:?}, and {item:?} is {known:?}, {whole:?}"));
            }
        }
        Ok(())
    }

    /// The items that a change names.
    fn meant(&self, change: &Change) -> Vec<ItemKey> {
        let item = |locale: &str| ItemKey {
            owner: OWNER.into(),
            environment: "production".into(),
            content_id: format!("{SOURCE}:{}", change.entry),
            locale: locale.into(),
        };
        match (&change.locales, change.what) {
            (Locales::One(locale), _) => vec![item(locale)],
            (Locales::All, What::Unpublished | What::Deleted) => vec![item(ALL_LOCALES)],
            _ => vec![item("en")],
        }
    }

    /// What is older than a removal in all locales is removed, unless a person has brought it back.
    fn judge_removed(&self, id: &WebhookId, change: &Change, version: Version) -> Judged {
        if change.locales != Locales::All || change.what == What::Published {
            return Ok(());
        }
        let content_id = format!("{SOURCE}:{}", change.entry);
        let left = self.items.iter().find(|(key, item)| {
            let is_its = key.content_id == content_id && item.is_shown();
            is_its && !item.revised && !item.is_newer_than(version)
        });
        match left {
            Some(left) => broken("P4", format!("{id} says {change:?}, and left is {left:?}")),
            None => Ok(()),
        }
    }
}
