//! Brushes that scenes share: edges, shapes, colours.

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
