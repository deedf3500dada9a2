//! Plots, drawn on the server.
//!
//! Ensures that a plot has a text that says the same, and that it needs neither script nor inline style.

use std::fmt::Write;
use std::time::Duration;

use askama::filters::HtmlSafe;
use slugline_core::time::Timestamp;
use slugline_engine::store::{Ran, Span};

use super::times::{hour, span};

/// The drawing's size in its own units; it is stretched to where it stands.
const WIDTH: usize = 600;
const HEIGHT: u64 = 100;

/// A plot.
pub(crate) struct Chart {
    pub(crate) title: &'static str,
    /// What it says, for those who do not see it.
    pub(crate) text: String,
    /// What its top stands for.
    pub(crate) top: String,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) svg: Svg,
    pub(crate) empty: bool,
}

/// Shapes; made of numbers and words of ours.
pub(crate) struct Svg(String);

impl std::fmt::Display for Svg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Svg {}

/// One bar of a plot: lower and upper part.
struct Bar {
    low: u64,
    high: u64,
    tip: String,
}

/// Equal spans up to now.
pub(crate) fn spans(now: Timestamp, count: u32, each: Duration) -> Vec<Span> {
    let back = |number: u32| now.minus(each * number);
    let span = |number: u32| Span {
        from: back(number),
        until: back(number - 1),
    };
    (1..=count).rev().map(span).collect()
}

/// How many went live and how many runs failed, by span.
pub(crate) fn throughput(spans: &[Span], ran: &[Ran]) -> Chart {
    let live: usize = ran.iter().map(|one| one.live.len()).sum();
    let failed: u64 = ran.iter().map(|one| one.failed + one.retried).sum();
    let more = ran.iter().any(|one| one.more);
    let bars: Vec<Bar> = spans
        .iter()
        .zip(ran)
        .map(|(span, one)| {
            let (low, fails) = (one.live.len() as u64, one.failed + one.retried);
            let plus = if one.more { " or more" } else { "" };
            Bar {
                low,
                high: low + fails,
                tip: format!("{}: {low}{plus} live, {fails} runs failed", hour(span.from)),
            }
        })
        .collect();
    let top = bars.iter().map(|bar| bar.high).max().unwrap_or(0);
    let least = if more { "at least " } else { "" };
    Chart {
        title: "Went live",
        text: format!("{least}{live} went live, {failed} runs failed"),
        top: top.to_string(),
        empty: top == 0,
        ..drawn(spans, &bars, top, ("good", "bad"))
    }
}

/// How long it took from acceptance to live, by span: half of them, and all but a twentieth.
pub(crate) fn time_to_live(spans: &[Span], ran: &[Ran]) -> Chart {
    let at = |live: &[Duration], share: usize| {
        let place = live.len().saturating_mul(share) / 100;
        live.get(place.min(live.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    let bars: Vec<Bar> = spans
        .iter()
        .zip(ran)
        .map(|(when, one)| {
            let (half, most) = (at(&one.live, 50), at(&one.live, 95));
            Bar {
                low: micros(half),
                high: micros(most),
                tip: format!(
                    "{}: half within {}, 95 % within {}",
                    hour(when.from),
                    span(half),
                    span(most)
                ),
            }
        })
        .collect();
    let mut all: Vec<Duration> = ran
        .iter()
        .flat_map(|one| one.live.iter().copied())
        .collect();
    all.sort_unstable();
    let top = bars.iter().map(|bar| bar.high).max().unwrap_or(0);
    Chart {
        title: "From accepted to live",
        text: match all.is_empty() {
            true => "nothing went live".to_owned(),
            false => format!(
                "half within {}, 95 % within {}",
                span(at(&all, 50)),
                span(at(&all, 95))
            ),
        },
        top: span(Duration::from_micros(top)),
        empty: all.is_empty(),
        ..drawn(spans, &bars, top, ("strong", "soft"))
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

fn drawn(spans: &[Span], bars: &[Bar], top: u64, (low, high): (&str, &str)) -> Chart {
    let step = WIDTH / bars.len().max(1);
    let mut svg = String::new();
    for (place, bar) in bars.iter().enumerate() {
        let (x, wide) = (place * step, step.saturating_sub(2).max(1));
        let (h, l) = (tall(bar.high, top), tall(bar.low, top));
        // Writing to a String does not fail.
        let _ = write!(
            svg,
            "<g><title>{}</title><rect class=\"room\" x=\"{x}\" y=\"0\" width=\"{wide}\" height=\"{HEIGHT}\"/>\
             <rect class=\"{high}\" x=\"{x}\" y=\"{}\" width=\"{wide}\" height=\"{h}\"/>\
             <rect class=\"{low}\" x=\"{x}\" y=\"{}\" width=\"{wide}\" height=\"{l}\"/></g>",
            bar.tip,
            HEIGHT - h,
            HEIGHT - l
        );
    }
    Chart {
        title: "",
        text: String::new(),
        top: String::new(),
        from: spans
            .first()
            .map(|span| hour(span.from))
            .unwrap_or_default(),
        until: "now".to_owned(),
        svg: Svg(svg),
        empty: false,
    }
}

/// A value's height; what is not nothing is seen.
fn tall(value: u64, top: u64) -> u64 {
    match (value, top) {
        (0, _) | (_, 0) => 0,
        _ => (u128::from(value) * u128::from(HEIGHT) / u128::from(top)).max(2) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_says_what_it_shows() {
        let spans = spans(Timestamp(1_795_255_200_000_000), 2, Duration::from_secs(60));
        let ran = [
            Ran::default(),
            Ran {
                live: vec![Duration::from_secs(2)],
                retried: 1,
                failed: 0,
                more: false,
            },
        ];
        let chart = throughput(&spans, &ran);
        assert_eq!(
            (chart.text.as_str(), chart.top.as_str()),
            ("1 went live, 1 runs failed", "2")
        );
        assert!(chart.svg.0.contains("height=\"50\""), "{}", chart.svg.0);
        assert_eq!(
            time_to_live(&spans, &ran).text,
            "half within 2 s, 95 % within 2 s"
        );
    }
}
