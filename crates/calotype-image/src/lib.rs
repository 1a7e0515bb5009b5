//! The ground floor of Calotype: planes of samples, mosaics, noise models, gain maps and parallel rows.
//!
//! Everything above shares these nouns, so they know nothing of files, colour or cameras.
//!
//! ```
//! use calotype_image::{Cfa, CfaColor, Plane};
//!
//! let mut plane = Plane::<f32>::new(4, 2);
//! plane.row_mut(1)[3] = 0.5;
//! assert_eq!(plane.get(3, 1), 0.5);
//! assert_eq!(Cfa::RGGB.color_at(1, 1), CfaColor::Blue);
//! ```
//!
//! Conventions: x to the right, y down, pixel centres at .5; a plane is row-major with an explicit stride.
//! The crate holds no image processing beyond what these types mean, but for what hot loops of several floors share
//! ([`simd`], [`dct`], [`edges`]).

mod cfa;
pub mod dct;
pub mod edges;
mod frame;
mod gain_map;
mod lens_correction;
mod noise;
mod orientation;
pub mod par;
mod plane;
mod progress;
mod rect;
mod rgb;
pub mod simd;

pub use cfa::{Cfa, CfaColor};
pub use frame::{Mosaic, RAW_BLACK, RAW_RANGE, RAW_WHITE, RawFrame, linear_to_raw, raw_to_linear};
pub use gain_map::{GainMap, Shading};
pub use lens_correction::{LensCorrection, LensStep, Vignette, Warp, WarpModel, WarpPlane};
pub use noise::NoiseModel;
pub use orientation::Orientation;
pub use plane::{Plane, mirror};
pub use progress::{Cancelled, NoProgress, Progress, Step};
pub use rect::Rect;
pub use rgb::{Camera, CameraRgb, Display, DisplayRgb, Domain, Rgb, Scene, SceneRgb};
