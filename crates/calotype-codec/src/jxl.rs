//! JPEG XL: lossless 16 bit, in a container with EXIF and XMP (ISO/IEC 18181-1 and -2).
//!
//! The encoder knows sRGB only, so the picture's header is written here; what follows it begins on a whole byte and is
//! kept as it is.

use crate::error::check_size;
use crate::metadata::{Metadata, xmp_packet};
use crate::picture::Rows;
use crate::quantize::interleave;
use crate::{ColorSpace, Error, Result};
use rayon::prelude::*;
use std::io::Write;
use zune_core::bit_depth::BitDepth;
use zune_core::colorspace::ColorSpace as Layout;
use zune_core::options::EncoderOptions;
use zune_jpegxl::JxlSimpleEncoder;

/// The longest side.
const LIMIT: usize = 1 << 18;

/// Writes a lossless 16-bit JPEG XL.
///
/// The encoder wants the whole picture in memory: 6 bytes a pixel and the compressed file.
///
/// # Errors
/// [`Error::Empty`], [`Error::TooLarge`], [`Error::Encoder`] also for pictures one pixel wide or high, [`Error::Write`].
pub fn write_jxl(mut out: impl Write, picture: &impl Rows<u16>, metadata: &Metadata) -> Result<()> {
    let (width, height) = (picture.width(), picture.height());
    check_size("JPEG XL", LIMIT, width, height)?;
    let mut data = vec![0u8; 6 * width * height];
    data.par_chunks_mut(6 * width).enumerate().for_each(|(y, out)| {
        let mut row = vec![0u16; 3 * width];
        interleave(picture, y, &mut row);
        for (out, v) in out.chunks_exact_mut(2).zip(row) {
            out.copy_from_slice(&v.to_ne_bytes());
        }
    });
    let threads = rayon::current_num_threads().clamp(1, 64) as u8;
    let options = EncoderOptions::new(width, height, Layout::RGB, BitDepth::Sixteen).set_num_threads(threads);
    let mut stream = Vec::new();
    JxlSimpleEncoder::new(&data, options)
        .encode(&mut stream)
        .map_err(|e| Error::Encoder { format: "JPEG XL", message: format!("{e:?}") })?;
    drop(data);
    let skip = header(width, height, ColorSpace::Srgb).len();
    let head = header(width, height, metadata.color_space);

    out.write_all(b"\0\0\0\x0CJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl ")?;
    // level 10: lossless coding of 16-bit samples needs more than 16 bits inside
    write_box(&mut out, b"jxll", &[&[10]])?;
    write_box(&mut out, b"Exif", &[&[0; 4], &metadata.exif_block(width, height, usize::MAX, false)])?;
    if let Some(xmp) = &metadata.xmp {
        write_box(&mut out, b"xml ", &[xmp_packet(xmp).as_bytes()])?;
    }
    write_box(&mut out, b"jxlc", &[&head, &stream[skip.min(stream.len())..]])?;
    out.flush()?;
    Ok(())
}

/// Writes a box of the base media format, with a 64-bit size where it needs one.
fn write_box(out: &mut impl Write, name: &[u8; 4], parts: &[&[u8]]) -> std::io::Result<()> {
    let size = 8 + parts.iter().map(|p| p.len() as u64).sum::<u64>();
    match u32::try_from(size) {
        Ok(size) => out.write_all(&[&size.to_be_bytes()[..], name].concat())?,
        Err(_) => out.write_all(&[&1u32.to_be_bytes()[..], name, &(size + 8).to_be_bytes()].concat())?,
    }
    parts.iter().try_for_each(|p| out.write_all(p))
}

/// Bits from the lowest on.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    fn put(&mut self, count: usize, value: usize) {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.len() - 1;
            self.bytes[last] |= ((value >> i & 1) as u8) << (self.used % 8);
            self.used += 1;
        }
    }

    /// A side of the picture (18181-1, D.2): a class and the bits that class has.
    fn put_side(&mut self, side: usize) {
        const CLASSES: [usize; 4] = [9, 13, 18, 30];
        let class = CLASSES.iter().position(|&bits| (side - 1) >> bits == 0).unwrap_or(3);
        self.put(2, class);
        self.put(CLASSES[class], side - 1);
    }

    /// An enumeration's value (18181-1, B.2.6).
    fn put_enum(&mut self, value: usize) {
        match value {
            0 | 1 => self.put(2, value),
            2..=17 => {
                self.put(2, 2);
                self.put(4, value - 2);
            }
            _ => {
                self.put(2, 3);
                self.put(6, value - 18);
            }
        }
    }
}

