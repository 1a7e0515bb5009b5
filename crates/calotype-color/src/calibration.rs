//! What a file says about its camera's colours.

/// A 3x3 matrix in row order.
pub type Matrix3 = [[f64; 3]; 3];

/// Colour calibration of a camera as DNG files state it (DNG 1.7.1, chapter 6), resolved into plain values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CameraCalibration {
    /// One to three calibrated illuminants, in the order of the file; empty where the file has no ColorMatrix.
    pub illuminants: Vec<IlluminantCalibration>,
    /// AnalogBalance: gains applied before digitisation, per colour (usually all 1).
    pub analog_balance: Option<[f64; 3]>,
    /// The white balance at the time of capture.
    pub as_shot: AsShot,
    /// BaselineExposure, in stops.
    pub baseline_exposure_ev: f64,
}

/// Calibration under one illuminant.
#[derive(Clone, Debug, PartialEq)]
pub struct IlluminantCalibration {
    /// CIE 1931 chromaticity (x, y) of the illuminant.
    pub white_xy: [f64; 2],
    /// Correlated colour temperature of the illuminant in kelvin, with the DNG SDK's values for the EXIF
    /// LightSource codes (2850 for A, 6500 for D65, ...).
    pub kelvin: f64,
    /// ColorMatrix: XYZ to reference camera colours.
    pub color_matrix: Matrix3,
    /// ForwardMatrix: white balanced camera colours to XYZ D50.
    pub forward_matrix: Option<Matrix3>,
    /// CameraCalibration: reference camera to this camera.
    pub camera_calibration: Option<Matrix3>,
    /// ReductionMatrix is not needed for three colours. ProfileHueSatMap of this illuminant.
    pub hue_sat_map: Option<HueSatMap>,
}

/// AsShotNeutral or AsShotWhiteXY.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum AsShot {
    /// Camera colours of a neutral object under the light of the scene.
    Neutral([f64; 3]),
    /// Chromaticity (x, y) of the light of the scene.
    WhiteXy([f64; 2]),
    /// The file says nothing.
    #[default]
    Unknown,
}

/// A table over hue, saturation and value of linear ProPhoto RGB: ProfileHueSatMapData or ProfileLookTableData.
#[derive(Clone, Debug, PartialEq)]
pub struct HueSatMap {
    /// Divisions of hue, saturation and value.
    pub divisions: [usize; 3],
    /// Hue shift in degrees, saturation scale, value scale; value slowest, then hue, then saturation.
    pub entries: Vec<[f32; 3]>,
    /// True where value is sRGB-encoded before the look-up (ProfileHueSatMapEncoding 1).
    pub srgb_encoded: bool,
}
