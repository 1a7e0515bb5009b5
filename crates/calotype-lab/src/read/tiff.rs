//! TIFF of 8 and 16 bit, half, single and double precision, grey or colour.

use super::encoding::planes;
use super::{Encoding, Input, icc, planes_of};
use crate::{Picture, Result};
use ::tiff::ColorType;
use ::tiff::decoder::{Decoder, DecodingResult, Limits};
use ::tiff::tags::Tag;
use std::io::Cursor;

pub(super) fn read(file: &Input<'_>) -> Result<Picture> {
    let wrong = |e: ::tiff::TiffError| file.wrong(e);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = file.limits.max_pixels.saturating_mul(16) as usize;
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    limits.ifd_value_size = 64 << 20;
    let mut decoder = Decoder::new(Cursor::new(file.bytes)).map_err(wrong)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(wrong)?;
    let (width, height) = (width as usize, height as usize);
    file.check_size(width, height)?;
    let channels = match decoder.colortype().map_err(wrong)? {
        ColorType::Gray(_) => 1,
        ColorType::GrayA(_) => 2,
        ColorType::RGB(_) => 3,
        ColorType::RGBA(_) => 4,
        other => return Err(file.wrong(format!("a TIFF of {other:?}; grey and RGB are read"))),
    };
    if decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration).map_err(wrong)?.unwrap_or(1) == 2 {
        return Err(file.wrong("a TIFF with each colour in a plane of its own; interleaved ones are read"));
    }
    let profile = match decoder.find_tag(Tag::IccProfile).map_err(wrong)? {
        Some(value) => Some(value.into_u8_vec().map_err(wrong)?),
        None => None,
    };
    let decoded = decoder.read_image().map_err(wrong)?;
    let count = width * height * channels;
    let short = || file.wrong("the picture ends before its last row");
    macro_rules! take {
        ($data:expr, $scale:expr) => {{
            let data = $data;
            if data.len() < count {
                return Err(short());
            }
            planes(width, height, channels, |i| $scale(&data[i]))
        }};
    }
    let (planes, kind, usual) = match &decoded {
        DecodingResult::U8(d) => (take!(d, |v: &u8| f32::from(*v) / 255.0), "8 bit", Encoding::SRGB),
        DecodingResult::U16(d) => (take!(d, |v: &u16| f32::from(*v) / 65535.0), "16 bit", Encoding::SRGB),
        DecodingResult::F16(d) => (take!(d, |v: &half::f16| v.to_f32()), "half", Encoding::LINEAR),
        DecodingResult::F32(d) => (take!(d, |v: &f32| *v), "float", Encoding::LINEAR),
        DecodingResult::F64(d) => (take!(d, |v: &f64| *v as f32), "double", Encoding::LINEAR),
        _ => return Err(file.wrong("a TIFF of samples other than 8 and 16 bit and floating point")),
    };
    match (file.encoding, profile) {
        (None, Some(profile)) if channels >= 3 => icc::picture(file, planes, &profile, kind),
        (encoding, _) => planes_of(file, planes, encoding.unwrap_or(usual), kind),
    }
}
