//! Why a look cannot be fitted.

/// Why a look cannot be fitted: what examples, pairs and references lack. (Files have [`crate::LookError`].)
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Too few examples.
    #[error("{found} usable colours are too few for a look: {needed} are needed")]
    TooFew {
        /// Examples there are.
        found: usize,
        /// Examples needed.
        needed: usize,
    },
    /// An example that is none.
    #[error("example {index} is unsound: scene {scene:?}, display {display:?}; display light lies within 0 and 1")]
    Unsound {
        /// Which, from 0.
        index: usize,
        /// Its scene light.
        scene: [f64; 3],
        /// Its display light.
        display: [f64; 3],
    },
    /// A picture too small to tell anything.
    #[error("a picture of {width}x{height} pixels is too small: {needed} are needed along each side")]
    Small {
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
        /// Pixels needed along each side.
        needed: usize,
    },
    /// Two pictures that do not show one scene.
    #[error(
        "the pictures do not show the same scene: at the best place their structures correlate by {found:.2}, and {needed} is \
         needed"
    )]
    DifferentScenes {
        /// Correlation found, 0 to 1.
        found: f64,
        /// Correlation needed.
        needed: f64,
    },
    /// A picture without light and dark.
    #[error(
        "the picture shows no tones: L* spans {range:.1} between its 5th and 95th percentile, and {needed} is needed"
    )]
    Flat {
        /// Range found.
        range: f64,
        /// Range needed.
        needed: f64,
    },
    /// Planes of a picture that differ in size.
    #[error("the planes of a picture differ in size")]
    Planes,
}
