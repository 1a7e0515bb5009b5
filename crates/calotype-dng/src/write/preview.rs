//! The small picture that file browsers show.

use super::Ifd;
use crate::DngError;
use crate::tiff::{Value, tags};
use std::borrow::Cow;

/// A rendered picture in sRGB, turned as the raw picture is stored (Orientation applies to both).
#[derive(Clone, Copy, Debug)]
pub enum Preview<'a> {
    /// Uncompressed.
    Rgb8 {
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
        /// Red, green, blue; `3 * width * height` bytes in row order.
        pixels: &'a [u8],
    },
    /// A baseline JPEG of three components.
    Jpeg(&'a [u8]),
}

impl<'a> Preview<'a> {
    /// Sets the tags that describe the preview, and its pixels; the raw picture then belongs in a SubIFD.
    ///
    /// # Errors
    /// [`DngError::Write`] for pixels that do not fill the size, and for streams that are no JPEG of three components.
    pub fn put(&self, ifd: &mut Ifd<'a>) -> Result<(), DngError> {
        let wrong = |reason: &str| DngError::Write { reason: reason.to_owned() };
        let (width, height) = match *self {
            Self::Rgb8 { width, height, pixels } => {
                let expected = width.checked_mul(height).and_then(|n| n.checked_mul(3));
                if pixels.is_empty() || expected != Some(pixels.len()) {
                    let size = pixels.len();
                    return Err(wrong(&format!("{size} bytes are no preview of {width}x{height} pixels")));
                }
                ifd.set(tags::COMPRESSION, Value::Short(vec![1]));
                ifd.set(tags::PHOTOMETRIC_INTERPRETATION, Value::Short(vec![2]));
                ifd.set_strips(vec![Cow::Borrowed(pixels)]);
                (width, height)
            }
            Self::Jpeg(stream) => {
                let frame = frame(stream).ok_or_else(|| wrong("the preview is no JPEG of three components"))?;
                ifd.set(tags::COMPRESSION, Value::Short(vec![7]));
                ifd.set(tags::PHOTOMETRIC_INTERPRETATION, Value::Short(vec![6]));
                ifd.set(tags::YCBCR_SUB_SAMPLING, Value::Short(frame.sampling.to_vec()));
                // centred, as JFIF has it, over the full range
                ifd.set(tags::YCBCR_POSITIONING, Value::Short(vec![1]));
                let range = [0, 255, 128, 255, 128, 255].map(|v| [v, 1]);
                ifd.set(tags::REFERENCE_BLACK_WHITE, Value::Rational(range.to_vec()));
                ifd.set_strips(vec![Cow::Borrowed(stream)]);
                (frame.width, frame.height)
            }
        };
        let long = |v: usize| u32::try_from(v).map_err(|_| wrong(&format!("a preview of {v} pixels is too large")));
        ifd.set(tags::NEW_SUBFILE_TYPE, Value::Long(vec![1]));
        ifd.set(tags::IMAGE_WIDTH, Value::Long(vec![long(width)?]));
        ifd.set(tags::IMAGE_LENGTH, Value::Long(vec![long(height)?]));
        ifd.set(tags::BITS_PER_SAMPLE, Value::Short(vec![8; 3]));
        ifd.set(tags::SAMPLES_PER_PIXEL, Value::Short(vec![3]));
        ifd.set(tags::ROWS_PER_STRIP, Value::Long(vec![long(height)?]));
        ifd.set(tags::PLANAR_CONFIGURATION, Value::Short(vec![1]));
        // sRGB
        ifd.set(tags::PREVIEW_COLOR_SPACE, Value::Long(vec![2]));
        Ok(())
    }
}

struct Frame {
    width: usize,
    height: usize,
    sampling: [u16; 2],
}

/// The frame header of a JPEG of three components.
fn frame(stream: &[u8]) -> Option<Frame> {
    let word = |i: usize| Some(usize::from(u16::from_be_bytes([*stream.get(i)?, *stream.get(i + 1)?])));
    if word(0)? != 0xFFD8 {
        return None;
    }
    let mut i = 2;
    loop {
        let marker = word(i)?;
        match marker {
            // baseline, extended and progressive frames
            0xFFC0..=0xFFC2 if *stream.get(i + 9)? == 3 => {
                let sampling = *stream.get(i + 11)?;
                return Some(Frame {
                    height: word(i + 5)?,
                    width: word(i + 7)?,
                    sampling: [u16::from(sampling >> 4), u16::from(sampling & 15)],
                });
            }
            0xFFC4 | 0xFFDB | 0xFFDD | 0xFFE0..=0xFFEF | 0xFFFE => i += 2 + word(i + 2)?,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_checked_and_read() {
        let mut ifd = Ifd::default();
        assert!(Preview::Rgb8 { width: 2, height: 2, pixels: &[0; 11] }.put(&mut ifd).is_err());
        assert!(Preview::Rgb8 { width: 0, height: 2, pixels: &[] }.put(&mut ifd).is_err());
        assert!(Preview::Jpeg(&[0xFF, 0xD8, 0xFF, 0xD9]).put(&mut ifd).is_err());
        let header = b"\xFF\xD8\xFF\xE0\0\x04ab\xFF\xC0\0\x11\x08\0\x20\0\x40\x03\x01\x22\0\x02\x11\x01\x03\x11\x01";
        Preview::Jpeg(header).put(&mut ifd).unwrap();
        assert_eq!(ifd.get(tags::IMAGE_WIDTH), Some(&Value::Long(vec![64])));
        assert_eq!(ifd.get(tags::IMAGE_LENGTH), Some(&Value::Long(vec![32])));
        assert_eq!(ifd.get(tags::YCBCR_SUB_SAMPLING), Some(&Value::Short(vec![2, 2])));
    }
}
