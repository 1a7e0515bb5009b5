//! Prescriptions from files.

mod json;
mod open;
mod seq;
mod seq_zooms;
mod zmx;
mod zmx_states;
mod zmx_write;

pub use json::from_json;
pub use open::read_lens;
pub use seq::from_seq;
pub use zmx::from_zmx;
pub use zmx_write::to_zmx;
