//! Offers: room for runs that begin in the moment of acceptance.
//!
//! Ensures that what is offered is kept free until the offer ends, that a claim under way and an offer never count on the
//! same room, that nothing is offered where jobs are known to wait (those come first), and that what was taken is run also
//! where whoever sent it has gone meanwhile.

use std::collections::BTreeSet;
use std::mem::take;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use futures_channel::mpsc::UnboundedSender;
use futures_channel::oneshot;
use slugline_core::intake::{Offer, Submission};
use slugline_core::item::Class;
use slugline_core::port::BoxFuture;
use slugline_core::problem::Problem;
use slugline_core::time::Timestamp;

use super::claims::{Delivery, Granted};
use crate::store::{ClaimedJob, Decided, StoreError, Want};

/// What a node knows of its room between claims.
#[derive(Default)]
pub(super) struct Spare {
    /// The way to the runs, while the node delivers.
    runs: Option<UnboundedSender<ToDo>>,
    /// Where the last claim found nothing more, and had room.
    idle: BTreeSet<(String, Class)>,
    /// What the claim under way may take.
    claiming: usize,
}

impl Spare {
    /// A claim begins that may take so many; `full`: where it has no room.
    pub(super) fn claims(&mut self, most: usize, full: &[Want]) {
        self.claiming = most;
        for want in full {
            self.idle.remove(&place(want));
        }
    }

    /// It ended, and jobs of these destinations and classes were taken.
    pub(super) fn claimed<'a>(
        &mut self,
        wants: &[Want],
        taken: impl Iterator<Item = (&'a str, Class)> + Clone,
    ) {
        self.claiming = 0;
        for want in wants {
            // Wants are served in the order of their classes.
            let before = taken.clone().filter(|(_, class)| *class <= want.class);
            match want.left_after(before) {
                0 => _ = self.idle.remove(&place(want)),
                _ => _ = self.idle.insert(place(want)),
            }
        }
    }

    /// It failed: nothing is known.
    pub(super) fn knows_nothing(&mut self) {
        self.claiming = 0;
        self.idle.clear();
    }
}

fn place(want: &Want) -> (String, Class) {
    (want.destination.clone(), want.class)
}

impl Delivery {
    pub(super) fn spare(&self) -> MutexGuard<'_, Spare> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Offers room from now on, to be sent what begins in it; `None` to offer none any more.
    pub(super) fn offer_by(&self, runs: Option<UnboundedSender<ToDo>>) {
        self.spare().runs = runs;
    }

    /// Room for one job of a class at each of these destinations, where there is some and nobody waits for it.
    #[must_use]
    pub fn offer(self: &Arc<Self>, class: Class, destinations: &[String]) -> Option<Offered> {
        let asked_at = self.shared.clock.monotonic();
        let now = self.shared.store.now();
        let spare = self.spare();
        let runs = spare.runs.clone()?;
        let mut offers = Vec::new();
        for name in destinations {
            if spare.idle.contains(&(name.clone(), class))
                && let Some(lease) = self.reserve(name, class, spare.claiming, now)
            {
                offers.push(Offer {
                    destination: name.clone(),
                    lease,
                });
            }
        }
        drop(spare);
        (!offers.is_empty()).then(|| Offered {
            delivery: Arc::clone(self),
            runs,
            class,
            asked_at,
            offers,
        })
    }

    /// Takes room for a job, if there is some beside what a claim may take; for how long its run would have it.
    fn reserve(
        &self,
        name: &str,
        class: Class,
        claiming: usize,
        now: Timestamp,
    ) -> Option<Duration> {
        let destination = self.destination(name).filter(|there| there.is_here())?;
        let want = self.want(&destination, class, now);
        (want.left(&[]) > claiming).then(|| {
            self.took(name, class);
            want.lease
        })
    }
}

/// Room that is kept free; given back when it is dropped, but for what has begun in it.
pub struct Offered {
    delivery: Arc<Delivery>,
    runs: UnboundedSender<ToDo>,
    class: Class,
    /// The node's monotonic time: a lease cannot end earlier than counted from there.
    asked_at: Duration,
    offers: Vec<Offer>,
}

