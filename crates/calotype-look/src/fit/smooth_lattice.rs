//! The smoothest lattice through scattered changes of colour: regularised least squares.

use crate::lattice::corners;

/// How smooth, and how small where nothing is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Smoothness {
    /// Weight of squared second differences along the axes, for a lattice of 17 points.
    pub bend: f64,
    /// Weight of squared values.
    pub size: f64,
}

/// A change of colour at a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub code: [f64; 3],
    pub change: [f64; 3],
    pub weight: f64,
}

/// Changes at the points of a lattice, red fastest.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    pub size: usize,
    pub points: Vec<[f64; 3]>,
}

impl Changes {
    /// The lattice r of `size` points along each axis that minimises
    /// `sum w |A r - change|^2 + bend |L r|^2 + size |r|^2`, A being the shares of tetrahedral interpolation and L second
    /// differences, by conjugate gradients with a diagonal preconditioner, started from a guess of that size or from the
    /// lattice of half the size.
    pub fn smooth(size: usize, data: &[Change], smoothness: Smoothness, guess: Option<&Self>) -> Self {
        let n = size * size * size;
        let mut x = vec![[0.0; 3]; n];
        if let Some(guess) = guess.filter(|g| g.size == size) {
            x.copy_from_slice(&guess.points);
        } else if size > 7 {
            let coarse = Self::smooth(size.div_ceil(2), data, smoothness, None);
            let code = |i: usize| i as f64 / (size - 1) as f64;
            for (i, v) in x.iter_mut().enumerate() {
                *v = coarse.at([i % size, i / size % size, i / (size * size)].map(code));
            }
        }
        let places: Vec<[(usize, f64); 4]> = data.iter().map(|d| corners(size, d.code)).collect();
        // A finer lattice has smaller second differences (h^2, squared) at more points (h^-3): the bend stays one thing.
        let bend = smoothness.bend * ((size - 1) as f64 / 16.0);
        let mut diagonal = vec![smoothness.size; n];
        let mut right = vec![[0.0; 3]; n];
        for (place, d) in places.iter().zip(data) {
            for (i, share) in place {
                diagonal[*i] += d.weight * share * share;
                right[*i].iter_mut().zip(d.change).for_each(|(r, c)| *r += d.weight * share * c);
            }
        }
        second_differences(size, |[a, b, c]| {
            (diagonal[a], diagonal[b], diagonal[c]) =
                (diagonal[a] + bend, diagonal[b] + 4.0 * bend, diagonal[c] + bend);
        });
        let multiply = |x: &[[f64; 3]]| {
            let mut out: Vec<[f64; 3]> = x.iter().map(|v| v.map(|v| v * smoothness.size)).collect();
            for (place, d) in places.iter().zip(data) {
                let at = sum(place.iter().map(|(i, share)| x[*i].map(|v| v * share)));
                for (i, share) in place {
                    out[*i].iter_mut().zip(at).for_each(|(o, v)| *o += d.weight * share * v);
                }
            }
            second_differences(size, |[a, b, c]| {
                for k in 0..3 {
                    let second = bend * (x[a][k] - 2.0 * x[b][k] + x[c][k]);
                    out[a][k] += second;
                    out[b][k] -= 2.0 * second;
                    out[c][k] += second;
                }
            });
            out
        };
        let dot = |a: &[[f64; 3]], b: &[[f64; 3]]| sum(a.iter().zip(b).map(|(a, b)| [0, 1, 2].map(|k| a[k] * b[k])));
        let precondition = |r: &[[f64; 3]]| -> Vec<[f64; 3]> {
            r.iter().zip(&diagonal).map(|(r, d)| r.map(|v| v / d.max(1e-12))).collect()
        };
        let image = multiply(&x);
        let scale = dot(&right, &precondition(&right));
        let mut rest = right;
        rest.iter_mut().zip(image).for_each(|(r, i)| *r = [0, 1, 2].map(|k| r[k] - i[k]));
        let mut z = precondition(&rest);
        let mut direction = z.clone();
        let mut rz = dot(&rest, &z);
        for _ in 0..400 {
            if (0..3).all(|k| rz[k] <= 1e-9 * scale[k]) {
                break;
            }
            let image = multiply(&direction);
            let curvature = dot(&direction, &image);
            let alpha = [0, 1, 2].map(|k| if curvature[k] > 0.0 { rz[k] / curvature[k] } else { 0.0 });
            for i in 0..n {
                for k in 0..3 {
                    x[i][k] += alpha[k] * direction[i][k];
                    rest[i][k] -= alpha[k] * image[i][k];
                }
            }
            z = precondition(&rest);
            let next = dot(&rest, &z);
            let beta = [0, 1, 2].map(|k| if rz[k] > 0.0 { next[k] / rz[k] } else { 0.0 });
            direction.iter_mut().zip(&z).for_each(|(d, z)| *d = [0, 1, 2].map(|k| z[k] + beta[k] * d[k]));
            rz = next;
        }
        Self { size, points: x }
    }

    /// The change at a code.
    pub fn at(&self, code: [f64; 3]) -> [f64; 3] {
        sum(corners(self.size, code).iter().map(|(i, share)| self.points[*i].map(|v| v * share)))
    }
}

fn sum(terms: impl Iterator<Item = [f64; 3]>) -> [f64; 3] {
    terms.fold([0.0; 3], |s, t| [0, 1, 2].map(|k| s[k] + t[k]))
}

/// Calls `f` with every three neighbours along every axis.
fn second_differences(size: usize, mut f: impl FnMut([usize; 3])) {
    let inside = |v: usize| v > 0 && v + 1 < size;
    for blue in 0..size {
        for green in 0..size {
            let row = size * (green + size * blue);
            (row + 1..row + size - 1).for_each(|i| f([i - 1, i, i + 1]));
            for stride in [inside(green).then_some(size), inside(blue).then_some(size * size)].into_iter().flatten() {
                (row..row + size).for_each(|i| f([i - stride, i, i + stride]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(f: impl Fn([f64; 3]) -> [f64; 3]) -> Vec<Change> {
        let one = |i: u32| {
            let code = [0.819_172, 0.671_043, 0.549_700].map(|k| (0.5 + k * f64::from(i)).fract());
            Change { code, change: f(code), weight: 1.0 }
        };
        (1..400).map(one).collect()
    }

    /// What is linear has no second differences: it is found exactly, between and beyond the examples.
    #[test]
    fn linear_changes_are_exact() {
        let f = |c: [f64; 3]| [0.1 * c[0] - 0.05, 0.02 + 0.2 * c[1] - 0.1 * c[2], 0.3 * c[2]];
        for size in [5, 9, 17] {
            let found = Changes::smooth(size, &data(f), Smoothness { bend: 0.02, size: 1e-9 }, None);
            for code in [[0.2, 0.7, 0.4], [0.01, 0.99, 0.5], [1.0; 3]] {
                let (a, b) = (found.at(code), f(code));
                assert!((0..3).all(|k| (a[k] - b[k]).abs() < 1e-3), "{size}: {a:?} {b:?}");
            }
        }
    }

    #[test]
    fn nothing_known_is_no_change() {
        let none = Changes::smooth(5, &[], Smoothness { bend: 0.02, size: 1e-3 }, None);
        assert_eq!(none.at([0.3, 0.4, 0.5]), [0.0; 3]);
        let small = Changes::smooth(9, &data(|_| [0.1; 3]), Smoothness { bend: 0.02, size: 1e3 }, None);
        assert!(small.at([0.5; 3])[0] < 0.01);
    }
}
