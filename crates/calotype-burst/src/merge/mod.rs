//! Many frames into one picture: low-pass colours that the frames agree on, a luminance from all their samples, and the
//! reference's own word where it differs.

mod along;
mod color;
mod compare;
mod detail;
mod fill;
mod gather;
mod lowpass;
mod luma;
mod patch;
mod residual;
mod ring;
mod robust;
mod runs;
mod shrink;
mod signal;
mod spline;
mod stuck;

use crate::{BurstError, Defect, MotionField};
use calotype_image::{CameraRgb, Mosaic, Plane, Progress, RawFrame, Rect, Shading, Step, par};
use fill::Understudies;
use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use robust::{Agreement, BLOCK_PX};
use signal::Signal;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use stuck::find_stuck;

/// Rows of a band and columns of a tile while luminance is gathered: what a tile needs of one frame stays in cache.
const GATHER: (usize, usize) = (64, 256);
/// Rows of a band while the reference has its word, a multiple of 8: strips begin a few dozen rows above it.
const FINISH: usize = 256;
/// Rows of a band where nothing else matters.
const BAND: usize = 128;

/// A merged burst.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Camera colours at every pixel of the reference, linear, not white balanced, lens falloff undone; black 0, white of
    /// the reference 1 (times the falloff's gain), more where shorter exposures reached further. Empty where only one frame
    /// was there to gather from.
    pub rgb: CameraRgb,
    /// The merged mosaic, in the same light: at every photosite the merge in its own colour, with all that the reference says
    /// of it; its noise is that of one sample of the reference, before merging.
    pub mosaic: Mosaic,
    /// Frames that count, a number for each block of [`Merged::BLOCK`] pixels, in units of the reference: the variance of
    /// the merged mosaic is that of one frame divided by this.
    pub effective_frames: Plane<f32>,
    /// Share of the variance of one sample's noise that the reference's own word may have brought along, 0 to 1, per block.
    pub spoken: Plane<f32>,
    /// How far `rgb` can be trusted as it is, 0 to 1, per block: 0 where only the reference counts and its mosaic should be
    /// demosaiced instead.
    pub trust: Plane<f32>,
    /// Share of the picture that holds detail finer than 2x2 cells and stronger than one frame's noise, 0 to 1.
    pub busy: f32,
    /// What undoes the reference's lens falloff; already applied to `rgb` and `mosaic`.
    pub shading: Option<Shading>,
    /// Largest signal the burst could record, in units of the reference's white: 1 for equal exposures.
    pub white: f32,
}

impl Merged {
    /// Pixels along the side of a block of the maps.
    pub const BLOCK: usize = BLOCK_PX;

    /// The merged mosaic, with the lens falloff of the reference as it was, so that its gain maps still hold.
    pub fn into_raw(self) -> Mosaic {
        let Self { mut mosaic, shading, .. } = self;
        let (w, h) = (mosaic.samples.width(), mosaic.samples.height());
        let Some(shading) = shading else { return mosaic };
        par::bands_mut(&mut mosaic.samples, BAND, |top, mut band| {
            let mut gains = vec![1.0; w];
            for y in 0..band.height() {
                shading.gain_row(top + y, 0, w, h, &mut gains);
                band.row_mut(y).iter_mut().zip(&gains).for_each(|(v, gain)| *v /= gain);
            }
        });
        mosaic
    }

