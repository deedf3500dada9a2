//! Who is signed in.
//!
//! Ensures that a session is known by a random secret in a cookie that scripts cannot read and that other
//! sites do not send, that only its hash is kept, and that it ends with its token. What a form carries
//! besides is derived from the same secret, so that nobody makes one without having seen a page.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::{COOKIE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use slugline_core::problem::{Code, Problem};
use slugline_engine::intake::require_environment;
use slugline_engine::store::{LONGEST, SessionRecord};

use super::page::Trouble;
use crate::app::Doors;
use crate::door::keyring::Principal;
use crate::door::outside;
use crate::door::rate::Quota;
use crate::door::role::Role;
use crate::token_hash;

/// The cookie over TLS: the prefix has browsers take it from this host only, for all paths, over TLS.
const SECURE_COOKIE: &str = "__Host-slugline";
/// The cookie without TLS.
const PLAIN_COOKIE: &str = "slugline";
/// A session's use is written down no more often: a commit for each page would be many.
const NOTED_EVERY: Duration = Duration::from_secs(300);

/// Somebody who is signed in.
pub(crate) struct Signed {
    pub(crate) principal: Arc<Principal>,
    /// What the session's forms carry.
    pub(crate) csrf: String,
    /// The session's hash.
    pub(crate) hash: String,
}

impl Signed {
    /// Refuses whoever has not this role.
    pub(crate) fn need(&self, role: Role) -> Result<(), Trouble> {
        if self.principal.role >= role {
            return Ok(());
        }
        let detail = format!(
            "you are signed in with the token {:?}, which is {}; this needs {role}",
            self.principal.name, self.principal.role
        );
        Err(Trouble::Problem(Problem::new(Code::Forbidden, detail)))
    }

    /// Refuses whose token is limited to other environments.
    pub(crate) fn may_change(&self, environment: &str) -> Result<(), Trouble> {
        Ok(require_environment(
            &self.principal.caller.environments,
            environment,
        )?)
    }

    pub(crate) fn owner(&self) -> &str {
        &self.principal.caller.owner
    }
}

impl FromRequestParts<Arc<Doors>> for Signed {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, doors: &Arc<Doors>) -> Result<Self, Trouble> {
        let back = (parts.method == Method::GET).then(|| path_of(&parts.uri));
        let sign_in = || Trouble::SignIn(base(doors), back.clone());
        let secret = cookie(doors, &parts.headers).ok_or_else(sign_in)?;
        let found = find(doors, &secret).await?;
        let signed = found.ok_or_else(sign_in)?;
        let quota = doors.rates.take(&signed.principal.name, doors.clock.now());
        match quota.as_ref().and_then(Quota::objection) {
            Some(problem) => Err(Trouble::Problem(problem)),
            None => Ok(signed),
        }
    }
}

/// The path with its query, to come back to.
fn path_of(uri: &Uri) -> String {
    uri.path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned()
}

/// The session of a secret.
pub(crate) async fn find(doors: &Doors, secret: &str) -> Result<Option<Signed>, Trouble> {
    let hash = token_hash(secret);
    let Some(session) = doors.store.session(&hash).await? else {
        return Ok(None);
    };
    let Some(principal) = holder(doors, &session).await? else {
        doors.store.end_session(&hash).await?;
        return Ok(None);
    };
    if doors.store.now().since(session.seen_at) > NOTED_EVERY {
        doors.store.use_session(&hash).await?;
    }
    let csrf = token_hash(&format!("csrf:{secret}"));
    Ok(Some(Signed {
        principal,
        csrf,
        hash,
    }))
}

/// Who holds the session's token, while it counts.
pub(crate) async fn holder(
    doors: &Doors,
    session: &SessionRecord,
) -> Result<Option<Arc<Principal>>, Trouble> {
    Ok(doors.keyring.find_hashed(&session.token).await?)
}

/// Begins a session; the cookie that carries it.
pub(crate) async fn begin(
    doors: &Doors,
    headers: &HeaderMap,
    token: &str,
) -> Result<HeaderValue, Trouble> {
    let unlucky = |why| {
        tracing::error!("no random bytes for a session: {why}");
        Problem::new(
            Code::Internal,
            "the server has no random numbers; its log says why",
        )
    };
    let secret = slugline_core::canonical::hex(&(doors.secrets)().map_err(unlucky)?);
    let hash = token_hash(&secret);
    doors.store.begin_session(&hash, &token_hash(token)).await?;
    Ok(carrier(doors, headers, &secret, LONGEST))
}

/// The cookie that ends a session in the browser.
pub(crate) fn forget(doors: &Doors, headers: &HeaderMap) -> HeaderValue {
    carrier(doors, headers, "", Duration::ZERO)
}

fn carrier(doors: &Doors, headers: &HeaderMap, secret: &str, age: Duration) -> HeaderValue {
    let (name, secure) = match is_secure(doors, headers) {
        true => (SECURE_COOKIE, "; Secure"),
        false => (PLAIN_COOKIE, ""),
    };
    let age = age.as_secs();
    let text = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}");
    // It is made of hex digits and words of ours.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// The secret that the request carries.
pub(crate) fn cookie(doors: &Doors, headers: &HeaderMap) -> Option<String> {
    let name = match is_secure(doors, headers) {
        true => SECURE_COOKIE,
        false => PLAIN_COOKIE,
    };
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut named = pairs.filter_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name && !value.is_empty()).then(|| value.to_owned())
    });
    named.next()
}

fn is_secure(doors: &Doors, headers: &HeaderMap) -> bool {
    outside::url(doors, headers).starts_with("https://")
}

/// The path under which the world knows this server, without a slash at its end: links begin with it.
pub(crate) fn base(doors: &Doors) -> String {
    let url = doors.public_url.as_deref().unwrap_or_default();
    let parsed = url::Url::parse(url).ok();
    parsed.map_or(String::new(), |url| {
        url.path().trim_end_matches('/').to_owned()
    })
}

/// Whether a request that changes something comes from a page of ours, as far as the browser says.
pub(crate) fn is_ours(doors: &Doors, headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = said("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = said("origin") else {
        return true;
    };
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let public = doors
        .public_url
        .as_deref()
        .and_then(|url| url::Url::parse(url).ok());
    let public = public.is_some_and(|url| url.origin().ascii_serialization() == origin);
    public || headers.get(HOST).and_then(|host| host.to_str().ok()) == Some(host)
}
