//! Calotype's front door: from the raw frames of one burst to one photograph.

mod burst;
mod error;
mod frame;
mod group;
mod recipe;
mod report;
mod source;

pub use burst::{Burst, BurstFrame, LeftOut, NoiseSource};
pub use error::Error;
pub use frame::Pixels;
pub use group::{CameraFacts, FileFacts, MAX_GAP_S, group};
pub use recipe::{Crop, Output, OutputSpace, Recipe, RecipeError, Reference, WhiteBalance};
pub use report::{ExposureReport, FrameReport, LookReport, NoiseReport, Report, WhiteBalanceReport};
pub use source::{DngBytes, DngFile, Source, SourceError, SourceFrame, content_id};
