//! From finished pictures in the neutral rendition back to the light of the scene.

use crate::residual::{decode, encode};
use crate::{Lattice, Look, OutputSpace, PointTransform};
use calotype_image::{Plane, SceneRgb, par};

/// Points along an axis of the table that inverts the rendition.
const POINTS: usize = 33;

/// Scene light of a finished picture in the neutral rendition (display-linear sRGB, white 1), so that looks can be shown on
/// it: as near as a table of 33 points is, which is enough to look at. What was clipped stays clipped.
pub fn scene_of_neutral(picture: &[Plane<f32>; 3]) -> SceneRgb {
    let neutral = PointTransform::new(&Look::default(), OutputSpace::Srgb, 0.0);
    // Cube roots of light: smooth from black to the brightest.
    let roots = Lattice::sample(POINTS, |[g, b], reds, row| {
        let mut near = None;
        for (r, out) in reds.iter().zip(row) {
            let scene = neutral.invert([*r, g, b].map(decode), near);
            near = Some(scene);
            *out = scene.map(|v| v.cbrt() as f32);
        }
    });
    let [r, g, b] = picture;
    let (width, height) = (r.width(), r.height().min(g.height()).min(b.height()));
    let rows = par::map(height, |y| {
        let (r, g, b) = (r.row(y), g.row(y), b.row(y));
        let one = |x: usize| roots.at([r[x], g[x], b[x]].map(|v| encode(f64::from(v)))).map(|v| (v * v * v) as f32);
        (0..width.min(g.len()).min(b.len())).map(one).collect::<Vec<_>>()
    });
    SceneRgb::from_planes([0, 1, 2].map(|c| Plane::from_fn(width, height, |x, y| rows[y].get(x).map_or(0.0, |v| v[c]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_comes_back_to_the_eye() {
        let neutral = Look::default().compile(OutputSpace::Srgb, 1.0);
        let light =
            |x: usize, y: usize, c: usize| 0.18 * ((x as f32 / 8.0) - 4.0 + 0.4 * ((y + 2 * c) as f32).sin()).exp2();
        let scene = SceneRgb::from_planes([0, 1, 2].map(|c| Plane::from_fn(48, 8, |x, y| light(x, y, c))));
        let shown = neutral.apply(scene.clone());
        let again = neutral.apply(scene_of_neutral(&shown.planes));
        let code = |v: f32| encode(f64::from(v));
        let mut sum = 0.0;
        for c in 0..3 {
            for (a, b) in shown.planes[c].data().iter().zip(again.planes[c].data()) {
                let away = (code(*a) - code(*b)).abs();
                assert!(away < 0.03, "{a} {b}");
                sum += away;
            }
        }
        assert!(sum / (3.0 * 48.0 * 8.0) < 0.001, "{sum}");
    }
}
