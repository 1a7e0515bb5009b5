//! Colour from the 24-patch chart: differences, exposure, white balance, chroma and hue.

use crate::card::{Card, Goal, Measured, Plot, Row};
use crate::chart::reference::to_lab_d50;
use crate::chart::{CHART_NAMES, Chart, ChartReference, PatchColor};
use crate::stats::{mean, quantile};
use crate::{LabError, Picture, Result, thumbnail};
use calotype_color::lab::delta_e_2000;
use serde::Serialize;

/// The neutral patches from neutral 8 to neutral 3.5: neither so bright that they clip nor so dark that flare rules.
const NEUTRALS: std::ops::Range<usize> = 19..23;

/// The colours of a chart in a picture.
#[derive(Clone, Debug, Serialize)]
pub struct ColourReport {
    /// The picture.
    pub subject: String,
    /// Where the patches are.
    pub chart: Chart,
    /// Light of the neutral patches over what it should be, in stops; scene-linear pictures have an exposure of their own.
    pub exposure_error_ev: f64,
    /// White balance.
    pub white_balance: WhiteBalanceError,
    /// After the exposure is matched: CIEDE2000, mean over the patches that count.
    pub delta_e_mean: f64,
    /// 90th percentile of it.
    pub delta_e_p90: f64,
    /// Largest.
    pub delta_e_max: f64,
    /// Root of the mean of its square.
    pub delta_e_rms: f64,
    /// Mean of CIEDE2000 with the right lightness: hue and chroma only.
    pub delta_c_mean: f64,
    /// Mean of CIEDE2000 as the picture is, exposure not matched.
    pub delta_e_as_is_mean: f64,
    /// Chroma of the 18 coloured patches over what it should be, sums of both.
    pub chroma_gain: f64,
    /// Mean absolute hue error of the 18 coloured patches in degrees.
    pub hue_error_deg: f64,
    /// Patch by patch, in reading order.
    pub patches: Vec<ColourPatch>,
    #[serde(skip)]
    crop: Option<crate::Crop>,
}

/// How far neutral patches are from neutral.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WhiteBalanceError {
    /// Mean distance in a*, b* from what the four middle neutral patches should be.
    pub delta_ab: f64,
    /// Red over green beyond what it should be, in stops; positive is too red.
    pub red_ev: f64,
    /// Blue over green beyond what it should be, in stops; positive is too blue.
    pub blue_ev: f64,
    /// Angle between the mean neutral and what it should be, in degrees of linear RGB (reproduction angular error,
    /// Finlayson, Zakizadeh and Gijsenij 2014).
    pub angle_deg: f64,
}

/// One patch.
#[derive(Clone, Debug, Serialize)]
pub struct ColourPatch {
    /// Its name.
    pub name: &'static str,
    /// What was measured, linear Rec.709, exposure not matched.
    pub linear: [f64; 3],
    /// What was measured, exposure matched, CIELAB under D50.
    pub lab: [f64; 3],
    /// What it should be.
    pub reference: [f64; 3],
    /// CIEDE2000, exposure matched.
    pub delta_e: f64,
    /// CIEDE2000 with the right lightness.
    pub delta_c: f64,
    /// CIEDE2000 as the picture is.
    pub delta_e_as_is: f64,
    /// Chroma over what it should be; meaningless for neutrals, where it is left open.
    pub chroma_ratio: Option<f64>,
    /// Hue beyond what it should be in degrees, counter-clockwise in a*, b*; left open for neutrals.
    pub hue_error_deg: Option<f64>,
    /// Share of its pixels at or above white.
    pub clipped: f64,
    /// True where it counts: L* from 5 to 98, less than a percent clipped.
    pub counts: bool,
}

