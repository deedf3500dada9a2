//! `GET /`: says what this is and where to go.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, IntoResponse};

use crate::app::Doors;
use crate::refusal::Answered;
use crate::router::Endpoint;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::get("/", None, home)
}

async fn home(State(doors): State<Arc<Doors>>) -> Answered {
    Ok(Html(page(doors.version)).into_response())
}

fn page(version: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Slugline</title></head>
<body>
<h1>Slugline {}</h1>
<p>This server makes a content publish land once, in order and verified, in a CMS and in everything that reacts to it.</p>
<ul>
<li><a href="/openapi.json">/openapi.json</a>: the API</li>
<li><a href="/schemas/event.v2.json">/schemas/event.v2.json</a>: its events</li>
<li><a href="/livez">/livez</a>: whether the process answers</li>
<li><a href="/readyz?verbose">/readyz?verbose</a>: whether it accepts work</li>
<li><a href="/metrics">/metrics</a>: its metrics</li>
</ul>
</body>
</html>
"#,
        escape(version)
    )
}

/// Text as HTML text.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_is_escaped() {
        assert!(page("1 <script>").contains("1 &lt;script&gt;"));
    }
}
