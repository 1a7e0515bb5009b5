//! The 24-patch colour chart: finding it, and what its patches should be.

mod find;
pub(crate) mod reference;

pub use reference::{CHART_NAMES, ChartReference};

use crate::stats::project;
use crate::{LabError, Picture, Region, Result};
use calotype_image::Plane;
use serde::Serialize;

/// A 24-patch chart in a picture: six columns, four rows, the neutral row last.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    /// Middles of the patches in pixels, in reading order from dark skin to black.
    pub centers: Vec<[f64; 2]>,
    /// Half of the distance to the next patch, along the rows and down the columns, in pixels.
    pub axes: Vec<[[f64; 2]; 2]>,
    /// How many patches were seen by themselves; the others follow from their places.
    pub seen: usize,
}

/// Places of a picture's patches: what the four corner patches' middles (top left, top right, bottom right, bottom left
/// as the chart is read) say.
pub fn chart_from_corners(corners: [[f64; 2]; 4], size: (usize, usize)) -> Option<Chart> {
    let grid = [[0.0, 0.0], [5.0, 0.0], [5.0, 3.0], [0.0, 3.0]];
    let h = crate::stats::homography(&grid, &corners)?;
    let chart = Chart::new(&h, 0);
    chart.fits(size).then_some(chart)
}

impl Chart {
    /// The chart whose patch in column i, row j has its middle where `map` carries (i, j).
    fn new(map: &[f64; 8], seen: usize) -> Self {
        let at = |i: f64, j: f64| project(map, [i, j]);
        let (mut centers, mut axes) = (Vec::new(), Vec::new());
        for j in 0..4 {
            for i in 0..6 {
                let (i, j) = (f64::from(i), f64::from(j));
                let half = |a: [f64; 2], b: [f64; 2]| [0.5 * (a[0] - b[0]), 0.5 * (a[1] - b[1])];
                centers.push(at(i, j));
                axes.push([half(at(i + 0.5, j), at(i - 0.5, j)), half(at(i, j + 0.5), at(i, j - 0.5))]);
            }
        }
        Self { centers, axes, seen }
    }

    /// True where the middle of every patch, which is measured, lies inside a picture of `size`.
    fn fits(&self, size: (usize, usize)) -> bool {
        self.centers.iter().zip(&self.axes).all(|(c, [u, v])| {
            let (rx, ry) = (0.5 * (u[0].abs() + v[0].abs()), 0.5 * (u[1].abs() + v[1].abs()));
            c[0] - rx >= 0.0 && c[1] - ry >= 0.0 && c[0] + rx <= size.0 as f64 && c[1] + ry <= size.1 as f64
        })
    }

    /// The upright rectangle about the whole chart, inside a picture of `size`.
    pub fn bounds(&self, size: (usize, usize)) -> Region {
        let (mut low, mut high) = ([f64::MAX; 2], [0.0f64; 2]);
        for (c, [u, v]) in self.centers.iter().zip(&self.axes) {
            for k in 0..2 {
                let reach = 1.1 * (u[k].abs() + v[k].abs());
                (low[k], high[k]) = (low[k].min(c[k] - reach), high[k].max(c[k] + reach));
            }
        }
        let (x, y) = (low[0].max(0.0) as usize, low[1].max(0.0) as usize);
        let (right, bottom) = ((high[0] as usize).min(size.0), (high[1] as usize).min(size.1));
        Region { x, y, width: right.saturating_sub(x).max(1), height: bottom.saturating_sub(y).max(1) }
    }

    /// Calls `f(x, y)` for the pixels in the middle of a patch, half as wide and high as the distance to the next.
    fn for_pixels(&self, patch: usize, size: (usize, usize), mut f: impl FnMut(usize, usize)) {
        let ([cx, cy], [u, v]) = (self.centers[patch], self.axes[patch]);
        let (u, v) = (u.map(|c| 0.5 * c), v.map(|c| 0.5 * c));
        let det = u[0] * v[1] - u[1] * v[0];
        let (rx, ry) = (u[0].abs() + v[0].abs(), u[1].abs() + v[1].abs());
        let range =
            |c: f64, r: f64, n: usize| (c - r).floor().max(0.0) as usize..((c + r).ceil().max(0.0) as usize).min(n);
        for y in range(cy, ry, size.1) {
            for x in range(cx, rx, size.0) {
                let (dx, dy) = (x as f64 + 0.5 - cx, y as f64 + 0.5 - cy);
                let (a, b) = ((dx * v[1] - dy * v[0]) / det, (u[0] * dy - u[1] * dx) / det);
                if a.abs() <= 1.0 && b.abs() <= 1.0 {
                    f(x, y);
                }
            }
        }
    }

    /// Mean of every patch of three planes, and the share of its samples at or above `clip`.
    pub(crate) fn patches(&self, planes: &[Plane<f32>; 3], clip: f32) -> Vec<PatchColor> {
        let size = (planes[0].width(), planes[0].height());
        (0..24)
            .map(|i| {
                let (mut sum, mut n, mut clipped) = ([0.0; 3], 0.0, 0.0);
                self.for_pixels(i, size, |x, y| {
                    let mut over = false;
                    for c in 0..3 {
                        let v = f64::from(planes[c].get(x, y));
                        sum[c] += v;
                        over |= v >= f64::from(clip);
                    }
                    n += 1.0;
                    clipped += f64::from(u8::from(over));
                });
                let n = f64::max(n, 1.0);
                PatchColor { mean: sum.map(|s| s / n), clipped: clipped / n }
            })
            .collect()
    }

    /// The upright rectangle inside the middle of a patch.
    pub fn region(&self, patch: usize) -> Region {
        let ([cx, cy], [u, v]) = (self.centers[patch], self.axes[patch]);
        let side = |c: usize| {
            // inside the parallelogram of half axes: what the slanted axis takes away is left out
            let (long, short) = if u[c].abs() > v[c].abs() { (u[c], v[c]) } else { (v[c], u[c]) };
            (0.6 * (long.abs() - short.abs())).max(1.0)
        };
        let (rx, ry) = (side(0), side(1));
        Region {
            x: (cx - rx).round().max(0.0) as usize,
            y: (cy - ry).round().max(0.0) as usize,
            width: (2.0 * rx) as usize,
            height: (2.0 * ry) as usize,
        }
    }
}

/// One patch's mean colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PatchColor {
    pub mean: [f64; 3],
    /// Share of its pixels at or above white.
    pub clipped: f64,
}

/// Finds the 24-patch chart in a picture, whichever way it is turned.
///
/// # Errors
/// [`LabError::NotFound`] where there is none, or a part of it is cut off.
pub fn find_chart(picture: &Picture) -> Result<Chart> {
    find_in(&picture.name, &picture.rgb.planes)
}

/// The same for any three linear planes, such as camera colours.
pub(crate) fn find_in(name: &str, planes: &[Plane<f32>; 3]) -> Result<Chart> {
    find::find(planes).map_err(|reason| LabError::NotFound {
        what: "24-patch chart",
        name: name.into(),
        reason,
        remedy: "The whole chart must be in the picture, evenly lit, its patches at least 12 pixels wide. Otherwise name its corner patches: --corners x,y x,y x,y x,y (dark skin, bluish green, black, white).",
    })
}

#[cfg(test)]
pub(crate) mod tests;
