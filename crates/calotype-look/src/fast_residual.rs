//! The table laid over a look for rows of pixels: [`crate::residual::ResidualStep`] in single precision.

use crate::fast_math::{dot, exp2, least, log2, most};
use crate::lanes::{BLOCK, Lanes, copy};
use crate::residual::ResidualStep;
use calotype_color::matrix::to_f32;
use calotype_image::simd::{fused, madd};
use fearless_simd::{Level, dispatch, f32x4, f32x8, prelude::*};

type M = [[f32; 3]; 3];

/// What a table changes, ready for rows.
#[derive(Clone, Debug)]
pub(crate) struct FastResidual {
    size: usize,
    /// What each point of the table adds to its own code, times the amount; the fourth number fills up.
    ///
    /// Interpolation is linear, so it gives of these what it gives of the table less the code.
    change: Vec<[f32; 4]>,
    /// To Rec.709 primaries and back, where the output has others.
    primaries: Option<(M, M)>,
    ceiling: f32,
}

impl FastResidual {
    pub fn new(step: &ResidualStep, ceiling: f32) -> Self {
        let (lattice, amount) = (&step.residual.lattice, step.residual.amount);
        let n = lattice.size();
        let code = |i: usize| i as f64 / (n - 1) as f64;
        let change = |(i, point): (usize, &[f32; 3])| {
            let codes = [code(i % n), code(i / n % n), code(i / n / n)];
            let [r, g, b] = [0, 1, 2].map(|c| (amount * (f64::from(point[c]) - codes[c])) as f32);
            [r, g, b, 0.0]
        };
        let (to, back) = (to_f32(&step.to), to_f32(&step.back));
        let same = (0..3).all(|i| (0..3).all(|j| (to[i][j] - if i == j { 1.0 } else { 0.0 }).abs() < 1e-6));
        Self {
            size: n,
            change: lattice.points().iter().enumerate().map(change).collect(),
            primaries: (!same).then_some((to, back)),
            ceiling,
        }
    }

    /// Changes three rows of display-linear light in the output's primaries.
    pub fn apply_rows(&self, r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
        dispatch!(Level::new(), simd => rows(simd, self, r, g, b));
    }
}

#[inline(always)]
fn rows<S: Simd>(simd: S, t: &FastResidual, r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
    match (fused(simd), t.ceiling > 1.0) {
        (true, false) => blocks::<S, true, false>(simd, t, r, g, b),
        (true, true) => blocks::<S, true, true>(simd, t, r, g, b),
        (false, false) => blocks::<S, false, false>(simd, t, r, g, b),
        (false, true) => blocks::<S, false, true>(simd, t, r, g, b),
    }
}

#[inline(always)]
fn blocks<S: Simd, const F: bool, const WIDE: bool>(
    simd: S,
    t: &FastResidual,
    r: &mut [f32],
    g: &mut [f32],
    b: &mut [f32],
) {
    let n = r.len().min(g.len()).min(b.len());
    let mut pixels = [Lanes::ZERO; 3];
    let mut x = 0;
    while x < n {
        // The last block may be short: what fills it up is not written back.
        let m = (n - x).min(BLOCK);
        copy(&mut pixels[0][..m], &r[x..x + m]);
        copy(&mut pixels[1][..m], &g[x..x + m]);
        copy(&mut pixels[2][..m], &b[x..x + m]);
        if let Some((to, _)) = &t.primaries {
            turn::<F>(to, &mut pixels);
        }
        for channel in &mut pixels {
            encode::<F, WIDE>(channel);
        }
        add::<S, F>(simd, t, &mut pixels);
        for channel in &mut pixels {
            decode::<F, WIDE>(channel);
        }
        if let Some((_, back)) = &t.primaries {
            turn::<F>(back, &mut pixels);
        }
        for channel in &mut pixels {
            hold(channel, t.ceiling);
        }
        copy(&mut r[x..x + m], &pixels[0][..m]);
        copy(&mut g[x..x + m], &pixels[1][..m]);
        copy(&mut b[x..x + m], &pixels[2][..m]);
        x += BLOCK;
    }
}

