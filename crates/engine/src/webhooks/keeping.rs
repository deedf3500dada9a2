//! What is kept of a webhook: how it came, what proved it, and by what a repeat of it is known.
//!
//! Ensures that no secret is kept, that what nobody signed makes no repeat of another webhook, and that a fault of ours
//! does not read like one of the sender's.

use std::time::Duration;

use sha2::{Digest, Sha256};
use slugline_core::problem::{Code, Problem};
use slugline_core::source::Repeats;
use slugline_core::webhook::{Flaw, Incoming, Part, Verified};

use super::Source;
use super::envelope::envelope;
use crate::store::{NewWebhook, Proof, RepeatKey};

/// After this time nobody deals with a webhook any more who was there when it came.
const DUE_AFTER: Duration = Duration::from_secs(10);
/// Seconds after which a secret that cannot be used is worth another try: a person has to act.
const SECRET_RETRY_SECONDS: u64 = 60;

impl Source {
    /// What is kept of a webhook that was verified.
    pub(super) fn webhook(
        &self,
        incoming: &Incoming,
        verified: &Verified,
    ) -> Result<NewWebhook, Problem> {
        let settings = &self.settings;
        let manners = settings.source.manners();
        let label = settings.secrets.get(verified.secret);
        let secret = label.map(|(label, _)| label.clone()).unwrap_or_default();
        // Doing something twice does no harm only where the entry is looked up.
        let repeats = match settings.source.library() {
            Some(_) => manners.repeats,
            None => Repeats::SameBytes,
        };
        let repeat_key = repeat_key(incoming, verified, repeats);
        Ok(NewWebhook {
            source: settings.name.clone(),
            owner: settings.owner.clone(),
            repeat_key,
            keep_for: settings.keep_for,
            known_for_ever: repeat_key.is_some() && verified.signed_at.is_none(),
            due_after: DUE_AFTER,
            ended: None,
            envelope: envelope(incoming, &settings.secrets),
            proof: Proof {
                secret,
                signed_at: verified.signed_at,
                delivery_id: verified.delivery_id.clone(),
                found_by_poll: false,
                word: word(incoming, manners.word_headers)?,
                resembles: None,
            },
            body: incoming.body.clone(),
        })
    }
}

/// What the sender says that happened, and to what, in those of these headers that are there.
fn word(incoming: &Incoming, headers: &[&str]) -> Result<Option<String>, Problem> {
    let mut words = Vec::new();
    for name in headers {
        words.extend(incoming.header(name).map_err(|flaw| problem(&flaw))?);
    }
    Ok((!words.is_empty()).then(|| words.join(" ")))
}

/// By the sender's own name for the delivery where it is signed, else by the body: what is signed anew
/// for each attempt, such as the time, is no part of it, and what is not signed could be anything.
fn repeat_key(incoming: &Incoming, verified: &Verified, repeats: Repeats) -> Option<RepeatKey> {
    match (&verified.delivery_id, repeats) {
        (Some(id), _) => Some(digest_of(&[b"id", id.as_bytes()])),
        (None, Repeats::SameBytes) => Some(digest_of(&[b"bytes", &incoming.body])),
        (None, Repeats::None) => None,
    }
}

pub(super) fn digest_of(parts: &[&[u8]]) -> RepeatKey {
    let whole = parts.iter().fold(Sha256::new(), |digest, part| {
        digest
            .chain_update((part.len() as u64).to_be_bytes())
            .chain_update(part)
    });
    let whole: [u8; 32] = whole.finalize().into();
    let mut key = RepeatKey::default();
    key.copy_from_slice(&whole[..16]);
    key
}

/// Why a webhook is not taken.
pub(super) fn problem(flaw: &Flaw) -> Problem {
    let code = match flaw.part {
        // Ours: a sender that takes a refusal for final must not.
        Part::Secret => Code::Unavailable,
        Part::Timestamp => Code::OutOfTime,
        Part::Header | Part::Signature | Part::Body => Code::NotGenuine,
    };
    let problem = Problem::new(code, &flaw.detail).with("part", flaw.part);
    match flaw.part {
        Part::Secret => problem.retry_after(SECRET_RETRY_SECONDS),
        _ => problem,
    }
}

/// That it cannot be kept now. Some senders take any 4xx for final, 429 too perhaps.
pub(super) fn fault_of_ours(problem: Problem) -> Problem {
    let code = match problem.code {
        Code::QueueFull | Code::RateLimited => Code::Unavailable,
        code => code,
    };
    Problem { code, ..problem }
}
