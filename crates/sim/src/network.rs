//! The network between nodes and vendors.
//!
//! Ensures that a request, once sent, lives its own life: it may be delayed, lost, carried out twice
//! or late, and arrives even when the node that sent it is gone. What befalls it is the dice's.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use slugline_connectors::fake::{Fake, Fault, Faults, Played};
use slugline_core::http::{Request, Response, SendError};
use slugline_core::port::{BoxFuture, FileOp, FileReply};
use slugline_core::time::Timestamp;
use slugline_engine::ports::Transport;

use crate::blog::{Blog, entry_id};
use crate::dice::Dice;
use crate::faults::Kind;
use crate::hold;
use crate::hook::{Hook, Pictures};
use crate::plan::Plan;
use crate::scheduler::{Group, WORLD};
use crate::world::World;

/// Where the blog is.
pub(crate) const BLOG: &str = "http://blog.test";
/// Where the hook is.
pub(crate) const HOOK: &str = "http://hook.test/in";
/// Where pictures are.
pub(crate) const MEDIA: &str = "http://media.test";

/// What befalls requests in a seed with an unruly network.
const UNRULY: &str = "slow=0.08,refuse=0.03,lose=0.05,cut=0.03,truncate=0.02,error_after=0.03,error_before=0.03,throttle=0.02,half=0.02";
/// How often a request is late, and how late at most: within the commit window.
const LATE: (f64, u64) = (0.06, 3_000);
/// How long the hook takes for a message where nothing goes wrong.
const WORK: Duration = Duration::from_millis(300);
/// How often a request is carried out twice.
const TWICE: f64 = 0.05;

/// The vendors and what lies between them and the nodes.
pub(crate) struct Network {
    pub(crate) blog: Mutex<Blog>,
    pub(crate) hook: Mutex<Hook>,
    pictures: Mutex<Pictures>,
    /// Vendors (by the beginning of their address) that are away until then.
    pub(crate) away: Mutex<Option<(&'static str, Duration)>>,
    /// Requests that may still be carried out.
    pub(crate) in_flight: Mutex<usize>,
    unruly: Faults,
    dice: Dice,
}

impl Network {
    pub(crate) fn new(plan: &Plan) -> Self {
        let unruly = if plan.has(Kind::Network) {
            UNRULY
        } else {
            "none"
        };
        Self {
            blog: Mutex::new(Blog::new(plan)),
            hook: Mutex::default(),
            pictures: Mutex::default(),
            away: Mutex::default(),
            in_flight: Mutex::default(),
            unruly: Faults::parse(unruly).unwrap_or_default(),
            dice: Dice::new(plan.seed, "network"),
        }
    }

    /// What befalls the next request.
    fn fault(&self, world: &World, request: &Request) -> Fault {
        let throw = |dice: &Dice| (dice.chance(LATE.0), dice.millis(1_000..LATE.1));
        // All is thrown for each request, so that cutting one kind leaves the others' throws.
        let ((is_late, wait), throw) = (throw(&self.dice), self.dice.millis(0..1_000));
        if world.is_calm() {
            return Fault::None;
        }
        let away = hold(&self.away).filter(|(site, until)| {
            request.url.starts_with(site) && world.scheduler.now() < *until
        });
        if away.is_some() {
            return Fault::RefuseBefore;
        }
        if is_late && world.plan.has(Kind::Late) {
            return Fault::LateCommit(wait);
        }
        match self.unruly.choose(throw.as_secs_f64()) {
            // A server of files says how long they are: what is cut off is noticed.
            Fault::TruncateAnswer if request.url.starts_with(MEDIA) => Fault::CutAnswer,
            fault => fault,
        }
    }

    fn vendor<T>(&self, url: &str, work: impl FnOnce(&mut dyn Fake) -> T) -> T {
        if url.starts_with(BLOG) {
            work(&mut *hold(&self.blog))
        } else if url.starts_with(HOOK) {
            work(&mut *hold(&self.hook))
        } else {
            work(&mut *hold(&self.pictures))
        }
    }

    /// Whether carrying it out twice is something that a client can be asked to stand: a create that
    /// is repeated behind its back is not, since nobody can tell it from two.
    fn may_repeat(&self, world: &World, request: &Request) -> bool {
        let throw = self.dice.chance(TWICE);
        let creates = request.method.writes()
            && request.url.starts_with(BLOG)
            && entry_id(&request.url).is_none();
        throw && world.plan.has(Kind::Twice) && !creates && !world.is_calm()
    }
}

/// A node's way to the network.
pub(crate) struct Line {
    pub(crate) world: Arc<World>,
    pub(crate) node: Group,
}

impl Transport for Line {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, SendError>> {
        Box::pin(async move {
            if self.world.dark.load(Ordering::SeqCst) {
                // The node ends with the power, before it gets to send this.
                std::future::pending::<()>().await;
            }
            let timeout = request.timeout.unwrap_or(Duration::from_secs(60));
            let answer = self.depart(request);
            let patience = Box::pin(self.world.scheduler.sleep(timeout));
            match select(answer, patience).await {
                Either::Left((Ok(answer), _)) => answer,
                Either::Left((Err(_), _)) => Err(lost()),
                Either::Right(_) => Err(SendError::NoAnswer("no answer in time".into())),
            }
        })
    }

