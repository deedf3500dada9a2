//! What can be done with a job as it is, as people are offered it.
//!
//! Ensures that what is suggested stands first, and that nothing is offered that the job's state would refuse. The
//! rule is `slugline_core::operator`: this says only what to show.

use slugline_core::lifecycle::{JobState, PendingReason};
use slugline_core::reason::SuggestedAction;
use slugline_core::version::Generation;
use slugline_engine::store::JobDetail;

/// One thing that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// The word that its form sends.
    pub(crate) word: &'static str,
    pub(crate) name: &'static str,
    pub(crate) does: &'static str,
}

const RETRY: Choice = Choice {
    word: "retry",
    name: "Retry",
    does: "Runs it again. It looks before it writes, so nothing happens twice.",
};
const EDIT: Choice = Choice {
    word: "edit",
    name: "Edit …",
    does: "Change the content, and publish it as a new generation.",
};
const REVERT: Choice = Choice {
    word: "revert",
    name: "Revert",
    does: "Brings back the last version that was live there.",
};
const SKIP: Choice = Choice {
    word: "skip",
    name: "Skip",
    does: "Marks it complete. Nothing more is done.",
};
const PAUSE: Choice = Choice {
    word: "pause",
    name: "Pause",
    does: "Holds it until it is resumed.",
};
const RESUME: Choice = Choice {
    word: "resume",
    name: "Resume",
    does: "Has it go on.",
};
const CANCEL: Choice = Choice {
    word: "cancel",
    name: "Cancel",
    does: "Takes it back; it was not released yet.",
};

/// What can be done with a job as it is; what is suggested comes first.
pub(crate) fn choices(job: &JobDetail) -> Vec<Choice> {
    match (job.job.state, job.job.pending_reason) {
        (JobState::Failed, _) if job.job.replaced_by.is_none() => {
            let mut all = vec![RETRY, EDIT, REVERT, SKIP];
            all.retain(|one| *one != EDIT || !job.about.action.removes());
            // Before the first generation nothing was live.
            all.retain(|one| *one != REVERT || job.about.generation > Generation(1));
            let first = match job.job.suggested_action {
                Some(SuggestedAction::EditThenRetry) => EDIT,
                Some(SuggestedAction::Revert) => REVERT,
                Some(SuggestedAction::Skip) => SKIP,
                _ => RETRY,
            };
            all.sort_by_key(|one| *one != first);
            all
        }
        (JobState::Queued, _) => vec![PAUSE],
        (JobState::Pending, Some(PendingReason::Paused)) => vec![RESUME],
        (JobState::Pending, _) => vec![CANCEL],
        _ => Vec::new(),
    }
}
