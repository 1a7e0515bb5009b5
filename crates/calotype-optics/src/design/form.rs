//! Departures from the conic as power series whose coefficients may carry derivatives.

use super::place::What;
use super::real::Real;
use crate::surface::forbes::best_fit_coefficients;
use crate::{Form, Shape};

/// Radius in mm below which odd powers are taken to be at the vertex.
const AT_VERTEX_MM: f64 = 1e-9;

/// How the published coefficients of a surface become a series.
#[derive(Clone, Debug)]
pub(super) struct Departure {
    /// Published coefficients at the start.
    pub coefficients: Vec<f64>,
    /// Which number each is.
    places: Vec<What>,
    /// Row i: what coefficient i adds to the series.
    rows: Vec<Vec<f64>>,
    /// True for a series in r, false for one in r^2.
    odd: bool,
    /// True for a departure that is divided by sqrt(1 - c^2 r^2): Forbes' best-fit-sphere form.
    pub along_normal: bool,
}

impl Departure {
    /// That of a shape that is round about the axis, with room for coefficients not yet in it.
    pub fn new(shape: &Shape, more: &[What]) -> Option<Self> {
        let mut plan = Self { coefficients: vec![], places: vec![], rows: vec![], odd: false, along_normal: false };
        match &shape.form {
            Form::Conic | Form::Powers(_) => {
                let mut list = if let Form::Powers(list) = &shape.form { list.clone() } else { vec![] };
                for w in more {
                    match w {
                        What::Power(p) if list.iter().all(|t| t.0 != *p) => list.push((*p, 0.0)),
                        _ => {}
                    }
                }
                plan.odd = list.iter().any(|t| t.0 % 2 == 1);
                for (p, a) in list {
                    let mut row = vec![0.0; if plan.odd { p as usize } else { p as usize / 2 } + 1];
                    if let Some(v) = row.last_mut() {
                        *v = 1.0;
                    }
                    plan.push(What::Power(p), a, row);
                }
            }
            Form::Qbfs { norm_radius, coefficients } | Form::Qcon { norm_radius, coefficients } => {
                plan.along_normal = matches!(shape.form, Form::Qbfs { .. });
                let most =
                    more.iter().filter_map(|w| if let What::Forbes(m) = w { Some(*m as usize + 1) } else { None });
                let count = most.max().unwrap_or(0).max(coefficients.len());
                let basis = if plan.along_normal { best_fit_sphere(count) } else { conic(count) };
                for (m, mut row) in (0..).zip(basis) {
                    let h2 = norm_radius * norm_radius;
                    row.iter_mut().fold(1.0, |scale, v| {
                        *v *= scale;
                        scale / h2
                    });
                    plan.push(What::Forbes(m), coefficients.get(m as usize).copied().unwrap_or(0.0), row);
                }
            }
            _ => return None,
        }
        Some(plan)
    }

    fn push(&mut self, place: What, a: f64, row: Vec<f64>) {
        self.places.push(place);
        self.coefficients.push(a);
        self.rows.push(row);
    }

    /// Which coefficient a number is.
    pub fn place(&self, what: What) -> Option<usize> {
        self.places.iter().position(|p| *p == what)
    }

    /// The series of these coefficients.
    pub fn series<R: Real>(&self, coefficients: &[R]) -> Vec<R> {
        let size = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut sum = vec![R::of(0.0); size];
        for (a, row) in coefficients.iter().zip(&self.rows) {
            for (s, r) in sum.iter_mut().zip(row).filter(|(_, r)| **r != 0.0) {
                *s = *s + *a * *r;
            }
        }
        sum
    }

    /// Coefficient of r^2 of the departure.
    pub fn square<R: Real>(&self, series: &[R]) -> R {
        series.get(if self.odd { 2 } else { 1 }).copied().unwrap_or(R::of(0.0))
    }

    /// Coefficient of r^4 of the departure.
    pub fn fourth<R: Real>(&self, series: &[R], curvature: R, _conic: R) -> R {
        let a = series.get(if self.odd { 4 } else { 2 }).copied().unwrap_or(R::of(0.0));
        if self.along_normal { a + self.square(series) * curvature * curvature * 0.5 } else { a }
    }

