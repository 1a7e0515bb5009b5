//! Which frames agree with the reference where, and the colour they agree on.
//!
//! Frames are compared in low-pass colours at the reference's 2x2 cells, against the noise both have by their models and
//! a share of the detail that the smoothing removed (detail aliases differently in every frame). Two tests per block of
//! 2x2 cells: the energy of the differences, and their mean over a larger window, where a soft ghost has nowhere to hide.

use super::detail;
use super::lowpass::{Cells, Scratch, lowpass};
use super::signal::{OUTSIDE, Signal};
use super::spline::NOISE;
use calotype_image::{Plane, par};
use std::array::IntoIter;
use std::iter::Take;

/// Cells along the side of a block, and pixels.
pub(crate) const BLOCK: usize = 2;
/// Pixels along the side of a block of the maps in [`Agreement`].
pub(crate) const BLOCK_PX: usize = 2 * BLOCK;

/// What the frames agree on.
pub(crate) struct Agreement {
    /// Weight of every frame, one map per frame, a number per block: see [`Agreement::weight`].
    pub weights: Vec<Plane<u8>>,
    /// The weight that 255 stands for.
    pub heaviest: f32,
    /// Red less green and blue less green, low-pass, one number per cell, in balanced light.
    pub chroma: [Plane<f32>; 2],
    /// Green of the frames' agreement, low-pass, per block.
    pub level: Plane<f32>,
    /// Energy of the reference's detail that the smoothing removed, mean over colours, per block.
    pub detail: Plane<f32>,
    /// Variance of the merged low-pass colours relative to the reference's own, inverted: frames that count, per block;
    /// 0 where every frame is clipped.
    pub effective: Plane<f32>,
}

impl Agreement {
    /// The weight, in units of the reference's, of a number of [`Agreement::weights`]: its square, so that the lightest
    /// frame of a bracket still counts.
    #[inline(always)]
    pub fn weight(&self, code: f32) -> f32 {
        code * code * (self.heaviest / (255.0 * 255.0))
    }
}

/// Blocks of a band of work, and blocks beyond it that its decisions look at.
const BAND: usize = 16;
const HALO: usize = 2;
/// Blocks across a tile: its buffers stay in cache.
const TILE: usize = 64;

/// Share of the removed detail's energy that counts as noise: how much of it comes back as aliasing or through small
/// errors of the motion. Found on charts (none lost) and moving objects (none kept).
const DETAIL_SHARE: f32 = 0.35;
/// Same for the mean over a window, where aliasing cancels.
const DETAIL_MEAN: f32 = 0.03;
/// Share of the removed detail's energy that shows as false colour in a single frame.
const CHROMA_ALIAS: f32 = 0.2;
/// Relative error of exposure and falloff that is forgiven.
const GAIN_ERROR: f32 = 0.004;
/// Energy of differences, in units of what noise explains, up to which a frame counts fully, and from which not at all.
const ENERGY: (f32, f32) = (1.45, 2.4);
/// The same for a single block.
const ENERGY_BLOCK: (f32, f32) = (2.6, 5.0);
/// The same for the squared mean over a window.
const MEAN: (f32, f32) = (3.0, 7.0);

/// Compares all frames with the reference.
pub(crate) fn agree(signals: &[Signal], reference: usize) -> Agreement {
    let samples = &signals[reference].frame.samples;
    let (cw, ch) = ((samples.width() / 2).max(1), (samples.height() / 2).max(1));
    let (bw, bh) = (cw.div_ceil(BLOCK), ch.div_ceil(BLOCK));
    let mut out = Agreement {
        heaviest: heaviest(signals),
        weights: vec![Plane::new(bw, bh); signals.len()],
        chroma: [Plane::new(cw, ch), Plane::new(cw, ch)],
        level: Plane::new(bw, bh),
        detail: Plane::new(bw, bh),
        effective: Plane::new(bw, bh),
    };
    let bands =
        par::map(bh.div_ceil(BAND), |i| band(signals, reference, (i * BAND, ((i + 1) * BAND).min(bh)), (cw, ch)));
    for (i, b) in bands.into_iter().enumerate() {
        for y in 0..b.effective.height() {
            out.effective.row_mut(i * BAND + y).copy_from_slice(b.effective.row(y));
            out.level.row_mut(i * BAND + y).copy_from_slice(b.level.row(y));
            out.detail.row_mut(i * BAND + y).copy_from_slice(b.detail.row(y));
            for (o, w) in out.weights.iter_mut().zip(&b.weights) {
                o.row_mut(i * BAND + y).copy_from_slice(w.row(y));
            }
        }
        for (o, c) in out.chroma.iter_mut().zip(&b.chroma) {
            for y in 0..c.height() {
                o.row_mut(i * BAND * BLOCK + y).copy_from_slice(c.row(y));
            }
        }
    }
    out.chroma = [0, 1].map(|c| sharpen_chroma(&out, &signals[reference], c));
    out
}

