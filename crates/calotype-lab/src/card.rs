//! What every measure gives beside its own numbers: a card of figures, tables and plots that can be printed, drawn and
//! compared without knowing the measure.

use serde::{Deserialize, Serialize};

/// A measure that can show itself.
pub trait Measured: Serialize {
    /// Its card.
    fn card(&self) -> Card;
}

/// The figures, tables and plots of one measure on one subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The measure, by the word of its command: `edge`, `noise`.
    pub measure: String,
    /// What was measured, usually a file.
    pub subject: String,
    /// The standard or paper it follows.
    pub standard: String,
    /// The figures, most telling first.
    pub figures: Vec<Figure>,
    /// Figures by region, patch or step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
    /// Curves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plots: Vec<Plot>,
    /// Parts of pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crops: Vec<Crop>,
    /// What a reader must know to judge the figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Its name for programs, the same in every version: `mtf50`.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// Its value; nothing where it could not be told, such as an MTF that never falls to a half.
    pub value: Option<f64>,
    /// Its unit; empty for a plain number.
    pub unit: String,
    /// Which way is better.
    pub goal: Goal,
}

/// Which way a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// The nearer to this the better.
    Near(f64),
    /// It describes, and is neither good nor bad.
    Neither,
}

/// Rows of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What the rows are.
    pub title: String,
    /// Names of the columns after the first, which names the row.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// One row of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub label: String,
    /// One value for each column.
    pub values: Vec<Option<f64>>,
    /// Colours to show before it, sRGB: what was measured, and what it should be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub swatches: Vec<[u8; 3]>,
}

/// Curves over one pair of axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// Name and unit of x.
    pub x: String,
    /// Name and unit of y.
    pub y: String,
    /// True for a logarithmic x.
    pub log_x: bool,
    /// True for a logarithmic y.
    pub log_y: bool,
    /// The curves.
    pub series: Vec<Series>,
}

/// One curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name in the legend.
    pub label: String,
    /// Its points, in the order in which they are joined.
    pub points: Vec<[f64; 2]>,
    /// Its colour, `#rrggbb`; empty to take the next of the palette.
    pub color: String,
    /// True for dots that are not joined.
    pub dots: bool,
}

/// A part of a picture, 8-bit sRGB, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crop {
    /// What it shows.
    pub label: String,
    /// A PNG file, base64.
    pub png: String,
}

impl Card {
    /// A card without figures.
    pub fn new(measure: &str, subject: &str, standard: &str) -> Self {
        Self { measure: measure.into(), subject: subject.into(), standard: standard.into(), ..Self::default() }
    }

    /// With one more figure; a value that is not finite is left open.
    pub fn figure(mut self, key: &str, label: &str, value: impl Into<Option<f64>>, unit: &str, goal: Goal) -> Self {
        let value = value.into().filter(|v| v.is_finite());
        self.figures.push(Figure { key: key.into(), label: label.into(), value, unit: unit.into(), goal });
        self
    }

    /// With one more table.
    pub fn table(mut self, title: &str, columns: &[&str], rows: Vec<Row>) -> Self {
        let columns = columns.iter().map(|c| c.to_string()).collect();
        self.tables.push(Table { title: title.into(), columns, rows });
        self
    }

    /// With one more plot.
    pub fn plot(mut self, plot: Plot) -> Self {
        self.plots.push(plot);
        self
    }

    /// With one more note.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// The value of the figure with this key.
    pub fn value(&self, key: &str) -> Option<f64> {
        self.figures.iter().find(|f| f.key == key)?.value
    }
}

impl Row {
    /// A row of numbers; those that are not finite are left open.
    pub fn new(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let values = values.into_iter().map(|v| Some(v).filter(|v| v.is_finite())).collect();
        Self { label: label.into(), values, swatches: Vec::new() }
    }

