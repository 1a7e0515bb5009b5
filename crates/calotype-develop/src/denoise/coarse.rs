//! Noise too coarse for 8x8 pixels, found in means of 4x4.

use super::shrink::Shrinkage;
use super::tile::{HELD, Parts, Rows, STRIP, Smoothing, Tile};
use super::{FramesMap, mirrored};
use crate::root_scale::Scale;
use calotype_image::{CameraRgb, Plane, par};
use fearless_simd::{Level, Simd, dispatch};

/// What is to be added to luma and chromas at a quarter of the size to take the coarse noise out.
pub(super) fn correction(
    picture: &CameraRgb,
    scale: &Scale,
    shrinkage: &Shrinkage,
    frames: &FramesMap<'_>,
) -> [Plane<f32>; 3] {
    let means = quarter(picture, scale);
    let (width, height) = (means[0].width(), means[0].height());
    let mut out = [(); 3].map(|()| Plane::new(width, height));
    let smoothing = Smoothing { shrinkage, variance: scale.variance, floor: 0.25 * scale.offset, correction: None };
    let level = Level::new();
    par::bands3_mut(&mut out, 64, |top, mut bands| {
        let bottom = top + bands[0].height();
        let mut tile = Tile::new();
        for left in (0..width).step_by(STRIP) {
            let mut io = Quarter { means: &means, frames, top, bands: &mut bands };
            dispatch!(level, simd => tile.run(simd, &smoothing, left, top, bottom, &mut io));
        }
    });
    out
}

/// Means of 4x4 pixels of luma and chromas; those at the right and lower border may be of fewer.
fn quarter(picture: &CameraRgb, scale: &Scale) -> [Plane<f32>; 3] {
    let (width, height) = (picture.width(), picture.height());
    let mut out = [(); 3].map(|()| Plane::new(width.div_ceil(4), height.div_ceil(4)));
    let level = Level::new();
    par::bands3_mut(&mut out, 16, |top, mut bands| {
        let mut line = [(); 3].map(|()| vec![0.0; width]);
        for y in 0..bands[0].height() {
            let rows = 4 * (top + y)..(4 * (top + y) + 4).min(height);
            let count = rows.len();
            for source in rows {
                for (line, plane) in line.iter_mut().zip(picture.row(source)) {
                    line.copy_from_slice(plane);
                }
                let sums = bands.each_mut().map(|b| b.row_mut(y));
                dispatch!(level, simd => add_row(simd, scale, &mut line, sums));
            }
            for band in &mut bands {
                for (x, v) in band.row_mut(y).iter_mut().enumerate() {
                    *v /= (count * (width - 4 * x).min(4)) as f32;
                }
            }
        }
    });
    out
}

/// Adds one row to the sums of four pixels each.
#[inline(always)]
fn add_row<S: Simd>(_: S, scale: &Scale, line: &mut [Vec<f32>; 3], sums: [&mut [f32]; 3]) {
    scale.encode(line);
    for (line, sums) in line.iter().zip(sums) {
        let (fours, rest) = line.as_chunks::<4>();
        let n = fours.len().min(sums.len());
        for i in 0..n {
            sums[i] += (fours[i][0] + fours[i][1]) + (fours[i][2] + fours[i][3]);
        }
        if let (Some(last), false) = (sums.last_mut(), rest.is_empty()) {
            *last += rest.iter().sum::<f32>();
        }
    }
}

/// The quarter-size picture as rows; what comes out is the change.
struct Quarter<'a, 'b> {
    means: &'a [Plane<f32>; 3],
    frames: &'a FramesMap<'a>,
    top: usize,
    bands: &'a mut [par::Band<'b, f32>; 3],
}

impl Rows for Quarter<'_, '_> {
    #[inline(always)]
    fn load(&mut self, y: isize, left: usize, row: &mut [Vec<f32>; 3]) {
        for (line, plane) in row.iter_mut().zip(self.means) {
            mirrored(plane.row(calotype_image::mirror(y, plane.height())), left as isize - 4, &mut line[..HELD]);
        }
    }

    #[inline(always)]
    fn store(&mut self, y: usize, left: usize, row: [&[f32]; 3], _: &[f32], _: Parts<'_>) {
        for c in 0..3 {
            let source = self.means[c].row(y);
            let out = self.bands[c].row_mut(y - self.top);
            let end = (left + STRIP).min(out.len());
            let (out, source, new) = (&mut out[left..end], &source[left..end], &row[c][4..][..end - left]);
            for i in 0..out.len() {
                out[i] = new[i] - source[i];
            }
        }
    }

    #[inline(always)]
    fn inverse_frames(&self, k: isize, left: usize, out: &mut [f32]) {
        self.frames.inverse_row(16 * k, 4 * left as isize, 16, out);
    }
}
