//! Takes back the blur of gathering where the detail stands out from the noise.

use super::patch::LANES;
use super::ring::Ring;
use super::shrink::{BLOCK, HOP, N, WINDOW, around, basis};
use super::spline::INVERSE;
use calotype_image::dct::{forward, inverse};
use calotype_image::simd::{join, splat, spread};
use fearless_simd::{Simd, SimdBase, SimdFloat};

/// Times the noise's energy up to which a coefficient passes for noise, and how much more, squared, half of it is kept at.
/// Chosen on simulated bursts, where errors on edges and noise in flat areas balance.
const THRESHOLD: f32 = 2.0;
const HALF: f32 = 2.0;
/// Numbers around a rectangle that have a part in it: the blocks that touch it, and the filter's reach.
pub(crate) const MARGIN: usize = N;
/// Parts of a row: the columns from one block to the next.
const PARTS: usize = HOP;

/// Sharpens a strip row by row. Blocks begin at every fourth row and column.
#[derive(Default)]
pub(crate) struct Sharpener {
    /// The last rows, filtered across.
    across: Ring<16>,
    /// What the inverse filter adds, and what of it is kept, in parts.
    detail: Ring<16>,
    kept: Ring<16>,
    line: Vec<f32>,
    precision: Vec<f32>,
    /// Numbers from part to part.
    stride: usize,
}

impl Sharpener {
    /// Begins a strip whose rows hold `width` numbers, a multiple of [`SHARPENED`].
    pub fn start(&mut self, width: usize) {
        self.stride = width / PARTS + LANES;
        self.across.reshape(width);
        self.detail.reshape(PARTS * self.stride);
        self.kept.reshape(PARTS * self.stride);
        self.line.clear();
        self.line.resize(width, 0.0);
        self.precision.clear();
        self.precision.resize(self.stride, 0.0);
    }

    /// Takes in row `y`.
    #[inline(always)]
    pub fn push(&mut self, y: isize, row: &[f32]) {
        const PART: usize = 2 * LANES;
        let out = self.across.row_mut(y);
        let n = out.len() - 4;
        let out = &mut out[2..2 + n];
        // whole vectors, and the rest once more as the last of them
        let whole = n - n % PART;
        filter_across(&row[..whole + 4], &mut out[..whole]);
        filter_across(&row[n - PART..], &mut out[n - PART..]);
    }

    /// Finds the detail of row `y`, which is `row`: the two rows above and below it are in.
    #[inline(always)]
    pub fn detail<S: Simd>(&mut self, simd: S, y: isize, row: &[f32]) {
        let across = &self.across;
        let rows = [across.row(y - 2), across.row(y - 1), across.row(y), across.row(y + 1), across.row(y + 2)];
        filter_down_less(rows, row, &mut self.line);
        spread::<S, PARTS>(simd, &self.line, self.stride, self.detail.row_mut(y));
        self.kept.row_mut(y).fill(0.0);
    }

    /// Keeps of the detail of the blocks from row `y` on what stands out from its noise, at least the share `least`. `noise`
    /// is the variance of one gathered sample in row `y +` [`HOP`], before gathering: white, divided by the frames.
    #[inline(always)]
    pub fn judge<S: Simd>(&mut self, simd: S, y: isize, noise: &[f32], least: f32) {
        let n = S::f32s::LEN;
        for (precision, noise) in self.precision.iter_mut().zip(noise.chunks_exact(PARTS).skip(1)) {
            *precision = 1.0 / noise[0].max(1e-20);
        }
        let (one, half, least) = (splat(simd, 1.0), splat(simd, HALF), splat(simd, least));
        let (mut block, mut energy) = ([splat(simd, 0.0); BLOCK], [splat(simd, 0.0); BLOCK]);
        for b in (0..self.stride - LANES).step_by(n) {
            for j in 0..N {
                let row = self.detail.row(y + j as isize);
                for i in 0..N {
                    let v = S::f32s::from_slice(simd, &row[(i & 3) * self.stride + b + (i >> 2)..][..n]);
                    block[N * j + i] = v * (WINDOW[j] * WINDOW[i]);
                }
            }
            forward::<S>(&mut block);
            let scale = S::f32s::from_slice(simd, &self.precision[b..b + n]);
            for k in 0..BLOCK {
                energy[k] = block[k] * block[k] * (scale * PRECISION[k]);
            }
            around::<S>(&mut energy);
            follow_edges(simd, &mut energy);
            for k in 0..BLOCK {
                let q = (energy[k] - THRESHOLD).max(0.0);
                block[k] *= (one - half / (q * q + half)).max(least);
            }
            inverse::<S>(&mut block);
            for j in 0..N {
                let row = self.kept.row_mut(y + j as isize);
                for i in 0..N {
                    let to = &mut row[(i & 3) * self.stride + b + (i >> 2)..][..n];
                    let v = block[N * j + i].mul_add(WINDOW[j] * WINDOW[i], S::f32s::from_slice(simd, to));
                    v.store_slice(to);
                }
            }
        }
    }

