//! A look after one finished picture, of which nobody has the neutral one: statistics, soberly.
//!
//! What a picture owes to its scene and what to its look cannot be told apart for sure. So only what differs from usual
//! scenes is followed, in few numbers, towards each only as far as its spread over scenes allows; tables are out of the
//! question.

use super::FitError;
use super::confidence::nearest_sector;
use super::least_squares::Problem;
use super::parameters::{Free, Stage, free, look_at};
use super::register::resized;
use crate::point::smoothstep;
use crate::{Look, OutputSpace, PointTransform, SECTORS};
use calotype_color::RgbSpace;
use calotype_color::lab::lightness;
use calotype_color::oklab::{oklab_to_rgb, rgb_to_oklab};
use calotype_image::{Plane, par};
use std::ops::Range;

/// Pixels along the longer side at which pictures are counted.
const SIDE: usize = 160;
/// Colours of scenes that a look is tried on.
const SCENES: usize = 2500;
/// Smallest side of a reference.
const SMALLEST: usize = 64;
/// Percentiles of lightness, and how far scenes spread about their mean in them, in L*: seven photographs of landscapes,
/// streets, a sunset, a sky and rooms, developed in the neutral rendition.
const PERCENTILES: [(f64, f64); 9] = [
    (0.01, 8.0),
    (0.05, 10.0),
    (0.15, 12.0),
    (0.30, 8.0),
    (0.50, 9.0),
    (0.70, 9.0),
    (0.85, 8.0),
    (0.95, 9.0),
    (0.99, 10.0),
];
/// How many of them count: three principal components hold 97 % of their variance over those scenes (how light it is, how
/// contrasty, how much of it is bright), so that nine that agree are three witnesses and not nine.
const PERCENTILES_COUNT_AS: f64 = 3.0;
/// Spread of the logarithm of mean chroma over scenes.
const CHROMA_SPREAD: f64 = 0.5;
/// Spread over scenes of the mean colour of what is nearly neutral, in Oklab: 0.006 in those scenes, and as much again for
/// white balances. The mean of all colours spreads five times as far: it is that of a sky or a lawn.
const TINT_SPREAD: f64 = 0.012;
/// Oklab chroma at which a colour is half as good as a neutral, by its fourth power.
const NEUTRAL: f64 = 0.03;
/// Neutrals among the colours of a zone from which they tell of a tint, and from which they do so fully.
const NEUTRALS: [f64; 2] = [0.15, 0.5];
/// Oklab lightness that parts shadows, mid-tones and lights.
const ZONES: [f64; 2] = [0.42, 0.70];
/// Oklab chroma from which a colour has a hue worth counting.
const COLOURED: f64 = 0.04;
/// Share of hue shifts that is believed, and the largest in degrees.
const BELIEVED: f64 = 0.5;
const LARGEST_SHIFT: f64 = 8.0;
/// Root mean square of Oklab chroma about the tone at a lightness under which a picture is black and white.
const MONO: f64 = 0.006;
/// Range of lightness between the 5th and the 95th percentile under which a picture shows no tones, in L*.
const FLAT: f64 = 12.0;

/// A look after a reference, and what it follows.
#[derive(Clone, Debug)]
pub struct ReferenceFit {
    /// The look; its contract is what it measures.
    pub look: Look,
    /// Statistics of the reference, of usual scenes in the neutral rendition, and of those in the look.
    pub statistics: [Statistics; 3],
    /// True where the reference is black and white, toned or not: its filter cannot be known, and is the eye's.
    pub mono: bool,
}

/// What is counted in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// L* at the percentiles 1, 5, 15, 30, 50, 70, 85, 95 and 99.
    pub lightness: [f64; 9],
    /// Shadows, mid-tones, lights.
    pub zones: [Zone; 3],
    /// Share of pixels with a hue near each sector, and their mean hue in degrees from the sector's.
    pub hues: [(f64, f64); 8],
}

/// Colours of one range of lightness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zone {
    /// Share of the picture's pixels.
    pub share: f64,
    /// Mean Oklab chroma about the tint.
    pub chroma: f64,
    /// Mean Oklab a and b of what is nearly neutral.
    pub tint: [f64; 2],
    /// Share of the zone's pixels that are nearly neutral.
    pub neutral: f64,
}

