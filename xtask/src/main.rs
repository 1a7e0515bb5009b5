//! Chores of the Calotype workspace.
fn main() {}
