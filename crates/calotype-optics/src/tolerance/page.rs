//! What tolerances come to, as a chart and as a page.

use super::file::Tolerances;
use super::monte_carlo::MonteCarlo;
use super::sensitivity::Sensitivities;
use crate::show::{Chart, Plot, Series, Table, chart_page};

/// Bars of the histogram.
const BARS: usize = 24;
/// Errors that are listed.
const LISTED: usize = 40;

/// Tables and curves of sensitivities and of made lenses.
pub fn chart(lens: &str, tolerances: &Tolerances, each: Option<&Sensitivities>, made: Option<&MonteCarlo>) -> Chart {
    let what = tolerances.criterion.label();
    let mut chart = Chart { analysis: "tolerance".into(), lens: lens.into(), ..Chart::default() };
    chart.note = format!(
        "{what}, the worst of {} field points{}. Losses are against the nominal lens, after adjustment; the dearest first.",
        tolerances.fields.len(),
        if tolerances.breaks_symmetry() { ", both sides of the axis" } else { "" }
    );
    if let Some(made) = made {
        let mut table = Table::new("made lenses", &[&what]);
        table.row("nominal", [Some(made.nominal)]);
        table.row("mean", [Some(made.mean)]);
        for [share, value] in &made.reached {
            table.row(format!("{:.0} % reach", 100.0 * share), [Some(*value)]);
        }
        chart.tables.push(table);
        if let Some(y) = &made.yielded {
            let mut table = Table::new("yield", &["limit", "pass", "of", "%", "at least %", "at most %"]);
            let numbers = [
                y.limit,
                y.passed as f64,
                made.samples.len() as f64,
                100.0 * y.share,
                100.0 * y.confidence[0],
                100.0 * y.confidence[1],
            ];
            table.row("95 % confidence", numbers.map(Some));
            chart.tables.push(table);
        }
        chart.plots.extend(histogram(made, tolerances, &what));
    }
    if let Some(each) = each {
        let mut table = Table::new("error", &["size", "at minus", "at plus", "loss"]);
        for s in each.list.iter().take(LISTED) {
            table.row(s.label.clone(), [Some(s.amount), s.values[0], s.values[1], Some(s.loss)]);
        }
        chart.tables.push(table);
        let mut table = Table::new("root sum square", &[&what]);
        table.row("nominal", [Some(each.nominal)]);
        table.row("predicted", [Some(each.predicted)]);
        chart.tables.push(table);
    }
    chart
}

/// How many samples lie where, and what share reaches a value.
fn histogram(made: &MonteCarlo, tolerances: &Tolerances, what: &str) -> Vec<Plot> {
    let mut values: Vec<f64> = made.samples.iter().filter_map(|s| s.value).collect();
    values.sort_by(f64::total_cmp);
    let (Some(lo), Some(hi)) = (values.first().copied(), values.last().copied()) else { return vec![] };
    let width = ((hi - lo) / BARS as f64).max(1e-12);
    let mut bars = [0usize; BARS];
    values.iter().for_each(|v| bars[(((v - lo) / width) as usize).min(BARS - 1)] += 1);
    let mut outline = vec![[lo, 0.0]];
    for (i, count) in bars.iter().enumerate() {
        let x = lo + width * i as f64;
        outline.push([x, *count as f64]);
        outline.push([x + width, *count as f64]);
    }
    outline.push([lo + width * BARS as f64, 0.0]);
    let tallest = bars.iter().copied().max().unwrap_or(0) as f64;
    let line = |label: &str, x: f64, color| Series {
        label: label.into(),
        points: vec![[x, 0.0], [x, tallest]],
        color,
        dashed: true,
        ..Series::default()
    };
    let mut series =
        vec![Series { label: "lenses".into(), points: outline, ..Series::default() }, line("nominal", made.nominal, 2)];
    series.extend(tolerances.limit.map(|l| line("limit", l, 1)));
    let count = made.samples.len() as f64;
    let contrast = tolerances.criterion.is_contrast();
    let share = |i: usize| if contrast { (values.len() - i) as f64 / count } else { (i + 1) as f64 / count };
    let curve = values.iter().enumerate().map(|(i, v)| [*v, share(i)]).collect();
    vec![
        Plot {
            title: format!("{} made lenses", made.samples.len()),
            x: what.into(),
            y: "lenses".into(),
            series,
            ..Plot::default()
        },
        Plot {
            title: "Yield against the limit".into(),
            x: what.into(),
            y: "share that passes".into(),
            unit: true,
            series: vec![Series { points: curve, ..Series::default() }],
            ..Plot::default()
        },
    ]
}

/// A self-contained HTML page of a chart.
pub fn page(chart: &Chart) -> String {
    chart_page(&format!("{}: tolerances", chart.lens), chart)
}
