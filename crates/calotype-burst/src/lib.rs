//! Bursts of raw frames: how they moved, and one frame out of all.

pub mod align;
mod motion;

pub use align::{AlignOptions, Prepared, align};
pub use motion::{Homography, MotionField, MotionReport};
