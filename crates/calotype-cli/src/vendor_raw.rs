//! Raw files of camera makers, through rawler.
//!
//! rawler is licensed LGPL-2.1, so it is linked into this application only and only with the feature `vendor-raw`. It
//! turns a file into an uncompressed DNG in memory, with crop, levels, colour matrices, white balance and EXIF, and
//! that is read like any other.

use calotype::SourceError;
use calotype::dng::{Dng, DngError, DngInfo, Limits};
use rawler::dng::convert::{ConvertParams, convert_raw_source};
use rawler::dng::{CropMode, DngCompression, DngPhotometricConversion};
use rawler::rawsource::RawSource;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// All but the pixels of a file that is no DNG. `refused` is what the DNG reader had to say.
///
/// Decodes the whole file all the same, as the maker's metadata are spread over it.
pub fn read_info(bytes: Vec<u8>, refused: DngError) -> Result<DngInfo, SourceError> {
    let dng = convert(bytes, refused)?;
    Ok(calotype::dng::read_info(&dng, &Limits::default())?)
}

/// A file that is no DNG. `refused` is what the DNG reader had to say.
pub fn read(bytes: Vec<u8>, refused: DngError) -> Result<Dng, SourceError> {
    let dng = convert(bytes, refused)?;
    Ok(calotype::dng::read(&dng, &Limits::default())?)
}

/// The same picture as a DNG.
fn convert(bytes: Vec<u8>, refused: DngError) -> Result<Vec<u8>, SourceError> {
    let params = ConvertParams::default()
        .with_embedded(false)
        .with_preview(false)
        .with_thumbnail(false)
        .with_crop(CropMode::Best)
        .with_compression(DngCompression::Uncompressed)
        .with_photometric_conversion(DngPhotometricConversion::Original)
        .with_software(String::new());
    let source = RawSource::new_from_shared_vec(Arc::new(bytes));
    let mut dng = Cursor::new(Vec::new());
    // Decoders of so many formats may still panic on damaged files; that must not end a batch.
    let converted = catch_unwind(AssertUnwindSafe(|| convert_raw_source(&source, &mut dng, "", &params)));
    match converted {
        Ok(Ok(_)) => Ok(dng.into_inner()),
        Ok(Err(_)) | Err(_) => Err(SourceError::Other(format!("not a raw file that can be read ({refused})"))),
    }
}
