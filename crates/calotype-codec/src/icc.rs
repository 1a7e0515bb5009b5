//! Colour spaces of finished pictures and their ICC profiles.
//!
//! The profiles are built here from the primaries, as version 4 matrix profiles (ICC.1:2010, clause 8.3) with a
//! parametric curve: about half a kilobyte each, free of anybody's copyright.

use calotype_color::{D65_XY, Matrix3, RgbSpace, bradford, matrix, xyz_to_xy};
use std::sync::OnceLock;

/// The primaries of a finished picture. All have the sRGB transfer curve and a D65 white.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColorSpace {
    /// sRGB (IEC 61966-2-1): Rec.709 primaries.
    #[default]
    Srgb,
    /// Display P3: the primaries of SMPTE RP 431-2 with D65 white and the sRGB curve.
    DisplayP3,
}

/// X, Y, Z of the ICC profile connection space's white, D50 (ICC.1:2010, clause 7.2.16).
const D50_XYZ: [f64; 3] = [0.9642, 1.0, 0.8249];

impl ColorSpace {
    /// The space's usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Srgb => "sRGB",
            Self::DisplayP3 => "Display P3",
        }
    }

    /// The linear space.
    pub fn rgb(self) -> RgbSpace {
        match self {
            Self::Srgb => RgbSpace::Rec709,
            Self::DisplayP3 => RgbSpace::DisplayP3,
        }
    }
}

/// The ICC profile of a space, ready to embed.
pub fn icc(space: ColorSpace) -> &'static [u8] {
    static SRGB: OnceLock<Vec<u8>> = OnceLock::new();
    static P3: OnceLock<Vec<u8>> = OnceLock::new();
    let cell = match space {
        ColorSpace::Srgb => &SRGB,
        ColorSpace::DisplayP3 => &P3,
    };
    cell.get_or_init(|| build(space.name(), space.rgb()))
}

/// A signed 15.16 fixed-point number.
fn fixed(v: f64) -> [u8; 4] {
    ((v * 65536.0).round() as i32).to_be_bytes()
}

fn xyz_tag(v: [f64; 3]) -> Vec<u8> {
    [&b"XYZ \0\0\0\0"[..], &fixed(v[0]), &fixed(v[1]), &fixed(v[2])].concat()
}

fn text_tag(text: &str) -> Vec<u8> {
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut tag = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS".to_vec();
    tag.extend((utf16.len() as u32).to_be_bytes());
    tag.extend(28u32.to_be_bytes());
    tag.extend(utf16);
    tag
}

