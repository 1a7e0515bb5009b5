//! What is read off a modulation transfer function, whatever chart it came from.

use crate::stats::{area, first_below, interpolate};
use serde::Serialize;

/// A modulation transfer function and the figures read off it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mtf {
    /// Frequency in cycles per pixel, rising from 0, and modulation relative to that at 0.
    pub curve: Vec<[f64; 2]>,
    /// Frequency at which it first falls below 0.5, in cycles per pixel; nothing where it does not.
    pub mtf50: Option<f64>,
    /// Frequency at which it first falls below 0.1.
    pub mtf10: Option<f64>,
    /// Twice the area under it from 0 to half a cycle per pixel: 1 where nothing is lost.
    pub area: f64,
    /// Its largest value: above 1 the picture is sharpened.
    pub peak: f64,
}

impl Mtf {
    /// The figures of a curve of frequency (cycles per pixel) and modulation.
    pub fn new(curve: Vec<[f64; 2]>) -> Self {
        Self {
            mtf50: first_below(&curve, 0.5),
            mtf10: first_below(&curve, 0.1),
            area: 2.0 * area(&curve, 0.0, 0.5),
            peak: curve.iter().fold(0.0, |a, p| a.max(p[1])),
            curve,
        }
    }

    /// The modulation at a frequency in cycles per pixel.
    pub fn at(&self, frequency: f64) -> f64 {
        interpolate(&self.curve, frequency)
    }

    /// SFR acutance for a viewing condition (IEEE 1858-2016, spatial frequency response): the area under MTF x CSF over
    /// that under CSF, with the modulation capped at the picture's own half cycle per pixel.
    pub fn acutance(&self, viewing: Viewing) -> f64 {
        let per_degree = viewing.pixels_per_degree;
        // cycles per degree, fine enough for the peak of the CSF at 4 and out to where it is below 1e-3
        let steps: Vec<f64> = (0..=480).map(|i| f64::from(i) * 0.125).collect();
        let seen = |v: f64| if v <= 0.5 * per_degree { self.at(v / per_degree) } else { 0.0 };
        let integral = |f: &dyn Fn(f64) -> f64| steps.windows(2).map(|w| 0.0625 * (f(w[0]) + f(w[1]))).sum::<f64>();
        integral(&|v| csf(v) * seen(v)) / integral(&csf)
    }
}

/// Contrast sensitivity of the eye to luminance, cycles per degree (the form of IEEE 1858: a v^c exp(-b v) with
/// a = 75, b = 0.2, c = 0.8; Johnson and Fairchild 2003 use the same); its scale cancels.
pub(crate) fn csf(v: f64) -> f64 {
    75.0 * v.powf(0.8) * (-0.2 * v).exp()
}

/// How large a picture is seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Viewing {
    /// Pixels of the picture in a degree of view.
    pub pixels_per_degree: f64,
}

impl Viewing {
    /// A picture of `height` pixels shown `height_cm` high and seen from `distance_cm`.
    pub fn of_picture(height: usize, height_cm: f64, distance_cm: f64) -> Self {
        let degree_cm = 2.0 * distance_cm * (0.5f64.to_radians()).tan();
        Self { pixels_per_degree: height as f64 * degree_cm / height_cm }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gaussian_has_its_closed_form() {
        let sigma = 0.8f64;
        let curve = (0..=1000).map(|i| f64::from(i) / 1000.0);
        let m = Mtf::new(curve.map(|f| [f, (-2.0 * (std::f64::consts::PI * sigma * f).powi(2)).exp()]).collect());
        let want = (2f64.ln() / 2.0).sqrt() / (std::f64::consts::PI * sigma);
        assert!((m.mtf50.unwrap() / want - 1.0).abs() < 1e-4);
        // 2 times the integral of the Gaussian to 0.5: erf(sqrt(2) pi sigma / 2) / (sqrt(2 pi) sigma)
        assert!((m.area - 0.9879 / (2.5066 * sigma) * 1.0).abs() < 2e-3, "{}", m.area);
        let perfect = Mtf::new(vec![[0.0, 1.0], [0.5, 1.0]]);
        let far = Viewing::of_picture(3000, 20.0, 200.0);
        assert!((perfect.acutance(far) - 1.0).abs() < 1e-3, "beyond the eye nothing is lost");
        assert!(perfect.acutance(Viewing { pixels_per_degree: 10.0 }) < 0.7);
        assert!(m.acutance(Viewing { pixels_per_degree: 30.0 }) < m.acutance(Viewing { pixels_per_degree: 90.0 }));
    }
}
