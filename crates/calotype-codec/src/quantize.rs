//! From linear light to 8 or 16 bit samples.
//!
//! 8-bit samples are dithered with a blue-noise tile of half a step each way, so that skies do not band; the tile hangs
//! on the pixel's place only, so the bytes are the same however the picture is cut into bands.

use crate::picture::{Interleaved, Rgb8, Rgb16, Rows};
use crate::transfer;
use calotype_image::{DisplayRgb, par};
use fearless_simd::{Level, dispatch};
use rayon::prelude::*;

/// Side of the blue-noise tile in pixels.
const TILE: usize = 64;

/// Ranks 0 to 255 of a tile made by void and cluster (Ulichney 1993), 16 pixels of each; `blue_noise` remakes it.
static BLUE_NOISE: &[u8; TILE * TILE] = include_bytes!("data/blue_noise_64.bin");

/// The dither of one row of one colour, for 64 pixels from a multiple of 64 on: -0.5 to 0.5 steps.
///
/// Colours take shifted tiles, so that their noises do not add up to grey noise.
fn dither_row(y: usize, color: usize) -> [f32; TILE] {
    let row = (y + [0, 21, 43][color]) % TILE;
    let shift = [0, 37, 11][color];
    std::array::from_fn(|x| {
        let rank = BLUE_NOISE[row * TILE + (x + shift) % TILE];
        (f32::from(rank) + 0.5) / 256.0 - 0.5
    })
}

#[inline(always)]
fn encode_8(linear: &[f32], dither: &[f32; TILE], out: &mut [u8]) {
    for (linear, out) in linear.chunks(TILE).zip(out.chunks_mut(TILE)) {
        let n = linear.len().min(out.len());
        let (linear, dither, out) = (&linear[..n], &dither[..n], &mut out[..n]);
        for i in 0..n {
            let v = transfer::encode_coarse(linear[i]) * 255.0 + dither[i];
            let v = if v > 0.0 { v } else { 0.0 };
            // adding 2^23 rounds to the nearest integer and leaves it in the low bits; v is below 255.5
            out[i] = (v + 8_388_608.0).to_bits() as u8;
        }
    }
}

#[inline(always)]
fn encode_16(linear: &[f32], out: &mut [u16]) {
    let n = linear.len().min(out.len());
    let (linear, out) = (&linear[..n], &mut out[..n]);
    for i in 0..n {
        let v = transfer::encode(linear[i]) * 65535.0;
        let v = if v < 65535.0 { v } else { 65535.0 };
        out[i] = (v + 8_388_608.0).to_bits() as u16;
    }
}

#[inline(always)]
fn encode_float(linear: &[f32], out: &mut [f32]) {
    let n = linear.len().min(out.len());
    let (linear, out) = (&linear[..n], &mut out[..n]);
    for i in 0..n {
        out[i] = transfer::encode_coarse(linear[i]);
    }
}

impl Rows<f32> for DisplayRgb {
    fn width(&self) -> usize {
        self.width()
    }

    fn height(&self) -> usize {
        self.height()
    }

    /// Encoded with the sRGB curve, 0 to 1.
    fn fill(&self, x: usize, y: usize, out: [&mut [f32]; 3]) {
        for (out, row) in out.into_iter().zip(self.row(y)) {
            let row = &row[x..][..out.len()];
            dispatch!(Level::new(), _simd => encode_float(row, out));
        }
    }
}

impl Rows<u8> for DisplayRgb {
    fn width(&self) -> usize {
        self.width()
    }

    fn height(&self) -> usize {
        self.height()
    }

    /// Encoded with the sRGB curve, dithered.
    fn fill(&self, x: usize, y: usize, out: [&mut [u8]; 3]) {
        for (color, (out, row)) in out.into_iter().zip(self.row(y)).enumerate() {
            let (row, dither) = (&row[x..][..out.len()], dither_row(y, color));
            dispatch!(Level::new(), _simd => encode_8(row, &dither, out));
        }
    }
}

impl Rows<u16> for DisplayRgb {
    fn width(&self) -> usize {
        self.width()
    }

    fn height(&self) -> usize {
        self.height()
    }

