//! The Ultra HDR container: a JPEG, its gain map as a second JPEG behind it, and three ways to find and read it.
//!
//! The pair is listed in an MPF index (CIPA DC-007) and in a directory of XMP items; the gain map's numbers are written
//! as `hdrgm` XMP (Ultra HDR image format 1.1) and in the binary form of ISO 21496-1, annex C.

use crate::Result;
use crate::gain_map::{GainMapImage, GainMapMetadata};
use crate::jpeg::{Compressed, Layout, XMP_NAME, segment};
use crate::metadata::{xmp_packet, xmp_with};

/// The name that begins an ISO 21496-1 segment.
const ISO_NAME: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";
/// The name that begins an MPF segment.
const MPF_NAME: &[u8] = b"MPF\0";
/// Length of the MPF structure that [`mpf`] writes.
const MPF_LENGTH: usize = 8 + 2 + 3 * 12 + 4 + 32;

/// The gain map as a JPEG of its own, with its metadata.
pub(crate) fn gain_map_jpeg(map: &GainMapImage, quality: u8) -> Result<Vec<u8>> {
    let (width, height) = (map.width(), map.height());
    let channels = map.channels();
    let layout = if channels == 3 { Layout::Full } else { Layout::Gray };
    let compressed = Compressed::new(width, height, layout, quality, |y, out| {
        let row = &map.data()[y * width * channels..][..width * channels];
        for (c, out) in out.into_iter().enumerate().take(channels) {
            for (out, pixel) in out.iter_mut().zip(row.chunks_exact(channels)) {
                *out = f32::from(pixel[c]) / 255.0;
            }
        }
    });
    let mut out = vec![0xFF, 0xD8];
    let xmp = xmp_packet(&xmp_with(None, &hdrgm(&map.metadata, map.channels() == 3)));
    segment(&mut out, 1, "XMP", &[XMP_NAME, xmp.as_bytes()])?;
    segment(&mut out, 2, "gain map", &[ISO_NAME, &iso(&map.metadata, map.channels() == 3)])?;
    compressed.write(&mut out)?;
    Ok(out)
}

/// The main picture's XMP: the caller's, and the list of items where a gain map of that many bytes follows.
pub(crate) fn primary_xmp(xmp: Option<&str>, gain_map: Option<usize>) -> Option<String> {
    let Some(length) = gain_map else { return xmp.map(str::to_owned) };
    let directory = format!(
        "<rdf:Description rdf:about=\"\" xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" \
         xmlns:Container=\"http://ns.google.com/photos/1.0/container/\" \
         xmlns:Item=\"http://ns.google.com/photos/1.0/container/item/\" hdrgm:Version=\"1.0\">\n\
         <Container:Directory><rdf:Seq>\n\
         <rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Semantic=\"Primary\" Item:Mime=\"image/jpeg\"/></rdf:li>\n\
         <rdf:li rdf:parseType=\"Resource\"><Container:Item Item:Semantic=\"GainMap\" Item:Mime=\"image/jpeg\" \
         Item:Length=\"{length}\"/></rdf:li>\n\
         </rdf:Seq></Container:Directory>\n</rdf:Description>\n"
    );
    Some(xmp_with(xmp, &directory))
}

/// Appends the main picture's ISO and MPF segments. `rest` is what follows them in the main picture, in bytes.
pub(crate) fn primary_segments(head: &mut Vec<u8>, rest: usize, gain_map: usize) -> Result<()> {
    // version and writer's version only: the numbers stand in the gain map
    segment(head, 2, "gain map", &[ISO_NAME, &[0, 0, 0, 0]])?;
    let structure_at = head.len() + 4 + MPF_NAME.len();
    let primary = structure_at + MPF_LENGTH + rest;
    segment(head, 2, "MPF", &[MPF_NAME, &mpf(primary, primary - structure_at, gain_map)])
}

/// The index of two pictures (CIPA DC-007, 5.2.2): sizes in bytes, the second's offset from the structure's start.
fn mpf(primary: usize, offset: usize, gain_map: usize) -> Vec<u8> {
    /// A JPEG; the representative picture of the file, of type "baseline MP primary image".
    const PRIMARY: u32 = 0x0003_0000;
    let mut out = b"MM\0*\0\0\0\x08\0\x03".to_vec();
    let mut entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        out.extend(tag.to_be_bytes());
        out.extend(kind.to_be_bytes());
        out.extend(count.to_be_bytes());
        out.extend(value);
    };
    entry(0xB000, 7, 4, *b"0100");
    entry(0xB001, 4, 1, 2u32.to_be_bytes());
    entry(0xB002, 7, 32, ((MPF_LENGTH - 32) as u32).to_be_bytes());
    out.extend([0; 4]);
    for (attribute, size, offset) in [(PRIMARY, primary, 0), (0, gain_map, offset)] {
        out.extend(attribute.to_be_bytes());
        out.extend((size as u32).to_be_bytes());
        out.extend((offset as u32).to_be_bytes());
        out.extend([0; 4]); // no dependent pictures
    }
    out
}

