//! The point part for rows of pixels: [`crate::PointTransform`] in single precision, in blocks that stay in registers and
//! first-level cache, written so that compilers vectorise every loop.

use crate::PointTransform;
use crate::fast_gamut::{FastGamut, Outside};
use crate::fast_math::{cbrt, dot, smoothstep, split, window};
use crate::lanes::{BLOCK, Lanes, copy};
use crate::point::{
    BRIGHTEST, CHROMA_KNOTS, COLOURFUL, DARKEST, NEUTRAL_CHROMA, TINT_CHROMA, TINT_SKIN, VIBRANCE_CHROMA,
};
use crate::skin_lift;
use crate::tone::ToneScale;
use calotype_color::matrix::to_f32;
use calotype_color::oklab::lms_to_oklab;
use calotype_image::simd::{fused, madd};
use fearless_simd::{Level, dispatch, f32x4, f32x8, prelude::*, u64x2};

/// Entries of the table of hues, around the circle.
const HUES: usize = 1024;

type M = [[f32; 3]; 3];

/// Bits of a number's mantissa that tell the chords of one doubling of light apart.
const CHORD_BITS: u32 = 7;
/// Bits below them.
const FINER: u32 = f32::MANTISSA_DIGITS - 1 - CHORD_BITS;
/// The top bits of the smallest light a curve sees, and of the largest.
const FIRST_CHORD: u32 = (DARKEST as f32).to_bits() >> FINER;
const LAST_CHORD: u32 = (BRIGHTEST as f32).to_bits() >> FINER;
/// Places of chords: a power of two, so that the lowest of the top bits tell each chord's place.
const CHORDS: usize = ((LAST_CHORD - FIRST_CHORD + 1) as usize).next_power_of_two();

/// A tone curve as chords, 128 to each doubling of light. A chord over a step h leaves its curve by h^2 / 8 times the second
/// derivative at most: 7.6e-6 x^2 y''.
#[derive(Clone, Debug)]
struct Chords {
    /// By the top bits of light, less those of all light: slope, and display light where the chord meets no light, as the bytes
    /// of one number, so that a pair is one load.
    lines: Box<[u64; CHORDS]>,
}

impl Chords {
    fn new(tone: &ToneScale) -> Self {
        let light = |chord: u32| f64::from(f32::from_bits(chord << FINER));
        let mut lines = Box::new([0; CHORDS]);
        let mut from = (light(FIRST_CHORD), tone.evaluate(light(FIRST_CHORD)));
        for chord in FIRST_CHORD..=LAST_CHORD {
            let to = (light(chord + 1), tone.evaluate(light(chord + 1)));
            let slope = (to.1 - from.1) / (to.0 - from.0);
            let [a, b, c, d] = (slope as f32).to_ne_bytes();
            let [e, f, g, h] = ((from.1 - slope * from.0) as f32).to_ne_bytes();
            lines[chord as usize % CHORDS] = u64::from_ne_bytes([a, b, c, d, e, f, g, h]);
            from = to;
        }
        Self { lines }
    }

    /// Display light of eight lights within [`DARKEST`] and [`BRIGHTEST`].
    #[inline(always)]
    fn at<S: Simd, const F: bool>(&self, simd: S, light: &[f32; 8]) -> f32x8<S> {
        let (low, high) = (self.four(simd, light, 0), self.four(simd, light, 4));
        let (slope, start) = (low.0.combine(high.0), low.1.combine(high.1));
        let x = f32x8::from_slice(simd, light);
        if F { slope.mul_add(x, start) } else { slope * x + start }
    }

    /// Slopes and starts of the chords of four lights from the one at `i`.
    #[inline(always)]
    fn four<S: Simd>(&self, simd: S, light: &[f32; 8], i: usize) -> (f32x4<S>, f32x4<S>) {
        let at = |i: usize| self.lines[(light[i].to_bits() >> FINER) as usize % CHORDS];
        let first: f32x4<S> = u64x2::from_slice(simd, &[at(i), at(i + 1)]).bitcast();
        let second: f32x4<S> = u64x2::from_slice(simd, &[at(i + 2), at(i + 3)]).bitcast();
        first.deinterleave(second)
    }

    /// Replaces a block of light by display light.
    #[inline(always)]
    fn apply<S: Simd, const F: bool>(&self, simd: S, light: &mut Lanes) {
        for light in light.as_chunks_mut::<8>().0 {
            self.at::<S, F>(simd, light).store_slice(light);
        }
    }
}

