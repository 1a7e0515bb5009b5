//! A frame as the merge sees it: white balanced, free of falloff, exposed like the reference.

use crate::{Defect, MotionField};
use calotype_image::{RAW_BLACK, RAW_RANGE, RAW_WHITE, RawFrame, mirror};

/// Stands for a clipped sample: any sum that touches one is infinite or not a number, so not below [`IS_CLIPPED`].
pub(crate) const CLIPPED: f32 = f32::INFINITY;
/// Stands for a place that the frame does not show.
pub(crate) const OUTSIDE: f32 = f32::NEG_INFINITY;
/// No honest signal reaches this: 2^9 times the reference's white, amplified by any falloff.
pub(crate) const IS_CLIPPED: f32 = 1.0e6;
/// Share of the way from black to white beyond which a sample counts as clipped: sensors bend shortly before.
const CLIP_LEVEL: f32 = 0.985;

/// Rows that [`Signal::fetch`] brings at once.
pub(crate) const FETCHED: usize = 8;

/// One frame of the burst with its motion and its scale.
pub(crate) struct Signal<'a> {
    pub frame: &'a RawFrame,
    pub motion: &'a MotionField,
    /// Photosites that tell nothing, in row order.
    holes: &'a [Defect],
    /// Exposure relative to the reference.
    pub exposure: f32,
    /// Per colour: from linear sensor signal to balanced light in units of the reference.
    scale: [f32; 3],
    /// Noise in those units: variance is `shot * x + read`.
    pub shot: [f32; 3],
    pub read: [f32; 3],
}

impl<'a> Signal<'a> {
    pub fn new(
        frame: &'a RawFrame,
        motion: &'a MotionField,
        holes: &'a [Defect],
        reference_exposure: f32,
        neutral: [f32; 3],
    ) -> Self {
        let exposure = frame.exposure / reference_exposure;
        let scale = neutral.map(|n| 1.0 / (n * exposure));
        Self {
            frame,
            motion,
            holes,
            exposure,
            scale,
            shot: [0, 1, 2].map(|c| frame.noise.shot[c] * scale[c]),
            read: [0, 1, 2].map(|c| frame.noise.read[c] * scale[c] * scale[c]),
        }
    }

    /// Variance of a balanced signal `x` of `color`.
    #[inline(always)]
    pub fn variance(&self, color: usize, x: f32) -> f32 {
        self.shot[color] * x.max(0.0) + self.read[color]
    }

    /// The balanced signal at which each colour is clipped, where there is no falloff.
    pub fn white(&self) -> [f32; 3] {
        self.scale
    }

