//! The wavefront in Zernike polynomials.

use super::wavefront::Wavefront;
use crate::surface::{noll, zernike_polynomial};
use nalgebra::{DMatrix, DVector};
use serde::Serialize;

/// Which polynomials, in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ZernikeOrder {
    /// Noll's, with mean square 1.
    Noll,
    /// The Fringe (University of Arizona) order, with 1 at the rim; 37 at most.
    Fringe,
}

/// (n, m) of the Fringe polynomials 1 to 37: by rising (n + |m|) / 2, then falling |m|, cosines first; the last is (12, 0).
fn fringe_indices(j: usize) -> (u32, i32) {
    if j == 37 {
        return (12, 0);
    }
    let half = ((j - 1) as f64).sqrt() as usize;
    let place = j - half * half - 1;
    let m = (half - place / 2) as i32;
    let n = 2 * half as u32 - m as u32;
    (n, if place.is_multiple_of(2) { m } else { -m })
}

/// Coefficients in waves of the first `count` polynomials, by least squares over the rays that arrived; nothing with fewer
/// rays than polynomials.
pub fn zernike_fit(wavefront: &Wavefront, order: ZernikeOrder, count: usize) -> Option<Vec<f64>> {
    let count = if order == ZernikeOrder::Fringe { count.min(37) } else { count };
    let points = wavefront.points();
    if points.len() < count || count == 0 {
        return None;
    }
    let value = |j: usize, [x, y]: [f64; 2]| match order {
        ZernikeOrder::Noll => noll(j, x, y),
        ZernikeOrder::Fringe => {
            let (n, m) = fringe_indices(j);
            zernike_polynomial(n, m, x, y)[0]
        }
    };
    let design = DMatrix::from_fn(points.len(), count, |i, k| value(k + 1, points[i].0));
    let waves = DVector::from_iterator(points.len(), points.iter().map(|p| p.1));
    design.svd(true, true).solve(&waves, 1e-12).ok().map(|c| c.iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::hexapolar;

    #[test]
    fn fringe_order() {
        let first = [(0, 0), (1, 1), (1, -1), (2, 0), (2, 2), (2, -2), (3, 1), (3, -1), (4, 0), (3, 3), (3, -3)];
        for (j, nm) in (1..).zip(first) {
            assert_eq!(fringe_indices(j), nm, "{j}");
        }
        assert_eq!((fringe_indices(16), fringe_indices(25), fringe_indices(36)), ((6, 0), (8, 0), (10, 0)));
    }

    #[test]
    fn known_coefficients_come_back() {
        let places = hexapolar(10);
        for order in [ZernikeOrder::Noll, ZernikeOrder::Fringe] {
            let shape = |[x, y]: [f64; 2]| match order {
                ZernikeOrder::Noll => 0.3 * noll(4, x, y) - 0.2 * noll(7, x, y) + 0.1 * noll(11, x, y),
                ZernikeOrder::Fringe => {
                    let r2 = x * x + y * y;
                    0.5 * (2.0 * r2 - 1.0) + 0.25 * (3.0 * r2 - 2.0) * y + 0.125 * (6.0 * r2 * r2 - 6.0 * r2 + 1.0)
                }
            };
            let w = Wavefront {
                waves: places.iter().map(|p| Some(shape(*p))).collect(),
                directions: vec![],
                places: places.clone(),
                image_point: [0.0; 2],
                radius: 1.0,
                wavelength_um: 0.5,
            };
            let c = zernike_fit(&w, order, 22).unwrap();
            let wanted: &[(usize, f64)] = match order {
                ZernikeOrder::Noll => &[(4, 0.3), (7, -0.2), (11, 0.1)],
                ZernikeOrder::Fringe => &[(4, 0.5), (8, 0.25), (9, 0.125)],
            };
            for (j, c) in (1..).zip(&c) {
                let truth = wanted.iter().find(|w| w.0 == j).map_or(0.0, |w| w.1);
                assert!((c - truth).abs() < 1e-12, "{order:?} {j} {c}");
            }
        }
    }
}
