//! Where rays start: the paraxial entrance pupil, or aimed at places on the real stop.

use super::rays::{Ray, Rays};
use super::system::{Clip, System, Until};
use crate::paraxial::field_slope;
use crate::{Field, FieldKind, Vignetting};

/// Steps of Newton's method when aiming.
const STEPS: usize = 40;

/// Bundles of rays from one field point.
#[derive(Clone, Debug)]
pub struct Aim<'a> {
    system: &'a System,
    wavelength: usize,
    source: Source,
    vignetting: Vignetting,
}

/// Where the light of a field point comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    /// Parallel light of this direction.
    Far([f64; 3]),
    /// A point, from the first vertex in mm.
    Near([f64; 3]),
}

impl System {
    /// The light of a field point at a wavelength's index. A field given by real image height is found by its chief
    /// ray at the primary wavelength.
    pub fn aim(&self, field: &Field, wavelength: usize) -> Aim<'_> {
        let lens = self.lens();
        let first = self.first_order();
        let (x, y) = match lens.field_kind {
            FieldKind::RealImageHeight => self.real_height(field),
            _ => (field.x, field.y),
        };
        let slope = |v: f64| field_slope(lens, lens.field_kind, v, first);
        let (u, v) = (slope(x), slope(y));
        let source = match lens.object_mm {
            None => {
                let n = 1.0 / (1.0 + u * u + v * v).sqrt();
                Source::Far([u * n, v * n, n])
            }
            Some(d) => Source::Near([-u * (d + first.enp_from_s1), -v * (d + first.enp_from_s1), -d]),
        };
        Aim { system: self, wavelength, source, vignetting: field.vignetting }
    }

    /// The field numbers whose real chief ray meets the image at the height of `field`, by secants along its direction
    /// from the paraxial guess.
    fn real_height(&self, field: &Field) -> (f64, f64) {
        let target = field.x.hypot(field.y);
        if target == 0.0 {
            return (0.0, 0.0);
        }
        let (cx, cy) = (field.x / target, field.y / target);
        let height = |v: f64| {
            let source = self.paraxial_source(cx * v, cy * v);
            let aim = Aim { system: self, wavelength: self.lens().primary, source, vignetting: Vignetting::default() };
            let mut rays = Rays::new(aim.through_stop(&[[0.0, 0.0]]));
            self.trace(aim.wavelength, &mut rays, Clip::Nothing, Until::Image);
            rays.get(0).map(|r| r.at[0] * cx + r.at[1] * cy)
        };
        let (mut a, mut fa) = (0.0, 0.0);
        let mut b = target;
        for _ in 0..30 {
            let Some(fb) = height(b) else {
                // too far out: half the way back
                b = 0.5 * (a + b);
                continue;
            };
            if (fb - target).abs() < 1e-12 * target || fb == fa {
                break;
            }
            let next = b + (target - fb) * (b - a) / (fb - fa);
            (a, fa, b) = (b, fb, next.clamp(0.2 * b, 3.0 * b));
        }
        (cx * b, cy * b)
    }

    fn paraxial_source(&self, x: f64, y: f64) -> Source {
        let first = self.first_order();
        let slope = |v: f64| field_slope(self.lens(), FieldKind::ImageHeight, v, first);
        let (u, v) = (slope(x), slope(y));
        match self.lens().object_mm {
            None => {
                let n = 1.0 / (1.0 + u * u + v * v).sqrt();
                Source::Far([u * n, v * n, n])
            }
            Some(d) => Source::Near([-u * (d + first.enp_from_s1), -v * (d + first.enp_from_s1), -d]),
        }
    }
}

