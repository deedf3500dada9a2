//! A CMS that tells of its changes by webhooks.
//!
//! Ensures that a webhook may come twice, late, in any order or never, that some senders try once and
//! others until they are answered, and that whoever read one may send it again. Says what it means
//! itself: the dialects of vendors are tested elsewhere.

use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use slugline_core::problem::Problem;
use slugline_core::secret::Secret;
use slugline_core::source::{Change, Library, Manners, News, Repeats, Source};
use slugline_core::time::Timestamp;
use slugline_core::webhook::{Flaw, Incoming, Part, Verified, Window};
use slugline_engine::destination::Destination;
use slugline_engine::ports::Clock;
use slugline_engine::webhooks::{Receipt, Site, SourceSettings, SweepSettings};

use crate::dice::Dice;
use crate::faults::Kind;
use crate::hold;
use crate::model::{MIRROR, SOURCE, judge_captured};
use crate::plan::{OWNER, Tell};
use crate::scheduler::{Group, WORLD};
use crate::shelf::Shelf;
use crate::world::World;

/// How long a sender waits for an answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a webhook, or its answer, is lost on its way.
const LOST: f64 = 0.1;
/// How often a CMS that is asked does not tell.
const UNSENT: f64 = 0.3;
/// How often one that is silent does not tell of a removal.
const SILENT: f64 = 0.7;
/// How far the time of signing may lie from the store's: clocks jump, and nobody signs twice.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(30);
/// How often somebody who read a webhook sends it again when it is too old.
const CAPTURED: f64 = 0.3;
/// A sweep begins so soon after the one before.
const SWEEP: Duration = Duration::from_secs(5);
/// What was accepted so shortly before is left to the next one.
const SETTLES: Duration = Duration::from_secs(5);
/// How often a CMS is asked what it has.
const POLL: Duration = Duration::from_secs(5);
/// How soon it is noticed that the blog has news.
const NEWS: Duration = Duration::from_millis(20);
/// Milliseconds that news takes at most.
const DELAY: u64 = 3_000;
/// Milliseconds between two tries at most.
const PAUSE: u64 = 5_000;
/// Bytes; nothing here comes near it.
const MAX_BODY: usize = 1024 * 1024;
const TOKEN: &str = "s3cret";

/// Its body is the list of changes; the secret comes along.
struct Plain {
    /// Where it can be asked.
    shelf: Option<Shelf>,
}

impl Source for Plain {
    fn manners(&self) -> Manners {
        Manners {
            retries_for: PATIENCE,
            repeats: Repeats::SameBytes,
            dates_removals: true,
            only_ok: false,
            word_headers: &[],
            signs: false,
            main_environment: None,
        }
    }

    fn covers(&self) -> &str {
        "nothing"
    }

    fn tolerance(&self) -> Duration {
        TOLERANCE
    }

    fn check_secret(&self, _: &Secret) -> Result<(), String> {
        Ok(())
    }

    fn verify(
        &self,
        incoming: &Incoming,
        secrets: &[Secret],
        window: Window,
    ) -> Result<Verified, Flaw> {
        let at = incoming.required("x-at")?.parse().map(Timestamp);
        let at = at.map_err(|_| Flaw::of(Part::Header, "x-at is no time"))?;
        if window.now.since(at).max(at.since(window.now)) > window.tolerance {
            return Err(Flaw::of(Part::Timestamp, "it is too old"));
        }
        let token = incoming.required("authorization")?;
        let secret = secrets.iter().position(|known| known.expose() == token);
        secret
            .map(|secret| Verified {
                secret,
                signed_at: Some(at),
                delivery_id: None,
            })
            .ok_or_else(|| Flaw::of(Part::Signature, "it is not the secret"))
    }

    fn changes(&self, incoming: &Incoming) -> Result<News, String> {
        let told = serde_json::from_slice::<Vec<Change>>(&incoming.body);
        told.map(News::from).map_err(|why| why.to_string())
    }

    fn library(&self) -> Option<&dyn Library> {
        self.shelf.as_ref().map(|shelf| shelf as &dyn Library)
    }
}

/// The sources as a node has them: a CMS, and the blog itself.
pub(crate) fn sources(world: &Arc<World>, node: Group, blog: &Destination) -> Vec<SourceSettings> {
    let shelf = || Shelf::new(world, &format!("shelf {node}"));
    let cms = SourceSettings {
        poll: world.plan.polled.then_some(POLL),
        sweep: world.plan.swept.then_some(SweepSettings {
            every: SWEEP,
            max_removals: 100,
            settles: SETTLES,
        }),
        news_only: world.plan.news_only,
        ..source(SOURCE, world.plan.polled.then(shelf))
    };
    let mirror = SourceSettings {
        same_as: vec![Site {
            destination: blog.settings.name.clone(),
            connector: Arc::clone(&blog.connector),
            certain: true,
        }],
        ..source(MIRROR, None)
    };
    vec![cms, mirror]
}

fn source(name: &str, shelf: Option<Shelf>) -> SourceSettings {
    SourceSettings {
        name: name.into(),
        kind: "plain".into(),
        owner: OWNER.into(),
        environment: "production".into(),
        environments: Default::default(),
        locale: "en".into(),
        secrets: vec![("env:TOKEN".into(), Secret::new(TOKEN))],
        tolerance: TOLERANCE,
        max_body: MAX_BODY,
        keep_for: Duration::from_secs(86_400),
        allows: None,
        client_certificates: Vec::new(),
        news_only: false,
        poll: None,
        sweep: None,
        same_as: Vec::new(),
        source: Arc::new(Plain { shelf }),
    }
}

