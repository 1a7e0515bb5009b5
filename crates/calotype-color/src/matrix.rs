//! 3x3 matrices in double precision: what deriving colour transforms needs, and no more.

use crate::Matrix3;

/// The identity.
pub const IDENTITY: Matrix3 = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// The product `a b`: first `b`, then `a`.
pub fn multiply(a: &Matrix3, b: &Matrix3) -> Matrix3 {
    let mut m = [[0.0; 3]; 3];
    for (row, a) in m.iter_mut().zip(a) {
        for (j, v) in row.iter_mut().enumerate() {
            *v = a[0] * b[0][j] + a[1] * b[1][j] + a[2] * b[2][j];
        }
    }
    m
}

/// The product of a matrix and a column.
pub fn transform(m: &Matrix3, v: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|i| m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2])
}

/// A matrix with `d` on its diagonal.
pub fn diagonal(d: [f64; 3]) -> Matrix3 {
    [[d[0], 0.0, 0.0], [0.0, d[1], 0.0], [0.0, 0.0, d[2]]]
}

/// The inverse; `None` where the matrix is singular, nearly so, or not finite.
pub fn invert(m: &Matrix3) -> Option<Matrix3> {
    let cofactor = |i: usize, j: usize| {
        let (r, s) = ((i + 1) % 3, (i + 2) % 3);
        let (c, d) = ((j + 1) % 3, (j + 2) % 3);
        m[r][c] * m[s][d] - m[r][d] * m[s][c]
    };
    let det: f64 = (0..3).map(|j| m[0][j] * cofactor(0, j)).sum();
    let size = m.iter().flatten().fold(0.0f64, |a, v| a.max(v.abs()));
    // Relative to the size of the entries, so that a scaled matrix is judged alike.
    if !(det.is_finite() && det.abs() > 1e-9 * size.powi(3)) {
        return None;
    }
    let mut out = [[0.0; 3]; 3];
    for (i, row) in out.iter_mut().enumerate() {
        for (j, v) in row.iter_mut().enumerate() {
            *v = cofactor(j, i) / det;
        }
    }
    Some(out)
}

/// `a (1 - t) + b t`, entry by entry.
pub fn mix(a: &Matrix3, b: &Matrix3, t: f64) -> Matrix3 {
    let mut m = *a;
    for (row, b) in m.iter_mut().zip(b) {
        for (v, b) in row.iter_mut().zip(b) {
            *v += (b - *v) * t;
        }
    }
    m
}

/// True where every entry is finite.
pub fn is_finite(m: &Matrix3) -> bool {
    m.iter().flatten().all(|v| v.is_finite())
}

/// The same matrix in single precision, for pixels.
pub fn to_f32(m: &Matrix3) -> [[f32; 3]; 3] {
    m.map(|row| row.map(|v| v as f32))
}

/// Carries three rows of one length through a matrix, in place; samples beyond the shortest row are left alone.
pub fn apply_rows(m: &[[f32; 3]; 3], r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
    let n = r.len().min(g.len()).min(b.len());
    let (r, g, b) = (&mut r[..n], &mut g[..n], &mut b[..n]);
    for i in 0..n {
        let (x, y, z) = (r[i], g[i], b[i]);
        r[i] = m[0][0] * x + m[0][1] * y + m[0][2] * z;
        g[i] = m[1][0] * x + m[1][1] * y + m[1][2] * z;
        b[i] = m[2][0] * x + m[2][1] * y + m[2][2] * z;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const M: Matrix3 = [[2.0, -1.0, 0.5], [0.25, 3.0, -2.0], [1.0, 0.0, 4.0]];

    #[test]
    fn inverse_undoes() {
        let i = multiply(&M, &invert(&M).unwrap());
        for (a, b) in i.iter().flatten().zip(IDENTITY.iter().flatten()) {
            assert!((a - b).abs() < 1e-15);
        }
        assert_eq!(invert(&[[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 1.0, 1.0]]), None);
        assert_eq!(invert(&[[f64::NAN; 3]; 3]), None);
        assert!(invert(&diagonal([1e-6, 2e-6, 1e-6])).is_some());
    }

    #[test]
    fn rows_follow_the_matrix() {
        let (mut r, mut g, mut b) = (vec![1.0, 0.0, 2.0], vec![0.0, 1.0, -1.0], vec![0.0, 0.0, 0.5]);
        apply_rows(&to_f32(&M), &mut r, &mut g, &mut b);
        let want = transform(&M, [2.0, -1.0, 0.5]);
        assert_eq!([r[2], g[2], b[2]].map(f64::from), want);
        assert_eq!([r[0], g[1]], [2.0, 3.0]);
    }
}
