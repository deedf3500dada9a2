//! What the store's tests work with: a store, a clock that they move, and short ways to say what
//! arrives and how runs end.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use slugline_core::connector::Shown;
use slugline_core::failure::Failure;
use slugline_core::ids::JobId;
use slugline_core::intake::{Origin, Submission};
use slugline_core::item::{Class, ItemKey};
use slugline_core::lane::LaneScope;
use slugline_core::lifecycle::{Evidence, JobState, Verdict};
use slugline_core::port::BoxFuture;
use slugline_core::problem::{Code, Problem};
use slugline_core::reason::Reason;
use slugline_core::request::{decode, payload_place};
use slugline_core::time::Timestamp;
use slugline_engine::ports::Clock;
use slugline_engine::store::{
    ClaimedJob, ContentView, Decided, JobView, Page, PublishFilter, PublishView, Registration,
    Released, Room, Settlement, Store, Want,
};

/// The request timeout of every destination here.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);
/// How long leases last here.
pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// A clock that stands still until it is moved.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    /// Moves it on.
    pub(crate) fn advance(&self, by: Duration) {
        self.0
            .fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicI64::new(
            Timestamp::parse("2026-11-21T10:00:00Z").unwrap().0,
        ))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst).unsigned_abs())
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        unreachable!("a store does not sleep")
    }
}

/// A store under test.
pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<TestClock>,
    /// What must outlive the store, such as its directory.
    pub(crate) _keeps: Box<dyn Any + Send>,
}

/// A post that arrives.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) content_id: String,
    pub(crate) key: String,
    pub(crate) version: Option<i64>,
    pub(crate) action: &'static str,
    pub(crate) title: String,
    pub(crate) locale: &'static str,
    pub(crate) environment: &'static str,
    pub(crate) class: &'static str,
    pub(crate) slug: Option<&'static str>,
    pub(crate) targets: Vec<&'static str>,
    pub(crate) publish_at: Option<Timestamp>,
    pub(crate) owner: &'static str,
    pub(crate) media: &'static str,
    pub(crate) source: &'static str,
    pub(crate) depends_on: Vec<&'static str>,
}

/// A post with a version; its key is made of both.
pub(crate) fn post(content_id: &str, version: i64) -> Post {
    Post {
        content_id: content_id.into(),
        key: format!("{content_id}-{version}"),
        version: Some(version),
        action: "publish",
        title: format!("{content_id} {version}"),
        locale: "en",
        environment: "production",
        class: "standard",
        slug: None,
        targets: vec!["blog"],
        publish_at: None,
        owner: "default",
        media: "[]",
        source: "api",
        depends_on: Vec::new(),
    }
}

impl Post {
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = key.into();
        self
    }

    pub(crate) fn action(mut self, action: &'static str) -> Self {
        self.action = action;
        self.key = format!("{}-{action}", self.key);
        self
    }

    pub(crate) fn slug(mut self, slug: &'static str) -> Self {
        self.slug = Some(slug);
        self
    }

    pub(crate) fn to(mut self, targets: &[&'static str]) -> Self {
        self.targets = targets.to_vec();
        self
    }

    pub(crate) fn class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }

    pub(crate) fn locale(mut self, locale: &'static str) -> Self {
        self.locale = locale;
        self.key = format!("{}-{locale}", self.key);
        self
    }

    pub(crate) fn at(mut self, publish_at: Timestamp) -> Self {
        self.publish_at = Some(publish_at);
        self
    }

    /// What a source says, in one locale or in all of them (`*`).
    pub(crate) fn said_by(mut self, source: &'static str) -> Self {
        self.source = source;
        self
    }

    /// Media as JSON; those with a URL are to be fetched.
    pub(crate) fn media(mut self, media: &'static str) -> Self {
        self.media = media;
        self
    }

    /// What must be live first.
    pub(crate) fn after(mut self, depends_on: &[&'static str]) -> Self {
        self.depends_on = depends_on.to_vec();
        self
    }

    /// The checked request.
    pub(crate) fn submission(&self, now: Timestamp) -> Submission {
        let text = |value: &Option<String>| {
            value
                .as_ref()
                .map_or("null".to_owned(), |value| format!("{value:?}"))
        };
        let body = format!(
            r#"{{"request_id":{:?},"content_id":{:?},"version":{},"action":"{}","class":"{}","publish_at":{},"depends_on":{:?},
                "payload":{{"title":{:?},"slug":{},"media":{}}}}}"#,
            self.key,
            self.content_id,
            self.version
                .map_or("null".to_owned(), |version| version.to_string()),
            self.action,
            self.class,
            text(&self.publish_at.map(|at| at.to_string())),
            self.depends_on,
            self.title,
            text(&self.slug.map(str::to_owned)),
            self.media,
        );
        let request = decode(body.as_bytes()).unwrap();
        let (owner, environment, locale) = (
            self.owner.into(),
            self.environment.into(),
            self.locale.into(),
        );
        let fingerprints = request.fingerprints(self.locale);
        Submission {
            item: ItemKey {
                owner,
                environment,
                content_id: self.content_id.clone(),
                locale,
            },
            key: self.key.clone(),
            fingerprint: fingerprints.request,
            body: fingerprints.payload,
            source: self.source.into(),
            actor: "token:test".into(),
            targets: self.targets.iter().map(|&name| name.to_owned()).collect(),
            media: (self.media == "[]").then(Vec::new),
            payload_place: payload_place(body.as_bytes()),
            raw: body.into(),
            headers: Vec::new(),
            received_at: now,
            key_ttl: Duration::from_secs(86_400),
            origin: Origin::Producer,
            offers: Vec::new(),
            request,
        }
    }
}

