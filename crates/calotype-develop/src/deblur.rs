//! Takes back the blur of a known lens, different from place to place.
//!
//! The picture is filtered in overlapping tiles, and what comes out is blended by windows (raised cosines) that sum to 1,
//! so that even surfaces stay even. Each tile is filtered such that the lens's spot of its place becomes the spot of the picture's middle, as far as the noise allows (Wiener 1949, for a signal whose
//! spectrum falls with the square of the frequency, as that of pictures does: Field, JOSA A 4, 2379, 1987). What the
//! filter adds is then held back twice: where it is no larger than what it makes of noise, and where it would leave the
//! range of the values around, so that edges never ring.

use calotype_image::{CameraRgb, NoiseModel, Plane, par};
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// Size of a tile, distance of windows, where neighbours overlap, and what is left for the filter's reach around them.
const N: usize = 256;
const PITCH: usize = 192;
const RAMP: usize = 32;
const REACH: usize = (N - PITCH - RAMP) / 2;
const WINDOW: usize = PITCH + RAMP;
/// Power of a picture's contrasts at a frequency f in cycles per pixel, in units of the square of the mean: this over f².
/// A contrast whose mean square is 0.3, spread evenly over the 7.6 factors of e between the picture and the pixel.
const CONTRAST: f64 = 0.3 / (std::f64::consts::TAU * 7.6);
/// Most that any frequency is amplified.
const MOST_GAIN: f32 = 6.0;
/// Where what the filter adds counts for half: so many standard deviations of what it makes of noise.
const CORING: f32 = 2.0;
/// How far a value may leave the range of those around, as a part of it: 3 percent are at most 1.2 L*.
const FREEDOM: f32 = 0.03;
/// Light below this part of white is judged by its noise as if it were as bright.
const DARKEST: f32 = 1e-3;

/// The image of a point: shares of the light on `size` x `size` samples in row order, x along the radius and away from
/// the picture's middle; the middle sample is where the point belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct LensSpot {
    /// Distance of samples in pixels.
    pub pitch_px: f64,
    /// Samples across; odd.
    pub size: usize,
    /// Shares; they sum to 1.
    pub shares: Vec<f32>,
}

/// Spots over a picture.
pub trait LensSpots: Sync {
    /// The spot of a colour plane at a radius, 0 in the middle of the picture and 1 in its corner.
    fn spot(&self, plane: usize, radius: f64) -> LensSpot;
}

/// Deblurring by a lens's spots.
pub struct Deblur<'a> {
    /// The lens.
    pub spots: &'a dyn LensSpots,
    /// Noise of the picture's samples.
    pub noise: NoiseModel,
    /// How much of the difference is applied, 0 to 1.
    pub amount: f32,
}

