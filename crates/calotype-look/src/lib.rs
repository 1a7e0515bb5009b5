//! Looks: readable files with physical meaning, applied to scene-linear pictures.

mod compiled;
mod error;
mod fast;
mod fast_math;
mod hue;
mod output;
mod parameters;
mod point;
mod schema;
mod tone;

pub use compiled::CompiledLook;
pub use error::LookError;
pub use output::OutputSpace;
pub use parameters::{
    Anchor, Chroma, Contract, Grain, Local, Look, Meta, Mono, Optics, Render, SECTORS, Sector, Tint, Tone,
};
pub use point::PointTransform;
pub use schema::{Blend, Field, fields};
pub use tone::{ToneCurve, ToneScale};
