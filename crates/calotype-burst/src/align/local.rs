//! Motion of its own: where parts of the picture leave the global motion.
//!
//! From coarse to fine, cells are measured under the motion known so far; a node of the grid between them takes a step only
//! where its cells ask for it far beyond their noise and match better after it. Everything else keeps the global motion.

use super::cells::{CELL, Equations, Probe, measure};
use super::global::View;
use super::seek::seek;
use crate::motion::Homography;
use calotype_image::{Plane, par};

/// Improvement, in units of what chance brings (chi squared of two), below which a node stays.
const SIGNIFICANT: f32 = 12.0;
/// Share of the robust cost that a motion must remove.
const RELIEF: f32 = 0.1;
/// The same against the global motion, over the nodes around.
const WORTH: f32 = 0.25;
/// Largest step at once, in pixels of the level.
const STEP: f32 = 1.25;
/// Neighbours of which at least two must agree within this many pixels of the level.
const AGREEMENT: f32 = 0.75;
/// The level on which large motion is searched: 8 pixels of the frame each.
const SEEK_LEVEL: usize = 2;
/// How far, in widths of the picture ...
const SEEK_REACH: f32 = 0.1;
/// ... and at most, in pixels of the level.
const SEEK_MOST: i32 = 24;
/// Mean cost per pixel, over the usual one, from which a place is searched for.
const SEEK_MISMATCH: f32 = 2.5;
/// Rounds per level.
const ROUNDS: usize = 3;

/// Cells of one level side by side, and the nodes at their corners: node (i, j) is the top left corner of cell (i, j).
#[derive(Clone, Copy, Debug)]
struct Lattice {
    columns: usize,
    rows: usize,
    /// Pixels of the frame per pixel of the level.
    scale: f64,
}

/// Residual motion at the nodes of a lattice, in pixels of the frame.
#[derive(Clone, Debug)]
pub(super) struct LocalMotion {
    lattice: Lattice,
    /// Residual at the nodes, x and y.
    pub residual: Plane<[f32; 2]>,
    /// Mean robust cost per pixel around the nodes over what is usual in this picture; 1 where nothing was measured.
    pub mismatch: Plane<f32>,
}

impl Lattice {
    fn of(view: &View) -> Self {
        let p = view.reference.level(view.level);
        let count = |n: usize| n.saturating_sub(2) / CELL;
        Self { columns: count(p.width()), rows: count(p.height()), scale: view.scale() }
    }

    /// Place of node (i, j) in the frame.
    fn node(&self, i: usize, j: usize) -> (f64, f64) {
        let at = |k: usize| self.scale * ((CELL * k) as f64 + 0.5) + 0.5;
        (at(i), at(j))
    }
}

impl LocalMotion {
    fn none(lattice: Lattice) -> Self {
        let (nx, ny) = (lattice.columns + 1, lattice.rows + 1);
        Self { lattice, residual: Plane::new(nx, ny), mismatch: Plane::filled(nx, ny, 1.0) }
    }

    /// A value given at the nodes, at a place of the frame: bilinear, the edge repeated.
    fn sample<const N: usize>(&self, values: &Plane<[f32; N]>, x: f64, y: f64) -> [f32; N] {
        let origin = self.lattice.node(0, 0);
        let spacing = self.lattice.scale * CELL as f64;
        let index = |v: f64, o: f64, n: usize| {
            let t = ((v - o) / spacing).clamp(0.0, (n - 1) as f64);
            let i = (t as usize).min(n.saturating_sub(2));
            (i, (i + 1).min(n - 1), (t - i as f64) as f32)
        };
        let (i, i1, fx) = index(x, origin.0, values.width());
        let (j, j1, fy) = index(y, origin.1, values.height());
        let (a, b, c, d) = (values.get(i, j), values.get(i1, j), values.get(i, j1), values.get(i1, j1));
        std::array::from_fn(|k| {
            let (t, u) = (a[k] + (b[k] - a[k]) * fx, c[k] + (d[k] - c[k]) * fx);
            t + (u - t) * fy
        })
    }

    /// The residual at a place of the frame.
    pub fn residual_at(&self, x: f64, y: f64) -> [f32; 2] {
        self.sample(&self.residual, x, y)
    }

    /// The mismatch of the node nearest to a place of the frame.
    pub fn mismatch_at(&self, x: f64, y: f64) -> f32 {
        let origin = self.lattice.node(0, 0);
        let spacing = self.lattice.scale * CELL as f64;
        let index = |v: f64, o: f64, n: usize| ((v - o) / spacing).round().clamp(0.0, (n - 1) as f64) as usize;
        self.mismatch.get(index(x, origin.0, self.mismatch.width()), index(y, origin.1, self.mismatch.height()))
    }
}

