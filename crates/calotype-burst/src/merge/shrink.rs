//! The last word is the reference's: what it says against the merge, beyond its noise, is kept.
//!
//! The difference between the reference's mosaic and the merge is taken apart by a windowed cosine transform of 8x8 samples
//! per Bayer plane, half overlapping; coefficients are shrunk by how far their energy, in units of its variance, exceeds
//! what noise explains (Hasinoff et al. 2016 merge frame by frame in this way; here the merge of all frames is the other
//! partner). The four planes and neighbouring frequencies decide together.

use super::patch::LANES;
use super::ring::Ring;
use calotype_image::dct::{forward, inverse};
use calotype_image::simd::{join, splat, spread};
use fearless_simd::{Simd, SimdBase, SimdFloat};

/// Samples along the side of a transform block, and in it.
pub(crate) const N: usize = 8;
pub(crate) const BLOCK: usize = N * N;
/// Samples between blocks.
pub(crate) const HOP: usize = N / 2;
/// Pixels from one block to the next, and along the side of one.
pub(crate) const STEP: usize = 2 * HOP;
pub(crate) const SIDE: usize = 2 * N;
/// Parts of a row: the columns from one block to the next.
const PARTS: usize = STEP;
/// Lengths of rows are multiples of this.
pub(crate) const SHRUNK: usize = PARTS * LANES;

/// Energy (in units of the noise's, less that of noise itself), squared, at which half of a coefficient is kept.
const HALF: f32 = 2.0;

/// cos(pi k / 16), k = 0..8.
const COS: [f64; 9] = [
    1.0,
    0.980_785_280_403_230_4,
    0.923_879_532_511_286_7,
    0.831_469_612_302_545_2,
    std::f64::consts::FRAC_1_SQRT_2,
    0.555_570_233_019_602_2,
    0.382_683_432_365_089_8,
    0.195_090_322_016_128_3,
    0.0,
];

/// Sample `i` of the orthonormal cosine of frequency `k` (DCT-II).
pub(crate) const fn basis(k: usize, i: usize) -> f64 {
    // the angle pi k (2i + 1) / 16, folded into the first quadrant
    let a = (k * (2 * i + 1)) % 32;
    let a = if a > 16 { 32 - a } else { a };
    let c = if a > 8 { -COS[16 - a] } else { COS[a] };
    c * if k == 0 { 0.353_553_390_593_273_8 } else { 0.5 }
}

/// Sine window, used before and after: its square over half-overlapping blocks sums to one.
pub(crate) const WINDOW: [f32; N] = {
    // sin(pi (2i + 1) / 16) = cos(pi |7 - 2i| / 16)
    let c = [COS[7], COS[5], COS[3], COS[1], COS[1], COS[3], COS[5], COS[7]];
    let mut w = [0.0; N];
    let mut i = 0;
    while i < N {
        w[i] = c[i] as f32;
        i += 1;
    }
    w
};

/// Variance of a coefficient of the windowed transform of unit white noise: the mean squared window, both ways.
const COEFFICIENT_NOISE: f32 = 0.25;

/// What is expected of the differences of one block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// Noise of the difference, per Bayer plane.
    pub variance: [f32; 4],
    /// Share of every coefficient of a plane that is kept at least: the merge's part of the variance.
    pub floor: [f32; 4],
    /// Share of the samples that have a difference; the others are 0 and tell nothing.
    pub known: f32,
}

/// Keeps of the differences in a strip what stands out from the noise. Blocks begin at every eighth row and column.
#[derive(Default)]
pub(crate) struct Shrinker {
    /// Differences, and what is kept of them, in parts.
    differences: Ring<16>,
    kept: Ring<16>,
    /// Per plane and block: one over four times the variance of a coefficient, and the least share to keep.
    scale: [Vec<f32>; 4],
    floor: [Vec<f32>; 4],
    /// Numbers from part to part.
    stride: usize,
}

