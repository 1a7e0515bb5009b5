//! The merged luminance made sharp, and what the reference says against it beyond its noise.

use super::detail::{self, sharpen};
use super::robust::{Agreement, BLOCK, BLOCK_PX};
use super::shrink::{Block, HOP, N, shrink_block};
use super::signal::{FETCHED, IS_CLIPPED, Signal, mirror};
use calotype_image::par::Band;
use calotype_image::simd::fused;
use calotype_image::{Plane, Rect};

/// Weight below which a pixel counts as seen by no frame.
pub(crate) const NOTHING: f32 = 1e-3;
/// Share of white noise that gathering leaves: the merge's own part in its difference from the reference.
const MERGED_NOISE: f32 = 0.3;
/// What the transform leaves of a difference is judged once more in place: kept in the measure that its mean energy over
/// [`SPOT`] pixels around exceeds this many times the noise. Narrow errors spread over all coefficients of a block, below
/// the noise of each.
const SPOT_THRESHOLD: f32 = 1.6;
/// The same on steep edges, where the merge itself errs: by about as much as if it lay [`STEEP_ERROR`] pixels off, so where
/// that is more than the noise the reference is believed sooner.
const STEEP_THRESHOLD: f32 = 0.5;
const STEEP_ERROR: f32 = 0.22;
const SPOT: usize = 2;
/// Share of the fine luminance that is restored even where noise explains it: edges of low contrast keep their slope, and
/// noise reduction, which looks at larger patterns, has the last word.
const LEAST_DETAIL: f32 = 0.1;
/// What the reference adds, relative to the signal, up to which a block is trusted fully, and from which not at all ...
const DOUBT: (f32, f32) = (0.01, 0.03);
/// ... as far as it is not more than this share of how much the colour changes around.
const CONTRAST: f32 = 0.1;
/// Share of the reference's noise that is in its word and no reason to doubt.
const LEAKED: f32 = 0.5;
/// Share of the reference's word, up to its noise, that is noise; between the least and the most it can be, where details
/// and noise in thin moving things balance.
const NOISE_SPOKEN: f32 = 0.6;
/// Times its noise's variance, squared, that red or blue must differ from the green around to be heard in the luminance.
const HEARD: f32 = 4.0;
/// Signal below which that is not judged by its share.
const DARK: f32 = 0.02;
/// Share that frames count where only dim ones know anything: their chroma is smoothed, so it misses detail.
const DIM_FRAMES: f32 = 0.25;
/// Pixels from one transform block to the next, and along the side of one.
const STEP: usize = 2 * HOP;
const SIDE: usize = 2 * N;
/// Pixels left of and above a tile that decide about it: the blocks that touch its spots, and what sharpening reads.
const BEFORE: usize = 2 * STEP + detail::MARGIN;
/// Pixels beyond its last whole block on the other sides.
const AFTER: usize = SIDE + detail::MARGIN;

/// Buffers that are reused from tile to tile.
#[derive(Default)]
pub(crate) struct Scratch {
    luma: Vec<f32>,
    /// Variance of the luminance before gathering: white, divided by the frames.
    noise: Vec<f32>,
    /// Reference less merge; 0 where either knows nothing.
    difference: Vec<f32>,
    kept: Vec<f32>,
    buffers: [Vec<f32>; 3],
    row: Vec<f32>,
    gains: Vec<f32>,
    line: Vec<f32>,
}

