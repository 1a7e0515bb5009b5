//! Motion of its own: where parts of the picture leave the global motion.
//!
//! From coarse to fine, cells are measured under the motion known so far; a node of the grid between them takes a step only
//! where its cells ask for it far beyond their noise and match better after it. Everything else keeps the global motion.

use super::cells::CELL;
use super::global::View;
use super::lattice::{Bench, LocalMotion, Measured, spread};
use super::length;
use super::seek::seek;
use crate::motion::Homography;
use calotype_image::{Plane, par};

/// Improvement, in units of what chance brings (chi squared of two), below which a node stays.
const SIGNIFICANT: f32 = 12.0;
/// Share of the robust cost that a step must promise to remove.
const RELIEF: f32 = 0.1;
/// Share of the cost under the global motion that a motion must have removed in the end.
const WORTH: f32 = 0.25;
/// Share of the pixels around a node that both pictures must show unclipped: beside clipped places an edge is seen in part,
/// and may match anywhere along itself.
const SEEN: f32 = 0.7;
/// Largest step at once, in pixels of the level.
const STEP: f32 = 1.25;
/// The same in the end, when nothing but the global motion is the alternative.
const GROUP: usize = 3;
/// Neighbours that must move about as a node does ...
const COMPANY: usize = 2;
/// ... within this many pixels of the level.
const AGREEMENT: f32 = 0.75;
/// Rounds of steps per level.
const ROUNDS: usize = 3;
/// The level on which large motion is searched: 8 pixels of the frame each.
const SEEK_LEVEL: usize = 2;
/// How far, in widths of the picture ...
const SEEK_REACH: f32 = 0.1;
/// ... and at most, in pixels of the level.
const SEEK_MOST: i32 = 24;
/// Mean cost per pixel, over the usual one, from which another motion is looked for.
const MISMATCH: f32 = 2.5;
/// Mean cost per pixel, over the usual one, from which a motion explains nothing.
const HOPELESS: f32 = 40.0;
/// Share of the cost that a neighbour's motion must leave at most to be taken over.
const ADOPT: f32 = 0.6;

/// Follows local motion from level `top` down to level 0.
pub(super) fn follow(view: View, global: &Homography, top: usize) -> LocalMotion {
    let mut coarser: Option<LocalMotion> = None;
    for level in (0..=top).rev() {
        let bench = Bench::new(View { level, ..view }, global);
        let mut motion = LocalMotion::none(bench.lattice);
        if bench.lattice.columns > 0 && bench.lattice.rows > 0 {
            if let Some(coarser) = &coarser {
                inherit(&bench, coarser, &mut motion);
            }
            improve(&bench, level == SEEK_LEVEL, &mut motion);
        }
        coarser = Some(motion);
    }
    coarser.unwrap_or_else(|| LocalMotion::none(Bench::new(view, global).lattice))
}

/// Takes the motion of the coarser level over; at the border of differently moving things the one that fits best.
fn inherit(bench: &Bench, coarser: &LocalMotion, motion: &mut LocalMotion) {
    let (nx, ny) = bench.lattice.nodes();
    let apart = bench.lattice.scale as f32;
    let rows = par::map(ny, |j| {
        let inherited = |i: usize| {
            let (x, y) = bench.lattice.node(i, j);
            let (corners, between) = coarser.around(x, y);
            if spread(&corners) <= apart {
                return between;
            }
            best_of(bench, i, j, corners.into_iter().chain([[0.0; 2]])).map_or([0.0; 2], |(r, _)| r)
        };
        (0..nx).map(inherited).collect::<Vec<_>>()
    });
    for (j, row) in rows.into_iter().enumerate() {
        motion.residual.row_mut(j).copy_from_slice(&row);
    }
}

/// The residual with the least cost per pixel around a node, and that cost.
fn best_of(bench: &Bench, i: usize, j: usize, candidates: impl Iterator<Item = [f32; 2]>) -> Option<([f32; 2], f32)> {
    let mut best: Option<([f32; 2], f32)> = None;
    for r in candidates {
        let e = bench.try_node(i, j, r);
        let cost = e.cost / e.count.max(1.0);
        if e.count >= 32.0 && best.is_none_or(|b| cost < b.1) {
            best = Some((r, cost));
        }
    }
    best
}

