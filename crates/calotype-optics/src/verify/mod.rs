//! A lens against what other programs say of it.

mod compare;
mod reference;

pub use compare::{Lost, Quantity, Verification, verify};
pub use reference::{Reference, ReferenceLens};
