//! What a lens does, as plain data.

mod doubts;
mod fan;
mod fft_psf;
mod field_curves;
mod focus;
mod geometric_mtf;
mod ghosts;
mod illumination;
mod psf;
mod pupil;
mod seidel;
mod spot;
mod transmission;
mod wavefront;
mod zernike_fit;

pub use doubts::doubts;
pub use fan::{Fan, fan};
pub use fft_psf::{FftPsf, fft_psf};
pub use field_curves::{FieldPoint, field_curves};
pub(crate) use focus::polychromatic;
pub use focus::{AxialColour, FocusPoint, axial_colour, through_focus};
pub(crate) use geometric_mtf::perfect;
pub use geometric_mtf::{Modulation, geometric_mtf};
pub use ghosts::{Ghost, ghosts};
pub use illumination::relative_illumination;
pub use psf::{Psf, Sampling, polychromatic_psf, psf};
pub use pupil::{hexapolar, square_grid};
pub use seidel::{Seidel, SurfaceSums, seidel};
pub(crate) use spot::rms_about;
pub use spot::{Spot, spot_of};
pub use transmission::{SurfaceLoss, Transmission, illumination_with_losses, losses, transmission};
pub(crate) use wavefront::PISTON_TILT_FOCUS;
pub use wavefront::{Wavefront, wavefront};
pub use zernike_fit::{ZernikeOrder, zernike_fit};
