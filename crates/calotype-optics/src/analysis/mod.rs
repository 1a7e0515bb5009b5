//! What a lens does, as plain data.

mod geometric_mtf;
mod illumination;
mod psf;
mod pupil;
mod seidel;
mod spot;
mod wavefront;

pub use geometric_mtf::{Modulation, geometric_mtf};
pub use illumination::relative_illumination;
pub use psf::{Psf, Sampling, polychromatic_psf, psf};
pub use pupil::{hexapolar, square_grid};
pub use seidel::{Seidel, SurfaceSums, seidel};
pub(crate) use spot::rms_about;
pub use spot::{Spot, spot_of};
pub(crate) use wavefront::PISTON_TILT_FOCUS;
pub use wavefront::{Wavefront, wavefront};
