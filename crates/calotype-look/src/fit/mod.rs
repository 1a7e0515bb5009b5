//! Looks fitted from what people love: from examples of colours before and after.

mod engine;
mod error;
mod least_squares;
mod metric;
mod parameters;
mod sample;
mod smooth_lattice;

pub use engine::{Fitted, HeldOut, fit};
pub use error::FitError;
pub use sample::Sample;
