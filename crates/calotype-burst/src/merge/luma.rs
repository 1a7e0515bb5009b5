//! One luminance out of the samples of all frames and colours.
//!
//! A sample less the chroma of its place is a sample of luminance, whatever its colour: so every photosite of every frame
//! counts, weighted by its noise, and detail is as fine as the frames' scatter allows.

use super::fill::{Understudies, WEIGHT, beside_honest};
use super::gather::{bilinear, gather, gather_masked, pattern};
use super::patch::{LANES, Patch, Places};
use super::robust::{Agreement, BLOCK_PX};
use super::signal::{CLIPPED, FETCHED, IS_CLIPPED, Signal};
use crate::MotionField;
use crate::motion::ramp;
use calotype_image::{Plane, Rect};

/// Buffers that are reused from frame to frame and tile to tile.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Chroma of the tile's cells, red and blue.
    chroma: [Patch; 2],
    samples: Patch,
    /// Weight of every sample, 0 for missing ones; up to date in the rows that miss any.
    mask: Patch,
    missing: Vec<bool>,
    /// Clipped samples and the chroma of their places.
    clipped: Vec<(usize, f32)>,
    places: Places,
    inverse: Vec<[f32; 2]>,
    row: Vec<f32>,
    gains: Vec<f32>,
    chroma_row: Vec<f32>,
    weight: Vec<f32>,
    line: Vec<f32>,
    /// Weighted sum of the samples at every pixel of the tile, and sum of the weights, row by row.
    pub sum: Vec<f32>,
    pub weights: Vec<f32>,
}

/// Weights of the three colours in the luminance of a frame: inverse variances relative to green, in dim light.
pub(crate) fn color_weights(signal: &Signal) -> [f32; 3] {
    const LEVEL: f32 = 0.05;
    [0, 1, 2].map(|c| (signal.variance(1, LEVEL) / signal.variance(c, LEVEL)).clamp(0.02, 4.0))
}

/// Pixels around a tile that samples of its pixels can come from.
const REACH: usize = 4;

/// Gathers the luminance of all frames over `area` of the reference into `s.sum` and `s.weights`.
pub(crate) fn gather_all(
    signals: &[Signal],
    understudies: &[Understudies],
    agreement: &Agreement,
    area: Rect,
    s: &mut Scratch,
) {
    for v in [&mut s.sum, &mut s.weights] {
        v.clear();
        v.resize(area.width * area.height + LANES, 0.0);
    }
    let margin = (REACH / 2 + 2) as isize;
    let (x0, y0) = ((area.x / 2) as isize - margin, (area.y / 2) as isize - margin);
    let size = [area.width, area.height].map(|n| n / 2 + 2 * margin as usize + 2);
    for (patch, plane) in s.chroma.iter_mut().zip(&agreement.chroma) {
        cut_out(plane, x0, y0, size, patch);
    }
    for (frame, signal) in signals.iter().enumerate() {
        add(signal, &understudies[frame], agreement, frame, area, s);
    }
}

/// Copies a part of a plane that may reach over its border, where the last numbers are repeated.
fn cut_out(plane: &Plane<f32>, x0: isize, y0: isize, [width, height]: [usize; 2], patch: &mut Patch) {
    patch.reshape(x0, y0, width, height);
    let n = plane.width() as isize;
    let (start, end) = ((-x0).clamp(0, width as isize), (n - x0).clamp(0, width as isize));
    let inside = start as usize..end.max(start) as usize;
    for y in 0..height {
        let from = plane.row((y0 + y as isize).clamp(0, plane.height() as isize - 1) as usize);
        let to = patch.row_mut(y);
        to[..inside.start].fill(from[0]);
        to[inside.clone()].copy_from_slice(&from[x0.clamp(0, n) as usize..][..inside.len()]);
        to[inside.end..].fill(from[n as usize - 1]);
    }
}

