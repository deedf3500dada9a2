//! What publishes depend on: other items, also in a circle, and what never comes.

use serde_json::{Value, json};

use super::Subject;
use crate::dice::Dice;
use crate::model::NEVER;

/// How often a seed has dependencies.
const TIED: f64 = 0.4;
/// How often a publish of such a seed has some.
const TIES: f64 = 0.4;

/// Gives publishes what they depend on.
pub(super) struct Ties {
    dice: Dice,
    tied: bool,
}

impl Ties {
    pub(super) fn of(seed: u64) -> Self {
        let dice = Dice::new(seed, "dependencies");
        let tied = dice.chance(TIED);
        Self { dice, tied }
    }

    /// Adds to a request what it depends on, if that is anything.
    pub(super) fn add(&self, body: &mut Value, subject: &Subject, all: &[Subject]) {
        if !self.tied || !self.dice.chance(TIES) {
            return;
        }
        if self.dice.chance(0.15) {
            // Nobody waits long for what never comes: that is what this class is here for.
            body["class"] = json!("preview");
            body["depends_on"] = json!([NEVER]);
            return;
        }
        let scope = |of: &Subject| (of.owner, of.environment);
        let mut others: Vec<&str> = all
            .iter()
            .filter(|other| scope(other) == scope(subject))
            .map(|other| &*other.content_id)
            .filter(|id| *id != subject.content_id)
            .collect();
        others.dedup();
        if !others.is_empty() {
            let first = *self.dice.pick(&others);
            others.retain(|id| *id == first || self.dice.chance(0.2));
            body["depends_on"] = json!(others);
        }
    }
}
