//! Gain maps: how much brighter every place of a picture is on a screen that can show more than white.
//!
//! The base B (standard range) and the alternate H (high range), both linear with 1 = standard white, are joined by
//! `H + k = (B + k) · 2^G`; the map holds G (ISO 21496-1, clause 5; Ultra HDR image format 1.1).

use crate::{ColorSpace, Error, Result};
use calotype_image::{DisplayRgb, Plane, par};
use fearless_simd::{Level, dispatch};
use rayon::prelude::*;

/// What turns the map's samples into gains. Arrays hold red, green, blue; a single-channel map has three equal values.
#[derive(Clone, Debug, PartialEq)]
pub struct GainMapMetadata {
    /// log2 of the gain at sample 0.
    pub min: [f64; 3],
    /// log2 of the gain at sample 255.
    pub max: [f64; 3],
    /// Exponent applied to the samples when they were stored.
    pub gamma: [f64; 3],
    /// k of the base picture.
    pub base_offset: [f64; 3],
    /// k of the alternate picture.
    pub alternate_offset: [f64; 3],
    /// log2 of the display's peak over white, at and below which the base is shown as it is.
    pub base_headroom: f64,
    /// log2 of the display's peak over white, from which on the map is applied in full.
    pub alternate_headroom: f64,
}

/// A map ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct GainMapImage {
    width: usize,
    height: usize,
    channels: usize,
    data: Vec<u8>,
    /// What the samples mean.
    pub metadata: GainMapMetadata,
}

/// How a gain map is made.
#[derive(Clone, Debug, PartialEq)]
pub struct GainMapOptions {
    /// Pixels of the picture for one of the map, along each side. 2 by default.
    pub scale: usize,
    /// Three gains per place, for pictures whose high-range form differs in colour as well; one by default.
    pub color: bool,
    /// k of both pictures: keeps the gain of near-black steady. 1/64 by default.
    pub offset: f32,
    /// The largest gain kept, in stops. 6 by default.
    pub max_stops: f32,
    /// Stops over white that a display needs for the full effect; the largest gain where `None`.
    pub headroom: Option<f32>,
}

impl Default for GainMapOptions {
    fn default() -> Self {
        Self { scale: 2, color: false, offset: 1.0 / 64.0, max_stops: 6.0, headroom: None }
    }
}

/// Pictures that differ by less than this many stops everywhere need no map: one step of an 8-bit sample near white.
const LEAST_GAIN: f64 = 0.02;

impl GainMapImage {
    /// The map between two linear pictures in the same primaries, 1 = standard white. `None` where the second is nowhere
    /// visibly brighter.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for different sizes, [`Error::Empty`].
    pub fn compute(
        base: &DisplayRgb,
        alternate: &DisplayRgb,
        space: ColorSpace,
        options: &GainMapOptions,
    ) -> Result<Option<Self>> {
        let (first, second) = ((base.width(), base.height()), (alternate.width(), alternate.height()));
        if first != second {
            return Err(Error::Mismatch { first, second });
        }
        Self::gather(first.0, first.1, space, options, |y, _, sink| sink(base.row(y), alternate.row(y)))
    }

    /// As [`GainMapImage::compute`], from rows made on the fly: `fill(y, base, alternate)` writes row `y` of both
    /// pictures (red, green, blue, `width` samples each), each row once, from several threads.
    ///
    /// # Errors
    /// [`Error::Empty`].
    pub fn compute_with(
        width: usize,
        height: usize,
        space: ColorSpace,
        options: &GainMapOptions,
        fill: impl Fn(usize, [&mut [f32]; 3], [&mut [f32]; 3]) + Sync,
    ) -> Result<Option<Self>> {
        Self::gather(width, height, space, options, |y, rows, sink| {
            rows.iter_mut().for_each(|r| r.resize(width, 0.0));
            let [a, b, c, d, e, f] = rows;
            fill(y, [a, b, c], [d, e, f]);
            sink([a, b, c], [d, e, f]);
        })
    }

