//! Nodes: an engine and an intake each, over the one store.
//!
//! Ensures that a node is a group of tasks that can be ended at any await, frozen, or stopped as by a
//! signal, and that another takes its place with nothing of its memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slugline_connectors::registry;
use slugline_core::backoff::{RetryPolicy, Schedule};
use slugline_core::connector::Connector;
use slugline_core::item::Class;
use slugline_core::pace::Pace;
use slugline_core::pressure::Thresholds;
use slugline_core::replay::Receiver;
use slugline_core::route::{Route, RouteMatch, RoutedDestination, Routes};
use slugline_core::secret::{Secret, SecretRef, Secrets};
use slugline_engine::delivery::{Delivery, Shared};
use slugline_engine::desk::{Desk, Rules};
use slugline_engine::destination::{Destination, DestinationSettings};
use slugline_engine::engine::{Engine, EngineSettings};
use slugline_engine::intake::{Intake, IntakeSettings};
use slugline_engine::ports::Clock;
use slugline_engine::stop::Stop;
use slugline_engine::store::{Retention, Store};
use slugline_engine::webhooks::Webhooks;

use crate::clock::JumpingClock;
use crate::dice::Dice;
use crate::hold;
use crate::model::{AT_BLOG, AT_HOOK, SHORT_PATIENCE};
use crate::network::{BLOG, HOOK, Line};
use crate::plan::Plan;
use crate::scheduler::Group;
use crate::sender;
use crate::store::NodeStore;
use crate::world::World;

/// Longest time for one request.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// How long after its client gave up a write may still be carried out: the network's latest.
const COMMIT_WINDOW: Duration = Duration::from_secs(4);
/// How long readers may lag.
const VERIFY_WINDOW: Duration = Duration::from_secs(1);
/// What runs have to end in when a node is stopped.
const GRACE: Duration = Duration::from_secs(2);
/// Longer than any run.
const DAY: Duration = Duration::from_secs(86_400);
/// Before a node that could not reach the store tries again.
const PAUSE: Duration = Duration::from_millis(300);

/// The places of nodes; each has a node, or waits for one.
pub(crate) struct Nodes {
    places: Vec<Mutex<Option<Node>>>,
    groups: AtomicU32,
}

/// A node that runs.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) group: Group,
    pub(crate) clock: Arc<JumpingClock>,
    pub(crate) store: Arc<NodeStore>,
    /// There once the node knows its destinations.
    pub(crate) intake: Option<Arc<Intake>>,
    pub(crate) webhooks: Option<Arc<Webhooks>>,
    pub(crate) desk: Option<Arc<Desk>>,
    /// What replays must know of its destinations.
    pub(crate) receivers: BTreeMap<String, Receiver>,
    /// When it started.
    since: Duration,
    stop: Stop,
}

/// What of a node others ask.
struct Doors {
    intake: Arc<Intake>,
    webhooks: Arc<Webhooks>,
    desk: Arc<Desk>,
    receivers: BTreeMap<String, Receiver>,
}

