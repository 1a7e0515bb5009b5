//! Light that strays: a wide halo, blurred at the size it needs and no larger.
//!
//! The halo's profile is three Gaussians of half, once and twice the width, with shares 0.5, 0.35 and 0.15: a core with a
//! weak long tail, as residual spherical aberration and reflections from a film's base leave it. Its standard deviation
//! along an axis is exactly what was asked for; shares sum to 1, so that an even field stays even.

use calotype_image::{Plane, par};

/// Shares of the three Gaussians.
const SHARES: [f32; 3] = [0.5, 0.35, 0.15];
/// Variance of the profile when the middle Gaussian's is 1.
const VARIANCE: f64 = 0.5 * 0.25 + 0.35 + 0.15 * 4.0;
/// Standard deviation in pixels of the small planes from which on they shrink further.
const ENOUGH: f64 = 2.0;
/// Rows a thread takes at a time.
const BAND: usize = 32;
/// Brightest light that strays, so that one broken sample does not flood the picture: 16 stops above grey.
const BRIGHTEST: f32 = 0.18 * 65536.0;

/// The halo of one plane, at the resolution it needs.
#[derive(Debug)]
pub(crate) struct Halo {
    small: Plane<f32>,
    factor: usize,
}

impl Halo {
    /// The halo of a plane of light with a standard deviation of `sigma` pixels along each axis. Light below 0, and what
    /// is no number, does not stray.
    pub fn new(plane: &Plane<f32>, sigma: f64) -> Self {
        let middle = sigma / VARIANCE.sqrt();
        let widths = [0.5 * middle, middle, 2.0 * middle];
        let factor = ((widths[0] / ENOUGH) as usize).max(1);
        let base = shrink(plane, factor);
        let mut total = blur(&base, remaining(widths[0], factor, 0));
        total.data_mut().iter_mut().for_each(|v| *v *= SHARES[0]);
        // The wider ones on ever smaller planes, brought back one size at a time.
        let (mut level, mut factors) = (base, vec![]);
        for (i, width) in widths.into_iter().enumerate().skip(1) {
            factors.push((level.width(), level.height()));
            level = shrink(&level, 2);
            let mut wide = blur(&level, remaining(width, factor, i));
            for &(w, h) in factors.iter().rev() {
                wide = expand(&wide, w, h, 2);
            }
            total.data_mut().iter_mut().zip(wide.data()).for_each(|(sum, v)| *sum += SHARES[i] * v);
        }
        Self { small: total, factor }
    }

    /// The halo's light in row `y`.
    pub fn row(&self, y: usize, out: &mut [f32]) {
        interpolate(&self.small, self.factor, y, out);
    }
}

/// Standard deviation, in pixels of the plane shrunk by `factor` and then `halvings` times by 2, that is left to blur once
/// the variances of boxes ((k^2 - 1) / 12) and of the tents that bring it back (k^2 / 6) are taken off.
fn remaining(sigma: f64, factor: usize, halvings: usize) -> f64 {
    let size = |i: usize| (factor << i) as f64;
    let k = size(halvings);
    let tents: f64 = (0..=halvings).map(size).filter(|k| *k > 1.0).map(|k| k * k / 6.0).sum();
    ((sigma * sigma - (k * k - 1.0) / 12.0 - tents).max(0.0)).sqrt() / k
}

/// Means of boxes; those at the right and lower border may be smaller.
fn shrink(plane: &Plane<f32>, factor: usize) -> Plane<f32> {
    let (w, h) = (plane.width(), plane.height());
    let mut out = Plane::<f32>::new(w.div_ceil(factor), h.div_ceil(factor));
    par::bands_mut(&mut out, 16, |top, mut band| {
        let mut line = vec![0.0f32; w];
        for y in 0..band.height() {
            let (y0, y1) = ((top + y) * factor, ((top + y + 1) * factor).min(h));
            line.fill(0.0);
            for row in y0..y1 {
                line.iter_mut().zip(plane.row(row)).for_each(|(sum, v)| *sum += visible(*v));
            }
            for (v, part) in band.row_mut(y).iter_mut().zip(line.chunks(factor)) {
                *v = part.iter().sum::<f32>() / ((y1 - y0) * part.len()) as f32;
            }
        }
    });
    out
}

/// Light that may stray.
fn visible(v: f32) -> f32 {
    if v > 0.0 { v.min(BRIGHTEST) } else { 0.0 }
}

/// A Gaussian of unit sum, cut off at three and a half standard deviations; borders are continued.
fn blur(plane: &Plane<f32>, sigma: f64) -> Plane<f32> {
    let kernel = gaussian(sigma);
    let radius = kernel.len() / 2;
    let (w, h) = (plane.width(), plane.height());
    if radius == 0 || plane.is_empty() {
        return plane.clone();
    }
    let mut across = Plane::<f32>::new(w, h);
    par::bands_mut(&mut across, BAND, |top, mut band| {
        let mut line = vec![0.0f32; w + 2 * radius];
        for y in 0..band.height() {
            let row = plane.row(top + y);
            line[..radius].fill(row[0]);
            line[radius..radius + w].copy_from_slice(row);
            line[radius + w..].fill(row[w - 1]);
            weigh(&kernel, |i| &line[i..i + w], band.row_mut(y));
        }
    });
    let mut down = Plane::<f32>::new(w, h);
    par::bands_mut(&mut down, BAND, |top, mut band| {
        for y in 0..band.height() {
            let row = |i: usize| across.row((top + y + i).saturating_sub(radius).min(h - 1));
            weigh(&kernel, row, band.row_mut(y));
        }
    });
    down
}

