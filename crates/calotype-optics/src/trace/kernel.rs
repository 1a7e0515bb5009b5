//! The trace of a batch: surfaces outside, lanes inside, one vector of rays at a time.
//!
//! A ray that is lost becomes one along the axis, so that its lane stays finite, and its fate says where and why.

use super::pose::Turn;
use super::rays::{Fate, Rays, Why};
use super::system::{Compiled, Step};
use super::wide::{LANES, Mask, Wide};
use crate::surface::{AT_VERTEX_MM, Profile, Variable};
use fearless_simd::{Level, Simd, dispatch};
use rayon::prelude::*;

/// Steps of Newton's method on the short series of a surface before the surface itself is looked at.
const ROUGH: usize = 5;
/// Height over the short series in mm below which one more step ends as near as that series is to the surface.
const NEAR_MM: f64 = 3e-4;
/// Steps of Newton's method before a ray is left to the exact search.
const NEWTON: usize = 9;
/// Height over the surface in mm below which one more step of Newton's method, taken without looking, ends within
/// rounding of the root, and the slope found here serves there.
const CLOSE_MM: f64 = 1e-12;
/// How far, in mm, a ray may go backwards through glass before its surfaces are said to cross.
const BACKWARDS_MM: f64 = -1e-9;

/// The columns of some rays: x, y, z, l, m, n, path.
type Columns<'a> = [&'a mut [f64]; 7];

/// Traces rays through steps, `piece` rays at a time on all cores.
pub(super) fn run(
    level: Level,
    forms: &[Compiled],
    steps: &[Step],
    rays: &mut Rays,
    clip: bool,
    to_image: bool,
    piece: usize,
) {
    let Rays { x, y, z, l, m, n, opl, fate } = rays;
    let vectors = |columns: Columns<'_>, fate: &mut [Fate]| {
        dispatch!(level, simd => piece_of(simd, forms, steps, columns, fate, clip, to_image));
    };
    let work = |columns: Columns<'_>, fate: &mut [Fate]| {
        let (whole, few) = fate.split_at_mut(fate.len() / LANES * LANES);
        let mut columns = columns.map(|c| c.split_at_mut(whole.len()));
        vectors(columns.each_mut().map(|c| &mut *c.0), whole);
        if few.is_empty() {
            return;
        }
        // the last few with rays along the axis beside them
        let mut spare = [[0.0; LANES]; 7];
        spare[5] = [1.0; LANES];
        let mut fates = [Fate::Arrived; LANES];
        fates[..few.len()].copy_from_slice(few);
        for (to, (_, from)) in spare.iter_mut().zip(&columns) {
            to[..few.len()].copy_from_slice(from);
        }
        vectors(spare.each_mut().map(|c| &mut c[..]), &mut fates);
        few.copy_from_slice(&fates[..few.len()]);
        for (from, (_, to)) in spare.iter().zip(columns) {
            to.copy_from_slice(&from[..few.len()]);
        }
    };
    if fate.len() <= piece {
        return work([x, y, z, l, m, n, opl], fate);
    }
    x.par_chunks_mut(piece)
        .zip(y.par_chunks_mut(piece))
        .zip(z.par_chunks_mut(piece))
        .zip(l.par_chunks_mut(piece))
        .zip(m.par_chunks_mut(piece))
        .zip(n.par_chunks_mut(piece))
        .zip(opl.par_chunks_mut(piece))
        .zip(fate.par_chunks_mut(piece))
        .for_each(|(((((((x, y), z), l), m), n), opl), fate)| work([x, y, z, l, m, n, opl], fate));
}

