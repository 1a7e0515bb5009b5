//! From stored numbers to one linear scale (DNG 1.7.1, chapter 5).

use crate::error::DngError;
use crate::layout::Layout;
use crate::parse::Notes;
use crate::tiff::{Directory, tags};
use calotype_image::{Plane, RAW_BLACK, RAW_RANGE, Rect};
use fearless_simd::{Level, dispatch};

/// Where black and white lie, for every sample of the active area.
#[derive(Clone, Debug)]
pub(crate) struct LevelMap {
    /// LinearizationTable; empty where missing.
    table: Vec<u16>,
    /// Rows and columns of the pattern of black levels.
    repeat: [usize; 2],
    /// Black levels by row, column and sample of the pattern.
    black: Vec<f32>,
    /// BlackLevelDeltaH, one per column of the active area; empty where missing.
    delta_h: Vec<f32>,
    /// BlackLevelDeltaV, one per row.
    delta_v: Vec<f32>,
    white: Vec<f32>,
    samples: usize,
}

/// Row-wise factors of one colour plane: `code = (v - delta_v) * scale + offset[x]`.
pub(crate) struct PlaneLevels {
    scale: f32,
    /// One line per row of the black pattern, as wide as the active area.
    offsets: Vec<Vec<f32>>,
}

/// The most rows or columns of a black pattern; a few are usual, files may ask for anything.
const MAX_REPEAT: u64 = 64;

impl LevelMap {
    /// Reads the levels of a raw directory; what makes no sense falls back to the defaults with a warning.
    pub(crate) fn new(ifd: &Directory<'_>, layout: &Layout, notes: &mut Notes) -> Result<Self, DngError> {
        let samples = layout.samples;
        let table = ifd.u64s(tags::LINEARIZATION_TABLE)?.unwrap_or_default();
        if table.iter().any(|&v| v > 65535) || table.len() > 65536 {
            return Err(ifd.bad(tags::LINEARIZATION_TABLE, "is no table of at most 65536 16-bit values"));
        }
        let repeat = match ifd.u64s(tags::BLACK_LEVEL_REPEAT_DIM)? {
            None => [1, 1],
            Some(d) if d.len() == 2 && d.iter().all(|n| (1..=MAX_REPEAT).contains(n)) => [d[0] as usize, d[1] as usize],
            Some(_) => {
                return Err(ifd.bad(tags::BLACK_LEVEL_REPEAT_DIM, format!("is not two numbers from 1 to {MAX_REPEAT}")));
            }
        };
        let count = repeat[0] * repeat[1] * samples;
        let black = match ifd.f64s(tags::BLACK_LEVEL)? {
            None => vec![0.0; count],
            Some(levels) if levels.len() == count => levels,
            // One level for all is a common slip of writers.
            Some(levels) if !levels.is_empty() && levels.iter().all(|l| *l == levels[0]) => vec![levels[0]; count],
            Some(levels) => {
                return Err(ifd.bad(tags::BLACK_LEVEL, format!("{} values instead of {count}", levels.len())));
            }
        };
        let default_white = if layout.float { 1.0 } else { ((1u64 << layout.bits) - 1) as f64 };
        let white = match ifd.f64s(tags::WHITE_LEVEL)? {
            None => vec![default_white; samples],
            Some(levels) if levels.len() >= samples => levels[..samples].to_vec(),
            Some(levels) => vec![levels.first().copied().unwrap_or(default_white); samples],
        };
        let mut delta =
            |tag| -> Vec<f32> { notes.take(ifd.f64s(tag)).unwrap_or_default().iter().map(|&v| v as f32).collect() };
        let map = Self {
            table: table.iter().map(|&v| v as u16).collect(),
            repeat,
            black: black.iter().map(|&v| v as f32).collect(),
            delta_h: delta(tags::BLACK_LEVEL_DELTA_H),
            delta_v: delta(tags::BLACK_LEVEL_DELTA_V),
            white: white.iter().map(|&v| v as f32).collect(),
            samples,
        };
        for sample in 0..samples {
            let (black, white) = (map.max_black(sample), map.white[sample]);
            // Nothing may be not a number here: tags are read as finite, but their sum may overflow.
            if white <= black || !(white - black).is_finite() {
                return Err(ifd.bad(tags::WHITE_LEVEL, format!("white {white} is not above black {black}")));
            }
        }
        Ok(map)
    }

    /// The mean black level of a sample over the picture.
    pub(crate) fn mean_black(&self, sample: usize) -> f64 {
        let levels = self.black.iter().skip(sample).step_by(self.samples);
        let cells = (self.repeat[0] * self.repeat[1]) as f64;
        levels.map(|&v| f64::from(v)).sum::<f64>() / cells + self.mean_deltas()
    }

