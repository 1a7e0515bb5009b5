//! Texture: what is left of fine random detail, noise not counted (dead leaves).
//!
//! With the truth at hand the response is the real part of the cross spectrum over the truth's own (Kirk, Herzer, Artmann
//! and Kunz 2014): noise has no part in it. Without, the spectrum of the chart is taken for a power of the frequency and
//! that of the noise is measured in a flat area and taken away (Cao, Guichard and Hornung 2009; McElvain et al. 2010).

use crate::card::{Card, Goal, Measured, Plot};
use crate::fourier::{Spectrum, hann};
use crate::mtf::{Mtf, Viewing};
use crate::stats::mean;
use crate::{LabError, Picture, Region, Result, thumbnail};
use calotype_image::Plane;
use serde::Serialize;

/// How texture is measured.
#[derive(Clone, Debug)]
pub struct TextureOptions {
    /// A flat area of the same picture, for the noise; without it, and without the truth, noise counts as texture.
    pub flat: Option<Region>,
    /// Power of the frequency that the chart's spectrum falls with, where there is no truth. Dead leaves with radii after
    /// r^-3 have about 1.86; the chart's maker states it.
    pub exponent: f64,
    /// For acutance.
    pub viewing: Option<Viewing>,
}

impl Default for TextureOptions {
    fn default() -> Self {
        Self { flat: None, exponent: 1.86, viewing: None }
    }
}

/// The response to texture.
#[derive(Clone, Debug, Serialize)]
pub struct TextureReport {
    /// The picture.
    pub subject: String,
    /// Which spectrum the texture was compared with.
    pub method: TextureMethod,
    /// The response.
    pub mtf: Mtf,
    /// The response with the noise left in; the same without a flat area.
    pub with_noise: Mtf,
    /// Acutance of the response.
    pub acutance: f64,
    /// How large acutance takes the picture to be seen.
    pub viewing: Viewing,
    #[serde(skip)]
    crop: Option<crate::Crop>,
}

/// Which spectrum texture is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TextureMethod {
    /// The truth's, phase by phase.
    Truth,
    /// A power of the frequency, noise taken away.
    Power {
        /// The power.
        exponent: f64,
    },
    /// A power of the frequency, noise left in.
    PowerWithNoise {
        /// The power.
        exponent: f64,
    },
}

