//! JPEG XL tiles (DNG 1.7).

use crate::layout::Layout;
use jxl::api::{
    Endianness, Event, JxlColorType, JxlDataFormat, JxlDecoder, JxlDecoderOptions, JxlOutputBuffer, JxlPixelFormat,
};

/// Decodes a tile into `integers` (up to 16 bits) or `floats`; the answer is the number of samples from one row to
/// the next.
pub(super) fn decode(
    data: &[u8],
    layout: &Layout,
    needed: (usize, usize),
    bytes: &mut Vec<u8>,
    integers: &mut Vec<u16>,
    floats: &mut Vec<f32>,
) -> Result<usize, String> {
    let samples = layout.samples_in_tile();
    let color_type = match samples {
        1 => JxlColorType::Grayscale,
        3 => JxlColorType::Rgb,
        n => return Err(format!("JPEG XL of {n} colours is not supported")),
    };
    let mut options = JxlDecoderOptions::default();
    options.adjust_orientation = false;
    options.high_precision = true;
    options.sample_limit = Some(8 * (layout.tile_width + 8) * (layout.tile_height + 8));
    let mut decoder = JxlDecoder::new(options);
    let mut input = data;
    let damaged = |e: jxl::error::Error| format!("the JPEG XL is damaged: {e}");
    loop {
        match decoder.process(&mut input, None, None).map_err(damaged)? {
            Event::BasicInfo => break,
            Event::NeedMoreInput { .. } | Event::Complete => return Err("the JPEG XL ends before its header".into()),
            _ => {}
        }
    }
    let info = decoder.basic_info().ok_or("the JPEG XL has no header")?;
    let (width, height) = info.size;
    if width > layout.tile_width || height > layout.tile_height || width * samples < needed.0 || height < needed.1 {
        let tile = (layout.tile_width, layout.tile_height);
        return Err(format!("the JPEG XL is {width}x{height}, the tile {}x{}", tile.0, tile.1));
    }
    let extra = info.extra_channels.len();
    let float = layout.reads_as_float();
    let format = match float {
        true => JxlDataFormat::F32 { endianness: Endianness::LittleEndian },
        false => JxlDataFormat::U16 { endianness: Endianness::LittleEndian, bit_depth: layout.bits as u8 },
    };
    let sample_bytes = if float { 4 } else { 2 };
    let pixel_format =
        JxlPixelFormat { color_type, color_data_format: Some(format), extra_channel_format: vec![None; extra] };
    decoder.set_pixel_format(pixel_format).map_err(damaged)?;
    let pitch = width * samples;
    // The decoder may want rows aligned to their samples; a vector of bytes has no such promise, so up to a
    // sample's size is skipped in front.
    bytes.clear();
    bytes.resize(pitch * sample_bytes * height + sample_bytes, 0);
    let skip = bytes.as_ptr().align_offset(sample_bytes).min(sample_bytes);
    let aligned = &mut bytes[skip..skip + pitch * sample_bytes * height];
    let mut done = false;
    while !done {
        let mut buffers = [JxlOutputBuffer::new(aligned, height, pitch * sample_bytes)];
        match decoder.process(&mut input, Some(&mut buffers), None).map_err(damaged)? {
            Event::FrameComplete { .. } | Event::Complete => done = true,
            Event::NeedMoreInput { .. } => return Err("the JPEG XL is cut".into()),
            _ => {}
        }
    }
    if float {
        // Whole numbers of more than 16 bits come out as fractions of their range.
        let range = if layout.float { 1.0 } else { ((1u64 << layout.bits) - 1) as f32 };
        floats.clear();
        floats.extend(aligned.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]) * range));
    } else {
        integers.clear();
        integers.extend(aligned.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])));
    }
    Ok(pitch)
}