    /// The map from rows that `visit(y, buffers, sink)` shows to `sink`; the buffers are its own from row to row.
    fn gather(
        width: usize,
        height: usize,
        space: ColorSpace,
        options: &GainMapOptions,
        visit: impl Fn(usize, &mut [Vec<f32>; 6], &mut dyn FnMut([&[f32]; 3], [&[f32]; 3])) + Sync,
    ) -> Result<Option<Self>> {
        crate::error::check_size("gain map", usize::MAX, width, height)?;
        let scale = options.scale.max(1);
        let (map_width, map_height) = (width.div_ceil(scale), height.div_ceil(scale));
        let channels = if options.color { 3 } else { 1 };
        let weights = space.rgb().luma().map(|v| v as f32);
        // the channels of a row side by side: one plane for both kinds of map
        let mut gains = Plane::<f32>::new(map_width * channels, map_height);
        par::bands_mut(&mut gains, 16, |top, mut band| {
            let mut buffers: [Vec<f32>; 6] = Default::default();
            let mut line = vec![0.0; width];
            let mut sums: [Vec<f32>; 2] = [(); 2].map(|()| vec![0.0; map_width * channels]);
            for y in 0..band.height() {
                sums.iter_mut().for_each(|s| s.fill(0.0));
                let first = (top + y) * scale;
                let count = scale.min(height - first);
                for source in first..first + count {
                    visit(source, &mut buffers, &mut |base, alternate| {
                        for (rgb, sums) in [base, alternate].into_iter().zip(&mut sums) {
                            if options.color {
                                for (c, row) in rgb.into_iter().enumerate() {
                                    add_boxes(row, scale, &mut sums[c * map_width..][..map_width]);
                                }
                            } else {
                                dispatch!(Level::new(), _simd => weigh(rgb, weights, &mut line));
                                add_boxes(&line, scale, sums);
                            }
                        }
                    });
                }
                let out = band.row_mut(y);
                for (c, out) in out.chunks_mut(map_width).enumerate() {
                    let (base, alternate) = (&sums[0][c * map_width..], &sums[1][c * map_width..]);
                    // the last column may be made of fewer pixels
                    let edge = map_width - usize::from(!width.is_multiple_of(scale));
                    for (range, across) in [(0..edge, scale), (edge..map_width, width % scale)] {
                        let k = options.offset * (count * across) as f32;
                        let (base, alternate) = (&base[range.clone()], &alternate[range.clone()]);
                        let out = &mut out[range];
                        dispatch!(Level::new(), _simd => log2_ratio(alternate, base, k, options.max_stops, out));
                    }
                }
            }
        });
        Ok(Self::from_log2(&gains, channels, options))
    }

    /// A map from gains in stops, `channels` (1 or 3) of them side by side in every row. `None` where no gain is
    /// visible.
    fn from_log2(gains: &Plane<f32>, channels: usize, options: &GainMapOptions) -> Option<Self> {
        let width = gains.width() / channels;
        let extremes = |c: usize| {
            let range = par::map(gains.height(), |y| {
                gains.row(y)[c * width..][..width]
                    .iter()
                    .fold((f32::MAX, f32::MIN), |(lo, hi), &v| (lo.min(v), hi.max(v)))
            });
            let (lo, hi) = range.into_iter().fold((f32::MAX, f32::MIN), |a, b| (a.0.min(b.0), a.1.max(b.1)));
            (rounded(f64::from(lo)), rounded(f64::from(hi)))
        };
        let ranges: Vec<(f64, f64)> = (0..channels).map(extremes).collect();
        let largest = ranges.iter().fold(f64::MIN, |a, r| a.max(r.1));
        if largest < LEAST_GAIN {
            return None;
        }
        let of = |c: usize| ranges[c.min(channels - 1)];
        let mut data = vec![0u8; width * gains.height() * channels];
        data.par_chunks_exact_mut(width * channels).enumerate().for_each(|(y, out)| {
            let row = gains.row(y);
            for c in 0..channels {
                let (lo, hi) = of(c);
                let factor = if hi > lo { (255.0 / (hi - lo)) as f32 } else { 0.0 };
                for x in 0..width {
                    let v = (row[c * width + x] - lo as f32) * factor + 0.5;
                    out[x * channels + c] = v as u8;
                }
            }
        });
        let offset = rounded(f64::from(options.offset));
        let headroom = options.headroom.map_or(largest, |h| rounded(f64::from(h))).max(LEAST_GAIN);
        let metadata = GainMapMetadata {
            min: [of(0).0, of(1).0, of(2).0],
            max: [of(0).1, of(1).1, of(2).1],
            gamma: [1.0; 3],
            base_offset: [offset; 3],
            alternate_offset: [offset; 3],
            base_headroom: 0.0,
            alternate_headroom: headroom,
        };
        Some(Self { width, height: gains.height(), channels, data, metadata })
    }

