//! A lens whose numbers may carry derivatives, and its first and third order.

use super::base::Base;
use super::place::What;
use super::real::Real;
use crate::{Air, Aperture, FieldKind, Kind, LINES_FDC_UM, OpticsError, Why};

/// Why a lens cannot be evaluated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// A ray is lost at a surface, counted from 1.
    Lost { surface: usize, why: Why },
    /// First order has no meaning.
    Paraxial(&'static str),
}

impl Trouble {
    /// As an error of the crate.
    pub fn said(self) -> OpticsError {
        match self {
            Self::Lost { surface, why } => OpticsError::Dark {
                what: "the rays of the merit function".into(),
                got: 0,
                asked: 1,
                surface: Some(surface),
                why: why.to_string(),
            },
            Self::Paraxial(reason) => OpticsError::value("the lens", "without meaning in first order", reason),
        }
    }
}

/// A surface.
#[derive(Clone, Debug)]
pub(super) struct Facet<R> {
    pub curvature: R,
    pub conic: R,
    pub thickness: R,
    /// Coefficients of the departure, in powers of r^2, or of r.
    pub series: Vec<R>,
    /// Indices of those that have derivatives.
    pub live: Vec<usize>,
    /// Index behind it, by wavelength.
    pub index: Vec<R>,
    /// nd and Vd of a model glass behind it.
    pub glass: [R; 2],
}

/// A lens.
#[derive(Clone, Debug)]
pub(super) struct Model<'a, R> {
    pub base: &'a Base,
    pub facets: Vec<Facet<R>>,
}

/// First order at the primary wavelength.
#[derive(Clone, Debug)]
pub(super) struct First<R> {
    /// Power, 1/mm; the focal length is one over it.
    pub power: R,
    pub bfl: R,
    pub enp: R,
    pub epd: R,
    pub stop_radius: R,
    /// Exit pupil from the image plane.
    pub exp: R,
    /// From the last vertex to the paraxial image.
    pub image: R,
    pub magnification: R,
    /// Heights and slopes before and after every surface, of the marginal ray and of the largest field's chief ray.
    pub marginal: Vec<[R; 3]>,
    pub chief: Vec<[R; 3]>,
    pub steps: Vec<Step<R>>,
}

/// A surface as first order sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<R> {
    pub curvature: R,
    pub power: R,
    pub before: R,
    pub after: R,
    pub thickness: R,
}

