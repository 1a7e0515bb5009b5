//! Transfer functions in closed form: what apertures and photosites do to spatial frequencies.

use std::f64::consts::PI;

/// Diffraction at a round pupil (Goodman, Introduction to Fourier Optics, 6.5): `frequency` in cycles per mm.
pub fn diffraction(frequency: f64, wavelength_um: f64, f_number: f64) -> f64 {
    let v = frequency.abs() * wavelength_um * 1e-3 * f_number;
    if v >= 1.0 { 0.0 } else { 2.0 / PI * (v.acos() - v * (1.0 - v * v).sqrt()) }
}

/// A uniform disc of that diameter in mm: 2 J1(x) / x with x = π diameter frequency.
pub fn disc(frequency: f64, diameter_mm: f64) -> f64 {
    let x = PI * (diameter_mm * frequency).abs();
    if x < 1e-4 { 1.0 - x * x / 8.0 } else { 2.0 * bessel_j1(x) / x }
}

/// sin(πx) / (πx): a box of width 1.
pub fn sinc(x: f64) -> f64 {
    let x = PI * x;
    if x.abs() < 1e-6 { 1.0 } else { x.sin() / x }
}

/// J1 of x from 0 on, within 1e-7 (Abramowitz and Stegun 9.4.4 and 9.4.6).
fn bessel_j1(x: f64) -> f64 {
    let poly = |t: f64, c: [f64; 7]| c.iter().rev().fold(0.0, |s, c| s * t + c);
    if x <= 3.0 {
        let t = (x / 3.0).powi(2);
        return x * poly(t, [0.5, -0.56249985, 0.21093573, -0.03954289, 0.00443319, -0.00031761, 0.00001109]);
    }
    let t = 3.0 / x;
    let f = poly(t, [0.79788456, 0.00000156, 0.01659667, 0.00017105, -0.00249511, 0.00113653, -0.00020033]);
    let theta = x + poly(t, [-2.35619449, 0.12499612, 0.00005650, -0.00637879, 0.00074348, 0.00079824, -0.00029166]);
    f * theta.cos() / x.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // J1(1), J1(5), and its first zero
        for (x, want) in [(1.0, 0.440_050_585_7), (5.0, -0.327_579_137_6), (3.831_705_970_2, 0.0)] {
            assert!((bessel_j1(x) - want).abs() < 1e-7, "{x}");
        }
        assert_eq!(diffraction(0.0, 0.55, 2.0), 1.0);
        assert_eq!(diffraction(1000.0, 0.55, 2.0), 0.0);
        // half the cut-off: 0.391
        assert!((diffraction(0.5 / 0.0011, 0.55, 2.0) - 0.391_002_218).abs() < 1e-6);
        assert!((disc(0.0, 0.01) - 1.0).abs() < 1e-12 && disc(1.219_67 / 0.01, 0.01).abs() < 1e-4);
        assert!(sinc(1.0).abs() < 1e-12 && (sinc(0.5) - 2.0 / PI).abs() < 1e-12);
    }
}
