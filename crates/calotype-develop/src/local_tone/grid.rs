//! A bilateral grid of exposure changes: a coarse grid over the picture, at each node a piecewise linear curve over
//! log2 luminance. Fitted on the small picture, sliced at full size.
//!
//! The idea of storing a slow operator's effect in such a grid is from Chen, Adams, Wadhwa and Hasinoff, Bilateral
//! guided upsampling, 2016; here the cells hold stops to add, continuous in luminance.

use calotype_image::Plane;

/// Nodes over luminance.
pub const LEVELS: usize = 16;

/// The grid. Nodes lie at the corners of equal cells that cover the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Nodes across and down.
    size: (usize, usize),
    /// Log2 luminance of the first level and the distance of levels, in stops.
    low: f32,
    step: f32,
    /// Stops to add, row by row of nodes.
    curves: Vec<[f32; LEVELS]>,
}

/// How smooth the fit is over the picture and over luminance, against data of weight 1 per node and cell filled.
const SMOOTH_SPACE: f32 = 0.08;
const SMOOTH_LEVELS: f32 = 0.02;
/// Pull towards the global curve where a node has no data.
const PRIOR: f32 = 0.002;
/// The slope of luminance out over luminance in, at one place, stays above this.
const LEAST_SLOPE: f32 = 0.3;

impl Grid {
    /// Fits the grid to `change` (stops to add) over `input` (log2 luminance), both `prior` where nothing is known.
    pub fn fit(input: &Plane<f32>, change: &Plane<f32>, prior: impl Fn(f32) -> f32) -> Self {
        let (w, h) = (input.width(), input.height());
        let (lo, hi) = input.data().iter().fold((f32::MAX, f32::MIN), |(a, b), &v| (a.min(v), b.max(v)));
        let (lo, hi) = if lo <= hi { (lo, hi) } else { (0.0, 0.0) };
        let step = ((hi - lo) / (LEVELS - 1) as f32).max(0.25);
        // about 16 cells on the longer side
        let cell = (w.max(h) as f32 / 16.0).max(4.0);
        let size = ((w as f32 / cell).ceil() as usize + 1, (h as f32 / cell).ceil() as usize + 1);
        let mut grid = Self { size, low: lo, step, curves: vec![[0.0; LEVELS]; size.0 * size.1] };
        let global: [f32; LEVELS] = std::array::from_fn(|k| prior(lo + k as f32 * step));

        // data: weight and weighted sum at every node
        let mut weight = vec![[0.0f32; LEVELS]; grid.curves.len()];
        grid.curves.fill(global);
        let mut residual = Plane::<f32>::new(w, h);
        let mut sums = vec![[0.0f32; LEVELS]; grid.curves.len()];
        let unit = 1.0 / (cell * cell);
        for pass in 0..3 {
            // the fit is repeated on what is left of the data, which undoes the blur of the hat weights
            for y in 0..h {
                for x in 0..w {
                    let left = change.get(x, y) - grid.slice(x, y, w, h, input.get(x, y));
                    residual.row_mut(y)[x] = left;
                }
            }
            sums.iter_mut().for_each(|s| *s = [0.0; LEVELS]);
            for y in 0..h {
                for x in 0..w {
                    let place = grid.place(x as f32 + 0.5, y as f32 + 0.5, w, h, input.get(x, y));
                    let value = residual.get(x, y);
                    for (node, k, share) in place.corners(size.0) {
                        sums[node][k] += share * unit * value;
                        if pass == 0 {
                            weight[node][k] += share * unit;
                        }
                    }
                }
            }
            let fixed = grid.relax(&sums, &weight);
            for (curve, add) in grid.curves.iter_mut().zip(fixed) {
                for (c, a) in curve.iter_mut().zip(add) {
                    *c += a;
                }
            }
        }
        grid.keep_order();
        grid
    }

    /// Solves for node values v: Σ weight (v - sum/weight)² + smoothness, by Gauss-Seidel sweeps in fixed order.
    fn relax(&self, sums: &[[f32; LEVELS]], weight: &[[f32; LEVELS]]) -> Vec<[f32; LEVELS]> {
        let (nx, ny) = self.size;
        let mut v = vec![[0.0f32; LEVELS]; nx * ny];
        for sweep in 0..60 {
            for step in 0..nx * ny {
                let i = if sweep % 2 == 0 { step } else { nx * ny - 1 - step };
                let (x, y) = (i % nx, i / nx);
                for k in 0..LEVELS {
                    let mut top = sums[i][k];
                    let mut bottom = weight[i][k] + PRIOR;
                    let mut with = |value: f32, strength: f32| {
                        top += strength * value;
                        bottom += strength;
                    };
                    if x > 0 {
                        with(v[i - 1][k], SMOOTH_SPACE);
                    }
                    if x + 1 < nx {
                        with(v[i + 1][k], SMOOTH_SPACE);
                    }
                    if y > 0 {
                        with(v[i - nx][k], SMOOTH_SPACE);
                    }
                    if y + 1 < ny {
                        with(v[i + nx][k], SMOOTH_SPACE);
                    }
                    if k > 0 {
                        with(v[i][k - 1], SMOOTH_LEVELS);
                    }
                    if k + 1 < LEVELS {
                        with(v[i][k + 1], SMOOTH_LEVELS);
                    }
                    v[i][k] = top / bottom;
                }
            }
        }
        v
    }

