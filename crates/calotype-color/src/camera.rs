//! From a camera's own colours to scene-linear Rec.2020, after the colour model of the DNG specification (1.7.1,
//! chapter 6).

use crate::calibration::{AsShot, CameraCalibration, HueSatMap, IlluminantCalibration, Matrix3};
use crate::matrix::{IDENTITY, diagonal, invert, is_finite, mix, multiply, transform};
use crate::space::{D50_XY, D65_XY, RgbSpace, bradford, xy_to_xyz, xyz_to_xy};
use crate::temperature::{TemperatureTint, daylight_xy};
use crate::{ColorError, hsv_table};

/// How the white of the scene is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum WhiteBalance {
    /// As the file says; average daylight (5500 K) where it says nothing.
    #[default]
    AsShot,
    /// A temperature in kelvin (1000 to 1000000) and a tint in DNG units (-500 to 500; positive is magenta).
    Kelvin {
        /// Correlated colour temperature of the light.
        kelvin: f64,
        /// Distance from the Planckian locus.
        tint: f64,
    },
    /// The camera colour of something neutral, at any scale: an estimator's answer or a click on grey.
    Neutral([f64; 3]),
}

/// Where a resolved white came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhiteSource {
    /// The file's AsShotNeutral or AsShotWhiteXY.
    File,
    /// The caller's temperature or neutral.
    Caller,
    /// Nobody said: average daylight (5500 K) was assumed.
    Assumed,
}

/// A camera's colours, ready to be resolved for a white.
#[derive(Clone, Debug)]
pub struct CameraModel {
    /// In order of rising temperature.
    illuminants: Vec<IlluminantCalibration>,
    analog_balance: Matrix3,
    as_shot: AsShot,
}

/// A camera under one light: everything needed to bring its pixels to the scene-linear space.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedCamera {
    /// CIE 1931 chromaticity (x, y) of the light.
    pub white_xy: [f64; 2],
    /// Correlated colour temperature of the light in kelvin.
    pub kelvin: f64,
    /// Tint of the light in DNG units.
    pub tint: f64,
    /// Camera colour of white, with **green = 1**.
    pub neutral: [f32; 3],
    /// Gains that make `neutral` (1, 1, 1): its reciprocals, so green is always 1.
    pub wb_gains: [f32; 3],
    /// Camera colours, linear and **not** white balanced, to scene-linear Rec.2020 with D65 white; carries
    /// `neutral` to (1, 1, 1).
    pub camera_to_scene: Matrix3,
    /// The same for white balanced camera colours: carries (1, 1, 1) to itself.
    pub balanced_to_scene: Matrix3,
    /// The profile's HueSatMap for this light, if any; applied in linear ProPhoto with [`crate::apply_hue_sat_map`].
    pub hue_sat_map: Option<HueSatMap>,
    /// Where the white came from.
    pub white_source: WhiteSource,
    /// False where the file has no calibration: white balanced camera colours were then taken for Rec.709, and
    /// `white_xy`, `kelvin` and `tint` are those of D65 unless the caller gave a temperature.
    pub calibrated: bool,
}