impl Statistics {
    /// Of colours in Oklab; hues are counted where `hue_of` has them.
    fn of(colours: &[[f64; 3]], hue_of: &[[f64; 3]]) -> Self {
        let n = colours.len().max(1) as f64;
        let mut tones: Vec<f64> = colours.iter().map(|c| c[0]).collect();
        tones.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * (tones.len().max(1) - 1) as f64;
            let i = (place as usize).min(tones.len().saturating_sub(2));
            let value = |i: usize| tones.get(i).copied().unwrap_or(0.0);
            // Oklab lightness of a grey is the cube root of its luminance.
            lightness((value(i) + (value(i + 1) - value(i)) * (place - i as f64)).max(0.0).powi(3))
        };
        // Zones blend into each other: what is counted moves smoothly with the look.
        let share = |l: f64, z: usize| {
            let [above_shadows, above_mids] = ZONES.map(|limit| smoothstep(limit - 0.08, limit + 0.08, l));
            [1.0 - above_shadows, above_shadows - above_mids, above_mids][z]
        };
        let zone = |z: usize| {
            let sum = |f: &dyn Fn(&[f64; 3]) -> f64| colours.iter().map(|c| share(c[0], z) * f(c)).sum::<f64>();
            let count = sum(&|_| 1.0);
            let some = count.max(1e-9);
            let neutral = |c: &[f64; 3]| 1.0 / (1.0 + (c[1].hypot(c[2]) / NEUTRAL).powi(4));
            let neutrals = sum(&neutral);
            let tint = [1, 2].map(|k| sum(&|c| neutral(c) * c[k]) / neutrals.max(1e-9));
            let chroma = sum(&|c| (c[1] - tint[0]).hypot(c[2] - tint[1])) / some;
            Zone { share: count / n, chroma, tint, neutral: neutrals / some }
        };
        let mut hues = [(0.0, 0.0); 8];
        for (colour, origin) in colours.iter().zip(hue_of) {
            if origin[1].hypot(origin[2]) > COLOURED {
                let sector = nearest_sector(origin[2].atan2(origin[1]).to_degrees());
                let hue = colour[2].atan2(colour[1]).to_degrees();
                hues[sector].0 += 1.0;
                hues[sector].1 += (hue - SECTORS[sector].0 + 180.0).rem_euclid(360.0) - 180.0;
            }
        }
        let hues = hues.map(|(count, sum): (f64, f64)| (count / n, if count > 0.0 { sum / count } else { 0.0 }));
        Self { lightness: PERCENTILES.map(|p| at(p.0)), zones: [0, 1, 2].map(zone), hues }
    }

    /// Differences from a target in units of their spreads: tones, then zones.
    fn differences(&self, target: &Self) -> Vec<[f64; 3]> {
        let say = (PERCENTILES_COUNT_AS / PERCENTILES.len() as f64).sqrt();
        let tones = (0..9).map(|i| [say * (self.lightness[i] - target.lightness[i]) / PERCENTILES[i].1, 0.0, 0.0]);
        let zones = self.zones.iter().zip(&target.zones).map(|(a, b)| {
            // what hardly occurs tells nothing, and all zones together are one picture
            let say = b.share.sqrt() * (a.share / 0.05).min(1.0);
            let chroma = say * (a.chroma.max(1e-3) / b.chroma.max(1e-3)).ln() / CHROMA_SPREAD;
            let neutrals = smoothstep(NEUTRALS[0], NEUTRALS[1], a.neutral.min(b.neutral));
            // neutrals of a tenth of the picture are witnesses enough
            let seen = (b.share / 0.10).min(1.0) * (a.share / 0.05).min(1.0);
            let tint = |k: usize| seen * neutrals * (a.tint[k] - b.tint[k]) / TINT_SPREAD;
            [chroma, tint(0), tint(1)]
        });
        tones.chain(zones).collect()
    }
}

