//! Overlapping blocks of one strip of columns, from the top of a band to its bottom.
//!
//! Blocks of 8x8 pixels start at every fourth row and column of the picture, from -4 on. Rows are held in four parts,
//! every fourth pixel in each, so that the same pixel of neighbouring blocks lies side by side in memory: a group is
//! the four pixels 4 g - 4 to 4 g - 1 from the strip's left border, and block b covers the groups b and b + 1.

use super::NoiseSpectrum;
use super::shrink::{Shrinkage, shrink};
use calotype_image::Plane;
use calotype_image::dct::{forward, inverse};
use calotype_image::simd::{join, splat, spread};
use fearless_simd::{Simd, SimdBase};

/// Blocks side by side in a strip.
pub(super) const BLOCKS: usize = 128;
/// Pixels of a strip that come out.
pub(super) const STRIP: usize = 4 * (BLOCKS - 1);
/// Groups held, with room for the last vector's second half; whole vectors of them.
const GROUPS: usize = BLOCKS + 16;
/// Pixels held, from four left of the strip on.
pub(super) const HELD: usize = 4 * GROUPS;

/// sin² of the block's window along one side; overlapping halves add up to one.
const WINDOW: [f32; 8] =
    [0.038_060_234, 0.308_658_28, 0.691_341_7, 0.961_939_8, 0.961_939_8, 0.691_341_7, 0.308_658_28, 0.038_060_234];

/// Where rows come from and go to.
pub(super) trait Rows {
    /// Fills luma and chromas of row `y` (outside: mirrored) for the pixels from `left - 4` on, [`HELD`] of them.
    fn load(&mut self, y: isize, left: usize, row: &mut [Vec<f32>; 3]);
    /// Takes the smoothed row, from pixel `left - 4` on, the noise variance that was removed from it, relative to that of one
    /// sample, and luma as it was.
    fn store(&mut self, y: usize, left: usize, row: [&[f32]; 3], removed: &[f32], noisy: Parts<'_>);
    /// One over the number of frames that the blocks of block row `k` were merged from; block `b` starts at
    /// pixel `left - 4 + 4 b`.
    fn inverse_frames(&self, k: isize, left: usize, out: &mut [f32]);
}

/// A row in four parts: every fourth pixel in each.
pub(super) struct Parts<'a>(pub &'a [f32]);

impl Parts<'_> {
    /// The row.
    #[inline(always)]
    pub fn join<S: Simd>(&self, simd: S, out: &mut [f32]) {
        join::<S, 4>(simd, self.0, GROUPS, out);
    }
}

/// What all strips share.
#[derive(Clone, Debug)]
pub(super) struct Smoothing<'a> {
    pub shrinkage: &'a Shrinkage,
    /// Variance `a + b / y²` of luma and chromas at luma `y`.
    pub variance: [(f32, f32); 3],
    /// Lowest squared luma the variance is taken at.
    pub floor: f32,
    /// What to add to each row, at a quarter of the size.
    pub correction: Option<&'a [Plane<f32>; 3]>,
}

/// The buffers of one strip.
pub(super) struct Tile {
    /// Eight rows of three channels in four parts.
    rows: Vec<f32>,
    /// What the blocks add up to, in the same order.
    sums: Vec<f32>,
    /// Variance removed in the blocks of the last two block rows.
    removed: [Vec<f32>; 2],
    inverse_frames: Vec<f32>,
    /// How far each block's colours were gathered.
    gathered: Vec<f32>,
    line: [Vec<f32>; 3],
    line_removed: Vec<f32>,
    quarter: Vec<f32>,
}

/// Start of a part: row (modulo 8), channel, part.
#[inline(always)]
fn part(y: isize, c: usize, p: usize) -> usize {
    (((y & 7) as usize * 3 + c) * 4 + p) * GROUPS
}

