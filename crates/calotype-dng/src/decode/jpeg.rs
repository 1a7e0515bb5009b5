//! Baseline and progressive JPEG tiles of 8 bits.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Decodes a tile of `samples` colours, at most `tile` in size and at least `needed` (samples across, rows).
/// The answer is the number of samples from one row to the next.
pub(super) fn decode(
    data: &[u8],
    samples: usize,
    tile: (usize, usize),
    needed: (usize, usize),
    out: &mut Vec<u16>,
) -> Result<usize, String> {
    let space = match samples {
        1 => ColorSpace::Luma,
        3 => ColorSpace::RGB,
        n => return Err(format!("a JPEG of {n} colours is not supported")),
    };
    let options = DecoderOptions::default()
        .set_max_width(tile.0)
        .set_max_height(tile.1)
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(data), options);
    let pixels = decoder.decode().map_err(|e| format!("the JPEG is damaged: {e}"))?;
    let info = decoder.info().ok_or("the JPEG has no header")?;
    let pitch = usize::from(info.width) * samples;
    let rows = usize::from(info.height);
    if pitch < needed.0 || rows < needed.1 || pixels.len() < pitch * rows {
        return Err(format!("the JPEG has {pitch}x{rows} samples where {}x{} belong", needed.0, needed.1));
    }
    out.clear();
    out.extend(pixels[..pitch * rows].iter().map(|&v| u16::from(v)));
    Ok(pitch)
}
