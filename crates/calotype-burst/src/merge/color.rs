//! Colour back onto the luminance.

use super::residual::cells_around;
use super::signal::Signal;
use calotype_image::{CameraRgb, Plane, par};

/// Rows of a band.
const BAND: usize = 64;

/// Makes camera colours of the luminance in the middle plane.
pub(crate) fn add(base: &Signal, chroma: &[Plane<f32>; 2], neutral: [f32; 3], rgb: &mut CameraRgb) {
    let width = rgb.width();
    par::bands3_mut(&mut rgb.planes, BAND, |top, [mut red, mut green, mut blue]| {
        let mut lines: [Vec<f32>; 2] = Default::default();
        for y in 0..green.height() {
            let v = top + y;
            for (line, plane) in lines.iter_mut().zip(chroma) {
                upsample(plane, v, width, line);
            }
            let (red, green, blue) = (red.row_mut(y), green.row_mut(y), blue.row_mut(y));
            let [r, b] = &lines;
            fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => join(r, b, neutral, red, green, blue));
            let rows = [red, green, blue];
            // the reference's own sample, where it is clipped, tells the least that the merge may say
            base.for_clipped(v, |x| {
                let c = base.frame.cfa.color_at(x, v) as usize;
                rows[c][x] = rows[c][x].max(base.sample(x, v) * neutral[c]);
            });
        }
    });
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
