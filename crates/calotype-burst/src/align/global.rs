//! One projective motion for the whole picture, by Gauss-Newton over cells.

use super::Prepared;
use super::cells::{CELL, Equations, Probe, measure};
use crate::motion::Homography;
use calotype_image::par;

/// Cells measured by one task.
const BATCH: usize = 128;
/// A cell whose displacement disagrees by this many standard deviations counts half.
const OUTLIER: f32 = 3.0;
/// Standard deviation, in pixels of the frame at its edge, of what a hand does besides shifting and turning.
const TILT_PRIOR: f64 = 4.0;

/// A step so small, in pixels of the level, that the next would not be worth its measurement: steps shrink tenfold.
const SETTLED: f64 = 0.03;

/// How free the motion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freedom {
    /// Shift and turn.
    Rigid = 3,
    /// Everything a plane can do.
    Projective = 8,
}

/// A level of two frames.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub reference: &'a Prepared,
    pub frame: &'a Prepared,
    pub level: usize,
}

/// The result of a refinement.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    pub motion: Homography,
    /// Standard error in pixels of the frame, mean over the picture.
    pub error: f32,
    /// Root of the mean robust cost per pixel, in standard deviations; infinite where nothing was measured.
    pub residual: f32,
    /// Pixels measured.
    pub pixels: f32,
}

impl View<'_> {
    /// Pixels of the frame per pixel of the level.
    pub fn scale(&self) -> f64 {
        (2usize << self.level) as f64
    }

    /// Probes of cells at the places a motion gives.
    pub fn probes(&self, motion: &Homography, cells: &[(u32, u32)]) -> Vec<Probe> {
        let s = self.scale();
        let half = (CELL as f64 - 1.0) / 2.0;
        let plane = self.reference.level(self.level);
        cells
            .iter()
            .map(|&(x, y)| {
                let (cx, cy) = (f64::from(x) + half, f64::from(y) + half);
                // displacement at a place of the level, in its pixels
                let at = |x: f64, y: f64| {
                    let (u, v) = motion.map(s * x + 0.5, s * y + 0.5);
                    (((u - 0.5) / s - x) as f32, ((v - 0.5) / s - y) as f32)
                };
                let c = at(cx, cy);
                let (r, d) = (at(cx + half, cy), at(cx, cy + half));
                let h = half as f32;
                let (px, py) = (x as usize + CELL / 2, y as usize + CELL / 2);
                let grey = plane.clamped(px as isize, py as isize);
                let grey = if !grey.is_nan() { grey } else { 1.0 };
                let noise =
                    self.reference.variance(self.level, px, py, grey) + self.frame.variance(self.level, px, py, grey);
                Probe {
                    cell: (x, y),
                    shift: c,
                    across: ((r.0 - c.0) / h, (r.1 - c.1) / h),
                    down: ((d.0 - c.0) / h, (d.1 - c.1) / h),
                    noise: noise.max(1e-7),
                }
            })
            .collect()
    }

    /// The equations of cells under a motion.
    pub fn measure(&self, motion: &Homography, cells: &[(u32, u32)]) -> Vec<Equations> {
        let run = |cells: &[(u32, u32)]| {
            let mut out = vec![Equations::default(); cells.len()];
            let probes = self.probes(motion, cells);
            measure(self.reference.level(self.level), self.frame.level(self.level), &probes, &mut out);
            out
        };
        if cells.len() <= 4 * BATCH {
            return run(cells);
        }
        par::map(cells.len().div_ceil(BATCH), |i| run(&cells[i * BATCH..cells.len().min((i + 1) * BATCH)])).concat()
    }
}

