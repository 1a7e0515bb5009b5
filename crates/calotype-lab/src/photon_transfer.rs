//! Photon transfer: noise against signal from pairs of flat raws (EMVA 1288 release 4.0; Janesick 2007).

use crate::card::{CHANNEL_COLORS, Card, Goal, Measured, Plot, Row};
use crate::read::RawPicture;
use crate::stats::{least_squares, mean, median, quantile};
use crate::{LabError, Result};
use calotype_image::{NoiseModel, par};
use serde::Serialize;

/// Side of a tile, in photosites of one place in the 2x2 cell.
const TILE: usize = 16;

/// The noise of a sensor: var(x) = shot x + read per colour, black 0, saturation 1, as DNG's NoiseProfile states it.
#[derive(Clone, Debug, Serialize)]
pub struct PhotonTransfer {
    /// The raws.
    pub subject: String,
    /// S of red, green, blue.
    pub shot: [f64; 3],
    /// O of red, green, blue.
    pub read: [f64; 3],
    /// Standard errors of S.
    pub shot_error: [f64; 3],
    /// Photons (electrons) at saturation, 1 / S, of green.
    pub full_well_electrons: f64,
    /// Noise in the dark in electrons, green.
    pub read_electrons: f64,
    /// Fixed differences between photosites beyond noise (gain differences), as a share of the signal, green; open where
    /// shading or dust cannot be told from it.
    pub non_uniformity: Option<f64>,
    /// Points: mean and variance of tiles, per colour, thinned.
    pub points: [Vec<[f64; 2]>; 3],
    /// Median over the points of measured over modelled variance, green: 1 where the model fits.
    pub fit: f64,
    /// Ratio of the file's own NoiseProfile to what was measured, green, at 0.18 of saturation; open without one.
    pub file_over_measured: Option<f64>,
}

/// Measures the noise model from pairs of raws of the same flat scene, each pair with the same exposure; several pairs of
/// different exposures tell S and O best apart.
///
/// Half the difference of a pair has the noise of one and no scene: its variance in small tiles is paired with their mean,
/// and a line is laid through by weighed least squares. Tiles above 0.9 of saturation are left out.
///
/// # Errors
/// [`LabError::SizeMismatch`] for raws that differ, [`LabError::NotFound`] where all is clipped or black, or the two of a
/// pair show different things.
pub fn photon_transfer(pairs: &[(&RawPicture, &RawPicture)]) -> Result<PhotonTransfer> {
    let mut points: [Vec<[f64; 2]>; 3] = Default::default();
    let mut uniformity = Vec::new();
    for (a, b) in pairs {
        a.check_like(b)?;
        for (phase, color) in a.phases() {
            let (p, q) = (a.phase(phase), b.phase(phase));
            let (across, down) = (p.width() / TILE, p.height() / TILE);
            let tile = |i: usize| {
                let (x0, y0) = (i % across * TILE, i / across * TILE);
                let (mut sum, mut top) = (0.0, 0.0f32);
                let mut half = Vec::with_capacity(TILE * TILE);
                let mut both = Vec::with_capacity(TILE * TILE);
                for y in y0..y0 + TILE {
                    for x in x0..x0 + TILE {
                        let (u, v) = (p.get(x, y), q.get(x, y));
                        sum += 0.5 * f64::from(u + v);
                        top = top.max(u.max(v));
                        half.push(f64::from(u - v));
                        both.push(0.5 * f64::from(u + v));
                    }
                }
                let n = half.len() as f64;
                let d = mean(&half);
                // Var(a - b) = 2 var; the tile's own mean difference (light that flickers) does not count
                let variance = half.iter().map(|v| (v - d).powi(2)).sum::<f64>() / (n - 1.0) / 2.0;
                let spatial = crate::stats::deviation(&both).powi(2) - 0.5 * variance;
                (sum / n, variance, f64::from(top), d, spatial)
            };
            for (m, v, top, d, spatial) in par::map(across * down, tile) {
                if top < 0.97 && m < 0.9 && m > -0.05 {
                    points[color as usize].push([m, v]);
                    if color as usize == 1 && m > 0.1 {
                        uniformity.push((spatial / (m * m), d.abs() / m));
                    }
                }
            }
        }
    }
    let subject = pairs.iter().map(|(a, b)| format!("{} and {}", a.name, b.name)).collect::<Vec<_>>().join(", ");
    let missing = |reason: String| LabError::NotFound {
        what: "flat pair",
        name: subject.clone(),
        reason,
        remedy: "Photograph an evenly lit, blurred white surface twice with the same exposure, below clipping.",
    };
    if points[1].len() < 24 {
        return Err(missing(format!("{} tiles of green are neither clipped nor black", points[1].len())));
    }
    if pairs.iter().any(|(a, b)| std::ptr::eq(*a, *b))
        || points[1].iter().filter(|p| p[1] <= 0.0).count() * 2 > points[1].len()
    {
        return Err(missing("the two raws are the same".into()));
    }
    let (mut shot, mut read, mut shot_error, mut fit) = ([0.0; 3], [0.0; 3], [0.0; 3], 1.0);
    for c in 0..3 {
        if points[c].len() < 24 {
            continue;
        }
        let line = fit_line(&points[c]).ok_or_else(|| missing("the tiles do not tell a line".into()))?;
        (shot[c], read[c], shot_error[c]) = (line.0.max(0.0), line.1.max(0.0), line.2);
        if c == 1 {
            fit = median(
                &points[c].iter().map(|p| p[1] / (shot[c] * p[0].max(0.0) + read[c]).max(1e-12)).collect::<Vec<_>>(),
            );
        }
    }
    if shot[1] <= 0.0 && read[1] <= 0.0 {
        return Err(missing("there is no noise".into()));
    }
    // Pictures without colour filters have one colour.
    if points[0].is_empty() {
        (shot, read, shot_error) = ([shot[1]; 3], [read[1]; 3], [shot_error[1]; 3]);
    }
    let non_uniformity =
        (uniformity.len() > 40).then(|| median(&uniformity.iter().map(|u| u.0).collect::<Vec<_>>()).max(0.0).sqrt());
    let file = pairs[0].0.info.noise_profile;
    let model = shot[1] * 0.18 + read[1];
    for p in &mut points {
        let step = p.len().div_ceil(400).max(1);
        *p = p.iter().step_by(step).copied().collect();
    }
    Ok(PhotonTransfer {
        subject,
        full_well_electrons: 1.0 / shot[1].max(1e-12),
        read_electrons: read[1].max(0.0).sqrt() / shot[1].max(1e-12),
        shot,
        read,
        shot_error,
        non_uniformity,
        points,
        fit,
        file_over_measured: file.map(|n| f64::from(n.variance(1, 0.18)) / model),
    })
}

