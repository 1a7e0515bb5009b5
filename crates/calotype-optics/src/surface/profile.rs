//! Rotationally symmetric surfaces, compiled: the conic, the departure as a Chebyshev series, and certified bounds.

use super::{Chebyshev, Form, Shape, forbes};

/// Radii at which the slope is sampled to bound it.
const SAMPLES: usize = 512;
/// Rings for which the range of slopes is kept.
const RINGS: usize = 64;
/// Intervals the exact search may look at; a ray needs some ten.
const MOST_INTERVALS: usize = 20_000;

/// Radius in mm below which a ray is at the vertex: odd terms' slopes there are nothing but rounding.
pub(crate) const AT_VERTEX_MM: f64 = 1e-9;

/// In which variable the series runs from -1 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    /// w = 2 r^2 / h^2 - 1.
    Square,
    /// w = 2 r / h - 1, for odd powers.
    Radius,
}

/// A surface z = conic(r) + departure(r) on 0..=domain, with everything a ray needs to meet it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Profile {
    /// Curvature at the vertex, 1/mm.
    pub curvature: f64,
    /// (1 + k) c^2.
    pub kc2: f64,
    /// Conic constant.
    pub conic: f64,
    /// The departure.
    pub series: Chebyshev,
    /// Its variable.
    pub variable: Variable,
    /// w + 1 over r^2 or r.
    pub scale: f64,
    /// Radius in mm inside which the surface exists.
    pub domain: f64,
    /// Least and greatest sag on the domain, certified, mm.
    pub sag: [f64; 2],
    /// Least and greatest slope dz/dr on the domain, certified.
    pub slope: [f64; 2],
    rings: Vec<[f64; 2]>,
}

impl Profile {
    /// Compiles a round shape for 0..=domain mm; the domain is cut where the conic ends.
    pub fn new(shape: &Shape, domain: f64) -> Self {
        let c = shape.curvature();
        let bfs = matches!(shape.form, Form::Qbfs { .. });
        let conic = if bfs { 0.0 } else { shape.conic };
        let kc2 = (1.0 + conic) * c * c;
        let end = if kc2 > 0.0 { (0.9999 / kc2).sqrt() } else { f64::INFINITY };
        let domain = domain.min(end);
        let h2 = domain * domain;
        let (series, variable) = match &shape.form {
            Form::Powers(list) if list.iter().any(|(p, _)| p % 2 == 1) => {
                (Chebyshev::of_powers(list, domain, 1), Variable::Radius)
            }
            Form::Powers(list) => (Chebyshev::of_powers(list, domain, 2), Variable::Square),
            Form::Qbfs { norm_radius, coefficients } => {
                let departure = |w: f64| {
                    let r2 = 0.5 * (w + 1.0) * h2;
                    forbes::qbfs(r2 / (norm_radius * norm_radius), coefficients) / (1.0 - c * c * r2).sqrt()
                };
                (Chebyshev::of_function(departure), Variable::Square)
            }
            Form::Qcon { norm_radius, coefficients } => {
                let departure = |w: f64| forbes::qcon(0.5 * (w + 1.0) * h2 / (norm_radius * norm_radius), coefficients);
                (Chebyshev::of_function(departure), Variable::Square)
            }
            _ => (Chebyshev::default(), Variable::Square),
        };
        let scale = if variable == Variable::Square { 2.0 / h2 } else { 2.0 / domain };
        let mut profile = Self {
            curvature: c,
            kc2,
            conic,
            series,
            variable,
            scale,
            domain,
            sag: [0.0; 2],
            slope: [0.0; 2],
            rings: vec![],
        };
        profile.bound();
        profile
    }

    /// Sag and (dz/dr)/r at r^2 mm^2.
    pub fn at(&self, r2: f64) -> [f64; 2] {
        let e = (1.0 - self.kc2 * r2).max(0.0).sqrt();
        let [z, slope] = match self.variable {
            Variable::Square => {
                let [z, d] = self.series.at(self.scale * r2 - 1.0);
                [z, 2.0 * self.scale * d]
            }
            Variable::Radius => {
                let r = r2.sqrt();
                let [z, d] = self.series.at(self.scale * r - 1.0);
                [z, self.scale * d / r.max(AT_VERTEX_MM)]
            }
        };
        [self.curvature * r2 / (1.0 + e) + z, self.curvature / e + slope]
    }

