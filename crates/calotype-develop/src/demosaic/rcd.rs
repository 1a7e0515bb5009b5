//! Directional interpolation of one band of rows.
//!
//! A row of a Bayer mosaic alternates green with one other colour, which we call the row's colour. All rows here are
//! split in two half rows: the coloured samples `c[i]`, at columns `2 i + q`, and the greens `g[i]`, at `2 i + 1 - q`,
//! with `q` the parity of the row. Rows alternate in parity, so the vertical neighbours of a coloured sample are
//! `g[i]` one row away and `c[i]` two rows away; its horizontal ones are `g[i - 1 + q]`, `g[i + q]` and `c[i -+ 1]`;
//! its diagonal ones `c[i - 1 + q]`, `c[i + q]` one row away, of the third colour. For a green sample the roles
//! change, with `1 - q` in the place of `q`.

use super::load::{color_parity, load_row, row_color};
use super::ring::{PAD, Ring};
use crate::root_scale::Scale;
use calotype_image::Mosaic;
use calotype_image::par::Band;
use fearless_simd::Simd;

/// Rows read beyond a band.
pub(super) const BORDER: usize = 9;
/// Pairs of columns worked on at a time, so that all half rows stay in the second-level cache.
const TILE: usize = 512;

/// All intermediate half rows; the numbers in brackets tell how many rows of the mosaic a row depends on beyond itself.
struct Rows {
    color: Ring<32>,
    green: Ring<32>,
    /// High-pass energy down columns (3) at coloured and green samples.
    high_v: [Ring<8>; 2],
    /// High-pass energy along rows (0).
    high_h: [Ring<8>; 2],
    /// Share of the vertical in the energy (4), at coloured and green samples.
    vertical: [Ring<16>; 2],
    /// Green at coloured samples (5).
    green_at_color: Ring<16>,
    /// Row's colour minus green at coloured samples (5).
    own: Ring<16>,
    /// The third colour minus green at coloured samples (8).
    third: Ring<16>,
}

