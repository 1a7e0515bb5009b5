//! Rays whose coordinates may carry derivatives. The root on an asphere is found with plain numbers; one step of Newton's
//! method from there, with derivatives, gives those of the root exactly (implicit function theorem). The aim at the stop is
//! treated alike.

use super::base::Base;
use super::model::{First, Model, Trouble};
use super::real::{Dual, Real};
use crate::surface::Profile;
use crate::{Kind, Lens, Why};
use std::sync::OnceLock;

/// Steps of Newton's method on a surface before the exact search is asked.
const NEWTON: usize = 20;
/// Steps of the aim at the stop.
const AIM: usize = 30;
/// Height over a surface in mm that counts as on it.
const ON_MM: f64 = 1e-13;

/// Which ray: its field and wavelength by their indices, and its place in the stop in units of its radius, before vignetting
/// factors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Which {
    pub field: usize,
    pub wave: usize,
    pub pupil: [f64; 2],
}

/// How a ray was found: everything the same ray needs to be followed with derivatives.
#[derive(Clone, Debug)]
pub(super) struct Trail {
    /// Place in the plane of the paraxial entrance pupil, mm.
    launch: [f64; 2],
    /// Inverse of the derivatives of the place on the stop with respect to it; nothing for rays that are not aimed.
    inverse: Option<[f64; 4]>,
    /// Paths from the vertex planes to the surfaces.
    roots: Vec<f64>,
}

/// A ray in the image plane: x, y, direction cosines, path; and where it met every surface.
#[derive(Clone, Debug)]
pub(super) struct Traced<R> {
    pub x: R,
    pub y: R,
    /// Off the image plane, where the image is curved.
    pub z: R,
    pub l: R,
    pub m: R,
    pub n: R,
    pub opl: R,
    pub hits: Vec<[R; 2]>,
}

struct Ray<R> {
    at: [R; 3],
    d: [R; 3],
    opl: R,
}

/// What finds rays in a lens: its plain model and first order, and the compiled aspheres for the hard cases.
pub(super) struct Finder<'a> {
    pub model: &'a Model<'a, f64>,
    pub first: &'a First<f64>,
    pairs: Model<'a, Dual<2>>,
    first_pairs: First<Dual<2>>,
    lens: Lens,
    profiles: Vec<OnceLock<Profile>>,
}