/// Writes the final luminance of `tile` to `out`, rows of a band that starts where the tile does, and beside it what every
/// photosite says of it in its `own` colour; lowers the `trust` in blocks, and gives the share of the reference's noise that
/// may be in what was `spoken`. `luma` is what was gathered, `weights` the sum of
/// the weights that went in, as codes. The corner of the tile is at multiples of [`STEP`].
///
/// The reference's word is one colour per pixel, and where the merge's chroma errs it is a pattern of the filters. The
/// luminance follows the word of green, known at every second pixel and interpolated between.
pub(crate) fn finish(
    base: &Signal,
    agreement: &Agreement,
    luma: &Plane<f32>,
    weights: &Plane<u16>,
    tile: Rect,
    s: &mut Scratch,
    [out, own, trust, spoken]: [&mut Band<f32>; 4],
) {
    let width = tile.width.next_multiple_of(STEP) + BEFORE + AFTER;
    let height = tile.height.next_multiple_of(STEP) + BEFORE + AFTER;
    load(base, luma, weights, tile, (width, height), s);
    sharpen(&mut s.luma, width, height, &s.noise, LEAST_DETAIL, &mut s.buffers);
    differences(base, agreement, tile, (width, height), s);
    s.kept.clear();
    s.kept.resize(width * height, 0.0);
    fearless_simd::dispatch!(fearless_simd::Level::new(), simd => match fused(simd) {
        true => transform::<true>(base, agreement, tile, width, s),
        false => transform::<false>(base, agreement, tile, width, s),
    });
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => spots(base, tile, width, s));
    speak(base, tile, width, s, out, own);
    doubt(base, agreement, tile, width, s, own, [trust, spoken]);
}

/// Fills luminance and noise of the tile and its surroundings, mirrored beyond the picture's border, and the sums of the
/// weights in place of the differences.
fn load(base: &Signal, luma: &Plane<f32>, weights: &Plane<u16>, tile: Rect, (w, h): (usize, usize), s: &mut Scratch) {
    for v in [&mut s.luma, &mut s.noise, &mut s.difference] {
        v.resize(w * h, 0.0);
    }
    let x0 = tile.x as isize - BEFORE as isize;
    for y in 0..h {
        let from = mirror((tile.y + y) as isize - BEFORE as isize, luma.height());
        let at = y * w..(y + 1) * w;
        let (to, noise) = (&mut s.luma[at.clone()], &mut s.noise[at.clone()]);
        let seen = &mut s.difference[at];
        copy_mirrored(luma.row(from), x0, to, |v| v);
        copy_mirrored(weights.row(from), x0, seen, super::weight_of);
        let model = (base.shot[1], base.read[1]);
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => variances(model, to, seen, noise));
    }
}

/// Copies what a part of a row stands for; where the part reaches over the row's ends it is mirrored.
fn copy_mirrored<T: Copy>(row: &[T], x0: isize, out: &mut [f32], value: impl Fn(T) -> f32) {
    let n = row.len() as isize;
    let first = x0.clamp(0, n);
    let last = (x0 + out.len() as isize).clamp(first, n);
    let inside = (first - x0) as usize..(last - x0) as usize;
    out[inside.clone()].iter_mut().zip(&row[first as usize..last as usize]).for_each(|(o, v)| *o = value(*v));
    for k in (0..inside.start).chain(inside.end..out.len()) {
        out[k] = value(row[mirror(x0 + k as isize, row.len())]);
    }
}

/// Noise of the gathered samples.
#[inline(always)]
fn variances((shot, read): (f32, f32), luma: &[f32], weights: &[f32], noise: &mut [f32]) {
    let n = noise.len();
    let (luma, weights) = (&luma[..n], &weights[..n]);
    for k in 0..n {
        noise[k] = (shot * luma[k].max(0.0) + read) / weights[k].max(NOTHING);
    }
}

/// Puts the differences of the reference's samples from what luminance and chroma predict in place of the weights.
fn differences(base: &Signal, agreement: &Agreement, tile: Rect, (w, h): (usize, usize), s: &mut Scratch) {
    let (width, height) = (base.frame.samples.width(), base.frame.samples.height());
    s.row.resize(w, 0.0);
    let x0 = tile.x as isize - BEFORE as isize;
    for y in 0..h {
        let v = (tile.y + y) as isize - BEFORE as isize;
        if y % FETCHED == 0 {
            base.fetch(v, x0, w);
        }
        base.load_row(v, x0, &mut s.row, &mut s.gains);
        let from = mirror(v, height);
        for hole in base.holes(from as isize) {
            let k = hole.x as isize - x0;
            if (0..w as isize).contains(&k) {
                s.row[k as usize] = super::signal::CLIPPED;
            }
        }
        let colors = [0, 1].map(|x| base.frame.cfa.color_at((x0 + x).rem_euclid(2) as usize, from % 2) as usize);
        let at = y * w..(y + 1) * w;
        let (difference, luma) = (&mut s.difference[at.clone()], &s.luma[at]);
        match colors.iter().position(|&c| c != 1) {
            Some(x) => chroma_row(&agreement.chroma[colors[x] / 2], from, x0, width, x, w, &mut s.line),
            None => {
                s.line.clear();
                s.line.resize(w, 0.0);
            }
        }
        let line = &s.line[..w];
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => subtract(&s.row, luma, line, difference));
    }
}