    /// Encoded with the sRGB curve, rounded.
    fn fill(&self, x: usize, y: usize, out: [&mut [u16]; 3]) {
        for (out, row) in out.into_iter().zip(self.row(y)) {
            let row = &row[x..][..out.len()];
            dispatch!(Level::new(), _simd => encode_16(row, out));
        }
    }
}

/// Gathers all rows of a source, on all cores.
fn gather<T: Copy + Default + Send + Sync>(rows: &(impl Rows<T> + ?Sized)) -> Interleaved<T> {
    let mut out = Interleaved::new(rows.width(), rows.height());
    let width = rows.width();
    if width == 0 {
        return out;
    }
    out.data_mut().par_chunks_mut(3 * width).enumerate().for_each(|(y, out)| interleave(rows, y, out));
    out
}

/// Writes row `y` as red, green, blue, red… into `3 * width` samples.
pub(crate) fn interleave<T: Copy + Default>(rows: &(impl Rows<T> + ?Sized), y: usize, out: &mut [T]) {
    const STEP: usize = 512;
    let mut planes = [[T::default(); STEP]; 3];
    for (i, out) in out.chunks_mut(3 * STEP).enumerate() {
        let n = out.len() / 3;
        let [r, g, b] = &mut planes;
        rows.fill(i * STEP, y, [&mut r[..n], &mut g[..n], &mut b[..n]]);
        for (i, out) in out.chunks_exact_mut(3).enumerate() {
            out[0] = r[i];
            out[1] = g[i];
            out[2] = b[i];
        }
    }
}

/// The picture in 8 bit: sRGB curve, dithered. The writers do this by themselves, band by band.
///
/// `picture` is linear light, 1 is white, in the primaries of the output space; values outside 0 to 1 are clipped.
pub fn to_rgb8(picture: &DisplayRgb) -> Rgb8 {
    gather(picture)
}

/// The picture in 16 bit: sRGB curve, rounded.
pub fn to_rgb16(picture: &DisplayRgb) -> Rgb16 {
    gather(picture)
}

/// Rows per piece of parallel work of about a quarter of a million pixels.
pub(crate) fn band_rows(width: usize) -> usize {
    ((1 << 18) / width.max(1)).clamp(1, 1 << 12)
}

