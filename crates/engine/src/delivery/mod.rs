//! Delivery: from a claimed job to its settlement.

mod claims;
mod desk;
mod offers;
mod run;
mod runs;
mod verdict;

pub use claims::{Delivery, Granted};
pub use desk::{Desk, Grant, Shared};
pub use offers::Offered;
pub use runs::Runs;
