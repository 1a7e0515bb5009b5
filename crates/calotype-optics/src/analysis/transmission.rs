//! What of its light a lens lets through.

use super::illumination::{directions, relative_illumination};
use crate::{Clip, Field, Rays, Result, System, Wavelength};
use serde::Serialize;
use std::f64::consts::TAU;

/// Rings and spokes of the places in the stop over which transmission is averaged.
const RINGS: usize = 12;
const SPOKES: usize = 48;
/// Area in direction cosines, that of f/1000000, below which light counts as parallel.
const NO_AREA: f64 = 1e-12;

/// What a lens loses, field by field and over the spectrum.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transmission {
    /// Of every field: by wavelength.
    pub fields: Vec<Vec<Option<f64>>>,
    /// Relative illumination at the primary wavelength without losses, then with them.
    pub illumination: Vec<[Option<f64>; 2]>,
    /// f-number over the root of the axis's transmission (ISO 517: T-number), by wavelength.
    pub t_numbers: Vec<Option<f64>>,
    /// The same for all wavelengths by their weights.
    pub t_number: Option<f64>,
    /// Pairs of wavelength in um and transmission on the axis.
    pub spectrum: Vec<[f64; 2]>,
    /// What every surface reflects at the primary wavelength.
    pub surfaces: Vec<SurfaceLoss>,
}

/// A surface's share in what is lost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SurfaceLoss {
    /// What lies on it; nothing where the prescription does not say.
    pub coating: Option<String>,
    /// Reflectance at normal incidence.
    pub normal: f64,
    /// Angle at which the chief ray of the largest field meets it, degrees; nothing where that ray is lost before.
    pub chief_angle_deg: Option<f64>,
    /// Reflectance there.
    pub at_chief: Option<f64>,
}

/// The share of a field point's light at a wavelength's index that reaches the image, of what gets through the apertures:
/// Fresnel's formulae or thin films at every surface and absorption in the glass, averaged over the bundle by its area in
/// image-side direction cosines, so that times [`relative_illumination`] it is the illumination with losses. Nothing for
/// a field of which no light arrives.
pub fn transmission(system: &System, field: &Field, wavelength: usize, clip: Clip) -> Option<f64> {
    let spoke = |j: usize| TAU * (j % SPOKES) as f64 / SPOKES as f64;
    let place = |i: usize, j: usize| {
        let r = i as f64 / RINGS as f64;
        [r * spoke(j).cos(), r * spoke(j).sin()]
    };
    let places: Vec<[f64; 2]> = (0..=RINGS).flat_map(|i| (0..SPOKES).map(move |j| place(i, j))).collect();
    let aim = system.aim(field, wavelength);
    let mut rays = Rays::new(aim.through_stop(&places));
    let cosines = directions(system, wavelength, &aim);
    let light = system.trace_light(wavelength, &mut rays, clip);
    let (mut sum, mut area, mut plain, mut cells) = (0.0, 0.0, 0.0, 0.0);
    for i in 0..RINGS {
        for j in 0..SPOKES {
            let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)].map(|(i, j)| i * SPOKES + j % SPOKES);
            if !corners.iter().all(|c| rays.arrived(*c)) {
                continue;
            }
            let d = |k: usize| cosines([rays.l[corners[k % 4]], rays.m[corners[k % 4]], rays.n[corners[k % 4]]]);
            let cell = (0..4).map(|k| d(k)[0] * d(k + 1)[1] - d(k)[1] * d(k + 1)[0]).sum::<f64>().abs();
            let share = 0.25 * corners.iter().map(|c| light[*c]).sum::<f64>();
            (area, sum) = (area + cell, sum + cell * share);
            let on_stop = (2 * i + 1) as f64;
            (cells, plain) = (cells + on_stop, plain + on_stop * share);
        }
    }
    // light that leaves parallel has no area of directions: then that on the stop counts
    if area > NO_AREA { Some(sum / area) } else { (cells > 0.0).then(|| plain / cells) }
}

/// [`relative_illumination`] with what surfaces reflect and glass absorbs, against the axis with the same.
pub fn illumination_with_losses(system: &System, fields: &[Field], wavelength: usize, clip: Clip) -> Vec<Option<f64>> {
    let axis = transmission(system, &Field::up(0.0), wavelength, clip);
    let plain = relative_illumination(system, fields, wavelength, clip);
    let with = |(f, plain): (&Field, Option<f64>)| {
        Some(plain? * transmission(system, f, wavelength, clip)? / axis.filter(|a| *a > 0.0)?)
    };
    fields.iter().zip(plain).map(with).collect()
}

