//! A small picture that stands for the whole one where a decision needs all of it.

use calotype_image::{Domain, Plane, Rgb, SceneRgb, par};

/// Luminance weights of linear Rec.2020 (ITU-R BT.2020-2, table 4).
pub const REC2020_LUMINANCE: [f32; 3] = [0.2627, 0.6780, 0.0593];

/// Grey of 18 percent: where the scene's middle lies once exposure is applied.
pub const MID_GREY: f32 = 0.18;

/// The picture shrunk by the smallest whole factor that leaves at most `max_pixels`, each pixel the mean of the
/// box it stands for (boxes at the right and lower border may be smaller). The factor is at least 1.
pub fn shrink<D: Domain>(picture: &Rgb<D>, max_pixels: usize) -> Rgb<D> {
    let (w, h) = (picture.width(), picture.height());
    let mut factor = 1;
    while w.div_ceil(factor) * h.div_ceil(factor) > max_pixels.max(1) && factor < w.max(h) {
        factor += 1;
    }
    Rgb::from_planes([0, 1, 2].map(|c| shrink_plane(&picture.planes[c], factor)))
}

/// One plane shrunk by a whole factor, by means of boxes.
pub fn shrink_plane(plane: &Plane<f32>, factor: usize) -> Plane<f32> {
    let factor = factor.max(1);
    if factor == 1 || plane.is_empty() {
        return plane.clone();
    }
    let (w, h) = (plane.width(), plane.height());
    let mut out = Plane::<f32>::new(w.div_ceil(factor), h.div_ceil(factor));
    par::bands_mut(&mut out, 16, |top, mut band| {
        let mut line = vec![0.0f32; w];
        for y in 0..band.height() {
            let (y0, y1) = ((top + y) * factor, ((top + y + 1) * factor).min(h));
            // Down the columns first: that goes a vector at a time.
            line.copy_from_slice(plane.row(y0));
            for sy in y0 + 1..y1 {
                line.iter_mut().zip(plane.row(sy)).for_each(|(sum, v)| *sum += v);
            }
            for (v, part) in band.row_mut(y).iter_mut().zip(line.chunks(factor)) {
                *v = part.iter().sum::<f32>() / ((y1 - y0) * part.len()) as f32;
            }
        }
    });
    out
}

/// Rec.2020 luminance of a scene-linear picture.
pub fn luminance(picture: &SceneRgb) -> Plane<f32> {
    let mut out = Plane::<f32>::new(picture.width(), picture.height());
    let [wr, wg, wb] = REC2020_LUMINANCE;
    for y in 0..picture.height() {
        let [r, g, b] = picture.row(y);
        for (x, v) in out.row_mut(y).iter_mut().enumerate() {
            *v = wr * r[x] + wg * g[x] + wb * b[x];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_keep_the_mean_at_every_size() {
        for (w, h, f) in [(1, 1, 3), (7, 5, 2), (12, 9, 3), (5, 1, 4)] {
            let p = Plane::from_fn(w, h, |x, y| (x * 3 + y * 7) as f32);
            let s = shrink_plane(&p, f);
            assert_eq!((s.width(), s.height()), (w.div_ceil(f), h.div_ceil(f)));
            let (x1, y1) = (f.min(w), f.min(h));
            let mean = (0..y1).flat_map(|y| (0..x1).map(move |x| (x, y))).map(|(x, y)| p.get(x, y)).sum::<f32>()
                / (x1 * y1) as f32;
            assert!((s.get(0, 0) - mean).abs() < 1e-4);
            assert_eq!(s.clamped(99, 99), shrink_plane(&Plane::filled(w, h, s.clamped(99, 99)), f).get(0, 0));
        }
    }

    #[test]
    fn the_limit_on_pixels_holds() {
        let p = SceneRgb::new(640, 480);
        let s = shrink(&p, 10_000);
        assert!(s.width() * s.height() <= 10_000 && s.width() * s.height() > 5_000);
    }
}
