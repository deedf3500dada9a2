//! When all that is kept of an item's words may be erased.
//!
//! Ensures that nothing is erased that anything still has to be done with: a page that is live could not be
//! repaired without its body, nor a job that waits be run. Does not erase.

use crate::item::Action;
use crate::lifecycle::JobState;
use crate::problem::{Code, Problem};

/// Destinations that a refusal names.
const NAMED: usize = 5;

/// How an item stands at a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The destination.
    pub destination: String,
    /// What keeps its words needed there.
    pub needs: Need,
}

/// What an item's words are needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// It should be live.
    Desired,
    /// A job of it has not ended.
    Open(JobState),
    /// A dead letter of it can be tried again.
    DeadLetter,
    /// A look after an uncertain write is to come, or under way.
    Look,
}

/// Refuses while anything needs the words. `newest`: what was said of the item last.
pub fn check(content_id: &str, newest: Action, standing: &[Standing]) -> Result<(), Problem> {
    if standing.is_empty() && newest.removes() {
        return Ok(());
    }
    let what = match standing.iter().map(|place| place.needs).min() {
        None | Some(Need::Desired) => "is not unpublished; unpublish or delete it, then erase",
        Some(Need::Open(_)) => "has jobs that have not ended; wait for them, or cancel them",
        Some(Need::DeadLetter) => "has dead letters; skip them, then erase",
        Some(Need::Look) => {
            "is about to be looked at after an uncertain write; erase when that is done"
        }
    };
    let places = standing.iter().take(NAMED);
    let places: Vec<&str> = places.map(|place| place.destination.as_str()).collect();
    let at = match places.is_empty() {
        true => String::new(),
        false => format!(" (at {})", places.join(", ")),
    };
    let problem = Problem::new(Code::IllegalState, format!("{content_id:?} {what}{at}"));
    Err(problem.with("destinations", places))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(destination: &str, needs: Need) -> Standing {
        Standing {
            destination: destination.into(),
            needs,
        }
    }

    #[test]
    fn what_is_removed_everywhere_may_be_erased() {
        assert_eq!(check("bio", Action::Unpublish, &[]), Ok(()));
        assert_eq!(check("bio", Action::Delete, &[]), Ok(()));
    }

    #[test]
    fn what_is_needed_is_refused_with_what_to_do() {
        let advice = |newest, standing: &[Standing]| {
            let refused = check("bio", newest, standing).unwrap_err();
            assert_eq!(refused.code, Code::IllegalState);
            refused.detail
        };
        assert!(advice(Action::Publish, &[]).contains("unpublish or delete it"));
        let both = [at("shop", Need::Look), at("blog", Need::Desired)];
        let said = advice(Action::Unpublish, &both);
        assert!(said.contains("unpublish or delete it") && said.contains("(at shop, blog)"));
        let open = [at("blog", Need::Open(JobState::Queued))];
        assert!(advice(Action::Unpublish, &open).contains("wait for them"));
        let dead = [at("blog", Need::DeadLetter)];
        assert!(advice(Action::Unpublish, &dead).contains("skip them"));
    }
}
