//! The point part for rows of pixels: [`crate::PointTransform`] in single precision, in blocks that stay in registers and
//! first-level cache, written so that compilers vectorise every loop.

use crate::PointTransform;
use crate::fast_math::{cbrt, dot, least, most, smoothstep};
use crate::point::{
    BRIGHTEST, CHROMA_KNOTS, COLOURFUL, DARKEST, GAMUT_LIFT, NEUTRAL_CHROMA, TINT_CHROMA, TINT_SKIN, VIBRANCE_CHROMA,
};
use crate::skin_lift;
use crate::tone::ToneScale;
use calotype_color::gamut::{GAMUT_HUES, GAMUT_KNEE, GAMUT_SLACK};
use calotype_color::matrix::{invert, to_f32};
use calotype_color::oklab::{lms_to_oklab, rgb_to_lms};
use calotype_image::simd::{fused, madd};
use fearless_simd::{Level, dispatch, f32x4, prelude::*};

/// Pixels worked on at a time.
const BLOCK: usize = 32;
/// Pixels whose gamut is searched at a time.
const LANES: usize = 16;
/// Halvings of the interval in which the ceiling of the gamut lies, before its chord is taken.
const HALVINGS: usize = 7;
/// Chroma, in units of a pixel's own, up to which the edge of the gamut matters: beyond it nothing is compressed.
const REACH: f32 = (1.0 / GAMUT_KNEE) as f32;
/// Entries of the table of hues, around the circle.
const HUES: usize = 1024;

type M = [[f32; 3]; 3];
type Lanes = [f32; BLOCK];

/// Bits of a number's mantissa that tell the chords of one doubling of light apart.
const CHORD_BITS: u32 = 7;
/// Bits below them.
const FINER: u32 = f32::MANTISSA_DIGITS - 1 - CHORD_BITS;
/// The top bits of the smallest light a curve sees, and how many there are up to the largest.
const FIRST_CHORD: u32 = (DARKEST as f32).to_bits() >> FINER;
const CHORDS: usize = (((BRIGHTEST as f32).to_bits() >> FINER) - FIRST_CHORD + 1) as usize;

/// A tone curve as chords, 128 to each doubling of light. A chord over a step h leaves its curve by h^2 / 8 times the second
/// derivative at most: 7.6e-6 x^2 y''.
#[derive(Clone, Debug)]
struct Chords {
    /// By the top bits of light: slope, and display light where the chord meets no light.
    lines: Box<[[f32; 2]; CHORDS]>,
}

impl Chords {
    fn new(tone: &ToneScale) -> Self {
        let light = |chord: usize| f64::from(f32::from_bits((FIRST_CHORD + chord as u32) << FINER));
        let mut lines = Box::new([[0.0; 2]; CHORDS]);
        let mut from = (light(0), tone.evaluate(light(0)));
        for (chord, line) in lines.iter_mut().enumerate() {
            let to = (light(chord + 1), tone.evaluate(light(chord + 1)));
            let slope = (to.1 - from.1) / (to.0 - from.0);
            *line = [slope as f32, (from.1 - slope * from.0) as f32];
            from = to;
        }
        Self { lines }
    }

