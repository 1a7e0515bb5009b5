//! Surfaces: measured reflectances, and smooth ones of any colour.

use crate::spectrum::{Spectrum, columns};
use std::sync::LazyLock;

/// The 24 patches of the usual chart, row by row from "dark-skin" to "black": names and reflectances
/// (N. Ohta's measurements, 1997; `data/README.md` says where the tables come from).
pub fn chart24() -> &'static [(String, Spectrum)] {
    static TABLE: LazyLock<Vec<(String, Spectrum)>> = LazyLock::new(|| columns(include_str!("../data/chart24.csv")));
    &TABLE
}

/// 44 further measured surfaces: the 14 test colours of CIE 13.3, and the Munsell samples of two versions of NIST's
/// colour quality scale.
pub fn samples() -> &'static [(String, Spectrum)] {
    static TABLE: LazyLock<Vec<(String, Spectrum)>> = LazyLock::new(|| columns(include_str!("../data/samples.csv")));
    &TABLE
}

/// Three smooth reflectances that sum to 1 and have the colours of the Rec.709 primaries in D65: a mixture of them has
/// any linear Rec.709 colour from 0 to 1 as a physical reflectance (the idea of Mallett and Yuksel, "Spectral Primary
/// Decomposition for Rendering with sRGB Reflectance", EGSR 2019; the curves are our own solution).
pub fn rgb_basis() -> &'static [Spectrum; 3] {
    static TABLE: LazyLock<[Spectrum; 3]> = LazyLock::new(|| {
        let mut all = columns(include_str!("../data/rgb_basis.csv")).into_iter().map(|c| c.1);
        std::array::from_fn(|_| all.next().unwrap_or(Spectrum::constant(0.0)))
    });
    &TABLE
}

/// The reflectance of a linear Rec.709 colour.
pub fn from_rec709([r, g, b]: [f64; 3]) -> Spectrum {
    let [x, y, z] = rgb_basis();
    x.scaled(r).plus(&y.scaled(g)).plus(&z.scaled(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::light::{Illuminant, xyz};
    use calotype_color::RgbSpace;
    use calotype_color::matrix::transform;

    #[test]
    fn tables_are_complete() {
        assert_eq!((chart24().len(), samples().len()), (24, 44));
        for (name, r) in chart24().iter().chain(samples()) {
            assert!(r.0.iter().all(|v| (0.0..=1.0).contains(v)), "{name}");
        }
        // the white patch of the chart reflects about nine tenths
        assert!((chart24()[18].1.0[35] - 0.9).abs() < 0.03);
    }

    #[test]
    fn the_basis_has_the_primaries_colours() {
        let light = Illuminant::builtin("D65").unwrap().at_luminance(1.0);
        for wanted in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.2, 0.7, 0.4]] {
            let got = transform(&RgbSpace::Rec709.from_xyz(), xyz(&light.times(&from_rec709(wanted))));
            for (a, b) in got.iter().zip(wanted) {
                assert!((a - b).abs() < 2e-3, "{got:?} is not {wanted:?}");
            }
        }
        let sum = from_rec709([1.0; 3]);
        assert!(sum.0.iter().all(|v| (v - 1.0).abs() < 1e-4));
    }
}
