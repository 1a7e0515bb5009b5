//! What is kept of each spatial frequency.

use super::NoiseSpectrum;
use calotype_image::simd::splat;
use fearless_simd::{Simd, SimdBase, SimdFloat};

/// How strongly, and against which noise.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shrinkage {
    /// One over the noise power of each frequency, for luma and the two chromas, at unit variance: where a mosaic was
    /// demosaiced.
    alone: [[f32; 64]; 3],
    /// What is to be added where colours were gathered from many frames.
    gathered: [[f32; 64]; 3],
    /// What one minus the squared gain is multiplied with to give the variance removed from a colour.
    weight: [f32; 64],
    /// Energies below this many times the noise are taken out: luma.
    luma: [f32; 64],
    /// How far these thresholds follow the whole block's energy, 0 or 1.
    context: f32,
    /// Weight of each frequency in that.
    share: [f32; 64],
    /// The same for chroma where luma has detail.
    chroma: f32,
    /// Added to it where luma has none.
    chroma_flat: f32,
    /// Share of what is taken out of luma that is given back as grain, times the variance of a unit sample.
    grain: f32,
}

/// Which of a spectrum's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// Full size.
    Fine,
    /// Means of 4x4 pixels.
    Coarse,
}

impl Shrinkage {
    /// Strengths: 0 to keep all, 1 as tuned.
    pub(super) fn new(spectrum: &NoiseSpectrum, size: Size, luma: f32, chroma: f32) -> Self {
        let inverse = |power: &[[f32; 64]; 3]| power.map(|t| t.map(|v| 1.0 / v.max(1e-2)));
        let (alone, many) = match size {
            Size::Fine => (&spectrum.alone, &spectrum.fine),
            Size::Coarse => (&spectrum.coarse, &spectrum.coarse),
        };
        let (alone, mut gathered) = (inverse(alone), inverse(many));
        for (g, a) in gathered.as_flattened_mut().iter_mut().zip(alone.as_flattened()) {
            *g -= a;
        }
        let total: f32 = many[0].iter().sum();
        let fine = size == Size::Fine;
        let mut share: [f32; 64] = std::array::from_fn(|k| if k == 0 { 0.0 } else { 1.0 / fine_threshold(k) });
        let shares: f32 = share.iter().sum();
        share.iter_mut().for_each(|v| *v /= shares);
        Self {
            alone,
            gathered,
            weight: many[0].map(|v| spectrum.pixel * v / total.max(1e-6)),
            luma: std::array::from_fn(|k| luma * if fine { fine_threshold(k) } else { COARSE_LUMA }),
            context: if fine { 1.0 } else { 0.0 },
            share,
            chroma: CHROMA * chroma,
            chroma_flat: CHROMA_FLAT * chroma,
            // the table's mean is a pixel's variance
            grain: if fine { GRAIN * GRAIN * 64.0 / total.max(1e-6) } else { 0.0 },
        }
    }
}

/// Luma, in means of 4x4 pixels.
const COARSE_LUMA: f32 = 2.5;
/// Chroma where luma shows detail: twice the noise. 1 would be Wiener's choice for known energies; these are estimated from
/// few coefficients.
const CHROMA: f32 = 2.0;
/// And that much more where it does not: colour detail without luma detail is rare, coloured noise ugly.
const CHROMA_FLAT: f32 = 2.5;

/// Standard deviation of a pixel's luma noise at which all that is taken out could come back, under the root, which is
/// nearly how displays encode: half of one of the 255 steps of an 8-bit picture. The share falls with the variance, as strong
/// noise is worth less than what it hides.
const GRAIN: f32 = 0.5 / 255.0;
/// At most this share of what is taken out of luma comes back: as much as costs less than 0.1 dB on simulated bursts.
const MOST_GRAIN: f32 = 0.28;