/// Traces whole vectors: the number of rays is a multiple of `LANES`. In one place only, for it is long.
#[inline(always)]
fn piece_of<S: Simd>(
    simd: S,
    forms: &[Compiled],
    steps: &[Step],
    columns: Columns<'_>,
    fate: &mut [Fate],
    clip: bool,
    to_image: bool,
) {
    let [x, y, z, l, m, n, opl] = columns;
    for at in (0..fate.len()).step_by(LANES) {
        let part = at..at + LANES;
        let mut lanes = Lanes {
            x: Wide::from_slice(simd, &x[part.clone()]),
            y: Wide::from_slice(simd, &y[part.clone()]),
            z: Wide::from_slice(simd, &z[part.clone()]),
            l: Wide::from_slice(simd, &l[part.clone()]),
            m: Wide::from_slice(simd, &m[part.clone()]),
            n: Wide::from_slice(simd, &n[part.clone()]),
            opl: Wide::from_slice(simd, &opl[part.clone()]),
        };
        through(simd, forms, steps, &mut lanes, &mut fate[part.clone()], clip, to_image);
        lanes.x.store(&mut x[part.clone()]);
        lanes.y.store(&mut y[part.clone()]);
        lanes.z.store(&mut z[part.clone()]);
        lanes.l.store(&mut l[part.clone()]);
        lanes.m.store(&mut m[part.clone()]);
        lanes.n.store(&mut n[part.clone()]);
        lanes.opl.store(&mut opl[part]);
    }
}

/// A vector of rays.
#[derive(Clone, Copy)]
struct Lanes<S: Simd> {
    x: Wide<S>,
    y: Wide<S>,
    z: Wide<S>,
    l: Wide<S>,
    m: Wide<S>,
    n: Wide<S>,
    opl: Wide<S>,
}

/// A place on a surface: the path to it from the vertex plane, its normal (not of unit length), and which lanes have one.
struct Hit<S: Simd> {
    t: Wide<S>,
    normal: [Wide<S>; 3],
    valid: Mask<S>,
}

#[inline(always)]
fn through<S: Simd>(
    simd: S,
    forms: &[Compiled],
    steps: &[Step],
    r: &mut Lanes<S>,
    fate: &mut [Fate],
    clip: bool,
    to_image: bool,
) {
    let zero = Wide::splat(simd, 0.0);
    let one = Wide::splat(simd, 1.0);
    // a ray that starts as no ray, or was lost before, is lost
    let mut alive = {
        let sum = r.x + r.y + r.z + r.l + r.m + r.opl;
        sum.finite() & (r.n * r.n).gt(1e-18)
    };
    for (i, f) in fate.iter_mut().enumerate() {
        match f {
            Fate::Lost { .. } => alive.set(i, false),
            Fate::Arrived if alive.bits() >> i & 1 == 0 => *f = Fate::Lost { surface: 1, why: Why::Missed },
            Fate::Arrived => {}
        }
    }
    let mut ended = false;
    if !alive.all() {
        bury(simd, r, alive);
        ended = !alive.any();
    }
    for step in steps {
        if ended {
            break;
        }
        if let Some(turn) = &step.turn {
            turned(simd, r, turn);
            let ok = (r.n * r.n).gt(1e-18);
            lose(simd, r, &mut alive, fate, step.surface, ok, Why::Missed);
        }
        // to the vertex plane
        let inverse = one / r.n;
        let t0 = -r.z * inverse;
        r.x = t0.mul_add(r.l, r.x);
        r.y = t0.mul_add(r.m, r.y);
        r.z = zero;
        if let Compiled::Thin { focal } = &forms[step.surface] {
            let radius2 = r.x * r.x + r.y * r.y;
            let ok = radius2.le(step.outer2) & radius2.ge(step.inner2);
            if clip {
                lose(simd, r, &mut alive, fate, step.surface, ok, Why::Clipped);
            }
            r.opl = (t0 * step.before) + r.opl;
            thin(simd, r, *focal);
        } else {
            let hit = match &forms[step.surface] {
                Compiled::Conic { c, .. } if *c == 0.0 => Hit { t: zero, normal: [zero, zero, one], valid: alive },
                Compiled::Conic { c, k } => conic(simd, r, *c, *k),
                Compiled::Round(profile) => round(simd, r, profile, inverse, alive),
                Compiled::Free(surface) => {
                    freeform(simd, r, |x, y, d| surface.meet(x, y, d).map(|(t, zx, zy)| (t, [-zx, -zy, 1.0])), alive)
                }
                Compiled::Thin { .. } => Hit { t: zero, normal: [zero, zero, one], valid: alive },
            };
            // outside the surface altogether: clipped by its rim where the ray passes beyond it
            if (alive & !hit.valid).any() {
                let radius2 = r.x * r.x + r.y * r.y;
                let rim = step.outer2.min(1e18);
                lose(simd, r, &mut alive, fate, step.surface, hit.valid | radius2.le(rim), Why::Clipped);
                lose(simd, r, &mut alive, fate, step.surface, hit.valid, Why::Missed);
            }
            let t = alive.select(hit.t, zero);
            r.x = t.mul_add(r.l, r.x);
            r.y = t.mul_add(r.m, r.y);
            r.z = t * r.n;
            if clip {
                let radius2 = r.x * r.x + r.y * r.y;
                let ok = radius2.le(step.outer2) & radius2.ge(step.inner2);
                lose(simd, r, &mut alive, fate, step.surface, ok, Why::Clipped);
            }
            let path = t0 + t;
            if step.before != 1.0 {
                lose(simd, r, &mut alive, fate, step.surface, path.ge(BACKWARDS_MM), Why::Crossed);
            }
            r.opl = (path * step.before) + r.opl;
            let ok = bend(simd, r, &hit.normal, step);
            lose(simd, r, &mut alive, fate, step.surface, ok, Why::TotalReflection);
        }
        if let Some(turn) = &step.turn_back {
            turned(simd, r, turn);
        }
        ended = !alive.any();
        // the last step of a trace to a surface stays on it
        if to_image || step.surface != steps[steps.len() - 1].surface {
            r.z = r.z - step.thickness;
        }
    }
    if to_image && !ended {
        let steep = (r.n * r.n).gt(1e-18);
        let image = steps.last().map_or(0, |s| s.surface + 1);
        lose(simd, r, &mut alive, fate, image, steep, Why::Missed);
        let t = -r.z / r.n;
        r.x = t.mul_add(r.l, r.x);
        r.y = t.mul_add(r.m, r.y);
        r.z = zero;
        r.opl = (t * steps.last().map_or(1.0, |s| s.after)) + r.opl;
    }
    if !alive.all() {
        bury(simd, r, alive);
    }
}

