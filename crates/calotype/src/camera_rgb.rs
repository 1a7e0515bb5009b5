//! Three camera colours at every pixel.

use crate::Error;
use crate::merging::Picture;
use calotype_burst::Merged;
use calotype_develop::demosaic::demosaic;
use calotype_image::{CameraRgb, Mosaic, Plane, Rect, par};
use fearless_simd::{Level, dispatch};
use std::ops::Range;

/// Rows, and steps of columns, that are demosaiced at a time where the merge could not gather all colours.
const STRIP: usize = 256;
/// Pixels around such a part that interpolation looks at, at most; even, so that the filters stay in step.
const MARGIN: usize = 16;

/// True for a sensor without colour filters.
pub(crate) fn is_mono(picture: &Picture) -> bool {
    matches!(picture, Picture::Merged(m) if m.mosaic.cfa.is_mono())
}

/// Camera colours of a picture, lens falloff undone. Where the merge trusts its own colours they stay; elsewhere the
/// merged mosaic is demosaiced, and between the two they are blended.
pub(crate) fn demosaiced(picture: Picture, white_balance: [f32; 3]) -> Result<CameraRgb, Error> {
    let merged = match picture {
        Picture::Linear(rgb) => return Ok(rgb),
        Picture::Merged(merged) => *merged,
    };
    let (width, height) = (merged.mosaic.samples.width(), merged.mosaic.samples.height());
    if merged.trust.data().iter().all(|t| *t <= 0.0) {
        let Merged { mosaic, rgb, .. } = merged;
        drop(rgb);
        return Ok(demosaic(&mosaic, white_balance)?);
    }
    let mut merged = merged;
    for top in (0..height).step_by(STRIP) {
        let bottom = (top + STRIP).min(height);
        for columns in unsure(&merged.trust, top..bottom, width) {
            let (left, right) = (columns.start.saturating_sub(MARGIN), (columns.end + MARGIN).min(width));
            let (above, below) = (top.saturating_sub(MARGIN), (bottom + MARGIN).min(height));
            let area = Rect { x: left, y: above, width: right - left, height: below - above };
            let fresh = demosaic(&part(&merged.mosaic, area), white_balance)?;
            blend(&mut merged, &fresh, area, top..bottom, columns);
        }
    }
    Ok(merged.rgb)
}

/// The columns in which some pixels of these rows are not to be trusted, in runs that are far from each other.
fn unsure(trust: &Plane<f32>, rows: Range<usize>, width: usize) -> Vec<Range<usize>> {
    // A pixel's trust is interpolated from blocks around it.
    let blocks = |pixels: &Range<usize>, n: usize| {
        (pixels.start / Merged::BLOCK).saturating_sub(1)..(pixels.end / Merged::BLOCK + 1).min(n)
    };
    let rows = blocks(&rows, trust.height());
    let mut runs: Vec<Range<usize>> = Vec::new();
    for left in (0..width).step_by(STRIP) {
        let tile = left..(left + STRIP).min(width);
        let columns = blocks(&tile, trust.width());
        if rows.clone().all(|y| trust.row(y)[columns.clone()].iter().all(|t| *t >= 1.0)) {
            continue;
        }
        match runs.last_mut() {
            Some(last) if last.end == tile.start => last.end = tile.end,
            _ => runs.push(tile),
        }
    }
    runs
}

/// The part of a mosaic inside `rect`.
fn part(mosaic: &Mosaic, rect: Rect) -> Mosaic {
    let mut samples = Plane::new(rect.width, rect.height);
    for y in 0..rect.height {
        samples.row_mut(y).copy_from_slice(&mosaic.samples.row(rect.y + y)[rect.x..][..rect.width]);
    }
    Mosaic { samples, cfa: mosaic.cfa.shifted(rect.x, rect.y), noise: mosaic.noise }
}