impl CameraModel {
    /// Takes a calibration in. No illuminants at all is allowed; see [`ResolvedCamera::calibrated`].
    ///
    /// # Errors
    /// [`ColorError::SingularMatrix`] for a ColorMatrix, ForwardMatrix, CameraCalibration or AnalogBalance that has
    /// no inverse.
    pub fn new(calibration: &CameraCalibration) -> Result<Self, ColorError> {
        let analog_balance = calibration.analog_balance.map_or(IDENTITY, diagonal);
        if invert(&analog_balance).is_none() {
            return Err(ColorError::SingularMatrix { name: "AnalogBalance", illuminant: 1, matrix: analog_balance });
        }
        let mut illuminants = calibration.illuminants.clone();
        for (i, c) in illuminants.iter_mut().enumerate() {
            let check = |name, m: &Matrix3| match invert(m) {
                Some(_) => Ok(()),
                None => Err(ColorError::SingularMatrix { name, illuminant: i + 1, matrix: *m }),
            };
            check("ColorMatrix", &c.color_matrix)?;
            c.camera_calibration.as_ref().map_or(Ok(()), |m| check("CameraCalibration", m))?;
            if let Some(m) = &mut c.forward_matrix {
                check("ForwardMatrix", m)?;
                // White balanced white must become the white of the connection space, whatever was rounded.
                let (want, got) = (xy_to_xyz(D50_XY), transform(m, [1.0; 3]));
                if got.iter().all(|v| *v > 0.0) {
                    *m = multiply(&diagonal([0, 1, 2].map(|k| want[k] / got[k])), m);
                }
            }
            if c.forward_matrix.as_ref().is_some_and(|m| is_redundant(m, c, &analog_balance)) {
                c.forward_matrix = None;
            }
            if !(c.kelvin.is_finite() && c.kelvin > 0.0) {
                c.kelvin = TemperatureTint::from_xy(c.white_xy).kelvin;
            }
        }
        illuminants.sort_by(|a, b| a.kelvin.total_cmp(&b.kelvin));
        Ok(Self { illuminants, analog_balance, as_shot: calibration.as_shot })
    }

    /// The camera under the light that `white` tells.
    ///
    /// # Errors
    /// [`ColorError::BadNeutral`] and [`ColorError::BadTemperature`] for a white of the caller's that is none; a
    /// useless white in the file counts as not there. [`ColorError::SingularMatrix`] where matrices that are sound
    /// by themselves interpolate to one that is not.
    pub fn resolve(&self, white: WhiteBalance) -> Result<ResolvedCamera, ColorError> {
        let (white, source) = self.choose(white)?;
        if self.illuminants.is_empty() {
            return Ok(uncalibrated(white, source));
        }
        let xy = match white {
            White::Xy(xy) => xy,
            White::Neutral(n) => self.neutral_to_xy(n),
        };
        let light = self.under(xy);
        let singular = |name| ColorError::SingularMatrix { name, illuminant: 1, matrix: light.xyz_to_camera };
        let neutral = match white {
            // The file's own word for white stays exact, also where no white of the model gives it.
            White::Neutral(n) => n,
            White::Xy(xy) => transform(&light.xyz_to_camera, xy_to_xyz(xy)),
        };
        if !valid_neutral(neutral) {
            return Err(ColorError::BadNeutral(neutral));
        }
        let neutral = neutral.map(|v| v / neutral[1]);
        let to_d50 = match &light.forward {
            // DNG: D = inverse of the diagonal of the reference camera's neutral.
            Some(forward) => {
                let to_reference = invert(&light.individual).ok_or_else(|| singular("CameraCalibration"))?;
                let reference = transform(&to_reference, neutral);
                if !valid_neutral(reference) {
                    return Err(ColorError::BadNeutral(reference));
                }
                multiply(&multiply(forward, &diagonal(reference.map(f64::recip))), &to_reference)
            }
            None => {
                let to_xyz = invert(&light.xyz_to_camera).ok_or_else(|| singular("ColorMatrix"))?;
                multiply(&bradford(xy, D50_XY), &to_xyz)
            }
        };
        let to_d65 = multiply(&bradford(D50_XY, D65_XY), &to_d50);
        let to_scene = multiply(&RgbSpace::Rec2020.from_xyz(), &to_d65);
        let white_out = transform(&to_scene, neutral);
        if !valid_neutral(white_out) {
            return Err(ColorError::BadNeutral(neutral));
        }
        // Exact neutrals: the three rows may differ by what the iteration and rounded matrices left over.
        let camera_to_scene = multiply(&diagonal(white_out.map(f64::recip)), &to_scene);
        let TemperatureTint { kelvin, tint } = TemperatureTint::from_xy(xy);
        Ok(ResolvedCamera {
            white_xy: xy,
            kelvin,
            tint,
            neutral: neutral.map(|v| v as f32),
            wb_gains: neutral.map(|v| v.recip() as f32),
            balanced_to_scene: multiply(&camera_to_scene, &diagonal(neutral)),
            camera_to_scene,
            hue_sat_map: light.hue_sat_map,
            white_source: source,
            calibrated: true,
        })
    }

