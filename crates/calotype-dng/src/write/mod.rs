//! Writing DNG files.
//!
//! [`write_merged`] writes the mosaic of a merged burst; [`Ifd`] with [`write_tiff`] and [`LosslessJpeg`] are the
//! parts it is made of, of use for other files too.

pub(crate) mod calibration;
mod carry;
mod huffman;
mod ifd;
mod ljpeg;
mod merged;
mod preview;
mod tiles;

pub use ifd::{Ifd, write_tiff};
pub use ljpeg::LosslessJpeg;
pub use merged::{MergedDng, write_merged};
pub use preview::Preview;
pub use tiles::{compress as compress_tiles, tile_size};
