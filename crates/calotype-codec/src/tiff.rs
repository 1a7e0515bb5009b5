//! 16-bit TIFF: strips, deflate with the horizontal predictor, EXIF, XMP and ICC inside (TIFF 6.0 and its supplements).

use crate::error::check_size;
use crate::ifd::Value;
use crate::metadata::{Metadata, write_linked, xmp_packet};
use crate::picture::Rows;
use crate::quantize::{band_rows, in_order, interleave};
use crate::{EncodeOptions, Result};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::{Seek, SeekFrom, Write};

/// The longest side: keeps every offset of the file in 32 bits for pictures up to 65535 x 10000.
const LIMIT: usize = 1 << 20;

/// Writes a 16-bit RGB TIFF, strip by strip; the strips are compressed on all cores.
///
/// # Errors
/// [`crate::Error::Empty`], [`crate::Error::TooLarge`], [`crate::Error::Write`] (also where the file would pass 4 GiB).
pub fn write_tiff(
    mut out: impl Write + Seek,
    picture: &impl Rows<u16>,
    metadata: &Metadata,
    options: &EncodeOptions,
) -> Result<()> {
    let (width, height) = (picture.width(), picture.height());
    check_size("TIFF", LIMIT, width, height)?;
    let start = out.stream_position()?;
    out.write_all(b"II*\0\0\0\0\0")?;
    let rows = band_rows(width).min(height);
    let (mut offsets, mut sizes) = (Vec::new(), Vec::new());
    let mut at = 8u64;
    in_order(
        height.div_ceil(rows),
        |i| strip(picture, i * rows, rows.min(height - i * rows), options.compress),
        |strip| -> Result<()> {
            offsets.push(in_32_bits(at)?);
            sizes.push(in_32_bits(strip.len() as u64)?);
            out.write_all(&strip)?;
            at += strip.len() as u64;
            if !at.is_multiple_of(2) {
                out.write_all(&[0])?; // values begin on even offsets
                at += 1;
            }
            Ok(())
        },
    )?;

    let [mut main, exif, gps] = metadata.tiff_directories();
    main.set(0x00FE, 0u32);
    main.set(0x0100, width as u32);
    main.set(0x0101, height as u32);
    main.set(0x0102, Value::Short(vec![16; 3]));
    main.set(0x0103, if options.compress { 8u16 } else { 1 });
    main.set(0x0106, 2u16); // RGB
    main.set(0x0111, Value::Long(offsets));
    main.set(0x0115, 3u16);
    main.set(0x0116, rows as u32);
    main.set(0x0117, Value::Long(sizes));
    main.set(0x011A, Value::Rational(vec![(72, 1)]));
    main.set(0x011B, Value::Rational(vec![(72, 1)]));
    main.set(0x011C, 1u16);
    main.set(0x0128, 2u16);
    if options.compress {
        main.set(0x013D, 2u16);
    }
    if let Some(xmp) = &metadata.xmp {
        main.set(0x02BC, Value::Byte(xmp_packet(xmp).into_bytes()));
    }
    main.set(0x8773, Value::Undefined(metadata.icc().to_vec()));
    let mut directories = Vec::new();
    write_linked(main, exif, gps, in_32_bits(at)?, &mut directories);
    out.write_all(&directories)?;
    let end = out.stream_position()?;
    out.seek(SeekFrom::Start(start + 4))?;
    out.write_all(&in_32_bits(at)?.to_le_bytes())?;
    out.seek(SeekFrom::Start(end))?;
    out.flush()?;
    Ok(())
}

fn in_32_bits(v: u64) -> std::io::Result<u32> {
    u32::try_from(v).map_err(|_| std::io::Error::new(std::io::ErrorKind::FileTooLarge, "a TIFF ends at 4 GiB"))
}

/// Rows from `top` on as bytes in little-endian order.
fn strip(picture: &impl Rows<u16>, top: usize, rows: usize, compress: bool) -> Vec<u8> {
    let width = picture.width();
    let mut row = vec![0u16; 3 * width];
    let mut bytes = Vec::with_capacity(6 * width * rows);
    for y in top..top + rows {
        interleave(picture, y, &mut row);
        if compress {
            // the horizontal predictor (TIFF 6.0, section 14), from the right so that it needs no copy
            for i in (3..row.len()).rev() {
                row[i] = row[i].wrapping_sub(row[i - 3]);
            }
        }
        bytes.extend(row.iter().flat_map(|v| v.to_le_bytes()));
    }
    if compress { deflate(&bytes) } else { bytes }
}

/// A zlib stream.
pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 2 + 64), Compression::new(DEFLATE_LEVEL));
    // writing to memory does not fail
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

/// Noise does not compress: on 16-bit photographs level 6 takes three times the time of level 1 for 2 % of the size.
const DEFLATE_LEVEL: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rgb16;
    use std::io::{Cursor, Read};

    fn picture(width: usize, height: usize) -> Rgb16 {
        let data = (0..width * height * 3).map(|i| (i * 7919 % 65536) as u16).collect();
        Rgb16::from_vec(width, height, data).unwrap()
    }

    /// A reader of just what is written here.
    fn read(file: &[u8]) -> Rgb16 {
        let u16_at = |at: usize| u16::from_le_bytes(file[at..at + 2].try_into().unwrap());
        let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let ifd = u32_at(4);
        let entry = |tag: u16| (0..usize::from(u16_at(ifd))).map(|i| ifd + 2 + 12 * i).find(|&at| u16_at(at) == tag);
        let values = |tag: u16| -> Vec<usize> {
            let Some(at) = entry(tag) else { return vec![] };
            let (kind, count) = (u16_at(at + 2), u32_at(at + 4));
            let size = if kind == 3 { 2 } else { 4 };
            let from = if count * size <= 4 { at + 8 } else { u32_at(at + 8) };
            (0..count).map(|i| if kind == 3 { u16_at(from + 2 * i).into() } else { u32_at(from + 4 * i) }).collect()
        };
        let (width, height) = (values(0x100)[0], values(0x101)[0]);
        let mut data = Vec::new();
        for (offset, size) in values(0x111).into_iter().zip(values(0x117)) {
            let mut bytes = file[offset..offset + size].to_vec();
            if values(0x103) == [8] {
                let mut plain = Vec::new();
                flate2::read::ZlibDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
                bytes = plain;
            }
            data.extend(bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])));
        }
        if values(0x13D) == [2] {
            for row in data.chunks_exact_mut(3 * width) {
                (3..row.len()).for_each(|i| row[i] = row[i].wrapping_add(row[i - 3]));
            }
        }
        Rgb16::from_vec(width, height, data).unwrap()
    }

    #[test]
    fn pictures_come_back() {
        for (w, h) in [(1, 1), (3, 5), (700, 801)] {
            for compress in [false, true] {
                let (p, mut out) = (picture(w, h), Cursor::new(Vec::new()));
                let options = EncodeOptions { compress, ..EncodeOptions::default() };
                write_tiff(&mut out, &p, &Metadata::default(), &options).unwrap();
                assert!(read(out.get_ref()) == p, "{w} x {h}");
            }
        }
    }
}