/// Adds one frame's luminance over `area` of the reference.
fn add(signal: &Signal, understudies: &Understudies, agreement: &Agreement, frame: usize, area: Rect, s: &mut Scratch) {
    let weights = &agreement.weights[frame];
    let (fw, fh) = (signal.frame.samples.width(), signal.frame.samples.height());
    let b = signal.motion.extent(area.x..area.x + area.width, area.y..area.y + area.height);
    let inside = b.0 < fw as f32 + 8.0 && b.1 < fh as f32 + 8.0 && b.2 > -8.0 && b.3 > -8.0;
    if !inside || !used(weights, area) {
        return;
    }
    let b = (b.0.max(-8.0), b.1.max(-8.0), b.2.min(fw as f32 + 8.0), b.3.min(fh as f32 + 8.0));
    let (x0, y0) = (b.0.floor() as isize - 2, b.1.floor() as isize - 2);
    let (w, h) = ((b.2.ceil() as isize + 3 - x0) as usize, (b.3.ceil() as isize + 3 - y0) as usize);
    // whole pairs of columns
    let w = w.next_multiple_of(2);
    let by_color = color_weights(signal);
    load(signal, understudies, by_color, area, x0, y0, (w, h), s);
    let pattern = pattern([0, 1, 2, 3].map(|i| by_color[signal.frame.cfa.0[i] as usize]));
    s.places.resize(area.width);
    for y in 0..area.height {
        let n = area.width;
        signal.motion.row(area.y + y, area.x, &mut s.places.xs[..n], &mut s.places.ys[..n]);
        s.places.cut(n, area.x.wrapping_neg() % MotionField::SPACING, MotionField::SPACING);
        let cut = weight_row(agreement, weights, area.x, area.y + y, n, &mut s.line, &mut s.weight);
        let (weight, sum, weights) = (&s.weight[cut..], &mut s.sum[y * n..], &mut s.weights[y * n..]);
        let touched = |v: i32| s.missing.get((v as isize - y0) as usize) == Some(&true);
        if s.places.runs.iter().any(|r| (r.row - 1..=r.row + 1).any(touched)) {
            gather_masked(&s.samples, &s.mask, &s.places, weight, sum, weights);
        } else {
            gather(&s.samples, &s.places, weight, pattern, sum, weights);
        }
    }
}

/// Fills `s.samples` with the luminance of a rectangle of samples, times their weights, and `s.mask` with the weights in
/// rows where samples are missing.
fn load(
    signal: &Signal,
    understudies: &Understudies,
    by_color: [f32; 3],
    area: Rect,
    x0: isize,
    y0: isize,
    (w, h): (usize, usize),
    s: &mut Scratch,
) {
    s.samples.reshape(x0, y0, w, h);
    s.mask.reshape(x0, y0, w, h);
    s.missing.clear();
    s.clipped.clear();
    s.missing.resize(h, false);
    s.row.resize(w, 0.0);
    s.chroma_row.resize(w / 2 + LANES, 0.0);
    s.places.resize(w / 2);
    invert(signal, x0, y0, (w, h), area, &mut s.inverse);
    let columns = w.div_ceil(2 * LANES) + 1;
    for y in 0..h {
        let v = y0 + y as isize;
        if y % FETCHED == 0 {
            signal.fetch(v, x0, w);
        }
        signal.load_row(v, x0, &mut s.row, &mut s.gains);
        // a row of a Bayer array has green and one other colour
        let colors = [0, 1].map(|x| {
            let column = (x0 + x).rem_euclid(2) as usize;
            signal.frame.cfa.color_at(column, v.rem_euclid(2) as usize) as usize
        });
        let weight = colors.map(|c| by_color[c]);
        let colorful = colors.iter().position(|&c| c != 1);
        if let Some(x) = colorful {
            between(&s.inverse, columns, y, x, &mut s.places, w / 2);
            bilinear(&s.chroma[colors[x] / 2], &s.places, &mut s.chroma_row);
        }
        let mask = [0, 1].map(|x| if colorful == Some(x) { 1.0 } else { 0.0 });
        let clipped = luminance(&s.row, &s.chroma_row, mask, weight, s.samples.row_mut(y));
        let holes = signal.holes(v);
        if !clipped && holes.is_empty() {
            continue;
        }
        s.missing[y] = true;
        let (samples, mask) = (s.samples.row_mut(y), s.mask.row_mut(y));
        for (k, (v, m)) in samples.iter_mut().zip(mask.iter_mut()).enumerate() {
            *m = weight[k & 1];
            if !(*v < IS_CLIPPED) {
                let chroma = if colorful == Some(k & 1) { s.chroma_row[k / 2] } else { 0.0 };
                s.clipped.push((y * w + k, chroma));
            }
        }
        for hole in holes {
            let k = hole.x as isize - x0;
            if (0..w as isize).contains(&k) {
                (samples[k as usize], mask[k as usize]) = (0.0, 0.0);
            }
        }
    }
    if !s.missing.contains(&true) {
        return;
    }
    fill(signal, understudies, s);
    for y in (0..h).filter(|&y| !s.missing[y]) {
        let weight = [0, 1].map(|x| {
            let (column, row) = ((x0 + x).rem_euclid(2) as usize, (y0 + y as isize).rem_euclid(2) as usize);
            by_color[signal.frame.cfa.color_at(column, row) as usize]
        });
        for pair in s.mask.row_mut(y).chunks_exact_mut(2) {
            pair.copy_from_slice(&weight);
        }
    }
}

