//! The ratios as a picture: one bar a figure, drawn towards its aim. Plain SVG that needs no script and no font of its own.

use super::aims::Aim;
use super::figure::Figure;

/// Pixels of the label column, of a ratio of 1, and between two rows.
const LABEL: f64 = 230.0;
const UNIT: f64 = 360.0;
const ROW: f64 = 24.0;
/// Ratios beyond this are cut; their number is written beside the bar.
const LONGEST: f64 = 1.25;

/// An SVG document of every figure that has a ratio.
pub(super) fn svg(figures: &[Figure]) -> String {
    let rated: Vec<(&Figure, f64)> = figures
        .iter()
        .filter_map(|figure| Some((figure, figure.ratio?)))
        .collect();
    let (width, height) = (
        LABEL + UNIT * LONGEST + 60.0,
        ROW * (rated.len() as f64 + 1.5),
    );
    let bars = rated
        .iter()
        .enumerate()
        .map(|(row, (figure, ratio))| bar(row, figure, *ratio));
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">
<rect width="{width}" height="{height}" fill="#ffffff"/>
{}<line x1="{x}" y1="4" x2="{x}" y2="{y}" stroke="#555555" stroke-dasharray="3 3"/>
<text x="{x}" y="{text}" text-anchor="middle" fill="#555555">1 = the floor of the same run; a mark: the aim</text>
</svg>
"##,
        bars.collect::<String>(),
        x = LABEL + UNIT,
        y = ROW * rated.len() as f64 + 4.0,
        text = height - 8.0,
    )
}

fn bar(row: usize, figure: &Figure, ratio: f64) -> String {
    let top = ROW * row as f64 + 6.0;
    let (end, base) = (LABEL + UNIT * ratio.min(LONGEST), top + 13.0);
    let colour = match Aim::of(figure).map(|aim| aim.is_met(figure)) {
        Some(true) => "#2e7d32",
        Some(false) => "#c77700",
        None => "#607d8b",
    };
    format!(
        "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{} ({})</text>\n\
         <rect x=\"{LABEL}\" y=\"{top}\" width=\"{:.1}\" height=\"17\" fill=\"{colour}\"/>\n{}\
         <text x=\"{:.1}\" y=\"{base}\">{ratio:.2}</text>\n",
        LABEL - 8.0,
        figure.name,
        figure.store,
        end - LABEL,
        mark(figure, top),
        end + 6.0,
    )
}

fn mark(figure: &Figure, top: f64) -> String {
    let Some(Aim::AtLeast(aim)) = Aim::of(figure) else {
        return String::new();
    };
    let x = LABEL + UNIT * aim;
    format!(
        "<line x1=\"{x:.1}\" y1=\"{}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"#000000\" stroke-width=\"2\"/>\n",
        top - 2.0,
        top + 19.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ratio_is_a_bar_and_what_has_none_is_left_out() {
        let figures = [
            Figure::new("sqlite", "intake", 50.0, "/s").over(100.0),
            Figure::new("sqlite", "rss_idle", 20.0, "MiB"),
        ];
        let drawn = svg(&figures);
        assert!(drawn.contains("intake (sqlite)") && drawn.contains(">0.50<"));
        assert!(!drawn.contains("rss_idle"));
    }
}
