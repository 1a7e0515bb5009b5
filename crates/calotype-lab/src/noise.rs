//! Noise of flat areas: signal to noise, visual noise, colour noise and spectrum (ISO 15739).

use crate::card::{CHANNEL_COLORS, Card, Goal, Measured, Plot, Row};
use crate::chart::{CHART_NAMES, Chart};
use crate::fourier::Spectrum;
use crate::mtf::{Viewing, csf};
use crate::picture::REC709_TO_XYZ;
use crate::stats::{least_squares, mean, median};
use crate::{LabError, Picture, Region, Result, thumbnail, to_lab};
use calotype_color::matrix::{invert, transform};
use calotype_color::{D65_XY, Matrix3, bradford, xy_to_xyz};
use calotype_image::Plane;
use serde::Serialize;

/// The smallest side of a flat area in pixels.
const LEAST: usize = 12;

/// The noise of a picture's flat areas.
#[derive(Clone, Debug, Serialize)]
pub struct NoiseReport {
    /// The picture.
    pub subject: String,
    /// How large visual noise takes the picture to be seen.
    pub viewing: Viewing,
    /// The areas, dark to bright.
    pub patches: Vec<NoisePatch>,
    #[serde(skip)]
    crops: Vec<crate::Crop>,
}

/// The noise of one flat area. Slow changes over it (a plane, channel by channel) are taken away first.
#[derive(Clone, Debug, Serialize)]
pub struct NoisePatch {
    /// Its name.
    pub label: String,
    /// Where it is.
    pub region: Region,
    /// Mean of red, green, blue, luminance; linear, white 1.
    pub mean: [f64; 4],
    /// Standard deviation of them.
    pub deviation: [f64; 4],
    /// Signal to noise of red, green, blue, luminance, in dB (20 log10).
    pub snr_db: [f64; 4],
    /// Standard deviation of L*, a*, b* (D65).
    pub lab_deviation: [f64; 3],
    /// Colour noise over lightness noise: hypot of a*, b* over L*.
    pub chroma_over_lightness: f64,
    /// Visual noise (ISO 15739:2013, annex B): seen through the eye's contrast sensitivity.
    pub visual_noise: f64,
    /// Correlation of luminance with the pixel to the right and the pixel below: 0 for white noise, more where noise
    /// was smoothed, less where it was sharpened.
    pub correlation: [f64; 2],
    /// Power of luminance noise by frequency: cycles per pixel, and power relative to white noise of the same variance.
    pub spectrum: Vec<[f64; 2]>,
}

/// A flat area with a name.
pub type Area = (String, Region);

/// Measures the noise of flat areas.
///
/// # Errors
/// [`LabError::Outside`] for an area beyond the picture, [`LabError::Value`] for one of less than 12 pixels a side.
pub fn noise(picture: &Picture, areas: &[Area], viewing: Option<Viewing>) -> Result<NoiseReport> {
    let viewing = viewing.unwrap_or_else(|| Viewing::of_picture(picture.frame.1, 20.0, 40.0));
    let mut patches =
        areas.iter().map(|(label, region)| patch(picture, label, *region, viewing)).collect::<Result<Vec<_>>>()?;
    if patches.is_empty() {
        return Err(LabError::NotFound {
            what: "flat area",
            name: picture.name.clone(),
            reason: "none was named, and none is flat enough to be seen by itself".into(),
            remedy: "Name flat areas with --region WIDTHxHEIGHT+X+Y.",
        });
    }
    patches.sort_by(|a, b| a.mean[3].total_cmp(&b.mean[3]));
    let crops = patches.iter().take(6).map(|p| thumbnail::part(&p.label, picture, p.region)).collect();
    Ok(NoiseReport { subject: picture.name.clone(), viewing, patches, crops })
}

/// The six neutral patches of a chart as areas.
pub fn neutral_areas(chart: &Chart) -> Vec<Area> {
    (18..24)
        .map(|i| (CHART_NAMES[i].into(), chart.region(i)))
        .filter(|a| a.1.width >= LEAST && a.1.height >= LEAST)
        .collect()
}