impl Shrinker {
    /// Begins a strip whose rows hold `width` numbers, a multiple of [`SHRUNK`].
    pub fn start(&mut self, width: usize) {
        self.stride = width / PARTS + LANES;
        self.differences.reshape(PARTS * self.stride);
        self.kept.reshape(PARTS * self.stride);
        for v in self.scale.iter_mut().chain(&mut self.floor) {
            v.clear();
            v.resize(self.stride, 0.0);
        }
    }

    /// Takes in the differences of row `y`.
    #[inline(always)]
    pub fn push<S: Simd>(&mut self, simd: S, y: isize, row: &[f32]) {
        spread::<S, PARTS>(simd, row, self.stride, self.differences.row_mut(y));
        self.kept.row_mut(y).fill(0.0);
    }

    /// Says what is to be expected of block `b` of the next row of blocks.
    #[inline(always)]
    pub fn expect(&mut self, b: usize, expected: &Expected) {
        for p in 0..4 {
            self.scale[p][b] = 0.25 / (COEFFICIENT_NOISE * expected.known.max(0.1) * expected.variance[p].max(1e-20));
            self.floor[p][b] = expected.floor[p];
        }
    }

    /// Judges the blocks from row `y` on.
    #[inline(always)]
    pub fn shrink<S: Simd>(&mut self, simd: S, y: isize) {
        let n = S::f32s::LEN;
        let (mut planes, mut energy) = ([[splat(simd, 0.0); BLOCK]; 4], [splat(simd, 0.0); BLOCK]);
        for b in (0..self.stride - LANES).step_by(n) {
            self.blocks(simd, y, b, &mut planes, &mut energy);
        }
    }

    /// As many blocks as a vector has lanes. `planes` and `energy` are scratch.
    #[inline(always)]
    fn blocks<S: Simd>(
        &mut self,
        simd: S,
        y: isize,
        b: usize,
        planes: &mut [[S::f32s; BLOCK]; 4],
        energy: &mut [S::f32s; BLOCK],
    ) {
        let n = S::f32s::LEN;
        for (p, block) in planes.iter_mut().enumerate() {
            for j in 0..N {
                let row = self.differences.row(y + (2 * j + (p >> 1)) as isize);
                for i in 0..N {
                    let v = S::f32s::from_slice(simd, &row[self.place(p, i) + b..][..n]);
                    block[N * j + i] = v * (WINDOW[j] * WINDOW[i]);
                }
            }
            forward::<S>(block);
            let scale = S::f32s::from_slice(simd, &self.scale[p][b..b + n]);
            for k in 0..BLOCK {
                let so_far = if p == 0 { splat(simd, 0.0) } else { energy[k] };
                energy[k] = (block[k] * block[k]).mul_add(scale, so_far);
            }
        }
        around::<S>(energy);
        let (one, half) = (splat(simd, 1.0), splat(simd, HALF));
        for e in energy.iter_mut() {
            let q = (*e - 1.0).max(0.0);
            *e = one - half / (q * q + half);
        }
        for (p, block) in planes.iter_mut().enumerate() {
            let floor = S::f32s::from_slice(simd, &self.floor[p][b..b + n]);
            for k in 0..BLOCK {
                block[k] *= energy[k].max(floor);
            }
            inverse::<S>(block);
            for j in 0..N {
                let start = self.place(p, 0);
                let row = &mut self.kept.row_mut(y + (2 * j + (p >> 1)) as isize)[start + b..];
                for i in 0..N {
                    let to = &mut row[2 * (i & 3) * self.stride + (i >> 2)..][..n];
                    let v = block[N * j + i].mul_add(WINDOW[j] * WINDOW[i], S::f32s::from_slice(simd, to));
                    v.store_slice(to);
                }
            }
        }
    }

    /// Where sample `i` of a row of the first block lies, in a plane of the 2x2 pattern.
    #[inline(always)]
    fn place(&self, plane: usize, i: usize) -> usize {
        (2 * (i & 3) + (plane & 1)) * self.stride + (i >> 2)
    }

    /// Gives what is kept of row `y`, of which all blocks are judged.
    #[inline(always)]
    pub fn kept<S: Simd>(&self, simd: S, y: isize, row: &mut [f32]) {
        join::<S, PARTS>(simd, self.kept.row(y), self.stride, row);
    }
}

