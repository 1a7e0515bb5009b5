//! JPEG: stripes on all cores, joined by restart markers, under a header of our own.
//!
//! Every stripe of the picture is one restart interval, so its entropy-coded bytes stand alone (ITU-T T.81, E.1.4): the
//! stripes are compressed in parallel as small JPEGs of their own, and only their scan data is kept.

use crate::error::check_size;
use crate::gain_map::GainMapImage;
use crate::metadata::Metadata;
use crate::picture::Rows;
use crate::ultra_hdr;
use crate::{Chroma, EncodeOptions, Error, Result};
use calotype_image::par;
use fearless_simd::{Level, dispatch};
use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, EncodingError, ImageBuffer, JpegColorType, SamplingFactor};
use std::io::Write;

/// The longest side of a JPEG (its size fields have 16 bits).
const LIMIT: usize = 65_535;
/// Most data bytes in a segment.
pub(crate) const SEGMENT_LIMIT: usize = 65_533;

/// Writes a JPEG with EXIF, XMP and ICC, and as Ultra HDR where there is a gain map.
///
/// `picture` is an [`crate::Rgb8`], or a linear [`calotype_image::DisplayRgb`] in the primaries of
/// `metadata.color_space`, which is then encoded and dithered on the fly. The compressed picture is held in memory (a
/// few megabytes), as the header tells its size.
///
/// # Errors
/// [`Error::Empty`], [`Error::TooLarge`] beyond 65535 pixels a side, [`Error::MetadataTooLarge`] for more than 64 kB of
/// XMP, [`Error::Write`].
pub fn write_jpeg(
    mut out: impl Write,
    picture: &impl Rows<u8>,
    gain_map: Option<&GainMapImage>,
    metadata: &Metadata,
    options: &EncodeOptions,
) -> Result<()> {
    let (width, height) = (picture.width(), picture.height());
    check_size("JPEG", LIMIT, width, height)?;
    let main = Compressed::color(picture, options.quality, options.chroma)?;
    let exif = metadata.exif_block(width, height, SEGMENT_LIMIT - 6, true);
    let gain_map = gain_map.map(|map| ultra_hdr::gain_map_jpeg(map, options.gain_map_quality)).transpose()?;

    let mut head = vec![0xFF, 0xD8];
    segment(&mut head, 1, "EXIF", &[b"Exif\0\0", &exif])?;
    let map_length = gain_map.as_ref().map(Vec::len);
    if let Some(xmp) = ultra_hdr::primary_xmp(metadata.xmp.as_deref(), map_length) {
        segment(&mut head, 1, "XMP", &[XMP_NAME, xmp.as_bytes()])?;
    }
    segment(&mut head, 2, "ICC", &[b"ICC_PROFILE\0\x01\x01", metadata.icc()])?;
    if let Some(length) = map_length {
        ultra_hdr::primary_segments(&mut head, main.len(), length)?;
    }
    out.write_all(&head)?;
    main.write(&mut out)?;
    if let Some(map) = gain_map {
        out.write_all(&map)?;
    }
    out.flush()?;
    Ok(())
}

/// What begins an XMP segment (XMP specification part 3, 1.1.3).
pub(crate) const XMP_NAME: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Appends an application segment.
pub(crate) fn segment(head: &mut Vec<u8>, number: u8, what: &'static str, parts: &[&[u8]]) -> Result<()> {
    let size = parts.iter().map(|p| p.len()).sum();
    if size > SEGMENT_LIMIT {
        return Err(Error::MetadataTooLarge { what, format: "JPEG", size, limit: SEGMENT_LIMIT });
    }
    head.extend([0xFF, 0xE0 + number]);
    head.extend((size as u16 + 2).to_be_bytes());
    parts.iter().for_each(|p| head.extend_from_slice(p));
    Ok(())
}

/// A compressed picture without its application segments: from the quantisation tables to the end marker.
pub(crate) struct Compressed {
    head: Vec<u8>,
    stripes: Vec<Stripe>,
}

/// One restart interval: the bytes from `start` to `end` of a small JPEG.
struct Stripe {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Compressed {
    /// A colour picture.
    pub fn color(picture: &impl Rows<u8>, quality: u8, chroma: Chroma) -> Result<Self> {
        let (factor, mcu) = match chroma {
            Chroma::Half => (SamplingFactor::R_4_2_0, 16),
            Chroma::Full => (SamplingFactor::R_4_4_4, 8),
        };
        Self::stripes(picture.width(), picture.height(), mcu, |top, rows, out| {
            let mut encoder = Encoder::new(out, quality.clamp(1, 100));
            encoder.set_sampling_factor(factor);
            encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
            encoder.encode_image(ColorStripe { picture, top, rows })
        })
    }

