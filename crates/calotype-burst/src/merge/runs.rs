//! Stretches of a row that look at another frame with the same whole-pixel offset.

/// A stretch of positions: columns `start..end` lie nearest to sample (column + `dx`, `row`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    pub start: usize,
    pub end: usize,
    pub dx: i32,
    pub row: i32,
}

/// Cuts a row of positions into runs. Rotated frames give short runs, still ones a single long one.
pub(crate) fn cut(xs: &[f32], ys: &[f32], runs: &mut Vec<Run>) {
    runs.clear();
    let key = |k: usize| (nearest(xs[k]) - k as i32, nearest(ys[k]));
    let mut start = 0;
    while start < xs.len() {
        let (dx, row) = key(start);
        // gallop: positions move steadily, so an equal key far ahead means equal keys up to there
        let mut end = start + 1;
        let mut step = 8;
        while end + step <= xs.len() && key(end + step - 1) == (dx, row) {
            end += step;
        }
        while step > 0 {
            if end + step <= xs.len() && key(end + step - 1) == (dx, row) {
                end += step;
            } else {
                step /= 2;
            }
        }
        runs.push(Run { start, end, dx, row });
        start = end;
    }
}

/// The nearest whole number, halves upwards; a conversion is cheaper than `floor` where the processor's baseline has none.
#[inline(always)]
fn nearest(x: f32) -> i32 {
    const FAR: i32 = 1 << 24;
    let x = f64::from(x) + (FAR as f64 + 0.5);
    x as i32 - FAR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_every_column_with_its_nearest_sample() {
        let n = 301;
        let xs: Vec<f32> = (0..n).map(|k| k as f32 * 1.013 - 7.3).collect();
        let ys: Vec<f32> = (0..n).map(|k| 4.0 + k as f32 * 0.05).collect();
        let mut runs = vec![];
        cut(&xs, &ys, &mut runs);
        let mut next = 0;
        for r in &runs {
            assert_eq!(r.start, next);
            next = r.end;
            for k in r.start..r.end {
                assert!((xs[k] - (k as i32 + r.dx) as f32).abs() <= 0.5 + 1e-4);
                assert!((ys[k] - r.row as f32).abs() <= 0.5 + 1e-4);
            }
        }
        assert_eq!(next, n);
    }
}
