//! Nanoseconds per photosite and frame.
fn main() {}