impl Nodes {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            places: (0..plan.nodes).map(|_| Mutex::default()).collect(),
            groups: AtomicU32::new(1),
        }
    }

    /// How many places there are.
    pub(crate) fn count(&self) -> usize {
        self.places.len()
    }

    /// The last group that was given out.
    pub(crate) fn last_group(&self) -> Group {
        self.groups.load(Ordering::SeqCst)
    }

    /// The node at a place.
    pub(crate) fn at(&self, place: usize) -> Option<Node> {
        hold(&self.places[place]).clone()
    }

    /// Whether a node has been there for so long.
    pub(crate) fn have_worked(&self, span: Duration, now: Duration) -> bool {
        let has = |node: &Node| node.intake.is_some() && node.since + span <= now;
        let mut places = self.places.iter();
        places.any(|place| hold(place).as_ref().is_some_and(has))
    }

    /// Ends the node at a place where it stands.
    pub(crate) fn end(&self, world: &World, place: usize) {
        let ended = hold(&self.places[place]).take();
        if let Some(node) = ended {
            world.note(|| format!("n{} ends", node.group));
            world.scheduler.kill(node.group);
        }
    }

    /// Ends every node.
    pub(crate) fn end_all(&self, world: &World) {
        (0..self.count()).for_each(|place| self.end(world, place));
    }

    /// Asks the node at a place to stop; when it has, the place is free.
    pub(crate) fn stop(&self, world: &World, place: usize) {
        if let Some(node) = self.at(place) {
            world.note(|| format!("n{} is asked to stop", node.group));
            node.stop.request();
        }
    }

    fn open(&self, (place, group): (usize, Group), doors: Doors) {
        if let Some(node) = hold(&self.places[place])
            .as_mut()
            .filter(|node| node.group == group)
        {
            node.intake = Some(doors.intake);
            node.webhooks = Some(doors.webhooks);
            node.desk = Some(doors.desk);
            node.receivers = doors.receivers;
        }
    }

    fn leave(&self, place: usize, group: Group) {
        hold(&self.places[place]).take_if(|node| node.group == group);
    }
}

/// Starts a node at each free place.
pub(crate) fn start_all(world: &Arc<World>) {
    (0..world.nodes.count()).for_each(|place| start(world, place));
}

/// Starts a node at a place, if that is free and there is power.
pub(crate) fn start(world: &Arc<World>, place: usize) {
    if world.nodes.at(place).is_some() || world.dark.load(Ordering::SeqCst) {
        return;
    }
    let store = match world.vault.store() {
        Ok(store) => store,
        Err(error) => return world.break_promise("P1", error),
    };
    let group = world.nodes.groups.fetch_add(1, Ordering::SeqCst);
    world.note(|| format!("n{group} starts at place {place}"));
    let clock = JumpingClock::new(Arc::clone(&world.scheduler));
    let store = Arc::new(NodeStore {
        world: Arc::clone(world),
        node: group,
        store,
    });
    let shared = Shared {
        store: Arc::clone(&store) as Arc<dyn Store>,
        transport: Arc::new(Line {
            world: Arc::clone(world),
            node: group,
        }),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        sealing_key: None,
    };
    let stop = Stop::default();
    *hold(&world.nodes.places[place]) = Some(Node {
        group,
        clock,
        store,
        intake: None,
        webhooks: None,
        desk: None,
        receivers: BTreeMap::new(),
        since: world.scheduler.now(),
        stop: stop.clone(),
    });
    let of_node = Arc::clone(world);
    world.scheduler.spawn(group, async move {
        serve(&of_node, place, group, shared, &stop).await;
        of_node.note(|| format!("n{group} has stopped"));
        of_node.nodes.leave(place, group);
    });
}

async fn serve(world: &Arc<World>, place: usize, group: Group, shared: Shared, stop: &Stop) {
    let destinations = match destinations(&world.plan, &shared) {
        Ok(destinations) => destinations,
        Err(why) => return world.break_promise("facts", why),
    };
    let sources = sender::sources(world, group, &destinations[0]);
    let receiver = |known: &Arc<Destination>| {
        let receiver = Receiver::from(&known.capabilities);
        (known.settings.name.clone(), receiver)
    };
    let receivers = destinations.iter().map(receiver).collect();
    let dice = Arc::new(Dice::new(world.plan.seed, &format!("node {group}")));
    let engine = Engine::new(shared.clone(), dice, destinations, engine_settings());
    while engine.register().await.is_err() {
        shared.clock.sleep(PAUSE).await;
    }
    let intake = Intake::new(Arc::clone(&shared.store), intake_settings(&world.plan));
    let intake = Arc::new(intake.with_delivery(Arc::clone(engine.delivery())));
    let webhooks = Arc::new(Webhooks::new(&shared, Arc::clone(&intake), sources));
    let engine = engine.with_webhooks(Arc::clone(&webhooks));
    let rules = rules(Arc::clone(engine.delivery()));
    let desk = Desk::new(Arc::clone(&shared.store), Arc::clone(&intake), rules);
    let doors = Doors {
        intake,
        webhooks,
        desk: Arc::new(desk),
        receivers,
    };
    world.nodes.open((place, group), doors);
    engine.run(stop, GRACE).await;
}

