//! How much of its light every ray keeps: what surfaces reflect and what glass absorbs, along the traced way.
//!
//! Light is taken as unpolarised before every surface. What one surface polarises and the next one sees is left out: it
//! changes a lens's transmission by the product of two surfaces' differences between the polarisations, a few thousandths at
//! 50 degrees on bare glass.

use super::film::Film;
use super::kernel;
use super::pose::Turn;
use super::rays::{Fate, Rays};
use super::system::{Clip, PIECE, Step, System};
use crate::{Kind, Surface};

/// A surface on the way of light, beside its [`Step`].
#[derive(Clone, Copy, Debug)]
struct Meeting {
    surface: usize,
    /// Index where the light comes from, and that of the medium behind the surface.
    before: f64,
    behind: f64,
    /// True where the light goes back.
    reflects: bool,
    /// True for light that comes from behind.
    reversed: bool,
    /// Absorption of the medium crossed to get here, 1/mm.
    absorption: f64,
}

/// What a ray meets at a surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Incidence {
    /// Cosine of the angle of incidence.
    pub cosine: f64,
    /// Share of the light there that is reflected, the mean of both polarisations.
    pub reflected: f64,
    /// Share of the light that is left behind the surface, of what started.
    pub left: f64,
}

impl System {
    /// Traces rays of one wavelength (its index in the lens) to the image as [`System::trace`] does, and tells the share of
    /// its light that each keeps, 0 for those that are lost: Fresnel's formulae or the thin films of the prescription at every
    /// surface at the ray's own angle, averaged over both polarisations, and what the glass absorbs. Surfaces whose coating is
    /// not stated are bare, mirrors and thin lenses without one lose nothing. About twice the time of a trace for each layer.
    pub fn trace_light(&self, wavelength: usize, rays: &mut Rays, clip: Clip) -> Vec<f64> {
        let light = self.walk(wavelength, &self.steps[wavelength], &self.meetings(wavelength), rays, clip, |_, _| {});
        self.trace(wavelength, rays, clip, super::Until::Image);
        kept(rays, light)
    }

    /// The same, for light that is reflected backwards at the surface of index `back` and forwards again at that of index
    /// `front`; with the share that these two reflect, of what meets them.
    pub(crate) fn trace_ghost_light(
        &self,
        wavelength: usize,
        rays: &mut Rays,
        clip: Clip,
        back: usize,
        front: usize,
    ) -> (Vec<f64>, Vec<f64>) {
        let path = self.ghost_path(wavelength, back, front);
        let all = self.meetings(wavelength);
        let mut meetings = all[..back].to_vec();
        meetings.push(Meeting { reflects: true, ..all[back] });
        let turned = |i: usize| Meeting {
            before: all[i].behind,
            behind: all[i].before,
            reversed: true,
            absorption: all[i + 1].absorption,
            ..all[i]
        };
        meetings.extend((front + 1..back).rev().map(turned));
        meetings.push(Meeting { reflects: true, ..turned(front) });
        meetings.extend_from_slice(&all[front + 1..]);
        let mut reflected = vec![1.0; rays.len()];
        let light = self.walk(wavelength, &path, &meetings, rays, clip, |k, incidences| {
            if meetings[k].reflects {
                reflected.iter_mut().zip(incidences).for_each(|(r, i)| *r *= i.reflected);
            }
        });
        let flat = self.lens().image.is_none();
        kernel::run(self.level, &self.forms, &path, rays, clip == Clip::Apertures, flat, PIECE);
        let light = kept(rays, light);
        let reflected = kept(rays, reflected);
        (light, reflected)
    }

    /// What a ray meets at every surface, as far as it gets; nothing clips it.
    pub(crate) fn incidences(&self, wavelength: usize, ray: super::Ray) -> Vec<Incidence> {
        let mut found = Vec::new();
        let rays = Rays::new([ray]);
        self.walk(wavelength, &self.steps[wavelength], &self.meetings(wavelength), &rays, Clip::Nothing, |_, i| {
            found.extend_from_slice(i);
        });
        found
    }

    /// The share of light that a surface reflects at a cosine of the angle of incidence, met from the front.
    pub(crate) fn reflectance(&self, wavelength: usize, surface: usize, cosine: f64) -> f64 {
        self.film(wavelength, &self.meetings(wavelength)[surface]).split(cosine).reflected
    }