/// The gain map's numbers as XMP.
fn hdrgm(m: &GainMapMetadata, color: bool) -> String {
    let mut attributes = String::new();
    let mut elements = String::new();
    for (name, values) in [
        ("GainMapMin", m.min),
        ("GainMapMax", m.max),
        ("Gamma", m.gamma),
        ("OffsetSDR", m.base_offset),
        ("OffsetHDR", m.alternate_offset),
    ] {
        if color && values != [values[0]; 3] {
            let items: String = values.iter().map(|v| format!("<rdf:li>{v}</rdf:li>")).collect();
            elements += &format!("<hdrgm:{name}><rdf:Seq>{items}</rdf:Seq></hdrgm:{name}>\n");
        } else {
            attributes += &format!(" hdrgm:{name}=\"{}\"", values[0]);
        }
    }
    format!(
        "<rdf:Description rdf:about=\"\" xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\" hdrgm:Version=\"1.0\"\
         {attributes} hdrgm:HDRCapacityMin=\"{}\" hdrgm:HDRCapacityMax=\"{}\" hdrgm:BaseRenditionIsHDR=\"False\">\n\
         {elements}</rdf:Description>\n",
        m.base_headroom, m.alternate_headroom
    )
}

/// The gain map's numbers in binary: fractions over 2^20, big-endian.
fn iso(m: &GainMapMetadata, color: bool) -> Vec<u8> {
    const DENOMINATOR: u32 = 1 << 20;
    const USES_BASE_COLOR_SPACE: u8 = 1 << 6;
    const MULTICHANNEL: u8 = 1 << 7;
    let mut out = vec![0, 0, 0, 0, USES_BASE_COLOR_SPACE | if color { MULTICHANNEL } else { 0 }];
    let mut fraction = |v: f64| {
        out.extend(((v * f64::from(DENOMINATOR)).round() as i32).to_be_bytes());
        out.extend(DENOMINATOR.to_be_bytes());
    };
    fraction(m.base_headroom);
    fraction(m.alternate_headroom);
    for c in 0..if color { 3 } else { 1 } {
        for values in [m.min, m.max, m.gamma, m.base_offset, m.alternate_offset] {
            fraction(values[c]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColorSpace, EncodeOptions, GainMapOptions, Metadata, Rgb8, write_jpeg};
    use calotype_image::{DisplayRgb, Plane};

    fn sample(color: bool) -> (Rgb8, GainMapImage) {
        let base = DisplayRgb::from_planes([(); 3].map(|()| Plane::from_fn(90, 70, |x, _| x as f32 / 90.0)));
        let bright = DisplayRgb::from_planes(
            [4.0f32, 3.0, 2.0].map(|k| Plane::from_fn(90, 70, move |x, _| k * x as f32 / 90.0)),
        );
        let options = GainMapOptions { color, ..GainMapOptions::default() };
        let map = GainMapImage::compute(&base, &bright, ColorSpace::DisplayP3, &options).unwrap().unwrap();
        (crate::to_rgb8(&base), map)
    }

    #[test]
    fn both_pictures_are_where_the_index_says() {
        for color in [false, true] {
            let (picture, map) = sample(color);
            let mut file = Vec::new();
            let xmp = Some("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF></rdf:RDF></x:xmpmeta>".to_owned());
            let metadata = Metadata { xmp, color_space: ColorSpace::DisplayP3, ..Metadata::default() };
            write_jpeg(&mut file, &picture, Some(&map), &metadata, &EncodeOptions::default()).unwrap();
            let find = |needle: &[u8], from: usize| {
                from + file[from..].windows(needle.len()).position(|w| w == needle).unwrap()
            };
            let structure = find(MPF_NAME, 0) + 4;
            let word = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
            let entries = structure + word(structure + 8 + 2 + 24 + 8);
            let (primary, length, offset) = (word(entries + 4), word(entries + 20), word(entries + 24));
            assert_eq!(structure + offset, primary);
            assert_eq!(primary + length, file.len());
            assert_eq!(file[primary - 2..primary + 2], [0xFF, 0xD9, 0xFF, 0xD8]);
            let text = String::from_utf8_lossy(&file[..primary]);
            assert!(text.contains(&format!("Item:Length=\"{length}\"")));
            assert_eq!(text.matches("<x:xmpmeta").count(), 1);
            // the binary numbers, by the clause: five fields of fractions a channel after version and flags
            let iso_at = find(ISO_NAME, primary) + ISO_NAME.len();
            assert_eq!(file[iso_at + 4], if color { 0xC0 } else { 0x40 });
            let fraction = |i: usize| {
                let at = iso_at + 5 + 8 * i;
                f64::from(word(at) as u32 as i32) / word(at + 4) as f64
            };
            assert_eq!(fraction(1), map.metadata.alternate_headroom);
            assert_eq!(fraction(2), map.metadata.min[0]);
            assert_eq!(fraction(3), map.metadata.max[0]);
            assert_eq!(fraction(4), 1.0);
            let secondary = String::from_utf8_lossy(&file[primary..]);
            assert!(secondary.contains("hdrgm:HDRCapacityMin=\"0\""));
            assert_eq!(secondary.contains("<hdrgm:GainMapMax><rdf:Seq>"), color);
        }
    }
}