impl Deblur<'_> {
    /// Deblurs a picture; the result does not depend on the number of threads. Takes a copy of a plane at a time.
    pub fn apply(&self, mut picture: CameraRgb) -> CameraRgb {
        if self.amount > 0.0 && picture.width() > 0 && picture.height() > 0 {
            let transform = Transform::new();
            for (c, plane) in picture.planes.iter_mut().enumerate() {
                *plane = self.plane(c, plane, &transform);
            }
        }
        picture
    }

    fn plane(&self, c: usize, source: &Plane<f32>, transform: &Transform) -> Plane<f32> {
        let (w, h) = (source.width(), source.height());
        let target = transform.spot(&self.spots.spot(c, 0.0), 0.0);
        let across = w.div_ceil(PITCH) + 1;
        let mut sums = Plane::<f32>::new(w, h);
        let mut noises = Plane::<f32>::new(across, h.div_ceil(PITCH) + 1);
        let mut reaches = Plane::<u8>::new(across, h.div_ceil(PITCH) + 1);
        for j in 0..h.div_ceil(PITCH) + 1 {
            let windows = par::map(across, |i| self.window(c, source, (i, j), &target, transform));
            // in the order of windows, so that sums do not depend on threads
            for (i, window) in windows.iter().enumerate() {
                noises.row_mut(j)[i] = window.noise;
                reaches.row_mut(j)[i] = window.reach;
                window.add_to(&mut sums, (i, j));
            }
        }
        self.held(c, source, &sums, (&noises, &reaches))
    }

    /// Filters one window.
    fn window(
        &self,
        c: usize,
        source: &Plane<f32>,
        (i, j): (usize, usize),
        target: &[Complex32],
        transform: &Transform,
    ) -> Window {
        let (w, h) = (source.width() as f64, source.height() as f64);
        let (left, top) = (start(i), start(j));
        let (x, y) = (left as f64 + WINDOW as f64 / 2.0 - w / 2.0, top as f64 + WINDOW as f64 / 2.0 - h / 2.0);
        let spot = self.spots.spot(c, 2.0 * x.hypot(y) / w.hypot(h));
        let blur = transform.spot(&spot, y.atan2(x));
        let (left, top) = (left - REACH as isize, top - REACH as isize);
        let at = |k: usize| source.clamped(left + (k % N) as isize, top + (k / N) as isize);
        let mut data: Vec<Complex32> = (0..N * N).map(|k| Complex32::new(at(k), 0.0)).collect();
        let total: f64 = data.iter().map(|v| f64::from(v.re)).sum();
        let mean = ((total / (N * N) as f64) as f32).max(DARKEST);
        let ratio = f64::from(self.noise.variance(c, mean) / (mean * mean)) / CONTRAST;
        let mut filter = blur;
        for (k, (b, t)) in filter.iter_mut().zip(target).enumerate() {
            let f2 = frequency(k / N).powi(2) + frequency(k % N).powi(2);
            *b = t * b.conj() / (b.norm_sqr() + (ratio * f2) as f32).max(1e-6);
            let size = b.norm();
            if size > MOST_GAIN {
                *b *= MOST_GAIN / size;
            }
        }
        transform.shorten(&mut filter);
        transform.forward(&mut data);
        let mut gained = 0.0;
        for (v, filter) in data.iter_mut().zip(&filter) {
            gained += f64::from((filter - 1.0).norm_sqr());
            *v *= filter;
        }
        transform.inverse(&mut data);
        Window {
            values: data.iter().map(|v| v.re / (N * N) as f32).collect(),
            noise: (gained / (N * N) as f64).sqrt() as f32,
            reach: reach(&spot),
        }
    }

    /// What the filter adds, as far as it is no noise and does not leave the range of values around.
    fn held(
        &self,
        c: usize,
        source: &Plane<f32>,
        filtered: &Plane<f32>,
        (noises, reaches): (&Plane<f32>, &Plane<u8>),
    ) -> Plane<f32> {
        const BLOCK: usize = 64;
        let (w, h) = (source.width(), source.height());
        let mut out = Plane::<f32>::new(w, h);
        par::bands_mut(&mut out, BLOCK, |top, mut band| {
            for left in (0..w).step_by(BLOCK) {
                let (bw, bh) = (BLOCK.min(w - left), band.height());
                // the window whose core holds the block's middle; windows are much larger than blocks
                let (i, j) = ((left + bw / 2 + PITCH / 2) / PITCH, (top + bh / 2 + PITCH / 2) / PITCH);
                let reach = usize::from(reaches.get(i.min(reaches.width() - 1), j.min(reaches.height() - 1)));
                let (least, most) = range(source, (left, top), (bw, bh), reach);
                for y in 0..bh {
                    let (before, after) = (source.row(top + y), filtered.row(top + y));
                    for (x, v) in band.row_mut(y)[left..left + bw].iter_mut().enumerate() {
                        let (was, wish) = (before[left + x], after[left + x]);
                        let noise = self.noise.variance(c, was) * between(noises, left + x, top + y).powi(2);
                        let added = wish - was;
                        let part = added * added / (added * added + CORING * CORING * noise).max(f32::MIN_POSITIVE);
                        let (low, high) = (least[y * bw + x], most[y * bw + x]);
                        let (low, high) = (low - FREEDOM * low.abs(), high + FREEDOM * high.abs());
                        *v = was + self.amount * ((was + part * added).clamp(low, high) - was);
                    }
                }
            }
        });
        out
    }
}

