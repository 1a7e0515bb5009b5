//! Colour profiles as a DCP, the camera profile format of DNG (DNG 1.7.1, chapter 6): for each of one or two lights a colour
//! and a forward matrix, and a table over hue and saturation for what the root polynomial does beyond them. Readers mix the
//! two lights by the temperature of the picture's.

use super::colour_profile::ColourProfile;
use crate::{LabError, Result};
use calotype_color::hsv::{hsv_to_rgb, rgb_to_hsv};
use calotype_color::matrix::{invert, transform};
use calotype_color::{D50_XY, HueSatMap, Matrix3, RgbSpace, bradford};
use calotype_dng::tiff::{Endian, Value, tags};
use calotype_dng::write::{Ifd, write_tiff};
use std::io;

/// Divisions of hue and saturation (the usual ones; one of value, since exposure does not change the colours).
const DIVISIONS: [usize; 3] = [90, 30, 1];

/// The table that carries the matrix's colours to those of the root polynomial, in linear ProPhoto RGB as DNG applies it.
pub fn bake(profile: &ColourProfile) -> Option<HueSatMap> {
    let white = RgbSpace::ProPhoto.primaries().white;
    let (to_rgb, to_xyz) = (RgbSpace::ProPhoto.from_xyz(), RgbSpace::ProPhoto.to_xyz());
    let (here, there) = (bradford(D50_XY, white), bradford(white, D50_XY));
    let to_camera = invert(&profile.forward_matrix)?;
    let [hues, saturations, _] = DIVISIONS;
    let mut entries = Vec::with_capacity(hues * saturations);
    for h in 0..hues {
        for s in 0..saturations {
            let hue = 6.0 * h as f64 / hues as f64;
            let saturation = s as f64 / (saturations - 1) as f64;
            let rgb = hsv_to_rgb([hue, saturation, 1.0]);
            let camera = transform(&to_camera, transform(&there, transform(&to_xyz, rgb)));
            let wanted = transform(&to_rgb, transform(&here, profile.by_polynomial(camera)));
            let [to_hue, to_saturation, value] = rgb_to_hsv(wanted.map(|v| v.max(0.0)));
            entries.push(if s == 0 || camera.iter().any(|v| *v < -0.25) || !(value > 0.05) {
                // neutrals stay, as the format wants; colours no camera sees keep the matrix's
                [0.0, 1.0, 1.0]
            } else {
                let shift = (to_hue - hue + 9.0).rem_euclid(6.0) - 3.0;
                // bounds far beyond what a camera needs keep a wild corner of the table from tearing
                [
                    (60.0 * shift).clamp(-40.0, 40.0) as f32,
                    (to_saturation / saturation).clamp(0.4, 2.0) as f32,
                    value.clamp(0.5, 2.0) as f32,
                ]
            });
        }
    }
    Some(HueSatMap { divisions: DIVISIONS, entries, srgb_encoded: false })
}

/// The profiles of one camera under one light or two, as a DCP holds them: the warmer light first.
///
/// # Errors
/// [`LabError::Value`] for more than two, and for two that DNG cannot tell apart.
pub fn by_light(mut profiles: Vec<ColourProfile>) -> Result<Vec<ColourProfile>> {
    let refused = |value: String, reason: &str| {
        Err(LabError::Value { what: "the lights of a colour profile", value, reason: reason.into() })
    };
    profiles.sort_by(|a, b| a.light.kelvin.total_cmp(&b.light.kelvin));
    match &profiles[..] {
        [_, _, _, ..] => refused(profiles.len().to_string(), "a profile holds two at most"),
        [a, b] if a.light.code == b.light.code => refused(
            format!("{:.0} K and {:.0} K", a.light.kelvin, b.light.kelvin),
            "they are too near each other to be mixed; the usual two are A and D65",
        ),
        _ => Ok(profiles),
    }
}

