//! From raw samples to a smooth grey picture of half size, in one pass.

use calotype_image::{CfaColor, Plane, RAW_BLACK, RAW_RANGE, RawFrame, Shading, par};
use fearless_simd::{Level, Simd, dispatch};

/// Samples of this code or more count as clipped: one per cent below saturation, where noise is already cut off.
const CLIPPED: u16 = 64_960;
/// Grey pixels between nodes of the coarse gain grid.
const GAIN_STEP: usize = 32;
/// Grey rows made at once; the blur reads [`REACH`] more on either side.
const BAND: usize = 32;
/// Reach of the blur.
const REACH: usize = 2;

/// Share of a white noise's variance that survives the blur [1 4 6 4 1]/16 in both directions: (70/256)^2.
pub(super) const BLUR_NOISE: f32 = 0.074_768_07;

/// How scene light becomes grey: `sqrt(light + offset)`, which makes shot noise equally strong everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tone {
    /// Light, in units of the reference's white, that carries as much shot noise as there is read noise.
    pub offset: f32,
    /// Light per linear signal of this frame.
    pub gain: f32,
}

impl Tone {
    /// The grey of an amount of light.
    #[cfg(test)]
    pub fn grey(self, light: f32) -> f32 {
        (light + self.offset).max(0.25 * self.offset).sqrt()
    }

    /// The light behind a grey.
    #[inline(always)]
    pub fn light(self, grey: f32) -> f32 {
        grey * grey - self.offset
    }
}

/// Mean gain of the lens shading per 2x2 cell, on a coarse grid; `None` where there is nothing to correct.
pub(super) fn gain_grid(shading: Option<&Shading>, width: usize, height: usize) -> Option<Plane<f32>> {
    let shading = shading?;
    let (gw, gh) = (width / 2, height / 2);
    let mut grid = Plane::new(gw.div_ceil(GAIN_STEP) + 1, gh.div_ceil(GAIN_STEP) + 1);
    let mut rows = [vec![0.0; width], vec![0.0; width]];
    for j in 0..grid.height() {
        let y = (j * GAIN_STEP).min(gh - 1) * 2;
        for (k, row) in rows.iter_mut().enumerate() {
            shading.gain_row(y + k, 0, width, height, row);
        }
        for i in 0..grid.width() {
            let x = (i * GAIN_STEP).min(gw - 1) * 2;
            grid.row_mut(j)[i] = 0.25 * rows.iter().map(|r| r[x] + r[x + 1]).sum::<f32>();
        }
    }
    Some(grid)
}

/// The gain of the grid at a grey pixel.
pub(super) fn gain_at(grid: &Plane<f32>, x: usize, y: usize) -> f32 {
    let (i, j) = ((x / GAIN_STEP).min(grid.width() - 1), (y / GAIN_STEP).min(grid.height() - 1));
    grid.get(i, j)
}

/// The grey picture, half as wide and high: the mean of each 2x2 cell on the tone scale, blurred with [1 4 6 4 1]/16 in
/// both directions so that little aliasing remains. NaN where a clipped sample is within reach.
///
/// The grey pixel (x, y) is centred at (2 x + 0.5, 2 y + 0.5) of the frame.
pub(super) fn smooth_grey(frame: &RawFrame, tone: Tone, gains: Option<&Plane<f32>>) -> Plane<f32> {
    let (gw, gh) = (frame.samples.width() / 2, frame.samples.height() / 2);
    let mut out = Plane::new(gw, gh);
    if out.is_empty() {
        return out;
    }
    let level = Level::new();
    par::bands_mut(&mut out, BAND, |top, mut band| {
        let padded = gw + 2 * REACH;
        let rows = band.height() + 2 * REACH;
        let mut grey = vec![0.0f32; rows * gw];
        let mut gain = vec![1.0f32; gw];
        for r in 0..rows {
            let y = (top + r).saturating_sub(REACH).min(gh - 1);
            let (a, b) = (frame.samples.row(2 * y), frame.samples.row(2 * y + 1));
            if let Some(grid) = gains {
                fill_gains(grid, y, &mut gain);
            }
            let out = &mut grey[r * gw..][..gw];
            dispatch!(level, simd => grey_row(simd, a, b, &gain, tone, out));
        }
        let mut sum = vec![0.0f32; padded];
        for y in 0..band.height() {
            let lines: [&[f32]; 5] = std::array::from_fn(|k| &grey[(y + k) * gw..][..gw]);
            dispatch!(level, simd => blur_row(simd, lines, &mut sum, band.row_mut(y)));
        }
    });
    out
}

