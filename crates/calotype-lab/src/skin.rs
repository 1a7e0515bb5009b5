//! Skin: what becomes of ten skin tones, from very light to very dark (Monk 2019).

use crate::card::{Card, Goal, Measured, Plot, Row};
use crate::stats::mean;
use crate::{LabError, Picture, Region, Result, to_lab};
use calotype_color::MONK_TONES;
use calotype_color::transfer::srgb_decode;
use serde::Serialize;

/// What became of skin tones.
#[derive(Clone, Debug, Serialize)]
pub struct SkinReport {
    /// The picture.
    pub subject: String,
    /// Tone by tone.
    pub tones: Vec<SkinTone>,
    /// Largest hue shift in degrees, absolute.
    pub hue_shift_max_deg: f64,
    /// Mean hue shift in degrees, sign kept: positive is towards yellow.
    pub hue_shift_mean_deg: f64,
    /// Largest less smallest hue shift: 0 where all tones are treated alike.
    pub hue_spread_deg: f64,
    /// Smallest and largest chroma over what it was.
    pub chroma_gain: [f64; 2],
    /// Mean of chroma over what it was.
    pub chroma_gain_mean: f64,
}

/// One tone.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SkinTone {
    /// What it was, CIELAB (D65).
    pub reference: [f64; 3],
    /// What it is.
    pub measured: [f64; 3],
    /// Hue now less hue before in degrees, in CIELAB.
    pub hue_shift_deg: f64,
    /// Chroma now over chroma before.
    pub chroma_gain: f64,
    /// L* now less before.
    pub lightness_shift: f64,
}

/// Measures ten patches side by side (or one below the other), lightest first, in a region of a picture, against the
/// same region of `truth`, or against the published tones without one.
///
/// # Errors
/// [`LabError::Outside`], [`LabError::SizeMismatch`], [`LabError::NotFound`] for a strip of less than 8 pixels a patch, or whose
/// patches do not get darker as the tones do.
pub fn skin(picture: &Picture, strip: Region, truth: Option<&Picture>) -> Result<SkinReport> {
    let part = picture.crop(strip)?;
    let reference: Vec<[f64; 3]> = match truth {
        Some(truth) if truth.size() == picture.size() => patches(&truth.crop(strip)?)?,
        Some(truth) => {
            return Err(LabError::SizeMismatch {
                first_name: picture.name.clone(),
                first: picture.size(),
                second_name: truth.name.clone(),
                second: truth.size(),
            });
        }
        None => MONK_TONES.iter().map(|t| t.map(|v| f64::from(srgb_decode(f32::from(v) / 255.0)))).collect(),
    };
    let tones: Vec<SkinTone> = patches(&part)?
        .iter()
        .zip(&reference)
        .map(|(now, before)| {
            let (a, b) = (to_lab(*before), to_lab(*now));
            let hue = |l: [f64; 3]| l[2].atan2(l[1]).to_degrees();
            SkinTone {
                reference: a,
                measured: b,
                hue_shift_deg: (hue(b) - hue(a) + 540.0).rem_euclid(360.0) - 180.0,
                chroma_gain: b[1].hypot(b[2]) / a[1].hypot(a[2]).max(1e-9),
                lightness_shift: b[0] - a[0],
            }
        })
        .collect();
    let falls = tones.windows(2).all(|t| t[1].measured[0] < t[0].measured[0] + 4.0);
    let span = |of: &dyn Fn(&SkinTone) -> f64| of(&tones[0]) - of(&tones[9]);
    if !falls || span(&|t| t.measured[0]) < 0.4 * span(&|t| t.reference[0]) {
        return Err(LabError::NotFound {
            what: "strip of ten skin tones",
            name: picture.name.clone(),
            reason: "the patches do not get darker from the first to the last as the tones do".into(),
            remedy: STRIP,
        });
    }
    let hue: Vec<f64> = tones.iter().map(|t| t.hue_shift_deg).collect();
    let range = |v: &[f64]| v.iter().fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(*x), b.max(*x)));
    let (low, high) = range(&hue);
    let chroma: Vec<f64> = tones.iter().map(|t| t.chroma_gain).collect();
    let (least, most) = range(&chroma);
    Ok(SkinReport {
        subject: picture.name.clone(),
        hue_shift_max_deg: low.abs().max(high.abs()),
        hue_shift_mean_deg: mean(&hue),
        hue_spread_deg: high - low,
        chroma_gain: [least, most],
        chroma_gain_mean: mean(&chroma),
        tones,
    })
}

/// What helps where no strip is seen.
const STRIP: &str = "Point at the ten patches, lightest first, with --strip WIDTHxHEIGHT+X+Y.";

