//! Credentials that rotate, renewed by three nodes over one store, on virtual time.

mod vendor;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use slugline_core::failure::Failure;
use slugline_core::http::{Method, Request};
use slugline_core::ids::{Fence, JobId};
use slugline_core::item::Class;
use slugline_core::port::Port;
use slugline_core::reason::Reason;
use slugline_core::secret::Secret;
use slugline_engine::delivery::{Desk, Grant, Shared};
use slugline_engine::destination::{Destination, DestinationSettings};
use slugline_engine::ports::{Clock, Entropy};
use slugline_engine::sealing::SealingKey;
use slugline_store::sqlite::SqliteStore;

use self::vendor::{ENTRY, FIRST, LIFE, Rotating, Trouble, Vendor};
use crate::network::{Dice, TestClock};
use crate::steady::Steady;

const NODES: usize = 3;
/// Runs at once on each node.
const RUNS: usize = 4;
const TIMEOUT: Duration = Duration::from_secs(5);

/// Nodes that share a store, a vendor and a clock.
struct Cluster {
    vendor: Arc<Vendor>,
    clock: Arc<TestClock>,
    nodes: Vec<Node>,
    directory: tempfile::TempDir,
}

struct Node {
    store: Arc<Steady>,
    shared: Shared,
    destination: Arc<Destination>,
}

fn key(text: &str) -> Option<Arc<SealingKey>> {
    let secret = Secret::new(text.repeat(32));
    Some(Arc::new(SealingKey::new(&secret).unwrap()))
}

impl Cluster {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::new());
        let store = Arc::new(SqliteStore::open(directory.path(), clock.clone(), [7; 16]).unwrap());
        let vendor = Arc::new(Vendor::new(clock.clone()));
        let node = |_| {
            let store = Arc::new(Steady::new(store.clone()));
            let shared = Shared {
                store: store.clone(),
                transport: vendor.clone(),
                clock: clock.clone(),
                sealing_key: key("k"),
            };
            Node {
                store,
                shared,
                destination: destination(FIRST, &clock),
            }
        };
        Self {
            nodes: (0..NODES).map(node).collect(),
            vendor,
            clock,
            directory,
        }
    }

    /// Sends from all nodes at once, each from several runs.
    async fn send_everywhere(&self) -> Vec<Result<u16, Failure>> {
        let runs = self.nodes.iter().flat_map(|node| vec![node; RUNS]);
        join_all(runs.map(Node::send)).await
    }

    fn issued(&self) -> u32 {
        self.vendor.state.lock().unwrap().issued
    }

    /// Nobody sent a refresh token twice: the vendor would have revoked the line.
    fn assert_each_sent_once(&self) {
        let presented = &self.vendor.state.lock().unwrap().presented;
        assert!(presented.values().all(|&times| times == 1), "{presented:?}");
    }
}

impl Node {
    /// What a run of this node gets for a request with the credential.
    async fn send(&self) -> Result<u16, Failure> {
        self.ask(Request::new(Method::Get, ENTRY).authorized())
            .await
    }

    async fn ask(&self, request: Request) -> Result<u16, Failure> {
        let grant = Grant {
            job: JobId(1),
            fence: Fence(1),
            lease: TIMEOUT,
            // The run's own lease is not what is tested.
            until: Duration::MAX,
        };
        let desk = Desk::new(
            self.shared.clone(),
            self.destination.clone(),
            Class::Standard,
            grant,
            BTreeMap::new(),
        );
        desk.send(request)
            .await
            .map(|answer| answer.status)
            .map_err(|error| Failure::from_send_error(&error, false, "asking"))
    }
}

fn destination(first: &str, clock: &TestClock) -> Arc<Destination> {
    let settings = DestinationSettings {
        name: "blog".into(),
        concurrency: 4,
        rate: None,
        timeout: TIMEOUT,
        commit_window: TIMEOUT,
        verify_window: TIMEOUT,
        protect_drift: false,
        repeat_unknown: false,
        pace: None,
        reconcile: Default::default(),
    };
    let connector = Arc::new(Rotating(Secret::new(first)));
    Arc::new(Destination::new(settings, connector, clock.now()))
}

