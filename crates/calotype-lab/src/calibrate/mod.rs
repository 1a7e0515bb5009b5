//! Calibration of a camera from real shots: noise, colour, shading and defects, as a profile in TOML and a DCP.

mod colour_profile;
mod dcp;
mod defects;
mod developed;
mod profile;

pub use colour_profile::{ColourProfile, FitError, Light, fit_colour};
pub use dcp::{bake, by_light, write_dcp};
pub use defects::{Defects, find_defects};
pub use developed::developed;
pub use profile::{CameraProfile, CameraSection, ColourSection, DefectSection, NoiseSection, SCHEMA, ShadingSection};
