//! The operands' formulae, written once for plain numbers and for those with derivatives.

use super::base::Base;
use super::design::{Design, Operand};
use super::model::{First, Model, Trouble};
use super::operand::Quantity;
use super::ray::{Finder, Traced, Which};
use super::real::Real;
use crate::{OpticsError, Result};
use std::f64::consts::{PI, TAU};

/// Part of the stop's radius between the chief ray and the rays beside it that tell its foci.
const BESIDE: f64 = 1e-3;
/// Rays of a rim.
const RIM: usize = 24;
/// Radii at which slopes and departures are looked at.
const RADII: usize = 24;
/// Steps of Gauss' rule across the common part of two pupils, in each direction.
const SHEARED: usize = 8;

/// One operand, with the rays that it needs.
#[derive(Clone, Debug)]
pub(super) struct Task {
    operand: Operand,
    pub rays: Vec<Which>,
    /// Share of each ray in sums over a bundle, or of each pair of rays.
    weights: Vec<f64>,
    /// True where rays of x below 0 are left out, by symmetry.
    half: bool,
    /// True for a bundle of one spoke that stands for the whole pupil, the field being on the axis.
    on_axis: bool,
    /// What the value is asked to be.
    about: f64,
    /// Shear of the pupil of each pair of rays, units of its radius.
    shears: Vec<f64>,
}

/// A lens with the rays of a task.
pub(super) struct Evaluation<'a, R> {
    pub model: &'a Model<'a, R>,
    pub first: &'a First<R>,
    pub rays: &'a [Traced<R>],
}

impl Task {
    /// The task of an operand; `start` are the variables with which shears are found.
    ///
    /// # Errors
    /// [`OpticsError::Dark`] where the rays that tell the pupil's size are lost at the start.
    pub fn new(base: &Base, design: &Design, operand: Operand, _index: usize, start: &[f64]) -> Result<Self> {
        let lens = base.lens();
        let field = operand.field;
        let half = lens.fields[field].x == 0.0 && lens.fields[field].vignetting.is_even();
        let primary = operand.wave.unwrap_or(lens.primary);
        let ray = |field: usize, wave: usize, pupil: [f64; 2]| Which { field, wave, pupil };
        let chief = ray(field, primary, [0.0, 0.0]);
        let mut task =
            Self { operand, rays: vec![], weights: vec![], half, on_axis: false, about: 0.0, shears: vec![] };
        let waves: Vec<usize> = match operand.wave {
            Some(w) => vec![w],
            None => (0..lens.wavelengths.len()).filter(|w| lens.wavelengths[*w].weight > 0.0).collect(),
        };
        let total: f64 = waves.iter().map(|w| lens.wavelengths[*w].weight).sum();
        let share = |w: usize| if total > 0.0 { lens.wavelengths[w].weight / total } else { 1.0 / waves.len() as f64 };
        match operand.quantity {
            Quantity::Spot | Quantity::Rms | Quantity::Opd | Quantity::Wfe => {
                task.on_axis = lens.fields[field].y == 0.0 && half && lens.fields[field].vignetting.is_none();
                let on_axis = task.on_axis;
                for w in &waves {
                    for (place, weight) in bundle(design.rings, design.arms, half, on_axis) {
                        task.rays.push(ray(field, *w, place));
                        task.weights.push(weight * share(*w));
                    }
                }
                // the reference of the path differences
                task.rays.push(ray(field, lens.primary, [0.0, 0.0]));
            }
            Quantity::Cra | Quantity::Height | Quantity::Distortion => task.rays.push(chief),
            Quantity::Lateral => {
                let um = |w: &usize| lens.wavelengths[*w].um;
                let all = 0..lens.wavelengths.len();
                let short = all.clone().min_by(|a, b| um(a).total_cmp(&um(b))).unwrap_or(0);
                let long = all.max_by(|a, b| um(a).total_cmp(&um(b))).unwrap_or(0);
                task.rays.extend([short, long].map(|w| ray(field, w, [0.0, 0.0])));
            }
            Quantity::Tfc => task.rays.extend([BESIDE, -BESIDE].map(|v| ray(field, primary, [0.0, v]))),
            Quantity::Sfc => task.rays.extend([BESIDE, -BESIDE].map(|v| ray(field, primary, [v, 0.0]))),
            Quantity::Trax | Quantity::Tray | Quantity::Opdx => {
                task.rays.push(ray(field, lens.primary, [0.0, 0.0]));
                task.rays.push(ray(field, primary, [0.0, 0.0]));
                task.rays.push(ray(field, primary, operand.pupil));
            }
            Quantity::Reax | Quantity::Reay => task.rays.push(ray(field, primary, operand.pupil)),
            Quantity::Ri => {
                let rim = |i: usize| {
                    let (sin, cos) = (TAU * i as f64 / RIM as f64).sin_cos();
                    ray(field, primary, [cos, sin])
                };
                task.rays.extend((0..RIM).map(rim));
                let axis = (0..lens.fields.len()).find(|f| lens.fields[*f].y == 0.0 && lens.fields[*f].x == 0.0);
                let Some(axis) = axis else {
                    return Err(OpticsError::value(
                        "RI",
                        "without an axis",
                        "it is compared with a field of 0, 0: add one",
                    ));
                };
                task.rays.push(ray(axis, primary, [0.0, 1.0]));
            }
            Quantity::Mtft | Quantity::Mtfs | Quantity::Mtfa => task.sheared(base, &waves, &share, start)?,
            Quantity::Et | Quantity::Semi | Quantity::Slope | Quantity::Inflection | Quantity::Departure
                if operand.radius_mm.is_none() =>
            {
                let full = (0..lens.fields.len())
                    .max_by(|a, b| {
                        let size = |f: usize| lens.fields[f].x.hypot(lens.fields[f].y);
                        size(*a).total_cmp(&size(*b))
                    })
                    .unwrap_or(0);
                let axis = (0..lens.fields.len()).find(|f| lens.fields[*f].y == 0.0 && lens.fields[*f].x == 0.0);
                task.rays.extend([1.0, -1.0].map(|v| ray(full, lens.primary, [0.0, v])));
                task.rays.extend(axis.map(|a| ray(a, lens.primary, [0.0, 1.0])));
            }
            _ => {}
        }
        Ok(task)
    }

