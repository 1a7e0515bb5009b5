//! Prescriptions from files.

mod json;

pub use json::from_json;
