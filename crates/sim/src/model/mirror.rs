//! News from the blog of what is published there.
//!
//! Ensures that what we wrote is never published again because it was told of (P3), and that what a person
//! changed is shown as drift once that was told (P6, P8).

use slugline_connectors::FakeEntry;
use slugline_core::intake::Submission;
use slugline_core::problem::{Code, Problem};
use slugline_engine::store::{ContentView, Decided};

use super::{AT_BLOG, Judged, Model, broken};

/// The name of the source that is the blog.
pub(crate) const MIRROR: &str = "mirror";

impl Model {
    /// Judges what was decided on news of the blog: all routes lead back there, so that nothing of it may be
    /// accepted, and what is ours may not even be asked for.
    pub(super) fn judge_mirrored(
        &self,
        submission: &Submission,
        outcome: &Result<Decided, Problem>,
    ) -> Judged {
        let name = &submission.item.content_id;
        let (_, entry) = name.split_once(':').unwrap_or_default();
        let is_persons = entry.parse().is_ok_and(|id| self.is_persons(id));
        match outcome {
            _ if !is_persons => broken("P3", format!("an echo was routed: {name}")),
            Err(problem) if problem.code == Code::NoDestination => Ok(()),
            _ => broken(
                "P3",
                format!("{name} went back to where it is: {outcome:?}"),
            ),
        }
    }

    /// Judges that what is shown as drift is what the blog shows.
    pub(crate) fn judge_drift(&self, view: &ContentView, entries: &[FakeEntry]) -> Judged {
        let mut own = view.destinations.iter();
        let Some(at) = own.find(|at| at.destination == AT_BLOG) else {
            return Ok(());
        };
        let Some((item, generation)) = Self::resting(view) else {
            return Ok(());
        };
        let mut publishes = self.publishes.values();
        let publish = publishes.find(|it| it.item == item && it.generation == generation);
        let differs = publish.and_then(|publish| self.difference(publish, entries));
        let place = (item.clone(), AT_BLOG.to_owned());
        match (differs, at.drift) {
            (Some(_), None) if self.was_adopted(&place, generation) => Ok(()),
            (Some(how), None) => broken("P6", format!("{item:?} {how}, and nobody is told")),
            (None, Some(drift)) => broken("P8", format!("{item:?} is said to be {drift:?}")),
            _ => Ok(()),
        }
    }
}