    /// Sag and its derivative with respect to r^2, at r^2 = s.
    pub fn sag<R: Real>(&self, curvature: R, conic: R, series: &[R], live: &[usize], s: R) -> [R; 2] {
        let c2 = curvature * curvature;
        let inside = -((conic + 1.0) * c2 * s) + 1.0;
        // beyond the conic's end it goes on flat, so that a search finds its way back
        let e = if inside.value() > 1e-6 { inside.sqrt() } else { R::of(1e-3) };
        let (z, g) = (curvature * s / (e + 1.0), curvature / (e * 2.0));
        if series.is_empty() {
            return [z, g];
        }
        if self.odd {
            let r = s.max(R::of(AT_VERTEX_MM * AT_VERTEX_MM)).sqrt();
            let [p, d] = R::polynomial(series, live, r);
            return [z + p, g + d / (r * 2.0)];
        }
        let [p, d] = R::polynomial(series, live, s);
        if self.along_normal {
            let q = (-(c2 * s) + 1.0).max(R::of(1e-6)).sqrt();
            return [z + p / q, g + d / q + p * c2 / (q * q * q * 2.0)];
        }
        [z + p, g + d]
    }
}

/// Coefficients in u^2 of u^2 (1 - u^2) Q_m, m below `count`: the recurrence of [`best_fit_coefficients`].
fn best_fit_sphere(count: usize) -> Vec<Vec<f64>> {
    let (mut p0, mut p1) = (vec![], vec![2.0]);
    let (mut q0, mut q1): (Vec<f64>, Vec<f64>) = (vec![], vec![]);
    let mut all = Vec::with_capacity(count);
    for (m, [f, g, h]) in best_fit_coefficients().take(count).enumerate() {
        let q = sum(&[(&p1, 1.0 / f), (&q1, -g / f), (&q0, -h / f)]);
        all.push(times(&q, &[0.0, 1.0, -1.0]));
        (q0, q1) = (q1, q);
        let next = if m == 0 { vec![6.0, -8.0] } else { sum(&[(&times(&p1, &[2.0, -4.0]), 1.0), (&p0, -1.0)]) };
        (p0, p1) = (p1, next);
    }
    all
}

/// Coefficients in u^2 of u^4 Q_m of the conic kind.
fn conic(count: usize) -> Vec<Vec<f64>> {
    let (mut q0, mut q1) = (vec![], vec![1.0]);
    let mut all = Vec::with_capacity(count);
    for m in 0..count {
        all.push(times(&q1, &[0.0, 0.0, 1.0]));
        let n = m as f64 + 1.0;
        let next = if m == 0 {
            vec![-5.0, 6.0]
        } else {
            let k = 2.0 * n + 3.0;
            let (rise, rest) = (k * (2.0 * n + 4.0) * (2.0 * n + 2.0), k * 16.0);
            let below = 2.0 * (n - 1.0) * (n + 3.0) * (2.0 * n + 4.0);
            let over = 2.0 * n * (n + 4.0) * (2.0 * n + 2.0);
            sum(&[(&times(&q1, &[-rise - rest, 2.0 * rise]), 1.0 / over), (&q0, -below / over)])
        };
        (q0, q1) = (q1, next);
    }
    all
}

fn times(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; (a.len() + b.len()).saturating_sub(1)];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            out[i + j] += x * y;
        }
    }
    out
}

fn sum(parts: &[(&Vec<f64>, f64)]) -> Vec<f64> {
    let size = parts.iter().map(|p| p.0.len()).max().unwrap_or(0);
    let mut out = vec![0.0; size];
    for (a, share) in parts {
        out.iter_mut().zip(*a).for_each(|(o, v)| *o += v * share);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sags_are_those_of_the_shapes() {
        let q = vec![0.03, -0.01, 0.004, 0.001, -0.0005];
        let forms = [
            Form::Conic,
            Form::Powers(vec![(4, 1e-3), (6, -2e-4), (10, 1e-6)]),
            Form::Powers(vec![(3, 1e-3), (4, -2e-4)]),
            Form::Qbfs { norm_radius: 2.0, coefficients: q.clone() },
            Form::Qcon { norm_radius: 2.0, coefficients: q },
        ];
        for form in forms {
            let conic = if matches!(form, Form::Qbfs { .. }) { 0.0 } else { -0.6 };
            let shape = Shape { radius: -7.0, conic, form };
            let plan = Departure::new(&shape, &[What::Power(8), What::Forbes(6)]).unwrap();
            let series = plan.series(&plan.coefficients);
            for i in 0..20 {
                let r = 0.1 * f64::from(i);
                let [z, g] = plan.sag(shape.curvature(), shape.conic, &series, &[], r * r);
                assert!((z - shape.sag(r, 0.0).unwrap()).abs() < 1e-13, "{shape:?} {r} {z}");
                let slope = (shape.sag(r + 1e-6, 0.0).unwrap() - shape.sag((r - 1e-6).abs(), 0.0).unwrap()) / 2e-6;
                assert!(i == 0 || (2.0 * r * g - slope).abs() < 1e-8, "{shape:?} {r}");
            }
        }
        assert!(
            Departure::new(
                &Shape { radius: 1.0, conic: 0.0, form: Form::Biconic { radius_x: 1.0, conic_x: 0.0 } },
                &[]
            )
            .is_none()
        );
    }
}
