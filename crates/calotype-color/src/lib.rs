//! Colour: spaces, camera models, adaptation, temperature and differences.
//!
//! ```
//! use calotype_color::{CameraCalibration, CameraModel, WhiteBalance};
//!
//! // A file without calibration still resolves; the answer says so.
//! let camera = CameraModel::new(&CameraCalibration::default())?.resolve(WhiteBalance::AsShot)?;
//! assert!(!camera.calibrated);
//! assert_eq!(camera.wb_gains, [1.0; 3]);
//! # Ok::<(), calotype_color::ColorError>(())
//! ```
//!
//! Everything here is a pure function of numbers: no files, no pictures, no threads. Matrices are in row order, RGB is
//! linear unless a name says otherwise, XYZ has Y = 1 for white, chromaticities are CIE 1931 (x, y).

mod calibration;
mod camera;
mod error;
pub mod gamut;
pub mod hsv;
mod hsv_table;
pub mod lab;
pub mod matrix;
pub mod oklab;
mod skin;
mod space;
mod temperature;
pub mod transfer;

pub use calibration::{AsShot, CameraCalibration, HueSatMap, IlluminantCalibration, Matrix3};
pub use camera::{CameraModel, ResolvedCamera, WhiteBalance, WhiteSource};
pub use error::ColorError;
pub use hsv_table::{SceneHueSat, apply_hue_sat_map};
pub use skin::MONK_TONES;
pub use space::{D50_XY, D65_XY, Primaries, RgbSpace, bradford, xy_to_xyz, xyz_to_xy};
pub use temperature::{TemperatureTint, daylight_xy, planckian_xy};
