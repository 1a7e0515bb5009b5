//! A rectangle of one frame, converted for the merge, and the gathering of samples from it.

use super::runs::{Run, cut};
use super::signal::Signal;
use super::spline::{alternating, taps};

/// A rectangle of numbers at a place of a frame that may reach beyond its borders.
#[derive(Default)]
pub(crate) struct Patch {
    pub x0: isize,
    pub y0: isize,
    pub width: usize,
    pub height: usize,
    pub data: Vec<f32>,
}

impl Patch {
    /// Takes on a place and a size; what it holds is left unspecified.
    pub fn reshape(&mut self, x0: isize, y0: isize, width: usize, height: usize) {
        (self.x0, self.y0, self.width, self.height) = (x0, y0, width, height);
        self.data.resize(width * height, 0.0);
    }

    pub fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.width..][..self.width]
    }

    pub fn row_mut(&mut self, y: usize) -> &mut [f32] {
        &mut self.data[y * self.width..][..self.width]
    }

    /// The three rows around frame row `row`, from column `x` on, `n + 2` numbers each; `None` where they leave the patch.
    #[inline(always)]
    fn three(&self, row: i32, x: i32, n: usize) -> Option<[&[f32]; 3]> {
        let y = row as isize - 1 - self.y0;
        let x = x as isize - 1 - self.x0;
        if y < 0 || x < 0 || y as usize + 3 > self.height || x as usize + n + 2 > self.width {
            return None;
        }
        let (y, x) = (y as usize, x as usize);
        Some([0, 1, 2].map(|j| &self.data[(y + j) * self.width + x..][..n + 2]))
    }
}

/// Smallest rectangle of frame places, as (x0, y0, x1, y1), that reference pixels (x0..x1, y0..y1) look at.
pub(crate) fn bounds(signal: &Signal, x: (usize, usize), y: (usize, usize)) -> (f32, f32, f32, f32) {
    let step = crate::MotionField::SPACING;
    let mut b = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
    // motion is bilinear between nodes: its extremes over the rectangle are at nodes and at the rectangle's rim
    let places = |(a, e): (usize, usize)| {
        std::iter::once(a).chain((a / step + 1..).map(move |i| i * step).take_while(move |&v| v < e - 1)).chain([e - 1])
    };
    for py in places(y) {
        for px in places(x) {
            let (u, v) = signal.motion.position(px as f32, py as f32);
            b = (b.0.min(u), b.1.min(v), b.2.max(u), b.3.max(v));
        }
    }
    b
}

/// Where a row of reference pixels is found, with its runs; buffers are reused from row to row.
#[derive(Default)]
pub(crate) struct Places {
    pub xs: Vec<f32>,
    pub ys: Vec<f32>,
    pub runs: Vec<Run>,
}

impl Places {
    pub fn cut(&mut self) {
        cut(&self.xs, &self.ys, &mut self.runs);
    }
}

/// Adds what one frame says of a row of pixels to `num` and `den`.
///
/// `weight` is the frame's weight per pixel. The samples of `patch` are already multiplied by their colour's weight, whose
/// pattern over the 2x2 cell is `pattern` (see [`pattern`]); its gathered sum is known in closed form.
pub(crate) fn gather(
    patch: &Patch,
    places: &Places,
    weight: &[f32],
    pattern: [f32; 4],
    num: &mut [f32],
    den: &mut [f32],
) {
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => gather_row(patch, places, weight, pattern, num, den));
}

#[inline(always)]
fn gather_row(patch: &Patch, places: &Places, weight: &[f32], m: [f32; 4], num: &mut [f32], den: &mut [f32]) {
    for run in &places.runs {
        let n = run.end - run.start;
        let Some([p0, p1, p2]) = patch.three(run.row, run.start as i32 + run.dx, n) else { continue };
        let (xs, ys) = (&places.xs[run.start..run.end], &places.ys[run.start..run.end]);
        let w = &weight[run.start..run.end];
        let (num, den) = (&mut num[run.start..run.end], &mut den[run.start..run.end]);
        let first = (run.start as i32 + run.dx) as f32;
        let row = run.row as f32;
        // signs of the nearest sample's place in the cell
        let sy = if run.row & 1 == 0 { 1.0 } else { -1.0 };
        let sx = if (run.start as i32 + run.dx) & 1 == 0 { 1.0 } else { -1.0 };
        let signs = [sx, -sx];
        for k in 0..n {
            let fx = xs[k] - (first + k as f32);
            let fy = ys[k] - row;
            let (a, b) = (taps(fx), taps(fy));
            let r0 = a[0] * p0[k] + a[1] * p0[k + 1] + a[2] * p0[k + 2];
            let r1 = a[0] * p1[k] + a[1] * p1[k + 1] + a[2] * p1[k + 2];
            let r2 = a[0] * p2[k] + a[1] * p2[k + 1] + a[2] * p2[k + 2];
            let v = b[0] * r0 + b[1] * r1 + b[2] * r2;
            let hx = signs[k & 1] * alternating(fx);
            let hy = sy * alternating(fy);
            let d = m[0] + m[1] * hx + m[2] * hy + m[3] * hx * hy;
            num[k] += w[k] * v;
            den[k] += w[k] * d;
        }
    }
}

