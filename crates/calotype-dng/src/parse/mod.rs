//! From directories to plain values.

mod color;
mod exif;
mod gain_table;
mod geometry;
mod info;
mod noise;
pub(crate) mod profile;
mod select;

pub(crate) use color::illuminants;
pub(crate) use geometry::masked_areas;
pub(crate) use info::{info, report};
pub(crate) use select::{Sources, select};

use crate::error::{DngError, Warning};

/// The warning that stands for an error without which the rest can be read.
fn left_out(error: DngError) -> Warning {
    match error {
        DngError::BadTag { ifd, tag, reason } => Warning::new(format!("{ifd}: {tag}"), format!("{reason}: left out")),
        other => Warning::new("metadata", format!("{other}: left out")),
    }
}

/// Where what was left out is written down.
#[derive(Debug, Default)]
pub(crate) struct Notes(pub(crate) Vec<Warning>);

impl Notes {
    /// The value; an error becomes a warning and "nothing".
    pub(crate) fn take<T>(&mut self, result: Result<Option<T>, DngError>) -> Option<T> {
        match result {
            Ok(value) => value,
            Err(error) => {
                self.0.push(left_out(error));
                None
            }
        }
    }

    /// A warning about a place.
    pub(crate) fn warn(&mut self, place: impl Into<String>, reason: impl Into<String>) {
        self.0.push(Warning::new(place, reason));
    }
}