/// Lets go of the lanes that are not `ok` at the surface of this index.
#[inline(always)]
fn lose<S: Simd>(
    simd: S,
    r: &mut Lanes<S>,
    alive: &mut Mask<S>,
    fate: &mut [Fate],
    surface: usize,
    ok: Mask<S>,
    why: Why,
) {
    let lost = *alive & !ok;
    if lost.any() {
        let bits = lost.bits();
        for (i, f) in fate.iter_mut().enumerate() {
            if bits >> i & 1 == 1 {
                *f = Fate::Lost { surface: surface as u16 + 1, why };
            }
        }
        *alive = *alive & ok;
        bury(simd, r, *alive);
    }
}

/// Makes lanes that are not alive rays along the axis.
#[inline(always)]
fn bury<S: Simd>(simd: S, r: &mut Lanes<S>, alive: Mask<S>) {
    let zero = Wide::splat(simd, 0.0);
    for v in [&mut r.x, &mut r.y, &mut r.z, &mut r.l, &mut r.m, &mut r.opl] {
        *v = alive.select(*v, zero);
    }
    r.n = alive.select(r.n, Wide::splat(simd, 1.0));
}

#[inline(always)]
fn turned<S: Simd>(simd: S, r: &mut Lanes<S>, turn: &Turn) {
    let _ = simd;
    let [a, b, c] = turn.rows;
    let (x, y, z) = (r.x - turn.shift[0], r.y - turn.shift[1], r.z - turn.shift[2]);
    r.x = x * a[0] + y * a[1] + z * a[2];
    r.y = x * b[0] + y * b[1] + z * b[2];
    r.z = x * c[0] + y * c[1] + z * c[2];
    let (l, m, n) = (r.l, r.m, r.n);
    r.l = l * a[0] + m * a[1] + n * a[2];
    r.m = l * b[0] + m * b[1] + n * b[2];
    r.n = l * c[0] + m * c[1] + n * c[2];
}

/// Meets a conic in closed form: of the two roots the one on the sheet of the vertex where the ray goes through from
/// front to back, t = e / (b + sqrt(b^2 - a e)) with the root's sign that of the direction of travel; no cancellation
/// for planes and parabolas.
#[inline(always)]
fn conic<S: Simd>(simd: S, r: &Lanes<S>, c: f64, k: f64) -> Hit<S> {
    let zero = Wide::splat(simd, 0.0);
    let e = (r.x * r.x + r.y * r.y) * c;
    let b = r.n - (r.x * r.l + r.y * r.m) * c;
    let a = (r.n * r.n * k + 1.0) * c;
    let disc = b * b - a * e;
    let root = disc.max(zero).sqrt().copysign(r.n);
    let t = e / (b + root);
    let height = Wide::splat(simd, 1.0) - t * r.n * ((1.0 + k) * c);
    let valid = disc.ge(0.0) & height.gt(0.0) & t.finite();
    let x = t.mul_add(r.l, r.x);
    let y = t.mul_add(r.m, r.y);
    Hit { t, normal: [x * -c, y * -c, height], valid }
}