impl<'a, R: Real> Model<'a, R> {
    /// The lens with its variables at `x`, pickups and solves applied.
    pub fn new(base: &'a Base, x: &[R]) -> Result<Self, Trouble> {
        let lens = base.lens();
        let mut numbers: Vec<[R; 5]> = Vec::with_capacity(lens.surfaces.len());
        let mut terms: Vec<Vec<R>> = Vec::with_capacity(lens.surfaces.len());
        for (s, form) in lens.surfaces.iter().zip(&base.forms) {
            let (nd, vd) = match s.glass.dispersion {
                crate::Dispersion::Model { nd, vd } => (nd, vd),
                _ => (1.0, 1.0),
            };
            numbers.push([s.shape.curvature(), s.thickness, s.shape.conic, nd, vd].map(R::of));
            terms.push(form.coefficients.iter().map(|a| R::of(*a)).collect());
        }
        {
            let mut set = |surface: usize, what: What, v: R| match what {
                What::Curvature => numbers[surface][0] = v,
                What::Thickness => numbers[surface][1] = v,
                What::Conic => numbers[surface][2] = v,
                What::Nd => numbers[surface][3] = v,
                What::Vd => numbers[surface][4] = v,
                What::Power(_) | What::Forbes(_) => {
                    if let Some(i) = base.forms[surface].place(what) {
                        terms[surface][i] = v;
                    }
                }
            };
            for ((v, x), _) in base.variables.iter().zip(x).zip(&base.active).filter(|(_, active)| **active) {
                set(v.place.surface, v.place.what, *x);
            }
        }
        for p in &base.pickups {
            let read = |surface: usize, what: What| match what {
                What::Curvature => numbers[surface][0],
                What::Thickness => numbers[surface][1],
                What::Conic => numbers[surface][2],
                What::Nd => numbers[surface][3],
                What::Vd => numbers[surface][4],
                What::Power(_) | What::Forbes(_) => {
                    base.forms[surface].place(what).map_or(R::of(0.0), |i| terms[surface][i])
                }
            };
            let v = read(p.from, p.place.what) * p.scale + p.offset;
            match p.place.what {
                What::Curvature => numbers[p.place.surface][0] = v,
                What::Thickness => numbers[p.place.surface][1] = v,
                What::Conic => numbers[p.place.surface][2] = v,
                What::Nd => numbers[p.place.surface][3] = v,
                What::Vd => numbers[p.place.surface][4] = v,
                What::Power(_) | What::Forbes(_) => {
                    if let Some(i) = base.forms[p.place.surface].place(p.place.what) {
                        terms[p.place.surface][i] = v;
                    }
                }
            }
        }
        let facet = |i: usize| {
            let [curvature, thickness, conic, nd, vd] = numbers[i];
            let form = &base.forms[i];
            let series = form.series(&terms[i]);
            let live = (0..series.len()).filter(|j| !series[*j].is_constant()).collect();
            let index = if base.models[i] {
                let [f, d, c] = LINES_FDC_UM.map(|l| 1.0 / (l * l));
                let b = (nd - 1.0) / vd / (f - c);
                // relative to the air the lens stands in
                let air = |um: f64| lens.air.map_or(1.0, |air| Air::default().index(um) / air.index(um));
                lens.wavelengths.iter().map(|w| (nd + b * (1.0 / (w.um * w.um) - d)) * air(w.um)).collect()
            } else {
                base.index[i].iter().map(|n| R::of(*n)).collect()
            };
            Facet { curvature, conic, thickness, series, live, index, glass: [nd, vd] }
        };
        let mut model = Self { base, facets: (0..numbers.len()).map(facet).collect() };
        model.solve()?;
        Ok(model)
    }

    fn solve(&mut self) -> Result<(), Trouble> {
        for solve in &self.base.solves {
            match *solve {
                super::design::Solve::Efl { surface, efl } => {
                    // the power is linear in every curvature
                    let keep = self.facets[surface].curvature;
                    let mut at = |c: f64| {
                        self.facets[surface].curvature = R::of(c);
                        power_of(&self.steps(self.base.primary()))
                    };
                    let (zero, one) = (at(0.0), at(1.0));
                    let rate = one - zero;
                    if rate.value().abs() < 1e-9 {
                        self.facets[surface].curvature = keep;
                        return Err(Trouble::Paraxial("no light reaches the surface whose curvature is solved for"));
                    }
                    self.facets[surface].curvature = (R::of(1.0 / efl) - zero) / rate;
                }
                super::design::Solve::Focus { offset } => {
                    let image = self.first()?.image;
                    if !(image.value().abs() < 1e9) {
                        return Err(Trouble::Paraxial("it has no power, so that no image distance can be solved for"));
                    }
                    if let Some(last) = self.facets.last_mut() {
                        last.thickness = image + offset;
                    }
                }
            }
        }
        Ok(())
    }

    /// The surfaces at a wavelength's index.
    pub fn steps(&self, wave: usize) -> Vec<Step<R>> {
        let lens = self.base.lens();
        let mut before = R::of(1.0);
        let each = |(i, f): (usize, &Facet<R>)| {
            let curvature = f.curvature + self.base.forms[i].square(&f.series) * 2.0;
            let sign = if before.value() < 0.0 { -1.0 } else { 1.0 };
            let (after, power) = match lens.surfaces[i].kind {
                Kind::Refract => {
                    let n = f.index[wave] * sign;
                    (n, curvature * (n - before))
                }
                Kind::Reflect => (-before, curvature * before * -2.0),
                Kind::ThinLens(focal) => {
                    let n = f.index[wave] * sign;
                    (n, n / focal)
                }
            };
            let step = Step { curvature, power, before, after, thickness: f.thickness };
            before = after;
            step
        };
        self.facets.iter().enumerate().map(each).collect()
    }

