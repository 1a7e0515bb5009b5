//! From the mosaic to half rows on the interpolation scale, and back.

use super::ring::PAD;
use crate::root_scale::Scale;
use calotype_image::{Mosaic, mirror};

/// Column parity of the red or blue samples of row `y`.
#[inline(always)]
pub(super) fn color_parity(mosaic: &Mosaic, y: isize) -> usize {
    let (x0, y0) = mosaic.cfa.red_at();
    (x0 + y0 + (y & 1) as usize) & 1
}

/// The colour of the red or blue samples of row `y`.
#[inline(always)]
pub(super) fn row_color(mosaic: &Mosaic, y: isize) -> usize {
    if (y & 1) as usize == mosaic.cfa.red_at().1 { 0 } else { 2 }
}

/// Fills the half rows of row `y` for the `2 len` columns from `left` (even), with mirrored borders.
#[inline(always)]
pub(super) fn load_row(
    mosaic: &Mosaic,
    scale: &Scale,
    left: usize,
    len: usize,
    y: isize,
    color: &mut [f32],
    green: &mut [f32],
) {
    let source = mosaic.samples.row(mirror(y, mosaic.samples.height()));
    let (q, c) = (color_parity(mosaic, y), row_color(mosaic, y));
    let (gain_c, gain_g, offset) = (scale.gains[c], scale.gains[1], scale.offset);
    let first = left as isize - 2 * PAD as isize;
    // pairs that lie wholly inside: the inner part; the others come from mirrored columns
    let from = PAD.saturating_sub(left / 2).min(len + 2 * PAD);
    let to = ((source.len() as isize - first).max(0) as usize / 2).clamp(from, len + 2 * PAD);
    let start = if from < to { (first + 2 * from as isize) as usize } else { 0 };
    let pairs = source[start..][..2 * (to - from)].as_chunks::<2>().0;
    let (cs, gs) = (&mut color[from..to], &mut green[from..to]);
    if q == 0 {
        for i in 0..pairs.len().min(cs.len()).min(gs.len()) {
            cs[i] = (gain_c * pairs[i][0] + offset).max(0.0).sqrt();
            gs[i] = (gain_g * pairs[i][1] + offset).max(0.0).sqrt();
        }
    } else {
        for i in 0..pairs.len().min(cs.len()).min(gs.len()) {
            cs[i] = (gain_c * pairs[i][1] + offset).max(0.0).sqrt();
            gs[i] = (gain_g * pairs[i][0] + offset).max(0.0).sqrt();
        }
    }
    for i in (0..from).chain(to..len + 2 * PAD) {
        let x = first + 2 * i as isize;
        let (xc, xg) = (mirror(x + q as isize, source.len()), mirror(x + 1 - q as isize, source.len()));
        let of = |x: usize| mosaic.cfa.color_at(x, mirror(y, mosaic.samples.height())) as usize;
        color[i] = scale.root(of(xc), source[xc]);
        green[i] = scale.root(of(xg), source[xg]);
    }
}
