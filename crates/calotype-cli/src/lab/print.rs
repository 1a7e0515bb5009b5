//! Cards on a terminal.

use calotype_lab::{Card, Table};
use std::fmt::Write;

/// A card: figures, then tables, then notes.
pub fn card(card: &Card) -> String {
    let mut out = format!("{}: {}\n{}\n\n", card.measure, card.subject, card.standard);
    let width = card.figures.iter().map(|f| f.label.chars().count()).max().unwrap_or(0);
    for f in &card.figures {
        let value = f.value.map_or_else(|| "-".into(), number);
        writeln!(out, "  {:<width$}  {value:>9}  {}", f.label, f.unit).ok();
    }
    for t in &card.tables {
        out += "\n";
        out += &table(t);
    }
    if !card.notes.is_empty() {
        out += "\n";
    }
    for note in &card.notes {
        writeln!(out, "{note}").ok();
    }
    out
}

fn table(table: &Table) -> String {
    let cells: Vec<Vec<String>> =
        table.rows.iter().map(|r| r.values.iter().map(|v| v.map_or_else(|| "-".into(), number)).collect()).collect();
    let label = table.rows.iter().map(|r| r.label.chars().count()).max().unwrap_or(0).max(4);
    let widths: Vec<usize> = (0..table.columns.len())
        .map(|c| cells.iter().filter_map(|r| r.get(c)).map(String::len).max().unwrap_or(0).max(table.columns[c].len()))
        .collect();
    let mut out = format!("{}\n  {:label$}", table.title, "");
    for (name, width) in table.columns.iter().zip(&widths) {
        write!(out, "  {name:>width$}").ok();
    }
    out += "\n";
    for (row, cells) in table.rows.iter().zip(&cells) {
        write!(out, "  {:label$}", row.label).ok();
        for (cell, width) in cells.iter().zip(&widths) {
            write!(out, "  {cell:>width$}").ok();
        }
        out += "\n";
    }
    out
}

/// Four digits that tell something.
fn number(v: f64) -> String {
    let size = if v == 0.0 { 0 } else { v.abs().log10().floor() as i32 };
    match size {
        _ if v == 0.0 => "0".into(),
        5.. => format!("{v:.0}"),
        -4.. => format!("{v:.*}", (3 - size).clamp(0, 5) as usize),
        _ => format!("{v:.2e}"),
    }
}
