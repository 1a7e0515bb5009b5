//! What a photograph says about itself: EXIF, XMP and its colour space.

use crate::ifd::{Ifd, Value};
use crate::{ColorSpace, icc};

/// The directory of an EXIF entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Directory {
    /// The main directory (IFD 0): maker, model, dates, artist.
    Main,
    /// The EXIF directory: exposure, lens, conditions.
    Exif,
    /// The GPS directory.
    Gps,
}

/// The photographic facts, as EXIF 2.32 has them. What is `None` is not written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exif {
    /// The camera's maker.
    pub make: Option<String>,
    /// The camera's model.
    pub model: Option<String>,
    /// The lens's maker.
    pub lens_make: Option<String>,
    /// The lens's model.
    pub lens_model: Option<String>,
    /// Exposure time of one frame in seconds, as a fraction.
    pub exposure_time: Option<(u32, u32)>,
    /// The aperture's f-number, as a fraction.
    pub f_number: Option<(u32, u32)>,
    /// Exposure compensation in stops, as a fraction.
    pub exposure_bias: Option<(i32, i32)>,
    /// Sensitivity (ISO 12232).
    pub iso: Option<u32>,
    /// Focal length in millimetres, as a fraction.
    pub focal_length_mm: Option<(u32, u32)>,
    /// Focal length of the same angle on 35 mm film, in millimetres.
    pub focal_length_35mm: Option<u16>,
    /// When the photograph was taken: `YYYY:MM:DD HH:MM:SS`.
    pub date_time_original: Option<String>,
    /// Digits after the second's decimal point.
    pub subsec: Option<String>,
    /// The time zone: `+02:00`.
    pub offset: Option<String>,
    /// The program that made the file.
    pub software: Option<String>,
    /// The photographer.
    pub artist: Option<String>,
    /// Copyright notice.
    pub copyright: Option<String>,
    /// Title or caption.
    pub description: Option<String>,
    /// Further entries by directory and tag, such as GPS, copied from the source. The fields above win over them, and
    /// entries that describe the stored picture (size, orientation, colour space, offsets) are never taken from here.
    pub extra: Vec<(Directory, u16, Value)>,
}

/// All metadata of a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// Photographic facts.
    pub exif: Exif,
    /// XMP: the whole `x:xmpmeta` or `rdf:RDF` element, without the packet's wrapper. What the format needs is added to it.
    pub xmp: Option<String>,
    /// The picture's primaries: chooses the ICC profile.
    pub color_space: ColorSpace,
}

const EXIF_POINTER: u16 = 0x8769;
const GPS_POINTER: u16 = 0x8825;

/// Tags that tell how a picture is stored, which the writer alone knows. Main directory, then EXIF directory.
const STORAGE_MAIN: &[u16] = &[
    0x00FE,
    0x00FF,
    0x0100,
    0x0101,
    0x0102,
    0x0103,
    0x0106,
    0x0111,
    0x0112,
    0x0115,
    0x0116,
    0x0117,
    0x011A,
    0x011B,
    0x011C,
    0x0128,
    0x013D,
    0x0142,
    0x0143,
    0x0144,
    0x0145,
    0x014A,
    0x0152,
    0x0153,
    0x0201,
    0x0202,
    0x0211,
    0x0212,
    0x0213,
    0x0214,
    0x02BC,
    EXIF_POINTER,
    0x8773,
    GPS_POINTER,
];
const STORAGE_EXIF: &[u16] = &[0x9000, 0x9101, 0x9102, 0xA000, 0xA001, 0xA002, 0xA003, 0xA005];

