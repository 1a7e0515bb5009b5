//! What a photograph says about itself.

use crate::OutputSpace;
use calotype_codec::{ColorSpace, Directory, Exif, Metadata, Value};
use calotype_dng::DngInfo;
use calotype_dng::tiff::{IfdEntry, Value as TiffValue};

/// The metadata of a photograph from the reference frame's: exposure, lens, time and place.
pub(crate) fn metadata(info: &DngInfo, space: OutputSpace) -> Metadata {
    let exif = &info.exif;
    let text = |s: &str| Some(s.to_string()).filter(|s| !s.trim().is_empty());
    let extra = entries(Directory::Exif, &info.exif_raw).chain(entries(Directory::Gps, &info.gps_raw)).collect();
    Metadata {
        exif: Exif {
            make: text(&info.make),
            model: text(&info.model),
            lens_make: text(&exif.lens_make),
            lens_model: text(&exif.lens_model),
            exposure_time: exif.exposure_time_s.and_then(fraction),
            f_number: exif.f_number.and_then(fraction),
            exposure_bias: exif.exposure_bias_ev.filter(|v| v.abs() < 100.0).map(|v| ((v * 100.0).round() as i32, 100)),
            iso: exif.iso.filter(|v| (1.0..1e9).contains(v)).map(|v| v.round() as u32),
            focal_length_mm: exif.focal_mm.and_then(fraction),
            focal_length_35mm: exif.focal_35mm.filter(|v| (1.0..65535.0).contains(v)).map(|v| v.round() as u16),
            date_time_original: text(&exif.date_time_original),
            subsec: text(&exif.sub_sec_original),
            offset: text(&exif.offset_original),
            software: Some(concat!("Calotype ", env!("CARGO_PKG_VERSION")).into()),
            artist: preserved(info, 0x013B),
            copyright: preserved(info, 0x8298),
            description: preserved(info, 0x010E),
            extra,
        },
        // The packet of a raw file describes that file (its format, its edits), so only what is in EXIF goes on; the
        // photograph's own is that of its record.
        xmp: None,
        color_space: match space {
            OutputSpace::Srgb => ColorSpace::Srgb,
            OutputSpace::DisplayP3 => ColorSpace::DisplayP3,
        },
    }
}

/// A text tag that the file's main directory holds.
fn preserved(info: &DngInfo, tag: u16) -> Option<String> {
    info.preserve.iter().find(|e| e.tag == tag).and_then(|e| match &e.value {
        TiffValue::Ascii(text) => Some(text.trim().to_string()).filter(|t| !t.is_empty()),
        _ => None,
    })
}

/// Entries of a raw file's directory for the photograph. The maker's own block is left out: its offsets point into a
/// file that is no more.
fn entries(directory: Directory, raw: &[IfdEntry]) -> impl Iterator<Item = (Directory, u16, Value)> {
    const MAKER_NOTE: u16 = 0x927C;
    raw.iter().filter(|e| e.tag != MAKER_NOTE).filter_map(move |e| Some((directory, e.tag, value(&e.value)?)))
}

/// A TIFF value in the terms of the writer.
fn value(value: &TiffValue) -> Option<Value> {
    let bytes = |kind: u16, count: usize, bytes: Vec<u8>| Value::Other { kind, count: count as u32, bytes };
    Some(match value {
        TiffValue::Byte(v) => Value::Byte(v.clone()),
        TiffValue::Ascii(v) => Value::Ascii(v.clone()),
        TiffValue::Short(v) => Value::Short(v.clone()),
        TiffValue::Long(v) => Value::Long(v.clone()),
        TiffValue::Rational(v) => Value::Rational(v.iter().map(|&[n, d]| (n, d)).collect()),
        TiffValue::SRational(v) => Value::SRational(v.iter().map(|&[n, d]| (n, d)).collect()),
        TiffValue::Undefined(v) => Value::Undefined(v.clone()),
        TiffValue::SByte(v) => bytes(6, v.len(), v.iter().map(|&b| b as u8).collect()),
        TiffValue::SShort(v) => bytes(8, v.len(), v.iter().flat_map(|b| b.to_le_bytes()).collect()),
        TiffValue::SLong(v) => bytes(9, v.len(), v.iter().flat_map(|b| b.to_le_bytes()).collect()),
        TiffValue::Float(v) => bytes(11, v.len(), v.iter().flat_map(|b| b.to_le_bytes()).collect()),
        TiffValue::Double(v) => bytes(12, v.len(), v.iter().flat_map(|b| b.to_le_bytes()).collect()),
        // BigTIFF only: EXIF has no such type.
        _ => return None,
    })
}

/// A positive number as a fraction: 1/n for short times, thousandths otherwise.
fn fraction(v: f64) -> Option<(u32, u32)> {
    if !(v.is_finite() && v > 0.0 && v < 4e6) {
        return None;
    }
    if v < 1.0 {
        let n = 1.0 / v;
        if (n - n.round()).abs() < 0.02 * n && n < 4e9 {
            return Some((1, n.round() as u32));
        }
    }
    Some(((v * 1000.0).round() as u32, 1000)).filter(|f| f.0 > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_read_as_photographers_write_them() {
        assert_eq!(fraction(1.0 / 125.0), Some((1, 125)));
        assert_eq!(fraction(1.8), Some((1800, 1000)));
        assert_eq!(fraction(0.7), Some((700, 1000)));
        assert_eq!(fraction(0.0), None);
        assert_eq!(fraction(f64::NAN), None);
    }
}