    /// The same, asked to be near another value.
    pub fn about(&self, about: f64) -> Self {
        Self { about, ..self.clone() }
    }

    /// How many values it has.
    pub fn values(&self) -> usize {
        match self.operand.quantity {
            Quantity::Spot => 2 * self.weights.len(),
            Quantity::Opd => self.weights.len(),
            _ => 1,
        }
    }

    /// Pairs of rays whose waves make fringes of the operand's frequency: places of Gauss' rule over the common part of two
    /// pupils, one shear apart. The shear is that of the start; `modulation` makes up for what it changes.
    fn sheared(&mut self, base: &Base, waves: &[usize], share: &dyn Fn(usize) -> f64, start: &[f64]) -> Result<()> {
        let lens = base.lens();
        let model = Model::<f64>::new(base, start).map_err(Trouble::said)?;
        let first = model.first().map_err(Trouble::said)?;
        let finder = Finder::new(base, start, &model, &first).map_err(Trouble::said)?;
        let directions: &[usize] = match self.operand.quantity {
            Quantity::Mtft => &[1],
            Quantity::Mtfs => &[0],
            _ => &[0, 1],
        };
        for k in directions {
            for w in waves {
                let at = |v: f64| {
                    let pupil = if *k == 1 { [0.0, v] } else { [v, 0.0] };
                    let which = Which { field: self.operand.field, wave: *w, pupil };
                    let trail = finder.find(&[which])?.remove(0);
                    finder.trace(&model, &first, &which, &trail)
                };
                let (a, b) = (at(0.9).map_err(Trouble::said)?, at(-0.9).map_err(Trouble::said)?);
                let span = if *k == 1 { a.m - b.m } else { a.l - b.l };
                let wanted = self.operand.frequency * lens.wavelengths[*w].um * 1e-3;
                let shear = (wanted / (span / 1.8)).abs();
                if !(shear < 1.9) {
                    let reason = "a frequency that diffraction passes not at all, or hardly, can be asked of no lens";
                    return Err(OpticsError::value("the frequency of a modulation", self.operand.frequency, reason));
                }
                for (p, weight) in overlap(shear) {
                    for s in [0.5 * shear, -0.5 * shear] {
                        let pupil = if *k == 1 { [p[0], p[1] + s] } else { [p[1] + s, p[0]] };
                        self.rays.push(Which { field: self.operand.field, wave: *w, pupil });
                    }
                    self.weights.push(weight * share(*w) / directions.len() as f64);
                    self.shears.push(if *k == 1 { shear } else { -shear });
                }
            }
        }
        Ok(())
    }

