//! Random numbers that are the same everywhere: G. L. Steele et al., Fast splittable pseudorandom number generators,
//! OOPSLA 2014 (SplitMix64).

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of a seed and a number: streams of other numbers have nothing to do with it.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly between 0 and 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Evenly between two numbers.
    pub fn between(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * self.unit()
    }

    /// Normal, of mean 0 and standard deviation 1 (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.unit(), self.unit());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_spreads_are_right_and_streams_differ() {
        let mut r = Random::new(1, 2);
        let list: Vec<f64> = (0..20_000).map(|_| r.normal()).collect();
        let mean = list.iter().sum::<f64>() / 2e4;
        let square = list.iter().map(|v| v * v).sum::<f64>() / 2e4;
        assert!(mean.abs() < 0.03 && (square - 1.0).abs() < 0.03, "{mean} {square}");
        let unit = (0..1000).map(|_| r.unit()).sum::<f64>() / 1e3;
        assert!((unit - 0.5).abs() < 0.04);
        assert_ne!(Random::new(1, 2).unit(), Random::new(1, 3).unit());
        assert_eq!(Random::new(7, 0).unit(), Random::new(7, 0).unit());
    }
}
