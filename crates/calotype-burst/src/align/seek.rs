//! Large motion of small things: where nothing fits, the neighbourhood is searched in whole pixels.

use super::cells::CELL;
use calotype_image::Plane;
use fearless_simd::{Level, dispatch, f32x8, prelude::*};

/// Side of the window compared, two cells.
pub(super) const WINDOW: usize = 2 * CELL;
/// Differences count at most this many times the mean difference without motion, so that what is hidden in one picture
/// does not decide.
const CAP: f32 = 1.5;
/// The best place must have at most this share of the difference without motion ...
const BETTER: f32 = 0.75;
/// ... and of that of any other place more than two pixels away.
const DISTINCT: f32 = 0.88;

/// Finds the window of `reference` whose top left pixel is at `place` in `frame`, within `reach` pixels of `place` plus
/// `start`. Gives the offset from `start`, or `None` where no other place is clearly better.
pub(super) fn seek(
    reference: &Plane<f32>,
    frame: &Plane<f32>,
    place: (usize, usize),
    start: (i32, i32),
    reach: i32,
) -> Option<(i32, i32)> {
    let (w, h) = (frame.width() as i32, frame.height() as i32);
    if place.0 + WINDOW > reference.width() || place.1 + WINDOW > reference.height() {
        return None;
    }
    let (x0, y0) = (place.0 as i32 + start.0, place.1 as i32 + start.1);
    let fits = |x: i32, y: i32| x >= 0 && y >= 0 && x + WINDOW as i32 <= w && y + WINDOW as i32 <= h;
    if !fits(x0, y0) {
        return None;
    }
    let level = Level::new();
    let compare = |x: i32, y: i32, cap: f32| dispatch!(level, simd => difference(simd, reference, frame, place, (x as usize, y as usize), cap));
    let unmoved = compare(x0, y0, f32::MAX / 1e6);
    let cap = CAP * unmoved / (WINDOW * WINDOW) as f32;
    let unmoved = compare(x0, y0, cap);
    let side = (2 * reach + 1) as usize;
    let mut costs = vec![f32::INFINITY; side * side];
    let mut best = (f32::INFINITY, 0, 0);
    for dy in -reach..=reach {
        for dx in -reach..=reach {
            if fits(x0 + dx, y0 + dy) {
                let cost = compare(x0 + dx, y0 + dy, cap);
                costs[(dy + reach) as usize * side + (dx + reach) as usize] = cost;
                if cost < best.0 {
                    best = (cost, dx, dy);
                }
            }
        }
    }
    let (cost, bx, by) = best;
    if !(cost < BETTER * unmoved) {
        return None;
    }
    let rival = (-reach..=reach)
        .flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy)))
        .filter(|&(dx, dy)| (dx - bx).abs() > 2 || (dy - by).abs() > 2)
        .map(|(dx, dy)| costs[(dy + reach) as usize * side + (dx + reach) as usize])
        .fold(f32::INFINITY, f32::min);
    (cost < DISTINCT * rival).then_some((bx, by))
}

/// Sum of the absolute differences of two windows, each at most `cap`; invalid pixels count `cap`.
#[inline(always)]
fn difference<S: Simd>(
    simd: S,
    reference: &Plane<f32>,
    frame: &Plane<f32>,
    a: (usize, usize),
    b: (usize, usize),
    cap: f32,
) -> f32 {
    let cap = f32x8::splat(simd, cap);
    let mut sum = f32x8::splat(simd, 0.0);
    for y in 0..WINDOW {
        let (r, f) = (&reference.row(a.1 + y)[a.0..a.0 + WINDOW], &frame.row(b.1 + y)[b.0..b.0 + WINDOW]);
        for x in [0, 8] {
            let d = (f32x8::from_slice(simd, &r[x..x + 8]) - f32x8::from_slice(simd, &f[x..x + 8])).abs();
            sum += d.simd_lt(cap).select(d, cap);
        }
    }
    sum.as_slice().iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texture(x: f32, y: f32) -> f32 {
        (x * 0.9 + 0.3 * y).sin() + (y * 1.3 - 0.4 * x).sin() + (0.05 * x * y).cos()
    }

    #[test]
    fn a_far_window_is_found() {
        let a = Plane::from_fn(80, 60, |x, y| texture(x as f32, y as f32));
        let b = Plane::from_fn(80, 60, |x, y| texture(x as f32 - 9.0, y as f32 + 6.0));
        assert_eq!(seek(&a, &b, (30, 25), (0, 0), 12), Some((9, -6)));
        assert_eq!(seek(&a, &b, (30, 25), (4, -4), 12), Some((5, -2)));
        assert_eq!(seek(&a, &a, (30, 25), (0, 0), 12), None, "nothing is better than no motion");
        assert_eq!(seek(&a, &b, (75, 50), (0, 0), 12), None);
    }

    #[test]
    fn stripes_are_not_followed() {
        let a = Plane::from_fn(80, 60, |x, _| (x as f32 * 0.8).sin());
        let b = Plane::from_fn(80, 60, |x, _| ((x as f32 - 3.0) * 0.8).sin());
        assert_eq!(seek(&a, &b, (30, 25), (0, 0), 12), None);
    }
}