/// Follows local motion from level `top` down to level 0.
pub(super) fn follow(view: View, global: &Homography, top: usize) -> LocalMotion {
    let mut motion: Option<LocalMotion> = None;
    for level in (0..=top).rev() {
        let view = View { level, ..view };
        let lattice = Lattice::of(&view);
        let mut finer = LocalMotion::none(lattice);
        if let Some(coarser) = &motion {
            finer.residual = Plane::from_fn(lattice.columns + 1, lattice.rows + 1, |i, j| {
                let (x, y) = lattice.node(i, j);
                coarser.residual_at(x, y)
            });
        }
        if lattice.columns > 0 && lattice.rows > 0 {
            improve(&view, global, &mut finer);
        }
        motion = Some(finer);
    }
    motion.unwrap_or_else(|| LocalMotion::none(Lattice { columns: 0, rows: 0, scale: 2.0 }))
}

/// Steps of one level.
fn improve(view: &View, global: &Homography, motion: &mut LocalMotion) {
    let lattice = motion.lattice;
    let (nx, ny) = (lattice.columns + 1, lattice.rows + 1);
    let base = Plane::from_fn(nx, ny, |i, j| {
        let (x, y) = lattice.node(i, j);
        let (u, v) = global.map(x, y);
        [((u - x) / lattice.scale) as f32, ((v - y) / lattice.scale) as f32]
    });
    let noise = noise_of_cells(view, &lattice);
    let everywhere = Plane::filled(lattice.columns, lattice.rows, true);
    let mut equations = Plane::filled(lattice.columns, lattice.rows, Equations::default());
    measure_cells(view, &lattice, &base, &noise, &motion.residual, &everywhere, &mut equations);
    let usual = Usual::of(&equations);
    if view.level == SEEK_LEVEL && jump(view, &base, &usual, &equations, motion) {
        measure_cells(view, &lattice, &base, &noise, &motion.residual, &everywhere, &mut equations);
    }
    for _ in 0..ROUNDS {
        // what every node asks for
        let mut trial = motion.residual.clone();
        let mut stepped = Plane::filled(nx, ny, false);
        let mut any = false;
        for j in 0..ny {
            for i in 0..nx {
                let window = around(&equations, i, j);
                let d = window.solve(1.0);
                let gain = -(d.0 * window.b[0] + d.1 * window.b[1]);
                let length = (d.0 * d.0 + d.1 * d.1).sqrt();
                if gain > SIGNIFICANT * usual.disagreement && gain > RELIEF * window.cost && length > 0.02 {
                    let limit = lattice.scale as f32 * (STEP / length).min(1.0);
                    let r = &mut trial.row_mut(j)[i];
                    *r = [r[0] + d.0 * limit, r[1] + d.1 * limit];
                    stepped.row_mut(j)[i] = true;
                    any = true;
                }
            }
        }
        if !any {
            break;
        }
        let touched = Plane::from_fn(lattice.columns, lattice.rows, |i, j| {
            stepped.get(i, j) || stepped.get(i + 1, j) || stepped.get(i, j + 1) || stepped.get(i + 1, j + 1)
        });
        let mut after = equations.clone();
        measure_cells(view, &lattice, &base, &noise, &trial, &touched, &mut after);
        for j in 0..ny {
            for i in 0..nx {
                let (old, new) = (around(&equations, i, j), around(&after, i, j));
                let better = new.count >= 0.75 * old.count
                    && old.cost - new.cost * old.count / new.count.max(1.0) > 0.5 * SIGNIFICANT * usual.disagreement;
                if stepped.get(i, j) && better {
                    motion.residual.row_mut(j)[i] = trial.get(i, j);
                }
            }
        }
        clean(motion);
        measure_cells(view, &lattice, &base, &noise, &motion.residual, &touched, &mut equations);
    }
    // what is no clear gain over the global motion goes back to it
    let moved = |i: usize, j: usize| motion.residual.get(i, j) != [0.0; 2];
    let touched = Plane::from_fn(lattice.columns, lattice.rows, |i, j| {
        moved(i, j) || moved(i + 1, j) || moved(i, j + 1) || moved(i + 1, j + 1)
    });
    let mut unmoved = equations.clone();
    measure_cells(view, &lattice, &base, &noise, &Plane::new(nx, ny), &touched, &mut unmoved);
    let kept = Plane::from_fn(nx, ny, |i, j| {
        let (old, new) = (about(&unmoved, i, j, 2), about(&equations, i, j, 2));
        let gain = old.cost - new.cost;
        let here = around(&unmoved, i, j).cost - around(&equations, i, j).cost;
        moved(i, j) && gain > WORTH * old.cost && gain > SIGNIFICANT * usual.disagreement && here > 0.0
    });
    for j in 0..ny {
        for i in 0..nx {
            if !kept.get(i, j) {
                motion.residual.row_mut(j)[i] = [0.0; 2];
            }
        }
    }
    measure_cells(view, &lattice, &base, &noise, &motion.residual, &touched, &mut equations);
    motion.mismatch = Plane::from_fn(nx, ny, |i, j| {
        let w = around(&equations, i, j);
        if w.count >= 32.0 { w.cost / (w.count * usual.cost) } else { 1.0 }
    });
}