/// Writes a DCP of the profiles of one light or two, in the order of [`by_light`]. `model` is the camera's
/// UniqueCameraModel, which raw developers match it by.
///
/// # Errors
/// What `out` says.
pub fn write_dcp(mut out: impl io::Write, profiles: &[ColourProfile], name: &str, model: &str) -> io::Result<()> {
    let mut ifd = Ifd::default();
    for (tag, value) in profile_tags(profiles, name, model) {
        ifd.set(tag, value);
    }
    let mut file = Vec::new();
    write_tiff(&mut file, Endian::Little, &[ifd])?;
    // "IIRC" where a TIFF has "II" and 42
    file[2..4].copy_from_slice(b"RC");
    out.write_all(&file)
}

/// Tags of one light: CalibrationIlluminant, ColorMatrix, ForwardMatrix, ProfileHueSatMapData.
const LIGHTS: [[u16; 4]; 2] = [
    [tags::CALIBRATION_ILLUMINANT_1, tags::COLOR_MATRIX_1, tags::FORWARD_MATRIX_1, tags::PROFILE_HUE_SAT_MAP_DATA_1],
    [tags::CALIBRATION_ILLUMINANT_2, tags::COLOR_MATRIX_2, tags::FORWARD_MATRIX_2, tags::PROFILE_HUE_SAT_MAP_DATA_2],
];