fn build(name: &str, space: RgbSpace) -> Vec<u8> {
    // the linear Bradford adaptation (ICC.1:2010, annex E)
    let adaptation = bradford(D65_XY, xyz_to_xy(D50_XYZ));
    let m = matrix::multiply(&adaptation, &space.to_xyz());
    // rounded to 15.16 so that the three columns sum to D50 exactly: white stays without a cast
    let mut columns: Matrix3 = std::array::from_fn(|j| std::array::from_fn(|i| (m[i][j] * 65536.0).round() / 65536.0));
    for i in 0..3 {
        columns[1][i] = (D50_XYZ[i] * 65536.0).round() / 65536.0 - columns[0][i] - columns[2][i];
    }
    let chad = std::iter::once(b"sf32\0\0\0\0".to_vec())
        .chain(adaptation.iter().flatten().map(|&v| fixed(v).to_vec()))
        .collect::<Vec<_>>()
        .concat();
    // parametric curve type 3: Y = (aX + b)^g above d, cX below (ICC.1:2010, table 65)
    let curve = std::iter::once(b"para\0\0\0\0\0\x03\0\0".to_vec())
        .chain([2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045].map(|v| fixed(v).to_vec()))
        .collect::<Vec<_>>()
        .concat();
    let tags: [(&[u8; 4], Vec<u8>); 10] = [
        (b"desc", text_tag(name)),
        (b"cprt", text_tag("No copyright, use freely")),
        (b"wtpt", xyz_tag(D50_XYZ)),
        (b"chad", chad),
        (b"rXYZ", xyz_tag(columns[0])),
        (b"gXYZ", xyz_tag(columns[1])),
        (b"bXYZ", xyz_tag(columns[2])),
        (b"rTRC", curve.clone()),
        (b"gTRC", curve.clone()),
        (b"bTRC", curve),
    ];

    let mut table = Vec::new();
    let mut data: Vec<u8> = Vec::new();
    let mut placed: Vec<(usize, Vec<u8>)> = Vec::new();
    let start = 128 + 4 + 12 * tags.len();
    for (signature, tag) in tags {
        // equal tags share their bytes
        let offset = match placed.iter().find(|(_, other)| *other == tag) {
            Some((offset, _)) => *offset,
            None => {
                let offset = start + data.len();
                data.extend_from_slice(&tag);
                data.resize(data.len().next_multiple_of(4), 0);
                placed.push((offset, tag.clone()));
                offset
            }
        };
        table.extend_from_slice(signature);
        table.extend((offset as u32).to_be_bytes());
        table.extend((tag.len() as u32).to_be_bytes());
    }

    let mut out = Vec::with_capacity(start + data.len());
    out.extend(((start + data.len()) as u32).to_be_bytes());
    out.extend([0; 4]); // no preferred module
    out.extend([4, 0x20, 0, 0]); // version 4.2
    out.extend(b"mntrRGB XYZ ");
    for part in [2026u16, 1, 1, 0, 0, 0] {
        out.extend(part.to_be_bytes());
    }
    out.extend(b"acsp");
    out.resize(64, 0); // platform, flags, device and attributes unset; intent is perceptual
    out.extend([0; 4]);
    for v in D50_XYZ {
        out.extend(fixed(v));
    }
    out.resize(128, 0);
    out.extend(10u32.to_be_bytes());
    out.extend(table);
    out.extend(data);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag<'a>(profile: &'a [u8], name: &[u8; 4]) -> &'a [u8] {
        let word = |at: usize| u32::from_be_bytes(profile[at..at + 4].try_into().unwrap()) as usize;
        let at = (0..word(128)).map(|i| 132 + 12 * i).find(|&at| &profile[at..at + 4] == name).unwrap();
        &profile[word(at + 4)..][..word(at + 8)]
    }

    fn numbers(tag: &[u8]) -> Vec<f64> {
        tag[8..].chunks_exact(4).map(|b| f64::from(i32::from_be_bytes(b.try_into().unwrap())) / 65536.0).collect()
    }

    #[test]
    fn srgb_columns_are_the_published_ones() {
        // the D50 columns of the sRGB profile on color.org
        let p = icc(ColorSpace::Srgb);
        let want = [
            (b"rXYZ", [0.4361, 0.2225, 0.0139]),
            (b"gXYZ", [0.3851, 0.7169, 0.0971]),
            (b"bXYZ", [0.1431, 0.0606, 0.7141]),
        ];
        for (name, want) in want {
            for (got, want) in numbers(tag(p, name)).iter().zip(want) {
                assert!((got - want).abs() < 2e-4, "{got} {want}");
            }
        }
    }

    #[test]
    fn columns_sum_to_white_and_sizes_hold() {
        for space in [ColorSpace::Srgb, ColorSpace::DisplayP3] {
            let p = icc(space);
            assert_eq!(u32::from_be_bytes(p[..4].try_into().unwrap()) as usize, p.len());
            assert!(p.len() < 700 && &p[36..40] == b"acsp");
            let sums: Vec<f64> =
                (0..3).map(|i| [b"rXYZ", b"gXYZ", b"bXYZ"].iter().map(|n| numbers(tag(p, n))[i]).sum()).collect();
            for (got, want) in sums.iter().zip(D50_XYZ) {
                assert!((got - want).abs() < 1.0 / 65536.0);
            }
        }
    }
}
