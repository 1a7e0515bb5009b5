//! Develops merged camera data into scene-linear pictures.
//!
//! One file per step, in the order of [`pipeline`](self): highlights, demosaic, camera colour, denoise.

mod camera_color;
pub mod demosaic;
mod error;

pub use camera_color::camera_color;
pub use error::DevelopError;