/// A line through means and variances, weighed by how well each variance is known (its error is a share of the
/// variance itself), three rounds; outlying tiles (edges, dust) are left out between rounds. Slope, start, error of
/// the slope.
fn fit_line(points: &[[f64; 2]]) -> Option<(f64, f64, f64)> {
    let mut kept: Vec<[f64; 2]> = points.to_vec();
    let mut line = (0.0, median(&points.iter().map(|p| p[1]).collect::<Vec<_>>()), 0.0);
    let floor = 1e-3 * line.1.max(1e-14);
    for _ in 0..4 {
        let model = |p: &[f64; 2], l: (f64, f64, f64)| (l.0 * p[0].max(0.0) + l.1).max(floor);
        let rows: Vec<Vec<f64>> = kept.iter().map(|p| vec![p[0] / model(p, line), 1.0 / model(p, line)]).collect();
        let values: Vec<f64> = kept.iter().map(|p| p[1] / model(p, line)).collect();
        match least_squares(&rows, &values) {
            Some(fit) => {
                // information of the slope once the start is fitted too
                let (mut aa, mut ab, mut bb) = (0.0, 0.0, 0.0);
                for r in &rows {
                    (aa, ab, bb) = (aa + r[0] * r[0], ab + r[0] * r[1], bb + r[1] * r[1]);
                }
                let per_tile = 2.0 / (TILE * TILE - 1) as f64;
                line = (fit[0], fit[1], (per_tile / (aa - ab * ab / bb).max(1e-30)).sqrt());
            }
            // one level only: all of it is taken for shot noise if there is light, else for read noise
            None => return None,
        }
        let away: Vec<f64> = points.iter().map(|p| p[1] / model(p, line)).collect();
        let top = quantile(&away, 0.5) * (1.0 + 6.0 * (2.0 / (TILE * TILE) as f64).sqrt());
        kept = points.iter().zip(&away).filter(|(_, a)| **a < top).map(|(p, _)| *p).collect();
        if kept.len() < 24 {
            return None;
        }
    }
    Some(line)
}

impl PhotonTransfer {
    /// The model as pictures carry it.
    pub fn model(&self) -> NoiseModel {
        NoiseModel { shot: self.shot.map(|v| v as f32), read: self.read.map(|v| v as f32) }
    }
}

