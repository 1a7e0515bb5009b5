//! What a maker measures of a camera: the colour matrices of its DNG files, fitted to the sensor's curves.

use crate::light::xyz;
use crate::reflectance::{chart24, samples};
use crate::{Illuminant, Sensor, Spectrum};
use calotype_color::lab::{delta_e_2000, xyz_to_lab};
use calotype_color::matrix::transform;
use calotype_color::{
    AsShot, CameraCalibration, CameraModel, D50_XY, D65_XY, IlluminantCalibration, Matrix3, RgbSpace, WhiteBalance,
    bradford, xy_to_xyz, xyz_to_xy,
};

/// The calibration of a sensor with the light of the scene as its white: colour and forward matrices for A and D65.
///
/// The matrices are least squares over 69 measured surfaces (the chart, [`samples`], and white), each by itself as makers
/// fit them; both carry white exactly, errors of dark surfaces weigh as much as those of bright ones. A colour matrix that
/// merely repeats the forward matrix would leave readers to adapt from a white that they can only guess under lights with
/// a spectrum of their own (LEDs), which costs more than a unit of CIEDE2000 there.
pub fn calibrate(sensor: &Sensor, white: &Illuminant) -> CameraCalibration {
    let under = |name: &str, kelvin: f64| {
        let light = Illuminant::builtin(name).map(|i| i.at_luminance(1.0)).unwrap_or(Spectrum::constant(1.0));
        let white_xy = xyz_to_xy(xyz(&light));
        let forward = forward_matrix(sensor, &light);
        let to_camera = color_matrix(sensor, &light);
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
    let pairs: Vec<Pair> = surfaces()
        .map(|reflectance| {
            let seen = reflectance.times(light);
            let camera = sensor.electrons_per_second(&seen);
            let target = transform(&to_d50, xyz(&seen).map(|v| v / white[1]));
            ([0, 1, 2].map(|c| camera[c] / neutral[c]), target, weight(target[1]))
        })
        .collect();
    fitted(&pairs, [1.0; 3], d50)
}

/// XYZ of a light to camera colours, its white to green = 1.
fn color_matrix(sensor: &Sensor, light: &Spectrum) -> Matrix3 {
    let white = xyz(light).map(|v| v / xyz(light)[1]);
    let neutral = sensor.electrons_per_second(light);
    let pairs: Vec<Pair> = surfaces()
        .map(|reflectance| {
            let seen = reflectance.times(light);
            let camera = sensor.electrons_per_second(&seen).map(|v| v / neutral[1]);
            let source = xyz(&seen).map(|v| v / xyz(light)[1]);
            (source, camera, weight(source[1]))
        })
        .collect();
    fitted(&pairs, white, neutral.map(|v| v / neutral[1]))
}

/// A colour, what it is to become, and what its error weighs.
type Pair = ([f64; 3], [f64; 3], f64);

fn surfaces() -> impl Iterator<Item = &'static Spectrum> {
    chart24().iter().chain(samples()).map(|(_, reflectance)| reflectance)
}

/// Errors as the cube root of CIELAB sees them.
fn weight(luminance: f64) -> f64 {
    (luminance + 0.01).powf(-4.0 / 3.0)
}

/// The matrix of least squares that carries `white` exactly to `to`.
fn fitted(pairs: &[Pair], white: [f64; 3], to: [f64; 3]) -> Matrix3 {
    // row by row: m · white = to leaves two unknowns
    std::array::from_fn(|i| {
        let (mut a, mut b) = ([[0.0; 2]; 2], [0.0; 2]);
        for (from, target, weight) in pairs {
            let share = from[2] / white[2];
            let x = [from[0] - white[0] * share, from[1] - white[1] * share];
            let rest = target[i] - to[i] * share;
            for j in 0..2 {
                b[j] += weight * x[j] * rest;
                for k in 0..2 {
                    a[j][k] += weight * x[j] * x[k];
                }
            }
        }
        let det = a[0][0] * a[1][1] - a[0][1] * a[1][0];
        let m = [(b[0] * a[1][1] - b[1] * a[0][1]) / det, (b[1] * a[0][0] - b[0] * a[1][0]) / det];
        [m[0], m[1], (to[i] - m[0] * white[0] - m[1] * white[1]) / white[2]]
    })
}

/// Mean and largest CIEDE2000 of the chart's 24 patches under a light, developed by the matrices of the sensor's own files
/// and without noise: what no exposure can mend, since no filter sees as the eye does. Relative to D65.
pub fn color_error(sensor: &Sensor, light: &Illuminant) -> (f64, f64) {
    let Ok(Ok(camera)) = CameraModel::new(&calibrate(sensor, light)).map(|c| c.resolve(WhiteBalance::AsShot)) else {
        return (f64::NAN, f64::NAN);
    };
    let radiance = light.at_luminance(1.0);
    let (white, neutral) = (xyz(&radiance), sensor.electrons_per_second(&radiance));
    let to_xyz = RgbSpace::Rec2020.to_xyz();
    let d65 = xy_to_xyz(D65_XY);
    let adapt = bradford(xyz_to_xy(white), D65_XY);
    let errors: Vec<f64> = chart24()
        .iter()
        .map(|(_, r)| {
            let seen = r.times(&radiance);
            let raw = sensor.electrons_per_second(&seen).map(|v| v / neutral[1]);
            let got = transform(&to_xyz, transform(&camera.camera_to_scene, raw));
            let want = transform(&adapt, xyz(&seen));
            delta_e_2000(xyz_to_lab(want, d65), xyz_to_lab(got, d65))
        })
        .collect();
    (errors.iter().sum::<f64>() / errors.len() as f64, errors.iter().fold(0.0, |a: f64, v| a.max(*v)))
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
    #[test]
    fn the_files_matrices_give_the_chart_its_colours() {
        for name in ["one-inch", "main", "small"] {
            let sensor = Sensor::from_toml(name, Sensor::builtin_text(name).unwrap()).unwrap();
            for (light, mean, max) in [
                ("D65", 1.4, 6.5),
                ("A", 2.1, 9.5),
                ("D50", 1.5, 7.0),
                ("F11", 1.8, 6.5),
                ("led-warm", 2.1, 8.5),
                ("led-cool", 1.8, 6.5),
            ] {
                let (m, x) = color_error(&sensor, &Illuminant::builtin(light).unwrap());
                assert!(m > 0.5 && m < mean && x < max, "{name} under {light}: {m} {x}");
            }
        }
    }

    #[test]
    fn both_matrices_carry_white_exactly() {
        let sensor = Sensor::from_toml("main", Sensor::builtin_text("main").unwrap()).unwrap();
        let light = Illuminant::builtin("A").unwrap();
        let a = &calibrate(&sensor, &light).illuminants[0];
        let seen = sensor.electrons_per_second(&light.power);
        let camera = transform(&a.color_matrix, xy_to_xyz(a.white_xy));
        assert!((0..3).all(|c| (camera[c] / camera[1] - seen[c] / seen[1]).abs() < 1e-9));
        let white = transform(&a.forward_matrix.unwrap(), [1.0; 3]);
        assert!(white.iter().zip(xy_to_xyz(D50_XY)).all(|(a, b)| (a - b).abs() < 1e-9));
    }
}
