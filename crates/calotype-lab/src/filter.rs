//! Smoothing and means over areas: what several measures share.

use calotype_image::{Plane, par};

/// A plane smoothed by a Gaussian of `sigma` pixels, cut off at four sigma; mirrored at the borders (the border pixel
/// counts twice, as `scipy.ndimage` does by default).
pub(crate) fn gaussian(plane: &Plane<f32>, sigma: f64) -> Plane<f32> {
    if !(sigma > 0.0) || plane.is_empty() {
        return plane.clone();
    }
    gaussian_within(plane, sigma, (4.0 * sigma + 0.5) as usize)
}

/// The same, cut off beyond `radius` pixels.
pub(crate) fn gaussian_within(plane: &Plane<f32>, sigma: f64, radius: usize) -> Plane<f32> {
    let mut kernel: Vec<f64> = (0..=radius).map(|i| (-0.5 * (i as f64 / sigma).powi(2)).exp()).collect();
    let sum = kernel[0] + 2.0 * kernel[1..].iter().sum::<f64>();
    kernel.iter_mut().for_each(|k| *k /= sum);
    separable(plane, &kernel)
}

/// A plane of means over squares of `2 * radius + 1` pixels, mirrored at the borders.
pub(crate) fn mean(plane: &Plane<f32>, radius: usize) -> Plane<f32> {
    separable(plane, &vec![1.0 / (2 * radius + 1) as f64; radius + 1])
}

/// Both ways with half of a symmetric kernel, centre first.
fn separable(plane: &Plane<f32>, kernel: &[f64]) -> Plane<f32> {
    let kernel: Vec<f32> = kernel.iter().map(|&k| k as f32).collect();
    let (width, height) = (plane.width(), plane.height());
    let mut across = Plane::new(width, height);
    let columns: Vec<[usize; 2]> = neighbours(width, kernel.len());
    par::bands_mut(&mut across, 16, |top, mut band| {
        for y in 0..band.height() {
            let (from, to) = (plane.row(top + y), band.row_mut(y));
            for (x, v) in to.iter_mut().enumerate() {
                let pairs = &columns[x * (kernel.len() - 1)..][..kernel.len() - 1];
                *v = kernel[0] * from[x]
                    + pairs.iter().zip(&kernel[1..]).map(|(p, k)| k * (from[p[0]] + from[p[1]])).sum::<f32>();
            }
        }
    });
    let mut out = Plane::new(width, height);
    let rows = neighbours(height, kernel.len());
    par::bands_mut(&mut out, 16, |top, mut band| {
        for y in 0..band.height() {
            let to = band.row_mut(y);
            to.iter_mut().zip(across.row(top + y)).for_each(|(o, v)| *o = kernel[0] * v);
            for (p, k) in rows[(top + y) * (kernel.len() - 1)..][..kernel.len() - 1].iter().zip(&kernel[1..]) {
                let (above, below) = (across.row(p[0]), across.row(p[1]));
                for (x, o) in to.iter_mut().enumerate() {
                    *o += k * (above[x] + below[x]);
                }
            }
        }
    });
    out
}

/// For every place the two at each distance below `taps`, mirrored.
fn neighbours(size: usize, taps: usize) -> Vec<[usize; 2]> {
    (0..size)
        .flat_map(|x| (1..taps).map(move |d| [mirror(x as isize - d as isize, size), mirror((x + d) as isize, size)]))
        .collect()
}

/// A place beyond the border, mirrored into it; the border pixel counts twice.
fn mirror(i: isize, size: usize) -> usize {
    let n = size as isize;
    let i = i.rem_euclid(2 * n);
    (if i < n { i } else { 2 * n - 1 - i }) as usize
}

/// Means of blocks of `n` by `n` pixels; what is left over at the right and at the bottom is left out.
pub(crate) fn blocks(plane: &Plane<f32>, n: usize) -> Plane<f32> {
    Plane::from_fn(plane.width() / n, plane.height() / n, |bx, by| {
        let sum: f32 = (0..n).map(|y| plane.row(by * n + y)[bx * n..][..n].iter().sum::<f32>()).sum();
        sum / (n * n) as f32
    })
}

/// A mask (1 inside) shrunk by `radius` pixels, in both directions.
pub(crate) fn erode(mask: &Plane<u8>, radius: usize) -> Plane<u8> {
    let rows = Plane::from_fn(mask.width(), mask.height(), |x, y| {
        let (from, to) = (x.saturating_sub(radius), (x + radius + 1).min(mask.width()));
        mask.row(y)[from..to].iter().copied().min().unwrap_or(0)
    });
    Plane::from_fn(mask.width(), mask.height(), |x, y| {
        (y.saturating_sub(radius)..(y + radius + 1).min(mask.height())).map(|y| rows.get(x, y)).min().unwrap_or(0)
    })
}

/// The sample at a place in pixel coordinates (centres at .5), bilinear, clamped at the borders.
pub(crate) fn bilinear(plane: &Plane<f32>, x: f64, y: f64) -> f32 {
    let (x, y) = (x - 0.5, y - 0.5);
    let (ix, iy) = (x.floor(), y.floor());
    let (fx, fy) = ((x - ix) as f32, (y - iy) as f32);
    let at = |dx, dy| plane.clamped(ix as isize + dx, iy as isize + dy);
    (at(0, 0) * (1.0 - fx) + at(1, 0) * fx) * (1.0 - fy) + (at(0, 1) * (1.0 - fx) + at(1, 1) * fx) * fy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_keeps_the_sum_and_makes_a_bell() {
        let mut p = Plane::new(41, 41);
        p.row_mut(20)[20] = 1.0f32;
        let g = gaussian(&p, 2.0);
        assert!((g.data().iter().sum::<f32>() - 1.0).abs() < 1e-5);
        let ratio = f64::from(g.get(22, 20) / g.get(20, 20));
        assert!((ratio - (-0.5f64).exp()).abs() < 1e-4, "{ratio}");
        let flat = gaussian(&Plane::filled(7, 3, 0.3f32), 5.0);
        assert!(flat.data().iter().all(|v| (v - 0.3).abs() < 1e-6));
    }

    #[test]
    fn places_beyond_the_border_are_mirrored() {
        assert_eq!([-1, -2, 3, 4, 7].map(|i| mirror(i, 3)), [0, 1, 2, 1, 1]);
        assert_eq!(mirror(-9, 1), 0);
    }

    #[test]
    fn a_shrunken_mask_keeps_its_middle() {
        let mask = Plane::from_fn(9, 9, |x, y| u8::from((2..7).contains(&x) && (1..8).contains(&y)));
        let e = erode(&mask, 2);
        assert_eq!(e.data().iter().map(|v| u32::from(*v)).sum::<u32>(), 3);
        assert_eq!(e.get(4, 4), 1);
    }
}