/// Blends what was demosaiced inside `area` into some of its rows and columns.
fn blend(merged: &mut Merged, fresh: &CameraRgb, area: Rect, rows: Range<usize>, columns: Range<usize>) {
    let trust = &merged.trust;
    let (across, down) = (trust.width(), trust.height());
    // Trust is known at the middles of blocks and bilinear between them.
    let place = |i: usize, n: usize| {
        let v = ((i as f32 + 0.5) / Merged::BLOCK as f32 - 0.5).clamp(0.0, (n - 1) as f32);
        (v as usize, v.fract())
    };
    let (lefts, shares): (Vec<usize>, Vec<f32>) = columns.clone().map(|x| place(x, across)).unzip();
    // up to the next middle of a block, then from middle to middle
    let head = lefts.iter().take_while(|&&left| left == lefts[0]).count();
    let level = Level::new();
    par::rows3_mut(&mut merged.rgb.planes, rows, 32, |first, mut bands| {
        let (mut line, mut weights) = (vec![0.0f32; across + 1], vec![0.0f32; columns.len()]);
        for y in 0..bands[0].height() {
            let (j, fy) = place(first + y, down);
            let (low, high) = (trust.row(j), trust.row((j + 1).min(down - 1)));
            for ((v, low), high) in line.iter_mut().zip(low).zip(high) {
                *v = low + (high - low) * fy;
            }
            line[across] = line[across - 1];
            let (mut from, mut to) = (0, head);
            while from < to {
                let (left, right) = (line[lefts[from]], line[lefts[from] + 1]);
                between(left, right, &shares[from..to], &mut weights[from..to]);
                (from, to) = (to, (to + Merged::BLOCK).min(weights.len()));
            }
            for (band, fresh) in bands.iter_mut().zip(&fresh.planes) {
                let old = &mut band.row_mut(y)[columns.clone()];
                let new = &fresh.row(first + y - area.y)[columns.start - area.x..];
                dispatch!(level, _simd => mix(old, new, &weights));
            }
        }
    });
}

/// Numbers between two, by their shares of the second: those of a block as one vector.
#[inline(always)]
fn between(left: f32, right: f32, shares: &[f32], out: &mut [f32]) {
    const BLOCK: usize = Merged::BLOCK;
    let step = right - left;
    match (<&[f32; BLOCK]>::try_from(shares), <&mut [f32; BLOCK]>::try_from(&mut *out)) {
        (Ok(shares), Ok(out)) => (0..BLOCK).for_each(|k| out[k] = left + step * shares[k]),
        _ => out.iter_mut().zip(shares).for_each(|(out, share)| *out = left + step * share),
    }
}

/// Samples as they are by `weights`, new ones by what is left of one.
#[inline(always)]
fn mix(old: &mut [f32], new: &[f32], weights: &[f32]) {
    let n = old.len();
    let (new, weights) = (&new[..n], &weights[..n]);
    for i in 0..n {
        old[i] = new[i] + (old[i] - new[i]) * weights[i];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_image::{Cfa, NoiseModel};

    fn merged(width: usize, height: usize, trust: f32) -> Merged {
        let rgb = CameraRgb::from_planes(
            [0.2, 0.4, 0.6].map(|v| Plane::from_fn(width, height, |x, y| v + 1e-4 * (x + y) as f32)),
        );
        let samples = Plane::from_fn(width, height, |x, y| rgb.get(x, y)[Cfa::GRBG.color_at(x, y) as usize]);
        let (bw, bh) = (width.div_ceil(Merged::BLOCK), height.div_ceil(Merged::BLOCK));
        Merged {
            rgb,
            mosaic: Mosaic { samples, cfa: Cfa::GRBG, noise: NoiseModel::uniform(1e-4, 1e-6) },
            effective_frames: Plane::filled(bw, bh, 1.0),
            spoken: Plane::new(bw, bh),
            trust: Plane::filled(bw, bh, trust),
            busy: 0.0,
            shading: None,
            white: 1.0,
        }
    }

    #[test]
    fn smooth_colors_come_out_the_same_by_either_road() {
        for (w, h) in [(40, 600), (33, 31), (1100, 40)] {
            for trust in [0.0, 0.5, 1.0, 0.9] {
                let expected = merged(w, h, trust).rgb;
                let mut picture = merged(w, h, trust);
                if trust == 0.9 {
                    // unsure in few places only
                    let (blocks, x) = (picture.trust.width(), picture.trust.width() / 3);
                    picture.trust.data_mut().fill(1.0);
                    picture.trust.row_mut(1)[x] = 0.0;
                    picture.trust.row_mut(0)[blocks - 1] = 0.2;
                }
                let out = demosaiced(Picture::Merged(Box::new(picture)), [1.0; 3]).unwrap();
                for y in 0..h {
                    for x in 0..w {
                        for c in 0..3 {
                            let (a, b) = (out.get(x, y)[c], expected.get(x, y)[c]);
                            assert!((a - b).abs() < 2e-3, "{x} {y} {c}: {a} {b}, trust {trust}");
                        }
                    }
                }
            }
        }
    }
}
