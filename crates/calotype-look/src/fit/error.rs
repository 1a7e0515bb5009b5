//! Why a look cannot be fitted.

/// Why a look cannot be fitted.
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
    #[error("example {index} is unsound: scene {scene:?}, display {display:?}; light must be finite, display within 0 and 1")]
    Unsound {
        /// Which, from 0.
        index: usize,
        /// Its scene light.
        scene: [f64; 3],
        /// Its display light.
        display: [f64; 3],
    },
}