/// Fits a look to one finished picture (display-linear sRGB, white 1). `on` are pictures in the neutral rendition that it is
/// meant for, of like scenes; without any, usual scenes stand in.
///
/// # Errors
/// [`FitError::Small`] under 64 pixels along a side, [`FitError::Flat`] where a picture shows no tones, [`FitError::Planes`].
pub fn fit_reference(reference: &[Plane<f32>; 3], on: &[[Plane<f32>; 3]]) -> Result<ReferenceFit, FitError> {
    let pixels = colours(reference, SIDE)?;
    let oklab: Vec<[f64; 3]> = pixels.iter().map(|p| rgb_to_oklab(RgbSpace::Rec709, *p)).collect();
    let target = Statistics::of(&oklab, &oklab);
    let range = target.lightness[7] - target.lightness[1];
    if !(range >= FLAT) {
        return Err(FitError::Flat { range, needed: FLAT });
    }
    let mono = tone_rest(&oklab) < MONO;
    let base = PointTransform::new(&Look::default(), OutputSpace::Srgb, 0.0);
    let mut scenes = Vec::new();
    for picture in on {
        // Small by leaving out and not by averaging: both must have the contrast of the same scale.
        let small: Vec<[f64; 3]> = colours(picture, SIDE)?;
        let step = (small.len() * on.len() / SCENES).max(1);
        let small: Vec<[f64; 3]> = small.into_iter().step_by(step).collect();
        scenes.extend(par::map(small.len(), |i| base.invert(small[i], None)));
    }
    if on.is_empty() {
        scenes = usual_scenes();
    }
    let oklab_in = |look: &Look| -> Vec<[f64; 3]> {
        let transform = base.retuned(look);
        par::map(scenes.len(), |i| rgb_to_oklab(RgbSpace::Rec709, transform.apply(scenes[i])))
    };
    let plain = oklab_in(&Look::default());
    let free = free(mono, false);
    let differences = |u: &[f64], range: Range<usize>| -> Vec<[f64; 3]> {
        Statistics::of(&oklab_in(&look_at(&free, u, mono)), &plain).differences(&target)[range].to_vec()
    };
    let count = PERCENTILES.len() + 3;
    let ranges = free.iter().map(Free::range).collect();
    let problem = Problem { count, weight: &|_| 1.0, scale: 3.0, sigma: 1.0, ranges };
    let active: Vec<usize> =
        (0..free.len()).filter(|i| matches!(free[*i].stage, Stage::Tone | Stage::Chroma)).collect();
    let units = problem.solve(&vec![0.0; free.len()], &active, 30, &differences);
    let mut look = look_at(&free, &units, mono);
    let natural = Statistics::of(&plain, &plain);
    if !mono {
        for (i, sector) in look.sectors.iter_mut().enumerate() {
            let ((there, hue), (usual, was)) = (target.hues[i], natural.hues[i]);
            // a few percent of both make a hue certain
            let certain = smoothstep(0.01, 0.05, there) * smoothstep(0.005, 0.02, usual);
            sector.shift_deg = (BELIEVED * certain * (hue - was)).clamp(-LARGEST_SHIFT, LARGEST_SHIFT);
        }
    }
    let after = Statistics::of(&oklab_in(&look), &plain);
    look.promise();
    Ok(ReferenceFit { look, statistics: [target, natural, after], mono })
}

/// Display-linear colours of a picture made small, held within 0 and 1.
fn colours(picture: &[Plane<f32>; 3], side: usize) -> Result<Vec<[f64; 3]>, FitError> {
    let (width, height) = (picture[0].width(), picture[0].height());
    if picture.iter().any(|p| (p.width(), p.height()) != (width, height)) {
        return Err(FitError::Planes);
    }
    if width.min(height) < SMALLEST {
        return Err(FitError::Small { width, height, needed: SMALLEST });
    }
    let scale = (side as f64 / width.max(height) as f64).min(1.0);
    let size = |v: usize| ((v as f64 * scale).round() as usize).max(1);
    let small = picture.each_ref().map(|p| resized(p, size(width), size(height)));
    let all = small[0].data().len();
    Ok((0..all).map(|i| [0, 1, 2].map(|c| f64::from(small[c].data()[i]).clamp(0.0, 1.0))).collect())
}

/// Root mean square chroma about the tone of neighbours in lightness.
fn tone_rest(oklab: &[[f64; 3]]) -> f64 {
    let mut sorted = oklab.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let rest = |part: &[[f64; 3]]| {
        let mean = [1, 2].map(|k| part.iter().map(|c| c[k]).sum::<f64>() / part.len() as f64);
        part.iter().map(|c| (c[1] - mean[0]).powi(2) + (c[2] - mean[1]).powi(2)).sum::<f64>()
    };
    let part = (sorted.len() / 32).max(1);
    (sorted.chunks(part).map(rest).sum::<f64>() / sorted.len().max(1) as f64).sqrt()
}

/// Scene-linear Rec.2020 of a scene as photographs have it: light about grey with a spread of 1.2 stops, which
/// meets the mean percentiles of those seven within 2 L*; chroma falling off exponentially with their mean, 0.035; hues of earth and skin, of leaves, of the sky and its shadows, and a few of
/// everything. Places of a low-discrepancy sequence.
fn usual_scenes() -> Vec<[f64; 3]> {
    /// Share, hue in degrees and spread of each kind.
    const KINDS: [(f64, f64, f64); 3] = [(0.45, 65.0, 22.0), (0.17, 130.0, 14.0), (0.26, 250.0, 20.0)];
    (1..=2000u32)
        .map(|i| {
            let [u, v, w, k] =
                [0.856_674_883_854_502_9, 0.733_891_856_627_126_1, 0.628_706_726_415_469_4, 0.538_596_923_441_263_5]
                    .map(|s: f64| (0.5 + s * f64::from(i)).fract());
            let ev = -0.05 + 1.2 * normal(u);
            let mut left = k;
            let kind = KINDS.iter().find(|kind| {
                left -= kind.0;
                left < 0.0
            });
            let hue = kind.map_or(360.0 * v, |(_, hue, spread)| hue + spread * normal(v)).to_radians();
            let chroma = (-0.035 * (1.0 - w).max(1e-3).ln()).min(0.16);
            let rgb = oklab_to_rgb(RgbSpace::Rec2020, [0.18f64.cbrt(), chroma * hue.cos(), chroma * hue.sin()]);
            rgb.map(|c| c.max(0.0) * ev.clamp(-6.0, 3.5).exp2())
        })
        .collect()
}