/// Everything the kernel needs, in single precision.
#[derive(Clone, Debug)]
pub(crate) struct FastTransform {
    to_render: M,
    tone: Chords,
    skin_lift_ev: f32,
    hue_keep: f32,
    render_to_lms: M,
    lms_to_lab: M,
    shadow_mid_highlight: [f32; 3],
    vibrance: f32,
    skin_guard: f32,
    /// Per hue: shift, chroma, lightness, skin, then their differences to the next entry.
    hues: Option<Box<[[f32; 8]; HUES]>>,
    tint: Option<[[f32; 2]; 3]>,
    gamut: FastGamut,
}

impl FastTransform {
    pub fn new(t: &PointTransform) -> Self {
        let tinted = t.tint.iter().flatten().any(|v| *v != 0.0);
        let identity = t.hues.is_identity() && t.chroma.skin_guard == 0.0 && !tinted;
        Self {
            to_render: to_f32(&t.to_render),
            tone: Chords::new(&t.tone),
            skin_lift_ev: t.skin_lift_ev as f32,
            hue_keep: t.hue_keep as f32,
            render_to_lms: to_f32(&t.render_to_lms),
            lms_to_lab: to_f32(&lms_to_oklab()),
            shadow_mid_highlight: [t.chroma.shadow, t.chroma.mid, t.chroma.highlight].map(|v| v as f32),
            vibrance: t.chroma.vibrance as f32,
            skin_guard: t.chroma.skin_guard as f32,
            hues: (!identity).then(|| hue_table(t)),
            tint: tinted.then(|| t.tint.map(|v| v.map(|v| v as f32))),
            gamut: FastGamut::new(t),
        }
    }

    /// Carries three rows of one length from scene-linear Rec.2020 to display-linear output primaries.
    pub fn apply_rows(&self, r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
        dispatch!(Level::new(), simd => rows(simd, self, r, g, b));
    }
}

/// The hue curves by diamond angle: b / (|a| + |b|) continued around the circle, so no arc tangent is needed.
fn hue_table(t: &PointTransform) -> Box<[[f32; 8]; HUES]> {
    let at = |i: usize| {
        // Place on the diamond |a| + |b| = 1, from a = 0, b = -1.
        let d = (i % HUES) as f64 * 4.0 / HUES as f64 - 1.0;
        let (a, b) = if d <= 1.0 { (1.0 - d.abs(), d) } else { ((d - 2.0).abs() - 1.0, 2.0 - d) };
        let e = t.hues.at(b.atan2(a));
        [e.shift, e.chroma, e.lightness, e.skin].map(|v| v as f32)
    };
    let mut table = Box::new([[0.0; 8]; HUES]);
    for (i, entry) in table.iter_mut().enumerate() {
        let (here, next) = (at(i), at(i + 1));
        for k in 0..4 {
            (entry[k], entry[k + 4]) = (here[k], next[k] - here[k]);
        }
    }
    table
}

#[inline(always)]
fn rows<S: Simd>(simd: S, t: &FastTransform, r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
    if fused(simd) {
        blocks::<S, true>(simd, t, r, g, b);
    } else {
        blocks::<S, false>(simd, t, r, g, b);
    }
}

#[inline(always)]
fn blocks<S: Simd, const F: bool>(simd: S, t: &FastTransform, r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
    let n = r.len().min(g.len()).min(b.len());
    let mut pixels = [Lanes::ZERO; 3];
    let mut outside = Outside::new();
    let mut x = 0;
    while x < n {
        // The last block may be short: what fills it up is not written back.
        let m = (n - x).min(BLOCK);
        copy(&mut pixels[0][..m], &r[x..x + m]);
        copy(&mut pixels[1][..m], &g[x..x + m]);
        copy(&mut pixels[2][..m], &b[x..x + m]);
        if t.skin_lift_ev > 0.0 {
            lift_skin::<F>(t.skin_lift_ev, &mut pixels);
        }
        tone::<S, F>(simd, t, &mut pixels);
        to_lab::<F>(t, &mut pixels);
        let skin = grade::<S, F>(simd, t, &mut pixels);
        if let Some(tint) = &t.tint {
            add_tint::<F>(tint, &skin, &mut pixels);
        }
        t.gamut.to_rgb::<F>(&mut pixels, x..x + m, &mut outside);
        copy(&mut r[x..x + m], &pixels[0][..m]);
        copy(&mut g[x..x + m], &pixels[1][..m]);
        copy(&mut b[x..x + m], &pixels[2][..m]);
        x += m;
        t.gamut.compress::<F>(&mut outside, x == n, [&mut *r, &mut *g, &mut *b]);
    }
}

