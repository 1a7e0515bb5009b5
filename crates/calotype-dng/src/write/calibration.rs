//! Colour calibration as tags, for pictures whose source had none of these tags to copy.

use super::Ifd;
use crate::tiff::{Value, tags};
use calotype_color::{AsShot, CameraCalibration, Matrix3};

/// Tags of one illuminant: CalibrationIlluminant, ColorMatrix, ForwardMatrix, CameraCalibration.
const TAGS: [[u16; 4]; 3] = [
    [tags::CALIBRATION_ILLUMINANT_1, tags::COLOR_MATRIX_1, tags::FORWARD_MATRIX_1, tags::CAMERA_CALIBRATION_1],
    [tags::CALIBRATION_ILLUMINANT_2, tags::COLOR_MATRIX_2, tags::FORWARD_MATRIX_2, tags::CAMERA_CALIBRATION_2],
    [tags::CALIBRATION_ILLUMINANT_3, tags::COLOR_MATRIX_3, tags::FORWARD_MATRIX_3, tags::CAMERA_CALIBRATION_3],
];

/// EXIF LightSource codes of the CIE illuminants, with their temperature in kelvin.
const LIGHTS: [(u16, f64); 5] = [(17, 2850.0), (23, 5000.0), (20, 5500.0), (21, 6500.0), (22, 7500.0)];

/// Sets what `calibration` knows and the directory does not.
pub(crate) fn complete(calibration: &CameraCalibration, ifd: &mut Ifd) {
    if !ifd.contains(tags::COLOR_MATRIX_1) {
        for (illuminant, [light, color, forward, camera]) in calibration.illuminants.iter().zip(TAGS) {
            let nearest = |a: &(u16, f64)| (a.1 - illuminant.kelvin).abs();
            let code = LIGHTS.iter().min_by(|a, b| nearest(a).total_cmp(&nearest(b))).map_or(21, |l| l.0);
            ifd.set(light, Value::Short(vec![code]));
            ifd.set(color, matrix(&illuminant.color_matrix));
            if let Some(m) = &illuminant.forward_matrix {
                ifd.set(forward, matrix(m));
            }
            if let Some(m) = &illuminant.camera_calibration {
                ifd.set(camera, matrix(m));
            }
        }
    }
    if let (Some(balance), false) = (calibration.analog_balance, ifd.contains(tags::ANALOG_BALANCE)) {
        ifd.set(tags::ANALOG_BALANCE, Value::Rational(balance.map(fraction).to_vec()));
    }
    if !ifd.contains(tags::AS_SHOT_NEUTRAL) && !ifd.contains(tags::AS_SHOT_WHITE_XY) {
        match calibration.as_shot {
            AsShot::Neutral(n) => ifd.set(tags::AS_SHOT_NEUTRAL, Value::Rational(n.map(fraction).to_vec())),
            AsShot::WhiteXy(xy) => ifd.set(tags::AS_SHOT_WHITE_XY, Value::Rational(xy.map(fraction).to_vec())),
            AsShot::Unknown => {}
        }
    }
}

/// A number not below 0, to a millionth.
pub(super) fn fraction(x: f64) -> [u32; 2] {
    [(x * 1e6).round() as u32, 1_000_000]
}

/// A number, to a millionth.
pub(crate) fn signed_fraction(x: f64) -> [i32; 2] {
    [(x * 1e6).round() as i32, 1_000_000]
}

fn matrix(m: &Matrix3) -> Value {
    Value::SRational(m.iter().flatten().map(|&x| signed_fraction(x)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_color::IlluminantCalibration;

    #[test]
    fn resolved_values_become_tags_unless_they_are_there() {
        let illuminant = |kelvin| IlluminantCalibration {
            white_xy: [0.3127, 0.329],
            kelvin,
            color_matrix: [[0.5, -0.25, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            forward_matrix: None,
            camera_calibration: None,
            hue_sat_map: None,
        };
        let calibration = CameraCalibration {
            illuminants: vec![illuminant(2856.0), illuminant(6504.0)],
            as_shot: AsShot::Neutral([0.5, 1.0, 0.75]),
            ..Default::default()
        };
        let mut ifd = Ifd::default();
        complete(&calibration, &mut ifd);
        assert_eq!(ifd.get(tags::CALIBRATION_ILLUMINANT_1), Some(&Value::Short(vec![17])));
        assert_eq!(ifd.get(tags::CALIBRATION_ILLUMINANT_2), Some(&Value::Short(vec![21])));
        assert_eq!(ifd.get(tags::COLOR_MATRIX_2).unwrap().f64_at(1), Some(-0.25));
        assert_eq!(ifd.get(tags::AS_SHOT_NEUTRAL).unwrap().f64_at(2), Some(0.75));
        let mut there = Ifd::default();
        there.set(tags::COLOR_MATRIX_1, Value::SRational(vec![[1, 1]; 9]));
        there.set(tags::AS_SHOT_WHITE_XY, Value::Rational(vec![[1, 3]; 2]));
        complete(&calibration, &mut there);
        assert!(!there.contains(tags::COLOR_MATRIX_2) && !there.contains(tags::AS_SHOT_NEUTRAL));
    }
}
