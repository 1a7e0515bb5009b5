//! Develops merged camera data into scene-linear pictures.
//!
//! One file per step, in the order of [`pipeline`](self): highlights, demosaic, camera colour, denoise.

mod camera_color;
pub mod demosaic;
mod error;
pub mod executor;
mod exposure;
mod fast_math;
mod highlights;
mod local_tone;
pub mod proxy;
mod sharpen;

pub use camera_color::camera_color;
pub use error::DevelopError;
pub use exposure::{Exposure, ExposureLimit, ExposureParams, LuminanceNoise};
pub use highlights::{CLIPPED, Highlights};
pub use local_tone::{LocalContrast, LocalTone, LocalToneMap, LocalToneParams, LocalToneReport, ToneRows};
pub use sharpen::{Sharpen, SharpenStage, estimate_sigma};
