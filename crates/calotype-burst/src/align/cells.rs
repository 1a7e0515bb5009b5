//! The measurement everything rests on: how far a small cell of the reference is from where it is looked for.

use calotype_image::Plane;
use fearless_simd::{Level, dispatch, f32x8, prelude::*};

/// Width and height of a cell in pixels of its level.
pub(super) const CELL: usize = 8;

/// Residuals beyond this many standard deviations count linearly (Huber).
const HUBER: f32 = 2.0;
/// Error of a pixel from aliasing and interpolation, in pixels of displacement: it limits the weight of strong edges.
const ALIASING: f32 = 0.08;

/// Where a cell is looked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probe {
    /// Left and top pixel of the cell in the reference.
    pub cell: (u32, u32),
    /// Displacement of the cell's centre.
    pub shift: (f32, f32),
    /// Change of the displacement (x, y) per pixel to the right.
    pub across: (f32, f32),
    /// Change of the displacement per pixel down.
    pub down: (f32, f32),
    /// Variance of the difference of both pictures by noise.
    pub noise: f32,
}

/// Weighted normal equations of a cell's displacement: minimise `d' a d + 2 b' d`, in units of the noise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Equations {
    /// Information about the displacement: xx, xy, yy.
    pub a: [f32; 3],
    /// Its gradient at the probed place: x, y.
    pub b: [f32; 2],
    /// Robust sum of squared residuals over standard deviations.
    pub cost: f32,
    /// Valid pixels.
    pub count: f32,
}

impl Equations {
    /// Both together.
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            a: std::array::from_fn(|i| self.a[i] + other.a[i]),
            b: std::array::from_fn(|i| self.b[i] + other.b[i]),
            cost: self.cost + other.cost,
            count: self.count + other.count,
        }
    }

    /// The displacement to add, held back by a prior of `damping` (information, in 1 / pixel^2) around none.
    pub fn solve(&self, damping: f32) -> (f32, f32) {
        let (a, c, d) = (self.a[0] + damping, self.a[1], self.a[2] + damping);
        let det = a * d - c * c;
        if !(det > 0.0) {
            return (0.0, 0.0);
        }
        ((c * self.b[1] - d * self.b[0]) / det, (c * self.b[0] - a * self.b[1]) / det)
    }

    /// The smaller eigenvalue of the information.
    pub fn weakest(&self) -> f32 {
        let (h, d) = (0.5 * (self.a[0] + self.a[2]), 0.5 * (self.a[0] - self.a[2]));
        h - (d * d + self.a[1] * self.a[1]).sqrt()
    }
}

/// True where a cell and the gradients around it lie inside a reference of that size.
fn cell_fits(cell: (u32, u32), width: usize, height: usize) -> bool {
    let (x, y) = (cell.0 as usize, cell.1 as usize);
    x >= 1 && y >= 1 && x + CELL < width && y + CELL < height
}

/// Measures every probe; cells that leave either picture give zero equations.
pub(super) fn measure(reference: &Plane<f32>, frame: &Plane<f32>, probes: &[Probe], out: &mut [Equations]) {
    let level = Level::new();
    dispatch!(level, simd => measure_all(simd, reference, frame, probes, out));
}

#[inline(always)]
fn measure_all<S: Simd>(simd: S, reference: &Plane<f32>, frame: &Plane<f32>, probes: &[Probe], out: &mut [Equations]) {
    let n = probes.len().min(out.len());
    for i in 0..n {
        out[i] = measure_one(simd, reference, frame, &probes[i]);
    }
}

/// Weights of the four samples at -1, 0, 1, 2 for a place `t` (0 to 1): cubic convolution with a = -1/2 (Keys 1981).
#[inline(always)]
pub(super) fn cubic(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [-0.5 * t3 + t2 - 0.5 * t, 1.5 * t3 - 2.5 * t2 + 1.0, -1.5 * t3 + 2.0 * t2 + 0.5 * t, 0.5 * t3 - 0.5 * t2]
}