#[inline(always)]
fn turn<const F: bool>(m: &M, pixels: &mut [Lanes; 3]) {
    let [r, g, b] = pixels;
    for i in 0..BLOCK {
        let (x, y, z) = (r[i], g[i], b[i]);
        r[i] = dot::<F>(&m[0], x, y, z);
        g[i] = dot::<F>(&m[1], x, y, z);
        b[i] = dot::<F>(&m[2], x, y, z);
    }
}

/// The sRGB curve (IEC 61966-2-1), odd about zero: within 5e-6 for light of up to 1.7, `WIDE` for any.
///
/// 1.055 x^(1/2.4) - 0.055 is a power of 5/3 of the fourth root of x: a minimax polynomial and two roots take half the time of
/// a logarithm and a power.
#[inline(always)]
fn encode<const F: bool, const WIDE: bool>(v: &mut Lanes) {
    for v in v.iter_mut() {
        let a = v.abs();
        let power = if WIDE {
            madd::<F>(1.055, exp2::<F>(log2::<F>(a.max(1e-6)) * (1.0 / 2.4)), -0.055)
        } else {
            let u = a.sqrt().sqrt();
            let p = madd::<F>(u, 0.045_482_874, -0.235_504_09);
            let p = madd::<F>(u, p, 0.536_313_2);
            let p = madd::<F>(u, p, -0.763_235_7);
            let p = madd::<F>(u, p, 1.330_309_4);
            let p = madd::<F>(u, p, 0.146_747_8);
            madd::<F>(u, p, -0.005_111_719 - 0.055)
        };
        *v = if a <= 0.003_130_8 { 12.92 * a } else { power }.copysign(*v);
    }
}

/// Its inverse: what is 1e-5 off in the code for codes of up to 1.27 (a minimax polynomial), `WIDE` for any.
#[inline(always)]
fn decode<const F: bool, const WIDE: bool>(v: &mut Lanes) {
    for v in v.iter_mut() {
        let a = v.abs();
        let power = if WIDE {
            exp2::<F>(log2::<F>((a + 0.055) * (1.0 / 1.055)) * 2.4)
        } else {
            let p = madd::<F>(a, 0.047_436_733, -0.236_696_36);
            let p = madd::<F>(a, p, 0.505_829_16);
            let p = madd::<F>(a, p, -0.651_317_1);
            let p = madd::<F>(a, p, 0.806_225);
            let p = madd::<F>(a, p, 0.492_817_7);
            let p = madd::<F>(a, p, 0.034_863_148);
            madd::<F>(a, p, 0.000_863_322_35)
        };
        *v = if a <= 0.040_45 { a * (1.0 / 12.92) } else { power }.copysign(*v);
    }
}

#[inline(always)]
#[allow(clippy::manual_clamp, reason = "clamp would keep what is not a number")]
fn hold(v: &mut Lanes, ceiling: f32) {
    for v in v.iter_mut() {
        *v = v.max(0.0).min(ceiling);
    }
}