/// Areas of 48 pixels a side that are as flat as their neighbours allow, at most one for each stop of luminance and at
/// most eight: for photographs without a chart. What they show is not only noise where nothing in the picture is flat.
pub fn flat_areas(picture: &Picture) -> Vec<Area> {
    const SIDE: usize = 48;
    let y = picture.luminance();
    let mut best: Vec<Option<(f64, Region)>> = vec![None; 24];
    for top in (0..y.height().saturating_sub(SIDE - 1)).step_by(SIDE / 2) {
        for left in (0..y.width().saturating_sub(SIDE - 1)).step_by(SIDE / 2) {
            // Means of 8x8 blocks hardly see the noise: how far they are apart is structure.
            let cells: Vec<f64> = (0..36)
                .map(|i| {
                    let (bx, by) = (left + i % 6 * 8, top + i / 6 * 8);
                    (0..8).map(|dy| y.row(by + dy)[bx..bx + 8].iter().map(|v| f64::from(*v)).sum::<f64>()).sum::<f64>()
                        / 64.0
                })
                .collect();
            let level = mean(&cells);
            if !(1e-4..0.98).contains(&level) {
                continue;
            }
            let structure = crate::stats::deviation(&cells) / level;
            let stop = (-level.log2()).clamp(0.0, 23.0) as usize;
            if structure < 0.15 && best[stop].is_none_or(|b| structure < b.0) {
                best[stop] = Some((structure, Region { x: left, y: top, width: SIDE, height: SIDE }));
            }
        }
    }
    let mut found: Vec<(f64, Region)> = best.into_iter().flatten().collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().take(8).map(|(_, r)| (r.to_string(), r)).collect()
}

fn patch(picture: &Picture, label: &str, region: Region, viewing: Viewing) -> Result<NoisePatch> {
    let part = picture.crop(region)?;
    if region.width < LEAST || region.height < LEAST {
        return Err(LabError::Value {
            what: "a flat area",
            value: region.to_string(),
            reason: format!("it needs {LEAST} pixels a side"),
        });
    }
    let flat = Picture {
        rgb: calotype_image::Rgb::from_planes(part.rgb.planes.clone().map(|p| level(&p))),
        ..part.clone_without_pixels()
    };
    let luminance = flat.luminance();
    let of = |plane: &Plane<f32>| {
        let values: Vec<f64> = plane.data().iter().map(|v| f64::from(*v)).collect();
        let m = mean(&values);
        // three numbers of the plane were taken from the same samples
        let square: f64 = values.iter().map(|v| (v - m).powi(2)).sum();
        (m, (square / (values.len() - 3) as f64).sqrt())
    };
    let [r, g, b] = &flat.rgb.planes;
    let stats = [of(r), of(g), of(b), of(&luminance)];
    let lab: Vec<[f64; 3]> =
        (0..luminance.data().len()).map(|i| to_lab([r, g, b].map(|p| f64::from(p.data()[i])))).collect();
    let lab_deviation = [0, 1, 2].map(|c| crate::stats::deviation(&lab.iter().map(|l| l[c]).collect::<Vec<_>>()));
    let (m, deviation) = stats[3];
    let at = |x: usize, y: usize| f64::from(luminance.get(x, y)) - m;
    let (w, h) = (region.width, region.height);
    let covariance = |dx: usize, dy: usize| {
        let mut sum = 0.0;
        for y in 0..h - dy {
            for x in 0..w - dx {
                sum += at(x, y) * at(x + dx, y + dy);
            }
        }
        sum / ((w - dx) * (h - dy)) as f64 / (deviation * deviation).max(1e-30)
    };
    let spectrum = Spectrum::of(w, h, at);
    Ok(NoisePatch {
        label: label.into(),
        region,
        mean: stats.map(|s| s.0),
        deviation: stats.map(|s| s.1),
        snr_db: stats.map(|(m, d)| 20.0 * (m.max(1e-12) / d.max(1e-12)).log10()),
        chroma_over_lightness: lab_deviation[1].hypot(lab_deviation[2]) / lab_deviation[0].max(1e-12),
        lab_deviation,
        visual_noise: visual_noise(&flat, viewing),
        correlation: [covariance(1, 0), covariance(0, 1)],
        spectrum: spectrum.radial(24.min(w.min(h) / 2), |i| spectrum.power(i) / (deviation * deviation).max(1e-30)),
    })
}