/// Puts what shorter exposures say in place of clipped samples that lie near honest ones: the mean of the honest ones alone
/// would be too dark. The others are missing.
fn fill(signal: &Signal, understudies: &Understudies, s: &mut Scratch) {
    let (w, x0, y0) = (s.samples.width, s.samples.x0, s.samples.y0);
    for (k, v) in &mut s.clipped {
        let chroma = *v;
        *v = match beside_honest(&s.samples, *k) {
            true => understudies.sample(signal, x0 + (*k % w) as isize, y0 + (*k / w) as isize) - chroma,
            false => CLIPPED,
        };
    }
    for &(k, v) in &s.clipped {
        let (sample, mask) = (&mut s.samples.data[k], &mut s.mask.data[k]);
        *mask *= if v < IS_CLIPPED { WEIGHT } else { 0.0 };
        *sample = if *mask > 0.0 { v * *mask } else { 0.0 };
    }
}

/// True where some block that `area` looks at has weight.
fn used(weights: &Plane<u8>, area: Rect) -> bool {
    let x = (area.x / BLOCK_PX).saturating_sub(1)..((area.x + area.width) / BLOCK_PX + 2).min(weights.width());
    let y = (area.y / BLOCK_PX).saturating_sub(1)..((area.y + area.height) / BLOCK_PX + 2).min(weights.height());
    y.into_iter().any(|y| weights.row(y)[x.clone()].iter().any(|&w| w > 0))
}

/// Rows between those for which the motion is inverted.
const ROWS: usize = 8;

/// Where samples (x0.., y0..) of a frame lie in the cells of the reference: found every 32 columns and [`ROWS`] rows by
/// inverting the motion; in between it is linear. Chroma is smooth, so a twentieth of a pixel is good enough.
fn invert(signal: &Signal, x0: isize, y0: isize, (w, h): (usize, usize), area: Rect, out: &mut Vec<[f32; 2]>) {
    let reach = REACH as f32;
    let clamp = |p: (f32, f32)| {
        (
            p.0.clamp(area.x as f32 - reach, (area.x + area.width) as f32 + reach - 1.0),
            p.1.clamp(area.y as f32 - reach, (area.y + area.height) as f32 + reach - 1.0),
        )
    };
    out.clear();
    for j in 0..=h.div_ceil(ROWS) {
        let v = (y0 + (j * ROWS) as isize) as f32;
        let mut guess = clamp((x0 as f32, v));
        for i in 0..=w.div_ceil(2 * LANES) {
            let u = (x0 + (i * 2 * LANES) as isize) as f32;
            for _ in 0..2 {
                let q = signal.motion.position(guess.0, guess.1);
                guess = clamp((guess.0 + u - q.0, guess.1 + v - q.1));
            }
            // cell i is centred at pixel 2 i + 0.5
            out.push([0.5 * guess.0 - 0.25, 0.5 * guess.1 - 0.25]);
        }
    }
}

/// Places of every second sample of row `y`, from column `first` on, by the inverted motion.
fn between(inverse: &[[f32; 2]], columns: usize, y: usize, first: usize, places: &mut Places, n: usize) {
    let (top, bottom) = (&inverse[y / ROWS * columns..][..columns], &inverse[(y / ROWS + 1) * columns..][..columns]);
    let t = (y % ROWS) as f32 / ROWS as f32;
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => between_row(top, bottom, t, first as f32, places));
    places.cut(n, 0, LANES);
}

