//! Clipped channels filled from the others.
//!
//! Where a channel is clipped the others often are not. The fill takes the mean of the two other channels about the
//! pixel, averaged in square-root space after white balance, and adds what this channel usually exceeds such a mean
//! by, learnt over the picture in the neighbourhood of clipped places: the published "opposed" idea. Where all three
//! clip, nothing is known of the colour but what the rim tells, and the fill goes from that to white ([`cores`]), so that
//! suns are white and not magenta. Beside clipped places lie pixels mixed of clipped and dark, as where a wire crosses a
//! white sky: green is mixed at its clipping level and red and blue, which reach further, are not, so they come out
//! magenta; they get as much green as a light of their red and blue has. Run it before lens shading is corrected, while one level means saturation everywhere.

mod cores;

use crate::executor::{Rows, RowsMut, Stage};
use calotype_image::{Camera, CameraRgb, par};
use cores::Cores;
use fearless_simd::{Level, Simd, dispatch};

/// A channel counts as clipped from this fraction of its clipping level on: noise and resampling keep clipped
/// samples a little below it.
pub const CLIPPED: f32 = 0.985;
/// From this fraction on the fill counts in part: lossy compression and interpolation spread clipped samples by some
/// percent, and what they leave below the limit would stay coloured. The fill never darkens, so that bright places which
/// are not clipped keep their value unless the other channels say that there must be more.
const MAYBE_CLIPPED: f32 = 0.945;
/// Pixels about clipped ones in which demosaicing mixes clipped samples with others.
const NEAR: usize = 2;
/// Pixels of a side of the blocks in which clipped places are looked for.
const BLOCK: usize = 8;
/// From this fraction of its clipping level on, the last unclipped channel pulls the fill to neutral.
const FADE: f32 = 0.85;

/// Where each channel really saturates, at most `clip`: some cameras store a white level that their samples never reach,
/// and clipped places pile up below it. Looks for such a pile in the histogram's upper fifth; a channel without one keeps
/// its `clip`. A broad pile, as lossy compression makes it, counts where most of its pixels are clipped in another channel
/// too. The picture must still be free of falloff correction.
pub fn saturation(picture: &CameraRgb, clip: [f32; 3]) -> [f32; 3] {
    let mut found = sharp_piles(picture, clip);
    for c in 0..3 {
        if found[c] == clip[c] && (0..3).any(|other| other != c && found[other] < clip[other]) {
            found[c] = broad_pile(picture, clip[c], found, c);
        }
    }
    found
}

/// Bins of the histogram of a channel's upper fifth.
const BINS: usize = 256;
const LOWEST: f32 = 0.8;

/// The saturation of channels whose clipped samples all lie at one level.
fn sharp_piles(picture: &CameraRgb, clip: [f32; 3]) -> [f32; 3] {
    [0, 1, 2].map(|c| {
        let plane = &picture.planes[c];
        let scale = BINS as f32 / ((1.0 - LOWEST) * clip[c]);
        let rows = par::map(plane.height().div_ceil(2), |y| {
            let mut bins = [0u32; BINS];
            for part in plane.row(2 * y).chunks(64) {
                // most of a picture is darker
                if !part.iter().fold(false, |any, &v| any | (v >= LOWEST * clip[c])) {
                    continue;
                }
                for &v in part {
                    let i = (v - LOWEST * clip[c]) * scale;
                    if i >= 0.0 {
                        bins[(i as usize).min(BINS - 1)] += 1;
                    }
                }
            }
            bins
        });
        let mut bins = [0u32; BINS];
        for row in rows {
            (0..BINS).for_each(|i| bins[i] += row[i]);
        }
        let seen = plane.width() * plane.height().div_ceil(2);
        // piles of three bins, so that one on the border of two is seen, then of a percent, as lossy compression leaves them
        for half in [1, 6] {
            let pile = |i: usize| bins[i.saturating_sub(half)..(i + half + 1).min(BINS)].iter().sum::<u32>();
            let Some(top) = (16..BINS - half - 1).max_by_key(|&i| pile(i)) else { continue };
            let mut below: Vec<u32> = (top.saturating_sub(64)..top.saturating_sub(4 + 2 * half)).map(pile).collect();
            let above: u32 = bins[top + half + 1..].iter().sum();
            if below.is_empty() || (pile(top) as usize) < seen / 5000 || above > pile(top) / 2 {
                continue;
            }
            let middle = below.len() / 2;
            let usual = *below.select_nth_unstable(middle).1;
            if pile(top) > 10 * usual.max(1) {
                return LOWEST * clip[c] + (top as f32 + 1.0) / scale;
            }
        }
        clip[c]
    })
}

