//! Where a graded picture lies on the neutral one: a search over scale and place, then refinement.
//!
//! Both pictures are compared by their structure: encoded lightness less its local mean, over its local deviation, which
//! grades hardly change. The search correlates the pair at 25 scales by Fourier transforms, with the energies of the
//! overlap as norm (D. Padfield, IEEE Trans. Image Process. 21, 2706, 2012, for masks that are rectangles); refinement goes
//! down a pyramid with damped Gauss-Newton steps over the eight numbers of a homography (in the way of B. Lucas and T.
//! Kanade).

use super::FitError;
use calotype_image::{Plane, par};
use nalgebra::{SMatrix, SVector};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

/// Longest side of the pictures of the search, and the transform that holds two of them.
const SEARCH: usize = 128;
const TRANSFORM: usize = 256;
/// Numbers of a homography without and with perspective, and the gain of correlation for which perspective is believed.
const AFFINE: usize = 6;
const PERSPECTIVE: usize = 8;
const PERSPECTIVE_GAIN: f64 = 0.01;
/// Longest sides of the graded picture down the pyramid.
const LEVELS: [usize; 3] = [128, 256, 512];
/// Smallest side of a picture that can be laid onto another.
const SMALLEST: usize = 48;
/// Correlation of structure that a pair of one scene reaches: at their best place pairs of different photographs stay under
/// 0.25 and fifty pairs of scenes of a few blobs under 0.59, while pairs of one scene reach 0.9 and more.
const NEEDED: f64 = 0.7;
/// Radius of the neighbourhood whose mean and deviation are taken away from structures, and of three of them, in pixels:
/// nearer to its edge a picture is not compared.
const RADIUS: usize = 4;
const EDGE: usize = 3 * RADIUS;
/// Share of the smaller picture that must lie on the other.
const OVERLAP: f64 = 0.3;
/// Widths of the graded picture in shares of the neutral one that are tried, from a crop to a wider view.
const WIDTHS: (f64, f64, usize) = (0.42, 1.25, 25);

/// Where a graded picture lies on the neutral one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Registration {
    /// Homography from places of the graded picture to those of the neutral one, both from -1 to 1 along each axis; the
    /// last entry is 1.
    pub homography: [f64; 9],
    /// Correlation of structure, 1 for the same picture.
    pub correlation: f64,
    /// Share of the graded picture that lies on the neutral one.
    pub overlap: f64,
}

impl Registration {
    /// Place on the neutral picture of a place on the graded one, both from -1 to 1 along each axis.
    pub fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let h = &self.homography;
        let w = h[6] * x + h[7] * y + h[8];
        [(h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w]
    }
}

/// Lays a graded picture onto the neutral one. Planes hold encoded lightness, any range; they may differ in size, crop and
/// scale, by a few degrees of turn and a little perspective.
///
/// # Errors
/// [`FitError::Small`], [`FitError::DifferentScenes`] with the correlation found at the best place.
pub fn register(neutral: &Plane<f32>, graded: &Plane<f32>) -> Result<Registration, FitError> {
    for plane in [neutral, graded] {
        if plane.width().min(plane.height()) < SMALLEST {
            return Err(FitError::Small { width: plane.width(), height: plane.height(), needed: SMALLEST });
        }
    }
    // The best few of the search are refined: the best at the coarsest level need not be the best of all.
    let tries = search(neutral, graded).into_iter().take(4).map(|start| {
        let level = Level::new(neutral, graded, LEVELS[0], &start);
        let h = level.refine(start, AFFINE);
        (level.correlation(&h), h)
    });
    let best = tries.max_by(|a, b| a.0.0.total_cmp(&b.0.0));
    let Some(((mut correlation, mut overlap), mut h)) = best else {
        return Err(FitError::DifferentScenes { found: 0.0, needed: NEEDED });
    };
    for side in &LEVELS[1..] {
        let level = Level::new(neutral, graded, *side, &h);
        let mut best = (level.correlation(&h), h);
        for free in [AFFINE, PERSPECTIVE] {
            let next = level.refine(best.1, free);
            let found = level.correlation(&next);
            // Perspective is rare, and its two numbers follow noise willingly.
            let worth = if free == AFFINE { 0.0 } else { PERSPECTIVE_GAIN };
            if found.0 >= best.0.0 + worth {
                best = (found, next);
            }
        }
        h = best.1;
        // Finer structure than that of the second level is grain and sharpening.
        if *side == LEVELS[1] {
            (correlation, overlap) = best.0;
        }
    }
    if !(correlation >= NEEDED && overlap >= OVERLAP) {
        return Err(FitError::DifferentScenes { found: correlation.max(0.0), needed: NEEDED });
    }
    let [a, b, c, d, e, f, g, i] = h;
    Ok(Registration { homography: [a, b, c, d, e, f, g, i, 1.0], correlation, overlap })
}

