//! Reads and writes DNG raw pictures.

mod decode;
mod error;
mod image;
mod info;
mod layout;
mod levels;
mod limits;
pub mod ljpeg;
pub mod opcode;
mod parse;
mod read;
pub mod tiff;
pub mod write;

pub use error::{DngError, Warning};
pub use image::{Dng, RawImage};
pub use info::{Compression, DngInfo, Exif, GainTableMap, Levels, RawKind};
pub use limits::Limits;
pub use read::{read, read_info};
