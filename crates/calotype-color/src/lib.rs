//! Colour: spaces, camera models, adaptation and differences.

mod calibration;

pub use calibration::{AsShot, CameraCalibration, HueSatMap, IlluminantCalibration, Matrix3};
