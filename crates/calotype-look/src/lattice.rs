//! Cubes of colours: `size` cubed points between which colours are interpolated.

use calotype_image::par;
use sha2::{Digest, Sha256};

/// A cube of colours for codes from 0 to 1 in red, green and blue, `size` points along each axis, red running fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Lattice {
    size: usize,
    points: Vec<[f32; 3]>,
}

impl Lattice {
    /// Smallest and largest number of points along an axis.
    pub const SIZES: std::ops::RangeInclusive<usize> = 2..=144;

    /// A cube of given points, red running fastest; `None` where their number is not `size` cubed, `size` lies outside
    /// [`Self::SIZES`] or a value is not finite.
    pub fn new(size: usize, points: Vec<[f32; 3]>) -> Option<Self> {
        let fits = Self::SIZES.contains(&size) && points.len() == size * size * size;
        (fits && points.iter().flatten().all(|v| v.is_finite())).then_some(Self { size, points })
    }

    /// A cube of what `f` makes of codes, on all cores. Each row of red is handed to `f` as a whole: the codes of green and
    /// blue, the codes of red, and the place for the results. `size` is held within [`Self::SIZES`].
    pub fn sample(size: usize, f: impl Fn([f64; 2], &[f64], &mut [[f32; 3]]) + Sync + Send) -> Self {
        let size = size.clamp(*Self::SIZES.start(), *Self::SIZES.end());
        let codes: Vec<f64> = (0..size).map(|i| i as f64 / (size - 1) as f64).collect();
        let rows = par::map(size * size, |i| {
            let mut row = vec![[0.0f32; 3]; size];
            f([codes[i % size], codes[i / size]], &codes, &mut row);
            row
        });
        Self { size, points: rows.concat() }
    }

    /// The cube with its points moved against what tetrahedral interpolation gets wrong about them on average, held within 0
    /// and 1. Between points on a curve, chords always err to the hollow side; points moved by that error's mean make half of
    /// the chord err to either. Neutrals stay as they are, and so do the faces across the axis that leaves the cube.
    ///
    /// The mean of chord minus curve over a cell of width h is h²/12 times the sum of all six second derivatives, mixed ones
    /// once: x² has 1/6 on [0, 1] where its chord has 1/2 - 1/3, and x·y has min(x, y) with 1/3 against 1/4.
    pub(crate) fn balanced(&self) -> Self {
        let n = self.size;
        let stride = [1, n, n * n];
        let inside = |i: usize| (1..n - 1).contains(&i);
        let balanced = |index: usize| {
            let place = [index % n, index / n % n, index / (n * n)];
            let here = self.points[index];
            if place[0] == place[1] && place[1] == place[2] {
                return here;
            }
            [0, 1, 2].map(|c| {
                let at = |i: usize| self.points[i][c];
                let mut sum = 0.0;
                for axis in (0..3).filter(|a| inside(place[*a])) {
                    let s = stride[axis];
                    sum += at(index + s) - 2.0 * here[c] + at(index - s);
                    for t in (axis + 1..3).filter(|b| inside(place[*b])).map(|b| stride[b]) {
                        sum += 0.25 * (at(index + s + t) - at(index + s - t) - at(index + t - s) + at(index - s - t));
                    }
                }
                (here[c] - sum / 12.0).clamp(0.0, 1.0)
            })
        };
        Self { size: n, points: par::map(n * n * n, balanced) }
    }

    /// Points along an axis.
    pub fn size(&self) -> usize {
        self.size
    }

    /// All points, red running fastest, then green.
    pub fn points(&self) -> &[[f32; 3]] {
        &self.points
    }

    /// SHA-256 of the table in hexadecimal: of its size as a 32-bit number and of all values as 32-bit floats, little-endian,
    /// in the order of [`Self::points`]. Comments and line ends of a file do not count.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new_with_prefix((self.size as u32).to_le_bytes());
        for point in &self.points {
            point.iter().for_each(|v| hash.update(v.to_le_bytes()));
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The colour at a code, held within 0 and 1 (what is no number counts as 0): tetrahedral interpolation, which keeps
    /// neutrals neutral (J. Sakamoto, US patent 4275413, long expired; the usual way of colour tables).
    pub fn at(&self, code: [f64; 3]) -> [f64; 3] {
        let mut out = [0.0; 3];
        for (index, weight) in corners(self.size, code) {
            out.iter_mut().zip(self.points[index]).for_each(|(sum, v)| *sum += weight * f64::from(v));
        }
        out
    }
}

/// The four points of a cube of `size` points along an axis between which a code lies, and their shares, which sum to 1:
/// from the darkest corner of the cell to the brightest, along the axes in the order of their shares.
pub(crate) fn corners(size: usize, code: [f64; 3]) -> [(usize, f64); 4] {
    let last = (size - 1) as f64;
    let place = code.map(|v| if v > 0.0 { v.min(1.0) * last } else { 0.0 });
    let cell = place.map(|v| (v as usize).min(size - 2));
    let share = [0, 1, 2].map(|i| place[i] - cell[i] as f64);
    let mut order = [0, 1, 2];
    order.sort_by(|a, b| share[*b].total_cmp(&share[*a]));
    let stride = [1, size, size * size];
    let mut index = cell[0] + cell[1] * stride[1] + cell[2] * stride[2];
    let mut out = [(index, 1.0 - share[order[0]]); 4];
    for (i, axis) in order.into_iter().enumerate() {
        index += stride[axis];
        out[i + 1] = (index, share[axis] - order.get(i + 1).map_or(0.0, |next| share[*next]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(size: usize) -> Lattice {
        Lattice::sample(size, |[g, b], reds, row| {
            for (r, out) in reds.iter().zip(row) {
                *out = [0.1 + 0.5 * r, 0.9 * g - 0.2 * r, b].map(|v| v as f32);
            }
        })
    }

    #[test]
    fn what_is_linear_is_exact_between_points() {
        for size in [2, 3, 17] {
            let cube = linear(size);
            for i in 0..1000 {
                let [r, g, b] = [7, 11, 13].map(|k| f64::from(i * k % 101) / 100.0);
                let got = cube.at([r, g, b]);
                let expected = [0.1 + 0.5 * r, 0.9 * g - 0.2 * r, b];
                assert!((0..3).all(|c| (got[c] - expected[c]).abs() < 1e-6), "{size}: {got:?} {expected:?}");
            }
        }
    }

    #[test]
    fn codes_outside_are_held_and_bad_cubes_refused() {
        let cube = linear(5);
        assert_eq!(cube.at([-1.0, f64::NAN, 9.0]), cube.at([0.0, 0.0, 1.0]));
        assert!(Lattice::new(2, vec![[0.0; 3]; 7]).is_none() && Lattice::new(1, vec![[0.0; 3]]).is_none());
        assert!(Lattice::new(2, vec![[f32::NAN; 3]; 8]).is_none());
    }
}