/// Meets a conic with a departure: Newton's method from the conic's root, accepted where it has converged inside the
/// domain and the certified slopes leave room for one root only; the other lanes, one by one, by the exact search.
#[inline(always)]
fn round<S: Simd>(simd: S, r: &Lanes<S>, p: &Profile, inverse: Wide<S>, alive: Mask<S>) -> Hit<S> {
    let zero = Wide::splat(simd, 0.0);
    let one = Wide::splat(simd, 1.0);
    let start = conic(simd, r, p.curvature, p.conic);
    let mut t = start.valid.select(start.t, zero);
    let mut slope = zero;
    let mut close = alive;
    let mut radius2 = zero;
    let domain2 = Wide::splat(simd, p.domain * p.domain);
    for _ in 0..ROUGH {
        let x = t.mul_add(r.l, r.x);
        let y = t.mul_add(r.m, r.y);
        let [z, g] = rough(simd, p, (x * x + y * y).min(domain2));
        let f = t.mul_add(r.n, -z);
        t = t - f / (r.n - g * (x * r.l + y * r.m));
        if ((f * f).le(NEAR_MM * NEAR_MM) | !alive).all() {
            break;
        }
    }
    let mut inverse_rate = zero;
    for step in 0..NEWTON {
        let x = t.mul_add(r.l, r.x);
        let y = t.mul_add(r.m, r.y);
        radius2 = x * x + y * y;
        let [z, g] = sag(simd, p, radius2);
        slope = g;
        let f = t.mul_add(r.n, -z);
        close = (f * f).le(CLOSE_MM * CLOSE_MM);
        let done = (close | !alive).all();
        // so close the rate of the step before serves
        if step == 0 || !done {
            inverse_rate = one / (r.n - g * (x * r.l + y * r.m));
        }
        t = t - f * inverse_rate;
        if done {
            break;
        }
    }
    // the first root? n - (dz/dr)(dr/dt) keeps its sign, from entering the slab of the sags to here, where the slopes that
    // matter are less steep than the ray
    let s2 = r.l * r.l + r.m * r.m;
    let s = s2.sqrt();
    let size = r.n * one.copysign(r.n);
    let forward = r.n.gt(0.0);
    let lo = Wide::splat(simd, p.slope[0]);
    let hi = Wide::splat(simd, p.slope[1]);
    let outward = forward.select(hi, -lo) * s;
    let inward = forward.select(-lo, hi) * s;
    let q0 = r.x * r.l + r.y * r.m;
    let enter = forward.select(Wide::splat(simd, p.sag[0]), Wide::splat(simd, p.sag[1])) * inverse;
    let (qa, qb) = (s2.mul_add(enter, q0), s2.mul_add(t, q0));
    let single = (outward.lt(size) | qa.max(qb).le(0.0)) & (inward.lt(size) | qa.min(qb).ge(0.0));
    let inside = radius2.le(p.domain * p.domain);
    let found = close & inside;
    let mut valid = found & single;
    let doubtful = alive & !valid;
    if doubtful.any() {
        let (bits, sure) = (doubtful.bits(), found.bits());
        for i in 0..LANES {
            if bits >> i & 1 == 0 {
                continue;
            }
            let (px, py, d) = (r.x.lane(i), r.y.lane(i), [r.l.lane(i), r.m.lane(i), r.n.lane(i)]);
            if sure >> i & 1 == 1 && p.nothing_before(px, py, d, t.lane(i)) {
                valid.set(i, true);
            } else if let Some(root) = p.meet(px, py, d) {
                let (x, y) = (px + root * d[0], py + root * d[1]);
                t.set(i, root);
                slope.set(i, p.at(x * x + y * y)[1]);
                valid.set(i, true);
            }
        }
    }
    let x = t.mul_add(r.l, r.x);
    let y = t.mul_add(r.m, r.y);
    Hit { t, normal: [-(slope * x), -(slope * y), one], valid }
}