#[inline(always)]
fn lift_skin<const F: bool>(lift_ev: f32, pixels: &mut [Lanes; 3]) {
    let [r, g, b] = pixels;
    for i in 0..BLOCK {
        let gain = skin_lift::gain::<F>(lift_ev, r[i], g[i], b[i]);
        r[i] *= gain;
        g[i] *= gain;
        b[i] *= gain;
    }
}

#[inline(always)]
fn tone<S: Simd, const F: bool>(simd: S, t: &FastTransform, pixels: &mut [Lanes; 3]) {
    let (darkest, brightest) = (DARKEST as f32, BRIGHTEST as f32);
    let m = &t.to_render;
    let [r, g, b] = pixels;
    for i in 0..BLOCK {
        let (x, y, z) = (r[i], g[i], b[i]);
        r[i] = dot::<F>(&m[0], x, y, z).max(darkest).min(brightest);
        g[i] = dot::<F>(&m[1], x, y, z).max(darkest).min(brightest);
        b[i] = dot::<F>(&m[2], x, y, z).max(darkest).min(brightest);
    }
    let keep = t.hue_keep;
    if keep == 0.0 {
        t.tone.apply::<S, F>(simd, r);
        t.tone.apply::<S, F>(simd, g);
        t.tone.apply::<S, F>(simd, b);
        return;
    }
    let (mut ratio, mut norm) = (Lanes::ZERO, Lanes::ZERO);
    for i in 0..BLOCK {
        let (u2, v2, w2) = (r[i] * r[i], g[i] * g[i], b[i] * b[i]);
        norm[i] = dot::<F>(&[u2, v2, w2], r[i], g[i], b[i]) / (u2 + v2 + w2);
        ratio[i] = norm[i];
    }
    t.tone.apply::<S, F>(simd, &mut ratio);
    for i in 0..BLOCK {
        ratio[i] = ratio[i] * keep / norm[i];
    }
    blend::<S, F>(simd, t, r, &ratio);
    blend::<S, F>(simd, t, g, &ratio);
    blend::<S, F>(simd, t, b, &ratio);
}

/// The curve of one channel, blended with the channel times `ratio`.
#[inline(always)]
fn blend<S: Simd, const F: bool>(simd: S, t: &FastTransform, v: &mut Lanes, ratio: &Lanes) {
    let own = f32x8::splat(simd, 1.0 - t.hue_keep);
    for (v, ratio) in v.as_chunks_mut::<8>().0.iter_mut().zip(ratio.as_chunks::<8>().0) {
        let curve = t.tone.at::<S, F>(simd, v) * own;
        let (light, ratio) = (f32x8::from_slice(simd, v), f32x8::from_slice(simd, ratio));
        let y = if F { light.mul_add(ratio, curve) } else { light * ratio + curve };
        y.store_slice(v);
    }
}

#[inline(always)]
fn to_lab<const F: bool>(t: &FastTransform, pixels: &mut [Lanes; 3]) {
    let (to_lms, to_lab) = (&t.render_to_lms, &t.lms_to_lab);
    let [r, g, b] = pixels;
    for i in 0..BLOCK {
        let (x, y, z) = (r[i], g[i], b[i]);
        let l = cbrt::<F>(dot::<F>(&to_lms[0], x, y, z));
        let m = cbrt::<F>(dot::<F>(&to_lms[1], x, y, z));
        let s = cbrt::<F>(dot::<F>(&to_lms[2], x, y, z));
        r[i] = dot::<F>(&to_lab[0], l, m, s);
        g[i] = dot::<F>(&to_lab[1], l, m, s);
        b[i] = dot::<F>(&to_lab[2], l, m, s);
    }
}

