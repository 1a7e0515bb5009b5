//! What alignment needs of one frame.

use super::cells::CELL;
use super::global::View;
use super::grey::{BLUR_NOISE, Tone, fine_detail, gain_at, gain_grid, smooth_grey};
use super::pyramid::{decimate, halve};
use crate::motion::Homography;
use calotype_image::{Plane, RawFrame};

/// The widest picture the exhaustive search may get.
const COARSEST_WIDTH: usize = 96;

/// Cells that are enough for the global motion, at level 0 and on the way there.
const ANCHORS: [usize; 2] = [8192, 2048];
/// Regions across and down from each of which the same number of cells is taken.
const REGIONS: usize = 16;
/// Variance of false structure in the smooth grey per variance of detail too fine for it. A few thousandths get through
/// the 2x2 mean and the blur, but they are alike over many pixels.
const FALSE_STRUCTURE: f32 = 0.1;

/// A grey pyramid of one raw frame, made once and used for every comparison.
///
/// Level 0 is half the frame's size, every further level half of the one before; grey is the square root of light, in
/// units of the reference's exposure, so that noise is about equally strong everywhere. Invalid (clipped) pixels are NaN.
/// Memory: 1.33 bytes per raw sample.
#[derive(Clone, Debug)]
pub struct Prepared {
    width: usize,
    height: usize,
    tone: Tone,
    /// Exposure of the reference of the burst.
    exposure: f32,
    /// Noise of grey light: variance per light and at black, without shading gain.
    noise: (f32, f32),
    gains: Option<Plane<f32>>,
    levels: Vec<Plane<f32>>,
    /// Variance of light too fine for the smooth grey, per cell of level 0; of the reference only.
    detail: Option<Plane<f32>>,
    /// The most telling cells of levels 0 and 1; of the reference only.
    anchors: [Vec<(u32, u32)>; 2],
}

impl Prepared {
    /// Prepares the reference frame of a burst.
    pub fn reference(frame: &RawFrame) -> Self {
        let (shot, read) = grey_noise(frame, 1.0);
        let offset = (read / shot.max(1e-12)).clamp(1e-4, 0.1);
        let mut prepared = Self::new(frame, frame.exposure, offset);
        prepared.detail = Some(fine_detail(frame, CELL));
        prepared.anchors = [0, 1].map(|level| select_anchors(&prepared, level));
        prepared
    }

    /// Prepares another frame for comparison with this reference: on its exposure and its tone scale.
    pub fn prepare(&self, frame: &RawFrame) -> Self {
        Self::new(frame, self.exposure, self.tone.offset)
    }

    fn new(frame: &RawFrame, exposure: f32, offset: f32) -> Self {
        let (width, height) = (frame.samples.width(), frame.samples.height());
        let gain = if frame.exposure > 0.0 && exposure > 0.0 { exposure / frame.exposure } else { 1.0 };
        let tone = Tone { offset, gain };
        let gains = (width > 1 && height > 1).then(|| gain_grid(frame.shading.as_ref(), width, height)).flatten();
        let mut levels = vec![smooth_grey(frame, tone, gains.as_ref())];
        levels.push(decimate(&levels[0]));
        while levels[levels.len() - 1].width() >= COARSEST_WIDTH {
            levels.push(halve(&levels[levels.len() - 1]));
        }
        Self {
            width,
            height,
            tone,
            exposure,
            noise: grey_noise(frame, gain),
            gains,
            levels,
            detail: None,
            anchors: [Vec::new(), Vec::new()],
        }
    }

    /// Width of the frame in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height of the frame in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of levels.
    pub(super) fn level_count(&self) -> usize {
        self.levels.len()
    }

    /// A level; (x, y) of it is centred at (s x + 0.5, s y + 0.5) of the frame, s = 2^(level + 1).
    pub(super) fn level(&self, level: usize) -> &Plane<f32> {
        &self.levels[level]
    }

    /// Cells to find the global motion with: a selection of the textured ones at levels 0 and 1, otherwise all.
    pub(super) fn anchors(&self, level: usize) -> Vec<(u32, u32)> {
        self.anchors.get(level).cloned().unwrap_or_else(|| all_cells(&self.levels[level]))
    }

    /// Share of the pixels that are not clipped, judged on the coarsest level.
    pub(super) fn valid_share(&self) -> f32 {
        let pixels = self.levels[self.levels.len() - 1].data();
        pixels.iter().filter(|v| !v.is_nan()).count() as f32 / pixels.len().max(1) as f32
    }

    /// Light that makes a grey, in units of the reference's exposure.
    pub(super) fn light(&self, grey: f32) -> f32 {
        self.tone.light(grey)
    }

    /// All cells of a level.
    pub(super) fn all_cells(&self, level: usize) -> Vec<(u32, u32)> {
        all_cells(&self.levels[level])
    }

