//! Signatures of webhooks that come in: what all vendors share.
//!
//! Ensures that a webhook is taken only when one of the secrets proves all of what the vendor signs,
//! compared in constant time, and only within the window where the vendor signs the time. What is
//! signed, and where the proof stands, is in each vendor's `webhook`.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use slugline_core::secret::Secret;
use slugline_core::time::Timestamp;
use slugline_core::webhook::{Flaw, Incoming, Part, Verified, Window};
use subtle::ConstantTimeEq;

/// How far the time of signing may lie from ours, unless configured: what the vendors' libraries take.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(300);
/// Proofs of one request that are tried: more secrets than that nobody rotates, and each costs a pass
/// over the body.
const MAX_PROOFS: usize = 16;
/// Digits of a time: milliseconds have 13 until the year 2286.
const MAX_DIGITS: usize = 16;

/// How one kind of source signs.
pub trait Scheme: Send + Sync {
    /// What the signature covers, in words.
    fn covers(&self) -> &str;

    /// How far the time of signing may lie from ours, unless configured.
    fn tolerance(&self) -> Duration {
        TOLERANCE
    }

    /// Whether the same body may be signed for another change, without a name of the delivery that tells.
    fn may_read_alike(&self) -> bool {
        false
    }

    /// Whether the secret itself comes as the last part of the URL's path.
    fn is_in_path(&self) -> bool {
        false
    }

    /// Reads a secret as this kind of source uses it.
    fn key(&self, secret: &Secret) -> Result<Key, String> {
        Key::of_text(secret)
    }

    /// What of the webhook is signed, and the proofs that it brings.
    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw>;

    /// The sender's name for the delivery where it stands in the body, of a request that is proved.
    fn name_in_body(&self, _: &Incoming) -> Result<Option<String>, Flaw> {
        Ok(None)
    }

    /// Whether a signature of exactly this age, or this far ahead, is within the tolerance.
    fn is_in_time(&self, distance: Duration, tolerance: Duration) -> bool {
        distance <= tolerance
    }
}

/// A secret, as it is used. The kinds are kept apart: everybody may know a public key, and whoever
/// could use one for an HMAC could sign anything.
pub enum Key {
    /// What sender and receiver both know.
    Shared(Vec<u8>),
    /// The sender's ed25519 key for the world.
    Public(Vec<u8>),
}

impl Key {
    /// The bytes of the secret's text.
    pub(crate) fn of_text(secret: &Secret) -> Result<Self, String> {
        match secret.expose() {
            "" => Err("the secret is empty".into()),
            text => Ok(Self::Shared(text.as_bytes().to_vec())),
        }
    }
}

/// What of a webhook is signed.
pub struct Signed<'a> {
    /// The header that the proofs stand in.
    pub(crate) header: &'a str,
    /// What is signed, in parts; several where vendors are not clear about it: any may be the one.
    pub(crate) messages: Vec<Vec<Cow<'a, [u8]>>>,
    /// Any of them suffices: a sender that rotates its secret brings several.
    pub(crate) proofs: Vec<Proof>,
    /// The header that the time stands in, and the time; `None` where it is not signed.
    pub(crate) at: Option<(&'a str, Timestamp)>,
    /// The sender's name for the delivery, where it is signed too: another could be put on a repeat.
    pub(crate) delivery_id: Option<&'a str>,
}

/// What shows that the sender knows the secret.
pub(crate) enum Proof {
    HmacSha256(Vec<u8>),
    HmacSha512(Vec<u8>),
    HmacSha1(Vec<u8>),
    /// SHA-256 over secret and message, as HubSpot had it before v3.
    Sha256(Vec<u8>),
    /// Ed25519 (RFC 8032).
    Ed25519(Vec<u8>),
    /// The secret itself; nothing is signed.
    Token(Vec<u8>),
    /// The same, in the URL rather than in a header.
    PathToken(Vec<u8>),
}

