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
//! let noise = LuminanceNoise { shot: 1e-4, read: 1e-7 };
//! let picture = Sharpen { sigma: 0.6, amount: 1.0, noise }.apply(SceneRgb::new(640, 480));
//! ```

mod kernel;
mod psf;

use crate::LuminanceNoise;
use crate::executor::{Banded, Rows, RowsMut, Stage};
use crate::proxy::REC2020_LUMINANCE;
use calotype_image::{Plane, Scene, SceneRgb};
use fearless_simd::{Level, dispatch, prelude::*};
use kernel::{Kernel, RADIUS};

pub use psf::estimate_sigma;

/// Capture sharpening and its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sharpen {
    /// Blur of the picture as it is, the standard deviation in pixels of its sharpest edges: [`estimate_sigma`] measures
    /// it, 0.6 is usual. Sharpening brings it to 0.5; see [`Sharpen::blur_to_undo`].
    pub sigma: f32,
    /// 0 (nothing) to 2 (twice what undoes the blur).
    pub amount: f32,
    /// Noise of the picture's luminance as it is now.
    pub noise: LuminanceNoise,
}

impl Default for Sharpen {
    fn default() -> Self {
        Self { sigma: 0.58, amount: 1.0, noise: LuminanceNoise::default() }
    }
}

/// Scratch rows are this much or a multiple long: the widest vectors fit in evenly.
const PAD: usize = 16;
/// How far beyond the values around it a pixel may go, in parts of their range; and downwards, of the least of them:
/// dark sides of edges show an undershoot much more than bright sides an overshoot.
const MARGIN: f32 = 0.25;
const DARK_MARGIN: f32 = 0.12;
/// The range of the 3x3 values around a pixel, over the noise's standard deviation, where sharpening sets in and where it
/// is whole. Pure white noise has a range of 3.0 ± 0.8.
const GATE: (f32, f32) = (3.5, 9.0);

/// The blur that a sharp picture may keep, in pixels. A photosite that fills its pixel alone has a standard deviation
/// of 0.29; with a very good lens and no aliasing it comes to about this. Less looks harsh.
const NATURAL_SIGMA: f32 = 0.5;

impl Sharpen {
    /// The blur whose undoing brings edges of [`Sharpen::sigma`] to those of a sharp picture, 0.5 pixels: variances of
    /// blurs add up. At least 0.2 and at most 0.7. Against a picture without demosaicing, an undone blur of 0.3 raises
    /// MTF50 by about a tenth.
    pub fn blur_to_undo(&self) -> f32 {
        (self.sigma * self.sigma - NATURAL_SIGMA * NATURAL_SIGMA).max(0.0).sqrt().clamp(0.2, 0.7)
    }

    /// True where nothing would change.
    pub fn is_off(&self) -> bool {
        !(self.amount > 0.0 && self.sigma > 0.0)
    }

    /// The step of the pipeline that these parameters ask for; off, it leaves all values as they are.
    pub fn stage(&self) -> SharpenStage {
        let amount = if self.is_off() { 0.0 } else { self.amount.min(2.0) };
        let mut kernel = Kernel::new(self.blur_to_undo());
        kernel.taps.iter_mut().flatten().for_each(|t| *t *= amount);
        SharpenStage { kernel, limits: Limits::new(&self.noise, amount) }
    }

    /// Sharpens a whole picture in place.
    pub fn apply(&self, picture: SceneRgb) -> SceneRgb {
        if self.is_off() { picture } else { Banded::default().run(&self.stage(), picture) }
    }
}

/// Capture sharpening, ready to run.
#[derive(Clone, Debug)]
pub struct SharpenStage {
    kernel: Kernel,
    limits: Limits,
}

impl Stage for SharpenStage {
    type In = Scene;
    type Out = Scene;
    const BORDER: usize = RADIUS;

