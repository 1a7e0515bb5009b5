//! Charts: colours under lights, white balance, edges, neutral targets.

use super::grid::Case;
use super::shots::{CAMERA, LENS, Shot, recipe};
use crate::failure::Failure;
use crate::{raw_file, scene_light, twin};
use calotype::color::{CameraModel, WhiteBalance as White};
use calotype::{Format, Look, NoProgress, Output, OutputSpace, PhotoPicture, Recipe, Task, WhiteBalance};
use calotype_lab::{self as lab, Card, EdgeOptions, Goal, Picture, Rendering};
use calotype_twin::{Camera, Illuminant, calibrate};

/// Colours of the chart against those of its truth under the same light.
pub fn colour(case: &Case, shot: &Shot) -> Result<Card, Failure> {
    let (picture, _) = scene_light::light(&shot.frames, &recipe(), &NoProgress)?;
    let chart = lab::find_chart(&shot.truth)?;
    let report = lab::colour(&picture, &chart, &lab::reference_from(&shot.truth)?)?;
    let card = Card::new("colour", &case.name(), "24 patches against the truth's, CIEDE2000")
        .figure("delta_e_mean", "CIEDE2000, mean", report.delta_e_mean, "", Goal::Lower)
        .figure("delta_e_max", "CIEDE2000, largest", report.delta_e_max, "", Goal::Lower)
        .figure("hue_error", "mean hue error", report.hue_error_deg, "°", Goal::Lower)
        .figure("chroma_gain", "chroma over the truth's", report.chroma_gain, "", Goal::Near(1.0));
    Ok(card)
}

/// The angle between the camera colours of the white that was found and of the one that was, in degrees.
pub fn white_balance(case: &Case, shot: &Shot) -> Result<Card, Failure> {
    let found = Recipe { white_balance: WhiteBalance::Auto, ..recipe() };
    let (_, report) = scene_light::light(&shot.frames, &found, &NoProgress)?;
    let white = report.white_balance.ok_or_else(|| Failure::new("the engine tells no white balance"))?;
    let camera = Camera::load(CAMERA).and_then(|c| c.with_lens(LENS)).map_err(twin::failure)?;
    let light = Illuminant::builtin(case.illuminant().unwrap_or("D65")).map_err(twin::failure)?;
    let failed = |e: calotype::color::ColorError| Failure::new("the camera's colours make no sense").because(e);
    let model = CameraModel::new(&calibrate(&camera.sensor, &light)).map_err(failed)?;
    let truth = model.resolve(White::AsShot).map_err(failed)?;
    let ours = model.resolve(White::Kelvin { kelvin: white.kelvin, tint: white.tint }).map_err(failed)?;
    let card = Card::new("white balance", &case.name(), "recovery angular error (Finlayson and Zakizadeh 2014)")
        .figure("angle", "white balance error", angle_deg(ours.neutral, truth.neutral), "°", Goal::Lower)
        .figure("kelvin", "found", white.kelvin, "K", Goal::Neither)
        .figure("truth_kelvin", "true", truth.kelvin, "K", Goal::Neither);
    Ok(card)
}

fn angle_deg(a: [f32; 3], b: [f32; 3]) -> f64 {
    let [a, b] = [a, b].map(|v| v.map(f64::from));
    let dot: f64 = (0..3).map(|i| a[i] * b[i]).sum();
    let cross = [0, 1, 2].map(|i| a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3]);
    cross.iter().map(|v| v * v).sum::<f64>().sqrt().atan2(dot).to_degrees()
}

