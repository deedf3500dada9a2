//! The delivery loop: claims what there is room for, runs it, settles it.
//!
//! Ensures that urgent work finds room (P10), that claiming goes on while runs run, and that a stop
//! ends claiming at once.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_channel::mpsc;
use futures_util::future::join;
use futures_util::{FutureExt, StreamExt, pin_mut, select_biased};
use slugline_core::backoff::RetryPolicy;
use slugline_core::budget::room;
use slugline_core::item::Class;
use slugline_core::lifecycle::Verdict;
use slugline_core::time::Timestamp;

use super::desk::Shared;
use super::offers::{Spare, ToDo};
use super::runs::Runs;
use crate::bell::Bell;
use crate::destination::Destination;
use crate::ports::Entropy;
use crate::stop::Stop;
use crate::store::{ClaimedJob, Room, Settlement, Want};

/// Longest sleep of the claim loop when nothing nudges it: bounds what a lost nudge costs.
const IDLE: Duration = Duration::from_secs(1);
/// Shortest sleep of the claim loop, so that a due time just passed does not make it spin.
const SHORTEST_WAIT: Duration = Duration::from_millis(2);
/// Pause after the store refused a claim, before asking again.
const AFTER_STORE_ERROR: Duration = Duration::from_millis(500);
/// Jobs taken by one claim: enough to share a commit, few enough that an urgent one waits for no
/// more than one batch.
const CLAIM_BATCH: usize = 32;
/// A lease is at least this long; a run that needs more prolongs it.
const SHORTEST_LEASE: Duration = Duration::from_secs(30);

/// The delivery of a node.
pub struct Delivery {
    /// Store, network, clock.
    pub shared: Shared,
    /// The dice.
    pub entropy: Arc<dyn Entropy>,
    destinations: BTreeMap<String, Arc<Destination>>,
    policies: Vec<RetryPolicy>,
    workers: usize,
    running: Mutex<[usize; Class::ALL.len()]>,
    freed: Bell,
    pub(super) spare: Mutex<Spare>,
}

impl Delivery {
    /// A node's delivery. `policies` has one entry per class, in [`Class::ALL`]'s order.
    #[must_use]
    pub fn new(
        shared: Shared,
        entropy: Arc<dyn Entropy>,
        destinations: Vec<Arc<Destination>>,
        policies: Vec<RetryPolicy>,
        workers: usize,
    ) -> Arc<Self> {
        let destinations = destinations
            .into_iter()
            .map(|d| (d.settings.name.clone(), d))
            .collect();
        Arc::new(Self {
            shared,
            entropy,
            destinations,
            policies,
            workers,
            running: Mutex::new([0; Class::ALL.len()]),
            freed: Bell::default(),
            spare: Mutex::default(),
        })
    }

    /// The destination of this name.
    #[must_use]
    pub fn destination(&self, name: &str) -> Option<Arc<Destination>> {
        self.destinations.get(name).cloned()
    }

    /// All destinations, by name.
    pub fn destinations(&self) -> impl Iterator<Item = &Arc<Destination>> {
        self.destinations.values()
    }

    /// Those that this node delivers to.
    pub fn destinations_here(&self) -> impl Iterator<Item = &Arc<Destination>> {
        self.destinations()
            .filter(|destination| destination.is_here())
    }

    /// The patience of a class.
    #[must_use]
    pub fn policy(&self, class: Class) -> &RetryPolicy {
        &self.policies[class.rank()]
    }

    /// Delivers until asked to stop, then lets runs end for at most `grace`.
    pub async fn run(self: &Arc<Self>, stop: &Stop, grace: Duration) {
        let (claimed, to_run) = mpsc::unbounded();
        join(self.claim_loop(claimed, stop), self.run_loop(to_run, grace)).await;
    }

