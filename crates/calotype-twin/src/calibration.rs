//! What a maker measures of a camera: the colour matrices of its DNG files, fitted to the sensor's curves.

use crate::light::xyz;
use crate::reflectance::{chart24, samples};
use crate::{Illuminant, Sensor, Spectrum};
use calotype_color::matrix::{diagonal, invert, multiply, transform};
use calotype_color::{
    AsShot, CameraCalibration, D50_XY, IlluminantCalibration, Matrix3, bradford, xy_to_xyz, xyz_to_xy,
};

/// The calibration of a sensor with the light of the scene as its white: colour and forward matrices for A and D65.
///
/// The matrices are least squares over 69 measured surfaces (the chart, [`samples`], and white); forward matrices carry
/// white exactly to D50, errors of dark surfaces weigh as much as those of bright ones.
pub fn calibrate(sensor: &Sensor, white: &Illuminant) -> CameraCalibration {
    let under = |name: &str, kelvin: f64| {
        let light = Illuminant::builtin(name).map(|i| i.at_luminance(1.0)).unwrap_or(Spectrum::constant(1.0));
        let white_xy = xyz_to_xy(xyz(&light));
        let forward = forward_matrix(sensor, &light);
        let neutral = sensor.electrons_per_second(&light);
        let neutral = neutral.map(|v| v / neutral[1]);
        // from the forward matrix, so that both tell the same story: XYZ of the light, to D50, to balanced camera
        // colours, to camera colours
        let to_camera = invert(&forward)
            .map(|back| multiply(&diagonal(neutral), &multiply(&back, &bradford(white_xy, D50_XY))))
            .unwrap_or(forward);
        // the largest response to white is 1
        let peak = transform(&to_camera, xy_to_xyz(white_xy)).into_iter().fold(0.0, f64::max);
        IlluminantCalibration {
            white_xy,
            kelvin,
            color_matrix: to_camera.map(|row| row.map(|v| v / peak)),
            forward_matrix: Some(forward),
            camera_calibration: None,
            hue_sat_map: None,
        }
    };
    let seen = sensor.electrons_per_second(&white.at_luminance(1.0));
    CameraCalibration {
        illuminants: vec![under("A", 2850.0), under("D65", 6500.0)],
        analog_balance: None,
        as_shot: AsShot::Neutral(seen.map(|v| v / seen[1])),
        baseline_exposure_ev: 0.0,
    }
}

/// White balanced camera colours to XYZ of D50.
fn forward_matrix(sensor: &Sensor, light: &Spectrum) -> Matrix3 {
    let white = xyz(light);
    let to_d50 = bradford(xyz_to_xy(white), D50_XY);
    let d50 = xy_to_xyz(D50_XY);
    let neutral = sensor.electrons_per_second(light);
    let pairs: Vec<([f64; 3], [f64; 3], f64)> = chart24()
        .iter()
        .chain(samples())
        .map(|(_, reflectance)| {
            let seen = reflectance.times(light);
            let camera = sensor.electrons_per_second(&seen);
            let target = transform(&to_d50, xyz(&seen).map(|v| v / white[1]));
            // errors as the cube root of CIELAB sees them
            let weight = (target[1] + 0.01).powf(-4.0 / 3.0);
            ([0, 1, 2].map(|c| camera[c] / neutral[c]), target, weight)
        })
        .collect();
    // row by row: m · (1,1,1) = white leaves two unknowns, along camera red - blue and green - blue
    std::array::from_fn(|i| {
        let (mut a, mut b) = ([[0.0; 2]; 2], [0.0; 2]);
        for (camera, target, weight) in &pairs {
            let x = [camera[0] - camera[2], camera[1] - camera[2]];
            let rest = target[i] - d50[i] * camera[2];
            for j in 0..2 {
                b[j] += weight * x[j] * rest;
                for k in 0..2 {
                    a[j][k] += weight * x[j] * x[k];
                }
            }
        }
        let det = a[0][0] * a[1][1] - a[0][1] * a[1][0];
        let m = [(b[0] * a[1][1] - b[1] * a[0][1]) / det, (b[1] * a[0][0] - b[0] * a[1][0]) / det];
        [m[0], m[1], d50[i] - m[0] - m[1]]
    })
}

/// Camera colours of the equal-energy light's primaries: singular where the filters cannot tell colours apart.
pub(crate) fn camera_of_xyz(sensor: &Sensor) -> Matrix3 {
    let columns = crate::light::observer().each_ref().map(|m| sensor.electrons_per_second(m));
    let peak = columns.iter().flatten().fold(f64::MIN_POSITIVE, |a: f64, v| a.max(*v));
    std::array::from_fn(|i| std::array::from_fn(|j| columns[j][i] / peak))
}

#[cfg(test)]
mod tests {
    use super::*;
    use calotype_color::lab::{delta_e_2000, xyz_to_lab};
    use calotype_color::{CameraModel, RgbSpace, WhiteBalance};

    /// Mean and largest colour difference of the chart through the file's own matrices.
    fn chart_error(sensor: &str, light: &str) -> (f64, f64) {
        let sensor = Sensor::from_toml(sensor, Sensor::builtin_text(sensor).unwrap()).unwrap();
        let light = Illuminant::builtin(light).unwrap();
        let camera = CameraModel::new(&calibrate(&sensor, &light)).unwrap().resolve(WhiteBalance::AsShot).unwrap();
        let radiance = light.at_luminance(1.0);
        let (white, neutral) = (xyz(&radiance), sensor.electrons_per_second(&radiance));
        let to_xyz = RgbSpace::Rec2020.to_xyz();
        let d65 = xy_to_xyz(calotype_color::D65_XY);
        let adapt = bradford(xyz_to_xy(white), calotype_color::D65_XY);
        let errors: Vec<f64> = chart24()
            .iter()
            .map(|(_, r)| {
                let seen = r.times(&radiance);
                let raw = sensor.electrons_per_second(&seen).map(|v| v / neutral[1]);
                let got = transform(&to_xyz, transform(&camera.camera_to_scene, raw));
                let want = transform(&adapt, xyz(&seen));
                delta_e_2000(xyz_to_lab(got, d65), xyz_to_lab(want, d65))
            })
            .collect();
        (errors.iter().sum::<f64>() / 24.0, errors.iter().fold(0.0, |a: f64, v| a.max(*v)))
    }

    #[test]
    fn the_files_matrices_give_the_chart_its_colours() {
        for sensor in ["one-inch", "main", "small"] {
            for (light, mean, max) in [("D65", 1.6, 6.5), ("A", 2.2, 9.5), ("D50", 1.8, 7.0), ("led-warm", 5.0, 24.0)] {
                let (m, x) = chart_error(sensor, light);
                assert!(m < mean && x < max, "{sensor} under {light}: {m} {x}");
            }
        }
    }
}
