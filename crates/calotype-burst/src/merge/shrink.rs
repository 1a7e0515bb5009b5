//! The last word is the reference's: what it says against the merge, beyond its noise, is kept.
//!
//! The difference between the reference's mosaic and the merge is taken apart by a windowed cosine transform of 8x8 samples
//! per Bayer plane, half overlapping; coefficients are shrunk by how far their energy, in units of its variance, exceeds
//! what noise explains (Hasinoff et al. 2016 merge frame by frame in this way; here the merge of all frames is the other
//! partner). The four planes and neighbouring frequencies decide together.

use calotype_image::simd::madd;

/// Samples along the side of a transform block.
pub(crate) const N: usize = 8;
/// Samples between blocks.
pub(crate) const HOP: usize = N / 2;

/// Energy (in units of the noise's, less that of noise itself), squared, at which half of a coefficient is kept.
const HALF: f32 = 2.0;

/// Rows of the orthonormal cosine transform DCT-II.
pub(crate) const DCT: [[f32; N]; N] = dct();

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

const fn dct() -> [[f32; N]; N] {
    let mut m = [[0.0; N]; N];
    let mut k = 0;
    while k < N {
        let mut i = 0;
        while i < N {
            // the angle pi k (2i + 1) / 16, folded into the first quadrant
            let a = (k * (2 * i + 1)) % 32;
            let a = if a > 16 { 32 - a } else { a };
            let c = if a > 8 { -COS[16 - a] } else { COS[a] };
            let scale = if k == 0 { 0.353_553_390_593_273_8 } else { 0.5 };
            m[k][i] = (c * scale) as f32;
            i += 1;
        }
        k += 1;
    }
    m
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

/// One block of the four planes.
pub(crate) type Block = [Square; 4];

/// Shrinks a block of differences (reference less merge, not yet windowed) in place; what remains is windowed again and is
/// to be added up over blocks. `variance` is the noise of the difference per plane. At least the
/// share `floor` of every coefficient of a plane is kept: the merge's part of the variance. `known` is the share of the
/// samples that have a difference; the others are 0 and tell nothing.
#[inline(always)]
pub(crate) fn shrink_block<const F: bool>(block: &mut Block, variance: [f32; 4], floor: [f32; 4], known: f32) {
    let mut energy = [[0.0f32; N]; N];
    for (plane, v) in block.iter_mut().zip(variance) {
        for j in 0..N {
            for i in 0..N {
                plane[j][i] *= WINDOW[j] * WINDOW[i];
            }
        }
        forward::<F>(plane);
        let scale = 0.25 / (COEFFICIENT_NOISE * known.max(0.1) * v.max(1e-20));
        for j in 0..N {
            for i in 0..N {
                energy[j][i] = madd::<F>(plane[j][i] * plane[j][i], scale, energy[j][i]);
            }
        }
    }
    let energy = around(&energy);
    let mut keep = [[0.0f32; N]; N];
    for j in 0..N {
        for i in 0..N {
            let q = (energy[j][i] - 1.0).max(0.0);
            let q = q * q;
            keep[j][i] = q / (q + HALF);
        }
    }
    for (plane, floor) in block.iter_mut().zip(floor) {
        for j in 0..N {
            for i in 0..N {
                plane[j][i] *= if keep[j][i] > floor { keep[j][i] } else { floor };
            }
        }
        backward::<F>(plane);
        for j in 0..N {
            for i in 0..N {
                plane[j][i] *= WINDOW[j] * WINDOW[i];
            }
        }
    }
}

pub(crate) type Square = [[f32; N]; N];

/// Neighbours in frequency decide along: means over 3x3 energies with the centre twice, mirrored at the borders.
#[inline(always)]
pub(crate) fn around(energy: &Square) -> Square {
    let mut rows = [[0.0f32; N + 2]; N];
    for j in 0..N {
        rows[j][1..=N].copy_from_slice(&energy[j]);
        (rows[j][0], rows[j][N + 1]) = (energy[j][1], energy[j][N - 2]);
    }
    let mut down = [[0.0f32; N + 2]; N];
    for j in 0..N {
        let (t, b) = (if j == 0 { 1 } else { j - 1 }, if j == N - 1 { N - 2 } else { j + 1 });
        for i in 0..N + 2 {
            down[j][i] = rows[t][i] + rows[j][i] + rows[b][i];
        }
    }
    let mut out = [[0.0f32; N]; N];
    for j in 0..N {
        for i in 0..N {
            out[j][i] = (down[j][i] + down[j][i + 1] + down[j][i + 2] + energy[j][i]) * 0.1;
        }
    }
    out
}

/// The cosine transform both ways, in place; transposed, which neighbours in frequency do not mind and [`backward`] undoes.
#[inline(always)]
pub(crate) fn forward<const F: bool>(t: &mut Square) {
    *t = columns::<F>(&transpose(&columns::<F>(t)));
}

/// Undoes [`forward`].
#[inline(always)]
pub(crate) fn backward<const F: bool>(t: &mut Square) {
    *t = uncolumns::<F>(&transpose(&uncolumns::<F>(t)));
}

/// The transform of every column. Rows of the transform are even or odd, so sums and differences of mirrored samples do
/// with half the products.
#[inline(always)]
fn columns<const F: bool>(t: &Square) -> Square {
    let mut halves = [[[0.0f32; N]; N / 2]; 2];
    for j in 0..N / 2 {
        for i in 0..N {
            halves[0][j][i] = t[j][i] + t[N - 1 - j][i];
            halves[1][j][i] = t[j][i] - t[N - 1 - j][i];
        }
    }
    let mut out = [[0.0f32; N]; N];
    for k in 0..N {
        for j in 0..N / 2 {
            for i in 0..N {
                out[k][i] = madd::<F>(DCT[k][j], halves[k & 1][j][i], out[k][i]);
            }
        }
    }
    out
}

/// The transform back of every column.
#[inline(always)]
fn uncolumns<const F: bool>(t: &Square) -> Square {
    let mut halves = [[[0.0f32; N]; N / 2]; 2];
    for k in 0..N {
        for j in 0..N / 2 {
            for i in 0..N {
                let half = &mut halves[k & 1][j][i];
                *half = madd::<F>(DCT[k][j], t[k][i], *half);
            }
        }
    }
    let mut out = [[0.0f32; N]; N];
    for j in 0..N / 2 {
        for i in 0..N {
            out[j][i] = halves[0][j][i] + halves[1][j][i];
            out[N - 1 - j][i] = halves[0][j][i] - halves[1][j][i];
        }
    }
    out
}

#[inline(always)]
fn transpose(t: &Square) -> Square {
    let mut a = [[0.0f32; N]; N];
    for j in 0..N {
        for i in 0..N {
            a[i][j] = t[j][i];
        }
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(f: impl Fn(usize, usize, usize) -> f32) -> Block {
        std::array::from_fn(|p| std::array::from_fn(|j| std::array::from_fn(|i| f(p, j, i))))
    }

    #[test]
    fn forth_and_back_is_the_identity() {
        let mut t: [[f32; N]; N] = std::array::from_fn(|j| std::array::from_fn(|i| (j * 13 + i * i) as f32 % 7.0));
        let before = t;
        forward::<false>(&mut t);
        let energy: f32 = t.iter().flatten().map(|v| v * v).sum();
        assert!((energy - before.iter().flatten().map(|v| v * v).sum::<f32>()).abs() < 1e-3);
        backward::<true>(&mut t);
        assert!(t.iter().flatten().zip(before.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-5));
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
        let noise = |p: usize, j: usize, i: usize| {
            let h = (p * 64 + j * 8 + i + 1) as u32;
            let h = (h ^ (h >> 3)).wrapping_mul(0x9E37_79B9);
            (h.wrapping_mul(0x85EB_CA6B) >> 8) as f32 / (1u32 << 24) as f32 - 0.5
        };
        let mut b = block(noise);
        shrink_block::<false>(&mut b, [1.0 / 12.0; 4], [0.0; 4], 1.0);
        let left = b.iter().flatten().flatten().map(|v| v * v).sum::<f32>() / 256.0;
        assert!(left < 0.1 / 12.0 * 0.5, "{left}");
        let mut b = block(|_, _, i| if i < 4 { 1.0 } else { -1.0 });
        let expected = block(|_, j, i| (if i < 4 { 1.0 } else { -1.0 }) * (WINDOW[i] * WINDOW[j]).powi(2));
        shrink_block::<false>(&mut b, [1e-4; 4], [0.0; 4], 1.0);
        assert!(
            b.iter().flatten().flatten().zip(expected.iter().flatten().flatten()).all(|(a, b)| (a - b).abs() < 0.02)
        );
    }
}