    fn meetings(&self, wavelength: usize) -> Vec<Meeting> {
        let um = self.lens().wavelengths[wavelength].um;
        let mut absorption = 0.0;
        let each = |(step, s): (&Step, &Surface)| {
            let meeting = Meeting {
                surface: step.surface,
                before: step.before,
                behind: step.after,
                reflects: step.reflect,
                reversed: false,
                absorption,
            };
            // a mirror keeps the medium before it
            if s.kind != Kind::Reflect {
                absorption = s.glass.absorption(um);
            }
            meeting
        };
        self.steps[wavelength].iter().zip(&self.lens().surfaces).map(each).collect()
    }

    fn film(&self, wavelength: usize, m: &Meeting) -> Film<'_> {
        let s = &self.lens().surfaces[m.surface];
        Film {
            coating: s.coating.as_ref(),
            before: m.before,
            behind: m.behind,
            mirror: s.kind == Kind::Reflect,
            reversed: m.reversed,
            wavelength_um: self.lens().wavelengths[wavelength].um,
        }
    }

    /// Follows rays surface by surface; `at` is told what each meets there, in the order of the path.
    fn walk(
        &self,
        wavelength: usize,
        path: &[Step],
        meetings: &[Meeting],
        rays: &Rays,
        clip: Clip,
        mut at: impl FnMut(usize, &[Incidence]),
    ) -> Vec<f64> {
        let mut rays = rays.clone();
        let mut light = vec![1.0; rays.len()];
        let mut incidences = vec![Incidence { cosine: 1.0, reflected: 0.0, left: 0.0 }; rays.len()];
        for (k, (step, m)) in path.iter().zip(meetings).enumerate() {
            let start = rays.clone();
            let on_surface = Step { turn_back: None, ..*step };
            kernel::run(self.level, &self.forms, &[on_surface], &mut rays, clip == Clip::Apertures, false, PIECE);
            let film = self.film(wavelength, m);
            let ideal = matches!(self.lens().surfaces[m.surface].kind, Kind::ThinLens(_));
            let plain = film.coating.is_none() && m.before == m.behind && !m.reflects;
            for i in (0..rays.len()).filter(|i| rays.arrived(*i)) {
                let d = [start.l[i], start.m[i], start.n[i]];
                let d = step.turn.as_ref().map_or(d, |turn| turn.apply(d));
                let to = [rays.l[i], rays.m[i], rays.n[i]];
                // the normal is what the direction, times the index, changes along
                let [a, b] = if m.reflects { [1.0, 1.0] } else { [m.before, m.behind] };
                let change = [0, 1, 2].map(|j| b * to[j] - a * d[j]);
                let size = change.iter().map(|v| v * v).sum::<f64>().sqrt();
                let along = (0..3).map(|j| d[j] * change[j]).sum::<f64>();
                let cosine = if size > 1e-12 { (along / size).abs().min(1.0) } else { d[2].abs() };
                let split = film.split(cosine);
                let share = match (ideal || plain, m.reflects) {
                    (true, _) => 1.0,
                    (false, true) => split.reflected,
                    (false, false) => split.transmitted,
                };
                if m.absorption != 0.0 {
                    let length = ((rays.opl[i] - start.opl[i]) / m.before).max(0.0);
                    light[i] *= (-m.absorption * length).exp();
                }
                light[i] *= share;
                incidences[i] =
                    Incidence { cosine, reflected: if ideal { 0.0 } else { split.reflected }, left: light[i] };
            }
            at(k, &incidences);
            if let Some(turn) = &step.turn_back {
                turn_rays(&mut rays, turn);
            }
            rays.z.iter_mut().for_each(|z| *z -= step.thickness);
        }
        light
    }
}

/// Nothing is left of lost rays.
fn kept(rays: &Rays, mut light: Vec<f64>) -> Vec<f64> {
    light.iter_mut().zip(&rays.fate).filter(|(_, f)| **f != Fate::Arrived).for_each(|(l, _)| *l = 0.0);
    light
}