/// Sag and (dz/dr)/r at r^2 by the short series of a profile.
#[inline(always)]
fn rough<S: Simd>(simd: S, p: &Profile, radius2: Wide<S>) -> [Wide<S>; 2] {
    match p.variable {
        Variable::Square => {
            let w = radius2 * p.scale - 1.0;
            [clenshaw(simd, &p.rough.value, w), clenshaw(simd, &p.rough.slope, w) * (2.0 * p.scale)]
        }
        Variable::Radius => {
            let radius = radius2.sqrt();
            let w = radius * p.scale - 1.0;
            let slope = clenshaw(simd, &p.rough.slope, w) * p.scale;
            [clenshaw(simd, &p.rough.value, w), slope / radius.max(Wide::splat(simd, AT_VERTEX_MM))]
        }
    }
}

/// Sag and (dz/dr)/r of a compiled profile at r^2.
#[inline(always)]
fn sag<S: Simd>(simd: S, p: &Profile, radius2: Wide<S>) -> [Wide<S>; 2] {
    let one = Wide::splat(simd, 1.0);
    let e = (one - radius2 * p.kc2).max(Wide::splat(simd, 1e-8)).sqrt();
    // c r^2 / (1 + e) and c / e by one division
    let scaled = Wide::splat(simd, p.curvature) / (e * (e + 1.0));
    let (z, g) = (radius2 * e * scaled, (e + 1.0) * scaled);
    match p.variable {
        Variable::Square => {
            let w = radius2 * p.scale - 1.0;
            let dg = clenshaw(simd, &p.series.slope, w);
            [z + clenshaw(simd, &p.series.value, w), g + dg * (2.0 * p.scale)]
        }
        Variable::Radius => {
            let radius = radius2.sqrt();
            let w = radius * p.scale - 1.0;
            let dg = clenshaw(simd, &p.series.slope, w) * p.scale;
            // at the vertex the slope is 0 but for rounding, which the division must not make large
            [z + clenshaw(simd, &p.series.value, w), g + dg / radius.max(Wide::splat(simd, AT_VERTEX_MM))]
        }
    }
}

/// sum c_k T_k(w).
#[inline(always)]
fn clenshaw<S: Simd>(simd: S, series: &[f64], w: Wide<S>) -> Wide<S> {
    let Some((first, rest)) = series.split_first() else { return Wide::splat(simd, 0.0) };
    let twice = w + w;
    let (mut b1, mut b2) = (Wide::splat(simd, 0.0), Wide::splat(simd, 0.0));
    for c in rest.iter().rev() {
        let b0 = twice.mul_add(b1, Wide::splat(simd, *c) - b2);
        (b1, b2) = (b0, b1);
    }
    w.mul_add(b1, Wide::splat(simd, *first) - b2)
}

/// Meets a surface lane by lane.
#[inline(always)]
fn freeform<S: Simd>(
    simd: S,
    r: &Lanes<S>,
    meet: impl Fn(f64, f64, [f64; 3]) -> Option<(f64, [f64; 3])>,
    alive: Mask<S>,
) -> Hit<S> {
    let zero = Wide::splat(simd, 0.0);
    let one = Wide::splat(simd, 1.0);
    let mut hit = Hit { t: zero, normal: [zero, zero, one], valid: alive };
    for i in 0..LANES {
        if alive.bits() >> i & 1 == 0 {
            continue;
        }
        match meet(r.x.lane(i), r.y.lane(i), [r.l.lane(i), r.m.lane(i), r.n.lane(i)]) {
            Some((t, normal)) => {
                hit.t.set(i, t);
                hit.normal[0].set(i, normal[0]);
                hit.normal[1].set(i, normal[1]);
                hit.normal[2].set(i, normal[2]);
            }
            None => hit.valid.set(i, false),
        }
    }
    hit
}

