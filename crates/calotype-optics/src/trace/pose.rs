//! Shifted and turned surfaces.

use crate::Pose;

/// A change of coordinates: p' = R (p - shift), d' = R d.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Turn {
    pub shift: [f64; 3],
    pub rows: [[f64; 3]; 3],
}

impl Turn {
    /// From the axis to the surface's own coordinates.
    pub fn into_surface(pose: &Pose) -> Self {
        let [a, b, c] = pose.tilt_deg.map(f64::to_radians);
        // coordinates of a turned frame: the transposes of the rotations, in order
        let x = [[1.0, 0.0, 0.0], [0.0, a.cos(), a.sin()], [0.0, -a.sin(), a.cos()]];
        let y = [[b.cos(), 0.0, -b.sin()], [0.0, 1.0, 0.0], [b.sin(), 0.0, b.cos()]];
        let z = [[c.cos(), c.sin(), 0.0], [-c.sin(), c.cos(), 0.0], [0.0, 0.0, 1.0]];
        if pose.tilt_first {
            // turned about z, y, x; then shifted along the new axes: R (p - R^T s)
            let rows = product(&x, &product(&y, &z));
            Self { shift: apply(&transpose(&rows), pose.decentre), rows }
        } else {
            Self { shift: pose.decentre, rows: product(&z, &product(&y, &x)) }
        }
    }

    /// The way back.
    pub fn back(&self) -> Self {
        // p = R^T p' + shift = R^T (p' - (-R shift))
        Self { shift: apply(&self.rows, self.shift).map(|v| -v), rows: transpose(&self.rows) }
    }

    /// A direction in the new coordinates.
    pub fn apply(&self, d: [f64; 3]) -> [f64; 3] {
        apply(&self.rows, d)
    }

    /// The rotation alone.
    pub fn rotation(&self) -> Self {
        Self { shift: [0.0; 3], ..*self }
    }
}

fn apply(rows: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    rows.map(|r| r[0] * v[0] + r[1] * v[1] + r[2] * v[2])
}

fn transpose(m: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| m[j][i]))
}

fn product(a: &[[f64; 3]; 3], b: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_same_place() {
        for tilt_first in [false, true] {
            let pose =
                Pose { decentre: [1.0, -2.0, 0.5], tilt_deg: [10.0, -20.0, 30.0], tilt_first, ..Pose::default() };
            let (to, p) = (Turn::into_surface(&pose), [0.3, 0.7, -1.1]);
            let at = |t: &Turn, p: [f64; 3]| apply(&t.rows, std::array::from_fn(|i| p[i] - t.shift[i]));
            let again = at(&to.back(), at(&to, p));
            assert!((0..3).all(|i| (again[i] - p[i]).abs() < 1e-14), "{again:?}");
        }
        // turned by +90 degrees about x, the surface's normal points along -y... y turns towards z, z towards -y
        let quarter = Turn::into_surface(&Pose { tilt_deg: [90.0, 0.0, 0.0], ..Pose::default() });
        assert!((apply(&quarter.rows, [0.0, 1.0, 0.0])[2] + 1.0).abs() < 1e-15);
    }
}
