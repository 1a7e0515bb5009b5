//! One tile of the merged picture, from the frames to camera colours.

use super::detail::{self, sharpen};
use super::luma::{self, CHROMA_MARGIN, add, upsample};
use super::patch::Patch;
use super::robust::{Agreement, BLOCK_PX};
use super::shrink::{Block, HOP, N, shrink};
use super::signal::{IS_CLIPPED, Signal, mirror};
use calotype_image::Rect;

/// Pixels around a tile whose luminance decides about the tile: a transform block, and what sharpening reads.
const MARGIN: usize = 2 * HOP + SPOT + detail::MARGIN;
/// What the transform leaves of a difference is judged once more in place: kept in the measure that its mean energy over
/// [`SPOT`] pixels around exceeds this many times the noise. Narrow errors spread over all coefficients of a block, below
/// the noise of each.
const SPOT_THRESHOLD: f32 = 1.6;
const SPOT: usize = 2;

/// Weight below which a pixel counts as seen by no frame.
const NOTHING: f32 = 1e-3;
/// Share of white noise that gathering leaves: the merge's own part in its difference from the reference.
const MERGED_NOISE: f32 = 0.3;
/// Pixels between transform blocks.
const STEP: usize = 2 * HOP;

/// Buffers that are reused from tile to tile.
#[derive(Default)]
pub(crate) struct Scratch {
    luma: luma::Scratch,
    num: Vec<f32>,
    den: Vec<f32>,
    noise: Vec<f32>,
    sharpen: [Vec<f32>; 3],
    reference: Vec<f32>,
    gains: Vec<f32>,
    residual: Vec<f32>,
    clipped: Vec<bool>,
    /// Merged camera colours of the tile, red, green and blue, row by row.
    pub rgb: [Vec<f32>; 3],
}

/// Merges the pixels of `tile`, whose corner is at a multiple of [`STEP`]; the result is left in `s.rgb`.
pub(crate) fn merge(
    signals: &[Signal],
    reference: usize,
    agreement: &Agreement,
    neutral: [f32; 3],
    tile: Rect,
    s: &mut Scratch,
) {
    let base = &signals[reference];
    let (width, height) = (base.frame.samples.width(), base.frame.samples.height());
    let area = grow(tile, MARGIN, width, height);
    let (aw, ah) = (area.width, area.height);
    let m = CHROMA_MARGIN as isize;
    let chroma = upsample(
        &agreement.chroma,
        area.x as isize - m,
        area.y as isize - m,
        aw + 2 * CHROMA_MARGIN,
        ah + 2 * CHROMA_MARGIN,
    );
    for v in [&mut s.num, &mut s.den] {
        v.clear();
        v.resize(aw * ah, 0.0);
    }
    for (frame, signal) in signals.iter().enumerate() {
        add(signal, agreement, frame, &chroma, area, &mut s.luma, &mut s.num, &mut s.den);
    }
    // luminance, and its noise before gathering
    s.noise.resize(aw * ah, 0.0);
    for k in 0..aw * ah {
        let den = s.den[k];
        s.num[k] = if den > NOTHING { s.num[k] / den } else { 1.0 / neutral[1] };
        s.noise[k] = base.variance(1, s.num[k]) / den.max(NOTHING);
    }
    sharpen(&mut s.num, aw, ah, &s.noise, &mut s.sharpen);
    // the reference's own word
    s.reference.resize(aw * ah, 0.0);
    for y in 0..ah {
        base.load_row((area.y + y) as isize, area.x as isize, &mut s.reference[y * aw..(y + 1) * aw], &mut s.gains);
    }
    s.clipped.clear();
    s.clipped.extend(s.reference.iter().map(|v| !(*v < IS_CLIPPED)));
    residual(base, agreement, &chroma, area, tile, s);
    // and out, in camera colours
    for c in &mut s.rgb {
        c.clear();
        c.resize(tile.width * tile.height, 0.0);
    }
    for y in 0..tile.height {
        let ay = tile.y - area.y + y;
        for x in 0..tile.width {
            let k = ay * aw + tile.x - area.x + x;
            let luma = s.num[k] + s.residual[k];
            let at = |c: usize| chroma[c].row(ay + CHROMA_MARGIN)[tile.x - area.x + x + CHROMA_MARGIN];
            let mut out = [luma + at(0), luma, luma + at(1)];
            if s.clipped[k] || s.den[k] <= NOTHING {
                // the reference's own sample is clipped: it tells the least that the merge may say
                let c = base.frame.cfa.color_at(tile.x + x, tile.y + y) as usize;
                let own = base.sample(tile.x + x, tile.y + y);
                out[c] = if s.den[k] > NOTHING { out[c].max(own) } else { own };
            }
            for c in 0..3 {
                s.rgb[c][y * tile.width + x] = out[c] * neutral[c];
            }
        }
    }
}

/// A rectangle with `by` more pixels on each side, kept inside the picture.
fn grow(r: Rect, by: usize, width: usize, height: usize) -> Rect {
    let (x, y) = (r.x.saturating_sub(by), r.y.saturating_sub(by));
    Rect { x, y, width: (r.x + r.width + by).min(width) - x, height: (r.y + r.height + by).min(height) - y }
}