/// Sums rows, each with its weight.
pub(crate) fn weigh<'a>(weights: &[f32], row: impl Fn(usize) -> &'a [f32], out: &mut [f32]) {
    out.fill(0.0);
    for (i, k) in weights.iter().enumerate() {
        out.iter_mut().zip(row(i)).for_each(|(sum, v)| *sum += k * v);
    }
}

/// Samples of a Gaussian, of unit sum and odd number.
pub(crate) fn gaussian(sigma: f64) -> Vec<f32> {
    let radius = if sigma > 0.05 { (3.5 * sigma).ceil() as i32 } else { 0 };
    let at = |i: i32| if radius == 0 { 1.0 } else { (-0.5 * (f64::from(i) / sigma).powi(2)).exp() };
    let sum: f64 = (-radius..=radius).map(at).sum();
    (-radius..=radius).map(|i| (at(i) / sum) as f32).collect()
}

/// A small plane at `factor` times its size.
fn expand(small: &Plane<f32>, width: usize, height: usize, factor: usize) -> Plane<f32> {
    let mut out = Plane::<f32>::new(width, height);
    par::bands_mut(&mut out, BAND, |top, mut band| {
        for y in 0..band.height() {
            interpolate(small, factor, top + y, band.row_mut(y));
        }
    });
    out
}

/// Row `y` of a small plane at `factor` times its size, bilinear.
fn interpolate(small: &Plane<f32>, factor: usize, y: usize, out: &mut [f32]) {
    if factor == 1 {
        return out.copy_from_slice(&small.row(y)[..out.len()]);
    }
    let step = 1.0 / factor as f32;
    let place = |i: usize, n: usize| ((i as f32 + 0.5) * step - 0.5).clamp(0.0, (n - 1) as f32);
    let v = place(y, small.height());
    let (above, below) = (v as usize, (v as usize + 1).min(small.height() - 1));
    let t = v - above as f32;
    let mut line: Vec<f32> = small.row(above).iter().zip(small.row(below)).map(|(a, b)| a + t * (b - a)).collect();
    // The last once more, for pixels beyond its centre.
    line.extend(line.last().copied());
    for (x, out) in out.iter_mut().enumerate() {
        let u = place(x, small.width());
        let i = u as usize;
        *out = line[i] + (u - i as f32) * (line[i + 1] - line[i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sum, centre and standard deviation of a point's halo along x.
    fn profile(sigma: f64, size: usize) -> (f64, f64, f64) {
        let mut plane = Plane::<f32>::new(size, size);
        plane.row_mut(size / 2)[size / 2] = 1000.0;
        let halo = Halo::new(&plane, sigma);
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        let mut row = vec![0.0f32; size];
        for y in 0..size {
            halo.row(y, &mut row);
            for (x, v) in row.iter().enumerate() {
                let (v, x) = (f64::from(*v), x as f64 - (size / 2) as f64);
                sum += v;
                first += v * x;
                second += v * x * x;
            }
        }
        let mean = first / sum;
        (sum / 1000.0, mean, (second / sum - mean * mean).sqrt())
    }

    #[test]
    fn a_point_spreads_as_wide_as_asked_and_no_light_is_lost() {
        for (sigma, size) in [(2.0, 65), (5.0, 129), (11.0, 257), (30.0, 601)] {
            let (sum, mean, width) = profile(sigma, size);
            assert!((sum - 1.0).abs() < 0.01, "{sigma}: {sum} of the light");
            // boxes are cut where the picture begins, not about the point: off by less than half a box
            assert!(mean.abs() < 0.25 * sigma, "{sigma}: centre {mean}");
            assert!((width / sigma - 1.0).abs() < 0.05, "{sigma}: {width}");
        }
    }

    #[test]
    fn even_fields_stay_even_at_any_size() {
        for (w, h) in [(1, 1), (3, 1), (1, 7), (33, 21), (100, 5)] {
            for sigma in [0.01, 1.0, 9.0, 200.0] {
                let halo = Halo::new(&Plane::filled(w, h, 0.25f32), sigma);
                let mut row = vec![0.0f32; w];
                for y in 0..h {
                    halo.row(y, &mut row);
                    assert!(row.iter().all(|v| (v - 0.25).abs() < 1e-5), "{w}x{h} {sigma}: {row:?}");
                }
            }
        }
    }

    #[test]
    fn broken_samples_do_not_flood() {
        let mut plane = Plane::filled(40, 40, 0.1f32);
        plane.row_mut(20)[20] = f32::NAN;
        plane.row_mut(3)[3] = -9.0;
        let halo = Halo::new(&plane, 6.0);
        let mut row = vec![0.0f32; 40];
        (0..40).for_each(|y| {
            halo.row(y, &mut row);
            assert!(row.iter().all(|v| *v > 0.05 && *v < 0.11));
        });
    }
}