/// Variance of linear signal that is too fine for the smooth grey, per cell of `cell` x `cell` grey pixels: the mean square
/// of green minus its four diagonal neighbours' mean, less its noise and a margin for chance.
///
/// That difference passes a frequency (u, v) with 1 - cos u cos v: a tenth at an eighth of the sampling rate, all at a
/// quarter, where the grey picture's Nyquist limit is, twice at the half.
pub(super) fn fine_detail(frame: &RawFrame, cell: usize) -> Plane<f32> {
    let (w, h) = (frame.samples.width(), frame.samples.height());
    let side = 2 * cell;
    let mut out = Plane::new(w.div_ceil(side), h.div_ceil(side));
    let level = Level::new();
    par::bands_mut(&mut out, 4, |top, mut band| {
        let mut squares = vec![0.0f32; w / 2];
        let mut sums = vec![0.0f32; w / 2];
        for j in 0..band.height() {
            squares.fill(0.0);
            sums.fill(0.0);
            let first = (top + j) * side;
            let mut rows = 0;
            // every second row has enough
            for y in (first..(first + side).min(h)).step_by(2).filter(|&y| y > 0 && y + 1 < h) {
                let green = usize::from(frame.cfa.color_at(0, y) != CfaColor::Green);
                let lines = [y - 1, y, y + 1].map(|y| frame.samples.row(y));
                dispatch!(level, simd => detail_row(simd, lines, green, &mut squares, &mut sums));
                rows += 1;
            }
            for (i, v) in band.row_mut(j).iter_mut().enumerate() {
                let range = (i * cell).min(w / 2)..((i + 1) * cell).min(w / 2);
                let count = (rows * range.len()).max(1) as f32;
                let square: f32 = squares[range.clone()].iter().sum::<f32>() / count;
                let signal: f32 = sums[range].iter().sum::<f32>() / count;
                *v = (square - 1.6 * frame.noise.variance(1, signal)).max(0.0);
            }
        }
    });
    out
}

/// Adds the square of green minus its diagonal neighbours, and the signal, to one sum per pair of columns.
#[inline(always)]
fn detail_row<S: Simd>(_: S, lines: [&[u16]; 3], green: usize, squares: &mut [f32], sums: &mut [f32]) {
    let pairs = squares.len().min(sums.len());
    if pairs < 3 {
        return;
    }
    // pixel 2 x + green, for every x with neighbours on both sides
    let n = pairs - 2;
    let start = 2 + green - 1;
    let [a, b, c] = lines.map(|l| &l[start..start + 2 * n + 1]);
    let (squares, sums) = (&mut squares[1..n + 1], &mut sums[1..n + 1]);
    for x in 0..n {
        let around = i32::from(a[2 * x]) + i32::from(a[2 * x + 2]) + i32::from(c[2 * x]) + i32::from(c[2 * x + 2]);
        let here = i32::from(b[2 * x + 1]);
        let d = (4 * here - around) as f32 * (0.25 / RAW_RANGE);
        squares[x] += d * d;
        sums[x] += (here - i32::from(RAW_BLACK)) as f32 * (1.0 / RAW_RANGE);
    }
}

/// Gains of a row of grey pixels, linear between the nodes.
fn fill_gains(grid: &Plane<f32>, y: usize, gain: &mut [f32]) {
    let j = (y / GAIN_STEP).min(grid.height().saturating_sub(2));
    let fy = (y - j * GAIN_STEP) as f32 / GAIN_STEP as f32;
    let (top, bottom) = (grid.row(j), grid.row((j + 1).min(grid.height() - 1)));
    for (i, segment) in gain.chunks_mut(GAIN_STEP).enumerate() {
        let (i0, i1) = (i.min(top.len() - 1), (i + 1).min(top.len() - 1));
        let left = top[i0] + (bottom[i0] - top[i0]) * fy;
        let right = top[i1] + (bottom[i1] - top[i1]) * fy;
        let step = (right - left) / GAIN_STEP as f32;
        for (k, g) in segment.iter_mut().enumerate() {
            *g = left + step * k as f32;
        }
    }
}

/// One row of cells on the tone scale; NaN where a sample is clipped.
#[inline(always)]
fn grey_row<S: Simd>(_: S, a: &[u16], b: &[u16], gain: &[f32], tone: Tone, out: &mut [f32]) {
    let n = out.len();
    let (a, b, gain) = (&a[..2 * n], &b[..2 * n], &gain[..n]);
    let scale = 0.25 / RAW_RANGE * tone.gain;
    let floor = 0.25 * tone.offset;
    for x in 0..n {
        let s = [a[2 * x], a[2 * x + 1], b[2 * x], b[2 * x + 1]];
        let sum = i32::from(s[0]) + i32::from(s[1]) + i32::from(s[2]) + i32::from(s[3]) - 4 * i32::from(RAW_BLACK);
        let highest = s[0].max(s[1]).max(s[2].max(s[3]));
        let light = sum as f32 * (scale * gain[x]);
        let grey = (light + tone.offset).max(floor).sqrt();
        out[x] = if highest >= CLIPPED { f32::NAN } else { grey };
    }
}