/// A window after its filter.
struct Window {
    values: Vec<f32>,
    /// Standard deviation of what the filter adds to noise of standard deviation 1.
    noise: f32,
    /// Pixels that the spot reaches.
    reach: u8,
}

impl Window {
    fn add_to(&self, sums: &mut Plane<f32>, (i, j): (usize, usize)) {
        let (w, h) = (sums.width() as isize, sums.height() as isize);
        let (left, top) = (start(i), start(j));
        for y in top.max(0)..(top + WINDOW as isize).min(h) {
            let wy = weight((y - top) as usize);
            let from = &self.values[((y - top) as usize + REACH) * N + REACH..][..WINDOW];
            let row = sums.row_mut(y as usize);
            for x in left.max(0)..(left + WINDOW as isize).min(w) {
                row[x as usize] += wy * weight((x - left) as usize) * from[(x - left) as usize];
            }
        }
    }
}

/// Where window `i` starts.
fn start(i: usize) -> isize {
    (i * PITCH) as isize - (PITCH + RAMP / 2) as isize + PITCH as isize / 2
}

/// Weight of a window's row or column; those of neighbours sum to 1.
fn weight(i: usize) -> f32 {
    let (up, down) = (i as f32 + 0.5, WINDOW as f32 - 0.5 - i as f32);
    (std::f32::consts::FRAC_PI_2 * (up.min(down) / RAMP as f32).min(1.0)).sin().powi(2)
}

/// Linear interpolation between the middles of windows.
fn between(values: &Plane<f32>, x: usize, y: usize) -> f32 {
    let at = |v: usize| (v as f32 + 0.5) / PITCH as f32;
    let (x, y) = (at(x).min(values.width() as f32 - 1.0), at(y).min(values.height() as f32 - 1.0));
    let (i, j) = (x as usize, y as usize);
    let (fx, fy) = (x - i as f32, y - j as f32);
    let get = |i: usize, j: usize| values.get(i.min(values.width() - 1), j.min(values.height() - 1));
    let row = |j: usize| get(i, j) + fx * (get(i + 1, j) - get(i, j));
    row(j) + fy * (row(j + 1) - row(j))
}

/// Pixels from the middle that 95 percent of a spot's light stay within, and one more.
fn reach(spot: &LensSpot) -> u8 {
    let half = (spot.size / 2) as f64;
    let mut by_ring = [0f32; REACH + 1];
    for (i, share) in spot.shares.iter().enumerate() {
        let (x, y) = ((i % spot.size) as f64 - half, (i / spot.size) as f64 - half);
        let ring = (x.hypot(y) * spot.pitch_px).ceil() as usize;
        by_ring[ring.min(REACH)] += share;
    }
    let total: f32 = by_ring.iter().sum();
    let mut sum = 0.0;
    let inside = by_ring.iter().position(|v| {
        sum += v;
        sum >= 0.95 * total
    });
    (inside.unwrap_or(REACH) + 1) as u8
}

/// The least and the greatest value within `reach` pixels across and down of each pixel of a block.
fn range(
    source: &Plane<f32>,
    (left, top): (usize, usize),
    (bw, bh): (usize, usize),
    reach: usize,
) -> (Vec<f32>, Vec<f32>) {
    let rows = bh + 2 * reach;
    let (mut low, mut high) = (vec![f32::MAX; rows * bw], vec![f32::MIN; rows * bw]);
    let mut line = vec![0f32; bw + 2 * reach];
    for y in 0..rows {
        for (x, v) in line.iter_mut().enumerate() {
            *v = source.clamped((left + x) as isize - reach as isize, (top + y) as isize - reach as isize);
        }
        for k in 0..=2 * reach {
            for (x, v) in line[k..k + bw].iter().enumerate() {
                let (l, h) = (&mut low[y * bw + x], &mut high[y * bw + x]);
                (*l, *h) = (if *v < *l { *v } else { *l }, if *v > *h { *v } else { *h });
            }
        }
    }
    let (mut least, mut most) = (vec![f32::MAX; bh * bw], vec![f32::MIN; bh * bw]);
    for y in 0..bh {
        for k in 0..=2 * reach {
            for x in 0..bw {
                let (l, h) = (low[(y + k) * bw + x], high[(y + k) * bw + x]);
                let (to_l, to_h) = (&mut least[y * bw + x], &mut most[y * bw + x]);
                (*to_l, *to_h) = (if l < *to_l { l } else { *to_l }, if h > *to_h { h } else { *to_h });
            }
        }
    }
    (least, most)
}

