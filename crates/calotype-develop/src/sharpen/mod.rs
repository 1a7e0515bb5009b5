//! Capture sharpening: what lens, photosites and demosaicing blurred, brought back before the look.
//!
//! In linear light and on luminance: a small filter inverts a Gaussian blur, no more than noise allows (its strength is
//! known), and stays within the values around a pixel, so that edges get no halos. Red, green and blue are scaled by
//! one factor.
//!
//! ```
//! use calotype_develop::{LuminanceNoise, Sharpen};
//! use calotype_image::SceneRgb;
//!
//! let mut picture = SceneRgb::new(640, 480);
//! Sharpen { sigma: 0.6, amount: 1.0, noise: LuminanceNoise { shot: 1e-4, read: 1e-7 } }.apply(&mut picture);
//! ```

mod kernel;
mod psf;

use crate::LuminanceNoise;
use crate::exposure::smoothstep;
use crate::proxy::REC2020_LUMINANCE;
use calotype_image::{Plane, SceneRgb, par};
use fearless_simd::{Level, Simd, dispatch};
use kernel::{Kernel, RADIUS};

pub use psf::estimate_sigma;

/// Capture sharpening and its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sharpen {
    /// Standard deviation of the blur to undo, in pixels, 0 to 1; 0.5 to 0.9 is usual, [`estimate_sigma`] measures it.
    pub sigma: f32,
    /// 0 (nothing) to 2 (twice what undoes the blur).
    pub amount: f32,
    /// Noise of the picture's luminance as it is now.
    pub noise: LuminanceNoise,
}

impl Default for Sharpen {
    fn default() -> Self {
        Self { sigma: 0.6, amount: 1.0, noise: LuminanceNoise::default() }
    }
}

/// Rows that one thread sharpens at a time.
const BAND: usize = 64;
/// How far beyond the values around it a pixel may go, in parts of their range; and downwards, of the least of them:
/// dark sides of edges show an undershoot much more than bright sides an overshoot.
const MARGIN: f32 = 0.25;
const DARK_MARGIN: f32 = 0.12;
/// The range of the 3x3 values around a pixel, over the noise's standard deviation, where sharpening sets in and where it
/// is whole. Pure white noise has a range of 3.0 ± 0.8.
const GATE: (f32, f32) = (3.5, 9.0);

impl Sharpen {
    /// Pixels around a pixel that its result depends on.
    pub const BORDER: usize = RADIUS;

    /// Sharpens a scene-linear picture in place.
    pub fn apply(&self, picture: &mut SceneRgb) {
        let (w, h) = (picture.width(), picture.height());
        let amount = self.amount.clamp(0.0, 2.0);
        if w == 0 || h == 0 || !(amount > 0.0 && self.sigma > 0.0) {
            return;
        }
        let mut kernel = Kernel::new(self.sigma.min(1.0));
        kernel.taps.iter_mut().flatten().for_each(|t| *t *= amount);
        let limits = Limits::new(&self.noise, amount);
        let level = Level::new();

        // Bands are sharpened in place, so the rows their neighbours need are kept first.
        let count = h.div_ceil(BAND);
        let seams: Vec<Plane<f32>> = par::map(count, |band| {
            let mut rows = Plane::<f32>::new(w, 2 * RADIUS);
            for i in 0..2 * RADIUS {
                // the rows just above the band's end and just below it
                let y = ((band + 1) * BAND + i).saturating_sub(RADIUS).min(h - 1);
                let [r, g, b] = picture.row(y);
                dispatch!(level, simd => luminance_row(simd, r, g, b, rows.row_mut(i)));
            }
            rows
        });
        par::bands3_mut(&mut picture.planes, BAND, |top, [mut r, mut g, mut b]| {
            let band = top / BAND;
            let rows = r.height();
            let mut window = Window::new(w);
            // luminance of the band with its borders; row i is the picture's row top + i - RADIUS
            let mut luminance = Plane::<f32>::new(w, rows + 2 * RADIUS);
            for i in 0..rows {
                dispatch!(level, simd => luminance_row(simd, r.row(i), g.row(i), b.row(i), luminance.row_mut(i + RADIUS)));
            }
            for i in 0..RADIUS {
                if band > 0 {
                    luminance.row_mut(i).copy_from_slice(seams[band - 1].row(i));
                } else {
                    copy_row(&mut luminance, RADIUS, i);
                }
                let below = rows + RADIUS + i;
                if top + rows < h {
                    luminance.row_mut(below).copy_from_slice(seams[band].row(RADIUS + i));
                } else {
                    copy_row(&mut luminance, rows + RADIUS - 1, below);
                }
            }
            for i in 0..rows {
                window.factors(level, &luminance, i + RADIUS, &kernel, &limits);
                let f = &window.factor;
                dispatch!(level, simd => scale_row(simd, f, r.row_mut(i), g.row_mut(i), b.row_mut(i)));
            }
        });
    }
}

fn copy_row(plane: &mut Plane<f32>, from: usize, to: usize) {
    let (w, stride) = (plane.width(), plane.stride());
    plane.data_mut().copy_within(from * stride..from * stride + w, to * stride);
}

/// Bounds on what may be added.
struct Limits {
    shot: f32,
    read: f32,
    /// Luminance of black's noise: below it ratios mean nothing.
    floor: f32,
    margin: f32,
    dark_margin: f32,
}

impl Limits {
    fn new(noise: &LuminanceNoise, amount: f32) -> Self {
        Self {
            shot: noise.shot.max(0.0),
            read: noise.read.max(0.0) + 1e-12,
            floor: noise.read.max(0.0).sqrt() + 1e-5,
            margin: MARGIN * amount,
            dark_margin: (DARK_MARGIN * amount).min(0.3),
        }
    }
}