/// Searches around the nodes that match nowhere near; true where something was found.
fn jump(
    view: &View,
    base: &Plane<[f32; 2]>,
    usual: &Usual,
    equations: &Plane<Equations>,
    motion: &mut LocalMotion,
) -> bool {
    let lattice = motion.lattice;
    let (reference, frame) = (view.reference.level(view.level), view.frame.level(view.level));
    let reach = ((reference.width() as f32 * SEEK_REACH) as i32).clamp(1, SEEK_MOST);
    let (nx, ny) = (lattice.columns + 1, lattice.rows + 1);
    let rows = par::map(ny, |j| {
        let mut row: Vec<Option<[f32; 2]>> = vec![None; nx];
        for (i, found) in row.iter_mut().enumerate() {
            let window = around(equations, i, j);
            if std::env::var("DBG").is_ok() && (3..8).contains(&i) && (3..8).contains(&j) { eprintln!("node {i} {j} mism {}", window.cost / usual.cost / window.count); }
            if i == 0 || j == 0 || !(window.cost > SEEK_MISMATCH * usual.cost * window.count) {
                continue;
            }
            let place = ((i - 1) * CELL + 1, (j - 1) * CELL + 1);
            let [bx, by] = base.get(i, j);
            let start = (bx.round(), by.round());
            if let Some((dx, dy)) = seek(reference, frame, place, (start.0 as i32, start.1 as i32), reach) {
                let scale = lattice.scale as f32;
                *found = Some([(start.0 + dx as f32 - bx) * scale, (start.1 + dy as f32 - by) * scale]);
            }
        }
        row
    });
    let mut any = false;
    for (j, row) in rows.into_iter().enumerate() {
        for (i, found) in row.into_iter().enumerate() {
            if let Some(r) = found {
                motion.residual.row_mut(j)[i] = r;
                any = true;
            }
        }
    }
    if any {
        clean(motion);
    }
    any
}

/// What is usual in a picture, so that aliasing and a wrong noise model do not count as motion.
struct Usual {
    /// Squared displacement in its standard errors, per degree of freedom pair: 1 by theory, at least 1.
    disagreement: f32,
    /// Cost per pixel, at least 1.
    cost: f32,
}

impl Usual {
    fn of(equations: &Plane<Equations>) -> Self {
        let valid = || equations.data().iter().filter(|e| e.count >= 32.0);
        let median = |mut v: Vec<f32>| {
            let middle = v.len() / 2;
            if v.is_empty() { 0.0 } else { *v.select_nth_unstable_by(middle, f32::total_cmp).1 }
        };
        let disagreement = median(
            valid()
                .map(|e| {
                    let d = e.solve(1e-2);
                    -(d.0 * e.b[0] + d.1 * e.b[1])
                })
                .collect(),
        );
        Self {
            disagreement: (disagreement / 1.386).max(1.0),
            cost: median(valid().map(|e| e.cost / e.count).collect()).max(1.0),
        }
    }
}

/// The sum of the up to four cells around a node.
fn around(equations: &Plane<Equations>, i: usize, j: usize) -> Equations {
    about(equations, i, j, 1)
}

/// The sum of the cells within `reach` of a node.
fn about(equations: &Plane<Equations>, i: usize, j: usize, reach: usize) -> Equations {
    let mut sum = Equations::default();
    for y in j.saturating_sub(reach)..(j + reach).min(equations.height()) {
        for x in i.saturating_sub(reach)..(i + reach).min(equations.width()) {
            sum = sum.plus(&equations.get(x, y));
        }
    }
    sum
}

/// Variance of the difference of both pictures per cell.
fn noise_of_cells(view: &View, lattice: &Lattice) -> Plane<f32> {
    let plane = view.reference.level(view.level);
    Plane::from_fn(lattice.columns, lattice.rows, |i, j| {
        let (x, y) = (i * CELL + 1 + CELL / 2, j * CELL + 1 + CELL / 2);
        let grey = plane.get(x, y);
        let grey = if grey == grey { grey } else { 1.0 };
        let noise = view.reference.variance(view.level, x, y, grey) + view.frame.variance(view.level, x, y, grey);
        noise.max(1e-7)
    })
}

