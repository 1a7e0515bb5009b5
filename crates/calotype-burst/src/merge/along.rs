//! Edges whose slope noise hides are restored along their length.
//!
//! The blur of gathering is taken back where detail stands out from noise, block by block ([`detail`](super::detail)); of
//! an edge of low contrast in dim light a block sees too little. What it left away is averaged along the edge.

use super::residual::GATHERED_NOISE;
use super::signal::Signal;
use super::{BAND, weight_of};
use calotype_image::edges::{Edges, GREY, Gate, share};
use calotype_image::{Plane, par};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};

/// Edges are found in a noisy picture here. Chosen, like [`AMOUNT`], on simulated bursts: edges of low contrast in dim light
/// gain slope, and neither flat parts nor patterns gain errors.
const EDGE: Gate = Gate { coherent: (0.7, 0.85), steep: 1.5 };
/// Times what is found on average: interpolation along an edge, and errors of its direction, take an eighth away.
const AMOUNT: f32 = 1.15;

/// How far edges are to be restored along their length, 0 to 1: where noise is low their blocks know enough.
pub(crate) fn needed(base: &Signal, effective: &Plane<f32>) -> f32 {
    let n = effective.data();
    let frames = n.len() as f32 / n.iter().map(|n| 1.0 / n.max(1.0)).sum::<f32>();
    let variance = GATHERED_NOISE * (base.shot[1] * GREY + base.read[1]) / frames;
    // under the square root noise is divided by twice the root
    share((variance / (4.0 * GREY)).max(0.0).sqrt())
}

/// Restores edges of `luma` out of the detail that is not in it yet: `out` gets the luminance, and as much comes to `own`,
/// that of the photosites' own colours. `weights` are the sums of the weights of the samples gathered, as codes.
pub(crate) fn restore(
    base: &Signal,
    weights: &Plane<u16>,
    luma: &Plane<f32>,
    rest: &Plane<f32>,
    needed: f32,
    out: &mut Plane<f32>,
    own: &mut Plane<f32>,
) {
    let (width, height) = (luma.width(), luma.height());
    let (shot, read) = (GATHERED_NOISE * base.shot[1], GATHERED_NOISE * base.read[1]);
    par::bands(out, BAND).zip(par::bands(own, BAND)).for_each(|((top, mut out), (_, mut own))| {
        let bottom = top + out.height();
        let (first, end) = (top.saturating_sub(Edges::ROWS), (bottom + Edges::ROWS).min(height));
        let mut edges = Edges::new(EDGE, width, first, end);
        for y in first..end {
            let [to, detail] = edges.row_mut(y, 0, width);
            to.copy_from_slice(luma.row(y));
            detail.copy_from_slice(rest.row(y));
        }
        let noise = |y: usize, luma: &[f32], variance: &mut [f32]| {
            for ((v, luma), weight) in variance.iter_mut().zip(luma).zip(weights.row(y)) {
                *v = (shot * luma.max(0.0) + read) / weight_of(*weight).max(super::residual::NOTHING);
            }
        };
        let add = |y: usize, detail: &[f32]| {
            let rows = out.row_mut(y - top).iter_mut().zip(own.row_mut(y - top)).zip(luma.row(y));
            for (((out, own), luma), detail) in rows.zip(detail) {
                let more = AMOUNT * needed * detail;
                (*out, *own) = (luma + more, *own + more);
            }
        };
        fearless_simd::dispatch!(fearless_simd::Level::new(), _simd => edges.average((top, bottom), noise, add));
    });
}
