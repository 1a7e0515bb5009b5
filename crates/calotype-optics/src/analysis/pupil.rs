//! Places in the pupil, in units of its radius.

use std::f64::consts::TAU;

/// The middle and 6 i places on ring i of `rings`, the first of each on +x: 1 + 3 rings (rings + 1) places, each for
/// the same area but the middle.
pub fn hexapolar(rings: usize) -> Vec<[f64; 2]> {
    let ring = |i: usize| {
        let r = i as f64 / rings as f64;
        (0..6 * i).map(move |j| {
            let angle = TAU * j as f64 / (6 * i) as f64;
            [r * angle.cos(), r * angle.sin()]
        })
    };
    std::iter::once([0.0, 0.0]).chain((1..=rings).flat_map(ring)).collect()
}

/// The places of a square grid of `n` by `n` cells over -1..=1 whose middles lie in the unit circle, row by row, with
/// their columns and rows.
pub fn square_grid(n: usize) -> Vec<([f64; 2], [usize; 2])> {
    let at = |i: usize| (2 * i + 1) as f64 / n as f64 - 1.0;
    let cells = (0..n).flat_map(|j| (0..n).map(move |i| ([at(i), at(j)], [i, j])));
    cells.filter(|([x, y], _)| x * x + y * y <= 1.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_fill_the_pupil() {
        assert_eq!(hexapolar(6).len(), 127);
        assert!(hexapolar(3).iter().all(|[x, y]| x.hypot(*y) <= 1.0 + 1e-15));
        let cells = square_grid(200).len() as f64 / 40_000.0;
        assert!((cells - std::f64::consts::FRAC_PI_4).abs() < 2e-3);
    }
}
