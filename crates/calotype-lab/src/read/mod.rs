//! Pictures from files: EXR, PNG, TIFF, JPEG, NPY and DNG, brought to linear light.
//!
//! Files are taken for hostile: sizes are checked against [`Limits`] before memory is set aside.

mod encoding;
mod exr;
mod icc;
mod jpeg;
mod npy;
mod png;
mod raw;
mod tiff;

pub use encoding::{Encoding, Transfer};
pub use raw::RawPicture;

use crate::{LabError, Picture, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bounds on what a file may make the reader do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a file (default 2 GiB).
    pub max_bytes: u64,
    /// Pixels of a picture (default 150 million, which take 1.8 GB).
    pub max_pixels: u64,
}

impl Limits {
    /// So many pixels at most.
    pub fn with_max_pixels(self, max_pixels: u64) -> Self {
        Self { max_pixels, ..self }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 2 << 30, max_pixels: 150_000_000 }
    }
}

/// What a file held: a picture for looking at, or a raw one.
#[derive(Clone, Debug)]
pub enum Source {
    /// A picture in linear Rec.709.
    Picture(Picture),
    /// Samples of a sensor.
    Raw(Box<RawPicture>),
}

/// Reads a file of any format that the lab knows.
///
/// `encoding` replaces what the file says of itself, for files that say nothing or the wrong thing.
///
/// # Errors
/// [`LabError::Read`], [`LabError::Format`], [`LabError::TooLarge`], [`LabError::NotFinite`].
pub fn read(path: &Path, encoding: Option<Encoding>, limits: &Limits) -> Result<Source> {
    read_from(&read_bytes(path, limits)?, path, encoding, limits)
}

/// As [`read`], from the bytes of a file; `path` names it in messages.
///
/// # Errors
/// As [`read`].
pub fn read_from(bytes: &[u8], path: &Path, encoding: Option<Encoding>, limits: &Limits) -> Result<Source> {
    let file = Input { path, bytes, encoding, limits };
    let planes = match bytes {
        [0x76, 0x2F, 0x31, 0x01, ..] => exr::read(&file)?,
        [0x89, b'P', b'N', b'G', ..] => png::read(&file)?,
        [0xFF, 0xD8, 0xFF, ..] => jpeg::read(&file)?,
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => npy::read(&file)?,
        [b'I', b'I', b'*' | b'+', 0, ..] | [b'M', b'M', 0, b'*' | b'+', ..] => {
            // A DNG is a TIFF that says so; its pixels are a raw picture.
            let dng_limits = calotype_dng::Limits::default();
            match calotype_dng::read_info(bytes, &dng_limits) {
                Err(calotype_dng::DngError::NotDng { .. }) => tiff::read(&file)?,
                _ => return Ok(Source::Raw(Box::new(raw::read(&file)?))),
            }
        }
        _ => return Err(file.wrong("neither EXR, PNG, TIFF, JPEG, NPY nor DNG")),
    };
    Ok(Source::Picture(planes))
}

/// Reads a picture for looking at; a DNG is refused.
///
/// # Errors
/// As [`read`].
pub fn read_picture(path: &Path, encoding: Option<Encoding>, limits: &Limits) -> Result<Picture> {
    match read(path, encoding, limits)? {
        Source::Picture(picture) => Ok(picture),
        Source::Raw(_) => Err(LabError::Format {
            reason: "a raw picture; this measure needs a developed one (EXR, PNG, TIFF, JPEG)".into(),
            path: path.into(),
        }),
    }
}

/// Reads a raw picture (DNG).
///
/// # Errors
/// As [`read`].
pub fn read_raw(path: &Path, limits: &Limits) -> Result<RawPicture> {
    match read(path, None, limits)? {
        Source::Raw(raw) => Ok(*raw),
        Source::Picture(_) => {
            Err(LabError::Format { reason: "not a raw picture; this measure needs a DNG".into(), path: path.into() })
        }
    }
}

fn read_bytes(path: &Path, limits: &Limits) -> Result<Vec<u8>> {
    let failed = |source| LabError::Read { source, path: path.into() };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(limits.max_bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
    let value = bytes.len() as u64;
    if value > limits.max_bytes {
        return Err(LabError::TooLarge {
            what: "the size in bytes",
            value,
            limit: limits.max_bytes,
            path: path.into(),
        });
    }
    Ok(bytes)
}

/// A picture whose samples have a known encoding.
fn planes_of(
    file: &Input<'_>,
    planes: [calotype_image::Plane<f32>; 3],
    encoding: Encoding,
    kind: &str,
) -> Result<Picture> {
    encoding::known(file.name(), planes, encoding, kind)
}

/// A file on its way to a picture.
struct Input<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    encoding: Option<Encoding>,
    limits: &'a Limits,
}

impl Input<'_> {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn wrong(&self, reason: impl ToString) -> LabError {
        LabError::Format { reason: reason.to_string(), path: self.path.into() }
    }

    /// Turns a size away that is empty, or would take too much memory.
    fn check_size(&self, width: usize, height: usize) -> Result<()> {
        let value = width as u64 * height as u64;
        match value {
            0 => Err(self.wrong(format!("the picture is empty: {width}x{height}"))),
            _ if value > self.limits.max_pixels => Err(LabError::TooLarge {
                what: "the number of pixels",
                value,
                limit: self.limits.max_pixels,
                path: self.path.into(),
            }),
            _ => Ok(()),
        }
    }
}
