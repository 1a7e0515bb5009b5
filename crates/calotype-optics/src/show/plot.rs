//! Plots as SVG.

use super::axis::Axis;
use super::chart::Plot;
use std::fmt::Write;

const SIZE: [f64; 2] = [560.0, 360.0];
const LEFT: f64 = 64.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 46.0;

/// Colours that can be told apart by most people (Okabe and Ito 2008).
pub(super) const PALETTE: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#333333"];

/// A plot as a self-contained SVG document.
pub fn svg(plot: &Plot) -> String {
    let values = |k: usize| plot.series.iter().flat_map(move |s| s.points.iter().map(move |p| p[k]));
    let (width, height) = (SIZE[0] - LEFT - RIGHT, SIZE[1] - TOP - BOTTOM);
    let bars = plot.series.iter().filter(|s| s.bars).count();
    // bars stand on 0 and have room beside the outer ones
    let [beside, under] = [[-0.5, 0.5], [0.0, 0.0]].map(|by| by.into_iter().filter(move |_| bars > 0));
    let around = values(0).flat_map(|v| beside.clone().map(move |by| v + by));
    let (mut x, mut y) = (Axis::new(values(0).chain(around)), Axis::new(values(1).chain(under)));
    if plot.unit {
        y = Axis::over(0.0, 1.0);
    }
    if plot.equal {
        let span = ((x.hi - x.lo) / width).max((y.hi - y.lo) / height);
        let around = |a: &Axis, size: f64| {
            let (middle, half) = (0.5 * (a.lo + a.hi), 0.5 * span * size);
            let ticks = Axis::over(middle - half, middle + half);
            Axis { lo: middle - half, hi: middle + half, ..ticks }
        };
        (x, y) = (around(&x, width), around(&y, height));
    }
    let px = |v: f64| LEFT + x.place(v) * width;
    let py = |v: f64| TOP + (1.0 - y.place(v)) * height;
    let bottom = SIZE[1] - BOTTOM;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" \
         font-size=\"11\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\
         <text x=\"{LEFT}\" y=\"19\" font-size=\"13\" font-weight=\"bold\">{}</text>",
        SIZE[0],
        SIZE[1],
        SIZE[0],
        SIZE[1],
        escape(&plot.title)
    );
    for v in x.ticks() {
        let at = px(v);
        write!(out, "<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"#e3e3e3\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>", bottom + 15.0, x.text(v)).ok();
    }
    for v in y.ticks() {
        let at = py(v);
        write!(out, "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"#e3e3e3\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", SIZE[0] - RIGHT, LEFT - 6.0, at + 4.0, y.text(v)).ok();
    }
    write!(
        out,
        "<clipPath id=\"c\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{width}\" height=\"{height}\"/></clipPath>\
         <rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{width}\" height=\"{height}\" fill=\"none\" stroke=\"#888\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
         <text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text><g clip-path=\"url(#c)\">",
        LEFT + 0.5 * width,
        SIZE[1] - 10.0,
        escape(&plot.x),
        TOP + 0.5 * height,
        escape(&plot.y)
    )
    .ok();
    for (i, s) in plot.series.iter().enumerate() {
        let color = PALETTE[s.color % PALETTE.len()];
        let points = s.points.iter().filter(|p| p[0].is_finite() && p[1].is_finite()).map(|p| (px(p[0]), py(p[1])));
        if s.bars {
            let before = plot.series[..i].iter().filter(|s| s.bars).count();
            let each = 0.8 / bars as f64 * (px(1.0) - px(0.0));
            for (x, y) in points {
                let left = x + each * (before as f64 - 0.5 * bars as f64);
                let (top, height) = (y.min(py(0.0)), (y - py(0.0)).abs());
                write!(
                    out,
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{each:.1}\" height=\"{height:.1}\" fill=\"{color}\"/>"
                )
                .ok();
            }
        } else if s.dots {
            for (x, y) in points {
                write!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.6\" fill=\"{color}\" fill-opacity=\"0.75\"/>")
                    .ok();
            }
        } else {
            let line: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let dash = if s.dashed { " stroke-dasharray=\"5 4\"" } else { "" };
            write!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.6\"{dash}/>",
                line.join(" ")
            )
            .ok();
        }
    }
    out += "</g>";
    let named: Vec<_> = plot.series.iter().filter(|s| !s.label.is_empty()).take(14).collect();
    let widest = named.iter().map(|s| s.label.chars().count()).max().unwrap_or(0) as f64;
    if !named.is_empty() {
        let (w, h) = (widest * 6.2 + 34.0, 15.0 * named.len() as f64 + 6.0);
        // in the corner with the fewest points
        let corner = |k: usize| {
            [
                if k.is_multiple_of(2) { SIZE[0] - RIGHT - w - 6.0 } else { LEFT + 6.0 },
                if k < 2 { TOP + 6.0 } else { bottom - h - 6.0 },
            ]
        };
        let crowd = |k: usize| {
            let [cx, cy] = corner(k);
            let inside = |p: &&[f64; 2]| {
                let (x, y) = (px(p[0]), py(p[1]));
                x > cx && x < cx + w && y > cy && y < cy + h
            };
            plot.series.iter().flat_map(|s| &s.points).filter(inside).count()
        };
        let [cx, cy] = corner((0..4).min_by_key(|k| crowd(*k)).unwrap_or(0));
        write!(out, "<rect x=\"{cx:.1}\" y=\"{cy:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" fill=\"#fff\" fill-opacity=\"0.85\" stroke=\"#ccc\"/>").ok();
        for (i, s) in named.iter().enumerate() {
            let y = cy + 14.0 + 15.0 * i as f64;
            let color = PALETTE[s.color % PALETTE.len()];
            let dash = if s.dashed { " stroke-dasharray=\"5 4\"" } else { "" };
            if s.dots || s.bars {
                write!(out, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{color}\"/>", cx + 14.0, y - 4.0).ok();
            } else {
                write!(
                    out,
                    "<path d=\"M{:.1} {:.1}h20\" stroke=\"{color}\" stroke-width=\"2\"{dash}/>",
                    cx + 5.0,
                    y - 4.0
                )
                .ok();
            }
            write!(out, "<text x=\"{:.1}\" y=\"{y:.1}\">{}</text>", cx + 29.0, escape(&s.label)).ok();
        }
    }
    out += "</svg>\n";
    out
}

/// Text inside XML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::chart::Series;
    use super::*;

    #[test]
    fn a_plot_holds_its_curves_and_names() {
        let curve = |label: &str, dots| Series {
            label: label.into(),
            points: vec![[0.0, 0.0], [1.0, 2.0], [2.0, f64::NAN]],
            dots,
            ..Series::default()
        };
        let plot =
            Plot { title: "a < b".into(), series: vec![curve("one", false), curve("two", true)], ..Plot::default() };
        let text = svg(&plot);
        assert!(text.contains("a &lt; b") && text.contains("<polyline") && !text.contains("NaN"));
        assert_eq!(text.matches("r=\"1.6\"").count(), 2);
        assert!(svg(&Plot::default()).ends_with("</svg>\n"));
    }
}