/// The largest weight a frame can have: where read noise rules, the square of its exposure.
fn heaviest(signals: &[Signal]) -> f32 {
    signals.iter().map(|s| s.exposure * s.exposure).fold(1.0, f32::max)
}

/// Takes the gathering's blur from one plane of chroma (0 red, 1 blue), where it stands out from the noise.
fn sharpen_chroma(agreement: &Agreement, base: &Signal, which: usize) -> Plane<f32> {
    let source = &agreement.chroma[which];
    let (cw, ch) = (source.width(), source.height());
    let mut out = Plane::new(cw, ch);
    let rows = BAND * BLOCK;
    par::bands_mut(&mut out, rows, |top, mut band| {
        let first = top.saturating_sub(detail::MARGIN);
        let last = (top + band.height() + detail::MARGIN).min(ch);
        let mut image = Vec::with_capacity(cw * (last - first));
        let mut noise = Vec::with_capacity(cw * (last - first));
        for y in first..last {
            image.extend_from_slice(source.row(y));
            let (level, frames) = (agreement.level.row(y / BLOCK), agreement.effective.row(y / BLOCK));
            let detail = agreement.detail.row(y / BLOCK);
            noise.extend((0..cw).map(|x| {
                let (level, frames) = (level[x / BLOCK], frames[x / BLOCK]);
                let noise = base.variance(2 * which, level) + 0.5 * base.variance(1, level);
                (noise + CHROMA_ALIAS * detail[x / BLOCK]) / frames.max(1.0)
            }));
        }
        detail::sharpen(&mut image, cw, last - first, &noise, &mut Default::default());
        for y in 0..band.height() {
            band.row_mut(y).copy_from_slice(&image[(top + y - first) * cw..][..cw]);
        }
    });
    out
}

/// The part of [`agree`] for block rows `rows.0..rows.1`.
fn band(signals: &[Signal], reference: usize, rows: (usize, usize), (cw, ch): (usize, usize)) -> Agreement {
    let (bw, n) = (cw.div_ceil(BLOCK), signals.len());
    let cell_rows = (rows.1 * BLOCK).min(ch) - rows.0 * BLOCK;
    let mut out = Agreement {
        heaviest: heaviest(signals),
        weights: vec![Plane::new(bw, rows.1 - rows.0); n],
        chroma: [Plane::new(cw, cell_rows), Plane::new(cw, cell_rows)],
        level: Plane::new(bw, rows.1 - rows.0),
        detail: Plane::new(bw, rows.1 - rows.0),
        effective: Plane::new(bw, rows.1 - rows.0),
    };
    let mut scratch = Scratch::default();
    let mut low: Vec<[Vec<f32>; 3]> = vec![Default::default(); n];
    let mut detail: [Vec<f32>; 3] = Default::default();
    let by0 = rows.0.saturating_sub(HALO);
    let by1 = (rows.1 + HALO).min(ch.div_ceil(BLOCK));
    for left in (0..bw).step_by(TILE) {
        let right = (left + TILE).min(bw);
        let (bx0, bx1) = (left.saturating_sub(HALO), (right + HALO).min(bw));
        let cells = Cells { x: (bx0 * BLOCK, (bx1 * BLOCK).min(cw)), y: (by0 * BLOCK, (by1 * BLOCK).min(ch)) };
        for (z, signal) in signals.iter().enumerate() {
            lowpass(signal, cells, &mut scratch, &mut low[z], (z == reference).then_some(&mut detail));
        }
        let tile = Tile { signals, reference, cells, low: &low, detail: &detail, bw: bx1 - bx0, bh: by1 - by0 };
        let removed = tile.detail_of_blocks();
        let weights = tile.weights(&removed);
        for by in rows.0..rows.1 {
            for bx in left..right {
                let i = (by - by0) * tile.bw + bx - bx0;
                let w: Vec<f32> = weights.iter().map(|w| w[i]).collect();
                for z in 0..n {
                    let v = (w[z] / out.heaviest).clamp(0.0, 1.0).sqrt();
                    out.weights[z].row_mut(by - rows.0)[bx] = (v * 255.0 + 0.5) as u8;
                }
                let honest: Vec<f32> =
                    (0..n).map(|z| if tile.block(i, |k| tile.honest(z, k)) { w[z] } else { 0.0 }).collect();
                out.effective.row_mut(by - rows.0)[bx] = tile.effective(i, &honest);
                out.level.row_mut(by - rows.0)[bx] = tile.level(reference, i);
                out.detail.row_mut(by - rows.0)[bx] = removed[i].iter().sum::<f32>() / 3.0;
                for cy in by * BLOCK..((by + 1) * BLOCK).min(ch) {
                    for cx in bx * BLOCK..((bx + 1) * BLOCK).min(cw) {
                        let c = tile.chroma((cy - cells.y.0) * cells.width() + cx - cells.x.0, &w);
                        out.chroma[0].row_mut(cy - rows.0 * BLOCK)[cx] = c[0];
                        out.chroma[1].row_mut(cy - rows.0 * BLOCK)[cx] = c[1];
                    }
                }
            }
        }
    }
    out
}

