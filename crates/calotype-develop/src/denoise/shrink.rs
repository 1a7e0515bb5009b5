//! What is kept of each spatial frequency.

use super::dct::splat;
use fearless_simd::{Simd, SimdBase, SimdFloat};

/// How strongly, and against which noise.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shrinkage {
    /// One over the noise power of each frequency, for luma and the two chromas, at unit variance.
    inverse: [[f32; 64]; 3],
    /// What one minus the squared gain is multiplied with to give the variance removed from a colour.
    weight: [f32; 64],
    /// Energies below this many times the noise are taken out: luma.
    luma: f32,
    /// The same for chroma where luma has detail.
    chroma: f32,
    /// Added to it where luma has none.
    chroma_flat: f32,
}

impl Shrinkage {
    /// `power`: noise power of luma and chromas at unit variance, `pixel`: variance of a colour. Strengths: 0 to keep all, 1 as tuned.
    pub(super) fn new(power: &[[f32; 64]; 3], pixel: f32, luma: f32, chroma: f32) -> Self {
        let total: f32 = power[0].iter().sum();
        Self {
            inverse: power.map(|t| t.map(|v| 1.0 / v.max(1e-2))),
            weight: power[0].map(|v| pixel * v / total.max(1e-6)),
            luma: LUMA * luma,
            chroma: CHROMA * chroma,
            chroma_flat: CHROMA_FLAT * chroma,
        }
    }
}

/// Luma: twice the noise. 1 would be Wiener's choice for known energies; these are estimated from few coefficients.
const LUMA: f32 = 2.0;
/// Chroma where luma shows detail.
const CHROMA: f32 = 2.0;
/// And that much more where it does not: colour detail without luma detail is rare, coloured noise ugly.
const CHROMA_FLAT: f32 = 2.5;

/// Shrinks the transforms of luma and chromas; `inverse_variance` is one over the noise variance of each, per block.
/// Gives the noise variance that was taken out of each colour, relative to that of one sample.
#[inline(always)]
pub(super) fn shrink<S: Simd>(
    simd: S,
    s: &Shrinkage,
    blocks: &mut [[S::f32s; 64]; 3],
    inverse_variance: [S::f32s; 3],
) -> S::f32s {
    let zero = splat(simd, 0.0);
    let one = splat(simd, 1.0);
    let mut gains = [one; 64];
    let mut removed = zero;
    let mut energy = [zero; 64];
    {
        let block = &mut blocks[0];
        energies(simd, block, &s.inverse[0], inverse_variance[0], &mut energy);
        for k in 1..64 {
            let gain = (one - around(&energy, k).approximate_recip() * s.luma).max(zero);
            block[k] *= gain;
            removed += (one - gain * gain) * s.weight[k];
            gains[k] = gain;
        }
    }
    for c in 1..3 {
        let block = &mut blocks[c];
        energies(simd, block, &s.inverse[c], inverse_variance[c], &mut energy);
        for k in 1..64 {
            let threshold = (one - gains[k]) * s.chroma_flat + s.chroma;
            block[k] *= (one - around(&energy, k).approximate_recip() * threshold).max(zero);
        }
    }
    removed
}

/// Energies relative to the noise, summed over each frequency and its two neighbours along the row.
#[inline(always)]
fn energies<S: Simd>(simd: S, block: &[S::f32s; 64], inverse: &[f32; 64], scale: S::f32s, out: &mut [S::f32s; 64]) {
    for r in 0..8 {
        let mut e = [splat(simd, 0.0); 8];
        for c in 0..8 {
            let v = block[8 * r + c];
            e[c] = v * v * (scale * inverse[8 * r + c]);
        }
        if r == 0 {
            // the mean is no detail
            e[0] = e[1];
        }
        out[8 * r] = e[0] + e[0] + e[1];
        for c in 1..7 {
            out[8 * r + c] = (e[c - 1] + e[c]) + e[c + 1];
        }
        out[8 * r + 7] = (e[6] + e[7]) + e[7];
    }
}

/// Mean energy about frequency `k`.
#[inline(always)]
fn around<V: Copy + std::ops::Add<Output = V> + std::ops::Mul<f32, Output = V> + std::ops::Add<f32, Output = V>>(
    energy: &[V; 64],
    k: usize,
) -> V {
    let above = if k < 8 { k } else { k - 8 };
    let below = if k >= 56 { k } else { k + 8 };
    ((energy[above] + energy[k]) + energy[below]) * (1.0 / 9.0) + 1e-9
}
