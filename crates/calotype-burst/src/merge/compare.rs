//! Frames compared with the reference, a tile at a time.
//!
//! Frames are compared in low-pass colours at the reference's 2x2 cells, against the noise both have by their models and
//! a share of the detail that the smoothing removed (detail aliases differently in every frame). Two tests per block of
//! 2x2 cells: the energy of the differences, and their mean over 3x3 blocks, where a soft ghost has nowhere to hide.

use super::fill::Understudies;
use super::lowpass::{Cells, Scratch, lowpass};
use super::patch::LANES;
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
const ENERGY_SUM: usize = 0;
const SUM: usize = 1;
const VARIANCE: usize = 4;
const COUNT: usize = 7;

/// A tile of blocks with what the frames say of it. Made once per band; buffers are reused from tile to tile.
pub(crate) struct Tile<'a> {
    signals: &'a [Signal<'a>],
    /// Who stands in where a frame is clipped.
    understudies: &'a [Understudies<'a>],
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
    /// Share of these that is the frame's own, where others stand in.
    honest: [Vec<f32>; 3],
    /// Noise of the low-pass colours per block, relative to what the frame's own samples would give.
    noise: Vec<[Vec<f32>; 3]>,
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
    around: [Vec<f32>; STATS],
    column: Vec<f32>,
    nothing: Vec<f32>,
    /// Per frame and block: weight, and 1 where no cell is clipped, in any colour and in any but green.
    weight: Vec<Vec<f32>>,
    valid: Vec<Vec<f32>>,
    others_valid: Vec<Vec<f32>>,
    mean_detail: Vec<f32>,
    level: Vec<f32>,
    effective: Vec<f32>,
    /// 1 where some colour is known badly.
    weak: Vec<f32>,
    /// Mean colours of the frames; in the end red and blue less green.
    sum: [Vec<f32>; 3],
    total: [Vec<f32>; 3],
}

