//! How noisy a sample is.

/// Poisson-Gaussian noise per colour (red, green, blue): `var(x) = shot * x + read`, for a signal x with black at 0
/// and white at 1, as in the DNG tag NoiseProfile (DNG 1.7.1, chapter 6).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseModel {
    /// Variance per unit of signal.
    pub shot: [f32; 3],
    /// Variance at black.
    pub read: [f32; 3],
}

impl NoiseModel {
    /// One model for all colours.
    pub const fn uniform(shot: f32, read: f32) -> Self {
        Self { shot: [shot; 3], read: [read; 3] }
    }

    /// Variance of a signal of `color` (0 red, 1 green, 2 blue); a negative signal counts as black.
    #[inline(always)]
    pub fn variance(&self, color: usize, x: f32) -> f32 {
        self.shot[color] * x.max(0.0) + self.read[color]
    }

    /// The model after every sample was multiplied by `gain`: `shot` scales with it, `read` with its square.
    pub fn amplified(&self, gain: f32) -> Self {
        Self { shot: self.shot.map(|s| s * gain), read: self.read.map(|o| o * gain * gain) }
    }

    /// The model of the mean of `frames` such samples.
    pub fn averaged(&self, frames: f32) -> Self {
        Self { shot: self.shot.map(|s| s / frames), read: self.read.map(|o| o / frames) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gain_keeps_the_signal_to_noise_ratio() {
        let n = NoiseModel::uniform(1e-3, 1e-5);
        let (x, g) = (0.25, 3.0);
        let before = x * x / n.variance(1, x);
        let after = (g * x) * (g * x) / n.amplified(g).variance(1, g * x);
        assert!((before / after - 1.0f32).abs() < 1e-5);
    }
}