fn all_are(outcomes: &[Result<u16, Failure>], status: u16) {
    assert!(
        outcomes.iter().all(|outcome| *outcome == Ok(status)),
        "{outcomes:?}"
    );
}

fn all_fail(outcomes: &[Result<u16, Failure>], reason: Reason) {
    let fails =
        |outcome: &Result<u16, Failure>| outcome.as_ref().is_err_and(|it| it.reason == reason);
    assert!(outcomes.iter().all(fails), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn each_expiry_is_one_renewal_over_all_nodes() {
    let cluster = Cluster::new();
    let dice = Dice::new(7);
    // Each node goes at its own pace for a little more than ten lives of a token.
    let end = LIFE * 10 + LIFE / 2;
    let go = |node: &'static str, index: usize| {
        let (cluster, dice) = (&cluster, &dice);
        async move {
            while cluster.clock.monotonic() < end {
                let outcome = cluster.nodes[index].send().await;
                assert_eq!(outcome, Ok(200), "{node}");
                let pause = Duration::from_secs(120).mul_f64(dice.unit());
                cluster.clock.sleep(pause).await;
            }
        }
    };
    let runs = (0..NODES * RUNS).map(|run| go("a run", run % NODES));
    join_all(runs).await;
    assert_eq!(cluster.issued(), 11, "one at first, one for each expiry");
    cluster.assert_each_sent_once();
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_renewed_once_and_the_request_sent_again() {
    let cluster = Cluster::new();
    all_are(&cluster.send_everywhere().await, 200);
    cluster.vendor.forget_access();
    all_are(&cluster.send_everywhere().await, 200);
    assert_eq!(cluster.issued(), 2, "twelve were refused, one renewed");
    cluster.assert_each_sent_once();
}

#[tokio::test(start_paused = true)]
async fn a_node_that_dies_before_the_exchange_is_replaced() {
    let cluster = Cluster::new();
    cluster.nodes[0]
        .store
        .suspend_after("begin_refresh", Duration::from_secs(86_400));
    let dies = tokio::time::timeout(Duration::from_secs(1), cluster.nodes[0].send()).await;
    assert!(dies.is_err(), "it died with the right in its hands");
    all_are(&cluster.send_everywhere().await, 200);
    assert_eq!(cluster.issued(), 1);
    cluster.assert_each_sent_once();
}

#[tokio::test(start_paused = true)]
async fn a_node_that_slept_does_not_send_the_old_token() {
    let cluster = Cluster::new();
    let sleeper = &cluster.nodes[0];
    sleeper
        .store
        .suspend_after("begin_refresh", Duration::from_secs(600));
    let others = async {
        cluster.clock.sleep(Duration::from_secs(1)).await;
        join(cluster.nodes[1].send(), cluster.nodes[2].send()).await
    };
    let (slept, (one, other)) = join(sleeper.send(), others).await;
    assert_eq!(
        (one, other),
        (Ok(200), Ok(200)),
        "the others did not wait for it"
    );
    assert_eq!(slept.unwrap_err().reason, Reason::Interrupted);
    assert_eq!(cluster.issued(), 1);
    cluster.assert_each_sent_once();
    assert_eq!(sleeper.send().await, Ok(200));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_slept_after_its_look_takes_what_the_others_made() {
    let cluster = Cluster::new();
    cluster.nodes[0]
        .store
        .suspend_after("credential", Duration::from_secs(60));
    all_are(&cluster.send_everywhere().await, 200);
    assert_eq!(cluster.issued(), 1);
    cluster.assert_each_sent_once();
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_serves_others_while_its_maker_sleeps() {
    let cluster = Cluster::new();
    all_are(&cluster.send_everywhere().await, 200);
    cluster.vendor.forget_access();
    // It sleeps after the renewal is kept: the others go on with what it kept.
    cluster.nodes[0]
        .store
        .suspend_after("end_refresh", Duration::from_secs(600));
    let first = cluster.nodes[0].send();
    let others = async {
        cluster.clock.sleep(Duration::from_millis(100)).await;
        join(cluster.nodes[1].send(), cluster.nodes[2].send()).await
    };
    let (first, others) = join(first, others).await;
    assert_eq!((first, others), (Ok(200), (Ok(200), Ok(200))));
    assert_eq!(cluster.issued(), 2);
    cluster.assert_each_sent_once();
}

#[tokio::test(start_paused = true)]
async fn a_used_token_is_refused_once_and_not_sent_again() {
    let cluster = Cluster::new();
    cluster.vendor.state.lock().unwrap().trouble = Some(Trouble::LosesTheAnswer);
    let lost = cluster.nodes[0].send().await.unwrap_err();
    assert_eq!(lost.reason, Reason::NoAnswer);
    // Whether it was used nobody knows: it is tried once more, by one, when the lease has ended.
    let waited = cluster.clock.monotonic();
    all_fail(&cluster.send_everywhere().await, Reason::CredentialsRefused);
    assert!(cluster.clock.monotonic() > waited + TIMEOUT);
    all_fail(&cluster.send_everywhere().await, Reason::CredentialsRefused);
    let presented = cluster.vendor.state.lock().unwrap().presented.clone();
    assert_eq!(presented, BTreeMap::from([(FIRST.to_owned(), 2)]));
}

#[tokio::test(start_paused = true)]
async fn a_new_first_secret_begins_a_new_line() {
    let mut cluster = Cluster::new();
    cluster.vendor.state.lock().unwrap().trouble = Some(Trouble::LosesTheAnswer);
    cluster.nodes[0].send().await.unwrap_err();
    all_fail(&cluster.send_everywhere().await, Reason::CredentialsRefused);
    cluster.vendor.grant("second");
    cluster.nodes[0].destination = destination("second", &cluster.clock);
    assert_eq!(cluster.nodes[0].send().await, Ok(200), "at once");
    let old = cluster.nodes[1].send().await.unwrap_err();
    assert_eq!(old.reason, Reason::CredentialsRefused);
    assert_eq!(cluster.issued(), 2, "the lost one and the new one");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_in_trouble_is_tried_again_later() {
    let cluster = Cluster::new();
    for (trouble, reason) in [
        (Trouble::IsAway, Reason::Unreachable),
        (Trouble::IsDown, Reason::ServerError),
    ] {
        cluster.vendor.state.lock().unwrap().trouble = Some(trouble);
        let failure = cluster.nodes[0].send().await.unwrap_err();
        assert_eq!(failure.reason, reason);
    }
    all_are(&cluster.send_everywhere().await, 200);
    assert_eq!(cluster.issued(), 1);
}

#[tokio::test(start_paused = true)]
#[expect(
    clippy::disallowed_methods,
    reason = "what lies on the disk is what is looked at"
)]
async fn what_is_kept_cannot_be_read_without_the_key() {
    let mut cluster = Cluster::new();
    all_are(&cluster.send_everywhere().await, 200);
    for file in ["slugline.db", "slugline.db-wal"] {
        let bytes = std::fs::read(cluster.directory.path().join(file)).unwrap();
        for secret in ["access-1", "refresh-1", FIRST] {
            let found = bytes
                .windows(secret.len())
                .any(|it| it == secret.as_bytes());
            assert!(!found, "{secret} lies open in {file}");
        }
    }
    cluster.nodes[0].shared.sealing_key = key("x");
    let failure = cluster.nodes[0].send().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Misconfigured);
    assert!(failure.message.contains("secret_key"), "{failure:?}");
    cluster.nodes[0].shared.sealing_key = None;
    let failure = cluster.nodes[0].send().await.unwrap_err();
    assert!(
        failure.message.contains("set [server] secret_key"),
        "{failure:?}"
    );
    assert_eq!(cluster.issued(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_requests_that_say_so_carry_it() {
    let cluster = Cluster::new();
    all_are(&cluster.send_everywhere().await, 200);
    let plain = Request::new(Method::Get, ENTRY);
    assert_eq!(cluster.nodes[0].ask(plain).await, Ok(401));
    assert_eq!(cluster.issued(), 1, "nor is it renewed for them");
}