    /// The colours of 2x2 cells of the mosaic, greens averaged: a picture of half the size, each way.
    pub fn cells(&self) -> CameraRgb {
        let Mosaic { samples, cfa, .. } = &self.mosaic;
        let mut rgb = CameraRgb::new(samples.width() / 2, samples.height() / 2);
        par::bands3_mut(&mut rgb.planes, BAND, |top, mut bands| {
            for y in 0..bands[0].height() {
                let rows = [0, 1].map(|j| samples.row(2 * (top + y) + j));
                for (x, (a, b)) in rows[0].chunks_exact(2).zip(rows[1].chunks_exact(2)).enumerate() {
                    let (mut sum, mut count) = ([0.0; 3], [0.0f32; 3]);
                    for (v, c) in [a[0], a[1], b[0], b[1]].into_iter().zip(cfa.0) {
                        sum[c as usize] += v;
                        count[c as usize] += 1.0;
                    }
                    for c in 0..3 {
                        let c_or_mono = if count[c] > 0.0 { c } else { 1 };
                        bands[c].row_mut(y)[x] = sum[c_or_mono] / count[c_or_mono].max(1.0);
                    }
                }
            }
        });
        rgb
    }

    /// Frames by whose number the variance of the noise may be divided, per block: [`Merged::effective_frames`], and fewer
    /// where the reference spoke for itself.
    pub fn quiet_frames(&self) -> Plane<f32> {
        let frames = &self.effective_frames;
        Plane::from_fn(frames.width(), frames.height(), |x, y| {
            let n = frames.get(x, y);
            n / (1.0 + n * self.spoken.get(x, y))
        })
    }

    /// Number of frames by which the noise of the merged mosaic is lower than one frame's: the median over blocks, and
    /// what gathering smooths on top, which is less where there is detail to keep.
    pub fn noise_divisor(&self) -> f32 {
        let mut n: Vec<f32> = self.effective_frames.data().iter().copied().filter(|&v| v > 0.0).collect();
        if n.is_empty() {
            return 1.0;
        }
        let middle = n.len() / 2;
        let median = *n.select_nth_unstable_by(middle, f32::total_cmp).1;
        if median < 1.5 { median.max(0.05) } else { median * (QUIET_GAIN + (BUSY_GAIN - QUIET_GAIN) * self.busy) }
    }
}

/// Frames by which gathering smooths flat areas beyond the mean of frames, in a picture without detail and in one full of
/// it; measured on simulated bursts.
const QUIET_GAIN: f32 = 1.62;
const BUSY_GAIN: f32 = 0.85;

/// Merges aligned frames. `motions[i]` says where the pixels of frame `reference` are found in frame i; frames are of one
/// size and CFA. `defects` (in row order) are photosites that tell nothing: the other frames speak in their place. `neutral`
/// is the camera signal of a grey object (green 1 by convention; any scale will do): colours are compared and joined in
/// balanced light. Frames are dropped as soon as nothing more is to be learnt from them.
///
/// # Errors
/// [`BurstError::Cancelled`] where `progress` asks to stop.
pub fn merge_aligned(
    mut frames: Vec<RawFrame>,
    motions: &[MotionField],
    defects: &[Defect],
    reference: usize,
    neutral: [f32; 3],
    progress: &dyn Progress,
) -> Result<Merged, BurstError> {
    progress.report(Step::Merge, 0.0)?;
    let exposure = frames[reference].exposure;
    let neutral = balanced(neutral, &frames[reference]);
    if let [frame] = &frames[..] {
        return Ok(alone(frame, &Signal::new(frame, &motions[0], defects, exposure, neutral), neutral));
    }
    let white = frames.iter().map(|f| exposure / f.exposure).fold(1.0, f32::max);
    let (agreement, mut rgb, weights) = {
        let signals: Vec<Signal> =
            frames.iter().zip(motions).map(|(f, m)| Signal::new(f, m, defects, exposure, neutral)).collect();
        let understudies: Vec<_> = signals.iter().map(|s| Understudies::of(s, &signals)).collect();
        let agreement = robust::agree(&signals, &understudies, reference);
        progress.report(Step::Merge, 0.4)?;
        let (rgb, weights) = gather_luminance(&signals, &understudies, &agreement, progress)?;
        (agreement, rgb, weights)
    };
    let base = frames.swap_remove(reference);
    drop(frames);
    let signal = Signal::new(&base, &motions[reference], defects, exposure, neutral);
    let ([trust, spoken], mut samples) = finish_luminance(&signal, &agreement, &weights, &mut rgb);
    drop(weights);
    progress.report(Step::Merge, 0.9)?;
    color::add(&signal, &agreement.chroma, neutral, &mut rgb, &mut samples);
    progress.report(Step::Merge, 1.0)?;
    let busy = busy(&agreement, &signal);
    let Agreement { effective: effective_frames, .. } = agreement;
    let mosaic = Mosaic { samples, cfa: base.cfa, noise: base.noise };
    Ok(Merged { rgb, mosaic, effective_frames, spoken, trust, busy, shading: base.shading, white })
}