/// Adds what the table changes: tetrahedral interpolation as in [`crate::Lattice::at`]. The path from the darkest corner of a
/// cell to the brightest goes along the axis of the largest share first and along that of the smallest last.
#[inline(always)]
#[allow(clippy::manual_clamp, reason = "clamp would keep what is not a number")]
fn add<S: Simd, const F: bool>(simd: S, t: &FastResidual, pixels: &mut [Lanes; 3]) {
    // Indices are whole numbers below 2^22, exact in single precision: adding 2^23 leaves them in the low bits. A conversion
    // to integers that minds what is out of range would not be vector code.
    const TO_BITS: f32 = 8_388_608.0;
    const LOW_BITS: u32 = 0x7f_ffff;
    let last = (t.size - 1) as f32;
    let cells = (t.size - 2) as f32;
    let [sx, sy, sz] = [1.0, t.size as f32, (t.size * t.size) as f32];
    // by corner, so that a lane is a pixel
    let mut corners = [[0u32; BLOCK]; 4];
    let mut weights = [Lanes::ZERO; 4];
    let [r, g, b] = pixels;
    for i in 0..BLOCK {
        let (px, py, pz) =
            (r[i].max(0.0).min(1.0) * last, g[i].max(0.0).min(1.0) * last, b[i].max(0.0).min(1.0) * last);
        let (cx, cy, cz) = (least(px.floor(), cells), least(py.floor(), cells), least(pz.floor(), cells));
        let (x, y, z) = (px - cx, py - cy, pz - cz);
        let (largest, smallest) = (most(most(x, y), z), least(least(x, y), z));
        let middle = (x + y + z) - (largest + smallest);
        let first = select(x >= largest, sx, select(y >= largest, sy, sz));
        let third = select(z <= smallest, sz, select(y <= smallest, sy, sx));
        let base = madd::<F>(cz, sz, madd::<F>(cy, sy, cx)) + TO_BITS;
        let far = base + (sx + sy + sz);
        corners[0][i] = base.to_bits() & LOW_BITS;
        corners[1][i] = (base + first).to_bits() & LOW_BITS;
        corners[2][i] = (far - third).to_bits() & LOW_BITS;
        corners[3][i] = far.to_bits() & LOW_BITS;
        (weights[0][i], weights[1][i], weights[2][i], weights[3][i]) =
            (1.0 - largest, largest - middle, middle - smallest, smallest);
    }
    for i in (0..BLOCK).step_by(8) {
        let low = changes::<S, F>(simd, t, &corners, &weights, i);
        let high = changes::<S, F>(simd, t, &corners, &weights, i + 4);
        let [dr, dg, db] = [low[0].combine(high[0]), low[1].combine(high[1]), low[2].combine(high[2])];
        (f32x8::from_slice(simd, &r[i..i + 8]) + dr).store_slice(&mut r[i..i + 8]);
        (f32x8::from_slice(simd, &g[i..i + 8]) + dg).store_slice(&mut g[i..i + 8]);
        (f32x8::from_slice(simd, &b[i..i + 8]) + db).store_slice(&mut b[i..i + 8]);
    }
}

/// What the table changes in red, green and blue of four pixels from the one at `i`.
#[inline(always)]
fn changes<S: Simd, const F: bool>(
    simd: S,
    t: &FastResidual,
    corners: &[[u32; BLOCK]; 4],
    weights: &[Lanes; 4],
    i: usize,
) -> [f32x4<S>; 3] {
    let (one, two) = (change::<S, F>(simd, t, corners, weights, i), change::<S, F>(simd, t, corners, weights, i + 1));
    let (first, second) = one.deinterleave(two);
    let (one, two) =
        (change::<S, F>(simd, t, corners, weights, i + 2), change::<S, F>(simd, t, corners, weights, i + 3));
    let (third, fourth) = one.deinterleave(two);
    let ((r, b), (g, _)) = (first.deinterleave(third), second.deinterleave(fourth));
    [r, g, b]
}

/// What the table changes in pixel `i`: the mean of four corners of its cell.
#[inline(always)]
fn change<S: Simd, const F: bool>(
    simd: S,
    t: &FastResidual,
    corners: &[[u32; BLOCK]; 4],
    weights: &[Lanes; 4],
    i: usize,
) -> f32x4<S> {
    let mut sum = f32x4::splat(simd, 0.0);
    for k in 0..4 {
        let change = f32x4::from_slice(simd, &t.change[corners[k][i] as usize]);
        let weight = f32x4::splat(simd, weights[k][i]);
        sum = if F { change.mul_add(weight, sum) } else { change * weight + sum };
    }
    sum
}

