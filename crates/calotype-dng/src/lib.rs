//! Reads and writes DNG raw pictures: versions 1.0 to 1.7, mosaics and linear pictures.
//!
//! [`read`] gives samples on one scale for every camera (linear, black at [`RAW_BLACK`](calotype_image::RAW_BLACK),
//! saturation at [`RAW_WHITE`](calotype_image::RAW_WHITE)) with all that the file says about them; [`read_info`]
//! leaves the pixels out and is fast, [`read_profile`] reads the colours of camera profiles (DCP), [`read_look_profile`]
//! their looks. [`opcode`] holds the corrections that a file asks for, [`mod@write`] makes files.
//!
//! ```no_run
//! use calotype_dng::{Limits, RawImage};
//!
//! let bytes = std::fs::read("frame.dng")?;
//! let dng = calotype_dng::read(&bytes, &Limits::default())?;
//! println!("{} at ISO {:?}", dng.info.unique_camera_model, dng.info.exif.iso);
//! if let RawImage::Cfa { samples, cfa } = dng.image {
//!     println!("{}x{} {cfa}", samples.width(), samples.height());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Read: classic and BigTIFF of both byte orders, strips and tiles; whole numbers of 1 to 32 bits, floating point of
//! 16, 24 and 32; no compression, lossless JPEG, deflate, 8-bit JPEG, JPEG XL. Not read: mosaics other than 2x2
//! Bayer, VC-5 (GPR), JPEG of 12 bits, other makers' raw files; the errors say so.
//!
//! Files are taken for hostile: sizes, offsets and counts are checked before use, and [`Limits`] bounds the rest.

mod decode;
mod error;
mod image;
mod info;
mod layout;
mod levels;
mod limits;
pub mod ljpeg;
mod look_profile;
pub mod opcode;
mod parse;
mod profile;
mod read;
pub mod tiff;
pub mod write;

pub use error::{DngError, Warning};
pub use image::{Dng, RawImage};
pub use info::{Compression, DngInfo, Exif, GainTableMap, Levels, RawKind};
pub use limits::Limits;
pub use look_profile::{LookProfile, read_look_profile, write_look_profile};
pub use profile::{CameraProfile, read_profile};
pub use read::{read, read_info};