    /// What was not kept of the detail of row `y`, of which all blocks are judged.
    #[inline(always)]
    pub fn rest<S: Simd>(&mut self, simd: S, y: isize, row: &mut [f32]) {
        join::<S, PARTS>(simd, self.detail.row(y), self.stride, row);
        join::<S, PARTS>(simd, self.kept.row(y), self.stride, &mut self.line);
        row.iter_mut().zip(&self.line).for_each(|(v, kept)| *v -= kept);
    }

    /// Adds what was kept to row `y`, of which all blocks are judged.
    #[inline(always)]
    pub fn add<S: Simd>(&mut self, simd: S, y: isize, row: &mut [f32]) {
        join::<S, PARTS>(simd, self.kept.row(y), self.stride, &mut self.line);
        let n = self.line.len();
        let (row, line) = (&mut row[..n], &self.line[..n]);
        for k in 0..n {
            row[k] += line[k];
        }
    }
}

/// [`INVERSE`] across a row, which reaches two places further on both sides.
#[inline(always)]
fn filter_across(row: &[f32], out: &mut [f32]) {
    let [a, b, c] = INVERSE;
    let n = out.len();
    let (l2, l1, m, r1, r2) = (&row[..n], &row[1..][..n], &row[2..][..n], &row[3..][..n], &row[4..][..n]);
    for k in 0..n {
        out[k] = a * (l2[k] + r2[k]) + b * (l1[k] + r1[k]) + c * m[k];
    }
}

/// [`INVERSE`] down five rows, less `row`.
#[inline(always)]
fn filter_down_less(rows: [&[f32]; 5], row: &[f32], out: &mut [f32]) {
    let [a, b, c] = INVERSE;
    let n = out.len();
    let ([t2, t1, m, b1, b2], row) = (rows.map(|r| &r[..n]), &row[..n]);
    for k in 0..n {
        out[k] = a * (t2[k] + b2[k]) + b * (t1[k] + b1[k]) + c * m[k] - row[k];
    }
}

/// Frequencies, summed over both directions, below which energies tell the direction of an edge.
const COARSE: usize = 6;
/// Frequencies beside an edge's direction up to which energy is expected, and times that of noise which the coarser energy
/// has to exceed to be evidence.
const WIDTH: f32 = 0.8;
const EVIDENT: f32 = 2.0;
/// Weight of that evidence. Chosen, as these three are, on simulated bursts: edges of low contrast in dim light gain slope,
/// and pictures signal to noise.
const WEIGHT: f32 = 4.0;

/// Adds evidence from coarser detail: an edge has energy at all frequencies of its direction, so where it shows at half a
/// frequency it is likely there too (persistence across scales; Shapiro 1993, Portilla et al. 2003).
#[inline(always)]
fn follow_edges<S: Simd>(simd: S, energy: &mut [S::f32s; BLOCK]) {
    let (mut across, mut down) = (splat(simd, 1e-6), splat(simd, 1e-6));
    for (v, u) in (0..N).flat_map(|v| (0..N).map(move |u| (v, u))).filter(|(v, u)| (1..COARSE).contains(&(v + u))) {
        let e = (energy[N * v + u] - 1.0).max(0.0);
        across = e.mul_add((u * u) as f32, across);
        down = e.mul_add((v * v) as f32, down);
    }
    let norm = (across + down).approximate_recip() * (1.0 / (WIDTH * WIDTH));
    let (across, down) = ((across * norm).sqrt(), (down * norm).sqrt());
    let coarser = *energy;
    for (v, u) in (0..N).flat_map(|v| (0..N).map(move |u| (v, u))).filter(|(v, u)| *v.max(u) > 1) {
        let beside = (down * u as f32 - across * v as f32).abs();
        let near = (splat(simd, WEIGHT) - beside * WEIGHT).max(0.0);
        let evidence = (coarser[N * (v / 2) + u / 2] - EVIDENT).max(0.0);
        energy[N * v + u] = evidence.mul_add(near, energy[N * v + u]);
    }
}

/// Lengths of rows are multiples of this.
pub(crate) const SHARPENED: usize = PARTS * LANES;

/// One over the variance of each coefficient of the detail's noise, for white noise of variance 1 before gathering.
const PRECISION: [f32; BLOCK] = precision();