#[inline(always)]
fn between_row(top: &[[f32; 2]], bottom: &[[f32; 2]], t: f32, first: f32, places: &mut Places) {
    for (c, to) in [&mut places.xs, &mut places.ys].into_iter().enumerate() {
        let mut left = top[0][c] + (bottom[0][c] - top[0][c]) * t;
        for (i, to) in to.chunks_mut(LANES).enumerate() {
            let i = (i + 1).min(top.len() - 1);
            let right = top[i][c] + (bottom[i][c] - top[i][c]) * t;
            let step = (right - left) / LANES as f32;
            ramp(to, left + 0.5 * first * step, step);
            left = right;
        }
    }
}

/// Samples less chroma (one number for two samples), times their colour's weight; true where a sample is clipped.
fn luminance(row: &[f32], chroma: &[f32], mask: [f32; 2], weight: [f32; 2], out: &mut [f32]) -> bool {
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => luminance_row(row, chroma, mask, weight, out))
}

#[inline(always)]
fn luminance_row(row: &[f32], chroma: &[f32], mask: [f32; 2], weight: [f32; 2], out: &mut [f32]) -> bool {
    let n = out.len() / 2;
    let (row, chroma, out) = (&row[..2 * n], &chroma[..n], &mut out[..2 * n]);
    let mut clipped = 0;
    for v in row {
        clipped |= u32::from(*v >= IS_CLIPPED);
    }
    for k in 0..n {
        out[2 * k] = (row[2 * k] - mask[0] * chroma[k]) * weight[0];
        out[2 * k + 1] = (row[2 * k + 1] - mask[1] * chroma[k]) * weight[1];
    }
    clipped != 0
}

/// The weights of the pixels of row `y` from `x0` on, bilinear between the blocks' centres. The row's first pixel may cut its
/// block: returns how many numbers of `out` are to be left out for it.
fn weight_row(
    agreement: &Agreement,
    weights: &Plane<u8>,
    x0: usize,
    y: usize,
    n: usize,
    line: &mut Vec<f32>,
    out: &mut Vec<f32>,
) -> usize {
    // pixel p lies between the centres of blocks (p + 2) / 4 - 1 and (p + 2) / 4, at the fraction ((p + 2) % 4 + 0.5) / 4
    let clamp = |i: usize, count: usize| (i.max(1) - 1).min(count - 1);
    let (k, t) = ((y + HALF) / BLOCK_PX, ((y + HALF) % BLOCK_PX) as f32 / BLOCK_PX as f32 + STEP / 2.0);
    let (top, bottom) = (weights.row(clamp(k, weights.height())), weights.row(clamp(k + 1, weights.height())));
    let first = (x0 + HALF) / BLOCK_PX;
    let last = (x0 + n - 1 + HALF) / BLOCK_PX + 1;
    line.resize(last + 1 - first, 0.0);
    // the blocks' own numbers lie together; beyond the border the outermost is repeated
    let (from, to) = (first.max(1) - first, (last + 1).min(weights.width() + 1) - first);
    let blocks = first + from - 1..first + to - 1;
    let (p, q, part) = (&top[blocks.clone()], &bottom[blocks], &mut line[from..to]);
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => blend(p, q, t, |code| agreement.weight(code), part));
    let (head, tail) = (line[from], line[to - 1]);
    line[..from].fill(head);
    line[to..].fill(tail);
    out.resize(line.len() * BLOCK_PX + LANES, 0.0);
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => widen(line, out));
    (x0 + HALF) % BLOCK_PX
}

/// Weights between those of the codes of two rows.
#[inline(always)]
fn blend(top: &[u8], bottom: &[u8], t: f32, weight: impl Fn(f32) -> f32, out: &mut [f32]) {
    let n = out.len();
    let (top, bottom) = (&top[..n], &bottom[..n]);
    for k in 0..n {
        let (p, q) = (weight(f32::from(top[k])), weight(f32::from(bottom[k])));
        out[k] = p + (q - p) * t;
    }
}

/// Whole blocks of pixels between numbers that stand for their borders.
#[inline(always)]
fn widen(line: &[f32], out: &mut [f32]) {
    const { assert!(BLOCK_PX == 4, "four pixels are written") };
    let ends = line.iter().zip(&line[1..]);
    for ((&l, &r), out) in ends.zip(out.as_chunks_mut::<BLOCK_PX>().0) {
        let step = (r - l) * STEP;
        *out = [0.5, 1.5, 2.5, 3.5].map(|k| l + k * step);
    }
}

/// Half a block in pixels, and the share of a block that a pixel is.
const HALF: usize = BLOCK_PX / 2;
const STEP: f32 = 1.0 / BLOCK_PX as f32;