impl Exif {
    /// The main, EXIF and GPS directories, without what depends on the file format.
    fn directories(&self, space: ColorSpace) -> [Ifd; 3] {
        let (mut main, mut exif, mut gps) = (Ifd::new(), Ifd::new(), Ifd::new());
        for (directory, tag, value) in &self.extra {
            match directory {
                // above the last TIFF/EP tag come DNG's own, which do not hold for a finished picture
                Directory::Main if !STORAGE_MAIN.contains(tag) && *tag < 0xC000 => main.set(*tag, value.clone()),
                Directory::Exif if !STORAGE_EXIF.contains(tag) => exif.set(*tag, value.clone()),
                Directory::Gps => gps.set(*tag, value.clone()),
                _ => {}
            }
        }
        let text = |ifd: &mut Ifd, tag, text: &Option<String>| {
            if let Some(text) = text.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
                ifd.set(tag, text);
            }
        };
        text(&mut main, 0x010E, &self.description);
        text(&mut main, 0x010F, &self.make);
        text(&mut main, 0x0110, &self.model);
        text(&mut main, 0x0131, &self.software);
        text(&mut main, 0x0132, &self.date_time_original);
        text(&mut main, 0x013B, &self.artist);
        text(&mut main, 0x8298, &self.copyright);
        text(&mut exif, 0x9003, &self.date_time_original);
        text(&mut exif, 0x9004, &self.date_time_original);
        for tag in [0x9010, 0x9011, 0x9012] {
            text(&mut exif, tag, &self.offset);
        }
        for tag in [0x9290, 0x9291, 0x9292] {
            text(&mut exif, tag, &self.subsec);
        }
        text(&mut exif, 0xA433, &self.lens_make);
        text(&mut exif, 0xA434, &self.lens_model);
        let mut fraction = |tag, v: Option<(u32, u32)>| {
            if let Some(v) = v.filter(|v| v.1 != 0) {
                exif.set(tag, Value::Rational(vec![v]));
            }
        };
        fraction(0x829A, self.exposure_time);
        fraction(0x829D, self.f_number);
        fraction(0x920A, self.focal_length_mm);
        if let Some(v) = self.exposure_bias.filter(|v| v.1 != 0) {
            exif.set(0x9204, Value::SRational(vec![v]));
        }
        if let Some(iso) = self.iso {
            exif.set(0x8827, iso.min(65535) as u16);
            if iso > 65535 {
                // EXIF 2.32, 4.6.5: above that, recommended exposure index carries the number
                exif.set(0x8830, 2u16);
                exif.set(0x8832, iso);
            }
        }
        if let Some(v) = self.focal_length_35mm {
            exif.set(0xA405, v);
        }
        exif.set(0x9000, Value::Undefined(b"0232".to_vec()));
        exif.set(0xA001, if space == ColorSpace::Srgb { 1u16 } else { 65535 });
        exif.set(0xA000, Value::Undefined(b"0100".to_vec()));
        main.set(0x0112, 1u16);
        if !gps.is_empty() && gps.get(0).is_none() {
            gps.set(0, Value::Byte(vec![2, 3, 0, 0]));
        }
        [main, exif, gps]
    }
}

impl Metadata {
    /// The ICC profile.
    pub fn icc(&self) -> &'static [u8] {
        icc(self.color_space)
    }

    /// The EXIF block of a picture of that size: a TIFF structure, at most `limit` bytes. Entries of [`Exif::extra`]
    /// that do not fit are left out, the largest first.
    pub(crate) fn exif_block(&self, width: usize, height: usize, limit: usize, jpeg: bool) -> Vec<u8> {
        let mut exif = self.exif.clone();
        loop {
            let [mut main, mut sub, gps] = exif.directories(self.color_space);
            main.set(0x011A, Value::Rational(vec![(72, 1)]));
            main.set(0x011B, Value::Rational(vec![(72, 1)]));
            main.set(0x0128, 2u16);
            sub.set(0xA002, width as u32);
            sub.set(0xA003, height as u32);
            if jpeg {
                main.set(0x0213, 1u16); // colour samples lie in the middle of their pixels
                sub.set(0x9101, Value::Undefined(vec![1, 2, 3, 0]));
            }
            let mut out = b"II*\0\x08\0\0\0".to_vec();
            write_linked(main, sub, gps, 8, &mut out);
            if out.len() <= limit || exif.extra.is_empty() {
                return out;
            }
            let size = |v: &Value| {
                let mut ifd = Ifd::new();
                ifd.set(1, v.clone());
                ifd.size()
            };
            let largest = (0..exif.extra.len()).max_by_key(|&i| size(&exif.extra[i].2)).unwrap_or(0);
            exif.extra.remove(largest);
        }
    }

    /// Directories for a TIFF file, whose main one holds the picture's tags as well.
    pub(crate) fn tiff_directories(&self) -> [Ifd; 3] {
        self.exif.directories(self.color_space)
    }
}

/// Appends three directories, the second and third linked from the first, which begins at `at` of its file.
pub(crate) fn write_linked(mut main: Ifd, exif: Ifd, gps: Ifd, at: u32, out: &mut Vec<u8>) {
    main.set(EXIF_POINTER, 0u32);
    if !gps.is_empty() {
        main.set(GPS_POINTER, 0u32);
    }
    let exif_at = at + main.size() as u32;
    let gps_at = exif_at + exif.size() as u32;
    main.set(EXIF_POINTER, exif_at);
    if !gps.is_empty() {
        main.set(GPS_POINTER, gps_at);
    }
    main.write(at, out);
    exif.write(exif_at, out);
    if !gps.is_empty() {
        gps.write(gps_at, out);
    }
}

