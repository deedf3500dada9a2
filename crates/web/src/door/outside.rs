//! This server as those outside call it.
//!
//! Ensures that signed URLs and links in answers agree on one: the configured URL, else the request's `Host`.

use axum::http::HeaderMap;
use axum::http::header::HOST;

use crate::app::Doors;

/// The server's URL without a slash at its end.
pub(crate) fn url(doors: &Doors, headers: &HeaderMap) -> String {
    match &doors.public_url {
        Some(url) => url.clone(),
        None => {
            let host = headers.get(HOST).and_then(|host| host.to_str().ok());
            let scheme = if doors.tls { "https" } else { "http" };
            format!("{scheme}://{}", host.unwrap_or_default())
        }
    }
}
