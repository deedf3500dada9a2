//! The world of one run: time, network, vault, nodes, and the model that watches them.
//!
//! Ensures that whatever changes something the model could judge is shown to it at once, and that the
//! first broken promise ends the run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_executor::block_on;
use slugline_connectors::FakeEntry;
use slugline_core::event::LogEntry;
use slugline_core::http::Request;
use slugline_core::ids::ReconciliationId;
use slugline_core::item::ItemKey;
use slugline_core::time::Timestamp;
use slugline_engine::ports::Clock;
use slugline_engine::store::{EventFilter, Page, Store, Views};

use crate::blog::entry_id;
use crate::clock::JumpingClock;
use crate::dice::Dice;
use crate::hold;
use crate::mirror::Mirror;
use crate::model::{AT_BLOG, AT_HOOK, Asker, Broken, Judged, Model};
use crate::network::{BLOG, HOOK, Network};
use crate::node::Nodes;
use crate::plan::{EPOCH, Plan};
use crate::scheduler::{Group, Scheduler};
use crate::shelf::Askings;
use crate::vault::Vault;

/// Entries of the log that are read at once: more than a run writes.
const WHOLE_LOG: usize = 1_000_000;

/// See the module.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) network: Network,
    pub(crate) store_clock: Arc<JumpingClock>,
    pub(crate) vault: Vault,
    pub(crate) nodes: Nodes,
    pub(crate) model: Mutex<Model>,
    /// How the store's answers are delayed, lost and cut off.
    pub(crate) store_dice: Dice,
    /// Power was cut: nothing is asked of the store until it is open again.
    pub(crate) dark: AtomicBool,
    /// Requests of clients, and webhooks, that have no answer yet.
    pub(crate) unanswered: Mutex<usize>,
    /// When the CMS was asked what it has.
    pub(crate) askings: Mutex<Askings>,
    /// The blog as a source.
    pub(crate) mirror: Mutex<Mirror>,
    /// A reconciliation that began in calm, and whether one has ended.
    pub(crate) calm_reconciliation: Mutex<Option<ReconciliationId>>,
    pub(crate) reconciled: Mutex<bool>,
    calm: AtomicBool,
    trace: Mutex<Vec<String>>,
    broken: Mutex<Option<Broken>>,
}

impl World {
    /// A world with a new store and no nodes yet.
    pub(crate) fn new(plan: Plan) -> Result<Arc<Self>, String> {
        let scheduler = Scheduler::new(plan.seed);
        let store_clock = JumpingClock::new(Arc::clone(&scheduler));
        let vault = Vault::new(Arc::clone(&store_clock))?;
        let model = Model::new(vault.store()?.installation(), &plan);
        Ok(Arc::new(Self {
            network: Network::new(&plan),
            nodes: Nodes::new(&plan),
            model: Mutex::new(model),
            store_dice: Dice::new(plan.seed, "store"),
            dark: AtomicBool::new(false),
            unanswered: Mutex::default(),
            askings: Mutex::default(),
            mirror: Mutex::default(),
            calm_reconciliation: Mutex::default(),
            reconciled: Mutex::default(),
            calm: AtomicBool::new(plan.is_calm()),
            trace: Mutex::default(),
            broken: Mutex::default(),
            scheduler,
            store_clock,
            vault,
            plan,
        }))
    }

    /// The true time of day, as vendors have it.
    pub(crate) fn now(&self) -> Timestamp {
        EPOCH.plus(self.scheduler.now())
    }

