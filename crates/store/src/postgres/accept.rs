//! Accepting submissions: facts, decision, consequences, in one transaction for a group of them.
//!
//! Ensures that `slugline_core::intake` decides on facts that nobody can change before its decision
//! is carried out (P2): items are locked before anything is read, and submissions of one group see
//! each other's effect. What a new publish consists of is in `carry_out`.

use slugline_core::answer::Answer;
use slugline_core::intake::{Intake, Submission, decide};
use slugline_core::port::BoxFuture;
use slugline_core::problem::Problem;
use slugline_core::time::Timestamp;
use slugline_engine::store::{Decided, DecidedKind};

use super::facts::{self, Facts, World};
use super::fault::Done;
use super::gauges::Effected;
use super::line::Operation;
use super::session::Session;
use super::times::Times;
use super::write::commit;
use crate::accepting::stale_entry;
use crate::change::Ledger;
use crate::entry::Dated;
use crate::prepare::Prepared;

/// Decides on submissions and carries the decisions out; one outcome each, in order.
pub(crate) struct Accepting;

impl Operation for Accepting {
    type Order = Vec<Prepared>;
    type Answer = Vec<Result<Decided, Problem>>;
    const GROUP: usize = 64;
    const WRITERS: usize = 2;

    fn run<'a>(
        session: &'a Session,
        times: &'a Times,
        orders: &'a [Self::Order],
    ) -> BoxFuture<'a, Done<(Vec<Self::Answer>, Effected)>> {
        Box::pin(accept(session, times, orders))
    }
}

async fn accept(
    session: &Session,
    times: &Times,
    orders: &[Vec<Prepared>],
) -> Done<(Vec<Vec<Result<Decided, Problem>>>, Effected)> {
    let prepared: Vec<&Prepared> = orders.iter().flatten().collect();
    let mut world = facts::load(session, times, &prepared).await?;
    let mut answers = Vec::with_capacity(orders.len());
    for order in orders {
        let decided = order
            .iter()
            .map(|prepared| accept_one(&mut world, prepared));
        answers.push(decided.collect::<Done<_>>()?);
    }
    let effected = world.changes.effected();
    commit(session, &world.writes()?).await?;
    Ok((answers, effected))
}

fn accept_one<'a>(world: &mut World<'a>, prepared: &'a Prepared) -> Done<Result<Decided, Problem>> {
    let (submission, facts) = (&prepared.submission, world.facts(prepared));
    match decide(submission, &facts.found) {
        Intake::Replay(answer) => Ok(Ok(Decided::new(answer, DecidedKind::Replayed))),
        Intake::Refuse(problem) => Ok(Err(problem)),
        Intake::Duplicate(answer) => {
            let expiry = key_expiry(world, submission);
            world.keep_key(prepared, &answer, Some(expiry))?;
            Ok(Ok(Decided::new(answer, DecidedKind::Duplicate)))
        }
        Intake::Stale(answer) => stale(world, prepared, &facts, answer).map(Ok),
        Intake::Accept(accept) => world.carry_out(prepared, &facts, accept, true),
        Intake::Extend(accept) => world.carry_out(prepared, &facts, accept, false),
    }
}

/// When a key that is used now may be used for something else.
pub(crate) fn key_expiry(world: &World<'_>, submission: &Submission) -> Timestamp {
    world.changes.now().plus(submission.key_ttl)
}

fn stale<'a>(
    world: &mut World<'a>,
    prepared: &'a Prepared,
    facts: &Facts,
    answer: Answer,
) -> Done<Decided> {
    let submission = &prepared.submission;
    let expiry = key_expiry(world, submission);
    world.keep_key(prepared, &answer, Some(expiry))?;
    if let Some(item) = facts.item.or(facts.whole) {
        let entry = stale_entry(&world.changes, submission, item, &answer);
        world.changes.log(entry)?;
    }
    Ok(Decided::new(answer, DecidedKind::Stale))
}
