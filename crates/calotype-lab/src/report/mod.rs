//! Reports: the measured card of a camera or of an engine's version, as one self-contained page and as JSON, compared with
//! another where there is one.

mod gather;
mod page;

pub use gather::gather;
pub use page::html;

use crate::card::{Card, Figure};
use crate::{LabError, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The version of the JSON.
const SCHEMA: &str = "report/1";

/// A set of cards. Whoever measures can make one: the cards need not come from a folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The format's name and version.
    pub schema: String,
    /// What was measured: a camera, an engine's version.
    pub title: String,
    /// The cards.
    pub cards: Vec<Card>,
}

/// A figure of two reports.
#[derive(Clone, Debug, Serialize)]
pub struct Change<'a> {
    /// The measure and the subject's file name.
    pub card: (&'a str, &'a str),
    /// The figure now.
    pub now: &'a Figure,
    /// The figure before.
    pub before: &'a Figure,
    /// 1 where it became better, -1 where it became worse, 0 where it cannot be told.
    pub better: i8,
}

impl Report {
    /// A report of cards.
    pub fn new(title: impl Into<String>, cards: Vec<Card>) -> Self {
        Self { schema: SCHEMA.into(), title: title.into(), cards }
    }

    /// A report from its JSON.
    ///
    /// # Errors
    /// [`LabError::Format`] for what is none.
    pub fn from_json(text: &str, path: &Path) -> Result<Self> {
        let wrong = |reason: String| LabError::Format { reason, path: path.into() };
        let report: Self = serde_json::from_str(text).map_err(|e| wrong(format!("not a report: {e}")))?;
        match report.schema.as_str() {
            SCHEMA => Ok(report),
            other => Err(wrong(format!("the schema is '{other}', this reads '{SCHEMA}'"))),
        }
    }

    /// The figures that both reports have: cards are matched by measure and by the file name of their subject.
    pub fn changes<'a>(&'a self, before: &'a Self) -> Vec<Change<'a>> {
        let mut all = Vec::new();
        for card in &self.cards {
            let Some(old) = before.cards.iter().find(|o| o.measure == card.measure && name(o) == name(card)) else {
                continue;
            };
            for now in &card.figures {
                if let Some(before) = old.figures.iter().find(|f| f.key == now.key) {
                    all.push(Change {
                        card: (&card.measure, name(card)),
                        now,
                        before,
                        better: now.better_than(before),
                    });
                }
            }
        }
        all
    }
}

/// The subject's file name.
fn name(card: &Card) -> &str {
    card.subject.rsplit(['/', '\\']).next().unwrap_or(&card.subject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{Goal, Plot, Row};

    fn report(mtf50: f64, title: &str) -> Report {
        let card = Card::new("edge", &format!("/somewhere/{title}/edge.png"), "ISO 12233")
            .figure("mtf50", "MTF50", mtf50, "cy/px", Goal::Higher)
            .figure("overshoot", "overshoot", 3.0, "%", Goal::Lower)
            .table("t", &["a"], vec![Row::new("r", [1.0]).with_swatches([[0.5; 3]])])
            .plot(Plot::new("p", "x", "y").curve("c", vec![[0.0, 1.0], [1.0, 0.0]]));
        Report::new(title, vec![card])
    }

    #[test]
    fn changes_are_told_by_their_goals() {
        let (a, b) = (report(0.3, "new"), report(0.25, "old"));
        let changes = a.changes(&b);
        assert_eq!(changes.iter().map(|c| c.better).collect::<Vec<_>>(), [1, 0]);
        let json = serde_json::to_string(&a).unwrap();
        assert_eq!(Report::from_json(&json, Path::new("a.json")).unwrap(), a);
        assert!(Report::from_json("{}", Path::new("a.json")).is_err());
        assert!(Report::from_json(&json.replace("report/1", "report/2"), Path::new("a.json")).is_err());
    }

    #[test]
    fn the_page_stands_alone() {
        let (a, b) = (report(0.3, "new <one>"), report(0.25, "old"));
        let page = html(&a, Some(&b));
        for part in ["<svg", "MTF50", "new &lt;one&gt;", "better", "<style>"] {
            assert!(page.contains(part), "{part}");
        }
        for outside in ["http://", "https://", "<script", "<link"] {
            assert!(!page.replace("http://www.w3.org/2000/svg", "").contains(outside), "{outside}");
        }
        assert_eq!(page, html(&a, Some(&b)));
    }
}