/// The tags of a profile.
pub(super) fn profile_tags(profiles: &[ColourProfile], name: &str, model: &str) -> Vec<(u16, Value)> {
    let matrix =
        |m: &Matrix3| Value::SRational(m.iter().flatten().map(|v| [(v * 1e6).round() as i32, 1_000_000]).collect());
    let mut all = vec![
        (tags::UNIQUE_CAMERA_MODEL, Value::Ascii(model.into())),
        (tags::PROFILE_NAME, Value::Ascii(name.into())),
        (tags::PROFILE_EMBED_POLICY, Value::Long(vec![0])),
    ];
    for (profile, [light, color, forward, _]) in profiles.iter().zip(LIGHTS) {
        all.push((light, Value::Short(vec![profile.light.code])));
        all.push((color, matrix(&profile.color_matrix)));
        all.push((forward, matrix(&profile.forward_matrix)));
    }
    // a table for every light, or for none
    if let Some(tables) = profiles.iter().map(bake).collect::<Option<Vec<HueSatMap>>>() {
        all.push((tags::PROFILE_HUE_SAT_MAP_DIMS, Value::Long(DIVISIONS.map(|d| d as u32).to_vec())));
        for (table, [.., data]) in tables.iter().zip(LIGHTS) {
            all.push((data, Value::Float(table.entries.iter().flatten().copied().collect())));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::colour_profile::tests::{CAMERA, chart_raw};
    use super::super::fit_colour;
    use super::*;
    use crate::ChartReference;
    use calotype_color::lab::{delta_e_2000, xyz_to_lab};
    use calotype_color::{CameraModel, SceneHueSat, WhiteBalance, xy_to_xyz};

    /// Mean, 95th percentile and largest CIEDE2000 between `profile`'s polynomial and what a DNG reader that knows nothing of
    /// this module makes of colours in a file with the tags of `all` and that profile's white.
    fn misread(all: &[ColourProfile], profile: &ColourProfile) -> [f64; 3] {
        let mut ifd = crate::synth::dng_ifd();
        for (tag, value) in profile_tags(all, "test", "Pinhole") {
            ifd.set(tag, value);
        }
        let neutral = profile.neutral.map(|v| [(v * 1e6) as u32, 1_000_000]);
        ifd.set(tags::AS_SHOT_NEUTRAL, Value::Rational(neutral.to_vec()));
        let mut file = Vec::new();
        write_tiff(&mut file, Endian::Little, &[ifd]).unwrap();
        let info = calotype_dng::read_info(&file, &calotype_dng::Limits::default()).unwrap();
        let camera = CameraModel::new(&info.calibration).unwrap().resolve(WhiteBalance::AsShot).unwrap();
        let table = SceneHueSat::new(camera.hue_sat_map.clone().expect("the table is in the file"));
        let white = xy_to_xyz(D50_XY);
        let mut errors = Vec::new();
        for k in 0..200 {
            let unit = |n: usize| 0.05 + 0.9 * ((k * n % 97) as f64 / 96.0);
            // colours as saturated as real ones are
            let grey = 0.4;
            let balanced = [unit(17), unit(31), unit(53)].map(|v| grey + 0.5 * (v - grey));
            let camera_rgb = [0, 1, 2].map(|c| balanced[c] * profile.neutral[c]);
            let scene = transform(&camera.camera_to_scene, camera_rgb).map(|v| v as f32);
            let (mut r, mut g, mut b) = ([scene[0]], [scene[1]], [scene[2]]);
            table.apply_rows(&mut r, &mut g, &mut b);
            let xyz = transform(&RgbSpace::Rec2020.to_xyz(), [r[0], g[0], b[0]].map(f64::from));
            let xyz = transform(&bradford(calotype_color::D65_XY, D50_XY), xyz);
            let (got, want) = (xyz_to_lab(xyz, white), xyz_to_lab(profile.by_polynomial(balanced), white));
            errors.push(delta_e_2000(want, got));
        }
        let largest = errors.iter().fold(0.0, |a: f64, e| a.max(*e));
        [crate::stats::mean(&errors), crate::stats::quantile(&errors, 0.95), largest]
    }

    fn fitted(camera: &Matrix3, bend: f64, light: &str) -> ColourProfile {
        let raw = chart_raw(camera, bend);
        fit_colour(&raw, light.parse().unwrap(), &ChartReference::Since2014, None, None).unwrap()
    }

    #[test]
    fn a_raw_developer_sees_the_polynomial() {
        let profile = fitted(&CAMERA, 0.3, "D50");
        let [mean, p95, worst] = misread(std::slice::from_ref(&profile), &profile);
        // the worst are colours that leave ProPhoto
        assert!(mean < 0.06 && p95 < 0.3 && worst < 2.0, "mean {mean}, p95 {p95}, worst {worst}");
    }

    /// Under each of the two lights a reader uses that light's matrices and table.
    #[test]
    fn two_lights_are_kept_apart() {
        // in the lamp's light the camera has more red and less blue, and bends more
        let lamp: Matrix3 = std::array::from_fn(|i| CAMERA[i].map(|v| v * [1.5, 1.0, 0.45][i]));
        let all = by_light(vec![fitted(&CAMERA, 0.1, "D65"), fitted(&lamp, 0.3, "A")]).unwrap();
        assert_eq!([all[0].light.code, all[1].light.code], [17, 21]);
        for profile in &all {
            let [mean, p95, worst] = misread(&all, profile);
            assert!(mean < 0.1 && p95 < 0.4 && worst < 2.5, "{:?}: {mean} {p95} {worst}", profile.light);
        }
        // and not the other's
        assert!(misread(&all[..1], &all[1])[0] > 0.5);
        let [a, b] = ["6400", "D65"].map(|light| fitted(&CAMERA, 0.1, light));
        assert!(by_light(vec![a, b]).is_err());
    }

    #[test]
    fn the_file_is_a_dcp() {
        let all = [fitted(&CAMERA, 0.0, "A")];
        let mut file = Vec::new();
        write_dcp(&mut file, &all, "test", "Pinhole").unwrap();
        assert_eq!(&file[..4], b"IIRC");
        let mut again = Vec::new();
        write_dcp(&mut again, &all, "test", "Pinhole").unwrap();
        assert_eq!(file, again);
        let read = calotype_dng::read_profile(&file, &calotype_dng::Limits::default()).unwrap();
        assert_eq!((read.name.as_str(), read.unique_camera_model.as_str()), ("test", "Pinhole"));
        assert!(read.illuminants.len() == 1 && read.illuminants[0].hue_sat_map.is_some() && read.warnings.is_empty());
    }
}
