//! Colour back onto the luminance.

use super::residual::cells_around;
use super::signal::Signal;
use calotype_image::{CameraRgb, Plane, par};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};

/// Rows of a band.
const BAND: usize = 64;

/// Makes camera colours of the luminance in the middle plane, and a mosaic of `own`, the luminance of every photosite.
pub(crate) fn add(
    base: &Signal,
    chroma: &[Plane<f32>; 2],
    neutral: [f32; 3],
    rgb: &mut CameraRgb,
    own: &mut Plane<f32>,
) {
    let width = rgb.width();
    let [red, green, blue] = &mut rgb.planes;
    let colors = par::bands(red, BAND).zip(par::bands(green, BAND)).zip(par::bands(blue, BAND));
    colors.zip(par::bands(own, BAND)).for_each(|((((top, mut red), (_, mut green)), (_, mut blue)), (_, mut own))| {
        let mut lines: [Vec<f32>; 2] = Default::default();
        for y in 0..green.height() {
            let v = top + y;
            for (line, plane) in lines.iter_mut().zip(chroma) {
                upsample(plane, v, width, line);
            }
            let (red, green, blue) = (red.row_mut(y), green.row_mut(y), blue.row_mut(y));
            let own = own.row_mut(y);
            let [r, b] = &lines;
            let colors = [0, 1].map(|x| base.frame.cfa.color_at(x, v) as usize);
            if let Some(x) = colors.iter().position(|&c| c != 1) {
                for (own, chroma) in own.iter_mut().zip(&lines[colors[x] / 2]).skip(x).step_by(2) {
                    *own += chroma;
                }
            }
            let scale = colors.map(|c| neutral[c]);
            fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => join(r, b, neutral, red, green, blue));
            fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => balance(own, scale));
            let rows = [red, green, blue];
            // the reference's own sample, where it is clipped, tells the least that the merge may say
            base.for_clipped(v, |x| {
                let c = colors[x & 1];
                let least = base.sample(x, v) * neutral[c];
                (rows[c][x], own[x]) = (rows[c][x].max(least), own[x].max(least));
            });
        }
    });
}

/// Multiplies the even and the odd numbers of a row.
#[inline(always)]
fn balance(row: &mut [f32], [even, odd]: [f32; 2]) {
    for pair in row.chunks_mut(2) {
        pair[0] *= even;
        if let Some(v) = pair.get_mut(1) {
            *v *= odd;
        }
    }
}

/// One plane of chroma at the pixels of row `y`.
fn upsample(plane: &Plane<f32>, y: usize, width: usize, out: &mut Vec<f32>) {
    let (top, bottom, t) = cells_around(y, plane.height());
    let (top, bottom) = (plane.row(top), plane.row(bottom));
    out.resize(width, 0.0);
    let n = plane.width();
    let at = |i: usize| top[i] + (bottom[i] - top[i]) * t;
    // whole cells, with the neighbours on both sides
    let mut cells = Vec::with_capacity(n + 2);
    cells.push(at(0));
    cells.extend((0..n).map(at));
    cells.push(at(n - 1));
    for (i, pair) in out.chunks_mut(2).enumerate() {
        let i = i.min(n - 1);
        let (l, m, r) = (cells[i], cells[i + 1], cells[i + 2]);
        pair[0] = m + (l - m) * 0.25;
        if let Some(v) = pair.get_mut(1) {
            *v = m + (r - m) * 0.25;
        }
    }
}

#[inline(always)]
fn join(r: &[f32], b: &[f32], neutral: [f32; 3], red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
    let n = green.len();
    let (r, b, red, blue) = (&r[..n], &b[..n], &mut red[..n], &mut blue[..n]);
    for k in 0..n {
        let luma = green[k];
        red[k] = (luma + r[k]) * neutral[0];
        green[k] = luma * neutral[1];
        blue[k] = (luma + b[k]) * neutral[2];
    }
}
