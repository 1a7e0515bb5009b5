//! Calotype's front door: from the raw frames of one burst to one photograph.
//!
//! ```no_run
//! use calotype::{Burst, DngFile, Format, Look, NoProgress, Recipe, Source, Task};
//!
//! let files = ["1.dng", "2.dng", "3.dng"].map(DngFile::new);
//! let sources: Vec<&dyn Source> = files.iter().map(|f| f as &dyn Source).collect();
//! let recipe = Recipe::default();
//! let task = Task { format: Format::Jpeg, look: Look::builtin(&recipe.look).expect("a built-in look"), lens: None, character: None, diagnostics: false };
//!
//! let burst = Burst::read(&sources, &NoProgress)?;
//! let photo = calotype::develop(burst, &recipe, &task, &NoProgress)?;
//! println!("{}", photo.report.summary());
//! photo.write("photo.jpg".as_ref(), false, &recipe.output, &NoProgress)?;
//! # Ok::<(), calotype::Error>(())
//! ```
//!
//! Frames come from [`Source`]s (DNG files, bytes, or an application's adapter for other formats), choices from a
//! [`Recipe`], decisions go to a [`Report`]. Many files become bursts with [`group`]. The crate knows no terminal and
//! no clock; threads are those of the rayon pool it is called in.

mod burst;
mod camera_rgb;
mod character;
mod depth_photo;
mod developing;
mod diagnostics;
mod error;
mod frame;
mod gain_table;
mod group;
mod lens_export;
mod measured;
mod merged_raw;
mod merging;
mod metadata;
mod photo;
mod prescription;
mod recipe;
mod record;
mod report;
mod scene_key;
mod shading;
mod source;
mod task;

pub use burst::{Burst, BurstFrame, LeftOut, NoiseSource};
pub use calotype_codec::{Format, Rgb16};
pub use calotype_color as color;
pub use calotype_dng as dng;
pub use calotype_image as image;
pub use calotype_image::{Cancelled, NoProgress, Progress, Step};
pub use calotype_look as look;
pub use calotype_look::{Look, LookError};
pub use calotype_optics as optics;
pub use character::{Character, DepthMap, DepthUnit};
pub use developing::Negative;
pub use diagnostics::{Diagnostics, FrameDiagnostics, save_png};
pub use error::Error;
pub use frame::Pixels;
pub use group::{CameraFacts, FileFacts, MAX_GAP_S, group};
pub use lens_export::{LensExport, Residual, WarpTerms, lensfun, opcode_list, spot_array};
pub use measured::MeasuredCamera;
pub use merged_raw::MergedRaw;
pub use photo::{Photo, PhotoPicture, save_bytes};
pub use prescription::Correction;
pub use recipe::{Crop, DepthOf, Output, OutputSpace, Recipe, RecipeError, Reference, WhiteBalance};
pub use record::{Found, InputFile, LookRecord, Record, RecordError, WhiteFound};
pub use report::{
    CharacterReport, ExposureReport, FrameReport, LensReport, LookReport, NoiseReport, Report, WhiteBalanceReport,
};
pub use source::{DngBytes, DngFile, Source, SourceError, SourceFrame, content_id, read_file};
pub use task::Task;

/// Makes a photograph of a burst: chooses the reference, aligns, merges, develops and applies the look.
///
/// The burst is consumed, so that its frames are gone before the picture is developed.
///
/// # Errors
/// See [`Error`]; [`Error::Cancelled`] where `progress` asked to stop.
pub fn develop(burst: Burst, recipe: &Recipe, task: &Task, progress: &dyn Progress) -> Result<Photo, Error> {
    negative(burst, recipe, task, progress)?.print(recipe, task, progress)
}

/// Makes all of a photograph that does not depend on the look, so that several looks share the work.
///
/// ```no_run
/// # use calotype::{Burst, Format, Look, NoProgress, Recipe, Task};
/// # let (burst, recipe, progress): (Burst, Recipe, NoProgress) = todo!();
/// let task = |name| Task { format: Format::Jpeg, look: Look::builtin(name).unwrap(), lens: None, character: None, diagnostics: false };
/// let negative = calotype::negative(burst, &recipe, &task("natural"), &progress)?;
/// let calm = negative.clone().print(&recipe, &task("natural"), &progress)?;
/// let lively = negative.print(&recipe, &task("vibrant"), &progress)?;
/// # Ok::<(), calotype::Error>(())
/// ```
///
/// # Errors
/// See [`Error`]; [`Error::Cancelled`] where `progress` asked to stop.
pub fn negative(burst: Burst, recipe: &Recipe, task: &Task, progress: &dyn Progress) -> Result<Negative, Error> {
    recipe.check()?;
    let frame = merging::merge_frames(burst, recipe, task.diagnostics, progress)?;
    developing::negative(frame, recipe, task, progress)
}

/// Merges a burst to one raw frame: chooses the reference, aligns and merges. Of the recipe only the reference counts.
///
/// # Errors
/// See [`Error`]; [`Error::Cancelled`] where `progress` asked to stop.
pub fn merge(burst: Burst, recipe: &Recipe, diagnostics: bool, progress: &dyn Progress) -> Result<MergedRaw, Error> {
    recipe.check()?;
    let frame = merging::merge_frames(burst, recipe, diagnostics, progress)?;
    MergedRaw::new(frame)
}