    fn run(&self, input: &Rows<'_, Scene>, output: &mut RowsMut<'_, Scene>) {
        let (width, top) = (input.width(), output.top());
        let rows = output.bottom() - top;
        let level = Level::new();
        // row i is the picture's row top + i - RADIUS
        let mut luminance = Plane::<f32>::new(width, rows + 2 * RADIUS);
        for i in 0..rows + 2 * RADIUS {
            let [r, g, b] = input.row((top + i) as isize - RADIUS as isize);
            dispatch!(level, simd => luminance_row(simd, r, g, b, luminance.row_mut(i)));
        }
        let mut window = Window::new(width);
        for i in 0..rows {
            window.factors(level, &luminance, i + RADIUS, &self.kernel, &self.limits);
            let f = &window.factor[..width];
            let from = input.row((top + i) as isize);
            for (from, to) in from.into_iter().zip(output.row_mut(top + i)) {
                dispatch!(level, simd => scale_row(simd, f, from, to));
            }
        }
    }
}

/// Bounds on what may be added.
#[derive(Clone, Debug)]
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

/// Scratch rows of one thread, padded by the filter's radius on both sides and to whole vectors.
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
        let whole = width.next_multiple_of(PAD);
        let padded = || vec![0.0; whole + 2 * RADIUS];
        Self {
            width,
            folded: std::array::from_fn(|_| padded()),
            low: padded(),
            high: padded(),
            factor: vec![1.0; whole],
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

/// The factors of a row. `folded`, `low` and `high` are padded on both sides, `factor` to a multiple of [`PAD`].
#[inline(always)]
fn factor_row<S: Simd>(
    simd: S,
    folded: [&[f32]; RADIUS + 1],
    low: &[f32],
    high: &[f32],
    kernel: &Kernel,
    limits: &Limits,
    factor: &mut [f32],
) {
    const C: usize = RADIUS;
    let n = S::f32s::LEN;
    let t = &kernel.taps;
    for (i, out) in factor.chunks_exact_mut(n).enumerate() {
        let x = i * n;
        // every row as seen from the pixels x and on, shifted by 0 to 6
        let [f0, f1, f2, f3] = folded.map(|row| &row[x..x + n + 2 * RADIUS]);
        let (low, high) = (&low[x..x + n + 2 * RADIUS], &high[x..x + n + 2 * RADIUS]);
        let y = S::f32s::from_slice(simd, &f0[C..C + n]);
        let mut detail = y * t[0][0];
        detail += S::f32s::from_slice(simd, &f1[C..C + n]) * t[1][0];
        detail += S::f32s::from_slice(simd, &f2[C..C + n]) * t[2][0];
        detail += S::f32s::from_slice(simd, &f3[C..C + n]) * t[3][0];
        for d in 1..=RADIUS {
            let (l, r) = (C - d, C + d);
            for (f, row) in [(f0, 0), (f1, 1), (f2, 2), (f3, 3)] {
                let pair = S::f32s::from_slice(simd, &f[l..l + n]) + S::f32s::from_slice(simd, &f[r..r + n]);
                detail += pair * t[row][d];
            }
        }
        let (mut least, mut most) =
            (S::f32s::from_slice(simd, &low[C..C + n]), S::f32s::from_slice(simd, &high[C..C + n]));
        for k in [C - 1, C + 1] {
            least = least.min(S::f32s::from_slice(simd, &low[k..k + n]));
            most = most.max(S::f32s::from_slice(simd, &high[k..k + n]));
        }
        let range = most - least;
        let light = y.max(0.0);
        let noise = (light * limits.shot + limits.read).sqrt();
        let gate = ((range / noise - GATE.0) * (1.0 / (GATE.1 - GATE.0))).max(0.0).min(1.0);
        let gate = gate * gate * (gate * -2.0 + 3.0);
        let below = (least - range * limits.margin).max(least * (1.0 - limits.dark_margin));
        // where least is negative the second bound lies above it
        let below = below.min(y);
        let above = range * limits.margin + most;
        let wanted = (gate * detail + y).max(below).min(above);
        let ratio = (wanted + limits.floor) / (light + limits.floor);
        ratio.max(0.25).min(4.0).store_slice(out);
    }
}

#[inline(always)]
fn scale_row<S: Simd>(_: S, factor: &[f32], from: &[f32], to: &mut [f32]) {
    let n = factor.len();
    let (from, to) = (&from[..n], &mut to[..n]);
    for x in 0..n {
        to[x] = from[x] * factor[x];
    }
}

#[cfg(test)]
mod tests;