    /// The values: one, or those of a bundle.
    pub fn evaluate<R: Real>(&self, at: &Evaluation<'_, R>) -> std::result::Result<Vec<R>, Trouble> {
        let (model, first, rays) = (at.model, at.first, at.rays);
        let base = model.base;
        let lens = base.lens();
        let o = &self.operand;
        let field = &lens.fields[o.field];
        let one = |v: R| Ok(vec![v]);
        let image = model.facets[model.facets.len() - 1].thickness;
        match o.quantity {
            // near 1/t, 2 t - t^2 phi is the focal length; and it is a number where there is no power
            Quantity::Efl => one(-(first.power * (self.about * self.about)) + 2.0 * self.about),
            Quantity::Bfl => one(first.bfl),
            Quantity::Fno => one(R::of(1.0) / (first.power * first.epd).abs()),
            Quantity::Epd => one(first.epd),
            Quantity::Enp => one(first.enp),
            Quantity::Exp => one(first.exp),
            Quantity::Ttl => {
                let (mut z, mut least, mut most) = (R::of(0.0), R::of(0.0), R::of(0.0));
                for f in &model.facets {
                    (least, most) = (-((-least).max(-z)), most.max(z));
                    z = z + f.thickness;
                }
                one(most.max(z) - least)
            }
            Quantity::Imd => one(image),
            Quantity::Defocus => one(image - first.image),
            Quantity::Mag => one(first.magnification),
            Quantity::Pih => {
                let full = lens.full_field();
                one(first.ideal(base, full.x.hypot(full.y)))
            }
            Quantity::Petzval => {
                let sum = first
                    .steps
                    .iter()
                    .fold(R::of(0.0), |sum, s| sum + s.curvature * (s.after - s.before) / (s.before * s.after));
                one(sum)
            }
            Quantity::Seidel(k) => one(model.seidel(first)[usize::from(k)]),
            Quantity::Axcl => one(model.seidel(first)[5]),
            Quantity::Lacl => one(model.seidel(first)[6]),
            Quantity::Ct => one(model.facets[o.surface.unwrap_or(0)].thickness),
            Quantity::Cv => one(model.facets[o.surface.unwrap_or(0)].curvature),
            Quantity::Et => {
                let s = o.surface.unwrap_or(0);
                let next = (s + 1).min(model.facets.len() - 1);
                let r = self.rim(s, at).max(self.rim(next, at));
                let sag = |i: usize| if i > s && next == s { R::of(0.0) } else { self.sag(model, i, r)[0] };
                one(model.facets[s].thickness + sag(s + 1) - sag(s))
            }
            Quantity::Semi => one(self.rim(o.surface.unwrap_or(0), at)),
            Quantity::Slope => {
                let s = o.surface.unwrap_or(0);
                let rim = self.rim(s, at);
                let slope = |i: usize| {
                    let r = rim * (i as f64 / RADII as f64);
                    (self.sag(model, s, r)[1] * r * 2.0).abs()
                };
                let steepest = (1..=RADII).map(slope).reduce(R::max).unwrap_or(R::of(0.0));
                one(steepest.atan() * (180.0 / PI))
            }
            Quantity::Inflection => {
                let s = o.surface.unwrap_or(0);
                let rim = self.rim(s, at);
                let slope = |i: usize| {
                    let r = rim * (i as f64 / RADII as f64);
                    self.sag(model, s, r)[1] * r * 2.0
                };
                let sign = if first.steps[s].curvature.value() < 0.0 { -1.0 } else { 1.0 };
                let bend = |i: usize| (slope(i + 1) - slope(i)) * (sign * RADII as f64) / rim;
                let least = (0..RADII).map(|i| -bend(i)).reduce(R::max).unwrap_or(R::of(0.0));
                one(-least)
            }
            Quantity::Departure => {
                let s = o.surface.unwrap_or(0);
                let (rim, c) = (self.rim(s, at), first.steps[s].curvature);
                let departure = |i: usize| {
                    let r = rim * (i as f64 / RADII as f64);
                    let r2 = r * r;
                    let e = (-(c * c * r2) + 1.0).max(R::of(1e-6)).sqrt();
                    (self.sag(model, s, r)[0] - c * r2 / (e + 1.0)).abs()
                };
                one((1..=RADII).map(departure).reduce(R::max).unwrap_or(R::of(0.0)))
            }
            Quantity::Glass => one(self.off_the_map(model)),
            Quantity::Reax | Quantity::Reay => {
                let ray = &rays[0];
                let k = usize::from(o.quantity == Quantity::Reay);
                one(o.surface.map_or(if k == 0 { ray.x } else { ray.y }, |s| ray.hits[s][k]))
            }
            Quantity::Trax => one((rays[2].x - rays[0].x) * 1e3),
            Quantity::Tray => one((rays[2].y - rays[0].y) * 1e3),
            Quantity::Opdx => {
                let path = self.path(at, &rays[0]);
                let um = lens.wavelengths[o.wave.unwrap_or(lens.primary)].um;
                one((path(&rays[1]) - path(&rays[2])) / (um * 1e-3))
            }
            Quantity::Spot => Ok(self.spot(at)),
            Quantity::Opd => Ok(self.waves(at)),
            Quantity::Rms => one(norm(&self.spot(at))),
            Quantity::Wfe => one(norm(&self.waves(at))),
            Quantity::Cra => one((rays[0].l.hypot(rays[0].m) / rays[0].n.abs()).atan() * (180.0 / PI)),
            Quantity::Height | Quantity::Distortion => {
                let size = field.x.hypot(field.y);
                if size == 0.0 {
                    return one(R::of(0.0));
                }
                let height = (rays[0].x * field.x + rays[0].y * field.y) / size;
                if o.quantity == Quantity::Height {
                    return one(height);
                }
                one((height / first.ideal(base, size) - 1.0) * 100.0)
            }
            Quantity::Lateral => {
                let size = field.x.hypot(field.y);
                if size == 0.0 {
                    return one(R::of(0.0));
                }
                let along = |r: &Traced<R>| (r.x * field.x + r.y * field.y) / size;
                one((along(&rays[0]) - along(&rays[1])) * 1e3)
            }
            Quantity::Tfc | Quantity::Sfc => {
                let across = o.quantity == Quantity::Sfc;
                let slope = |r: &Traced<R>| if across { r.l / r.n } else { r.m / r.n };
                // both in one plane, where the image is curved
                let level = |r: &Traced<R>| if across { r.x } else { r.y } + (rays[0].z - r.z) * slope(r);
                one(-(level(&rays[0]) - level(&rays[1])) / (slope(&rays[0]) - slope(&rays[1])))
            }
            Quantity::Ri => {
                let mut twice = R::of(0.0);
                for i in 0..RIM {
                    let (p, q) = (&rays[i], &rays[(i + 1) % RIM]);
                    twice = twice + (p.l * q.m - p.m * q.l);
                }
                let axis = rays[RIM].m;
                one(twice.abs() / (axis * axis * (RIM as f64 * (TAU / RIM as f64).sin())))
            }
            Quantity::Mtft | Quantity::Mtfs | Quantity::Mtfa => one(self.modulation(at)),
        }
    }