/// Starts a sender for each webhook of the plan.
pub(crate) fn start(world: &Arc<World>) {
    let mut tells = world.plan.tells.clone();
    let dice = Dice::new(world.plan.seed, "unsent");
    let silence = Dice::new(world.plan.seed, "silence of removals");
    let is_silent = world.plan.has(Kind::Silence);
    tells.retain(|tell| {
        let is_unsent = dice.chance(UNSENT) && world.plan.polled;
        let is_kept_quiet = is_silent && tell.removes() && silence.chance(SILENT);
        tell.is_anchor() || !(is_unsent || is_kept_quiet)
    });
    *hold(&world.unanswered) += tells.len();
    tells.into_iter().for_each(|tell| send(world, tell));
    if world.plan.mirrored {
        let world = Arc::clone(world);
        let scheduler = Arc::clone(&world.scheduler);
        scheduler.spawn(WORLD, async move { pass_news_on(&world).await });
    }
}

fn send(world: &Arc<World>, tell: Tell) {
    let name = format!("sender {} {}", tell.source, tell.number);
    let sender = Sender {
        dice: Dice::new(world.plan.seed, &name),
        world: Arc::clone(world),
        tell,
    };
    world
        .scheduler
        .spawn(WORLD, async move { sender.run().await });
}

/// Sends what the blog has to tell, each by itself and until it is answered.
async fn pass_news_on(world: &Arc<World>) {
    let dice = Dice::new(world.plan.seed, "news");
    for number in 0.. {
        let news = loop {
            if let Some(news) = hold(&world.mirror).news.pop() {
                break news;
            }
            world.scheduler.sleep(NEWS).await;
        };
        let tell = Tell {
            source: MIRROR,
            number,
            at: world.scheduler.now() + dice.millis(1..DELAY),
            changes: vec![news],
            once: false,
            again: [0, 0, 1][dice.below(3)],
        };
        send(world, tell);
    }
}

struct Sender {
    world: Arc<World>,
    tell: Tell,
    dice: Dice,
}

impl Sender {
    async fn run(&self) {
        let wait = self.tell.at.saturating_sub(self.world.scheduler.now());
        self.world.scheduler.sleep(wait).await;
        while !self.send().await && !self.tell.once {
            let pause = self.dice.millis(50..PAUSE);
            self.world.scheduler.sleep(pause).await;
        }
        for _ in 0..self.tell.again {
            let pause = self.dice.millis(1..25_000);
            self.world.scheduler.sleep(pause).await;
            self.send().await;
        }
        self.send_what_was_read().await;
        *hold(&self.world.unanswered) -= 1;
    }

    /// Whether it has its answer.
    async fn send(&self) -> bool {
        let troubled = !self.world.is_calm();
        if troubled && self.dice.chance(LOST) {
            return false;
        }
        let Some(answer) = self.ask_a_node(self.signed(self.world.now())).await else {
            return false;
        };
        let (source, number) = (self.tell.source, self.tell.number);
        match &answer {
            Ok(receipt) => {
                let id = receipt.webhook_id;
                self.world.note(|| {
                    format!(
                        "webhook {source} {number} is {id}: {:?} {:?}",
                        receipt.status, receipt.state
                    )
                });
                let told =
                    hold(&self.world.model).acknowledge((source, number), &self.tell.changes, id);
                self.world.judge(told);
            }
            Err(problem) => self.world.note(|| {
                format!(
                    "webhook {source} {number} is refused: {} {}",
                    problem.code.as_str(),
                    problem.detail
                )
            }),
        }
        answer.is_ok() && !(troubled && self.dice.chance(LOST))
    }

    /// Somebody who read it on its way sends it again, as it was signed, when it is too old.
    async fn send_what_was_read(&self) {
        let dice = Dice::new(
            self.world.plan.seed,
            &format!("captured {} {}", self.tell.source, self.tell.number),
        );
        if !dice.chance(CAPTURED) {
            return;
        }
        let signed_at = self.world.now();
        let read = self.signed(signed_at);
        self.world
            .scheduler
            .sleep(TOLERANCE + dice.millis(0..20_000))
            .await;
        let age = || self.world.store_clock.now().since(signed_at);
        let before = age();
        let answer = self.ask_a_node(read).await;
        // The store's clock may have gone back meanwhile.
        let age = before.min(age());
        self.world.judge(judge_captured(age, answer.as_ref()));
    }

    /// What is sent, signed at this time.
    fn signed(&self, at: Timestamp) -> Incoming {
        let mut changes = self.tell.changes.clone();
        if self.world.plan.thin && self.tell.source == SOURCE {
            changes.iter_mut().for_each(|change| change.payload = None);
        }
        let body = serde_json::to_vec(&changes).unwrap_or_default();
        let at = at.0.to_string();
        let headers = [("authorization", TOKEN), ("x-at", &at)];
        Incoming::new("POST", "/hooks/cms", headers, body)
    }

    async fn ask_a_node(&self, incoming: Incoming) -> Option<Result<Receipt, Problem>> {
        let nodes = &self.world.nodes;
        let node = nodes.at(self.dice.below(nodes.count()))?;
        let webhooks = node.webhooks?;
        let source = self.tell.source;
        let (reply, answer) = oneshot::channel();
        self.world.scheduler.spawn(node.group, async move {
            // The sender may have lost its patience.
            let _ = reply.send(webhooks.receive(source, None, incoming).await);
        });
        let patience = Box::pin(self.world.scheduler.sleep(PATIENCE));
        match select(answer, patience).await {
            Either::Left((answer, _)) => answer.ok(),
            Either::Right(_) => None,
        }
    }
}
