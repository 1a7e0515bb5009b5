//! The modulation of ray optics.

use crate::Rays;
use serde::Serialize;
use std::f64::consts::TAU;

/// Modulation over frequency, 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Modulation {
    /// Cycles per mm in the image.
    pub frequencies: Vec<f64>,
    /// Of lines across the radial direction (structure along y for a field along y).
    pub tangential: Vec<f64>,
    /// Of lines along it.
    pub sagittal: Vec<f64>,
}

/// |mean of exp(-2 pi i f y)| over the rays that arrived, at frequencies in cycles per mm, without diffraction. With
/// `diffraction_limit` in cycles per mm it is multiplied by the perfect lens's modulation of that limit, the usual estimate.
pub fn geometric_mtf(rays: &Rays, frequencies: &[f64], diffraction_limit: Option<f64>) -> Modulation {
    let points: Vec<[f64; 2]> = rays.iter().map(|r| [r.at[0], r.at[1]]).collect();
    let count = points.len().max(1) as f64;
    // about the middle, which changes no magnitude and keeps the angles small
    let middle = [0, 1].map(|k| points.iter().map(|p| p[k]).sum::<f64>() / count);
    let along = |k: usize| {
        frequencies
            .iter()
            .map(|f| {
                let (mut re, mut im) = (0.0, 0.0);
                for p in &points {
                    let (sin, cos) = (TAU * f * (p[k] - middle[k])).sin_cos();
                    re += cos;
                    im += sin;
                }
                re.hypot(im) / count * diffraction_limit.map_or(1.0, |limit| perfect(f / limit))
            })
            .collect()
    };
    Modulation { frequencies: frequencies.to_vec(), tangential: along(1), sagittal: along(0) }
}

/// The modulation of a perfect lens with a round pupil at a share of its limit:
/// (2 / pi) (acos s - s sqrt(1 - s^2)).
pub(crate) fn perfect(share: f64) -> f64 {
    if share >= 1.0 {
        return 0.0;
    }
    std::f64::consts::FRAC_2_PI * (share.acos() - share * (1.0 - share * share).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ray;

    #[test]
    fn two_rays_interfere_like_a_cosine() {
        let at = |y: f64| Ray { at: [0.0, y, 0.0], d: [0.0, 0.0, 1.0], opl: 0.0 };
        let mtf = geometric_mtf(&Rays::new([at(4.99), at(5.01)]), &[0.0, 10.0, 25.0], None);
        for (f, m) in mtf.frequencies.iter().zip(&mtf.tangential) {
            assert!((m - (TAU * f * 0.01).cos().abs()).abs() < 1e-12);
        }
        assert!(mtf.sagittal.iter().all(|m| (m - 1.0).abs() < 1e-12));
        assert_eq!(perfect(1.0), 0.0);
        assert!((perfect(0.0) - 1.0).abs() < 1e-15 && (perfect(0.5) - 0.391).abs() < 1e-3);
    }
}
