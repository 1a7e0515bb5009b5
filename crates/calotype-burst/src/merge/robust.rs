//! Which frames agree with the reference where, and the colour they agree on.

use super::compare::Tile;
use super::detail::{self, Sharpener};
use super::fill::Understudies;
use super::lowpass::Cells;
use super::ring::Ring;
use super::shrink::HOP;
use super::signal::{Signal, copy_mirrored};
use calotype_image::par::{self, Band};
use calotype_image::{Plane, mirror};
use fearless_simd::Simd;

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
    /// True for the blocks where some colour is clipped in all but dim frames.
    pub weak: Plane<bool>,
}

impl Agreement {
    /// Nothing yet, for `frames` frames and a picture of `cells.0` x `cells.1` cells.
    fn new(signals: &[Signal], cells: (usize, usize)) -> Self {
        let (bw, bh) = (cells.0.div_ceil(BLOCK), cells.1.div_ceil(BLOCK));
        Self {
            // the largest weight a frame can have: where read noise rules, the square of its exposure
            heaviest: signals.iter().map(|s| s.exposure * s.exposure).fold(1.0, f32::max),
            weights: vec![Plane::new(bw, bh); signals.len()],
            chroma: [Plane::new(cells.0, cells.1), Plane::new(cells.0, cells.1)],
            level: Plane::new(bw, bh),
            detail: Plane::new(bw, bh),
            effective: Plane::new(bw, bh),
            weak: Plane::new(bw, bh),
        }
    }

    /// The weight, in units of the reference's, of a number of [`Agreement::weights`]: its square, so that the lightest
    /// frame of a bracket still counts.
    #[inline(always)]
    pub fn weight(&self, code: f32) -> f32 {
        code * code * (self.heaviest / (255.0 * 255.0))
    }

    /// Copies a band of block rows to its place, from block row `top` on.
    fn paste(&mut self, band: &Self, top: usize) {
        fn paste<T: Copy>(to: &mut Plane<T>, from: &Plane<T>, top: usize) {
            for y in 0..from.height() {
                to.row_mut(top + y).copy_from_slice(from.row(y));
            }
        }
        self.weights.iter_mut().zip(&band.weights).for_each(|(to, from)| paste(to, from, top));
        self.chroma.iter_mut().zip(&band.chroma).for_each(|(to, from)| paste(to, from, top * BLOCK));
        paste(&mut self.level, &band.level, top);
        paste(&mut self.detail, &band.detail, top);
        paste(&mut self.effective, &band.effective, top);
        paste(&mut self.weak, &band.weak, top);
    }
}

/// Blocks of a band of work, and across a tile: its buffers stay in cache.
const BAND: usize = 24;
const TILE: usize = 48;
/// Bands worked on before their results are gathered.
const AT_ONCE: usize = 16;

/// Compares all frames with the reference.
pub(crate) fn agree(signals: &[Signal], understudies: &[Understudies], reference: usize) -> Agreement {
    let samples = &signals[reference].frame.samples;
    let (cw, ch) = ((samples.width() / 2).max(1), (samples.height() / 2).max(1));
    let mut out = Agreement::new(signals, (cw, ch));
    let bands = ch.div_ceil(BLOCK * BAND);
    for first in (0..bands).step_by(AT_ONCE) {
        let found = par::map(AT_ONCE.min(bands - first), |i| {
            band(signals, understudies, reference, (first + i) * BAND, (cw, ch))
        });
        for (i, band) in found.iter().enumerate() {
            out.paste(band, (first + i) * BAND);
        }
    }
    for which in 0..2 {
        out.chroma[which] = sharpen_chroma(&out, &signals[reference], which);
    }
    out
}

/// The part of [`agree`] for [`BAND`] rows of blocks from `top` on.
fn band(
    signals: &[Signal],
    understudies: &[Understudies],
    reference: usize,
    top: usize,
    (cw, ch): (usize, usize),
) -> Agreement {
    let (bw, bh) = (cw.div_ceil(BLOCK), (ch.div_ceil(BLOCK) - top).min(BAND));
    let rows = (top * BLOCK, ((top + bh) * BLOCK).min(ch));
    let mut out = Agreement::new(signals, (cw, rows.1 - rows.0));
    let mut tile = Tile::new(signals, understudies, reference);
    for left in (0..bw).step_by(TILE) {
        let right = (left + TILE).min(bw);
        tile.compare(Cells { x: (left * BLOCK, (right * BLOCK).min(cw)), y: rows }, (cw, ch));
        for y in 0..bh {
            for (z, weights) in out.weights.iter_mut().enumerate() {
                codes(tile.weights(z, y), out.heaviest, &mut weights.row_mut(y)[left..right]);
            }
            out.effective.row_mut(y)[left..right].copy_from_slice(tile.effective(y));
            out.level.row_mut(y)[left..right].copy_from_slice(tile.level(y));
            for (to, from) in out.weak.row_mut(y)[left..right].iter_mut().zip(tile.weak(y)) {
                *to = *from > 0.0;
            }
            out.detail.row_mut(y)[left..right].copy_from_slice(tile.detail(y));
        }
        for y in 0..rows.1 - rows.0 {
            for (c, plane) in out.chroma.iter_mut().enumerate() {
                plane.row_mut(y)[left * BLOCK..(right * BLOCK).min(cw)].copy_from_slice(tile.chroma(c, y));
            }
        }
    }
    out
}

