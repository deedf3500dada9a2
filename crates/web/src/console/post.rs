//! A form that is sent.
//!
//! Ensures that it is one that a page of this session carried: it has the session's own mark, and where the
//! browser says where it comes from, that is here. Bodies are bounded.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Request};
use slugline_core::problem::{Code, Problem};
use subtle::ConstantTimeEq;

use super::fields::Fields;
use super::page::Trouble;
use super::session::{self, Signed};
use crate::app::Doors;
use crate::door::body::{self, Allowed};

/// Names and ids, and at most the text of an article besides.
const TIME: Duration = Duration::from_secs(30);
/// What a form says besides an article: names and ids, percent-encoded.
const BESIDES: usize = 64 * 1024;
/// Percent-encoding makes three bytes of one.
const ENCODED: usize = 3;

/// A form of somebody who is signed in.
pub(crate) struct Posted {
    pub(crate) signed: Signed,
    pub(crate) fields: Fields,
}

impl FromRequest<Arc<Doors>> for Posted {
    type Rejection = Trouble;

    async fn from_request(request: Request, doors: &Arc<Doors>) -> Result<Self, Trouble> {
        let (mut parts, body) = request.into_parts();
        let signed = Signed::from_request_parts(&mut parts, doors).await?;
        let fields = read(Request::from_parts(parts, body), doors).await?;
        let mark = fields.one("csrf").unwrap_or_default();
        if !bool::from(mark.as_bytes().ct_eq(signed.csrf.as_bytes())) {
            return Err(strange(
                "the form was not made for this session; open the page anew",
            ));
        }
        if !doors.is_ready() {
            let problem = Problem::new(
                Code::Unavailable,
                "the server is starting or stopping; nothing was changed",
            );
            return Err(Trouble::Problem(problem.retry_after(1)));
        }
        Ok(Self { signed, fields })
    }
}

/// The fields of a form that comes from a page of ours.
pub(crate) async fn read(request: Request, doors: &Doors) -> Result<Fields, Trouble> {
    let (parts, body) = request.into_parts();
    if !session::is_ours(doors, &parts.headers) {
        return Err(strange("the form was sent by another site"));
    }
    let allowed = Allowed {
        size: doors.limits.publish_bytes * ENCODED + BESIDES,
        time: TIME,
    };
    let bytes = body::read(body, &parts.headers, allowed).await?;
    Ok(Fields::parse(&bytes))
}

fn strange(why: &str) -> Trouble {
    Trouble::Problem(Problem::new(Code::Forbidden, why))
}
