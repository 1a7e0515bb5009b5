//! Fourier transforms of pictures, and spectra by radius.

use calotype_image::Plane;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// The transform of a plane, row by row, not normalised.
pub(crate) struct Spectrum {
    pub width: usize,
    pub height: usize,
    pub data: Vec<Complex<f64>>,
}

impl Spectrum {
    /// The transform of `f(x, y)`.
    pub(crate) fn of(width: usize, height: usize, f: impl Fn(usize, usize) -> f64) -> Self {
        let mut data = Vec::with_capacity(width * height);
        for y in 0..height {
            data.extend((0..width).map(|x| Complex::new(f(x, y), 0.0)));
        }
        let mut spectrum = Self { width, height, data };
        let mut planner = FftPlanner::new();
        let (across, down) = (planner.plan_fft_forward(width), planner.plan_fft_forward(height));
        spectrum.both_ways(&across, &down);
        spectrum
    }

    fn both_ways(&mut self, across: &Arc<dyn Fft<f64>>, down: &Arc<dyn Fft<f64>>) {
        if self.data.is_empty() {
            return;
        }
        across.process(&mut self.data);
        let mut column = vec![Complex::new(0.0, 0.0); self.height];
        for x in 0..self.width {
            for (y, c) in column.iter_mut().enumerate() {
                *c = self.data[y * self.width + x];
            }
            down.process(&mut column);
            for (y, c) in column.iter().enumerate() {
                self.data[y * self.width + x] = *c;
            }
        }
    }

    /// Frequency of an entry in cycles per pixel.
    pub(crate) fn frequency(&self, index: usize) -> f64 {
        let fold = |i: usize, n: usize| i.min(n - i) as f64 / n as f64;
        fold(index % self.width, self.width).hypot(fold(index / self.width, self.height))
    }

    /// Back to a plane after each entry was weighed by its frequency.
    pub(crate) fn filtered(mut self, weight: impl Fn(f64) -> f64) -> Plane<f32> {
        for i in 0..self.data.len() {
            let w = weight(self.frequency(i));
            self.data[i] *= w;
        }
        let mut planner = FftPlanner::new();
        let (across, down) = (planner.plan_fft_inverse(self.width), planner.plan_fft_inverse(self.height));
        self.both_ways(&across, &down);
        let scale = 1.0 / self.data.len().max(1) as f64;
        Plane::from_fn(self.width, self.height, |x, y| (self.data[y * self.width + x].re * scale) as f32)
    }

    /// Power per entry, so that the sum over all entries is the sum of squares in the picture.
    pub(crate) fn power(&self, index: usize) -> f64 {
        self.data[index].norm_sqr() / self.data.len() as f64
    }

    /// Means of a value over rings of the frequency plane, `bins` of them up to half a cycle per pixel: frequency and mean.
    /// Entries at frequency 0 are left out.
    pub(crate) fn radial(&self, bins: usize, value: impl Fn(usize) -> f64) -> Vec<[f64; 2]> {
        let mut sums = vec![(0.0, 0.0, 0u32); bins];
        for i in 1..self.data.len() {
            let f = self.frequency(i);
            let bin = (f * 2.0 * bins as f64) as usize;
            if bin < bins {
                let s = &mut sums[bin];
                *s = (s.0 + f, s.1 + value(i), s.2 + 1);
            }
        }
        sums.iter().filter(|s| s.2 > 0).map(|s| [s.0 / f64::from(s.2), s.1 / f64::from(s.2)]).collect()
    }
}

/// A window that falls to 0 at the borders (Hann), 0 to 1.
pub(crate) fn hann(i: usize, n: usize) -> f64 {
    0.5 - 0.5 * (std::f64::consts::TAU * (i as f64 + 0.5) / n as f64).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Random;

    #[test]
    fn power_is_kept_and_the_way_back_found() {
        let mut random = Random(1);
        let plane = Plane::from_fn(30, 21, |_, _| random.normal() as f32);
        let at = |x: usize, y: usize| f64::from(plane.get(x, y));
        let s = Spectrum::of(30, 21, at);
        let power: f64 = (0..s.data.len()).map(|i| s.power(i)).sum();
        let square: f64 = plane.data().iter().map(|v| f64::from(*v).powi(2)).sum();
        assert!((power / square - 1.0).abs() < 1e-9);
        let back = s.filtered(|_| 1.0);
        assert!(back.data().iter().zip(plane.data()).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}
