//! Dynamic range: from a step wedge (ISO 15739 and ISO 14524), and from a sensor's noise model.

use crate::card::{Card, Goal, Measured, Plot, Row};
use crate::photon_transfer::PhotonTransfer;
use crate::picture::Picture;
use crate::stats::{deviation, interpolate, mean};
use crate::{LabError, Region, Result};
use serde::Serialize;

/// The steps of a wedge.
#[derive(Clone, Debug)]
pub struct WedgeOptions {
    /// Where the wedge is; the whole picture when left out.
    pub region: Option<Region>,
    /// Optical densities of the steps in their order along the wedge, left to right or top to bottom.
    pub densities: Vec<f64>,
}

/// The dynamic range that a wedge shows.
#[derive(Clone, Debug, Serialize)]
pub struct RangeReport {
    /// The picture.
    pub subject: String,
    /// Steps, dark to bright.
    pub steps: Vec<RangeStep>,
    /// The brightest luminance that is not clipped over the one at which the darkest step's noise equals the signal, in
    /// stops (ISO 15739).
    pub iso15739_ev: f64,
    /// Stops from the brightest unclipped step to where signal to noise (referred to the scene) is 1, 2 and 10; open
    /// where the darkest step is still better.
    pub snr_ev: [Option<f64>; 3],
    /// Stops over which the response still tells luminances apart: at least a fifth as steep as in its middle
    /// (after ISO 14524's camera response range).
    pub response_ev: f64,
    /// True where the brightest step is not clipped, so that the range goes on beyond the wedge.
    pub open_above: bool,
}

/// One step.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RangeStep {
    /// Luminance relative to the brightest step.
    pub luminance: f64,
    /// Mean in the picture, linear.
    pub signal: f64,
    /// Standard deviation in the picture.
    pub noise: f64,
    /// Signal to noise referred to the scene: luminance times the response's slope over the noise.
    pub scene_snr: f64,
    /// Share of pixels at or above white.
    pub clipped: f64,
    /// Pixels.
    pub pixels: usize,
}

/// Measures the dynamic range from the luminance of a wedge of evenly wide steps.
///
/// # Errors
/// [`LabError::Value`] for fewer than four densities, [`LabError::NotFound`] where the steps do not fall with density.
pub fn wedge(picture: &Picture, options: &WedgeOptions) -> Result<RangeReport> {
    let n = options.densities.len();
    if n < 4 || options.densities.iter().any(|d| !d.is_finite()) {
        return Err(LabError::Value {
            what: "the number of densities",
            value: n.to_string(),
            reason: "a wedge has at least four steps".into(),
        });
    }
    let part = match options.region {
        Some(region) => picture.crop(region)?,
        None => picture.clone(),
    };
    let y = part.luminance();
    let across = y.width() >= y.height();
    let (long, short) = if across { (y.width(), y.height()) } else { (y.height(), y.width()) };
    if long < 8 * n || short < 8 {
        return Err(LabError::Value {
            what: "the wedge's region",
            value: format!("{}x{}", y.width(), y.height()),
            reason: format!("{n} steps need 8 pixels each"),
        });
    }
    let lightest = options.densities.iter().fold(f64::MAX, |a, b| a.min(*b));
    let mut steps: Vec<RangeStep> = (0..n)
        .map(|i| {
            // the middle half of a step, so that its borders and flare from its neighbours count less
            let (from, to) = (
                (long as f64 * (i as f64 + 0.25) / n as f64) as usize,
                (long as f64 * (i as f64 + 0.75) / n as f64) as usize,
            );
            let (near, far) = (short / 4, short - short / 4);
            let mut values = Vec::new();
            for a in from..to.max(from + 2) {
                values.extend((near..far).map(|b| f64::from(if across { y.get(a, b) } else { y.get(b, a) })));
            }
            RangeStep {
                luminance: 10f64.powf(lightest - options.densities[i]),
                signal: mean(&values),
                noise: deviation(&values),
                scene_snr: 0.0,
                clipped: values.iter().filter(|v| **v >= 1.0 - 1e-4).count() as f64 / values.len() as f64,
                pixels: values.len(),
            }
        })
        .collect();
    steps.sort_by(|a, b| a.luminance.total_cmp(&b.luminance));
    finish(&picture.name, steps)
}

