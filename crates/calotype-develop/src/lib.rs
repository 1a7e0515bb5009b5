//! Develops merged camera data into scene-linear pictures.
//!
//! One file per step, in the order of [`pipeline`](self): highlights, demosaic, camera colour, denoise.

mod camera_color;
mod character;
mod deblur;
pub mod demosaic;
mod denoise;
mod error;
pub mod executor;
mod exposure;
mod fast_math;
mod highlights;
mod lens;
mod local_tone;
mod orient;
pub mod proxy;
mod root_scale;
mod sharpen;
mod white_balance;

pub use camera_color::camera_color;
pub use character::{Arrival, Character, PointImages};
pub use deblur::{Deblur, LensSpot, LensSpots};
pub use denoise::{Denoise, DenoiseSettings, NoiseSpectrum, PictureNoise};
pub use error::DevelopError;
pub use exposure::{Exposure, ExposureLimit, ExposureParams, LuminanceNoise};
pub use highlights::{CLIPPED, Highlights, saturation};
pub use lens::LensWarp;
pub use local_tone::{LocalContrast, LocalTone, LocalToneMap, LocalToneParams, LocalToneReport, ToneRows};
pub use orient::crop_and_orient;
pub use sharpen::{Sharpen, SharpenStage, estimate_sigma};
pub use white_balance::WhiteEstimate;
