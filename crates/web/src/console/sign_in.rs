//! `/sign-in`: with an API token.
//!
//! Ensures that a token is checked like any request's, that failures are few, and that the way back leads
//! into the console only.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use slugline_core::problem::{Code, Problem};

use super::fields::Fields;
use super::frame::{Said, said};
use super::page::{self, Shown, Trouble, go};
use super::{assets, post, session};
use crate::app::Doors;
use crate::door::client::{self, Peer};
use crate::router::Endpoint;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    base: String,
    css: &'static str,
    icon: &'static str,
    next: String,
    wrong: Option<&'static str>,
    said: Option<Said>,
    version: &'static str,
}

pub(super) fn page_endpoint() -> Endpoint {
    Endpoint::get("/sign-in", None, page)
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::open_post("/sign-in", sign_in)
}

async fn page(State(doors): State<Arc<Doors>>, headers: HeaderMap, uri: Uri) -> Shown {
    let query = Fields::parse(uri.query().unwrap_or_default().as_bytes());
    let next = next(&query);
    if let Some(secret) = session::cookie(&doors, &headers)
        && session::find(&doors, &secret).await?.is_some()
    {
        return Ok(go(&session::base(&doors), &next));
    }
    page::show(&ask(&doors, next, None, said(&query)))
}

fn ask(doors: &Doors, next: String, wrong: Option<&'static str>, said: Option<Said>) -> Page {
    Page {
        base: session::base(doors),
        css: assets::css(),
        icon: assets::icon(),
        next,
        wrong,
        said,
        version: doors.version,
    }
}

/// Where to go after: a path of ours, or the overview.
fn next(fields: &Fields) -> String {
    let is_path = |path: &&str| {
        path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n'])
    };
    fields.one("next").filter(is_path).unwrap_or("/").to_owned()
}

async fn sign_in(State(doors): State<Arc<Doors>>, request: Request) -> Shown {
    let headers = request.headers().clone();
    let peer = request.extensions().get::<Peer>().copied();
    let from = client::address(peer, &headers, &*doors.trusts);
    let now = doors.clock.now();
    if let Err(wait) = doors.attempts.may(from, now) {
        let detail = "too many tokens were tried that are not known here; wait a minute";
        let problem = Problem::new(Code::RateLimited, detail);
        return Err(Trouble::Problem(problem.retry_after(wait.as_secs() + 1)));
    }
    let fields = post::read(request, &doors).await?;
    let token = fields.one("token").unwrap_or_default();
    let Some(principal) = doors.keyring.find(token).await? else {
        doors.attempts.failed(from, now);
        tracing::info!(?from, "a sign-in with an unknown token");
        let wrong =
            "This token is not known here. It may have been revoked, or belong to another server.";
        return page::show_as(
            StatusCode::UNAUTHORIZED,
            &ask(&doors, next(&fields), Some(wrong), None),
        );
    };
    let cookie: HeaderValue = session::begin(&doors, &headers, token).await?;
    tracing::info!(token = principal.name, "signed in");
    let mut response = go(&session::base(&doors), &next(&fields));
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_into_the_console_only() {
        let next = |query: &str| next(&Fields::parse(query.as_bytes()));
        assert_eq!(next("next=%2Fcontent%3Fq%3Da"), "/content?q=a");
        for elsewhere in [
            "next=https://a.example",
            "next=//a.example",
            "next=/%5Ca.example",
            "",
        ] {
            assert_eq!(next(elsewhere), "/", "{elsewhere}");
        }
    }
}
