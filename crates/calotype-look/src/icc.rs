//! Tables as ICC profiles: assigned to a picture in the neutral rendition, they show it in the look.

use crate::export::{decode, encode};
use crate::{Lattice, LookError, Table, TableInput};
use calotype_color::lab::{lab_to_xyz, xyz_to_lab};
use calotype_color::matrix::transform;
use calotype_color::{D65_XY, RgbSpace, bradford, xyz_to_xy};

/// X, Y, Z of the profile connection space's white, D50 (ICC.1:2001-04, annex A.1).
const D50: [f64; 3] = [0.9642, 1.0, 0.8249];

impl Table {
    /// The table as an ICC profile of version 2.4, class input: device codes through a table (`A2B0`) to CIELAB under D50.
    /// `None` unless it takes sRGB codes. A program that honours profiles shows a picture in the neutral rendition as the look
    /// makes it once this profile is assigned to it; converting it to sRGB makes that last.
    pub fn to_icc(&self, name: &str) -> Option<Vec<u8>> {
        if self.input != TableInput::Srgb {
            return None;
        }
        let to_xyz = calotype_color::matrix::multiply(&bradford(D65_XY, xyz_to_xy(D50)), &self.output.space().to_xyz());
        let n = self.lattice.size();
        // lut16Type (ICC.1:2001-04, 6.5.8): no curves, the first channel running slowest.
        let mut lut = b"mft2\0\0\0\0".to_vec();
        lut.extend([3, 3, n as u8, 0]);
        for i in 0..9 {
            lut.extend(fixed(if i % 4 == 0 { 1.0 } else { 0.0 }));
        }
        lut.extend([0, 2, 0, 2]);
        let straight = [0u16, 65535].map(u16::to_be_bytes).concat();
        (0..3).for_each(|_| lut.extend(&straight));
        for r in 0..n {
            for g in 0..n {
                for b in 0..n {
                    let code = self.lattice.points()[r + n * (g + n * b)];
                    let xyz = transform(&to_xyz, code.map(|v| decode(f64::from(v))));
                    lab_codes(xyz_to_lab(xyz, D50)).iter().for_each(|v| lut.extend(v.to_be_bytes()));
                }
            }
        }
        (0..3).for_each(|_| lut.extend(&straight));
        Some(profile(name, lut))
    }

    /// What a profile of [`Self::to_icc`] makes of sRGB codes, as sRGB codes: for the round trip.
    ///
    /// # Errors
    /// [`LookError::Icc`] where it is none.
    pub fn icc_reader(bytes: &[u8]) -> Result<impl Fn([f64; 3]) -> [f64; 3] + Sync + Send, LookError> {
        let lab = read(bytes).ok_or(LookError::Icc)?;
        let to_srgb = calotype_color::matrix::multiply(&RgbSpace::Rec709.from_xyz(), &bradford(xyz_to_xy(D50), D65_XY));
        Ok(move |code: [f64; 3]| {
            let [l, a, b] = lab.at(code);
            let xyz = lab_to_xyz([l * 65535.0 / 652.8, a * 65535.0 / 256.0 - 128.0, b * 65535.0 / 256.0 - 128.0], D50);
            transform(&to_srgb, xyz).map(|v| encode(v.clamp(0.0, 1.0)))
        })
    }
}

/// CIELAB in 16 bits as version 2 has it (ICC.1:2001-04, annex A.3): L* 100 is 0xFF00, a* and b* 0 are 0x8000.
fn lab_codes([l, a, b]: [f64; 3]) -> [u16; 3] {
    [l * 652.8, (a + 128.0) * 256.0, (b + 128.0) * 256.0].map(|v| v.round().clamp(0.0, 65535.0) as u16)
}

fn fixed(v: f64) -> [u8; 4] {
    ((v * 65536.0).round() as i32).to_be_bytes()
}