/// Like [`gather`], where samples may be clipped: they are 0 in `patch`, and `mask` holds the weight of every sample, 0 for
/// clipped ones.
pub(crate) fn gather_masked(
    patch: &Patch,
    mask: &Patch,
    places: &Places,
    weight: &[f32],
    num: &mut [f32],
    den: &mut [f32],
) {
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => masked_row(patch, mask, places, weight, num, den));
}

#[inline(always)]
fn masked_row(patch: &Patch, mask: &Patch, places: &Places, weight: &[f32], num: &mut [f32], den: &mut [f32]) {
    for run in &places.runs {
        let n = run.end - run.start;
        let x = run.start as i32 + run.dx;
        let (Some(p), Some(m)) = (patch.three(run.row, x, n), mask.three(run.row, x, n)) else { continue };
        let (xs, ys) = (&places.xs[run.start..run.end], &places.ys[run.start..run.end]);
        let w = &weight[run.start..run.end];
        let (num, den) = (&mut num[run.start..run.end], &mut den[run.start..run.end]);
        for k in 0..n {
            let (a, b) = (taps(xs[k] - (x as f32 + k as f32)), taps(ys[k] - run.row as f32));
            let (mut v, mut d) = (0.0, 0.0);
            for j in 0..3 {
                v += b[j] * (a[0] * p[j][k] + a[1] * p[j][k + 1] + a[2] * p[j][k + 2]);
                d += b[j] * (a[0] * m[j][k] + a[1] * m[j][k + 1] + a[2] * m[j][k + 2]);
            }
            num[k] += w[k] * v;
            den[k] += w[k] * d;
        }
    }
}

/// A 2x2 pattern of colour weights as mean and alternating parts: `m0 + m1 (-1)^x + m2 (-1)^y + m3 (-1)^(x+y)`.
pub(crate) fn pattern(cell: [f32; 4]) -> [f32; 4] {
    let [a, b, c, d] = cell;
    [a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d].map(|v| v / 4.0)
}

/// Gathers one frame's low-pass signal of a plane into `out`: the mean of a 3x3 neighbourhood under the spline. Places
/// outside the patch become [`OUTSIDE`](super::signal::OUTSIDE).
pub(crate) fn smooth(patch: &Patch, places: &Places, out: &mut [f32]) {
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => smooth_row(patch, places, out));
}

#[inline(always)]
fn smooth_row(patch: &Patch, places: &Places, out: &mut [f32]) {
    for run in &places.runs {
        let n = run.end - run.start;
        let out = &mut out[run.start..run.end];
        let Some([p0, p1, p2]) = patch.three(run.row, run.start as i32 + run.dx, n) else {
            out.fill(super::signal::OUTSIDE);
            continue;
        };
        let (xs, ys) = (&places.xs[run.start..run.end], &places.ys[run.start..run.end]);
        let first = (run.start as i32 + run.dx) as f32;
        let row = run.row as f32;
        for k in 0..n {
            let (a, b) = (taps(xs[k] - (first + k as f32)), taps(ys[k] - row));
            let r0 = a[0] * p0[k] + a[1] * p0[k + 1] + a[2] * p0[k + 2];
            let r1 = a[0] * p1[k] + a[1] * p1[k + 1] + a[2] * p1[k + 2];
            let r2 = a[0] * p2[k] + a[1] * p2[k + 1] + a[2] * p2[k + 2];
            out[k] = b[0] * r0 + b[1] * r1 + b[2] * r2;
        }
    }
}

