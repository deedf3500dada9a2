//! From measurements to figures: what each is called and which floor it is held against.

use super::backlog::Behind;
use super::figure::Figure;
use super::floors::Floors;
use super::product::EndToEnd;
use super::scale::Scale;
use super::webhooks::Told;

/// What was measured of one store.
pub(super) struct Sheet {
    pub(super) store: &'static str,
    pub(super) scale: Scale,
    pub(super) floors: Floors,
    pub(super) intake: f64,
    pub(super) webhooks: Told,
    pub(super) plain: EndToEnd,
    pub(super) behind: Behind,
    /// Processor time of a delivery at smaller queues, the smallest first.
    pub(super) shallow: Vec<(&'static str, f64)>,
    /// End to end and processor time of a delivery with ten million queued.
    pub(super) ten_million: Option<(f64, f64)>,
}

impl Sheet {
    /// All figures, in the order of the documentation.
    pub(super) fn figures(&self) -> Vec<Figure> {
        let mut figures = self.rates();
        figures.extend(self.latencies());
        figures.extend(self.behind());
        figures.extend(self.claims());
        figures.extend(self.costs());
        figures
    }

    fn figure(&self, name: &str, value: f64, unit: &str) -> Figure {
        Figure::new(self.store, name, value, unit)
    }

    fn rates(&self) -> Vec<Figure> {
        let end_to_end = self.plain.delivered.per_second;
        vec![
            self.figure("intake", self.intake, "publish/s")
                .over(self.floors.intake()),
            self.figure("end_to_end", end_to_end, "publish/s")
                .over(self.floors.records),
            self.figure("webhooks", self.webhooks.per_second, "webhook/s")
                .over(self.floors.intake()),
            self.figure(
                "webhook_p99",
                self.webhooks.answers.milliseconds(0.99),
                "ms",
            ),
        ]
    }

    fn latencies(&self) -> Vec<Figure> {
        let shares = [
            ("latency_p50", 0.5),
            ("latency_p99", 0.99),
            ("latency_p999", 0.999),
        ];
        let figure = |(name, share)| {
            let floor = self.floors.latency.milliseconds(share);
            self.figure(name, self.plain.latency.milliseconds(share), "ms")
                .under(floor)
        };
        shares.map(figure).to_vec()
    }

    fn behind(&self) -> Vec<Figure> {
        let (names, end_to_end) = (self.scale.names(), self.plain.delivered.per_second);
        let rate = |name, value| self.figure(name, value, "publish/s").over(end_to_end);
        let mut figures = vec![rate(names.end_to_end, self.behind.per_second)];
        figures.extend(
            self.ten_million
                .map(|(value, _)| rate("backlog_10m", value)),
        );
        let alone = self.plain.urgent.milliseconds(0.99);
        let urgent = self.behind.urgent.milliseconds(0.99);
        figures.push(self.figure("urgent_behind_bulk", urgent, "ms").under(alone));
        let recover = self.figure(names.recover, self.behind.recover_ms, "ms");
        figures.push(recover.under(self.plain.recover_ms));
        figures
    }

    /// The shallowest is the floor of the others.
    fn claims(&self) -> Vec<Figure> {
        let mut measured = self.shallow.clone();
        measured.push((self.scale.names().claim, self.behind.claim_us));
        measured.extend(self.ten_million.map(|(_, value)| ("claim_10m", value)));
        let floor = measured[0].1;
        let figure = |(number, (name, value)): (usize, &(&'static str, f64))| {
            let figure = self.figure(name, *value, "CPU us/delivery");
            if number == 0 {
                figure
            } else {
                figure.under(floor)
            }
        };
        measured.iter().enumerate().map(figure).collect()
    }

    fn costs(&self) -> Vec<Figure> {
        vec![
            self.figure("cpu_per_1000", self.plain.delivered.processor, "CPU s/1000"),
            self.figure("disk_per_publish", self.plain.bytes, "bytes"),
            self.figure("rss_idle", self.plain.idle_mib, "MiB"),
            self.figure("rss_busy", self.behind.resident_mib, "MiB"),
        ]
    }
}
