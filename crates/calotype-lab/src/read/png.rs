//! PNG of 8 and 16 bit, grey or colour.

use super::encoding::planes;
use super::{Encoding, Input, icc, planes_of};
use crate::{Picture, Result};
use ::png::{BitDepth, Decoder, Limits, Transformations};
use std::io::Cursor;

pub(super) fn read(file: &Input<'_>) -> Result<Picture> {
    let budget = file.limits.max_pixels.saturating_mul(8) as usize;
    let mut decoder = Decoder::new_with_limits(Cursor::new(file.bytes), Limits { bytes: budget });
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(|e| file.wrong(e))?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    file.check_size(width, height)?;
    let size = reader.output_buffer_size().ok_or_else(|| file.wrong("a row does not fit in memory"))?;
    let mut bytes = vec![0; size];
    reader.next_frame(&mut bytes).map_err(|e| file.wrong(e))?;
    let (color, depth) = reader.output_color_type();
    let channels = color.samples();
    let planes = match depth {
        BitDepth::Sixteen => planes(width, height, channels, |i| {
            f32::from(u16::from_be_bytes([bytes[2 * i], bytes[2 * i + 1]])) / 65535.0
        }),
        _ => planes(width, height, channels, |i| f32::from(bytes[i]) / 255.0),
    };
    let kind = if depth == BitDepth::Sixteen { "16 bit" } else { "8 bit" };
    match (file.encoding, &reader.info().icc_profile) {
        (None, Some(profile)) if channels >= 3 => icc::picture(file, planes, profile, kind),
        (encoding, _) => planes_of(file, planes, encoding.unwrap_or(Encoding::SRGB), kind),
    }
}
