//! Lossless JPEG (ITU-T T.81, process 14: Huffman coding with spatial prediction), as DNG files use it.

mod bits;
mod header;
mod huffman;
mod scan;

use header::Header;
pub(crate) use header::process;

/// The shape of a decoded picture: `height` rows of `width * components` samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Samples per pixel, 1 to 4.
    pub components: usize,
}

/// Decodes a lossless JPEG into `samples`, replacing what was there: row by row, components side by side.
///
/// `max_samples` bounds what is allocated. `legacy_16` reads 16 magnitude bits behind the difference category 16, as
/// files before DNG 1.1 wrote them.
///
/// # Errors
/// What is wrong with the data, in words.
pub fn decode(bytes: &[u8], samples: &mut Vec<u16>, max_samples: usize, legacy_16: bool) -> Result<Shape, String> {
    let header = Header::parse(bytes)?;
    let shape = Shape { width: header.width, height: header.height, components: header.table_of.len() };
    let count = shape.width * shape.height * shape.components;
    if count > max_samples {
        return Err(format!(
            "the JPEG holds {}x{}x{} samples where {max_samples} belong",
            shape.width, shape.height, shape.components
        ));
    }
    // Every sample takes at least one bit: a short file cannot ask for a large buffer.
    if count / 8 > header.data.len() {
        return Err(format!("{} bytes cannot hold {count} samples", header.data.len()));
    }
    samples.resize(count, 0);
    scan::decode(&header, samples, legacy_16)?;
    Ok(shape)
}
