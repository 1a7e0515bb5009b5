//! Stretches of a row that look at another frame with the same whole-pixel offset.

use super::patch::LANES;

/// A stretch of positions: columns `start..end` lie nearest to sample (column + `dx`, `row`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    pub start: usize,
    pub end: usize,
    pub dx: i32,
    pub row: i32,
}

/// Cuts the first `n` positions of a row into runs. Rotated frames give short runs, still ones a single long one. The rows
/// are [`LANES`] longer than what they hold.
pub(crate) fn cut(xs: &[f32], ys: &[f32], n: usize, runs: &mut Vec<Run>) {
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => cut_row(xs, ys, n, runs));
}

#[inline(always)]
fn cut_row(xs: &[f32], ys: &[f32], n: usize, runs: &mut Vec<Run>) {
    runs.clear();
    let mut start = 0;
    while start < n {
        let (x, row) = (nearest(xs[start]), nearest(ys[start]));
        let mut end = start;
        while end < n {
            let (Some(xs), Some(ys)) = (xs[end..].first_chunk(), ys[end..].first_chunk()) else { break };
            let same = alike(xs, ys, x + (end - start) as i32, row);
            end += same;
            if same < LANES {
                break;
            }
        }
        // the first one is like itself, unless it is not a number
        let end = end.clamp(start + 1, n);
        runs.push(Run { start, end, dx: x - start as i32, row });
        start = end;
    }
}

/// How many positions from the first on are nearest to samples x, x + 1, ... of a row.
#[inline(always)]
fn alike(xs: &[f32; LANES], ys: &[f32; LANES], x: i32, row: i32) -> usize {
    let mut other = [0; LANES];
    let mut any = 0;
    for k in 0..LANES {
        other[k] = (nearest(xs[k]) ^ (x + k as i32)) | (nearest(ys[k]) ^ row);
        any |= other[k];
    }
    if any == 0 { LANES } else { other.iter().position(|&o| o != 0).unwrap_or(LANES) }
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
        let xs: Vec<f32> = (0..n + LANES).map(|k| k as f32 * 1.013 - 7.3).collect();
        let ys: Vec<f32> = (0..n + LANES).map(|k| 4.0 + k as f32 * 0.05).collect();
        let mut runs = vec![];
        cut(&xs, &ys, n, &mut runs);
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