    /// Replaces light within [`DARKEST`] and [`BRIGHTEST`] by display light.
    #[inline(always)]
    fn at<S: Simd, const F: bool>(&self, simd: S, light: &mut Lanes) {
        let mut chord = [0u32; BLOCK];
        for i in 0..BLOCK {
            chord[i] = (light[i].to_bits() >> FINER) - FIRST_CHORD;
        }
        for (light, chord) in light.as_chunks_mut::<4>().0.iter_mut().zip(chord.as_chunks::<4>().0) {
            let (a, b) = (&self.lines[chord[0] as usize], &self.lines[chord[1] as usize]);
            let (c, d) = (&self.lines[chord[2] as usize], &self.lines[chord[3] as usize]);
            let first = f32x4::from_slice(simd, &[a[0], a[1], b[0], b[1]]);
            let second = f32x4::from_slice(simd, &[c[0], c[1], d[0], d[1]]);
            let (slope, start) = first.deinterleave(second);
            let x = f32x4::from_slice(simd, light);
            let y = if F { slope.mul_add(x, start) } else { slope * x + start };
            y.store_slice(light);
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
    /// Columns of Oklab's a and b in the cube roots of cone responses; that of L is all ones.
    ab_to_lms: [[f32; 2]; 3],
    lms_to_rgb: M,
    shadow_mid_highlight: [f32; 3],
    vibrance: f32,
    skin_guard: f32,
    /// Per hue: shift, chroma, lightness, skin, then their differences to the next entry.
    hues: Option<Box<[[f32; 8]; HUES]>>,
    tint: Option<[[f32; 2]; 3]>,
    /// The gamut's cone: largest chroma per lightness by diamond angle, and its difference to the next entry.
    cone: Box<[[f32; 2]; GAMUT_HUES]>,
    ceiling: f32,
    max_l: f32,
}

impl FastTransform {
    pub fn new(t: &PointTransform) -> Self {
        let space = t.output.space();
        let lab_to_lms = to_f32(&invert(&lms_to_oklab()).expect("the matrix of Oklab has an inverse"));
        let lms_to_rgb = to_f32(&invert(&rgb_to_lms(space)).expect("the matrix of a known space has an inverse"));
        let tinted = t.tint.iter().flatten().any(|v| *v != 0.0);
        let identity = t.hues.is_identity() && t.chroma.skin_guard == 0.0 && !tinted;
        Self {
            to_render: to_f32(&t.to_render),
            tone: Chords::new(&t.tone),
            skin_lift_ev: t.skin_lift_ev as f32,
            hue_keep: t.hue_keep as f32,
            render_to_lms: to_f32(&t.render_to_lms),
            lms_to_lab: to_f32(&lms_to_oklab()),
            ab_to_lms: lab_to_lms.map(|r| [r[1], r[2]]),
            lms_to_rgb,
            shadow_mid_highlight: [t.chroma.shadow, t.chroma.mid, t.chroma.highlight].map(|v| v as f32),
            vibrance: t.chroma.vibrance as f32,
            skin_guard: t.chroma.skin_guard as f32,
            hues: (!identity).then(|| hue_table(t)),
            tint: tinted.then(|| t.tint.map(|v| v.map(|v| v as f32))),
            cone: {
                let known = t.gamut.cone();
                let mut cone = Box::new([[0.0; 2]; GAMUT_HUES]);
                for (entry, pair) in cone.iter_mut().zip(known.windows(2)) {
                    *entry = [pair[0] as f32, (pair[1] - pair[0]) as f32];
                }
                cone
            },
            ceiling: t.tone.ceiling() as f32,
            max_l: t.tone.ceiling().cbrt() as f32,
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
    let mut pixels = [[0.0f32; BLOCK]; 3];
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
        to_gamut::<F>(t, &mut pixels);
        copy(&mut r[x..x + m], &pixels[0][..m]);
        copy(&mut g[x..x + m], &pixels[1][..m]);
        copy(&mut b[x..x + m], &pixels[2][..m]);
        x += BLOCK;
    }
}

/// Copies a block or less; a whole one, whose length is known, without a call.
#[inline(always)]
fn copy(to: &mut [f32], from: &[f32]) {
    if to.len() == BLOCK {
        to[..BLOCK].copy_from_slice(&from[..BLOCK]);
    } else {
        to.copy_from_slice(from);
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
        t.tone.at::<S, F>(simd, r);
        t.tone.at::<S, F>(simd, g);
        t.tone.at::<S, F>(simd, b);
        return;
    }
    let (mut ratio, mut norm) = ([0.0f32; BLOCK], [0.0f32; BLOCK]);
    for i in 0..BLOCK {
        let (u2, v2, w2) = (r[i] * r[i], g[i] * g[i], b[i] * b[i]);
        norm[i] = dot::<F>(&[u2, v2, w2], r[i], g[i], b[i]) / (u2 + v2 + w2);
        ratio[i] = norm[i];
    }
    t.tone.at::<S, F>(simd, &mut ratio);
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
    let before = *v;
    t.tone.at::<S, F>(simd, v);
    for i in 0..BLOCK {
        v[i] = madd::<F>(before[i], ratio[i], v[i] * (1.0 - t.hue_keep));
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
    let mut gain = [0.0f32; BLOCK];
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
        return [0.0; BLOCK];
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
    let mut part = [0.0f32; BLOCK];
    for i in 0..BLOCK {
        let d = b[i] / (a[i].abs() + b[i].abs()).max(1e-20);
        (place[i], part[i]) = split(if a[i] < 0.0 { 3.0 - d } else { 1.0 + d } * PER_UNIT);
    }
    let mut kinds = [[0.0f32; BLOCK]; 4];
    for i in (0..BLOCK).step_by(4) {
        let (p, q) = (&place[i..i + 4], &part[i..i + 4]);
        let (even, odd) = (effect::<S, F>(simd, table, p[0], q[0]), effect::<S, F>(simd, table, p[1], q[1]));
        let (first, second) = even.deinterleave(odd);
        let (even, odd) = (effect::<S, F>(simd, table, p[2], q[2]), effect::<S, F>(simd, table, p[3], q[3]));
        let (third, fourth) = even.deinterleave(odd);
        let ((shift, lightness), (chroma, skin)) = (first.deinterleave(third), second.deinterleave(fourth));
        for (kind, v) in kinds.iter_mut().zip([shift, chroma, lightness, skin]) {
            v.store_slice(&mut kind[i..i + 4]);
        }
    }
    kinds
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
        let shadow = 1.0 - smoothstep::<F>(0.2, 1.0 / 0.365, l[i]);
        let highlight = smoothstep::<F>(0.565, 1.0 / 0.285, l[i]);
        let inside = smoothstep::<F>(0.0, 1.0 / 0.15, l[i]) * (1.0 - smoothstep::<F>(0.9, 10.0, l[i])) * (1.0 - spared);
        a[i] += inside * (m[0] + (s[0] - m[0]) * shadow + (h[0] - m[0]) * highlight);
        b[i] += inside * (m[1] + (s[1] - m[1]) * shadow + (h[1] - m[1]) * highlight);
    }
}

/// Oklab to linear RGB with chroma compressed at constant hue and lightness.
#[inline(always)]
fn to_gamut<const F: bool>(t: &FastTransform, pixels: &mut [Lanes; 3]) {
    let high = t.ceiling + GAMUT_SLACK as f32;
    let [l, a, b] = pixels;
    let mut d = [[0.0f32; BLOCK]; 3];
    let mut outside = [0u32; BLOCK];
    for i in 0..BLOCK {
        l[i] = least(l[i].max(0.0), t.max_l);
        let d0 = madd::<F>(t.ab_to_lms[0][0], a[i], t.ab_to_lms[0][1] * b[i]);
        let d1 = madd::<F>(t.ab_to_lms[1][0], a[i], t.ab_to_lms[1][1] * b[i]);
        let d2 = madd::<F>(t.ab_to_lms[2][0], a[i], t.ab_to_lms[2][1] * b[i]);
        (d[0][i], d[1][i], d[2][i]) = (d0, d1, d2);
        let v = along::<F>(&t.lms_to_rgb, l[i], d0, d1, d2, REACH);
        let (min, max) = (least(least(v[0], v[1]), v[2]), most(most(v[0], v[1]), v[2]));
        outside[i] = u32::from(min < 0.0) | u32::from(max > high);
    }
    let mut scale = [1.0f32; BLOCK];
    let mut x = 0;
    while x < BLOCK {
        let mut any = 0;
        for lane in &outside[x..x + LANES] {
            any |= lane;
        }
        if any != 0 {
            compress::<F>(t, l, [a, b], &d, x, &mut scale);
        }
        x += LANES;
    }
    for i in 0..BLOCK {
        let v = along::<F>(&t.lms_to_rgb, l[i], d[0][i], d[1][i], d[2][i], scale[i]);
        l[i] = least(v[0].max(0.0), t.ceiling);
        a[i] = least(v[1].max(0.0), t.ceiling);
        b[i] = least(v[2].max(0.0), t.ceiling);
    }
}

/// Linear RGB of lightness `l` and `scale` times the chroma that moves the cube roots of cone responses by `d`.
#[inline(always)]
fn along<const F: bool>(m: &M, l: f32, d0: f32, d1: f32, d2: f32, scale: f32) -> [f32; 3] {
    let (x, y, z) = (madd::<F>(scale, d0, l), madd::<F>(scale, d1, l), madd::<F>(scale, d2, l));
    let (x, y, z) = (x * x * x, y * y * y, z * z * z);
    [dot::<F>(&m[0], x, y, z), dot::<F>(&m[1], x, y, z), dot::<F>(&m[2], x, y, z)]
}

/// Finds the ceiling of the gamut along each chroma and its cone in the table, lightens what lies outside the cone, and sets
/// the factor of chroma that keeps [`LANES`] pixels inside.
#[inline(always)]
fn compress<const F: bool>(
    t: &FastTransform,
    l: &mut Lanes,
    [a, b]: [&Lanes; 2],
    d: &[Lanes; 3],
    from: usize,
    scale: &mut Lanes,
) {
    const KNEE: f32 = GAMUT_KNEE as f32;
    let mut low = [0.0f32; LANES];
    for i in 0..LANES {
        const PER_UNIT: f32 = GAMUT_HUES as f32 / 4.0;
        let k = from + i;
        let (a, b) = (a[k], b[k]);
        let along = b / (a.abs() + b.abs()).max(1e-20);
        let (place, part) = split(if a < 0.0 { 3.0 - along } else { 1.0 + along } * PER_UNIT);
        let [value, more] = t.cone[place as usize & (GAMUT_HUES - 1)];
        let chroma = (a * a + b * b).sqrt().max(1e-9);
        let cone = madd::<F>(more, part, value);
        let over = (chroma / (l[k] * cone).max(1e-9) - 1.0).max(0.0);
        let over2 = over * over;
        let lift = GAMUT_LIFT as f32 * l[k] * l[k] * (1.0 - l[k]).max(0.0) * over2 / (1.0 + over2);
        l[k] = least(l[k] + lift, t.max_l);
        low[i] = l[k] * cone / chroma;
    }
    let high = ceiling_of_gamut::<F>(t, l, d, from);
    for i in 0..LANES {
        let edge = least(high[i], low[i]);
        let knee = KNEE * edge;
        let room = edge - knee;
        let over = ((1.0 - knee) / room).max(0.0);
        let bent = knee + room * over / (1.0 + over * over).sqrt();
        scale[from + i] = if over > 0.0 { bent } else { 1.0 };
    }
}

/// Red, green and blue of [`LANES`] pixels as cubics of a factor of chroma.
struct Cubics {
    /// What they have in common, less the ceiling of the gamut.
    start: [f32; LANES],
    /// By channel: of the factor's first, second and third power.
    powers: [[[f32; LANES]; 3]; 3],
}

impl Cubics {
    /// How far the largest channel lies above the ceiling.
    #[inline(always)]
    fn above<const F: bool>(&self, i: usize, s: f32) -> f32 {
        let [r, g, b] = &self.powers;
        let r = madd::<F>(s, madd::<F>(s, r[2][i], r[1][i]), r[0][i]);
        let g = madd::<F>(s, madd::<F>(s, g[2][i], g[1][i]), g[0][i]);
        let b = madd::<F>(s, madd::<F>(s, b[2][i], b[1][i]), b[0][i]);
        madd::<F>(s, most(most(r, g), b), self.start[i])
    }
}

/// Factors of chroma at which the largest of red, green and blue comes to the ceiling, [`REACH`] where it does not before.
///
/// Each channel is a cubic of the factor s: the sum of m (l + s d)^3 over cone responses, whose weights m sum to 1. Halving
/// tells the cubics' first crossing from later ones, and the chord of the last interval where in it the crossing lies.
#[inline(always)]
#[allow(clippy::manual_clamp, reason = "clamp would keep what is not a number")]
fn ceiling_of_gamut<const F: bool>(t: &FastTransform, l: &Lanes, d: &[Lanes; 3], from: usize) -> [f32; LANES] {
    let m = &t.lms_to_rgb;
    let mut cubics = Cubics { start: [0.0; LANES], powers: [[[0.0; LANES]; 3]; 3] };
    for i in 0..LANES {
        let k = from + i;
        let (l, d0, d1, d2) = (l[k], d[0][k], d[1][k], d[2][k]);
        let (e0, e1, e2) = (d0 * d0, d1 * d1, d2 * d2);
        let (f0, f1, f2) = (e0 * d0, e1 * d1, e2 * d2);
        cubics.start[i] = l * l * l - (t.ceiling + GAMUT_SLACK as f32);
        let (once, twice) = (3.0 * l * l, 3.0 * l);
        for c in 0..3 {
            cubics.powers[c][0][i] = once * dot::<F>(&m[c], d0, d1, d2);
            cubics.powers[c][1][i] = twice * dot::<F>(&m[c], e0, e1, e2);
            cubics.powers[c][2][i] = dot::<F>(&m[c], f0, f1, f2);
        }
    }
    let (mut inside, mut below, mut beyond) = ([0.0f32; LANES], cubics.start, [0.0f32; LANES]);
    let mut crossed = 0u32;
    for i in 0..LANES {
        beyond[i] = cubics.above::<F>(i, REACH);
        crossed |= u32::from(beyond[i] > 0.0);
    }
    if crossed == 0 {
        return [REACH; LANES];
    }
    let mut step = REACH;
    for _ in 0..HALVINGS {
        step *= 0.5;
        for i in 0..LANES {
            let at = inside[i] + step;
            let v = cubics.above::<F>(i, at);
            let within = v <= 0.0;
            inside[i] = if within { at } else { inside[i] };
            below[i] = if within { v } else { below[i] };
            beyond[i] = if within { beyond[i] } else { v };
        }
    }
    for i in 0..LANES {
        // Where the far end lies inside, every step was taken and the sum is the whole reach but one.
        let part = (below[i] / (below[i] - beyond[i]).min(-1e-12)).clamp(0.0, 1.0);
        inside[i] = madd::<F>(step, if beyond[i] > 0.0 { part } else { 1.0 }, inside[i]);
    }
    inside
}

/// A place of 0 and more as the nearest whole number at or below, in the low bits, and the rest: at a whole number that one, or
/// the one before with a rest of 1.
#[inline(always)]
fn split(place: f32) -> (u32, f32) {
    // Adding 2^23 rounds to an integer and leaves it in the low bits.
    let rounded = (place - 0.5) + 8_388_608.0;
    (rounded.to_bits(), place - (rounded - 8_388_608.0))
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
                let mut got = *lights;
                dispatch!(Level::new(), simd => chords.at::<_, false>(simd, &mut got));
                for (light, got) in lights.iter().zip(got) {
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
