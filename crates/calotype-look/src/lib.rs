//! Looks: readable files with physical meaning, applied to scene-linear pictures.
//!
//! ```
//! use calotype_look::{Look, OutputSpace};
//!
//! let look = Look::builtin("natural").expect("a built-in look");
//! let ready = look.compile(OutputSpace::Srgb, 1.0);
//! // One row of scene-linear Rec.2020: middle grey and something red.
//! let (mut r, mut g, mut b) = (vec![0.18, 0.40], vec![0.18, 0.10], vec![0.18, 0.08]);
//! ready.apply_rows(&mut r, &mut g, &mut b);
//! assert!((g[0] - 0.18).abs() < 1e-3 && r[1] > g[1]);
//! ```
//!
//! A look is data: a TOML file of numbers with units, ranges and a contract that says what the look must measure
//! ([`measure`], [`verify`]). The crate renders its point part (tone, colour, gamut), its lens (falloff, glow, halation:
//! [`CompiledLook::apply_optics`], before the point part) and its grain ([`CompiledLook::apply_grain`], after it). Local
//! contrast is numbers here: the stage of local tone applies it, which has the picture's levels at hand.
//!
//! Looks go to other programs as tables and profiles ([`Table`], [`ProfileLook`]) and come from theirs ([`Lattice`],
//! [`ProcessList`], [`Look::from_rendering`]).
//!
//! It knows nothing of raw data, files on disk or displays' profiles.

mod blend;
mod builtin;
mod clf;
mod compiled;
mod contract;
mod cube;
mod dcp;
mod diff;
mod error;
mod export;
mod fast;
mod fast_gamut;
mod fast_math;
mod fast_residual;
pub mod fit;
mod grain;
mod hald;
mod hue;
mod icc;
mod import;
mod lanes;
mod lattice;
mod optics;
mod output;
mod parameters;
mod plot;
mod point;
pub mod rank;
mod read;
mod residual;
mod scatter;
mod schema;
mod skin_lift;
mod tone;
mod write;
mod xmp_profile;

pub use blend::BlendShares;
pub use calotype_color::MONK_TONES;
pub use clf::ProcessList;
pub use compiled::CompiledLook;
pub use contract::{Breach, Measured, measure, verify};
pub use dcp::ProfileLook;
pub use diff::Difference;
pub use error::LookError;
pub use export::{RoundTrip, Table, TableInput};
pub use lattice::Lattice;
pub use output::OutputSpace;
pub use parameters::{
    Anchor, Chroma, Contract, Grain, Local, Look, Meta, Mono, Optics, Render, SECTORS, Sector, Tint, Tone,
};
pub use plot::{svg, terminal_plot};
pub use point::PointTransform;
pub use read::SCHEMA;
pub use residual::Residual;
pub use schema::{Blend, Field, fields};
pub use tone::{ToneCurve, ToneScale};