/// Measures the chosen cells under the global motion (`base`, at the nodes, in pixels of the level) and a residual.
fn measure_cells(
    view: &View,
    lattice: &Lattice,
    base: &Plane<[f32; 2]>,
    noise: &Plane<f32>,
    residual: &Plane<[f32; 2]>,
    chosen: &Plane<bool>,
    out: &mut Plane<Equations>,
) {
    let to_level = (1.0 / lattice.scale) as f32;
    let (reference, frame) = (view.reference.level(view.level), view.frame.level(view.level));
    par::bands_mut(out, 4, |top, mut band| {
        let mut probes = Vec::with_capacity(band.width());
        let mut places = Vec::with_capacity(band.width());
        let mut results = vec![Equations::default(); band.width()];
        for y in 0..band.height() {
            let j = top + y;
            probes.clear();
            places.clear();
            for i in 0..band.width() {
                if !chosen.get(i, j) {
                    continue;
                }
                let at = |x: usize, y: usize| {
                    let (b, r) = (base.get(x, y), residual.get(x, y));
                    [b[0] + r[0] * to_level, b[1] + r[1] * to_level]
                };
                let (a, b, c, d) = (at(i, j), at(i + 1, j), at(i, j + 1), at(i + 1, j + 1));
                let half = 0.5 / CELL as f32;
                probes.push(Probe {
                    cell: ((i * CELL + 1) as u32, (j * CELL + 1) as u32),
                    shift: (0.25 * (a[0] + b[0] + c[0] + d[0]), 0.25 * (a[1] + b[1] + c[1] + d[1])),
                    across: (half * (b[0] + d[0] - a[0] - c[0]), half * (b[1] + d[1] - a[1] - c[1])),
                    down: (half * (c[0] + d[0] - a[0] - b[0]), half * (c[1] + d[1] - a[1] - b[1])),
                    noise: noise.get(i, j),
                });
                places.push(i);
            }
            measure(reference, frame, &probes, &mut results);
            let row = band.row_mut(y);
            for (&i, e) in places.iter().zip(&results) {
                row[i] = *e;
            }
        }
    });
}

/// Puts nodes back that move alone: at least two of the eight neighbours must move about the same way.
fn clean(motion: &mut LocalMotion) {
    let old = motion.residual.clone();
    let near = AGREEMENT * motion.lattice.scale as f32;
    let (nx, ny) = (old.width(), old.height());
    for j in 0..ny {
        for i in 0..nx {
            let r = old.get(i, j);
            if r == [0.0; 2] {
                continue;
            }
            let mut agree = 0;
            let mut neighbours: Vec<[f32; 2]> = Vec::with_capacity(9);
            for y in j.saturating_sub(1)..(j + 2).min(ny) {
                for x in i.saturating_sub(1)..(i + 2).min(nx) {
                    let n = old.get(x, y);
                    neighbours.push(n);
                    let (dx, dy) = (n[0] - r[0], n[1] - r[1]);
                    agree += usize::from((x, y) != (i, j) && dx * dx + dy * dy < near * near);
                }
            }
            if agree < 2 {
                motion.residual.row_mut(j)[i] = vector_median(&neighbours);
            }
        }
    }
}

/// The vector with the least sum of distances to all others.
fn vector_median(vectors: &[[f32; 2]]) -> [f32; 2] {
    let distance = |a: &[f32; 2]| -> f32 { vectors.iter().map(|b| (a[0] - b[0]).hypot(a[1] - b[1])).sum() };
    vectors.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_median_is_one_of_many() {
        assert_eq!(vector_median(&[[0.0, 0.0], [1.0, 1.0], [1.1, 1.0], [0.9, 1.0], [50.0, -3.0]]), [1.0, 1.0]);
        assert_eq!(vector_median(&[]), [0.0; 2]);
    }

    #[test]
    fn sampling_is_linear_between_nodes_and_constant_beyond() {
        let lattice = Lattice { columns: 3, rows: 2, scale: 2.0 };
        let mut m = LocalMotion::none(lattice);
        m.residual = Plane::from_fn(4, 3, |i, j| [i as f32, 10.0 * j as f32]);
        let (x, y) = lattice.node(1, 1);
        assert_eq!((x, y), (18.5 - 1.0 + 0.0, 18.5 - 1.0));
        assert_eq!(m.residual_at(x, y), [1.0, 10.0]);
        assert_eq!(m.residual_at(x + 8.0, y - 4.0), [1.5, 7.5]);
        assert_eq!(m.residual_at(-100.0, 1e6), [0.0, 20.0]);
    }
}
