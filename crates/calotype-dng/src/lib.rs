//! Reads and writes DNG raw pictures.

mod error;
mod image;
mod info;
mod limits;
pub mod tiff;

pub use error::{DngError, Warning};
pub use image::{Dng, RawImage};
pub use info::{Compression, DngInfo, Exif, GainTableMap, Levels, RawKind};
pub use limits::Limits;

/// Reads everything but the pixels.
///
/// # Errors
/// See [`DngError`].
pub fn read_info(_bytes: &[u8], _limits: &Limits) -> Result<DngInfo, DngError> {
    Err(DngError::NotDng { reason: "reader not ready".into() })
}

/// Reads a DNG whole.
///
/// # Errors
/// See [`DngError`].
pub fn read(_bytes: &[u8], _limits: &Limits) -> Result<Dng, DngError> {
    Err(DngError::NotDng { reason: "reader not ready".into() })
}