impl Aim<'_> {
    /// The direction of parallel light; nothing for an object at a finite distance.
    pub fn direction(&self) -> Option<[f64; 3]> {
        match self.source {
            Source::Far(d) => Some(d),
            Source::Near(_) => None,
        }
    }

    /// The object point from the first vertex in mm; nothing for an object at infinity.
    pub fn object(&self) -> Option<[f64; 3]> {
        match self.source {
            Source::Far(_) => None,
            Source::Near(p) => Some(p),
        }
    }

    /// The ray through a place in the plane of the paraxial entrance pupil, mm off the axis; it starts in the plane of
    /// the first vertex. Its path is counted from the wavefront through the origin, or from the object point.
    fn through_pupil(&self, x: f64, y: f64) -> Ray {
        let enp = self.system.first_order().enp_from_s1;
        match self.source {
            Source::Far(d) => {
                let at = [x - enp * d[0] / d[2], y - enp * d[1] / d[2], 0.0];
                Ray { at, d, opl: at[0] * d[0] + at[1] * d[1] }
            }
            Source::Near([ox, oy, oz]) => {
                let to = [x - ox, y - oy, enp - oz];
                let length = (to[0] * to[0] + to[1] * to[1] + to[2] * to[2]).sqrt();
                // light goes forward even to a pupil that lies before the object
                let sign = to[2].signum();
                let d = to.map(|v| sign * v / length);
                let t = -oz / d[2];
                Ray { at: [ox + t * d[0], oy + t * d[1], 0.0], d, opl: t }
            }
        }
    }

    /// Rays through places (px, py) of the paraxial entrance pupil, in units of its radius.
    pub fn paraxial(&self, places: &[[f64; 2]]) -> Vec<Ray> {
        let radius = 0.5 * self.system.first_order().epd;
        places.iter().map(|[x, y]| self.through_pupil(x * radius, y * radius)).collect()
    }

    /// Rays through places of the part of the paraxial entrance pupil that the field's vignetting factors leave: the unit circle
    /// becomes their ellipse. What analyses send; the same as [`Aim::paraxial`] for a field without factors.
    pub fn pupil(&self, places: &[[f64; 2]]) -> Vec<Ray> {
        self.paraxial(&places.iter().map(|p| self.vignetting.place(*p)).collect::<Vec<_>>())
    }

    /// Rays that meet the stop's surface at places (px, py) in units of its paraxial radius, by Newton's method on the
    /// entrance pupil; a place that cannot be reached gets the ray that comes nearest. Nothing clips on the way.
    pub fn through_stop(&self, places: &[[f64; 2]]) -> Vec<Ray> {
        let stop = self.system.lens().stop();
        let first = self.system.first_order();
        let (radius, stop_radius) = (0.5 * first.epd, first.stop_semi_diameter_paraxial);
        let scale = stop_radius / radius;
        let goal: Vec<[f64; 2]> = places.iter().map(|p| p.map(|v| v * stop_radius)).collect();
        let landing = |at: &[[f64; 2]]| -> Vec<Option<[f64; 2]>> {
            let mut rays = Rays::new(at.iter().map(|[x, y]| self.through_pupil(*x, *y)));
            self.system.trace(self.wavelength, &mut rays, Clip::Nothing, Until::Surface(stop));
            (0..rays.len()).map(|i| rays.get(i).map(|r| [r.at[0], r.at[1]])).collect()
        };
        // the middle of the stop first, with the field brought in by degrees, then outwards from there
        let centre = self.centre(&landing, scale);
        let mut at: Vec<[f64; 2]> = goal.iter().map(|g| [centre[0] + g[0] / scale, centre[1] + g[1] / scale]).collect();
        self.solve(&landing, &goal, &mut at, centre, scale);
        at.iter().map(|[x, y]| self.through_pupil(*x, *y)).collect()
    }

    /// Newton's method for every ray at once, derivatives by differences, steps limited to a quarter of the pupil.
    fn solve(
        &self,
        landing: &dyn Fn(&[[f64; 2]]) -> Vec<Option<[f64; 2]>>,
        goal: &[[f64; 2]],
        at: &mut [[f64; 2]],
        centre: [f64; 2],
        scale: f64,
    ) {
        let first = self.system.first_order();
        let radius = 0.5 * first.epd;
        let h = 1e-6 * radius;
        let tolerance = 1e-13 * (1.0 + first.stop_semi_diameter_paraxial);
        let mut best = vec![f64::INFINITY; at.len()];
        let mut kept = at.to_vec();
        for _ in 0..STEPS {
            // three rays each: here, a little across, a little upwards
            let probes: Vec<[f64; 2]> = at.iter().flat_map(|[x, y]| [[*x, *y], [x + h, *y], [*x, y + h]]).collect();
            let found = landing(&probes);
            let mut open = false;
            for i in 0..at.len() {
                let [Some(p), Some(px), Some(py)] = [found[3 * i], found[3 * i + 1], found[3 * i + 2]] else {
                    // lost on the way: back towards the middle, or to the best so far
                    let to = if best[i].is_finite() { kept[i] } else { centre };
                    at[i] = [0.5 * (at[i][0] + to[0]), 0.5 * (at[i][1] + to[1])];
                    open = true;
                    continue;
                };
                let miss = [goal[i][0] - p[0], goal[i][1] - p[1]];
                let size = miss[0].hypot(miss[1]);
                if size < best[i] {
                    best[i] = size;
                    kept[i] = at[i];
                }
                if size < tolerance {
                    continue;
                }
                open = true;
                let (a, b) = ((px[0] - p[0]) / h, (py[0] - p[0]) / h);
                let (c, d) = ((px[1] - p[1]) / h, (py[1] - p[1]) / h);
                let det = a * d - b * c;
                let mut step = if det.abs() > 1e-6 * scale * scale {
                    [(d * miss[0] - b * miss[1]) / det, (a * miss[1] - c * miss[0]) / det]
                } else {
                    [miss[0] / scale, miss[1] / scale]
                };
                let far = step[0].hypot(step[1])
                    / (0.25 * radius + 0.25 * (at[i][0] - centre[0]).hypot(at[i][1] - centre[1]));
                if far > 1.0 {
                    step = step.map(|v| v / far);
                }
                at[i] = [at[i][0] + step[0], at[i][1] + step[1]];
            }
            if !open {
                break;
            }
        }
        at.copy_from_slice(&kept);
    }

    /// The place in the entrance pupil's plane whose ray meets the middle of the stop.
    fn centre(&self, landing: &dyn Fn(&[[f64; 2]]) -> Vec<Option<[f64; 2]>>, scale: f64) -> [f64; 2] {
        if self.system.lens().stop() == 0 && self.system.lens().surfaces[0].shape.sag(0.0, 0.0).is_some() {
            // a stop at the front is its own pupil
            return [0.0, 0.0];
        }
        let mut at = [[0.0, 0.0]];
        if landing(&at)[0].is_none() {
            // pupil aberration of a wide lens: the field in sixteen steps, each from the place of the one before
            for i in 1..16 {
                let part = Aim { source: self.source.part(f64::from(i) / 16.0), ..self.clone() };
                part.solve(&|p| part.landing(p), &[[0.0, 0.0]], &mut at, [0.0, 0.0], scale);
            }
        }
        let from = at[0];
        self.solve(landing, &[[0.0, 0.0]], &mut at, from, scale);
        at[0]
    }

    fn landing(&self, at: &[[f64; 2]]) -> Vec<Option<[f64; 2]>> {
        let mut rays = Rays::new(at.iter().map(|[x, y]| self.through_pupil(*x, *y)));
        self.system.trace(self.wavelength, &mut rays, Clip::Nothing, Until::Surface(self.system.lens().stop()));
        (0..rays.len()).map(|i| rays.get(i).map(|r| [r.at[0], r.at[1]])).collect()
    }
}