/// Measures the colours of a chart.
///
/// # Errors
/// [`LabError::NotFound`] where all neutral patches are black or clipped.
pub fn colour(picture: &Picture, chart: &Chart, reference: &ChartReference) -> Result<ColourReport> {
    let colors = chart.patches(&picture.rgb.planes, 1.0 - 1e-4);
    let should = reference.lab_d50();
    let target = reference.linear();
    let usable = |c: &PatchColor| c.mean[1] > 1e-4 && c.clipped < 0.01;
    let neutrals: Vec<usize> = NEUTRALS.filter(|i| usable(&colors[*i])).collect();
    if neutrals.is_empty() {
        return Err(LabError::NotFound {
            what: "usable neutral patch",
            name: picture.name.clone(),
            reason: "neutral 8 to neutral 3.5 are all black or clipped".into(),
            remedy: "Expose so that the white patch is just below clipping.",
        });
    }
    let luma = |c: [f64; 3]| calotype_color::matrix::transform(&crate::picture::REC709_TO_XYZ, c)[1];
    let stops: Vec<f64> = neutrals.iter().map(|i| (luma(colors[*i].mean) / luma(target[*i])).log2()).collect();
    let exposure_error_ev = mean(&stops);
    let gain = (-exposure_error_ev).exp2();
    let patches: Vec<ColourPatch> = (0..24)
        .map(|i| {
            let c = &colors[i];
            let lab = to_lab_d50(c.mean.map(|v| v * gain));
            let as_is = to_lab_d50(c.mean);
            let want = should[i];
            let chroma = |l: [f64; 3]| l[1].hypot(l[2]);
            let hue = |l: [f64; 3]| l[2].atan2(l[1]).to_degrees();
            let coloured = i < 18;
            let turn = (hue(lab) - hue(want) + 540.0).rem_euclid(360.0) - 180.0;
            ColourPatch {
                name: CHART_NAMES[i],
                linear: c.mean,
                lab,
                reference: want,
                delta_e: delta_e_2000(want, lab),
                delta_c: delta_e_2000(want, [want[0], lab[1], lab[2]]),
                delta_e_as_is: delta_e_2000(want, as_is),
                chroma_ratio: coloured.then(|| chroma(lab) / chroma(want)),
                hue_error_deg: coloured.then_some(turn),
                clipped: c.clipped,
                counts: (5.0..=98.0).contains(&lab[0]) && c.clipped < 0.01,
            }
        })
        .collect();
    let counted: Vec<&ColourPatch> = patches.iter().filter(|p| p.counts).collect();
    let of = |f: fn(&ColourPatch) -> f64| counted.iter().map(|p| f(p)).collect::<Vec<f64>>();
    let delta_e = of(|p| p.delta_e);
    let coloured: Vec<&&ColourPatch> = counted.iter().filter(|p| p.hue_error_deg.is_some()).collect();
    let chroma = |l: [f64; 3]| l[1].hypot(l[2]);
    let sum = |f: &dyn Fn(&ColourPatch) -> f64| coloured.iter().map(|p| f(p)).sum::<f64>();
    Ok(ColourReport {
        subject: picture.name.clone(),
        chart: chart.clone(),
        exposure_error_ev,
        white_balance: white_balance(&colors, &patches, &target, &neutrals),
        delta_e_mean: mean(&delta_e),
        delta_e_p90: quantile(&delta_e, 0.9),
        delta_e_max: delta_e.iter().fold(0.0, |a, b| a.max(*b)),
        delta_e_rms: mean(&delta_e.iter().map(|d| d * d).collect::<Vec<_>>()).sqrt(),
        delta_c_mean: mean(&of(|p| p.delta_c)),
        delta_e_as_is_mean: mean(&of(|p| p.delta_e_as_is)),
        chroma_gain: sum(&|p| chroma(p.lab)) / sum(&|p| chroma(p.reference)).max(1e-9),
        hue_error_deg: sum(&|p| p.hue_error_deg.unwrap_or(0.0).abs()) / coloured.len().max(1) as f64,
        patches,
        crop: Some(thumbnail::part("the chart", picture, chart.bounds(picture.size()))),
    })
}

