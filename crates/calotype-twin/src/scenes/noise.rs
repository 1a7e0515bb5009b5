//! Noise that scenes are textured with: of one scale, and of several.

use fearless_simd::{Level, dispatch};
use std::sync::LazyLock;

/// A number in [0, 1) for a lattice point.
#[inline(always)]
pub fn hash(seed: u32, x: i32, y: i32) -> f32 {
    let v =
        (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77) ^ seed.wrapping_mul(0xc2b2_ae3d);
    let v = (v ^ (v >> 15)).wrapping_mul(0x2c1b_3c6d);
    let v = (v ^ (v >> 12)).wrapping_mul(0x297a_2d39);
    ((v ^ (v >> 15)) >> 8) as f32 / (1 << 24) as f32
}

/// The largest whole number not above x.
#[inline(always)]
pub fn floor(x: f32) -> i32 {
    let i = x as i32;
    i - i32::from(x < i as f32)
}

/// Smooth noise of 0 to 1 with cells of size 1.
#[inline(always)]
pub fn noise(seed: u32, x: f32, y: f32) -> f32 {
    let (ix, iy) = (floor(x), floor(y));
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (fx, fy) = (ease(x - ix as f32), ease(y - iy as f32));
    let row = |y: i32| {
        let (a, b) = (hash(seed, ix, y), hash(seed, ix + 1, y));
        a + (b - a) * fx
    };
    let (top, bottom) = (row(iy), row(iy + 1));
    top + (bottom - top) * fy
}

/// Most octaves of [`fractal`].
const OCTAVES: usize = 8;
/// How fine and how strong each octave is.
const SCALES: [f32; OCTAVES] = powers(1.0, 2.03);
const STRENGTHS: [f32; OCTAVES] = powers(0.5, 0.5);

const fn powers(first: f32, factor: f32) -> [f32; OCTAVES] {
    let mut all = [first; OCTAVES];
    let mut i = 1;
    while i < OCTAVES {
        all[i] = all[i - 1] * factor;
        i += 1;
    }
    all
}

/// Noise at several scales, at most eight, about 0 to 1 with mean one half: each octave about twice as fine and half as
/// strong. Octaves finer than `d` are left out.
pub fn fractal(seed: u32, x: f32, y: f32, octaves: usize, d: f32) -> f32 {
    // asked once: finding out what the processor can do takes as long as the noise
    static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);
    let noise = dispatch!(*LEVEL, _simd => octaves_of(seed, x, y, d));
    let (mut sum, mut total) = (0.0, 0.0);
    for (n, strength) in noise.iter().zip(STRENGTHS).take(octaves) {
        sum += strength * n;
        total += strength;
    }
    sum / total
}

/// All octaves side by side.
#[inline(always)]
fn octaves_of(seed: u32, x: f32, y: f32, d: f32) -> [f32; OCTAVES] {
    let mut out = [0.0; OCTAVES];
    for (i, out) in out.iter_mut().enumerate() {
        let scale = SCALES[i];
        let fade = (1.0 / (d * scale) - 1.0).clamp(0.0, 1.0);
        *out = 0.5 + (noise(seed.wrapping_add(i as u32), x * scale, y * scale) - 0.5) * fade;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octaves_side_by_side_are_those_one_after_the_other() {
        for k in 0..2000u32 {
            let at = |j| (hash(9, k as i32, j) - 0.5) * 4000.0;
            let (x, y, d) = (at(0), at(1), hash(9, k as i32, 2) * 0.3 + 1e-4);
            let octaves = 1 + k as usize % OCTAVES;
            let (mut sum, mut strength, mut scale, mut total) = (0.0, 0.5, 1.0, 0.0);
            for i in 0..octaves {
                let fade = (1.0 / (d * scale) - 1.0).clamp(0.0, 1.0);
                sum += strength * (0.5 + (noise(k + i as u32, x * scale, y * scale) - 0.5) * fade);
                total += strength;
                strength *= 0.5;
                scale *= 2.03;
            }
            assert_eq!(fractal(k, x, y, octaves, d).to_bits(), (sum / total).to_bits());
        }
    }
}
