//! Real rays, in batches.

mod aim;
mod film;
mod kernel;
mod light;
mod path;
mod pose;
mod rays;
mod system;
mod wide;

pub use aim::Aim;
pub use path::{Path, Vertex};
pub use rays::{Fate, Ray, Rays, Why};
pub use system::{Clip, System, Until};