/// Neighbours in frequency decide along: means over 3x3 energies with the centre twice, mirrored at the borders.
#[inline(always)]
pub(crate) fn around<S: Simd>(energy: &mut [S::f32s; BLOCK]) {
    let (mut above, mut here) = (across::<S>(energy, 1), across::<S>(energy, 0));
    for j in 0..N {
        let below = if j == N - 1 { above } else { across::<S>(energy, j + 1) };
        for i in 0..N {
            let k = N * j + i;
            energy[k] = ((above[i] + here[i]) + (below[i] + energy[k])) * 0.1;
        }
        (above, here) = (here, below);
    }
}

/// Sums of three along row `j`, mirrored at its ends.
#[inline(always)]
fn across<S: Simd>(energy: &[S::f32s; BLOCK], j: usize) -> [S::f32s; N] {
    let row = &energy[N * j..][..N];
    let mut out = [row[0]; N];
    for i in 0..N {
        let (l, r) = (if i == 0 { 1 } else { i - 1 }, if i == N - 1 { N - 2 } else { i + 1 });
        out[i] = row[l] + row[i] + row[r];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::{Level, dispatch};

    /// What is kept of the 8 rows and columns in the middle of a picture of the differences `f(x, y)`.
    fn kept(f: impl Fn(usize, usize) -> f32, expected: Expected) -> Vec<f32> {
        let mut s = Shrinker::default();
        s.start(SHRUNK);
        let mut out = Vec::new();
        dispatch!(Level::new(), simd => {
            for y in 0..3 * STEP {
                s.push(simd, y as isize, &(0..SHRUNK).map(|x| f(x, y)).collect::<Vec<_>>());
            }
            (0..SHRUNK / STEP).for_each(|b| s.expect(b, &expected));
            [0, STEP].iter().for_each(|&y| s.shrink(simd, y as isize));
            for y in STEP..2 * STEP {
                let mut row = vec![0.0; SHRUNK];
                s.kept(simd, y as isize, &mut row);
                out.extend_from_slice(&row[SHRUNK / 2..][..STEP]);
            }
        });
        out
    }

    #[test]
    fn windows_of_overlapping_blocks_sum_to_one() {
        for i in 0..HOP {
            assert!((WINDOW[i].powi(2) + WINDOW[i + HOP].powi(2) - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn noise_goes_and_evidence_stays() {
        // a cheap hash gives noise of variance 1/12
        let noise = |x: usize, y: usize| {
            let h = (y * 128 + x + 1) as u32;
            let h = (h ^ (h >> 3)).wrapping_mul(0x9E37_79B9);
            (h.wrapping_mul(0x85EB_CA6B) >> 8) as f32 / (1u32 << 24) as f32 - 0.5
        };
        let left = kept(noise, Expected { variance: [1.0 / 12.0; 4], floor: [0.0; 4], known: 1.0 });
        assert!(left.iter().map(|v| v * v).sum::<f32>() / 64.0 < 0.2 / 12.0);
        // a step, one thing that stays below its noise, and that again where it may not be taken away
        let step = |x: usize, _: usize| if x < SHRUNK / 2 + 4 { 1.0 } else { -1.0 };
        let strong = kept(step, Expected { variance: [1e-4; 4], floor: [0.0; 4], known: 1.0 });
        assert!(strong.iter().enumerate().all(|(k, v)| (v - step(SHRUNK / 2 + k % 8, 0)).abs() < 0.02));
        let weak = kept(step, Expected { variance: [1e4; 4], floor: [0.0; 4], known: 1.0 });
        assert!(weak.iter().all(|v| v.abs() < 1e-3));
        let floor = kept(step, Expected { variance: [1e4; 4], floor: [0.25; 4], known: 1.0 });
        assert!(floor.iter().enumerate().all(|(k, v)| (v - 0.25 * step(SHRUNK / 2 + k % 8, 0)).abs() < 1e-3));
    }
}
