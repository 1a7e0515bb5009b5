//! What can go wrong in development.

use calotype_image::Cfa;

/// Why a stage could not run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DevelopError {
    /// The colour filters are neither Bayer nor absent.
    #[error("unsupported colour filter array {0}")]
    UnsupportedCfa(Cfa),
    /// A map or picture that belongs to another has the wrong size.
    #[error("{what} is {found_width}x{found_height}, expected {width}x{height}")]
    SizeMismatch {
        /// What has the wrong size.
        what: &'static str,
        /// Its width.
        found_width: usize,
        /// Its height.
        found_height: usize,
        /// The width it should have.
        width: usize,
        /// The height it should have.
        height: usize,
    },
    /// A parameter outside its range.
    #[error("{name} is {value}, expected {expected}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The range it must have.
        expected: &'static str,
    },
}