    /// How far off the axis a surface is used.
    fn rim<R: Real>(&self, surface: usize, at: &Evaluation<'_, R>) -> R {
        match (self.operand.radius_mm, at.model.base.lens().surfaces[surface].clear.outer) {
            (Some(r), _) => R::of(r),
            (None, Some(r)) if self.operand.quantity != Quantity::Semi => R::of(r),
            _ => {
                let height = |r: &Traced<R>| r.hits[surface][0].hypot(r.hits[surface][1]);
                at.rays.iter().map(height).reduce(R::max).unwrap_or(R::of(0.0))
            }
        }
    }

    fn sag<R: Real>(&self, model: &Model<'_, R>, surface: usize, r: R) -> [R; 2] {
        let f = &model.facets[surface];
        model.base.forms[surface].sag(f.curvature, f.conic, &f.series, &f.live, r * r)
    }

    /// How far a model glass lies beyond the map of real ones, in index: above nd = 2.335 - 0.011 Vd, or below
    /// (nd - 1.4) (Vd - 13) = 4.5. Of the built-in glasses of nd 1.48 to 2, 93 in a hundred lie between (`glass.rs` counts them).
    fn off_the_map<R: Real>(&self, model: &Model<'_, R>) -> R {
        let f = &model.facets[self.operand.surface.unwrap_or(0)];
        let [nd, vd] = f.glass;
        let above = nd + vd * 0.011 - 2.335;
        let below = R::of(4.5) / (vd - 13.0).max(R::of(1.0)) - (nd - 1.4);
        above.max(below).max(R::of(0.0))
    }