/// Refracts or reflects at a normal N of any length, by d' = mu d + G N, mu = n / n',
/// G = (sign(p) sqrt(N^2 (1 - mu^2) + mu^2 p^2) - mu p) / N^2, p = d N; returns the lanes that are not totally reflected.
#[inline(always)]
fn bend<S: Simd>(simd: S, r: &mut Lanes<S>, normal: &[Wide<S>; 3], step: &Step) -> Mask<S> {
    let zero = Wide::splat(simd, 0.0);
    let [nx, ny, nz] = *normal;
    let p = r.l * nx + r.m * ny + r.n * nz;
    let norm2 = nx * nx + ny * ny + nz * nz;
    if step.reflect {
        let g = (p + p) / norm2;
        r.l = r.l - g * nx;
        r.m = r.m - g * ny;
        r.n = r.n - g * nz;
        return Mask::splat(simd, true);
    }
    let mu = step.before / step.after;
    if mu == 1.0 {
        return Mask::splat(simd, true);
    }
    let inside = norm2 * (1.0 - mu * mu) + p * p * (mu * mu);
    let g = (inside.max(zero).sqrt().copysign(p) - p * mu) / norm2;
    r.l = g.mul_add(nx, r.l * mu);
    r.m = g.mul_add(ny, r.m * mu);
    r.n = g.mul_add(nz, r.n * mu);
    inside.ge(0.0)
}

/// An ideal thin lens: slopes change by -r / f; the path is that of light from infinity along the axis to the focus.
#[inline(always)]
fn thin<S: Simd>(simd: S, r: &mut Lanes<S>, focal: f64) {
    let one = Wide::splat(simd, 1.0);
    let inverse = one / r.n;
    let sign = one.copysign(r.n);
    let u = r.l * inverse - r.x * sign * (1.0 / focal);
    let v = r.m * inverse - r.y * sign * (1.0 / focal);
    let n = sign / (u * u + v * v + 1.0).sqrt();
    (r.l, r.m, r.n) = (u * n, v * n, n);
    let radius2 = r.x * r.x + r.y * r.y;
    let far = (radius2 + focal * focal).sqrt() + focal.abs();
    r.opl = r.opl - radius2 / far * focal.signum();
}

#[cfg(test)]
mod tests {
    use crate::analysis::hexapolar;
    use crate::{Clip, Fate, Field, Form, Ray, Rays, Shape, System, Until, Why, samples};

    #[test]
    fn every_instruction_set_and_any_number_of_rays_agree() {
        let mut lens = samples::triplet();
        lens.surfaces[4].shape.form = Form::Powers(vec![(4, 1e-5), (6, -2e-7), (8, 1e-9)]);
        let fast = System::new(lens).unwrap();
        let plain = fast.clone().plain();
        let all = fast.aim(&Field::up(18.0), 1).paraxial(&hexapolar(50));
        for count in [1, 7, 16, 33, all.len()] {
            let trace = |system: &System| {
                let mut rays = Rays::new(all[..count].iter().copied());
                system.trace(1, &mut rays, Clip::Apertures, Until::Image);
                rays
            };
            let (a, b) = (trace(&fast), trace(&plain));
            assert_eq!(a.fate, b.fate);
            for i in 0..count {
                assert!((a.x[i] - b.x[i]).hypot(a.y[i] - b.y[i]) < 1e-12 && (a.opl[i] - b.opl[i]).abs() < 1e-12);
            }
            assert_eq!(trace(&fast), a, "twice the same");
        }
    }

    #[test]
    fn lost_rays_say_where_and_why_and_are_numbers() {
        let ray = |y: f64, m: f64| Ray { at: [0.0, y, 0.0], d: [0.0, m, (1.0 - m * m).sqrt()], opl: 0.0 };
        let fate = |lens: crate::Lens, ray: Ray, clip| {
            let system = System::new(lens).unwrap();
            let mut rays = Rays::new([ray]);
            system.trace(0, &mut rays, clip, Until::Image);
            let all = [rays.x[0], rays.y[0], rays.l[0], rays.m[0], rays.n[0], rays.opl[0]];
            assert!(all.iter().all(|v| v.is_finite()), "{rays:?}");
            rays.fate[0]
        };
        let lost = |surface, why| Fate::Lost { surface, why };
        assert_eq!(fate(samples::triplet(), ray(8.5, 0.0), Clip::Apertures), lost(1, Why::Clipped));
        assert_eq!(fate(samples::singlet(1.5, 20.0, -20.0, 5.0), ray(30.0, 0.0), Clip::Nothing), lost(1, Why::Missed));
        assert_eq!(fate(samples::triplet(), ray(f64::NAN, 0.0), Clip::Nothing), lost(1, Why::Missed));
        assert_eq!(fate(samples::triplet(), ray(0.0, 1.0), Clip::Nothing), lost(1, Why::Missed));
        // a hemisphere of glass in air beyond its critical angle
        let ball = samples::singlet(1.5, f64::INFINITY, -10.0, 0.0);
        assert_eq!(fate(ball, ray(8.0, 0.0), Clip::Nothing), lost(2, Why::Crossed));
        let ball = samples::singlet(1.5, f64::INFINITY, -10.0, 10.0);
        assert_eq!(fate(ball, ray(8.0, 0.0), Clip::Nothing), lost(2, Why::TotalReflection));
    }

