//! Signatures of senders that no preset knows: `signature` of a source of type `hmac`.
//!
//! Ensures that a signature covers the body, that a time or name counts only where it is signed, and
//! that nothing can move from one part of what is signed into the next. Does not normalise.

use std::borrow::Cow;

use serde::Deserialize;
use slugline_core::webhook::{Flaw, Incoming, Part};
use toml::Spanned;
use toml::de::DeTable;

use crate::config::{ConfigError, header_name, read};
use crate::mapping::{Mapping, Path};
use crate::reading::{json, name_at};
use crate::signature::{Encoding, Proof, Scheme, Signed, millis, seconds};
use crate::source::Settings;

const TWO_IDS: &str =
    "id_path and id_header both name the delivery; keep the one that the sender documents";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    mapping: Mapping,
    signature: Option<Spanned<Signature>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    header: Spanned<String>,
    #[serde(default)]
    algorithm: Algorithm,
    #[serde(default)]
    encoding: Encoding,
    #[serde(default)]
    prefix: String,
    signed: Option<Spanned<String>>,
    timestamp_header: Option<Spanned<String>>,
    #[serde(default)]
    timestamp_unit: Unit,
    id_header: Option<Spanned<String>>,
    id_path: Option<Spanned<Path>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Algorithm {
    #[default]
    Sha256,
    Sha512,
    Sha1,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    #[default]
    Seconds,
    Milliseconds,
}

/// Reads the keys of a source of type `hmac`.
pub(crate) fn configure(config: Spanned<DeTable<'_>>) -> Result<Settings, ConfigError> {
    let config: Config = read(config)?;
    let scheme = config.signature.map(Template::new).transpose()?;
    Ok(Settings {
        mapping: config.mapping,
        scheme: scheme.map(|scheme| Box::new(scheme) as Box<dyn Scheme>),
    })
}

/// A piece of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Timestamp,
    Id,
    Method,
    Path,
    Body,
}

/// A signature as it is configured.
struct Template {
    signed: String,
    pieces: Vec<Piece>,
    header: String,
    algorithm: Algorithm,
    encoding: Encoding,
    prefix: String,
    timestamp_header: Option<String>,
    unit: Unit,
    id_header: Option<String>,
    id_path: Option<Path>,
}

impl Template {
    fn new(signature: Spanned<Signature>) -> Result<Self, ConfigError> {
        let whole = signature.span();
        let signature = signature.into_inner();
        let place = signature.signed.as_ref().map_or(whole, Spanned::span);
        let signed = signature
            .signed
            .map_or_else(|| "{body}".to_owned(), Spanned::into_inner);
        if let (Some(_), Some(path)) = (&signature.id_header, &signature.id_path) {
            return Err(ConfigError::new(path.span(), TWO_IDS));
        }
        let lower = |name: Option<Spanned<String>>| name.as_ref().map(header_name).transpose();
        let template = Self {
            pieces: pieces(&signed).map_err(|why| ConfigError::new(place.clone(), why))?,
            signed,
            header: header_name(&signature.header)?,
            algorithm: signature.algorithm,
            encoding: signature.encoding,
            prefix: signature.prefix,
            timestamp_header: lower(signature.timestamp_header)?,
            unit: signature.timestamp_unit,
            id_header: lower(signature.id_header)?,
            id_path: signature.id_path.map(Spanned::into_inner),
        };
        match template.complaint() {
            Some(why) => Err(ConfigError::new(place, why)),
            None => Ok(template),
        }
    }

    /// Why it cannot be a signature, and what to do.
    fn complaint(&self) -> Option<String> {
        let parts = [Piece::Body, Piece::Timestamp, Piece::Id];
        if parts.iter().any(|part| self.count(part) > 1) {
            return Some("names a part twice; name each once".into());
        }
        if self.count(&Piece::Body) == 0 {
            let why = "does not cover the body: anybody could change it; put {body} where the sender signs it";
            return Some(why.into());
        }
        self.lacks(&Piece::Timestamp, "timestamp", &self.timestamp_header)
            .or_else(|| self.lacks(&Piece::Id, "id", &self.id_header))
            .or_else(|| self.is_unclear())
    }

    fn count(&self, part: &Piece) -> usize {
        self.pieces.iter().filter(|piece| *piece == part).count()
    }

    /// A part that a header brings needs both: the header, and its place in what is signed.
    fn lacks(&self, part: &Piece, name: &str, header: &Option<String>) -> Option<String> {
        match (self.count(part) > 0, header) {
            (true, None) => Some(format!(
                "has {{{name}}}; say which header it comes in: {name}_header"
            )),
            (false, Some(_)) => Some(format!(
                "does not cover the {name}; put {{{name}}} where the sender signs it, or leave {name}_header out"
            )),
            _ => None,
        }
    }

