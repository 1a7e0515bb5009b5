//! JPEG, with the encoding that its ICC profile states.

use super::encoding::planes;
use super::{Encoding, Input, icc, planes_of};
use crate::{Picture, Result};
use std::io::Cursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

pub(super) fn read(file: &Input<'_>) -> Result<Picture> {
    let options =
        DecoderOptions::default().set_max_width(65535).set_max_height(65535).jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(file.bytes), options);
    decoder.decode_headers().map_err(|e| file.wrong(format!("{e:?}")))?;
    let info = decoder.info().ok_or_else(|| file.wrong("no picture in the JPEG"))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    file.check_size(width, height)?;
    let bytes = decoder.decode().map_err(|e| file.wrong(format!("{e:?}")))?;
    if bytes.len() != width * height * 3 {
        return Err(file.wrong("a JPEG of other than three colours"));
    }
    let planes = planes(width, height, 3, |i| f32::from(bytes[i]) / 255.0);
    match (file.encoding, decoder.icc_profile()) {
        (None, Some(profile)) => icc::picture(file, planes, &profile, "8 bit JPEG"),
        (encoding, _) => planes_of(file, planes, encoding.unwrap_or(Encoding::SRGB), "8 bit JPEG"),
    }
}
