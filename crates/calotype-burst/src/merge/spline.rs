//! The quadratic B-spline: the kernel that gathers samples, and the filter that undoes its blur.
//!
//! Sampled at any phase, its three taps sum to one and have the variance 1/4 (splines reproduce polynomials up to their
//! degree; Unser, "Splines: a perfect fit for signal and image processing", 1999). So the blur of a mean over frames does
//! not depend on where their samples fell, to second order, and one fixed filter takes it back.

/// The three taps around the nearest sample, which lies `-t` away (`t` in -0.5..=0.5).
#[inline(always)]
pub(crate) fn taps(t: f32) -> [f32; 3] {
    let (l, r) = (0.5 - t, 0.5 + t);
    [0.5 * l * l, 0.75 - t * t, 0.5 * r * r]
}

/// What the taps make of a signal that alternates from sample to sample, relative to its value at the nearest one.
#[inline(always)]
pub(crate) fn alternating(t: f32) -> f32 {
    0.5 - 2.0 * t * t
}

/// Mean over all phases of the sum of squared taps, in one dimension: 11/20. Its square is how much the variance of white
/// noise shrinks when an image is gathered.
pub(crate) const NOISE: f32 = 0.55;

/// Gain of [`INVERSE`] at half a cycle per sample. The kernel's own response there is 1/3 on average over phases; undoing
/// two thirds of that keeps noise and the residue of aliasing low.
const NYQUIST_GAIN: f32 = 2.2;
/// `1 + A (1 - cos) + B (1 - cos)^2`: A = 1/4 makes the product with the kernel flat to second order.
const A: f32 = 0.25;
const B: f32 = (NYQUIST_GAIN - 1.0 - 2.0 * A) / 4.0;
/// Five-tap filter, even, centre last: response `1 + A (1 - cos) + B (1 - cos)^2`.
pub(crate) const INVERSE: [f32; 3] = [0.25 * B, -0.5 * A - B, 1.0 + A + 1.5 * B];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_sum_to_one_with_a_quarter_of_variance() {
        for i in -5..=5 {
            let t = i as f32 / 10.0;
            let w = taps(t);
            let mean: f32 = (0..3).map(|k| w[k] * (k as f32 - 1.0)).sum();
            let second: f32 = (0..3).map(|k| w[k] * (k as f32 - 1.0 - t).powi(2)).sum();
            assert!((w.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            assert!((mean - t).abs() < 1e-6 && (second - 0.25).abs() < 1e-6);
            assert!((w[1] - w[0] - w[2] - alternating(t)).abs() < 1e-6);
        }
    }

    #[test]
    fn noise_is_the_mean_of_squared_taps() {
        let mean =
            (0..1000).map(|i| taps((i as f32 + 0.5) / 1000.0 - 0.5).iter().map(|w| w * w).sum::<f32>()).sum::<f32>();
        assert!((mean / 1000.0 - NOISE).abs() < 1e-4);
    }

    #[test]
    fn the_inverse_keeps_flat_areas_and_lifts_the_finest() {
        let [a, b, c] = INVERSE;
        assert!((2.0 * (a + b) + c - 1.0).abs() < 1e-6);
        assert!((2.0 * (a - b) + c - NYQUIST_GAIN).abs() < 1e-6);
    }
}