/// Calls `f` for bands of rows on all cores and hands the results to `sink` in order, holding a few at a time.
pub(crate) fn in_order<R: Send, E>(
    count: usize,
    f: impl Fn(usize) -> R + Sync + Send,
    mut sink: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let batch = 2 * rayon::current_num_threads();
    for start in (0..count).step_by(batch) {
        for result in par::map(batch.min(count - start), |i| f(start + i)) {
            sink(result)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod blue_noise {
    //! The void-and-cluster method, as the proof of where the tile comes from.
    use super::TILE;

    const N: usize = TILE * TILE;

    /// Ranks of all pixels of a torus, 0 to N - 1.
    pub fn void_and_cluster() -> Vec<u16> {
        let near = |d: usize| d.min(TILE - d) as f64;
        let kernel: Vec<f64> =
            (0..N).map(|i| (-(near(i % TILE).powi(2) + near(i / TILE).powi(2)) / (2.0 * 1.5 * 1.5)).exp()).collect();
        let mut on = vec![false; N];
        let mut energy = vec![0.0f64; N];
        let flip = |on: &mut Vec<bool>, energy: &mut Vec<f64>, p: usize| {
            let sign = if on[p] { -1.0 } else { 1.0 };
            on[p] = !on[p];
            let (px, py) = (p % TILE, p / TILE);
            for y in 0..TILE {
                let ky = ((y + TILE - py) % TILE) * TILE;
                for x in 0..TILE {
                    energy[y * TILE + x] += sign * kernel[ky + (x + TILE - px) % TILE];
                }
            }
        };
        let find = |on: &[bool], energy: &[f64], among: bool, largest: bool| -> usize {
            let sign = if largest { 1.0 } else { -1.0 };
            let mut best = (f64::NEG_INFINITY, 0);
            for p in 0..N {
                // a bound on rounding, so that ties go to the first pixel everywhere
                if on[p] == among && sign * energy[p] > best.0 + 1e-9 {
                    best = (sign * energy[p], p);
                }
            }
            best.1
        };
        // a tenth of the pixels to begin with, from a linear congruential generator
        let mut seed = 1u32;
        let mut count = 0;
        while count < N / 10 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let p = (seed >> 20) as usize % N;
            if !on[p] {
                flip(&mut on, &mut energy, p);
                count += 1;
            }
        }
        loop {
            let cluster = find(&on, &energy, true, true);
            flip(&mut on, &mut energy, cluster);
            let void = find(&on, &energy, false, false);
            flip(&mut on, &mut energy, void);
            if void == cluster {
                break;
            }
        }
        let mut rank = vec![0u16; N];
        let (start_on, start_energy) = (on.clone(), energy.clone());
        for r in (0..count).rev() {
            let p = find(&on, &energy, true, true);
            flip(&mut on, &mut energy, p);
            rank[p] = r as u16;
        }
        (on, energy) = (start_on, start_energy);
        for r in count..N {
            let p = find(&on, &energy, false, false);
            flip(&mut on, &mut energy, p);
            rank[p] = r as u16;
        }
        rank
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::Plane;

    fn ramp(width: usize, height: usize) -> DisplayRgb {
        DisplayRgb::from_planes([0.0f32, 0.1, -0.2].map(|o| {
            Plane::from_fn(width, height, move |x, y| o + (x + 3 * y) as f32 / (width + 3 * height) as f32 * 1.2)
        }))
    }

    #[test]
    fn the_tile_is_void_and_cluster() {
        let rank = blue_noise::void_and_cluster();
        let bytes: Vec<u8> = rank.iter().map(|&r| (r >> 4) as u8).collect();
        if let Ok(path) = std::env::var("CALOTYPE_WRITE_BLUE_NOISE") {
            std::fs::write(path, &bytes).unwrap();
        }
        assert!(bytes == BLUE_NOISE);
    }

    #[test]
    fn dither_keeps_the_mean() {
        for level in [0.2f32, 0.21, 0.5, 0.73] {
            let flat = DisplayRgb::from_planes([(); 3].map(|()| Plane::filled(64, 64, level)));
            let sum: f64 = to_rgb8(&flat).data().iter().map(|&v| f64::from(v)).sum();
            let want = transfer::encode_exact(f64::from(level)) * 255.0;
            assert!((sum / (3.0 * 4096.0) - want).abs() < 0.08, "{level}");
        }
    }

    #[test]
    fn black_and_white_are_not_dithered() {
        for (level, want) in [(0.0, 0u8), (1.0, 255), (7.0, 255), (f32::NAN, 0)] {
            let flat = DisplayRgb::from_planes([(); 3].map(|()| Plane::filled(65, 3, level)));
            assert!(to_rgb8(&flat).data().iter().all(|&v| v == want), "{level}");
        }
    }

    #[test]
    fn every_sample_is_within_a_step() {
        for (w, h) in [(1, 1), (63, 5), (64, 2), (1001, 7)] {
            let p = ramp(w, h);
            let (eight, sixteen) = (to_rgb8(&p), to_rgb16(&p));
            for y in 0..h {
                for x in 0..w {
                    for c in 0..3 {
                        let want = transfer::encode_exact(f64::from(p.get(x, y)[c]));
                        assert!((f64::from(eight.get(x, y)[c]) - want * 255.0).abs() < 1.08);
                        assert!((f64::from(sixteen.get(x, y)[c]) - want * 65535.0).abs() < 0.6);
                    }
                }
            }
        }
    }

    #[test]
    fn threads_do_not_matter() {
        let p = ramp(333, 77);
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| to_rgb8(&p));
        let four = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap().install(|| to_rgb8(&p));
        assert!(one == four);
    }

    #[test]
    fn results_arrive_in_order() {
        let mut seen = Vec::new();
        let sink = |v| -> Result<(), ()> {
            seen.push(v);
            Ok(())
        };
        in_order(100, |i| i * i, sink).unwrap();
        assert!(seen.iter().enumerate().all(|(i, &v)| v == i * i) && seen.len() == 100);
    }
}
