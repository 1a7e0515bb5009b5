//! A lens in front of a sensor: what it does to a picture, as tables over image height and sampled spots.
//!
//! Polynomials of a few terms miss phone lenses by pixels; [`KNOTS`] values on a spline meet them within a hundredth of one.
//! Everything here is for lenses with rotational symmetry.

mod bands;
mod bundle;
mod curve;
mod discs;
mod losses;
mod mounted;
mod spots;

pub use bands::Bands;
pub use curve::Curve;
pub use discs::{Arrival, Discs, View};
pub use losses::Losses;
pub use mounted::{KNOTS, Mounted, Rendition};
pub use spots::SpotTable;
