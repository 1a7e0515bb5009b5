//! Ghosts: light reflected twice inside the lens.

use super::pupil::hexapolar;
use super::spot::spot_of;
use crate::{Clip, Field, Kind, Rays, System};
use rayon::prelude::*;
use serde::Serialize;

/// One way of two reflections.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ghost {
    /// The surface, from 1, that reflects backwards, and the one before it that reflects forwards again.
    pub surfaces: [usize; 2],
    /// Share of the light that both reflect, at normal incidence and without coatings.
    pub reflected: f64,
    /// Share of the bundle's rays that reach the image plane.
    pub arriving: f64,
    /// Root mean square radius of the ghost in the image plane, mm.
    pub radius_mm: f64,
    /// Its middle, mm.
    pub middle_mm: [f64; 2],
    /// Irradiance in the ghost over that in a disc of 10 um radius that holds the image of the same point: how ghosts are
    /// ranked.
    pub strength: f64,
}

/// Every double reflection of a field point's light at the primary wavelength, strongest first. Empty for lenses with mirrors,
/// thin lenses or tilts.
pub fn ghosts(system: &System, field: &Field) -> Vec<Ghost> {
    let lens = system.lens();
    if lens.surfaces.iter().any(|s| s.kind != Kind::Refract || s.pose.is_some()) {
        return vec![];
    }
    let n = |i: usize| system.indices(lens.primary, i);
    let reflectance = |i: usize| {
        let (a, b) = n(i);
        ((a - b) / (a + b)).powi(2)
    };
    let reflecting: Vec<usize> = (0..lens.surfaces.len()).filter(|i| reflectance(*i) > 1e-9).collect();
    let pairs: Vec<[usize; 2]> = reflecting
        .iter()
        .flat_map(|back| reflecting.iter().filter(move |front| *front < back).map(move |front| [*back, *front]))
        .collect();
    let start = Rays::new(system.aim(field, lens.primary).paraxial(&hexapolar(12)));
    let mut found: Vec<Ghost> = pairs
        .into_par_iter()
        .filter_map(|[back, front]| {
            let mut rays = start.clone();
            system.trace_ghost(lens.primary, &mut rays, Clip::Apertures, back, front);
            let spot = spot_of(&rays)?;
            let arriving = spot.arrived as f64 / spot.sent as f64;
            let radius_mm = spot.rms_um * 1e-3;
            let reflected = reflectance(back) * reflectance(front);
            // a disc's rms radius is its radius over the root of 2
            let area = 2.0 * radius_mm * radius_mm + 1e-4;
            Some(Ghost {
                surfaces: [back + 1, front + 1],
                reflected,
                arriving,
                radius_mm,
                middle_mm: spot.centroid,
                strength: reflected * arriving * 1e-4 / area,
            })
        })
        .collect();
    found.sort_by(|a, b| b.strength.total_cmp(&a.strength).then(a.surfaces.cmp(&b.surfaces)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Aperture, samples};

    #[test]
    fn a_plane_plate_doubles_the_image_by_twice_its_thickness_over_its_index() {
        // behind a perfect lens a plate of thickness d: the ghost focuses 2 d / n before the image
        let mut lens = samples::singlet(1.5, f64::INFINITY, f64::INFINITY, 3.0);
        let mut thin = crate::Surface::refracting(crate::Shape::plane(), 50.0, crate::Glass::air());
        (thin.kind, thin.stop) = (Kind::ThinLens(100.0), true);
        lens.surfaces[0].stop = false;
        lens.surfaces.insert(0, thin);
        lens.aperture = Aperture::EntrancePupil(1.0);
        assert!(ghosts(&System::new(lens.clone()).unwrap(), &Field::up(0.0)).is_empty(), "a thin lens is not of glass");
        // the plate alone, by the trace: parallel light stays parallel and loses nothing but the reflections
        lens.surfaces.remove(0);
        lens.surfaces[0].stop = true;
        let list = ghosts(&System::new(lens).unwrap(), &Field::up(0.0));
        assert_eq!(list.len(), 1);
        assert!((list[0].reflected - 0.04f64.powi(2)).abs() < 1e-12 && list[0].arriving == 1.0);
        assert_eq!(list[0].surfaces, [2, 1]);
    }

    #[test]
    fn a_triplet_has_fifteen() {
        let list = ghosts(&System::new(samples::triplet()).unwrap(), &Field::up(0.0));
        assert_eq!(list.len(), 15);
        assert!(list.windows(2).all(|w| w[0].strength >= w[1].strength));
        assert!(list.iter().all(|g| g.radius_mm.is_finite() && g.strength < 1e-3));
    }
}