/// Chroma at the pixels of a row that are of the colour at column `x0 + first`, 0 at the others.
fn chroma_row(chroma: &Plane<f32>, y: usize, x0: isize, width: usize, first: usize, n: usize, out: &mut Vec<f32>) {
    out.clear();
    out.resize(n, 0.0);
    let (top, bottom, t) = cells_around(y, chroma.height());
    let (top, bottom) = (chroma.row(top), chroma.row(bottom));
    let mut k = first;
    while k < n {
        let x = mirror(x0 + k as isize, width);
        let (l, r, u) = cells_around(x, chroma.width());
        let a = top[l] + (bottom[l] - top[l]) * t;
        let b = top[r] + (bottom[r] - top[r]) * t;
        out[k] = a + (b - a) * u;
        k += 2;
    }
}

/// The two cells around a pixel and the share of the second: cell i is centred at 2 i + 0.5.
pub(crate) fn cells_around(pixel: usize, n: usize) -> (usize, usize, f32) {
    let (first, t) = if pixel.is_multiple_of(2) { ((pixel / 2).max(1) - 1, 0.75) } else { (pixel / 2, 0.25) };
    let t = if pixel == 0 { 0.0 } else { t };
    (first.min(n - 1), (first + 1).min(n - 1), t)
}

#[inline(always)]
fn subtract(row: &[f32], luma: &[f32], chroma: &[f32], out: &mut [f32]) {
    let n = out.len();
    let (row, luma, chroma) = (&row[..n], &luma[..n], &chroma[..n]);
    for k in 0..n {
        let honest = (row[k] < IS_CLIPPED) & (out[k] > NOTHING);
        out[k] = if honest { row[k] - (luma[k] + chroma[k]) } else { 0.0 };
    }
}

/// Takes the differences apart block by block and adds up what stands out from the noise.
#[inline(always)]
fn transform<const F: bool>(base: &Signal, agreement: &Agreement, tile: Rect, w: usize, s: &mut Scratch) {
    let mut block: Block = [[[0.0; N]; N]; 4];
    let colors = [0, 1, 2, 3].map(|p| base.frame.cfa.color_at(p & 1, p >> 1) as usize);
    let first = BEFORE - 2 * STEP;
    let frames = &agreement.effective;
    let (columns, rows) = (tile.width.div_ceil(STEP) + 3, tile.height.div_ceil(STEP) + 3);
    for j in 0..rows {
        for i in 0..columns {
            let at = (first + j * STEP) * w + first + i * STEP;
            let (level, merged, known) = take(&s.difference, &s.luma, &s.noise, at, w, &mut block);
            let level = level.max(0.0);
            let merged = merged * MERGED_NOISE;
            let (by, bx) = (tile.y + j * STEP, tile.x + i * STEP);
            let (by, bx) =
                ((by.max(2 * STEP) - 2 * STEP + HOP) / BLOCK_PX, (bx.max(2 * STEP) - 2 * STEP + HOP) / BLOCK_PX);
            let (bx, by) = (bx.min(frames.width() - 1), by.min(frames.height() - 1));
            let share = if agreement.weak.get(bx, by) && frames.get(bx, by) < 1.0 { DIM_FRAMES } else { 1.0 };
            let frames = (share * frames.get(bx, by)).max(0.02);
            let (mut variance, mut floor) = ([0.0; 4], [0.0; 4]);
            for p in 0..4 {
                let color = colors[p];
                let own = base.shot[color] * level + base.read[color];
                // red and blue are green plus chroma, which is noisier where few frames are honest
                let chroma = if color == 1 { 0.0 } else { own + base.shot[1] * level + base.read[1] };
                variance[p] = own + merged + MERGED_NOISE * chroma / frames;
                floor[p] = 1.0 - own / variance[p];
            }
            shrink_block::<F>(&mut block, variance, floor, known);
            give(&block, at, w, &mut s.kept);
        }
    }
}