/// Threshold of luma at frequency `k` of the full picture. Detail of photographs lies near the axes, in edges; what is
/// found at high frequencies of both directions is noise more often than not. Fitted, with the square in [`shrink`], to the
/// gains of least error on simulated bursts.
fn fine_threshold(k: usize) -> f32 {
    let (u, v) = ((k % 8) as f32, (k / 8) as f32);
    1.7 * (1.0 + (u * v / 14.0).powi(2) + 0.7 * (u.max(v) / 7.0).powi(8))
}

/// Factor on luma's thresholds in a block of this mean energy relative to the noise: 1 where structure stands out, which
/// makes weak parts of it likely too; up to 2 where energy is a little above the noise, which is as often noise that the
/// model falls short of as it is detail.
#[inline(always)]
fn caution<S: Simd>(simd: S, energy: S::f32s) -> S::f32s {
    let (zero, one) = (splat(simd, 0.0), splat(simd, 1.0));
    let weak = ((splat(simd, 8.0) - energy) * 0.25).max(zero).min(one);
    let doubtful = ((energy - splat(simd, 0.9)) * (1.0 / 0.6)).max(zero).min(one);
    weak * (doubtful * 0.5 + splat(simd, 0.5)) + one
}

/// Shrinks the transforms of luma by `max(0, 1 - (threshold noise / energy)^2)`, which takes noise out and leaves what
/// stands above it nearly as it is, and those of chromas without the square. `inverse_variance` is one over the noise
/// variance of each, per block, `gathered` the share of colours gathered from many frames, 0 to 1. Gives the noise variance
/// that was taken out of each colour, relative to that of one sample.
#[inline(always)]
pub(super) fn shrink<S: Simd>(
    simd: S,
    s: &Shrinkage,
    blocks: &mut [[S::f32s; 64]; 3],
    inverse_variance: [S::f32s; 3],
    gathered: S::f32s,
) -> S::f32s {
    let zero = splat(simd, 0.0);
    let one = splat(simd, 1.0);
    let mut gains = [one; 64];
    let mut removed = zero;
    let mut energy = [zero; 64];
    {
        let block = &mut blocks[0];
        energies(simd, block, [&s.alone[0], &s.gathered[0]], gathered, inverse_variance[0], &mut energy);
        let mut whole = zero;
        for k in 1..64 {
            gains[k] = around(&energy, k);
            whole += gains[k] * s.share[k];
        }
        let factor = (caution(simd, whole) - one) * s.context + one;
        let grain = (inverse_variance[0] * s.grain).min(splat(simd, MOST_GRAIN));
        for k in 1..64 {
            let part = gains[k].approximate_recip() * (factor * s.luma[k]);
            let gain = (one - part * part).max(zero);
            let kept = gain + (one - gain) * grain;
            block[k] *= kept;
            removed += (one - kept * kept) * s.weight[k];
            gains[k] = gain;
        }
    }
    for c in 1..3 {
        let block = &mut blocks[c];
        energies(simd, block, [&s.alone[c], &s.gathered[c]], gathered, inverse_variance[c], &mut energy);
        for k in 1..64 {
            let threshold = (one - gains[k]) * s.chroma_flat + s.chroma;
            block[k] *= (one - around(&energy, k).approximate_recip() * threshold).max(zero);
        }
    }
    removed
}

/// Energies relative to the noise, summed over each frequency and its two neighbours along the row.
#[inline(always)]
fn energies<S: Simd>(
    simd: S,
    block: &[S::f32s; 64],
    [alone, gathered]: [&[f32; 64]; 2],
    share: S::f32s,
    scale: S::f32s,
    out: &mut [S::f32s; 64],
) {
    let shared = share * scale;
    for r in 0..8 {
        let mut e = [splat(simd, 0.0); 8];
        for c in 0..8 {
            let v = block[8 * r + c];
            e[c] = v * v * (scale * alone[8 * r + c] + shared * gathered[8 * r + c]);
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
