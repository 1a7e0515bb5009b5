//! Corrections by hue: smooth periodic curves through the eight sectors.

use crate::{SECTORS, Sector};

/// Centre and half width in degrees of the hues that `skin_guard` spares.
const SKIN: (f64, f64) = (58.0, 45.0);

/// What happens at one hue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct HueEffect {
    /// Turn in radians.
    pub shift: f64,
    /// Factor of chroma, less 1.
    pub chroma: f64,
    /// Relative change of lightness.
    pub lightness: f64,
    /// 1 at the middle of skin hues, 0 away from them.
    pub skin: f64,
}

/// The sectors of a look as curves over the circle of hues.
///
/// Each curve goes through its eight values and stays between neighbours: a periodic cubic with the slopes of Fritsch and
/// Carlson (SIAM J. Numer. Anal. 17, 238, 1980).
#[derive(Clone, Debug)]
pub(crate) struct HueCurves {
    values: [[f64; 8]; 3],
    slopes: [[f64; 8]; 3],
}

impl HueCurves {
    pub fn new(sectors: &[Sector; 8]) -> Self {
        let values =
            [sectors.map(|s| s.shift_deg.to_radians()), sectors.map(|s| s.chroma - 1.0), sectors.map(|s| s.lightness)];
        Self { slopes: values.map(|v| monotone_slopes(&v)), values }
    }

    /// The effect at a hue in radians.
    pub fn at(&self, hue: f64) -> HueEffect {
        let degrees = hue.to_degrees().rem_euclid(360.0);
        let i = SECTORS.iter().rposition(|s| s.0 <= degrees).unwrap_or(7);
        let j = (i + 1) % 8;
        let step = gap(i);
        let t = (degrees - SECTORS[i].0).rem_euclid(360.0) / step;
        let curve = |k: usize| {
            let (v, m) = (&self.values[k], &self.slopes[k]);
            let (t2, t3) = (t * t, t * t * t);
            v[i] * (2.0 * t3 - 3.0 * t2 + 1.0)
                + v[j] * (3.0 * t2 - 2.0 * t3)
                + m[i] * step * (t3 - 2.0 * t2 + t)
                + m[j] * step * (t3 - t2)
        };
        let away = ((degrees - SKIN.0 + 180.0).rem_euclid(360.0) - 180.0) / SKIN.1;
        let skin = if away.abs() < 1.0 { (1.0 - away * away).powi(2) } else { 0.0 };
        HueEffect { shift: curve(0), chroma: curve(1), lightness: curve(2), skin }
    }

    /// True where no hue is treated differently.
    pub fn is_identity(&self) -> bool {
        self.values.iter().flatten().all(|v| *v == 0.0)
    }
}

/// Degrees from sector `i` to the next.
fn gap(i: usize) -> f64 {
    (SECTORS[(i + 1) % 8].0 - SECTORS[i].0).rem_euclid(360.0)
}

fn monotone_slopes(v: &[f64; 8]) -> [f64; 8] {
    let secant = |i: usize| (v[(i + 1) % 8] - v[i]) / gap(i);
    let mut slopes = [0.0; 8];
    for (i, slope) in slopes.iter_mut().enumerate() {
        let before = (i + 7) % 8;
        let (a, b) = (secant(before), secant(i));
        if a * b > 0.0 {
            let (wa, wb) = (2.0 * gap(i) + gap(before), gap(i) + 2.0 * gap(before));
            *slope = (wa + wb) / (wa / a + wb / b);
        }
    }
    slopes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves() -> (HueCurves, [Sector; 8]) {
        let mut sectors = [Sector::default(); 8];
        for (i, s) in sectors.iter_mut().enumerate() {
            s.shift_deg = [5.0, 2.0, -3.0, 0.0, -1.0, -12.0, -1.0, 5.0][i];
            s.chroma = 1.0 + 0.05 * i as f64;
        }
        (HueCurves::new(&sectors), sectors)
    }

    #[test]
    fn curves_go_through_the_sectors() {
        let (curves, sectors) = curves();
        for (s, (hue, name)) in sectors.iter().zip(SECTORS) {
            let e = curves.at(hue.to_radians());
            assert!((e.shift.to_degrees() - s.shift_deg).abs() < 1e-9, "{name}");
            assert!((e.chroma + 1.0 - s.chroma).abs() < 1e-9, "{name}");
        }
        assert!(curves.at(58f64.to_radians()).skin == 1.0 && curves.at(4.0).skin == 0.0);
    }

    #[test]
    fn curves_neither_jump_nor_overshoot() {
        let (curves, _) = curves();
        let mut last = curves.at(0.0);
        for i in 1..=3600 {
            let e = curves.at((f64::from(i) / 10.0).to_radians());
            assert!((e.shift - last.shift).abs() < 1.5e-3 && (e.skin - last.skin).abs() < 5e-3);
            assert!((-12.0 - 1e-9..=5.0 + 1e-9).contains(&e.shift.to_degrees()));
            last = e;
        }
        assert!(HueCurves::new(&[Sector::default(); 8]).is_identity());
    }
}
