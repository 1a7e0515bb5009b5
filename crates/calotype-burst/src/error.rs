//! What can go wrong with a burst.

use calotype_image::Cancelled;

/// Why frames could not be merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BurstError {
    /// There is nothing to merge.
    #[error("a burst needs at least one frame")]
    NoFrames,
    /// A frame is of another size or has other colour filters than the first.
    #[error("frame {index} is {width}x{height} {cfa}, unlike the first frame ({first})")]
    Mixed {
        /// Number of the frame, from 0.
        index: usize,
        /// Its width in pixels.
        width: usize,
        /// Its height in pixels.
        height: usize,
        /// Its colour filters.
        cfa: calotype_image::Cfa,
        /// The first frame's size and filters.
        first: String,
    },
    /// The reference that was asked for does not exist.
    #[error("there is no frame {index} to be the reference: the burst has {count}")]
    NoSuchReference {
        /// The number asked for, from 0.
        index: usize,
        /// Frames of the burst.
        count: usize,
    },
    /// A frame is too small to be merged.
    #[error("frames of {width}x{height} are too small: at least 2x2 photosites are needed")]
    TooSmall {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
    /// The user asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
