//! What can go wrong between frames and photograph.

use crate::{RecipeError, SourceError};
use calotype_image::Cancelled;

/// Why there is no photograph. [`Error::remedy`] says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to work on.
    #[error("no frames")]
    NoFrames,
    /// A frame that cannot be done without is unreadable.
    #[error("no readable frame: {name}")]
    Unreadable {
        /// The frame.
        name: String,
        /// Why.
        source: SourceError,
    },
    /// Frames of different cameras, sizes or colour filters.
    #[error("frames do not belong together: {what} {first} in {first_name}, but {other} in {other_name}")]
    Mixed {
        /// What differs: "camera", "size" or "colour filters".
        what: &'static str,
        /// Its value in the first frame.
        first: String,
        /// The first frame.
        first_name: String,
        /// Its value in the frame that differs.
        other: String,
        /// The frame that differs.
        other_name: String,
    },
    /// A burst of pictures that are demosaiced already.
    #[error("linear (already demosaiced) frames cannot be merged: {name}")]
    LinearBurst {
        /// The first such frame.
        name: String,
    },
    /// The frame is fine but beyond what the engine develops.
    #[error("{what} cannot be developed: {name}")]
    Unsupported {
        /// The feature.
        what: String,
        /// The frame.
        name: String,
    },
    /// The reference asked for does not exist or was left out.
    #[error("frame {index} cannot be the reference: {reason}")]
    Reference {
        /// The number asked for.
        index: usize,
        /// Why not.
        reason: String,
    },
    /// A crop outside of the picture.
    #[error("crop {crop} leaves the picture of {width}x{height} pixels")]
    Crop {
        /// The crop asked for.
        crop: String,
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
    },
    /// The recipe makes no sense.
    #[error("the recipe makes no sense")]
    Recipe(#[from] RecipeError),
    /// The camera's colour calibration is useless.
    #[error("the file's colour calibration cannot be used")]
    Color(#[from] calotype_color::ColorError),
    /// The frames could not be merged.
    #[error("the frames cannot be merged")]
    Merge(calotype_burst::BurstError),
    /// A step of development could not run.
    #[error("the picture cannot be developed")]
    Develop(#[from] calotype_develop::DevelopError),
    /// The lens's prescription is of no use.
    #[error("the lens {lens} cannot be used for this picture")]
    Lens {
        /// The lens's name.
        lens: String,
        /// Why not.
        source: calotype_optics::OpticsError,
    },
    /// Nothing tells how large the sensor is behind the lens.
    #[error("nothing says how large a pixel is: {name} has neither FocalPlaneXResolution nor both focal lengths")]
    PixelPitch {
        /// The frame.
        name: String,
    },
    /// A depth map that cannot be used.
    #[error("{what}: {name}")]
    Depth {
        /// What is wrong.
        what: String,
        /// The depth map.
        name: String,
    },
    /// The merged raw file could not be made.
    #[error("the raw file cannot be made")]
    Dng(#[from] calotype_dng::DngError),
    /// The result could not be written.
    #[error("the result cannot be written")]
    Write(#[from] calotype_codec::Error),
    /// The user asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<calotype_burst::BurstError> for Error {
    fn from(error: calotype_burst::BurstError) -> Self {
        match error {
            calotype_burst::BurstError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            other => Self::Merge(other),
        }
    }
}

impl Error {
    /// What to do about it, as a sentence; `None` where the message says it all.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoFrames => "Name at least one raw file.",
            Self::Unreadable { source, .. } => return source.remedy(),
            Self::Mixed { .. } => {
                "Name the frames of one burst only, or hand over the folder with a folder as output: bursts are then told apart."
            }
            Self::LinearBurst { .. } => "Develop such files one at a time.",
            Self::Reference { .. } => "Use --reference auto, or the number of a readable frame, counted from 0.",
            Self::Write(calotype_codec::Error::Exists { .. }) => {
                "Choose another name, or add --overwrite to replace it."
            }
            Self::Write(e) if e.is_disk_full() => {
                "The disk is full: make room on it, or write to another one. Nothing was left behind."
            }
            Self::Write(calotype_codec::Error::Create { .. }) => {
                "Check that the folder exists and that you may write to it."
            }
            Self::Write(calotype_codec::Error::Commit { .. } | calotype_codec::Error::WriteFile { .. }) => {
                "Check the disk and your permissions, or write to another place. Nothing was left behind."
            }
            Self::Write(calotype_codec::Error::TooLarge { .. }) => {
                "Write another format, such as TIFF, or choose a smaller crop."
            }
            Self::Write(_) => "Write another format, such as TIFF or PNG. Nothing was left behind.",
            Self::Cancelled(_) => "Nothing was left behind: run the same command again when you like.",
            Self::Lens { source, .. } => return source.remedy(),
            Self::PixelPitch { .. } => "Give the distance of pixels with --pixel-pitch, like --pixel-pitch 1.4 (µm).",
            Self::Depth { .. } => {
                "Give a depth map with one positive number for each pixel of the photograph, with --depth-of frame of the raw frame, or a phone's .jpg that holds one."
            }
            Self::Crop { .. } => "Choose a smaller crop, or --crop full.",
            _ => return None,
        })
    }
}