/// Improves a motion until it changes by less than [`SETTLED`], or `rounds` times.
pub(super) fn refine(view: View, start: Homography, cells: &[(u32, u32)], freedom: Freedom, rounds: usize) -> Fit {
    let (w, h) = (view.reference.width() as f64, view.reference.height() as f64);
    let unit = w.max(h) / 2.0;
    let centre = ((w - 1.0) / 2.0, (h - 1.0) / 2.0);
    let n = freedom as usize;
    let s = view.scale();
    let mut fit = Fit { motion: start, error: f32::INFINITY, residual: f32::INFINITY, pixels: 0.0 };
    for round in 0..=rounds {
        let equations = view.measure(&fit.motion, cells);
        let usable = |e: &Equations| e.count >= 16.0;
        let mut deviations: Vec<f32> = equations.iter().filter(|e| usable(e)).map(disagreement).collect();
        if deviations.len() < 2 {
            return fit;
        }
        // the lowest 30 per cent of chi squared with two degrees of freedom are below 0.713
        let low = deviations.len() * 3 / 10;
        let scale = (*deviations.select_nth_unstable_by(low, f32::total_cmp).1 / 0.713).max(1.0);
        let (mut a, mut b) = ([[0.0f64; 8]; 8], [0.0f64; 8]);
        let (mut cost, mut pixels) = (0.0f64, 0.0f64);
        for (e, &(x, y)) in equations.iter().zip(cells) {
            if !usable(e) {
                continue;
            }
            // Geman and McClure's weight: what moves by itself soon counts nothing
            let weight = (1.0 + disagreement(e) / (scale * OUTLIER * OUTLIER)).powi(-2);
            let half = (CELL as f64 - 1.0) / 2.0;
            let (px, py) = fit.motion.map(s * (f64::from(x) + half) + 0.5, s * (f64::from(y) + half) + 0.5);
            let j = basis((px - centre.0) / unit, (py - centre.1) / unit);
            let weight = f64::from(weight / scale);
            let e_a = e.a.map(|v| f64::from(v) * weight);
            let e_b = e.b.map(|v| f64::from(v) * weight);
            for p in 0..n {
                let [jx, jy] = j[p];
                let (ax, ay) = (e_a[0] * jx + e_a[1] * jy, e_a[1] * jx + e_a[2] * jy);
                for q in 0..=p {
                    a[p][q] += ax * j[q][0] + ay * j[q][1];
                }
                b[p] -= e_b[0] * jx + e_b[1] * jy;
            }
            cost += f64::from(e.cost);
            pixels += f64::from(e.count);
        }
        // a weak prior keeps what the picture does not show at rest
        let damping: [f64; 8] = std::array::from_fn(|p| match p {
            0 | 1 => 1e-3,
            2 => (s / (10.0 * TILT_PRIOR)).powi(2),
            _ => (s / TILT_PRIOR).powi(2),
        });
        for p in 0..n {
            a[p][p] += damping[p];
            for q in 0..p {
                a[q][p] = a[p][q];
            }
        }
        let Some(inverse) = invert(&a, n) else { return fit };
        fit.residual = (cost / pixels.max(1.0)).sqrt() as f32;
        fit.pixels = pixels as f32;
        fit.error = (s * mean_error(&inverse, n)) as f32;
        if round == rounds {
            break;
        }
        let mut d: [f64; 8] = std::array::from_fn(|p| (0..n).map(|q| inverse[p][q] * b[q]).sum());
        // one step is trusted for two pixels of the level
        let reach: f64 = (0..n).map(|p| d[p].abs()).sum();
        if reach > 2.0 {
            d = d.map(|v| v * 2.0 / reach);
        }
        fit.motion = step(&d, s, unit, centre).after(&fit.motion);
        if reach < SETTLED {
            break;
        }
    }
    fit
}

/// Squared displacement a cell asks for, in its standard errors.
fn disagreement(e: &Equations) -> f32 {
    let d = e.solve(1e-2);
    -(d.0 * e.b[0] + d.1 * e.b[1])
}