impl Offered {
    /// Accepts a submission with what is offered, and has run what was taken. The node does it, as it does its runs: whoever
    /// asks may go away.
    pub async fn accept(self, mut submission: Submission) -> Result<Decisions, StoreError> {
        submission.offers = self.offers.clone();
        let ((answer, answered), runs) = (oneshot::channel(), self.runs.clone());
        let accept = async move {
            let store = Arc::clone(&self.delivery.shared.store);
            let mut outcome = store.accept(vec![submission]).await;
            let decided = outcome.iter_mut().flatten().flatten();
            let begun = decided.flat_map(|decided| take(&mut decided.begun));
            self.begin(begun.collect());
            // Nobody may be there to hear it.
            let _ = answer.send(outcome);
        };
        let gone = || StoreError::Unavailable("this node is stopping".into());
        let sent = runs.unbounded_send(ToDo::Errand(Box::pin(accept)));
        sent.map_err(|_| gone())?;
        drop(runs);
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    fn begin(mut self, begun: Vec<ClaimedJob>) {
        for job in begun {
            self.offers
                .retain(|offer| offer.destination != job.destination);
            let asked_at = self.asked_at;
            // A node that delivers no more leaves it to the end of its lease.
            let granted = Box::new(Granted { job, asked_at });
            let _ = self.runs.unbounded_send(ToDo::Run(granted));
        }
    }
}

/// One decision for each submission, or why it was refused.
type Decisions = Vec<Result<Decided, Problem>>;

/// What the loop that runs things is given.
pub(super) enum ToDo {
    /// A job that was taken.
    Run(Box<Granted>),
    /// Something that is to be seen through.
    Errand(BoxFuture<'static, ()>),
}

impl Drop for Offered {
    fn drop(&mut self) {
        for offer in take(&mut self.offers) {
            self.delivery.gave_back(&offer.destination, self.class);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Room;

    fn want(class: Class, limit: usize) -> Want {
        Want {
            destination: "blog".into(),
            class,
            limit,
            room: Room::default(),
            lease: Duration::ZERO,
        }
    }

    fn is_idle(spare: &Spare, class: Class) -> bool {
        spare.idle.contains(&("blog".to_owned(), class))
    }

    #[test]
    fn where_a_claim_took_all_that_it_could_jobs_may_wait() {
        let mut spare = Spare::default();
        let wants = [want(Class::Urgent, 4), want(Class::Bulk, 2)];
        assert!(!is_idle(&spare, Class::Urgent), "nobody has looked yet");
        let taken = [
            ("blog", Class::Urgent),
            ("blog", Class::Bulk),
            ("blog", Class::Bulk),
        ];
        spare.claims(4, &[]);
        spare.claimed(&wants, taken.into_iter());
        assert!(is_idle(&spare, Class::Urgent) && !is_idle(&spare, Class::Bulk));
        spare.claimed(&wants, taken.into_iter().take(2));
        assert!(is_idle(&spare, Class::Bulk));
    }

    #[test]
    fn where_there_is_no_room_jobs_may_come_to_wait() {
        let mut spare = Spare::default();
        spare.claimed(&[want(Class::Bulk, 2)], std::iter::empty());
        spare.claims(4, &[want(Class::Bulk, 0)]);
        assert!(!is_idle(&spare, Class::Bulk));
        assert_eq!(
            spare.claiming, 4,
            "a claim may take what is not offered meanwhile"
        );
    }

    #[test]
    fn what_is_left_by_a_claim_that_ran_out_of_slots_is_not_passed() {
        let mut spare = Spare::default();
        let room = Room {
            node: 2,
            ..Room::default()
        };
        let wants = [Class::Urgent, Class::Bulk].map(|class| Want {
            room,
            ..want(class, 9)
        });
        let taken = [("blog", Class::Urgent), ("blog", Class::Bulk)];
        spare.claimed(&wants, taken.into_iter());
        assert!(is_idle(&spare, Class::Urgent) && !is_idle(&spare, Class::Bulk));
    }
}