    /// Adds a line to the trace.
    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        let at = self.scheduler.now().as_secs_f64();
        hold(&self.trace).push(format!("{at:>10.6} {}", line()));
    }

    /// All lines so far.
    pub(crate) fn trace(&self) -> Vec<String> {
        hold(&self.trace).clone()
    }

    /// Whether trouble has ended.
    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    /// Trouble ends.
    pub(crate) fn calm_down(&self) {
        self.note(|| "== trouble ends".into());
        self.calm.store(true, Ordering::SeqCst);
        hold(&self.network.blog).calm = true;
    }

    /// What was broken first.
    pub(crate) fn broken(&self) -> Option<Broken> {
        hold(&self.broken).clone()
    }

    /// A promise is broken.
    pub(crate) fn break_promise(&self, promise: &'static str, what: String) {
        self.judge(Err(Broken { promise, what }));
    }

    /// Keeps what is broken, if something is.
    pub(crate) fn judge(&self, judged: Judged) {
        if let Err(broken) = judged {
            self.note(|| format!("!! {broken}"));
            hold(&self.broken).get_or_insert(broken);
        }
    }

    /// Who asks, by the store's clock.
    pub(crate) fn asker(&self, node: Group) -> Asker {
        Asker {
            node,
            now: self.store_clock.now(),
        }
    }

    /// What the blog has.
    pub(crate) fn entries(&self) -> Vec<FakeEntry> {
        hold(&self.network.blog).site.entries()
    }

    /// A request leaves a node: its run must have a right to what it is about.
    pub(crate) fn look_at_departure(&self, node: Group, request: &Request) {
        let judged = match self.subject(request) {
            Some((item, destination)) => {
                let (place, writes) = ((&item, destination), request.method.writes());
                hold(&self.model).judge_departure(self.asker(node), place, writes)
            }
            None => Ok(()),
        };
        self.judge(judged);
    }

    /// The item that a request is about, where that can be told: an entry, a draft or a message.
    fn subject(&self, request: &Request) -> Option<(ItemKey, &'static str)> {
        let model = hold(&self.model);
        if request.url.starts_with(HOOK) {
            let id = request
                .headers
                .iter()
                .find(|(name, _)| name == "webhook-id");
            let meaning = model.meaning(&id?.1)?;
            return Some((meaning.item.clone(), AT_HOOK));
        }
        if !request.url.starts_with(BLOG) {
            return None;
        }
        let item = match entry_id(&request.url) {
            Some(id) => {
                let entry = self.entries().into_iter().find(|entry| entry.id == id)?;
                crate::model::item_of(&entry)?
            }
            None => model.item_of_draft(request)?,
        };
        Some((item, AT_BLOG))
    }

    /// A vendor did something: the model looks at what it shows.
    pub(crate) fn look_at_vendors(&self, request: &Request) {
        if request.url.starts_with(HOOK) {
            let inbox = std::mem::take(&mut hold(&self.network.hook).inbox);
            for message in inbox {
                let judged = hold(&self.model).judge_message(&message);
                self.judge(judged);
            }
        } else if request.url.starts_with(BLOG) && request.method.writes() {
            self.look_at_blog();
        }
    }

    /// The model looks at the blog.
    pub(crate) fn look_at_blog(&self) {
        let entries = self.entries();
        let judged = hold(&self.model).judge_blog(self.scheduler.now(), &entries);
        self.judge(judged);
        if self.plan.mirrored {
            *hold(&self.unanswered) += hold(&self.mirror).look(&entries);
        }
    }

    /// The entries of the log after a place.
    pub(crate) fn log_after(&self, place: i64) -> Vec<LogEntry> {
        let page = Page {
            limit: WHOLE_LOG,
            cursor: Some(place),
        };
        let read = self.vault.store().and_then(|store| {
            block_on(store.events(EventFilter::default(), page)).map_err(|error| error.to_string())
        });
        match read {
            Ok(paged) => paged.items,
            Err(error) => {
                self.break_promise("P8", format!("the log cannot be read: {error}"));
                Vec::new()
            }
        }
    }

    /// The model reads what is new in the log.
    pub(crate) fn follow_log(&self) {
        let place = hold(&self.model).cursor();
        let entries = self.log_after(place);
        for entry in &entries {
            let job = entry
                .detail
                .get("job_id")
                .and_then(serde_json::Value::as_str);
            self.note(|| {
                format!(
                    "  # {} {:?} {} {} {}",
                    entry.seq,
                    entry.kind,
                    entry.outcome,
                    entry.content_id,
                    job.unwrap_or_default()
                )
            });
        }
        let judged = hold(&self.model).judge_log(&entries);
        self.judge(judged);
    }
}