/// Quantile of the normal distribution, from the logistic one, a hundredth near within two standard deviations.
fn normal(u: f64) -> f64 {
    let u = u.clamp(1e-4, 1.0 - 1e-4);
    (u / (1.0 - u)).ln() / 1.702
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of usual scenes in a look.
    fn picture(look: &Look, seed: usize) -> [Plane<f32>; 3] {
        let transform = PointTransform::new(look, OutputSpace::Srgb, 0.0);
        let scenes = usual_scenes();
        let (width, height) = (100, 80);
        let pixel = |i: usize| transform.apply(scenes[(i / 4 * 13 + seed) % scenes.len()]);
        let pixels: Vec<[f64; 3]> = (0..width * height).map(pixel).collect();
        [0, 1, 2].map(|c| Plane::from_fn(width, height, |x, y| pixels[y * width + x][c] as f32))
    }

    #[test]
    fn contrast_colour_and_tint_are_followed_soberly() {
        let mut look = Look::default();
        look.tone.slope = 1.5;
        look.chroma = crate::Chroma { shadow: 1.4, mid: 1.4, highlight: 1.4, ..look.chroma };
        look.tint.highlight = [0.5, 2.5];
        let found = fit_reference(&picture(&look, 0), &[]).unwrap();
        let got = &found.look;
        let [target, before, after] = &found.statistics;
        assert!(!found.mono && got.residual.is_none());
        assert!(got.tone.slope > 1.1 && got.tone.slope < 1.6, "{:?}", got.tone);
        // vibrance has half its effect at the chroma of paints
        let gain = got.chroma.mid * (1.0 + 0.5 * got.chroma.vibrance);
        assert!(gain > 1.05 && gain < 1.6, "{:?}", got.chroma);
        assert!(got.tint.highlight[1] > 0.5, "{:?}", got.tint);
        let far = |s: &Statistics| s.differences(target).iter().flatten().map(|v| v * v).sum::<f64>();
        assert!(far(after) < 0.5 * far(before), "{} {}", far(before), far(after));
        let neutral = fit_reference(&picture(&Look::default(), 0), &[picture(&Look::default(), 0)]).unwrap();
        assert!((neutral.look.tone.slope - 1.0).abs() < 0.08, "{:?}", neutral.look.tone);
    }

    /// A tree before a clear sky in a steep look: hardly any contrast, and all of one colour. Neither is the look's doing.
    #[test]
    fn a_sky_is_no_tint_and_a_flat_scene_no_flat_look() {
        let look = Look::builtin("print-warm").unwrap();
        let transform = PointTransform::new(&look, OutputSpace::Srgb, 0.0);
        let (width, height) = (120, 90);
        let pixel = |i: usize| {
            let ev = 1.2 * (i / width) as f64 / height as f64 - 0.6;
            let (lab, ev) = if i.is_multiple_of(14) { ([-0.01, 0.02], ev - 3.0) } else { ([-0.02, -0.06], ev) };
            let light = oklab_to_rgb(RgbSpace::Rec2020, [0.18f64.cbrt(), lab[0], lab[1]]);
            transform.apply(light.map(|v| v.max(0.0) * ev.exp2()))
        };
        let pixels: Vec<[f64; 3]> = (0..width * height).map(pixel).collect();
        let picture = [0, 1, 2].map(|c| Plane::from_fn(width, height, |x, y| pixels[y * width + x][c] as f32));
        let found = fit_reference(&picture, &[]).unwrap().look;
        assert!(found.tone.slope > 0.7, "{:?}", found.tone);
        let tints = [found.tint.shadow, found.tint.mid, found.tint.highlight];
        assert!(tints.iter().flatten().all(|v| v.abs() < 0.8), "{:?}", found.tint);
        assert!(found.chroma.mid > 0.9, "{:?}", found.chroma);
    }

    #[test]
    fn black_and_white_is_told_and_what_tells_nothing_refused() {
        let found = fit_reference(&picture(&Look::builtin("mono-toned").unwrap(), 0), &[]).unwrap();
        assert!(found.mono && found.look.mono.amount == 1.0, "{:?}", found.look.mono);
        let grey = [0, 1, 2].map(|_| Plane::filled(100, 100, 0.4f32));
        assert!(matches!(fit_reference(&grey, &[]), Err(FitError::Flat { .. })));
        let tiny = [0, 1, 2].map(|_| Plane::filled(30, 100, 0.4f32));
        assert!(matches!(fit_reference(&tiny, &[]), Err(FitError::Small { .. })));
    }
}