/// Chroma and hues; gives the share of skin in each pixel's hue, where the look asks for hues.
#[inline(always)]
fn grade<S: Simd, const F: bool>(simd: S, t: &FastTransform, pixels: &mut [Lanes; 3]) -> Lanes {
    const NEUTRAL: f32 = (NEUTRAL_CHROMA * NEUTRAL_CHROMA) as f32;
    const MUTED: f32 = (1.0 / (VIBRANCE_CHROMA * VIBRANCE_CHROMA)) as f32;
    const K: [f32; 3] = [CHROMA_KNOTS[0] as f32, CHROMA_KNOTS[1] as f32, CHROMA_KNOTS[2] as f32];
    let [shadow, mid, highlight] = t.shadow_mid_highlight;
    let (low, high) = (1.0 / (K[1] - K[0]), 1.0 / (K[2] - K[1]));
    let [l, a, b] = pixels;
    let mut gain = Lanes::ZERO;
    for i in 0..BLOCK {
        let lower = madd::<F>(mid - shadow, smoothstep::<F>(K[0], low, l[i]), shadow);
        gain[i] = madd::<F>(highlight - mid, smoothstep::<F>(K[1], high, l[i]), lower);
    }
    if t.vibrance != 0.0 {
        for i in 0..BLOCK {
            let c2 = madd::<F>(a[i], a[i], b[i] * b[i]);
            gain[i] *= 1.0 + t.vibrance / madd::<F>(c2, MUTED, 1.0);
        }
    }
    let Some(table) = &t.hues else {
        for i in 0..BLOCK {
            let k = calmed::<F>(gain[i], l[i], madd::<F>(a[i], a[i], b[i] * b[i]));
            a[i] *= k;
            b[i] *= k;
        }
        return Lanes::ZERO;
    };
    let [shift, chroma, lightness, skin] = look_up::<S, F>(simd, table, a, b);
    for i in 0..BLOCK {
        let (x, y) = (a[i], b[i]);
        let c2 = madd::<F>(x, x, y * y);
        let w = c2 / (c2 + NEUTRAL);
        let k = gain[i] * madd::<F>(chroma[i], w, 1.0);
        let k = madd::<F>((1.0 - k) * t.skin_guard, skin[i] * w, k);
        let k = calmed::<F>(k, l[i], c2);
        // Series of sine and cosine: turns are less than 0.8 radians.
        let turn = shift[i] * w;
        let t2 = turn * turn;
        let sin = turn * madd::<F>(-t2, madd::<F>(-t2, 1.0 / 120.0, 1.0 / 6.0), 1.0);
        let cos = madd::<F>(-t2, madd::<F>(-t2, madd::<F>(-t2, 1.0 / 720.0, 1.0 / 24.0), 0.5), 1.0);
        a[i] = k * (x * cos - y * sin);
        b[i] = k * (x * sin + y * cos);
        l[i] *= madd::<F>(lightness[i], w, 1.0);
    }
    skin
}

/// A gain of chroma whose part above 1 falls off with squared chroma `c2` per lightness.
#[inline(always)]
fn calmed<const F: bool>(gain: f32, l: f32, c2: f32) -> f32 {
    const PER_UNIT: f32 = (1.0 / (COLOURFUL * COLOURFUL)) as f32;
    // l² (1 + purity²) without a second division: both times l to the fourth
    let l2 = (l * l).max(1e-12);
    let l4 = l2 * l2;
    let pure = c2 * PER_UNIT;
    let excess = (gain - 1.0).max(0.0);
    gain - excess + excess * l4 / madd::<F>(pure, pure, l4)
}

/// What happens at the hue of each pixel: shift, chroma, lightness, skin.
#[inline(always)]
fn look_up<S: Simd, const F: bool>(simd: S, table: &[[f32; 8]; HUES], a: &Lanes, b: &Lanes) -> [Lanes; 4] {
    const PER_UNIT: f32 = HUES as f32 / 4.0;
    let mut place = [0u32; BLOCK];
    let mut part = Lanes::ZERO;
    for i in 0..BLOCK {
        let d = b[i] / (a[i].abs() + b[i].abs()).max(1e-20);
        (place[i], part[i]) = split(if a[i] < 0.0 { 3.0 - d } else { 1.0 + d } * PER_UNIT);
    }
    let mut kinds = [Lanes::ZERO; 4];
    for i in (0..BLOCK).step_by(8) {
        let (low, high) =
            (effects::<S, F>(simd, table, &place, &part, i), effects::<S, F>(simd, table, &place, &part, i + 4));
        for k in 0..4 {
            low[k].combine(high[k]).store_slice(&mut kinds[k][i..i + 8]);
        }
    }
    kinds
}

/// What happens at four hues from the one at `i`, by kind.
#[inline(always)]
fn effects<S: Simd, const F: bool>(
    simd: S,
    table: &[[f32; 8]; HUES],
    place: &[u32; BLOCK],
    part: &Lanes,
    i: usize,
) -> [f32x4<S>; 4] {
    let at = |i: usize| effect::<S, F>(simd, table, place[i], part[i]);
    let (first, second) = at(i).deinterleave(at(i + 1));
    let (third, fourth) = at(i + 2).deinterleave(at(i + 3));
    let ((shift, lightness), (chroma, skin)) = (first.deinterleave(third), second.deinterleave(fourth));
    [shift, chroma, lightness, skin]
}

