//! What a person may do with a job, and what comes of it.
//!
//! Ensures that an action which a job's state does not allow is refused with the state named, and that
//! nothing is done to what has changed since the person looked. Carries nothing out.

use serde::{Deserialize, Serialize};

use crate::ids::Fence;
use crate::lifecycle::JobState;
use crate::problem::{Code, Problem};
use crate::version::Generation;

/// An action on one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobAction {
    /// Runs a dead letter again, under the same idempotency key; it looks before it writes.
    Retry,
    /// Marks a dead letter complete: nothing more is done.
    Skip,
    /// Takes a job back that was not released yet.
    Cancel,
    /// Holds a job that waits for its run.
    Pause,
    /// Has a paused job go on.
    Resume,
    /// Asks somebody else to look; changes nothing.
    Escalate,
}

impl JobAction {
    /// All actions.
    pub const ALL: [Self; 6] = [
        Self::Retry,
        Self::Skip,
        Self::Cancel,
        Self::Pause,
        Self::Resume,
        Self::Escalate,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::Cancel => "cancel",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Escalate => "escalate",
        }
    }

    /// The states that it can be done in, in words.
    fn needs(self) -> &'static str {
        match self {
            Self::Retry | Self::Skip => "only a dead letter (failed)",
            Self::Cancel => "only a job that was not released yet (pending)",
            Self::Pause => "only a job that waits for its run (queued)",
            Self::Resume => "only a paused job",
            Self::Escalate => "any job",
        }
    }
}

/// What is known of a job when a person acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobFacts {
    /// Its state.
    pub state: JobState,
    /// Whether it was released once.
    pub released: bool,
    /// Runs that it had.
    pub runs: Fence,
    /// Its generation.
    pub generation: Generation,
    /// The generation that is desired in its place, if that is another job's.
    pub replaced_by: Option<Generation>,
    /// Whether its publish waits for something.
    pub waits: bool,
    /// Whether its publish waited for something when it was given up.
    pub gave_up: bool,
}

/// What is to be done with the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStep {
    /// Queued anew, with all its attempts before it.
    Queue,
    /// Takes its place in desired state, then queued: its publish was released without it.
    Place,
    /// Waits again for what it waited for; `anew`: so does its publish.
    Wait {
        /// Whether its publish had stopped waiting.
        anew: bool,
    },
    /// Held: pending until it is resumed.
    Hold,
    /// Ends in this state.
    End(JobState),
    /// Nothing but a note.
    Note,
}

/// What comes of an action. `seen`: the number of runs that the job had when the person looked.
pub fn act(job: &JobFacts, action: JobAction, seen: Option<Fence>) -> Result<JobStep, Problem> {
    if let Some(seen) = seen.filter(|seen| *seen != job.runs) {
        return Err(changed(job, seen));
    }
    let paused = job.state == JobState::Pending && job.released && !job.waits;
    let step = match (action, job.state) {
        (JobAction::Escalate, _) => JobStep::Note,
        (JobAction::Retry, JobState::Failed) => return retry(job),
        (JobAction::Skip, JobState::Failed) => JobStep::End(JobState::Skipped),
        (JobAction::Cancel, JobState::Pending) if !job.released => {
            JobStep::End(JobState::Cancelled)
        }
        (JobAction::Pause, JobState::Queued) => JobStep::Hold,
        (JobAction::Resume, JobState::Pending) if paused => JobStep::Queue,
        _ => return Err(illegal(job, action, paused)),
    };
    Ok(step)
}

fn retry(job: &JobFacts) -> Result<JobStep, Problem> {
    if let Some(newer) = job
        .replaced_by
        .filter(|newer| *newer > job.generation || job.released)
    {
        let detail = format!(
            "generation {newer} has taken the place of generation {}; nothing is left to retry",
            job.generation
        );
        return Err(Problem::new(Code::Superseded, detail).with("generation", newer));
    }
    Ok(match (job.released, job.waits, job.gave_up) {
        (true, ..) => JobStep::Queue,
        (false, true, _) => JobStep::Wait { anew: false },
        (false, false, true) => JobStep::Wait { anew: true },
        (false, false, false) => JobStep::Place,
    })
}

fn changed(job: &JobFacts, seen: Fence) -> Problem {
    let detail = format!(
        "it has run {} times, not {}: it is {} now; look again, then decide",
        job.runs.0,
        seen.0,
        job.state.as_str()
    );
    let problem = Problem::new(Code::ChangedMeanwhile, detail);
    problem.with("state", job.state).with("runs", job.runs.0)
}

fn illegal(job: &JobFacts, action: JobAction, paused: bool) -> Problem {
    let state = if paused { "paused" } else { job.state.as_str() };
    let detail = format!(
        "it is {state}; {} can be asked to {}",
        action.needs(),
        action.as_str()
    );
    Problem::new(Code::IllegalState, detail).with("state", job.state)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(state: JobState) -> JobFacts {
        JobFacts {
            state,
            released: true,
            runs: Fence(3),
            generation: Generation(2),
            replaced_by: None,
            waits: false,
            gave_up: false,
        }
    }

    #[test]
    fn each_action_has_its_states_and_names_the_one_it_met() {
        for state in JobState::ALL {
            for action in JobAction::ALL {
                let paused = state == JobState::Pending;
                let allowed = match action {
                    JobAction::Retry | JobAction::Skip => state == JobState::Failed,
                    JobAction::Cancel => false,
                    JobAction::Pause => state == JobState::Queued,
                    JobAction::Resume => paused,
                    JobAction::Escalate => true,
                };
                match act(&job(state), action, None) {
                    Ok(_) => assert!(allowed, "{action:?} {state:?}"),
                    Err(problem) => {
                        assert!(!allowed, "{action:?} {state:?}");
                        assert_eq!(problem.code, Code::IllegalState);
                        let named = if paused { "paused" } else { state.as_str() };
                        assert!(problem.detail.contains(named), "{}", problem.detail);
                    }
                }
            }
        }
    }

    #[test]
    fn only_what_was_not_released_is_taken_back() {
        let waiting = JobFacts {
            released: false,
            waits: true,
            ..job(JobState::Pending)
        };
        assert_eq!(
            act(&waiting, JobAction::Cancel, None),
            Ok(JobStep::End(JobState::Cancelled))
        );
        assert!(act(&waiting, JobAction::Resume, None).is_err());
    }

    #[test]
    fn nothing_is_done_to_what_has_run_since() {
        let refused = act(&job(JobState::Failed), JobAction::Retry, Some(Fence(2))).unwrap_err();
        assert_eq!(refused.code, Code::ChangedMeanwhile);
        assert_eq!(
            act(&job(JobState::Failed), JobAction::Retry, Some(Fence(3))),
            Ok(JobStep::Queue)
        );
    }

    #[test]
    fn what_has_a_successor_is_not_retried() {
        let newer = JobFacts {
            replaced_by: Some(Generation(4)),
            ..job(JobState::Failed)
        };
        assert_eq!(
            act(&newer, JobAction::Retry, None).unwrap_err().code,
            Code::Superseded
        );
        let older_is_there = JobFacts {
            released: false,
            replaced_by: Some(Generation(1)),
            gave_up: true,
            ..job(JobState::Failed)
        };
        assert_eq!(
            act(&older_is_there, JobAction::Retry, None),
            Ok(JobStep::Wait { anew: true })
        );
    }
}
