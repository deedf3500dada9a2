//! A figure with the floor that it is judged by, as a table for people and as JSON for scripts.

use serde::{Deserialize, Serialize};

/// One measured figure. Without a floor it has no ratio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    /// `sqlite` or `postgres`.
    pub(crate) store: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    pub(crate) floor: Option<f64>,
    /// More is better in every ratio.
    pub(crate) ratio: Option<f64>,
}

impl Figure {
    /// A figure that stands alone.
    pub(super) fn new(store: &str, name: &str, value: f64, unit: &str) -> Self {
        Self {
            name: name.into(),
            store: store.into(),
            value,
            unit: unit.into(),
            floor: None,
            ratio: None,
        }
    }

    /// Of a rate, with its floor from the same run: `value ÷ floor`.
    pub(super) fn over(mut self, floor: f64) -> Self {
        (self.floor, self.ratio) = (Some(floor), Some(self.value / floor));
        self
    }

    /// Of a time or a cost, with its floor from the same run: `floor ÷ value`.
    pub(super) fn under(mut self, floor: f64) -> Self {
        (self.floor, self.ratio) = (Some(floor), Some(floor / self.value));
        self
    }
}

/// All figures of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) figures: Vec<Figure>,
}

impl Document {
    /// `{"figures": [{"name", "store", "value", "unit", "floor", "ratio"}]}` on one line.
    ///
    /// # Errors
    /// Never for figures that were measured.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// One row a figure.
    pub(super) fn table(&self) -> String {
        let head = format!(
            "{:<19}{:<9}{:>12} {:<18}{:>12}{:>8}\n",
            "figure", "store", "value", "unit", "floor", "ratio"
        );
        std::iter::once(head)
            .chain(self.figures.iter().map(row))
            .collect()
    }
}

fn row(figure: &Figure) -> String {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
    format!(
        "{:<19}{:<9}{:>12.2} {:<18}{:>12}{:>8}\n",
        figure.name,
        figure.store,
        figure.value,
        figure.unit,
        number(figure.floor),
        number(figure.ratio)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_better_in_every_ratio() {
        let rate = Figure::new("sqlite", "intake", 50.0, "/s").over(100.0);
        let time = Figure::new("sqlite", "latency_p50", 4.0, "ms").under(2.0);
        assert_eq!((rate.ratio, time.ratio), (Some(0.5), Some(0.5)));
    }

    #[test]
    fn the_json_has_the_documented_shape() {
        let figures = vec![Figure::new("sqlite", "rss_idle", 20.0, "MiB")];
        let expected = r#"{"figures":[{"name":"rss_idle","store":"sqlite","value":20.0,"unit":"MiB","floor":null,"ratio":null}]}"#;
        assert_eq!(Document { figures }.json().unwrap(), expected);
    }
}
