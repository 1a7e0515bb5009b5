//! Gathering a frame's samples at places between them, a group of places at a time.

use super::patch::{LANES, Patch, Places, WIDE};
use super::signal::OUTSIDE;
use super::spline::{alternating, taps};
use calotype_image::simd::{fused, madd};

type Group = [f32; LANES];
type Rows<'a> = [&'a [f32; WIDE]; 3];

/// The group of numbers at `at`; nothing where the buffer ends.
#[inline(always)]
fn group(s: &[f32], at: usize) -> &Group {
    s[at..].first_chunk().unwrap_or(&[0.0; LANES])
}

/// The group of numbers at `at` with its neighbours.
#[inline(always)]
fn wide<'a>(rows: &[&'a [f32]; 3], at: usize) -> Rows<'a> {
    const NONE: &[f32; WIDE] = &[0.0; WIDE];
    [
        rows[0][at..].first_chunk().unwrap_or(NONE),
        rows[1][at..].first_chunk().unwrap_or(NONE),
        rows[2][at..].first_chunk().unwrap_or(NONE),
    ]
}

/// Numbers in the run after the first `c`.
#[inline(always)]
fn rest(n: usize, c: usize) -> u32 {
    (n - c).min(LANES) as u32
}

/// Mean of the 3x3 samples around each place under the spline; (fx, fy) is the place less that of the middle sample.
#[inline(always)]
fn spline<const F: bool>(p: Rows, fx: &Group, fy: &Group) -> Group {
    let mut out = [0.0; LANES];
    for k in 0..LANES {
        let (a, b) = (taps(fx[k]), taps(fy[k]));
        let row = |r: &[f32; WIDE]| madd::<F>(a[0], r[k], madd::<F>(a[1], r[k + 1], a[2] * r[k + 2]));
        out[k] = madd::<F>(b[0], row(p[0]), madd::<F>(b[1], row(p[1]), b[2] * row(p[2])));
    }
    out
}

/// Places of a group less those of the nearest samples, of which the first is in column `x`, all in row `y`.
#[inline(always)]
fn offsets(places: &Places, at: usize, x: i32, y: i32) -> [Group; 2] {
    let (xs, ys) = (group(&places.xs, at), group(&places.ys, at));
    let (x, y) = (x as f32, y as f32);
    let mut out = [[0.0; LANES]; 2];
    for k in 0..LANES {
        out[0][k] = xs[k] - (x + COUNT[k]);
        out[1][k] = ys[k] - y;
    }
    out
}

/// 0, 1, 2, ...
const COUNT: Group = {
    let mut c = [0.0; LANES];
    let mut k = 0;
    while k < LANES {
        c[k] = k as f32;
        k += 1;
    }
    c
};

