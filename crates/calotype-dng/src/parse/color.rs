//! Colour calibration (DNG 1.7.1, chapter 6).

use super::{Notes, Sources, profile};
use crate::tiff::{Directory, tags};
use calotype_color::{AsShot, CameraCalibration, IlluminantCalibration, Matrix3};

/// Tags of one calibrated illuminant.
struct Tags {
    illuminant: u16,
    data: u16,
    color: u16,
    forward: u16,
    camera: u16,
    hue_sat: u16,
}

const ILLUMINANTS: [Tags; 3] = [
    Tags {
        illuminant: tags::CALIBRATION_ILLUMINANT_1,
        data: tags::ILLUMINANT_DATA_1,
        color: tags::COLOR_MATRIX_1,
        forward: tags::FORWARD_MATRIX_1,
        camera: tags::CAMERA_CALIBRATION_1,
        hue_sat: tags::PROFILE_HUE_SAT_MAP_DATA_1,
    },
    Tags {
        illuminant: tags::CALIBRATION_ILLUMINANT_2,
        data: tags::ILLUMINANT_DATA_2,
        color: tags::COLOR_MATRIX_2,
        forward: tags::FORWARD_MATRIX_2,
        camera: tags::CAMERA_CALIBRATION_2,
        hue_sat: tags::PROFILE_HUE_SAT_MAP_DATA_2,
    },
    Tags {
        illuminant: tags::CALIBRATION_ILLUMINANT_3,
        data: tags::ILLUMINANT_DATA_3,
        color: tags::COLOR_MATRIX_3,
        forward: tags::FORWARD_MATRIX_3,
        camera: tags::CAMERA_CALIBRATION_3,
        hue_sat: tags::PROFILE_HUE_SAT_MAP_DATA_3,
    },
];

/// The calibrated illuminants of a camera profile. CameraCalibration, which belongs to one camera, is passed over.
pub(crate) fn illuminants(main: &Directory<'_>, notes: &mut Notes) -> Vec<IlluminantCalibration> {
    ILLUMINANTS.iter().filter_map(|t| illuminant(main, t, false, notes)).collect()
}

/// The calibration of the main directory.
pub(super) fn calibration(sources: &Sources<'_>, baseline_exposure_ev: f64, notes: &mut Notes) -> CameraCalibration {
    let main = &sources.main;
    // CameraCalibration belongs to the profile only if both signatures are the same.
    let mut signature = |tag| notes.take(main.text(tag)).unwrap_or_default();
    let same = signature(tags::CAMERA_CALIBRATION_SIGNATURE) == signature(tags::PROFILE_CALIBRATION_SIGNATURE);
    let illuminants = ILLUMINANTS.iter().filter_map(|t| illuminant(main, t, same, notes)).collect();
    let positive = |v: &[f64; 3]| v.iter().all(|x| *x > 0.0);
    let neutral = notes.take(main.array::<3>(tags::AS_SHOT_NEUTRAL)).filter(positive);
    let white = notes.take(main.array::<2>(tags::AS_SHOT_WHITE_XY));
    let white = white.filter(|[x, y]| *x > 0.0 && *y > 0.0 && x + y < 1.0);
    let as_shot = match (neutral, white) {
        (Some(neutral), _) => AsShot::Neutral(neutral),
        (None, Some(xy)) => AsShot::WhiteXy(xy),
        (None, None) => AsShot::Unknown,
    };
    let analog_balance = notes.take(main.array::<3>(tags::ANALOG_BALANCE)).filter(positive);
    CameraCalibration { illuminants, analog_balance, as_shot, baseline_exposure_ev }
}

/// The calibration of a sensor without colour filters: everything is neutral.
pub(super) fn none(baseline_exposure_ev: f64) -> CameraCalibration {
    let as_shot = AsShot::Neutral([1.0; 3]);
    CameraCalibration { illuminants: Vec::new(), analog_balance: None, as_shot, baseline_exposure_ev }
}

fn illuminant(main: &Directory<'_>, t: &Tags, same: bool, notes: &mut Notes) -> Option<IlluminantCalibration> {
    let color_matrix = notes.take(matrix(main, t.color))?;
    let code = notes.take(main.u64(t.illuminant)).unwrap_or(0);
    let (white_xy, kelvin) = match code {
        255 => notes.take(other_illuminant(main, t.data)).unwrap_or(D65),
        _ => light_source(code).unwrap_or(D65),
    };
    Some(IlluminantCalibration {
        white_xy,
        kelvin,
        color_matrix,
        forward_matrix: notes.take(matrix(main, t.forward)),
        camera_calibration: if same { notes.take(matrix(main, t.camera)) } else { None },
        hue_sat_map: notes.take(profile::table(
            main,
            tags::PROFILE_HUE_SAT_MAP_DIMS,
            t.hue_sat,
            tags::PROFILE_HUE_SAT_MAP_ENCODING,
        )),
    })
}

/// Nine numbers in row order; a matrix of zeros counts as missing.
fn matrix(main: &Directory<'_>, tag: u16) -> Result<Option<Matrix3>, crate::DngError> {
    let Some(m) = main.array::<9>(tag)? else { return Ok(None) };
    if m.iter().all(|v| *v == 0.0) {
        return Ok(None);
    }
    Ok(Some([[m[0], m[1], m[2]], [m[3], m[4], m[5]], [m[6], m[7], m[8]]]))
}

type White = ([f64; 2], f64);

/// What unknown illuminants are taken for.
const D65: White = ([0.3127, 0.3290], 6500.0);

