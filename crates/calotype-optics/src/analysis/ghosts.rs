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
    /// Share of the light that both reflect, at the rays' own angles, with the coatings of the prescription; bare where it states
    /// none.
    pub reflected: f64,
    /// Share of the light left at the image, of that of the rays that reach it: both reflections, what every other surface lets
    /// through, and what the glass does not absorb.
    pub left: f64,
    /// Share of the bundle's rays that reach the image plane.
    pub arriving: f64,
    /// Root mean square radius of the ghost in the image plane, mm.
    pub radius_mm: f64,
    /// Its middle, mm.
    pub middle_mm: [f64; 2],
    /// Irradiance in the ghost over that in a disc of 10 um radius that holds the image of the same point, both with what is lost
    /// on their ways: how ghosts are ranked.
    pub strength: f64,
}

/// Every double reflection of a field point's light at the primary wavelength, strongest first. Empty for lenses with mirrors,
/// thin lenses or tilts.
pub fn ghosts(system: &System, field: &Field) -> Vec<Ghost> {
    let lens = system.lens();
    if lens.surfaces.iter().any(|s| s.kind != Kind::Refract || s.pose.is_some()) {
        return vec![];
    }
    let reflecting: Vec<usize> =
        (0..lens.surfaces.len()).filter(|i| system.reflectance(lens.primary, *i, 1.0) > 1e-9).collect();
    let pairs: Vec<[usize; 2]> = reflecting
        .iter()
        .flat_map(|back| reflecting.iter().filter(move |front| *front < back).map(move |front| [*back, *front]))
        .collect();
    let start = Rays::new(system.aim(field, lens.primary).pupil(&hexapolar(12)));
    let image: f64 = system.trace_light(lens.primary, &mut start.clone(), Clip::Apertures).iter().sum();
    // what the image keeps, of every ray that is sent; of a lens in the dark no ghost is ranked against it
    let image = if image > 0.0 { image / start.len() as f64 } else { 1.0 };
    let mut found: Vec<Ghost> = pairs
        .into_par_iter()
        .filter_map(|[back, front]| {
            let mut rays = start.clone();
            let (light, reflections) = system.trace_ghost_light(lens.primary, &mut rays, Clip::Apertures, back, front);
            let spot = spot_of(&rays)?;
            let mean = |list: &[f64]| list.iter().sum::<f64>() / spot.arrived as f64;
            let arriving = spot.arrived as f64 / spot.sent as f64;
            let radius_mm = spot.rms_um * 1e-3;
            let (reflected, left) = (mean(&reflections), mean(&light));
            // a disc's rms radius is its radius over the root of 2
            let area = 2.0 * radius_mm * radius_mm + 1e-4;
            Some(Ghost {
                surfaces: [back + 1, front + 1],
                reflected,
                left,
                arriving,
                radius_mm,
                middle_mm: spot.centroid,
                strength: left * arriving / image * 1e-4 / area,
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
        assert!((list[0].left - 0.96f64.powi(2) * 0.04f64.powi(2)).abs() < 1e-12, "{:?}", list[0]);
    }

    #[test]
    fn coatings_make_ghosts_weaker_by_what_they_reflect() {
        let mut lens = samples::triplet();
        let bare = ghosts(&System::new(lens.clone()).unwrap(), &Field::up(0.0));
        lens.surfaces.iter_mut().for_each(|s| s.coating = Some(crate::Coating::Ideal(0.004)));
        // one surface is forgotten: its ghosts come first
        lens.surfaces[2].coating = None;
        let coated = ghosts(&System::new(lens).unwrap(), &Field::up(0.0));
        let of = |list: &[Ghost], pair: [usize; 2]| *list.iter().find(|g| g.surfaces == pair).unwrap();
        let (a, b) = (of(&bare, [6, 5]), of(&coated, [6, 5]));
        assert!((b.reflected - 0.004f64.powi(2)).abs() < 1e-15);
        assert!(a.strength / b.strength > 150.0 && a.radius_mm == b.radius_mm, "{a:?} {b:?}");
        assert!(of(&coated, [4, 3]).reflected > 10.0 * b.reflected);
    }

    #[test]
    fn a_triplet_has_fifteen() {
        let list = ghosts(&System::new(samples::triplet()).unwrap(), &Field::up(0.0));
        assert_eq!(list.len(), 15);
        assert!(list.windows(2).all(|w| w[0].strength >= w[1].strength));
        assert!(list.iter().all(|g| g.radius_mm.is_finite() && g.strength < 1e-3));
    }
}
