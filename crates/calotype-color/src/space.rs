//! RGB spaces, their matrices, and chromatic adaptation.

use crate::Matrix3;
use crate::matrix::{diagonal, invert, multiply, transform};

/// Chromaticity (x, y) of D65, the white of sRGB, Display P3 and Rec.2020.
pub const D65_XY: [f64; 2] = [0.3127, 0.3290];
/// Chromaticity (x, y) of D50, the white of the ICC and DNG profile connection space.
pub const D50_XY: [f64; 2] = [0.3457, 0.3585];

/// XYZ of luminance 1 with chromaticity `xy`. `y` must not be 0.
pub fn xy_to_xyz([x, y]: [f64; 2]) -> [f64; 3] {
    [x / y, 1.0, (1.0 - x - y) / y]
}

/// Chromaticity of an XYZ colour; that of D50 for black.
pub fn xyz_to_xy([x, y, z]: [f64; 3]) -> [f64; 2] {
    let sum = x + y + z;
    if sum.abs() > 1e-12 { [x / sum, y / sum] } else { D50_XY }
}

/// Chromaticities of the primaries and the white of an RGB space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Primaries {
    /// CIE 1931 (x, y) of red, green and blue.
    pub rgb: [[f64; 2]; 3],
    /// CIE 1931 (x, y) of white.
    pub white: [f64; 2],
}

impl Primaries {
    /// Linear RGB (white 1, 1, 1) to XYZ with Y of white = 1; `None` where the primaries lie on a line
    /// (SMPTE RP 177-1993).
    pub fn to_xyz(&self) -> Option<Matrix3> {
        let columns = self.rgb.map(|[x, y]| [x, y, 1.0 - x - y]);
        let p = [0, 1, 2].map(|i| [columns[0][i], columns[1][i], columns[2][i]]);
        let scale = transform(&invert(&p)?, xy_to_xyz(self.white));
        Some(multiply(&p, &diagonal(scale)))
    }
}

/// The RGB spaces the engine knows, all linear here: transfer curves are in [`crate::transfer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RgbSpace {
    /// Rec.709 and sRGB primaries, D65.
    Rec709,
    /// Display P3: DCI-P3 primaries with D65.
    DisplayP3,
    /// Rec.2020, D65: the working space of scene-linear pictures.
    Rec2020,
    /// ProPhoto (ROMM) RGB, D50: where DNG profiles apply their tables.
    ProPhoto,
    /// ACES 2065-1 (AP0), its own white near D60.
    AcesAp0,
}

impl RgbSpace {
    /// Where its primaries and its white lie.
    pub const fn primaries(self) -> Primaries {
        let (rgb, white) = match self {
            Self::Rec709 => ([[0.640, 0.330], [0.300, 0.600], [0.150, 0.060]], D65_XY),
            Self::DisplayP3 => ([[0.680, 0.320], [0.265, 0.690], [0.150, 0.060]], D65_XY),
            Self::Rec2020 => ([[0.708, 0.292], [0.170, 0.797], [0.131, 0.046]], D65_XY),
            Self::ProPhoto => ([[0.734699, 0.265301], [0.159597, 0.840403], [0.036598, 0.000105]], D50_XY),
            Self::AcesAp0 => ([[0.7347, 0.2653], [0.0, 1.0], [0.0001, -0.0770]], [0.32168, 0.33767]),
        };
        Primaries { rgb, white }
    }

    /// Linear RGB to XYZ relative to the space's own white (Y of white = 1).
    pub fn to_xyz(self) -> Matrix3 {
        self.primaries().to_xyz().expect("the primaries of a known space span a triangle")
    }

    /// XYZ relative to the space's own white to linear RGB.
    pub fn from_xyz(self) -> Matrix3 {
        invert(&self.to_xyz()).expect("the matrix of a known space has an inverse")
    }

    /// Linear RGB of this space to linear RGB of `other`, white to white by Bradford adaptation.
    pub fn to_space(self, other: Self) -> Matrix3 {
        let (from, to) = (self.primaries().white, other.primaries().white);
        let xyz = if from == to { self.to_xyz() } else { multiply(&bradford(from, to), &self.to_xyz()) };
        multiply(&other.from_xyz(), &xyz)
    }