impl<'a> Finder<'a> {
    /// `x` are the variables that `model` was made of.
    pub fn new(base: &'a Base, x: &[f64], model: &'a Model<'a, f64>, first: &'a First<f64>) -> Result<Self, Trouble> {
        let constant: Vec<Dual<2>> = x.iter().map(|v| Dual::of(*v)).collect();
        let pairs = Model::new(base, &constant)?;
        let first_pairs = pairs.first()?;
        let lens = base.lens_at(x).map_err(|_| Trouble::Paraxial("its variables make no lens"))?;
        let profiles = lens.surfaces.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { model, first, pairs, first_pairs, lens, profiles })
    }

    /// Finds rays of one field and wavelength by their places in the pupil, the first of which should be its middle.
    pub fn find(&self, rays: &[Which]) -> Result<Vec<Trail>, Trouble> {
        let base = self.model.base;
        let stop = base.lens().stop();
        let plane = self.model.facets[stop].curvature == 0.0 && self.model.facets[stop].series.is_empty();
        let aimed = base.aimed && !(stop == 0 && plane);
        let scale = 2.0 * self.first.stop_radius / self.first.epd;
        let mut known: Vec<(usize, usize, [f64; 2])> = Vec::new();
        rays.iter()
            .map(|r| {
                let goal = base.place(r).map(|v| v * self.first.stop_radius);
                if !aimed {
                    let launch = goal.map(|v| v / scale);
                    let mut trail = Trail { launch, inverse: None, roots: vec![] };
                    self.roots(r, &mut trail)?;
                    return Ok(trail);
                }
                let found = known.iter().find(|k| (k.0, k.1) == (r.field, r.wave)).map(|k| k.2);
                let middle = match found {
                    Some(middle) => middle,
                    None => {
                        let middle = self.middle(r, scale)?;
                        known.push((r.field, r.wave, middle));
                        middle
                    }
                };
                let start = [middle[0] + goal[0] / scale, middle[1] + goal[1] / scale];
                let (launch, inverse) = self.aim(r, 1.0, goal, start, middle)?;
                let mut trail = Trail { launch, inverse: Some(inverse), roots: vec![] };
                self.roots(r, &mut trail)?;
                Ok(trail)
            })
            .collect()
    }

    /// The launch of the ray through the middle of the stop, the field brought in by degrees where it must.
    fn middle(&self, ray: &Which, scale: f64) -> Result<[f64; 2], Trouble> {
        let _ = scale;
        match self.aim(ray, 1.0, [0.0; 2], [0.0; 2], [0.0; 2]) {
            Ok((at, _)) => Ok(at),
            Err(_) => {
                let mut at = [0.0; 2];
                for i in 1..=8 {
                    at = self.aim(ray, f64::from(i) / 8.0, [0.0; 2], at, at)?.0;
                }
                Ok(at)
            }
        }
    }

    /// Newton's method on the launch, with exact derivatives.
    fn aim(
        &self,
        ray: &Which,
        share: f64,
        goal: [f64; 2],
        start: [f64; 2],
        back: [f64; 2],
    ) -> Result<([f64; 2], [f64; 4]), Trouble> {
        let base = self.model.base;
        let stop = base.lens().stop();
        let radius = 0.5 * self.first.epd;
        let tolerance = 1e-12 * (1.0 + self.first.stop_radius);
        let mut at = start;
        let mut trouble = Trouble::Lost { surface: stop + 1, why: Why::Missed };
        for _ in 0..AIM {
            let launch = [Dual::<2>::variable(at[0], 0), Dual::variable(at[1], 1)];
            let start = launched(base, &self.first_pairs, ray.field, share, launch);
            let hit = match self.follow(&self.pairs, ray.wave, start, None, Some(stop)) {
                Ok((t, _)) => t.hits[stop],
                Err(t) => {
                    trouble = t;
                    at = [0.5 * (at[0] + back[0]), 0.5 * (at[1] + back[1])];
                    continue;
                }
            };
            let miss = [goal[0] - hit[0].v, goal[1] - hit[1].v];
            let [[a, b], [c, d]] = [hit[0].d, hit[1].d];
            let det = a * d - b * c;
            if !(det.abs() > 1e-12) {
                return Err(trouble);
            }
            let inverse = [d / det, -b / det, -c / det, a / det];
            if miss[0].hypot(miss[1]) < tolerance {
                return Ok((at, inverse));
            }
            let mut step = [inverse[0] * miss[0] + inverse[1] * miss[1], inverse[2] * miss[0] + inverse[3] * miss[1]];
            let far = step[0].hypot(step[1]) / (0.5 * radius + 0.5 * (at[0] - back[0]).hypot(at[1] - back[1]));
            if far > 1.0 {
                step = step.map(|v| v / far);
            }
            at = [at[0] + step[0], at[1] + step[1]];
        }
        Err(trouble)
    }

    fn roots(&self, ray: &Which, trail: &mut Trail) -> Result<(), Trouble> {
        let start = launched(self.model.base, self.first, ray.field, 1.0, trail.launch);
        trail.roots = self.follow(self.model, ray.wave, start, None, None)?.1;
        Ok(())
    }

    /// The ray of a trail in a model of the same lens.
    pub fn trace<R: Real>(
        &self,
        model: &Model<R>,
        first: &First<R>,
        ray: &Which,
        trail: &Trail,
    ) -> Result<Traced<R>, Trouble> {
        let base = model.base;
        let mut launch = trail.launch.map(R::of);
        let stop = base.lens().stop();
        let place = base.place(ray);
        match trail.inverse {
            Some([a, b, c, d]) => {
                let start = launched(base, first, ray.field, 1.0, launch);
                let (on_stop, _) = self.follow(model, ray.wave, start, Some(&trail.roots), Some(stop))?;
                let hit = on_stop.hits[stop];
                let miss = [first.stop_radius * place[0] - hit[0], first.stop_radius * place[1] - hit[1]];
                launch = [launch[0] + miss[0] * a + miss[1] * b, launch[1] + miss[0] * c + miss[1] * d];
            }
            // on the paraxial pupil, whose size may change
            None => launch = place.map(|v| first.epd * (0.5 * v)),
        }
        let start = launched(base, first, ray.field, 1.0, launch);
        Ok(self.follow(model, ray.wave, start, Some(&trail.roots), None)?.0)
    }

    /// Follows a ray to the image, or to a surface. With `roots` the places on the surfaces are known.
    fn follow<R: Real>(
        &self,
        model: &Model<R>,
        wave: usize,
        mut ray: Ray<R>,
        roots: Option<&[f64]>,
        until: Option<usize>,
    ) -> Result<(Traced<R>, Vec<f64>), Trouble> {
        let base = model.base;
        let lens = base.lens();
        let mut before = R::of(1.0);
        let mut in_glass = false;
        let mut hits = Vec::with_capacity(model.facets.len());
        let mut found = Vec::with_capacity(model.facets.len());
        for (i, f) in model.facets.iter().enumerate() {
            let lost = |why| Trouble::Lost { surface: i + 1, why };
            let kind = lens.surfaces[i].kind;
            // to the vertex plane
            if !(ray.d[2].value().abs() > 1e-9) {
                return Err(lost(Why::Missed));
            }
            let t0 = -ray.at[2] / ray.d[2];
            ray.at = [ray.at[0] + t0 * ray.d[0], ray.at[1] + t0 * ray.d[1], R::of(0.0)];
            let [x, y, _] = ray.at;
            if let Kind::ThinLens(focal) = kind {
                ray.opl = ray.opl + t0 * before;
                thin(&mut ray, focal);
                hits.push([x, y]);
                found.push(0.0);
            } else {
                let [l, m, n] = ray.d;
                let form = &base.forms[i];
                let (t, normal) = if f.series.is_empty() {
                    conic(x, y, ray.d, f.curvature, f.conic).ok_or_else(|| lost(Why::Missed))?
                } else {
                    let at = match roots {
                        Some(list) => list[i],
                        None => self
                            .root(i, [x, y].map(|v| v.value()), [l, m, n].map(|v| v.value()))
                            .ok_or_else(|| lost(Why::Missed))?,
                    };
                    let (px, py) = (x + l * at, y + m * at);
                    let [z, g] = form.sag(f.curvature, f.conic, &f.series, &f.live, px * px + py * py);
                    let height = n * at - z;
                    let rate = n - g * 2.0 * (px * l + py * m);
                    let t = -(height / rate) + at;
                    let (px, py) = (x + l * t, y + m * t);
                    let [_, g] = form.sag(f.curvature, f.conic, &f.series, &f.live, px * px + py * py);
                    (t, [-(px * g * 2.0), -(py * g * 2.0), R::of(1.0)])
                };
                found.push(t.value());
                let path = t0 + t;
                if in_glass && path.value() < -1e-9 {
                    return Err(lost(Why::Crossed));
                }
                ray.at = [x + t * l, y + t * m, t * n];
                hits.push([ray.at[0], ray.at[1]]);
                ray.opl = ray.opl + path * before;
                let after = f.index[wave];
                if !bend(&mut ray, normal, before, after, kind == Kind::Reflect) {
                    return Err(lost(Why::TotalReflection));
                }
                in_glass = (after.value() - 1.0).abs() > 1e-12;
                before = after;
            }
            if until == Some(i) {
                break;
            }
            ray.at[2] = ray.at[2] - f.thickness;
        }
        if until.is_none() {
            let t = -ray.at[2] / ray.d[2];
            ray.at = [ray.at[0] + t * ray.d[0], ray.at[1] + t * ray.d[1], R::of(0.0)];
            ray.opl = ray.opl + t * before;
            if let Some(image) = &lens.image {
                let beyond = Trouble::Lost { surface: model.facets.len() + 1, why: Why::Missed };
                let (t, _) =
                    conic(ray.at[0], ray.at[1], ray.d, R::of(image.curvature()), R::of(image.conic)).ok_or(beyond)?;
                ray.at = [ray.at[0] + t * ray.d[0], ray.at[1] + t * ray.d[1], t * ray.d[2]];
                ray.opl = ray.opl + t * before;
            }
            if !ray.at[0].value().is_finite() || !ray.at[1].value().is_finite() {
                return Err(Trouble::Lost { surface: model.facets.len(), why: Why::Missed });
            }
        }
        let ([x, y, z], [l, m, n]) = (ray.at, ray.d);
        Ok((Traced { x, y, z, l, m, n, opl: ray.opl, hits }, found))
    }

    /// The path from the vertex plane to an asphere, in plain numbers: Newton's method from the conic's root; the exact search
    /// where that does not end on the surface inside its domain.
    fn root(&self, surface: usize, [x, y]: [f64; 2], [l, m, n]: [f64; 3]) -> Option<f64> {
        let f = &self.model.facets[surface];
        let form = &self.model.base.forms[surface];
        let clear = self.lens.surfaces[surface].clear.outer;
        let domain = clear.map_or(f64::INFINITY, |r| r * 1.02);
        let (c, k) = (f.curvature, f.conic);
        let e = (x * x + y * y) * c;
        let b = n - (x * l + y * m) * c;
        let disc = b * b - (k * n * n + 1.0) * c * e;
        let mut t = if disc >= 0.0 { e / (b + disc.sqrt().copysign(n)) } else { 0.0 };
        if !t.is_finite() {
            t = 0.0;
        }
        for _ in 0..NEWTON {
            let (px, py) = (x + t * l, y + t * m);
            let [z, g] = form.sag(c, k, &f.series, &[], px * px + py * py);
            let height = t * n - z;
            let rate = n - 2.0 * g * (px * l + py * m);
            if height.abs() < ON_MM * (1.0 + z.abs()) {
                if px.hypot(py) <= domain && rate * n > 0.0 {
                    return Some(t);
                }
                break;
            }
            t -= height / rate;
            if !t.is_finite() {
                break;
            }
        }
        let shape = &self.lens.surfaces[surface].shape;
        let reach = clear.map_or(2.0 * x.hypot(y).max(0.1), |r| r * 1.02);
        let profile = self.profiles[surface].get_or_init(|| Profile::new(shape, reach));
        if !profile.is_finite() {
            return None;
        }
        profile.meet(x, y, [l, m, n])
    }
}

