//! Tables and curves.

use super::map::map_svg;
use super::plot::svg;
use serde::Serialize;
use std::fmt::Write;

/// What an analysis shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Chart {
    /// The analysis, by the word of its command: `mtf`.
    pub analysis: String,
    /// The lens.
    pub lens: String,
    /// How the figures are meant: definitions and units.
    pub note: String,
    /// Figures.
    pub tables: Vec<Table>,
    /// Curves.
    pub plots: Vec<Plot>,
    /// Values over a square.
    pub maps: Vec<Map>,
}

/// Rows of numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    /// What the rows are.
    pub title: String,
    /// Names and units of the columns after the first, which names the row.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// One row of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub label: String,
    /// One value for each column; nothing where there is none.
    pub values: Vec<Option<f64>>,
}

/// Curves over one pair of axes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// Name and unit of x.
    pub x: String,
    /// Name and unit of y.
    pub y: String,
    /// True for one scale on both axes.
    pub equal: bool,
    /// True for an axis of y that starts at 0 and ends at 1.
    pub unit: bool,
    /// The curves.
    pub series: Vec<Series>,
}

/// Values over a square, whose middle is 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Map {
    /// What it shows.
    pub title: String,
    /// Name and unit of x.
    pub x: String,
    /// Name and unit of y.
    pub y: String,
    /// Name and unit of the values.
    pub value: String,
    /// Cells along a side.
    pub size: usize,
    /// Half the side, in the unit of x and y.
    pub half: f64,
    /// One value a cell, row by row with y rising, x rising in a row; nothing where there is none.
    pub values: Vec<Option<f64>>,
}

/// One curve.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Series {
    /// Its name in the legend.
    pub label: String,
    /// Its points, joined in order.
    pub points: Vec<[f64; 2]>,
    /// True for dots that are not joined.
    pub dots: bool,
    /// True for bars from 0 to the points, beside those of the plot's other bars.
    pub bars: bool,
    /// True for a broken line.
    pub dashed: bool,
    /// Which colour of the palette.
    pub color: usize,
}

impl Chart {
    /// Every plot and map as a self-contained SVG document.
    pub fn pictures(&self) -> Vec<String> {
        self.plots.iter().map(svg).chain(self.maps.iter().map(map_svg)).collect()
    }

    /// The tables as comma-separated values with a heading line each; values that do not exist are empty.
    pub fn csv(&self) -> String {
        let mut out = String::new();
        let quoted = |text: &str| {
            if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
        };
        for table in &self.tables {
            if !out.is_empty() {
                out.push('\n');
            }
            write!(out, "{}", quoted(&table.title)).ok();
            table.columns.iter().for_each(|c| write!(out, ",{}", quoted(c)).unwrap_or(()));
            out.push('\n');
            for row in &table.rows {
                out += &quoted(&row.label);
                for v in &row.values {
                    match v {
                        Some(v) => write!(out, ",{v}").unwrap_or(()),
                        None => out.push(','),
                    }
                }
                out.push('\n');
            }
        }
        out
    }
}

impl Table {
    /// A table of these columns.
    pub fn new(title: &str, columns: &[&str]) -> Self {
        Self { title: title.into(), columns: columns.iter().map(|c| (*c).to_owned()).collect(), rows: vec![] }
    }

    /// With one more row; values that are not finite are left open.
    pub fn row(&mut self, label: impl Into<String>, values: impl IntoIterator<Item = Option<f64>>) {
        let values = values.into_iter().map(|v| v.filter(|v| v.is_finite())).collect();
        self.rows.push(Row { label: label.into(), values });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_become_comma_separated_values() {
        let mut table = Table::new("fields, all", &["a", "b \"c\""]);
        table.row("0", [Some(1.5), None]);
        table.row("1", [Some(f64::NAN), Some(-2e-9)]);
        let chart = Chart { tables: vec![table], ..Chart::default() };
        assert_eq!(chart.csv(), "\"fields, all\",a,\"b \"\"c\"\"\"\n0,1.5,\n1,,-0.000000002\n");
    }
}
