//! The count of faults by kind of request. Ensures that a cell which stayed empty is named, and that a cell
//! which cannot be hit says why. It does not decide which fault comes next.

use std::fmt::{self, Display};

use super::fault::Fault;
use super::kind::Kind;

/// Faults done and requests seen, by kind of request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    requests: [u32; Kind::ALL.len()],
    faults: [[u32; Fault::ALL.len()]; Kind::ALL.len()],
}

impl Table {
    /// Counts a request, whatever happens to it.
    pub(crate) fn count_request(&mut self, kind: Kind) {
        self.requests[kind as usize] += 1;
    }

    /// Counts a fault done to a request.
    pub(crate) fn count_fault(&mut self, kind: Kind, fault: Fault) {
        self.faults[kind as usize][fault as usize] += 1;
    }

    /// How often `fault` was done to requests of `kind`.
    pub(crate) fn count(&self, kind: Kind, fault: Fault) -> u32 {
        self.faults[kind as usize][fault as usize]
    }

    /// All requests seen.
    pub(crate) fn requests(&self) -> u32 {
        self.requests.iter().sum()
    }

    /// The cells that should have been hit and were not.
    pub(crate) fn empty_cells(&self) -> Vec<(Kind, Fault)> {
        cells()
            .filter(|&(kind, fault)| {
                fault.makes_no_sense_for(kind).is_none() && self.count(kind, fault) == 0
            })
            .collect()
    }

    fn cell(&self, kind: Kind, fault: Fault) -> String {
        match (fault.makes_no_sense_for(kind), self.count(kind, fault)) {
            (Some(_), _) => "–".to_owned(),
            (None, 0) => "EMPTY".to_owned(),
            (None, count) => count.to_string(),
        }
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<14}{:>9}", "", "requests")?;
        Fault::ALL
            .iter()
            .try_for_each(|fault| write!(f, "{:>14}", fault.name()))?;
        for kind in Kind::ALL {
            write!(
                f,
                "\n{:<14}{:>9}",
                kind.name(),
                self.requests[kind as usize]
            )?;
            Fault::ALL
                .iter()
                .try_for_each(|&fault| write!(f, "{:>14}", self.cell(kind, fault)))?;
        }
        reasons()
            .iter()
            .try_for_each(|reason| write!(f, "\n–  {reason}"))
    }
}

fn cells() -> impl Iterator<Item = (Kind, Fault)> {
    Kind::ALL
        .into_iter()
        .flat_map(|kind| Fault::ALL.into_iter().map(move |fault| (kind, fault)))
}

fn reasons() -> Vec<&'static str> {
    let mut reasons: Vec<_> = cells()
        .filter_map(|(kind, fault)| fault.makes_no_sense_for(kind))
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cell_is_named_until_it_is_hit_and_a_senseless_one_never() {
        let mut table = Table::default();
        assert!(
            table
                .empty_cells()
                .contains(&(Kind::Create, Fault::LateCommit))
        );
        assert!(
            !table
                .empty_cells()
                .contains(&(Kind::Read, Fault::LateCommit))
        );
        table.count_fault(Kind::Create, Fault::LateCommit);
        assert!(
            !table
                .empty_cells()
                .contains(&(Kind::Create, Fault::LateCommit))
        );
        assert!(table.to_string().contains("EMPTY"));
        assert!(table.to_string().contains("a read commits nothing"));
    }
}
