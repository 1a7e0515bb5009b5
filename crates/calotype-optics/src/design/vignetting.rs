//! Vignetting factors from clear apertures.

use crate::{Clip, Field, OpticsError, Rays, Result, System, Until, Vignetting};

/// The fields of a lens with the vignetting factors that its clear apertures make: where rays along y, and along x through the
/// middle of those, are cut. Through the stop where `aimed`, else through the paraxial entrance pupil.
///
/// # Errors
/// [`OpticsError::Dark`] for a field of which nothing arrives.
pub fn vignetting_from_apertures(system: &System, aimed: bool) -> Result<Vec<Field>> {
    system.lens().fields.iter().map(|f| of_field(system, f, aimed)).collect()
}

fn of_field(system: &System, field: &Field, aimed: bool) -> Result<Field> {
    let primary = system.lens().primary;
    let aim = system.aim(field, primary);
    let arrive = |places: &[[f64; 2]]| -> Vec<bool> {
        let mut rays = Rays::new(if aimed { aim.through_stop(places) } else { aim.paraxial(places) });
        system.trace(primary, &mut rays, Clip::Apertures, Until::Image);
        (0..rays.len()).map(|i| rays.arrived(i)).collect()
    };
    // a place from which the bundle is seen to both sides
    let inside: Vec<[f64; 2]> =
        (0..=20).map(|i| [0.0, 0.1 * f64::from(i / 2) * if i % 2 == 0 { 1.0 } else { -1.0 }]).collect();
    let Some(first) = arrive(&inside).iter().position(|a| *a) else {
        return Err(OpticsError::Dark {
            what: format!("field ({}, {})", field.x, field.y),
            got: 0,
            asked: inside.len(),
            surface: None,
            why: String::new(),
        });
    };
    let middle = inside[first];
    // as far as the rim of the pupil, by bisection
    let end = |from: [f64; 2], along: [f64; 2]| {
        let ahead = from[0] * along[0] + from[1] * along[1];
        let off = from[0] * from[0] + from[1] * from[1] - ahead * ahead;
        let far = (1.0 - off).max(0.0).sqrt() - ahead;
        let at = |t: f64| [from[0] + t * along[0], from[1] + t * along[1]];
        let (mut lo, mut hi) = (0.0, far);
        if arrive(&[at(far)])[0] {
            return far;
        }
        for _ in 0..24 {
            let t = 0.5 * (lo + hi);
            if arrive(&[at(t)])[0] { lo = t } else { hi = t }
        }
        lo
    };
    let (top, bottom) = (middle[1] + end(middle, [0.0, 1.0]), middle[1] - end(middle, [0.0, -1.0]));
    let dy = 0.5 * (top + bottom);
    let (right, left) = (end([0.0, dy], [1.0, 0.0]), end([0.0, dy], [-1.0, 0.0]));
    // a little inside, so that the rim's rays arrive
    let half = |v: f64| 0.5 * v * (1.0 - 1e-6);
    let clean = |v: f64| if v.abs() < 1e-5 { 0.0 } else { v };
    let vignetting = Vignetting {
        decentre: [clean(0.5 * (right - left)), clean(dy)],
        compression: [clean(1.0 - half(right + left)), clean(1.0 - half(top - bottom))],
        angle_deg: 0.0,
    };
    Ok(Field { vignetting, ..*field })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn rays_inside_the_factors_arrive_and_beyond_do_not() {
        let system = System::new(samples::triplet()).unwrap();
        let fields = vignetting_from_apertures(&system, true).unwrap();
        assert!(fields[0].vignetting.is_none());
        let f = &fields[2];
        let (dy, cy) = (f.vignetting.decentre[1], f.vignetting.compression[1]);
        assert!(cy > 0.05, "{f:?}");
        let arrives = |y: f64| {
            let mut rays = Rays::new(system.aim(f, 1).through_stop(&[[0.0, y]]));
            system.trace(1, &mut rays, Clip::Apertures, Until::Image);
            rays.arrived(0)
        };
        assert!(arrives(dy + 0.999 * (1.0 - cy)) && arrives(dy - 0.999 * (1.0 - cy)));
        assert!(!arrives(dy + 1.001 * (1.0 - cy)) || !arrives(dy - 1.001 * (1.0 - cy)));
    }
}