    /// Samples in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// 1, or 3 for red, green and blue.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The samples in row order, channels interleaved.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The alternate's linear value for a base value at map place (x, y), in full strength.
    pub fn apply(&self, x: usize, y: usize, base: [f32; 3]) -> [f32; 3] {
        let m = &self.metadata;
        std::array::from_fn(|c| {
            let sample = self.data[(y * self.width + x) * self.channels + c.min(self.channels - 1)];
            let unit = (f64::from(sample) / 255.0).powf(1.0 / m.gamma[c]);
            let gain = (m.min[c] + (m.max[c] - m.min[c]) * unit).exp2();
            ((f64::from(base[c]) + m.base_offset[c]) * gain - m.alternate_offset[c]) as f32
        })
    }
}

/// A multiple of 2^-20: what both forms of the metadata can hold exactly.
fn rounded(v: f64) -> f64 {
    (v * f64::from(1 << 20)).round() / f64::from(1 << 20)
}

/// Not below zero; not a number gives 0.
#[inline(always)]
fn positive(v: f32) -> f32 {
    if v > 0.0 { v } else { 0.0 }
}

/// Adds sums of `scale` samples side by side.
fn add_boxes(row: &[f32], scale: usize, sums: &mut [f32]) {
    if scale == 2 && row.len() == 2 * sums.len() {
        dispatch!(Level::new(), _simd => add_pairs(row, sums));
        return;
    }
    for (samples, sum) in row.chunks(scale).zip(sums) {
        *sum += samples.iter().map(|&v| positive(v)).sum::<f32>();
    }
}

#[inline(always)]
fn add_pairs(row: &[f32], sums: &mut [f32]) {
    let n = sums.len();
    let row = &row[..2 * n];
    for i in 0..n {
        sums[i] += positive(row[2 * i]) + positive(row[2 * i + 1]);
    }
}

#[inline(always)]
fn weigh([r, g, b]: [&[f32]; 3], weights: [f32; 3], out: &mut [f32]) {
    let n = out.len();
    let (r, g, b) = (&r[..n], &g[..n], &b[..n]);
    for i in 0..n {
        out[i] = weights[0] * r[i] + weights[1] * g[i] + weights[2] * b[i];
    }
}

#[inline(always)]
fn log2_ratio(above: &[f32], below: &[f32], k: f32, limit: f32, out: &mut [f32]) {
    let n = out.len();
    let (above, below) = (&above[..n], &below[..n]);
    for i in 0..n {
        let v = log2((above[i] + k) / (below[i] + k));
        let v = if v < limit { v } else { limit };
        out[i] = if v > -limit { v } else { -limit };
    }
}