    #[test]
    fn a_cartesian_oval_images_a_point_to_a_point() {
        // equal paths 1 sqrt((d + z)^2 + r^2) + n (b - z ...) = d + n b, solved for the sag at 40 radii and fitted by even powers
        let (d, b, n) = (100.0, 60.0, 1.5f64);
        let sag = |r: f64| {
            let f = |z: f64| ((d + z) * (d + z) + r * r).sqrt() + n * ((b - z) * (b - z) + r * r).sqrt() - d - n * b;
            let (mut lo, mut hi) = (0.0, 10.0);
            for _ in 0..200 {
                let m = 0.5 * (lo + hi);
                if f(m) > 0.0 { lo = m } else { hi = m }
            }
            0.5 * (lo + hi)
        };
        let radii: Vec<f64> = (1..=40).map(|i| 0.25 * f64::from(i)).collect();
        let scale = 10f64;
        let design = nalgebra::DMatrix::from_fn(40, 9, |i, k| (radii[i] / scale).powi(2 * (k as i32 + 1)));
        let values = nalgebra::DVector::from_iterator(40, radii.iter().map(|r| sag(*r)));
        let c = design.svd(true, true).solve(&values, 1e-15).unwrap();
        let powers = (0..9).map(|k| (2 * k as u32 + 2, c[k] / scale.powi(2 * k as i32 + 2))).collect();
        let mut lens = samples::singlet(n, 50.0, f64::INFINITY, b);
        lens.surfaces.truncate(1);
        lens.surfaces[0].shape = Shape { radius: f64::INFINITY, conic: 0.0, form: Form::Powers(powers) };
        lens.surfaces[0].clear.outer = Some(10.0);
        lens.object_mm = Some(d);
        lens.field_kind = crate::FieldKind::ObjectHeight;
        lens.fields = vec![Field::up(0.0)];
        lens.aperture = crate::Aperture::EntrancePupil(18.0);
        let system = System::new(lens).unwrap();
        let mut rays = Rays::new(system.aim(&Field::up(0.0), 0).paraxial(&hexapolar(6)));
        system.trace(0, &mut rays, Clip::Nothing, Until::Image);
        for ray in rays.iter() {
            assert!(ray.at[0].hypot(ray.at[1]) < 1e-8, "{ray:?}");
            assert!((ray.opl - d - n * b).abs() < 1e-8);
        }
        assert_eq!(rays.iter().count(), 127);
    }

    #[test]
    fn aplanatic_points_of_a_sphere() {
        // an object R (1 + 1/n) from the vertex inside glass is imaged sharply to R (1 + n); by symmetry traced backwards: light
        // converging in air to R (1 + n) behind the vertex of a convex sphere meets at R (1 + 1/n) in the glass
        let (r, n) = (10.0, 1.5);
        let mut lens = samples::singlet(n, r, f64::INFINITY, r * (1.0 + 1.0 / n));
        lens.surfaces.truncate(1);
        let system = System::new(lens).unwrap();
        let goal = r * (1.0 + n);
        let mut rays = Rays::new((0..20).map(|i| {
            let angle = 0.02 * f64::from(i);
            let (sin, cos) = angle.sin_cos();
            Ray { at: [0.0, goal * sin / cos, 0.0], d: [0.0, -sin, cos], opl: 0.0 }
        }));
        system.trace(0, &mut rays, Clip::Nothing, Until::Image);
        assert!(rays.iter().all(|ray| ray.at[1].abs() < 1e-12) && rays.iter().count() == 20, "{rays:?}");
    }
}