fn finish(name: &str, mut steps: Vec<RangeStep>) -> Result<RangeReport> {
    let n = steps.len();
    let missing = |reason: String| LabError::NotFound {
        what: "step wedge",
        name: name.into(),
        reason,
        remedy: "Point at the wedge with --region, and give the densities of its steps in their order.",
    };
    if steps[n - 1].signal <= steps[0].signal {
        return Err(missing("the steps do not become darker with density".into()));
    }
    let slope = |steps: &[RangeStep], i: usize| {
        let (a, b) = (i.saturating_sub(1), (i + 1).min(n - 1));
        (steps[b].signal - steps[a].signal) / (steps[b].luminance - steps[a].luminance)
    };
    let slopes: Vec<f64> = (0..n).map(|i| slope(&steps, i)).collect();
    for i in 0..n {
        steps[i].scene_snr = (steps[i].luminance * slopes[i] / steps[i].noise.max(1e-9)).max(0.0);
    }
    let top = steps.iter().rposition(|s| s.clipped < 0.01).ok_or_else(|| missing("every step is clipped".into()))?;
    let white = steps[top].luminance;
    // The darkest step whose response stands well above the error of its mean: its noise, brought to the scene, is the
    // least luminance.
    let told = |i: usize| {
        let (a, b) = (&steps[i.saturating_sub(1)], &steps[(i + 1).min(n - 1)]);
        b.signal - a.signal > 8.0 * (a.noise.powi(2) / a.pixels as f64 + b.noise.powi(2) / b.pixels as f64).sqrt()
    };
    let dark = (0..n).find(|i| slopes[*i] > 0.0 && told(*i)).ok_or_else(|| missing("the response is flat".into()))?;
    let least = steps[dark].noise / slopes[dark];
    // Signal to noise over luminance, both in stops: where it falls below a level, from the bright side.
    let curve: Vec<[f64; 2]> =
        steps[..=top].iter().map(|s| [s.luminance.log2(), s.scene_snr.max(1e-6).log2()]).collect();
    let reach = |level: f64| {
        let level = f64::log2(level);
        let at = curve.windows(2).rposition(|w| w[0][1] < level && w[1][1] >= level)?;
        let (a, b) = (curve[at], curve[at + 1]);
        Some(white.log2() - (a[0] + (level - a[1]) / (b[1] - a[1]) * (b[0] - a[0])))
    };
    let log_slopes: Vec<[f64; 2]> = steps
        .windows(2)
        .map(|w| {
            [
                0.5 * (w[0].luminance.log2() + w[1].luminance.log2()),
                (w[1].signal.max(1e-9) / w[0].signal.max(1e-9)).log2() / (w[1].luminance / w[0].luminance).log2(),
            ]
        })
        .collect();
    let middle = interpolate(&log_slopes, 0.5 * (steps[0].luminance.log2() + white.log2()));
    let told: f64 = steps
        .windows(2)
        .zip(&log_slopes)
        .filter(|(w, s)| s[1] >= 0.2 * middle && w[1].clipped < 0.5)
        .map(|(w, _)| (w[1].luminance / w[0].luminance).log2())
        .sum();
    Ok(RangeReport {
        subject: name.into(),
        iso15739_ev: (white / least).log2(),
        snr_ev: [1.0, 2.0, 10.0].map(reach),
        response_ev: told,
        open_above: top == n - 1,
        steps,
    })
}

/// The dynamic range of a sensor, from its noise model: saturation over the signal whose noise is as large.
#[derive(Clone, Debug, Serialize)]
pub struct SensorRange {
    /// The raws it was measured from.
    pub subject: String,
    /// Stops per photosite to a signal to noise of 1, 2, 4 and 10, for red, green, blue.
    pub photosite_ev: [[f64; 3]; 4],
    /// The same for green after scaling to 8 megapixels.
    pub picture_ev: [f64; 4],
    /// Signal to noise at saturation, green, in dB.
    pub snr_max_db: f64,
    /// The noise model.
    pub transfer: PhotonTransfer,
}

/// Levels of signal to noise in [`SensorRange`].
pub const RANGE_LEVELS: [f64; 4] = [1.0, 2.0, 4.0, 10.0];

/// Where the signal to noise of var(x) = S x + O reaches `level`: x = (S n^2 + sqrt(S^2 n^4 + 4 n^2 O)) / 2.
pub fn signal_at_snr(shot: f64, read: f64, level: f64) -> f64 {
    let n = level * level;
    0.5 * (shot * n + (shot * shot * n * n + 4.0 * n * read.max(0.0)).sqrt())
}

/// The dynamic range that a noise model means; `megapixels` are those of the sensor.
pub fn sensor_range(transfer: &PhotonTransfer, megapixels: f64) -> SensorRange {
    let at = |c: usize, level: f64, mean_of: f64| {
        let (s, o) = (transfer.shot[c] / mean_of, transfer.read[c].max(0.0) / mean_of);
        -signal_at_snr(s, o, level).max(1e-12).log2()
    };
    SensorRange {
        subject: transfer.subject.clone(),
        photosite_ev: RANGE_LEVELS.map(|l| [0, 1, 2].map(|c| at(c, l, 1.0))),
        picture_ev: RANGE_LEVELS.map(|l| at(1, l, megapixels / 8.0)),
        snr_max_db: -10.0 * (transfer.shot[1] + transfer.read[1].max(0.0)).max(1e-12).log10(),
        transfer: transfer.clone(),
    }
}