/// Bilinear look-up of `patch` along a row of places.
pub(crate) fn bilinear(patch: &Patch, places: &Places, out: &mut [f32]) {
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => bilinear_row(patch, places, out));
}

#[inline(always)]
fn bilinear_row(patch: &Patch, places: &Places, out: &mut [f32]) {
    for run in &places.runs {
        let n = run.end - run.start;
        let out = &mut out[run.start..run.end];
        let Some([p0, p1, p2]) = patch.three(run.row, run.start as i32 + run.dx, n) else {
            out.fill(0.0);
            continue;
        };
        let (xs, ys) = (&places.xs[run.start..run.end], &places.ys[run.start..run.end]);
        let first = (run.start as i32 + run.dx) as f32;
        let row = run.row as f32;
        for k in 0..n {
            // the nearest sample is within half a pixel on either side: tent weights over three taps
            let (fx, fy) = (xs[k] - (first + k as f32), ys[k] - row);
            let (a0, a2) = ((-fx).max(0.0), fx.max(0.0));
            let (b0, b2) = ((-fy).max(0.0), fy.max(0.0));
            let (a1, b1) = (1.0 - a0 - a2, 1.0 - b0 - b2);
            let r0 = a0 * p0[k] + a1 * p0[k + 1] + a2 * p0[k + 2];
            let r1 = a0 * p1[k] + a1 * p1[k + 1] + a2 * p1[k + 2];
            let r2 = a0 * p2[k] + a1 * p2[k + 1] + a2 * p2[k + 2];
            out[k] = b0 * r0 + b1 * r1 + b2 * r2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> (Patch, Places) {
        let mut patch = Patch::default();
        patch.reshape(-3, -2, 40, 12);
        for y in 0..12 {
            for x in 0..40 {
                patch.data[y * 40 + x] = 0.5 + 0.01 * (x as f32 - 3.0) + 0.02 * (y as f32 - 2.0);
            }
        }
        let mut places = Places::default();
        places.xs = (0..30).map(|k| k as f32 * 1.01 + 0.37).collect();
        places.ys = (0..30).map(|k| 3.0 + 0.07 * k as f32).collect();
        places.cut();
        (patch, places)
    }

    #[test]
    fn gathering_reproduces_a_plane() {
        let (patch, places) = ramp();
        let truth: Vec<f32> = places.xs.iter().zip(&places.ys).map(|(x, y)| 0.5 + 0.01 * x + 0.02 * y).collect();
        let (mut smoothed, mut interpolated) = (vec![0.0; 30], vec![0.0; 30]);
        smooth(&patch, &places, &mut smoothed);
        bilinear(&patch, &places, &mut interpolated);
        let (mut num, mut den) = (vec![0.0; 30], vec![0.0; 30]);
        gather(&patch, &places, &[2.0; 30], pattern([1.0; 4]), &mut num, &mut den);
        for k in 0..30 {
            assert!((smoothed[k] - truth[k]).abs() < 1e-5);
            assert!((interpolated[k] - truth[k]).abs() < 1e-5);
            assert!((num[k] / den[k] - truth[k]).abs() < 1e-5);
        }
    }

    #[test]
    fn colour_weights_are_summed_in_closed_form() {
        let (mut patch, places) = ramp();
        let cell = [1.0, 0.4, 0.7, 0.2];
        for y in 0..patch.height {
            for x in 0..patch.width {
                let (fx, fy) = (x as isize + patch.x0, y as isize + patch.y0);
                let i = (fy.rem_euclid(2) * 2 + fx.rem_euclid(2)) as usize;
                patch.data[y * 40 + x] = 3.0 * cell[i];
            }
        }
        let (mut num, mut den) = (vec![0.0; 30], vec![0.0; 30]);
        gather(&patch, &places, &[1.0; 30], pattern(cell), &mut num, &mut den);
        for k in 0..30 {
            assert!((num[k] / den[k] - 3.0).abs() < 1e-4, "{} {}", num[k], den[k]);
        }
    }

    #[test]
    fn places_outside_add_nothing() {
        let (patch, mut places) = ramp();
        places.ys.fill(500.0);
        places.cut();
        let (mut num, mut den) = (vec![0.0; 30], vec![0.0; 30]);
        gather(&patch, &places, &[1.0; 30], pattern([1.0; 4]), &mut num, &mut den);
        assert!(den.iter().all(|d| *d == 0.0));
    }
}
