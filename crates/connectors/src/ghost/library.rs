//! What Ghost has: posts and pages by its Admin API (docs.ghost.org/admin-api).
//!
//! Ensures that each request carries a token of its own, which lives for less than the five minutes that
//! Ghost takes. The list has drafts too, so that what was unpublished is seen; what was deleted is not.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use slugline_core::failure::Failure;
use slugline_core::http::Request;
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_core::source::{Change, Library, What, Wire};
use slugline_core::time::Timestamp;
use toml::Spanned;
use toml::de::DeTable;

use super::changes::looked_up;
use crate::asking::{Api, list, unexpected};
use crate::config::{ConfigError, http_url, read, resolve};
use crate::library::{
    Asked, Catalogue, Listed, Page, SECONDS, later, misfit, moment, not_public, written,
};
use crate::mapping::Mapping;
use crate::signature::Encoding;

/// What is listed, and what one of it is called.
const LISTS: [(&str, &str); 2] = [("posts", "post"), ("pages", "page")];
const ADMIN: [&str; 3] = ["ghost", "api", "admin"];
/// Whom the token is for.
const AUDIENCE: &str = "/admin/";
/// Less than the five minutes that are taken, because clocks differ.
const TOKEN_LIVES: Duration = Duration::from_secs(240);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    url: Spanned<String>,
    key: Spanned<SecretRef>,
}

struct Ghost {
    api: Api,
    mapping: Arc<Mapping>,
    key: Key,
}

/// Makes the library from `api`.
pub(crate) fn build(
    table: Spanned<DeTable<'_>>,
    mapping: Arc<Mapping>,
    secrets: &dyn Secrets,
) -> Result<Box<dyn Library>, ConfigError> {
    let Config { url, key } = read(table)?;
    let api = Api::new(&http_url(&url)?);
    let secret = resolve(&key, secrets)?;
    let key = Key::parse(&secret).ok_or_else(|| {
        let why = "is not an Admin API key, which is an id, a colon and a secret in hex";
        ConfigError::new(key.span(), why)
    })?;
    Ok(Box::new(Asked(Ghost { api, mapping, key })))
}

/// An Admin API key.
struct Key {
    id: String,
    mac: Hmac<Sha256>,
}

impl Key {
    fn parse(secret: &Secret) -> Option<Self> {
        let (id, hex) = secret.expose().trim().split_once(':')?;
        let bytes = Encoding::Hex.bytes(hex, hex.len() / 2)?;
        let mac = Hmac::new_from_slice(&bytes).ok()?;
        let id = id.to_owned();
        (!id.is_empty() && !bytes.is_empty()).then_some(Self { id, mac })
    }

    /// A JWT (RFC 7519), signed with HS256.
    fn token(&self, now: Timestamp) -> String {
        let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({"alg": "HS256", "kid": self.id, "typ": "JWT"}));
        let claims = part(json!({
            "aud": AUDIENCE,
            "exp": now.plus(TOKEN_LIVES).unix_seconds(),
            "iat": now.unix_seconds(),
        }));
        let mut mac = self.mac.clone();
        mac.update(format!("{header}.{claims}").as_bytes());
        let signature = BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!("{header}.{claims}.{signature}")
    }
}

impl Ghost {
    fn request(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        wire: &dyn Wire,
    ) -> Result<Request, Failure> {
        let [ghost, api, admin] = ADMIN;
        // The slash at the end is part of Ghost's addresses.
        let path: Vec<&str> = [ghost, api, admin].iter().chain(path).copied().collect();
        let mut request = self.api.get(&path, query)?;
        request.url = match request.url.split_once('?') {
            Some((path, query)) => format!("{path}/?{query}"),
            None => format!("{}/", request.url),
        };
        let token = self.key.token(wire.now());
        Ok(request.header("authorization", format!("Ghost {token}")))
    }
}

impl Catalogue for Ghost {
    async fn entry(&self, named: &Change, wire: &dyn Wire) -> Result<Vec<Change>, Failure> {
        for (list_name, kind) in LISTS {
            let what = format!("asking Ghost for the {kind} {:?}", named.entry);
            let one = self.request(&[list_name, &named.entry], &[("formats", "html")], wire)?;
            let all = self.request(&[list_name], &[("limit", "1")], wire)?;
            let Some(answer) = self.api.find(one, all, &what, wire).await? else {
                continue;
            };
            let post = list(&answer, list_name, &what)?.first();
            let post = post.ok_or_else(|| unexpected(&what, "is empty"))?;
            let mut change = looked_up(kind, post, &self.mapping).map_err(misfit(&what))?;
            change.version = later(change.version, named.version);
            return Ok(Vec::from_iter(
                (change.what == What::Published).then_some(change),
            ));
        }
        Ok(Vec::new())
    }

    fn lists(&self) -> Vec<String> {
        LISTS.map(|(list, _)| list.to_owned()).into()
    }

    async fn page(&self, name: &str, page: Page, wire: &dyn Wire) -> Result<Vec<Listed>, Failure> {
        let what = format!("asking Ghost for its {name}");
        let kind = LISTS.iter().find(|(list, _)| *list == name);
        let kind = kind.map_or(name, |(_, kind)| kind);
        let after = format!("updated_at:>='{}'", written(page.from, SECONDS));
        let query = [
            ("formats", "html"),
            ("filter", &*after),
            ("order", "updated_at asc, id asc"),
            ("limit", &page.limit.to_string()),
            ("page", &page.number().to_string()),
        ];
        let request = self.request(&[name], &query, wire)?;
        let answer = self.api.read(request, &what, wire).await?;
        let listed = |post| {
            let change = looked_up(kind, post, &self.mapping).map_err(misfit(&what))?;
            Ok(Listed {
                at: moment(post, &["updated_at"], &what)?,
                changes: vec![not_public(change)],
            })
        };
        list(&answer, name, &what)?.iter().map(listed).collect()
    }
}