#[inline(always)]
fn select(which: bool, yes: f32, no: f32) -> f32 {
    if which { yes } else { no }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use crate::lanes::Lanes;
    use crate::{Lattice, Look, OutputSpace, residual};

    /// Both forms of the curve and of its inverse against the standard's, to either side of zero and over their ranges.
    #[test]
    fn curves_are_as_near_as_stated() {
        fn worst<const WIDE: bool>(most: f64) -> [f64; 2] {
            let mut worst = [0.0f64; 2];
            for i in -2000..=2000 {
                let code = most * f64::from(i) / 2000.0;
                let light = residual::decode(code);
                let (mut up, mut down) = (Lanes::ZERO, Lanes::ZERO);
                (up[0], down[0]) = (light as f32, code as f32);
                encode::<false, WIDE>(&mut up);
                decode::<false, WIDE>(&mut down);
                worst[0] = worst[0].max((f64::from(up[0]) - code).abs());
                worst[1] = worst[1].max((residual::encode(f64::from(down[0])) - code).abs());
            }
            worst
        }
        assert!(
            worst::<false>(1.27).iter().zip([5e-6, 2e-5]).all(|(is, most)| *is < most),
            "{:?}",
            worst::<false>(1.27)
        );
        assert!(worst::<true>(5.9).iter().all(|v| *v < 1e-5), "{:?}", worst::<true>(5.9));
    }

    /// Rows against the scalar definition: tables of several sizes, smooth and rough, every output, half and all of it.
    #[test]
    fn rows_follow_the_scalar_definition() {
        let mut state = 1u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        let rough = Lattice::new(5, (0..125).map(|_| [random(), random(), random()]).collect()).unwrap();
        let smooth = Look::builtin("slide").unwrap().table(crate::TableInput::Srgb, OutputSpace::Srgb, 17).lattice;
        let least = Lattice::new(2, (0..8).map(|_| [random(), random(), random()]).collect()).unwrap();
        // A table that leaps from point to point makes more of the last digits.
        for (lattice, tolerance) in [(rough, 3e-3), (smooth, 1e-3), (least, 1e-3)] {
            for (output, headroom) in
                [(OutputSpace::Srgb, 0.0), (OutputSpace::DisplayP3, 2.0), (OutputSpace::Rec2020, 0.0)]
            {
                for strength in [1.0, 0.5] {
                    let ready = Look::from_table(lattice.clone(), "t.cube").compile_hdr(output, strength, headroom);
                    let scene: Vec<[f32; 3]> = (0..1003)
                        .map(|i| {
                            let level = 0.18 * (random() * 16.0 - 11.0).exp2();
                            let purity = if i % 5 == 0 { 0.0 } else { 1.6 };
                            [random(), random(), random()].map(|v| level * (1.0 + purity * (v - 0.5)))
                        })
                        .collect();
                    let mut rows = [0, 1, 2].map(|c| scene.iter().map(|v| v[c]).collect::<Vec<f32>>());
                    let [r, g, b] = &mut rows;
                    ready.apply_rows(r, g, b);
                    for (i, scene) in scene.iter().enumerate() {
                        let exact = ready.exact().apply(scene.map(f64::from));
                        for c in 0..3 {
                            let code = |v: f64| v.max(0.0).powf(1.0 / 2.4);
                            let error = (code(f64::from(rows[c][i])) - code(exact[c])).abs();
                            assert!(error < tolerance, "{} points, {output:?}, {scene:?}: {error}", lattice.size());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn light_that_is_no_number_stays_within_range() {
        let table = Lattice::new(2, vec![[9.0, -3.0, 0.5]; 8]).unwrap();
        let ready = Look::from_table(table, "t.cube").compile(OutputSpace::DisplayP3, 1.0);
        let mut rows = [[f32::NAN, f32::INFINITY, -1.0], [0.0, f32::MAX, 0.18], [0.1, 0.2, f32::NEG_INFINITY]];
        let [r, g, b] = &mut rows;
        ready.apply_rows(r, g, b);
        assert!(rows.iter().flatten().all(|v| (0.0..=1.0).contains(v)), "{rows:?}");
    }
}