impl Proof {
    fn holds(&self, key: &Key, message: &[Cow<'_, [u8]>]) -> bool {
        match (self, key) {
            (Self::HmacSha256(theirs), Key::Shared(key)) => {
                mac::<Hmac<Sha256>>(key, message, theirs)
            }
            (Self::HmacSha512(theirs), Key::Shared(key)) => {
                mac::<Hmac<Sha512>>(key, message, theirs)
            }
            (Self::HmacSha1(theirs), Key::Shared(key)) => mac::<Hmac<Sha1>>(key, message, theirs),
            (Self::Sha256(theirs), Key::Shared(key)) => {
                let ours = message
                    .iter()
                    .fold(Sha256::new_with_prefix(key), Sha256::chain_update);
                ours.finalize().ct_eq(theirs).into()
            }
            (Self::Ed25519(theirs), Key::Public(key)) => {
                let key = UnparsedPublicKey::new(&ED25519, key);
                key.verify(&message.concat(), theirs).is_ok()
            }
            // Hashed first, so that not even the length is compared in the open.
            (Self::Token(theirs) | Self::PathToken(theirs), Key::Shared(key)) => {
                Sha256::digest(key).ct_eq(&Sha256::digest(theirs)).into()
            }
            (Self::Ed25519(_), Key::Shared(_)) | (_, Key::Public(_)) => false,
        }
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], message: &[Cow<'_, [u8]>], theirs: &[u8]) -> bool {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
        return false;
    };
    message.iter().for_each(|part| mac.update(part));
    mac.verify_slice(theirs).is_ok()
}

/// Says whether a webhook is genuine: signed with one of the secrets, within the window.
///
/// # Errors
/// The part that is wrong. A wrong signature is said before a time that is too far away: who cannot
/// sign can put any time there.
pub fn verify(
    scheme: &dyn Scheme,
    incoming: &Incoming,
    secrets: &[Secret],
    window: Window,
) -> Result<Verified, Flaw> {
    let signed = scheme.read(incoming)?;
    if signed.proofs.len() > MAX_PROOFS {
        let what = format!("has more than {MAX_PROOFS} signatures");
        return Err(Flaw::header(signed.header, &what));
    }
    let mut unusable = Err(Flaw::of(
        Part::Secret,
        "there is no secret to check it with",
    ));
    let mut usable = false;
    for (place, secret) in secrets.iter().enumerate() {
        match scheme.key(secret) {
            Ok(key) if signed.is_proved(&key) => {
                return in_time(scheme, incoming, &signed, place, window);
            }
            Ok(_) => usable = true,
            Err(why) => unusable = Err(Flaw::of(Part::Secret, why)),
        }
    }
    if !usable {
        return unusable;
    }
    let (header, covers) = (signed.header, scheme.covers());
    let detail = match signed.proofs.first() {
        Some(Proof::PathToken(_)) => {
            return Err(Flaw::of(
                Part::Signature,
                "the URL does not end with the secret",
            ));
        }
        Some(Proof::Token(_)) => format!("{header} does not hold the secret"),
        _ => format!("{header} is not the signature over {covers} with this secret"),
    };
    Err(Flaw::about(Part::Signature, header, detail))
}

impl Signed<'_> {
    fn is_proved(&self, key: &Key) -> bool {
        let holds = |proof: &Proof| {
            self.messages
                .iter()
                .any(|message| proof.holds(key, message))
        };
        self.proofs.iter().any(holds)
    }
}

fn in_time(
    scheme: &dyn Scheme,
    incoming: &Incoming,
    signed: &Signed<'_>,
    secret: usize,
    window: Window,
) -> Result<Verified, Flaw> {
    let Window { now, tolerance } = window;
    if let Some((header, at)) = signed.at {
        let (age, lead) = (now.since(at), at.since(now));
        if !scheme.is_in_time(age.max(lead), tolerance) {
            let (distance, when) = match at <= now {
                true => (age, "ago"),
                false => (lead, "ahead of this machine's clock"),
            };
            let detail = format!(
                "it was signed {} s {when}; the tolerance is {} s",
                distance.as_secs(),
                tolerance.as_secs()
            );
            return Err(Flaw::about(Part::Timestamp, header, detail));
        }
    }
    Ok(Verified {
        secret,
        signed_at: signed.at.map(|(_, at)| at),
        delivery_id: match signed.delivery_id {
            Some(id) => Some(id.to_owned()),
            None => scheme.name_in_body(incoming)?,
        },
    })
}

/// How a proof is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Encoding {
    /// Lower-case hex; nothing else, so that one proof has one spelling.
    #[default]
    Hex,
    /// Base64 with padding.
    Base64,
    /// Base64 for URLs, without padding.
    Base64Url,
}

impl Encoding {
    /// The bytes of a proof of `length` bytes.
    pub(crate) fn decode(self, header: &str, text: &str, length: usize) -> Result<Vec<u8>, Flaw> {
        let name = match self {
            Self::Hex => "lower-case hex",
            Self::Base64 => "base64",
            Self::Base64Url => "base64 for URLs without padding",
        };
        self.bytes(text, length).ok_or_else(|| {
            let what = format!("is not {name} of {length} bytes where the signature stands");
            Flaw::header(header, &what)
        })
    }

    /// The same, where it does not matter why there are none.
    pub(crate) fn bytes(self, text: &str, length: usize) -> Option<Vec<u8>> {
        let bytes = match self {
            Self::Hex => unhex(text),
            Self::Base64 => BASE64_STANDARD.decode(text).ok(),
            Self::Base64Url => BASE64_URL_SAFE_NO_PAD.decode(text).ok(),
        };
        bytes.filter(|bytes| bytes.len() == length)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks_exact(2);
    let rest = pairs.remainder().is_empty();
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect();
    bytes.filter(|_| rest)
}

/// What most sign who sign the time: it, as the header has it, and the body after a separator.
pub(crate) fn timed<'a>(
    time: &'a str,
    separator: &'static [u8],
    incoming: &'a Incoming,
) -> Vec<Cow<'a, [u8]>> {
    [time.as_bytes(), separator, &incoming.body]
        .map(Cow::Borrowed)
        .into()
}

/// A time in milliseconds since 1970, as a header has it.
pub(crate) fn millis<'a>(header: &'a str, text: &str) -> Result<(&'a str, Timestamp), Flaw> {
    number(header, text, "milliseconds", 1_000)
}

/// A time in seconds since 1970, as a header has it.
pub(crate) fn seconds<'a>(header: &'a str, text: &str) -> Result<(&'a str, Timestamp), Flaw> {
    number(header, text, "seconds", 1_000_000)
}

fn number<'a>(
    header: &'a str,
    text: &str,
    unit: &str,
    micros: i64,
) -> Result<(&'a str, Timestamp), Flaw> {
    // One spelling for each: where nothing parts the time from what stands before it, zeros of that
    // could become zeros of the time.
    let digits = !text.is_empty()
        && text.len() <= MAX_DIGITS
        && !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<i64>().ok().filter(|_| digits);
    let at = number.and_then(|number| number.checked_mul(micros));
    at.map(|at| (header, Timestamp(at)))
        .ok_or_else(|| Flaw::header(header, &format!("is not a number of {unit} since 1970")))
}
