//! Frames compared with the reference, a tile at a time.
//!
//! Frames are compared in low-pass colours at the reference's 2x2 cells, against the noise both have by their models and
//! a share of the detail that the smoothing removed (detail aliases differently in every frame). Two tests per block of
//! 2x2 cells: the energy of the differences, and their mean over 3x3 blocks, where a soft ghost has nowhere to hide.

use super::lowpass::{Cells, Scratch, lowpass};
use super::robust::BLOCK;
use super::signal::{IS_CLIPPED, OUTSIDE, Signal};
use super::spline::NOISE;

/// Blocks around a tile that its decisions look at.
const HALO: usize = 2;

/// Share of the removed detail's energy that counts as noise: how much of it comes back as aliasing or through small
/// errors of the motion. Found on charts (none lost) and moving objects (none kept).
const DETAIL_SHARE: f32 = 0.35;
/// Same for the mean over a window, where aliasing cancels.
const DETAIL_MEAN: f32 = 0.03;
/// Relative error of exposure and falloff that is forgiven.
const GAIN_ERROR: f32 = 0.004;
/// Energy of differences, in units of what noise explains, up to which a frame counts fully, and from which not at all.
const ENERGY: (f32, f32) = (1.45, 2.4);
/// The same for a single block.
const ENERGY_BLOCK: (f32, f32) = (2.6, 5.0);
/// The same for the squared mean over a window.
const MEAN: (f32, f32) = (3.0, 7.0);

/// Numbers per block that the statistics of one frame hold: energy of the differences in units of their variance,
/// their sums per colour, the variances of these sums, and how many numbers went in; all zero where a sample was clipped.
const STATS: usize = 8;
const COUNT: usize = 7;

/// A tile of blocks with what the frames say of it. Made once per band; buffers are reused from tile to tile.
pub(crate) struct Tile<'a> {
    signals: &'a [Signal<'a>],
    reference: usize,
    /// Colours that there are: only green where the sensor has no filters.
    colors: [f32; 3],
    scratch: Scratch,
    /// Blocks across and down, halo included, and blocks of the halo to the left and above.
    size: (usize, usize),
    halo: (usize, usize),
    /// Cells that lie in the picture, halo included.
    cells: (usize, usize),
    /// Low-pass colours of all frames, rows 2 x `size.0` cells long.
    low: Vec<[Vec<f32>; 3]>,
    /// Those of the frame that the others are compared with: the reference, or where it is clipped the least noisy
    /// frame that is not.
    base: [Vec<f32>; 3],
    /// Which frame that is, per block, and its mean colours and their variance.
    base_frame: Vec<f32>,
    base_level: [Vec<f32>; 3],
    base_noise: [Vec<f32>; 3],
    /// Per block: energy of the removed detail per colour, own and largest of 3x3 blocks.
    own_detail: [Vec<f32>; 3],
    block_detail: [Vec<f32>; 3],
    cell_detail: [Vec<f32>; 3],
    stats: [Vec<f32>; STATS],
    column: [Vec<f32>; STATS],
    /// Per frame and block: weight, and 1 where no cell is clipped.
    weight: Vec<Vec<f32>>,
    valid: Vec<Vec<f32>>,
    mean_detail: Vec<f32>,
    level: Vec<f32>,
    effective: Vec<f32>,
    chroma: [Vec<f32>; 2],
    total: Vec<f32>,
}

