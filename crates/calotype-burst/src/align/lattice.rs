//! A grid of cells and nodes over one level, and local motion at its nodes.

use super::cells::{CELL, Equations, Probe, measure};
use super::global::View;
use crate::motion::Homography;
use calotype_image::{Plane, par};

/// Residuals of neighbouring nodes that differ by more, in pixels of the level, belong to different things.
const APART: f32 = 1.5;
/// A cell speaks for a node when it was measured within this many pixels of the level of the node's residual.
const NEAR: f32 = 1.0;

/// Cells of one level side by side, and the nodes at their corners: node (i, j) is the top left corner of cell (i, j).
#[derive(Clone, Copy, Debug)]
pub(super) struct Lattice {
    pub columns: usize,
    pub rows: usize,
    /// Pixels of the frame per pixel of the level.
    pub scale: f64,
}

impl Lattice {
    /// The lattice of a level.
    pub fn of(view: &View) -> Self {
        let p = view.reference.level(view.level);
        let count = |n: usize| n.saturating_sub(2) / CELL;
        Self { columns: count(p.width()), rows: count(p.height()), scale: view.scale() }
    }

    /// Nodes across and down.
    pub fn nodes(&self) -> (usize, usize) {
        (self.columns + 1, self.rows + 1)
    }

    /// Place of node (i, j) in the frame.
    pub fn node(&self, i: usize, j: usize) -> (f64, f64) {
        let at = |k: usize| self.scale * ((CELL * k) as f64 + 0.5) + 0.5;
        (at(i), at(j))
    }

    /// The four nodes around a place of the frame (left and right column, upper and lower row) and the way from the first
    /// to the second, 0 to 1. Places beyond the edge are taken to it.
    fn surrounding(&self, x: f64, y: f64) -> ([usize; 2], [usize; 2], f32, f32) {
        let origin = self.node(0, 0);
        let spacing = self.scale * CELL as f64;
        let index = |v: f64, o: f64, n: usize| {
            let t = ((v - o) / spacing).clamp(0.0, (n - 1) as f64);
            let i = (t as usize).min(n.saturating_sub(2));
            ([i, (i + 1).min(n - 1)], (t - i as f64) as f32)
        };
        let (nx, ny) = self.nodes();
        let (i, fx) = index(x, origin.0, nx);
        let (j, fy) = index(y, origin.1, ny);
        (i, j, fx, fy)
    }
}

/// Residual motion at the nodes of a lattice.
#[derive(Clone, Debug)]
pub(super) struct LocalMotion {
    pub lattice: Lattice,
    /// Residual at the nodes, x and y, in pixels of the frame.
    pub residual: Plane<[f32; 2]>,
    /// Mean robust cost per pixel around the nodes over what is usual in this picture; 1 where nothing was measured.
    pub mismatch: Plane<f32>,
}

impl LocalMotion {
    /// No motion of its own.
    pub fn none(lattice: Lattice) -> Self {
        let (nx, ny) = lattice.nodes();
        Self { lattice, residual: Plane::new(nx, ny), mismatch: Plane::filled(nx, ny, 1.0) }
    }

    /// The residuals of the four nodes around a place, and the one between them.
    pub fn around(&self, x: f64, y: f64) -> ([[f32; 2]; 4], [f32; 2]) {
        let ([i0, i1], [j0, j1], fx, fy) = self.lattice.surrounding(x, y);
        let corners = [(i0, j0), (i1, j0), (i0, j1), (i1, j1)].map(|(i, j)| self.residual.get(i, j));
        let [a, b, c, d] = corners;
        let between = std::array::from_fn(|k| {
            let (t, u) = (a[k] + (b[k] - a[k]) * fx, c[k] + (d[k] - c[k]) * fx);
            t + (u - t) * fy
        });
        (corners, between)
    }

    /// The mismatch of the node nearest to a place of the frame.
    pub fn mismatch_at(&self, x: f64, y: f64) -> f32 {
        let ([i0, i1], [j0, j1], fx, fy) = self.lattice.surrounding(x, y);
        self.mismatch.get(if fx < 0.5 { i0 } else { i1 }, if fy < 0.5 { j0 } else { j1 })
    }
}

/// The largest distance between residuals.
pub(super) fn spread(residuals: &[[f32; 2]; 4]) -> f32 {
    let mut most = 0.0f32;
    for i in 0..4 {
        for j in 0..i {
            let (dx, dy) = (residuals[i][0] - residuals[j][0], residuals[i][1] - residuals[j][1]);
            most = most.max(dx * dx + dy * dy);
        }
    }
    most.sqrt()
}