    /// Shares of the spot's square: distances from its middle, um.
    fn spot<R: Real>(&self, at: &Evaluation<'_, R>) -> Vec<R> {
        let rays = &at.rays[..self.weights.len()];
        let mut middle = [R::of(0.0); 2];
        for (r, w) in rays.iter().zip(&self.weights) {
            middle = [middle[0] + r.x * *w, middle[1] + r.y * *w];
        }
        if self.half {
            middle[0] = R::of(0.0);
        }
        // the spokes that are not traced pull the other way
        if self.on_axis {
            middle[1] = R::of(0.0);
        }
        let each = |(r, w): (&Traced<R>, &f64)| [r.x - middle[0], r.y - middle[1]].map(|v| v * (w.sqrt() * 1e3));
        rays.iter().zip(&self.weights).flat_map(each).collect()
    }

    /// Path of a ray from its start to the sphere about the image point of `chief` through the paraxial exit pupil, as in
    /// [`crate::analysis::wavefront`].
    fn path<'b, R: Real>(
        &self,
        at: &'b Evaluation<'_, R>,
        chief: &Traced<R>,
    ) -> impl Fn(&Traced<R>) -> R + 'b + use<'b, R> {
        let centre = [chief.x, chief.y, chief.z];
        let to_pupil = at.first.exp - chief.z;
        let n = at.model.facets[at.model.facets.len() - 1].index[at.model.base.primary()];
        let far = !(to_pupil.value().abs() < 1e9);
        let radius =
            if far { R::of(1e9) } else { (centre[0] * centre[0] + centre[1] * centre[1] + to_pupil * to_pupil).sqrt() };
        let side = if far { -chief.n.value().signum() } else { (to_pupil.value() * chief.n.value()).signum() };
        move |ray: &Traced<R>| {
            let v = [ray.x - centre[0], ray.y - centre[1], ray.z - centre[2]];
            let along = v[0] * ray.l + v[1] * ray.m + v[2] * ray.n;
            let off2 = v[0] * v[0] + v[1] * v[1] + v[2] * v[2] - along * along;
            let root = (radius * radius - off2).max(R::of(0.0)).sqrt();
            ray.opl + n * ((radius - off2 / (radius + root)) * side - along)
        }
    }

    /// Shares of the wavefront error's square, waves: piston of each wavelength and the common tilt taken away.
    fn waves<R: Real>(&self, at: &Evaluation<'_, R>) -> Vec<R> {
        let count = self.weights.len();
        let path = self.path(at, &at.rays[count]);
        let mut error: Vec<R> = at.rays[..count].iter().map(|r| -path(r)).collect();
        let lens = at.model.base.lens();
        for wave in 0..lens.wavelengths.len() {
            let own: Vec<usize> = (0..count).filter(|i| self.rays[*i].wave == wave).collect();
            let weight: f64 = own.iter().map(|i| self.weights[*i]).sum();
            let mean = own.iter().fold(R::of(0.0), |s, i| s + error[*i] * (self.weights[*i] / weight));
            own.iter().for_each(|i| error[*i] = error[*i] - mean);
        }
        let tilts = match (self.on_axis, self.half) {
            (true, _) => 0..0,
            (_, true) => 1..2,
            (_, false) => 0..2,
        };
        for k in tilts {
            let square: f64 = (0..count).map(|i| self.weights[i] * self.rays[i].pupil[k].powi(2)).sum();
            if square < 1e-12 {
                continue;
            }
            let tilt =
                (0..count).fold(R::of(0.0), |s, i| s + error[i] * (self.weights[i] * self.rays[i].pupil[k] / square));
            (0..count).for_each(|i| error[i] = error[i] - tilt * self.rays[i].pupil[k]);
        }
        let each =
            |(i, e): (usize, &R)| *e * (self.weights[i].sqrt() / (lens.wavelengths[self.rays[i].wave].um * 1e-3));
        error.iter().enumerate().map(each).collect()
    }

    /// Diffraction MTF: the mean of exp(i phase) over pairs of rays whose directions differ by wavelength times frequency, times
    /// the modulation of the perfect lens there. The pairs' shear was that of the start; a phase is nearly as the shear, so it
    /// is scaled to what the frequency wants now.
    fn modulation<R: Real>(&self, at: &Evaluation<'_, R>) -> R {
        let lens = at.model.base.lens();
        let middle = at.rays.iter().fold([R::of(0.0); 3], |s, r| {
            let n = at.rays.len() as f64;
            [s[0] + r.x / n, s[1] + r.y / n, s[2] + r.z / n]
        });
        let phase = |r: &Traced<R>| r.opl - (r.x - middle[0]) * r.l - (r.y - middle[1]) * r.m - (r.z - middle[2]) * r.n;
        let mut sum = R::of(0.0);
        // pairs of one wavelength and direction follow each other
        let mut i = 0;
        while i < self.weights.len() {
            let (wave, shear) = (self.rays[2 * i].wave, self.shears[i]);
            let end = (i..self.weights.len())
                .find(|j| self.rays[2 * j].wave != wave || self.shears[*j] != shear)
                .unwrap_or(self.weights.len());
            let um = lens.wavelengths[wave].um * 1e-3;
            let pair = |j: usize| (&at.rays[2 * j], &at.rays[2 * j + 1]);
            let apart = |j: usize| {
                let (a, b) = pair(j);
                if shear > 0.0 { a.m - b.m } else { a.l - b.l }
            };
            let weight: f64 = self.weights[i..end].iter().sum();
            let mean = (i..end).fold(R::of(0.0), |s, j| s + apart(j) * (self.weights[j] / weight));
            let wanted = R::of(um * self.operand.frequency) / mean.abs();
            let (mut re, mut im) = (R::of(0.0), R::of(0.0));
            // about their mean, so that nothing turns fast
            let phases: Vec<R> = (i..end)
                .map(|j| {
                    let (a, b) = pair(j);
                    (phase(a) - phase(b)) * (TAU / um) * wanted
                })
                .collect();
            let about = phases[0].value();
            for (j, p) in (i..end).zip(phases) {
                let (sin, cos) = (p - about).sin_cos();
                (re, im) = (re + cos * self.weights[j], im + sin * self.weights[j]);
            }
            sum = sum + re.hypot(im) * perfect(wanted * (0.5 * shear.abs()));
            i = end;
        }
        sum
    }
}

