//! A quick picture of half the size, for proxies and previews.

use crate::DevelopError;
use calotype_image::{CameraRgb, Mosaic, Plane, par};

/// One pixel per 2x2 cell: its red, its blue and the mean of its greens; an odd last row or column is left out,
/// except that a picture never shrinks to nothing.
///
/// Colours sit where their cell is, so red and blue are half a pixel apart: good for measuring, not for looking at
/// 100 %. A monochrome mosaic gives the mean of each cell.
///
/// # Errors
/// [`DevelopError::UnsupportedCfa`] where the filters are neither Bayer nor absent.
pub fn demosaic_half(mosaic: &Mosaic) -> Result<CameraRgb, DevelopError> {
    let samples = &mosaic.samples;
    if !(mosaic.cfa.is_bayer() || mosaic.cfa.is_mono()) {
        return Err(DevelopError::UnsupportedCfa(mosaic.cfa));
    }
    let halved = |n: usize| if n == 0 { 0 } else { (n / 2).max(1) };
    let (width, height) = (halved(samples.width()), halved(samples.height()));
    let mut planes = [(); 3].map(|()| Plane::new(width, height));
    if samples.width() < 2 || samples.height() < 2 {
        for p in &mut planes {
            for y in 0..height {
                let row = samples.row((2 * y).min(samples.height() - 1));
                for (x, v) in p.row_mut(y).iter_mut().enumerate() {
                    *v = row[(2 * x).min(row.len() - 1)];
                }
            }
        }
        return Ok(CameraRgb::from_planes(planes));
    }
    let (rx, ry) = mosaic.cfa.red_at();
    let mono = mosaic.cfa.is_mono();
    par::bands3_mut(&mut planes, 64, |top, [mut r, mut g, mut b]| {
        for y in 0..r.height() {
            let rows = [samples.row(2 * (top + y)), samples.row(2 * (top + y) + 1)];
            let (red, blue) = (rows[ry].as_chunks::<2>().0, rows[1 - ry].as_chunks::<2>().0);
            let (r, g, b) = (r.row_mut(y), g.row_mut(y), b.row_mut(y));
            for x in 0..width {
                let (p, q) = (red[x], blue[x]);
                if mono {
                    let mean = 0.25 * (p[0] + p[1] + q[0] + q[1]);
                    (r[x], g[x], b[x]) = (mean, mean, mean);
                } else {
                    (r[x], g[x], b[x]) = (p[rx], 0.5 * (p[1 - rx] + q[rx]), q[1 - rx]);
                }
            }
        }
    });
    Ok(CameraRgb::from_planes(planes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{Cfa, NoiseModel};

    #[test]
    fn a_cell_becomes_a_pixel() {
        for cfa in [Cfa::RGGB, Cfa::BGGR, Cfa::GRBG, Cfa::GBRG] {
            let samples = Plane::from_fn(5, 7, |x, y| [0.1, 0.2, 0.3][cfa.color_at(x, y) as usize]);
            let half = demosaic_half(&Mosaic { samples, cfa, noise: NoiseModel::uniform(0.0, 0.0) }).unwrap();
            assert_eq!((half.width(), half.height()), (2, 3));
            assert_eq!(half.get(1, 2), [0.1, 0.2, 0.3]);
        }
    }

    #[test]
    fn tiny_pictures_survive() {
        for (w, h) in [(0, 0), (1, 1), (1, 4), (4, 1), (0, 3)] {
            let samples = Plane::filled(w, h, 0.5);
            let half =
                demosaic_half(&Mosaic { samples, cfa: Cfa::RGGB, noise: NoiseModel::uniform(0.0, 0.0) }).unwrap();
            assert!(half.planes.iter().all(|p| p.data().iter().all(|&v| v == 0.5)));
            assert_eq!(half.planes[0].is_empty(), w * h == 0);
        }
    }
}