/// Signature, size and image metadata of a 16-bit RGB picture, padded to a whole byte (18181-1, annex D).
fn header(width: usize, height: usize, space: ColorSpace) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(16, 0x0AFF);
    bits.put(1, 0); // sides are not small multiples of 8
    bits.put_side(height);
    bits.put(3, 0); // no fixed ratio
    bits.put_side(width);
    bits.put(3, 0); // not the default metadata, no extra fields, integer samples
    bits.put(2, 3);
    bits.put(6, 15); // 16 bits
    bits.put(1, 0); // more than 16 bits inside
    bits.put(2, 0); // no extra channels
    bits.put(1, 0); // not XYB
    match space {
        ColorSpace::Srgb => bits.put(1, 1),
        ColorSpace::DisplayP3 => {
            bits.put(2, 0); // not the default colours, no ICC profile
            bits.put_enum(0); // RGB
            bits.put_enum(1); // D65
            bits.put_enum(11); // P3 primaries
            bits.put(1, 0); // no plain power
            bits.put_enum(13); // sRGB curve
            bits.put_enum(1); // relative colorimetric
        }
    }
    bits.put(2, 0); // no extensions
    bits.put(1, 1); // default transforms
    bits.bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rgb16;
    use jxl::api::{
        Endianness, Event, JxlColorType, JxlDataFormat, JxlDecoder, JxlDecoderOptions, JxlOutputBuffer, JxlPixelFormat,
    };

    fn decode(mut file: &[u8]) -> (usize, usize, Vec<u16>, String) {
        let mut decoder = JxlDecoder::new(JxlDecoderOptions::default());
        assert_eq!(decoder.process(&mut file, None, None).unwrap(), Event::BasicInfo);
        let (w, h) = decoder.basic_info().unwrap().size;
        let color = format!("{:?}", decoder.embedded_color_profile().unwrap());
        let format = JxlDataFormat::U16 { endianness: Endianness::LittleEndian, bit_depth: 16 };
        decoder
            .set_pixel_format(JxlPixelFormat {
                color_type: JxlColorType::Rgb,
                color_data_format: Some(format),
                extra_channel_format: vec![],
            })
            .unwrap();
        let mut bytes = vec![0u8; 6 * w * h];
        loop {
            let mut buffers = [JxlOutputBuffer::new(&mut bytes, h, 6 * w)];
            match decoder.process(&mut file, Some(&mut buffers), None).unwrap() {
                Event::NeedMoreInput { .. } => panic!("truncated"),
                Event::Complete => break,
                _ => {}
            }
        }
        (w, h, bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect(), color)
    }

    #[test]
    fn an_independent_reader_agrees() {
        for (w, h) in [(2, 2), (255, 300), (700, 513)] {
            for space in [ColorSpace::Srgb, ColorSpace::DisplayP3] {
                let data: Vec<u16> = (0..w * h * 3).map(|i| (i * i * 31 % 65536) as u16).collect();
                let picture = Rgb16::from_vec(w, h, data.clone()).unwrap();
                let metadata = Metadata { color_space: space, xmp: Some("<x/>".into()), ..Metadata::default() };
                let mut file = Vec::new();
                write_jxl(&mut file, &picture, &metadata).unwrap();
                let (dw, dh, pixels, color) = decode(&file);
                assert_eq!((dw, dh), (w, h));
                assert!(pixels == data);
                assert_eq!(color.contains("P3"), space == ColorSpace::DisplayP3, "{color}");
            }
        }
    }

    #[test]
    fn narrow_pictures_are_refused_not_broken() {
        let result = write_jxl(Vec::new(), &Rgb16::new(1, 5), &Metadata::default());
        assert!(matches!(result, Err(Error::Encoder { .. })));
    }
}
