//! What changes along the axis and with wavelength.

use super::geometric_mtf::{Modulation, geometric_mtf};
use super::pupil::hexapolar;
use super::spot::{Spot, spot_of};
use crate::{Clip, Field, Rays, Result, System, Until, first_order};
use serde::Serialize;

/// One image plane.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FocusPoint {
    /// Distance of the plane behind the lens's image plane, mm.
    pub shift_mm: f64,
    /// The spot there, all wavelengths by their weights' sign (those of weight 0 left out).
    pub spot: Option<Spot>,
    /// Its modulation without diffraction.
    pub modulation: Modulation,
}

/// Spots and modulations of a field point in planes around the image plane.
pub fn through_focus(system: &System, field: &Field, shifts_mm: &[f64], frequencies: &[f64]) -> Vec<FocusPoint> {
    let rays = polychromatic(system, field, 16);
    shifts_mm
        .iter()
        .map(|shift| {
            let mut moved = rays.clone();
            for i in 0..moved.len() {
                let t = shift / moved.n[i];
                moved.x[i] += t * moved.l[i];
                moved.y[i] += t * moved.m[i];
            }
            FocusPoint { shift_mm: *shift, spot: spot_of(&moved), modulation: geometric_mtf(&moved, frequencies, None) }
        })
        .collect()
}

/// Rays of every wavelength of weight above 0 through the vignetted paraxial entrance pupil, traced to the image.
pub(crate) fn polychromatic(system: &System, field: &Field, rings: usize) -> Rays {
    let mut all = Rays::default();
    for (w, _) in system.lens().wavelengths.iter().enumerate().filter(|(_, w)| w.weight > 0.0) {
        let mut rays = Rays::new(system.aim(field, w).pupil(&hexapolar(rings)));
        system.trace(w, &mut rays, Clip::Apertures, Until::Image);
        rays.iter().for_each(|r| all.push(r));
    }
    all
}

/// The paraxial focus at wavelengths.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AxialColour {
    /// Micrometres.
    pub um: f64,
    /// Paraxial focus behind that of the primary wavelength, mm.
    pub focus_mm: f64,
    /// Focus of the rim's rays behind the paraxial focus of the primary wavelength, mm; nothing where they are lost.
    pub rim_mm: Option<f64>,
}

/// Axial colour at `count` wavelengths over the lens's range.
///
/// # Errors
/// Those of [`System::new`] at a wavelength in between.
pub fn axial_colour(system: &System, count: usize) -> Result<Vec<AxialColour>> {
    let um = || system.lens().wavelengths.iter().map(|w| w.um);
    let (lo, hi) = (um().fold(f64::INFINITY, f64::min), um().fold(0.0, f64::max));
    let mut lens = system.lens().clone();
    let steps = count.max(2) - 1;
    lens.wavelengths = (0..=steps)
        .map(|i| crate::Wavelength { name: String::new(), um: lo + (hi - lo) * i as f64 / steps as f64, weight: 1.0 })
        .collect();
    // the pupil stays that of the primary wavelength
    lens.aperture = crate::Aperture::EntrancePupil(system.first_order().epd);
    let primary = system.lens().primary_um();
    lens.primary = (0..lens.wavelengths.len())
        .min_by(|a, b| (lens.wavelengths[*a].um - primary).abs().total_cmp(&(lens.wavelengths[*b].um - primary).abs()))
        .unwrap_or(0);
    let focus = |um: f64| {
        Ok::<f64, crate::OpticsError>({
            let first = first_order(system.lens(), um)?;
            first.image_distance - first.defocus
        })
    };
    let zero = focus(primary)?;
    let image = system.first_order().image_distance;
    let scan = System::new(lens)?;
    scan.lens()
        .wavelengths
        .iter()
        .enumerate()
        .map(|(w, wave)| {
            let mut rays = Rays::new(scan.aim(&Field::up(0.0), w).paraxial(&[[0.0, 1.0]]));
            scan.trace(w, &mut rays, Clip::Apertures, Until::Image);
            let rim = rays.get(0).map(|r| image - r.at[1] * r.d[2] / r.d[1] - zero);
            Ok(AxialColour { um: wave.um, focus_mm: focus(wave.um)? - zero, rim_mm: rim })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn spots_grow_away_from_the_focus() {
        let system = System::new(samples::parabolic_mirror(2000.0)).unwrap();
        let points = through_focus(&system, &Field::up(0.0), &[-0.1, 0.0, 0.1], &[10.0]);
        let rms = |i: usize| points[i].spot.unwrap().rms_um;
        assert!(rms(1) < 1e-6 && rms(0) > 5.0 && (rms(0) / rms(2) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn blue_focuses_before_red_in_a_single_lens() {
        let mut lens = samples::triplet();
        lens.surfaces.truncate(2);
        lens.surfaces[0].stop = true;
        let system = System::new(lens).unwrap();
        let colour = axial_colour(&system, 5).unwrap();
        assert!(colour.windows(2).all(|w| w[0].focus_mm < w[1].focus_mm));
        // f / V over the whole range, in magnitude
        let span = colour[4].focus_mm - colour[0].focus_mm;
        assert!((span * 60.0 / system.first_order().efl - 1.0).abs() < 0.1, "{span}");
    }
}