/// Mean linear colours of ten even parts, the middle half of each.
fn patches(part: &Picture) -> Result<Vec<[f64; 3]>> {
    let (w, h) = part.size();
    let across = w >= h;
    let (long, short) = if across { (w, h) } else { (h, w) };
    if long < 80 || short < 4 {
        return Err(LabError::NotFound {
            what: "strip of ten skin tones",
            name: part.name.clone(),
            reason: format!("the region has {w}x{h} pixels, each tone needs 8"),
            remedy: STRIP,
        });
    }
    let step = long as f64 / 10.0;
    Ok((0..10)
        .map(|i| {
            let along = ((f64::from(i) + 0.25) * step) as usize..((f64::from(i) + 0.75) * step) as usize;
            let beside = short / 4..short - short / 4;
            let mut sum = [0.0; 3];
            for a in along.clone() {
                for b in beside.clone() {
                    let pixel = if across { part.rgb.get(a, b) } else { part.rgb.get(b, a) };
                    sum.iter_mut().zip(pixel).for_each(|(s, v)| *s += f64::from(v));
                }
            }
            sum.map(|s| s / (along.len() * beside.len()) as f64)
        })
        .collect())
}

impl Measured for SkinReport {
    fn card(&self) -> Card {
        let linear = |lab: [f64; 3]| {
            let xyz = calotype_color::lab::lab_to_xyz(lab, calotype_color::xy_to_xyz(calotype_color::D65_XY));
            calotype_color::matrix::transform(&calotype_color::RgbSpace::Rec709.from_xyz(), xyz)
        };
        let rows = self
            .tones
            .iter()
            .enumerate()
            .map(|(i, t)| {
                Row::new(
                    format!("tone {}", i + 1),
                    [t.hue_shift_deg, t.chroma_gain, t.lightness_shift, t.measured[0], t.measured[1], t.measured[2]],
                )
                .with_swatches([linear(t.measured), linear(t.reference)])
            })
            .collect();
        let numbered = |f: fn(&SkinTone) -> f64| {
            self.tones.iter().enumerate().map(|(i, t)| [i as f64 + 1.0, f(t)]).collect::<Vec<_>>()
        };
        Card::new("skin", &self.subject, "ten tones of the Monk scale, hue and chroma in CIELAB")
            .figure("hue_shift_max", "hue shift, largest", self.hue_shift_max_deg, "degrees", Goal::Lower)
            .figure("hue_shift_mean", "hue shift, mean", self.hue_shift_mean_deg, "degrees", Goal::Near(0.0))
            .figure("hue_spread", "hue shift between tones", self.hue_spread_deg, "degrees", Goal::Lower)
            .figure("chroma_gain_min", "chroma, smallest", self.chroma_gain[0], "", Goal::Near(1.0))
            .figure("chroma_gain_max", "chroma, largest", self.chroma_gain[1], "", Goal::Near(1.0))
            .table("Tones", &["hue shift", "chroma", "dL*", "L*", "a*", "b*"], rows)
            .plot(
                Plot::new("Hue shift by tone", "tone, light to dark", "degrees")
                    .curve("", numbered(|t| t.hue_shift_deg)),
            )
            .plot(Plot::new("Chroma by tone", "tone, light to dark", "relative").curve("", numbered(|t| t.chroma_gain)))
            .note("Aims: hue shift at most 3 degrees, chroma 0.9 to 1.15, tones within 2 degrees of each other.")
    }
}

/// A picture of the ten tones, 16 pixels each: for trying a rendering.
pub fn monk_strip() -> Picture {
    let planes = [0, 1, 2]
        .map(|c| calotype_image::Plane::from_fn(160, 16, |x, _| srgb_decode(f32::from(MONK_TONES[x / 16][c]) / 255.0)));
    let rgb = calotype_image::Rgb::from_planes(planes);
    Picture { name: "ten skin tones".into(), encoding: "linear".into(), frame: (160, 16), rgb }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_left_alone_do_not_move_and_a_turn_is_found() {
        let strip = monk_strip();
        let whole = Region { x: 0, y: 0, width: 160, height: 16 };
        let same = skin(&strip, whole, None).unwrap();
        assert!(same.hue_shift_max_deg < 1e-3 && (same.chroma_gain_mean - 1.0).abs() < 1e-4);
        // turned by 4 degrees in CIELAB, chroma by 1.2
        let white = calotype_color::xy_to_xyz(calotype_color::D65_XY);
        let from_xyz = calotype_color::RgbSpace::Rec709.from_xyz();
        let mut turned = strip.clone();
        let (sin, cos) = 4f64.to_radians().sin_cos();
        for y in 0..16 {
            for x in 0..160 {
                let l = to_lab(strip.rgb.get(x, y).map(f64::from));
                let lab = [l[0], 1.2 * (l[1] * cos - l[2] * sin), 1.2 * (l[1] * sin + l[2] * cos)];
                let rgb = calotype_color::matrix::transform(&from_xyz, calotype_color::lab::lab_to_xyz(lab, white));
                (0..3).for_each(|c| turned.rgb.planes[c].row_mut(y)[x] = rgb[c] as f32);
            }
        }
        for truth in [None, Some(&strip)] {
            let report = skin(&turned, whole, truth).unwrap();
            assert!((report.hue_shift_mean_deg - 4.0).abs() < 1e-2 && report.hue_spread_deg < 1e-2);
            assert!(report.chroma_gain.iter().all(|g| (g - 1.2).abs() < 1e-3));
        }
        assert!(skin(&strip, Region { width: 40, ..whole }, None).is_err());
    }
}
