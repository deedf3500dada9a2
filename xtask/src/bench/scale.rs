//! How much is measured and for how long, and what the figures that depend on it are called.

use std::time::Duration;

/// The scale of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// About a minute and a half: it works, and roughly how fast.
    Quick,
    /// Under ten minutes on two cores: the figures of the documentation.
    Usual,
    /// The ten million as well.
    Full,
}

impl Scale {
    /// Length of one measurement.
    pub(super) fn span(self) -> Duration {
        Duration::from_secs(if self == Self::Quick { 3 } else { 12 })
    }

    /// Publishes queued behind which things are measured.
    pub(super) fn backlog(self) -> usize {
        if self == Self::Quick {
            100_000
        } else {
            1_000_000
        }
    }

    /// Smaller queues at which claiming is measured besides, with the figure's name.
    pub(super) fn shallow(self) -> &'static [(usize, &'static str)] {
        match self {
            Self::Quick => &[(1_000, "claim_1k")],
            Self::Usual | Self::Full => &[(1_000, "claim_1k"), (100_000, "claim_100k")],
        }
    }

    /// The names of the figures that are taken with the backlog queued.
    pub(super) fn names(self) -> BacklogNames {
        match self {
            Self::Quick => BacklogNames {
                end_to_end: "backlog_100k",
                recover: "recover_100k",
                claim: "claim_100k",
            },
            Self::Usual | Self::Full => BacklogNames {
                end_to_end: "backlog_1m",
                recover: "recover_1m",
                claim: "claim_1m",
            },
        }
    }
}

/// Figures that carry the size of the backlog in their names.
#[derive(Debug, Clone, Copy)]
pub(super) struct BacklogNames {
    pub(super) end_to_end: &'static str,
    pub(super) recover: &'static str,
    pub(super) claim: &'static str,
}