    /// Bounds sag and slope: the conic's slope is monotonic, so that its values at the ends of a step bound it between;
    /// the departure's differs from its values at the ends by no more than half a step times the bound of its second
    /// derivative.
    fn bound(&mut self) {
        let h = self.domain;
        let first: f64 = self.series.slope.iter().map(|c| c.abs()).sum();
        let bend = match self.variable {
            Variable::Square => (16.0 * self.series.bend + 4.0 * first) / (h * h),
            Variable::Radius => self.series.bend * self.scale * self.scale,
        };
        let step = h / SAMPLES as f64;
        let slack = 0.5 * step * bend + 1e-12;
        let slope_at = |i: usize| {
            let r = step * i as f64;
            // at the axis the slope of every term but r^1, whose tip no ray sees, is 0
            if i == 0 { 0.0 } else { self.at(r * r)[1] * r }
        };
        let slopes: Vec<f64> = (0..=SAMPLES).map(slope_at).collect();
        let per = SAMPLES / RINGS;
        self.rings = (0..RINGS)
            .map(|ring| {
                let part = &slopes[ring * per..=(ring + 1) * per];
                let [lo, hi] = range(part);
                [lo - slack, hi + slack]
            })
            .collect();
        self.slope = [range(&slopes)[0] - slack, range(&slopes)[1] + slack];
        let steepest = self.slope[0].abs().max(self.slope[1].abs());
        let sags: Vec<f64> = (0..=SAMPLES).map(|i| self.at((step * i as f64).powi(2))[0]).collect();
        let [lo, hi] = range(&sags);
        let slack = 0.5 * step * steepest + 1e-12;
        self.sag = [lo - slack, hi + slack];
    }

    /// The range of slopes between two radii.
    fn slope_between(&self, r0: f64, r1: f64) -> [f64; 2] {
        let ring = |r: f64| ((r / self.domain * RINGS as f64) as usize).min(RINGS - 1);
        let part = &self.rings[ring(r0)..=ring(r1)];
        part.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[lo, hi], [a, b]| [lo.min(*a), hi.max(*b)])
    }

    /// The path from (x, y) on the vertex plane along d to the surface: the first place inside the domain, in the
    /// direction of travel, where the ray goes through from front to back. Every such place is found or excluded by the
    /// certified bounds; nothing where there is none.
    pub fn meet(&self, x: f64, y: f64, d: [f64; 3]) -> Option<f64> {
        let [l, m, n] = d;
        let s2 = l * l + m * m;
        let q0 = x * l + y * m;
        let r2_at = |t: f64| (x + t * l).powi(2) + (y + t * m).powi(2);
        // the slab of the sags, and in it the cylinder of the domain
        if n.abs() < 1e-9 {
            return None;
        }
        let ends = [self.sag[0] / n, self.sag[1] / n];
        let (mut start, mut end) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let h2 = self.domain * self.domain;
        if s2 > 1e-30 {
            let disc = q0 * q0 - s2 * (x * x + y * y - h2);
            if disc < 0.0 {
                return None;
            }
            let middle = -q0 / s2;
            start = start.max(middle - disc.sqrt() / s2);
            end = end.min(middle + disc.sqrt() / s2);
        } else if x * x + y * y > h2 {
            return None;
        }
        if start > end {
            return None;
        }
        // height over the surface along the ray, signed so that it rises where the ray goes through rightly
        let sign = n.signum();
        let height = |t: f64| sign * (t * n - self.at(r2_at(t).min(h2))[0]);
        let rate = |t: f64| sign * (n - self.at(r2_at(t).min(h2))[1] * (q0 + t * s2));
        // dr/dt rises along the ray
        let radial = |t: f64| (q0 + t * s2) / r2_at(t).sqrt().max(1e-150);
        let width = 1e-14 * (1.0 + self.domain);
        let mut open = vec![(start, end)];
        for _ in 0..MOST_INTERVALS {
            let (a, b) = open.pop()?;
            let middle = 0.5 * (a + b);
            let (va, vb) = (radial(a), radial(b));
            let nearest = if va < 0.0 && vb > 0.0 {
                -q0 / s2
            } else if va >= 0.0 {
                a
            } else {
                b
            };
            let farthest = r2_at(a).max(r2_at(b)).sqrt();
            let [lo, hi] = self.slope_between(r2_at(nearest).sqrt(), farthest);
            let products = [lo * va, lo * vb, hi * va, hi * vb];
            let [p0, p1] = range(&products);
            let rates = [sign * n - if sign > 0.0 { p1 } else { -p0 }, sign * n - if sign > 0.0 { p0 } else { -p1 }];
            if rates[0] > 0.0 {
                // rising throughout: one root at most
                if height(a) <= 0.0 && height(b) >= 0.0 {
                    return Some(self.refine(a, b, &height, &rate));
                }
                continue;
            }
            if rates[1] < 0.0 {
                continue; // falling throughout: the ray comes out here, it does not go in
            }
            let steepest = rates[0].abs().max(rates[1].abs());
            if height(middle).abs() > 0.5 * (b - a) * steepest || b - a < width {
                continue;
            }
            open.push((middle, b));
            open.push((a, middle));
        }
        None
    }

    /// The root of a rising function between a and b: Newton's method inside a closing bracket.
    fn refine(&self, mut a: f64, mut b: f64, f: &impl Fn(f64) -> f64, rate: &impl Fn(f64) -> f64) -> f64 {
        let mut t = 0.5 * (a + b);
        for _ in 0..100 {
            let v = f(t);
            if v <= 0.0 {
                a = t;
            }
            if v >= 0.0 {
                b = t;
            }
            let newton = t - v / rate(t);
            let next = if newton > a && newton < b { newton } else { 0.5 * (a + b) };
            if (next - t).abs() < 1e-16 * (1.0 + t.abs()) || b - a < 1e-16 {
                return next;
            }
            t = next;
        }
        t
    }
}