    /// First order.
    pub fn first(&self) -> Result<First<R>, Trouble> {
        let lens = self.base.lens();
        let steps = self.steps(self.base.primary());
        let parallel = paraxial(&steps, R::of(1.0), R::of(0.0));
        let through = paraxial(&steps, R::of(0.0), R::of(1.0));
        let stop = lens.stop();
        let end = steps.len() - 1;
        let last = parallel[end];
        let power = power_of(&steps);
        let (a, b) = (parallel[stop][0], through[stop][0]);
        if a.value().abs() < 1e-12 * (1.0 + b.value().abs()) {
            return Err(Trouble::Paraxial("light from infinity is focused on the stop"));
        }
        let enp = b / a;
        let epd = match lens.aperture {
            Aperture::EntrancePupil(d) => R::of(d),
            Aperture::FNumber(_) if power.value() == 0.0 => {
                return Err(Trouble::Paraxial(
                    "it has no power, so that an f-number gives no pupil; give entrance_pupil_mm",
                ));
            }
            Aperture::FNumber(f) => (R::of(1.0 / f) / power).abs(),
            Aperture::StopRadius(r) => (R::of(2.0 * r) / a).abs(),
            Aperture::ObjectNa(na) => {
                let tangent = na / (1.0 - na * na).sqrt();
                (enp + lens.object_mm.unwrap_or(0.0)).abs() * (2.0 * tangent)
            }
        };
        let chief_y = through[end][0] - enp * last[0];
        let chief_u = through[end][2] - enp * last[2];
        let exp_from_last = -chief_y / chief_u;
        let (axial_y, axial_u, magnification) = match lens.object_mm {
            None => (last[0], last[2], R::of(0.0)),
            Some(d) => {
                let (y, u) = (last[0] * d + through[end][0], last[2] * d + through[end][2]);
                (y, u, R::of(1.0) / (u * steps[end].after))
            }
        };
        let image = -axial_y / axial_u;
        let half = epd * 0.5;
        let (y0, u0) = match lens.object_mm {
            None => (half, R::of(0.0)),
            Some(d) => (half * d / (enp + d), half / (enp + d)),
        };
        let mut first = First {
            power,
            bfl: -last[0] / last[2],
            enp,
            epd,
            stop_radius: (a * half).abs(),
            exp: exp_from_last - steps[end].thickness,
            image,
            magnification,
            marginal: paraxial(&steps, y0, u0),
            chief: vec![],
            steps,
        };
        let full = lens.full_field();
        let slope = first.slope(self.base, full.x.hypot(full.y));
        first.chief = paraxial(&first.steps, -(slope * first.enp), slope);
        Ok(first)
    }

    /// The Seidel sums S1 to S5, axial and lateral colour, as in [`crate::analysis::seidel`].
    pub fn seidel(&self, first: &First<R>) -> [R; 7] {
        let um = |w: &usize| self.base.lens().wavelengths[*w].um;
        let all = 0..self.base.lens().wavelengths.len();
        let short = all.clone().min_by(|a, b| um(a).total_cmp(&um(b))).unwrap_or(0);
        let long = all.max_by(|a, b| um(a).total_cmp(&um(b))).unwrap_or(0);
        let (short, long) = (self.steps(short), self.steps(long));
        let mut sums = [R::of(0.0); 7];
        for (i, f) in self.facets.iter().enumerate() {
            let Step { curvature: c, before: n, after: m, .. } = first.steps[i];
            let ([y, u, v], [yc, uc, _]) = (first.marginal[i], first.chief[i]);
            let (a, ac) = (n * (u + y * c), n * (uc + yc * c));
            let h = a * yc - ac * y;
            let one = R::of(1.0);
            let d_un = v / m - u / n;
            let (d_n, d_n2) = (one / m - one / n, one / (m * m) - one / (n * n));
            let s4 = -(h * h * c * d_n);
            let s5 = -(ac * (ac * ac * y * d_n2 + yc * (a * yc - ac * y * 2.0) * c * d_n));
            let own = f.curvature;
            let g = own * own * own * (f.conic + 1.0) / 8.0 + self.base.forms[i].fourth(&f.series, own, f.conic)
                - c * c * c / 8.0;
            let t = g * 8.0 * (m - n);
            let (dn, dm) = (short[i].before - long[i].before, short[i].after - long[i].after);
            let colour = y * (dm / m - dn / n);
            let list = [
                t * y * y * y * y - a * a * y * d_un,
                t * y * y * y * yc - a * ac * y * d_un,
                t * y * y * yc * yc - ac * ac * y * d_un,
                s4,
                s5 + t * y * yc * yc * yc,
                a * colour,
                ac * colour,
            ];
            sums.iter_mut().zip(list).for_each(|(s, v)| *s = *s + v);
        }
        sums
    }
}

