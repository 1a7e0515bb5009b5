//! From the camera's colours to the scene's.

use calotype_color::Matrix3;
use calotype_image::{CameraRgb, Plane, SceneRgb, par};
use fearless_simd::{Level, Simd, dispatch};

/// Multiplies every pixel by `matrix`, which takes camera colours (not white balanced) to linear Rec.2020 with white
/// D65, white balance and exposure included; see `calotype-color` for how it follows from a calibration.
///
/// Works in place. Nothing is clipped: colours outside Rec.2020 come out with negative components.
pub fn camera_color(picture: CameraRgb, matrix: &Matrix3) -> SceneRgb {
    let mut planes: [Plane<f32>; 3] = picture.planes;
    let matrix = matrix.map(|row| row.map(|v| v as f32));
    let level = Level::new();
    par::bands3_mut(&mut planes, 64, |_, [mut r, mut g, mut b]| {
        for y in 0..r.height() {
            dispatch!(level, simd => matrix_row(simd, &matrix, r.row_mut(y), g.row_mut(y), b.row_mut(y)));
        }
    });
    SceneRgb::from_planes(planes)
}

/// One row of [`camera_color`].
#[inline(always)]
pub(crate) fn matrix_row<S: Simd>(_: S, m: &[[f32; 3]; 3], r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
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

    #[test]
    fn every_pixel_is_multiplied() {
        let matrix = [[2.0, -0.5, 0.25], [0.0, 1.5, -0.25], [0.125, 0.0, 3.0]];
        for (w, h) in [(0, 0), (1, 1), (7, 3), (33, 65)] {
            let picture =
                CameraRgb::from_planes([0, 1, 2].map(|c| Plane::from_fn(w, h, |x, y| (x + 2 * y + c) as f32)));
            let out = camera_color(picture.clone(), &matrix);
            for y in 0..h {
                for x in 0..w {
                    let v = picture.get(x, y).map(f64::from);
                    let expected = matrix.map(|row| (row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as f32);
                    assert_eq!(out.get(x, y), expected);
                }
            }
        }
    }
}
