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

    /// Where the columns of a picture of `width` lie between the planes' columns.
    pub fn columns(&self, width: usize) -> Vec<Column> {
        let w = self.mean.width();
        let step = w as f32 / width as f32;
        let place = |x: usize| {
            let u = ((x as f32 + 0.5) * step - 0.5).clamp(0.0, (w - 1) as f32);
            Column { left: u as u32, share: u - (u as u32) as f32 }
        };
        (0..width).map(place).collect()
    }

    /// Fills the local means and the stops to add of row `y` of a picture `height` rows high, one per column.
    pub fn rows(&self, y: usize, height: usize, columns: &[Column], mean: &mut Vec<f32>, added: &mut Vec<f32>) {
        let h = self.mean.height();
        let v = ((y as f32 + 0.5) / height as f32 * h as f32 - 0.5).clamp(0.0, (h - 1) as f32);
        let i = v as usize;
        let t = v - i as f32;
        let below = (i + 1).min(h - 1);
        let (m, a) = ((self.mean.row(i), self.mean.row(below)), (self.added.row(i), self.added.row(below)));
        let mut line: Vec<[f32; 2]> =
            (0..self.mean.width()).map(|x| [m.0[x] + t * (m.1[x] - m.0[x]), a.0[x] + t * (a.1[x] - a.0[x])]).collect();
        // the last column once more, for the pixels beyond its centre
        line.extend(line.last().copied());
        mean.resize(columns.len(), 0.0);
        added.resize(columns.len(), 0.0);
        for ((column, mean), added) in columns.iter().zip(mean).zip(added) {
            let (l, r) = (line[column.left as usize], line[column.left as usize + 1]);
            *mean = l[0] + column.share * (r[0] - l[0]);
            *added = l[1] + column.share * (r[1] - l[1]);
        }
    }

    /// The change in stops at one pixel: the definition of what the rows compute.
    pub fn change(&self, x: usize, y: usize, width: usize, height: usize, z: f32) -> f32 {
        let (mut mean, mut added) = (Vec::new(), Vec::new());
        self.rows(y, height, &self.columns(width), &mut mean, &mut added);
        self.fine * soft(z - mean[x]) + added[x]
    }
}

/// A column's place between two columns of a smaller plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    left: u32,
    share: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretched_ramp_stays_a_ramp() {
        let mean = Plane::from_fn(8, 4, |x, y| x as f32 + 10.0 * y as f32);
        let planes = ContrastPlanes { fine: 0.0, added: mean.clone(), mean };
        let (mut mean, mut added) = (Vec::new(), Vec::new());
        planes.rows(9, 16, &planes.columns(32), &mut mean, &mut added);
        assert!((mean[17] - ((17.5 / 4.0 - 0.5) + 10.0 * (9.5 / 4.0 - 0.5))).abs() < 1e-4);
        assert_eq!(added[31], mean[30], "beyond the last centres the border goes on");
    }

    #[test]
    fn details_are_limited() {
        assert!((-40..40).all(|i| soft(i as f32 * 0.3).abs() <= 0.5));
        assert!((soft(0.05) - 0.05).abs() < 2e-4);
    }
}