/// The path from the vertex plane to a conic in closed form, and its normal there; nothing where they do not meet.
fn conic<R: Real>(x: R, y: R, [l, m, n]: [R; 3], c: R, k: R) -> Option<(R, [R; 3])> {
    let e = (x * x + y * y) * c;
    let b = n - (x * l + y * m) * c;
    let a = (n * n * k + 1.0) * c;
    let disc = b * b - a * e;
    if !(disc.value() >= 0.0) {
        return None;
    }
    let root = if n.value() < 0.0 { -disc.sqrt() } else { disc.sqrt() };
    let t = e / (b + root);
    let height = -(t * n * (k + 1.0) * c) + 1.0;
    let met = height.value() > 0.0 && t.value().is_finite();
    met.then(|| (t, [-(c * (x + t * l)), -(c * (y + t * m)), height]))
}

/// The ray of a field through a place in the plane of the paraxial entrance pupil, mm; `share` of the field's size.
fn launched<R: Real>(base: &Base, first: &First<R>, field: usize, share: f64, place: [R; 2]) -> Ray<R> {
    let lens = base.lens();
    let f = &lens.fields[field];
    let (u, v) = (first.slope(base, f.x) * share, first.slope(base, f.y) * share);
    match lens.object_mm {
        None => {
            let n = R::of(1.0) / (u * u + v * v + 1.0).sqrt();
            let at = [place[0] - first.enp * u, place[1] - first.enp * v, R::of(0.0)];
            let d = [u * n, v * n, n];
            Ray { at, d, opl: at[0] * d[0] + at[1] * d[1] }
        }
        Some(distance) => {
            let far = first.enp + distance;
            let (ox, oy) = (-(u * far), -(v * far));
            let to = [place[0] - ox, place[1] - oy, far];
            let length = (to[0] * to[0] + to[1] * to[1] + to[2] * to[2]).sqrt();
            let sign = if to[2].value() < 0.0 { -1.0 } else { 1.0 };
            let d = to.map(|v| v * sign / length);
            let t = R::of(distance) / d[2];
            Ray { at: [ox + t * d[0], oy + t * d[1], R::of(0.0)], d, opl: t }
        }
    }
}

