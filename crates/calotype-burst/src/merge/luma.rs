//! One luminance out of the samples of all frames and colours.
//!
//! A sample less the chroma of its place is a sample of luminance, whatever its colour: so every photosite of every frame
//! counts, weighted by its noise, and detail is as fine as the frames' scatter allows.

use super::patch::{Patch, Places, bilinear, bounds, gather, gather_masked, pattern};
use super::robust::{Agreement, BLOCK_PX};
use super::signal::{IS_CLIPPED, Signal};
use calotype_image::{Plane, Rect};

/// Buffers that are reused from frame to frame and tile to tile.
#[derive(Default)]
pub(crate) struct Scratch {
    samples: Patch,
    /// Weight of every sample, 0 for clipped ones; up to date in the rows that have any.
    mask: Patch,
    clipped: Vec<bool>,
    places: Places,
    row: Vec<f32>,
    gains: Vec<f32>,
    chroma_row: Vec<f32>,
    weight: Vec<f32>,
    line: Vec<f32>,
}

/// Weights of the three colours in the luminance of a frame: inverse variances relative to green, in dim light.
pub(crate) fn color_weights(signal: &Signal) -> [f32; 3] {
    const LEVEL: f32 = 0.05;
    [0, 1, 2].map(|c| (signal.variance(1, LEVEL) / signal.variance(c, LEVEL)).clamp(0.02, 4.0))
}

/// Chroma of red and blue at every pixel of a rectangle of the reference, which may reach over its border.
pub(crate) fn upsample(chroma: &[Plane<f32>; 2], x0: isize, y0: isize, width: usize, height: usize) -> [Patch; 2] {
    [0, 1].map(|c| {
        let plane = &chroma[c];
        let mut patch = Patch::default();
        patch.reshape(x0, y0, width, height);
        let cell = |v: isize, n: usize| {
            // cell i is centred at 2 i + 0.5
            let i = (v - 1).div_euclid(2);
            let t = if (v - 1).rem_euclid(2) == 0 { 0.25 } else { 0.75 };
            let clamp = |i: isize| i.clamp(0, n as isize - 1) as usize;
            (clamp(i), clamp(i + 1), t)
        };
        let columns: Vec<(usize, usize, f32)> = (0..width).map(|k| cell(x0 + k as isize, plane.width())).collect();
        let mut line = vec![0.0; plane.width()];
        for y in 0..height {
            let (a, b, t) = cell(y0 + y as isize, plane.height());
            for ((o, &p), &q) in line.iter_mut().zip(plane.row(a)).zip(plane.row(b)) {
                *o = p + (q - p) * t;
            }
            for (o, &(l, r, t)) in patch.row_mut(y).iter_mut().zip(&columns) {
                *o = line[l] + (line[r] - line[l]) * t;
            }
        }
        patch
    })
}

/// Pixels around a rectangle for which [`add`] needs the chroma.
pub(crate) const CHROMA_MARGIN: usize = 6;

