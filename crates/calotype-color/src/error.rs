//! What can be wrong with colour data.

/// Why a camera's colours cannot be resolved.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ColorError {
    /// A calibration matrix has no inverse, or holds values that are not finite.
    #[error("the {name} of calibrated illuminant {illuminant} cannot be inverted: {matrix:?}")]
    SingularMatrix {
        /// The DNG name of the matrix.
        name: &'static str,
        /// Number of the illuminant, from 1.
        illuminant: usize,
        /// The matrix.
        matrix: crate::Matrix3,
    },
    /// The camera colour of white has a channel that is zero, negative or not finite.
    #[error("the neutral colour {0:?} is not one of a camera: all three values must be positive")]
    BadNeutral([f64; 3]),
    /// A colour temperature or tint that is not a number or far outside what light can have.
    #[error(
        "the white of {kelvin} K and tint {tint} is none: kelvin must lie within 1000 and 1000000, tint within -500 and 500"
    )]
    BadTemperature {
        /// Temperature asked for, in kelvin.
        kelvin: f64,
        /// Tint asked for.
        tint: f64,
    },
}