#[inline(always)]
fn measure_one<S: Simd>(simd: S, reference: &Plane<f32>, frame: &Plane<f32>, probe: &Probe) -> Equations {
    let (x0, y0) = (probe.cell.0 as usize, probe.cell.1 as usize);
    if !cell_fits(probe.cell, reference.width(), reference.height()) {
        return Equations::default();
    }
    let (px, py) = (x0 as f32 + probe.shift.0, y0 as f32 + probe.shift.1);
    let (fx, fy) = (px.floor(), py.floor());
    let inside = fx >= 1.0
        && fy >= 1.0
        && fx + (CELL as f32) + 2.0 <= frame.width() as f32
        && fy + (CELL as f32) + 2.0 <= frame.height() as f32;
    if !inside {
        return Equations::default();
    }
    let (wx, wy) = (cubic(px - fx), cubic(py - fy));
    let (left, top) = (fx as usize - 1, fy as usize - 1);
    // the frame's rows, interpolated across
    let mut lines = [f32x8::splat(simd, 0.0); CELL + 3];
    for (k, line) in lines.iter_mut().enumerate() {
        let row = &frame.row(top + k)[left..left + CELL + 3];
        let s0 = f32x8::from_slice(simd, &row[0..8]);
        let s1 = f32x8::from_slice(simd, &row[1..9]);
        let s2 = f32x8::from_slice(simd, &row[2..10]);
        let s3 = f32x8::from_slice(simd, &row[3..11]);
        *line = blend(simd, [s0, s1, s2, s3], wx);
    }
    let zero = f32x8::splat(simd, 0.0);
    let one = f32x8::splat(simd, 1.0);
    let huber = f32x8::splat(simd, HUBER);
    let across = [probe.across.0, probe.across.1].map(|v| f32x8::splat(simd, v));
    let (aliasing, noise) = (f32x8::splat(simd, ALIASING * ALIASING), f32x8::splat(simd, probe.noise));
    let column = f32x8::from_slice(simd, &[-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5]);
    let mut a = [zero; 3];
    let mut b = [zero; 2];
    let (mut cost, mut count) = (zero, zero);
    let (mut above, mut here) = (beside(reference, x0, y0 - 1), beside(reference, x0, y0));
    for y in 0..CELL {
        let below = beside(reference, x0, y0 + y + 1);
        let t = f32x8::from_slice(simd, &here[1..9]);
        let tx = (f32x8::from_slice(simd, &here[2..10]) - f32x8::from_slice(simd, &here[0..8])) * 0.5;
        let ty = (f32x8::from_slice(simd, &below[1..9]) - f32x8::from_slice(simd, &above[1..9])) * 0.5;
        (above, here) = (here, below);
        let i = blend(simd, [lines[y], lines[y + 1], lines[y + 2], lines[y + 3]], wy);
        // what turning within the cell changes, to first order
        let v = y as f32 - 3.5;
        let turn_x = column.mul_add(across[0], f32x8::splat(simd, v * probe.down.0));
        let turn_y = column.mul_add(across[1], f32x8::splat(simd, v * probe.down.1));
        let r = tx.mul_add(turn_x, ty.mul_add(turn_y, i - t));
        let all = r + tx + ty;
        let valid = all.simd_eq(all);
        let (r, tx, ty) = (valid.select(r, zero), valid.select(tx, zero), valid.select(ty, zero));
        let variance = tx.mul_add(tx, ty * ty).mul_add(aliasing, noise);
        // estimates to 12 bits and more: they only weigh
        let weight = valid.select(variance.approximate_recip(), zero);
        let z2 = r * r * weight;
        let z = z2.sqrt();
        let robust = one.min(z.max(1e-6).approximate_recip() * huber);
        cost += rho(z, z2, huber);
        count += valid.select(one, zero);
        let w = weight * robust;
        let (wtx, wty) = (w * tx, w * ty);
        a = [wtx.mul_add(tx, a[0]), wtx.mul_add(ty, a[1]), wty.mul_add(ty, a[2])];
        b = [wtx.mul_add(r, b[0]), wty.mul_add(r, b[1])];
    }
    Equations { a: [sum(a[0]), sum(a[1]), sum(a[2])], b: [sum(b[0]), sum(b[1])], cost: sum(cost), count: sum(count) }
}

/// The numbers of a cell's row and one more on each side.
#[inline(always)]
fn beside(reference: &Plane<f32>, x0: usize, y: usize) -> &[f32; CELL + 2] {
    reference.row(y)[x0 - 1..].first_chunk().expect("the cell lies inside")
}

/// Four rows by their weights.
#[inline(always)]
fn blend<S: Simd>(simd: S, rows: [f32x8<S>; 4], weights: [f32; 4]) -> f32x8<S> {
    let [a, b, c, d] = weights.map(|w| f32x8::splat(simd, w));
    rows[3].mul_add(d, rows[2].mul_add(c, rows[1].mul_add(b, rows[0] * a)))
}

/// Huber's loss, twice: z^2 up to h, then 2 h z - h^2.
#[inline(always)]
fn rho<S: Simd>(z: f32x8<S>, z2: f32x8<S>, huber: f32x8<S>) -> f32x8<S> {
    let beyond = z * huber * 2.0 - huber * huber;
    z.simd_le(huber).select(z2, beyond)
}

#[inline(always)]
fn sum<S: Simd>(v: f32x8<S>) -> f32 {
    let s = v.as_slice();
    ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]))
}
