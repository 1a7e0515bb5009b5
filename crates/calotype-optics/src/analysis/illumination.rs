//! How much light reaches the field's edge.

use crate::{Aim, Clip, Field, Rays, System, Until};
use std::f64::consts::TAU;

/// Places of the rim.
const RIM: usize = 720;

/// Relative illumination of field points at a wavelength's index: the area of the bundle in image-side direction
/// cosines over that on the axis. With [`Clip::Nothing`] the bundle fills the paraxial stop; with [`Clip::Apertures`]
/// its rim lies where clear apertures cut it, found along `RIM` directions from the chief ray. Nothing for a field whose
/// rays are lost.
pub fn relative_illumination(system: &System, fields: &[Field], wavelength: usize, clip: Clip) -> Vec<Option<f64>> {
    let axis = bundle(system, &Field::up(0.0), wavelength, clip);
    fields
        .iter()
        .map(|f| {
            let (area, axis) = (bundle(system, f, wavelength, clip)?, axis?);
            (axis > 0.0).then_some(area / axis)
        })
        .collect()
}

/// What makes direction cosines across the image where the chief ray of `aim` meets it, of those of rays.
pub(super) fn directions(system: &System, wavelength: usize, aim: &Aim<'_>) -> impl Fn([f64; 3]) -> [f64; 2] {
    let frame = system.lens().image.as_ref().map(|_| {
        let mut chief = Rays::new(aim.through_stop(&[[0.0, 0.0]]));
        system.trace(wavelength, &mut chief, Clip::Nothing, Until::Image);
        system.image_frame(chief.get(0).map_or([0.0; 2], |r| [r.at[0], r.at[1]]))
    });
    move |d| match frame {
        None => [d[0], d[1]],
        Some([across, up, _]) => [across, up].map(|e| (0..3).map(|k| e[k] * d[k]).sum()),
    }
}

/// Area of the polygon of direction cosines of the bundle's rim.
fn bundle(system: &System, field: &Field, wavelength: usize, clip: Clip) -> Option<f64> {
    let aim = system.aim(field, wavelength);
    let direction = |i: usize| {
        let angle = TAU * i as f64 / RIM as f64;
        [angle.cos(), angle.sin()]
    };
    let mut share = vec![1.0; RIM];
    let traced = |share: &[f64], clip| {
        let places: Vec<[f64; 2]> = share.iter().enumerate().map(|(i, s)| direction(i).map(|v| v * s)).collect();
        let mut rays = Rays::new(aim.through_stop(&places));
        system.trace(wavelength, &mut rays, clip, Until::Image);
        rays
    };
    let mut rays = traced(&share, clip);
    if clip == Clip::Apertures && (0..RIM).any(|i| !rays.arrived(i)) {
        // between the chief ray, which passes, and the stop's rim: bisection to a millionth of the stop
        let chief = {
            let mut rays = Rays::new(aim.through_stop(&[[0.0, 0.0]]));
            system.trace(wavelength, &mut rays, clip, Until::Image);
            rays.arrived(0)
        };
        if !chief {
            return None;
        }
        let (mut lo, mut hi) = (vec![0.0; RIM], vec![1.0; RIM]);
        (0..RIM).filter(|i| rays.arrived(*i)).for_each(|i| lo[i] = 1.0);
        for _ in 0..20 {
            share = lo.iter().zip(&hi).map(|(a, b)| 0.5 * (a + b)).collect();
            rays = traced(&share, clip);
            for i in 0..RIM {
                if rays.arrived(i) { lo[i] = share[i] } else { hi[i] = share[i] }
            }
        }
        rays = traced(&lo, clip);
    }
    // a curved image is lit as it lies to the light
    let cosines = directions(system, wavelength, &aim);
    let rim: Option<Vec<[f64; 2]>> = (0..RIM).map(|i| rays.get(i).map(|r| cosines(r.d))).collect();
    let rim = rim?;
    let twice: f64 = (0..RIM)
        .map(|i| {
            let (p, q) = (rim[i], rim[(i + 1) % RIM]);
            p[0] * q[1] - p[1] * q[0]
        })
        .sum();
    Some(0.5 * twice.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Aperture, Kind, Shape, Surface, samples};

    #[test]
    fn an_ideal_lens_with_a_stop_on_it_falls_as_the_fourth_power_of_the_cosine() {
        let mut lens = samples::singlet(1.5, 50.0, -70.0, 8.0);
        let mut thin = Surface::refracting(Shape::plane(), 100.0, crate::Glass::air());
        (thin.kind, thin.stop) = (Kind::ThinLens(100.0), true);
        lens.surfaces = vec![thin];
        lens.aperture = Aperture::EntrancePupil(0.5);
        let system = System::new(lens).unwrap();
        let found = relative_illumination(&system, &[Field::up(0.0), Field::up(30.0)], 0, Clip::Nothing);
        assert!((found[0].unwrap() - 1.0).abs() < 1e-12);
        assert!((found[1].unwrap() - 30f64.to_radians().cos().powi(4)).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn clear_apertures_take_light_away_at_the_edge_only() {
        let system = System::new(samples::triplet()).unwrap();
        let fields = system.lens().fields.clone();
        let open = relative_illumination(&system, &fields, 1, Clip::Nothing);
        let clipped = relative_illumination(&system, &fields, 1, Clip::Apertures);
        assert!((clipped[0].unwrap() - 1.0).abs() < 1e-9);
        assert!(clipped[2].unwrap() < open[2].unwrap() - 0.02, "{open:?} {clipped:?}");
    }
}
