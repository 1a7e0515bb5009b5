//! The light that the engine finds in a burst, as a picture the lab can measure.

use crate::failure::Failure;
use crate::raw_file;
use calotype::color::{RgbSpace, matrix};
use calotype::image::{Plane, SceneRgb};
use calotype::{Format, Look, PhotoPicture, Progress, Recipe, Report, Task};
use calotype_lab::{self as lab, CompareOptions, Comparison, Picture, Rendering};
use std::path::PathBuf;

/// Develops frames to scene-linear light: Rec.709 primaries, saturation of the reference 1; no look, no automatic exposure.
/// Returns it with what the engine decided.
///
/// # Errors
/// Whatever the engine or the lab refuse.
pub fn light(frames: &[PathBuf], recipe: &Recipe, progress: &dyn Progress) -> Result<(Picture, Report), Failure> {
    let look = Look::builtin("neutral").ok_or_else(|| Failure::new("the look neutral is not built in"))?;
    let task = Task { format: Format::Exr, look, lens: None, character: None, diagnostics: false };
    let photo = calotype::develop(raw_file::read_burst(frames, progress)?, recipe, &task, progress)?;
    let name = frames.first().map_or_else(String::new, |f| f.display().to_string());
    match photo.picture {
        PhotoPicture::Scene(picture) => Ok((rec709(&name, picture)?, photo.report)),
        PhotoPicture::Display { .. } => {
            Err(Failure::new("the engine gave a display picture where light was asked for"))
        }
    }
}

/// Compares light with the truth as both would be seen: exposures matched, then the same brightening and the same curve
/// for both ([`Rendering`]). `moving` is 1 where something moved.
///
/// # Errors
/// Where the sizes differ.
pub fn compare(picture: &Picture, truth: &Picture, moving: Option<&Plane<f32>>) -> Result<Comparison, Failure> {
    let rendering = Rendering::of(truth);
    let seen = rendering.apply(picture, lab::exposure_gain(picture, truth))?;
    let moving = moving.map(|m| Plane::from_fn(m.width(), m.height(), |x, y| u8::from(m.get(x, y) > 0.5)));
    let options = CompareOptions { fit_exposure: false, moving, ..CompareOptions::default() };
    Ok(lab::compare(&seen, &rendering.apply(truth, 1.0)?, &options)?)
}

/// Scene-linear Rec.2020 as the lab wants it: linear Rec.709. What no display shows stays negative.
fn rec709(name: &str, picture: SceneRgb) -> Result<Picture, Failure> {
    let m = matrix::to_f32(&RgbSpace::Rec2020.to_space(RgbSpace::Rec709));
    let mut planes = picture.planes;
    for y in 0..planes[0].height() {
        let [r, g, b] = &mut planes;
        matrix::apply_rows(&m, r.row_mut(y), g.row_mut(y), b.row_mut(y));
    }
    Ok(Picture::new(name, "scene-linear", planes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_stays_grey_and_green_of_rec2020_is_beyond_rec709() {
        let mut scene = SceneRgb::new(2, 1);
        scene.planes.iter_mut().for_each(|p| p.row_mut(0)[0] = 0.25);
        scene.planes[1].row_mut(0)[1] = 1.0;
        let picture = rec709("a", scene).unwrap();
        assert!(picture.rgb.get(0, 0).iter().all(|v| (v - 0.25).abs() < 1e-6));
        let [r, g, _] = picture.rgb.get(1, 0);
        assert!(r < -0.5 && g > 1.1);
    }
}
