//! JPEG: baseline, with Huffman codes made for the picture, coded in stripes on all cores (ITU-T T.81).

mod dct;
mod huffman;
mod scan;

pub(crate) use scan::{Compressed, Layout};

use crate::error::check_size;
use crate::gain_map::GainMapImage;
use crate::metadata::{Metadata, xmp_packet};
use crate::picture::Rows;
use crate::ultra_hdr;
use crate::{Chroma, EncodeOptions, Error, Result};
use std::io::Write;

/// The longest side of a JPEG (its size fields have 16 bits).
const LIMIT: usize = 65_535;
/// Most data bytes in a segment.
pub(crate) const SEGMENT_LIMIT: usize = 65_533;

/// Writes a JPEG with EXIF, XMP and ICC, and as Ultra HDR where there is a gain map.
///
/// `picture` is an [`crate::Rgb8`], or a linear [`calotype_image::DisplayRgb`] in the primaries of
/// `metadata.color_space`, which is then encoded on the fly and not rounded before the transform. The picture's symbols
/// and bytes are held in memory until all are known: about 2 bytes a pixel at quality 92.
///
/// # Errors
/// [`Error::Empty`], [`Error::TooLarge`] beyond 65535 pixels a side, [`Error::MetadataTooLarge`] for more than 64 kB of
/// XMP, [`Error::Write`].
pub fn write_jpeg(
    mut out: impl Write,
    picture: &impl Rows<f32>,
    gain_map: Option<&GainMapImage>,
    metadata: &Metadata,
    options: &EncodeOptions,
) -> Result<()> {
    let (width, height) = (picture.width(), picture.height());
    check_size("JPEG", LIMIT, width, height)?;
    let layout = match options.chroma {
        Chroma::Half => Layout::Half,
        Chroma::Full => Layout::Full,
    };
    let main = Compressed::new(width, height, layout, options.quality, |y, out| picture.fill(0, y, out));
    let exif = metadata.exif_block(width, height, SEGMENT_LIMIT - 6, true);
    let gain_map = gain_map.map(|map| ultra_hdr::gain_map_jpeg(map, options.gain_map_quality)).transpose()?;

    let mut head = vec![0xFF, 0xD8];
    segment(&mut head, 1, "EXIF", &[b"Exif\0\0", &exif])?;
    let map_length = gain_map.as_ref().map(Vec::len);
    if let Some(xmp) = ultra_hdr::primary_xmp(metadata.xmp.as_deref(), map_length) {
        segment(&mut head, 1, "XMP", &[XMP_NAME, xmp_packet(&xmp).as_bytes()])?;
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
            let picture = waves(w, h);
            let compressed = Compressed::new(w, h, Layout::Half, 80, |y, out| picture.fill(0, y, out));
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
    fn linear_and_encoded_pictures_agree() {
        use calotype_image::{DisplayRgb, Plane};
        let planes = [1, 2, 3].map(|k| Plane::from_fn(333, 77, move |x, y| (k * (x + y)) as f32 / 1230.0));
        let linear = DisplayRgb::from_planes(planes);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        let options = EncodeOptions { quality: 95, chroma: Chroma::Full, ..EncodeOptions::default() };
        write_jpeg(&mut a, &linear, None, &Metadata::default(), &options).unwrap();
        write_jpeg(&mut b, &crate::to_rgb8(&linear), None, &Metadata::default(), &options).unwrap();
        let (a, b) = (decode(&a).2, decode(&b).2);
        let sum: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) - f64::from(b)).sum();
        assert!((sum / a.len() as f64).abs() < 0.1);
        assert!(a.iter().zip(&b).all(|(&a, &b)| a.abs_diff(b) <= 6));
    }

    #[test]
    fn extremes_are_kept() {
        for value in [0u8, 255] {
            let mut jpeg = Vec::new();
            let picture = Rgb8::from_vec(40, 24, vec![value; 40 * 24 * 3]).unwrap();
            write_jpeg(&mut jpeg, &picture, None, &Metadata::default(), &EncodeOptions::with_quality(100)).unwrap();
            assert!(decode(&jpeg).2.iter().all(|&v| v == value));
        }
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
