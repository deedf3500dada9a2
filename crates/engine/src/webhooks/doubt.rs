//! Webhooks that have the bytes of one that came before, and may say something else.
//!
//! Ensures that none of them is dropped in silence, and that whoever has read a webhook cannot have it done again: it is
//! done only at the word of its source, or where it is signed anew; else a person decides.

use slugline_core::problem::Problem;
use slugline_core::source::News;
use slugline_core::webhook::Incoming;

use super::keeping::digest_of;
use super::{Came, Source, Webhooks, failed};
use crate::intake::problem_of;
use crate::store::{ContentView, NewWebhook, RepeatKey, StoreError, WebhookView};

/// Why it may be none of what came before.
struct Doubt {
    /// What it has that the one before had not.
    mark: String,
    /// For the person who decides.
    why: String,
}

impl Webhooks {
    /// How a webhook is kept that has the repeat key of one before it; `None` where it is that one again.
    pub(super) async fn doubt(
        &self,
        source: &Source,
        incoming: &Incoming,
        told: &Result<News, String>,
        (new, before): (&NewWebhook, &WebhookView),
    ) -> Result<Option<NewWebhook>, Problem> {
        let Some(key) = new.repeat_key else {
            return Ok(None);
        };
        let doubt = match &new.proof.word {
            word if *word != before.proof.word => Some(other_word(word.as_deref(), before)),
            // Its sender says which delivery it is, or signed it at the same time.
            _ if new.proof.delivery_id.is_some() => None,
            _ if new
                .proof
                .signed_at
                .is_some_and(|at| Some(at) == before.proof.signed_at) =>
            {
                None
            }
            _ => {
                let at_stake = self.at_stake(source, incoming, told, before).await;
                would_remove(&at_stake.map_err(|why| problem_of(&why))?, before)
            }
        };
        // What the log only notes is not looked up.
        let mut told = told.iter().flat_map(|news| news.changes.values());
        let is_noted = told.any(|change| change.what.noted_as().is_some());
        let asks = source.settings.source.library().is_some() && !is_noted;
        Ok(doubt.map(|doubt| doubtful(new.clone(), (key, before), asks, doubt)))
    }

    /// The items that it would remove, and of which something was accepted since the one before it came.
    async fn at_stake(
        &self,
        source: &Source,
        incoming: &Incoming,
        told: &Result<News, String>,
        before: &WebhookView,
    ) -> Result<Vec<ContentView>, StoreError> {
        let came = Came {
            id: before.webhook_id,
            received_at: before.received_at,
            proof: &before.proof,
            incoming,
            told,
            wire: None,
        };
        let mut at_stake = Vec::new();
        let told = told.iter().flat_map(|news| &news.changes);
        for (number, change) in told.filter(|(_, change)| change.may_read_alike()) {
            let mut place = source.place(&came, *number, change);
            if let Ok(environment) = source.environment(change) {
                place.environment = environment;
            }
            for item in self.meant(&place).await? {
                if !item.action.removes() && self.is_accepted_since(&place, &item).await? {
                    at_stake.push(item);
                }
            }
        }
        Ok(at_stake)
    }
}

/// A source that can be asked has the last word, however often it is asked. What is signed at another time is no request
/// that somebody has read before; that one again is known by this time.
fn doubtful(
    mut new: NewWebhook,
    (key, before): (RepeatKey, &WebhookView),
    asks: bool,
    Doubt { mark, why }: Doubt,
) -> NewWebhook {
    let proof = &new.proof;
    let at = proof.signed_at.filter(|_| proof.delivery_id.is_none());
    let anew = at.filter(|_| at != before.proof.signed_at);
    new.repeat_key = match anew {
        _ if asks => None,
        Some(at) => Some(digest_of(&[&key, &at.0.to_be_bytes()])),
        None => Some(digest_of(&[&key, mark.as_bytes()])),
    };
    new.known_for_ever &= !asks;
    new.ended = (!asks && anew.is_none()).then(|| failed(why));
    new.proof.resembles = Some(before.webhook_id);
    new
}

/// A change that reads like an earlier one, or somebody who has read that and wants something else done.
fn other_word(word: Option<&str>, before: &WebhookView) -> Doubt {
    let mark = word.unwrap_or_default().to_owned();
    let why = format!(
        "it has the same bytes as {} and another word for what happened, {mark:?}, in a header that may not be signed; retry it if it is right, and have the sender put the word or a time into the body",
        before.webhook_id
    );
    Doubt { mark, why }
}

/// What was removed, published and removed again, or a late repeat of the first removal.
fn would_remove(at_stake: &[ContentView], before: &WebhookView) -> Option<Doubt> {
    let named = |item: &ContentView| {
        let (id, generation) = (&item.content_id, item.generation);
        format!("{id} {} {} {generation}", item.environment, item.locale)
    };
    let mark: Vec<String> = at_stake.iter().map(named).collect();
    let why = format!(
        "it has the same bytes as {}, and cannot be told from a repeat of it; something was published since: retry it if that is to go, and have the sender put a time into the body, or sign one",
        before.webhook_id
    );
    let mark = mark.join("\n");
    (!at_stake.is_empty()).then_some(Doubt { mark, why })
}