/// Weights as they are stored: see [`Agreement::weight`].
fn codes(weights: &[f32], heaviest: f32, out: &mut [u8]) {
    for (o, w) in out.iter_mut().zip(weights) {
        *o = ((w / heaviest).clamp(0.0, 1.0).sqrt() * 255.0 + 0.5) as u8;
    }
}

/// Share of the removed detail's energy that shows as false colour in a single frame.
const CHROMA_ALIAS: f32 = 0.2;

/// Columns of a strip of cells, and of the strip with what lies around it.
const STRIP: usize = CHROMA - 2 * detail::MARGIN;
const CHROMA: usize = 8 * detail::SHARPENED;

/// Takes the gathering's blur from one plane of chroma (0 red, 1 blue), where it stands out from the noise.
fn sharpen_chroma(agreement: &Agreement, base: &Signal, which: usize) -> Plane<f32> {
    let source = &agreement.chroma[which];
    let mut out = Plane::new(source.width(), source.height());
    par::bands_mut(&mut out, BAND * BLOCK, |top, mut band| {
        let mut s = Strip::default();
        for left in (0..source.width()).step_by(STRIP) {
            fearless_simd::dispatch!(fearless_simd::Level::new(), simd => {
                s.sharpen(simd, agreement, base, which, (left, top), &mut band);
            });
        }
    });
    out
}

/// The rows of a strip of chroma in hand.
#[derive(Default)]
struct Strip {
    sharpener: Sharpener,
    rows: Ring<16>,
    noise: Vec<f32>,
}

impl Strip {
    /// Sharpens the columns of `band` from `left` on; the band's first row is the plane's row `top`.
    #[inline(always)]
    fn sharpen<S: Simd>(
        &mut self,
        simd: S,
        agreement: &Agreement,
        base: &Signal,
        which: usize,
        (left, top): (usize, usize),
        band: &mut Band<f32>,
    ) {
        const REACH: isize = detail::MARGIN as isize;
        let source = &agreement.chroma[which];
        let width = STRIP.min(source.width() - left);
        self.sharpener.start(CHROMA);
        self.rows.reshape(CHROMA);
        self.noise.resize(CHROMA, 0.0);
        let x0 = left as isize - REACH;
        let (first, last) = (top as isize, (top + band.height()) as isize);
        // blocks begin at every fourth row, and end two rows above the last that is in
        for y in first - REACH - 2..last + REACH + 2 {
            copy_mirrored(source.row(mirror(y, source.height())), x0, self.rows.row_mut(y), |v| v);
            self.sharpener.push(y, self.rows.row(y));
            self.sharpener.detail(simd, y - 2, self.rows.row(y - 2));
            let block = y - 1 - REACH;
            if block % HOP as isize != 0 || block <= first - REACH {
                continue;
            }
            self.noise(agreement, base, which, x0, mirror(block + HOP as isize, source.height()));
            self.sharpener.judge(simd, block, &self.noise, 0.0);
            for y in block.max(first)..(block + HOP as isize).min(last) {
                let row = self.rows.row_mut(y);
                self.sharpener.add(simd, y, row);
                let out = &mut band.row_mut((y - first) as usize)[left..][..width];
                out.copy_from_slice(&row[detail::MARGIN..][..width]);
            }
        }
    }

    /// Noise of one gathered sample of chroma in the row `y`, before gathering, where blocks are judged by it.
    fn noise(&mut self, agreement: &Agreement, base: &Signal, which: usize, x0: isize, y: usize) {
        let (level, frames) = (agreement.level.row(y / BLOCK), agreement.effective.row(y / BLOCK));
        let detail = agreement.detail.row(y / BLOCK);
        for (k, noise) in self.noise.iter_mut().enumerate().step_by(HOP) {
            let x = mirror(x0 + k as isize, agreement.chroma[which].width()) / BLOCK;
            let (level, frames) = (level[x], frames[x]);
            let own = base.variance(2 * which, level) + 0.5 * base.variance(1, level);
            *noise = (own + CHROMA_ALIAS * detail[x]) / frames.max(1.0);
        }
    }
}