    /// The chromaticity whose camera colour is `neutral`, found by the iteration of the DNG specification: the
    /// matrix depends on the white and the white on the matrix.
    pub fn neutral_to_xy(&self, neutral: [f64; 3]) -> [f64; 2] {
        let mut last = D50_XY;
        for pass in 0..30 {
            let Some(inverse) = invert(&self.under(last).xyz_to_camera) else { return last };
            let [x, y] = xyz_to_xy(transform(&inverse, neutral));
            if !(x.is_finite() && y.is_finite()) {
                return last;
            }
            // Chromaticities that light can have; beyond them the model says nothing.
            let mut next = [x.clamp(0.05, 0.9), y.clamp(0.05, 0.9)];
            if (next[0] - last[0]).abs() + (next[1] - last[1]).abs() < 1e-9 {
                return next;
            }
            if pass == 29 {
                // It goes to and fro between two whites: the middle is nearer than either.
                next = [(next[0] + last[0]) / 2.0, (next[1] + last[1]) / 2.0];
            }
            last = next;
        }
        last
    }

    fn choose(&self, white: WhiteBalance) -> Result<(White, WhiteSource), ColorError> {
        match white {
            WhiteBalance::Neutral(n) if valid_neutral(n) => Ok((White::Neutral(n), WhiteSource::Caller)),
            WhiteBalance::Neutral(n) => Err(ColorError::BadNeutral(n)),
            WhiteBalance::Kelvin { kelvin, tint } => {
                if !((1e3..=1e6).contains(&kelvin) && (-500.0..=500.0).contains(&tint)) {
                    return Err(ColorError::BadTemperature { kelvin, tint });
                }
                Ok((White::Xy(TemperatureTint { kelvin, tint }.to_xy()), WhiteSource::Caller))
            }
            WhiteBalance::AsShot => Ok(match self.as_shot {
                AsShot::Neutral(n) if valid_neutral(n) => (White::Neutral(n), WhiteSource::File),
                AsShot::WhiteXy([x, y]) if x > 0.05 && y > 0.05 && x + y < 1.0 => {
                    (White::Xy([x, y]), WhiteSource::File)
                }
                _ => (White::Xy(daylight_xy(5500.0)), WhiteSource::Assumed),
            }),
        }
    }

    /// The model interpolated for one light.
    fn under(&self, xy: [f64; 2]) -> Light {
        let kelvin = TemperatureTint::from_xy(xy).kelvin;
        let (a, b, t) = self.neighbours(kelvin);
        let (a, b) = (&self.illuminants[a], &self.illuminants[b]);
        let between = |x: Option<&Matrix3>, y: Option<&Matrix3>| match (x, y) {
            (Some(x), Some(y)) => Some(mix(x, y, t)),
            (one, other) => one.or(other).copied(),
        };
        let individual = between(a.camera_calibration.as_ref(), b.camera_calibration.as_ref()).unwrap_or(IDENTITY);
        let individual = multiply(&self.analog_balance, &individual);
        let color = mix(&a.color_matrix, &b.color_matrix, t);
        Light {
            xyz_to_camera: multiply(&individual, &color),
            individual,
            forward: between(a.forward_matrix.as_ref(), b.forward_matrix.as_ref()).filter(is_finite),
            hue_sat_map: match (&a.hue_sat_map, &b.hue_sat_map) {
                (Some(a), Some(b)) => Some(hsv_table::mix(a, b, t as f32)),
                (one, other) => one.clone().or_else(|| other.clone()),
            },
        }
    }