/// Measures texture in the region of a picture, with the truth of the same size where there is one.
///
/// # Errors
/// [`LabError::Outside`], [`LabError::SizeMismatch`], [`LabError::NotFound`] where the region has no texture.
pub fn texture(
    picture: &Picture,
    region: Region,
    truth: Option<&Picture>,
    options: &TextureOptions,
) -> Result<TextureReport> {
    let part = picture.crop(region)?.luminance();
    let missing = |reason: String| LabError::NotFound {
        what: "texture",
        name: picture.name.clone(),
        reason,
        remedy: "Choose a region of at least 64 pixels a side inside the dead leaves.",
    };
    if region.width < 64 || region.height < 64 {
        return Err(missing(format!("the region {region} is too small")));
    }
    let image = windowed(&part);
    let bins = region.width.min(region.height) / 4;
    let power = image.radial(bins, |i| image.power(i));
    if mean(&power.iter().map(|p| p[1]).collect::<Vec<_>>()) < 1e-12 {
        return Err(missing("the region is flat".into()));
    }
    let (method, curve, with_noise) = match truth {
        Some(truth) => {
            if truth.size() != picture.size() {
                return Err(LabError::SizeMismatch {
                    first_name: picture.name.clone(),
                    first: picture.size(),
                    second_name: truth.name.clone(),
                    second: truth.size(),
                });
            }
            let t = windowed(&truth.crop(region)?.luminance());
            let cross = smooth(&t.radial(bins, |i| (image.data[i] * t.data[i].conj()).re / t.data.len() as f64));
            let own = smooth(&t.radial(bins, |i| t.power(i)));
            let ratio =
                |of: &[[f64; 2]]| of.iter().zip(&own).map(|(a, b)| [a[0], a[1] / b[1].max(1e-20)]).collect::<Vec<_>>();
            let energy = ratio(&smooth(&power)).into_iter().map(|p| [p[0], p[1].max(0.0).sqrt()]).collect();
            (TextureMethod::Truth, ratio(&cross), energy)
        }
        None => {
            let noise = match options.flat {
                Some(flat) => {
                    let part = picture.crop(flat)?.luminance();
                    if flat.width < 16 || flat.height < 16 {
                        return Err(LabError::Value {
                            what: "the flat area",
                            value: flat.to_string(),
                            reason: "it needs 16 pixels a side".into(),
                        });
                    }
                    let s = windowed(&part);
                    Some(s.radial(bins.min(flat.width.min(flat.height) / 3), |i| s.power(i)))
                }
                None => None,
            };
            let exponent = options.exponent;
            let target = |f: f64| f.powf(-exponent);
            let root = |take_noise: bool| -> Vec<[f64; 2]> {
                let noise = noise.as_ref().filter(|_| take_noise);
                let left = power.iter().map(|p| {
                    let n = noise.map_or(0.0, |n| crate::stats::interpolate(n, p[0]));
                    [p[0], (p[1] - n) / target(p[0])]
                });
                smooth(&left.collect::<Vec<_>>()).iter().map(|p| [p[0], p[1].max(0.0).sqrt()]).collect()
            };
            let method = if noise.is_some() {
                TextureMethod::Power { exponent }
            } else {
                TextureMethod::PowerWithNoise { exponent }
            };
            (method, root(true), root(false))
        }
    };
    // Relative to the coarsest structure that a region holds a few of.
    let one = |curve: &[[f64; 2]]| {
        // rings have as many independent entries as their radius says
        let low = curve.iter().filter(|p| (0.01..0.04).contains(&p[0]));
        let (sum, weight) = low.fold((0.0, 0.0), |(s, w), p| (s + p[0] * p[1] * p[1], w + p[0]));
        if method == TextureMethod::Truth || weight == 0.0 { 1.0 } else { (sum / weight).sqrt().max(1e-12) }
    };
    let finish = |curve: Vec<[f64; 2]>| {
        let scale = one(&curve);
        let mut points = vec![[0.0, 1.0]];
        points.extend(curve.iter().filter(|p| p[0] >= 0.01 && p[0] <= 0.5).map(|p| [p[0], p[1] / scale]));
        Mtf::new(points)
    };
    let (mtf, with_noise) = (finish(curve), finish(with_noise));
    let viewing = options.viewing.unwrap_or_else(|| Viewing::of_picture(picture.frame.1, 20.0, 40.0));
    Ok(TextureReport {
        subject: picture.name.clone(),
        method,
        acutance: mtf.acutance(viewing),
        mtf,
        with_noise,
        viewing,
        crop: Some(thumbnail::part("the texture", picture, region)),
    })
}

/// Means over an eighth of the frequency to both sides: a random texture's spectrum scatters from ring to ring, by the
/// number of entries in a ring, which grows with its radius.
fn smooth(curve: &[[f64; 2]]) -> Vec<[f64; 2]> {
    curve
        .iter()
        .map(|p| {
            let near = curve.iter().filter(|q| (q[0] / p[0] - 1.0).abs() <= 0.125);
            let (sum, weight) = near.fold((0.0, 0.0), |(s, w), q| (s + q[0] * q[1], w + q[0]));
            [p[0], sum / weight]
        })
        .collect()
}

/// The spectrum of a part of a picture under a window, relative to its mean, so that exposure does not count.
fn windowed(part: &Plane<f32>) -> Spectrum {
    let (w, h) = (part.width(), part.height());
    let level = part.data().iter().map(|v| f64::from(*v)).sum::<f64>() / (w * h) as f64;
    Spectrum::of(w, h, |x, y| (f64::from(part.get(x, y)) / level.abs().max(1e-9) - 1.0) * hann(x, w) * hann(y, h))
}