/// Starting places, best first: scale and shift only.
fn search(neutral: &Plane<f32>, graded: &Plane<f32>) -> Vec<[f64; 8]> {
    let unit = SEARCH as f64 / neutral.width().max(neutral.height()) as f64;
    let sized = |w: f64, h: f64| ((w.round() as usize).clamp(8, TRANSFORM), (h.round() as usize).clamp(8, TRANSFORM));
    let (nw, nh) = sized(neutral.width() as f64 * unit, neutral.height() as f64 * unit);
    let base = Spectra::new(&structure(&resized(neutral, nw, nh)));
    let aspect = graded.height() as f64 / graded.width() as f64;
    let (low, high, count) = WIDTHS;
    let tries = par::map(count, |i| {
        let width = nw as f64 * low * (high / low).powf(i as f64 / (count - 1) as f64);
        let (gw, gh) = sized(width, width * aspect);
        // The pair must fit the transform without meeting itself around the edge.
        if nw + gw > TRANSFORM + 16 || nh + gh > TRANSFORM + 16 || gw < 24 || gh < 24 {
            return (0.0, [0.0; 8]);
        }
        let (score, dx, dy) = base.best(&Spectra::new(&structure(&resized(graded, gw, gh))), (nw * nh).min(gw * gh));
        let (sx, sy) = (gw as f64 / nw as f64, gh as f64 / nh as f64);
        let (tx, ty) = (2.0 * dx as f64 / nw as f64 + sx - 1.0, 2.0 * dy as f64 / nh as f64 + sy - 1.0);
        (score, [sx, 0.0, tx, 0.0, sy, ty, 0.0, 0.0])
    });
    let mut tries: Vec<(f64, [f64; 8])> = tries.into_iter().filter(|t| t.0 > 0.0).collect();
    tries.sort_by(|a, b| b.0.total_cmp(&a.0));
    tries.into_iter().map(|t| t.1).collect()
}

/// Transforms of a small picture, of its square and of its area.
struct Spectra {
    size: (usize, usize),
    of: [Vec<Complex<f32>>; 3],
}

impl Spectra {
    fn new(plane: &Plane<f32>) -> Self {
        let spread = |f: fn(f32) -> f32| {
            let mut data = vec![Complex::default(); TRANSFORM * TRANSFORM];
            for (y, row) in plane.rows().take(TRANSFORM).enumerate() {
                for (x, v) in row.iter().take(TRANSFORM).enumerate() {
                    data[y * TRANSFORM + x].re = f(*v);
                }
            }
            transform(&mut data, false);
            data
        };
        Self { size: (plane.width(), plane.height()), of: [spread(|v| v), spread(|v| v * v), spread(|_| 1.0)] }
    }

    /// The best normalised correlation with another picture shifted over this one, and the shift.
    fn best(&self, other: &Self, smaller: usize) -> (f64, isize, isize) {
        let correlate = |a: usize, b: usize| {
            let mut product: Vec<Complex<f32>> =
                self.of[a].iter().zip(&other.of[b]).map(|(a, b)| a * b.conj()).collect();
            transform(&mut product, true);
            product
        };
        let (cross, own, others, area) = (correlate(0, 0), correlate(1, 2), correlate(2, 1), correlate(2, 2));
        let scale = (TRANSFORM * TRANSFORM) as f32;
        let mut best = (0.0, 0, 0);
        let (w, h) = (other.size.0 as isize, other.size.1 as isize);
        for dy in -h + 1..self.size.1 as isize {
            for dx in -w + 1..self.size.0 as isize {
                let n = TRANSFORM as isize;
                let i = (dy.rem_euclid(n) * n + dx.rem_euclid(n)) as usize;
                if area[i].re / scale < OVERLAP as f32 * smaller as f32 {
                    continue;
                }
                let energy = (own[i].re.max(0.0) * others[i].re.max(0.0)).sqrt();
                // More overlap is more evidence: a little preference among equals.
                let share = (area[i].re / scale / smaller as f32).min(1.0);
                let score = f64::from(cross[i].re / energy.max(1e-6) * (0.8 + 0.2 * share));
                if score > best.0 {
                    best = (score, dx, dy);
                }
            }
        }
        best
    }
}

