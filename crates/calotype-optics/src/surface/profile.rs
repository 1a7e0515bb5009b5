//! Rotationally symmetric surfaces, compiled: the conic, the departure as a Chebyshev series, and certified bounds.

use super::{Chebyshev, Form, Shape, forbes};

/// Radii at which the slope is sampled to bound it.
const SAMPLES: usize = 512;
/// Rings for which the range of slopes is kept.
const RINGS: usize = 64;
/// Intervals the exact search may look at; a ray needs some ten.
const MOST_INTERVALS: usize = 4000;

/// How often the way before a root is halved to certify it.
const HALVINGS: u32 = 3;
/// Radius in mm below which a ray is at the vertex: odd terms' slopes there are nothing but rounding.
pub(crate) const AT_VERTEX_MM: f64 = 1e-9;

/// Error in mm allowed to the short series of the whole sag.
const ROUGH_MM: f64 = 2e-7;

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
    /// The whole sag, conic and departure, good to about `ROUGH_MM`, in the same variable: where rays look first.
    pub rough: Chebyshev,
    /// w + 1 over r^2 or r.
    pub scale: f64,
    /// Radius in mm inside which the surface exists.
    pub domain: f64,
    /// Least and greatest sag on the domain, certified, mm.
    pub sag: [f64; 2],
    /// Least and greatest slope dz/dr on the domain, certified.
    pub slope: [f64; 2],
    rings: Vec<Ring>,
}

