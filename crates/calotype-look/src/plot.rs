//! A look drawn: its tone curve, and what becomes of hues.

use crate::{Look, Measured, SECTORS, measure};
use std::fmt::Write;

/// Stops about grey that the tone curve is drawn over.
const EV: (f64, f64) = (-8.0, 6.0);

/// The tone curve as lines of text, `columns` by `lines` characters with two dots up in each: L* from 0 to 100 over 8 stops
/// below grey to 6 above. Grey stands where the two axes cross.
pub fn terminal_plot(look: &Look, columns: usize, lines: usize) -> String {
    let (columns, lines, m) = (columns.clamp(16, 400), lines.clamp(4, 200), measure(look));
    let mut cells = vec![vec![0u8; columns]; lines];
    let grey = ((0.0 - EV.0) / (EV.1 - EV.0) * columns as f64) as usize;
    for x in 0..columns {
        // a column covers a run of lightness where the curve is steep
        let at = |x: f64| m.lstar(EV.0 + (EV.1 - EV.0) * x / columns as f64).clamp(0.0, 100.0);
        let dot = |l: f64| ((1.0 - l / 100.0) * (2 * lines - 1) as f64).round() as usize;
        for d in dot(at(x as f64 + 1.0))..=dot(at(x as f64)) {
            cells[d / 2][x] |= 1 << (d % 2);
        }
    }
    let mut out = String::new();
    for (i, row) in cells.iter().enumerate() {
        let l = 100.0 * (1.0 - (i as f64 + 0.5) / lines as f64);
        let label = if i % 3 == 0 { format!("{l:>3.0} ") } else { "    ".into() };
        let line: String = row
            .iter()
            .enumerate()
            .map(|(x, c)| match c {
                0 if x == grey => '│',
                0 => ' ',
                1 => '▀',
                2 => '▄',
                _ => '█',
            })
            .collect();
        let _ = writeln!(out, "{label}{}", line.trim_end());
    }
    let mut axis = vec![' '; columns + 8];
    let mut ev = EV.0;
    while ev <= EV.1 {
        let at = ((ev - EV.0) / (EV.1 - EV.0) * columns as f64) as usize;
        for (i, c) in format!("{ev:+}").chars().enumerate() {
            axis[at + i] = c;
        }
        ev += 2.0;
    }
    let axis: String = axis.into_iter().collect();
    let _ = writeln!(out, "    {} EV", axis.trim_end());
    out
}

/// The look as a picture in SVG, 720 by 400: its tone curve with the contract's points, and the eight hues before (rings) and
/// after (dots) at middle grey.
pub fn svg(look: &Look) -> String {
    let m = measure(look);
    let name: String = look.meta.name.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"400\" viewBox=\"0 0 720 400\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"720\" height=\"400\" fill=\"#fff\"/>\n\
         <text x=\"20\" y=\"24\" font-size=\"15\">{name}</text>\n"
    );
    let place = |ev: f64, l: f64| (50.0 + 330.0 * (ev - EV.0) / (EV.1 - EV.0), 350.0 - 3.0 * l.clamp(0.0, 100.0));
    let line = |out: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64), color: &str| {
        let _ = writeln!(out, "<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"{color}\"/>");
    };
    for i in 0..=7 {
        let ev = EV.0 + 2.0 * f64::from(i);
        line(&mut out, place(ev, 0.0), place(ev, 100.0), if ev == 0.0 { "#999" } else { "#e5e5e5" });
        let (x, y) = place(ev, 0.0);
        let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{ev:+}</text>", y + 16.0);
    }
    for i in 0..=5 {
        let l = 20.0 * f64::from(i);
        line(&mut out, place(EV.0, l), place(EV.1, l), "#e5e5e5");
        let (x, y) = place(EV.0, l);
        let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{l}</text>", x - 6.0, y + 4.0);
    }
    let _ = writeln!(out, "<text x=\"215\" y=\"388\" text-anchor=\"middle\">stops from middle grey; L*</text>");
    let mut path = String::new();
    for i in 0..=280 {
        let ev = EV.0 + (EV.1 - EV.0) * f64::from(i) / 280.0;
        let (x, y) = place(ev, m.lstar(ev));
        let _ = write!(path, "{}{x:.2} {y:.2}", if i == 0 { 'M' } else { 'L' });
    }
    let _ = writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"#000\" stroke-width=\"1.6\"/>");
    for (ev, l) in &look.contract.lstar {
        let (x, y) = place(*ev, *l);
        let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"none\" stroke=\"#c33\"/>");
    }
    hue_ring(&mut out, look, &m);
    out.push_str("</svg>\n");
    out
}

fn hue_ring(out: &mut String, look: &Look, m: &Measured) {
    let (cx, cy, r) = (560.0, 200.0, 105.0);
    let at = |deg: f64, r: f64| (cx + r * deg.to_radians().cos(), cy - r * deg.to_radians().sin());
    let _ = writeln!(out, "<circle cx=\"{cx}\" cy=\"{cy}\" r=\"{r}\" fill=\"none\" stroke=\"#e5e5e5\"/>");
    if look.mono.amount >= 1.0 {
        let _ = writeln!(out, "<text x=\"{cx}\" y=\"{cy}\" text-anchor=\"middle\">black and white</text>");
        return;
    }
    for (i, (hue, name)) in SECTORS.into_iter().enumerate() {
        let ((x, y), gain) = (at(hue, r), m.hue_gain[i]);
        let (x2, y2) = at(hue + m.hue[i], r * gain);
        let (tx, ty) = at(hue, r + 40.0);
        let _ = write!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"none\" stroke=\"#888\"/>\n\
             <path d=\"M{x:.1} {y:.1}L{x2:.1} {y2:.1}\" stroke=\"#000\"/>\n\
             <circle cx=\"{x2:.1}\" cy=\"{y2:.1}\" r=\"4\"/>\n\
             <text x=\"{tx:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{name} {:+.1}°</text>\n",
            ty + 4.0,
            m.hue[i],
        );
    }
    let _ = writeln!(out, "<text x=\"{cx}\" y=\"388\" text-anchor=\"middle\">hue and chroma at middle grey</text>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_show_the_curve() {
        for name in Look::builtin_names() {
            let look = Look::builtin(name).unwrap();
            let text = terminal_plot(&look, 70, 16);
            assert_eq!(text.lines().count(), 17);
            // black at the lower left, white at the upper right
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines[15].chars().nth(4).is_some_and(|c| c != ' ') && lines[0].chars().count() > 60, "{text}");
            let svg = svg(&look);
            assert!(svg.matches("<circle").count() > look.contract.lstar.len() && svg.ends_with("</svg>\n"));
            assert!(!svg.contains("NaN"), "{name}");
        }
        terminal_plot(&Look::default(), 0, 0);
    }
}
