//! Lenses: from a prescription to rays, aberrations, diffraction and drawings.
//!
//! Conventions: z runs along the light, y up, x across; lengths in mm, wavelengths in micrometres, angles in degrees where
//! a name says so; a radius is positive when the centre lies towards the image; indices are relative to air.
//!
//! The crate knows nothing of pictures.

pub mod analysis;
mod error;
mod glass;
mod import;
mod lens;
mod nearest;
mod paraxial;
#[cfg(test)]
mod samples;
pub mod show;
mod surface;
mod text;
mod trace;
pub mod verify;
mod write;

pub use error::{OpticsError, Result};
pub use glass::{Catalogue, Dispersion, Glass, LINES_FDC_UM, built_in as built_in_glass, read_agf};
pub use import::{from_json, from_seq, from_zmx, read_lens, to_zmx};
pub use lens::{After, Aperture, Clear, Field, FieldKind, Kind, Lens, Pose, Surface, Wavelength, check};
pub use paraxial::{FirstOrder, first_order};
pub use surface::{Form, Shape, noll, noll_indices};
pub use trace::{Aim, Clip, Fate, Path, Ray, Rays, System, Until, Vertex, Why};
pub use write::write_file;