/// (2 / pi) (acos s - s sqrt(1 - s^2)).
fn perfect<R: Real>(s: R) -> R {
    let v = s.value();
    if v >= 1.0 {
        return R::of(0.0);
    }
    s.chain(crate::analysis::perfect(v), -2.0 * std::f64::consts::FRAC_2_PI * (1.0 - v * v).sqrt())
}

fn norm<R: Real>(list: &[R]) -> R {
    list.iter().fold(R::of(0.0), |s, v| s + *v * *v).sqrt()
}

/// Places of a bundle and their weights, whose sum is 1: Gauss' rule over r^2 on `rings`, `arms` over half the pupil (G. W.
/// Forbes, JOSA A 5, 1943, 1988).
fn bundle(rings: usize, arms: usize, half: bool, on_axis: bool) -> Vec<([f64; 2], f64)> {
    let (arms, angles): (usize, f64) = match (on_axis, half) {
        (true, _) => (1, PI),
        (_, true) => (arms, PI),
        (_, false) => (2 * arms, TAU),
    };
    let mut list = Vec::with_capacity(rings * arms);
    for (s, weight) in gauss(rings) {
        for j in 0..arms {
            // from the top, clockwise: over x above 0 only, where half is enough
            let (sin, cos) = ((j as f64 + 0.5) / arms as f64 * angles).sin_cos();
            let r = (0.5 * (s + 1.0)).sqrt();
            let place = if on_axis { [0.0, r] } else { [r * sin, r * cos] };
            list.push((place, 0.5 * weight / arms as f64));
        }
    }
    list
}

