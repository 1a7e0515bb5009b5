//! Lenses: from a prescription to rays, aberrations, diffraction and drawings.
//!
//! ```
//! use calotype_optics::{Catalogue, Clip, Lens, Rays, System, Until, analysis};
//!
//! let text = r#"
//!     schema = "lens/1"
//!     name = "landscape lens"
//!     aperture = { f_number = 11 }
//!     fields = { kind = "angle_deg", y = [0, 20] }
//!     wavelength = [{ um = 0.5876 }]
//!     surface = [
//!         { thickness_mm = 8, stop = true },
//!         { radius_mm = -60, thickness_mm = 3, glass = "N-BK7" },
//!         { radius_mm = -26, thickness_mm = 92 },
//!     ]"#;
//! let system = System::new(Lens::from_toml(text, "landscape.toml", &Catalogue::default())?)?;
//! assert!((system.first_order().efl - 86.19).abs() < 0.01);
//!
//! // rays of the second field through the entrance pupil, to the image
//! let field = system.lens().fields[1];
//! let mut rays = Rays::new(system.aim(&field, 0).paraxial(&analysis::hexapolar(6)));
//! system.trace(0, &mut rays, Clip::Apertures, Until::Image);
//! let spot = analysis::spot_of(&rays).expect("light arrives");
//! assert!(spot.arrived == 127 && spot.rms_um > 0.0);
//! # Ok::<(), calotype_optics::OpticsError>(())
//! ```
//!
//! Conventions: z runs along the light, y up, x across; lengths in mm, wavelengths in micrometres, angles in degrees where
//! a name says so; a radius is positive when the centre lies towards the image; indices are relative to air.
//!
//! [`Lens`] holds published numbers, [`System`] is compiled from it for tracing, [`Rays`] go through it in batches on all cores,
//! [`analysis`] makes plain data of them, [`show`] makes charts and drawings of that, and [`verify`] compares with reference files.
//! `docs/explanation/lenses.md` explains the whole, `docs/adr/0008-meeting-aspheres.md` how rays meet aspheres.
//!
//! [`design`] makes lenses better, [`tolerance`] tells how well they must be made.
//!
//! The crate knows nothing of pictures.

pub mod analysis;
pub mod camera;
pub mod design;
mod error;
mod glass;
mod import;
mod lens;
mod nearest;
mod paraxial;
mod random;
#[cfg(test)]
mod samples;
pub mod show;
mod surface;
mod text;
pub mod tolerance;
mod trace;
pub mod verify;
mod write;

pub use error::{OpticsError, Result};
pub use glass::{
    Air, Catalogue, Dispersion, Glass, LINES_FDC_UM, Thermal, built_in as built_in_glass,
    built_in_of as built_in_glasses, read_agf,
};
pub use import::{from_json, from_seq, from_zmx, read_lens, to_zmx};
pub use lens::{
    After, Aperture, Clear, Coating, Configuration, Field, FieldChange, FieldKind, Kind, Layer, Lens, Pose, SCHEMA,
    Surface, SurfaceChange, Vignetting, Wavelength, WavelengthChange, built_in_lens, built_in_lenses, built_in_text,
    check,
};
pub use paraxial::{FirstOrder, first_order};
pub use surface::{Form, Shape, noll, noll_indices};
pub use trace::{Aim, Clip, Fate, Path, Ray, Rays, System, Until, Vertex, Why};
pub use write::write_file;