/// A tile of cells with the low-pass colours of all frames.
struct Tile<'a> {
    signals: &'a [Signal<'a>],
    reference: usize,
    cells: Cells,
    low: &'a [[Vec<f32>; 3]],
    detail: &'a [Vec<f32>; 3],
    /// Blocks across and down.
    bw: usize,
    bh: usize,
}

/// Statistics of one block: energy of the differences in units of their variance, their sums per colour, the variances
/// of these sums, and how many numbers went in; all zero where a sample was clipped.
#[derive(Clone, Copy, Default)]
struct Stats {
    energy: f32,
    sum: [f32; 3],
    variance: [f32; 3],
    count: f32,
}

impl Tile<'_> {
    /// Weights of all frames, one number per block of the tile.
    fn weights(&self, detail: &[[f32; 3]]) -> Vec<Vec<f32>> {
        let (n, blocks) = (self.signals.len(), self.bw * self.bh);
        let valid: Vec<Vec<bool>> =
            (0..n).map(|z| (0..blocks).map(|i| self.block(i, |k| self.honest(z, k))).collect()).collect();
        // where the reference is clipped, the least noisy honest frame stands in for it
        let base: Vec<usize> = (0..blocks)
            .map(|i| {
                let best = || {
                    let honest = (0..n).filter(|&z| valid[z][i]);
                    honest.max_by(|&a, &b| self.signals[a].exposure.total_cmp(&self.signals[b].exposure))
                };
                if valid[self.reference][i] { self.reference } else { best().unwrap_or(self.reference) }
            })
            .collect();
        let level: Vec<f32> = (0..blocks).map(|i| self.level(base[i], i)).collect();
        (0..n)
            .map(|z| {
                let stats: Vec<Stats> = (0..blocks)
                    .map(|i| {
                        if valid[z][i] && valid[base[i]][i] {
                            self.stats(z, base[i], i, detail[i])
                        } else {
                            Stats::default()
                        }
                    })
                    .collect();
                (0..blocks)
                    .map(|i| {
                        // where samples are clipped the others around them still count, if the neighbourhood agrees
                        if self.cells_of(i).any(|k| self.low[z][1][k] == OUTSIDE) {
                            return 0.0;
                        }
                        let trust = if z == base[i] { 1.0 } else { self.trust(&stats, i, detail[i], level[i]) };
                        let (own, reference) = (&self.signals[z], &self.signals[self.reference]);
                        trust * reference.variance(1, level[i]) / own.variance(1, level[i])
                    })
                    .collect()
            })
            .collect()
    }

    /// True where `f` holds for all cells of block `i`.
    fn block(&self, i: usize, f: impl FnMut(usize) -> bool) -> bool {
        self.cells_of(i).all(f)
    }

    /// Indices of the cells of block `i`.
    fn cells_of(&self, i: usize) -> Take<IntoIter<usize, { BLOCK * BLOCK }>> {
        let (bx, by) = (i % self.bw, i / self.bw);
        let (w, h) = (self.cells.width(), self.cells.height());
        let (x, y) = (bx * BLOCK, by * BLOCK);
        let (mut list, mut count) = ([0; BLOCK * BLOCK], 0);
        for y in y..(y + BLOCK).min(h) {
            for x in x..(x + BLOCK).min(w) {
                list[count] = y * w + x;
                count += 1;
            }
        }
        list.into_iter().take(count)
    }

    /// True for a sensor without filters, whose samples all count as green.
    fn mono(&self) -> bool {
        self.signals[self.reference].frame.cfa.is_mono()
    }

    fn honest(&self, z: usize, k: usize) -> bool {
        let low = &self.low[z];
        low.iter().all(|c| c[k].is_finite())
    }

    /// Mean green of block `i` in frame `z`.
    fn level(&self, z: usize, i: usize) -> f32 {
        let (sum, count) = self.cells_of(i).fold((0.0, 0), |(s, c), k| (s + self.low[z][1][k], c + 1));
        let mean = sum / count.max(1) as f32;
        if mean.is_finite() { mean.max(0.0) } else { 1.0 }
    }

    /// Energy per colour that the smoothing removed from the reference, less its noise: the largest of the block's
    /// neighbourhood.
    fn detail_of_blocks(&self) -> Vec<[f32; 3]> {
        let signal = &self.signals[self.reference];
        let own: Vec<[f32; 3]> = (0..self.bw * self.bh)
            .map(|i| {
                let level = self.level(self.reference, i);
                let (mut sum, mut count) = ([0.0f32; 3], 0.0f32);
                for k in self.cells_of(i) {
                    (0..3).for_each(|c| sum[c] += self.detail[c][k]);
                    count += 1.0;
                }
                // a sample less its smoothed neighbourhood keeps about half of the noise
                [0, 1, 2].map(|c| (sum[c] / count.max(1.0) - 0.5 * signal.variance(c, level)).max(0.0))
            })
            .collect();
        (0..own.len())
            .map(|i| self.neighbours(i).fold([0.0f32; 3], |a, k| [0, 1, 2].map(|c| a[c].max(own[k][c]))))
            .collect()
    }

    /// Blocks of the 3x3 neighbourhood of block `i`.
    fn neighbours(&self, i: usize) -> Take<IntoIter<usize, 9>> {
        let (bx, by) = (i % self.bw, i / self.bw);
        let (mut list, mut count) = ([0; 9], 0);
        for y in by.saturating_sub(1)..(by + 2).min(self.bh) {
            for x in bx.saturating_sub(1)..(bx + 2).min(self.bw) {
                list[count] = y * self.bw + x;
                count += 1;
            }
        }
        list.into_iter().take(count)
    }

    fn stats(&self, z: usize, base: usize, i: usize, detail: [f32; 3]) -> Stats {
        let mut s = Stats::default();
        let (a, b) = (&self.signals[z], &self.signals[base]);
        let level =
            [0, 1, 2].map(|c| self.cells_of(i).map(|k| self.low[base][c][k]).sum::<f32>() / (BLOCK * BLOCK) as f32);
        let noise =
            [0, 1, 2].map(|c| (a.variance(c, level[c]) + b.variance(c, level[c])) * if c == 1 { 0.5 } else { 1.0 });
        let inverse = [0, 1, 2]
            .map(|c| 1.0 / (noise[c] * NOISE * NOISE + DETAIL_SHARE * detail[c] + (GAIN_ERROR * level[c]).powi(2)));
        let colors = if self.mono() { 1..2 } else { 0..3 };
        for k in self.cells_of(i) {
            for c in colors.clone() {
                let d = self.low[z][c][k] - self.low[base][c][k];
                s.energy += d * d * inverse[c];
                s.sum[c] += d;
                s.variance[c] += noise[c];
                s.count += 1.0;
            }
        }
        s
    }

    /// How far a frame's differences around block `i` are explained by noise: 1 fully, 0 not at all.
    fn trust(&self, stats: &[Stats], i: usize, detail: [f32; 3], level: f32) -> f32 {
        let own = stats[i].energy / stats[i].count.max(1.0);
        let mut all = Stats::default();
        for k in self.neighbours(i) {
            all.energy += stats[k].energy;
            all.count += stats[k].count;
            for c in 0..3 {
                all.sum[c] += stats[k].sum[c];
                all.variance[c] += stats[k].variance[c];
            }
        }
        let cells = (all.count / 3.0).max(1.0);
        let mean = (0..3)
            .map(|c| {
                let m = all.sum[c] / cells;
                m * m / (all.variance[c] / (cells * cells) + DETAIL_MEAN * detail[c] + (GAIN_ERROR * level).powi(2))
            })
            .sum::<f32>()
            / 3.0;
        fall(all.energy / all.count.max(1.0), ENERGY).min(fall(own, ENERGY_BLOCK)).min(fall(mean, MEAN))
    }

    /// Frames that count in block `i`, in units of the reference.
    fn effective(&self, i: usize, weights: &[f32]) -> f32 {
        let level = self.level(self.reference, i);
        let own = self.signals[self.reference].variance(1, level);
        let (mut sum, mut noise) = (0.0f32, 0.0f32);
        for (w, s) in weights.iter().zip(self.signals) {
            sum += w;
            noise += w * w * s.variance(1, level) / own;
        }
        if noise > 0.0 { sum * sum / noise } else { 0.0 }
    }

    /// Red and blue less green of one cell, weighted mean over the frames.
    fn chroma(&self, k: usize, weights: &[f32]) -> [f32; 2] {
        if self.mono() {
            return [0.0; 2];
        }
        let (mut r, mut b, mut total) = (0.0, 0.0, 1e-12);
        for (z, &w) in weights.iter().enumerate() {
            if w > 0.0 && self.honest(z, k) {
                let low = &self.low[z];
                r += w * (low[0][k] - low[1][k]);
                b += w * (low[2][k] - low[1][k]);
                total += w;
            }
        }
        [r / total, b / total]
    }
}

/// 1 up to the first limit, 0 from the second.
fn fall(x: f32, limits: (f32, f32)) -> f32 {
    ((limits.1 - x) / (limits.1 - limits.0)).clamp(0.0, 1.0)
}
