//! The forward discrete cosine transform of 8 x 8 blocks and quantisation, sixteen blocks side by side.

use fearless_simd::{Level, dispatch};

/// Blocks transformed together.
pub const LANES: usize = 16;
/// Pixels across [`LANES`] blocks.
pub const SPAN: usize = 8 * LANES;

/// Place of every coefficient, in row order, in the zigzag sequence (ITU-T T.81, figure 5).
pub const ZIGZAG: [usize; 64] = [
    0, 1, 5, 6, 14, 15, 27, 28, 2, 4, 7, 13, 16, 26, 29, 42, 3, 8, 12, 17, 25, 30, 41, 43, 9, 11, 18, 24, 31, 40, 44,
    53, 10, 19, 23, 32, 39, 45, 52, 54, 20, 22, 33, 38, 46, 51, 55, 60, 21, 34, 37, 47, 50, 56, 59, 61, 35, 36, 48, 49,
    57, 58, 62, 63,
];

/// The quantisation tables of ITU-T T.81, annex K.1, in row order: luma, then colour differences.
const ANNEX_K: [[u16; 64]; 2] = [
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
        51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
        120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ],
    [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
    ],
];

/// Divisors of the coefficients.
pub struct Quantizer {
    /// In row order, 1 to 255.
    pub steps: [u8; 64],
    /// What the unscaled transform is multiplied with, in row order.
    factors: [f32; 64],
}

impl Quantizer {
    /// Annex K's table scaled to a quality of 1 to 100 in the way everyone's quality numbers mean; `table` 0 is luma.
    pub fn new(table: usize, quality: u8) -> Self {
        let quality = u32::from(quality.clamp(1, 100));
        let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
        let steps = ANNEX_K[table].map(|v| ((u32::from(v) * percent + 50) / 100).clamp(1, 255) as u8);
        // the fast transform leaves coefficient k times cos(k pi / 16) sqrt(2), the first times 1, and 8 in all
        let scale = |k: usize| match k {
            0 => 1.0,
            k => (k as f64 * std::f64::consts::PI / 16.0).cos() * std::f64::consts::SQRT_2,
        };
        let factors = std::array::from_fn(|i| (1.0 / (f64::from(steps[i]) * 8.0 * scale(i / 8) * scale(i % 8))) as f32);
        Self { steps, factors }
    }
}

/// Quantised coefficients of [`LANES`] neighbouring blocks: `[zigzag place][block]`, and which are not zero.
#[derive(Clone)]
pub struct Blocks {
    /// Coefficients.
    pub values: [[i16; LANES]; 64],
    /// Bit k of a block is set where its coefficient k is not zero.
    pub nonzero: [u64; LANES],
}

impl Blocks {
    /// All zero.
    pub const EMPTY: Self = Self { values: [[0; LANES]; 64], nonzero: [0; LANES] };
}

/// Transforms the blocks of eight rows, `stride` samples apart, of samples about 0 (-128 to 127).
pub fn transform(rows: &[f32], stride: usize, quantizer: &Quantizer, out: &mut [Blocks]) {
    dispatch!(Level::new(), _simd => transform_all(rows, stride, &quantizer.factors, out));
}

#[inline(always)]
fn transform_all(rows: &[f32], stride: usize, factors: &[f32; 64], out: &mut [Blocks]) {
    for (i, out) in out.iter_mut().enumerate() {
        transform_span(&rows[i * SPAN..], stride, factors, out);
    }
}

#[inline(always)]
fn transform_span(rows: &[f32], stride: usize, factors: &[f32; 64], out: &mut Blocks) {
    let mut columns = [[0f32; SPAN]; 8];
    let row = |k: usize| -> &[f32; SPAN] { rows[k * stride..].first_chunk().unwrap_or(&[0.0; SPAN]) };
    let input = [row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)];
    for x in 0..SPAN {
        let y = dct_8([
            input[0][x],
            input[1][x],
            input[2][x],
            input[3][x],
            input[4][x],
            input[5][x],
            input[6][x],
            input[7][x],
        ]);
        for k in 0..8 {
            columns[k][x] = y[k];
        }
    }
    out.nonzero = [0; LANES];
    for v in 0..8 {
        let mut lanes = [[0f32; LANES]; 8];
        for b in 0..LANES {
            for u in 0..8 {
                lanes[u][b] = columns[v][8 * b + u];
            }
        }
        let mut coefficients = [[0f32; LANES]; 8];
        for b in 0..LANES {
            let y = dct_8([
                lanes[0][b],
                lanes[1][b],
                lanes[2][b],
                lanes[3][b],
                lanes[4][b],
                lanes[5][b],
                lanes[6][b],
                lanes[7][b],
            ]);
            for u in 0..8 {
                coefficients[u][b] = y[u];
            }
        }
        for u in 0..8 {
            let (factor, place) = (factors[8 * v + u], ZIGZAG[8 * v + u]);
            let values = &mut out.values[place];
            for b in 0..LANES {
                // adding 1.5 x 2^23 rounds to the nearest integer and leaves it in the low bits
                values[b] = (coefficients[u][b] * factor + 12_582_912.0).to_bits() as i16;
            }
            for b in 0..LANES {
                out.nonzero[b] |= u64::from(values[b] != 0) << place;
            }
        }
    }
}