/// Reads the four planes of a block of differences; returns mean luminance and noise, and the share of
/// differences that are known.
#[inline(always)]
fn take(difference: &[f32], luma: &[f32], noise: &[f32], at: usize, w: usize, block: &mut Block) -> (f32, f32, f32) {
    let (mut level, mut merged, mut known) = ([0.0f32; SIDE], [0.0f32; SIDE], [0.0f32; SIDE]);
    for j in 0..SIDE {
        let at = at + j * w;
        let none = &[0.0; SIDE];
        let row: &[f32; SIDE] = difference[at..].first_chunk().unwrap_or(none);
        let luma: &[f32; SIDE] = luma[at..].first_chunk().unwrap_or(none);
        let noise: &[f32; SIDE] = noise[at..].first_chunk().unwrap_or(none);
        let p = (j & 1) * 2;
        for i in 0..N {
            block[p][j / 2][i] = row[2 * i];
            block[p + 1][j / 2][i] = row[2 * i + 1];
        }
        for i in 0..SIDE {
            level[i] += luma[i];
            merged[i] += noise[i];
            known[i] += if row[i] == 0.0 { 0.0 } else { 1.0 };
        }
    }
    const COUNT: f32 = (SIDE * SIDE) as f32;
    (level.iter().sum::<f32>() / COUNT, merged.iter().sum::<f32>() / COUNT, known.iter().sum::<f32>() / COUNT)
}

/// Adds a block to what is kept.
#[inline(always)]
fn give(block: &Block, at: usize, w: usize, kept: &mut [f32]) {
    for j in 0..SIDE {
        let Some(row) = kept[at + j * w..].first_chunk_mut::<SIDE>() else { continue };
        let p = (j & 1) * 2;
        for i in 0..N {
            row[2 * i] += block[p][j / 2][i];
            row[2 * i + 1] += block[p + 1][j / 2][i];
        }
    }
}

/// Adds to what is kept of the differences what is left of them where it stands out in its place, in the tile and one pixel
/// around it.
#[inline(always)]
fn spots(base: &Signal, tile: Rect, w: usize, s: &mut Scratch) {
    const REACH: usize = SPOT + 1;
    let [energy, across, down] = &mut s.buffers;
    let (x0, y0) = (BEFORE - REACH, BEFORE - REACH);
    let n = tile.width + 2 * REACH;
    for y in 0..tile.height + 2 * REACH {
        let at = (y0 + y) * w + x0;
        let at = at..at + n;
        // the pattern of the filters repeats every two pixels
        let colors = [0, 1].map(|x| base.frame.cfa.color_at(x + REACH, y + REACH) as usize);
        let noise = colors.map(|c| (base.shot[c], base.read[c]));
        leftover(
            &mut s.difference[at.clone()],
            &s.kept[at.clone()],
            &s.luma[at.clone()],
            &s.noise[at.clone()],
            noise,
            &mut energy[at.clone()],
        );
    }
    for y in 0..tile.height + 2 * REACH {
        let at = (y0 + y) * w + x0;
        let at = at..at + n;
        let (e, a) = (&energy[at.clone()], &mut across[at][SPOT..n - SPOT]);
        let (e0, e1, e2, e3, e4) = (&e[..n - 4], &e[1..n - 3], &e[2..n - 2], &e[3..n - 1], &e[4..]);
        for x in 0..n - 4 {
            a[x] = (e0[x] + e1[x]) + e2[x] + (e3[x] + e4[x]);
        }
    }
    const COUNT: f32 = ((2 * SPOT + 1) * (2 * SPOT + 1)) as f32;
    let n = tile.width + 2;
    down.resize(n, 0.0);
    for y in 0..tile.height + 2 {
        let row = |j: usize| &across[(y0 + y + j) * w + BEFORE - 1..][..n];
        let (a, b, c, d, e) = (row(0), row(1), row(2), row(3), row(4));
        let down = &mut down[..n];
        for x in 0..n {
            down[x] = (a[x] + b[x]) + c[x] + (d[x] + e[x]);
        }
        let at = (BEFORE - 1 + y) * w + BEFORE - 1;
        let (difference, kept, luma) = (&s.difference[at..at + n], &mut s.kept[at..at + n], &s.luma[at..at + n]);
        let (above, below) = (&s.luma[at - w..][..n], &s.luma[at + w..][..n]);
        let (left, right) = (&s.luma[at - 1..][..n], &s.luma[at + 1..][..n]);
        for x in 0..n {
            let (dx, dy) = (right[x] - left[x], below[x] - above[x]);
            let noise = base.shot[1] * luma[x].max(0.0) + base.read[1];
            let flat = noise / (noise + 0.25 * (dx * dx + dy * dy) * (STEEP_ERROR * STEEP_ERROR));
            let t = STEEP_THRESHOLD + (SPOT_THRESHOLD - STEEP_THRESHOLD) * flat;
            let keep = ((down[x] - t * COUNT) / (down[x] + 1e-9)).max(0.0);
            kept[x] += keep * difference[x];
        }
    }
}

