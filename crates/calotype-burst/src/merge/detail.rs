//! Takes back the blur of gathering where the detail stands out from the noise.

use super::shrink::{DCT, HOP, N, Square, WINDOW, around, backward, forward};
use super::spline::INVERSE;
use calotype_image::simd::fused;

/// Times the noise's energy up to which a coefficient passes for noise, and how much more, squared, half of it is kept at.
/// Chosen on simulated bursts, where errors on edges and noise in flat areas balance.
const THRESHOLD: f32 = 2.0;
const HALF: f32 = 2.0;
/// Numbers beyond a rectangle that [`sharpen`] reads: a multiple of [`HOP`] that holds the filter and a whole block.
pub(crate) const MARGIN: usize = N;

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
    if width < 2 * N || height < 2 * N {
        return;
    }
    let [rows, detail, kept] = scratch;
    kept.clear();
    for v in [&mut *rows, &mut *detail, &mut *kept] {
        v.resize(width * height, 0.0);
    }
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => filter(image, width, height, rows, detail));
    fearless_simd::dispatch!(fearless_simd::Level::new(), simd => match fused(simd) {
        true => judge::<true>(detail, noise, width, height, least, kept),
        false => judge::<false>(detail, noise, width, height, least, kept),
    });
    for (v, d) in image.iter_mut().zip(kept.iter()) {
        *v += d;
    }
}

/// What the inverse filter adds to `image`.
#[inline(always)]
fn filter(image: &[f32], width: usize, height: usize, rows: &mut [f32], detail: &mut [f32]) {
    let [a, b, c] = INVERSE;
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
}

/// Keeps of the detail what stands out from its noise, block by block of a windowed cosine transform.
#[inline(always)]
fn judge<const F: bool>(detail: &[f32], noise: &[f32], width: usize, height: usize, least: f32, kept: &mut [f32]) {
    for y in (HOP..height - N).step_by(HOP) {
        for x in (HOP..width - N).step_by(HOP) {
            let at = y * width + x;
            let mut block = [[0.0f32; N]; N];
            for j in 0..N {
                let Some(row) = detail[at + j * width..].first_chunk::<N>() else { continue };
                for i in 0..N {
                    block[j][i] = row[i] * WINDOW[j] * WINDOW[i];
                }
            }
            let variance = noise[at + HOP * width + HOP];
            forward::<F>(&mut block);
            let scale = 1.0 / variance.max(1e-20);
            let mut energy = [[0.0f32; N]; N];
            for j in 0..N {
                for i in 0..N {
                    energy[j][i] = block[j][i] * block[j][i] * PRECISION[j][i] * scale;
                }
            }
            let energy = around(&energy);
            for j in 0..N {
                for i in 0..N {
                    let q = (energy[j][i] - THRESHOLD).max(0.0);
                    let q = q * q;
                    let keep = q / (q + HALF);
                    block[j][i] *= if keep > least { keep } else { least };
                }
            }
            backward::<F>(&mut block);
            for j in 0..N {
                let Some(row) = kept[at + j * width..].first_chunk_mut::<N>() else { continue };
                for i in 0..N {
                    row[i] += block[j][i] * WINDOW[j] * WINDOW[i];
                }
            }
        }
    }
}

/// One over the variance of each coefficient of the detail's noise, for white noise of variance 1 before gathering.
const PRECISION: Square = precision();

const fn precision() -> Square {
    // autocovariances, in one dimension, of gathered noise, of the same filtered once and twice
    let p = [66.0 / 120.0, 26.0 / 120.0, 1.0 / 120.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let sp = filtered(p);
    let ssp = filtered(sp);
    let (p, sp, ssp) = (coefficients(p), coefficients(sp), coefficients(ssp));
    let mut out = [[0.0; N]; N];
    let mut j = 0;
    while j < N {
        let mut i = 0;
        while i < N {
            out[j][i] = (1.0 / (ssp[j] * ssp[i] - 2.0 * sp[j] * sp[i] + p[j] * p[i])) as f32;
            i += 1;
        }
        j += 1;
    }
    out
}

/// An even sequence after [`INVERSE`].
const fn filtered(r: [f64; 9]) -> [f64; 9] {
    let taps = [INVERSE[2] as f64, INVERSE[1] as f64, INVERSE[0] as f64];
    let mut out = [0.0; 9];
    let mut d = 0;
    while d < 9 {
        let mut t = -2i32;
        while t <= 2 {
            let at = (d as i32 - t).unsigned_abs() as usize;
            if at < 9 {
                out[d] += taps[t.unsigned_abs() as usize] * r[at];
            }
            t += 1;
        }
        d += 1;
    }
    out
}

/// Variances of the windowed transform's coefficients of noise of the autocovariance `r`.
const fn coefficients(r: [f64; 9]) -> [f64; N] {
    let mut out = [0.0; N];
    let mut k = 0;
    while k < N {
        let mut i = 0;
        while i < N {
            let mut j = 0;
            while j < N {
                out[k] += (DCT[k][i] * WINDOW[i]) as f64 * (DCT[k][j] * WINDOW[j]) as f64 * r[i.abs_diff(j)];
                j += 1;
            }
            i += 1;
        }
        k += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::spline::taps;
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
    fn the_spectrum_is_that_of_gathered_noise() {
        let (w, h) = (72, 72);
        let mut seed = 1u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32
        };
        let (mut rows, mut detail) = (vec![0.0; w * h], vec![0.0; w * h]);
        let mut energy = [[0.0f32; N]; N];
        let mut count = 0.0;
        for _ in 0..60 {
            let white: Vec<f32> = (0..w * h).map(|_| (random() - 0.5) * 12f32.sqrt()).collect();
            let (across, down) = (taps(random() - 0.5), taps(random() - 0.5));
            let mut image = vec![0.0; w * h];
            for (y, x) in (1..h - 1).flat_map(|y| (1..w - 1).map(move |x| (y, x))) {
                let near = (0..3).flat_map(|j| (0..3).map(move |i| (j, i)));
                image[y * w + x] =
                    near.map(|(j, i)| down[j] * across[i] * white[(y + j - 1) * w + x + i - 1]).sum::<f32>();
            }
            filter(&image, w, h, &mut rows, &mut detail);
            for (y, x) in (4..h - 12).step_by(N).flat_map(|y| (4..w - 12).step_by(N).map(move |x| (y, x))) {
                let mut block: [[f32; N]; N] = std::array::from_fn(|j| {
                    std::array::from_fn(|i| detail[(y + j) * w + x + i] * WINDOW[j] * WINDOW[i])
                });
                forward::<false>(&mut block);
                for (e, v) in energy.as_flattened_mut().iter_mut().zip(block.as_flattened()) {
                    *e += v * v;
                }
                count += 1.0;
            }
        }
        for (e, p) in energy.as_flattened().iter().zip(PRECISION.as_flattened()) {
            assert!((e * p / count - 1.0).abs() < 0.25, "{}", e * p / count);
        }
    }

    #[test]
    fn tiny_images_are_left_alone() {
        let mut one = [0.3];
        sharpen(&mut one, 1, 1, &[0.1], 0.0, &mut Default::default());
        assert_eq!(one, [0.3]);
    }
}