    fn is_unclear(&self) -> Option<String> {
        let unclear = self.touching().any(|pair| match pair {
            (Piece::Id, _) | (_, Piece::Id) => true,
            (Piece::Timestamp, other) | (other, Piece::Timestamp) => *other != Piece::Body,
            _ => false,
        });
        let why = "has nothing between two parts, so that what is signed could be cut elsewhere; such a signature proves neither of them";
        unclear.then(|| why.to_owned())
    }

    /// Parts with no text between them.
    fn touching(&self) -> impl Iterator<Item = (&Piece, &Piece)> {
        let pairs = self.pieces.iter().zip(self.pieces.iter().skip(1));
        pairs.filter(|(left, right)| !left.is_text() && !right.is_text())
    }

    /// Whether only the form of the body shows where it begins and ends.
    fn needs_json(&self) -> bool {
        self.touching()
            .any(|(left, right)| *left == Piece::Body || *right == Piece::Body)
    }

    fn proof(&self, value: &str) -> Result<Proof, Flaw> {
        let signature = value.strip_prefix(&*self.prefix).ok_or_else(|| {
            Flaw::header(
                &self.header,
                &format!("does not begin with {}", self.prefix),
            )
        })?;
        let decoded = |length| self.encoding.decode(&self.header, signature, length);
        Ok(match self.algorithm {
            Algorithm::Sha256 => Proof::HmacSha256(decoded(32)?),
            Algorithm::Sha512 => Proof::HmacSha512(decoded(64)?),
            Algorithm::Sha1 => Proof::HmacSha1(decoded(20)?),
        })
    }
}

impl Scheme for Template {
    fn covers(&self) -> &str {
        &self.signed
    }

    fn may_read_alike(&self) -> bool {
        self.id_header.is_none() && self.id_path.is_none()
    }

    /// It is as genuine as the body, which is always signed. Without it a repeat could not be told from another
    /// change, so it must be there.
    fn name_in_body(&self, incoming: &Incoming) -> Result<Option<String>, Flaw> {
        let Some(Path(path)) = &self.id_path else {
            return Ok(None);
        };
        let body = json(incoming).map_err(|why| Flaw::of(Part::Body, why))?;
        let missing = || format!("the body has no name of the delivery at {path} (id_path)");
        let name = name_at(&body, path).ok_or_else(|| Flaw::of(Part::Body, missing()))?;
        Ok(Some(name))
    }

    fn read<'a>(&'a self, incoming: &'a Incoming) -> Result<Signed<'a>, Flaw> {
        if self.needs_json() && !is_enclosed(&incoming.body) {
            let why = "the body is neither a JSON object nor a list";
            return Err(Flaw::of(Part::Body, why));
        }
        let required = |header: &'a Option<String>| match header {
            Some(name) => Ok(Some((name.as_str(), incoming.required(name)?))),
            None => Ok(None),
        };
        let time = required(&self.timestamp_header)?;
        let id = required(&self.id_header)?.map(|(_, id)| id);
        let bytes = |piece: &'a Piece| match piece {
            Piece::Text(text) => Cow::Borrowed(text.as_bytes()),
            Piece::Timestamp => Cow::Borrowed(time.map_or("", |(_, time)| time).as_bytes()),
            Piece::Id => Cow::Borrowed(id.unwrap_or_default().as_bytes()),
            Piece::Method => Cow::Borrowed(incoming.method.as_bytes()),
            Piece::Path => Cow::Owned(incoming.target().into_owned().into_bytes()),
            Piece::Body => Cow::Borrowed(&*incoming.body),
        };
        let at = time.map(|(header, time)| match self.unit {
            Unit::Seconds => seconds(header, time),
            Unit::Milliseconds => millis(header, time),
        });
        Ok(Signed {
            header: &self.header,
            messages: vec![self.pieces.iter().map(bytes).collect()],
            proofs: vec![self.proof(incoming.required(&self.header)?)?],
            at: at.transpose()?,
            delivery_id: id,
        })
    }
}

impl Piece {
    fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }
}

fn is_enclosed(body: &[u8]) -> bool {
    let between = |first: &[u8], last: &[u8]| body.starts_with(first) && body.ends_with(last);
    between(b"{", b"}") || between(b"[", b"]")
}

/// The pieces of a template.
fn pieces(template: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or(
            "has a { without its }; the parts are {timestamp}, {id}, {method}, {path}, {body}",
        )?;
        pieces.extend((!text.is_empty()).then(|| Piece::Text(text.to_owned())));
        pieces.push(part(name)?);
        rest = after;
    }
    pieces.extend((!rest.is_empty()).then(|| Piece::Text(rest.to_owned())));
    Ok(pieces)
}

fn part(name: &str) -> Result<Piece, String> {
    match name {
        "timestamp" => Ok(Piece::Timestamp),
        "id" => Ok(Piece::Id),
        "method" => Ok(Piece::Method),
        "path" => Ok(Piece::Path),
        "body" => Ok(Piece::Body),
        other => Err(format!(
            "{{{other}}} is not a part; there are {{timestamp}}, {{id}}, {{method}}, {{path}}, {{body}}"
        )),
    }
}
