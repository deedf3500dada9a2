//! Style and script of the console, as they are in the binary.
//!
//! Ensures that an asset's address names its bytes, so that browsers keep it for ever and never have an
//! old one.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

use super::page::{Shown, Trouble};
use crate::router::Endpoint;

const CSS: &[u8] = include_bytes!("../../assets/console.css");
const JS: &[u8] = include_bytes!("../../assets/console.js");
const ICON: &[u8] = include_bytes!("../../assets/icon.svg");
/// Hex digits of an asset's hash in its address.
const DIGITS: usize = 16;

static CSS_PATH: LazyLock<String> = LazyLock::new(|| path(CSS, "console.css"));
static JS_PATH: LazyLock<String> = LazyLock::new(|| path(JS, "console.js"));
static ICON_PATH: LazyLock<String> = LazyLock::new(|| path(ICON, "icon.svg"));

fn path(bytes: &[u8], name: &str) -> String {
    let hash = slugline_core::media::sha256(bytes);
    format!("/assets/{}/{name}", hash.get(..DIGITS).unwrap_or(&hash))
}

/// The style's path.
pub(crate) fn css() -> &'static str {
    &CSS_PATH
}

/// The script's path.
pub(crate) fn js() -> &'static str {
    &JS_PATH
}

/// The icon's path.
pub(crate) fn icon() -> &'static str {
    &ICON_PATH
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/assets/{hash}/{name}", None, asset)
}

async fn asset(Path((hash, name)): Path<(String, String)>) -> Shown {
    let asked = format!("/assets/{hash}/{name}");
    let all = [
        (css(), CSS, "text/css; charset=utf-8"),
        (js(), JS, "text/javascript; charset=utf-8"),
        (icon(), ICON, "image/svg+xml"),
    ];
    let found = all.into_iter().find(|(path, ..)| *path == asked);
    let (_, bytes, kind) = found.ok_or_else(|| Trouble::absent("such asset; reload the page"))?;
    let kept = "public, max-age=31536000, immutable";
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, kept)], bytes).into_response())
}