    /// With colours before it, linear Rec.709.
    pub fn with_swatches(mut self, colors: impl IntoIterator<Item = [f64; 3]>) -> Self {
        let code = |v: f64| (calotype_color::transfer::srgb_encode(v.clamp(0.0, 1.0) as f32) * 255.0).round() as u8;
        self.swatches = colors.into_iter().map(|c| c.map(code)).collect();
        self
    }
}

impl Plot {
    /// Axes without curves.
    pub fn new(title: &str, x: &str, y: &str) -> Self {
        Self { title: title.into(), x: x.into(), y: y.into(), log_x: false, log_y: false, series: Vec::new() }
    }

    /// With logarithmic axes.
    pub fn logarithmic(mut self, x: bool, y: bool) -> Self {
        (self.log_x, self.log_y) = (x, y);
        self
    }

    /// With one more curve, in the palette's next colour.
    pub fn curve(self, label: &str, points: Vec<[f64; 2]>) -> Self {
        self.colored(label, points, "")
    }

    /// With one more curve in a colour of its own.
    pub fn colored(mut self, label: &str, points: Vec<[f64; 2]>, color: &str) -> Self {
        self.series.push(Series { label: label.into(), points, color: color.into(), dots: false });
        self
    }

    /// With dots; `color` is empty for the palette's next.
    pub fn dots(mut self, label: &str, points: Vec<[f64; 2]>, color: &str) -> Self {
        self.series.push(Series { label: label.into(), points, color: color.into(), dots: true });
        self
    }
}

/// Colours of the channels in plots.
pub(crate) const CHANNEL_COLORS: [&str; 4] = ["#c8362b", "#2f8f46", "#2b62c8", "#333333"];

impl Figure {
    /// Whether `self` is better than `other`: positive for better, 0 for the same or unknown.
    pub fn better_than(&self, other: &Self) -> i8 {
        let (Some(a), Some(b)) = (self.value, other.value) else { return 0 };
        // the last digit may be lost on the way through a file
        if (a - b).abs() <= 1e-12 * a.abs().max(b.abs()) {
            return 0;
        }
        let order = match self.goal {
            Goal::Higher => a.partial_cmp(&b),
            Goal::Lower => b.partial_cmp(&a),
            Goal::Near(t) => (b - t).abs().partial_cmp(&(a - t).abs()),
            Goal::Neither => None,
        };
        order.map_or(0, |o| o as i8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_depends_on_the_goal() {
        let f =
            |value: f64, goal| Figure { key: "k".into(), label: "l".into(), value: Some(value), unit: "".into(), goal };
        assert_eq!(f(2.0, Goal::Higher).better_than(&f(1.0, Goal::Higher)), 1);
        assert_eq!(f(2.0, Goal::Lower).better_than(&f(1.0, Goal::Lower)), -1);
        assert_eq!(f(1.1, Goal::Near(1.0)).better_than(&f(0.8, Goal::Near(1.0))), 1);
        assert_eq!(f(0.98, Goal::Near(1.0)).better_than(&f(0.98 + 2e-16, Goal::Near(1.0))), 0);
        assert_eq!(f(1.1, Goal::Neither).better_than(&f(0.8, Goal::Neither)), 0);
    }

    #[test]
    fn cards_come_back_from_json() {
        let card = Card::new("edge", "a.png", "ISO 12233")
            .figure("mtf50", "MTF50", 0.25, "cy/px", Goal::Higher)
            .figure("mtf10", "MTF10", f64::NAN, "cy/px", Goal::Higher)
            .table("t", &["a"], vec![Row::new("r", [1.0])])
            .plot(Plot::new("p", "x", "y").curve("c", vec![[0.0, 1.0]]));
        let text = serde_json::to_string(&card).unwrap();
        assert_eq!(serde_json::from_str::<Card>(&text).unwrap(), card);
        assert_eq!((card.value("mtf50"), card.value("mtf10")), (Some(0.25), None));
    }
}