/// Cycles per pixel of a bin.
fn frequency(i: usize) -> f64 {
    (if i <= N / 2 { i as f64 } else { i as f64 - N as f64 }) / N as f64
}

/// Two-dimensional transforms of `N` x `N`; their result has columns as rows.
struct Transform {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
}

impl Transform {
    fn new() -> Self {
        let mut planner = FftPlanner::new();
        Self { forward: planner.plan_fft_forward(N), inverse: planner.plan_fft_inverse(N) }
    }

    fn forward(&self, data: &mut [Complex32]) {
        self.forward.process(data);
        transpose(data);
        self.forward.process(data);
    }

    fn inverse(&self, data: &mut [Complex32]) {
        self.inverse.process(data);
        transpose(data);
        self.inverse.process(data);
    }

    /// Makes a filter reach no farther than [`REACH`]: its taps fade out (raised cosine), and their sum becomes 1 again. What
    /// lies beyond a tile then has no part in what is kept of it, and no edge rings farther than that.
    fn shorten(&self, filter: &mut [Complex32]) {
        self.inverse(filter);
        let fade = |i: usize| i.min(N - i) as f32 / REACH as f32;
        let mut sum = 0.0;
        for (k, v) in filter.iter_mut().enumerate() {
            let r = fade(k / N).hypot(fade(k % N)).min(1.0);
            *v *= 0.5 + 0.5 * (std::f32::consts::PI * r).cos();
            sum += v.re;
        }
        filter.iter_mut().for_each(|v| *v /= sum.max(f32::MIN_POSITIVE));
        self.forward(filter);
    }

    /// The transfer function of a spot at an azimuth about its light's centre, so that nothing is moved: shares go to the four
    /// pixels around them, and the triangle over which they do is undone.
    fn spot(&self, spot: &LensSpot, azimuth: f64) -> Vec<Complex32> {
        let mut data = vec![Complex32::new(0.0, 0.0); N * N];
        let (sin, cos) = azimuth.sin_cos();
        let half = (spot.size / 2) as f64;
        let all: f64 = spot.shares.iter().map(|v| f64::from(*v)).sum();
        let moment: f64 = spot.shares.iter().enumerate().map(|(i, v)| (i % spot.size) as f64 * f64::from(*v)).sum();
        // spots are the same on both sides of the radius
        let centre = if all > 0.0 { moment / all } else { half };
        let mut total = 0f32;
        for (i, share) in spot.shares.iter().enumerate().take(spot.size * spot.size).filter(|s| *s.1 > 0.0) {
            let (r, t) = ((i % spot.size) as f64 - centre, (i / spot.size) as f64 - half);
            if r.hypot(t) * spot.pitch_px > (REACH - 1) as f64 {
                continue;
            }
            total += share;
            let (x, y) = (spot.pitch_px * (r * cos - t * sin), spot.pitch_px * (r * sin + t * cos));
            let (ix, iy) = (x.floor(), y.floor());
            let (fx, fy) = ((x - ix) as f32, (y - iy) as f32);
            let at = |v: f64, d: i64| (v as i64 + d).rem_euclid(N as i64) as usize;
            for (dx, dy, w) in
                [(0, 0, (1.0 - fx) * (1.0 - fy)), (1, 0, fx * (1.0 - fy)), (0, 1, (1.0 - fx) * fy), (1, 1, fx * fy)]
            {
                data[at(iy, dy) * N + at(ix, dx)].re += w * share;
            }
        }
        self.forward(&mut data);
        let triangle: Vec<f32> = (0..N)
            .map(|i| {
                let x = std::f64::consts::PI * frequency(i);
                if i == 0 { 1.0 } else { (x / x.sin()).powi(2) as f32 }
            })
            .collect();
        let total = total.max(f32::MIN_POSITIVE);
        for (k, v) in data.iter_mut().enumerate() {
            *v *= triangle[k / N] * triangle[k % N] / total;
        }
        data
    }
}