/// Blurs five rows into one: first down, then across, the edge repeated.
#[inline(always)]
fn blur_row<S: Simd>(_: S, lines: [&[f32]; 5], sum: &mut [f32], out: &mut [f32]) {
    let n = out.len();
    let [a, b, c, d, e] = lines.map(|l| &l[..n]);
    let sum = &mut sum[..n + 4];
    {
        let mid = &mut sum[2..n + 2];
        for x in 0..n {
            mid[x] = (6.0 / 256.0) * c[x] + (4.0 / 256.0) * (b[x] + d[x]) + (1.0 / 256.0) * (a[x] + e[x]);
        }
    }
    (sum[0], sum[1], sum[n + 2], sum[n + 3]) = (sum[2], sum[2], sum[n + 1], sum[n + 1]);
    let (a, b, c, d, e) = (&sum[..n], &sum[1..n + 1], &sum[2..n + 2], &sum[3..n + 3], &sum[4..n + 4]);
    for x in 0..n {
        out[x] = 6.0 * c[x] + 4.0 * (b[x] + d[x]) + (a[x] + e[x]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{Cfa, NoiseModel, linear_to_raw};

    fn frame(w: usize, h: usize, f: impl FnMut(usize, usize) -> u16) -> RawFrame {
        RawFrame {
            samples: Plane::from_fn(w, h, f),
            cfa: Cfa::RGGB,
            noise: NoiseModel::uniform(1e-4, 1e-6),
            exposure: 1.0,
            shading: None,
        }
    }

    const TONE: Tone = Tone { offset: 0.01, gain: 2.0 };

    #[test]
    fn a_flat_field_keeps_its_light() {
        for (w, h) in [(2, 2), (3, 5), (70, 66), (71, 67)] {
            let g = smooth_grey(&frame(w, h, |_, _| linear_to_raw(0.25)), TONE, None);
            assert_eq!((g.width(), g.height()), (w / 2, h / 2));
            assert!(g.data().iter().all(|&v| (TONE.light(v) - 0.5).abs() < 1e-4));
        }
        assert!(smooth_grey(&frame(1, 9, |_, _| 9000), TONE, None).is_empty());
    }

    #[test]
    fn a_clipped_sample_masks_what_it_reaches() {
        let g = smooth_grey(&frame(40, 40, |x, y| if (x, y) == (21, 20) { 65535 } else { 20000 }), TONE, None);
        for y in 0..20 {
            for x in 0..20 {
                let near = (8..=12).contains(&x) && (8..=12).contains(&y);
                assert_eq!(g.get(x, y).is_nan(), near, "{x} {y}");
            }
        }
    }

    #[test]
    fn fine_detail_is_told_from_noise_and_slopes() {
        let detail = |f: &RawFrame| fine_detail(f, 8).get(1, 1);
        assert!(detail(&frame(64, 64, |x, y| 9000 + 100 * x as u16 + 40 * y as u16)) < 1e-6);
        let stripes = detail(&frame(64, 64, |x, _| if x % 4 < 2 { 12_000 } else { 30_000 }));
        // amplitude 9000 codes, passed with 1
        assert!((stripes / (9000.0f32 / RAW_RANGE).powi(2) - 1.0).abs() < 0.02, "{stripes}");
        for (w, h) in [(1, 1), (2, 3), (5, 40), (17, 16)] {
            assert!(fine_detail(&frame(w, h, |_, _| 9000), 8).data().iter().all(|&v| v == 0.0));
        }
    }

    #[test]
    fn a_ramp_is_not_displaced() {
        let tone = Tone { offset: 100.0, gain: 1.0 };
        let g = smooth_grey(&frame(64, 64, |x, y| 9000 + 100 * x as u16 + 40 * y as u16), tone, None);
        for (x, y) in [(5, 5), (20, 11), (29, 29)] {
            let expected = (808.0 + 100.0 * (2 * x) as f32 + 50.0 + 40.0 * (2 * y) as f32 + 20.0) / RAW_RANGE;
            assert!((tone.light(g.get(x, y)) - expected).abs() < 2e-5 + 1e-5 * 100.0, "{x} {y}");
        }
    }
}
