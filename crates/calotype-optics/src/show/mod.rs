//! Analyses as charts: tables and plots that can be printed, drawn and written without knowing the analysis.

mod axis;
mod chart;
mod charts;
mod drawing;
mod losses;
mod map;
mod plot;
mod report;

pub use chart::{Chart, Map, Plot, Row, Series, Table};
pub use charts::{ANALYSES, chart};
pub use drawing::drawing;
pub use map::map_svg;
pub use plot::svg;
pub use report::{chart_page, report};
