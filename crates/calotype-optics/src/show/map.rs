//! Maps as SVG: one colour for each cell of a square, with a bar that tells the values.

use super::axis::Axis;
use super::chart::Map;
use super::plot::escape;
use std::fmt::Write;

const SIZE: [f64; 2] = [450.0, 412.0];
const LEFT: f64 = 58.0;
const TOP: f64 = 32.0;
const SIDE: f64 = 320.0;
const BAR: [f64; 2] = [LEFT + SIDE + 14.0, 14.0];
/// Colours that are told apart.
const LEVELS: usize = 48;
/// Nine places of the scale viridis (S. van der Walt, N. Smith; CC0), which rises evenly in lightness.
const SCALE: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

/// A map as a self-contained SVG document; cells without a value stay white.
pub fn map_svg(map: &Map) -> String {
    let values = map.values.iter().flatten().copied();
    let (lo, hi) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let (lo, hi) = if lo < hi { (lo, hi) } else { (lo.min(0.0), lo.max(0.0) + 1e-9) };
    let level = |v: f64| (((v - lo) / (hi - lo) * LEVELS as f64) as usize).min(LEVELS - 1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" font-family=\"sans-serif\" \
         font-size=\"11\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\
         <text x=\"{LEFT}\" y=\"19\" font-size=\"13\" font-weight=\"bold\">{2}</text>",
        SIZE[0],
        SIZE[1],
        escape(&map.title)
    );
    let n = map.size;
    let mut paths = vec![String::new(); LEVELS];
    for (row, cells) in map.values.chunks(n.max(1)).enumerate() {
        let mut x = 0;
        while x < n {
            let here = cells[x].map(level);
            let run = cells[x..].iter().take_while(|v| v.map(level) == here).count();
            if let Some(level) = here {
                write!(paths[level], "M{x} {}h{run}v1h-{run}z", n - 1 - row).ok();
            }
            x += run;
        }
    }
    let cell = SIDE / n.max(1) as f64;
    write!(out, "<g transform=\"translate({LEFT} {TOP}) scale({cell:.4})\" shape-rendering=\"crispEdges\">").ok();
    for (level, path) in paths.iter().enumerate().filter(|(_, p)| !p.is_empty()) {
        write!(out, "<path fill=\"{}\" d=\"{path}\"/>", colour(level)).ok();
    }
    out += "</g>";
    for level in 0..LEVELS {
        let height = SIDE / LEVELS as f64;
        let y = TOP + SIDE - height * (level + 1) as f64;
        write!(
            out,
            "<rect x=\"{}\" y=\"{y:.2}\" width=\"{}\" height=\"{:.2}\" fill=\"{}\"/>",
            BAR[0],
            BAR[1],
            height + 0.3,
            colour(level)
        )
        .ok();
    }
    write!(out, "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"#888\"/>")
        .ok();
    let bottom = TOP + SIDE;
    let axis = Axis::over(-map.half, map.half);
    for v in axis.ticks().filter(|v| v.abs() <= map.half * 1.0001) {
        let off = 0.5 * SIDE * v / map.half;
        let (x, y, text) = (LEFT + 0.5 * SIDE + off, TOP + 0.5 * SIDE - off, axis.text(v));
        write!(
            out,
            "<path d=\"M{x:.1} {bottom}v4M{LEFT} {y:.1}h-4\" stroke=\"#888\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            bottom + 16.0,
            LEFT - 7.0,
            y + 4.0
        )
        .ok();
    }
    let bar = Axis::over(lo, hi);
    for v in bar.ticks().filter(|v| (lo..=hi).contains(v)) {
        let y = bottom - SIDE * (v - lo) / (hi - lo);
        write!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", BAR[0] + BAR[1] + 5.0, y + 4.0, bar.text(v)).ok();
    }
    writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
         <text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text></svg>",
        LEFT + 0.5 * SIDE,
        bottom + 34.0,
        escape(&map.x),
        TOP + 0.5 * SIDE,
        escape(&map.y),
        SIZE[0] - 8.0,
        bottom + 34.0,
        escape(&map.value)
    )
    .ok();
    out
}

/// The colour of a level.
fn colour(level: usize) -> String {
    let at = (level as f64 + 0.5) / LEVELS as f64 * (SCALE.len() - 1) as f64;
    let i = (at as usize).min(SCALE.len() - 2);
    let mix = |k: usize| {
        let (a, b) = (f64::from(SCALE[i][k]), f64::from(SCALE[i + 1][k]));
        (a + (at - i as f64) * (b - a)).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_has_its_cells_the_lowest_row_at_the_bottom() {
        let values = vec![Some(0.0), Some(0.0), None, Some(2.0)];
        let map = Map { title: "<map>".into(), size: 2, half: 1.0, values, ..Map::default() };
        let text = map_svg(&map);
        assert!(text.contains("&lt;map&gt;") && text.contains("M0 1h2v1h-2z") && text.contains("M1 0h1v1h-1z"));
        assert!(!text.contains("NaN") && !text.contains("inf"));
        // flat and empty ones are drawn too
        for values in [vec![Some(1.5)], vec![None], vec![]] {
            let text = map_svg(&Map { size: values.len(), half: 1.0, values, ..Map::default() });
            assert!(text.ends_with("</svg>\n") && !text.contains("NaN") && !text.contains("inf"), "{text}");
        }
    }
}