impl Bench {
    /// Makes the destinations known that the tests use, one for each kind of lane and one more.
    pub(crate) async fn register(&self) {
        let lanes = [
            ("blog", LaneScope::ItemLocale),
            ("shop", LaneScope::ItemLocale),
            ("merged", LaneScope::Item),
            ("build", LaneScope::Target),
        ];
        let known = lanes.map(|(name, lane)| Registration {
            pace: None,
            name: name.into(),
            lane,
            request_timeout: TIMEOUT,
            // A build hook can be asked nothing.
            commit_window: (name != "build").then_some(TIMEOUT * 3),
        });
        self.store.register(known.into()).await.unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.store.now()
    }

    pub(crate) async fn submit(&self, post: &Post) -> Result<Decided, Problem> {
        self.store
            .accept(vec![post.submission(self.now())])
            .await
            .unwrap()
            .remove(0)
    }

    pub(crate) async fn accept(&self, post: &Post) -> Decided {
        self.submit(post).await.unwrap()
    }

    pub(crate) async fn refused(&self, post: &Post) -> Code {
        self.submit(post).await.unwrap_err().code
    }

    pub(crate) async fn claim(&self, destination: &str) -> Vec<ClaimedJob> {
        self.store
            .claim(vec![want(destination, Class::Standard)])
            .await
            .unwrap()
            .jobs
    }

    pub(crate) async fn claim_one(&self, destination: &str) -> ClaimedJob {
        let mut jobs = self.claim(destination).await;
        assert_eq!(jobs.len(), 1, "one job at {destination}");
        jobs.remove(0)
    }

    pub(crate) async fn claim_looks(&self, destination: &str) -> Vec<ClaimedJob> {
        self.store
            .claim_looks(vec![want(destination, Class::Standard)])
            .await
            .unwrap()
            .jobs
    }

    /// Settles a run; whether it still had the right to.
    pub(crate) async fn settle(&self, settlement: Settlement) -> bool {
        self.store.settle(vec![settlement]).await.unwrap()[0]
    }

    /// A release pass in which nobody gives up.
    pub(crate) async fn release(&self, limit: usize) -> Released {
        self.store.release(Vec::new(), limit).await.unwrap()
    }

    pub(crate) async fn live(&self, job: &ClaimedJob) {
        assert!(self.settle(live(job)).await, "the run still had its lease");
    }

    /// Accepts a post and brings it live at its first destination.
    pub(crate) async fn published(&self, post: &Post) -> ClaimedJob {
        self.accept(post).await;
        let job = self.claim_one(post.targets[0]).await;
        self.live(&job).await;
        job
    }

    pub(crate) async fn publish(&self, id: impl ToString) -> PublishView {
        self.store
            .publish("default", &id.to_string())
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn job(&self, id: JobId) -> JobView {
        self.store.job("default", id).await.unwrap().unwrap().job
    }

    pub(crate) async fn state(&self, decided: &Decided) -> JobState {
        self.publish(decided.answer.publish_id.unwrap()).await.state
    }

    pub(crate) async fn content(&self, content_id: &str) -> ContentView {
        self.store
            .content("default", content_id)
            .await
            .unwrap()
            .remove(0)
    }

    pub(crate) async fn publishes(&self, filter: PublishFilter) -> Vec<PublishView> {
        self.store
            .publishes(
                filter,
                Page {
                    limit: 100,
                    cursor: None,
                },
            )
            .await
            .unwrap()
            .items
    }
}

pub(crate) fn want(destination: &str, class: Class) -> Want {
    Want {
        destination: destination.into(),
        class,
        limit: 100,
        room: Room::default(),
        lease: LEASE,
    }
}

/// The end of a run.
pub(crate) fn ended(job: &ClaimedJob, verdict: Verdict) -> Settlement {
    Settlement {
        job: job.job,
        fence: job.fence,
        class: job.class,
        verdict,
        shown: None,
        started_at: job.released_at,
        requests: 3,
        exchanges: Vec::new(),
        wrote: true,
        look_after: None,
        looked: job.ended.is_some(),
        drift: None,
    }
}

/// The end of a run that saw what is desired.
pub(crate) fn live(job: &ClaimedJob) -> Settlement {
    Settlement {
        shown: Some(shown(job)),
        ..ended(job, Verdict::Live(Evidence::ReadBack))
    }
}

/// What a run saw: different for each generation.
pub(crate) fn shown(job: &ClaimedJob) -> Shown {
    Shown {
        downstream_ids: BTreeMap::from([("post".into(), "17".into())]),
        fingerprint: format!("g{}", job.generation),
        url: Some("https://blog.example/p".into()),
    }
}

pub(crate) fn failure() -> Failure {
    Failure::new(Reason::ServerError, "POST /posts answered 502")
}