/// What destinations cannot hold, as their connectors say.
fn rules(delivery: Arc<Delivery>) -> Rules {
    Arc::new(move |work| match delivery.destination(&work.destination) {
        Some(destination) => destination.connector.check(work),
        None => Ok(()),
    })
}

fn destinations(plan: &Plan, shared: &Shared) -> Result<Vec<Arc<Destination>>, String> {
    let (verify, delete) = (
        if plan.permalink {
            "permalink"
        } else {
            "read_back"
        },
        if plan.force { "force" } else { "trash" },
    );
    let blog = format!(
        "url = \"{BLOG}\"\nusername = \"publisher\"\npassword = \"pw\"\nverify = \"{verify}\"\ndelete = \"{delete}\""
    );
    let hook = format!("url = \"{HOOK}\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]");
    [(AT_BLOG, blog), (AT_HOOK, hook)]
        .into_iter()
        .map(|(name, config)| {
            let settings = destination_settings(plan, name);
            let destination =
                Destination::new(settings, connector(name, &config)?, shared.store.now());
            Ok(Arc::new(destination))
        })
        .collect()
}

fn connector(kind: &str, config: &str) -> Result<Arc<dyn Connector>, String> {
    let table = toml::de::DeTable::parse(config).map_err(|why| why.to_string())?;
    let kind = toml::Spanned::new(0..0, kind.to_owned());
    let built = registry::build(&kind, table, &AsNamed).map_err(|why| why.message)?;
    Ok(Arc::from(built))
}

/// Secrets that are their own names.
struct AsNamed;

impl Secrets for AsNamed {
    fn resolve(&self, reference: &SecretRef) -> Result<Secret, String> {
        Ok(Secret::new(reference.0.clone()))
    }
}

fn destination_settings(plan: &Plan, name: &str) -> DestinationSettings {
    DestinationSettings {
        name: name.into(),
        concurrency: plan.concurrency,
        rate: None,
        timeout: REQUEST_TIMEOUT,
        commit_window: COMMIT_WINDOW,
        verify_window: VERIFY_WINDOW,
        protect_drift: false,
        repeat_unknown: false,
        pace: pace(plan, name),
        reconcile: Default::default(),
    }
}

fn pace(plan: &Plan, name: &str) -> Option<Pace> {
    let (_, daily_capacity) = plan.pace.filter(|(paced, _)| *paced == name)?;
    Some(Pace {
        daily_capacity: Some(daily_capacity),
        ..Pace::default()
    })
}

fn engine_settings() -> EngineSettings {
    let policy = RetryPolicy {
        schedule: Schedule::FullJitter {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(5),
        },
        max_attempts: 100,
        deadline: Duration::from_secs(3_600),
    };
    let mut policies = vec![policy; Class::ALL.len()];
    policies[Class::Preview.rank()].deadline = SHORT_PATIENCE;
    EngineSettings {
        workers: 16,
        policies,
        retention: Retention {
            revisions: DAY,
            attempts: DAY,
            log: DAY,
            media: DAY,
        },
        media_grace: DAY,
    }
}

fn intake_settings(plan: &Plan) -> IntakeSettings {
    let routed = |name: &str, drafts| RoutedDestination {
        name: name.into(),
        owner: None,
        environment: None,
        drafts,
    };
    IntakeSettings {
        routes: Routes {
            routes: vec![Route {
                name: "all".into(),
                matches: RouteMatch::default(),
                to: vec![AT_BLOG.into()],
            }],
            destinations: vec![routed(AT_BLOG, true), routed(AT_HOOK, false)],
        },
        default_locale: "en".into(),
        key_ttl: plan.key_ttl,
        thresholds: Thresholds {
            max_open_jobs: plan.max_open_jobs,
            ..Thresholds::default()
        },
        address_guard: Arc::new(|_| Ok(())),
    }
}
