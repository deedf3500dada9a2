//! The faults that the proxy can do to a request, and where one of them makes no sense.
//! Ensures that a cell of the table is either to be hit or says why it cannot be.

use super::kind::Kind;

/// One way for a network or a busy server to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request arrives late, and all is well.
    Latency,
    /// The connection is reset before WordPress hears of the request.
    ResetBefore,
    /// WordPress answers; the connection is reset before a byte of the answer arrives.
    ResetAfter,
    /// Half of the answer's body arrives, then a reset.
    CutAnswer,
    /// Half of the answer's body arrives, then the connection is closed as if that were all.
    ShortAnswer,
    /// WordPress answers; the client gets a 5xx instead.
    ErrorAfter,
    /// The request is held until the client has given up, and reaches WordPress later.
    LateCommit,
    /// 429 with `Retry-After`; WordPress hears nothing.
    Throttled,
}

impl Fault {
    /// All faults in the order of the table's columns.
    pub(crate) const ALL: [Self; 8] = [
        Self::Latency,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::CutAnswer,
        Self::ShortAnswer,
        Self::ErrorAfter,
        Self::LateCommit,
        Self::Throttled,
    ];

    /// The column's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::ResetBefore => "reset before",
            Self::ResetAfter => "reset after",
            Self::CutAnswer => "cut answer",
            Self::ShortAnswer => "short answer",
            Self::ErrorAfter => "5xx after",
            Self::LateCommit => "late commit",
            Self::Throttled => "429",
        }
    }

    /// Why this fault is never done to requests of `kind`, if it is not.
    pub(crate) fn makes_no_sense_for(self, kind: Kind) -> Option<&'static str> {
        match (self, kind) {
            (_, Kind::Other) => Some("the account is asked for too seldom to meet every fault"),
            (Self::LateCommit, kind) if !kind.writes() => {
                Some("a read commits nothing, late or in time")
            }
            _ => None,
        }
    }
}