impl Tile {
    pub(super) fn new() -> Self {
        Self {
            rows: vec![0.0; 8 * 3 * 4 * GROUPS],
            sums: vec![0.0; 8 * 3 * 4 * GROUPS],
            removed: [(); 2].map(|()| vec![0.0; GROUPS]),
            inverse_frames: vec![1.0; GROUPS],
            gathered: vec![0.0; GROUPS],
            line: [(); 3].map(|()| vec![0.0; HELD]),
            line_removed: vec![0.0; HELD],
            quarter: vec![0.0; GROUPS + 2],
        }
    }

    /// Smooths the rows from `top` to `bottom` of the strip that begins at `left`, a multiple of four.
    #[inline(always)]
    pub(super) fn run<S: Simd>(
        &mut self,
        simd: S,
        smoothing: &Smoothing<'_>,
        left: usize,
        top: usize,
        bottom: usize,
        io: &mut impl Rows,
    ) {
        // block row k covers rows 4 k - 4 to 4 k + 3 and completes the first four of them
        let (first, last) = ((top / 4) as isize, (bottom as isize + 3).div_euclid(4));
        let mut blocks = [[splat(simd, 0.0); 64]; 3];
        for k in first..=last {
            let fresh = 4 * k - if k == first { 4 } else { 0 };
            for y in fresh..4 * k + 4 {
                self.load(simd, smoothing, y, left, io);
            }
            io.inverse_frames(k, left, &mut self.inverse_frames[..BLOCKS]);
            for (share, inverse) in self.gathered.iter_mut().zip(&self.inverse_frames[..BLOCKS]) {
                *share = NoiseSpectrum::gathered_share(1.0 / inverse);
            }
            for b in (0..BLOCKS).step_by(S::f32s::LEN) {
                self.blocks(simd, smoothing, k, b, &mut blocks);
            }
            if k > first {
                for y in (4 * k - 4).max(top as isize)..(4 * k).min(bottom as isize) {
                    self.store(simd, y as usize, k, left, io);
                }
            }
        }
    }

    /// Brings in row `y` and clears its sums.
    #[inline(always)]
    fn load<S: Simd>(&mut self, simd: S, smoothing: &Smoothing<'_>, y: isize, left: usize, io: &mut impl Rows) {
        io.load(y, left, &mut self.line);
        for c in 0..3 {
            let parts = &mut self.rows[part(y, c, 0)..][..4 * GROUPS];
            spread::<S, 4>(simd, &self.line[c], GROUPS, parts);
            if let Some(correction) = smoothing.correction {
                let (a, rest) = parts.split_at_mut(GROUPS);
                let (b, rest) = rest.split_at_mut(GROUPS);
                let (d, e) = rest.split_at_mut(GROUPS);
                quarter_row(&correction[c], y, left, &mut self.quarter);
                let q = &self.quarter[..GROUPS + 2];
                for g in 0..GROUPS {
                    let (before, here, after) = (q[g], q[g + 1], q[g + 2]);
                    a[g] += 0.375 * before + 0.625 * here;
                    b[g] += 0.125 * before + 0.875 * here;
                    d[g] += 0.875 * here + 0.125 * after;
                    e[g] += 0.625 * here + 0.375 * after;
                }
            }
            self.sums[part(y, c, 0)..][..4 * GROUPS].fill(0.0);
        }
    }

    /// As many blocks as a vector has lanes, from block `b` of block row `k` on. `blocks` is scratch.
    #[inline(always)]
    fn blocks<S: Simd>(
        &mut self,
        simd: S,
        smoothing: &Smoothing<'_>,
        k: isize,
        b: usize,
        blocks: &mut [[S::f32s; 64]; 3],
    ) {
        let n = S::f32s::LEN;
        for c in 0..3 {
            for r in 0..8 {
                for x in 0..8 {
                    let at = part(4 * k - 4 + r as isize, c, x & 3) + b + (x >> 2);
                    blocks[c][8 * r + x] = S::f32s::from_slice(simd, &self.rows[at..at + n]);
                }
            }
            forward::<S>(&mut blocks[c]);
        }
        // luma of the block, and what its noise should be
        let mean = blocks[0][0] * 0.125;
        let recip = splat(simd, 1.0) / (mean * mean).max(splat(simd, smoothing.floor));
        let inverse_frames = S::f32s::from_slice(simd, &self.inverse_frames[b..b + n]);
        let inverse = smoothing.variance.map(|(v0, v1)| {
            let variance = (recip * v1 + v0) * inverse_frames;
            splat(simd, 1.0) / variance.max(splat(simd, 1e-20))
        });
        let gathered = S::f32s::from_slice(simd, &self.gathered[b..b + n]);
        let removed = shrink(simd, smoothing.shrinkage, blocks, inverse, gathered) * inverse_frames;
        removed.store_slice(&mut self.removed[(k & 1) as usize][b..b + n]);
        for c in 0..3 {
            inverse_and_add(simd, &mut blocks[c], &mut self.sums, k, c, b);
        }
    }