/// A plane without its slow change: mean kept, the slopes along x and y taken away.
fn level(plane: &Plane<f32>) -> Plane<f32> {
    let (w, h) = (plane.width(), plane.height());
    let centred = |i: usize, n: usize| (i as f64 + 0.5) / n as f64 - 0.5;
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    // Means of cells carry the same slopes at a fraction of the work.
    let cell = (w.min(h) / 12).max(1);
    for by in 0..h / cell {
        for bx in 0..w / cell {
            let sum: f64 = (0..cell)
                .map(|dy| {
                    plane.row(by * cell + dy)[bx * cell..(bx + 1) * cell].iter().map(|v| f64::from(*v)).sum::<f64>()
                })
                .sum();
            let middle = 0.5 * (cell as f64 - 1.0);
            rows.push(vec![1.0, centred(bx * cell, w) + middle / w as f64, centred(by * cell, h) + middle / h as f64]);
            values.push(sum / (cell * cell) as f64);
        }
    }
    let fit = least_squares(&rows, &values).unwrap_or_else(|| vec![0.0; 3]);
    Plane::from_fn(w, h, |x, y| plane.get(x, y) - (fit[1] * centred(x, w) + fit[2] * centred(y, h)) as f32)
}

/// XYZ to an achromatic and two opponent channels (ISO 15739:2013, annex B), white of equal energy.
const TO_OPPONENT: Matrix3 = [[0.0, 1.0, 0.0], [1.0, -1.0, 0.0], [0.0, 0.4, -0.4]];

/// Contrast sensitivity of the opponent channels in cycles per degree, each 1 at its largest: that of lightness after Movshon
/// and Kiorpes (1988), those of colour sums of two exponentials (Johnson and Fairchild, "A top down description of S-CIELAB and
/// CIEDE2000", 2003, whose 4e-6 is often printed as 0.00000: without it blue and yellow would be seen however fine).
fn opponent_csf(channel: usize, v: f64) -> f64 {
    let two = |a1: f64, b1: f64, c1: f64, a2: f64, b2: f64, c2: f64| {
        (a1 * (-b1 * v.powf(c1)).exp() + a2 * (-b2 * v.powf(c2)).exp()) / (a1 + a2)
    };
    match channel {
        // the mean passes; the peak is at v = c / b = 4
        0 => {
            if v == 0.0 {
                1.0
            } else {
                csf(v) / csf(4.0)
            }
        }
        1 => two(109.1413, 0.00038, 3.4244, 93.5971, 0.00367, 2.1677),
        _ => two(7.0328, 4e-6, 4.2582, 40.6910, 0.1039, 1.6487),
    }
}

/// Visual noise: opponent channels filtered as the eye does, back to CIELUV, deviations weighed 1, 0.852 and 0.323
/// (ISO 15739:2013, annex B).
fn visual_noise(flat: &Picture, viewing: Viewing) -> f64 {
    let (w, h) = (flat.width(), flat.height());
    let white = xy_to_xyz(D65_XY);
    // to the white of equal energy and back by Bradford, as the standard's reference implementation does (Image
    // Engineering, technote "Visual noise: the difference in implementation"), which also cuts off negative XYZ
    let equal = [1.0 / 3.0; 2];
    let (there, home) = (bradford(D65_XY, equal), bradford(equal, D65_XY));
    let xyz = |x: usize, y: usize| transform(&there, transform(&REC709_TO_XYZ, flat.rgb.get(x, y).map(f64::from)));
    let opponent = [0, 1, 2].map(|c| {
        let plane = Spectrum::of(w, h, |x, y| transform(&TO_OPPONENT, xyz(x, y))[c]);
        plane.filtered(|f| opponent_csf(c, f * viewing.pixels_per_degree))
    });
    let back = invert(&TO_OPPONENT).unwrap_or(calotype_color::matrix::IDENTITY);
    let luv: Vec<[f64; 3]> = (0..w * h)
        .map(|i| {
            let v = transform(&back, opponent.each_ref().map(|p| f64::from(p.data()[i])));
            luv(transform(&home, v.map(|v| v.max(0.0))).map(|v| v.max(0.0)), white)
        })
        .collect();
    let deviation = |c: usize| crate::stats::deviation(&luv.iter().map(|l| l[c]).collect::<Vec<_>>());
    deviation(0) + 0.852 * deviation(1) + 0.323 * deviation(2)
}

/// CIELUV (CIE 15:2018).
fn luv([x, y, z]: [f64; 3], white: [f64; 3]) -> [f64; 3] {
    let uv = |[x, y, z]: [f64; 3]| {
        let d = (x + 15.0 * y + 3.0 * z).max(1e-12);
        [4.0 * x / d, 9.0 * y / d]
    };
    let l = calotype_color::lab::lightness(y / white[1]);
    let (c, n) = (uv([x, y, z]), uv(white));
    [l, 13.0 * l * (c[0] - n[0]), 13.0 * l * (c[1] - n[1])]
}