/// Fourier transform of the square, rows then columns.
fn transform(data: &mut [Complex<f32>], inverse: bool) {
    let mut planner = FftPlanner::new();
    let fft = if inverse { planner.plan_fft_inverse(TRANSFORM) } else { planner.plan_fft_forward(TRANSFORM) };
    for _ in 0..2 {
        fft.process(data);
        for y in 0..TRANSFORM {
            for x in 0..y {
                data.swap(y * TRANSFORM + x, x * TRANSFORM + y);
            }
        }
    }
}

/// One level of the pyramid.
struct Level {
    neutral: Plane<f32>,
    graded: Plane<f32>,
}

impl Level {
    /// Both pictures with pixels of one size, about `side` of them along the graded picture, as `h` lays it.
    fn new(neutral: &Plane<f32>, graded: &Plane<f32>, side: usize, h: &[f64; 8]) -> Self {
        let share = h[0].hypot(h[3]).max(0.05);
        let (nw, gw, gh) = (neutral.width() as f64, graded.width() as f64, graded.height() as f64);
        let width = (gw * side as f64 / gw.max(gh)).min(gw).min(nw * share);
        let fitted = |p: &Plane<f32>, width: f64| {
            let size = |v: f64| (v.round() as usize).max(8);
            structure(&resized(p, size(width), size(width * p.height() as f64 / p.width() as f64)))
        };
        Self { neutral: fitted(neutral, width / share), graded: fitted(graded, width) }
    }

    /// The homography from a start nearby that makes the structures agree best, its first `free` numbers free.
    fn refine(&self, start: [f64; 8], free: usize) -> [f64; 8] {
        let (mut h, mut damping) = (start, 1e-3);
        let mut cost = self.equations(&h).0;
        for _ in 0..20 {
            let (_, normal, gradient) = self.equations(&h);
            let before = cost;
            for _ in 0..6 {
                let mut damped = normal;
                (0..8).for_each(|i| damped[(i, i)] = damped[(i, i)] * (1.0 + damping) + 1e-9);
                // what is held has all the inertia
                (free..8).for_each(|i| damped[(i, i)] += 1e12);
                let Some(solver) = damped.cholesky() else { break };
                let step = solver.solve(&gradient);
                let next: [f64; 8] = std::array::from_fn(|i| h[i] - step[i]);
                let there = self.equations(&next).0;
                if there < cost {
                    (h, cost) = (next, there);
                    damping = (damping * 0.2).max(1e-6);
                    break;
                }
                damping *= 8.0;
            }
            if !(cost < before * (1.0 - 1e-6)) {
                break;
            }
        }
        h
    }