/// The cells of a level as measured under some local motion.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub equations: Plane<Equations>,
    /// The residual each cell was measured with, in pixels of the frame.
    pub used: Plane<[f32; 2]>,
}

/// What measuring needs: two pictures, the global motion at the nodes, the noise of the cells.
pub(super) struct Bench<'a> {
    view: View<'a>,
    pub lattice: Lattice,
    /// Displacement by the global motion at the nodes, in pixels of the level.
    pub base: Plane<[f32; 2]>,
    /// Variance of the difference of both pictures per cell.
    noise: Plane<f32>,
}

impl<'a> Bench<'a> {
    pub fn new(view: View<'a>, global: &Homography) -> Self {
        let lattice = Lattice::of(&view);
        let (nx, ny) = lattice.nodes();
        let base = Plane::from_fn(nx, ny, |i, j| {
            let (x, y) = lattice.node(i, j);
            let (u, v) = global.map(x, y);
            [((u - x) / lattice.scale) as f32, ((v - y) / lattice.scale) as f32]
        });
        let plane = view.reference.level(view.level);
        let noise = Plane::from_fn(lattice.columns, lattice.rows, |i, j| {
            let (x, y) = (i * CELL + 1 + CELL / 2, j * CELL + 1 + CELL / 2);
            let grey = plane.get(x, y);
            let grey = if !grey.is_nan() { grey } else { 1.0 };
            let noise = view.reference.variance(view.level, x, y, grey) + view.frame.variance(view.level, x, y, grey);
            noise.max(1e-7)
        });
        Self { view, lattice, base, noise }
    }

    /// Both pictures.
    pub fn pictures(&self) -> (&Plane<f32>, &Plane<f32>) {
        (self.view.reference.level(self.view.level), self.view.frame.level(self.view.level))
    }

    /// Nothing measured yet.
    pub fn blank(&self) -> Measured {
        let Lattice { columns, rows, .. } = self.lattice;
        Measured { equations: Plane::filled(columns, rows, Equations::default()), used: Plane::new(columns, rows) }
    }

    /// Where cell (i, j) is looked for with residuals (pixels of the frame) at its four corners.
    fn probe(&self, i: usize, j: usize, residuals: [[f32; 2]; 4]) -> Probe {
        let to_level = (1.0 / self.lattice.scale) as f32;
        let at = |x: usize, y: usize, r: [f32; 2]| {
            let b = self.base.get(x, y);
            [b[0] + r[0] * to_level, b[1] + r[1] * to_level]
        };
        let [ra, rb, rc, rd] = residuals;
        let (a, b, c, d) = (at(i, j, ra), at(i + 1, j, rb), at(i, j + 1, rc), at(i + 1, j + 1, rd));
        let half = 0.5 / CELL as f32;
        Probe {
            cell: ((i * CELL + 1) as u32, (j * CELL + 1) as u32),
            shift: (0.25 * (a[0] + b[0] + c[0] + d[0]), 0.25 * (a[1] + b[1] + c[1] + d[1])),
            across: (half * (b[0] + d[0] - a[0] - c[0]), half * (b[1] + d[1] - a[1] - c[1])),
            down: (half * (c[0] + d[0] - a[0] - b[0]), half * (c[1] + d[1] - a[1] - b[1])),
            noise: self.noise.get(i, j),
        }
    }

    /// Measures the chosen cells under the residual at the nodes. A cell between nodes that move differently is measured
    /// with the residual of the one that fits it best.
    pub fn measure(
        &self,
        residual: &Plane<[f32; 2]>,
        chosen: impl Fn(usize, usize) -> bool + Sync,
        out: &mut Measured,
    ) {
        let (reference, frame) = self.pictures();
        let apart = APART * self.lattice.scale as f32;
        let rows = par::map(self.lattice.rows, |j| {
            let mut probes = Vec::with_capacity(self.lattice.columns);
            let mut notes = Vec::with_capacity(self.lattice.columns);
            for i in (0..self.lattice.columns).filter(|&i| chosen(i, j)) {
                let corners = [(i, j), (i + 1, j), (i, j + 1), (i + 1, j + 1)].map(|(i, j)| residual.get(i, j));
                if spread(&corners) <= apart {
                    probes.push(self.probe(i, j, corners));
                    notes.push((i, std::array::from_fn(|k| 0.25 * corners.iter().map(|c| c[k]).sum::<f32>())));
                } else {
                    for c in corners {
                        probes.push(self.probe(i, j, [c; 4]));
                        notes.push((i, c));
                    }
                }
            }
            let mut results = vec![Equations::default(); probes.len()];
            measure(reference, frame, &probes, &mut results);
            (notes, results)
        });
        for (j, (notes, results)) in rows.into_iter().enumerate() {
            let mut last = usize::MAX;
            for ((i, used), e) in notes.into_iter().zip(results) {
                let known = &mut out.equations.row_mut(j)[i];
                if last != i || e.cost * known.count < known.cost * e.count {
                    *known = e;
                    out.used.row_mut(j)[i] = used;
                }
                last = i;
            }
        }
    }