    /// Weights of luminance (the Y row of [`Self::to_xyz`]); they sum to 1.
    pub fn luma(self) -> [f64; 3] {
        self.to_xyz()[1]
    }
}

/// Cone response of the linear Bradford transform (Lam 1985; the one of ICC and DNG).
const BRADFORD: Matrix3 = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];

/// Bradford adaptation of XYZ from the white `from` to the white `to`, both (x, y).
///
/// Cone ratios are held within 0.1 to 10, so that absurd whites give a matrix that can still be inverted.
pub fn bradford(from: [f64; 2], to: [f64; 2]) -> Matrix3 {
    let cones = |xy| transform(&BRADFORD, xy_to_xyz(xy)).map(|v: f64| v.max(0.0));
    let (a, b) = (cones(from), cones(to));
    let ratio = |i: usize| if a[i] > 0.0 { (b[i] / a[i]).clamp(0.1, 10.0) } else { 10.0 };
    let back = invert(&BRADFORD).expect("the Bradford matrix has an inverse");
    multiply(&back, &multiply(&diagonal([ratio(0), ratio(1), ratio(2)]), &BRADFORD))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [RgbSpace; 5] =
        [RgbSpace::Rec709, RgbSpace::DisplayP3, RgbSpace::Rec2020, RgbSpace::ProPhoto, RgbSpace::AcesAp0];

    fn close(a: &Matrix3, b: &Matrix3, tol: f64) {
        for (x, y) in a.iter().flatten().zip(b.iter().flatten()) {
            assert!((x - y).abs() < tol, "{a:?} is not {b:?}");
        }
    }

    #[test]
    fn matrices_match_their_standards() {
        // IEC 61966-2-1 and ITU-R BT.2020, to the digits they print.
        let srgb = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
        close(&RgbSpace::Rec709.to_xyz(), &srgb, 6e-5);
        let luma = RgbSpace::Rec2020.luma();
        close(&[luma; 3], &[[0.2627, 0.6780, 0.0593]; 3], 5e-5);
        // SMPTE ST 2065-1.
        let ap0 =
            [[0.9525523959, 0.0, 0.0000936786], [0.3439664498, 0.7281660966, -0.0721325464], [0.0, 0.0, 1.0088251844]];
        close(&RgbSpace::AcesAp0.to_xyz(), &ap0, 1e-4);
        // ROMM RGB, ISO 22028-2 (D50 of the ICC, hence the tolerance).
        let romm = [[0.7976749, 0.1351917, 0.0313534], [0.2880402, 0.7118741, 0.0000857], [0.0, 0.0, 0.8252100]];
        close(&RgbSpace::ProPhoto.to_xyz(), &romm, 5e-4);
    }

    #[test]
    fn white_stays_white_between_all_spaces() {
        for a in ALL {
            for b in ALL {
                for v in transform(&a.to_space(b), [1.0; 3]) {
                    assert!((v - 1.0).abs() < 1e-12, "{a:?} to {b:?}: {v}");
                }
            }
        }
    }

    #[test]
    fn bradford_carries_white_to_white_and_back() {
        let there = bradford([0.44757, 0.40745], D50_XY);
        let got = xyz_to_xy(transform(&there, xy_to_xyz([0.44757, 0.40745])));
        assert!((got[0] - D50_XY[0]).abs() < 1e-12 && (got[1] - D50_XY[1]).abs() < 1e-12);
        close(&multiply(&bradford(D50_XY, D65_XY), &bradford(D65_XY, D50_XY)), &crate::matrix::IDENTITY, 1e-12);
        // The well known D65 to D50 matrix.
        let known = [[1.0478, 0.0229, -0.0502], [0.0295, 0.9905, -0.0171], [-0.0092, 0.0150, 0.7521]];
        close(&bradford(D65_XY, D50_XY), &known, 4e-4);
    }
}