/// Writes the luminance with the reference's word, and that of the photosite's own colour.
fn speak(base: &Signal, tile: Rect, w: usize, s: &Scratch, out: &mut Band<f32>, own: &mut Band<f32>) {
    let n = tile.width;
    for y in 0..tile.height {
        let at = (BEFORE + y) * w + BEFORE;
        let word = |at: usize| &s.kept[at..][..n];
        let words = [at, at - 1, at + 1, at - w, at + w].map(word);
        let noise = [0, 1].map(|x| match base.frame.cfa.color_at(x, y) as usize {
            1 => (0.0, 0.0),
            c => (HEARD * base.shot[c], HEARD * base.read[c]),
        });
        let (out, own) = (&mut out.row_mut(y)[tile.x..][..n], &mut own.row_mut(y)[tile.x..][..n]);
        let luma = &s.luma[at..at + n];
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => speak_row(luma, words, noise, out, own));
    }
}

/// `words` are the reference's in place, left, right, above, below; `noise` what red and blue have to exceed, 0 for green.
#[inline(always)]
fn speak_row(luma: &[f32], words: [&[f32]; 5], noise: [(f32, f32); 2], out: &mut [f32], own: &mut [f32]) {
    let n = out.len();
    let [word, left, right, above, below] = words.map(|r| &r[..n]);
    let (luma, own) = (&luma[..n], &mut own[..n]);
    for x in 0..n {
        let around = 0.25 * ((above[x] + below[x]) + (left[x] + right[x]));
        let (shot, read) = noise[x & 1];
        let d = word[x] - around;
        let floor = shot * luma[x].max(0.0) + read;
        let heard = 1.0 - floor / (d * d).max(floor + 1e-30);
        own[x] = luma[x] + word[x];
        out[x] = luma[x] + around + heard * d;
    }
}

