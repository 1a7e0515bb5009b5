//! The fast application of a local tone map, row by row.

use super::contrast::Column;
use super::grid::LEVELS;
use super::{LocalToneMap, guide, log_level};
use crate::executor::PointStage;
use crate::fast_math;
use calotype_image::Scene;
use fearless_simd::{Level, Simd, dispatch};

/// A map fitted to a picture of one size: exposure and local tone as a step of the pipeline.
#[derive(Debug)]
pub struct ToneRows<'a> {
    map: &'a LocalToneMap,
    width: usize,
    height: usize,
    level: Level,
    /// Places in the contrast planes.
    columns: Vec<Column>,
}

impl<'a> ToneRows<'a> {
    pub(super) fn new(map: &'a LocalToneMap, width: usize, height: usize) -> Self {
        let columns = map.contrast.as_ref().map_or(Vec::new(), |c| c.columns(width));
        Self { map, width, height, level: Level::new(), columns }
    }

    /// Exposes and tones row `y` of the picture, in place. The slices hold the picture's width. Panics where they
    /// are shorter.
    pub fn apply(&self, y: usize, red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
        let w = self.width;
        let (red, green, blue) = (&mut red[..w], &mut green[..w], &mut blue[..w]);
        let gain = self.map.gain;
        if self.map.grid.is_none() && self.map.contrast.is_none() {
            if gain != 1.0 {
                [red, green, blue].into_iter().for_each(|row| row.iter_mut().for_each(|v| *v *= gain));
            }
            return;
        }
        // stops to add from the contrast planes, and the local mean of log2 luminance
        let (mut mean, mut added) = (Vec::new(), Vec::new());
        let fine = match &self.map.contrast {
            Some(contrast) => {
                contrast.rows(y, self.height, &self.columns, &mut mean, &mut added);
                contrast.fine()
            }
            None => 0.0,
        };
        let mut line = Vec::new();
        let (levels, cells) = match &self.map.grid {
            Some(grid) => {
                grid.line(y, self.height, &mut line);
                (grid.levels(), grid.size().0 - 1)
            }
            None => {
                line.resize(2, [0.0; LEVELS]);
                ((0.0, 1.0), 1)
            }
        };
        let scale = cells as f32 / w as f32;
        for cell in 0..cells {
            // pixels whose centre lies between this node and the next
            let edge = |i: usize| ((i as f32 / scale - 0.5).ceil().max(0.0) as usize).min(w);
            let (from, to) = (edge(cell), if cell + 1 == cells { w } else { edge(cell + 1) });
            if from >= to {
                continue;
            }
            let segment = Segment::new(&line[cell], &line[cell + 1], levels, gain, cell, scale);
            let (r, g, b) = (&mut red[from..to], &mut green[from..to], &mut blue[from..to]);
            if self.map.contrast.is_some() {
                let (mean, added) = (&mean[from..to], &added[from..to]);
                dispatch!(self.level, simd => contrast_kernel(simd, &segment, from, fine, mean, added, r, g, b));
            } else {
                dispatch!(self.level, simd => kernel(simd, &segment, from, r, g, b));
            }
        }
    }
}

impl PointStage for ToneRows<'_> {
    type In = Scene;
    type Out = Scene;

    fn run(&self, y: usize, [red, green, blue]: [&mut [f32]; 3]) {
        self.apply(y, red, green, blue);
    }
}

/// The curves of two neighbouring nodes as sums of clamped ramps: v(u) = start + Σ rise[k] · clamp(u - k, 0, 1),
/// both linear across the cell.
struct Segment {
    start: (f32, f32),
    rise: [(f32, f32); LEVELS - 1],
    low: f32,
    per_stop: f32,
    gain: f32,
    scale: f32,
    offset: f32,
}

impl Segment {
    fn new(
        left: &[f32; LEVELS],
        right: &[f32; LEVELS],
        (low, step): (f32, f32),
        gain: f32,
        cell: usize,
        scale: f32,
    ) -> Self {
        let rise = std::array::from_fn(|k| {
            let (a, b) = (left[k + 1] - left[k], right[k + 1] - right[k]);
            (a, b - a)
        });
        let offset = 0.5 * scale - cell as f32;
        Self { start: (left[0], right[0] - left[0]), rise, low, per_stop: 1.0 / step, gain, scale, offset }
    }

    #[inline(always)]
    fn change(&self, x: f32, z: f32) -> f32 {
        let t = x * self.scale + self.offset;
        let u = (z - self.low) * self.per_stop;
        let mut v = self.start.0 + t * self.start.1;
        for k in 0..LEVELS - 1 {
            let (a, d) = self.rise[k];
            v += (a + t * d) * (u - k as f32).clamp(0.0, 1.0);
        }
        v
    }
}

#[inline(always)]
fn kernel<S: Simd>(_: S, segment: &Segment, from: usize, r: &mut [f32], g: &mut [f32], b: &mut [f32]) {
    let n = r.len();
    let (g, b) = (&mut g[..n], &mut b[..n]);
    for i in 0..n {
        let z = log_level(guide(r[i], g[i], b[i]) * segment.gain);
        let factor = segment.gain * fast_math::exp2(segment.change((from + i) as f32, z));
        r[i] *= factor;
        g[i] *= factor;
        b[i] *= factor;
    }
}

#[inline(always)]
fn contrast_kernel<S: Simd>(
    _: S,
    segment: &Segment,
    from: usize,
    fine: f32,
    mean: &[f32],
    added: &[f32],
    r: &mut [f32],
    g: &mut [f32],
    b: &mut [f32],
) {
    let n = r.len();
    let (g, b, mean, added) = (&mut g[..n], &mut b[..n], &mean[..n], &added[..n]);
    for i in 0..n {
        let z = log_level(guide(r[i], g[i], b[i]) * segment.gain);
        let detail = super::contrast::soft(z - mean[i]);
        let change = segment.change((from + i) as f32, z) + fine * detail + added[i];
        let factor = segment.gain * fast_math::exp2(change);
        r[i] *= factor;
        g[i] *= factor;
        b[i] *= factor;
    }
}