/// Improves the motion on one level.
fn improve(bench: &Bench, search: bool, motion: &mut LocalMotion) {
    let (nx, ny) = bench.lattice.nodes();
    let mut measured = bench.blank();
    bench.measure(&motion.residual, |_, _| true, &mut measured);
    let usual = Usual::of(&measured);
    if search && jump(bench, &usual, &measured, motion) {
        bench.measure(&motion.residual, |_, _| true, &mut measured);
    }
    for _ in 0..ROUNDS {
        let adopted = adopt(bench, &usual, &measured, motion);
        if let Some(changed) = &adopted {
            bench.measure(&motion.residual, touching(changed), &mut measured);
        }
        if !step(bench, &usual, &mut measured, motion) && adopted.is_none() {
            break;
        }
    }
    // what is no clear gain over the global motion goes back to it
    let moved = Plane::from_fn(nx, ny, |i, j| motion.residual.get(i, j) != [0.0; 2]);
    if moved.data().contains(&true) {
        let mut unmoved = measured.clone();
        bench.measure(&Plane::new(nx, ny), touching(&moved), &mut unmoved);
        let kept = Plane::from_fn(nx, ny, |i, j| {
            let r = motion.residual.get(i, j);
            let (new, old) = bench.sums(&measured, &unmoved, r, (i, j), 2);
            let (new_here, old_here) = bench.sums(&measured, &unmoved, r, (i, j), 1);
            let gain = old.cost - new.cost;
            moved.get(i, j)
                && bench.seen(&measured, i, j) > SEEN
                && gain > WORTH * old.cost
                && gain > SIGNIFICANT * usual.disagreement
                && new_here.cost < old_here.cost
                && usual.mismatch(&new_here) < HOPELESS
        });
        for j in 0..ny {
            for i in 0..nx {
                if !kept.get(i, j) {
                    motion.residual.row_mut(j)[i] = [0.0; 2];
                }
            }
        }
        drop_lonely(motion);
        bench.measure(&motion.residual, touching(&moved), &mut measured);
    }
    motion.mismatch = Plane::from_fn(nx, ny, |i, j| {
        let w = bench.window(&measured, motion.residual.get(i, j), i, j);
        if w.count >= 32.0 { w.cost / (w.count * usual.cost) } else { 1.0 }
    });
}

/// The cells that touch a chosen node.
fn touching(nodes: &Plane<bool>) -> impl Fn(usize, usize) -> bool + Sync + '_ {
    |i, j| nodes.get(i, j) || nodes.get(i + 1, j) || nodes.get(i, j + 1) || nodes.get(i + 1, j + 1)
}

/// One round of steps; false where no node wants to move.
fn step(bench: &Bench, usual: &Usual, measured: &mut Measured, motion: &mut LocalMotion) -> bool {
    let (nx, ny) = bench.lattice.nodes();
    let mut trial = motion.residual.clone();
    let mut stepped = Plane::filled(nx, ny, false);
    for j in 0..ny {
        for i in 0..nx {
            let window = bench.window(measured, motion.residual.get(i, j), i, j);
            let d = window.solve(1.0);
            let gain = -(d.0 * window.b[0] + d.1 * window.b[1]);
            let length = length(d.0, d.1);
            if gain > SIGNIFICANT * usual.disagreement && gain > RELIEF * window.cost && length > 0.02 {
                let limit = bench.lattice.scale as f32 * (STEP / length).min(1.0);
                let r = &mut trial.row_mut(j)[i];
                *r = [r[0] + d.0 * limit, r[1] + d.1 * limit];
                stepped.row_mut(j)[i] = true;
            }
        }
    }
    if !stepped.data().contains(&true) {
        return false;
    }
    let mut after = measured.clone();
    bench.measure(&trial, touching(&stepped), &mut after);
    for j in 0..ny {
        for i in 0..nx {
            if !stepped.get(i, j) {
                continue;
            }
            let old = bench.window(measured, motion.residual.get(i, j), i, j);
            let new = bench.window(&after, trial.get(i, j), i, j);
            let new_cost = new.cost * old.count / new.count.max(1.0);
            if new.count >= 0.5 * old.count && old.cost - new_cost > 0.5 * SIGNIFICANT * usual.disagreement {
                motion.residual.row_mut(j)[i] = trial.get(i, j);
            }
        }
    }
    clean(motion);
    bench.measure(&motion.residual, touching(&stepped), measured);
    true
}

/// What is usual in a picture, so that aliasing and a wrong noise model do not count as motion.
struct Usual {
    /// Squared displacement in its standard errors, per degree of freedom pair: 1 by theory, at least 1.
    disagreement: f32,
    /// Cost per pixel, at least 1.
    cost: f32,
}