/// XMP as a packet: between the processing instructions by which programs find it in files whose format they do not know
/// (XMP specification part 1, 7.3.2). "w": it may be changed in place, though there is no padding to grow into. What has a
/// wrapper keeps it.
pub(crate) fn xmp_packet(xmp: &str) -> String {
    if xmp.trim_start().starts_with("<?xpacket") {
        return xmp.to_owned();
    }
    format!("<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n{}\n<?xpacket end=\"w\"?>", xmp.trim_end())
}

/// XMP with further `rdf:Description` elements in it.
pub(crate) fn xmp_with(xmp: Option<&str>, descriptions: &str) -> String {
    const CLOSE: &str = "</rdf:RDF>";
    match xmp.and_then(|x| x.rfind(CLOSE).map(|at| x.split_at(at))) {
        Some((before, after)) => format!("{before}{descriptions}{after}"),
        None => format!(
            "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n\
             {descriptions}{CLOSE}\n</x:xmpmeta>\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tags of the directory at `at`, with their value field.
    fn entries(block: &[u8], at: usize) -> Vec<(u16, u32)> {
        let count = u16::from_le_bytes(block[at..at + 2].try_into().unwrap());
        (0..usize::from(count))
            .map(|i| &block[at + 2 + 12 * i..][..12])
            .map(|e| (u16::from_le_bytes([e[0], e[1]]), u32::from_le_bytes(e[8..12].try_into().unwrap())))
            .collect()
    }

    #[test]
    fn directories_are_linked_and_sorted() {
        let metadata = Metadata {
            exif: Exif {
                make: Some("Maker".into()),
                iso: Some(102_400),
                exposure_time: Some((1, 0)),
                extra: vec![
                    (Directory::Gps, 1, Value::Ascii("N".into())),
                    (Directory::Main, 0x0112, Value::from(6u16)),
                    (Directory::Main, 0xC612, Value::Byte(vec![1, 4, 0, 0])),
                ],
                ..Exif::default()
            },
            ..Metadata::default()
        };
        let block = metadata.exif_block(40, 30, 65_000, true);
        let main = entries(&block, 8);
        assert!(main.is_sorted());
        let find = |list: &[(u16, u32)], tag| list.iter().find(|e| e.0 == tag).map(|e| e.1);
        assert_eq!(find(&main, 0x0112), Some(1), "pixels are upright");
        assert_eq!(find(&main, 0xC612), None, "a JPEG is no DNG");
        let sub = entries(&block, find(&main, EXIF_POINTER).unwrap() as usize);
        assert_eq!(find(&sub, 0x8827), Some(65535));
        assert_eq!(find(&sub, 0x8832), Some(102_400));
        assert_eq!(find(&sub, 0x829A), None, "a fraction over zero is no exposure time");
        let gps = entries(&block, find(&main, GPS_POINTER).unwrap() as usize);
        assert_eq!(gps.iter().map(|e| e.0).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut metadata = Metadata::default();
        metadata.exif.extra = vec![
            (Directory::Exif, 0x927C, Value::Undefined(vec![0; 100_000])),
            (Directory::Exif, 0x9286, Value::Undefined(vec![0; 100])),
        ];
        let block = metadata.exif_block(4, 4, 65_000, true);
        assert!(block.len() < 1000);
        let main = entries(&block, 8);
        let sub = entries(&block, main.iter().find(|e| e.0 == EXIF_POINTER).unwrap().1 as usize);
        assert!(sub.iter().any(|e| e.0 == 0x9286) && sub.iter().all(|e| e.0 != 0x927C));
    }

    #[test]
    fn xmp_is_wrapped_once() {
        let packet = xmp_packet("<x/>\n");
        assert_eq!(
            packet,
            "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x/>\n<?xpacket end=\"w\"?>"
        );
        assert_eq!(xmp_packet(&packet), packet);
    }

    #[test]
    fn xmp_is_joined() {
        let joined = xmp_with(Some("<x><rdf:RDF><a/></rdf:RDF></x>"), "<b/>");
        assert_eq!(joined, "<x><rdf:RDF><a/><b/></rdf:RDF></x>");
        assert!(xmp_with(Some("nonsense"), "<b/>").contains("<b/></rdf:RDF>"));
    }
}
