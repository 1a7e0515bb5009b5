//! Differences of colours as numbers for least squares.

use calotype_color::lab::xyz_to_lab_d65;
use calotype_color::matrix::transform;

/// CIELAB (D65) of display-linear sRGB.
pub(crate) fn lab(display: [f64; 3]) -> [f64; 3] {
    xyz_to_lab_d65(transform(&REC709_TO_XYZ, display))
}

/// sRGB to XYZ (IEC 61966-2-1); a test holds it to the primaries.
const REC709_TO_XYZ: calotype_color::Matrix3 = [
    [0.412_390_799_265_959_34, 0.357_584_339_383_878, 0.180_480_788_401_834_3],
    [0.212_639_005_871_510_27, 0.715_168_678_767_756, 0.072_192_315_360_733_71],
    [0.019_330_818_715_591_82, 0.119_194_779_794_625_98, 0.950_532_152_249_660_7],
];

/// CIEDE2000 about one colour, as a length: the weights of lightness, chroma and hue and the rotation of blues are those of
/// the colour itself (CIE 142-2001), so that differences can be subtracted and squared. Within a few percent of CIEDE2000 up
/// to differences of 5.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metric {
    target: [f64; 3],
    rows: [[f64; 3]; 3],
}

impl Metric {
    /// About a colour in CIELAB.
    pub fn about(target: [f64; 3]) -> Self {
        let [l, a, b] = target;
        let c7 = a.hypot(b).powi(7);
        let g = 1.0 + 0.5 * (1.0 - (c7 / (c7 + 25f64.powi(7))).sqrt());
        let (a1, c) = (a * g, (a * g).hypot(b));
        let (cos, sin) = if c > 1e-9 { (a1 / c, b / c) } else { (1.0, 0.0) };
        let hue = b.atan2(a1).to_degrees().rem_euclid(360.0);
        let cosine = |deg: f64| deg.to_radians().cos();
        let t = 1.0 - 0.17 * cosine(hue - 30.0) + 0.24 * cosine(2.0 * hue) + 0.32 * cosine(3.0 * hue + 6.0)
            - 0.20 * cosine(4.0 * hue - 63.0);
        let l50 = (l - 50.0).powi(2);
        let sl = 1.0 + 0.015 * l50 / (20.0 + l50).sqrt();
        let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
        let c7 = c.powi(7);
        let rc = 2.0 * (c7 / (c7 + 25f64.powi(7))).sqrt();
        let rt = -rc * (60.0 * (-((hue - 275.0) / 25.0).powi(2)).exp()).to_radians().sin();
        // dC^2 + dH^2 + rt dC dH as two squares
        let (chroma, tangent) = ([g * cos / sc, sin / sc], [-g * sin / sh, cos / sh]);
        let rest = (1.0 - rt * rt / 4.0).max(0.0).sqrt();
        let first = [0, 1].map(|i| chroma[i] + rt / 2.0 * tangent[i]);
        Self {
            target,
            rows: [[1.0 / sl, 0.0, 0.0], [0.0, first[0], first[1]], [0.0, rest * tangent[0], rest * tangent[1]]],
        }
    }

    /// The difference of another colour in CIELAB; its length is near CIEDE2000.
    pub fn difference(&self, lab: [f64; 3]) -> [f64; 3] {
        transform(&self.rows, [0, 1, 2].map(|i| lab[i] - self.target[i]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_color::RgbSpace;
    use calotype_color::lab::delta_e_2000;

    #[test]
    fn the_matrix_is_that_of_the_primaries() {
        let m = RgbSpace::Rec709.to_xyz();
        assert!(m.iter().flatten().zip(REC709_TO_XYZ.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-12), "{m:?}");
    }

    #[test]
    fn lengths_are_nearly_ciede2000() {
        for i in 0..500 {
            let [u, v, w] = [0.819, 0.671, 0.5497].map(|k: f64| (0.5 + k * f64::from(i)).fract());
            let target = [15.0 + 75.0 * u, 100.0 * (v - 0.5), 100.0 * (w - 0.5)];
            let other = [0, 1, 2].map(|c| target[c] + 2.0 * f64::from((i * (c as i32 + 3)) % 5 - 2) / 2.0);
            let got = Metric::about(target).difference(other).iter().map(|v| v * v).sum::<f64>().sqrt();
            let want = delta_e_2000(target, other);
            assert!((got - want).abs() < 0.05 + 0.12 * want, "{target:?} {other:?}: {got} {want}");
        }
    }
}
