//! Talking to one WordPress site: addresses, credentials, answers as values.
//!
//! Ensures that a useless answer to a write counts as an unknown outcome, and that credentials are
//! sent to the REST API only. Does not retry.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use slugline_core::failure::Failure;
use slugline_core::http::{DEFAULT_MAX_RESPONSE, Method, Request, Response};
use slugline_core::port::Port;
use slugline_core::reason::Reason;
use slugline_core::secret::Secret;
use url::Url;

use crate::wordpress::errors::classify;

/// Redirects that a public address may take: to https, to the host's other name, to its slash.
const PUBLIC_REDIRECTS: u8 = 3;
/// What stays readable in a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b',');

/// A site and the account that we use there.
pub(in crate::wordpress) struct Site {
    url: String,
    authorization: Secret,
}

impl Site {
    /// The site at `url` (its home address) and an application password for it.
    pub(in crate::wordpress) fn new(url: &Url, username: &str, password: &Secret) -> Self {
        let pair = STANDARD.encode(format!("{username}:{}", password.expose()));
        Self {
            url: url.as_str().trim_end_matches('/').to_owned(),
            authorization: Secret::new(format!("Basic {pair}")),
        }
    }

    /// A request to `route` below `wp/v2`. The form with `rest_route` works whatever the site's
    /// permalinks are; naming index.php spares a redirect on some servers (get_rest_url).
    pub(super) fn request(&self, method: Method, route: &str, query: &[(&str, &str)]) -> Request {
        let mut url = format!("{}/index.php?rest_route=/wp/v2/{route}", self.url);
        for (name, value) in query {
            url.push_str(&format!("&{name}={}", utf8_percent_encode(value, QUERY)));
        }
        Request::new(method, url).header("authorization", self.authorization.expose())
    }

    /// Reads `route`.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        port: &dyn Port,
        route: &str,
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let what = format!("reading {route}");
        let response = exchange(port, self.request(Method::Get, route, query), &what).await?;
        answer(port, &response, false, &what)
    }

    /// Reads one thing by its route; `None` when there is no such id.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        port: &dyn Port,
        route: &str,
    ) -> Result<Option<T>, Failure> {
        match self.get(port, route, &[("context", "edit")]).await {
            Err(failure) if failure.reason == Reason::Conflict && failure.status == Some(404) => {
                Ok(None)
            }
            found => found.map(Some),
        }
    }

    /// Writes to `route` and reads what is stored then.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        port: &dyn Port,
        route: &str,
        body: &Value,
    ) -> Result<T, Failure> {
        let what = format!("writing {route}");
        let request = self
            .request(Method::Post, route, &[("context", "edit")])
            .json(body);
        let response = exchange(port, request, &what).await?;
        answer(port, &response, true, &what)
    }

    /// Deletes one thing, into the trash unless `force`; what is gone or in the trash already is fine.
    pub(super) async fn delete(
        &self,
        port: &dyn Port,
        route: &str,
        force: bool,
    ) -> Result<(), Failure> {
        let what = format!("deleting {route}");
        let query: &[(&str, &str)] = if force { &[("force", "true")] } else { &[] };
        let response = exchange(port, self.request(Method::Delete, route, query), &what).await?;
        if response.is_success() || response.status == 410 {
            return Ok(());
        }
        let failure = classify(&response, &what, port.now());
        if failure.reason == Reason::Conflict {
            Ok(())
        } else {
            Err(failure)
        }
    }

    /// The public address of the entry with this id, whatever the site's permalinks are.
    pub(super) fn public(&self, id: u64) -> String {
        format!("{}/?p={id}", self.url)
    }
}

/// Sends a request. An answer that leaves open whether a write was applied is noted as unknown.
pub(super) async fn exchange(
    port: &dyn Port,
    request: Request,
    what: &str,
) -> Result<Response, Failure> {
    let writes = request.method.writes();
    let sent = port.send(request).await;
    let response = sent.map_err(|error| Failure::from_send_error(&error, writes, what))?;
    if writes && (response.status == 408 || response.status >= 500) {
        port.note_unknown();
    }
    Ok(response)
}

/// The value in a 2xx answer. A cut body passes for a 2xx where the server closes without a length.
pub(super) fn answer<T: DeserializeOwned>(
    port: &dyn Port,
    response: &Response,
    wrote: bool,
    what: &str,
) -> Result<T, Failure> {
    if !response.is_success() {
        return Err(classify(response, what, port.now()));
    }
    serde_json::from_slice(&response.body).map_err(|why| {
        if wrote {
            port.note_unknown();
        }
        let reason = if wrote {
            Reason::NoAnswer
        } else {
            Reason::UnexpectedAnswer
        };
        Failure::new(
            reason,
            format!("{what}: the answer is not what WordPress answers, or was cut: {why}"),
        )
    })
}

/// Reads a public address as anybody would, without credentials.
pub(super) async fn visit(port: &dyn Port, url: &str, size: u64) -> Result<Response, Failure> {
    let mut request = Request::new(Method::Get, url);
    request.redirects = PUBLIC_REDIRECTS;
    request.max_response = usize::try_from(size)
        .unwrap_or(usize::MAX)
        .max(DEFAULT_MAX_RESPONSE);
    exchange(port, request, &format!("fetching {url}")).await
}

/// The bytes of an uploaded file; `None` when it is gone.
pub(super) async fn download(
    port: &dyn Port,
    url: &str,
    size: u64,
) -> Result<Option<Bytes>, Failure> {
    let response = visit(port, url, size).await?;
    match response.status {
        404 | 410 => Ok(None),
        _ if response.is_success() => Ok(Some(response.body)),
        _ => Err(Failure::from_response(
            &response,
            &format!("fetching {url}"),
            "",
            port.now(),
        )),
    }
}

#[derive(Deserialize)]
struct Account {
    username: String,
    roles: Vec<String>,
    capabilities: std::collections::BTreeMap<String, Value>,
}

/// Asks who we are: the only question that a wrong password cannot answer as an anonymous reader.
pub(in crate::wordpress) async fn probe(site: &Site, port: &dyn Port) -> Result<String, Failure> {
    let account: Account = site.get(port, "users/me", &[("context", "edit")]).await?;
    let html = account.capabilities.get("unfiltered_html") == Some(&Value::Bool(true));
    let html = if html {
        "may post any HTML"
    } else {
        "loses scripts, frames and forms (no unfiltered_html)"
    };
    Ok(format!(
        "{} ({}), {html}",
        account.username,
        account.roles.join(", ")
    ))
}