/// Adds one frame's luminance over `area` of the reference to `num` and `den`, row by row.
///
/// `frame` is its number in `agreement`; `chroma` covers the area and [`CHROMA_MARGIN`] around it.
pub(crate) fn add(
    signal: &Signal,
    agreement: &Agreement,
    frame: usize,
    chroma: &[Patch; 2],
    area: Rect,
    s: &mut Scratch,
    num: &mut [f32],
    den: &mut [f32],
) {
    let weights = &agreement.weights[frame];
    let (fw, fh) = (signal.frame.samples.width(), signal.frame.samples.height());
    let b = bounds(signal, (area.x, area.x + area.width), (area.y, area.y + area.height));
    let inside = b.0 < fw as f32 + 8.0 && b.1 < fh as f32 + 8.0 && b.2 > -8.0 && b.3 > -8.0;
    if !inside || !used(weights, area) {
        return;
    }
    let b = (b.0.max(-8.0), b.1.max(-8.0), b.2.min(fw as f32 + 8.0), b.3.min(fh as f32 + 8.0));
    let (x0, y0) = (b.0.floor() as isize - 2, b.1.floor() as isize - 2);
    let (w, h) = ((b.2.ceil() as isize + 3 - x0) as usize, (b.3.ceil() as isize + 3 - y0) as usize);
    let by_color = color_weights(signal);
    let cell = [0, 1, 2, 3].map(|i| by_color[signal.frame.cfa.0[i] as usize]);
    let pattern = pattern(cell);
    s.samples.reshape(x0, y0, w, h);
    s.mask.reshape(x0, y0, w, h);
    s.clipped.clear();
    s.clipped.resize(h, false);
    for y in 0..h {
        let v = y0 + y as isize;
        s.row.resize(w, 0.0);
        signal.load_row(v, x0, &mut s.row, &mut s.gains);
        back(signal, x0, v, w, area, &mut s.places);
        // a row of a Bayer array has green and one other colour
        let colors = [0, 1].map(|x| signal.frame.cfa.color_at(x, v.rem_euclid(2) as usize) as usize);
        let other = if colors.contains(&0) { 0 } else { 1 };
        s.chroma_row.resize(w, 0.0);
        bilinear(&chroma[other], &s.places, &mut s.chroma_row);
        let first = x0.rem_euclid(2) as usize;
        let color = [colors[first], colors[1 - first]];
        let mask = color.map(|c| if c == 1 { 0.0 } else { 1.0 });
        let weight = color.map(|c| by_color[c]);
        let top = luminance(&s.row, &s.chroma_row, mask, weight, s.samples.row_mut(y));
        if top < IS_CLIPPED {
            continue;
        }
        s.clipped[y] = true;
        for (k, (v, m)) in s.samples.row_mut(y).iter_mut().zip(s.mask.row_mut(y)).enumerate() {
            *m = weight[k & 1];
            if !(*v < IS_CLIPPED) {
                (*v, *m) = (0.0, 0.0);
            }
        }
    }
    if s.clipped.contains(&true) {
        for y in (0..h).filter(|&y| !s.clipped[y]) {
            let v = (y0 + y as isize).rem_euclid(2) as usize;
            let first = x0.rem_euclid(2) as usize;
            let weight = [first, 1 - first].map(|x| by_color[signal.frame.cfa.color_at(x, v) as usize]);
            fill(weight, s.mask.row_mut(y));
        }
    }
    for y in 0..area.height {
        s.places.xs.resize(area.width, 0.0);
        s.places.ys.resize(area.width, 0.0);
        signal.motion.row(area.y + y, area.x, &mut s.places.xs, &mut s.places.ys);
        s.places.cut();
        weight_row(agreement, weights, area.x, area.y + y, area.width, &mut s.line, &mut s.weight);
        let at = y * area.width..(y + 1) * area.width;
        let (num, den) = (&mut num[at.clone()], &mut den[at]);
        if s.places
            .runs
            .iter()
            .any(|r| (r.row - 1..=r.row + 1).any(|v| s.clipped.get((v as isize - y0) as usize) == Some(&true)))
        {
            gather_masked(&s.samples, &s.mask, &s.places, &s.weight, num, den);
        } else {
            gather(&s.samples, &s.places, &s.weight, pattern, num, den);
        }
    }
}

/// True where some block that `area` looks at has weight.
fn used(weights: &Plane<u8>, area: Rect) -> bool {
    let x = (area.x / BLOCK_PX).saturating_sub(1)..((area.x + area.width) / BLOCK_PX + 2).min(weights.width());
    let y = (area.y / BLOCK_PX).saturating_sub(1)..((area.y + area.height) / BLOCK_PX + 2).min(weights.height());
    y.into_iter().any(|y| weights.row(y)[x.clone()].iter().any(|&w| w > 0))
}

