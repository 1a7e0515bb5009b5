//! Surfaces: as published, and as compiled for tracing.

mod chebyshev;
mod double;
pub(crate) mod forbes;
mod freeform;
mod profile;
mod shape;
mod zernike;

pub(crate) use chebyshev::Chebyshev;
pub(crate) use freeform::Freeform;
pub(crate) use profile::{AT_VERTEX_MM, Profile, Variable};
pub use shape::{Form, Shape};
pub(crate) use zernike::polynomial as zernike_polynomial;
pub use zernike::{noll, noll_indices};