    async fn claim_loop(&self, claimed: mpsc::UnboundedSender<ToDo>, stop: &Stop) {
        self.offer_by(Some(claimed.clone()));
        while !stop.is_requested() {
            let next = self.claim_once(&claimed).await;
            let Some(Wait { at_most, for_room }) = next else {
                continue;
            };
            let room = async {
                match for_room {
                    true => self.freed.heard().await,
                    false => pending().await,
                }
            };
            let (nudged, freed) = (self.shared.store.nudged().fuse(), room.fuse());
            let (slept, stopped) = (
                self.shared.clock.sleep(at_most).fuse(),
                stop.requested().fuse(),
            );
            pin_mut!(nudged, freed, slept, stopped);
            select_biased! { () = nudged => {}, () = freed => {}, () = slept => {}, () = stopped => {} }
        }
        self.offer_by(None);
    }

    /// Claims once. `None` when there may be more at once, else what to wait for.
    async fn claim_once(&self, claimed: &mpsc::UnboundedSender<ToDo>) -> Option<Wait> {
        let now = self.shared.store.now();
        let (wants, all_have_room) = self.begin_claim(now);
        if wants.is_empty() {
            return Some(Wait {
                at_most: self.until(self.next_room(now), now),
                for_room: true,
            });
        }
        let batch = wants.first().map_or(0, |want| want.room.node);
        let asked_at = self.shared.clock.monotonic();
        let answer = match self.shared.store.claim(wants.clone()).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%error, "claiming failed");
                self.spare().knows_nothing();
                return Some(Wait {
                    at_most: AFTER_STORE_ERROR,
                    for_room: true,
                });
            }
        };
        let count = answer.jobs.len();
        // Where nobody was short of room, a run that ends uncovers nothing; the store says when it
        // frees a lane that somebody waits for.
        let for_room = !all_have_room || wants.iter().any(|want| want.left(&answer.jobs) == 0);
        for job in &answer.jobs {
            self.took(&job.destination, job.class);
        }
        let taken = answer.jobs.iter();
        let taken = taken.map(|job| (job.destination.as_str(), job.class));
        self.spare().claimed(&wants, taken);
        for job in answer.jobs {
            // The run loop outlives this one: it reads until we end.
            let granted = Box::new(Granted { job, asked_at });
            let _ = claimed.unbounded_send(ToDo::Run(granted));
        }
        let next = [answer.next_due, self.next_room(now)]
            .into_iter()
            .flatten()
            .min();
        (count < batch).then(|| Wait {
            at_most: self.until(next, now),
            for_room,
        })
    }

    fn until(&self, at: Option<Timestamp>, now: Timestamp) -> Duration {
        at.map_or(IDLE, |at| at.since(now).clamp(SHORTEST_WAIT, IDLE))
    }

    /// When a destination that has no room now may have some without a run ending.
    fn next_room(&self, now: Timestamp) -> Option<Timestamp> {
        self.destinations_here()
            .filter_map(|destination| destination.next_change(now))
            .filter(|&at| at > now)
            .min()
    }

    /// Room by destination and class, most urgent first, at most [`CLAIM_BATCH`] in all; and whether
    /// every destination and class has some. None of it is offered until the claim has ended.
    fn begin_claim(&self, now: Timestamp) -> (Vec<Want>, bool) {
        let mut spare = self.spare();
        let each = Class::ALL.into_iter().flat_map(|class| {
            let here = self.destinations_here();
            here.map(move |destination| {
                let mut want = self.want(destination, class, now);
                want.room.node = want.room.node.min(CLAIM_BATCH);
                want
            })
        });
        let (with, without): (Vec<Want>, Vec<Want>) = each.partition(|want| want.left(&[]) > 0);
        spare.claims(with.first().map_or(0, |want| want.room.node), &without);
        (with, without.is_empty())
    }

    /// The room for a class at a destination.
    pub(super) fn want(&self, destination: &Destination, class: Class, now: Timestamp) -> Want {
        let running = *self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let of_class = room(self.workers, class, &running);
        Want {
            destination: destination.settings.name.clone(),
            class,
            limit: destination.room(class, now),
            room: Room {
                // Nothing is kept from urgent work: its room is all that is free.
                destination: destination.room(Class::Urgent, now),
                class: of_class,
                node: room(self.workers, Class::Urgent, &running),
            },
            lease: SHORTEST_LEASE.max(destination.settings.timeout * 3),
        }
    }

    async fn run_loop(
        self: &Arc<Self>,
        mut to_run: mpsc::UnboundedReceiver<ToDo>,
        grace: Duration,
    ) {
        let mut runs = Runs::default();
        loop {
            let next = {
                let ended = runs.ended().fuse();
                pin_mut!(ended);
                select_biased! { () = ended => continue, next = to_run.next() => next }
            };
            match next {
                Some(ToDo::Run(granted)) => runs.begin(self, *granted),
                Some(ToDo::Errand(errand)) => runs.see_through(errand),
                None => break,
            }
        }
        self.drain(runs, grace).await;
    }

    async fn drain(&self, mut runs: Runs, grace: Duration) {
        let deadline = self.shared.clock.sleep(grace).fuse();
        pin_mut!(deadline);
        while !runs.is_empty() {
            let ended = runs.ended().fuse();
            pin_mut!(ended);
            select_biased! { () = deadline => break, () = ended => {} }
        }
        if !runs.is_empty() {
            runs.put_back(self).await;
        }
    }

    /// Counts a run of a class at a destination; also second looks, and room that is offered.
    pub(crate) fn took(&self, destination: &str, class: Class) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)[class.rank()] += 1;
        if let Some(destination) = self.destinations.get(destination) {
            destination.began(class);
        }
    }

    /// Counts one out.
    pub(crate) fn gave_back(&self, destination: &str, class: Class) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let count = &mut running[class.rank()];
        *count = count.saturating_sub(1);
        drop(running);
        if let Some(destination) = self.destinations.get(destination) {
            destination.ended(class);
        }
        self.freed.ring();
    }

    /// One line and the counters for a run's end.
    pub(crate) fn report(&self, job: &ClaimedJob, settlement: &Settlement) {
        let (outcome, failure) = match &settlement.verdict {
            Verdict::Live(_) => ("live", None),
            Verdict::Retry { failure, .. } => ("retry", Some(failure)),
            Verdict::PutBack { failure, .. } => ("put_back", Some(failure)),
            Verdict::Dead(failure) => ("failed", Some(failure)),
            Verdict::Superseded => ("superseded", None),
        };
        let reason = failure.map_or("", |failure| failure.reason.code());
        let kind = self
            .destinations
            .get(&job.destination)
            .map_or("", |destination| destination.capabilities.kind);
        let took = self
            .shared
            .store
            .now()
            .since(settlement.started_at)
            .as_secs_f64();
        metrics::counter!("slugline_deliveries_total", "destination_type" => kind, "outcome" => outcome, "reason" => reason).increment(1);
        metrics::histogram!("slugline_delivery_duration_seconds", "destination_type" => kind)
            .record(took);
        if matches!(settlement.verdict, Verdict::Live(_)) && job.ended.is_none() {
            let since = self.shared.store.now().since(job.queued_at).as_secs_f64();
            metrics::histogram!("slugline_release_to_live_seconds", "class" => job.class.as_str())
                .record(since);
        }
        let error = failure.map_or("", |failure| failure.message.as_str());
        let (content_id, request_id) = (&job.item.content_id, &job.request_id);
        match &settlement.verdict {
            Verdict::Dead(_) => {
                tracing::warn!(job = %job.job, content_id, request_id, destination = job.destination, reason, error, "dead letter")
            }
            _ => {
                tracing::debug!(job = %job.job, content_id, request_id, destination = job.destination, outcome, reason, error, "run ended")
            }
        }
    }
}

/// What the claim loop waits for, besides nudges.
struct Wait {
    at_most: Duration,
    /// Whether a run that ends makes room for what was left.
    for_room: bool,
}

/// A claimed job, and the node's monotonic time just before the claim was asked for: the lease
/// cannot end earlier than counted from there.
pub struct Granted {
    /// The job.
    pub job: ClaimedJob,
    /// The time.
    pub asked_at: Duration,
}
