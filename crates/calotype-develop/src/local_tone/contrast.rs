//! Local contrast at three scales, as small planes that are interpolated at full size.

use super::{LocalContrast, pyramid};
use calotype_image::Plane;

/// A detail, limited so that edges get no halos: linear for small details, never beyond 0.5 stops.
#[inline(always)]
pub(super) fn soft(detail: f32) -> f32 {
    // d / (1 + d²) for d in stops: its extremes are ±0.5 at one stop, and it falls again at edges
    detail / (1.0 + detail * detail)
}

/// Local means of log2 luminance, and the stops that medium and coarse contrast add.
#[derive(Clone, Debug)]
pub(super) struct ContrastPlanes {
    fine: f32,
    mean: Plane<f32>,
    added: Plane<f32>,
}

impl ContrastPlanes {
    /// The planes for a picture from the log2 luminance of its proxy.
    pub fn new(level: &Plane<f32>, amounts: &LocalContrast) -> Self {
        let (w, h) = (level.width(), level.height());
        let levels = pyramid::level_count(w, h, 2);
        let gaussian = pyramid::gaussian(level.clone(), levels);
        // A pyramid's level n holds structures from about 2^(n+1) pixels up.
        let at = |fraction: f32| ((fraction * h as f32).max(1.0).log2().round() as usize).min(levels - 1);
        let blurred = |n: usize| {
            let mut plane = gaussian[n].clone();
            for k in (0..n).rev() {
                plane = pyramid::expand(&plane, gaussian[k].width(), gaussian[k].height());
            }
            plane
        };
        let (medium, coarse) = (blurred(at(0.012)), blurred(at(0.05)));
        let added = Plane::from_fn(w, h, |x, y| {
            let (z, m, c) = (level.get(x, y), medium.get(x, y), coarse.get(x, y));
            amounts.medium * soft(z - m) + amounts.coarse * soft(m - c)
        });
        Self { fine: amounts.fine, mean: level.clone(), added }
    }

    /// Gain of the finest scale.
    pub fn fine(&self) -> f32 {
        self.fine
    }

    /// Fills the local means and the stops to add of row `y` of a picture `height` rows high.
    pub fn rows(&self, y: usize, height: usize, mean: &mut [f32], added: &mut [f32]) {
        stretch_row(&self.mean, y, height, mean);
        stretch_row(&self.added, y, height, added);
    }

    /// The change in stops at one pixel: the definition of what the rows compute.
    pub fn change(&self, x: usize, y: usize, width: usize, height: usize, z: f32) -> f32 {
        let mut rows = (vec![0.0; width], vec![0.0; width]);
        self.rows(y, height, &mut rows.0, &mut rows.1);
        self.fine * soft(z - rows.0[x]) + rows.1[x]
    }
}

/// Row `y` of `height`, of a small plane stretched to `height` x `out.len()`, bilinear between pixel centres.
fn stretch_row(plane: &Plane<f32>, y: usize, height: usize, out: &mut [f32]) {
    let (w, h) = (plane.width(), plane.height());
    let v = ((y as f32 + 0.5) / height as f32 * h as f32 - 0.5).clamp(0.0, (h - 1) as f32);
    let i = v as usize;
    let t = v - i as f32;
    let (top, bottom) = (plane.row(i), plane.row((i + 1).min(h - 1)));
    let step = w as f32 / out.len() as f32;
    for (x, o) in out.iter_mut().enumerate() {
        let u = ((x as f32 + 0.5) * step - 0.5).clamp(0.0, (w - 1) as f32);
        let j = u as usize;
        let k = (j + 1).min(w - 1);
        let s = u - j as f32;
        let (a, b) = (top[j] + s * (top[k] - top[j]), bottom[j] + s * (bottom[k] - bottom[j]));
        *o = a + t * (b - a);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretched_ramp_stays_a_ramp() {
        let p = Plane::from_fn(8, 4, |x, y| x as f32 + 10.0 * y as f32);
        let mut row = vec![0.0; 32];
        stretch_row(&p, 9, 16, &mut row);
        assert!((row[17] - ((17.5 / 4.0 - 0.5) + 10.0 * (9.5 / 4.0 - 0.5))).abs() < 1e-4);
        assert_eq!(row[0], row[1], "beyond the last centres the border goes on");
    }

    #[test]
    fn details_are_limited() {
        assert!((-40..40).all(|i| soft(i as f32 * 0.3).abs() <= 0.5));
        assert!((soft(0.05) - 0.05).abs() < 2e-4);
    }
}