    /// At every node luminance keeps its order: a brighter pixel stays brighter.
    fn keep_order(&mut self) {
        let least = (LEAST_SLOPE - 1.0) * self.step;
        for curve in &mut self.curves {
            for k in 1..LEVELS {
                let d = (curve[k] - curve[k - 1]).max(least);
                curve[k] = curve[k - 1] + d;
            }
        }
    }

    /// Nodes across and down.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Log2 luminance of the first level and the distance of levels, in stops.
    pub fn levels(&self) -> (f32, f32) {
        (self.low, self.step)
    }

    /// Fills `line` with the curves of one row of nodes as they are at row `y` of a picture `height` rows high.
    pub fn line(&self, y: usize, height: usize, line: &mut Vec<[f32; LEVELS]>) {
        let (nx, ny) = self.size;
        let v = (y as f32 + 0.5) / height as f32 * (ny - 1) as f32;
        let i = (v as usize).min(ny.saturating_sub(2));
        let t = v - i as f32;
        let below = (i + 1).min(ny - 1);
        line.clear();
        for x in 0..nx {
            let (a, b) = (&self.curves[i * nx + x], &self.curves[below * nx + x]);
            line.push(std::array::from_fn(|k| a[k] + t * (b[k] - a[k])));
        }
    }

    /// Stops to add at the pixel (x, y) of a picture of `w` x `h`, whose log2 luminance is `z`. The definition of
    /// what the fast rows compute.
    pub fn slice(&self, x: usize, y: usize, w: usize, h: usize, z: f32) -> f32 {
        let place = self.place(x as f32 + 0.5, y as f32 + 0.5, w, h, z);
        place.corners(self.size.0).iter().map(|&(node, k, share)| share * self.curves[node][k]).sum()
    }

    fn place(&self, x: f32, y: f32, w: usize, h: usize, z: f32) -> Place {
        let along = |v: f32, count: usize| {
            let v = v.clamp(0.0, (count - 1) as f32);
            let i = (v as usize).min(count.saturating_sub(2));
            (i, v - i as f32)
        };
        let (x, tx) = along(x / w as f32 * (self.size.0 - 1) as f32, self.size.0);
        let (y, ty) = along(y / h as f32 * (self.size.1 - 1) as f32, self.size.1);
        let (k, tk) = along((z - self.low) / self.step, LEVELS);
        Place { x, y, k, tx, ty, tk }
    }
}

/// A place between nodes.
struct Place {
    x: usize,
    y: usize,
    k: usize,
    tx: f32,
    ty: f32,
    tk: f32,
}

impl Place {
    /// The eight nodes around, each with its share. Every grid has at least two nodes across and down.
    #[inline(always)]
    fn corners(&self, nx: usize) -> [(usize, usize, f32); 8] {
        let mut out = [(0, 0, 0.0); 8];
        let node = self.y * nx + self.x;
        let mut n = 0;
        for (dy, sy) in [(0, 1.0 - self.ty), (nx, self.ty)] {
            for (dx, sx) in [(0, 1.0 - self.tx), (1, self.tx)] {
                for (dk, sk) in [(0, 1.0 - self.tk), (1, self.tk)] {
                    out[n] = (node + dy + dx, self.k + dk, sy * sx * sk);
                    n += 1;
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_of_luminance_is_fitted_and_sliced() {
        let input = Plane::from_fn(80, 60, |x, y| (x as f32 * 0.13 + y as f32 * 0.7) % 9.0 - 5.0);
        let f = |z: f32| 0.4 * (z * 0.5).sin();
        let mut change = input.clone();
        change.data_mut().iter_mut().for_each(|v| *v = f(*v));
        let grid = Grid::fit(&input, &change, |_| 0.0);
        for z in [-4.0f32, -1.7, 0.3, 2.9] {
            let got = grid.slice(200, 99, 640, 480, z);
            assert!((got - f(z)).abs() < 0.04, "{z}: {got} against {}", f(z));
        }
    }

    #[test]
    fn nodes_without_data_follow_the_prior() {
        let input = Plane::from_fn(64, 64, |x, _| if x < 32 { -6.0 } else { 4.0 });
        let grid = Grid::fit(&input, &Plane::filled(64, 64, 0.0), |z| 0.1 * z);
        assert!(grid.slice(1, 30, 64, 64, -6.0).abs() < 0.05);
        let (near, far) = (grid.slice(32, 30, 64, 64, 4.0), grid.slice(1, 30, 64, 64, 4.0));
        assert!(near.abs() < 0.1 && far > near && far < 0.4, "{near} at the data, {far} away from it");
    }

    #[test]
    fn order_is_kept_whatever_the_data() {
        let input = Plane::from_fn(40, 40, |x, _| x as f32 * 0.2 - 4.0);
        let change = Plane::from_fn(40, 40, |x, _| -(x as f32) * 0.5);
        let grid = Grid::fit(&input, &change, |_| 0.0);
        let mut last = f32::MIN;
        for i in 0..100 {
            let z = -4.0 + 0.08 * i as f32;
            let out = z + grid.slice(7, 9, 40, 40, z);
            assert!(out >= last);
            last = out;
        }
    }

    #[test]
    fn the_smallest_picture_has_a_grid() {
        let one = Plane::filled(1, 1, -2.0);
        let grid = Grid::fit(&one, &Plane::filled(1, 1, 0.7), |_| 0.7);
        assert!((grid.slice(0, 0, 1, 1, -2.0) - 0.7).abs() < 1e-3);
    }
}
