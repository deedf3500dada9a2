//! A vendor whose refresh tokens are good for one use: a second use revokes the whole line, as the
//! careful ones do. Its access tokens live for an hour, or until their successor is made.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use slugline_core::connector::{Capabilities, Connector, Repeat, Verification, Work};
use slugline_core::credential::{Credential, Renewal};
use slugline_core::decide::{Decision, Observed};
use slugline_core::failure::Failure;
use slugline_core::http::{Method, Request, Response, SendError};
use slugline_core::lane::LaneScope;
use slugline_core::port::{BoxFuture, FileOp, FileReply, Port};
use slugline_core::reason::Reason;
use slugline_core::secret::Secret;
use slugline_core::time::Timestamp;
use slugline_engine::ports::{Clock, Transport};

use crate::network::TestClock;

pub const ENTRY: &str = "http://vendor.test/entry";
/// The refresh token in everybody's configuration.
pub const FIRST: &str = "first-secret";
const TOKEN: &str = "http://vendor.test/token";
pub const LIFE: Duration = Duration::from_secs(3_600);
/// What an exchange takes.
const LATENCY: Duration = Duration::from_millis(700);

/// How the token endpoint misbehaves next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The exchange is carried out and its answer lost.
    LosesTheAnswer,
    /// It answers 503 and does nothing.
    IsDown,
    /// It cannot be reached.
    IsAway,
}

#[derive(Default)]
pub struct State {
    /// The refresh tokens that are good, with whether they were used.
    refresh: BTreeMap<String, bool>,
    access: Option<(String, Timestamp)>,
    /// How often each refresh token arrived.
    pub presented: BTreeMap<String, u32>,
    pub issued: u32,
    /// Requests that were let in, and that were not.
    pub served: u32,
    pub refused: u32,
    pub trouble: Option<Trouble>,
}

pub struct Vendor {
    pub state: Mutex<State>,
    clock: Arc<TestClock>,
}

impl Vendor {
    pub fn new(clock: Arc<TestClock>) -> Self {
        let vendor = Self {
            state: Mutex::default(),
            clock,
        };
        vendor.grant(FIRST);
        vendor
    }

    /// A person makes a new line of tokens.
    pub fn grant(&self, refresh: &str) {
        let mut state = self.state.lock().unwrap();
        state.refresh.insert(refresh.into(), false);
    }

    /// The vendor forgets the access token before its time.
    pub fn forget_access(&self) {
        self.state.lock().unwrap().access = None;
    }

    fn exchange(&self, refresh: &str) -> Response {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap();
        *state.presented.entry(refresh.into()).or_default() += 1;
        if state.refresh.insert(refresh.into(), true) != Some(false) {
            state.refresh.clear();
            state.access = None;
            return answer(400, "invalid_grant");
        }
        state.issued += 1;
        let (access, next) = (
            format!("access-{}", state.issued),
            format!("refresh-{}", state.issued),
        );
        let end = now.plus(LIFE);
        state.access = Some((access.clone(), end));
        state.refresh.insert(next.clone(), false);
        answer(200, &format!("{access} {next} {}", end.0))
    }

    fn entry(&self, request: &Request) -> Response {
        let now = self.clock.now();
        let mut state = self.state.lock().unwrap();
        let carried = request
            .headers
            .iter()
            .find(|(name, _)| name == "authorization");
        let good = state
            .access
            .as_ref()
            .filter(|(_, end)| now < *end)
            .map(|(access, _)| access);
        if carried.map(|(_, value)| value) == good && good.is_some() {
            state.served += 1;
            return answer(200, "an entry");
        }
        state.refused += 1;
        answer(401, "no")
    }