/// A profile with its table, description, copyright and white.
fn profile(name: &str, lut: Vec<u8>) -> Vec<u8> {
    let name: String = format!("Calotype {name}").chars().filter(char::is_ascii).take(60).collect();
    // textDescriptionType: the ASCII text, no Unicode one, none for old Macintoshes.
    let mut description = b"desc\0\0\0\0".to_vec();
    description.extend((name.len() as u32 + 1).to_be_bytes());
    description.extend(name.as_bytes());
    description.resize(description.len() + 1 + 8 + 3 + 67, 0);
    let copyright = b"text\0\0\0\0No copyright, use freely\0".to_vec();
    let white = [b"XYZ \0\0\0\0".to_vec(), D50.map(fixed).concat()].concat();
    let tags = [(b"desc", description), (b"cprt", copyright), (b"wtpt", white), (b"A2B0", lut)];
    let (mut table, mut data) = (Vec::new(), Vec::new());
    let start = 128 + 4 + 12 * tags.len();
    for (signature, tag) in tags {
        table.extend(signature);
        table.extend(((start + data.len()) as u32).to_be_bytes());
        table.extend((tag.len() as u32).to_be_bytes());
        data.extend(tag);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut out = Vec::with_capacity(start + data.len());
    out.extend(((start + data.len()) as u32).to_be_bytes());
    out.extend([0; 4]);
    out.extend([2, 0x40, 0, 0]);
    out.extend(b"scnrRGB Lab ");
    for part in [2026u16, 1, 1, 0, 0, 0] {
        out.extend(part.to_be_bytes());
    }
    out.extend(b"acsp");
    out.resize(64, 0);
    out.extend(1u32.to_be_bytes()); // media-relative colorimetric
    out.extend(D50.map(fixed).concat());
    out.resize(128, 0);
    out.extend(4u32.to_be_bytes());
    out.extend(table);
    out.extend(data);
    out
}

/// The CIELAB codes of a profile's table, 0 to 1.
fn read(bytes: &[u8]) -> Option<Lattice> {
    let word = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize);
    let tag = (0..word(128)?.min(100)).map(|i| 132 + 12 * i).find(|at| bytes.get(*at..at + 4) == Some(b"A2B0"))?;
    let (at, length) = (word(tag + 4)?, word(tag + 8)?);
    let lut = bytes.get(at..at.checked_add(length)?)?;
    let n = usize::from(*lut.get(10)?);
    let codes = lut.get(64..64 + 6 * n * n * n)?.as_chunks::<2>().0;
    let point = |i: usize| {
        let from = 3 * (i / n / n + n * (i / n % n + n * (i % n)));
        [0, 1, 2].map(|c| f32::from(u16::from_be_bytes(codes[from + c])) / 65535.0)
    };
    Lattice::new(n, (0..n * n * n).map(point).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Look, OutputSpace};

    #[test]
    fn profiles_come_back_within_the_limits_of_tables() {
        for (name, size, limit) in
            [("authentic", 33, 0.35), ("slide", 41, 0.35), ("mono-toned", 33, 0.35), ("natural", 65, 0.12)]
        {
            let look = Look::builtin(name).unwrap();
            let table = look.table(TableInput::Srgb, OutputSpace::Srgb, size);
            let bytes = table.to_icc(name).unwrap();
            assert_eq!(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize, bytes.len());
            let error = table.round_trip_by(Table::icc_reader(&bytes).unwrap());
            assert!(error.mean < limit && error.mean > 1e-4, "{name}: {error:?}");
        }
        assert!(Look::default().table(TableInput::Log2, OutputSpace::Srgb, 9).to_icc("x").is_none());
        assert!(Table::icc_reader(&[0; 200]).is_err() && Table::icc_reader(&[]).is_err());
    }

    #[test]
    fn lab_codes_are_those_of_version_2() {
        assert_eq!(lab_codes([100.0, 0.0, 0.0]), [0xFF00, 0x8000, 0x8000]);
        assert_eq!(lab_codes([0.0, -128.0, 127.0]), [0, 0, 0xFF00]);
    }
}
