//! The blog: the fake WordPress, with quirks that no request asks for.
//!
//! Ensures that an update may be answered with 200 and not be kept, and that public pages may lag
//! behind the API, as behind a page cache.

use std::time::Duration;

use slugline_connectors::FakeWordPress;
use slugline_connectors::fake::{Fake, Undocumented};
use slugline_core::http::{Method, Request, Response};
use slugline_core::time::Timestamp;

use crate::dice::Dice;
use crate::faults::Kind;
use crate::network::BLOG;
use crate::plan::Plan;

/// How often an update is answered and not kept.
const IGNORED: f64 = 0.05;
/// How long public pages lag at most: less than the verify window.
const LAG: Duration = Duration::from_millis(600);

/// See the module.
pub(crate) struct Blog {
    pub(crate) site: FakeWordPress,
    /// What public pages show until then.
    cached: Option<(FakeWordPress, Timestamp)>,
    ignores: bool,
    lags: bool,
    /// No new quirks, once trouble has ended.
    pub(crate) calm: bool,
    dice: Dice,
}

impl Blog {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            site: FakeWordPress::new(BLOG, "publisher", "pw"),
            cached: None,
            ignores: plan.has(Kind::Ignored),
            lags: plan.has(Kind::Lag),
            calm: false,
            dice: Dice::new(plan.seed, "blog"),
        }
    }

    /// An update of an entry, whose answer alone does not show whether it was kept.
    fn is_ignored(&self, request: &Request) -> bool {
        let updates = request.method == Method::Post && entry_id(&request.url).is_some();
        updates && self.ignores && !self.calm && self.dice.chance(IGNORED)
    }

    fn remember_pages(&mut self, request: &Request, now: Timestamp) {
        let lags = self.lags && !self.calm && request.method.writes();
        let is_fresh = self.cached.as_ref().is_none_or(|(_, until)| *until < now);
        if lags && is_fresh {
            self.cached = Some((self.site.clone(), now.plus(LAG)));
        }
    }
}

impl Fake for Blog {
    fn handle(&mut self, request: &Request, now: Timestamp) -> Result<Response, Undocumented> {
        if !request.url.contains("rest_route") && !request.url.contains("/wp-json/") {
            return match &mut self.cached {
                Some((before, until)) if *until >= now => before.handle(request, now),
                _ => self.site.handle(request, now),
            };
        }
        if self.is_ignored(request) {
            return self.site.clone().handle(request, now);
        }
        self.remember_pages(request, now);
        self.site.handle(request, now)
    }

    fn die_half_way(
        &mut self,
        request: &Request,
        now: Timestamp,
    ) -> Result<Response, Undocumented> {
        self.site.die_half_way(request, now)
    }
}

/// The entry that a request to the API is about, such as 17 for `posts/17`.
pub(crate) fn entry_id(url: &str) -> Option<u64> {
    let (_, rest) = url
        .split_once("posts%2F")
        .or_else(|| url.split_once("posts/"))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