    async fn token(&self, refresh: &str) -> Result<Response, SendError> {
        let trouble = self.state.lock().unwrap().trouble.take();
        if trouble == Some(Trouble::IsAway) {
            return Err(SendError::NotSent("no such host".into()));
        }
        self.clock.sleep(LATENCY / 2).await;
        if trouble == Some(Trouble::IsDown) {
            return Ok(answer(503, "later"));
        }
        let response = self.exchange(refresh);
        self.clock.sleep(LATENCY / 2).await;
        match trouble {
            Some(_) => Err(SendError::NoAnswer("cut".into())),
            None => Ok(response),
        }
    }
}

fn answer(status: u16, body: &str) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: Bytes::from(body.to_owned()),
    }
}

impl Transport for Vendor {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        Box::pin(async move {
            if request.url == TOKEN {
                let refresh = String::from_utf8(request.body.to_vec()).unwrap();
                return self.token(&refresh).await;
            }
            Ok(self.entry(&request))
        })
    }

    fn file<'a>(&'a self, _: &'a str, _: FileOp) -> BoxFuture<'a, Result<FileReply, SendError>> {
        unreachable!("an API")
    }
}

/// The vendor's connector, as far as its credential goes.
pub struct Rotating(pub Secret);

impl Renewal for Rotating {
    fn first(&self) -> &Secret {
        &self.0
    }

    fn request(&self, refresh: &Secret) -> Request {
        Request::new(Method::Post, TOKEN).body(refresh.expose().to_owned())
    }

    fn read(&self, answer: &Response, _: &Secret, now: Timestamp) -> Result<Credential, Failure> {
        let text = String::from_utf8_lossy(&answer.body);
        let words: Vec<&str> = text.split(' ').collect();
        match (answer.status, words.as_slice()) {
            (200, &[access, refresh, end]) => Ok(Credential {
                access: Secret::new(access),
                refresh: Secret::new(refresh),
                expires_at: Some(Timestamp(end.parse().unwrap())),
            }),
            (400, _) => Err(Failure::new(Reason::CredentialsRefused, "invalid_grant")),
            _ => Err(Failure::from_response(
                answer,
                "the token endpoint",
                "",
                now,
            )),
        }
    }

    fn authorize(&self, request: Request, access: &Secret) -> Request {
        request.header("authorization", access.expose())
    }
}

impl Connector for Rotating {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kind: "rotating",
            lane: LaneScope::Item,
            readable: true,
            repeat: Repeat::LooksUp,
            drafts: false,
            commit_window: None,
            verify_window: Duration::ZERO,
            concurrency: 4,
            timeout: Duration::from_secs(5),
            transforms: &[],
        }
    }

    fn renewal(&self) -> Option<&dyn Renewal> {
        Some(self)
    }

    fn check(&self, _: &Work) -> Result<(), Failure> {
        unreachable!("nothing is published here")
    }

    fn observe<'a>(
        &'a self,
        _: &'a Work,
        _: &'a dyn Port,
    ) -> BoxFuture<'a, Result<Observed, Failure>> {
        unreachable!("nothing is published here")
    }

    fn act<'a>(
        &'a self,
        _: &'a Work,
        _: &'a Decision,
        _: &'a dyn Port,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        unreachable!("nothing is published here")
    }

    fn verify<'a>(
        &'a self,
        _: &'a Work,
        _: &'a dyn Port,
    ) -> BoxFuture<'a, Result<Verification, Failure>> {
        unreachable!("nothing is published here")
    }

    fn tidy<'a>(&'a self, _: &'a Work, _: &'a dyn Port) -> BoxFuture<'a, Result<(), Failure>> {
        unreachable!("nothing is published here")
    }

    fn undo<'a>(&'a self, _: &'a Work, _: &'a dyn Port) -> BoxFuture<'a, Result<(), Failure>> {
        unreachable!("nothing is published here")
    }

    fn discard_media<'a>(
        &'a self,
        _: &'a str,
        _: &'a dyn Port,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        unreachable!("nothing is published here")
    }

    fn probe<'a>(&'a self, _: &'a dyn Port) -> BoxFuture<'a, Result<String, Failure>> {
        unreachable!("nothing is published here")
    }
}