    fn mean_deltas(&self) -> f64 {
        let mean = |d: &[f32]| d.iter().map(|&v| f64::from(v)).sum::<f64>() / d.len().max(1) as f64;
        mean(&self.delta_h) + mean(&self.delta_v)
    }

    /// Mean black levels at the places of a 2x2 cell (top left, top right, bottom left, bottom right).
    pub(crate) fn cell(&self, sample: usize) -> [f64; 4] {
        let [rows, columns] = self.repeat;
        let black = |(y, x)| f64::from(self.black[((y % rows) * columns + x % columns) * self.samples + sample]);
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|at| black(at) + self.mean_deltas())
    }

    pub(crate) fn white(&self, sample: usize) -> f64 {
        f64::from(self.white[sample])
    }

    /// Takes the black levels of a 2x2 cell, for files that store none; `cell` counts from the active area.
    pub(crate) fn set_cell(&mut self, cell: [f64; 4]) {
        self.repeat = [2, 2];
        self.black = cell.iter().map(|&v| v as f32).collect();
    }

    /// The highest black level of a sample: white is measured from there, so that one gain holds for the whole plane
    /// and every sample can reach white.
    fn max_black(&self, sample: usize) -> f32 {
        let max = |values: &mut dyn Iterator<Item = f32>| values.fold(f32::NEG_INFINITY, f32::max);
        let deltas = |d: &[f32]| if d.is_empty() { 0.0 } else { max(&mut d.iter().copied()) };
        max(&mut self.black.iter().copied().skip(sample).step_by(self.samples))
            + deltas(&self.delta_h)
            + deltas(&self.delta_v)
    }

    /// Prepares one colour plane of an active area `width` wide.
    pub(crate) fn plane(&self, sample: usize, width: usize) -> PlaneLevels {
        let scale = RAW_RANGE / (self.white[sample] - self.max_black(sample));
        let [rows, columns] = self.repeat;
        let offsets = (0..rows)
            .map(|y| {
                (0..width)
                    .map(|x| {
                        let black = self.black[(y * columns + x % columns) * self.samples + sample];
                        let black = black + self.delta_h.get(x).copied().unwrap_or(0.0);
                        f32::from(RAW_BLACK) - black * scale
                    })
                    .collect()
            })
            .collect();
        PlaneLevels { scale, offsets }
    }

    /// Codes of stored samples at (x, y) of the active area. `stored` is changed where there is a table.
    pub(crate) fn row(&self, plane: &PlaneLevels, (x, y): (usize, usize), stored: &mut [u16], codes: &mut [u16]) {
        if let Some(&last) = self.table.last() {
            for v in stored.iter_mut() {
                *v = self.table.get(usize::from(*v)).copied().unwrap_or(last);
            }
        }
        let (shift, offset) = self.at(plane, x, y, codes.len());
        dispatch!(Level::new(), _simd => normalise(stored, shift, plane.scale, offset, codes));
    }

    /// The same for floating point samples.
    pub(crate) fn row_f32(&self, plane: &PlaneLevels, (x, y): (usize, usize), stored: &[f32], codes: &mut [u16]) {
        let (shift, offset) = self.at(plane, x, y, codes.len());
        dispatch!(Level::new(), _simd => normalise_f32(stored, shift, plane.scale, offset, codes));
    }

    fn at<'a>(&self, plane: &'a PlaneLevels, x: usize, y: usize, width: usize) -> (f32, &'a [f32]) {
        let shift = self.delta_v.get(y).copied().unwrap_or(0.0);
        (shift, &plane.offsets[y % self.repeat[0]][x..x + width])
    }
}

/// The nearest code; not a number becomes 0, below black.
///
/// A float between 2^23 and 2^24 holds a whole number in its low bits: adding 2^23 rounds, and unlike a conversion
/// (which Rust checks for overflow) it costs one instruction for a whole vector.
#[inline(always)]
#[allow(clippy::manual_clamp, reason = "clamp would keep what is not a number")]
fn nearest(code: f32) -> u16 {
    (code.max(0.0).min(65535.0) + 8_388_608.0).to_bits() as u16
}

#[inline(always)]
fn normalise(stored: &[u16], shift: f32, scale: f32, offset: &[f32], codes: &mut [u16]) {
    let n = codes.len();
    let (stored, offset) = (&stored[..n], &offset[..n]);
    for i in 0..n {
        let code = (f32::from(stored[i]) - shift) * scale + offset[i];
        codes[i] = nearest(code);
    }
}