impl Source {
    /// A part of the way from the axis out to this field.
    fn part(self, share: f64) -> Self {
        match self {
            Self::Far([l, m, n]) => {
                let (u, v) = (share * l / n, share * m / n);
                let n = 1.0 / (1.0 + u * u + v * v).sqrt();
                Self::Far([u * n, v * n, n])
            }
            Self::Near([x, y, z]) => Self::Near([share * x, share * y, z]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn aimed_rays_meet_the_stop_where_they_should() {
        let system = System::new(samples::triplet()).unwrap();
        let places = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [-0.6, 0.5]];
        let first = system.first_order().stop_semi_diameter_paraxial;
        for field in &system.lens().fields {
            let mut rays = Rays::new(system.aim(field, 0).through_stop(&places));
            system.trace(0, &mut rays, Clip::Nothing, Until::Surface(3));
            for (i, p) in places.iter().enumerate() {
                let at = rays.get(i).unwrap().at;
                assert!((at[0] - p[0] * first).hypot(at[1] - p[1] * first) < 1e-12, "{field:?} {p:?} {at:?}");
            }
        }
    }

    #[test]
    fn vignetting_factors_shape_the_pupil() {
        let mut lens = samples::triplet();
        lens.fields[1].vignetting = Vignetting { decentre: [0.0, -0.1], compression: [0.1, 0.3], angle_deg: 0.0 };
        let system = System::new(lens).unwrap();
        let aim = system.aim(&system.lens().fields[1], 0);
        let top = aim.paraxial(&[[0.0, 0.6], [0.9, -0.1]]);
        assert_eq!(aim.pupil(&[[0.0, 1.0], [1.0, 0.0]])[0].at[1].to_bits(), top[0].at[1].to_bits());
        assert!((aim.pupil(&[[1.0, 0.0]])[0].at[0] - top[1].at[0]).abs() < 1e-15);
        let axis = system.aim(&system.lens().fields[0], 0);
        assert_eq!(axis.pupil(&[[0.3, 0.4]]), axis.paraxial(&[[0.3, 0.4]]));
    }

    #[test]
    fn real_image_heights_are_reached() {
        let mut lens = samples::triplet();
        lens.field_kind = FieldKind::RealImageHeight;
        lens.fields = vec![Field::up(0.0), Field::up(12.0), Field { x: 6.0, ..Field::up(8.0) }];
        let system = System::new(lens).unwrap();
        for field in &system.lens().fields {
            let mut rays = Rays::new(system.aim(field, 1).through_stop(&[[0.0, 0.0]]));
            system.trace(1, &mut rays, Clip::Nothing, Until::Image);
            let at = rays.get(0).unwrap().at;
            assert!((at[0] - field.x).hypot(at[1] - field.y) < 1e-9, "{field:?} {at:?}");
        }
    }

    #[test]
    fn near_objects_send_rays_through_the_pupil() {
        let mut lens = samples::triplet();
        lens.object_mm = Some(500.0);
        lens.field_kind = FieldKind::ObjectHeight;
        lens.fields = vec![Field::up(0.0), Field::up(100.0)];
        let system = System::new(lens).unwrap();
        let enp = system.first_order().enp_from_s1;
        for ray in system.aim(&system.lens().fields[1], 0).paraxial(&[[0.0, 0.0], [0.3, -0.9]]) {
            let back = -500.0 / ray.d[2];
            assert!((ray.at[1] + back * ray.d[1] - 100.0).abs() < 1e-9, "{ray:?}");
            assert!((ray.opl + back).abs() < 1e-9 && enp > 0.0);
        }
    }
}