impl<'a> Tile<'a> {
    pub fn new(signals: &'a [Signal<'a>], reference: usize) -> Self {
        let n = signals.len();
        let mono = signals[reference].frame.cfa.is_mono();
        Self {
            signals,
            reference,
            colors: if mono { [0.0, 1.0, 0.0] } else { [1.0; 3] },
            scratch: Scratch::default(),
            size: (0, 0),
            halo: (0, 0),
            cells: (0, 0),
            low: vec![Default::default(); n],
            base: Default::default(),
            base_frame: Vec::new(),
            base_level: Default::default(),
            base_noise: Default::default(),
            own_detail: Default::default(),
            block_detail: Default::default(),
            cell_detail: Default::default(),
            stats: Default::default(),
            column: Default::default(),
            weight: vec![Vec::new(); n],
            valid: vec![Vec::new(); n],
            mean_detail: Vec::new(),
            level: Vec::new(),
            effective: Vec::new(),
            chroma: Default::default(),
            total: Vec::new(),
        }
    }

    /// Compares all frames in the blocks of `inner`, whose corner is a block's, in a picture of `whole` cells.
    pub fn compare(&mut self, inner: Cells, whole: (usize, usize)) {
        let margin = HALO * BLOCK;
        let outer = Cells {
            x: (inner.x.0.saturating_sub(margin), (inner.x.1.next_multiple_of(BLOCK) + margin).min(whole.0)),
            y: (inner.y.0.saturating_sub(margin), (inner.y.1.next_multiple_of(BLOCK) + margin).min(whole.1)),
        };
        self.size = (outer.width().div_ceil(BLOCK), outer.height().div_ceil(BLOCK));
        self.halo = ((inner.x.0 - outer.x.0) / BLOCK, (inner.y.0 - outer.y.0) / BLOCK);
        self.cells = (inner.width(), inner.height());
        let stride = self.size.0 * BLOCK;
        for (z, signal) in self.signals.iter().enumerate() {
            let detail = (z == self.reference).then_some(&mut self.cell_detail);
            lowpass(signal, outer, stride, &mut self.scratch, &mut self.low[z], detail);
            self.low[z].iter_mut().for_each(|v| complete(v, outer.width(), outer.height(), stride));
        }
        self.cell_detail.iter_mut().for_each(|v| complete(v, outer.width(), outer.height(), stride));
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => self.judge());
    }

    /// Weights of frame `z` in the blocks of row `y` of the tile.
    pub fn weights(&self, z: usize, y: usize) -> &[f32] {
        self.row(&self.weight[z], y)
    }

    pub fn effective(&self, y: usize) -> &[f32] {
        self.row(&self.effective, y)
    }

    pub fn level(&self, y: usize) -> &[f32] {
        self.row(&self.level, y)
    }

    pub fn detail(&self, y: usize) -> &[f32] {
        self.row(&self.mean_detail, y)
    }

    /// Red (0) or blue (1) less green in row `y` of the tile's cells.
    pub fn chroma(&self, c: usize, y: usize) -> &[f32] {
        let at = (self.halo.1 * BLOCK + y) * self.size.0 * BLOCK + self.halo.0 * BLOCK;
        &self.chroma[c][at..at + self.cells.0]
    }

    fn row<'b>(&self, blocks: &'b [f32], y: usize) -> &'b [f32] {
        let at = (self.halo.1 + y) * self.size.0 + self.halo.0;
        &blocks[at..at + self.cells.0.div_ceil(BLOCK)]
    }

    #[inline(always)]
    fn judge(&mut self) {
        let (bw, bh) = self.size;
        let n = bw * bh;
        let (detail, own) = (&mut self.block_detail, &mut self.own_detail);
        let numbers = [&mut self.base_frame, &mut self.mean_detail, &mut self.level, &mut self.effective];
        let three = [&mut self.base_level, &mut self.base_noise, detail, own];
        for v in numbers.into_iter().chain(three.into_iter().flatten()).chain(&mut self.weight).chain(&mut self.valid) {
            v.clear();
            v.resize(n, 0.0);
        }
        for (z, low) in self.low.iter().enumerate() {
            for y in 0..bh {
                unclipped(cell_rows(low, bw, y), &mut self.valid[z][y * bw..][..bw]);
            }
        }
        self.choose_base();
        self.measure_detail();
        for z in 0..self.signals.len() {
            self.compare_frame(z);
        }
        self.join();
    }

    /// What the frames are compared with.
    #[inline(always)]
    fn choose_base(&mut self) {
        let (bw, bh) = self.size;
        let reference = &self.signals[self.reference];
        for c in 0..3 {
            self.base[c].clone_from(&self.low[self.reference][c]);
        }
        self.base_frame.fill(self.reference as f32);
        for y in 0..bh {
            let at = y * bw..(y + 1) * bw;
            for c in 0..3 {
                let rows = cell_rows(&self.base, bw, y)[c];
                means(rows, &mut self.base_level[c][at.clone()]);
                let (level, noise) = (&self.base_level[c][at.clone()], &mut self.base_noise[c][at.clone()]);
                for i in 0..bw {
                    noise[i] = reference.shot[c] * level[i].max(0.0) + reference.read[c];
                }
            }
            let (level, green) = (&mut self.level[at.clone()], &self.base_level[1][at]);
            for i in 0..bw {
                let known = green[i].abs() < IS_CLIPPED;
                level[i] = if known { green[i].max(0.0) } else { 1.0 };
            }
        }
        for i in 0..bw * bh {
            if self.valid[self.reference][i] == 0.0 {
                self.stand_in(i);
            }
        }
    }

    /// Where the reference is clipped, the least noisy honest frame stands in for it.
    fn stand_in(&mut self, i: usize) {
        let honest = (0..self.signals.len()).filter(|&z| self.valid[z][i] > 0.0);
        let exposure = |z: &usize| self.signals[*z].exposure;
        let Some(z) = honest.max_by(|a, b| exposure(a).total_cmp(&exposure(b))) else { return };
        self.base_frame[i] = z as f32;
        let stride = self.size.0 * BLOCK;
        let first = i / self.size.0 * BLOCK * stride + i % self.size.0 * BLOCK;
        for c in 0..3 {
            let mut sum = 0.0;
            for k in [first, first + 1, first + stride, first + stride + 1] {
                self.base[c][k] = self.low[z][c][k];
                sum += self.base[c][k];
            }
            self.base_level[c][i] = sum / (BLOCK * BLOCK) as f32;
            self.base_noise[c][i] = self.signals[z].variance(c, self.base_level[c][i]);
        }
    }

    /// Energy per colour that the smoothing removed from the reference, less its noise: the largest of 3x3 blocks.
    #[inline(always)]
    fn measure_detail(&mut self) {
        let (bw, bh) = self.size;
        let signal = &self.signals[self.reference];
        for c in 0..3 {
            for y in 0..bh {
                let at = y * bw..(y + 1) * bw;
                let own = &mut self.own_detail[c][at.clone()];
                means(cell_rows(&self.cell_detail, bw, y)[c], own);
                let level = &self.level[at];
                for i in 0..bw {
                    // a sample less its smoothed neighbourhood keeps about half of the noise
                    own[i] = (own[i] - 0.5 * (signal.shot[c] * level[i] + signal.read[c])).max(0.0);
                }
            }
            // largest of three rows, then of three columns
            let [tallest, ..] = &mut self.column;
            tallest.resize(bw, 0.0);
            for y in 0..bh {
                let row = |y: usize| &self.own_detail[c][y * bw..][..bw];
                let (a, b, d) = (row(y.saturating_sub(1)), row(y), row((y + 1).min(bh - 1)));
                for i in 0..bw {
                    tallest[i] = a[i].max(b[i]).max(d[i]);
                }
                let out = &mut self.block_detail[c][y * bw..][..bw];
                let mean = &mut self.mean_detail[y * bw..][..bw];
                for i in 0..bw {
                    let m = tallest[i].max(tallest[i.saturating_sub(1)]).max(tallest[(i + 1).min(bw - 1)]);
                    out[i] = m;
                    mean[i] += m / 3.0;
                }
            }
        }
    }

    /// Fills the weights of frame `z`.
    #[inline(always)]
    fn compare_frame(&mut self, z: usize) {
        let (bw, bh) = self.size;
        let signal = &self.signals[z];
        for s in &mut self.stats {
            s.clear();
            s.resize(bw * bh, 0.0);
        }
        for y in 0..bh {
            let at = y * bw..(y + 1) * bw;
            let (own, base) = (cell_rows(&self.low[z], bw, y), cell_rows(&self.base, bw, y));
            let valid = &self.valid[z][at.clone()];
            for c in 0..3 {
                if self.colors[c] == 0.0 {
                    continue;
                }
                let [energy, s0, s1, s2, v0, v1, v2, count] = &mut self.stats;
                let (sum, variance) = ([s0, s1, s2], [v0, v1, v2]);
                difference(
                    own[c],
                    base[c],
                    valid,
                    (signal.shot[c], signal.read[c], if c == 1 { 0.5 } else { 1.0 }),
                    &self.base_level[c][at.clone()],
                    &self.base_noise[c][at.clone()],
                    &self.block_detail[c][at.clone()],
                    &mut energy[at.clone()],
                    &mut sum[c][at.clone()],
                    &mut variance[c][at.clone()],
                    &mut count[at.clone()],
                );
            }
        }
        let reference = &self.signals[self.reference];
        let active = self.colors.iter().sum::<f32>();
        for y in 0..bh {
            // sums over three rows, with an empty column on each side
            for (column, stats) in self.column.iter_mut().zip(&self.stats) {
                column.clear();
                column.resize(bw + 2, 0.0);
                for v in y.saturating_sub(1)..(y + 2).min(bh) {
                    let row = &stats[v * bw..][..bw];
                    let column = &mut column[1..=bw];
                    for i in 0..bw {
                        column[i] += row[i];
                    }
                }
            }
            let at = y * bw..(y + 1) * bw;
            let [detail0, detail1, detail2] = &self.block_detail;
            let detail = [&detail0[at.clone()], &detail1[at.clone()], &detail2[at.clone()]];
            let base = &self.base_frame[at.clone()];
            let (energy, count) = (&self.stats[0][at.clone()], &self.stats[COUNT][at.clone()]);
            let outside = cell_rows(&self.low[z], bw, y)[1];
            let green = &self.base_level[1][at.clone()];
            let weight = &mut self.weight[z][at];
            for i in 0..bw {
                let own = energy[i] / count[i].max(1.0);
                let mut all = [0.0; STATS];
                for (all, column) in all.iter_mut().zip(&self.column) {
                    *all = column[i] + column[i + 1] + column[i + 2];
                }
                let cells = (all[COUNT] / active).max(1.0);
                let level = if green[i].abs() < IS_CLIPPED { green[i].max(0.0) } else { 1.0 };
                let gain = (GAIN_ERROR * level) * (GAIN_ERROR * level) + 1e-20;
                let mut mean = 0.0;
                for c in 0..3 {
                    let m = all[1 + c] / cells;
                    mean += m * m / (all[4 + c] / (cells * cells) + DETAIL_MEAN * detail[c][i] + gain);
                }
                let trust = fall(all[0] / all[COUNT].max(1.0), ENERGY)
                    .min(fall(own, ENERGY_BLOCK))
                    .min(fall(mean / active, MEAN));
                let trust = if base[i] == z as f32 { 1.0 } else { trust };
                // where samples are clipped the others around them still count, if the neighbourhood agrees
                let w =
                    trust * (reference.shot[1] * level + reference.read[1]) / (signal.shot[1] * level + signal.read[1]);
                let gone = (outside[0][2 * i] == OUTSIDE)
                    | (outside[0][2 * i + 1] == OUTSIDE)
                    | (outside[1][2 * i] == OUTSIDE)
                    | (outside[1][2 * i + 1] == OUTSIDE);
                weight[i] = if gone { 0.0 } else { w };
            }
        }
    }

    /// The colours that the frames agree on, and how many of them count.
    #[inline(always)]
    fn join(&mut self) {
        let (bw, bh) = self.size;
        let stride = bw * BLOCK;
        for v in self.chroma.iter_mut().chain([&mut self.total]) {
            v.clear();
            v.resize(stride * bh * BLOCK, 0.0);
        }
        self.total.fill(1e-12);
        let reference = &self.signals[self.reference];
        // sums of weights, and of their squares with the noise, of the frames that are honest all over a block
        let [sum, noise, ..] = &mut self.stats;
        sum.fill(0.0);
        noise.fill(0.0);
        for (z, signal) in self.signals.iter().enumerate() {
            let (weight, valid) = (&self.weight[z][..bw * bh], &self.valid[z][..bw * bh]);
            let level = &self.level[..bw * bh];
            let (sum, noise) = (&mut sum[..bw * bh], &mut noise[..bw * bh]);
            for i in 0..bw * bh {
                let w = weight[i] * valid[i];
                sum[i] += w;
                noise[i] += w * w * (signal.shot[1] * level[i] + signal.read[1]);
            }
            if self.colors[0] == 0.0 {
                continue;
            }
            for y in 0..bh * BLOCK {
                let at = y * stride..(y + 1) * stride;
                let [r, b] = &mut self.chroma;
                agree_row(
                    [&self.low[z][0][at.clone()], &self.low[z][1][at.clone()], &self.low[z][2][at.clone()]],
                    &weight[y / BLOCK * bw..][..bw],
                    &mut r[at.clone()],
                    &mut b[at.clone()],
                    &mut self.total[at],
                );
            }
        }
        for i in 0..bw * bh {
            let own = reference.shot[1] * self.level[i] + reference.read[1];
            self.effective[i] = if noise[i] > 0.0 { sum[i] * sum[i] * own / noise[i] } else { 0.0 };
        }
        for chroma in &mut self.chroma {
            let total = &self.total[..chroma.len()];
            for k in 0..chroma.len() {
                chroma[k] /= total[k];
            }
        }
    }
}

