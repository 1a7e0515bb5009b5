//! Raw pictures through the colours that their files promise.

use crate::read::RawPicture;
use crate::{LabError, Picture, Result};
use calotype_color::matrix::{apply_rows, to_f32};
use calotype_color::{CameraModel, RgbSpace, SceneHueSat, WhiteBalance};

/// A raw at half size through its file's own profile, as shot: linear Rec.709, for measuring the colours that the file
/// promises.
///
/// # Errors
/// [`LabError::Value`] where the file's calibration cannot be used, [`LabError::NotFound`] where it has none.
pub fn developed(raw: &RawPicture) -> Result<Picture> {
    let refused = |e: calotype_color::ColorError| LabError::Value {
        what: "the file's calibration",
        value: raw.name.clone(),
        reason: e.to_string(),
    };
    let camera =
        CameraModel::new(&raw.info.calibration).and_then(|m| m.resolve(WhiteBalance::AsShot)).map_err(refused)?;
    if !camera.calibrated {
        return Err(LabError::NotFound {
            what: "colour calibration",
            name: raw.name.clone(),
            reason: "the file has no ColorMatrix".into(),
            remedy: "Measure a developed picture, or make a profile with `calotype lab calibrate`.",
        });
    }
    let m = camera.camera_to_scene;
    let to_709 = RgbSpace::Rec2020.to_space(RgbSpace::Rec709);
    let mut planes = raw.half();
    let h = planes[0].height();
    let table = camera.hue_sat_map.map(SceneHueSat::new);
    let [r, g, b] = &mut planes;
    for y in 0..h {
        let (r, g, b) = (r.row_mut(y), g.row_mut(y), b.row_mut(y));
        apply_rows(&to_f32(&m), r, g, b);
        if let Some(table) = &table {
            table.apply_rows(r, g, b);
        }
        apply_rows(&to_f32(&to_709), r, g, b);
    }
    Picture::new(raw.name.clone(), "raw through its own profile, half size", planes)
}