    /// Mean robust squared difference of the structures, normal equations and gradient.
    fn equations(&self, h: &[f64; 8]) -> (f64, SMatrix<f64, 8, 8>, SVector<f64, 8>) {
        let (gw, gh) = (self.graded.width(), self.graded.height());
        let (nw, nh) = (self.neutral.width() as f64, self.neutral.height() as f64);
        let rows = par::map(gh.div_ceil(8), |band| {
            let mut normal = SMatrix::<f64, 8, 8>::zeros();
            let mut gradient = SVector::<f64, 8>::zeros();
            let (mut cost, mut count) = (0.0, 0usize);
            for y in (band * 8).max(EDGE)..(band * 8 + 8).min(gh.saturating_sub(EDGE)) {
                for x in EDGE..gw.saturating_sub(EDGE) {
                    let (u, v) = ((2 * x + 1) as f64 / gw as f64 - 1.0, (2 * y + 1) as f64 / gh as f64 - 1.0);
                    let w = h[6] * u + h[7] * v + 1.0;
                    let (px, py) = ((h[0] * u + h[1] * v + h[2]) / w, (h[3] * u + h[4] * v + h[5]) / w);
                    let Some((value, dx, dy)) = slope(&self.neutral, px, py) else { continue };
                    let rest = f64::from(value) - f64::from(self.graded.get(x, y));
                    let weight = 1.0 / (1.0 + rest * rest);
                    cost += (1.0 + rest * rest).ln();
                    count += 1;
                    let (dx, dy) = (f64::from(dx) * nw / 2.0 / w, f64::from(dy) * nh / 2.0 / w);
                    let turn = -(dx * px + dy * py);
                    let j = SVector::<f64, 8>::from([dx * u, dx * v, dx, dy * u, dy * v, dy, turn * u, turn * v]);
                    normal += j * j.transpose() * weight;
                    gradient += j * (weight * rest);
                }
            }
            (cost, count, normal, gradient)
        });
        let mut total = (0.0, 0usize, SMatrix::<f64, 8, 8>::zeros(), SVector::<f64, 8>::zeros());
        for (cost, count, normal, gradient) in rows {
            total = (total.0 + cost, total.1 + count, total.2 + normal, total.3 + gradient);
        }
        let n = total.1.max(1) as f64;
        // Where nothing overlaps nothing agrees.
        let mean = if total.1 * 12 < gw * gh { f64::INFINITY } else { total.0 / n };
        (mean, total.2 / n, total.3 / n)
    }

    /// Correlation of the structures and the share of the graded picture that lies on the neutral one.
    fn correlation(&self, h: &[f64; 8]) -> (f64, f64) {
        let (gw, gh) = (self.graded.width(), self.graded.height());
        let inside = gw.saturating_sub(2 * EDGE) * gh.saturating_sub(2 * EDGE);
        let (mut ab, mut aa, mut bb, mut count) = (0.0, 0.0, 0.0, 0usize);
        for y in EDGE..gh.saturating_sub(EDGE) {
            for x in EDGE..gw.saturating_sub(EDGE) {
                let (u, v) = ((2 * x + 1) as f64 / gw as f64 - 1.0, (2 * y + 1) as f64 / gh as f64 - 1.0);
                let w = h[6] * u + h[7] * v + 1.0;
                let place = ((h[0] * u + h[1] * v + h[2]) / w, (h[3] * u + h[4] * v + h[5]) / w);
                let Some((value, ..)) = slope(&self.neutral, place.0, place.1) else { continue };
                let (a, b) = (f64::from(value), f64::from(self.graded.get(x, y)));
                ab += a * b;
                aa += a * a;
                bb += b * b;
                count += 1;
            }
        }
        (ab / (aa * bb).sqrt().max(1e-9), count as f64 / inside.max(1) as f64)
    }
}

/// Value and slopes per pixel of a plane at a place from -1 to 1 along each axis, between four pixels; `None` outside.
fn slope(plane: &Plane<f32>, px: f64, py: f64) -> Option<(f32, f32, f32)> {
    let (x, y) = ((px + 1.0) / 2.0 * plane.width() as f64 - 0.5, (py + 1.0) / 2.0 * plane.height() as f64 - 0.5);
    if !(x >= 0.0 && y >= 0.0 && x < (plane.width() - 1) as f64 && y < (plane.height() - 1) as f64) {
        return None;
    }
    let (i, j) = (x as usize, y as usize);
    let (s, t) = ((x - i as f64) as f32, (y - j as f64) as f32);
    let [a, b, c, d] = [plane.get(i, j), plane.get(i + 1, j), plane.get(i, j + 1), plane.get(i + 1, j + 1)];
    let value = (a * (1.0 - s) + b * s) * (1.0 - t) + (c * (1.0 - s) + d * s) * t;
    Some((value, (b - a) * (1.0 - t) + (d - c) * t, (c - a) * (1.0 - s) + (d - b) * s))
}