    /// Hands row `y`, complete after block row `k`, on.
    #[inline(always)]
    fn store<S: Simd>(&mut self, simd: S, y: usize, k: isize, left: usize, io: &mut impl Rows) {
        let row = y as isize;
        for c in 0..3 {
            join::<S, 4>(simd, &self.sums[part(row, c, 0)..][..4 * GROUPS], GROUPS, &mut self.line[c]);
        }
        let r = (row - (4 * k - 4)) as usize;
        let (upper, lower) = (&self.removed[((k - 1) & 1) as usize], &self.removed[(k & 1) as usize]);
        let groups = self.line_removed.as_chunks_mut::<4>().0;
        let (wu, wl) = (WINDOW[r + 4], WINDOW[r]);
        for g in 1..BLOCKS {
            let [before, after] = [wu * upper[g - 1] + wl * lower[g - 1], wu * upper[g] + wl * lower[g]];
            let at = |p: usize| WINDOW[p + 4] * before + WINDOW[p] * after;
            groups[g] = [at(0), at(1), at(2), at(3)];
        }
        let noisy = Parts(&self.rows[part(row, 0, 0)..][..4 * GROUPS]);
        io.store(y, left, self.line.each_ref().map(|l| &l[..]), &self.line_removed, noisy);
    }
}

/// Back from the transform, windowed, onto the sums.
#[inline(always)]
fn inverse_and_add<S: Simd>(simd: S, block: &mut [S::f32s; 64], sums: &mut [f32], k: isize, c: usize, b: usize) {
    let n = S::f32s::LEN;
    inverse::<S>(block);
    for r in 0..8 {
        for x in 0..8 {
            let at = part(4 * k - 4 + r as isize, c, x & 3) + b + (x >> 2);
            let sum = &mut sums[at..at + n];
            let v = S::f32s::from_slice(simd, sum) + block[8 * r + x] * (WINDOW[r] * WINDOW[x]);
            v.store_slice(sum);
        }
    }
}

/// Row `y` of a quarter-size plane, bilinear between its rows: one value per group, from the group left of the first
/// held on, repeated beyond the plane's edges.
#[inline(always)]
fn quarter_row(plane: &Plane<f32>, y: isize, left: usize, out: &mut [f32]) {
    let last = plane.height() as isize - 1;
    let (above, toward) = match y.rem_euclid(4) {
        0 => (y.div_euclid(4) - 1, 0.625),
        1 => (y.div_euclid(4) - 1, 0.875),
        2 => (y.div_euclid(4), 0.125),
        _ => (y.div_euclid(4), 0.375),
    };
    let (a, b) = (plane.row(above.clamp(0, last) as usize), plane.row((above + 1).clamp(0, last) as usize));
    let start = left / 4;
    // out[i] stands at column start + i - 2
    let from = 2usize.saturating_sub(start).min(out.len());
    let to = (plane.width() + 2).saturating_sub(start).clamp(from, out.len());
    if from < to {
        let (a, b) = (&a[start + from - 2..][..to - from], &b[start + from - 2..][..to - from]);
        let inner = &mut out[from..to];
        for i in 0..inner.len() {
            inner[i] = a[i] + (b[i] - a[i]) * toward;
        }
        let (l, r) = (out[from], out[to - 1]);
        out[..from].fill(l);
        out[to..].fill(r);
    }
}