/// Scratch rows of one thread, padded by the filter's radius on both sides.
struct Window {
    width: usize,
    /// Sums of the rows at distance 0, 1, 2 and 3.
    folded: [Vec<f32>; RADIUS + 1],
    /// Least and greatest of three rows.
    low: Vec<f32>,
    high: Vec<f32>,
    factor: Vec<f32>,
}

impl Window {
    fn new(width: usize) -> Self {
        let padded = || vec![0.0; width + 2 * RADIUS];
        Self {
            width,
            folded: std::array::from_fn(|_| padded()),
            low: padded(),
            high: padded(),
            factor: vec![1.0; width],
        }
    }

    /// Fills `factor` for row `y` of a plane of luminance.
    fn factors(&mut self, level: Level, luminance: &Plane<f32>, y: usize, kernel: &Kernel, limits: &Limits) {
        let rows: [&[f32]; 2 * RADIUS + 1] = std::array::from_fn(|i| luminance.row(y + i - RADIUS));
        let w = self.width;
        let inner = RADIUS..RADIUS + w;
        let (f0, rest) = self.folded.split_at_mut(1);
        f0[0][inner.clone()].copy_from_slice(rows[RADIUS]);
        for (d, f) in rest.iter_mut().enumerate() {
            let (above, below) = (rows[RADIUS - 1 - d], rows[RADIUS + 1 + d]);
            dispatch!(level, simd => add_rows(simd, above, below, &mut f[inner.clone()]));
        }
        let (low, high) = (&mut self.low[inner.clone()], &mut self.high[inner]);
        dispatch!(level, simd => extremes(simd, rows[RADIUS - 1], rows[RADIUS], rows[RADIUS + 1], low, high));
        for padded in self.folded.iter_mut().chain([&mut self.low, &mut self.high]) {
            let (first, last) = (padded[RADIUS], padded[RADIUS + w - 1]);
            padded[..RADIUS].fill(first);
            padded[RADIUS + w..].fill(last);
        }
        let [a, b, c, d] = &self.folded;
        let (low, high) = (&self.low, &self.high);
        dispatch!(level, simd => factor_row(simd, [a, b, c, d], low, high, kernel, limits, &mut self.factor));
    }
}

#[inline(always)]
fn luminance_row<S: Simd>(_: S, r: &[f32], g: &[f32], b: &[f32], out: &mut [f32]) {
    let n = out.len();
    let (r, g, b) = (&r[..n], &g[..n], &b[..n]);
    let [wr, wg, wb] = REC2020_LUMINANCE;
    for x in 0..n {
        out[x] = wr * r[x] + wg * g[x] + wb * b[x];
    }
}

#[inline(always)]
fn add_rows<S: Simd>(_: S, a: &[f32], b: &[f32], out: &mut [f32]) {
    let n = out.len();
    let (a, b) = (&a[..n], &b[..n]);
    for x in 0..n {
        out[x] = a[x] + b[x];
    }
}

#[inline(always)]
fn extremes<S: Simd>(_: S, a: &[f32], b: &[f32], c: &[f32], low: &mut [f32], high: &mut [f32]) {
    let n = low.len();
    let (a, b, c, high) = (&a[..n], &b[..n], &c[..n], &mut high[..n]);
    for x in 0..n {
        low[x] = a[x].min(b[x]).min(c[x]);
        high[x] = a[x].max(b[x]).max(c[x]);
    }
}

#[inline(always)]
fn factor_row<S: Simd>(
    _: S,
    folded: [&[f32]; RADIUS + 1],
    low: &[f32],
    high: &[f32],
    kernel: &Kernel,
    limits: &Limits,
    factor: &mut [f32],
) {
    let n = factor.len();
    let padded = n + 2 * RADIUS;
    let [f0, f1, f2, f3] = folded;
    let (f0, f1, f2, f3) = (&f0[..padded], &f1[..padded], &f2[..padded], &f3[..padded]);
    let (low, high) = (&low[..padded], &high[..padded]);
    let t = &kernel.taps;
    let (start, end) = GATE;
    for x in 0..n {
        let c = x + RADIUS;
        let mut detail = t[0][0] * f0[c] + t[1][0] * f1[c] + t[2][0] * f2[c] + t[3][0] * f3[c];
        for d in 1..=RADIUS {
            detail += t[0][d] * (f0[c - d] + f0[c + d]) + t[1][d] * (f1[c - d] + f1[c + d]);
            detail += t[2][d] * (f2[c - d] + f2[c + d]) + t[3][d] * (f3[c - d] + f3[c + d]);
        }
        let y = f0[c];
        let least = low[c - 1].min(low[c]).min(low[c + 1]);
        let most = high[c - 1].max(high[c]).max(high[c + 1]);
        let range = most - least;
        let noise = (limits.shot * y.max(0.0) + limits.read).sqrt();
        let gate = smoothstep(start, end, range / noise);
        let below = (least - limits.margin * range).max(least * (1.0 - limits.dark_margin));
        // where least is negative the second bound lies above it
        let below = below.min(y);
        let above = most + limits.margin * range;
        let wanted = (y + gate * detail).max(below).min(above);
        let ratio = (wanted + limits.floor) / (y.max(0.0) + limits.floor);
        factor[x] = ratio.clamp(0.25, 4.0);
    }
}

#[inline(always)]
fn scale_row<S: Simd>(_: S, factor: &[f32], r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
    let n = factor.len();
    let (r, g, b) = (&mut r[..n], &mut g[..n], &mut b[..n]);
    for x in 0..n {
        r[x] *= factor[x];
        g[x] *= factor[x];
        b[x] *= factor[x];
    }
}

#[cfg(test)]
mod tests;