/// The two rows of cells of block row `y`, per colour.
#[inline(always)]
fn cell_rows(colors: &[Vec<f32>; 3], bw: usize, y: usize) -> [[&[f32]; 2]; 3] {
    let stride = bw * BLOCK;
    let [r, g, b] = colors;
    let first = y * BLOCK * stride;
    let (top, bottom) = (first..first + stride, first + stride..first + 2 * stride);
    [[&r[top.clone()], &r[bottom.clone()]], [&g[top.clone()], &g[bottom.clone()]], [&b[top], &b[bottom]]]
}

/// Repeats the last column and the last row of `width` x `height` numbers where blocks reach beyond them.
fn complete(v: &mut Vec<f32>, width: usize, height: usize, stride: usize) {
    if width < stride {
        for row in v[..stride * height].chunks_exact_mut(stride) {
            let last = row[width - 1];
            row[width..].fill(last);
        }
    }
    v.truncate(stride * height);
    if height % BLOCK != 0 {
        v.extend_from_within(stride * (height - 1)..);
    }
}

/// 1 for the blocks of a row of which no cell is clipped or outside, 0 for the others.
#[inline(always)]
fn unclipped(low: [[&[f32]; 2]; 3], out: &mut [f32]) {
    out.fill(1.0);
    for [top, bottom] in low {
        let n = out.len();
        let (top, bottom) = (&top[..2 * n], &bottom[..2 * n]);
        for i in 0..n {
            // not a number compares false
            let ok = (top[2 * i].abs() < IS_CLIPPED)
                & (top[2 * i + 1].abs() < IS_CLIPPED)
                & (bottom[2 * i].abs() < IS_CLIPPED)
                & (bottom[2 * i + 1].abs() < IS_CLIPPED);
            out[i] = if ok { out[i] } else { 0.0 };
        }
    }
}