/// The level at which channel `c` saturates where its clipped samples spread over some percent, or `clip`.
fn broad_pile(picture: &CameraRgb, clip: f32, known: [f32; 3], c: usize) -> f32 {
    let scale = BINS as f32 / ((1.0 - LOWEST) * clip);
    let rows = par::map(picture.height().div_ceil(4), |y| {
        // all samples, and those of pixels that another channel shows to be clipped
        let mut bins = vec![[0u32; 2]; BINS];
        let rows = picture.row(4 * y);
        for (x, &v) in rows[c].iter().enumerate() {
            let i = (v - LOWEST * clip) * scale;
            if i >= 0.0 {
                let shown = (0..3).any(|o| o != c && rows[o][x] >= CLIPPED * known[o]);
                let bin = &mut bins[(i as usize).min(BINS - 1)];
                bin[0] += 1;
                bin[1] += u32::from(shown);
            }
        }
        bins
    });
    let mut bins = vec![[0u64; 2]; BINS];
    for row in &rows {
        for (bin, add) in bins.iter_mut().zip(row) {
            bin[0] += u64::from(add[0]);
            bin[1] += u64::from(add[1]);
        }
    }
    // a pile of a twentieth of white, with next to nothing above it and a lot less below
    const WIDE: usize = BINS / 4;
    let sum = |from: usize, to: usize, k: usize| bins[from..to].iter().map(|b| b[k]).sum::<u64>();
    let Some(top) = (2 * WIDE..BINS).max_by_key(|&i| sum(i - WIDE, i, 1)) else { return clip };
    let pile = sum(top - WIDE, top, 1);
    let seen = (picture.width() * picture.height().div_ceil(4)) as u64;
    let above = sum(top, BINS, 0);
    let below = sum(top - 2 * WIDE, top - WIDE, 1);
    let together = 10 * pile >= 7 * sum(top - WIDE, top, 0);
    if pile < seen / 500 || above > pile / 30 || below > pile / 2 || !together {
        return clip;
    }
    // the pile's own middle
    let mut left = pile / 2;
    let mut i = top - WIDE;
    while left > bins[i][1] {
        left -= bins[i][1];
        i += 1;
    }
    LOWEST * clip + (i as f32 + 1.0) / scale
}

/// The fill, with what it learnt about one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Highlights {
    gains: [f32; 3],
    clip: [f32; 3],
    offset: [f32; 3],
    any: bool,
    /// The light of places that are clipped in all channels, where there are any.
    cores: Option<Cores>,
}

impl Highlights {
    /// Learns from `picture` how clipped colours differ from the mean of the others.
    ///
    /// `white_balance`: gains that make neutral objects grey. `clip`: the level at which each channel saturates,
    /// before white balance: 1 for a burst of equal exposures, more where darker frames reach further.
    pub fn learn(picture: &CameraRgb, white_balance: [f32; 3], clip: [f32; 3]) -> Self {
        let mut learnt = Self { gains: white_balance, clip, offset: [0.0; 3], any: false, cores: None };
        let (width, height) = (picture.width(), picture.height());
        let (across, down) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
        let level = clip.map(|c| c * CLIPPED);
        let clipped: Vec<u8> = par::map(down, |by| {
            let mut flags = vec![0u8; across];
            for y in by * BLOCK..((by + 1) * BLOCK).min(height) {
                for (c, row) in picture.row(y).into_iter().enumerate() {
                    for (flag, part) in flags.iter_mut().zip(row.chunks(BLOCK)) {
                        let any = part.iter().fold(false, |any, &v| any | (v >= level[c]));
                        *flag |= u8::from(any) << c;
                    }
                }
            }
            flags
        })
        .concat();
        learnt.any = clipped.iter().any(|&f| f != 0);
        if !learnt.any {
            return learnt;
        }
        // blocks beside clipped ones tell what the colour is like there
        let sums = par::map(down, |by| {
            let mut sum = [(0.0f64, 0u32); 3];
            for bx in 0..across {
                let mut near = 0u8;
                for y in by.saturating_sub(1)..(by + 2).min(down) {
                    for x in bx.saturating_sub(1)..(bx + 2).min(across) {
                        near |= clipped[y * across + x];
                    }
                }
                if near == 0 {
                    continue;
                }
                for y in (by * BLOCK..((by + 1) * BLOCK).min(height)).step_by(2) {
                    for x in (bx * BLOCK..((bx + 1) * BLOCK).min(width)).step_by(2) {
                        learnt.add(picture, x, y, near, &mut sum);
                    }
                }
            }
            sum
        });
        for c in 0..3 {
            let (total, count) = sums.iter().fold((0.0, 0u64), |(t, n), s| (t + s[c].0, n + u64::from(s[c].1)));
            // a few hundred phantom samples without offset keep a handful of odd ones from deciding
            learnt.offset[c] = (total / (count + 256) as f64) as f32;
        }
        learnt.cores = Cores::find(picture, &learnt, &clipped, across);
        learnt
    }