/// Where samples (x0.., v) of a frame lie in the reference: found every 32 samples by inverting the motion, linear in
/// between. Chroma is smooth, so a twentieth of a pixel is good enough.
fn back(signal: &Signal, x0: isize, v: isize, n: usize, area: Rect, places: &mut Places) {
    const STEP: usize = 32;
    places.xs.resize(n, 0.0);
    places.ys.resize(n, 0.0);
    let clamp = |p: (f32, f32)| {
        (
            p.0.clamp(area.x as f32 - 4.0, (area.x + area.width) as f32 + 3.0),
            p.1.clamp(area.y as f32 - 4.0, (area.y + area.height) as f32 + 3.0),
        )
    };
    let mut guess = clamp((x0 as f32, v as f32));
    let mut invert = |u: f32| {
        for _ in 0..2 {
            let q = signal.motion.position(guess.0, guess.1);
            guess = clamp((guess.0 + u - q.0, guess.1 + v as f32 - q.1));
        }
        guess
    };
    let mut left = invert(x0 as f32);
    for start in (0..n).step_by(STEP) {
        let right = invert((x0 + (start + STEP) as isize) as f32);
        let step = ((right.0 - left.0) / STEP as f32, (right.1 - left.1) / STEP as f32);
        for k in 0..STEP.min(n - start) {
            places.xs[start + k] = left.0 + step.0 * k as f32;
            places.ys[start + k] = left.1 + step.1 * k as f32;
        }
        left = right;
    }
    places.cut();
}

/// Samples less chroma, times their colour's weight; returns the largest sample.
fn luminance(row: &[f32], chroma: &[f32], mask: [f32; 2], weight: [f32; 2], out: &mut [f32]) -> f32 {
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => luminance_row(row, chroma, mask, weight, out))
}

#[inline(always)]
fn luminance_row(row: &[f32], chroma: &[f32], mask: [f32; 2], weight: [f32; 2], out: &mut [f32]) -> f32 {
    let n = out.len();
    let (row, chroma) = (&row[..n], &chroma[..n]);
    for k in 0..n {
        out[k] = (row[k] - mask[k & 1] * chroma[k]) * weight[k & 1];
    }
    let mut top = [f32::NEG_INFINITY; 16];
    for part in row.chunks_exact(16) {
        for k in 0..16 {
            top[k] = if part[k] > top[k] { part[k] } else { top[k] };
        }
    }
    let rest = &row[n - n % 16..];
    top.iter().chain(rest).fold(f32::NEG_INFINITY, |a, &b| a.max(b))
}

/// Two weights, one after the other.
fn fill(weight: [f32; 2], row: &mut [f32]) {
    for pair in row.chunks_mut(2) {
        pair.copy_from_slice(&weight[..pair.len()]);
    }
}

/// The weights of a row of pixels, bilinear between the blocks' centres.
fn weight_row(
    agreement: &Agreement,
    weights: &Plane<u8>,
    x0: usize,
    y: usize,
    n: usize,
    line: &mut Vec<f32>,
    out: &mut Vec<f32>,
) {
    // pixel p lies between the centres of blocks (p + 2) / 4 - 1 and (p + 2) / 4, at the fraction ((p + 2) % 4 + 0.5) / 4
    let clamp = |i: usize, count: usize| (i.max(1) - 1).min(count - 1);
    let (k, t) = ((y + HALF) / BLOCK_PX, ((y + HALF) % BLOCK_PX) as f32 / BLOCK_PX as f32 + STEP / 2.0);
    let (top, bottom) = (weights.row(clamp(k, weights.height())), weights.row(clamp(k + 1, weights.height())));
    let first = (x0 + HALF) / BLOCK_PX;
    let last = (x0 + n - 1 + HALF) / BLOCK_PX + 1;
    line.clear();
    line.extend((first..=last).map(|k| {
        let i = clamp(k, weights.width());
        let (p, q) = (agreement.weight(f32::from(top[i])), agreement.weight(f32::from(bottom[i])));
        p + (q - p) * t
    }));
    // whole blocks, of which the row's first pixel may cut some
    let skip = (x0 + HALF) % BLOCK_PX;
    out.clear();
    for pair in line.windows(2) {
        let (l, step) = (pair[0], (pair[1] - pair[0]) * STEP);
        out.extend([l + 0.5 * step, l + 1.5 * step, l + 2.5 * step, l + 3.5 * step]);
    }
    out.drain(..skip);
    out.truncate(n);
}

/// Half a block in pixels, and the share of a block that a pixel is.
const HALF: usize = BLOCK_PX / 2;
const STEP: f32 = 1.0 / BLOCK_PX as f32;
