//! Three camera colours at every pixel.

use crate::Error;
use crate::merging::Picture;
use calotype_burst::Merged;
use calotype_develop::demosaic::demosaic;
use calotype_image::{CameraRgb, Mosaic, Plane, Rect};

/// Rows that are demosaiced at a time where the merge could not gather all colours.
const STRIP: usize = 256;
/// Rows above and below a strip that interpolation looks at, at most; even, so that the filters stay in step.
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
    let block = Merged::BLOCK;
    for top in (0..height).step_by(STRIP) {
        let bottom = (top + STRIP).min(height);
        let blocks = top / block..bottom.div_ceil(block).min(merged.trust.height());
        let sure = blocks.clone().all(|y| merged.trust.row(y).iter().all(|t| *t >= 1.0));
        let above = top.saturating_sub(MARGIN);
        let next_kept = mosaic_of(
            &merged,
            Rect { x: 0, y: bottom.saturating_sub(MARGIN), width, height: bottom - bottom.saturating_sub(MARGIN) },
        );
        if !sure {
            let end = (bottom + MARGIN).min(height);
            let mut strip = mosaic_of(&merged, Rect { x: 0, y: above, width, height: end - above });
            if let Some(kept) = &kept {
                for y in above..top {
                    let from = kept.samples.height() - (top - y);
                    strip.samples.row_mut(y - above).copy_from_slice(kept.samples.row(from));
                }
            }
            let fresh = demosaic(&strip, white_balance)?;
            blend(&mut merged, &fresh, above, top, bottom);
        }
        kept = Some(next_kept);
    }
    Ok(merged.rgb)
}

/// The merged mosaic inside `rect`, lens falloff undone. The rectangle's top must be even.
fn mosaic_of(merged: &Merged, rect: Rect) -> Mosaic {
    let cfa = merged.cfa.shifted(rect.x, rect.y);
    let mut samples = Plane::<f32>::new(rect.width, rect.height);
    calotype_image::par::bands_mut(&mut samples, 64, |top, mut band| {
        for y in 0..band.height() {
            let rows = merged.rgb.row(rect.y + top + y);
            for (x, v) in band.row_mut(y).iter_mut().enumerate() {
                *v = rows[cfa.color_at(x, top + y) as usize][rect.x + x];
            }
        }
    });
    Mosaic { samples, cfa, noise: merged.noise }
}

/// Blends demosaiced rows, the first of which is row `above` of the picture, into rows `top` to `bottom`.
fn blend(merged: &mut Merged, fresh: &CameraRgb, above: usize, top: usize, bottom: usize) {
    let block = Merged::BLOCK;
    let (columns, rows) = (merged.trust.width(), merged.trust.height());
    let mut weights = vec![0.0f32; merged.rgb.width()];
    for y in top..bottom {
        // Trust is known at the middles of blocks and bilinear between them.
        let v = ((y as f32 + 0.5) / block as f32 - 0.5).clamp(0.0, (rows - 1) as f32);
        let (j, fy) = (v as usize, v.fract());
        let (low, high) = (merged.trust.row(j), merged.trust.row((j + 1).min(rows - 1)));
        for (x, weight) in weights.iter_mut().enumerate() {
            let u = ((x as f32 + 0.5) / block as f32 - 0.5).clamp(0.0, (columns - 1) as f32);
            let (i, fx) = (u as usize, u.fract());
            let i1 = (i + 1).min(columns - 1);
            let (a, b) = (low[i] + (low[i1] - low[i]) * fx, high[i] + (high[i1] - high[i]) * fx);
            *weight = a + (b - a) * fy;
        }
        for c in 0..3 {
            let new = fresh.planes[c].row(y - above);
            for ((old, new), weight) in merged.rgb.planes[c].row_mut(y).iter_mut().zip(new).zip(&weights) {
                *old = new + (*old - new) * weight;
            }
        }
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
        for (w, h) in [(40, 600), (33, 31)] {
            for trust in [0.0, 0.5, 1.0] {
                let expected = merged(w, h, trust).rgb;
                let out = demosaiced(Picture::Merged(Box::new(merged(w, h, trust))), [1.0; 3]).unwrap();
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