    fn file<'a>(&'a self, _: &'a str, _: FileOp) -> BoxFuture<'a, Result<FileReply, SendError>> {
        Box::pin(async { Err(SendError::NotSent("no files here".into())) })
    }
}

type Answered = oneshot::Receiver<Result<Response, SendError>>;

impl Line {
    /// The first byte leaves now, whatever becomes of the node.
    fn depart(&self, request: Request) -> Answered {
        let (world, network) = (&self.world, &self.world.network);
        world.look_at_departure(self.node, &request);
        let fault = network.fault(world, &request);
        let twice = network.may_repeat(world, &request);
        world.note(|| {
            format!(
                "n{} > {}{}",
                self.node,
                shown(&request),
                befallen(fault, twice)
            )
        });
        let (reply, answer) = oneshot::channel();
        let trip = Trip {
            world: Arc::clone(world),
            request,
            fault,
            twice,
        };
        *hold(&network.in_flight) += 1;
        world.scheduler.spawn(WORLD, async move {
            let answer = trip.run().await;
            *hold(&trip.world.network.in_flight) -= 1;
            // Whoever asked may be gone.
            let _ = reply.send(answer);
        });
        answer
    }
}

/// A request on its way.
struct Trip {
    world: Arc<World>,
    request: Request,
    fault: Fault,
    twice: bool,
}

impl Trip {
    async fn run(&self) -> Result<Response, SendError> {
        self.travel().await;
        if self.twice {
            self.at_vendor(|vendor, request, now| vendor.handle(request, now).map(drop));
            self.travel().await;
        }
        let played = self.at_vendor(|vendor, request, now| self.fault.play(vendor, request, now));
        let answer = match played {
            None | Some(Played::Lost | Played::Cut(_)) => Err(lost()),
            Some(Played::Refused) => Err(SendError::NotSent("refused".into())),
            Some(Played::Truncated(response)) => Ok(response),
            Some(Played::Answer(wait, response)) => {
                self.world.scheduler.sleep(wait + self.work()).await;
                Ok(response)
            }
            Some(Played::Late(wait)) => {
                self.world.scheduler.sleep(wait).await;
                self.at_vendor(|vendor, request, now| vendor.handle(request, now).map(drop));
                Err(lost())
            }
        };
        self.travel().await;
        answer
    }

    /// In a run without trouble the hook works on each message, so that bulk work has to wait.
    fn work(&self) -> Duration {
        match self.world.plan.is_calm() && self.request.url.starts_with(HOOK) {
            true => WORK,
            false => Duration::ZERO,
        }
    }

    async fn travel(&self) {
        let dice = &self.world.network.dice;
        let longest = if dice.chance(0.1) { 60 } else { 4 };
        self.world.scheduler.sleep(dice.millis(0..longest)).await;
    }

    /// At the vendor; then the model looks at what the vendor shows.
    fn at_vendor<T>(
        &self,
        work: impl FnOnce(
            &mut dyn Fake,
            &Request,
            Timestamp,
        ) -> Result<T, slugline_connectors::fake::Undocumented>,
    ) -> Option<T> {
        let now = self.world.now();
        let done = self
            .world
            .network
            .vendor(&self.request.url, |vendor| work(vendor, &self.request, now));
        match done {
            Ok(done) => {
                self.world.look_at_vendors(&self.request);
                Some(done)
            }
            Err(undocumented) => {
                self.world.break_promise("facts", undocumented.to_string());
                None
            }
        }
    }
}

fn lost() -> SendError {
    SendError::NoAnswer("the connection ended".into())
}

/// A request in the trace: what it is about, without what changes from run to run.
fn shown(request: &Request) -> String {
    let body: String = String::from_utf8_lossy(&request.body)
        .chars()
        .take(60)
        .collect();
    let url = request
        .url
        .replace("%2F", "/")
        .replace("/index.php?rest_route=/wp/v2", "");
    // A list of slugs names the first.
    let url: String = url.split(',').next().unwrap_or_default().into();
    let body = if body.starts_with('{') {
        body
    } else {
        String::new()
    };
    format!("{} {url} {body}", request.method.as_str())
}

fn befallen(fault: Fault, twice: bool) -> String {
    let twice = if twice { " twice" } else { "" };
    match fault {
        Fault::None => twice.to_owned(),
        fault => format!(" [{fault:?}]{twice}"),
    }
}