/// The camera signal of a grey object with green 1; without filters every object is grey.
fn balanced(neutral: [f32; 3], frame: &RawFrame) -> [f32; 3] {
    match frame.cfa.is_mono() {
        true => [1.0; 3],
        false => neutral.map(|n| (n / neutral[1].max(1e-6)).clamp(0.02, 50.0)),
    }
}

/// Luminance from the samples of all frames in the first plane, and the sum of their weights as [`weight_code`]s: all frames
/// are in memory still.
fn gather_luminance(
    signals: &[Signal],
    understudies: &[Understudies],
    agreement: &Agreement,
    progress: &dyn Progress,
) -> Result<(CameraRgb, Plane<u16>), BurstError> {
    let samples = &signals[0].frame.samples;
    let (width, height) = (samples.width(), samples.height());
    // what every frame shows clipped is at least as bright as the shortest exposure could tell
    let white = signals.iter().map(|s| s.white()[1]).fold(0.0, f32::max);
    let mut rgb = CameraRgb::new(width, height);
    let mut weights = Plane::new(width, height);
    let done = AtomicUsize::new(0);
    par::bands(&mut rgb.planes[0], GATHER.0).zip(par::bands(&mut weights, GATHER.0)).try_for_each(
        |((top, mut luma), (_, mut weights))| {
            let mut s = luma::Scratch::default();
            for left in (0..width).step_by(GATHER.1) {
                let tile = Rect { x: left, y: top, width: GATHER.1.min(width - left), height: luma.height() };
                luma::gather_all(signals, understudies, agreement, tile, &mut s);
                for y in 0..tile.height {
                    let at = y * tile.width..(y + 1) * tile.width;
                    let (sum, weight) = (&s.sum[at.clone()], &s.weights[at]);
                    let luma = &mut luma.row_mut(y)[left..left + tile.width];
                    let codes = &mut weights.row_mut(y)[left..left + tile.width];
                    let level = fearless_simd::Level::new();
                    fearless_simd::dispatch!(level, _simd => means(sum, weight, white, luma, codes));
                }
            }
            let rows = done.fetch_add(luma.height(), Ordering::Relaxed) + luma.height();
            progress.report(Step::Merge, 0.4 + 0.4 * rows as f32 / height as f32)
        },
    )?;
    Ok((rgb, weights))
}

/// Means of weighted sums, `white` where nothing is known, and codes of the weights.
#[inline(always)]
fn means(sums: &[f32], weights: &[f32], white: f32, luma: &mut [f32], codes: &mut [u16]) {
    for (((luma, code), sum), weight) in luma.iter_mut().zip(codes).zip(sums).zip(weights) {
        let mean = sum / weight;
        *luma = if *weight > residual::NOTHING { mean } else { white };
        *code = weight_code(*weight);
    }
}

/// A weight in half the memory: the upper half of its bits, to 0.8 per cent.
fn weight_code(weight: f32) -> u16 {
    (weight.to_bits() >> 16) as u16
}

/// The weight that a [`weight_code`] stands for.
fn weight_of(code: u16) -> f32 {
    f32::from_bits(u32::from(code) << 16)
}

