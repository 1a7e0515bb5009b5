//! The first guess: every shift and turn within reach, tried on the smallest pictures.

use calotype_image::Plane;
use fearless_simd::{Level, dispatch, f32x8, prelude::*};

/// Step of the turns tried, in radians: one pixel at the edge of the widest coarse picture is 0.02.
const TURN_STEP: f32 = 0.0175;
/// Radius of the mean that is subtracted, so that slow changes of light do not count.
const MEAN_RADIUS: usize = 4;
/// Least share of the picture that must overlap.
const OVERLAP: f32 = 0.4;

/// A shift after a turn around the centre, in pixels of the coarse level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    /// Normalised correlation, -1 to 1.
    pub score: f32,
    /// Turn in radians, from x towards y.
    pub turn: f32,
    /// Shift before the turn, (x, y).
    pub shift: (i32, i32),
}

/// What is left of a picture without its slow part, 0 where invalid, and 1 where valid.
struct Detail {
    value: Plane<f32>,
    valid: Plane<f32>,
}

/// The best few candidates, best first.
pub(super) fn search(
    reference: &Plane<f32>,
    frame: &Plane<f32>,
    max_shift: usize,
    max_turn: f32,
    count: usize,
) -> Vec<Candidate> {
    let level = Level::new();
    let (r, f) = (detail(reference), detail(frame));
    let (w, h) = (reference.width(), reference.height());
    // rows of whole vectors; the padding is invalid
    let padded = w.next_multiple_of(8);
    let pad = |p: &Plane<f32>| Plane::from_fn(padded, h, |x, y| if x < w { p.get(x, y) } else { 0.0 });
    let (rv, rm) = (pad(&r.value), pad(&r.valid));
    let turns = (max_turn / TURN_STEP).ceil() as i32;
    let m = max_shift as i32;
    let side = (2 * m + 1) as usize;
    let mut found = Vec::new();
    for k in -turns..=turns {
        let turn = (k as f32 * TURN_STEP).clamp(-max_turn, max_turn);
        let (fv, fm) = turned(&f, turn, max_shift, padded + 2 * max_shift, h + 2 * max_shift);
        let mut scores = Plane::filled(side, side, -1.0f32);
        for dy in 0..side {
            for dx in 0..side {
                let s = dispatch!(level, simd => correlate(simd, [&rv, &rm], [&fv, &fm], dx, dy));
                if s[3] >= OVERLAP * (w * h) as f32 && s[1] > 0.0 && s[2] > 0.0 {
                    scores.row_mut(dy)[dx] = s[0] / (s[1] * s[2]).sqrt();
                }
            }
        }
        for y in 0..side {
            for x in 0..side {
                let score = scores.get(x, y);
                let around = (0..9).map(|i| (x as isize + i % 3 - 1, y as isize + i / 3 - 1));
                if score > -1.0 && around.into_iter().all(|(u, v)| scores.clamped(u, v) <= score) {
                    found.push(Candidate { score, turn, shift: (x as i32 - m, y as i32 - m) });
                }
            }
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut best: Vec<Candidate> = Vec::new();
    for c in found {
        // neighbouring turns lead to the same place
        let known = best.iter().any(|b| {
            (b.turn - c.turn).abs() < 1.5 * TURN_STEP
                && (b.shift.0 - c.shift.0).abs() < 3
                && (b.shift.1 - c.shift.1).abs() < 3
        });
        if !known {
            best.push(c);
        }
        if best.len() == count {
            break;
        }
    }
    best
}

/// Subtracts the mean of the valid pixels around each pixel.
fn detail(p: &Plane<f32>) -> Detail {
    let (w, h) = (p.width(), p.height());
    // sums over rectangles from the top left corner
    let mut sums = Plane::<[f32; 2]>::new(w + 1, h + 1);
    for y in 0..h {
        let mut line = [0.0; 2];
        for x in 0..w {
            let v = p.get(x, y);
            if !v.is_nan() {
                line = [line[0] + v, line[1] + 1.0];
            }
            let above = sums.get(x + 1, y);
            sums.row_mut(y + 1)[x + 1] = [above[0] + line[0], above[1] + line[1]];
        }
    }
    let mut value = Plane::new(w, h);
    let mut valid = Plane::new(w, h);
    for y in 0..h {
        let (top, bottom) = (y.saturating_sub(MEAN_RADIUS), (y + MEAN_RADIUS + 1).min(h));
        for x in 0..w {
            let v = p.get(x, y);
            if v.is_nan() {
                continue;
            }
            let (left, right) = (x.saturating_sub(MEAN_RADIUS), (x + MEAN_RADIUS + 1).min(w));
            let area = |c: usize| {
                sums.get(right, bottom)[c] - sums.get(left, bottom)[c] - sums.get(right, top)[c]
                    + sums.get(left, top)[c]
            };
            value.row_mut(y)[x] = v - area(0) / area(1).max(1.0);
            valid.row_mut(y)[x] = 1.0;
        }
    }
    Detail { value, valid }
}

/// The frame turned back, `margin` pixels wider on every side: its pixel p is the frame's R (p - c) + c.
fn turned(f: &Detail, turn: f32, margin: usize, width: usize, height: usize) -> (Plane<f32>, Plane<f32>) {
    let (w, h) = (f.value.width(), f.value.height());
    let (s, c) = turn.sin_cos();
    let (cx, cy) = ((w as f32 - 1.0) / 2.0, (h as f32 - 1.0) / 2.0);
    let mut value = Plane::new(width, height);
    let mut valid = Plane::new(width, height);
    for y in 0..height {
        let v = y as f32 - margin as f32 - cy;
        for x in 0..width {
            let u = x as f32 - margin as f32 - cx;
            let (px, py) = (c * u - s * v + cx, s * u + c * v + cy);
            let (ix, iy) = (px.floor(), py.floor());
            if ix < 0.0 || iy < 0.0 || ix + 1.0 > w as f32 || iy + 1.0 > h as f32 {
                continue;
            }
            let (fx, fy) = (px - ix, py - iy);
            let (ix, iy) = (ix as usize, iy as usize);
            let (ix1, iy1) = ((ix + 1).min(w - 1), (iy + 1).min(h - 1));
            let lerp = |p: &Plane<f32>| {
                let (a, b) = (p.get(ix, iy), p.get(ix1, iy));
                let (d, e) = (p.get(ix, iy1), p.get(ix1, iy1));
                let (t, u) = (a + (b - a) * fx, d + (e - d) * fx);
                t + (u - t) * fy
            };
            if lerp(&f.valid) > 0.5 {
                value.row_mut(y)[x] = lerp(&f.value);
                valid.row_mut(y)[x] = 1.0;
            }
        }
    }
    (value, valid)
}

/// Sums over the overlap: product, squares of the reference, squares of the frame, pixels.
#[inline(always)]
fn correlate<S: Simd>(
    simd: S,
    [rv, rm]: [&Plane<f32>; 2],
    [fv, fm]: [&Plane<f32>; 2],
    dx: usize,
    dy: usize,
) -> [f32; 4] {
    let n = rv.width();
    let mut sums = [f32x8::splat(simd, 0.0); 4];
    for y in 0..rv.height() {
        let (a, am) = (rv.row(y), rm.row(y));
        let (b, bm) = (&fv.row(y + dy)[dx..dx + n], &fm.row(y + dy)[dx..dx + n]);
        for x in (0..n).step_by(8) {
            let (a, am) = (f32x8::from_slice(simd, &a[x..x + 8]), f32x8::from_slice(simd, &am[x..x + 8]));
            let (b, bm) = (f32x8::from_slice(simd, &b[x..x + 8]), f32x8::from_slice(simd, &bm[x..x + 8]));
            sums[0] += a * b;
            sums[1] += a * a * bm;
            sums[2] += b * b * am;
            sums[3] += am * bm;
        }
    }
    sums.map(|s| s.as_slice().iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(w: usize, h: usize, turn: f32, shift: (f32, f32)) -> Plane<f32> {
        let (s, c) = turn.sin_cos();
        Plane::from_fn(w, h, |x, y| {
            // a smooth random field seen from a turned and shifted camera
            let (u, v) = (x as f32 - (w as f32 - 1.0) / 2.0 - shift.0, y as f32 - (h as f32 - 1.0) / 2.0 - shift.1);
            let (u, v) = (c * u + s * v, -s * u + c * v);
            (0.41 * u + 0.13 * v).sin()
                + (0.27 * v - 0.19 * u + 1.0).sin()
                + (0.53 * v + 0.07 * u + 2.0).cos()
                + (0.011 * u * v).cos()
        })
    }

    #[test]
    fn a_shift_is_found() {
        let best = search(&picture(61, 45, 0.0, (0.0, 0.0)), &picture(61, 45, 0.0, (5.0, -3.0)), 7, 0.0, 2);
        assert_eq!(best[0].shift, (5, -3));
        assert!(best[0].score > 0.9);
    }

    #[test]
    fn a_turn_is_found() {
        let best = search(&picture(61, 45, 0.0, (0.0, 0.0)), &picture(61, 45, 0.05, (-2.0, 4.0)), 7, 0.056, 2);
        assert!((best[0].turn - 0.05).abs() < 0.01, "{best:?}");
        assert!((best[0].shift.0 + 2).abs() <= 1 && (best[0].shift.1 - 4).abs() <= 1, "{best:?}");
    }

    #[test]
    fn nothing_valid_finds_nothing() {
        let p = Plane::filled(50, 40, f32::NAN);
        assert!(search(&p, &p, 5, 0.05, 3).is_empty());
    }
}
