//! What of an accept needs no transaction.
//!
//! Ensures that texts, digests and names are made on the caller's thread: whoever writes does one thing
//! after another for everybody.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use slugline_core::event::salted_digest;
use slugline_core::intake::Submission;

use crate::accepting::{item_name, key_name};
use crate::short_name::ShortName;

/// Salt of a publish's raw bytes and body: nobody guesses what was erased from its digest in the log.
pub(crate) type Salt = [u8; 16];

/// Gives every publish its salt.
pub(crate) struct Salts {
    secret: [u8; 32],
    given: AtomicU64,
}

impl Salts {
    /// Salts of this run of the store; its secret is forgotten with it.
    pub(crate) fn new() -> std::io::Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(std::io::Error::other)?;
        Ok(Self {
            secret,
            given: AtomicU64::new(0),
        })
    }

    fn next(&self) -> Salt {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::new()
            .chain_update(self.secret)
            .chain_update(number.to_be_bytes());
        let whole: [u8; 32] = digest.finalize().into();
        let mut salt = Salt::default();
        salt.copy_from_slice(&whole[..16]);
        salt
    }
}

/// A submission that is ready for its transaction.
pub(crate) struct Prepared {
    pub(crate) submission: Submission,
    pub(crate) salt: Salt,
    /// The raw bytes' digest for the log.
    pub(crate) raw_digest: String,
    /// The headers as they are stored.
    pub(crate) headers: Option<String>,
    /// The payload; `None` for removals.
    pub(crate) body: Option<Body>,
    /// Its item's name.
    pub(crate) item: ShortName,
    /// Its key's name.
    pub(crate) key: ShortName,
}

/// A payload as it is stored, with its digest for the log.
pub(crate) struct Body {
    pub(crate) text: String,
    /// What stood around it in the request's raw bytes; `None` when it was not taken from there.
    pub(crate) around: Option<Around>,
    pub(crate) digest: String,
}

/// A request without its payload.
pub(crate) struct Around {
    /// Where the payload stood.
    pub(crate) at: usize,
    pub(crate) bytes: Vec<u8>,
}

impl Prepared {
    /// Prepares a submission.
    pub(crate) fn new(submission: Submission, salts: &Salts) -> Result<Self, serde_json::Error> {
        let salt = salts.next();
        Ok(Self {
            salt,
            raw_digest: salted_digest(&salt, &submission.raw),
            headers: headers(&submission)?,
            body: body(&submission, &salt)?,
            item: item_name(&submission.item),
            key: key_name(&submission),
            submission,
        })
    }
}

fn headers(submission: &Submission) -> Result<Option<String>, serde_json::Error> {
    let kept = Some(&submission.headers).filter(|headers| !headers.is_empty());
    kept.map(serde_json::to_string).transpose()
}

fn body(submission: &Submission, salt: &Salt) -> Result<Option<Body>, serde_json::Error> {
    let request = &submission.request;
    let payload = request
        .payload
        .as_ref()
        .filter(|_| !request.action.removes());
    let Some(payload) = payload else {
        return Ok(None);
    };
    let (text, around) = match as_it_came(submission) {
        Some((text, around)) => (text, Some(around)),
        None => (serde_json::to_string(payload)?, None),
    };
    let digest = salted_digest(salt, text.as_bytes());
    Ok(Some(Body {
        text,
        around,
        digest,
    }))
}

/// The payload's own text, and what stands around it.
fn as_it_came(submission: &Submission) -> Option<(String, Around)> {
    let place = submission.payload_place.clone()?;
    let raw = &submission.raw[..];
    let text = String::from_utf8(raw.get(place.clone())?.to_vec()).ok()?;
    let bytes = [raw.get(..place.start)?, raw.get(place.end..)?].concat();
    let at = place.start;
    Some((text, Around { at, bytes }))
}
