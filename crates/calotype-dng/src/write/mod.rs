//! Writing DNG files.

mod huffman;
mod ljpeg;

pub use ljpeg::LosslessJpeg;
