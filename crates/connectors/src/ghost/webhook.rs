//! How Ghost signs webhooks (core/server/services/webhooks/webhook-trigger.js, lib/signed-webhook.js).
//!
//! Ensures that the time is proved with the body. Ghost before July 2024 signed the body alone, which
//! is taken only where that is said: its time could be anybody's. A delivery has no name of its own.
//! Does not normalise.

use std::borrow::Cow;

use serde::Deserialize;
use slugline_core::time::Timestamp;
use slugline_core::webhook::{Flaw, Incoming, Part};
use toml::Spanned;
use toml::de::DeTable;

use crate::config::{ConfigError, read};
use crate::mapping::Mapping;
use crate::signature::{Encoding, Proof, Scheme, Signed, millis, timed};
use crate::source::Settings;

const SIGNATURE: &str = "x-ghost-signature";
/// The host's own webhooks have the time here, and another form of signature under the same name.
const HOST_TIMESTAMP: &str = "x-ghost-request-timestamp";

/// The signature of a request.
pub(crate) struct Ghost {
    /// Whether it is that of Ghost before July 2024.
    pub(crate) legacy: bool,
}

impl Scheme for Ghost {
    fn covers(&self) -> &'static str {
        if self.legacy {
            "the body"
        } else {
            "body and timestamp"
        }
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        let value = incoming.required(SIGNATURE)?;
        if let Some(time) = incoming.header(HOST_TIMESTAMP)? {
            return host(incoming, value, time);
        }
        let form = || {
            Flaw::header(
                SIGNATURE,
                "is not of the form sha256=SIGNATURE, t=MILLISECONDS",
            )
        };
        let (signature, time) = value
            .strip_prefix("sha256=")
            .and_then(|rest| rest.split_once(','))
            .ok_or_else(form)?;
        let time = time.trim_start().strip_prefix("t=").ok_or_else(form)?;
        let at = millis(SIGNATURE, time)?;
        // Neither a time before the body nor one behind it passes for a part of it.
        if self.legacy && !(incoming.body.starts_with(b"{") && incoming.body.ends_with(b"}")) {
            return Err(Flaw::of(Part::Body, "the body is no JSON object"));
        }
        let mut message = vec![Cow::Borrowed(&*incoming.body)];
        if !self.legacy {
            message.push(Cow::Borrowed(time.as_bytes()));
        }
        Ok(Signed {
            header: SIGNATURE,
            messages: vec![message],
            proofs: vec![Proof::HmacSha256(
                Encoding::Hex.decode(SIGNATURE, signature, 32)?,
            )],
            at: (!self.legacy).then_some(at),
            delivery_id: None,
        })
    }
}

/// When it was sent, as far as it says so.
pub(super) fn sent_at(incoming: &Incoming) -> Option<Timestamp> {
    let text = |name| incoming.header(name).ok().flatten();
    let of_signature = || text(SIGNATURE)?.split_once("t=").map(|(_, time)| time);
    let time = text(HOST_TIMESTAMP).or_else(of_signature)?;
    millis(SIGNATURE, time).ok().map(|(_, at)| at)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    mapping: Mapping,
    #[serde(default)]
    legacy: bool,
}

/// Reads the keys of a source of type `ghost`.
pub(crate) fn configure(config: Spanned<DeTable<'_>>) -> Result<Settings, ConfigError> {
    let Config { mapping, legacy } = read(config)?;
    let scheme = Box::new(Ghost { legacy });
    Ok(Settings {
        mapping,
        scheme: Some(scheme),
    })
}

fn host<'a>(incoming: &'a Incoming, signature: &str, time: &'a str) -> Result<Signed<'a>, Flaw> {
    Ok(Signed {
        header: SIGNATURE,
        messages: vec![timed(time, b":", incoming)],
        proofs: vec![Proof::HmacSha256(
            Encoding::Base64.decode(SIGNATURE, signature, 32)?,
        )],
        at: Some(millis(HOST_TIMESTAMP, time)?),
        delivery_id: None,
    })
}