impl<R: Real> First<R> {
    /// Slope of the chief ray of a field number.
    pub fn slope(&self, base: &Base, field: f64) -> R {
        let lens = base.lens();
        match (lens.field_kind, lens.object_mm) {
            (FieldKind::AngleDeg, _) => R::of(field.to_radians().tan()),
            (_, None) => self.power * field,
            (FieldKind::ObjectHeight, Some(d)) => R::of(-field) / (self.enp + d),
            (_, Some(d)) => R::of(-field) / self.magnification / (self.enp + d),
        }
    }

    /// Height of the image that an undistorted lens makes of a field number.
    pub fn ideal(&self, base: &Base, field: f64) -> R {
        match base.lens().field_kind {
            FieldKind::AngleDeg => R::of(field.to_radians().tan()) / self.power,
            FieldKind::ObjectHeight => self.magnification * field,
            FieldKind::ImageHeight | FieldKind::RealImageHeight => R::of(field),
        }
    }
}

/// Heights, and slopes before and after every surface.
fn paraxial<R: Real>(steps: &[Step<R>], mut y: R, mut u: R) -> Vec<[R; 3]> {
    let each = |s: &Step<R>| {
        let after = (s.before * u - y * s.power) / s.after;
        let at = [y, u, after];
        u = after;
        y = y + u * s.thickness;
        at
    };
    steps.iter().map(each).collect()
}

/// The power of the whole, by n' u' = -y phi.
fn power_of<R: Real>(steps: &[Step<R>]) -> R {
    let end = steps.len() - 1;
    -(paraxial(steps, R::of(1.0), R::of(0.0))[end][2] * steps[end].after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::seidel;
    use crate::design::base::Base;
    use crate::{Form, first_order, samples};

    #[test]
    fn first_and_third_order_are_those_of_the_analyses() {
        let mut aspheric = samples::triplet();
        aspheric.surfaces[0].shape.form = Form::Powers(vec![(2, 1e-4), (4, 1e-6), (6, 1e-8)]);
        aspheric.surfaces[0].shape.conic = -0.4;
        aspheric.surfaces[3].shape.form = Form::Qbfs { norm_radius: 6.0, coefficients: vec![0.02, 0.003] };
        aspheric.surfaces[4].shape.form = Form::Qcon { norm_radius: 7.0, coefficients: vec![0.02, -0.01] };
        let mut near = samples::triplet();
        near.object_mm = Some(300.0);
        near.field_kind = FieldKind::ObjectHeight;
        near.fields[2].y = 80.0;
        for lens in [samples::triplet(), aspheric, near, samples::parabolic_mirror(200.0)] {
            let truth = first_order(&lens, lens.primary_um()).unwrap();
            let sums = seidel(&lens).unwrap().unwrap().sum;
            let base = Base::fixed(lens).unwrap();
            let model = Model::<f64>::new(&base, &[]).unwrap();
            let first = model.first().unwrap();
            let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-10 * (1.0 + b.abs()), "{a} {b}");
            close(1.0 / first.power, truth.efl);
            close(first.bfl, truth.bfl);
            close(first.enp, truth.enp_from_s1);
            close(first.exp, truth.exp_from_image);
            close(first.epd, truth.epd);
            close(first.stop_radius, truth.stop_semi_diameter_paraxial);
            close(first.magnification, truth.magnification);
            close(truth.image_distance - first.image, truth.defocus);
            let ours = model.seidel(&first);
            for k in 0..5 {
                close(ours[k], sums.s[k]);
            }
            close(ours[5], sums.cl);
            close(ours[6], sums.ct);
        }
    }
}