impl Measured for PhotonTransfer {
    fn card(&self) -> Card {
        let rows = ["R", "G", "B"]
            .iter()
            .enumerate()
            .map(|(c, n)| Row::new(*n, [self.shot[c], self.shot_error[c], self.read[c], self.read[c].sqrt()]))
            .collect();
        let mut plot = Plot::new("Photon transfer", "signal (saturation 1)", "variance");
        for (c, color) in CHANNEL_COLORS.iter().take(3).enumerate() {
            let top = self.points[c].iter().fold(0.0f64, |a, p| a.max(p[0]));
            plot = plot.dots("", self.points[c].clone(), color);
            plot = plot.colored(
                ["R", "G", "B"][c],
                vec![[0.0, self.read[c]], [top, self.read[c] + self.shot[c] * top]],
                color,
            );
        }
        let mut card = Card::new("photon transfer", &self.subject, "EMVA 1288, pairs of flat raws")
            .figure("shot", "S, green", self.shot[1], "", Goal::Lower)
            .figure("read", "O, green", self.read[1], "", Goal::Lower)
            .figure("full_well", "electrons at saturation, green", self.full_well_electrons, "e-", Goal::Higher)
            .figure("read_electrons", "read noise, green", self.read_electrons, "e-", Goal::Lower)
            .figure(
                "non_uniformity",
                "fixed pattern, green",
                self.non_uniformity.map(|v| 100.0 * v),
                "% of signal",
                Goal::Lower,
            )
            .figure("noise_fit", "measured over modelled variance", self.fit, "", Goal::Near(1.0))
            .figure("file_noise", "file's NoiseProfile over measured", self.file_over_measured, "", Goal::Near(1.0))
            .table("var(x) = S x + O", &["S", "error of S", "O", "sqrt O"], rows)
            .plot(plot);
        card.figures.retain(|f| f.value.is_some());
        card
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Random;
    use calotype_image::{Cfa, Plane};

    pub(crate) fn flat(shot: f64, read: f64, level: f64, seed: u64) -> RawPicture {
        let mut random = Random(seed);
        let samples = Plane::from_fn(256, 192, |x, y| {
            let (dx, dy) = (x as f64 / 256.0 - 0.5, y as f64 / 192.0 - 0.5);
            let m = level * (1.0 - 1.2 * (dx * dx + dy * dy)) * [0.5, 1.0, 1.0, 0.7][(y & 1) * 2 + (x & 1)];
            (m + (shot * m + read).sqrt() * random.normal()) as f32
        });
        RawPicture { name: format!("flat {seed}"), samples, cfa: Cfa::RGGB, info: crate::synth::info() }
    }

    #[test]
    fn a_known_sensor_is_found() {
        let (s, o) = (2.5e-4, 4e-6);
        let raws: Vec<RawPicture> =
            [0.8, 0.8, 0.1, 0.1].iter().enumerate().map(|(i, l)| flat(s, o, *l, i as u64 + 1)).collect();
        let t = photon_transfer(&[(&raws[0], &raws[1]), (&raws[2], &raws[3])]).unwrap();
        for c in 0..3 {
            assert!((t.shot[c] / s - 1.0).abs() < 0.04, "{c}: {:?}", t.shot);
            assert!((t.read[c] / o - 1.0).abs() < 0.25, "{c}: {:?}", t.read);
            assert!((t.shot[c] - s).abs() < 4.0 * t.shot_error[c]);
        }
        assert!((t.fit - 1.0).abs() < 0.05);
        let range = crate::range::sensor_range(&t, 8.0);
        let want = -crate::range::signal_at_snr(s, o, 1.0).log2();
        assert!(
            (range.photosite_ev[0][1] - want).abs() < 0.2
                && (range.picture_ev[0] - range.photosite_ev[0][1]).abs() < 1e-9
        );
    }

    #[test]
    fn clipped_and_equal_raws_are_refused() {
        let a = flat(1e-4, 1e-6, 0.5, 1);
        assert!(photon_transfer(&[(&a, &a)]).is_err());
        let white = RawPicture { samples: Plane::filled(256, 192, 1.0), ..a.clone() };
        assert!(photon_transfer(&[(&white, &white.clone())]).is_err());
        let small = RawPicture { samples: Plane::filled(128, 192, 0.5), ..a.clone() };
        assert!(matches!(photon_transfer(&[(&a, &small)]), Err(LabError::SizeMismatch { .. })));
    }
}