/// What happens at one hue: the table's entry at `place`, `part` of the way to the next.
#[inline(always)]
fn effect<S: Simd, const F: bool>(simd: S, table: &[[f32; 8]; HUES], place: u32, part: f32) -> f32x4<S> {
    let e = &table[place as usize & (HUES - 1)];
    let (here, more) = (f32x4::from_slice(simd, &e[..4]), f32x4::from_slice(simd, &e[4..]));
    let part = f32x4::splat(simd, part);
    if F { more.mul_add(part, here) } else { more * part + here }
}

#[inline(always)]
fn add_tint<const F: bool>(tint: &[[f32; 2]; 3], skin: &Lanes, pixels: &mut [Lanes; 3]) {
    const K2: f32 = (TINT_CHROMA * TINT_CHROMA) as f32;
    const SKIN: [f32; 2] = [TINT_SKIN[0] as f32, (1.0 / (TINT_SKIN[1] - TINT_SKIN[0])) as f32];
    let [s, m, h] = tint;
    let [l, a, b] = pixels;
    for i in 0..BLOCK {
        // In units of the chroma at which half is spared, or the fourth power would leave the range of numbers.
        let c2 = madd::<F>(a[i], a[i], b[i] * b[i]) * (1.0 / K2);
        let spared = smoothstep::<F>(SKIN[0], SKIN[1], skin[i]) * (1.0 - 1.0 / madd::<F>(c2, c2, 1.0));
        let inside = window::<F>([0.0, 0.15, 0.9, 1.0], l[i]) * (1.0 - spared);
        let shadow = 1.0 - smoothstep::<F>(0.2, 1.0 / 0.365, l[i]);
        let highlight = smoothstep::<F>(0.565, 1.0 / 0.285, l[i]);
        a[i] += inside * madd::<F>(highlight, h[0] - m[0], madd::<F>(shadow, s[0] - m[0], m[0]));
        b[i] += inside * madd::<F>(highlight, h[1] - m[1], madd::<F>(shadow, s[1] - m[1], m[1]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::point::smoothstep as exact_step;
    use crate::{Anchor, Tone};

    #[test]
    fn chords_are_as_near_as_stated() {
        let tone = Tone { slope: 1.4, shoulder: 1.8, white: 1.02, toe: 0.05, black: 0.0, skin_lift_ev: 0.0 };
        for headroom in [0.0, 2.0] {
            let tone = ToneScale::new(&tone, &Anchor::default(), headroom);
            let (chords, mut worst) = (Chords::new(&tone), 0.0f64);
            let lights: Vec<f32> = (0..BLOCK * 1000)
                .map(|i| {
                    (DARKEST * ((BRIGHTEST / DARKEST).log2() * i as f64 / (BLOCK * 1000 - 1) as f64).exp2()) as f32
                })
                .map(|v| v.clamp(DARKEST as f32, BRIGHTEST as f32))
                .collect();
            for lights in lights.as_chunks::<BLOCK>().0 {
                let mut got = Lanes::ZERO;
                got.copy_from_slice(lights);
                dispatch!(Level::new(), simd => chords.apply::<_, false>(simd, &mut got));
                for (light, got) in lights.iter().zip(*got) {
                    let want = tone.evaluate(f64::from(*light));
                    let at = |step: f64| tone.evaluate(f64::from(*light) * (1.0 + step / 128.0));
                    let bend = (at(1.0) - 2.0 * at(0.0) + at(-1.0)).abs();
                    let (error, rounding) = ((f64::from(got) - want).abs(), 1e-6 * want);
                    assert!(error < 1.5 * bend / 8.0 + rounding, "{light}: {got} {want}");
                    worst = worst.max((error / want).min(error));
                }
            }
            // less than a step of 16 bits, of white and of what is darker
            assert!(worst < 1.0 / 65535.0, "{worst:e}");
        }
    }

    #[test]
    fn steps_agree() {
        for i in -10..30 {
            let v = f64::from(i) / 20.0;
            let fast = smoothstep::<false>(0.2, 1.0 / 0.365, v as f32);
            assert!((f64::from(fast) - exact_step(0.2, 0.565, v)).abs() < 1e-6);
        }
    }
}
