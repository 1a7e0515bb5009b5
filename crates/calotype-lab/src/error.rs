//! Why something could not be measured.

use std::io;
use std::path::PathBuf;

/// Why something could not be measured. The text names the value, the file and the place; [`LabError::remedy`] says what helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// A file could not be read.
    #[error("cannot read: {source}: {path}")]
    Read {
        /// What the system said.
        source: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A file is damaged, or not what its name says.
    #[error("{reason}: {path}")]
    Format {
        /// What is wrong.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// A file asks for more memory than it may have.
    #[error("{what} is {value}, at most {limit} are allowed: {path}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        value: u64,
        /// How large it may be.
        limit: u64,
        /// The file.
        path: PathBuf,
    },
    /// A sample is not a number, or infinite.
    #[error("the sample at ({x}, {y}) of {name} is not a finite number")]
    NotFinite {
        /// The picture.
        name: String,
        /// Column.
        x: usize,
        /// Row.
        y: usize,
    },
    /// Two pictures that belong together differ in size.
    #[error("{first_name} has {}x{} pixels, {second_name} has {}x{}", first.0, first.1, second.0, second.1)]
    SizeMismatch {
        /// The first picture.
        first_name: String,
        /// Its width and height.
        first: (usize, usize),
        /// The second picture.
        second_name: String,
        /// Its width and height.
        second: (usize, usize),
    },
    /// What is to be measured is not in the picture, or only in part.
    #[error("no {what} in {name}: {reason}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// The picture.
        name: String,
        /// How far the search got.
        reason: String,
        /// What helps.
        remedy: &'static str,
    },
    /// A region leaves the picture.
    #[error("the region {region} leaves {name}, which has {width}x{height} pixels")]
    Outside {
        /// The region, as `width x height + x + y`.
        region: String,
        /// The picture.
        name: String,
        /// Its width.
        width: usize,
        /// Its height.
        height: usize,
    },
    /// A value that was asked for makes no sense.
    #[error("{what} cannot be {value}: {reason}")]
    Value {
        /// Its name.
        what: &'static str,
        /// The value.
        value: String,
        /// Why not.
        reason: String,
    },
}

impl LabError {
    /// What helps, where something does.
    pub fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Read { .. } => Some("Check the path and its permissions."),
            Self::Format { .. } => Some("Pictures are read from EXR, PNG, TIFF, JPEG, NPY and DNG files."),
            Self::TooLarge { .. } => Some("Crop the picture to the part that is to be measured."),
            Self::NotFinite { .. } => Some("Not-a-number and infinite samples cannot be measured; crop them away."),
            Self::SizeMismatch { .. } => Some("Bring both to one size, or crop both to what they share."),
            Self::NotFound { remedy, .. } => Some(remedy),
            Self::Outside { .. } => Some("Regions are WIDTHxHEIGHT+X+Y in pixels, from the top left corner."),
            Self::Value { .. } => None,
        }
    }
}

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, LabError>;