/// Lightness less its mean nearby, over its deviation nearby, within 3.
fn structure(plane: &Plane<f32>) -> Plane<f32> {
    let mean = blurred(plane, RADIUS);
    let centred = Plane::from_fn(plane.width(), plane.height(), |x, y| plane.get(x, y) - mean.get(x, y));
    let square = Plane::from_fn(plane.width(), plane.height(), |x, y| centred.get(x, y).powi(2));
    let variance = blurred(&square, RADIUS);
    // What is as flat as noise and rounding has no structure.
    let all = variance.data().iter().sum::<f32>() / variance.data().len().max(1) as f32;
    let floor = 0.05 * all + 1e-10;
    Plane::from_fn(plane.width(), plane.height(), |x, y| {
        (centred.get(x, y) / (variance.get(x, y) + floor).sqrt()).clamp(-3.0, 3.0)
    })
}

/// Three means over squares of 2 `radius` + 1 pixels, edges held.
fn blurred(plane: &Plane<f32>, radius: usize) -> Plane<f32> {
    let (w, h) = (plane.width(), plane.height());
    let mut from = plane.clone();
    let n = (2 * radius + 1) as f32;
    for _ in 0..3 {
        let mut across = Plane::filled(w, h, 0.0f32);
        for y in 0..h {
            let row = from.row(y);
            let at = |x: isize| row[x.clamp(0, w as isize - 1) as usize];
            let mut sum: f32 = (-(radius as isize)..=radius as isize).map(at).sum();
            for x in 0..w {
                across.row_mut(y)[x] = sum / n;
                sum += at((x + radius + 1) as isize) - at(x as isize - radius as isize);
            }
        }
        let mut sums: Vec<f32> = vec![0.0; w];
        let at = |y: isize| across.row(y.clamp(0, h as isize - 1) as usize);
        for y in -(radius as isize)..=radius as isize {
            sums.iter_mut().zip(at(y)).for_each(|(s, v)| *s += v);
        }
        for y in 0..h {
            from.row_mut(y).iter_mut().zip(&sums).for_each(|(o, s)| *o = s / n);
            let (new, old) = (at((y + radius + 1) as isize), at(y as isize - radius as isize));
            for x in 0..w {
                sums[x] += new[x] - old[x];
            }
        }
    }
    from
}

/// A plane of another size: means over the areas of its pixels where it gets smaller, else between neighbours.
pub(crate) fn resized(plane: &Plane<f32>, width: usize, height: usize) -> Plane<f32> {
    let across = weights(plane.width(), width);
    let down = weights(plane.height(), height);
    let mut thin = Plane::filled(width, plane.height(), 0.0f32);
    par::bands_mut(&mut thin, 16, |top, mut band| {
        for y in 0..band.height() {
            let row = plane.row(top + y);
            for (x, out) in band.row_mut(y).iter_mut().enumerate() {
                let (first, shares) = &across[x];
                *out = shares.iter().zip(&row[*first..]).map(|(s, v)| s * v).sum();
            }
        }
    });
    let mut out = Plane::filled(width, height, 0.0f32);
    par::bands_mut(&mut out, 16, |top, mut band| {
        for y in 0..band.height() {
            let (first, shares) = &down[top + y];
            for (i, share) in shares.iter().enumerate() {
                band.row_mut(y).iter_mut().zip(thin.row(first + i)).for_each(|(o, v)| *o += share * v);
            }
        }
    });
    out
}

