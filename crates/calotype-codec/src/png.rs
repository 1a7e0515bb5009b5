//! 16-bit PNG with EXIF, XMP and ICC (W3C PNG, third edition).

use crate::error::check_size;
use crate::metadata::{Metadata, xmp_packet};
use crate::picture::Rows;
use crate::quantize::{band_rows, in_order, interleave};
use crate::{Error, Result};
use png::{BitDepth, ColorType, Compression, EncodingError, Info};
use std::io::{BufWriter, Write};

/// The longest side.
const LIMIT: usize = i32::MAX as usize;

/// Writes a 16-bit RGB PNG with fast compression.
///
/// # Errors
/// [`Error::Empty`], [`Error::TooLarge`], [`Error::Write`].
pub fn write_png(out: impl Write, picture: &impl Rows<u16>, metadata: &Metadata) -> Result<()> {
    let (width, height) = (picture.width(), picture.height());
    check_size("PNG", LIMIT, width, height)?;
    let mut info = Info::with_size(width as u32, height as u32);
    info.color_type = ColorType::Rgb;
    info.bit_depth = BitDepth::Sixteen;
    info.icc_profile = Some(metadata.icc().into());
    info.exif_metadata = Some(metadata.exif_block(width, height, usize::MAX, false).into());
    let mut encoder = png::Encoder::with_info(BufWriter::with_capacity(1 << 16, out), info).map_err(failed)?;
    encoder.set_compression(Compression::Fast);
    if let Some(xmp) = &metadata.xmp {
        encoder.add_itxt_chunk("XML:com.adobe.xmp".into(), xmp_packet(xmp)).map_err(failed)?;
    }
    let mut writer = encoder.write_header().map_err(failed)?;
    let mut stream = writer.stream_writer_with_size(1 << 16).map_err(failed)?;
    let rows = band_rows(width).min(height);
    in_order(
        height.div_ceil(rows),
        |i| big_endian(picture, i * rows, rows.min(height - i * rows)),
        |band| stream.write_all(&band),
    )?;
    stream.finish().map_err(failed)?;
    writer.finish().map_err(failed)
}

fn failed(error: EncodingError) -> Error {
    match error {
        EncodingError::IoError(error) => Error::Write(error),
        other => Error::Encoder { format: "PNG", message: other.to_string() },
    }
}

fn big_endian(picture: &impl Rows<u16>, top: usize, rows: usize) -> Vec<u8> {
    let mut row = vec![0u16; 3 * picture.width()];
    let mut bytes = Vec::with_capacity(2 * row.len() * rows);
    for y in top..top + rows {
        interleave(picture, y, &mut row);
        bytes.extend(row.iter().flat_map(|v| v.to_be_bytes()));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColorSpace, Rgb16};
    use std::io::Cursor;

    #[test]
    fn pictures_and_metadata_come_back() {
        for (w, h) in [(1, 1), (301, 1207)] {
            let data: Vec<u16> = (0..w * h * 3).map(|i| (i * 7919 % 65536) as u16).collect();
            let picture = Rgb16::from_vec(w, h, data.clone()).unwrap();
            let mut metadata =
                Metadata { xmp: Some("<é/>".into()), color_space: ColorSpace::DisplayP3, ..Metadata::default() };
            metadata.exif.model = Some("Box".into());
            let mut out = Vec::new();
            write_png(&mut out, &picture, &metadata).unwrap();
            let mut reader = png::Decoder::new(Cursor::new(&out)).read_info().unwrap();
            let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut bytes).unwrap();
            assert!(bytes.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]])).eq(data));
            let info = reader.info();
            assert_eq!(info.icc_profile.as_deref(), Some(metadata.icc()));
            assert!(info.exif_metadata.as_ref().unwrap().windows(3).any(|w| w == b"Box"));
            let packet = info.utf8_text[0].get_text().unwrap();
            assert!(packet.starts_with("<?xpacket begin=") && packet.contains("<é/>"), "{packet}");
        }
    }

    #[test]
    fn a_full_disk_is_told() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let error = write_png(Full, &Rgb16::new(300, 300), &Metadata::default()).unwrap_err();
        assert!(error.is_disk_full(), "{error:?}");
    }
}