    /// A grey picture of `width * height` samples.
    pub fn gray(width: usize, height: usize, data: &[u8], quality: u8) -> Result<Self> {
        Self::stripes(width, height, 8, |top, rows, out| {
            let data = &data[top * width..][..rows * width];
            let encoder = Encoder::new(out, quality.clamp(1, 100));
            encoder.encode(data, width as u16, rows as u16, jpeg_encoder::ColorType::Luma)
        })
    }

    /// Compresses stripes with `encode(top, rows, out)` on all cores; `mcu` is the side of a coding unit in pixels.
    fn stripes(
        width: usize,
        height: usize,
        mcu: usize,
        encode: impl Fn(usize, usize, &mut Vec<u8>) -> std::result::Result<(), EncodingError> + Sync + Send,
    ) -> Result<Self> {
        let units = width.div_ceil(mcu);
        // half a megapixel each, and an interval that 16 bits can tell
        let unit_rows = ((1 << 19) / (units * mcu * mcu)).clamp(1, (LIMIT / units).max(1));
        let rows = unit_rows * mcu;
        let count = height.div_ceil(rows);
        let stripes = par::map(count, |i| {
            let top = i * rows;
            let mut bytes = Vec::with_capacity(width * rows / 3 + 1024);
            encode(top, rows.min(height - top), &mut bytes)
                .map_err(|e| Error::Encoder { format: "JPEG", message: e.to_string() })?;
            Stripe::new(bytes)
        })
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
        let interval = if count > 1 { units * unit_rows } else { 0 };
        let head = header(&stripes[0], height as u16, interval as u16);
        Ok(Self { head, stripes })
    }

    /// Bytes that [`Compressed::write`] writes.
    pub fn len(&self) -> usize {
        let scans: usize = self.stripes.iter().map(|s| s.end - s.start).sum();
        // a marker after every stripe, the last one ends the picture
        self.head.len() + scans + 2 * self.stripes.len()
    }

    /// Writes all from the tables on, with the end marker.
    pub fn write(&self, out: &mut impl Write) -> Result<()> {
        out.write_all(&self.head)?;
        for (i, stripe) in self.stripes.iter().enumerate() {
            out.write_all(&stripe.bytes[stripe.start..stripe.end])?;
            let marker = if i + 1 == self.stripes.len() { 0xD9 } else { 0xD0 + (i % 8) as u8 };
            out.write_all(&[0xFF, marker])?;
        }
        Ok(())
    }
}

impl Stripe {
    /// Finds the scan data in a JPEG of one scan.
    fn new(bytes: Vec<u8>) -> Result<Self> {
        let start = segments(&bytes).find(|(marker, _)| *marker == 0xDA).map(|(_, range)| range.end);
        let end = bytes.len().saturating_sub(2);
        match start {
            Some(start) if start <= end => Ok(Self { bytes, start, end }),
            _ => Err(Error::Encoder { format: "JPEG", message: "no scan".into() }),
        }
    }
}

/// Marker and place (from the marker on) of every segment up to the scan.
fn segments(jpeg: &[u8]) -> impl Iterator<Item = (u8, std::ops::Range<usize>)> {
    let mut at = 2;
    std::iter::from_fn(move || {
        let [0xFF, marker, high, low] = *jpeg.get(at..at + 4)? else { return None };
        let start = at;
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
        Some((marker, start..at))
    })
}

/// The tables, frame and scan headers of a stripe, for the whole height, with the restart interval in coding units.
fn header(stripe: &Stripe, height: u16, interval: u16) -> Vec<u8> {
    let mut head = Vec::new();
    for (marker, range) in segments(&stripe.bytes[..stripe.start]) {
        let mut bytes = stripe.bytes[range].to_vec();
        match marker {
            0xE0..=0xEF => continue,
            0xC0 => {
                bytes[5..7].copy_from_slice(&height.to_be_bytes());
                // components are numbered from 1: what readers without a JFIF segment take for YCbCr
                let count = usize::from(bytes[9]);
                (0..count).for_each(|i| bytes[10 + 3 * i] += 1);
            }
            0xDA => {
                let count = usize::from(bytes[4]);
                (0..count).for_each(|i| bytes[5 + 2 * i] += 1);
                if interval > 0 {
                    head.extend([0xFF, 0xDD, 0, 4]);
                    head.extend(interval.to_be_bytes());
                }
            }
            _ => {}
        }
        head.extend(bytes);
    }
    head
}

/// Rows `top` and on of a picture, in the colour differences of JPEG.
struct ColorStripe<'a, P> {
    picture: &'a P,
    top: usize,
    rows: usize,
}

impl<P: Rows<u8>> ImageBuffer for ColorStripe<'_, P> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.picture.width() as u16
    }

    fn height(&self) -> u16 {
        self.rows as u16
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        const STEP: usize = 1024;
        let mut rgb = [[0u8; STEP]; 3];
        let mut ycc = [[0u8; STEP]; 3];
        let width = self.picture.width();
        for x in (0..width).step_by(STEP) {
            let n = STEP.min(width - x);
            let [r, g, b] = &mut rgb;
            self.picture.fill(x, self.top + usize::from(y), [&mut r[..n], &mut g[..n], &mut b[..n]]);
            dispatch!(Level::new(), _simd => to_ycc(&rgb, &mut ycc));
            for (buffer, samples) in buffers.iter_mut().zip(&ycc) {
                buffer.extend_from_slice(&samples[..n]);
            }
        }
    }
}

