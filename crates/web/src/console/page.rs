//! Pages on their way out, and what is shown in place of one.
//!
//! Ensures that no page runs or loads anything that is not ours, that none is kept or framed, and that what
//! went wrong is a page too, with what to do.

use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use slugline_core::problem::{Code, Problem};
use slugline_engine::intake::problem_of;
use slugline_engine::store::StoreError;

use super::{assets, session};
use crate::app::Doors;
use crate::refusal::Refusal;

/// What all pages have. Forms need to say where they come from, hence the referrer policy.
const HEADERS: [(HeaderName, &str); 7] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Everything in a path that is not a letter, a digit or one of `-_.~`.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What a page answers.
pub(crate) type Shown = Result<Response, Trouble>;

/// A page as a response.
pub(crate) fn show(template: &impl Template) -> Shown {
    show_as(StatusCode::OK, template)
}

/// The same, with another status.
pub(crate) fn show_as(status: StatusCode, template: &impl Template) -> Shown {
    let unmade = |why: askama::Error| {
        Problem::new(Code::Internal, format!("the page could not be made: {why}"))
    };
    let text = template.render().map_err(unmade)?;
    let mut response = (status, text).into_response();
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Sends the browser to a path of ours, with GET.
pub(crate) fn go(base: &str, path: &str) -> Response {
    let place = HeaderValue::from_str(&format!("{base}{path}"));
    let place = place.unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response()
}

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, IN_PATH).to_string()
}

/// What is shown in place of a page.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Nobody is signed in: the base, and the path to come back to.
    SignIn(String, Option<String>),
    /// Something is wrong.
    Problem(Problem),
}

impl Trouble {
    /// There is nothing of this kind and name.
    pub(crate) fn absent(what: &str) -> Self {
        Self::Problem(Problem::new(Code::NotFound, format!("there is no {what}")))
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Problem(refusal.0)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Problem(problem_of(&error))
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage<'a> {
    base: String,
    css: &'static str,
    icon: &'static str,
    title: &'a str,
    detail: String,
    status: u16,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(base, back) => {
                let back = back.filter(|path| path != "/");
                let next = back.map_or(String::new(), |path| format!("?next={}", segment(&path)));
                go(&base, &format!("/sign-in{next}"))
            }
            Self::Problem(problem) => untold(problem),
        }
    }
}

/// A problem on its way to [`explained`], which knows where the console is.
#[derive(Clone)]
struct Untold;

fn untold(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.code.status());
    let mut response = status
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        .into_response();
    if let Some(seconds) = problem.retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(problem);
    response.extensions_mut().insert(Untold);
    response
}

/// A response, as a page where it is a problem of the console's.
pub(crate) fn explained(doors: &Doors, response: Response) -> Response {
    let (true, Some(problem)) = (
        response.extensions().get::<Untold>().is_some(),
        response.extensions().get::<Problem>(),
    ) else {
        return response;
    };
    let status = response.status();
    let page = TroublePage {
        base: session::base(doors),
        css: assets::css(),
        icon: assets::icon(),
        title: title(problem.code),
        detail: sentence(&problem.detail),
        status: status.as_u16(),
    };
    let Ok(mut shown) = show_as(status, &page) else {
        return response;
    };
    if let Some(after) = response.headers().get(RETRY_AFTER) {
        shown.headers_mut().insert(RETRY_AFTER, after.clone());
    }
    shown.extensions_mut().insert(problem.clone());
    shown
}

/// A problem's detail as a sentence of its own.
fn sentence(detail: &str) -> String {
    let mut letters = detail.chars();
    let first = letters.next().map(char::to_uppercase);
    let mut sentence: String = first.into_iter().flatten().chain(letters).collect();
    if !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    sentence
}

fn title(code: Code) -> &'static str {
    match code {
        Code::NotFound => "Not here",
        Code::Forbidden => "Not allowed",
        Code::Unavailable => "Not now",
        Code::RateLimited => "Too many requests",
        Code::InvalidRequest => "That cannot be asked",
        Code::WouldBeRefused => "Nothing was changed",
        _ => "Something went wrong",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_becomes_a_sentence() {
        assert_eq!(sentence("there is no webhook"), "There is no webhook.");
        assert_eq!(sentence("Nobody is there."), "Nobody is there.");
        assert_eq!(sentence("élan"), "Élan.");
    }
}
