//! `docs/speed.md` and its picture, made from the last figures of every store. Ensures that the page says what was measured
//! on what, and calls an aim that is not reached by its name.

use std::fs;

use anyhow::Result;

use super::aims::Aim;
use super::figure::{Document, Figure};
use super::{plot, stores};
use crate::run::root;

/// The page up to its table. What it says of the ways is what the files of this folder do.
const HEAD: &str = "\
# Speed

Made by `cargo xtask bench --docs`; do not edit. Each figure is held against a floor that was measured in the same run on
the same machine and uses no product code; rates are `value ÷ floor`, times and costs `floor ÷ value`, so that more is
better. Load, sink and floors run on the same cores as the server. Bodies are 1 KiB; every answer is durable.

![ratios](speed.svg)

";

const TAIL: &str = "
How each is measured:

- `intake`: 64 connections, publishes scheduled for the far future. Floor: the smaller of the same HTTP stack echoing
  parsed JSON, and one-row inserts of the same bytes under random keys in group commits.
- `webhooks`, `webhook_p99`: 64 senders, signed webhooks of new entries for a destination that is down, each answered with what
  became of it; and how long the answer takes. Floor: as `intake`, though a webhook is kept as it came besides.
- `end_to_end`: 64 connections to a local webhook, until the last is live; then each is asked for. Floor: one writer that
  does nothing but write every promised record of accept, claim and settle, in groups of 64.
- `latency_*`: accept → live at a tenth of that rate, open loop, once the store has done what that load left to be done
  (`VACUUM`, a checkpoint). Floor: two durable commits and two loopback exchanges.
- `backlog_*`: end to end while that many jobs wait for another destination, which is down. The queue is made through the
  API, publish by publish; ten million are job rows copied over a million publishes. Floor: end to end with none queued.
- `urgent_behind_bulk`: p99 of 100 urgent publishes a second while the backlog moves. Floor: the same alone.
- `recover_*`: `kill -9` to the first delivery, median of three. Floor: the same with an empty queue.
- `claim_*`: processor time of one delivery while a queue of that length drains. Floor: the shortest queue.
- `cpu_per_1000`: user and system time of the server during `end_to_end`. `disk_per_publish`: the data directory after a
  checkpoint, all records included. `rss_busy`: the peak with the backlog queued, after `end_to_end`.
";

/// Writes both files.
///
/// # Errors
/// There are no figures, or a file cannot be written.
pub(super) fn write() -> Result<()> {
    let figures: Vec<Figure> = stores()?.into_iter().flat_map(|it| it.figures).collect();
    fs::write(root().join("docs/speed.svg"), plot::svg(&figures))?;
    fs::write(root().join("docs/speed.md"), page(&figures))?;
    println!("wrote docs/speed.md and docs/speed.svg");
    Ok(())
}

fn page(figures: &[Figure]) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{HEAD}On {cores} cores:\n\n{}{TAIL}", table(figures))
}

/// The figures as a Markdown table, for other pages too.
pub(crate) fn table(figures: &[Figure]) -> String {
    let head = "| figure | store | value | floor | ratio | aim |\n|---|---|---|---|---|---|\n";
    std::iter::once(head.to_owned())
        .chain(figures.iter().map(row))
        .collect()
}

fn row(figure: &Figure) -> String {
    let short = |value: f64| {
        if value < 100.0 {
            format!("{value:.2}")
        } else {
            format!("{value:.0}")
        }
    };
    let or_none = |value: Option<f64>| value.map_or("–".to_owned(), short);
    let aim = Aim::of(figure).map(|aim| {
        let text = match aim {
            Aim::AtLeast(ratio) => format!("≥ {ratio}"),
            Aim::AtMost(value) => format!("≤ {value}"),
        };
        if aim.is_met(figure) {
            text
        } else {
            format!("{text}, **not reached**")
        }
    });
    format!(
        "| `{}` | {} | {} {} | {} | {} | {} |\n",
        figure.name,
        figure.store,
        short(figure.value),
        figure.unit,
        or_none(figure.floor),
        or_none(figure.ratio),
        aim.unwrap_or_default()
    )
}

/// A document as it was kept.
pub(super) fn kept(store: &str) -> Result<Option<Document>> {
    let kept = crate::proof::kept(&format!("bench-{store}"))?;
    Ok(kept.map(serde_json::from_value).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_that_is_missed_is_called_so() {
        let missed = Figure::new("sqlite", "intake", 50.0, "publish/s").over(100.0);
        let row = "| `intake` | sqlite | 50.00 publish/s | 100 | 0.50 | ≥ 0.6, **not reached** |\n";
        assert_eq!(super::row(&missed), row);
    }
}