fn turn_rays(rays: &mut Rays, turn: &Turn) {
    for i in 0..rays.len() {
        let at = [rays.x[i] - turn.shift[0], rays.y[i] - turn.shift[1], rays.z[i] - turn.shift[2]];
        [rays.x[i], rays.y[i], rays.z[i]] = turn.apply(at);
        [rays.l[i], rays.m[i], rays.n[i]] = turn.apply([rays.l[i], rays.m[i], rays.n[i]]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::hexapolar;
    use crate::{Coating, Field, Pose, Shape, Until, samples};

    fn light(lens: crate::Lens, field: &Field, places: &[[f64; 2]]) -> Vec<f64> {
        let system = System::new(lens).unwrap();
        let mut rays = Rays::new(system.aim(field, 0).paraxial(places));
        system.trace_light(0, &mut rays, Clip::Apertures)
    }

    #[test]
    fn a_bare_lens_loses_four_percent_a_surface_and_a_coated_one_what_it_says() {
        let mut lens = samples::singlet(1.5168, 50.0, -70.0, 8.0);
        let axis = Field::up(0.0);
        let r = (0.5168f64 / 2.5168).powi(2);
        assert!((light(lens.clone(), &axis, &[[0.0; 2]])[0] - (1.0 - r).powi(2)).abs() < 1e-14);
        // the rim's rays meet the surfaces at angles that are known on a plane: 1 - Fresnel
        lens.surfaces[0].shape = Shape::plane();
        lens.surfaces[1].shape = Shape::plane();
        lens.aperture = crate::Aperture::EntrancePupil(10.0);
        let tilted = light(lens.clone(), &Field::up(40.0), &[[0.0; 2], [0.3, 0.4]]);
        let film =
            Film { coating: None, before: 1.0, behind: 1.5168, mirror: false, reversed: false, wavelength_um: 0.55 };
        let one = film.split(40f64.to_radians().cos()).transmitted;
        assert!(tilted.iter().all(|t| (t - one * one).abs() < 1e-13), "{tilted:?} {one}");
        // what the glass absorbs, along the slanted way
        lens.surfaces[0].glass.internal = vec![[0.55, 0.9, 10.0]];
        let dimmed = light(lens.clone(), &Field::up(40.0), &[[0.0; 2]])[0];
        let length = 8.0 / (1.0 - (40f64.to_radians().sin() / 1.5168).powi(2)).sqrt();
        assert!((dimmed / (one * one) - 0.9f64.powf(length / 10.0)).abs() < 1e-12);
        lens.surfaces.iter_mut().for_each(|s| s.coating = Some(Coating::Ideal(0.01)));
        lens.surfaces[0].glass.internal.clear();
        assert!((light(lens, &Field::up(40.0), &[[0.0; 2]])[0] - 0.99f64.powi(2)).abs() < 1e-14);
    }

    #[test]
    fn rays_stand_where_a_plain_trace_puts_them_and_lost_ones_have_no_light() {
        for lens in [samples::everything(), samples::triplet(), samples::parabolic_mirror(200.0)] {
            let system = System::new(lens).unwrap();
            let field = system.lens().fields[1];
            let mut rays = Rays::new(system.aim(&field, 0).paraxial(&hexapolar(6)));
            let mut plain = rays.clone();
            let light = system.trace_light(0, &mut rays, Clip::Apertures);
            system.trace(0, &mut plain, Clip::Apertures, Until::Image);
            assert_eq!(rays, plain);
            assert!((0..rays.len()).all(|i| rays.arrived(i) == (light[i] > 0.0)), "{light:?}");
        }
    }

    #[test]
    fn tilted_surfaces_are_met_at_their_own_angles() {
        let mut lens = samples::singlet(1.5, f64::INFINITY, f64::INFINITY, 5.0);
        lens.aperture = crate::Aperture::EntrancePupil(1.0);
        let straight = light(lens.clone(), &Field::up(30.0), &[[0.0; 2]])[0];
        for s in &mut lens.surfaces {
            s.pose = Some(Pose { tilt_deg: [-30.0, 0.0, 0.0], ..Pose::default() });
        }
        let turned = light(lens, &Field::up(0.0), &[[0.0; 2]])[0];
        assert!((straight - turned).abs() < 1e-14, "{straight} {turned}");
    }

    #[test]
    fn a_ghost_keeps_what_two_surfaces_reflect_and_the_others_let_through() {
        let mut lens = samples::singlet(1.5, f64::INFINITY, f64::INFINITY, 10.0);
        lens.aperture = crate::Aperture::EntrancePupil(1.0);
        lens.surfaces[0].glass.internal = vec![[0.55, 0.9, 10.0]];
        let system = System::new(lens).unwrap();
        let mut rays = Rays::new(system.aim(&Field::up(0.0), 0).paraxial(&[[0.0; 2]]));
        let (light, reflected) = system.trace_ghost_light(0, &mut rays, Clip::Apertures, 1, 0);
        // into the plate, there and back and there again through 10 mm each, and out
        let exact = 0.96 * 0.04 * 0.04 * 0.96 * 0.9f64.powi(3);
        assert!((light[0] - exact).abs() < 1e-15 && (reflected[0] - 0.0016).abs() < 1e-15, "{light:?} {reflected:?}");
    }
}