/// Means over the blocks of a row.
#[inline(always)]
fn means([top, bottom]: [&[f32]; 2], out: &mut [f32]) {
    let n = out.len();
    let (top, bottom) = (&top[..2 * n], &bottom[..2 * n]);
    for i in 0..n {
        out[i] = 0.25 * ((top[2 * i] + top[2 * i + 1]) + (bottom[2 * i] + bottom[2 * i + 1]));
    }
}

/// Adds the statistics of one colour in a row of blocks. `noise` is the frame's, per signal and at black, and the share of
/// it that is left in the mean of the colour's samples of a cell.
#[inline(always)]
fn difference(
    own: [&[f32]; 2],
    base: [&[f32]; 2],
    valid: &[f32],
    (shot, read, share): (f32, f32, f32),
    level: &[f32],
    base_noise: &[f32],
    detail: &[f32],
    energy: &mut [f32],
    sum: &mut [f32],
    variance: &mut [f32],
    count: &mut [f32],
) {
    let n = valid.len();
    let ([a0, a1], [b0, b1]) = ([&own[0][..2 * n], &own[1][..2 * n]], [&base[0][..2 * n], &base[1][..2 * n]]);
    let (level, base_noise, detail) = (&level[..n], &base_noise[..n], &detail[..n]);
    let (energy, sum, variance, count) = (&mut energy[..n], &mut sum[..n], &mut variance[..n], &mut count[..n]);
    for i in 0..n {
        let noise = (shot * level[i].max(0.0) + read + base_noise[i]) * share;
        let gain = GAIN_ERROR * level[i];
        let explained = noise * NOISE * NOISE + DETAIL_SHARE * detail[i] + gain * gain;
        let d = [
            a0[2 * i] - b0[2 * i],
            a0[2 * i + 1] - b0[2 * i + 1],
            a1[2 * i] - b1[2 * i],
            a1[2 * i + 1] - b1[2 * i + 1],
        ];
        let e = (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + d[3] * d[3]) / explained;
        let s = (d[0] + d[1]) + (d[2] + d[3]);
        let ok = (valid[i] > 0.0) & (e.abs() < f32::INFINITY);
        energy[i] += if ok { e } else { 0.0 };
        sum[i] = if ok { s } else { 0.0 };
        variance[i] = if ok { noise * (BLOCK * BLOCK) as f32 } else { 0.0 };
        count[i] += if ok { (BLOCK * BLOCK) as f32 } else { 0.0 };
    }
}

/// Adds one frame's red and blue less green of a row of cells, where they are honest, and the frame's weight.
#[inline(always)]
fn agree_row(low: [&[f32]; 3], weight: &[f32], r: &mut [f32], b: &mut [f32], total: &mut [f32]) {
    let n = 2 * weight.len();
    let (l0, l1, l2) = (&low[0][..n], &low[1][..n], &low[2][..n]);
    let (r, b, total) = (&mut r[..n], &mut b[..n], &mut total[..n]);
    for k in 0..n {
        let (dr, db) = (l0[k] - l1[k], l2[k] - l1[k]);
        // not a number and infinite differences compare false
        let ok = (dr.abs() < IS_CLIPPED) & (db.abs() < IS_CLIPPED);
        let w = if ok { weight[k / BLOCK] } else { 0.0 };
        r[k] += w * if ok { dr } else { 0.0 };
        b[k] += w * if ok { db } else { 0.0 };
        total[k] += w;
    }
}

/// 1 up to the first limit, 0 from the second.
#[inline(always)]
fn fall(x: f32, limits: (f32, f32)) -> f32 {
    ((limits.1 - x) / (limits.1 - limits.0)).clamp(0.0, 1.0)
}