impl Measured for RangeReport {
    fn card(&self) -> Card {
        let rows = self
            .steps
            .iter()
            .map(|s| {
                Row::new(
                    format!("{:.2} EV", s.luminance.log2()),
                    [s.signal, s.noise, s.scene_snr, 20.0 * s.scene_snr.max(1e-6).log10(), 100.0 * s.clipped],
                )
            })
            .collect();
        let mut card = Card::new("range", &self.subject, "ISO 15739:2013 and ISO 14524:2009, step wedge")
            .figure("range_iso15739", "dynamic range (ISO 15739)", self.iso15739_ev, "EV", Goal::Higher)
            .figure("range_snr1", "to signal to noise 1", self.snr_ev[0], "EV", Goal::Higher)
            .figure("range_snr2", "to signal to noise 2", self.snr_ev[1], "EV", Goal::Higher)
            .figure("range_snr10", "to signal to noise 10", self.snr_ev[2], "EV", Goal::Higher)
            .figure("range_response", "range of the response (ISO 14524)", self.response_ev, "EV", Goal::Higher)
            .table("Steps", &["signal", "noise", "scene SNR", "dB", "clipped %"], rows)
            .plot(
                Plot::new("Response", "luminance", "linear light in the picture")
                    .logarithmic(true, true)
                    .curve("", self.steps.iter().map(|s| [s.luminance, s.signal]).collect()),
            )
            .plot(
                Plot::new("Signal to noise, referred to the scene", "luminance", "ratio")
                    .logarithmic(true, true)
                    .curve("", self.steps.iter().map(|s| [s.luminance, s.scene_snr]).collect()),
            );
        if self.open_above {
            card = card.note("The brightest step is not clipped: the range goes on above the wedge; expose longer.");
        }
        if self.snr_ev[0].is_none() {
            card =
                card.note("The darkest step still has a signal to noise above 1: the range goes on below the wedge.");
        }
        card
    }
}

impl Measured for SensorRange {
    fn card(&self) -> Card {
        let rows = RANGE_LEVELS
            .iter()
            .zip(self.photosite_ev)
            .zip(self.picture_ev)
            .map(|((l, p), s)| Row::new(format!("SNR {l}"), [p[0], p[1], p[2], s]))
            .collect();
        let t = &self.transfer;
        let mut card = Card::new(
            "range",
            &self.subject,
            "from photon transfer: saturation over the signal at a given signal to noise",
        )
        .figure("sensor_range", "dynamic range, green, SNR 1", self.photosite_ev[0][1], "EV", Goal::Higher)
        .figure("sensor_range_8mp", "the same at 8 megapixels", self.picture_ev[0], "EV", Goal::Higher)
        .figure("snr_max", "signal to noise at saturation", self.snr_max_db, "dB", Goal::Higher)
        .table("Range in EV", &["R", "G", "B", "G at 8 MP"], rows);
        card.plots = t.card().plots;
        card
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{Random, grey};
    use calotype_image::Plane;

    /// A wedge of known luminances seen by a linear sensor with constant noise.
    fn steps(n: usize, noise: f64, gain: f64) -> Picture {
        let mut random = Random(6);
        let plane = Plane::from_fn(40 * n, 60, |x, _| {
            let l = gain * 10f64.powf(-0.2 * (x / 40) as f64);
            ((l + noise * random.normal()) as f32).min(1.0)
        });
        grey("wedge", plane)
    }

    fn densities(n: usize) -> Vec<f64> {
        (0..n).map(|i| 0.05 + 0.2 * i as f64).collect()
    }

    #[test]
    fn a_linear_sensor_has_its_range() {
        let report = wedge(&steps(20, 0.002, 0.95), &WedgeOptions { region: None, densities: densities(20) }).unwrap();
        let want = (0.95f64 / 0.002).log2();
        assert!((report.iso15739_ev - want).abs() < 0.15, "{} {want}", report.iso15739_ev);
        assert!((report.snr_ev[0].unwrap() - want).abs() < 0.25, "{:?}", report.snr_ev);
        assert!((report.snr_ev[2].unwrap() - (want - 10f64.log2())).abs() < 0.2, "{:?}", report.snr_ev);
        assert!(report.open_above);
        // overexposed by two stops: the clipped steps fall away from the top
        let over = wedge(&steps(20, 0.002, 3.8), &WedgeOptions { region: None, densities: densities(20) }).unwrap();
        assert!(!over.open_above && (over.iso15739_ev - want).abs() < 0.7, "{}", over.iso15739_ev);
    }

    #[test]
    fn what_is_no_wedge_is_refused() {
        let flat = grey("flat", Plane::filled(400, 60, 0.3));
        assert!(wedge(&flat, &WedgeOptions { region: None, densities: densities(10) }).is_err());
        assert!(wedge(&flat, &WedgeOptions { region: None, densities: vec![0.1] }).is_err());
        assert!(wedge(&flat, &WedgeOptions { region: None, densities: densities(300) }).is_err());
    }

    #[test]
    fn the_noise_model_has_a_closed_form() {
        for (s, o) in [(1e-4, 1e-6), (0.0, 1e-6), (1e-3, 0.0)] {
            for level in RANGE_LEVELS {
                let x = signal_at_snr(s, o, level);
                assert!((x / (s * x + o).sqrt() / level - 1.0).abs() < 1e-9, "{s} {o} {level}");
            }
        }
    }
}