    /// True where something is clipped, so that the stage has work to do.
    pub fn needed(&self) -> bool {
        self.any
    }

    /// The brightest white balanced channel of a pixel that is clipped in all.
    fn white(&self) -> f32 {
        (0..3).fold(0.0, |high: f32, c| high.max(self.clip[c] * self.gains[c]))
    }

    /// Adds one pixel's differences to the sums, for the colours near whose clipping it lies.
    fn add(&self, picture: &CameraRgb, x: usize, y: usize, near: u8, sum: &mut [(f64, u32); 3]) {
        let v = picture.get(x, y);
        if (0..3).any(|c| v[c] >= CLIPPED * self.clip[c]) {
            return;
        }
        let root = [0, 1, 2].map(|c| (v[c] * self.gains[c]).max(0.0).sqrt());
        for c in 0..3 {
            if near & (1 << c) != 0 && v[c] > 0.2 * self.clip[c] {
                let mean = 0.5 * (root[(c + 1) % 3] + root[(c + 2) % 3]);
                sum[c].0 += f64::from(v[c] * self.gains[c] - mean * mean);
                sum[c].1 += 1;
            }
        }
    }
}

impl Stage for Highlights {
    type In = Camera;
    type Out = Camera;
    const BORDER: usize = NEAR;

    fn run(&self, input: &Rows<'_, Camera>, output: &mut RowsMut<'_, Camera>) {
        let level = Level::new();
        let mut work = Work::new(input.width(), self.white());
        let (top, bottom) = (output.top(), output.bottom());
        let limits = self.clip.map(|c| c * MAYBE_CLIPPED);
        let bright: Vec<bool> = (0..bottom - top + 2 * NEAR)
            .map(|i| input.row((top + i) as isize - NEAR as isize))
            .map(|row| self.any && dispatch!(level, simd => any_above(simd, row, limits)))
            .collect();
        for y in top..bottom {
            let row = |d: usize| input.row((y + d) as isize - NEAR as isize);
            let bright = &bright[y - top..][..=2 * NEAR];
            let mut out = output.row_mut(y);
            for (o, i) in out.iter_mut().zip(row(NEAR)) {
                o.copy_from_slice(i);
            }
            if bright[NEAR] {
                if let Some(cores) = &self.cores {
                    cores.row(y, &mut work.light);
                }
                let rows = [1, 2, 3].map(row);
                dispatch!(level, simd => fill_row(simd, self, rows, &mut work, out.each_mut().map(|o| &mut **o)));
            }
            if bright.contains(&true) {
                work.near.fill(0.0);
                for d in (0..=2 * NEAR).filter(|&d| bright[d]) {
                    dispatch!(level, simd => count_row(simd, self, row(d)[1], &mut work.near));
                }
                if work.near.iter().any(|v| *v > 0.0) {
                    dispatch!(level, simd => calm_row(simd, self, &work.near, out));
                }
            }
        }
    }
}

/// Row buffers.
struct Work {
    /// Square roots of the white balanced channels, summed over three rows, with one more sample at either end.
    sums: [Vec<f32>; 3],
    /// The light of wholly clipped places.
    light: [Vec<f32>; 3],
    /// Pixels of a column within [`NEAR`] rows that are clipped in green, with [`NEAR`] more samples at either end.
    near: Vec<f32>,
}

impl Work {
    fn new(width: usize, white: f32) -> Self {
        Self {
            sums: [(); 3].map(|()| vec![0.0; width + 2]),
            light: [(); 3].map(|()| vec![white; width]),
            near: vec![0.0; width + 2 * NEAR],
        }
    }
}