/// log2 of a positive number within 3e-6: exponent, and `x + x (1 - x) p(x)` for the mantissa 1 + x (minimax fit).
#[inline(always)]
fn log2(v: f32) -> f32 {
    const P: [f32; 5] = [0.442_544_94, -0.275_600_31, 0.181_948_84, -0.095_956_4, 0.025_841_42];
    let bits = v.to_bits();
    let exponent = (bits >> 23) as i32 - 127;
    let x = f32::from_bits(bits & 0x007F_FFFF | 0x3F80_0000) - 1.0;
    let p = P[0] + x * (P[1] + x * (P[2] + x * (P[3] + x * P[4])));
    exponent as f32 + (x + x * (1.0 - x) * p)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures(width: usize, height: usize) -> (DisplayRgb, DisplayRgb) {
        let base =
            DisplayRgb::from_planes([0.9f32, 0.8, 0.7].map(|peak| {
                Plane::from_fn(width, height, move |x, _| peak * (x / 2 * 2) as f32 / width.max(2) as f32)
            }));
        let mut bright = base.clone();
        for plane in &mut bright.planes {
            plane.data_mut().iter_mut().for_each(|v| *v *= 1.0 + 3.0 * *v);
        }
        (base, bright)
    }

    #[test]
    fn the_map_leads_from_base_to_alternate() {
        for color in [false, true] {
            let (base, bright) = pictures(64, 7);
            let options = GainMapOptions { color, ..GainMapOptions::default() };
            let map = GainMapImage::compute(&base, &bright, ColorSpace::Srgb, &options).unwrap().unwrap();
            assert_eq!((map.width(), map.height(), map.channels()), (32, 4, if color { 3 } else { 1 }));
            let weights = ColorSpace::Srgb.rgb().luma().map(|v| v as f32);
            for y in 0..7 {
                for x in 0..64 {
                    let (got, want) = (map.apply(x / 2, y / 2, base.get(x, y)), bright.get(x, y));
                    let luminance = |p: [f32; 3]| (0..3).map(|c| p[c] * weights[c]).sum::<f32>();
                    let pairs: Vec<(f32, f32)> = if color {
                        got.into_iter().zip(want).collect()
                    } else {
                        vec![(luminance(got), luminance(want))]
                    };
                    for (got, want) in pairs {
                        assert!((got - want).abs() < 0.006 * want + 0.002, "{got} {want} at {x}, {y}");
                    }
                }
            }
            assert!(
                (map.metadata.alternate_headroom - map.metadata.max[0].max(map.metadata.max[2])).abs() < 1e-6 || color
            );
        }
    }

    #[test]
    fn log2_is_the_logarithm() {
        for i in 0..2_000_000 {
            let v = (i as f32 * 2e-5 - 20.0).exp2();
            assert!((f64::from(log2(v)) - f64::from(v).log2()).abs() < 6e-6, "{v}");
        }
    }

    #[test]
    fn rows_made_on_the_fly_give_the_same() {
        let (base, bright) = pictures(37, 9);
        let options = GainMapOptions { scale: 3, ..GainMapOptions::default() };
        let whole = GainMapImage::compute(&base, &bright, ColorSpace::Srgb, &options).unwrap();
        let rows = GainMapImage::compute_with(37, 9, ColorSpace::Srgb, &options, |y, b, a| {
            b.into_iter().zip(base.row(y)).for_each(|(out, row)| out.copy_from_slice(row));
            a.into_iter().zip(bright.row(y)).for_each(|(out, row)| out.copy_from_slice(row));
        });
        assert_eq!(rows.unwrap(), whole);
        assert_eq!((whole.as_ref().unwrap().width(), whole.unwrap().height()), (13, 3));
    }

    #[test]
    fn equal_pictures_need_no_map() {
        let (base, _) = pictures(5, 5);
        assert_eq!(GainMapImage::compute(&base, &base, ColorSpace::Srgb, &GainMapOptions::default()).unwrap(), None);
    }

    #[test]
    fn odd_sizes_and_strange_values() {
        for (w, h) in [(1, 1), (3, 5)] {
            let base = DisplayRgb::from_planes([(); 3].map(|()| Plane::filled(w, h, 0.5)));
            let bright = DisplayRgb::from_planes([1.0, f32::NAN, -1.0].map(|v| Plane::filled(w, h, 4.0 * v)));
            let options = GainMapOptions { color: true, ..GainMapOptions::default() };
            let map = GainMapImage::compute(&base, &bright, ColorSpace::Srgb, &options).unwrap().unwrap();
            assert_eq!(map.width(), w.div_ceil(2));
            assert!((map.apply(w / 2, h / 2, [0.5; 3])[0] - 4.0).abs() < 1e-3);
            assert!(map.metadata.min.iter().all(|v| v.is_finite()));
        }
        let (a, b) = (pictures(4, 4).0, pictures(5, 4).0);
        let wrong = GainMapImage::compute(&a, &b, ColorSpace::Srgb, &GainMapOptions::default());
        assert!(matches!(wrong, Err(Error::Mismatch { .. })));
    }
}