fn transpose(data: &mut [Complex32]) {
    const B: usize = 16;
    for y0 in (0..N).step_by(B) {
        for x0 in (y0..N).step_by(B) {
            for y in y0..y0 + B {
                for x in x0.max(y + 1)..x0 + B {
                    data.swap(y * N + x, x * N + y);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gaussian spots whose size in pixels grows from the middle to the corner.
    struct Growing(f64, f64);

    impl LensSpots for Growing {
        fn spot(&self, _: usize, radius: f64) -> LensSpot {
            let sigma = self.0 + radius * (self.1 - self.0);
            let (pitch_px, size) = (0.25, 81);
            let at = |i: usize| (i as f64 - 40.0) * pitch_px / sigma;
            let value = |i: usize| (-0.5 * (at(i % size).powi(2) + at(i / size).powi(2))).exp();
            let total: f64 = (0..size * size).map(value).sum();
            LensSpot { pitch_px, size, shares: (0..size * size).map(|i| (value(i) / total) as f32).collect() }
        }
    }

    const QUIET: NoiseModel = NoiseModel::uniform(1e-7, 1e-9);

    /// A step at a slant, blurred by a Gaussian, in the lower right corner of a picture.
    fn edge(w: usize, h: usize, sigma: f32) -> Plane<f32> {
        // the integral of a Gaussian, by Abramowitz and Stegun 7.1.26
        let phi = |x: f32| {
            let z = x.abs() / std::f32::consts::SQRT_2;
            let t = 1.0 / (1.0 + 0.3275911 * z);
            let poly =
                t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
            let erf = 1.0 - poly * (-z * z).exp();
            0.5 * (1.0 + erf.copysign(x))
        };
        Plane::from_fn(w, h, |x, y| {
            let along = (x as f32 - 0.9 * w as f32) + 0.1 * (y as f32 - 0.9 * h as f32);
            0.1 + 0.5 * phi(along / 1.005 / sigma)
        })
    }

    fn three(plane: &Plane<f32>) -> CameraRgb {
        CameraRgb::from_planes([(); 3].map(|()| plane.clone()))
    }

    /// Pixels between a tenth and nine tenths of the step, in the row through its middle.
    fn rise(plane: &Plane<f32>, y: usize) -> f32 {
        let cross = |level: f32| {
            let row = plane.row(y);
            let x = (1..row.len()).find(|x| row[*x] >= level).unwrap();
            x as f32 - (row[x] - level) / (row[x] - row[x - 1])
        };
        cross(0.1 + 0.5 * 0.9) - cross(0.1 + 0.5 * 0.1)
    }

    #[test]
    fn corners_become_as_sharp_as_the_middle_and_do_not_ring() {
        let spots = Growing(0.6, 2.4);
        let (w, h) = (700, 500);
        // at 0.9 of the radius the spot is 2.22 pixels wide
        let plane = edge(w, h, 2.22);
        let out = Deblur { spots: &spots, noise: QUIET, amount: 1.0 }.apply(three(&plane));
        let (before, after) = (rise(&plane, 450), rise(&out.planes[1], 450));
        assert!(after < 0.7 * before, "{before} {after}");
        let (low, high) = out.planes[1].data().iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        assert!(low > 0.1 * (1.0 - FREEDOM) - 1e-4 && high < 0.6 * (1.0 + FREEDOM) + 1e-4, "{low} {high}");
    }

    #[test]
    fn the_middle_and_even_pictures_stay_as_they_are() {
        let spots = Growing(0.6, 2.4);
        let even = Plane::filled(333, 211, 0.37f32);
        let out = Deblur { spots: &spots, noise: QUIET, amount: 1.0 }.apply(three(&even));
        assert!(out.planes.iter().flat_map(|p| p.data()).all(|v| (v - 0.37).abs() < 1e-5));
        let flat = Growing(1.0, 1.0);
        let plane = edge(333, 211, 1.0);
        let out = Deblur { spots: &flat, noise: QUIET, amount: 1.0 }.apply(three(&plane));
        for (a, b) in out.planes[0].data().iter().zip(plane.data()) {
            assert!((a - b).abs() < 4e-3, "{a} {b}");
        }
    }

    /// Spots drawn out along the radius, which hide most of some frequencies.
    struct Streaks;

    impl LensSpots for Streaks {
        fn spot(&self, _: usize, radius: f64) -> LensSpot {
            let (pitch_px, size) = (0.5, 61);
            let long = 0.6 + 6.0 * radius;
            let value = |i: usize| {
                let (r, t) = ((i % size) as f64 - 30.0, (i / size) as f64 - 30.0);
                f64::from((r * pitch_px).abs() < long) * (-0.5 * (t * pitch_px / 0.6).powi(2)).exp()
            };
            let total: f64 = (0..size * size).map(value).sum();
            LensSpot { pitch_px, size, shares: (0..size * size).map(|i| (value(i) / total) as f32).collect() }
        }
    }

    #[test]
    fn what_is_out_of_focus_shows_no_stripes() {
        let plane = edge(700, 500, 8.0);
        let out = Deblur { spots: &Streaks, noise: QUIET, amount: 1.0 }.apply(three(&plane));
        let mut falls = 0f32;
        for y in 0..500 {
            for pair in out.planes[1].row(y).windows(2) {
                falls = falls.max(pair[0] - pair[1]);
            }
        }
        // a step of 0.5 that rises all along
        assert!(falls < 1.5e-3, "{falls}");
    }

    #[test]
    fn noise_is_not_amplified() {
        let spots = Growing(0.6, 2.4);
        let noise = NoiseModel::uniform(0.0, 1e-4);
        let mut state = 12345u32;
        let mut normal = || {
            // the sum of twelve even numbers has variance 1
            (0..12)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 8) as f32 / (1 << 24) as f32
                })
                .sum::<f32>()
                - 6.0
        };
        let plane = Plane::from_fn(600, 400, |_, _| 0.2 + 0.01 * normal());
        let out = Deblur { spots: &spots, noise, amount: 1.0 }.apply(three(&plane));
        let deviation = |p: &Plane<f32>| {
            let corner: Vec<f32> = (330..400).flat_map(|y| p.row(y)[500..600].to_vec()).collect();
            (corner.iter().map(|v| (v - 0.2).powi(2)).sum::<f32>() / corner.len() as f32).sqrt()
        };
        let (before, after) = (deviation(&plane), deviation(&out.planes[1]));
        assert!(after < 1.1 * before, "{before} {after}");
    }

    #[test]
    fn every_size_is_safe_and_the_same_on_any_number_of_threads() {
        let spots = Growing(0.6, 2.4);
        for (w, h) in [(0, 0), (1, 1), (5, 300), (193, 7)] {
            let plane = Plane::from_fn(w, h, |x, y| ((x * 7 + y * 3) % 5) as f32);
            let out = Deblur { spots: &spots, noise: QUIET, amount: 1.0 }.apply(three(&plane));
            assert!(out.planes.iter().flat_map(|p| p.data()).all(|v| v.is_finite()));
        }
        let plane = edge(500, 300, 2.0);
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Deblur { spots: &spots, noise: QUIET, amount: 1.0 }.apply(three(&plane)).planes)
        };
        assert_eq!(on(1), on(3));
    }
}