/// True where a sample of a row reaches its channel's limit.
#[inline(always)]
fn any_above<S: Simd>(_: S, row: [&[f32]; 3], limits: [f32; 3]) -> bool {
    let mut any = false;
    for (row, limit) in row.into_iter().zip(limits) {
        for part in row.chunks(64) {
            let mut count = 0u32;
            for i in 0..part.len() {
                count += u32::from(part[i] >= limit);
            }
            any |= count > 0;
        }
    }
    any
}

/// Fills the clipped channels of one row.
#[inline(always)]
fn fill_row<S: Simd>(_: S, h: &Highlights, rows: [[&[f32]; 3]; 3], work: &mut Work, out: [&mut [f32]; 3]) {
    let n = out[0].len();
    for c in 0..3 {
        let (a, b, d) = (&rows[0][c][..n], &rows[1][c][..n], &rows[2][c][..n]);
        let sum = &mut work.sums[c][..n + 2];
        let gain = h.gains[c];
        for i in 0..n {
            sum[i + 1] = (a[i] * gain).max(0.0).sqrt() + (b[i] * gain).max(0.0).sqrt() + (d[i] * gain).max(0.0).sqrt();
        }
        sum[0] = sum[2.min(n)];
        sum[n + 1] = sum[if n > 1 { n - 1 } else { 1 }];
    }
    let [r, g, b] = out;
    let (r, g, b) = (&mut r[..n], &mut g[..n], &mut b[..n]);
    let [sr, sg, sb] = &work.sums;
    let (sr, sg, sb) = (&sr[..n + 2], &sg[..n + 2], &sb[..n + 2]);
    let fraction = h.clip.map(|c| 1.0 / (c * CLIPPED));
    let ramp = h.clip.map(|c| 1.0 / (c * (CLIPPED - MAYBE_CLIPPED)));
    let start = h.clip.map(|c| c * MAYBE_CLIPPED);
    let inverse = h.gains.map(|g| 1.0 / g);
    let [lr, lg, lb] = &work.light;
    let light = [&lr[..n], &lg[..n], &lb[..n]];
    for i in 0..n {
        let z = [r[i] * h.gains[0], g[i] * h.gains[1], b[i] * h.gains[2]];
        let root = [sr[i] + sr[i + 1] + sr[i + 2], sg[i] + sg[i + 1] + sg[i + 2], sb[i] + sb[i + 1] + sb[i + 2]];
        // 1 where even the least clipped channel is about to clip
        let least = (r[i] * fraction[0]).min(g[i] * fraction[1]).min(b[i] * fraction[2]);
        let t = ((least - FADE) * (1.0 / (1.0 - FADE))).clamp(0.0, 1.0);
        let fade = t * t * (3.0 - 2.0 * t);
        let mut fill = [0.0; 3];
        for c in 0..3 {
            let mean = (root[(c + 1) % 3] + root[(c + 2) % 3]) * (1.0 / 18.0);
            let opposed = (mean * mean + h.offset[c]).max(z[c]);
            fill[c] = opposed + fade * (light[c][i] - opposed);
        }
        let own = [r[i], g[i], b[i]];
        let mut full = [0.0; 3];
        for c in 0..3 {
            let share = ((own[c] - start[c]) * ramp[c]).clamp(0.0, 1.0);
            full[c] = own[c] + share * (fill[c].max(z[c]) * inverse[c] - own[c]).max(0.0);
        }
        (r[i], g[i], b[i]) = (full[0], full[1], full[2]);
    }
}

/// Adds one to the columns whose pixel is clipped in green.
#[inline(always)]
fn count_row<S: Simd>(_: S, h: &Highlights, green: &[f32], near: &mut [f32]) {
    let near = &mut near[NEAR..][..green.len()];
    let limit = CLIPPED * h.clip[1];
    for i in 0..near.len() {
        near[i] += if green[i] >= limit { 1.0 } else { 0.0 };
    }
}