/// Adds `w v` to the numbers at `at` of which the first `n` count.
#[inline(always)]
fn add<const F: bool>(to: &mut [f32], at: usize, n: u32, w: &Group, v: &Group) {
    let Some(to) = to[at..].first_chunk_mut::<LANES>() else { return };
    if n == LANES as u32 {
        for k in 0..LANES {
            to[k] = madd::<F>(w[k], v[k], to[k]);
        }
        return;
    }
    for k in 0..LANES {
        to[k] += if (k as u32) < n { w[k] * v[k] } else { 0.0 };
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
    fearless_simd::dispatch!(fearless_simd::Level::new(), simd => match fused(simd) {
        true => gather_row::<true>(patch, places, weight, pattern, num, den),
        false => gather_row::<false>(patch, places, weight, pattern, num, den),
    });
}

#[inline(always)]
fn gather_row<const F: bool>(
    patch: &Patch,
    places: &Places,
    weight: &[f32],
    m: [f32; 4],
    num: &mut [f32],
    den: &mut [f32],
) {
    for run in &places.runs {
        let n = run.end - run.start;
        let x = run.start as i32 + run.dx;
        let Some(rows) = patch.three(run.row, x, n) else { continue };
        // the pattern at the nearest sample, which alternates along the row
        let sy = if run.row & 1 == 0 { 1.0 } else { -1.0 };
        let sx = if x & 1 == 0 { 1.0 } else { -1.0 };
        for c in (0..n).step_by(LANES) {
            let at = run.start + c;
            let [fx, fy] = offsets(places, at, x + c as i32, run.row);
            let v = spline::<F>(wide(&rows, c), &fx, &fy);
            let mut d = [0.0; LANES];
            for k in 0..LANES {
                let hx = sx * SIGN[k] * alternating(fx[k]);
                let hy = sy * alternating(fy[k]);
                d[k] = madd::<F>(hy, madd::<F>(m[3], hx, m[2]), madd::<F>(m[1], hx, m[0]));
            }
            let w = group(weight, at);
            add::<F>(num, at, rest(n, c), w, &v);
            add::<F>(den, at, rest(n, c), w, &d);
        }
    }
}

/// 1, -1, 1, ...
const SIGN: Group = {
    let mut s = [1.0; LANES];
    let mut k = 1;
    while k < LANES {
        s[k] = -1.0;
        k += 2;
    }
    s
};

/// Like [`gather`], where samples may be missing: they are 0 in `patch`, and `mask` holds the weight of every sample, 0 for
/// missing ones.
pub(crate) fn gather_masked(
    patch: &Patch,
    mask: &Patch,
    places: &Places,
    weight: &[f32],
    num: &mut [f32],
    den: &mut [f32],
) {
    fearless_simd::dispatch!(fearless_simd::Level::new(), simd => match fused(simd) {
        true => masked_row::<true>(patch, mask, places, weight, num, den),
        false => masked_row::<false>(patch, mask, places, weight, num, den),
    });
}

#[inline(always)]
fn masked_row<const F: bool>(
    patch: &Patch,
    mask: &Patch,
    places: &Places,
    weight: &[f32],
    num: &mut [f32],
    den: &mut [f32],
) {
    for run in &places.runs {
        let n = run.end - run.start;
        let x = run.start as i32 + run.dx;
        let (Some(rows), Some(masks)) = (patch.three(run.row, x, n), mask.three(run.row, x, n)) else { continue };
        for c in (0..n).step_by(LANES) {
            let at = run.start + c;
            let [fx, fy] = offsets(places, at, x + c as i32, run.row);
            let v = spline::<F>(wide(&rows, c), &fx, &fy);
            let d = spline::<F>(wide(&masks, c), &fx, &fy);
            let w = group(weight, at);
            add::<F>(num, at, rest(n, c), w, &v);
            add::<F>(den, at, rest(n, c), w, &d);
        }
    }
}

/// A 2x2 pattern of colour weights as mean and alternating parts: `m0 + m1 (-1)^x + m2 (-1)^y + m3 (-1)^(x+y)`.
pub(crate) fn pattern(cell: [f32; 4]) -> [f32; 4] {
    let [a, b, c, d] = cell;
    [a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d].map(|v| v / 4.0)
}

/// Adds `share` of one frame's low-pass signal of a plane to `out`: the mean of a 3x3 neighbourhood under the spline.
/// Places outside the patch become [`OUTSIDE`].
pub(crate) fn smooth(patch: &Patch, places: &Places, share: f32, out: &mut [f32]) {
    fearless_simd::dispatch!(fearless_simd::Level::new(), simd => match fused(simd) {
        true => smooth_row::<true>(patch, places, share, out),
        false => smooth_row::<false>(patch, places, share, out),
    });
}

#[inline(always)]
fn smooth_row<const F: bool>(patch: &Patch, places: &Places, share: f32, out: &mut [f32]) {
    let share = [share; LANES];
    for run in &places.runs {
        let n = run.end - run.start;
        let x = run.start as i32 + run.dx;
        let Some(rows) = patch.three(run.row, x, n) else {
            out[run.start..run.end].fill(OUTSIDE);
            continue;
        };
        for c in (0..n).step_by(LANES) {
            let [fx, fy] = offsets(places, run.start + c, x + c as i32, run.row);
            let v = spline::<F>(wide(&rows, c), &fx, &fy);
            add::<F>(out, run.start + c, rest(n, c), &share, &v);
        }
    }
}

/// Bilinear look-up of `patch` along a row of places; where they leave the patch `out` stays as it is.
pub(crate) fn bilinear(patch: &Patch, places: &Places, out: &mut [f32]) {
    fearless_simd::dispatch!(fearless_simd::Level::new(), simd => match fused(simd) {
        true => bilinear_row::<true>(patch, places, out),
        false => bilinear_row::<false>(patch, places, out),
    });
}

#[inline(always)]
fn bilinear_row<const F: bool>(patch: &Patch, places: &Places, out: &mut [f32]) {
    for run in &places.runs {
        let n = run.end - run.start;
        let x = run.start as i32 + run.dx;
        let Some(rows) = patch.three(run.row, x, n) else { continue };
        for c in (0..n).step_by(LANES) {
            let [fx, fy] = offsets(places, run.start + c, x + c as i32, run.row);
            let p = wide(&rows, c);
            let n = rest(n, c);
            let Some(out) = out[run.start + c..].first_chunk_mut::<LANES>() else { continue };
            let mut v = [0.0; LANES];
            for k in 0..LANES {
                // the nearest sample is within half a step on either side: tent weights over three taps
                let (a0, a2) = ((-fx[k]).max(0.0), fx[k].max(0.0));
                let (b0, b2) = ((-fy[k]).max(0.0), fy[k].max(0.0));
                let (a1, b1) = (1.0 - a0 - a2, 1.0 - b0 - b2);
                let r0 = madd::<F>(a0, p[0][k], madd::<F>(a1, p[0][k + 1], a2 * p[0][k + 2]));
                let r1 = madd::<F>(a0, p[1][k], madd::<F>(a1, p[1][k + 1], a2 * p[1][k + 2]));
                let r2 = madd::<F>(a0, p[2][k], madd::<F>(a1, p[2][k + 1], a2 * p[2][k + 2]));
                v[k] = madd::<F>(b0, r0, madd::<F>(b1, r1, b2 * r2));
            }
            if n == LANES as u32 {
                *out = v;
                continue;
            }
            for k in 0..LANES {
                out[k] = if (k as u32) < n { v[k] } else { out[k] };
            }
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
        places.resize(30);
        places.xs.iter_mut().enumerate().for_each(|(k, x)| *x = k as f32 * 1.01 + 0.37);
        places.ys.iter_mut().enumerate().for_each(|(k, y)| *y = 3.0 + 0.07 * k as f32);
        places.cut(30, 0, LANES);
        (patch, places)
    }

    #[test]
    fn gathering_reproduces_a_plane() {
        let (patch, places) = ramp();
        let truth: Vec<f32> = places.xs.iter().zip(&places.ys).map(|(x, y)| 0.5 + 0.01 * x + 0.02 * y).collect();
        let (mut smoothed, mut interpolated) = (vec![0.0; 30 + LANES], vec![0.0; 30 + LANES]);
        smooth(&patch, &places, 1.0, &mut smoothed);
        bilinear(&patch, &places, &mut interpolated);
        let (mut num, mut den) = (vec![0.0; 30 + LANES], vec![0.0; 30 + LANES]);
        gather(&patch, &places, &[2.0; 30 + LANES], pattern([1.0; 4]), &mut num, &mut den);
        for k in 0..30 {
            assert!((smoothed[k] - truth[k]).abs() < 1e-5);
            assert!((interpolated[k] - truth[k]).abs() < 1e-5);
            assert!((num[k] / den[k] - truth[k]).abs() < 1e-5);
        }
        assert!(num[30..].iter().chain(&smoothed[30..]).all(|v| *v == 0.0), "nothing is added beyond the last place");
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
        let (mut num, mut den) = (vec![0.0; 30 + LANES], vec![0.0; 30 + LANES]);
        gather(&patch, &places, &[1.0; 30 + LANES], pattern(cell), &mut num, &mut den);
        for k in 0..30 {
            assert!((num[k] / den[k] - 3.0).abs() < 1e-4, "{} {}", num[k], den[k]);
        }
    }

    #[test]
    fn places_outside_add_nothing() {
        let (patch, mut places) = ramp();
        places.ys.fill(500.0);
        places.cut(30, 0, LANES);
        let (mut num, mut den) = (vec![0.0; 30 + LANES], vec![0.0; 30 + LANES]);
        gather(&patch, &places, &[1.0; 30 + LANES], pattern([1.0; 4]), &mut num, &mut den);
        assert!(den.iter().all(|d| *d == 0.0));
    }
}
