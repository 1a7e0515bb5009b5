//! Tables as "enhanced profiles": XMP files with a table of colours and an amount, as raw converters of Adobe's kind read
//! them.
//!
//! The table is a block of little-endian numbers (kind 1, version 1, dimensions 3, divisions; per point the differences from
//! its own code in 16 bits, blue running fastest; primaries, gamma, gamut; smallest and largest amount), deflated behind its
//! length, in a text of base 85 whose digits need no escape in XML. The layout is that of `dng_rgb_table` in the DNG SDK 1.7.

use crate::{Lattice, LookError, Table, TableInput};
use flate2::Compression;
use flate2::read::{ZlibDecoder, ZlibEncoder};
use md5::{Digest, Md5};
use std::io::Read;

/// Digits of base 85, in order.
const DIGITS: &[u8; 85] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?`'|()[]{}@%$#";
/// Points along an axis that readers take at most.
const MOST: usize = 32;
/// sRGB primaries, sRGB curve, colours outside are clipped.
const SRGB: [u32; 3] = [0, 1, 0];
/// Bytes of the block beside its points.
const FRAME: usize = 16 + 12 + 16;

impl Table {
    /// Points along an axis of such a profile, at most.
    pub const XMP_PROFILE_SIZE: usize = MOST;

    /// The table as an enhanced profile of a name; `None` unless it takes and gives sRGB codes and has at most 32 points along
    /// an axis. It is laid over a picture in the reader's own usual rendition.
    pub fn to_xmp_profile(&self, name: &str) -> Option<String> {
        if self.input != TableInput::Srgb || self.output != crate::OutputSpace::Srgb || self.lattice.size() > MOST {
            return None;
        }
        let block = block(&self.lattice);
        let id = hex(&Md5::digest(&block));
        let uuid = hex(&Md5::digest([name.as_bytes(), b"\0", &block].concat()));
        let safe: String = name.chars().filter(|c| !c.is_control() && !"<>&\"".contains(*c)).collect();
        let text = |key: &str, value: &str| {
            format!(
                "   <crs:{key}>\n    <rdf:Alt>\n     <rdf:li xml:lang=\"x-default\">{value}</rdf:li>\n    </rdf:Alt>\n   </crs:{key}>\n"
            )
        };
        Some(format!(
            "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  \
             <rdf:Description rdf:about=\"\"\n    xmlns:crs=\"http://ns.adobe.com/camera-raw-settings/1.0/\"\n   \
             crs:PresetType=\"Look\"\n   crs:Cluster=\"\"\n   crs:UUID=\"{uuid}\"\n   crs:SupportsAmount=\"True\"\n   \
             crs:SupportsColor=\"True\"\n   crs:SupportsMonochrome=\"True\"\n   crs:SupportsHighDynamicRange=\"True\"\n   \
             crs:SupportsNormalDynamicRange=\"True\"\n   crs:SupportsSceneReferred=\"True\"\n   \
             crs:SupportsOutputReferred=\"True\"\n   crs:RequiresRGBTables=\"False\"\n   crs:CameraModelRestriction=\"\"\n   \
             crs:Copyright=\"\"\n   crs:ContactInfo=\"\"\n   crs:Version=\"14.3\"\n   crs:ProcessVersion=\"11.0\"\n   \
             crs:ConvertToGrayscale=\"False\"\n   crs:RGBTable=\"{id}\"\n   crs:Table_{id}=\"{}\"\n   \
             crs:HasSettings=\"True\">\n{}{}  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n",
            to_text(&packed(&block)),
            text("Name", &safe),
            text("Group", "Calotype"),
        ))
    }
}

impl Lattice {
    /// Reads the table of an enhanced profile for sRGB codes.
    ///
    /// # Errors
    /// [`LookError::XmpProfile`]: no table, one for other colours than sRGB, one that is damaged.
    pub fn from_xmp_profile(text: &str) -> Result<Self, LookError> {
        let bad = |message: &str| LookError::XmpProfile(message.to_owned());
        let value = |key: &str| {
            let start = text.find(&format!("{key}=\""))? + key.len() + 2;
            text[start..].split('"').next()
        };
        let id = value("crs:RGBTable").ok_or_else(|| bad("it names no table of colours (crs:RGBTable)"))?;
        let table = value(&format!("crs:Table_{id}")).ok_or_else(|| bad("the table that it names is not in it"))?;
        let packed = from_text(table).ok_or_else(|| bad("its table is damaged"))?;
        let (length, deflated) = packed.split_first_chunk::<4>().ok_or_else(|| bad("its table is damaged"))?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > FRAME + 4 + 6 * MOST * MOST * MOST {
            return Err(bad("its table is larger than any"));
        }
        let mut block = Vec::new();
        let inflated = ZlibDecoder::new(deflated).take(length as u64 + 1).read_to_end(&mut block);
        if inflated.is_err() || block.len() != length || length < FRAME {
            return Err(bad("its table is damaged"));
        }
        let word = |at: usize| block.get(at..at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let n = word(12) as usize;
        if [word(0), word(4), word(8)] != [1, 1, 3] || !(2..=MOST).contains(&n) || length < FRAME + 6 * n * n * n {
            return Err(bad("its table is no cube of colours that this version reads"));
        }
        let end = 16 + 6 * n * n * n;
        if [word(end), word(end + 4)] != SRGB[..2] {
            return Err(bad("its table is not for sRGB codes"));
        }
        let codes = block[16..end].as_chunks::<2>().0;
        let point = |i: usize| {
            let at = [i % n, i / n % n, i / n / n];
            let from = 3 * (at[2] + n * (at[1] + n * at[0]));
            [0, 1, 2].map(|c| {
                let code = u16::from_le_bytes(codes[from + c]).wrapping_add(own(at[c], n));
                f32::from(code) / 65535.0
            })
        };
        Self::new(n, (0..n * n * n).map(point).collect()).ok_or_else(|| bad("its table is damaged"))
    }
}

/// The code of the point at a place of an axis, in 16 bits.
fn own(i: usize, n: usize) -> u16 {
    ((i * 0xFFFF + n / 2) / (n - 1)) as u16
}

fn block(lattice: &Lattice) -> Vec<u8> {
    let n = lattice.size();
    let mut out: Vec<u8> = [1, 1, 3, n as u32].iter().flat_map(|v: &u32| v.to_le_bytes()).collect();
    for r in 0..n {
        for g in 0..n {
            for b in 0..n {
                let point = lattice.points()[r + n * (g + n * b)];
                for (v, i) in point.into_iter().zip([r, g, b]) {
                    let code = (v.clamp(0.0, 1.0) * 65535.0).round() as u16;
                    out.extend(code.wrapping_sub(own(i, n)).to_le_bytes());
                }
            }
        }
    }
    out.extend(SRGB.iter().flat_map(|v| v.to_le_bytes()));
    out.extend([0.0f64, 2.0].iter().flat_map(|v| v.to_le_bytes()));
    out
}

/// The length, and the block deflated.
fn packed(block: &[u8]) -> Vec<u8> {
    let mut out = (block.len() as u32).to_le_bytes().to_vec();
    // Reading from memory cannot fail.
    ZlibEncoder::new(block, Compression::best()).read_to_end(&mut out).ok();
    out
}

/// Base 85: four bytes are five digits, the lowest first; of a rest of n bytes there are n + 1 digits.
fn to_text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 5 / 4 + 5);
    for chunk in bytes.chunks(4) {
        let mut word = chunk.iter().rev().fold(0u32, |w, b| w << 8 | u32::from(*b));
        for _ in 0..=chunk.len() {
            out.push(char::from(DIGITS[(word % 85) as usize]));
            word /= 85;
        }
    }
    out
}

fn from_text(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u64> = text
        .bytes()
        .filter(|b| !b.is_ascii_whitespace())
        .map(|b| DIGITS.iter().position(|d| *d == b).map(|v| v as u64))
        .collect::<Option<_>>()?;
    let mut out = Vec::with_capacity(digits.len() * 4 / 5 + 4);
    for chunk in digits.chunks(5) {
        let word = chunk.iter().rev().fold(0, |w, d| w * 85 + d);
        out.extend(&word.to_le_bytes()[..chunk.len() - 1]);
    }
    Some(out)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Look, OutputSpace};

    #[test]
    fn what_is_written_is_read() {
        let look = Look::builtin("slide").unwrap();
        let table = look.table(TableInput::Srgb, OutputSpace::Srgb, 32);
        let text = table.to_xmp_profile("slide <&> \"film\"").unwrap();
        assert!(text.contains("crs:SupportsAmount=\"True\"") && text.contains(">slide  film<"));
        let read = Lattice::from_xmp_profile(&text).unwrap();
        let far =
            |(a, b): (&[f32; 3], &[f32; 3])| (0..3).map(|c| (a[c].clamp(0.0, 1.0) - b[c]).abs()).fold(0.0, f32::max);
        let worst = read.points().iter().zip(table.lattice.points()).map(|(a, b)| far((b, a))).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{worst}");
        assert!(look.table(TableInput::Log2, OutputSpace::Srgb, 32).to_xmp_profile("x").is_none());
        assert!(look.table(TableInput::Srgb, OutputSpace::Srgb, 33).to_xmp_profile("x").is_none());
    }

    #[test]
    fn base_85_has_as_many_digits_as_it_needs() {
        assert_eq!(to_text(&196_652u32.to_le_bytes()), "Lir00");
        for n in 0..20usize {
            let bytes: Vec<u8> = (0..n).map(|i| (i * 53 + 200) as u8).collect();
            assert_eq!(from_text(&to_text(&bytes)).unwrap(), bytes);
        }
        assert!(from_text("\"").is_none());
    }

    #[test]
    fn damaged_profiles_are_refused() {
        let message = |text: &str| Lattice::from_xmp_profile(text).unwrap_err().to_string();
        assert!(message("").contains("names no table"));
        assert!(message("crs:RGBTable=\"AB\"").contains("is not in it"));
        assert!(message("crs:RGBTable=\"AB\" crs:Table_AB=\"&&\"").contains("damaged"));
        assert!(message("crs:RGBTable=\"AB\" crs:Table_AB=\"#####\"").contains("larger"));
        let text = Look::default().table(TableInput::Srgb, OutputSpace::Srgb, 4).to_xmp_profile("x").unwrap();
        let id = &text[text.find("crs:RGBTable=\"").unwrap() + 14..][..32];
        let start = text.find(&format!("crs:Table_{id}=\"")).unwrap() + 10 + 32 + 2;
        let cut = format!("{}{}", &text[..start + 40], &text[text[start..].find('"').unwrap() + start..]);
        assert!(message(&cut).contains("damaged"));
    }
}
