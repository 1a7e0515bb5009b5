//! A camera profile as a file: TOML that people and other programs can read.

use super::{ColourProfile, Defects};
use crate::photon_transfer::PhotonTransfer;
use crate::shading::{SHADING_GRID, ShadingReport};
use crate::{LabError, Result};
use calotype_color::Matrix3;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The version of the format.
pub const SCHEMA: &str = "camera/1";

/// What was measured of a camera. Every section may be missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameraProfile {
    /// [`SCHEMA`].
    pub schema: String,
    /// Which camera.
    pub camera: CameraSection,
    /// Noise, by sensitivity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noise: Vec<NoiseSection>,
    /// Colour, by light.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub colour: Vec<ColourSection>,
    /// Lens shading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shading: Option<ShadingSection>,
    /// Bad pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defects: Option<DefectSection>,
}

/// Which camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameraSection {
    /// Its maker.
    pub make: String,
    /// Its model.
    pub model: String,
    /// DNG's UniqueCameraModel.
    pub unique_model: String,
    /// Width and height of the active area in photosites.
    pub size: [usize; 2],
}

/// Noise at one sensitivity: var(x) = shot x + read, for black 0 and saturation 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoiseSection {
    /// ISO speed; 0 where the file does not say.
    pub iso: f64,
    /// S of red, green, blue.
    pub shot: [f64; 3],
    /// O of red, green, blue.
    pub read: [f64; 3],
}

/// Colour under one light.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColourSection {
    /// Correlated colour temperature of the light in kelvin.
    pub kelvin: f64,
    /// Chromaticity (x, y) of the light.
    pub white_xy: [f64; 2],
    /// Camera colour of a neutral, green = 1.
    pub neutral: [f64; 3],
    /// White balanced camera colours to XYZ relative to D50, by rows.
    pub forward_matrix: Matrix3,
    /// XYZ to camera colours, by rows.
    pub color_matrix: Matrix3,
    /// XYZ relative to D50 from r, g, b, sqrt(rg), sqrt(gb), sqrt(rb), by rows.
    pub root_polynomial: [[f64; 6]; 3],
    /// Mean CIEDE2000 of matrix and root polynomial on the chart's patches.
    pub error: [f64; 2],
    /// The same on patches left out of the fit.
    pub error_unseen: [f64; 2],
    /// Name of the DCP with the same colours; empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dcp: String,
}

/// Lens shading: gains that make a flat field flat, from border to border, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShadingSection {
    /// Nodes across and down.
    pub nodes: [usize; 2],
    /// Gains of red, 1 at the centre.
    pub red: Vec<f64>,
    /// Gains of green.
    pub green: Vec<f64>,
    /// Gains of blue.
    pub blue: Vec<f64>,
}

/// Bad pixels as [column, row] of the active area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefectSection {
    /// Bright in the dark.
    pub hot: Vec<[usize; 2]>,
    /// Without the right response to light.
    pub dead: Vec<[usize; 2]>,
}

impl CameraProfile {
    /// A profile of a camera of which nothing is measured yet.
    pub fn new(camera: CameraSection) -> Self {
        Self { schema: SCHEMA.into(), camera, noise: Vec::new(), colour: Vec::new(), shading: None, defects: None }
    }

    /// The file's text, with a heading that says what it is.
    ///
    /// # Errors
    /// [`LabError::Value`] where a number is not finite.
    pub fn to_toml(&self) -> Result<String> {
        let body = toml::to_string(self).map_err(|e| LabError::Value {
            what: "the profile",
            value: self.camera.unique_model.clone(),
            reason: e.to_string(),
        })?;
        Ok(format!(
            "# A camera as it was measured: noise, colour, shading, bad pixels.\n\
             # Samples have black 0 and saturation 1; matrices are by rows; docs/reference/lab.md says how each was found.\n\n{body}"
        ))
    }

    /// A profile from a file's text.
    ///
    /// # Errors
    /// [`LabError::Format`] for what is no profile, of another version, or has lists of the wrong length.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self> {
        let wrong = |reason: String| LabError::Format { reason, path: path.into() };
        let profile: Self = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        if profile.schema != SCHEMA {
            return Err(wrong(format!("the schema is '{}', this reads '{SCHEMA}'", profile.schema)));
        }
        if let Some(s) = &profile.shading {
            let nodes = s.nodes[0].saturating_mul(s.nodes[1]);
            if [&s.red, &s.green, &s.blue].iter().any(|g| g.len() != nodes) {
                return Err(wrong(format!("the shading has not {}x{} gains", s.nodes[0], s.nodes[1])));
            }
        }
        Ok(profile)
    }
}

/// Six digits: more than any of this is known to.
fn short(v: f64) -> f64 {
    format!("{v:.5e}").parse().unwrap_or(v)
}

impl NoiseSection {
    /// The section of a measurement.
    pub fn new(iso: Option<f64>, transfer: &PhotonTransfer) -> Self {
        Self { iso: iso.unwrap_or(0.0), shot: transfer.shot.map(short), read: transfer.read.map(short) }
    }
}

impl ColourSection {
    /// The section of a measurement; `dcp` is the name of its DCP.
    pub fn new(profile: &ColourProfile, dcp: &str) -> Self {
        Self {
            kelvin: profile.light.kelvin,
            white_xy: profile.light.xy.map(short),
            neutral: profile.neutral.map(short),
            forward_matrix: profile.forward_matrix.map(|row| row.map(short)),
            color_matrix: profile.color_matrix.map(|row| row.map(short)),
            root_polynomial: profile.root_polynomial.map(|row| row.map(short)),
            error: [profile.matrix_error.mean, profile.polynomial_error.mean].map(short),
            error_unseen: [profile.matrix_unseen.mean, profile.polynomial_unseen.mean].map(short),
            dcp: dcp.into(),
        }
    }
}

impl ShadingSection {
    /// The section of a measurement.
    pub fn new(report: &ShadingReport) -> Self {
        let gains = |c: usize| report.grid[c].iter().map(|v| short(1.0 / v.max(1e-3))).collect();
        Self { nodes: [SHADING_GRID.0, SHADING_GRID.1], red: gains(0), green: gains(1), blue: gains(2) }
    }
}

impl From<Defects> for DefectSection {
    fn from(d: Defects) -> Self {
        Self { hot: d.hot, dead: d.dead }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_comes_back_and_nonsense_is_refused() {
        let mut profile = CameraProfile::new(CameraSection {
            make: "Maker".into(),
            model: "One".into(),
            unique_model: "Maker One".into(),
            size: [4000, 3000],
        });
        profile.noise.push(NoiseSection { iso: 100.0, shot: [1e-4, 2e-4, 3e-4], read: [1e-7; 3] });
        profile.shading =
            Some(ShadingSection { nodes: [2, 1], red: vec![1.0, 1.5], green: vec![1.0, 1.2], blue: vec![1.0, 1.1] });
        profile.defects = Some(DefectSection { hot: vec![[1, 2]], dead: vec![] });
        let text = profile.to_toml().unwrap();
        let path = Path::new("p.toml");
        assert_eq!(CameraProfile::from_toml(&text, path).unwrap(), profile);
        assert!(CameraProfile::from_toml(&text.replace("camera/1", "camera/9"), path).is_err());
        assert!(CameraProfile::from_toml(&text.replace("nodes = [2, 1]", "nodes = [3, 1]"), path).is_err());
        assert!(CameraProfile::from_toml(&(text + "\nmystery = 1\n"), path).is_err());
    }
}
