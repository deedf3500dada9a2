//! Clients: each request is repeated until it has an answer.
//!
//! Ensures that a client knows only what it was answered: an answer may be lost on its way, and the
//! node that was asked may be gone.

use std::sync::Arc;

use bytes::Bytes;
use slugline_core::problem::{Code, Problem};
use slugline_engine::intake::{Caller, Intake};
use slugline_engine::store::Decided;

use crate::ask;
use crate::dice::Dice;
use crate::hold;
use crate::plan::{Ask, picture};
use crate::scheduler::WORLD;
use crate::world::World;

/// How often an answer is lost on its way to the client.
const LOST: f64 = 0.05;
/// Milliseconds between two tries at most.
const PAUSE: u64 = 3_000;

/// Starts a client for each request of the plan.
pub(crate) fn start(world: &Arc<World>) {
    for ask in world.plan.asks.clone() {
        let world = Arc::clone(world);
        *hold(&world.unanswered) += 1;
        let client = Client {
            dice: Dice::new(world.plan.seed, &format!("client {}", ask.number)),
            world: Arc::clone(&world),
            ask,
        };
        world
            .scheduler
            .spawn(WORLD, async move { client.run().await });
    }
}

struct Client {
    world: Arc<World>,
    ask: Ask,
    dice: Dice,
}

impl Client {
    async fn run(&self) {
        self.world.scheduler.sleep(self.ask.at).await;
        while !self.try_once().await {
            self.world
                .scheduler
                .sleep(self.dice.millis(50..PAUSE))
                .await;
        }
        *hold(&self.world.unanswered) -= 1;
    }

    /// Whether it has its answer.
    async fn try_once(&self) -> bool {
        if let Some(number) = self.ask.upload
            && !self.upload(number).await
        {
            return false;
        }
        let answer = self.ask_a_node(|intake, caller, body| async move {
            intake.publish(&caller, None, Vec::new(), body).await
        });
        let Some(answer) = answer.await else {
            return false;
        };
        self.world.judge(judge_answer(&answer));
        if let Err(problem) = &answer {
            let said = || {
                format!(
                    "client {} is refused: {} {}",
                    self.ask.number,
                    problem.code.as_str(),
                    problem.detail
                )
            };
            self.world.note(said);
        }
        let is_final = answer
            .as_ref()
            .err()
            .is_none_or(|problem| problem.code.status() < 429);
        is_final && (self.world.is_calm() || !self.dice.chance(LOST))
    }

    async fn upload(&self, number: usize) -> bool {
        let answer = self.ask_a_node(move |intake, _, _| async move {
            intake
                .upload_media(picture(number), Some("image/png"))
                .await
        });
        matches!(answer.await, Some(Ok(_)))
    }

    /// Asks any node; `None` when nobody answers.
    async fn ask_a_node<T, F, W>(&self, work: W) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
        W: FnOnce(Arc<Intake>, Caller, Bytes) -> F,
    {
        let caller = Caller {
            actor: "token:client".into(),
            owner: self.ask.owner.into(),
            environments: Vec::new(),
        };
        let body = Bytes::from(self.ask.body.to_string());
        let asked = ask::any_node(&self.world, &self.dice, |node| {
            Some(work(node.intake?, caller, body))
        });
        asked.await
    }
}

/// A refusal that asks for patience says for how long (P9).
fn judge_answer(answer: &Result<Decided, Problem>) -> crate::model::Judged {
    let patience = [Code::QueueFull, Code::DiskLow, Code::Unavailable];
    match answer {
        Err(problem) if patience.contains(&problem.code) && problem.retry_after.is_none() => {
            crate::model::broken("P9", format!("refused without Retry-After: {problem:?}"))
        }
        _ => Ok(()),
    }
}
