//! Charts, verifications and designs on a terminal.

use calotype_optics::design::{Density, Exchange, Figure, SpotProof};
use calotype_optics::show::{Chart, Table};
use calotype_optics::verify::Verification;
use std::fmt::Write;

/// The tables of a chart, and what they mean.
pub fn chart(chart: &Chart) -> String {
    let mut out = String::new();
    for t in &chart.tables {
        out += &table(t);
        out += "\n";
    }
    out += &chart.note;
    out
}

fn table(table: &Table) -> String {
    let cells: Vec<Vec<String>> =
        table.rows.iter().map(|r| r.values.iter().map(|v| v.map_or_else(|| "-".into(), number)).collect()).collect();
    let width = |text: &str| text.chars().count();
    let label = table.rows.iter().map(|r| width(&r.label)).chain([width(&table.title)]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.columns.len())
        .map(|c| {
            cells.iter().filter_map(|r| r.get(c)).map(|v| width(v)).max().unwrap_or(0).max(width(&table.columns[c]))
        })
        .collect();
    let mut out = format!("{:label$}", table.title);
    for (name, width) in table.columns.iter().zip(&widths) {
        write!(out, "  {name:>width$}").ok();
    }
    out += "\n";
    for (row, cells) in table.rows.iter().zip(&cells) {
        write!(out, "{:label$}", row.label).ok();
        for (cell, width) in cells.iter().zip(&widths) {
            write!(out, "  {cell:>width$}").ok();
        }
        out += "\n";
    }
    out
}

/// Six digits that tell something.
pub fn number(v: f64) -> String {
    let size = if v == 0.0 { 0 } else { v.abs().log10().floor() as i32 };
    match size {
        _ if v == 0.0 => "0".into(),
        7.. => format!("{v:.3e}"),
        -4.. => format!("{v:.*}", (5 - size).clamp(0, 6) as usize),
        _ => format!("{v:.2e}"),
    }
}

/// The worst deviation of every quantity over all lenses, then by lens, then each lost ray.
pub fn verifications(all: &[Verification]) -> String {
    let mut out = String::new();
    let mut names: Vec<&str> = Vec::new();
    for q in all.iter().flat_map(|v| &v.quantities) {
        if !names.contains(&q.name) {
            names.push(q.name);
        }
    }
    writeln!(out, "{:22}  {:>8}  {:>8}  {:>9}  worst at", "quantity", "values", "worst", "allowed").ok();
    for name in names {
        let found = all.iter().flat_map(|v| v.quantities.iter().map(move |q| (v, q))).filter(|(_, q)| q.name == name);
        let count: usize = found.clone().map(|(_, q)| q.count).sum();
        if let Some((lens, q)) = found.max_by(|a, b| a.1.worst.total_cmp(&b.1.worst)) {
            let mark = if q.passes() { "" } else { "  FAILS" };
            let place = format!("{}: {}", lens.lens, q.place);
            writeln!(out, "{name:22}  {count:8}  {:8.1e}  {:9.0e}  {place} ({}){mark}", q.worst, q.tolerance, q.unit)
                .ok();
        }
    }
    let rays: usize = all.iter().map(|v| v.rays).sum();
    let lost: usize = all.iter().map(|v| v.lost.len()).sum();
    writeln!(out, "\n{} lenses, {rays} reference rays, {lost} lost", all.len()).ok();
    for v in all.iter().filter(|v| !v.passes()) {
        for q in v.quantities.iter().filter(|q| !q.passes()) {
            writeln!(out, "{}: {} {:.2e} {} at {}", v.lens, q.name, q.worst, q.unit, q.place).ok();
        }
        for l in &v.lost {
            let peers = if l.peers_that_miss.is_empty() {
                String::new()
            } else {
                format!("; lost by {} too", l.peers_that_miss.join(", "))
            };
            writeln!(
                out,
                "{}: field {} deg, wavelength {}, pupil {:?}: {}{peers}",
                v.lens, l.field_deg, l.wavelength, l.pupil, l.fate
            )
            .ok();
        }
    }
    out
}

/// What every operand comes to; of bundles and limits that are met far off only those that matter.
pub fn figures(list: &[Figure]) -> String {
    let label = list.iter().map(|f| f.operand.chars().count()).max().unwrap_or(0);
    let mut out = format!("{:label$}  {:>12}  {:6}  {:>7}  asked\n", "operand", "value", "", "share");
    for f in list {
        let mark = if f.met { "" } else { "  NOT MET" };
        let share = if f.share > 0.0 { format!("{:.1} %", 100.0 * f.share) } else { String::new() };
        writeln!(out, "{:label$}  {:>12}  {:6}  {share:>7}  {}{mark}", f.operand, number(f.value), f.unit, f.asked)
            .ok();
    }
    out + "\n"
}

/// What denser rays say of the merit.
pub fn densities(list: &[Density]) -> String {
    let mut out = String::new();
    for (i, d) in list.iter().enumerate() {
        let more = d.denser_merit.map_or_else(|| "some are lost".into(), |m| format!("merit {}", number(m)));
        let end = match (d.agree, i + 1 < list.len()) {
            (true, _) => "",
            (false, true) => ": too few, on with those",
            (false, false) => ": too few",
        };
        let ([a, b], [c, e]) = (d.rays, d.denser);
        writeln!(out, "rays {a} x {b}: merit {}; {c} x {e}: {more}{end}", number(d.merit)).ok();
    }
    out
}

/// Glasses that were exchanged.
pub fn exchanges(list: &[Exchange]) -> String {
    let mut out = String::new();
    for e in list {
        let ([n, v], [m, w]) = (e.model, e.real);
        writeln!(out, "surface {}: {n:.4}/{v:.2} -> {} {m:.4}/{w:.2}, merit {}", e.surface, e.glass, number(e.merit))
            .ok();
    }
    if out.is_empty() { out } else { out + "\n" }
}

/// RMS spots before and after, by the certified trace.
pub fn proofs(before: &[SpotProof], after: &[SpotProof]) -> String {
    let mut out = format!("{:>10}  {:>12}  {:>12}  arrive\n", "field", "RMS before", "RMS after, um");
    for (i, a) in after.iter().enumerate() {
        let text = |v: Option<f64>| v.map_or_else(|| "-".into(), number);
        let b = before.get(i).and_then(|b| b.rms_um);
        writeln!(out, "{:>10}  {:>12}  {:>12}  {:.1} %", number(a.field), text(b), text(a.rms_um), 100.0 * a.arrived)
            .ok();
    }
    out + "\n"
}
