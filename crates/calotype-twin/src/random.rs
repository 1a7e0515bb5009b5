//! Random numbers that are the same on every machine and in every version: files made from a seed must not change
//! because a library did.

use std::f64::consts::TAU;

/// Mixes a number (the finaliser of SplitMix64: Steele, Lea and Flood 2014).
pub fn mix(v: u64) -> u64 {
    let mut z = v.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of random numbers: SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A stream for a seed and a place, such as a frame and a row; other places have other streams.
    pub fn new(seed: u64, place: [u64; 2]) -> Self {
        Self(mix(mix(mix(seed) ^ place[0]) ^ place[1].rotate_left(32)))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let out = mix(self.0);
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        out
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in a range.
    pub fn within(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.uniform()
    }

    /// Normal with mean 0 and variance 1 (Box and Muller 1958, both numbers of a pair).
    pub fn normals(&mut self) -> [f64; 2] {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let (sin, cos) = (TAU * self.uniform()).sin_cos();
        [radius * cos, radius * sin]
    }

    /// Poisson with that mean: exact, by products of uniforms below 10 and by transformed rejection above (Hörmann,
    /// "The transformed rejection method for generating Poisson random variables", 1993, algorithm PTRS).
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if !(mean > 0.0) {
            return 0.0;
        }
        if mean < 10.0 {
            let limit = (-mean).exp();
            let (mut product, mut count) = (self.uniform(), 0.0);
            while product > limit {
                product *= self.uniform();
                count += 1.0;
            }
            return count;
        }
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.02483 * b;
        let accept = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
            if us >= 0.07 && v <= accept {
                return k;
            }
            if k < 0.0 || (us < 0.013 && v > us) {
                continue;
            }
            let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
            if (v * inverse_alpha / (a / (us * us) + b)).ln() <= k * mean.ln() - mean - ln_factorial(k) {
                return k;
            }
        }
    }
}

/// The logarithm of k!, by Stirling's series from 10 on.
fn ln_factorial(k: f64) -> f64 {
    if k < 10.0 {
        return (2..=k as u32).map(|i| f64::from(i).ln()).sum();
    }
    let r = 1.0 / k;
    (k + 0.5) * k.ln() - k + 0.5 * TAU.ln() + r * (1.0 / 12.0 - r * r * (1.0 / 360.0 - r * r / 1260.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f64]) -> (f64, f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let central = |p| values.iter().map(|v| (v - mean).powi(p)).sum::<f64>() / n;
        (mean, central(2), central(3))
    }

    #[test]
    fn poisson_has_its_moments() {
        for (i, mean) in [0.3, 4.0, 9.9, 10.1, 55.0, 3000.0].into_iter().enumerate() {
            let mut random = Random::new(7, [1, i as u64]);
            let values: Vec<f64> = (0..200_000).map(|_| random.poisson(mean)).collect();
            let (m, variance, third) = moments(&values);
            // standard errors of the mean, of the variance, and of the third moment (which is the mean)
            let n = (values.len() as f64).sqrt();
            assert!((m - mean).abs() < 4.0 * mean.sqrt() / n, "{mean}: mean {m}");
            assert!(
                (variance - mean).abs() < 4.0 * (2.0 * mean * mean + mean).sqrt() / n,
                "{mean}: variance {variance}"
            );
            assert!(
                (third - mean).abs() < 6.0 * (15.0 * mean.powi(3) + 40.0 * mean * mean + mean).sqrt() / n,
                "{mean}: {third}"
            );
        }
        assert_eq!(Random::new(1, [0, 0]).poisson(-1.0), 0.0);
        assert_eq!(Random::new(1, [0, 0]).poisson(f64::NAN), 0.0);
    }

    #[test]
    fn small_counts_have_their_probabilities() {
        let mut random = Random::new(3, [0, 0]);
        let mut counts = [0u32; 40];
        for _ in 0..400_000 {
            counts[(random.poisson(12.0) as usize).min(39)] += 1;
        }
        for k in 4..24 {
            let p = (k as f64 * 12f64.ln() - 12.0 - ln_factorial(k as f64)).exp();
            let expected = 400_000.0 * p;
            assert!((f64::from(counts[k]) - expected).abs() < 5.0 * expected.sqrt(), "{k}: {} {expected}", counts[k]);
        }
    }

    #[test]
    fn normals_are_normal_and_streams_differ() {
        let mut random = Random::new(1, [2, 3]);
        let values: Vec<f64> = (0..100_000).flat_map(|_| random.normals()).collect();
        let (mean, variance, third) = moments(&values);
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.015 && third.abs() < 0.03);
        assert_ne!(Random::new(1, [0, 1]).bits(), Random::new(1, [1, 0]).bits());
    }
}