fn white_balance(
    colors: &[PatchColor],
    patches: &[ColourPatch],
    target: &[[f64; 3]; 24],
    neutrals: &[usize],
) -> WhiteBalanceError {
    let ab: Vec<f64> = neutrals
        .iter()
        .map(|i| (patches[*i].lab[1] - patches[*i].reference[1]).hypot(patches[*i].lab[2] - patches[*i].reference[2]))
        .collect();
    let ratio = |c: usize| {
        let stops = neutrals.iter().map(|i| {
            let of = |v: [f64; 3]| (v[c].max(1e-6) / v[1].max(1e-6)).log2();
            of(colors[*i].mean) - of(target[*i])
        });
        stops.sum::<f64>() / neutrals.len() as f64
    };
    // the mean neutral, each channel relative to what it should be: grey where all is well
    let relative = [0, 1, 2].map(|c| neutrals.iter().map(|i| colors[*i].mean[c] / target[*i][c]).sum::<f64>());
    let length = relative.iter().map(|v| v * v).sum::<f64>().sqrt();
    let cosine = relative.iter().sum::<f64>() / (3f64.sqrt() * length).max(1e-12);
    WhiteBalanceError {
        delta_ab: mean(&ab),
        red_ev: ratio(0),
        blue_ev: ratio(2),
        angle_deg: cosine.clamp(-1.0, 1.0).acos().to_degrees(),
    }
}

/// Reference colours from the same chart in a truth, found there by itself: for charts whose colours are known otherwise.
///
/// # Errors
/// [`LabError::NotFound`] where the truth shows no chart.
pub fn reference_from(truth: &Picture) -> Result<ChartReference> {
    let chart = crate::chart::find_chart(truth)?;
    let colors = chart.patches(&truth.rgb.planes, f32::MAX);
    let mut lab = [[0.0; 3]; 24];
    lab.iter_mut().zip(&colors).for_each(|(l, c)| *l = to_lab_d50(c.mean));
    Ok(ChartReference::Measured(Box::new(lab)))
}