/// Lowers the trust in blocks where the reference had much to say: its word is that of one colour per pixel, and beside a
/// strong edge of colour it would show as a pattern of the filters. Every colour is judged by its own level, as eyes do.
/// Where the frames agree on one colour all around, the word is about patterns finer than the filters, which a demosaic of
/// one frame would colour.
fn doubt(
    base: &Signal,
    agreement: &Agreement,
    tile: Rect,
    w: usize,
    s: &Scratch,
    own: &Band<f32>,
    [trust, spoken]: [&mut Band<f32>; 2],
) {
    for by in 0..tile.height.div_ceil(BLOCK_PX).min(trust.height()) {
        let blocks = tile.width.div_ceil(BLOCK_PX);
        let first = tile.x / BLOCK_PX;
        let (row, spoken) = (trust.row_mut(by), spoken.row_mut(by));
        let last = (first + blocks).min(row.len());
        let row = row[first..last].iter_mut().zip(&mut spoken[first..last]);
        for (bx, (trust, spoken)) in row.enumerate() {
            let (mut word, mut count, mut level) = ([0.0; 3], [0.0; 3], 0.0);
            for y in by * BLOCK_PX..((by + 1) * BLOCK_PX).min(tile.height) {
                let before = &s.luma[(BEFORE + y) * w + BEFORE..];
                let after = &own.row(y)[tile.x..tile.x + tile.width];
                let colors = [0, 1].map(|x| base.frame.cfa.color_at(x, y) as usize);
                for x in bx * BLOCK_PX..((bx + 1) * BLOCK_PX).min(tile.width) {
                    let d = after[x] - before[x];
                    word[colors[x & 1]] += d * d;
                    count[colors[x & 1]] += 1.0;
                    level += before[x];
                }
            }
            let pixels = count.iter().sum::<f32>();
            let place = ((tile.x / BLOCK_PX + bx) * BLOCK, (tile.y / BLOCK_PX + by) * BLOCK);
            let levels = levels(agreement, level / pixels, place);
            let noise = [0, 1, 2].map(|c| base.variance(c, levels[c]));
            let words = (0..3).map(|c| word[c] / noise[c].max(1e-20)).sum::<f32>() / pixels;
            *spoken = NOISE_SPOKEN * words.min(1.0);
            let share = |c: usize| {
                let noise = noise[c];
                (word[c] - count[c] * LEAKED * noise) / levels[c].max(DARK).powi(2)
            };
            let share = (0..3).map(share).sum::<f32>() / pixels;
            if share > DOUBT.0 * DOUBT.0 {
                let share = share.sqrt().min(CONTRAST * contrast(agreement, levels, place));
                *trust *= ((DOUBT.1 - share) / (DOUBT.1 - DOUBT.0)).clamp(0.0, 1.0);
            }
        }
    }
}

/// The signal of each colour at a cell where that of green is `level`.
fn levels(agreement: &Agreement, level: f32, (x, y): (usize, usize)) -> [f32; 3] {
    let [red, blue] = [0, 1].map(|c| level + agreement.chroma[c].clamped(x as isize, y as isize));
    [red, level, blue]
}

/// How much red or blue less green changes from a cell before a block to a cell behind it, relative to the block's `levels`.
fn contrast(agreement: &Agreement, levels: [f32; 3], (x, y): (usize, usize)) -> f32 {
    let around = -1..=BLOCK as isize;
    let change = |c: usize| {
        let at = |(i, j): (isize, isize)| agreement.chroma[c / 2].clamped(x as isize + i, y as isize + j);
        let cells = around.clone().flat_map(|j| around.clone().map(move |i| (i, j))).map(at);
        let (least, most) = cells.fold((f32::INFINITY, f32::NEG_INFINITY), |(l, m), v| (l.min(v), m.max(v)));
        (most - least) / levels[c].max(DARK)
    };
    change(0).max(change(2))
}

/// Takes what the transform kept off the differences, and gives the energy of what is left in units of its noise.
#[inline(always)]
fn leftover(
    difference: &mut [f32],
    kept: &[f32],
    luma: &[f32],
    merged: &[f32],
    noise: [(f32, f32); 2],
    energy: &mut [f32],
) {
    let n = difference.len();
    let (kept, luma, merged, energy) = (&kept[..n], &luma[..n], &merged[..n], &mut energy[..n]);
    for k in 0..n {
        let d = difference[k] - kept[k];
        let (shot, read) = noise[k & 1];
        let e = d * d / (shot * luma[k].max(0.0) + read + MERGED_NOISE * merged[k]);
        // where nothing could be compared there is nothing to keep, and nothing is said of the places around
        let known = difference[k] != 0.0;
        difference[k] = if known { d } else { 0.0 };
        energy[k] = if known { e } else { SPOT_THRESHOLD };
    }
}
