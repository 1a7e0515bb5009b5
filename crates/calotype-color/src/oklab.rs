//! Oklab, the perceptual space in which looks grade and gamuts are mapped (Ottosson 2020).

use crate::Matrix3;
use crate::matrix::{invert, multiply, transform};
use crate::space::RgbSpace;

/// XYZ (D65) to the cone responses of Oklab.
const XYZ_TO_LMS: Matrix3 = [
    [0.8189330101, 0.3618667424, -0.1288597137],
    [0.0329845436, 0.9293118715, 0.0361456387],
    [0.0482003018, 0.2643662691, 0.6338517070],
];

/// Cube roots of cone responses to lightness, green-red and blue-yellow.
pub const LMS_TO_OKLAB: Matrix3 = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
];

/// Oklab of XYZ relative to D65: L is 0 for black and 1 for white, a and b within about ±0.4.
pub fn xyz_to_oklab(xyz: [f64; 3]) -> [f64; 3] {
    transform(&LMS_TO_OKLAB, transform(&XYZ_TO_LMS, xyz).map(f64::cbrt))
}

/// XYZ relative to D65 of Oklab.
pub fn oklab_to_xyz(lab: [f64; 3]) -> [f64; 3] {
    let (from_lab, from_lms) = (inverse(&LMS_TO_OKLAB), inverse(&XYZ_TO_LMS));
    transform(&from_lms, transform(&from_lab, lab).map(|v| v * v * v))
}

/// Linear RGB of a D65 space to cone responses, scaled row by row so that white gives exactly (1, 1, 1): the
/// published constants leave 1e-4 there, which would tint neutrals.
pub fn rgb_to_lms(space: RgbSpace) -> Matrix3 {
    let m = multiply(&XYZ_TO_LMS, &space.to_xyz());
    m.map(|row| {
        let sum: f64 = row.iter().sum();
        row.map(|v| v / sum)
    })
}

/// Cube roots of cone responses to Oklab with rows scaled so that neutrals give exactly (L, 0, 0).
pub fn lms_to_oklab() -> Matrix3 {
    let mut m = LMS_TO_OKLAB;
    let sum: f64 = m[0].iter().sum();
    m[0] = m[0].map(|v| v / sum);
    for row in &mut m[1..] {
        let excess: f64 = row.iter().sum();
        row[2] -= excess;
    }
    m
}

/// Oklab of linear RGB of a D65 space; neutrals have a and b of exactly 0 but for rounding.
pub fn rgb_to_oklab(space: RgbSpace, rgb: [f64; 3]) -> [f64; 3] {
    transform(&lms_to_oklab(), transform(&rgb_to_lms(space), rgb).map(f64::cbrt))
}

/// Linear RGB of a D65 space of Oklab; the inverse of [`rgb_to_oklab`].
pub fn oklab_to_rgb(space: RgbSpace, lab: [f64; 3]) -> [f64; 3] {
    FromOklab::new(space).rgb(lab)
}

/// [`oklab_to_rgb`] for many colours: its matrices, inverted once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FromOklab {
    from_lab: Matrix3,
    from_lms: Matrix3,
}

impl FromOklab {
    pub fn new(space: RgbSpace) -> Self {
        Self { from_lab: inverse(&lms_to_oklab()), from_lms: inverse(&rgb_to_lms(space)) }
    }

    pub fn rgb(&self, lab: [f64; 3]) -> [f64; 3] {
        transform(&self.from_lms, transform(&self.from_lab, lab).map(|v| v * v * v))
    }
}

fn inverse(m: &Matrix3) -> Matrix3 {
    invert(m).expect("the matrices of Oklab have inverses")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colour() {
        let lab = xyz_to_oklab([0.20654008, 0.12197225, 0.05136952]);
        for (got, want) in lab.iter().zip([0.516340, 0.154695, 0.062896]) {
            assert!((got - want).abs() < 1e-6, "{lab:?}");
        }
    }

    #[test]
    fn round_trips() {
        for xyz in [[0.3, 0.4, 0.2], [0.01, 0.002, 0.05], [2.0, 1.0, 0.1]] {
            let back = oklab_to_xyz(xyz_to_oklab(xyz));
            assert!(back.iter().zip(xyz).all(|(a, b)| (a - b).abs() < 1e-12), "{back:?}");
        }
        for rgb in [[0.9, 0.1, 0.3], [-0.05, 0.4, 1.2]] {
            let back = oklab_to_rgb(RgbSpace::Rec2020, rgb_to_oklab(RgbSpace::Rec2020, rgb));
            assert!(back.iter().zip(rgb).all(|(a, b)| (a - b).abs() < 1e-12), "{back:?}");
        }
    }

    #[test]
    fn neutrals_are_neutral_and_the_correction_is_small() {
        for space in [RgbSpace::Rec709, RgbSpace::DisplayP3, RgbSpace::Rec2020] {
            for v in [0.001, 0.18, 1.0, 4.0f64] {
                let [l, a, b] = rgb_to_oklab(space, [v; 3]);
                assert!((l - v.cbrt()).abs() < 1e-12 && a.abs() < 1e-12 && b.abs() < 1e-12);
            }
            let (plain, corrected) =
                (xyz_to_oklab(transform(&space.to_xyz(), [0.7, 0.2, 0.4])), rgb_to_oklab(space, [0.7, 0.2, 0.4]));
            assert!(plain.iter().zip(corrected).all(|(a, b)| (a - b).abs() < 2e-4));
        }
    }
}
