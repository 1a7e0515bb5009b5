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
        let (mut cells, mut lines): (Vec<f32>, [Vec<f32>; 2]) = Default::default();
        for y in 0..green.height() {
            let v = top + y;
            for (line, plane) in lines.iter_mut().zip(chroma) {
                upsample(plane, v, width, &mut cells, line);
            }
            let (red, green, blue) = (red.row_mut(y), green.row_mut(y), blue.row_mut(y));
            let own = own.row_mut(y);
            let [r, b] = &lines;
            let colors = [0, 1].map(|x| base.frame.cfa.color_at(x, v) as usize);
            let colorful = colors.iter().position(|&c| c != 1);
            let (mask, line) = match colorful {
                Some(x) => ([0, 1].map(|i| if i == x { 1.0 } else { 0.0 }), &lines[colors[x] / 2]),
                None => ([0.0; 2], r),
            };
            let scale = colors.map(|c| neutral[c]);
            fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => join(r, b, neutral, red, green, blue));
            fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => balance(own, line, mask, scale));
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

/// Adds the chroma to the even and the odd numbers of a row that `mask` names, and multiplies them by `scale`.
#[inline(always)]
fn balance(row: &mut [f32], chroma: &[f32], mask: [f32; 2], scale: [f32; 2]) {
    let n = row.len().min(chroma.len());
    let (row, chroma) = (&mut row[..n], &chroma[..n]);
    for k in 0..n {
        let (mask, scale) = if k % 2 == 0 { (mask[0], scale[0]) } else { (mask[1], scale[1]) };
        row[k] = (row[k] + mask * chroma[k]) * scale;
    }
}

/// One plane of chroma at the pixels of row `y`.
///
/// `cells` is scratch, kept by the caller.
fn upsample(plane: &Plane<f32>, y: usize, width: usize, cells: &mut Vec<f32>, out: &mut Vec<f32>) {
    let (top, bottom, t) = cells_around(y, plane.height());
    let (top, bottom) = (plane.row(top), plane.row(bottom));
    cells.resize(plane.width() + 2, 0.0);
    out.resize(width, 0.0);
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => between_cells(top, bottom, t, cells));
    fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => between_columns(cells, out));
}

/// Numbers between those of two rows, and the first and the last once more on both sides.
#[inline(always)]
fn between_cells(top: &[f32], bottom: &[f32], t: f32, out: &mut [f32]) {
    let n = top.len();
    let bottom = &bottom[..n];
    let cells = &mut out[1..][..n];
    for k in 0..n {
        cells[k] = top[k] + (bottom[k] - top[k]) * t;
    }
    (out[0], out[n + 1]) = (out[1], out[n]);
}

/// Two pixels for every cell that has neighbours on both sides; the last one goes on for what is left.
#[inline(always)]
fn between_columns(cells: &[f32], out: &mut [f32]) {
    let n = cells.len() - 2;
    let (left, middle, right) = (&cells[..n], &cells[1..][..n], &cells[2..][..n]);
    let near = |k: usize, side: &[f32]| middle[k] + (side[k] - middle[k]) * 0.25;
    let whole = n.min(out.len() / 2);
    for (k, pair) in out.as_chunks_mut::<2>().0[..whole].iter_mut().enumerate() {
        *pair = [near(k, left), near(k, right)];
    }
    for x in 2 * whole..out.len() {
        out[x] = near((x / 2).min(n - 1), if x % 2 == 0 { left } else { right });
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