impl Usual {
    fn of(measured: &Measured) -> Self {
        let valid = || measured.equations.data().iter().filter(|e| e.count >= 32.0);
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

    /// Mean cost of a window over the usual one.
    fn mismatch(&self, window: &super::cells::Equations) -> f32 {
        window.cost / (window.count.max(1.0) * self.cost)
    }
}

/// Searches around the nodes that match nowhere near; true where something was found.
fn jump(bench: &Bench, usual: &Usual, measured: &Measured, motion: &mut LocalMotion) -> bool {
    let (reference, frame) = bench.pictures();
    let reach = ((reference.width() as f32 * SEEK_REACH) as i32).clamp(1, SEEK_MOST);
    let scale = bench.lattice.scale as f32;
    let (nx, ny) = bench.lattice.nodes();
    let rows = par::map(ny, |j| {
        let mut row: Vec<Option<[f32; 2]>> = vec![None; nx];
        for (i, found) in row.iter_mut().enumerate() {
            let window = bench.window(measured, motion.residual.get(i, j), i, j);
            if i == 0 || j == 0 || usual.mismatch(&window) < MISMATCH {
                continue;
            }
            let place = ((i - 1) * CELL + 1, (j - 1) * CELL + 1);
            let [bx, by] = bench.base.get(i, j);
            let start = (bx.round(), by.round());
            if let Some((dx, dy)) = seek(reference, frame, place, (start.0 as i32, start.1 as i32), reach) {
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
    any
}

/// Nodes that do not match try the motion of their neighbours; the changed nodes, or `None` where there are none.
fn adopt(bench: &Bench, usual: &Usual, measured: &Measured, motion: &mut LocalMotion) -> Option<Plane<bool>> {
    let (nx, ny) = bench.lattice.nodes();
    let near = 0.5 * bench.lattice.scale as f32;
    let rows = par::map(ny, |j| {
        let mut row: Vec<Option<[f32; 2]>> = vec![None; nx];
        for (i, found) in row.iter_mut().enumerate() {
            let own = motion.residual.get(i, j);
            let mut others: Vec<[f32; 2]> = Vec::new();
            for y in j.saturating_sub(1)..(j + 2).min(ny) {
                for x in i.saturating_sub(1)..(i + 2).min(nx) {
                    let r = motion.residual.get(x, y);
                    let known = |o: &[f32; 2]| length(o[0] - r[0], o[1] - r[1]) < near;
                    if !known(&own) && !others.iter().any(known) {
                        others.push(r);
                    }
                }
            }
            if others.is_empty() {
                continue;
            }
            let window = bench.window(measured, own, i, j);
            if window.count >= 32.0 && usual.mismatch(&window) < MISMATCH {
                continue;
            }
            let e = bench.try_node(i, j, own);
            let cost = e.cost / e.count.max(1.0);
            if let Some((r, c)) = best_of(bench, i, j, others.into_iter())
                && (c < ADOPT * cost || e.count < 32.0)
            {
                *found = Some(r);
            }
        }
        row
    });
    let changed = Plane::from_fn(nx, ny, |i, j| rows[j][i].is_some());
    for (j, row) in rows.into_iter().enumerate() {
        for (i, found) in row.into_iter().enumerate() {
            if let Some(r) = found {
                motion.residual.row_mut(j)[i] = r;
            }
        }
    }
    changed.data().contains(&true).then_some(changed)
}

/// The residuals of the up to eight neighbours of a node, and how many of them move about as it does.
fn company(residual: &Plane<[f32; 2]>, i: usize, j: usize, near: f32) -> (Vec<[f32; 2]>, usize) {
    let r = residual.get(i, j);
    let mut neighbours = Vec::with_capacity(8);
    for y in j.saturating_sub(1)..(j + 2).min(residual.height()) {
        for x in i.saturating_sub(1)..(i + 2).min(residual.width()) {
            if (x, y) != (i, j) {
                neighbours.push(residual.get(x, y));
            }
        }
    }
    let agree = neighbours.iter().filter(|n| length(n[0] - r[0], n[1] - r[1]) < near).count();
    (neighbours, agree)
}

/// Puts nodes back among their neighbours that move alone: at least two of the eight must move about the same way.
fn clean(motion: &mut LocalMotion) {
    let old = motion.residual.clone();
    let near = AGREEMENT * motion.lattice.scale as f32;
    for j in 0..old.height() {
        for i in 0..old.width() {
            let r = old.get(i, j);
            if r == [0.0; 2] {
                continue;
            }
            let (mut neighbours, agree) = company(&old, i, j, near);
            if agree < COMPANY {
                neighbours.push(r);
                motion.residual.row_mut(j)[i] = vector_median(&neighbours);
            }
        }
    }
}

/// Nodes that move alone go back to the global motion.
fn drop_lonely(motion: &mut LocalMotion) {
    let old = motion.residual.clone();
    let near = AGREEMENT * motion.lattice.scale as f32;
    for j in 0..old.height() {
        for i in 0..old.width() {
            if old.get(i, j) != [0.0; 2] && company(&old, i, j, near).1 < GROUP {
                motion.residual.row_mut(j)[i] = [0.0; 2];
            }
        }
    }
}

/// The vector with the least sum of distances to all others.
fn vector_median(vectors: &[[f32; 2]]) -> [f32; 2] {
    let distance = |a: &[f32; 2]| -> f32 { vectors.iter().map(|b| length(a[0] - b[0], a[1] - b[1])).sum() };
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
}