/// Takes the magenta out of pixels that are clipped in green or mixed with such: they get the green of a light of their
/// red and blue, the mean of these under the root, and keep their luma.
#[inline(always)]
fn calm_row<S: Simd>(_: S, h: &Highlights, near: &[f32], out: [&mut [f32]; 3]) {
    let [r, g, b] = out;
    let n = r.len();
    let (r, g, b) = (&mut r[..n], &mut g[..n], &mut b[..n]);
    let near = &near[..n + 2 * NEAR];
    let inverse = h.gains.map(|g| 1.0 / g);
    for i in 0..n {
        let count = (near[i] + near[i + 1]) + (near[i + 2] + near[i + 3]) + near[i + 4];
        let z = [r[i] * h.gains[0], g[i] * h.gains[1], b[i] * h.gains[2]];
        let lacking = ((z[0] * z[2]).max(0.0).sqrt() - z[1]).max(0.0) * (count * (1.0 / 3.0)).min(1.0);
        let luma = (0.25 * (z[0] + z[2]) + 0.5 * z[1]).max(1e-6);
        let scale = luma / (luma + 0.5 * lacking);
        r[i] *= scale;
        g[i] = (z[1] + lacking) * scale * inverse[1];
        b[i] *= scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Banded, Whole, assert_bands_agree};
    use calotype_image::Plane;

    const GAINS: [f32; 3] = [2.0, 1.0, 1.5];

    fn recovered(f: impl Fn(usize, usize) -> [f32; 3]) -> (CameraRgb, CameraRgb) {
        let picture =
            CameraRgb::from_planes([0, 1, 2].map(|c| Plane::from_fn(64, 48, |x, y| (f(x, y)[c] / GAINS[c]).min(1.0))));
        let stage = Highlights::learn(&picture, GAINS, [1.0; 3]);
        (Banded::default().run(&stage, picture.clone()), picture)
    }

    #[test]
    fn saturation_below_the_stored_white_is_found() {
        // an even spread of light up to 1.5 times the level where green really saturates
        let level = |c: usize| if c == 1 { 0.95 } else { 1.0 };
        let plane =
            |c: usize| Plane::from_fn(160, 120, |x, y| (((x * 7 + y * 13) % 997) as f32 / 997.0 * 1.5).min(level(c)));
        let picture = CameraRgb::from_planes([plane(0), plane(1), plane(2)]);
        let found = saturation(&picture, [1.0; 3]);
        assert!((found[1] - 0.95).abs() < 0.004, "{found:?}");
        assert!(found[0] > 0.99 && found[2] > 0.99, "{found:?}");
        let dim = CameraRgb::from_planes(
            [plane(0), plane(1), plane(2)].map(|p| Plane::from_fn(p.width(), p.height(), |x, y| 0.5 * p.get(x, y))),
        );
        assert_eq!(saturation(&dim, [1.0; 3]), [1.0; 3]);
    }

    #[test]
    fn a_broad_pile_counts_where_another_channel_is_clipped_too() {
        // green saturates at 0.95, blue at 0.92 give or take two percent, where the light is above 0.9
        let light = |x: usize, y: usize| ((x * 7 + y * 13) % 997) as f32 / 997.0 * 1.5;
        let spread = |x: usize, y: usize| ((x * 31 + y * 17) % 101) as f32 / 101.0 * 0.04 - 0.02;
        let picture = |blue_clips: bool| {
            CameraRgb::from_planes([
                Plane::from_fn(200, 160, |x, y| 0.3 * light(x, y)),
                Plane::from_fn(200, 160, |x, y| (1.1 * light(x, y)).min(0.95)),
                Plane::from_fn(200, 160, |x, y| {
                    let v = light(x, y);
                    if blue_clips { v.min(0.92) + spread(x, y) } else { 0.62 * v }
                }),
            ])
        };
        let found = saturation(&picture(true), [1.0; 3]);
        assert!((found[2] - 0.92).abs() < 0.015 && (found[1] - 0.95).abs() < 0.004 && found[0] == 1.0, "{found:?}");
        assert_eq!(saturation(&picture(false), [1.0; 3])[2], 1.0);
    }

    #[test]
    fn unclipped_pixels_are_untouched() {
        let (out, before) = recovered(|x, y| [x as f32 / 30.0, y as f32 / 30.0, (x + y) as f32 / 80.0]);
        let mut changed = 0;
        for y in 0..48 {
            for x in 0..64 {
                let (a, b) = (before.get(x, y), out.get(x, y));
                for c in 0..3 {
                    // from row 30 on green is clipped, and near it magenta is taken out
                    assert!(y >= 28 || a[c] >= MAYBE_CLIPPED || a[c].to_bits() == b[c].to_bits());
                    assert!(y >= 28 || b[c] >= a[c]);
                    changed += usize::from(a[c] != b[c]);
                }
            }
        }
        assert!(changed > 100);
    }

    #[test]
    fn a_neutral_ramp_stays_neutral() {
        // grey from dark to 1.4: green clips at 1, blue at 1.5, red at 2
        let (out, _) = recovered(|x, _| [x as f32 * 1.4 / 63.0; 3]);
        for x in 0..64 {
            let v = out.get(x, 20);
            let z = [0, 1, 2].map(|c| v[c] * GAINS[c]);
            assert!((z[1] - z[0]).abs() <= 0.06 * z[0], "column {x}: {z:?}");
        }
    }

    #[test]
    fn what_is_clipped_everywhere_is_white() {
        let (out, _) = recovered(|_, _| [9.0; 3]);
        for c in 0..3 {
            assert!((out.get(30, 30)[c] * GAINS[c] - 2.0).abs() < 1e-5);
        }
    }

    /// A low sun over 160x120 pixels: warm light that clips in all channels within 30 pixels of the middle.
    fn sun() -> CameraRgb {
        CameraRgb::from_planes([0, 1, 2].map(|c| {
            Plane::from_fn(160, 120, |x, y| {
                let light = 90.0 / (x as f32 - 79.5).hypot(y as f32 - 59.5).max(1.0);
                ([1.9, 1.0, 0.5][c] * light / GAINS[c]).min(1.0)
            })
        }))
    }

    #[test]
    fn a_sun_is_no_darker_than_its_rim_and_white_in_the_middle() {
        let before = sun();
        let stage = Highlights::learn(&before, GAINS, [1.0; 3]);
        let after = Banded::default().run(&stage, before);
        // red of a display, as a usual matrix makes it of white balanced camera colours
        let z = |x: usize| [0, 1, 2].map(|c| after.get(x, 60)[c] * GAINS[c]);
        let red = |x: usize| {
            let [r, g, b] = z(x);
            1.7 * r - 0.6 * g - 0.1 * b
        };
        let [r, g, b] = z(80);
        assert!(r - g.min(b) < 0.02 * r, "{:?}", z(80));
        let rim = (30..50).map(red).fold(0.0, f32::max);
        assert!(red(80) >= rim, "{} inside, {rim} outside", red(80));
        for x in 50..79 {
            assert!(red(x + 1) >= 0.99 * red(x), "red falls inwards at {x}: {} {}", red(x), red(x + 1));
            let step = (0..3).map(|c| (z(x + 1)[c] - z(x)[c]).abs()).fold(0.0, f32::max);
            assert!(step < 0.15, "a contour at {x}: {step}");
        }
    }

    #[test]
    fn a_wire_before_white_is_not_purple() {
        // a dark line one pixel wide whose red and blue were mixed with clipped neighbours, green less so
        let before = CameraRgb::from_planes(
            [0, 1, 2].map(|c| Plane::from_fn(64, 48, |x, _| if x == 30 { [0.95, 0.7, 0.95][c] } else { 1.0 })),
        );
        let stage = Highlights::learn(&before, GAINS, [1.0; 3]);
        let after = Banded::default().run(&stage, before.clone());
        let z = |p: &CameraRgb| [0, 1, 2].map(|c| p.get(30, 20)[c] * GAINS[c]);
        let magenta = |[r, g, b]: [f32; 3]| (r * b).sqrt() / g;
        assert!(magenta(z(&before)) > 1.4 && magenta(z(&after)) < 1.05, "{:?}", z(&after));
        assert!(z(&after)[1] < 0.9 * after.get(20, 20)[1] * GAINS[1], "the wire is still seen");
    }

    #[test]
    fn a_coloured_ramp_is_continued() {
        // a warm light: green is 0.8 of red throughout, and clips first
        let f = |x: usize| [x as f32 * 1.7 / 63.0, x as f32 * 1.36 / 63.0, x as f32 * 1.0 / 63.0];
        let (out, before) = recovered(|x, _| f(x));
        let error = |p: &CameraRgb| (0..64).map(|x| (p.get(x, 9)[1] - f(x)[1]).abs()).fold(0.0, f32::max);
        assert!(error(&out) < 0.35 * error(&before), "{} of {}", error(&out), error(&before));
    }

    #[test]
    fn nothing_clipped_nothing_done() {
        let (out, before) = recovered(|x, _| [x as f32 / 80.0; 3]);
        assert_eq!(out.planes, before.planes);
        assert!(!Highlights::learn(&before, GAINS, [1.0; 3]).needed());
    }

    #[test]
    fn bands_and_whole_agree() {
        assert_bands_agree(|p| Highlights::learn(p, GAINS, [1.0, 0.9, 1.1]));
        let empty = CameraRgb::new(0, 0);
        assert!(Whole.run(&Highlights::learn(&empty, GAINS, [1.0; 3]), &empty).planes[0].is_empty());
    }
}