/// Interpolates the rows of `bands`, which start at row `top` of the picture.
#[inline(always)]
pub(super) fn band<S: Simd>(_: S, mosaic: &Mosaic, scale: &Scale, top: usize, bands: &mut [Band<'_, f32>; 3]) {
    let width = mosaic.samples.width();
    let variance = scale.color_variance[1].0;
    let (first, end) = (top as isize, (top + bands[0].height()) as isize);
    let tile = TILE.min(width.div_ceil(2));
    let pair = || [Ring::new(tile), Ring::new(tile)];
    let mut rows = Rows {
        color: Ring::new(tile),
        green: Ring::new(tile),
        high_v: pair(),
        high_h: pair(),
        vertical: [Ring::new(tile), Ring::new(tile)],
        green_at_color: Ring::new(tile),
        own: Ring::new(tile),
        third: Ring::new(tile),
    };
    for left in (0..width).step_by(2 * TILE) {
        let len = tile.min((width - left).div_ceil(2));
        // every quantity runs ahead of the output by as many rows as are needed of it
        for y in first - 2 * BORDER as isize..end {
            let ahead =
                |rows: isize, border: isize| Some(y + rows).filter(|&v| v >= first - border && v < end + border);
            if let Some(y) = ahead(9, 9) {
                load_row(mosaic, scale, left, len, y, rows.color.row_mut(y), rows.green.row_mut(y));
            }
            if let Some(y) = ahead(6, 6) {
                high_pass(&mut rows, color_parity(mosaic, y), y, len);
            }
            if let Some(y) = ahead(5, 5) {
                direction(&mut rows, color_parity(mosaic, y), y, len, variance);
            }
            if let Some(y) = ahead(4, 4) {
                green(&mut rows, color_parity(mosaic, y), y, len, variance);
            }
            if let Some(y) = ahead(1, 1) {
                third_color(&mut rows, color_parity(mosaic, y), y, len, variance);
            }
            if let Some(y) = ahead(0, 0) {
                let out =
                    bands.each_mut().map(|b| &mut b.row_mut((y - first) as usize)[left..(left + 2 * len).min(width)]);
                let samples = &mosaic.samples.row(y as usize)[left..(left + 2 * len).min(width)];
                output(&rows, color_parity(mosaic, y), row_color(mosaic, y), y, len, scale, samples, out);
            }
        }
    }
}

/// `len + 2 margin` samples of a padded half row, starting `offset - margin` from its first proper sample.
#[inline(always)]
fn part(row: &[f32], offset: isize, margin: usize, len: usize) -> &[f32] {
    &row[(PAD as isize + offset) as usize - margin..][..len + 2 * margin]
}

/// The same, to be written.
#[inline(always)]
fn part_mut(row: &mut [f32], margin: usize, len: usize) -> &mut [f32] {
    &mut row[PAD - margin..][..len + 2 * margin]
}

/// Squared output of the high-pass (1 -3 -1 6 -1 -3 1 in order of distance 3 2 1 0 1 2 3, outer ones positive).
#[inline(always)]
fn high_pass_row(out: &mut [f32], d3: [&[f32]; 2], d2: [&[f32]; 2], d1: [&[f32]; 2], d0: &[f32]) {
    let n = out.len();
    let (a3, b3, a2, b2) = (&d3[0][..n], &d3[1][..n], &d2[0][..n], &d2[1][..n]);
    let (a1, b1, d0) = (&d1[0][..n], &d1[1][..n], &d0[..n]);
    for i in 0..n {
        let h = 6.0 * d0[i] - 3.0 * (a2[i] + b2[i]) - (a1[i] + b1[i]) + (a3[i] + b3[i]);
        out[i] = h * h;
    }
}

/// High-pass energy at both kinds of samples of row `y`.
#[inline(always)]
fn high_pass(rows: &mut Rows, q: usize, y: isize, len: usize) {
    const M: usize = 6;
    let q = q as isize;
    let (c, g) = (&rows.color, &rows.green);
    for (kind, own, other, s) in [(0, c, g, q), (1, g, c, 1 - q)] {
        high_pass_row(
            part_mut(rows.high_v[kind].row_mut(y), M, len),
            [part(other.row(y - 3), 0, M, len), part(other.row(y + 3), 0, M, len)],
            [part(own.row(y - 2), 0, M, len), part(own.row(y + 2), 0, M, len)],
            [part(other.row(y - 1), 0, M, len), part(other.row(y + 1), 0, M, len)],
            part(own.row(y), 0, M, len),
        );
        high_pass_row(
            part_mut(rows.high_h[kind].row_mut(y), M, len),
            [part(other.row(y), s - 2, M, len), part(other.row(y), s + 1, M, len)],
            [part(own.row(y), -1, M, len), part(own.row(y), 1, M, len)],
            [part(other.row(y), s - 1, M, len), part(other.row(y), s, M, len)],
            part(own.row(y), 0, M, len),
        );
    }
}

/// Share of the vertical in the high-pass energy of three samples in its direction: near 0 where the picture is smooth
/// down the column, near 1 where it is smooth along the row.
#[inline(always)]
fn direction(rows: &mut Rows, q: usize, y: isize, len: usize, variance: f32) {
    const M: usize = 5;
    // three times the filter's noise gain (6² + 2·3² + 4·1²)
    let floor = 3.0 * 58.0 * variance + 1e-10;
    let q = q as isize;
    for (kind, s) in [(0, q), (1, 1 - q)] {
        let out = part_mut(rows.vertical[kind].row_mut(y), M, len);
        let n = out.len();
        let v0 = &part(rows.high_v[kind].row(y), 0, M, len)[..n];
        let v1 = &part(rows.high_v[1 - kind].row(y - 1), 0, M, len)[..n];
        let v2 = &part(rows.high_v[1 - kind].row(y + 1), 0, M, len)[..n];
        let h0 = &part(rows.high_h[kind].row(y), 0, M, len)[..n];
        let h1 = &part(rows.high_h[1 - kind].row(y), s - 1, M, len)[..n];
        let h2 = &part(rows.high_h[1 - kind].row(y), s, M, len)[..n];
        for i in 0..n {
            let v = v0[i] + v1[i] + v2[i] + floor;
            let h = h0[i] + h1[i] + h2[i] + floor;
            out[i] = v / (v + h);
        }
    }
}

/// The share at a sample, or the mean of its diagonal neighbours where that is more decided.
#[inline(always)]
fn decided(here: f32, a: f32, b: f32, c: f32, d: f32) -> f32 {
    let around = 0.25 * ((a + b) + (c + d));
    if (0.5 - here).abs() < (0.5 - around).abs() { around } else { here }
}

/// Green at the coloured samples of row `y`, and the difference to it.
#[inline(always)]
fn green(rows: &mut Rows, q: usize, y: isize, len: usize, variance: f32) {
    const M: usize = 4;
    let q = q as isize;
    let (c, g, share) = (&rows.color, &rows.green, &rows.vertical[0]);
    let floor = (2.0 * variance).sqrt() + 1e-5;
    let out = part_mut(rows.green_at_color.row_mut(y), M, len);
    let n = out.len();
    let own = &mut part_mut(rows.own.row_mut(y), M, len)[..n];
    let c0 = &part(c.row(y), 0, M, len)[..n];
    let (up1, up2) = (&part(g.row(y - 1), 0, M, len)[..n], &part(c.row(y - 2), 0, M, len)[..n]);
    let (up3, up4) = (&part(g.row(y - 3), 0, M, len)[..n], &part(c.row(y - 4), 0, M, len)[..n]);
    let (down1, down2) = (&part(g.row(y + 1), 0, M, len)[..n], &part(c.row(y + 2), 0, M, len)[..n]);
    let (down3, down4) = (&part(g.row(y + 3), 0, M, len)[..n], &part(c.row(y + 4), 0, M, len)[..n]);
    let (left1, left2) = (&part(g.row(y), q - 1, M, len)[..n], &part(c.row(y), -1, M, len)[..n]);
    let (left3, left4) = (&part(g.row(y), q - 2, M, len)[..n], &part(c.row(y), -2, M, len)[..n]);
    let (right1, right2) = (&part(g.row(y), q, M, len)[..n], &part(c.row(y), 1, M, len)[..n]);
    let (right3, right4) = (&part(g.row(y), q + 1, M, len)[..n], &part(c.row(y), 2, M, len)[..n]);
    let s0 = &part(share.row(y), 0, M, len)[..n];
    let (sa, sb) = (&part(share.row(y - 1), q - 1, M, len)[..n], &part(share.row(y - 1), q, M, len)[..n]);
    let (sc, sd) = (&part(share.row(y + 1), q - 1, M, len)[..n], &part(share.row(y + 1), q, M, len)[..n]);
    for i in 0..n {
        let vertical = (up1[i] - down1[i]).abs();
        let horizontal = (left1[i] - right1[i]).abs();
        let gu = floor + vertical + (c0[i] - up2[i]).abs() + (up1[i] - up3[i]).abs() + (up2[i] - up4[i]).abs();
        let gd =
            floor + vertical + (c0[i] - down2[i]).abs() + (down1[i] - down3[i]).abs() + (down2[i] - down4[i]).abs();
        let gl =
            floor + horizontal + (c0[i] - left2[i]).abs() + (left1[i] - left3[i]).abs() + (left2[i] - left4[i]).abs();
        let gr = floor
            + horizontal
            + (c0[i] - right2[i]).abs()
            + (right1[i] - right3[i]).abs()
            + (right2[i] - right4[i]).abs();
        let eu = up1[i] + 0.5 * (c0[i] - up2[i]);
        let ed = down1[i] + 0.5 * (c0[i] - down2[i]);
        let el = left1[i] + 0.5 * (c0[i] - left2[i]);
        let er = right1[i] + 0.5 * (c0[i] - right2[i]);
        let v = (gd * eu + gu * ed) / (gu + gd);
        let h = (gr * el + gl * er) / (gl + gr);
        let s = decided(s0[i], sa[i], sb[i], sc[i], sd[i]);
        let value = s * h + (1.0 - s) * v;
        out[i] = value;
        own[i] = c0[i] - value;
    }
}

/// The third colour's difference to green at the coloured samples of row `y`, from the four diagonal neighbours.
#[inline(always)]
fn third_color(rows: &mut Rows, q: usize, y: isize, len: usize, variance: f32) {
    const M: usize = 2;
    let q = q as isize;
    let (g, d) = (&rows.green_at_color, &rows.own);
    let floor = (2.0 * variance).sqrt() + 1e-5;
    let out = part_mut(rows.third.row_mut(y), M, len);
    let n = out.len();
    let g0 = &part(g.row(y), 0, M, len)[..n];
    let (nw, ne) = (&part(d.row(y - 1), q - 1, M, len)[..n], &part(d.row(y - 1), q, M, len)[..n]);
    let (sw, se) = (&part(d.row(y + 1), q - 1, M, len)[..n], &part(d.row(y + 1), q, M, len)[..n]);
    let (nw3, ne3) = (&part(d.row(y - 3), q - 2, M, len)[..n], &part(d.row(y - 3), q + 1, M, len)[..n]);
    let (sw3, se3) = (&part(d.row(y + 3), q - 2, M, len)[..n], &part(d.row(y + 3), q + 1, M, len)[..n]);
    let (gnw, gne) = (&part(g.row(y - 2), -1, M, len)[..n], &part(g.row(y - 2), 1, M, len)[..n]);
    let (gsw, gse) = (&part(g.row(y + 2), -1, M, len)[..n], &part(g.row(y + 2), 1, M, len)[..n]);
    for i in 0..n {
        let (p, q) = ((nw[i] - se[i]).abs(), (ne[i] - sw[i]).abs());
        let wnw = floor + p + (nw[i] - nw3[i]).abs() + (g0[i] - gnw[i]).abs();
        let wse = floor + p + (se[i] - se3[i]).abs() + (g0[i] - gse[i]).abs();
        let wne = floor + q + (ne[i] - ne3[i]).abs() + (g0[i] - gne[i]).abs();
        let wsw = floor + q + (sw[i] - sw3[i]).abs() + (g0[i] - gsw[i]).abs();
        let (wnw, wse, wne, wsw) = (1.0 / wnw, 1.0 / wse, 1.0 / wne, 1.0 / wsw);
        out[i] = (nw[i] * wnw + se[i] * wse + ne[i] * wne + sw[i] * wsw) / ((wnw + wse) + (wne + wsw));
    }
}

/// Everything at row `y`, in linear light: measured samples as they were, the others interpolated.
#[inline(always)]
fn output(
    rows: &Rows,
    q: usize,
    color: usize,
    y: isize,
    len: usize,
    scale: &Scale,
    samples: &[f32],
    out: [&mut [f32]; 3],
) {
    let s = 1 - q as isize;
    let floor = (2.0 * scale.color_variance[1].0).sqrt() + 1e-5;
    let g0 = part(rows.green.row(y), 0, 0, len);
    let gc = part(rows.green_at_color.row(y), 0, 0, len);
    let third_here = part(rows.third.row(y), 0, 0, len);
    let share = &rows.vertical[1];
    let s0 = part(share.row(y), 0, 0, len);
    let (sa, sb) = (part(share.row(y - 1), s - 1, 0, len), part(share.row(y - 1), s, 0, len));
    let (sc, sd) = (part(share.row(y + 1), s - 1, 0, len), part(share.row(y + 1), s, 0, len));
    let (gu, gd) = (part(rows.green.row(y - 2), 0, 0, len), part(rows.green.row(y + 2), 0, 0, len));
    let (gl, gr) = (part(rows.green.row(y), -1, 0, len), part(rows.green.row(y), 1, 0, len));
    // differences of the row's colour: measured beside, interpolated above and below; of the third colour: the reverse
    let (own, third) = (&rows.own, &rows.third);
    let mut at_green = [[0.0f32; TILE]; 2];
    for (k, beside, above) in [(0, own, third), (1, third, own)] {
        let out = &mut at_green[k][..len];
        let (u, d) = (part(above.row(y - 1), 0, 0, len), part(above.row(y + 1), 0, 0, len));
        let (l, r) = (part(beside.row(y), s - 1, 0, len), part(beside.row(y), s, 0, len));
        for i in 0..len {
            let (v, h) = ((u[i] - d[i]).abs(), (l[i] - r[i]).abs());
            let (wu, wd) = (floor + v + (g0[i] - gu[i]).abs(), floor + v + (g0[i] - gd[i]).abs());
            let (wl, wr) = (floor + h + (g0[i] - gl[i]).abs(), floor + h + (g0[i] - gr[i]).abs());
            let vertical = (wd * u[i] + wu * d[i]) / (wu + wd);
            let horizontal = (wr * l[i] + wl * r[i]) / (wl + wr);
            let share = decided(s0[i], sa[i], sb[i], sc[i], sd[i]);
            out[i] = g0[i] + share * horizontal + (1.0 - share) * vertical;
        }
    }
    let mut at_color = [0.0f32; TILE];
    for i in 0..len {
        at_color[i] = gc[i] + third_here[i];
    }
    let [r, g, b] = out;
    let (own_out, third_out) = if color == 0 { (r, b) } else { (b, r) };
    // the squared mean of roots is below the mean by the noise that averaging took out
    let variance = scale.black_variance();
    let back =
        |c: usize, averaged: f32| Back { offset: scale.offset - averaged * variance[c], gain: 1.0 / scale.gains[c] };
    decode(own_out, q, samples, None, (&at_green[0][..len], back(color, AVERAGED_AT_GREEN)));
    decode(g, 1 - q, samples, None, (gc, back(1, AVERAGED_AT_COLOR)));
    let third = 2 - color;
    let here = (&at_color[..len], back(third, AVERAGED_AT_COLOR));
    decode(third_out, q, samples, Some(here), (&at_green[1][..len], back(third, AVERAGED_AT_GREEN)));
}

/// Share of a sample's noise variance that interpolation takes out of red and blue at green samples (measured on flat
/// fields).
const AVERAGED_AT_GREEN: f32 = 0.13;
/// The same for green, and for the third colour, at coloured samples.
const AVERAGED_AT_COLOR: f32 = 0.45;

/// The way back to linear light.
#[derive(Clone, Copy)]
struct Back {
    offset: f32,
    gain: f32,
}

impl Back {
    #[inline(always)]
    fn linear(self, y: f32) -> f32 {
        let y = y.max(0.0);
        (y * y - self.offset) * self.gain
    }
}

/// Writes a row of pairs: at columns of parity `q` the value of `here`, or the measured sample where there is none,
/// at the others `beside`; interpolated values are taken back to linear light.
#[inline(always)]
fn decode(out: &mut [f32], q: usize, samples: &[f32], here: Option<(&[f32], Back)>, beside: (&[f32], Back)) {
    let width = out.len();
    let pairs = width / 2;
    let samples_in = samples[..2 * pairs].as_chunks::<2>().0;
    let out_pairs = out[..2 * pairs].as_chunks_mut::<2>().0;
    let n = pairs.min(samples_in.len()).min(out_pairs.len());
    let (beside, back) = beside;
    let beside_in = &beside[..n];
    match here {
        None => {
            for i in 0..n {
                let v = back.linear(beside_in[i]);
                let s = samples_in[i];
                out_pairs[i] = if q == 0 { [s[0], v] } else { [v, s[1]] };
            }
        }
        Some((here, back_here)) => {
            let here = &here[..n];
            for i in 0..n {
                let (v, h) = (back.linear(beside_in[i]), back_here.linear(here[i]));
                out_pairs[i] = if q == 0 { [h, v] } else { [v, h] };
            }
        }
    }
    if width % 2 == 1 {
        out[width - 1] = match here {
            _ if q == 1 => back.linear(beside[pairs]),
            Some((here, back_here)) => back_here.linear(here[pairs]),
            None => samples[width - 1],
        };
    }
}
