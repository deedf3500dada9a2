//! A figure with the floor that it is judged by, as a table for people and as JSON for scripts.

use serde::Serialize;

/// Which way is better; it decides which way the ratio is taken, so that more is always better.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    /// Rates: `value ÷ floor`.
    More,
    /// Times: `floor ÷ value`.
    Less,
}

/// One measured figure. Without a floor it has no ratio.
#[derive(Serialize)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) store: &'static str,
    pub(super) value: f64,
    pub(super) unit: &'static str,
    pub(super) floor: Option<f64>,
    pub(super) ratio: Option<f64>,
}

impl Figure {
    /// A figure with a floor from the same run.
    pub(super) fn against(
        name: &'static str,
        value: f64,
        unit: &'static str,
        floor: f64,
        better: Better,
    ) -> Self {
        let ratio = if better == Better::More {
            value / floor
        } else {
            floor / value
        };
        Self {
            name,
            store: "sqlite",
            value,
            unit,
            floor: Some(floor),
            ratio: Some(ratio),
        }
    }

    /// A figure that stands alone.
    pub(super) fn alone(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self {
            name,
            store: "sqlite",
            value,
            unit,
            floor: None,
            ratio: None,
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    figures: &'a [Figure],
}

/// `{"figures": [{"name", "store", "value", "unit", "floor", "ratio"}]}` on one line.
pub(super) fn json(figures: &[Figure]) -> serde_json::Result<String> {
    serde_json::to_string(&Document { figures })
}

/// One row a figure.
pub(super) fn table(figures: &[Figure]) -> String {
    let head = format!(
        "{:<15}{:<9}{:>12} {:<11}{:>12}{:>8}\n",
        "figure", "store", "value", "unit", "floor", "ratio"
    );
    let rows = figures.iter().map(row);
    std::iter::once(head).chain(rows).collect()
}

fn row(figure: &Figure) -> String {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
    format!(
        "{:<15}{:<9}{:>12.2} {:<11}{:>12}{:>8}\n",
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
        assert_eq!(
            Figure::against("intake", 50.0, "/s", 100.0, Better::More).ratio,
            Some(0.5)
        );
        assert_eq!(
            Figure::against("latency_p50", 4.0, "ms", 2.0, Better::Less).ratio,
            Some(0.5)
        );
    }

    #[test]
    fn the_json_has_the_documented_shape() {
        let expected = r#"{"figures":[{"name":"rss_idle","store":"sqlite","value":20.0,"unit":"MiB","floor":null,"ratio":null}]}"#;
        assert_eq!(
            json(&[Figure::alone("rss_idle", 20.0, "MiB")]).unwrap(),
            expected
        );
    }
}