/// From gathered luminance in the first plane and `weights` to the final luminance in the middle one. Returns how far the
/// picture can be trusted as it is and how much of the reference's noise was spoken, per block, and the luminance of every
/// photosite in its own colour's word.
fn finish_luminance(
    base: &Signal,
    agreement: &Agreement,
    weights: &Plane<u16>,
    rgb: &mut CameraRgb,
) -> ([Plane<f32>; 2], Plane<f32>) {
    let needed = along::needed(base, &agreement.effective);
    let [luma, out, rest] = &mut rgb.planes;
    let (gathered, width) = (&*luma, luma.width());
    let mut trust = trust(agreement);
    let mut spoken = Plane::new(trust.width(), trust.height());
    let mut own = Plane::new(width, gathered.height());
    let rows = FINISH / BLOCK_PX;
    let blocks = par::bands(&mut trust, rows).zip(par::bands(&mut spoken, rows));
    par::bands(out, FINISH).zip(par::bands(&mut own, FINISH)).zip(par::bands(rest, FINISH)).zip(blocks).for_each(
        |((((top, mut band), (_, mut own)), (_, mut rest)), ((_, mut trust), (_, mut spoken)))| {
            let mut scratch = residual::Scratch::default();
            for left in (0..width).step_by(residual::STRIP) {
                let area = Rect { x: left, y: top, width: residual::STRIP.min(width - left), height: band.height() };
                let out = [&mut band, &mut own, &mut trust, &mut spoken];
                let rest = (needed > 0.0).then_some(&mut rest);
                residual::finish(base, agreement, gathered, weights, area, &mut scratch, out, rest);
            }
        },
    );
    if needed > 0.0 {
        along::restore(base, weights, out, rest, needed, luma, &mut own);
        rgb.planes.swap(0, 1);
    }
    ([trust, spoken], own)
}

/// A single frame: its mosaic as it is, lens falloff undone, with everything left to the demosaic.
fn alone(frame: &RawFrame, signal: &Signal, neutral: [f32; 3]) -> Merged {
    let (width, height) = (frame.samples.width(), frame.samples.height());
    let mut samples = Plane::new(width, height);
    par::bands_mut(&mut samples, BAND, |top, mut band| {
        let mut gains = Vec::new();
        for y in 0..band.height() {
            let row = band.row_mut(y);
            signal.load_row((top + y) as isize, 0, row, &mut gains);
            for (x, v) in row.iter_mut().enumerate() {
                let known = if v.is_finite() { *v } else { signal.sample(x, top + y) };
                *v = known * neutral[frame.cfa.color_at(x, top + y) as usize];
            }
        }
    });
    let blocks = (width.div_ceil(BLOCK_PX).max(1), height.div_ceil(BLOCK_PX).max(1));
    Merged {
        rgb: CameraRgb::new(0, 0),
        mosaic: Mosaic { samples, cfa: frame.cfa, noise: frame.noise },
        effective_frames: Plane::filled(blocks.0, blocks.1, 1.0),
        spoken: Plane::new(blocks.0, blocks.1),
        trust: Plane::new(blocks.0, blocks.1),
        busy: 0.0,
        shading: frame.shading.clone(),
        white: 1.0,
    }
}

/// Variance of detail, in units of that of green's noise, which is hardly ever reached by chance.
const DETAIL: f32 = 4.0;

/// Share of the blocks whose detail stands out from the noise.
fn busy(agreement: &Agreement, signal: &Signal) -> f32 {
    let blocks = agreement.detail.data().iter().zip(agreement.level.data());
    let count = blocks.filter(|&(&detail, &level)| detail > DETAIL * signal.variance(1, level)).count();
    count as f32 / agreement.detail.data().len().max(1) as f32
}

/// One frame's mosaic needs a demosaic; four frames scattered at random rarely leave a gap.
fn trust(agreement: &Agreement) -> Plane<f32> {
    let n = &agreement.effective;
    Plane::from_fn(n.width(), n.height(), |x, y| ((n.get(x, y) - 2.0) / 2.5).clamp(0.0, 1.0))
}