fn range(values: &[f64]) -> [f64; 2] {
    values.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[lo, hi], v| [lo.min(*v), hi.max(*v)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gull() -> Shape {
        Shape { radius: 2.0, conic: -1.0, form: Form::Powers(vec![(4, -0.18), (6, 0.08), (8, -0.03), (10, 0.006)]) }
    }

    #[test]
    fn compiled_profiles_are_the_published_ones() {
        let odd = Shape { radius: -2.2, conic: 1.1, form: Form::Powers(vec![(3, -0.04), (4, -0.02), (5, 0.05)]) };
        let bfs = Shape {
            radius: 9.0,
            conic: 0.0,
            form: Form::Qbfs { norm_radius: 2.0, coefficients: vec![0.1, -0.03, 0.01, 0.002] },
        };
        let con = Shape {
            radius: 9.0,
            conic: -3.0,
            form: Form::Qcon { norm_radius: 2.0, coefficients: vec![0.1, -0.03, 0.01, 0.002] },
        };
        for (shape, h) in [(gull(), 2.0), (odd, 1.4), (bfs, 2.0), (con, 2.0)] {
            let profile = Profile::new(&shape, h);
            for i in 1..100 {
                let r = h * f64::from(i) / 100.0;
                let [z, g] = profile.at(r * r);
                assert!((z - shape.sag(r, 0.0).unwrap()).abs() < 2e-15 * 10.0, "{shape:?} {r}");
                let e = 1e-6;
                let slope = (shape.sag(r + e, 0.0).unwrap() - shape.sag(r - e, 0.0).unwrap()) / (2.0 * e);
                assert!((g * r - slope).abs() < 1e-7, "{shape:?} {r} {} {slope}", g * r);
                assert!(profile.slope[0] <= g * r && g * r <= profile.slope[1]);
                assert!(profile.sag[0] <= z && z <= profile.sag[1]);
                let [lo, hi] = profile.slope_between(r, r);
                assert!(lo <= g * r && g * r <= hi && hi - lo < 0.4 * (1.0 + hi.abs()), "{lo} {hi}");
            }
        }
    }

    #[test]
    fn the_first_way_in_is_found_among_several() {
        // a wave of 0.4 mm depth: flat rays cross it many times
        let wave = Shape { radius: f64::INFINITY, conic: 0.0, form: Form::Powers(vec![(2, 1.0), (4, -1.0), (6, 0.2)]) };
        let profile = Profile::new(&wave, 1.9);
        let f = |t: f64, x: f64, d: [f64; 3]| t * d[2] - wave.sag(x + t * d[0], 0.0).unwrap();
        for (x, angle) in [(-1.5f64, 1.2f64), (-0.5, 1.35), (1.2, -1.3), (0.3, 0.2), (-1.8, 1.45), (0.0, 1.5)] {
            let d = [angle.sin(), 0.0, angle.cos()];
            // brute force: the first upward crossing on the way through the cylinder
            let (from, to) = ((-1.9 - x) / d[0], (1.9 - x) / d[0]);
            let (from, to) = (from.min(to), from.max(to));
            let at = |i: usize| from + (to - from) * i as f64 / 2e5;
            let truth = (0..200_000).find(|i| f(at(*i), x, d) < 0.0 && f(at(*i + 1), x, d) >= 0.0).map(at);
            match (profile.meet(x, 0.0, d), truth) {
                (Some(t), Some(brute)) => {
                    assert!((t - brute).abs() < 1e-4 && f(t, x, d).abs() < 1e-13, "{x} {angle}: {t} {brute}");
                }
                (None, None) => {}
                other => panic!("{x} {angle}: {other:?}"),
            }
        }
    }

    #[test]
    fn rays_that_pass_by_meet_nothing() {
        let profile = Profile::new(&gull(), 2.0);
        assert_eq!(profile.meet(5.0, 0.0, [0.0, 0.0, 1.0]), None);
        assert_eq!(profile.meet(0.0, 5.0, [1.0, 0.0, 0.0]), None);
        assert!(profile.meet(0.0, 0.0, [0.0, 0.0, -1.0]).unwrap().abs() < 1e-15);
    }
}