    /// The up to four cells around a node, all measured with one residual.
    pub fn try_node(&self, i: usize, j: usize, residual: [f32; 2]) -> Equations {
        let (reference, frame) = self.pictures();
        let mut probes = Vec::with_capacity(4);
        for y in j.saturating_sub(1)..(j + 1).min(self.lattice.rows) {
            for x in i.saturating_sub(1)..(i + 1).min(self.lattice.columns) {
                probes.push(self.probe(x, y, [residual; 4]));
            }
        }
        let mut results = [Equations::default(); 4];
        measure(reference, frame, &probes, &mut results);
        results.iter().fold(Equations::default(), |sum, e| sum.plus(e))
    }

    /// Sums of the cells within `reach` of a node that were measured about as the node moves: of the measurement, and of the
    /// same cells in another one.
    pub fn sums(
        &self,
        measured: &Measured,
        other: &Measured,
        residual: [f32; 2],
        node: (usize, usize),
        reach: usize,
    ) -> (Equations, Equations) {
        let mut sums = (Equations::default(), Equations::default());
        self.each_alike(measured, residual, node, reach, |x, y| {
            sums.0 = sums.0.plus(&measured.equations.get(x, y));
            sums.1 = sums.1.plus(&other.equations.get(x, y));
        });
        sums
    }

    /// Calls `f` with the cells within `reach` of a node that were measured about as the node moves.
    #[inline(always)]
    fn each_alike(
        &self,
        measured: &Measured,
        residual: [f32; 2],
        (i, j): (usize, usize),
        reach: usize,
        mut f: impl FnMut(usize, usize),
    ) {
        let near = NEAR * self.lattice.scale as f32;
        for y in j.saturating_sub(reach)..(j + reach).min(self.lattice.rows) {
            for x in i.saturating_sub(reach)..(i + reach).min(self.lattice.columns) {
                let used = measured.used.get(x, y);
                let (dx, dy) = (used[0] - residual[0], used[1] - residual[1]);
                if dx * dx + dy * dy <= near * near {
                    f(x, y);
                }
            }
        }
    }

    /// Share of the pixels around a node, 0 to 1, that could be measured.
    pub fn seen(&self, measured: &Measured, i: usize, j: usize) -> f32 {
        let (mut pixels, mut seen) = (0.0, 0.0);
        for y in j.saturating_sub(1)..(j + 1).min(self.lattice.rows) {
            for x in i.saturating_sub(1)..(i + 1).min(self.lattice.columns) {
                pixels += (CELL * CELL) as f32;
                seen += measured.equations.get(x, y).count;
            }
        }
        seen / f32::max(pixels, 1.0)
    }

    /// The sum of the cells around a node that were measured about as it moves.
    pub fn window(&self, measured: &Measured, residual: [f32; 2], i: usize, j: usize) -> Equations {
        let mut sum = Equations::default();
        self.each_alike(measured, residual, (i, j), 1, |x, y| sum = sum.plus(&measured.equations.get(x, y)));
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_is_linear_between_nodes_and_constant_beyond() {
        let lattice = Lattice { columns: 3, rows: 2, scale: 2.0 };
        let mut m = LocalMotion::none(lattice);
        m.residual = Plane::from_fn(4, 3, |i, j| [i as f32, 10.0 * j as f32]);
        let (x, y) = lattice.node(1, 1);
        assert_eq!((x, y), (17.5, 17.5));
        assert_eq!(m.around(x, y).1, [1.0, 10.0]);
        assert_eq!(m.around(x + 8.0, y - 4.0).1, [1.5, 7.5]);
        assert_eq!(m.around(-100.0, 1e6).1, [0.0, 20.0]);
        assert_eq!(m.around(x + 1.0, y + 1.0).0, [[1.0, 10.0], [2.0, 10.0], [1.0, 20.0], [2.0, 20.0]]);
    }
}
