//! Moments that stand for a whole exposure.

use std::f64::consts::PI;

/// Nodes in (0, 1) and weights (of sum 1) of the Gauss-Legendre rule of order `n`, exact for polynomials up to degree
/// `2n - 1`: roots of the Legendre polynomial by Newton's method (Press et al., "Numerical Recipes", 4.6).
pub fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    (1..=n)
        .map(|i| {
            let mut x = (PI * (i as f64 - 0.25) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..50 {
                // the polynomial and the one before it, by recurrence
                let (mut p, mut before) = (1.0, 0.0);
                for j in 0..n {
                    let j = j as f64;
                    (p, before) = (((2.0 * j + 1.0) * x * p - j * before) / (j + 1.0), p);
                }
                slope = n as f64 * (x * p - before) / (x * x - 1.0);
                let step = p / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            (0.5 - 0.5 * x, 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

/// Nodes that a path of so many photosites needs: with these, what a shutter does to half a cycle per photosite, the
/// finest that a sensor tells apart, is met within 0.01. Followed from the rule's error for a phase of `πL/2` at either
/// end; it takes less than half the nodes of equal steps, for a smaller error.
pub fn nodes_for(path_px: f64) -> usize {
    if path_px < 0.15 { 1 } else { (1.05 * path_px + 1.2).ceil() as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_exactly() {
        for n in [1, 2, 5, 12, 64] {
            let rule = gauss_legendre(n);
            for degree in [0, 1, 2 * n as i32 - 1] {
                let sum: f64 = rule.iter().map(|(t, w)| w * t.powi(degree)).sum();
                assert!((sum * f64::from(degree + 1) - 1.0).abs() < 1e-12, "{n} nodes, degree {degree}: {sum}");
            }
        }
    }

    #[test]
    fn shutters_blur_as_they_should() {
        for i in 1..200 {
            let path = f64::from(i) * 0.1;
            for frequency in [0.1, 0.25, 0.5] {
                let rule = gauss_legendre(nodes_for(path));
                let got: f64 = rule.iter().map(|(t, w)| w * (2.0 * PI * frequency * path * (t - 0.5)).cos()).sum();
                let phase = PI * frequency * path;
                assert!((got - phase.sin() / phase).abs() < 0.013, "{path} px at {frequency}: {got}");
            }
        }
    }
}