/// Refracts or reflects at a normal of any length; false for total reflection. As the kernel of [`crate::System::trace`].
fn bend<R: Real>(ray: &mut Ray<R>, [nx, ny, nz]: [R; 3], before: R, after: R, reflect: bool) -> bool {
    let [l, m, n] = ray.d;
    let p = l * nx + m * ny + n * nz;
    let norm2 = nx * nx + ny * ny + nz * nz;
    if reflect {
        let g = p * 2.0 / norm2;
        ray.d = [l - g * nx, m - g * ny, n - g * nz];
        return true;
    }
    let mu = before / after;
    let mu2 = mu * mu;
    let inside = norm2 * (-mu2 + 1.0) + p * p * mu2;
    if !(inside.value() >= 0.0) {
        return false;
    }
    let root = if p.value() < 0.0 { -inside.sqrt() } else { inside.sqrt() };
    let g = (root - p * mu) / norm2;
    ray.d = [l * mu + g * nx, m * mu + g * ny, n * mu + g * nz];
    true
}

/// An ideal thin lens, as in the kernel of [`crate::System::trace`].
fn thin<R: Real>(ray: &mut Ray<R>, focal: f64) {
    let sign = if ray.d[2].value() < 0.0 { -1.0 } else { 1.0 };
    let u = ray.d[0] / ray.d[2] - ray.at[0] * (sign / focal);
    let v = ray.d[1] / ray.d[2] - ray.at[1] * (sign / focal);
    let n = R::of(sign) / (u * u + v * v + 1.0).sqrt();
    ray.d = [u * n, v * n, n];
    let radius2 = ray.at[0] * ray.at[0] + ray.at[1] * ray.at[1];
    let far = (radius2 + focal * focal).sqrt() + focal.abs();
    ray.opl = ray.opl - radius2 / far * focal.signum();
}