/// Sharpness of the light relative to the truth's, and overshoot of the finished photograph.
pub fn edges(case: &Case, shot: &Shot) -> Result<Card, Failure> {
    let regions = lab::edges(&shot.truth, &EdgeOptions::default())?.edges.iter().map(|e| e.region).collect();
    let options = EdgeOptions { regions, ..EdgeOptions::default() };
    let truth = lab::edges(&shot.truth, &options)?;
    let (light, _) = scene_light::light(&shot.frames, &recipe(), &NoProgress)?;
    let ours = lab::edges(&light, &options)?;
    let mut ratios = Vec::new();
    for edge in &ours.edges {
        let same = truth.edges.iter().find(|t| t.region == edge.region);
        let mtf50 = |e: &lab::Edge| e.main().mtf.mtf50;
        if let (Some(a), Some(b)) = (mtf50(edge), same.and_then(mtf50)) {
            ratios.push(a / b);
        }
    }
    let halo = lab::halo(&finished(shot)?, &options.regions, None)?;
    let largest = |of: &dyn Fn(&lab::HaloEdge) -> [f64; 2]| halo.edges.iter().flat_map(of).fold(0.0f64, f64::max);
    let card = Card::new("edges", &case.name(), "ISO 12233 against the truth; overshoot in L*")
        .figure("mtf50", "MTF50 over the truth's, median", median(ratios), "", Goal::Near(1.0))
        .figure("overshoot", "overshoot of the photograph, largest", largest(&|e| e.near), "L*", Goal::Lower)
        .figure("halo", "halo of the photograph, largest", largest(&|e| e.far), "L*", Goal::Lower);
    Ok(card)
}

/// The photograph as it is handed out, in the look authentic: linear Rec.709.
fn finished(shot: &Shot) -> Result<Picture, Failure> {
    let output = Output { space: OutputSpace::Srgb, ..Output::default() };
    let recipe = Recipe { output, ..recipe() };
    let look = Look::builtin(&recipe.look).ok_or_else(|| Failure::new("the look is not built in"))?;
    let task = Task { format: Format::Png, look, lens: None, character: None, diagnostics: false };
    let burst = raw_file::read_burst(&shot.frames, &NoProgress)?;
    match calotype::develop(burst, &recipe, &task, &NoProgress)?.picture {
        PhotoPicture::Display { picture, .. } => Ok(Picture::new("photograph", "linear", picture.planes)?),
        PhotoPicture::Scene(_) => Err(Failure::new("the engine gave light where a photograph was asked for")),
    }
}

/// Colour where there is none: mean distance from the truth in a*, b*.
pub fn false_colour(case: &Case, shot: &Shot) -> Result<Card, Failure> {
    let rendering = Rendering::of(&shot.truth);
    let truth = rendering.apply(&shot.truth, 1.0)?;
    let measure = |frames| -> Result<f64, Failure> {
        let (light, _) = scene_light::light(frames, &recipe(), &NoProgress)?;
        let seen = rendering.apply(&light, lab::exposure_gain(&light, &shot.truth))?;
        Ok(chroma_distance(&seen, &truth))
    };
    let card = Card::new("false colour", &case.name(), "mean distance in a*, b* from a neutral truth")
        .figure("chroma", "false colour", measure(&shot.frames)?, "", Goal::Lower)
        .figure("one_chroma", "false colour, one frame", measure(&shot.frames[..1])?, "", Goal::Lower);
    Ok(card)
}

/// Mean distance in a*, b*, 8 pixels and more from the borders.
fn chroma_distance(a: &Picture, b: &Picture) -> f64 {
    const MARGIN: usize = 8;
    let (mut sum, mut n) = (0.0, 0u64);
    for y in MARGIN..a.height().saturating_sub(MARGIN) {
        for x in MARGIN..a.width().saturating_sub(MARGIN) {
            let [p, q] = [a, b].map(|p| lab::to_lab(p.rgb.get(x, y).map(|v| f64::from(v.clamp(0.0, 1.0)))));
            sum += (p[1] - q[1]).hypot(p[2] - q[2]);
            n += 1;
        }
    }
    sum / n.max(1) as f64
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype::image::Plane;

    #[test]
    fn angles_and_chroma_are_those_of_geometry() {
        assert!(angle_deg([0.5, 1.0, 0.7], [1.0, 2.0, 1.4]) < 1e-3);
        assert!((angle_deg([1.0, 0.0, 0.0], [1.0, 1.0, 0.0]) - 45.0).abs() < 1e-4);
        let flat = |rgb: [f32; 3]| Picture::new("", "", rgb.map(|v| Plane::filled(20, 20, v))).unwrap();
        assert!(chroma_distance(&flat([0.2; 3]), &flat([0.6; 3])) < 1e-3);
        assert!(chroma_distance(&flat([0.4, 0.2, 0.2]), &flat([0.2; 3])) > 10.0);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
    }
}
