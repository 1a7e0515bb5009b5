//! What of its light a mounted lens loses, and what of it comes back as ghosts.

use super::mounted::Mounted;
use crate::analysis::{hexapolar, transmission};
use crate::{Clip, Field, Kind, Rays, System};
use rayon::prelude::*;

/// Fields over the picture whose ghosts are summed.
const FIELDS: usize = 4;
/// Rings of rays of each.
const RINGS: usize = 5;

/// What the coatings of a prescription do to a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// Share of the light on the axis that arrives, the mean over the wavelengths of the bands.
    pub transmittance: f64,
    /// Light of ghosts on the sensor, over that of the image: the mean over an evenly lit scene that fills the picture, at the
    /// primary wavelength.
    pub ghosts: f64,
}

impl Mounted {
    /// Transmission and ghosts by Fresnel's formulae and the coatings of the prescription; nothing where it states none. Surfaces
    /// that state none beside others that do are bare. About a second of one core's time for the lens of a phone.
    pub fn losses(&self) -> Option<Losses> {
        if !self.lens().states_coatings() {
            return None;
        }
        let system = self.system();
        let axis = Field::up(0.0);
        let waves = 1..system.lens().wavelengths.len();
        let count = waves.len() as f64;
        let passed = waves.filter_map(|w| transmission(system, &axis, w, Clip::Apertures));
        Some(Losses { transmittance: passed.sum::<f64>() / count, ghosts: self.ghosts(system) })
    }

    fn ghosts(&self, system: &System) -> f64 {
        let lens = system.lens();
        let refracts = |i: &usize| lens.surfaces[*i].kind == Kind::Refract;
        let reflecting: Vec<usize> =
            (0..lens.surfaces.len()).filter(refracts).filter(|i| system.reflectance(0, *i, 1.0) > 1e-9).collect();
        if lens.surfaces.iter().any(|s| s.kind == Kind::Reflect) {
            return 0.0;
        }
        let pairs: Vec<[usize; 2]> = reflecting
            .iter()
            .flat_map(|back| reflecting.iter().filter(move |front| *front < back).map(move |front| [*back, *front]))
            .collect();
        // fields for rings of the picture of one area
        let slopes = (0..FIELDS).map(|i| ((i as f64 + 0.5) / FIELDS as f64).sqrt() * self.corner_slope());
        let (mut ghosts, mut image) = (0.0, 0.0);
        for slope in slopes {
            let field = super::bundle::Meridian::up(slope).field;
            let start = Rays::new(system.aim(&field, 0).paraxial(&hexapolar(RINGS)));
            image += system.trace_light(0, &mut start.clone(), Clip::Apertures).iter().sum::<f64>();
            let on_sensor = |[back, front]: &[usize; 2]| -> f64 {
                let mut rays = start.clone();
                let (light, _) = system.trace_ghost_light(0, &mut rays, Clip::Apertures, *back, *front);
                let inside = |i: &usize| rays.x[*i].hypot(rays.y[*i]) <= self.half_diagonal_mm();
                (0..rays.len()).filter(inside).map(|i| light[i]).sum()
            };
            ghosts += pairs.par_iter().map(on_sensor).collect::<Vec<f64>>().iter().sum::<f64>();
        }
        if image > 0.0 { ghosts / image } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Bands;
    use crate::{Coating, samples};

    #[test]
    fn what_coatings_reflect_is_lost_and_partly_comes_back() {
        let mounted = |coating: Option<Coating>| {
            let mut lens = samples::triplet();
            lens.surfaces.iter_mut().for_each(|s| s.coating = coating.clone());
            Mounted::new(lens, 18.0, &Bands::default()).unwrap()
        };
        assert_eq!(mounted(None).losses(), None);
        let (good, bare) = (mounted(Some(Coating::Ideal(0.005))), mounted(Some(Coating::Bare)));
        let (a, b) = (good.losses().unwrap(), bare.losses().unwrap());
        assert!((a.transmittance - 0.995f64.powi(6)).abs() < 1e-12, "{a:?}");
        assert!((b.transmittance - 0.944f64.powi(6)).abs() < 0.02, "{b:?}");
        // fifteen pairs, of whose light the sensor sees a part: squares of the reflectances tell their ratio
        assert!(a.ghosts > 0.0 && a.ghosts < 15.0 * 2.5e-5, "{a:?}");
        let ratio = b.ghosts / a.ghosts;
        assert!(ratio > 0.8 * (0.056f64 / 0.005).powi(2) && ratio < 2.0 * (0.056f64 / 0.005).powi(2), "{ratio}");
        // an even coating changes no falloff, bare surfaces darken the corner
        let corner = |m: &Mounted| m.rendition(1).illumination.at(1.0);
        let plain = corner(&mounted(None));
        assert!((corner(&good) / plain - 1.0).abs() < 1e-9);
        assert!(corner(&bare) < plain * 0.9999, "{} {plain}", corner(&bare));
    }
}
