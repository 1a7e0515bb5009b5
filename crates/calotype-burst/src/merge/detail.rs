//! Takes back the blur of gathering where the detail stands out from the noise.

use super::spline::INVERSE;

/// Variance of the detail that [`INVERSE`], applied both ways, adds to a gathered image of white noise, relative to the
/// noise of one sample: the mean over frequencies of (S(x) S(y) - 1)^2 P(x) P(y), with S the response of the filter and
/// P = (66 + 52 cos + 2 cos 2x) / 120 the spectrum of gathered noise.
pub(crate) const DETAIL_NOISE: f32 = 0.2337;
/// Detail is kept in the measure that its energy exceeds this many times the energy of noise.
const THRESHOLD: f32 = 1.25;
/// Cells around a place whose energy is averaged, on each side.
const WINDOW: usize = 2;
/// Numbers beyond a rectangle that [`sharpen`] reads.
pub(crate) const MARGIN: usize = 2 + WINDOW;

/// Adds the detail that gathering took away to a rectangle of `width` x `height` numbers, in place. The outer
/// [`MARGIN`] numbers of each side come out unreliable.
///
/// `noise` is the variance of one gathered sample at each place, before gathering: white, divided by the frames. At least
/// the share `least` of the detail is added, even where noise explains it.
pub(crate) fn sharpen(
    image: &mut [f32],
    width: usize,
    height: usize,
    noise: &[f32],
    least: f32,
    scratch: &mut [Vec<f32>; 3],
) {
    let [rows, detail, energy] = scratch;
    for v in [&mut *rows, &mut *detail, &mut *energy] {
        v.clear();
        v.resize(width * height, 0.0);
    }
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => run(image, width, height, noise, least, rows, detail, energy));
}

#[inline(always)]
fn run(
    image: &mut [f32],
    width: usize,
    height: usize,
    noise: &[f32],
    least: f32,
    rows: &mut [f32],
    detail: &mut [f32],
    energy: &mut [f32],
) {
    let [a, b, c] = INVERSE;
    if width < 5 || height < 5 {
        return;
    }
    for y in 0..height {
        let (src, out) = (&image[y * width..][..width], &mut rows[y * width..][..width]);
        out.copy_from_slice(src);
        let out = &mut out[2..width - 2];
        let n = out.len();
        let (l2, l1, m, r1, r2) = (&src[..n], &src[1..n + 1], &src[2..n + 2], &src[3..n + 3], &src[4..n + 4]);
        for k in 0..n {
            out[k] = a * (l2[k] + r2[k]) + b * (l1[k] + r1[k]) + c * m[k];
        }
    }
    for y in 2..height - 2 {
        let out = &mut detail[y * width..][..width];
        let row = |j: usize| &rows[(y + j - 2) * width..][..width];
        let (t2, t1, m, b1, b2) = (row(0), row(1), row(2), row(3), row(4));
        let src = &image[y * width..][..width];
        for k in 0..width {
            out[k] = a * (t2[k] + b2[k]) + b * (t1[k] + b1[k]) + c * m[k] - src[k];
        }
    }
    // energy in a window, first across, then down
    for y in 0..height {
        let (src, out) = (&detail[y * width..][..width], &mut rows[y * width..][..width]);
        out.fill(0.0);
        let out = &mut out[WINDOW..width - WINDOW];
        let n = out.len();
        for j in 0..=2 * WINDOW {
            let s = &src[j..j + n];
            for k in 0..n {
                out[k] += s[k] * s[k];
            }
        }
    }
    for y in WINDOW..height - WINDOW {
        let out = &mut energy[y * width..][..width];
        for j in 0..=2 * WINDOW {
            let src = &rows[(y + j - WINDOW) * width..][..width];
            for k in 0..width {
                out[k] += src[k];
            }
        }
    }
    const COUNT: f32 = ((2 * WINDOW + 1) * (2 * WINDOW + 1)) as f32;
    for k in 0..width * height {
        let floor = THRESHOLD * DETAIL_NOISE * COUNT * noise[k];
        let keep = ((energy[k] - floor) / (energy[k] + 1e-20)).max(least);
        image[k] += keep * detail[k];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_passes_and_detail_is_lifted() {
        let (w, h) = (40, 33);
        let mut s = Default::default();
        let fine: Vec<f32> = (0..w * h).map(|i| 0.5 + if (i % w + i / w) % 2 == 0 { 0.02 } else { -0.02 }).collect();
        let mut out = fine.clone();
        sharpen(&mut out, w, h, &vec![1e-9; w * h], 0.0, &mut s);
        let k = 16 * w + 20;
        assert!((out[k] - 0.5).abs() > 4.0 * (fine[k] - 0.5).abs(), "a fine pattern above the noise is lifted");
        let mut out = fine.clone();
        sharpen(&mut out, w, h, &vec![1.0; w * h], 0.0, &mut s);
        assert_eq!(out, fine, "a pattern below the noise stays");
    }

    #[test]
    fn tiny_images_are_left_alone() {
        let mut one = [0.3];
        sharpen(&mut one, 1, 1, &[0.1], 0.0, &mut Default::default());
        assert_eq!(one, [0.3]);
    }
}
