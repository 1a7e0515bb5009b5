//! Bursts of raw frames: how they moved, and one frame out of all.

pub mod align;
mod defects;
mod error;
mod merge;
mod motion;
mod noise_estimate;
mod reference;

pub use align::{AlignOptions, Prepared, align};
pub use defects::{Defect, find_defects, repair};
pub use error::BurstError;
pub use merge::{Merged, find_stuck, merge_aligned};
pub use motion::{Homography, MotionField, MotionReport, Rejection};
pub use noise_estimate::estimate_noise;
pub use reference::{ReferenceChoice, choose_reference};
