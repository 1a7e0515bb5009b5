//! The depth map that a phone has put into a JPEG.
//!
//! Two forms are read: Depthmap Metadata (`GDepth`, the map as base64 in XMP, usually the extended XMP of several segments)
//! and Dynamic Depth 1.0 (the map as a picture of its own behind the photograph, found by the XMP's directory). Both say by
//! `Format`, `Near` and `Far` what the greys mean: with v from 0 to 1, `RangeInverse` is 1/near - v (1/near - 1/far) dioptres
//! and `RangeLinear` is near + v (far - near) metres.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use calotype_dng::tiff::Endian;
use calotype_image::{Orientation, Plane};
use roxmltree::{Document, Node, ParsingOptions};
use std::io::Cursor;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

/// Bytes of XMP at most: some phones put the photograph before its effects there as well.
const XMP_BYTES: usize = 64 << 20;
/// Pixels of a map across and down, at most.
const SIDE: usize = 16_384;
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const MORE_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const EXIF: &[u8] = b"Exif\0\0";
/// The name spaces of both forms begin so.
const NAMESPACE: &str = "http://ns.google.com/photos/";

/// The dioptres of a photograph's pixels, upright; of another size than the photograph, whose whole they cover. What is
/// wrong is said in words.
pub(crate) fn dioptres(jpeg: &[u8]) -> Result<Plane<f32>, String> {
    let headers = Headers::read(jpeg)?;
    let texts = headers.texts()?;
    let options = || ParsingOptions { nodes_limit: 100_000, ..ParsingOptions::default() };
    let documents = texts
        .iter()
        .map(|text| Document::parse_with_options(text, options()).map_err(|e| format!("its XMP is damaged: {e}")))
        .collect::<Result<Vec<_>, _>>()?;
    let property = |name: &str| documents.iter().find_map(|d| property(d.root(), "depthmap/", name));
    let none = || "no depth map is in the photograph".to_string();
    let number = |name: &str| {
        let text = property(name).ok_or_else(|| format!("its depth map has no {name}"))?;
        let value = text.trim().parse::<f32>().ok().filter(|v| v.is_finite() && *v >= 0.0);
        value.ok_or_else(|| format!("{name} of its depth map is '{text}'"))
    };
    let format = property("Format").ok_or_else(none)?;
    let to_metres = match property("Units").unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "m" | "meters" => 1.0,
        "mm" => 1e-3,
        other => return Err(format!("the distances of its depth map are in '{other}', not in metres")),
    };
    let (near, far) = (number("Near")? * to_metres, number("Far")? * to_metres);
    if !(near > 0.0 && far > near) {
        return Err(format!("its depth map reaches from {near} m to {far} m"));
    }
    let distance: &dyn Fn(f32) -> f32 = match format.as_str() {
        "RangeInverse" => &|v| 1.0 / near - v * (1.0 / near - 1.0 / far),
        "RangeLinear" => &|v| 1.0 / (near + v * (far - near)),
        other => return Err(format!("the format of its depth map is '{other}'")),
    };
    let map = match (property("Data"), property("DepthURI")) {
        (Some(data), _) => {
            let text: String = data.split_ascii_whitespace().collect();
            grey(&STANDARD.decode(text.trim_end_matches('\0')).map_err(|e| format!("the data of its depth map: {e}"))?)?
        }
        (None, Some(uri)) => grey(documents.iter().find_map(|d| headers.item(d.root(), &uri)).ok_or_else(none)?)?,
        (None, None) => return Err(none()),
    };
    let mut map = headers.orientation.apply(map);
    map.data_mut().iter_mut().for_each(|v| *v = distance(*v));
    Ok(map)
}

/// What the segments before a JPEG's picture hold.
struct Headers<'a> {
    file: &'a [u8],
    xmp: Option<&'a [u8]>,
    /// The parts of the extended XMP and where they belong.
    more: Vec<(usize, &'a [u8])>,
    orientation: Orientation,
    /// Where the scan of the first picture begins.
    scan: usize,
}