/// Places over the whole pupil and their weights, whose sum is 1: `rings` by `arms`.
pub(crate) fn pupil_rule(rings: usize, arms: usize) -> Vec<([f64; 2], f64)> {
    bundle(rings, arms.div_ceil(2), false, false)
}

/// Places (across, along) and weights, whose sum is 1, over the common part of two unit discs `shear` apart, along the second.
pub(crate) fn overlap(shear: f64) -> Vec<([f64; 2], f64)> {
    let widest = (1.0 - 0.25 * shear * shear).sqrt();
    let mut list = Vec::with_capacity(SHEARED * SHEARED);
    for (a, wa) in gauss(SHEARED) {
        let x = widest * a;
        let high = (1.0 - x * x).sqrt() - 0.5 * shear;
        for (b, wb) in gauss(SHEARED) {
            list.push(([x, high * b], wa * wb * high));
        }
    }
    let total: f64 = list.iter().map(|p| p.1).sum();
    list.iter_mut().for_each(|p| p.1 /= total);
    list
}

/// Gauss-Legendre places and weights over -1..=1, by Newton's method on Legendre's polynomials.
fn gauss(n: usize) -> Vec<(f64, f64)> {
    (0..n)
        .map(|i| {
            let mut x = (PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..50 {
                let (mut p0, mut p1) = (1.0, x);
                for k in 2..=n {
                    let k = k as f64;
                    (p0, p1) = (p1, ((2.0 * k - 1.0) * x * p1 - (k - 1.0) * p0) / k);
                }
                if n == 1 {
                    (p0, p1) = (1.0, x);
                }
                slope = n as f64 * (x * p1 - p0) / (x * x - 1.0);
                let step = p1 / slope;
                x -= step;
                if step.abs() < 1e-16 {
                    break;
                }
            }
            (x, 2.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_integrate_what_they_should() {
        for n in 1..8 {
            let sum = |p: i32| gauss(n).iter().map(|(x, w)| w * x.powi(p)).sum::<f64>();
            assert!(
                (sum(0) - 2.0).abs() < 1e-14 && (sum(2 * n as i32 - 2) - 2.0 / (2.0 * n as f64 - 1.0)).abs() < 1e-13,
                "{n}"
            );
        }
        // mean of y^2 over the unit disc is 1/4, of (x^2 + y^2)^2 1/3
        for half in [true, false] {
            let list = bundle(3, 3, half, false);
            let mean = |f: &dyn Fn(f64, f64) -> f64| list.iter().map(|(p, w)| w * f(p[0], p[1])).sum::<f64>();
            assert!((mean(&|_, _| 1.0) - 1.0).abs() < 1e-14);
            assert!((mean(&|_, y| y * y) - 0.25).abs() < 1e-14);
            assert!((mean(&|x, y| (x * x + y * y).powi(2)) - 1.0 / 3.0).abs() < 1e-14);
            assert!(mean(&|_, y| y).abs() < 1e-14);
        }
        assert_eq!(bundle(3, 3, true, true).len(), 3);
        // the common part of two discs 0.5 apart: its middle is the origin
        let list = overlap(0.5);
        assert!(list.iter().all(|(p, _)| p[0].hypot(p[1].abs() + 0.25) <= 1.0));
        assert!(list.iter().map(|(p, w)| w * p[1]).sum::<f64>().abs() < 1e-14);
    }
}