/// Chromaticity and temperature of an EXIF LightSource code. Temperatures are those that the DNG specification's
/// interpolation uses; chromaticities are CIE 15's (fluorescents F1 to F12, A, B, C and the D series), and of
/// Planck's locus for the rest.
fn light_source(code: u64) -> Option<White> {
    Some(match code {
        // standard light A, tungsten
        17 | 3 => ([0.44757, 0.40745], 2850.0),
        // ISO studio tungsten
        24 => ([0.43, 0.40], 3200.0),
        // D55, daylight, fine weather, flash
        20 | 1 | 9 | 4 => ([0.33243, 0.34744], 5500.0),
        // D65, standard light B and C, cloudy
        21 => D65,
        18 => ([0.34842, 0.35161], 5500.0),
        19 => ([0.31006, 0.31616], 6500.0),
        10 => D65,
        // D75, shade
        22 | 11 => ([0.29903, 0.31488], 7500.0),
        // D50
        23 => ([0.3457, 0.3585], 5000.0),
        // fluorescents: daylight, day white, cool white, white, warm white
        12 => ([0.31310, 0.33727], 6400.0),
        13 => ([0.34588, 0.35875], 5050.0),
        14 => ([0.37208, 0.37529], 4150.0),
        2 => ([0.37208, 0.37529], 4150.0),
        15 => ([0.40910, 0.39430], 3525.0),
        16 => ([0.44018, 0.40329], 2925.0),
        _ => return None,
    })
}

/// IlluminantData: a chromaticity, or a spectrum.
fn other_illuminant(main: &Directory<'_>, tag: u16) -> Result<Option<White>, crate::DngError> {
    let Some(bytes) = main.bytes(tag)? else { return Ok(None) };
    let endian = main.file().endian();
    let cut = || main.bad(tag, "is cut");
    let fraction = |at: usize| {
        let (n, d) = (endian.u32(bytes, at)?, endian.u32(bytes, at + 4)?);
        (d != 0).then(|| f64::from(n) / f64::from(d))
    };
    let xy = match endian.u16(bytes, 0) {
        Some(0) => [fraction(2).ok_or_else(cut)?, fraction(10).ok_or_else(cut)?],
        Some(1) => {
            let count = endian.u32(bytes, 2).ok_or_else(cut)? as usize;
            let (start, step) = (fraction(6).ok_or_else(cut)?, fraction(14).ok_or_else(cut)?);
            if !(2..=1000).contains(&count) || step <= 0.0 {
                return Err(main.bad(tag, format!("a spectrum of {count} numbers every {step} nm")));
            }
            let spectrum: Option<Vec<f64>> = (0..count).map(|i| fraction(22 + 8 * i)).collect();
            chromaticity(start, step, &spectrum.ok_or_else(cut)?)
        }
        kind => return Err(main.bad(tag, format!("the kind {kind:?} is neither 0 nor 1"))),
    };
    if !(xy[0] > 0.0 && xy[1] > 0.0 && xy[0] + xy[1] < 1.0) {
        return Err(main.bad(tag, format!("{xy:?} is no chromaticity")));
    }
    Ok(Some((xy, temperature(xy))))
}

/// Correlated colour temperature after McCamy (1992), within 2 K of Planck's locus from 2856 to 6504 K.
fn temperature([x, y]: [f64; 2]) -> f64 {
    let n = (x - 0.3320) / (y - 0.1858);
    (-449.0 * n * n * n + 3525.0 * n * n - 6823.3 * n + 5520.33).clamp(1000.0, 50_000.0)
}

/// Chromaticity of a spectrum, with the CIE 1931 observer as sums of Gaussians after Wyman, Sloan and Shirley, "Simple
/// Analytic Approximations to the CIE XYZ Color Matching Functions", JCGT 2(2), 2013.
fn chromaticity(start: f64, step: f64, spectrum: &[f64]) -> [f64; 2] {
    let lobe = |w: f64, center: f64, left: f64, right: f64| {
        let t = (w - center) * if w < center { left } else { right };
        (-0.5 * t * t).exp()
    };
    let mut sum = [0.0; 3];
    for (i, power) in spectrum.iter().enumerate() {
        let w = start + step * i as f64;
        sum[0] += power
            * (0.362 * lobe(w, 442.0, 0.0624, 0.0374) + 1.056 * lobe(w, 599.8, 0.0264, 0.0323)
                - 0.065 * lobe(w, 501.1, 0.0490, 0.0382));
        sum[1] += power * (0.821 * lobe(w, 568.8, 0.0213, 0.0247) + 0.286 * lobe(w, 530.9, 0.0613, 0.0322));
        sum[2] += power * (1.217 * lobe(w, 437.0, 0.0845, 0.0278) + 0.681 * lobe(w, 459.0, 0.0385, 0.0725));
    }
    let total: f64 = sum.iter().sum();
    [sum[0] / total, sum[1] / total]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperatures_and_spectra_are_near_the_tables() {
        assert!((temperature([0.44757, 0.40745]) - 2856.0).abs() < 5.0);
        assert!((temperature([0.3127, 0.3290]) - 6504.0).abs() < 10.0);
        // The equal-energy spectrum has the chromaticity (1/3, 1/3).
        let [x, y] = chromaticity(380.0, 5.0, &[1.0; 81]);
        assert!((x - 1.0 / 3.0).abs() < 3e-3 && (y - 1.0 / 3.0).abs() < 3e-3, "{x} {y}");
    }
}
