//! Plots as SVG: axes with round ticks, curves, dots and a legend.

use crate::card::Plot;
use std::fmt::Write;

/// Size of a drawing, and the room for its axes.
const SIZE: [f64; 2] = [640.0, 400.0];
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 32.0;
const BOTTOM: f64 = 48.0;

/// Colours that can be told apart by most people (Okabe and Ito 2008, black last).
const PALETTE: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a7a00", "#000000"];

/// A plot as a self-contained SVG document.
pub fn svg(plot: &Plot) -> String {
    // dots on the border would be cut in half
    let dotted = plot.series.iter().any(|s| s.dots);
    let x = Axis::new(plot.log_x, plot.series.iter().flat_map(|s| s.points.iter().map(|p| p[0])), dotted);
    let y = Axis::new(plot.log_y, plot.series.iter().flat_map(|s| s.points.iter().map(|p| p[1])), true);
    let (width, height) = (SIZE[0] - LEFT - RIGHT, SIZE[1] - TOP - BOTTOM);
    let px = |v: f64| LEFT + x.place(v) * width;
    let py = |v: f64| TOP + (1.0 - y.place(v)) * height;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\">\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"14\" font-weight=\"bold\">{}</text>",
        SIZE[0],
        SIZE[1],
        escape(&plot.title)
    );
    let bottom = SIZE[1] - BOTTOM;
    for v in x.ticks() {
        let at = px(v);
        write!(out, "<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>", bottom + 16.0, number(v)).ok();
    }
    for v in y.ticks() {
        let at = py(v);
        write!(out, "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", SIZE[0] - RIGHT, LEFT - 6.0, at + 4.0, number(v)).ok();
    }
    write!(
        out,
        "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{width}\" height=\"{height}\" fill=\"none\" stroke=\"#888\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
         <text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        LEFT + 0.5 * width,
        SIZE[1] - 10.0,
        escape(&plot.x),
        TOP + 0.5 * height,
        escape(&plot.y)
    )
    .ok();
    let color = |i: usize| match plot.series[i].color.as_str() {
        "" => PALETTE[i % PALETTE.len()],
        own => own,
    };
    for (i, series) in plot.series.iter().enumerate() {
        let points = series.points.iter().filter(|p| x.holds(p[0]) && y.holds(p[1])).map(|p| (px(p[0]), py(p[1])));
        if series.dots {
            points.for_each(|(x, y)| {
                write!(
                    out,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{}\" fill-opacity=\"0.7\"/>",
                    color(i)
                )
                .ok();
            });
        } else {
            let line: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            write!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\"/>",
                line.join(" "),
                color(i)
            )
            .ok();
        }
    }
    let named: Vec<_> = plot.series.iter().enumerate().filter(|(_, s)| !s.label.is_empty()).take(14).collect();
    if let Some(longest) = named.iter().map(|(_, s)| s.label.chars().count()).max() {
        // curves shine through a little
        let (w, h) = (7.0 * longest as f64 + 40.0, 16.0 * named.len() as f64 + 6.0);
        write!(
            out,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" fill=\"#fff\" fill-opacity=\"0.75\"/>",
            SIZE[0] - RIGHT - 4.0 - w,
            TOP + 4.0
        )
        .ok();
    }
    for (row, (i, series)) in named.into_iter().enumerate() {
        let at = TOP + 16.0 + 16.0 * row as f64;
        let right = SIZE[0] - RIGHT - 8.0;
        write!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text><path d=\"M{:.1} {at:.1}H{right:.1}\" stroke=\"{}\" stroke-width=\"3\"/>",
            right - 24.0, at + 4.0, escape(&series.label), right - 18.0, color(i)
        )
        .ok();
    }
    out + "</svg>"
}

/// One axis: its range and whether it is logarithmic.
struct Axis {
    log: bool,
    from: f64,
    to: f64,
}

impl Axis {
    fn new(log: bool, values: impl Iterator<Item = f64>, padded: bool) -> Self {
        let seen = values.filter(|v| v.is_finite() && (!log || *v > 0.0));
        let (mut from, mut to) = seen.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
        if from > to {
            (from, to) = (if log { 0.1 } else { 0.0 }, 1.0);
        }
        if log {
            (from, to) = (from.log10(), to.log10());
        }
        if to - from < 1e-12 * to.abs().max(1e-12) {
            (from, to) = (from - 0.5, to + 0.5);
        }
        if padded {
            let room = 0.04 * (to - from);
            // a curve that begins at 0 stands on the axis
            from = if !log && from >= 0.0 && from < 0.3 * to { 0.0 } else { from - room };
            to += room;
        }
        Self { log, from, to }
    }

    fn scaled(&self, v: f64) -> f64 {
        if self.log { v.log10() } else { v }
    }

    fn holds(&self, v: f64) -> bool {
        v.is_finite() && (!self.log || v > 0.0)
    }

    fn place(&self, v: f64) -> f64 {
        (self.scaled(v) - self.from) / (self.to - self.from)
    }

    /// Round numbers within the range: steps of 1, 2 or 5 times a power of ten; powers of ten on a logarithmic axis.
    fn ticks(&self) -> Vec<f64> {
        if self.log {
            let decades: Vec<i32> = (self.from.floor() as i32..=self.to.ceil() as i32).collect();
            let steps: &[f64] = if decades.len() > 3 { &[1.0] } else { &[1.0, 2.0, 5.0] };
            let all = decades.iter().flat_map(|d| steps.iter().map(move |s| s * 10f64.powi(*d)));
            return all.filter(|v| (self.from - 1e-9..=self.to + 1e-9).contains(&v.log10())).collect();
        }
        let rough = (self.to - self.from) / 7.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = power * [1.0, 2.0, 5.0, 10.0].into_iter().find(|s| s * power >= rough).unwrap_or(10.0);
        let first = (self.from / step).ceil() as i64;
        (first..first + 20).map(|i| i as f64 * step).take_while(|v| *v <= self.to + 1e-9 * step).collect()
    }
}

/// A short number: as few digits as tell it.
pub(crate) fn number(v: f64) -> String {
    if v == 0.0 {
        return "0".into();
    }
    let size = v.abs().log10().floor() as i32;
    if !(-4..6).contains(&size) {
        return format!("{v:.0e}");
    }
    let text = format!("{v:.*}", (3 - size).clamp(0, 6) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// Text for XML and HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::new(false, [0.0, 0.53].into_iter(), false);
        assert_eq!(
            axis.ticks().iter().map(|v| number(*v)).collect::<Vec<_>>(),
            ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]
        );
        let log = Axis::new(true, [0.001, 1.0, -3.0, f64::NAN].into_iter(), false);
        assert_eq!(log.ticks().len(), 4);
        assert_eq!(Axis::new(false, std::iter::empty(), false).ticks().len(), 6);
        assert_eq!((number(1234.0), number(1e-7), number(-2.50)), ("1234".into(), "1e-7".into(), "-2.5".into()));
    }

    #[test]
    fn a_plot_is_well_formed_and_keeps_odd_numbers_out() {
        let plot = Plot::new("a < b & c", "x", "y").curve("one", vec![[0.0, 1.0], [1.0, f64::NAN], [2.0, 3.0]]).dots(
            "",
            vec![[1.0, 2.0]],
            "",
        );
        let text = svg(&plot);
        assert!(text.contains("a &lt; b &amp; c") && !text.contains("NaN") && text.ends_with("</svg>"));
        assert_eq!(text.matches("<circle").count(), 1);
        assert_eq!(text, svg(&plot));
    }
}