    /// Photosites of row `y` that tell nothing; none beyond the frame's border.
    pub fn holes(&self, y: isize) -> &'a [Defect] {
        let Ok(y) = u32::try_from(y) else { return &[] };
        let first = self.holes.partition_point(|d| d.y < y);
        let count = self.holes[first..].iter().take_while(|d| d.y == y).count();
        &self.holes[first..first + count]
    }

    /// Calls `f` with the columns of row `y` that are clipped.
    pub fn for_clipped(&self, y: usize, mut f: impl FnMut(usize)) {
        let row = self.frame.samples.row(y);
        for (i, part) in row.chunks(64).enumerate() {
            if part.iter().fold(0, |a, &v| a.max(v)) >= CLIP_CODE {
                (0..part.len()).filter(|&k| part[k] >= CLIP_CODE).for_each(|k| f(64 * i + k));
            }
        }
    }

    /// The balanced signal of one photosite, also where it is clipped.
    pub fn sample(&self, x: usize, y: usize) -> f32 {
        let samples = &self.frame.samples;
        let gain = |m: &calotype_image::Shading| m.gain_at(x, y, samples.width(), samples.height());
        let c = self.frame.cfa.color_at(x, y) as usize;
        calotype_image::raw_to_linear(samples.get(x, y)) * self.scale[c] * self.frame.shading.as_ref().map_or(1.0, gain)
    }

    /// The balanced signal of `color` at a place, from the photosites around: clipped where one of them is or where the
    /// frame does not show the place. Red and blue follow the detail of green, whose photosites are closer.
    pub fn interpolate(&self, place: (f32, f32), color: usize) -> f32 {
        if color == 1 || self.frame.cfa.is_mono() {
            return self.between(place, color, |_, _| 0.0);
        }
        let green = |x: isize, y: isize| self.between((x as f32, y as f32), 1, |_, _| 0.0);
        self.between(place, 1, |_, _| 0.0) + self.between(place, color, green)
    }

    /// Bilinear between the four photosites of `color` around a place, each less what `less` says of it.
    fn between(&self, (u, v): (f32, f32), color: usize, less: impl Fn(isize, isize) -> f32) -> f32 {
        let samples = &self.frame.samples;
        let (w, h) = (samples.width(), samples.height());
        let cell = self.frame.cfa.0;
        let Some(first) = cell.iter().position(|&c| c as usize == color) else { return CLIPPED };
        let (ox, oy) = (first & 1, first >> 1);
        let (u, v) = (u - ox as f32, v - oy as f32);
        // steps from one photosite of the colour to the next: greens lie on diagonals
        let diagonal = cell[3 - first] as usize == color && cell[first ^ 1] as usize != color;
        let (a, b) = if diagonal { (0.5 * (u + v), 0.5 * (u - v)) } else { (0.5 * u, 0.5 * v) };
        let (i, j) = (a.floor(), b.floor());
        let (s, t) = (a - i, b - j);
        let (i, j) = (i as isize, j as isize);
        let at = |i: isize, j: isize| {
            let (x, y) = if diagonal { (i + j, i - j) } else { (2 * i, 2 * j) };
            let (x, y) = (x + ox as isize, y + oy as isize);
            if x < 0 || y < 0 || x >= w as isize || y >= h as isize {
                return CLIPPED;
            }
            let (column, row) = (x as usize, y as usize);
            let gain = self.frame.shading.as_ref().map_or(1.0, |m| m.gain_at(column, row, w, h));
            convert_one(samples.get(column, row), gain * self.scale[color] / RAW_RANGE) - less(x, y)
        };
        (1.0 - t) * ((1.0 - s) * at(i, j) + s * at(i + 1, j)) + t * ((1.0 - s) * at(i, j + 1) + s * at(i + 1, j + 1))
    }

    /// Brings `n` samples from column `x0` on of rows `y` to `y + FETCHED - 1`, or of those they mirror, into the cache. Rows
    /// lie far apart in memory: a processor that is asked for several waits for all of them at once, instead of for each
    /// when its turn comes. To be called before every [`FETCHED`]-th [`Signal::load_row`].
    pub fn fetch(&self, y: isize, x0: isize, n: usize) {
        const LINE: usize = 64 / size_of::<u16>();
        let samples = &self.frame.samples;
        let end = samples.width() as isize;
        let columns = x0.clamp(0, end) as usize..(x0 + n as isize).clamp(0, end) as usize;
        for y in y..y + FETCHED as isize {
            for v in samples.row(mirror(y, samples.height()))[columns.clone()].iter().step_by(LINE) {
                std::hint::black_box(*v);
            }
        }
    }

    /// Fills `out` with the balanced signal of row `y` from column `x0`; places outside are mirrored with their colours.
    ///
    /// `gains` is scratch for the falloff, kept by the caller.
    pub fn load_row(&self, y: isize, x0: isize, out: &mut [f32], gains: &mut Vec<f32>) {
        let samples = &self.frame.samples;
        let (w, h) = (samples.width(), samples.height());
        let y = mirror(y, h);
        let row = samples.row(y);
        // the part inside the picture at full speed, then the mirrored ends
        let first = x0.clamp(0, w as isize) as usize;
        let last = (x0 + out.len() as isize).clamp(first as isize, w as isize) as usize;
        let offset = (first as isize - x0) as usize;
        let gain = self.frame.shading.as_ref().map(|s| {
            gains.resize(last - first, 1.0);
            s.gain_row(y, first, w, h, gains);
            &gains[..]
        });
        let color = [0, 1].map(|x| self.frame.cfa.color_at(x, y) as usize);
        let scale = color.map(|c| self.scale[c] / RAW_RANGE);
        convert(
            &row[first..last],
            gain,
            [scale[first & 1], scale[1 - (first & 1)]],
            &mut out[offset..][..last - first],
        );
        let ends = (0..offset).chain(offset + last - first..out.len());
        for k in ends {
            let x = mirror(x0 + k as isize, w);
            let gain = self.frame.shading.as_ref().map_or(1.0, |s| s.gain_at(x, y, w, h));
            out[k] = convert_one(row[x], gain * scale[x & 1]);
        }
    }
}

/// Copies what a part of a row stands for; where the part reaches over the row's ends it is mirrored.
#[inline(always)]
pub(crate) fn copy_mirrored<T: Copy>(row: &[T], x0: isize, out: &mut [f32], value: impl Fn(T) -> f32) {
    let n = row.len() as isize;
    let first = x0.clamp(0, n);
    let last = (x0 + out.len() as isize).clamp(first, n);
    let inside = (first - x0) as usize..(last - x0) as usize;
    for (o, v) in out[inside.clone()].iter_mut().zip(&row[first as usize..last as usize]) {
        *o = value(*v);
    }
    for k in (0..inside.start).chain(inside.end..out.len()) {
        out[k] = value(row[mirror(x0 + k as isize, row.len())]);
    }
}

const CLIP_CODE: u16 = RAW_BLACK + (CLIP_LEVEL * (RAW_WHITE - RAW_BLACK) as f32) as u16;

#[inline(always)]
fn convert_one(code: u16, scale: f32) -> f32 {
    let x = (i32::from(code) - RAW_BLACK as i32) as f32 * scale;
    if code >= CLIP_CODE { CLIPPED } else { x }
}

/// Codes of a row as balanced light; `scale` is that of the first and the second column.
fn convert(codes: &[u16], gains: Option<&[f32]>, scale: [f32; 2], out: &mut [f32]) {
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => convert_row(codes, gains, scale, out));
}

#[inline(always)]
fn convert_row(codes: &[u16], gains: Option<&[f32]>, scale: [f32; 2], out: &mut [f32]) {
    let n = codes.len();
    let out = &mut out[..n];
    // a choice by the column, and not a look-up, is vector code
    match gains {
        None => {
            for k in 0..n {
                out[k] = convert_one(codes[k], if k % 2 == 0 { scale[0] } else { scale[1] });
            }
        }
        Some(gains) => {
            let gains = &gains[..n];
            for k in 0..n {
                out[k] = convert_one(codes[k], gains[k]) * if k % 2 == 0 { scale[0] } else { scale[1] };
            }
        }
    }
}
