//! Brushes that scenes share: edges, noise, shapes.

use crate::random::mix;

/// How much of a square of side `d` lies inside an edge, `distance` positive inside: exact for edges along the sides,
/// within a few hundredths for slanted ones.
#[inline(always)]
pub fn inside(distance: f32, d: f32) -> f32 {
    (distance / d + 0.5).clamp(0.0, 1.0)
}

/// How much of a square of side `d` around (u, v) lies in a box.
#[inline(always)]
pub fn in_box([u0, v0, u1, v1]: [f32; 4], u: f32, v: f32, d: f32) -> f32 {
    let span = |a: f32, b: f32, x: f32| ((x + d / 2.0).min(b) - (x - d / 2.0).max(a)).clamp(0.0, d) / d;
    span(u0, u1, u) * span(v0, v1, v)
}

/// A smooth step from 0 at `a` to 1 at `b`.
#[inline(always)]
pub fn smooth(a: f32, b: f32, x: f32) -> f32 {
    let t = ((x - a) / (b - a)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

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

/// Noise at several scales, about 0 to 1 with mean one half: each octave twice as fine and half as strong. Octaves finer
/// than `d` are left out.
#[inline(always)]
pub fn fractal(seed: u32, x: f32, y: f32, octaves: u32, d: f32) -> f32 {
    let (mut sum, mut strength, mut scale, mut total) = (0.0, 0.5, 1.0, 0.0);
    for i in 0..octaves {
        let fade = (1.0 / (d * scale) - 1.0).clamp(0.0, 1.0);
        let n = if fade > 0.0 { 0.5 + (noise(seed + i, x * scale, y * scale) - 0.5) * fade } else { 0.5 };
        sum += strength * n;
        total += strength;
        strength *= 0.5;
        scale *= 2.03;
    }
    sum / total
}

/// A seed of 32 bits for one purpose.
pub fn sub_seed(seed: u64, purpose: u64) -> u32 {
    // 31 bits: room to count up from it
    mix(seed ^ mix(purpose)) as u32 >> 1
}

/// sRGB codes of 0 to 255 as linear Rec.709.
pub fn srgb(code: [u8; 3]) -> [f32; 3] {
    code.map(|c| calotype_color::transfer::srgb_decode(f32::from(c) / 255.0))
}

/// Rec.709 triples mixed.
#[inline(always)]
pub fn mix3(a: [f32; 3], b: [f32; 3], t: f32) -> [f32; 3] {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t)
}

/// A Rec.709 triple multiplied.
#[inline(always)]
pub fn times(a: [f32; 3], t: f32) -> [f32; 3] {
    a.map(|v| v * t)
}
