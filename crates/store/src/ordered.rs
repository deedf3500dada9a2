//! Whether an order is for who gives it.
//!
//! Ensures that a job of another owner does not exist for the caller, in every store.

use slugline_core::problem::{Code, Problem};
use slugline_engine::intake::require_environment;
use slugline_engine::store::JobOrder;

use crate::job::JobRow;

/// Why an order may not be given for this job, if it may not.
pub(crate) fn is_within(job: &JobRow, order: &JobOrder) -> Result<(), Problem> {
    if job.key.owner != order.owner {
        return Err(unknown(order));
    }
    require_environment(&order.environments, &job.key.environment)
}

/// What is said of a job that is not there.
pub(crate) fn unknown(order: &JobOrder) -> Problem {
    Problem::new(Code::NotFound, format!("there is no job {}", order.job))
}
