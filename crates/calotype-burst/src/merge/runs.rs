//! Stretches of a row that look at another frame with the same whole-pixel offset.

/// A stretch of positions: columns `start..end` lie nearest to sample (column + `dx`, `row`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    pub start: usize,
    pub end: usize,
    pub dx: i32,
    pub row: i32,
}

/// Cuts the first `n` positions of a row into runs. Rotated frames give short runs, still ones a single long one.
///
/// Positions are linear from one knot to the next, every `step`-th from `first` on (at most `step`): what lies between two
/// knots is in a run when both are.
pub(crate) fn cut(xs: &[f32], ys: &[f32], n: usize, (first, step): (usize, usize), runs: &mut Vec<Run>) {
    let (xs, ys) = (&xs[..n], &ys[..n]);
    runs.clear();
    let mut start = 0;
    let mut next = first;
    while start < n {
        let (dx, row) = (nearest(xs[start]) - start as i32, nearest(ys[start]));
        let alike = |i: usize| nearest(xs[i]) - i as i32 == dx && nearest(ys[i]) == row;
        // the first one is like itself, unless it is not a number
        let mut end = start + 1;
        loop {
            if next <= start {
                next += step;
            } else if next < n && alike(next) {
                end = next + 1;
                next += step;
            } else {
                break;
            }
        }
        let last = next.min(n);
        while end < last && alike(end) {
            end += 1;
        }
        runs.push(Run { start, end, dx, row });
        start = end;
    }
}

/// The nearest whole number. A float between 2^23 and 2^24 holds a whole number in its low bits, so adding 1.5 times 2^23
/// rounds: one instruction for a whole vector, unlike a conversion, which Rust checks for overflow.
#[inline(always)]
fn nearest(x: f32) -> i32 {
    const MIDDLE: f32 = 12_582_912.0;
    (x + MIDDLE).to_bits() as i32 - MIDDLE.to_bits() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_every_column_with_its_nearest_sample() {
        let n = 301;
        // a kink at every knot, some of several samples
        let knots = (4usize, 8usize);
        let mut bend = 0.0;
        let mut xs: Vec<f32> = vec![-7.3];
        for k in 1..n {
            if k > knots.0 && (k - 1 - knots.0).is_multiple_of(knots.1) {
                bend = [0.0, 0.3, -0.01, 0.002, -0.7][k / 8 % 5];
            }
            xs.push(xs[k - 1] + 1.0 + bend);
        }
        let ys: Vec<f32> = (0..n).map(|k| 4.0 + k as f32 * 0.01).collect();
        let mut runs = vec![];
        cut(&xs, &ys, n, knots, &mut runs);
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
        assert!(runs.iter().any(|r| r.end - r.start > 12) && runs.iter().any(|r| r.end - r.start < 4), "{runs:?}");
    }

    #[test]
    fn still_rows_are_one_run_and_none_is_lost_without_numbers() {
        let xs: Vec<f32> = (0..100).map(|k| k as f32 + 0.2).collect();
        let mut runs = vec![];
        cut(&xs, &[3.0; 100], 100, (0, 16), &mut runs);
        assert_eq!(runs, [Run { start: 0, end: 100, dx: 0, row: 3 }]);
        cut(&[f32::NAN; 40], &[f32::NAN; 40], 40, (0, 16), &mut runs);
        assert_eq!(runs.iter().map(|r| r.end - r.start).sum::<usize>(), 40);
        cut(&[], &[], 0, (0, 16), &mut runs);
        assert!(runs.is_empty());
    }
}