/// Displacement (x, y) per unit of each parameter at a place given in half pictures from the centre: shift x, shift y,
/// turn, scale, two shears, two tilts.
fn basis(u: f64, v: f64) -> [[f64; 2]; 8] {
    [[1.0, 0.0], [0.0, 1.0], [-v, u], [u, v], [u, -v], [v, u], [u * u, u * v], [u * v, v * v]]
}

/// The map of a step of the parameters, given in pixels of the level.
fn step(d: &[f64; 8], scale: f64, unit: f64, centre: (f64, f64)) -> Homography {
    let d = d.map(|v| v * scale / unit);
    let inner = Homography([
        [1.0 + d[3] + d[4], d[5] - d[2], d[0]],
        [d[5] + d[2], 1.0 + d[3] - d[4], d[1]],
        [-d[6], -d[7], 1.0],
    ]);
    let to = Homography([[1.0 / unit, 0.0, -centre.0 / unit], [0.0, 1.0 / unit, -centre.1 / unit], [0.0, 0.0, 1.0]]);
    let back = Homography([[unit, 0.0, centre.0], [0.0, unit, centre.1], [0.0, 0.0, 1.0]]);
    back.after(&inner.after(&to))
}

/// Root mean square error over a 5x5 grid of places, per axis, for a covariance of the parameters.
fn mean_error(covariance: &[[f64; 8]; 8], n: usize) -> f64 {
    let mut sum = 0.0;
    for i in 0..25 {
        let j = basis(f64::from(i % 5 - 2) / 2.0, f64::from(i / 5 - 2) / 2.7);
        for axis in 0..2 {
            for p in 0..n {
                for q in 0..n {
                    sum += j[p][axis] * covariance[p][q] * j[q][axis];
                }
            }
        }
    }
    (sum / 50.0).max(0.0).sqrt()
}

/// Inverse of the leading n x n part of a symmetric positive matrix by Gauss-Jordan elimination.
fn invert(a: &[[f64; 8]; 8], n: usize) -> Option<[[f64; 8]; 8]> {
    let mut m = *a;
    let mut inverse = [[0.0; 8]; 8];
    for (p, row) in inverse.iter_mut().enumerate() {
        row[p] = 1.0;
    }
    for p in 0..n {
        let pivot = m[p][p];
        if !(pivot > 1e-300) || !pivot.is_finite() {
            return None;
        }
        for q in 0..n {
            m[p][q] /= pivot;
            inverse[p][q] /= pivot;
        }
        for r in 0..n {
            if r != p {
                let f = m[r][p];
                for q in 0..n {
                    m[r][q] -= f * m[p][q];
                    inverse[r][q] -= f * inverse[p][q];
                }
            }
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        let a: [[f64; 8]; 8] = std::array::from_fn(|i| {
            std::array::from_fn(|j| 1.0 / (1.0 + i as f64 + j as f64) + if i == j { 0.5 } else { 0.0 })
        });
        let b = invert(&a, 5).unwrap();
        for i in 0..5 {
            for j in 0..5 {
                let v: f64 = (0..5).map(|k| a[i][k] * b[k][j]).sum();
                assert!((v - f64::from(i == j)).abs() < 1e-10);
            }
        }
        assert!(invert(&[[0.0; 8]; 8], 3).is_none());
    }

    #[test]
    fn a_step_moves_as_its_basis_says() {
        let (unit, centre) = (500.0, (499.5, 299.5));
        for p in 0..8 {
            let mut d = [0.0; 8];
            d[p] = 0.01;
            let m = step(&d, 4.0, unit, centre);
            for (u, v) in [(0.0, 0.0), (0.7, -0.3), (-1.0, 0.5)] {
                let (x, y) = m.map(centre.0 + u * unit, centre.1 + v * unit);
                let b = basis(u, v)[p];
                assert!((x - centre.0 - u * unit - 0.04 * b[0]).abs() < 1e-4, "{p}");
                assert!((y - centre.1 - v * unit - 0.04 * b[1]).abs() < 1e-4, "{p}");
            }
        }
    }
}
