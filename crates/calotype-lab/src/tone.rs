//! The tone curve of a rendering, from steps of known luminance (ISO 14524).

use crate::card::{Card, Goal, Measured, Plot, Row};
use crate::chart::{Chart, ChartReference};
use crate::{LabError, Picture, Result};
use calotype_color::lab::{lightness, luminance};
use serde::Serialize;

/// The tone curve that a picture was rendered with, from the neutral patches (or any steps of known luminance).
#[derive(Clone, Debug, Serialize)]
pub struct ToneReport {
    /// The picture.
    pub subject: String,
    /// Step by step, dark to bright: luminance of the step relative to white, luminance in the picture (linear, white 1).
    pub steps: Vec<[f64; 2]>,
    /// Slope in log-log between neighbours at mid grey (0.18 of white): the contrast of the rendering, 1 for linear.
    pub slope_at_grey: Option<f64>,
    /// L* that mid grey is rendered to.
    pub grey_lstar: Option<f64>,
    /// Luminance that the darkest step is rendered to, relative to the brightest, in stops, minus its true distance:
    /// positive where shadows are opened (or flare lifts them).
    pub shadow_lift_ev: f64,
    /// Largest distance of the points from a straight line through the middle ones (slope 1), in stops.
    pub nonlinearity_ev: f64,
}

/// Recovers the tone curve from steps of known luminance, brightest to darkest or the other way round.
///
/// # Errors
/// [`LabError::NotFound`] where fewer than three steps are above black.
pub fn tone(subject: &str, steps: &[[f64; 2]]) -> Result<ToneReport> {
    let mut steps: Vec<[f64; 2]> = steps.iter().copied().filter(|s| s[0] > 0.0 && s[1] > 1e-6).collect();
    steps.sort_by(|a, b| a[0].total_cmp(&b[0]));
    if steps.len() < 3 {
        return Err(LabError::NotFound {
            what: "tone curve",
            name: subject.into(),
            reason: format!("{} steps are above black, three are needed", steps.len()),
            remedy: "Expose the chart brighter.",
        });
    }
    let log: Vec<[f64; 2]> = steps.iter().map(|s| [s[0].log2(), s[1].log2()]).collect();
    let grey = 0.18f64.log2();
    let around = log.windows(2).find(|w| (w[0][0]..=w[1][0]).contains(&grey));
    let slope = |w: &[[f64; 2]]| (w[1][1] - w[0][1]) / (w[1][0] - w[0][0]);
    let (first, last) = (log[0], log[log.len() - 1]);
    let offset = crate::stats::median(&log.iter().map(|p| p[1] - p[0]).collect::<Vec<_>>());
    Ok(ToneReport {
        subject: subject.into(),
        slope_at_grey: around.map(slope),
        grey_lstar: around.map(|_| lightness(crate::stats::interpolate(&log, grey).exp2())),
        shadow_lift_ev: (first[1] - last[1]) - (first[0] - last[0]),
        nonlinearity_ev: log.iter().map(|p| (p[1] - p[0] - offset).abs()).fold(0.0, f64::max),
        steps,
    })
}

/// The neutral patches of a chart as steps for [`tone`].
pub fn neutral_steps(picture: &Picture, chart: &Chart, reference: &ChartReference) -> Vec<[f64; 2]> {
    let colors = chart.patches(&picture.rgb.planes, f32::MAX);
    let luma = |c: [f64; 3]| calotype_color::matrix::transform(&crate::picture::REC709_TO_XYZ, c)[1];
    (18..24).map(|i| [luminance(reference.lab_d50()[i][0]), luma(colors[i].mean)]).collect()
}

impl Measured for ToneReport {
    fn card(&self) -> Card {
        let rows = self
            .steps
            .iter()
            .map(|s| Row::new(format!("{:.4}", s[0]), [s[0].log2(), s[1], s[1].log2(), lightness(s[1].min(1.0))]))
            .collect();
        Card::new("tone", &self.subject, "tone curve recovered from steps of known luminance (ISO 14524)")
            .figure("slope_at_grey", "slope at mid grey", self.slope_at_grey, "", Goal::Neither)
            .figure("grey_lstar", "mid grey is rendered to", self.grey_lstar, "L*", Goal::Neither)
            .figure("shadow_lift", "shadows opened by", self.shadow_lift_ev, "EV", Goal::Neither)
            .figure("nonlinearity", "largest distance from linear", self.nonlinearity_ev, "EV", Goal::Neither)
            .table("Steps", &["scene EV", "picture", "picture EV", "L*"], rows)
            .plot(
                Plot::new("Tone curve", "luminance of the step, relative to white", "luminance in the picture")
                    .logarithmic(true, true)
                    .curve("measured", self.steps.clone())
                    .colored("linear", self.steps.iter().map(|s| [s[0], s[0]]).collect(), "#aaaaaa"),
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_is_recovered_as_its_slope() {
        let steps: Vec<[f64; 2]> = (0..8).map(|i| 0.9 * 0.6f64.powi(i)).map(|v| [v, 0.8 * v.powf(1.3)]).collect();
        let report = tone("x", &steps).unwrap();
        assert!((report.slope_at_grey.unwrap() - 1.3).abs() < 1e-9);
        assert!((report.grey_lstar.unwrap() - lightness(0.8 * 0.18f64.powf(1.3))).abs() < 0.5);
        let scale = (0.3 * 7.0 * 0.6f64.log2()).abs();
        assert!((report.shadow_lift_ev + scale).abs() < 1e-9, "{}", report.shadow_lift_ev);
        assert!(tone("x", &[[0.5, 0.1]]).is_err());
    }
}