impl<'a> Tile<'a> {
    pub fn new(signals: &'a [Signal<'a>], understudies: &'a [Understudies<'a>], reference: usize) -> Self {
        let n = signals.len();
        let mono = signals[reference].frame.cfa.is_mono();
        Self {
            signals,
            understudies,
            reference,
            colors: if mono { [0.0, 1.0, 0.0] } else { [1.0; 3] },
            scratch: Scratch::default(),
            size: (0, 0),
            halo: (0, 0),
            cells: (0, 0),
            low: vec![Default::default(); n],
            honest: Default::default(),
            noise: vec![Default::default(); n],
            base: Default::default(),
            base_frame: Vec::new(),
            base_level: Default::default(),
            base_noise: Default::default(),
            own_detail: Default::default(),
            block_detail: Default::default(),
            cell_detail: Default::default(),
            stats: Default::default(),
            around: Default::default(),
            column: Vec::new(),
            nothing: Vec::new(),
            weight: vec![Vec::new(); n],
            valid: vec![Vec::new(); n],
            others_valid: vec![Vec::new(); n],
            mean_detail: Vec::new(),
            level: Vec::new(),
            effective: Vec::new(),
            weak: Vec::new(),
            sum: Default::default(),
            total: Default::default(),
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
        if outer.x.1 < whole.0 {
            // beyond the halo nothing is looked at: rows of whole vectors are faster
            self.size.0 = self.size.0.next_multiple_of(LANES / 2);
        }
        self.halo = ((inner.x.0 - outer.x.0) / BLOCK, (inner.y.0 - outer.y.0) / BLOCK);
        self.cells = (inner.width(), inner.height());
        let stride = self.size.0 * BLOCK;
        for (z, signal) in self.signals.iter().enumerate() {
            let detail = (z == self.reference).then_some(&mut self.cell_detail);
            let (understudies, honest) = (&self.understudies[z], &mut self.honest);
            let filled =
                lowpass(signal, understudies, outer, stride, &mut self.scratch, &mut self.low[z], honest, detail);
            self.low[z].iter_mut().for_each(|v| complete(v, outer.width(), outer.height(), stride));
            for (c, noise) in self.noise[z].iter_mut().enumerate() {
                noise.clear();
                noise.resize(self.size.0 * self.size.1, 1.0);
                if filled {
                    complete(&mut self.honest[c], outer.width(), outer.height(), stride);
                    for (y, noise) in noise.chunks_exact_mut(self.size.0).enumerate() {
                        means(cell_rows(&self.honest, self.size.0, y)[c], noise);
                        noise.iter_mut().for_each(|n| *n += (1.0 - *n) * understudies.noise[c]);
                    }
                }
            }
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

    pub fn weak(&self, y: usize) -> &[f32] {
        self.row(&self.weak, y)
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
        &self.sum[2 * c][at..at + self.cells.0]
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
        let numbers =
            [&mut self.base_frame, &mut self.mean_detail, &mut self.level, &mut self.effective, &mut self.weak];
        let three = [&mut self.base_level, &mut self.base_noise, detail, own];
        for v in numbers
            .into_iter()
            .chain(three.into_iter().flatten())
            .chain(&mut self.weight)
            .chain(&mut self.valid)
            .chain(&mut self.others_valid)
        {
            v.clear();
            v.resize(n, 0.0);
        }
        for (z, low) in self.low.iter().enumerate() {
            for y in 0..bh {
                let at = y * bw..(y + 1) * bw;
                let [red, green, blue] = cell_rows(low, bw, y);
                unclipped([red, blue], &mut self.others_valid[z][at.clone()]);
                let valid = &mut self.valid[z][at.clone()];
                unclipped([green], valid);
                let others = &self.others_valid[z][at];
                for i in 0..bw {
                    valid[i] *= others[i];
                }
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
                let more = &self.noise[self.reference][c][at.clone()];
                for i in 0..bw {
                    noise[i] = (reference.shot[c] * level[i].max(0.0) + reference.read[c]) * more[i];
                }
            }
            let (level, green) = (&mut self.level[at.clone()], &self.base_level[1][at]);
            for i in 0..bw {
                level[i] = level_of(green[i]);
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
            self.base_noise[c][i] = self.signals[z].variance(c, self.base_level[c][i]) * self.noise[z][c][i];
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
            let tallest = &mut self.column;
            tallest.resize(bw + 2, 0.0);
            for y in 0..bh {
                let row = |y: usize| &self.own_detail[c][y * bw..][..bw];
                let (a, b, d) = (row(y.saturating_sub(1)), row(y), row((y + 1).min(bh - 1)));
                let inner = &mut tallest[1..=bw];
                for i in 0..bw {
                    inner[i] = a[i].max(b[i]).max(d[i]);
                }
                (tallest[0], tallest[bw + 1]) = (tallest[1], tallest[bw]);
                let (l, m, r) = (&tallest[..bw], &tallest[1..=bw], &tallest[2..bw + 2]);
                let out = &mut self.block_detail[c][y * bw..][..bw];
                let mean = &mut self.mean_detail[y * bw..][..bw];
                for i in 0..bw {
                    out[i] = l[i].max(m[i]).max(r[i]);
                    mean[i] += out[i] / 3.0;
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
        self.nothing.resize(bw, 0.0);
        for y in 0..bh {
            let at = y * bw..(y + 1) * bw;
            let (own, base) = (cell_rows(&self.low[z], bw, y), cell_rows(&self.base, bw, y));
            for c in 0..3 {
                if self.colors[c] == 0.0 {
                    continue;
                }
                let [energy, s0, s1, s2, v0, v1, v2, count] = &mut self.stats;
                let (sum, variance) = ([s0, s1, s2], [v0, v1, v2]);
                difference(
                    own[c],
                    base[c],
                    (signal.shot[c], signal.read[c], if c == 1 { 0.5 } else { 1.0 }),
                    &self.noise[z][c][at.clone()],
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
        let judge = Judge {
            active: self.colors.iter().sum(),
            reference: (reference.shot[1], reference.read[1]),
            own: (signal.shot[1], signal.read[1]),
        };
        for y in 0..bh {
            let at = y * bw..(y + 1) * bw;
            for (around, stats) in self.around.iter_mut().zip(&self.stats) {
                around.resize(bw, 0.0);
                let row = |v: usize| &stats[v.min(bh - 1) * bw..][..bw];
                let rows = match (y > 0, y + 1 < bh) {
                    (true, true) => [row(y - 1), row(y), row(y + 1)],
                    (true, false) => [row(y - 1), row(y), &self.nothing[..bw]],
                    (false, true) => [&self.nothing[..bw], row(y), row(y + 1)],
                    (false, false) => [&self.nothing[..bw], row(y), &self.nothing[..bw]],
                };
                sum_around(rows, &mut self.column, around);
            }
            let [d0, d1, d2] = &self.block_detail;
            judge.weights(
                [&self.stats[ENERGY_SUM][at.clone()], &self.stats[COUNT][at.clone()]],
                &self.around,
                [&d0[at.clone()], &d1[at.clone()], &d2[at.clone()]],
                &self.base_level[1][at.clone()],
                &mut self.weight[z][at.clone()],
            );
            let (base, weight) = (&self.base_frame[at.clone()], &mut self.weight[z][at.clone()]);
            let green = &self.base_level[1][at.clone()];
            judge.exceptions(base, z as f32, cell_rows(&self.low[z], bw, y)[1], green, weight);
        }
    }

    /// The colours that the frames agree on, and how many of them count.
    #[inline(always)]
    fn join(&mut self) {
        let (bw, bh) = self.size;
        let n = bw * bh;
        let stride = bw * BLOCK;
        for v in self.sum.iter_mut().chain(&mut self.total) {
            v.clear();
            v.resize(stride * bh * BLOCK, 0.0);
        }
        let reference = &self.signals[self.reference];
        // sums of weights, and of their squares with the noise, of the frames that are honest all over a block: in all
        // colours, or where the reference's green is clipped in the others
        let [weights, noise, ..] = &mut self.stats;
        for v in [&mut *weights, &mut *noise] {
            v.clear();
            v.resize(n, 0.0);
        }
        let whole = &self.valid[self.reference][..n];
        for (z, signal) in self.signals.iter().enumerate() {
            let weight = &self.weight[z];
            let honest = [whole, &self.valid[z], &self.others_valid[z]];
            let (level, own) = (&self.level, (signal.shot[1], signal.read[1]));
            add_weights(weight, honest, level, own, &self.noise[z][1], &mut weights[..n], &mut noise[..n]);
            if self.colors[0] == 0.0 {
                continue;
            }
            for y in 0..bh * BLOCK {
                let at = y * stride..(y + 1) * stride;
                let weight = &weight[y / BLOCK * bw..][..bw];
                for c in 0..3 {
                    let (sum, total) = (&mut self.sum[c][at.clone()], &mut self.total[c][at.clone()]);
                    let more = &self.noise[z][c][y / BLOCK * bw..][..bw];
                    add_honest(&self.low[z][c][at.clone()], weight, more, sum, total);
                }
            }
        }
        let own = (reference.shot[1], reference.read[1]);
        effective(&weights[..n], &noise[..n], &self.level, own, &mut self.effective);
        if self.colors[0] == 0.0 {
            return;
        }
        for c in 0..3 {
            divide(&mut self.sum[c], &self.total[c]);
        }
        let [red, green, blue] = &mut self.sum;
        subtract(red, green);
        subtract(blue, green);
        self.calm_weak_colors();
    }

    /// Where a colour is known from dim frames only, as where the others are clipped, its noise would show in the other
    /// colours that many frames know: there chroma becomes its mean over the [`CALM`] cells around that are alike.
    #[inline(always)]
    fn calm_weak_colors(&mut self) {
        let (stride, rows) = (self.size.0 * BLOCK, self.size.1 * BLOCK);
        let [r, g, b] = &self.total;
        let least = |k: usize| r[k].min(g[k]).min(b[k]);
        let weak = |k: usize| least(k) < WEAK;
        if !any_below([r, g, b], WEAK) {
            return;
        }
        for k in (0..stride * rows).filter(|&k| weak(k)) {
            self.weak[k / stride / BLOCK * self.size.0 + k % stride / BLOCK] = 1.0;
        }
        let before = [self.sum[0].clone(), self.sum[2].clone()];
        for y in 0..rows {
            for x in (0..stride).filter(|x| weak(y * stride + x)) {
                let k = y * stride + x;
                if least(k) == 0.0 {
                    // clipped in every frame: white, as far as anyone can tell
                    (self.sum[0][k], self.sum[2][k]) = (0.0, 0.0);
                    continue;
                }
                let (mut sum, mut count) = ([0.0; 2], 0.0);
                for v in y.saturating_sub(CALM)..(y + CALM + 1).min(rows) {
                    for u in x.saturating_sub(CALM)..(x + CALM + 1).min(stride) {
                        let k = v * stride + u;
                        if weak(k) && least(k) > 0.0 {
                            (0..2).for_each(|c| sum[c] += before[c][k]);
                            count += 1.0;
                        }
                    }
                }
                let mean = sum.map(|s| s / count);
                let calm = [r, b].map(|known| known[k] < WEAK);
                let own = [before[0][k], before[1][k]];
                let out = match (g[k] < WEAK, calm) {
                    // red and blue are known well, and so is their difference
                    (true, [false, false]) => {
                        let (both, half) = (0.5 * (mean[0] + mean[1]), 0.5 * (own[0] - own[1]));
                        [both + half, both - half]
                    }
                    (true, _) => mean,
                    (false, calm) => [0, 1].map(|c| if calm[c] { mean[c] } else { own[c] }),
                };
                (self.sum[0][k], self.sum[2][k]) = (out[0], out[1]);
            }
        }
    }
}

/// Weight of all frames together, in units of the reference's, below which a colour is known badly.
const WEAK: f32 = 0.7;
/// Cells on each side over which chroma is averaged there.
const CALM: usize = 2;

/// What turns statistics into weights.
struct Judge {
    /// Colours that there are.
    active: f32,
    /// Noise of green, per signal and at black, of the reference and of the frame.
    reference: (f32, f32),
    own: (f32, f32),
}

impl Judge {
    /// How far a frame's differences around each block of a row are explained by noise, 1 fully and 0 not at all, times
    /// the weight that its noise gives it. `own` is the energy of each block and how many numbers went in, `around` the
    /// statistics of the 3x3 blocks around, `green` the level of what the frame was compared with.
    #[inline(always)]
    fn weights(
        &self,
        own: [&[f32]; 2],
        around: &[Vec<f32>; STATS],
        detail: [&[f32]; 3],
        green: &[f32],
        weight: &mut [f32],
    ) {
        let n = weight.len();
        let ([own, own_count], green) = ([&own[0][..n], &own[1][..n]], &green[..n]);
        let (energy, count) = (&around[ENERGY_SUM][..n], &around[COUNT][..n]);
        weight.fill(0.0);
        for c in 0..3 {
            let (sum, variance, detail) = (&around[SUM + c][..n], &around[VARIANCE + c][..n], &detail[c][..n]);
            for i in 0..n {
                let cells = (count[i] / self.active).max(1.0);
                let gain = GAIN_ERROR * level_of(green[i]);
                let mean = sum[i] / cells;
                let explained = variance[i] / (cells * cells) + DETAIL_MEAN * detail[i] + gain * gain + 1e-20;
                weight[i] += mean * mean / explained;
            }
        }
        for i in 0..n {
            let level = level_of(green[i]);
            let mean = weight[i] / self.active;
            let own = own[i] / own_count[i].max(1.0);
            let all = energy[i] / count[i].max(1.0);
            let trust = fall(all, ENERGY).min(fall(own, ENERGY_BLOCK)).min(fall(mean, MEAN));
            weight[i] = trust * self.by_noise(level);
        }
    }

    /// The weight of a fully trusted frame where the signal is `level`.
    #[inline(always)]
    fn by_noise(&self, level: f32) -> f32 {
        (self.reference.0 * level + self.reference.1) / (self.own.0 * level + self.own.1)
    }

    /// Full weight where a frame was compared with itself, none where it does not show the place.
    #[inline(always)]
    fn exceptions(&self, base: &[f32], frame: f32, cells: [&[f32]; 2], green: &[f32], weight: &mut [f32]) {
        let n = weight.len();
        let (base, green, [top, bottom]) = (&base[..n], &green[..n], [&cells[0][..2 * n], &cells[1][..2 * n]]);
        for i in 0..n {
            let own = self.by_noise(level_of(green[i]));
            let w = if base[i] == frame { own } else { weight[i] };
            let outside = (top[2 * i] == OUTSIDE)
                | (top[2 * i + 1] == OUTSIDE)
                | (bottom[2 * i] == OUTSIDE)
                | (bottom[2 * i + 1] == OUTSIDE);
            weight[i] = if outside { 0.0 } else { w };
        }
    }
}

/// The level of a block: 1, the white, where it is not known.
#[inline(always)]
fn level_of(green: f32) -> f32 {
    if green.abs() < IS_CLIPPED { green.max(0.0) } else { 1.0 }
}

/// Sums over 3x3 numbers of three rows.
#[inline(always)]
fn sum_around(rows: [&[f32]; 3], column: &mut Vec<f32>, out: &mut [f32]) {
    let n = out.len();
    column.clear();
    column.resize(n + 2, 0.0);
    let (a, b, c) = (&rows[0][..n], &rows[1][..n], &rows[2][..n]);
    let inner = &mut column[1..=n];
    for i in 0..n {
        inner[i] = a[i] + b[i] + c[i];
    }
    let (l, m, r) = (&column[..n], &column[1..=n], &column[2..n + 2]);
    for i in 0..n {
        out[i] = l[i] + m[i] + r[i];
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
    if !height.is_multiple_of(BLOCK) {
        v.extend_from_within(stride * (height - 1)..);
    }
}

/// 1 for the blocks of a row of which no cell is clipped or outside, 0 for the others.
#[inline(always)]
fn unclipped<const N: usize>(low: [[&[f32]; 2]; N], out: &mut [f32]) {
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

/// Adds the statistics of one colour in a row of blocks, where it is clipped on neither side. `noise` is the frame's, per signal and at black, and the share of
/// it that is left in the mean of the colour's samples of a cell.
#[inline(always)]
fn difference(
    own: [&[f32]; 2],
    base: [&[f32]; 2],
    (shot, read, share): (f32, f32, f32),
    more: &[f32],
    level: &[f32],
    base_noise: &[f32],
    detail: &[f32],
    energy: &mut [f32],
    sum: &mut [f32],
    variance: &mut [f32],
    count: &mut [f32],
) {
    let n = count.len();
    let ([a0, a1], [b0, b1]) = ([&own[0][..2 * n], &own[1][..2 * n]], [&base[0][..2 * n], &base[1][..2 * n]]);
    let (level, more, base_noise, detail) = (&level[..n], &more[..n], &base_noise[..n], &detail[..n]);
    let (energy, sum, variance, count) = (&mut energy[..n], &mut sum[..n], &mut variance[..n], &mut count[..n]);
    for i in 0..n {
        let noise = ((shot * level[i].max(0.0) + read) * more[i] + base_noise[i]) * share;
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
        // a clipped sample on either side makes it infinite or not a number
        let ok = e < f32::INFINITY;
        energy[i] += if ok { e } else { 0.0 };
        sum[i] = if ok { s } else { 0.0 };
        variance[i] = if ok { noise * (BLOCK * BLOCK) as f32 } else { 0.0 };
        count[i] += if ok { (BLOCK * BLOCK) as f32 } else { 0.0 };
    }
}

/// Adds one frame's `weight` per block to the sum of weights, and its square times the noise to that. It counts where it is
/// honest: in all colours (the second of `honest`) where the first is not 0, else in those but green (the third).
#[inline(always)]
fn add_weights(
    weight: &[f32],
    honest: [&[f32]; 3],
    level: &[f32],
    (shot, read): (f32, f32),
    more: &[f32],
    weights: &mut [f32],
    noise: &mut [f32],
) {
    let n = weights.len();
    let [whole, valid, others] = honest.map(|v| &v[..n]);
    let (weight, level, more, noise) = (&weight[..n], &level[..n], &more[..n], &mut noise[..n]);
    for i in 0..n {
        let honest = if whole[i] > 0.0 { valid[i] } else { others[i] };
        let w = weight[i] * honest / more[i];
        weights[i] += w;
        noise[i] += w * w * (shot * level[i] + read) * more[i];
    }
}

/// Frames that count, in units of the reference, whose noise is given per signal and at black.
#[inline(always)]
fn effective(weights: &[f32], noise: &[f32], level: &[f32], (shot, read): (f32, f32), out: &mut [f32]) {
    let n = out.len();
    let (weights, noise, level) = (&weights[..n], &noise[..n], &level[..n]);
    for i in 0..n {
        let frames = weights[i] * weights[i] * (shot * level[i] + read) / noise[i];
        out[i] = if noise[i] > 0.0 { frames } else { 0.0 };
    }
}

#[inline(always)]
fn divide(sum: &mut [f32], total: &[f32]) {
    let total = &total[..sum.len()];
    for k in 0..total.len() {
        sum[k] /= total[k].max(1e-12);
    }
}

#[inline(always)]
fn subtract(other: &mut [f32], green: &[f32]) {
    let green = &green[..other.len()];
    for k in 0..green.len() {
        other[k] -= green[k];
    }
}

/// Whether any number of three rows is below the limit.
#[inline(always)]
fn any_below(rows: [&[f32]; 3], limit: f32) -> bool {
    rows.iter().any(|row| {
        let mut any = 0;
        for v in *row {
            any |= u32::from(*v < limit);
        }
        any != 0
    })
}

/// Adds one frame's signal in one colour of a row of cells, where it is honest, and the frame's weight, less where its
/// noise is `more`.
#[inline(always)]
fn add_honest(low: &[f32], weight: &[f32], more: &[f32], sum: &mut [f32], total: &mut [f32]) {
    let n = weight.len();
    let more = &more[..n];
    let (low, sum, total) = (&low[..2 * n], &mut sum[..2 * n], &mut total[..2 * n]);
    for i in 0..n {
        let weight = weight[i] / more[i];
        let (left, right) = (honest(low[2 * i], weight), honest(low[2 * i + 1], weight));
        (sum[2 * i], sum[2 * i + 1]) = (sum[2 * i] + left.0, sum[2 * i + 1] + right.0);
        (total[2 * i], total[2 * i + 1]) = (total[2 * i] + left.1, total[2 * i + 1] + right.1);
    }
}

/// A number times its weight, and the weight: nothing of what is clipped.
#[inline(always)]
fn honest(v: f32, weight: f32) -> (f32, f32) {
    // not a number and infinite numbers compare false
    let ok = v.abs() < IS_CLIPPED;
    let w = if ok { weight } else { 0.0 };
    (w * if ok { v } else { 0.0 }, w)
}

/// 1 up to the first limit, 0 from the second.
#[inline(always)]
fn fall(x: f32, limits: (f32, f32)) -> f32 {
    ((limits.1 - x) / (limits.1 - limits.0)).clamp(0.0, 1.0)
}