impl Measured for ColourReport {
    fn card(&self) -> Card {
        let linear = |lab: [f64; 3]| {
            let reference = ChartReference::Measured(Box::new([lab; 24]));
            reference.linear()[0]
        };
        let rows = self
            .patches
            .iter()
            .map(|p| {
                let open = |v: Option<f64>| v.unwrap_or(f64::NAN);
                Row::new(
                    p.name,
                    [
                        p.delta_e,
                        p.delta_c,
                        p.delta_e_as_is,
                        open(p.chroma_ratio),
                        open(p.hue_error_deg),
                        p.lab[0],
                        p.lab[1],
                        p.lab[2],
                        100.0 * p.clipped,
                    ],
                )
                .with_swatches([linear(p.lab), linear(p.reference)])
            })
            .collect();
        let mut plot = Plot::new("Patches in a*, b* (lines from what they should be)", "a*", "b*");
        for p in &self.patches {
            plot = plot.colored("", vec![[p.reference[1], p.reference[2]], [p.lab[1], p.lab[2]]], "#888888");
        }
        plot = plot.dots("reference", self.patches.iter().map(|p| [p.reference[1], p.reference[2]]).collect(), "");
        plot = plot.dots("measured", self.patches.iter().map(|p| [p.lab[1], p.lab[2]]).collect(), "");
        let wb = self.white_balance;
        let mut card =
            Card::new("colour", &self.subject, "24-patch chart, CIEDE2000 (ISO/CIE 11664-6), CIELAB under D50")
                .figure("delta_e_mean", "dE2000, mean", self.delta_e_mean, "", Goal::Lower)
                .figure("delta_e_p90", "dE2000, 90th percentile", self.delta_e_p90, "", Goal::Lower)
                .figure("delta_e_max", "dE2000, largest", self.delta_e_max, "", Goal::Lower)
                .figure("delta_c_mean", "hue and chroma only, mean", self.delta_c_mean, "", Goal::Lower)
                .figure("delta_e_as_is_mean", "dE2000 as exposed, mean", self.delta_e_as_is_mean, "", Goal::Neither)
                .figure("exposure_error_ev", "exposure error", self.exposure_error_ev, "EV", Goal::Near(0.0))
                .figure("wb_delta_ab", "white balance error", wb.delta_ab, "dab", Goal::Lower)
                .figure("wb_angle", "white balance angle", wb.angle_deg, "degrees", Goal::Lower)
                .figure("wb_red_ev", "too red", wb.red_ev, "EV", Goal::Near(0.0))
                .figure("wb_blue_ev", "too blue", wb.blue_ev, "EV", Goal::Near(0.0))
                .figure("chroma_gain", "chroma, relative", self.chroma_gain, "", Goal::Near(1.0))
                .figure("hue_error", "hue error, mean", self.hue_error_deg, "degrees", Goal::Lower)
                .table(
                    "Patches (exposure matched)",
                    &["dE2000", "dC", "as is", "chroma", "hue deg", "L*", "a*", "b*", "clipped %"],
                    rows,
                )
                .plot(plot)
                .note(format!(
                    "{} of 24 patches were seen by themselves; {} count (L* 5 to 98, not clipped).",
                    self.chart.seen,
                    self.patches.iter().filter(|p| p.counts).count()
                ));
        card.crops.extend(self.crop.clone());
        card
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{find_chart, tests::draw};

    const CORNERS: [[f64; 2]; 4] = [[60.0, 50.0], [420.0, 70.0], [410.0, 310.0], [50.0, 290.0]];

    #[test]
    fn a_true_chart_has_no_error_and_exposure_is_told_apart() {
        for gain in [1.0f32, 0.25] {
            let picture = draw((480, 360), CORNERS, [gain; 3]);
            let report = colour(&picture, &find_chart(&picture).unwrap(), &ChartReference::Since2014).unwrap();
            assert!(report.delta_e_max < 0.01, "{}", report.delta_e_max);
            assert!((report.exposure_error_ev - f64::from(gain).log2()).abs() < 1e-3);
            assert!((report.chroma_gain - 1.0).abs() < 1e-3 && report.hue_error_deg < 0.01);
        }
    }

    #[test]
    fn white_balance_and_chroma_errors_are_named() {
        let picture = draw((480, 360), CORNERS, [0.8 * 2f32.powf(0.25), 0.8, 0.8 * 2f32.powf(-0.5)]);
        let report = colour(&picture, &find_chart(&picture).unwrap(), &ChartReference::Since2014).unwrap();
        assert!((report.white_balance.red_ev - 0.25).abs() < 1e-3 && (report.white_balance.blue_ev + 0.5).abs() < 1e-3);
        assert!(report.white_balance.delta_ab > 5.0 && report.white_balance.angle_deg > 5.0);
        // towards grey by a third
        let mut dull = draw((480, 360), CORNERS, [1.0; 3]);
        let y = dull.luminance();
        for plane in &mut dull.rgb.planes {
            plane.data_mut().iter_mut().zip(y.data()).for_each(|(v, y)| *v = y + 0.67 * (*v - y));
        }
        let report = colour(&dull, &find_chart(&dull).unwrap(), &ChartReference::Since2014).unwrap();
        assert!((0.6..0.85).contains(&report.chroma_gain), "{}", report.chroma_gain);
    }

    #[test]
    fn a_chart_can_be_its_own_truth() {
        let picture = draw((480, 360), CORNERS, [1.0, 0.9, 0.6]);
        let reference = reference_from(&picture).unwrap();
        let report = colour(&picture, &find_chart(&picture).unwrap(), &reference).unwrap();
        assert!(report.delta_e_max < 1e-6);
    }
}
