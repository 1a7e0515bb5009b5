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
    matches!(picture, Picture::Merged(m) if m.cfa.is_mono())
}

/// Camera colours of a picture, lens falloff undone. Where the merge trusts its own colours they stay; elsewhere the
/// merged mosaic is demosaiced, and between the two they are blended.
pub(crate) fn demosaiced(picture: Picture, white_balance: [f32; 3]) -> Result<CameraRgb, Error> {
    let merged = match picture {
        Picture::Linear(rgb) => return Ok(rgb),
        Picture::Merged(merged) => *merged,
    };
    let (width, height) = (merged.rgb.width(), merged.rgb.height());
    if merged.trust.data().iter().all(|t| *t <= 0.0) {
        // Nothing to blend: the mosaic takes the place of the colours, so that both never exist in full.
        let mosaic = mosaic_of(&merged, Rect::whole(width, height));
        drop(merged);
        return Ok(demosaic(&mosaic, white_balance)?);
    }
    let mut merged = merged;
    // A strip's margin above was demosaiced already, so the rows it needs are kept as they were.
    let mut kept: Option<Mosaic> = None;
    for top in (0..height).step_by(STRIP) {
        let bottom = (top + STRIP).min(height);
        let above = top.saturating_sub(MARGIN);
        let next_kept = mosaic_of(
            &merged,
            Rect { x: 0, y: bottom.saturating_sub(MARGIN), width, height: bottom - bottom.saturating_sub(MARGIN) },
        );
        for columns in unsure(&merged.trust, top..bottom, width) {
            let (left, right) = (columns.start.saturating_sub(MARGIN), (columns.end + MARGIN).min(width));
            let end = (bottom + MARGIN).min(height);
            let area = Rect { x: left, y: above, width: right - left, height: end - above };
            let mut part = mosaic_of(&merged, area);
            if let Some(kept) = &kept {
                for y in above..top {
                    let from = kept.samples.height() - (top - y);
                    part.samples.row_mut(y - above).copy_from_slice(&kept.samples.row(from)[left..right]);
                }
            }
            let fresh = demosaic(&part, white_balance)?;
            blend(&mut merged, &fresh, area, top..bottom, columns);
        }
        kept = Some(next_kept);
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

/// The merged mosaic inside `rect`, lens falloff undone. The rectangle's top must be even.
fn mosaic_of(merged: &Merged, rect: Rect) -> Mosaic {
    let cfa = merged.cfa.shifted(rect.x, rect.y);
    let mut samples = Plane::<f32>::new(rect.width, rect.height);
    par::bands_mut(&mut samples, 64, |top, mut band| {
        for y in 0..band.height() {
            let rows = merged.rgb.row(rect.y + top + y);
            let [even, odd] = [0, 1].map(|x| &rows[cfa.color_at(x, top + y) as usize][rect.x..][..rect.width]);
            let (evens, odds) = (even.as_chunks::<2>().0, odd.as_chunks::<2>().0);
            let (pairs, last) = band.row_mut(y).as_chunks_mut::<2>();
            for ((v, even), odd) in pairs.iter_mut().zip(evens).zip(odds) {
                *v = [even[0], odd[1]];
            }
            if let ([v], Some(even)) = (last, even.last()) {
                *v = *even;
            }
        }
    });
    Mosaic { samples, cfa, noise: merged.noise }
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
    let places: Vec<(usize, f32)> = columns.clone().map(|x| place(x, across)).collect();
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
            for (weight, &(i, fx)) in weights.iter_mut().zip(&places) {
                *weight = line[i] + (line[i + 1] - line[i]) * fx;
            }
            for (band, fresh) in bands.iter_mut().zip(&fresh.planes) {
                let old = &mut band.row_mut(y)[columns.clone()];
                let new = &fresh.row(first + y - area.y)[columns.start - area.x..];
                dispatch!(level, _simd => mix(old, new, &weights));
            }
        }
    });
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
        let (bw, bh) = (width.div_ceil(Merged::BLOCK), height.div_ceil(Merged::BLOCK));
        Merged {
            rgb,
            cfa: Cfa::GRBG,
            effective_frames: Plane::filled(bw, bh, 1.0),
            trust: Plane::filled(bw, bh, trust),
            busy: 0.0,
            noise: NoiseModel::uniform(1e-4, 1e-6),
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