impl Measured for TextureReport {
    fn card(&self) -> Card {
        let how = match self.method {
            TextureMethod::Truth => "cross spectrum with the truth (Kirk et al. 2014)".to_string(),
            TextureMethod::Power { exponent } => {
                format!("spectrum against f^-{exponent}, noise of a flat area taken away (Cao et al. 2009)")
            }
            TextureMethod::PowerWithNoise { exponent } => {
                format!("spectrum against f^-{exponent}, noise counts as texture")
            }
        };
        let mut card =
            Card::new("texture", &self.subject, &format!("dead leaves, {how}"))
                .figure("texture_mtf50", "texture MTF50", self.mtf.mtf50, "cycles/pixel", Goal::Higher)
                .figure("texture_mtf10", "texture MTF10", self.mtf.mtf10, "cycles/pixel", Goal::Higher)
                .figure("texture_area", "area under the curve", self.mtf.area, "", Goal::Higher)
                .figure("texture_acutance", "texture acutance", self.acutance, "", Goal::Higher)
                .plot(
                    Plot::new("Texture", "cycles per pixel", "response")
                        .curve("texture", self.mtf.curve.clone())
                        .colored("with its noise", self.with_noise.curve.clone(), "#aaaaaa"),
                );
        card.crops.extend(self.crop.clone());
        card
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::gaussian;
    use crate::synth::{Random, grey, noisy};

    /// Random discs that hide each other, radii after r^-3.
    fn leaves(size: usize, seed: u64) -> Picture {
        let mut random = Random(seed);
        let mut plane = Plane::filled(size, size, 0.4f32);
        for _ in 0..6000 {
            let (lo, hi) = (1.5f64, 60.0f64);
            let u = random.uniform();
            let r = (u * hi.powi(-2) + (1.0 - u) * lo.powi(-2)).powf(-0.5);
            let (cx, cy) = (random.uniform() * size as f64, random.uniform() * size as f64);
            let level = (0.2 + 0.4 * random.uniform()) as f32;
            for y in (cy - r).max(0.0) as usize..((cy + r + 1.0) as usize).min(size) {
                for x in (cx - r).max(0.0) as usize..((cx + r + 1.0) as usize).min(size) {
                    if (x as f64 + 0.5 - cx).hypot(y as f64 + 0.5 - cy) < r {
                        plane.row_mut(y)[x] = level;
                    }
                }
            }
        }
        grey("leaves", plane)
    }

    fn blurred(p: &Picture, sigma: f64) -> Picture {
        let mut out = p.clone();
        out.rgb.planes.iter_mut().for_each(|plane| *plane = gaussian(plane, sigma));
        out
    }

    fn want(sigma: f64, f: f64) -> f64 {
        (-2.0 * (std::f64::consts::PI * sigma * f).powi(2)).exp()
    }

    #[test]
    fn with_the_truth_noise_has_no_part() {
        let truth = leaves(320, 3);
        let region = Region { x: 20, y: 20, width: 256, height: 256 };
        let picture = noisy(&blurred(&truth, 1.0), 0.02, 9);
        let report = texture(&picture, region, Some(&truth), &TextureOptions::default()).unwrap();
        for f in [0.05, 0.1, 0.2, 0.3] {
            assert!((report.mtf.at(f) - want(1.0, f)).abs() < 0.03, "{f}: {} {}", report.mtf.at(f), want(1.0, f));
        }
        assert!(report.with_noise.at(0.4) > report.mtf.at(0.4) + 0.1);
    }

    #[test]
    fn without_the_truth_the_noise_is_taken_away() {
        // Random fields of exactly the spectrum that is supposed; one by itself scatters by its few coarse structures.
        let report = |seed: u64| {
            let mut random = Random(seed);
            let white: Vec<f64> = (0..512 * 512).map(|_| random.normal()).collect();
            let field = Spectrum::of(512, 512, |x, y| white[y * 512 + x])
                .filtered(|f| if f == 0.0 { 0.0 } else { 0.004 * f.powf(-0.93) });
            let soft = gaussian(&Plane::from_fn(512, 512, |x, y| 0.4 + field.get(x, y)), 1.1);
            // the field above, a flat area below
            let plane = Plane::from_fn(512, 700, |x, y| if y < 512 { soft.get(x, y) } else { 0.4 });
            let picture = noisy(&grey("field", plane), 0.01, seed + 1);
            let region = Region { x: 0, y: 0, width: 512, height: 512 };
            let options =
                TextureOptions { flat: Some(Region { x: 0, y: 530, width: 512, height: 160 }), ..Default::default() };
            texture(&picture, region, None, &options).unwrap()
        };
        let all: Vec<TextureReport> = (20..26).map(|s| report(100 * s)).collect();
        let at = |f: f64| mean(&all.iter().map(|r| r.mtf.at(f)).collect::<Vec<_>>());
        for f in [0.08, 0.15, 0.25] {
            let want = want(1.1, f) / want(1.1, 0.03);
            assert!((at(f) - want).abs() < 0.04, "{f}: {} {want}", at(f));
        }
        assert!(all.iter().all(|r| r.with_noise.at(0.45) > r.mtf.at(0.45) + 0.05));
    }

    #[test]
    fn no_texture_is_told() {
        let flat = grey("flat", Plane::filled(200, 200, 0.4));
        let region = Region { x: 0, y: 0, width: 128, height: 128 };
        assert!(matches!(texture(&flat, region, None, &TextureOptions::default()), Err(LabError::NotFound { .. })));
        assert!(texture(&flat, Region { width: 20, ..region }, None, &TextureOptions::default()).is_err());
    }
}