impl NoiseReport {
    /// Signal to noise of luminance in dB at a luminance, from the areas about it.
    pub fn snr_at(&self, luminance: f64) -> Option<f64> {
        let points: Vec<[f64; 2]> = self.patches.iter().map(|p| [p.mean[3].max(1e-9).log2(), p.snr_db[3]]).collect();
        let (first, last) = (points.first()?[0], points.last()?[0]);
        let x = luminance.log2();
        (first - 0.5..=last + 0.5).contains(&x).then(|| crate::stats::interpolate(&points, x))
    }
}

impl Measured for NoiseReport {
    fn card(&self) -> Card {
        let rows = self
            .patches
            .iter()
            .map(|p| {
                Row::new(
                    p.label.clone(),
                    [
                        p.mean[3],
                        p.snr_db[3],
                        p.snr_db[0],
                        p.snr_db[1],
                        p.snr_db[2],
                        p.lab_deviation[0],
                        p.lab_deviation[1],
                        p.lab_deviation[2],
                        p.visual_noise,
                        p.correlation[0],
                        p.correlation[1],
                    ],
                )
                .with_swatches([[p.mean[0], p.mean[1], p.mean[2]]])
            })
            .collect();
        let all = |f: &dyn Fn(&NoisePatch) -> f64| self.patches.iter().map(f).collect::<Vec<_>>();
        let mut snr = Plot::new("Signal to noise", "luminance", "dB").logarithmic(true, false);
        for (c, name) in ["R", "G", "B", "Y"].into_iter().enumerate() {
            let points = self.patches.iter().map(|p| [p.mean[3], p.snr_db[c]]).collect();
            snr = snr.colored(name, points, CHANNEL_COLORS[c]);
        }
        let mut spectrum =
            Plot::new("Noise spectrum of luminance (white noise is 1)", "cycles per pixel", "relative power")
                .logarithmic(false, true);
        for p in &self.patches {
            spectrum = spectrum.curve(&p.label, p.spectrum.clone());
        }
        let mut card = Card::new("noise", &self.subject, "ISO 15739:2013: signal to noise, visual noise (annex B)")
            .figure("snr_grey", "signal to noise at 0.18", self.snr_at(0.18), "dB", Goal::Higher)
            .figure("snr_dark", "signal to noise at 0.02", self.snr_at(0.02), "dB", Goal::Higher)
            .figure("snr_median", "signal to noise, median", median(&all(&|p| p.snr_db[3])), "dB", Goal::Higher)
            .figure("visual_noise", "visual noise, mean", mean(&all(&|p| p.visual_noise)), "", Goal::Lower)
            .figure(
                "visual_noise_max",
                "visual noise, largest",
                all(&|p| p.visual_noise).iter().fold(0.0f64, |a, b| a.max(*b)),
                "",
                Goal::Lower,
            )
            .figure(
                "chroma_noise",
                "colour over lightness noise",
                median(&all(&|p| p.chroma_over_lightness)),
                "",
                Goal::Lower,
            )
            .figure(
                "correlation",
                "correlation of neighbours",
                median(&all(&|p| 0.5 * (p.correlation[0] + p.correlation[1]))),
                "",
                Goal::Neither,
            )
            .table(
                "Flat areas",
                &["Y", "SNR dB", "R dB", "G dB", "B dB", "sd L*", "sd a*", "sd b*", "visual", "corr x", "corr y"],
                rows,
            )
            .plot(snr)
            .plot(spectrum)
            .note(format!("Visual noise is for {:.0} pixels in a degree of view.", self.viewing.pixels_per_degree));
        card.figures.retain(|f| f.value.is_some());
        card.crops = self.crops.clone();
        card
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{grey, noisy};

    fn whole(p: &Picture) -> Vec<Area> {
        vec![("all".into(), Region { x: 0, y: 0, width: p.width(), height: p.height() })]
    }

    #[test]
    fn known_noise_has_its_ratio() {
        let ramp = Plane::from_fn(160, 128, |x, y| 0.18 + 0.0004 * x as f32 - 0.0003 * y as f32);
        let picture = noisy(&grey("grey", ramp), 0.01, 5);
        let report = noise(&picture, &whole(&picture), None).unwrap();
        let p = &report.patches[0];
        for c in 0..3 {
            let want = 20.0 * (p.mean[c] / 0.01).log10();
            assert!((p.snr_db[c] - want).abs() < 0.15, "{c}: {} {want}", p.snr_db[c]);
        }
        assert!(p.correlation.iter().all(|c| c.abs() < 0.03));
        assert!(p.spectrum.iter().all(|s| (s[1] - 1.0).abs() < 0.35), "{:?}", p.spectrum);
        assert!(report.snr_at(0.18).is_some() && report.snr_at(0.001).is_none());
    }

    #[test]
    fn visual_noise_is_what_parseval_says() {
        // Equal noise in all channels moves L* only, by dL*/dY; the filter keeps the mean square of its weights.
        let (size, sigma, level) = (96, 0.002, 0.3f64);
        let base = Plane::filled(size, size, level as f32);
        let one = crate::synth::noisy_plane(&base, sigma, 11);
        let picture = Picture::new("x", "", [one.clone(), one.clone(), one]).unwrap();
        let viewing = Viewing { pixels_per_degree: 40.0 };
        let report = noise(&picture, &whole(&picture), Some(viewing)).unwrap();
        let fold = |i: usize| i.min(size - i) as f64 / size as f64;
        let mut kept = 0.0;
        for y in 0..size {
            for x in 0..size {
                let f = fold(x).hypot(fold(y)) * 40.0;
                kept += if f == 0.0 { 0.0 } else { opponent_csf(0, f).powi(2) };
            }
        }
        let slope = 116.0 / 3.0 * level.powf(-2.0 / 3.0);
        let want = slope * sigma * (kept / (size * size) as f64).sqrt();
        let got = report.patches[0].visual_noise;
        assert!((got / want - 1.0).abs() < 0.05, "{got} {want}");
    }

    #[test]
    fn no_eye_sees_what_is_finer_than_a_minute_of_arc() {
        for channel in 0..3 {
            assert!((opponent_csf(channel, 0.0) - 1.0).abs() < 1e-12);
            let peak = (1..600).map(|i| opponent_csf(channel, f64::from(i) * 0.1)).fold(0.0, f64::max);
            assert!(peak <= 1.0 + 1e-9, "{channel}: {peak}");
            // 60 cycles per degree
            assert!(opponent_csf(channel, 60.0) < 1e-3, "{channel}: {}", opponent_csf(channel, 60.0));
        }
        // colours end before lightness does, blue and yellow first
        let half = |channel| (1..600).find(|i| opponent_csf(channel, f64::from(*i) * 0.1) < 0.05).unwrap();
        assert!(half(1) < half(0) && half(2) < half(0), "{} {} {}", half(0), half(1), half(2));
    }

    #[test]
    fn smoothing_and_colour_are_told() {
        let base = grey("grey", Plane::filled(128, 128, 0.2));
        let white = noisy(&base, 0.01, 1);
        let mut soft = white.clone();
        soft.rgb.planes.iter_mut().for_each(|p| *p = crate::filter::gaussian(p, 1.0));
        let of = |p: &Picture| noise(p, &whole(p), None).unwrap().patches[0].clone();
        let (a, b) = (of(&white), of(&soft));
        assert!(b.correlation[0] > 0.7 && b.snr_db[3] > a.snr_db[3] + 8.0);
        assert!(b.spectrum[0][1] > 3.0 * b.spectrum[b.spectrum.len() - 1][1]);
        assert!(a.chroma_over_lightness > 1.0, "independent channels make colour noise");
    }

    #[test]
    fn flat_areas_of_a_photograph_are_found() {
        let mut plane = crate::synth::texture(240, 192, 3).rgb.planes[0].clone();
        for y in 48..144 {
            plane.row_mut(y)[96..192].fill(0.05);
        }
        let picture = noisy(&grey("photo", plane), 0.002, 8);
        let areas = flat_areas(&picture);
        assert!(areas.iter().any(|a| a.1.x >= 96 && a.1.y >= 48 && a.1.x + 48 <= 192), "{areas:?}");
        let tiny = vec![("t".into(), Region { x: 0, y: 0, width: 5, height: 50 })];
        assert!(matches!(noise(&picture, &tiny, None), Err(LabError::Value { .. })));
    }
}