impl<'a> Headers<'a> {
    fn read(file: &'a [u8]) -> Result<Self, String> {
        if !file.starts_with(&[0xff, 0xd8]) {
            return Err("it is no JPEG".into());
        }
        let mut headers =
            Self { file, xmp: None, more: Vec::new(), orientation: Orientation::Normal, scan: file.len() };
        let mut at = 2;
        while let Some(&[0xff, marker, high, low]) = file.get(at..at + 4) {
            let length = usize::from(u16::from_be_bytes([high, low]));
            let segment = file.get(at + 4..at + 2 + length).ok_or("a segment of the JPEG is cut off")?;
            at += 2 + length;
            if marker == 0xda {
                headers.scan = at;
                break;
            }
            if marker != 0xe1 {
                continue;
            }
            if let Some(text) = segment.strip_prefix(XMP) {
                headers.xmp = headers.xmp.or(Some(text));
            } else if let Some(part) = segment.strip_prefix(MORE_XMP) {
                // a digest, the length of all, the place of this part
                let Some((&[a, b, c, d], text)) = part.get(36..).and_then(|p| p.split_first_chunk()) else { continue };
                headers.more.push((u32::from_be_bytes([a, b, c, d]) as usize, text));
            } else if let Some(tiff) = segment.strip_prefix(EXIF) {
                headers.orientation = orientation(tiff).unwrap_or(Orientation::Normal);
            }
        }
        Ok(headers)
    }

    /// The XMP, and the extended one where there is one.
    fn texts(&self) -> Result<Vec<String>, String> {
        let wrong = |_| "its XMP is no UTF-8".to_string();
        let mut texts = Vec::new();
        if let Some(xmp) = self.xmp {
            texts.push(String::from_utf8(xmp.to_vec()).map_err(wrong)?);
        }
        if !self.more.is_empty() {
            let mut parts = self.more.clone();
            parts.sort_by_key(|p| p.0);
            let mut all = Vec::new();
            for (place, text) in parts {
                if place != all.len() || place + text.len() > XMP_BYTES {
                    return Err(format!("a part of its XMP is missing at byte {}", all.len()));
                }
                all.extend_from_slice(text);
            }
            texts.push(String::from_utf8(all).map_err(wrong)?);
        }
        Ok(texts)
    }

    /// The bytes of an item behind the photograph, by the directory of the XMP.
    fn item(&self, root: Node, uri: &str) -> Option<&'a [u8]> {
        let directory = root.descendants().find(|n| is(n, "Directory"))?;
        let mut items = Vec::new();
        for entry in directory.descendants().filter(|n| n.tag_name().name() == "li") {
            let number =
                |name| property(entry, "item/", name).and_then(|v| v.trim().parse::<usize>().ok()).unwrap_or(0);
            items.push((property(entry, "item/", "DataURI"), number("Length"), number("Padding")));
        }
        let wanted = items.iter().position(|i| i.0.as_deref() == Some(uri))?;
        let length = items[wanted].1;
        let sum = |part: &[(Option<String>, usize, usize)]| part.iter().fold(0usize, |s, i| s.saturating_add(i.1));
        // counted from the end of the first picture, or from that of the file, where no one has added anything
        let first = self.end_of_picture() + items.first()?.2 + sum(&items[1..wanted.max(1)]);
        let last = self.file.len().checked_sub(sum(&items[wanted..]));
        let starts = |bytes: &&[u8]| bytes.starts_with(&[0xff, 0xd8]) || bytes.starts_with(b"\x89PNG");
        [Some(first), last]
            .into_iter()
            .flatten()
            .filter_map(|at| self.file.get(at..at.checked_add(length)?))
            .find(starts)
    }

    /// Where the first picture ends: behind its EOI marker.
    fn end_of_picture(&self) -> usize {
        let scan = &self.file[self.scan.min(self.file.len())..];
        let end = scan.windows(2).position(|pair| pair == [0xff, 0xd9]);
        end.map_or(self.file.len(), |at| self.scan + at + 2)
    }
}

fn is(node: &Node, name: &str) -> bool {
    node.tag_name().name() == name && node.tag_name().namespace().is_some_and(|n| n.starts_with(NAMESPACE))
}

/// A property of XMP, as an attribute or as an element, in a name space of ours that ends so.
fn property(root: Node, space: &str, name: &str) -> Option<String> {
    let ours = |found: Option<&str>| found.is_some_and(|n| n.starts_with(NAMESPACE) && n.ends_with(space));
    root.descendants().find_map(|node| {
        let attribute = node.attributes().find(|a| a.name() == name && ours(a.namespace())).map(|a| a.value());
        let element = (node.tag_name().name() == name && ours(node.tag_name().namespace())).then(|| node.text());
        attribute.or(element.flatten()).map(str::to_string)
    })
}