/// Certified ranges on one ring of the domain.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ring {
    slope: [f64; 2],
    sag: [f64; 2],
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
            rough: Chebyshev::default(),
            scale,
            domain,
            sag: [0.0; 2],
            slope: [0.0; 2],
            rings: vec![],
        };
        let sag = |w: f64| {
            let v = (w + 1.0) / scale;
            profile.at(if variable == Variable::Square { v } else { v * v })[0]
        };
        profile.rough = Chebyshev::rough(sag, ROUGH_MM);
        profile.bound();
        profile
    }

    /// True unless the departure is larger than numbers are.
    pub fn is_finite(&self) -> bool {
        self.sag.iter().chain(&self.slope).all(|v| v.abs() < 1e9)
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
        self.slope = [range(&slopes)[0] - slack, range(&slopes)[1] + slack];
        let steepest = self.slope[0].abs().max(self.slope[1].abs());
        let sags: Vec<f64> = (0..=SAMPLES).map(|i| self.at((step * i as f64).powi(2))[0]).collect();
        let per = SAMPLES / RINGS;
        let widened = |values: &[f64], by: f64| {
            let [lo, hi] = range(values);
            [lo - by, hi + by]
        };
        let ring = |ring: usize| {
            let part = ring * per..=(ring + 1) * per;
            let slope = widened(&slopes[part.clone()], slack);
            Ring { slope, sag: widened(&sags[part], 0.5 * step * slope[0].abs().max(slope[1].abs()) + 1e-12) }
        };
        self.rings = (0..RINGS).map(ring).collect();
        self.sag = widened(&sags, 0.5 * step * steepest + 1e-12);
    }

    /// The ranges of slope and sag between two radii.
    fn between(&self, r0: f64, r1: f64) -> Ring {
        let ring = |r: f64| ((r / self.domain * RINGS as f64) as usize).min(RINGS - 1);
        let first = ring(r0);
        let join = |a: [f64; 2], b: [f64; 2]| [a[0].min(b[0]), a[1].max(b[1])];
        let rest = self.rings.get(first + 1..=ring(r1)).unwrap_or_default();
        rest.iter()
            .fold(self.rings[first], |all, r| Ring { slope: join(all.slope, r.slope), sag: join(all.sag, r.sag) })
    }

    /// True if it is certain that a ray does not go through the surface between entering the slab of its sags and the place
    /// at path t: then a root found at t is the first. False says nothing.
    pub fn nothing_before(&self, x: f64, y: f64, d: [f64; 3], t: f64) -> bool {
        let Some(ray) = Line::new(self, x, y, d) else { return false };
        !(t > ray.start) || self.nothing_in(&ray, ray.start, t, HALVINGS)
    }

    /// True if it is certain that a ray does not go through the surface on a piece of its way, which is halved where that
    /// helps.
    fn nothing_in(&self, ray: &Line, a: f64, b: f64, halvings: u32) -> bool {
        let ring = ray.piece(self, a, b);
        let before = if ray.d[2] > 0.0 { ray.d[2] * b < ring.sag[0] } else { ray.d[2] * b > ring.sag[1] };
        if before || ray.rates(ring, a, b)[0] > 0.0 {
            return true;
        }
        let middle = 0.5 * (a + b);
        halvings > 0 && self.nothing_in(ray, middle, b, halvings - 1) && self.nothing_in(ray, a, middle, halvings - 1)
    }

    /// The path from (x, y) on the vertex plane along d to the surface: the first place inside the domain, in the
    /// direction of travel, where the ray goes through from front to back. Every such place is found or excluded by the
    /// certified bounds; nothing where there is none.
    pub fn meet(&self, x: f64, y: f64, d: [f64; 3]) -> Option<f64> {
        let ray = Line::new(self, x, y, d)?;
        let h2 = self.domain * self.domain;
        let sign = d[2].signum();
        // height over the surface along the ray, signed so that it rises where the ray goes through rightly
        let height = |t: f64| sign * (t * d[2] - self.at(ray.r2(t).min(h2))[0]);
        let rate = |t: f64| sign * (d[2] - self.at(ray.r2(t).min(h2))[1] * (ray.q0 + t * ray.s2));
        let width = 1e-14 * (1.0 + self.domain);
        let mut open = vec![(ray.start, ray.end)];
        for _ in 0..MOST_INTERVALS {
            let (a, b) = open.pop()?;
            let ring = ray.piece(self, a, b);
            let rates = ray.rates(ring, a, b);
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
            let middle = 0.5 * (a + b);
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

/// A ray over a profile, between entering the slab of its sags, or the cylinder of its domain, and leaving it.
struct Line {
    d: [f64; 3],
    /// Half the rate of r^2 at the vertex plane.
    q0: f64,
    /// Squared sine of the angle to the axis.
    s2: f64,
    r2: f64,
    start: f64,
    end: f64,
}

impl Line {
    fn new(profile: &Profile, x: f64, y: f64, d: [f64; 3]) -> Option<Self> {
        let [l, m, n] = d;
        if n.abs() < 1e-9 {
            return None;
        }
        let (s2, q0, r2) = (l * l + m * m, x * l + y * m, x * x + y * y);
        let ends = [profile.sag[0] / n, profile.sag[1] / n];
        let (mut start, mut end) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let over = r2 - profile.domain * profile.domain;
        if s2 > 1e-30 {
            let disc = q0 * q0 - s2 * over;
            if disc < 0.0 {
                return None;
            }
            start = start.max((-q0 - disc.sqrt()) / s2);
            end = end.min((-q0 + disc.sqrt()) / s2);
        } else if over > 0.0 {
            return None;
        }
        (start <= end).then_some(Self { d, q0, s2, r2, start, end })
    }

    /// r^2 at a path.
    fn r2(&self, t: f64) -> f64 {
        (self.r2 + t * (2.0 * self.q0 + t * self.s2)).max(0.0)
    }

    /// The ranges of slope and sag at the radii of a piece.
    fn piece(&self, profile: &Profile, a: f64, b: f64) -> Ring {
        let (ra, rb) = (self.r2(a), self.r2(b));
        let (va, vb) = (self.q0 + a * self.s2, self.q0 + b * self.s2);
        let least = if va < 0.0 && vb > 0.0 { self.r2(-self.q0 / self.s2) } else { ra.min(rb) };
        profile.between(least.sqrt(), ra.max(rb).sqrt())
    }

    /// The range of the height's rate n - (dz/dr)(dr/dt) on a piece, signed so that it is positive where the ray goes through
    /// from front to back; dr/dt rises along a ray.
    fn rates(&self, ring: Ring, a: f64, b: f64) -> [f64; 2] {
        let radial = |t: f64| (self.q0 + t * self.s2) / self.r2(t).sqrt().max(1e-150);
        let (va, vb) = (radial(a), radial(b));
        let [lo, hi] = ring.slope;
        let [p0, p1] = range(&[lo * va, lo * vb, hi * va, hi * vb]);
        let n = self.d[2];
        if n > 0.0 { [n - p1, n - p0] } else { [p0 - n, p1 - n] }
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
                let [lo, hi] = profile.between(r, r).slope;
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