/// Fills `s.residual` with what the reference says against the luminance in `s.num`, beyond its noise.
fn residual(base: &Signal, agreement: &Agreement, chroma: &[Patch; 2], area: Rect, tile: Rect, s: &mut Scratch) {
    let (aw, ah) = (area.width, area.height);
    s.residual.clear();
    s.residual.resize(aw * ah, 0.0);
    // differences in place of the reference's samples, none where either side is clipped
    for y in 0..ah {
        let rows = [0, 1].map(|c| &chroma[c].row(y + CHROMA_MARGIN)[CHROMA_MARGIN..]);
        for x in 0..aw {
            let k = y * aw + x;
            let color = base.frame.cfa.color_at(area.x + x, area.y + y) as usize;
            let expected = s.num[k]
                + match color {
                    0 => rows[0][x],
                    1 => 0.0,
                    _ => rows[1][x],
                };
            let honest = !s.clipped[k] && s.den[k] > NOTHING;
            s.reference[k] = if honest { s.reference[k] - expected } else { 0.0 };
        }
    }
    let mut block: Block = [[[0.0; N]; N]; 4];
    let reach = (tile.x + tile.width, tile.y + tile.height);
    let mut top = tile.y as isize - STEP as isize;
    while top < reach.1 as isize {
        let mut left = tile.x as isize - STEP as isize;
        while left < reach.0 as isize {
            let at = |v: isize, start: usize, n: usize| mirror(v - start as isize, n);
            let columns: [usize; 2 * N] = std::array::from_fn(|i| at(left + i as isize, area.x, aw));
            let rows: [usize; 2 * N] = std::array::from_fn(|j| at(top + j as isize, area.y, ah));
            let (mut level, mut merged) = (0.0, 0.0);
            for j in 0..2 * N {
                let row = &s.reference[rows[j] * aw..][..aw];
                let luma = &s.num[rows[j] * aw..][..aw];
                let noise = &s.noise[rows[j] * aw..][..aw];
                for i in 0..2 * N {
                    block[(j & 1) * 2 + (i & 1)][j / 2][i / 2] = row[columns[i]];
                    level += luma[columns[i]];
                    merged += noise[columns[i]];
                }
            }
            level /= (4 * N * N) as f32;
            merged *= MERGED_NOISE / (4 * N * N) as f32;
            let (by, bx) = ((top.max(0) as usize + HOP) / BLOCK_PX, (left.max(0) as usize + HOP) / BLOCK_PX);
            let frames = &agreement.effective;
            let frames = frames.get(bx.min(frames.width() - 1), by.min(frames.height() - 1)).max(0.02);
            let mut own = [0.0; 4];
            let variance = [0, 1, 2, 3].map(|p| {
                let (x, y) = ((left & 1) as usize + (p & 1), (top & 1) as usize + (p >> 1));
                let color = base.frame.cfa.color_at(x, y) as usize;
                own[p] = base.variance(color, level);
                // red and blue are green plus chroma, which is noisier where few frames are honest
                let chroma = if color == 1 { 0.0 } else { own[p] + base.variance(1, level) };
                own[p] + merged + MERGED_NOISE * chroma / frames
            });
            let floor = [0, 1, 2, 3].map(|p| 1.0 - own[p] / variance[p]);
            shrink(&mut block, variance, floor);
            for j in 0..2 * N {
                let y = top + j as isize - area.y as isize;
                if y < 0 || y >= ah as isize {
                    continue;
                }
                let row = &mut s.residual[y as usize * aw..][..aw];
                for i in 0..2 * N {
                    let x = left + i as isize - area.x as isize;
                    if x >= 0 && x < aw as isize {
                        row[x as usize] += block[(j & 1) * 2 + (i & 1)][j / 2][i / 2];
                    }
                }
            }
            left += STEP as isize;
        }
        top += STEP as isize;
    }
    spots(base, area, tile, s);
}

/// Adds to `s.residual` what is left of the differences in `s.reference` where it stands out in its place.
fn spots(base: &Signal, area: Rect, tile: Rect, s: &mut Scratch) {
    let aw = area.width;
    let (x0, x1) = (tile.x - area.x, tile.x - area.x + tile.width);
    let (y0, y1) = (tile.y - area.y, tile.y - area.y + tile.height);
    let (ya, yb) = (y0.saturating_sub(SPOT), (y1 + SPOT).min(area.height));
    // energy of what is left in units of its noise: first every place, then sums across, then down
    let [energy, across, _] = &mut s.sharpen;
    for v in [&mut *energy, &mut *across] {
        v.clear();
        v.resize(aw * area.height, 0.0);
    }
    for y in ya..yb {
        let at = y * aw..(y + 1) * aw;
        let colors = [0, 1].map(|x| base.frame.cfa.color_at(area.x + x, area.y + y) as usize);
        let noise = colors.map(|c| (base.shot[c], base.read[c]));
        let rows = (&mut s.reference[at.clone()], &s.residual[at.clone()], &s.num[at.clone()], &mut energy[at.clone()]);
        let merged = &s.noise[at.clone()];
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => leftover(rows.0, rows.1, rows.2, merged, noise, rows.3));
        let (e, a) = (&energy[at.clone()], &mut across[at]);
        for x in SPOT..aw.saturating_sub(SPOT) {
            a[x] = e[x - 2] + e[x - 1] + e[x] + e[x + 1] + e[x + 2];
        }
    }
    const COUNT: f32 = ((2 * SPOT + 1) * (2 * SPOT + 1)) as f32;
    for y in y0..y1 {
        let (top, bottom) = (y.saturating_sub(SPOT).max(ya), (y + SPOT + 1).min(yb));
        for x in x0..x1 {
            let mut e = 0.0;
            for j in top..bottom {
                e += across[j * aw + x];
            }
            let keep = (e - SPOT_THRESHOLD * COUNT) / (e + 1e-9);
            if keep > 0.0 {
                s.residual[y * aw + x] += keep * s.reference[y * aw + x];
            }
        }
    }
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
        // where nothing could be compared there is nothing to keep
        let d = if difference[k] == 0.0 { 0.0 } else { d };
        let (shot, read) = noise[k & 1];
        difference[k] = d;
        energy[k] = d * d / (shot * luma[k].max(0.0) + read + MERGED_NOISE * merged[k]);
    }
}
