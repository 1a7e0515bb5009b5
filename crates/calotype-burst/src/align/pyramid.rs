//! Smaller and smaller grey pictures.

use calotype_image::{Plane, par};

/// Every second pixel of every second row: for a picture that is smooth already.
pub(super) fn decimate(source: &Plane<f32>) -> Plane<f32> {
    let mut out = Plane::new(source.width().div_ceil(2), source.height().div_ceil(2));
    par::bands_mut(&mut out, 16, |top, mut band| {
        for y in 0..band.height() {
            let line = source.row(2 * (top + y));
            for (v, &s) in band.row_mut(y).iter_mut().zip(line.iter().step_by(2)) {
                *v = s;
            }
        }
    });
    out
}

/// Half size: blurred with [1 4 6 4 1]/16 in both directions and every second pixel of every second row taken. Invalid
/// pixels (NaN) do not count; the result is NaN where more than half of the weight is invalid.
pub(super) fn halve(source: &Plane<f32>) -> Plane<f32> {
    const WEIGHTS: [f32; 5] = [1.0, 4.0, 6.0, 4.0, 1.0];
    let (w, h) = (source.width(), source.height());
    let mut out = Plane::new(w.div_ceil(2), h.div_ceil(2));
    par::bands_mut(&mut out, 16, |top, mut band| {
        let mut sum = vec![0.0f32; w];
        let mut weight = vec![0.0f32; w];
        for y in 0..band.height() {
            sum.fill(0.0);
            weight.fill(0.0);
            for (k, q) in WEIGHTS.into_iter().enumerate() {
                let line = source.row((2 * (top + y) + k).saturating_sub(2).min(h - 1));
                for ((s, n), &v) in sum.iter_mut().zip(&mut weight).zip(line) {
                    let valid = !v.is_nan();
                    *s += if valid { q * v } else { 0.0 };
                    *n += if valid { q } else { 0.0 };
                }
            }
            for (x, v) in band.row_mut(y).iter_mut().enumerate() {
                let (mut s, mut n) = (0.0, 0.0);
                for (k, q) in WEIGHTS.into_iter().enumerate() {
                    let at = (2 * x + k).saturating_sub(2).min(w - 1);
                    s += q * sum[at];
                    n += q * weight[at];
                }
                *v = if n > 128.0 { s / n } else { f32::NAN };
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_stay_ramps() {
        let p = halve(&Plane::from_fn(41, 33, |x, y| x as f32 + 3.0 * y as f32));
        assert_eq!((p.width(), p.height()), (21, 17));
        assert!((p.get(7, 5) - (14.0 + 30.0)).abs() < 1e-4);
        assert_eq!(halve(&Plane::filled(1, 1, 2.0f32)).get(0, 0), 2.0);
    }

    #[test]
    fn one_invalid_pixel_does_not_spread() {
        let p = halve(&Plane::from_fn(33, 33, |x, y| if (x, y) == (16, 16) { f32::NAN } else { 1.0 }));
        assert!(p.data().iter().all(|&v| (v - 1.0).abs() < 1e-6));
        let p = halve(&Plane::from_fn(33, 33, |x, _| if x > 16 { f32::NAN } else { 1.0 }));
        assert!(p.get(16, 4).is_nan() && p.get(8, 4) == 1.0);
    }
}