/// Eight samples' transform, scaled as [`Quantizer::new`] undoes: five multiplications (Arai, Agui, Nakajima 1988).
#[inline(always)]
fn dct_8(x: [f32; 8]) -> [f32; 8] {
    let (s07, d07) = (x[0] + x[7], x[0] - x[7]);
    let (s16, d16) = (x[1] + x[6], x[1] - x[6]);
    let (s25, d25) = (x[2] + x[5], x[2] - x[5]);
    let (s34, d34) = (x[3] + x[4], x[3] - x[4]);
    // even half
    let (a, b) = (s07 + s34, s16 + s25);
    let (c, d) = (s07 - s34, s16 - s25);
    let z = (c + d) * std::f32::consts::FRAC_1_SQRT_2;
    // odd half
    let (e, f, g) = (d34 + d25, d25 + d16, d16 + d07);
    let turn = (e - g) * 0.382_683_43; // sin(pi/8)
    let h = 0.541_196_1 * e + turn; // cos(pi/8) - sin(pi/8)
    let i = 1.306_563 * g + turn; // cos(pi/8) + sin(pi/8)
    let m = f * std::f32::consts::FRAC_1_SQRT_2;
    let (p, q) = (d07 + m, d07 - m);
    [a + b, p + i, c + z, q - h, a - b, q + h, c - z, p - i]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transform by its definition (ITU-T T.81, A.3.3).
    fn definition(block: &[[f32; 8]; 8], u: usize, v: usize) -> f64 {
        let c = |k: usize| if k == 0 { 0.5f64.sqrt() } else { 1.0 };
        let angle = |k: usize, x: usize| ((2 * x + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
        let sum: f64 = (0..64).map(|i| f64::from(block[i / 8][i % 8]) * angle(v, i / 8) * angle(u, i % 8)).sum();
        0.25 * c(u) * c(v) * sum
    }

    #[test]
    fn coefficients_are_those_of_the_definition() {
        let mut seed = 7u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as f32 - 128.0
        };
        let rows: Vec<f32> = (0..8 * SPAN).map(|_| random()).collect();
        let quantizer = Quantizer::new(0, 92);
        let mut out = [Blocks::EMPTY];
        transform(&rows, SPAN, &quantizer, &mut out);
        for b in 0..LANES {
            let block: [[f32; 8]; 8] = std::array::from_fn(|y| std::array::from_fn(|x| rows[y * SPAN + 8 * b + x]));
            for i in 0..64 {
                let want = definition(&block, i % 8, i / 8) / f64::from(quantizer.steps[i]);
                let got = out[0].values[ZIGZAG[i]][b];
                assert!((f64::from(got) - want).abs() < 0.501, "{got} {want}");
                assert_eq!(out[0].nonzero[b] >> ZIGZAG[i] & 1 == 1, got != 0);
            }
        }
    }

    #[test]
    fn zigzag_is_a_walk_along_diagonals() {
        let mut seen = [usize::MAX; 64];
        (0..64).for_each(|i| seen[ZIGZAG[i]] = i);
        for pair in seen.windows(2) {
            let ((a, b), (c, d)) = ((pair[0] / 8, pair[0] % 8), (pair[1] / 8, pair[1] % 8));
            assert!(a.abs_diff(c) <= 1 && b.abs_diff(d) <= 1);
        }
    }

    #[test]
    fn quality_scales_the_tables() {
        assert!(Quantizer::new(0, 100).steps.iter().all(|&s| s == 1));
        assert_eq!(Quantizer::new(0, 50).steps[1], 11);
        assert_eq!(Quantizer::new(1, 1).steps[0], 255);
    }
}
