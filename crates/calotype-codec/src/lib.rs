//! Writes finished photographs: JPEG (Ultra HDR where there is a gain map), 16-bit TIFF and PNG, AVIF, lossless JPEG XL
//! and scene-linear OpenEXR, with EXIF, XMP and ICC; atomically.
//!
//! ```
//! use calotype_codec::{EncodeOptions, Metadata, Rgb8, save, write_jpeg};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("grey.jpg");
//! let picture = Rgb8::from_vec(2, 1, vec![128; 6]).expect("six samples");
//! let mut metadata = Metadata::default();
//! metadata.exif.model = Some("Pinhole".into());
//! save(&path, false, |file| write_jpeg(file, &picture, None, &metadata, &EncodeOptions::default()))?;
//! assert!(path.exists());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Display formats take any [`Rows`]: an [`Rgb8`] or [`Rgb16`], or the linear [`calotype_image::DisplayRgb`] itself,
//! which is encoded and dithered band by band on the way, so that no other full-size copy exists. Pixels are stored
//! upright; turn the picture before. The same picture gives the same bytes on any number of threads.
//!
//! What it does not do: read pictures, convert primaries, choose what to write.

mod atomic;
mod avif;
mod error;
mod exr;
mod format;
mod gain_map;
mod icc;
mod ifd;
mod jpeg;
mod jxl;
mod metadata;
mod picture;
mod png;
mod quantize;
mod tiff;
pub mod transfer;
mod ultra_hdr;

pub use atomic::{AtomicFile, save};
pub use avif::write_avif;
pub use error::{Error, Result};
pub use exr::{ScenePrimaries, write_exr};
pub use format::{Chroma, EncodeOptions, Format};
pub use gain_map::{GainMapImage, GainMapMetadata, GainMapOptions};
pub use icc::{ColorSpace, icc};
pub use ifd::{Ifd, Value};
pub use jpeg::write_jpeg;
pub use jxl::write_jxl;
pub use metadata::{Directory, Exif, Metadata};
pub use picture::{Interleaved, Rgb8, Rgb16, Rows};
pub use png::write_png;
pub use quantize::{to_rgb8, to_rgb16};
pub use tiff::write_tiff;