    /// Variance of a grey of that value around pixel (x, y) of `level`.
    pub(super) fn variance(&self, level: usize, x: usize, y: usize, grey: f32) -> f32 {
        let gain = self.gains.as_ref().map_or(1.0, |g| gain_at(g, x << level, y << level));
        let light = self.tone.light(grey).max(0.0);
        let variance = gain * (self.noise.0 * light + gain * self.noise.1);
        // d grey / d light = 1 / (2 grey); from level 2 on, each averages about four pixels of the one before
        let averaging = 1.0 / (1u32 << (2 * level.saturating_sub(1)).min(20)) as f32;
        let detail = self.detail.as_ref().map_or(0.0, |d| {
            let at = |v: usize| ((v << level) / CELL) as isize;
            gain * gain * d.clamped(at(x), at(y))
        });
        averaging * (BLUR_NOISE * variance + FALSE_STRUCTURE * detail) / (4.0 * grey * grey).max(1e-9)
    }
}

/// All cells of a level that fit, side by side.
fn all_cells(plane: &Plane<f32>) -> Vec<(u32, u32)> {
    let (w, h) = (plane.width(), plane.height());
    let mut cells = Vec::new();
    for y in (1..h.saturating_sub(CELL)).step_by(CELL) {
        for x in (1..w.saturating_sub(CELL)).step_by(CELL) {
            cells.push((x as u32, y as u32));
        }
    }
    cells
}

/// The cells of a level that tell most about motion, from everywhere in the picture: all where there are few.
fn select_anchors(reference: &Prepared, level: usize) -> Vec<(u32, u32)> {
    let view = View { reference, frame: reference, level };
    let cells = all_cells(reference.level(level));
    if cells.len() <= ANCHORS[level] {
        return cells;
    }
    let (w, h) = (reference.level(level).width(), reference.level(level).height());
    let per_region = ANCHORS[level] / (REGIONS * REGIONS);
    let information = view.measure(&Homography::IDENTITY, &cells);
    let mut regions: Vec<Vec<(f32, (u32, u32))>> = vec![Vec::new(); REGIONS * REGIONS];
    for (e, cell) in information.iter().zip(cells) {
        let region = cell.1 as usize * REGIONS / h * REGIONS + cell.0 as usize * REGIONS / w;
        // both directions count, a strong edge a little
        regions[region].push((e.weakest() + 0.1 * (e.a[0] + e.a[2]), cell));
    }
    let mut chosen = Vec::with_capacity(ANCHORS[level]);
    for mut region in regions {
        region.sort_by(|a, b| b.0.total_cmp(&a.0));
        chosen.extend(region.into_iter().take(per_region).map(|(_, cell)| cell));
    }
    chosen.sort_unstable_by_key(|&(x, y)| (y, x));
    chosen
}

/// Noise of the mean of a 2x2 cell in light: variance per light, and at black.
fn grey_noise(frame: &RawFrame, gain: f32) -> (f32, f32) {
    let mean = |v: [f32; 3]| (v[0] + 2.0 * v[1] + v[2]) / 4.0;
    (0.25 * gain * mean(frame.noise.shot), 0.25 * gain * gain * mean(frame.noise.read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{Cfa, NoiseModel, linear_to_raw};

    /// Deterministic, roughly normal noise.
    fn normal(seed: &mut u64) -> f32 {
        (0..12)
            .map(|_| {
                *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (*seed >> 40) as f32 / (1u64 << 24) as f32
            })
            .sum::<f32>()
            - 6.0
    }

    #[test]
    fn the_variance_is_that_of_the_pictures() {
        for (signal, exposure) in [(0.3f32, 1.0f32), (0.02, 1.0), (0.05, 0.25)] {
            let noise = NoiseModel::uniform(1e-3, 1e-5);
            let mut seed = 7;
            let frame = |exposure: f32, seed: &mut u64| RawFrame {
                samples: Plane::from_fn(256, 256, |_, _| {
                    let x = signal * exposure;
                    linear_to_raw(x + normal(seed) * noise.variance(1, x).sqrt())
                }),
                cfa: Cfa::RGGB,
                noise,
                exposure,
                shading: None,
            };
            let reference = Prepared::reference(&frame(1.0, &mut seed));
            let p = reference.prepare(&frame(exposure, &mut seed));
            let v = p.level(0).data();
            let mean = v.iter().sum::<f32>() / v.len() as f32;
            let variance = v.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / v.len() as f32;
            let predicted = p.variance(0, 5, 5, mean);
            assert!((mean - p.tone.grey(signal)).abs() < 0.01, "{mean}");
            assert!((variance / predicted - 1.0).abs() < 0.15, "{signal} {exposure}: {variance} {predicted}");
        }
    }

    #[test]
    fn tiny_frames_are_prepared() {
        for (w, h) in [(1, 1), (1, 40), (2, 2), (3, 200), (500, 3)] {
            let frame = RawFrame {
                samples: Plane::filled(w, h, 20000),
                cfa: Cfa::RGGB,
                noise: NoiseModel::uniform(1e-3, 1e-5),
                exposure: 1.0,
                shading: None,
            };
            let p = Prepared::reference(&frame);
            assert_eq!((p.width(), p.height()), (w, h));
        }
    }
}
