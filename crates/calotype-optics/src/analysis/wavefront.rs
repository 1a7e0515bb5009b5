//! The wavefront: optical path differences on the reference sphere.

use crate::{Clip, Field, OpticsError, Rays, Result, System, Until};
use nalgebra::{DMatrix, DVector};
use serde::Serialize;

/// Optical path differences over the pupil. W = path of the chief ray less path of the ray, both to the sphere about the
/// chief ray's image point through the middle of the paraxial exit pupil; in waves of the light's own wavelength.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Wavefront {
    /// Places in the paraxial entrance pupil, units of its radius (in the unit circle that vignetting factors make an ellipse of).
    pub places: Vec<[f64; 2]>,
    /// W at each, waves; nothing where the ray was lost.
    pub waves: Vec<Option<f64>>,
    /// Direction cosines (l, m) of each ray in front of the image; nothing where the ray was lost.
    #[serde(skip)]
    pub directions: Vec<Option<[f64; 2]>>,
    /// The chief ray's image point, mm.
    pub image_point: [f64; 2],
    /// Radius of the reference sphere, mm.
    pub radius: f64,
    /// Micrometres.
    pub wavelength_um: f64,
}

/// The wavefront of a field point at a wavelength's index over places of the paraxial entrance pupil, vignetted by the field's
/// factors, which are not aimed; the chief ray is the one through that pupil's middle. `clip` says whether apertures take rays away; the chief ray is
/// never clipped.
///
/// # Errors
/// [`OpticsError::Dark`] where the chief ray is lost.
pub fn wavefront(
    system: &System,
    field: &Field,
    wavelength: usize,
    places: &[[f64; 2]],
    clip: Clip,
) -> Result<Wavefront> {
    let aim = system.aim(field, wavelength);
    let mut chief = Rays::new(aim.pupil(&[[0.0, 0.0]]));
    system.trace(wavelength, &mut chief, Clip::Nothing, Until::Image);
    let Some(centre) = chief.get(0) else {
        let loss = chief.main_loss();
        return Err(OpticsError::Dark {
            what: format!("the chief ray of field ({}, {})", field.x, field.y),
            got: 0,
            asked: 1,
            surface: loss.map(|l| l.0.into()),
            why: loss.map_or_else(String::new, |l| l.1.to_string()),
        });
    };
    let first = system.first_order();
    let n = system.image_index(wavelength);
    // from the chief ray's image point, which lies off the plane where the image is curved
    let to_pupil = first.exp_from_image - centre.at[2];
    let far = !to_pupil.is_finite() || to_pupil.abs() > 1e9;
    let radius = if far { 1e9 } else { (centre.at[0].powi(2) + centre.at[1].powi(2) + to_pupil * to_pupil).sqrt() };
    // path from the image plane back (or forth) to the sphere about the chief point
    let side = if far { -centre.d[2].signum() } else { (to_pupil * centre.d[2]).signum() };
    let path = |ray: &crate::Ray| {
        let v = [0, 1, 2].map(|k| ray.at[k] - centre.at[k]);
        let along = v[0] * ray.d[0] + v[1] * ray.d[1] + v[2] * ray.d[2];
        let off2 = v[0] * v[0] + v[1] * v[1] + v[2] * v[2] - along * along;
        // |v + s d| = R, written so that nothing large is subtracted: s = -along + side (R - off2 / (R + sqrt(R2 - off2)))
        let root = (radius * radius - off2).max(0.0).sqrt();
        ray.opl + n * (-along + side * (radius - off2 / (radius + root)))
    };
    let mut rays = Rays::new(aim.pupil(places));
    system.trace(wavelength, &mut rays, clip, Until::Image);
    let um = system.lens().wavelengths[wavelength].um;
    let chief_path = path(&centre);
    let each = (0..rays.len()).map(|i| rays.get(i));
    Ok(Wavefront {
        places: places.to_vec(),
        waves: each.clone().map(|r| r.map(|r| (chief_path - path(&r)) / (um * 1e-3))).collect(),
        directions: each.map(|r| r.map(|r| [r.d[0], r.d[1]])).collect(),
        image_point: [centre.at[0], centre.at[1]],
        radius,
        wavelength_um: um,
    })
}

impl Wavefront {
    /// Places and waves of the rays that arrived.
    pub fn points(&self) -> Vec<([f64; 2], f64)> {
        self.places.iter().zip(&self.waves).filter_map(|(p, w)| w.map(|w| (*p, w))).collect()
    }

    /// Greatest less least, waves.
    pub fn peak_to_valley(&self) -> f64 {
        let (lo, hi) = self
            .waves
            .iter()
            .flatten()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), w| (lo.min(*w), hi.max(*w)));
        if lo <= hi { hi - lo } else { 0.0 }
    }

    /// Root mean square about zero, waves.
    pub fn rms_about_zero(&self) -> f64 {
        rms(self.points().iter().map(|p| p.1))
    }

    /// Root mean square after the least-squares fit of these functions of the place was taken away, waves.
    pub fn rms_without(&self, functions: &[fn(f64, f64) -> f64]) -> f64 {
        let points = self.points();
        if points.len() < functions.len() {
            return 0.0;
        }
        let design =
            DMatrix::from_fn(points.len(), functions.len(), |i, k| functions[k](points[i].0[0], points[i].0[1]));
        let waves = DVector::from_iterator(points.len(), points.iter().map(|p| p.1));
        let Ok(fit) = design.clone().svd(true, true).solve(&waves, 1e-13) else { return rms(waves.iter().copied()) };
        let rest = &waves - design * fit;
        rms(rest.iter().copied())
    }
}

/// A constant, tilts and defocus, for [`Wavefront::rms_without`].
pub(crate) const PISTON_TILT_FOCUS: [fn(f64, f64) -> f64; 4] = [|_, _| 1.0, |x, _| x, |_, y| y, |x, y| x * x + y * y];

fn rms(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0usize), |(s, n), v| (s + v * v, n + 1));
    (sum / count.max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::hexapolar;
    use crate::samples;

    #[test]
    fn perfect_forms_have_flat_wavefronts() {
        for lens in [samples::parabolic_mirror(200.0), samples::hyperbolic_singlet(1.5, 30.0)] {
            let system = System::new(lens).unwrap();
            let w = wavefront(&system, &Field::up(0.0), 0, &hexapolar(8), Clip::Nothing).unwrap();
            assert!(w.peak_to_valley() < 1e-8, "{} {}", system.lens().name, w.peak_to_valley());
        }
    }

    #[test]
    fn defocus_is_the_parabola_of_the_books() {
        // image plane 0.05 mm behind the focus of a slow paraboloid: W = -dz / (8 F^2) r^2 to first order
        let mut lens = samples::parabolic_mirror(2000.0);
        lens.surfaces[0].thickness -= 0.05;
        lens.aperture = crate::Aperture::EntrancePupil(50.0);
        let system = System::new(lens).unwrap();
        let w = wavefront(&system, &Field::up(0.0), 0, &[[0.0, 1.0], [0.0, 0.5]], Clip::Nothing).unwrap();
        let waves = 0.05 / (8.0 * 400.0) / 0.5875618e-3;
        let found = w.waves[0].unwrap();
        assert!((found.abs() - waves).abs() < 1e-3 * waves, "{found} {waves}");
        assert!((w.waves[1].unwrap() / found - 0.25).abs() < 1e-3);
        assert!(w.rms_without(&PISTON_TILT_FOCUS) < 1e-9);
    }
}