#[inline(always)]
fn normalise_f32(stored: &[f32], shift: f32, scale: f32, offset: &[f32], codes: &mut [u16]) {
    let n = codes.len();
    let (stored, offset) = (&stored[..n], &offset[..n]);
    for i in 0..n {
        let code = (stored[i] - shift) * scale + offset[i];
        codes[i] = nearest(code);
    }
}

/// Mean stored values of masked borders at the places of a 2x2 cell counted from `origin`; `None` where an area
/// holds no sample of some place.
pub(crate) fn masked_black(plane: &Plane<u16>, areas: &[Rect], origin: (usize, usize)) -> Option<[f64; 4]> {
    let mut sums = [(0.0f64, 0u64); 4];
    for area in areas {
        for y in area.y..area.y + area.height {
            let row = &plane.row(y)[area.x..area.x + area.width];
            for (i, &v) in row.iter().enumerate() {
                // Counted from the origin; borders lie before it, so parity is taken of the sum.
                let cell = ((y + origin.1) & 1) * 2 + ((area.x + i + origin.0) & 1);
                sums[cell].0 += f64::from(v);
                sums[cell].1 += 1;
            }
        }
    }
    sums.iter().all(|s| s.1 > 0).then(|| sums.map(|(sum, n)| sum / n as f64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::RAW_WHITE;

    fn map(repeat: [usize; 2], black: &[f32], white: f32) -> LevelMap {
        LevelMap {
            table: Vec::new(),
            repeat,
            black: black.to_vec(),
            delta_h: Vec::new(),
            delta_v: Vec::new(),
            white: vec![white],
            samples: 1,
        }
    }

    #[test]
    fn black_and_white_land_on_their_codes_with_noise_kept_below() {
        let map = map([2, 2], &[64.0, 65.0, 66.0, 60.0], 1023.0);
        let plane = map.plane(0, 5);
        let mut codes = [0; 5];
        map.row(&plane, (0, 0), &mut [64, 65, 1023, 65, 0], &mut codes);
        assert_eq!(codes[..4], [RAW_BLACK, RAW_BLACK, RAW_WHITE, RAW_BLACK]);
        let expected = 8192.0 - 64.0 * 57343.0 / (1023.0 - 66.0);
        assert_eq!(codes[4], f64::round(expected) as u16);
        map.row(&plane, (3, 1), &mut [60, 66], &mut codes[..2]);
        assert_eq!(codes[..2], [RAW_BLACK, RAW_BLACK]);
        assert_eq!(map.cell(0), [64.0, 65.0, 66.0, 60.0]);
        assert_eq!(map.mean_black(0), 63.75);
    }

    #[test]
    fn deltas_shift_black_by_row_and_column() {
        let mut map = map([1, 1], &[100.0], 4095.0);
        map.delta_h = vec![0.0, 3.0, -2.0];
        map.delta_v = vec![0.0, 10.0];
        let plane = map.plane(0, 3);
        let mut codes = [0; 3];
        map.row(&plane, (0, 1), &mut [110, 113, 108], &mut codes);
        assert_eq!(codes, [RAW_BLACK; 3]);
        assert!((map.mean_black(0) - (100.0 + 1.0 / 3.0 + 5.0)).abs() < 1e-6);
    }

    #[test]
    fn tables_hold_their_last_value_and_floats_may_be_anything() {
        let mut map = map([1, 1], &[0.0], 1000.0);
        map.table = vec![0, 500, 1000];
        let plane = map.plane(0, 3);
        let mut codes = [0; 3];
        map.row(&plane, (0, 0), &mut [0, 2, 65535], &mut codes);
        assert_eq!(codes, [RAW_BLACK, RAW_WHITE, RAW_WHITE]);
        map.white = vec![1.0];
        let plane = map.plane(0, 3);
        map.row_f32(&plane, (0, 0), &[f32::NAN, f32::INFINITY, 0.5], &mut codes);
        assert_eq!(codes, [0, RAW_WHITE, 36864]);
    }

    #[test]
    fn masked_borders_are_averaged_by_place() {
        let plane = Plane::from_fn(5, 4, |x, y| 100 + (x % 2) as u16 + 10 * (y % 2) as u16);
        let area = Rect { x: 0, y: 0, width: 2, height: 4 };
        assert_eq!(masked_black(&plane, &[area], (3, 1)), Some([111.0, 110.0, 101.0, 100.0]));
        assert_eq!(masked_black(&plane, &[Rect { height: 1, ..area }], (3, 1)), None);
    }
}