const fn precision() -> [f32; BLOCK] {
    // autocovariances, in one dimension, of gathered noise, of the same filtered once and twice
    let p = [66.0 / 120.0, 26.0 / 120.0, 1.0 / 120.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let sp = filtered(p);
    let ssp = filtered(sp);
    let (p, sp, ssp) = (coefficients(p), coefficients(sp), coefficients(ssp));
    let mut out = [0.0; BLOCK];
    let mut j = 0;
    while j < N {
        let mut i = 0;
        while i < N {
            out[N * j + i] = (1.0 / (ssp[j] * ssp[i] - 2.0 * sp[j] * sp[i] + p[j] * p[i])) as f32;
            i += 1;
        }
        j += 1;
    }
    out
}

/// An even sequence after [`INVERSE`].
const fn filtered(r: [f64; 9]) -> [f64; 9] {
    let taps = [INVERSE[2] as f64, INVERSE[1] as f64, INVERSE[0] as f64];
    let mut out = [0.0; 9];
    let mut d = 0;
    while d < 9 {
        let mut t = -2i32;
        while t <= 2 {
            let at = (d as i32 - t).unsigned_abs() as usize;
            if at < 9 {
                out[d] += taps[t.unsigned_abs() as usize] * r[at];
            }
            t += 1;
        }
        d += 1;
    }
    out
}

/// Variances of the windowed transform's coefficients of noise of the autocovariance `r`.
const fn coefficients(r: [f64; 9]) -> [f64; N] {
    let mut out = [0.0; N];
    let mut k = 0;
    while k < N {
        let mut i = 0;
        while i < N {
            let mut j = 0;
            while j < N {
                out[k] += basis(k, i) * WINDOW[i] as f64 * basis(k, j) * WINDOW[j] as f64 * r[i.abs_diff(j)];
                j += 1;
            }
            i += 1;
        }
        k += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::spline::taps;
    use super::*;
    use fearless_simd::{Level, dispatch};

    /// A picture of rows of 64 numbers, sharpened; those at its left and right are unreliable.
    fn sharpened(image: &[f32], noise: f32) -> Vec<f32> {
        const W: usize = SHARPENED;
        let height = (image.len() / W) as isize;
        let row = |y: isize| &image[y.clamp(0, height - 1) as usize * W..][..W];
        let noise = vec![noise; W];
        let mut s = Sharpener::default();
        s.start(W);
        let mut out = Vec::new();
        dispatch!(Level::new(), simd => for y in -2 * N as isize..height + N as isize {
            s.push(y, row(y));
            s.detail(simd, y - 2, row(y - 2));
            if y % HOP as isize == 1 {
                s.judge(simd, y - 9, &noise, 0.0);
                for y in (y - 9..y - 5).filter(|y| (0..height).contains(y)) {
                    let mut line = row(y).to_vec();
                    s.add(simd, y, &mut line);
                    out.extend(line);
                }
            }
        });
        out
    }

    #[test]
    fn noise_passes_and_detail_is_lifted() {
        let (w, h) = (SHARPENED, 32);
        let fine: Vec<f32> = (0..w * h).map(|i| 0.5 + if (i % w + i / w) % 2 == 0 { 0.02 } else { -0.02 }).collect();
        let out = sharpened(&fine, 1e-9);
        assert_eq!(out.len(), fine.len());
        let k = 16 * w + 20;
        assert!((out[k] - 0.5).abs() > 4.0 * (fine[k] - 0.5).abs(), "a fine pattern above the noise is lifted");
        let out = sharpened(&fine, 1.0);
        let inside =
            |v: &[f32]| -> Vec<f32> { v.chunks_exact(w).flat_map(|row| &row[MARGIN..w - MARGIN]).copied().collect() };
        assert_eq!(inside(&out), inside(&fine), "a pattern below the noise stays");
    }

    #[test]
    fn the_spectrum_is_that_of_gathered_noise() {
        const W: usize = SHARPENED;
        let mut seed = 1u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32
        };
        let mut energy = [0.0f32; BLOCK];
        let mut count = 0.0;
        let mut s = Sharpener::default();
        for _ in 0..60 {
            let white: Vec<f32> = (0..W * W).map(|_| (random() - 0.5) * 12f32.sqrt()).collect();
            let (across, down) = (taps(random() - 0.5), taps(random() - 0.5));
            let mut image = vec![0.0; W * W];
            for (y, x) in (1..W - 1).flat_map(|y| (1..W - 1).map(move |x| (y, x))) {
                let near = (0..3).flat_map(|j| (0..3).map(move |i| (j, i)));
                image[y * W + x] =
                    near.map(|(j, i)| down[j] * across[i] * white[(y + j - 1) * W + x + i - 1]).sum::<f32>();
            }
            s.start(W);
            let rows: Vec<&[f32]> = image.chunks_exact(W).collect();
            let mut details = Vec::new();
            for (y, row) in rows.iter().enumerate() {
                s.push(y as isize, row);
                if y >= 4 {
                    dispatch!(Level::new(), simd => s.detail(simd, y as isize - 2, rows[y - 2]));
                    details.push(s.line.clone());
                }
            }
            for (y, x) in (2..W - 14).step_by(N).flat_map(|y| (4..W - 12).step_by(N).map(move |x| (y, x))) {
                let sum = |v: usize, u: usize| -> f64 {
                    let part = |j: usize, i: usize| {
                        basis(v, j) * basis(u, i) * f64::from(details[y + j][x + i] * WINDOW[j] * WINDOW[i])
                    };
                    (0..BLOCK).map(|k| part(k / N, k % N)).sum()
                };
                for k in 0..BLOCK {
                    energy[k] += sum(k / N, k % N).powi(2) as f32;
                }
                count += 1.0;
            }
        }
        for (e, p) in energy.iter().zip(&PRECISION) {
            assert!((e * p / count - 1.0).abs() < 0.25, "{}", e * p / count);
        }
    }
}