/// Luma and colour differences of JFIF (ITU-T T.871, clause 7), rounded to nearest.
#[inline(always)]
fn to_ycc<const N: usize>([r, g, b]: &[[u8; N]; 3], [y, cb, cr]: &mut [[u8; N]; 3]) {
    // coefficients times 2^16; rows sum to 65536, 0 and 0
    for i in 0..N {
        let (r, g, b) = (i32::from(r[i]), i32::from(g[i]), i32::from(b[i]));
        y[i] = ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16) as u8;
        // one less than a half: the largest value would round to 256
        cb[i] = ((-11058 * r - 21710 * g + 32768 * b + (128 << 16) + 32767) >> 16) as u8;
        cr[i] = ((32768 * r - 27439 * g - 5329 * b + (128 << 16) + 32767) >> 16) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rgb8;
    use zune_jpeg::JpegDecoder;
    use zune_jpeg::zune_core::bytestream::ZCursor;
    use zune_jpeg::zune_core::colorspace::ColorSpace;
    use zune_jpeg::zune_core::options::DecoderOptions;

    fn waves(width: usize, height: usize) -> Rgb8 {
        let data = (0..width * height)
            .flat_map(|i| {
                let (x, y) = ((i % width) as f32, (i / width) as f32);
                [x / 9.0, y / 7.0, (x + y) / 11.0].map(|a| (128.0 + 100.0 * a.sin()) as u8)
            })
            .collect();
        Rgb8::from_vec(width, height, data).unwrap()
    }

    fn decode(jpeg: &[u8]) -> (usize, usize, Vec<u8>) {
        let options = DecoderOptions::default()
            .set_max_height(1 << 16)
            .set_max_width(1 << 16)
            .jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
        let pixels = decoder.decode().unwrap();
        let (w, h) = decoder.dimensions().unwrap();
        (w, h, pixels)
    }

    #[test]
    fn pictures_come_back() {
        for (w, h) in [(1, 1), (17, 9), (640, 481), (1000, 1601), (64, 17000), (20000, 40)] {
            for chroma in [Chroma::Half, Chroma::Full] {
                let picture = waves(w, h);
                let options = EncodeOptions { quality: 97, chroma, ..EncodeOptions::default() };
                let mut jpeg = Vec::new();
                write_jpeg(&mut jpeg, &picture, None, &Metadata::default(), &options).unwrap();
                let (dw, dh, pixels) = decode(&jpeg);
                assert_eq!((dw, dh), (w, h));
                let square: f64 =
                    pixels.iter().zip(picture.data()).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
                let rms = (square / pixels.len() as f64).sqrt();
                assert!(rms < 6.0, "{w} x {h} {chroma:?}: {rms}");
            }
        }
    }

    #[test]
    fn length_is_told_before_writing() {
        for (w, h) in [(3, 3), (1024, 1300)] {
            let compressed = Compressed::color(&waves(w, h), 80, Chroma::Half).unwrap();
            let mut out = Vec::new();
            compressed.write(&mut out).unwrap();
            assert_eq!(out.len(), compressed.len());
        }
    }

    #[test]
    fn threads_do_not_matter() {
        let picture = waves(900, 1100);
        let encode = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut out = Vec::new();
            pool.install(|| {
                write_jpeg(&mut out, &picture, None, &Metadata::default(), &EncodeOptions::default()).unwrap();
            });
            out
        };
        assert!(encode(1) == encode(3));
    }

    #[test]
    fn ycc_ends_of_the_range() {
        let mut out = [[0u8; 4]; 3];
        to_ycc(&[[0, 255, 255, 0], [0, 255, 0, 0], [0, 255, 0, 255]], &mut out);
        assert_eq!(out, [[0, 255, 76, 29], [128, 128, 85, 255], [128, 128, 255, 107]]);
    }

    #[test]
    fn what_a_jpeg_cannot_hold_is_an_error() {
        let write = |picture: &Rgb8, metadata: &Metadata| {
            write_jpeg(Vec::new(), picture, None, metadata, &EncodeOptions::default())
        };
        assert!(matches!(write(&Rgb8::new(0, 4), &Metadata::default()), Err(Error::Empty { .. })));
        assert!(matches!(write(&Rgb8::new(65_536, 1), &Metadata::default()), Err(Error::TooLarge { .. })));
        let xmp = Some("x".repeat(70_000) + "</rdf:RDF>");
        let result = write(&Rgb8::new(1, 1), &Metadata { xmp, ..Metadata::default() });
        assert!(matches!(result, Err(Error::MetadataTooLarge { what: "XMP", .. })));
    }
}