/// Transmission of every field and wavelength, T-numbers, the spectrum on the axis at `count` wavelengths over the lens's
/// range, and what every surface reflects.
///
/// # Errors
/// Those of [`System::new`] at a wavelength in between.
pub fn losses(system: &System, count: usize) -> Result<Transmission> {
    let lens = system.lens();
    let primary = lens.primary;
    let waves = 0..lens.wavelengths.len();
    let on_axis: Vec<Option<f64>> =
        waves.clone().map(|w| transmission(system, &Field::up(0.0), w, Clip::Apertures)).collect();
    let fields = lens
        .fields
        .iter()
        .map(|f| waves.clone().map(|w| transmission(system, f, w, Clip::Apertures)).collect())
        .collect();
    let plain = relative_illumination(system, &lens.fields, primary, Clip::Apertures);
    let with = illumination_with_losses(system, &lens.fields, primary, Clip::Apertures);
    let number = |share: Option<f64>| share.filter(|t| *t > 0.0).map(|t| system.first_order().fno / t.sqrt());
    let weight: f64 = lens.wavelengths.iter().map(|w| w.weight).sum();
    let mean = lens.wavelengths.iter().zip(&on_axis).map(|(w, t)| t.map(|t| w.weight / weight * t)).sum();
    let chief = system.aim(&lens.full_field(), primary).through_stop(&[[0.0, 0.0]]);
    let incidences = chief.first().map(|ray| system.incidences(primary, *ray)).unwrap_or_default();
    let surface = |(i, s): (usize, &crate::Surface)| SurfaceLoss {
        coating: s.coating.as_ref().map(crate::Coating::label),
        normal: system.reflectance(primary, i, 1.0),
        chief_angle_deg: incidences.get(i).map(|at| at.cosine.acos().to_degrees()),
        at_chief: incidences.get(i).map(|at| at.reflected),
    };
    Ok(Transmission {
        fields,
        illumination: plain.into_iter().zip(with).map(|(a, b)| [a, b]).collect(),
        t_numbers: on_axis.iter().map(|t| number(*t)).collect(),
        t_number: number(mean),
        spectrum: spectrum(system, count)?,
        surfaces: lens.surfaces.iter().enumerate().map(surface).collect(),
    })
}

/// Transmission on the axis over the lens's range of wavelengths.
fn spectrum(system: &System, count: usize) -> Result<Vec<[f64; 2]>> {
    let mut lens = system.lens().clone();
    let um = || system.lens().wavelengths.iter().map(|w| w.um);
    let (lo, hi) = (um().fold(f64::INFINITY, f64::min), um().fold(0.0, f64::max));
    let steps = count.max(2) - 1;
    let at = |i: usize| lo + (hi - lo) * i as f64 / steps as f64;
    lens.wavelengths = (0..=steps).map(|i| Wavelength { name: String::new(), um: at(i), weight: 1.0 }).collect();
    // pupils stay where the primary wavelength puts them
    lens.wavelengths.push(system.lens().wavelengths[system.lens().primary].clone());
    lens.primary = steps + 1;
    let fine = System::new(lens)?;
    let one = |i: usize| transmission(&fine, &Field::up(0.0), i, Clip::Apertures).map(|t| [at(i), t]);
    Ok((0..=steps).filter_map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Coating, samples};

    #[test]
    fn coatings_brighten_a_triplet_by_what_six_surfaces_reflect() {
        let mut lens = samples::triplet();
        let axis = |lens: &crate::Lens| {
            transmission(&System::new(lens.clone()).unwrap(), &Field::up(0.0), 1, Clip::Apertures).unwrap()
        };
        let bare = axis(&lens);
        // ((n - 1) / (n + 1))^2 = 5.6 % six times, and a little more off the normal
        let normal = (1.0 - (0.62f64 / 2.62).powi(2)).powi(6);
        assert!(bare < normal && bare > 0.985 * normal, "{bare} {normal}");
        lens.surfaces.iter_mut().for_each(|s| s.coating = Some(Coating::Ideal(0.005)));
        assert!((axis(&lens) - 0.995f64.powi(6)).abs() < 1e-12);
        let list = losses(&System::new(lens).unwrap(), 5).unwrap();
        let first = crate::first_order(&samples::triplet(), 0.5875618).unwrap();
        assert!((list.t_number.unwrap() - first.fno / 0.995f64.powi(3)).abs() < 1e-9);
        assert_eq!((list.spectrum.len(), list.surfaces.len(), list.fields[2].len()), (5, 6, 3));
    }

    #[test]
    fn losses_take_illumination_away_at_the_edge() {
        let system = System::new(samples::triplet()).unwrap();
        let list = losses(&system, 2).unwrap();
        let [[a0, b0], .., [a, b]] = list.illumination[..] else { panic!() };
        assert!((a0.unwrap() - 1.0).abs() < 1e-9 && (b0.unwrap() - 1.0).abs() < 1e-9);
        let (a, b) = (a.unwrap(), b.unwrap());
        // surfaces that are met at up to 50 degrees reflect a few percent more
        assert!(b < a - 1e-4 && b > 0.9 * a, "{a} {b}");
        let chief = &list.surfaces[2];
        assert!(chief.at_chief.unwrap() > chief.normal && chief.chief_angle_deg.unwrap() > 20.0, "{chief:?}");
    }

    #[test]
    fn a_plate_loses_what_fresnel_says_whatever_the_bundle() {
        let mut lens = samples::singlet(1.5168, f64::INFINITY, f64::INFINITY, 5.0);
        lens.aperture = crate::Aperture::EntrancePupil(10.0);
        let system = System::new(lens).unwrap();
        let found = transmission(&system, &Field::up(0.0), 0, Clip::Nothing);
        assert!((found.unwrap() - (1.0 - (0.5168f64 / 2.5168).powi(2)).powi(2)).abs() < 1e-12, "{found:?}");
    }
}