/// For each new pixel the first old one that counts and the shares of those from there: a triangle as wide as the larger of
/// the two pixels.
fn weights(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let step = from as f64 / to as f64;
    let reach = step.max(1.0);
    (0..to)
        .map(|i| {
            let centre = (i as f64 + 0.5) * step - 0.5;
            let first = ((centre - reach).ceil().max(0.0) as usize).min(from - 1);
            let last = ((centre + reach).floor().max(0.0) as usize).clamp(first, from - 1);
            let share = |j: usize| (1.0 - (j as f64 - centre).abs() / reach).max(1e-6);
            let sum: f64 = (first..=last).map(share).sum();
            (first, (first..=last).map(|j| (share(j) / sum) as f32).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Structure at several scales, from a seed.
    pub(crate) fn scene(seed: u32) -> impl Fn(f64, f64) -> f32 {
        let waves: Vec<[f64; 4]> = (0..60)
            .map(|i| {
                let r = |k: u32| {
                    let mut h = (seed * 7919 + i * 131 + k).wrapping_mul(2_654_435_761);
                    h ^= h >> 15;
                    h = h.wrapping_mul(2_246_822_519);
                    f64::from(h ^ (h >> 13)) / f64::from(u32::MAX)
                };
                let f = 1.5 * 18f64.powf(r(0));
                let angle = r(1) * std::f64::consts::TAU;
                [f * angle.cos(), f * angle.sin(), r(2) * std::f64::consts::TAU, 1.0 / f.sqrt()]
            })
            .collect();
        move |x, y| {
            let v: f64 = waves.iter().map(|[a, b, p, s]| s * (a * x + b * y + p).sin()).sum();
            (0.5 + 0.12 * v).clamp(0.0, 1.0) as f32
        }
    }

    fn place(x: usize, y: usize, w: usize, h: usize) -> (f64, f64) {
        ((2 * x + 1) as f64 / w as f64 - 1.0, (2 * y + 1) as f64 / h as f64 - 1.0)
    }

    /// A cropped, scaled, slightly turned picture with another tone curve is found within a third of a percent of the width.
    #[test]
    fn crops_and_turns_are_found() {
        let f = scene(3);
        let neutral = Plane::from_fn(600, 450, |x, y| {
            let (u, v) = place(x, y, 600, 450);
            f(u, v * 0.75)
        });
        let (cos, sin) = (0.02f64.cos(), 0.02f64.sin());
        for (scale, tx, ty) in [(1.0, 0.01, -0.015), (0.7, 0.2, -0.1), (0.5, -0.3, 0.3)] {
            // in units of half the width, as the scene is
            let truth =
                |u: f64, v: f64| (scale * (u * cos - v * 0.75 * sin) + tx, scale * (u * sin + v * 0.75 * cos) + ty);
            let graded = Plane::from_fn(500, 375, |x, y| {
                let (u, v) = place(x, y, 500, 375);
                let (a, b) = truth(u, v);
                f(a, b).powf(1.7) * 0.8 + 0.1
            });
            let found = register(&neutral, &graded).unwrap();
            for (u, v) in [(0.0, 0.0), (0.8, -0.8), (-0.9, 0.7)] {
                let [x, y] = found.place([u, v]);
                let (a, b) = truth(u, v);
                // pixels of the neutral picture
                let away = ((x - a).hypot(y * 0.75 - b)) * 300.0;
                assert!(away < 2.0, "{scale}: {away} pixels off at {u} {v}; {found:?}");
            }
            assert!(found.correlation > 0.9, "{found:?}");
        }
    }

    #[test]
    fn other_scenes_are_refused_with_the_evidence() {
        for seed in 10..14 {
            let (f, g) = (scene(seed), scene(seed + 100));
            let a = Plane::from_fn(400, 300, |x, y| f(x as f64 / 200.0, y as f64 / 200.0));
            let b = Plane::from_fn(400, 300, |x, y| g(x as f64 / 200.0, y as f64 / 200.0));
            match register(&a, &b) {
                Err(FitError::DifferentScenes { found, needed }) => assert!(found < 0.9 * needed, "{found} {needed}"),
                other => panic!("{other:?}"),
            }
        }
        let tiny = Plane::filled(20, 20, 0.5f32);
        assert!(matches!(register(&tiny, &tiny), Err(FitError::Small { .. })));
        let flat = Plane::filled(200, 200, 0.5f32);
        assert!(matches!(register(&flat, &flat), Err(FitError::DifferentScenes { .. })));
    }

    #[test]
    fn sizes_change_and_means_stay() {
        let plane = Plane::from_fn(37, 23, |x, y| x as f32 + 2.0 * y as f32);
        for (w, h) in [(10, 7), (37, 23), (80, 50)] {
            let got = resized(&plane, w, h);
            let mean = got.data().iter().sum::<f32>() / (w * h) as f32;
            assert!((mean - 40.0).abs() < 0.3, "{w} {h}: {mean}");
        }
    }
}