/// The orientation that EXIF tells.
fn orientation(tiff: &[u8]) -> Option<Orientation> {
    const TAG: u16 = 0x0112;
    let endian = match tiff.get(..2)? {
        b"II" => Endian::Little,
        b"MM" => Endian::Big,
        _ => return None,
    };
    let start = endian.u32(tiff, 4)? as usize;
    let mut entries = (0..usize::from(endian.u16(tiff, start)?)).map(|i| start + 2 + 12 * i);
    let found = entries.find(|at| endian.u16(tiff, *at) == Some(TAG))?;
    Orientation::from_tiff(endian.u16(tiff, found + 8)?)
}

/// The greys of a picture, 0 to 1.
fn grey(bytes: &[u8]) -> Result<Plane<f32>, String> {
    let wrong = |what: String| format!("its depth map cannot be decoded: {what}");
    let size = |w: usize, h: usize| {
        let fits = (1..=SIDE).contains(&w) && (1..=SIDE).contains(&h);
        if fits { Ok(()) } else { Err(wrong(format!("{w}x{h} pixels"))) }
    };
    if bytes.starts_with(b"\x89PNG") {
        let mut decoder = png::Decoder::new(Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().map_err(|e| wrong(e.to_string()))?;
        let (w, h) = (reader.info().width as usize, reader.info().height as usize);
        size(w, h)?;
        let (color, depth) = reader.output_color_type();
        let step = color.samples() * if depth == png::BitDepth::Sixteen { 2 } else { 1 };
        let mut samples = vec![0; w * h * step];
        reader.next_frame(&mut samples).map_err(|e| wrong(e.to_string()))?;
        let value = |i: usize| match depth {
            png::BitDepth::Sixteen => {
                f32::from(u16::from_be_bytes([samples[i * step], samples[i * step + 1]])) / 65535.0
            }
            _ => f32::from(samples[i * step]) / 255.0,
        };
        return Ok(Plane::from_fn(w, h, |x, y| value(y * w + x)));
    }
    let options =
        DecoderOptions::default().set_max_width(SIDE).set_max_height(SIDE).jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let samples = decoder.decode().map_err(|e| wrong(format!("{e:?}")))?;
    let (w, h) = decoder.dimensions().ok_or_else(|| wrong("it has no size".into()))?;
    size(w, h)?;
    if samples.len() != w * h {
        return Err(wrong("it is not grey".into()));
    }
    Ok(Plane::from_fn(w, h, |x, y| f32::from(samples[y * w + x]) / 255.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        let length = (content.len() + 2) as u16;
        [&[0xff, marker], &length.to_be_bytes()[..], &content].concat()
    }

    /// A JPEG with segments of ours and things behind it.
    fn photograph(segments: &[Vec<u8>], behind: &[u8]) -> Vec<u8> {
        let picture = [0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9];
        [&[0xff, 0xd8][..], &segments.concat(), &picture, behind].concat()
    }

    /// Greys 0, 128 and 255 beside each other, twice below each other.
    fn map() -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, 3, 2);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&[0, 128, 255, 0, 128, 255]).unwrap();
        out
    }

    fn rdf(content: &str) -> String {
        format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             {content}</rdf:RDF></x:xmpmeta>"
        )
    }

    fn head(format: &str, near: &str, far: &str, units: &str) -> String {
        rdf(&format!(
            "<rdf:Description xmlns:GDepth='http://ns.google.com/photos/1.0/depthmap/' GDepth:Format='{format}' \
             GDepth:Near='{near}' GDepth:Far='{far}' GDepth:Units='{units}'/>"
        ))
    }

    /// The map in the extended XMP, in parts of 100 bytes of which the last comes first.
    fn extended(cut: usize) -> Vec<Vec<u8>> {
        let text = rdf(&format!(
            "<rdf:Description xmlns:GDepth='http://ns.google.com/photos/1.0/depthmap/' GDepth:Data='{}'/>",
            STANDARD.encode(map())
        ));
        let parts = text.as_bytes().chunks(100).enumerate().skip(cut);
        let part = |(i, part): (usize, &[u8])| {
            let place = ((100 * i) as u32).to_be_bytes();
            segment(0xe1, &[MORE_XMP, &[b'0'; 32], &(text.len() as u32).to_be_bytes(), &place, part])
        };
        parts.map(part).rev().collect()
    }

    fn with(head: &str) -> Vec<u8> {
        photograph(&[vec![segment(0xe1, &[XMP, head.as_bytes()])], extended(0)].concat(), b"")
    }

    #[test]
    fn maps_in_extended_xmp_become_dioptres() {
        let inverse = dioptres(&with(&head("RangeInverse", "500", "4000", "mm"))).unwrap();
        assert_eq!((inverse.width(), inverse.height()), (3, 2));
        for (x, want) in [2.0, 2.0 - 128.0 / 255.0 * 1.75, 0.25].into_iter().enumerate() {
            assert!((inverse.get(x, 1) - want).abs() < 1e-5);
        }
        let linear = dioptres(&with(&head("RangeLinear", "1", "3", "m"))).unwrap();
        assert!((linear.get(1, 0) - 1.0 / (1.0 + 2.0 * 128.0 / 255.0)).abs() < 1e-5);
    }

    #[test]
    fn maps_behind_the_photograph_are_found_and_turned_upright() {
        let map = map();
        let xmp = rdf(&format!(
            "<rdf:Description xmlns:Device='http://ns.google.com/photos/dd/1.0/device/' \
             xmlns:Container='http://ns.google.com/photos/dd/1.0/container/' \
             xmlns:Item='http://ns.google.com/photos/dd/1.0/item/' \
             xmlns:DepthMap='http://ns.google.com/photos/dd/1.0/depthmap/'><Device:Container rdf:parseType='Resource'>\
             <Container:Directory><rdf:Seq><rdf:li rdf:parseType='Resource'><Container:Item Item:Mime='image/jpeg' \
             Item:DataURI='primary_image' Item:Length='0'/></rdf:li>\
             <rdf:li><rdf:value><Item:DataURI>android/other</Item:DataURI><Item:Length>5</Item:Length></rdf:value></rdf:li>\
             <rdf:li><Container:Item Item:DataURI='android/depthmap' Item:Length='{}'/></rdf:li></rdf:Seq>\
             </Container:Directory></Device:Container><DepthMap:DepthURI>android/depthmap</DepthMap:DepthURI>\
             <DepthMap:Format>RangeInverse</DepthMap:Format><DepthMap:Near>1</DepthMap:Near><DepthMap:Far>2</DepthMap:Far>\
             <DepthMap:Units>Meters</DepthMap:Units></rdf:Description>",
            map.len()
        ));
        // a quarter turn to the right
        let exif = [&b"II*\0\x08\0\0\0\x01\0"[..], &[0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0], &[0; 4]].concat();
        let segments = [segment(0xe1, &[EXIF, &exif]), segment(0xe1, &[XMP, xmp.as_bytes()])];
        for trailer in [&b""[..], b"more of the maker's"] {
            let file = photograph(&segments, &[b"other", &map[..], trailer].concat());
            let found = dioptres(&file).unwrap();
            assert_eq!((found.width(), found.height()), (2, 3));
            assert!((found.get(0, 0) - 1.0).abs() < 1e-6 && (found.get(1, 2) - 0.5).abs() < 1e-6);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let says = |file: &[u8], what: &str| {
            let e = dioptres(file).unwrap_err();
            assert!(e.contains(what), "{e}");
        };
        says(b"RIFF", "no JPEG");
        says(&photograph(&[], b""), "no depth map");
        says(&photograph(&[segment(0xe1, &[XMP, b"<x"])], b""), "damaged");
        says(&with(&head("RangeInverse", "2", "1", "m")), "from 2 m to 1 m");
        says(&with(&head("RangeInverse", "soon", "1", "m")), "'soon'");
        says(&with(&head("RangeCubic", "1", "2", "m")), "RangeCubic");
        says(&with(&head("RangeInverse", "1", "2", "Diopters")), "not in metres");
        let first = segment(0xe1, &[XMP, head("RangeInverse", "1", "2", "m").as_bytes()]);
        says(&photograph(&[vec![first], extended(1)].concat(), b""), "missing at byte 0");
        // cut off anywhere, it is an error or the map, and never a panic
        let whole = with(&head("RangeInverse", "1", "2", "m"));
        (0..whole.len()).for_each(|n| drop(dioptres(&whole[..n])));
    }
}