    /// The two calibrations around a temperature and the weight of the second, linear in reciprocal temperature.
    fn neighbours(&self, kelvin: f64) -> (usize, usize, f64) {
        let last = self.illuminants.len() - 1;
        let above = self.illuminants.iter().position(|c| c.kelvin >= kelvin).unwrap_or(last);
        let below = above.saturating_sub(1);
        let (a, b) = (1.0 / self.illuminants[below].kelvin, 1.0 / self.illuminants[above].kelvin);
        let t = if a > b { ((a - 1.0 / kelvin) / (a - b)).clamp(0.0, 1.0) } else { 1.0 };
        (below, above, t)
    }
}

/// A white, resolved as far as it is without the model.
#[derive(Clone, Copy)]
enum White {
    Xy([f64; 2]),
    Neutral([f64; 3]),
}

/// The model under one light.
struct Light {
    xyz_to_camera: Matrix3,
    /// AnalogBalance times CameraCalibration: reference camera to this one.
    individual: Matrix3,
    forward: Option<Matrix3>,
    hue_sat_map: Option<HueSatMap>,
}

/// True where a forward matrix is only the inverse of its ColorMatrix, adapted to D50.
///
/// Such a matrix says nothing of its own, but two of them mixed give another model between their lights than the mixed
/// ColorMatrix by which the white was found (a colour difference of 0.5 on average halfway between A and D65). Without
/// them white and colours follow one model.
fn is_redundant(forward: &Matrix3, c: &IlluminantCalibration, analog_balance: &Matrix3) -> bool {
    let individual = multiply(analog_balance, &c.camera_calibration.unwrap_or(IDENTITY));
    let Some(to_xyz) = invert(&c.color_matrix) else { return false };
    let white = transform(&c.color_matrix, xy_to_xyz(c.white_xy));
    let derived = multiply(&multiply(&bradford(c.white_xy, D50_XY), &to_xyz), &diagonal(white));
    // Individual calibration keeps the two roads equal only where it is diagonal: gains, not crosstalk.
    let gains_only = (0..3).all(|i| (0..3).all(|j| i == j || individual[i][j].abs() < 1e-9));
    gains_only && forward.iter().flatten().zip(derived.iter().flatten()).all(|(a, b)| (a - b).abs() < 2e-3)
}

fn valid_neutral(n: [f64; 3]) -> bool {
    n.iter().all(|v| v.is_finite() && *v > 1e-6 && *v < 1e6)
}

/// No calibration: the white balance is believed, the colours are those of Rec.709.
fn uncalibrated(white: White, source: WhiteSource) -> ResolvedCamera {
    let (xy, neutral) = match white {
        White::Neutral(n) => (D65_XY, n.map(|v| v / n[1])),
        // A camera that sees Rec.709 of D65: its colour of another white.
        White::Xy(xy) if source == WhiteSource::Caller => {
            let n = transform(&RgbSpace::Rec709.from_xyz(), xy_to_xyz(xy)).map(|v| v.max(0.02));
            (xy, n.map(|v| v / n[1]))
        }
        White::Xy(_) => (D65_XY, [1.0; 3]),
    };
    let balanced = RgbSpace::Rec709.to_space(RgbSpace::Rec2020);
    let TemperatureTint { kelvin, tint } = TemperatureTint::from_xy(xy);
    ResolvedCamera {
        white_xy: xy,
        kelvin,
        tint,
        neutral: neutral.map(|v| v as f32),
        wb_gains: neutral.map(|v| v.recip() as f32),
        camera_to_scene: multiply(&balanced, &diagonal(neutral.map(f64::recip))),
        balanced_to_scene: balanced,
        hue_sat_map: None,
        white_source: source,
        calibrated: false,
    }
}

#[cfg(test)]
#[path = "camera_tests.rs"]
mod tests;
