//! What the figures aim at, on two cores shared with load and sink, 1 KiB bodies, every answer durable: the one place
//! where the aims stand. A ratio aims at a least value, an absolute figure at a most.

use super::figure::Figure;

/// What a figure should reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aim {
    /// Of `ratio`.
    AtLeast(f64),
    /// Of `value`.
    AtMost(f64),
}

/// Name, on SQLite, on PostgreSQL.
type Row = (&'static str, Option<Aim>, Option<Aim>);

const AIMS: &[Row] = &[
    ("intake", least(0.6), least(0.25)),
    ("end_to_end", least(0.9), least(0.5)),
    ("webhook_p99", most(2_000.0), most(2_000.0)),
    ("latency_p50", least(0.3), least(0.3)),
    ("latency_p99", least(0.3), None),
    ("backlog_1m", least(0.9), least(0.9)),
    ("backlog_10m", least(0.8), least(0.8)),
    ("urgent_behind_bulk", least(0.5), least(0.5)),
    ("recover_1m", least(0.5), None),
    ("cpu_per_1000", most(0.1), None),
    ("disk_per_publish", most(5.0 * 1024.0), None),
    ("rss_idle", most(64.0), None),
    ("rss_busy", most(256.0), None),
];

const fn least(ratio: f64) -> Option<Aim> {
    Some(Aim::AtLeast(ratio))
}

const fn most(value: f64) -> Option<Aim> {
    Some(Aim::AtMost(value))
}

impl Aim {
    /// What a figure aims at, if there is an aim for it on its store.
    pub(crate) fn of(figure: &Figure) -> Option<Self> {
        let (_, sqlite, postgres) = AIMS.iter().find(|(name, ..)| *name == figure.name)?;
        if figure.store == "postgres" {
            *postgres
        } else {
            *sqlite
        }
    }

    /// Whether a figure reaches it.
    pub(crate) fn is_met(self, figure: &Figure) -> bool {
        match self {
            Self::AtLeast(least) => figure.ratio.is_some_and(|ratio| ratio >= least),
            Self::AtMost(most) => figure.value <= most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_aim_at_least_and_costs_at_most() {
        let met = |figure: Figure| Aim::of(&figure).map(|aim| aim.is_met(&figure));
        let intake = |value| Figure::new("sqlite", "intake", value, "publish/s").over(100.0);
        assert_eq!(
            (met(intake(60.0)), met(intake(59.0))),
            (Some(true), Some(false))
        );
        assert_eq!(
            met(Figure::new("sqlite", "rss_idle", 65.0, "MiB")),
            Some(false)
        );
        assert_eq!(met(Figure::new("postgres", "rss_idle", 65.0, "MiB")), None);
    }
}
