//! Reference files: what other programs compute for a lens.

use crate::{OpticsError, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Bytes beyond which a reference file is refused.
const LIMIT: usize = 64 << 20;

/// A reference file; the meaning of every number stands in its `conventions`.
#[derive(Clone, Debug, Deserialize)]
pub struct Reference {
    /// The lenses by name.
    pub lenses: BTreeMap<String, ReferenceLens>,
}

/// What is known of one lens.
#[derive(Clone, Debug, Deserialize)]
pub struct ReferenceLens {
    /// The prescription's file name.
    #[serde(default)]
    pub file: String,
    #[serde(default)]
    pub(super) first_order: BTreeMap<String, f64>,
    #[serde(default)]
    pub(super) by_wavelength: Vec<ByWavelength>,
    #[serde(default)]
    pub(super) seidel: Option<SeidelSums>,
    #[serde(default)]
    pub(super) rays: Vec<RayLine>,
    #[serde(default)]
    pub(super) fields: Vec<FieldFigures>,
    #[serde(default)]
    pub(super) diffraction_mtf: Option<DiffractionMtf>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ByWavelength {
    pub um: f64,
    pub efl: f64,
    pub bfl: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct SeidelSums {
    #[serde(rename = "S")]
    pub s: [f64; 5],
    #[serde(rename = "CL")]
    pub cl: f64,
    #[serde(rename = "CT")]
    pub ct: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct RayLine {
    pub field_deg: f64,
    pub w: usize,
    pub px: f64,
    pub py: f64,
    pub x0: f64,
    pub y0: f64,
    pub dir0: [f64; 3],
    pub x: f64,
    pub y: f64,
    pub dir: [f64; 3],
    pub opl: f64,
    #[serde(default)]
    pub peers_that_miss: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct FieldFigures {
    pub field_deg: f64,
    #[serde(default)]
    pub chief_through_stop: Option<Chief>,
    #[serde(default)]
    pub distortion_percent_ftan: Option<f64>,
    #[serde(default)]
    pub lateral_colour_um: Option<Vec<f64>>,
    #[serde(default)]
    pub relative_illumination_stop_only: Option<f64>,
    #[serde(default)]
    pub hexapolar6: Option<Hexapolar>,
    #[serde(default)]
    pub opd_waves: Option<Opd>,
    #[serde(default)]
    pub geometric_mtf_hexapolar32: Option<MtfLine>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Chief {
    pub y_image: f64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Hexapolar {
    pub n: usize,
    pub n_pass: usize,
    #[serde(default)]
    pub centroid_y: Option<f64>,
    #[serde(default)]
    pub rms_centroid_um: Option<f64>,
    #[serde(default)]
    pub max_centroid_um: Option<f64>,
    #[serde(default)]
    pub rms_chief_um: Option<f64>,
    #[serde(default)]
    pub polychromatic_rms_centroid_um: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Opd {
    pub rms_about_zero: f64,
    pub rms_piston_removed: f64,
    pub rms_piston_tilt_removed: f64,
    pub rms_piston_tilt_focus_removed: f64,
    pub pv: f64,
    #[serde(default)]
    pub samples: BTreeMap<String, f64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct MtfLine {
    #[serde(default)]
    pub n_pass: usize,
    pub freq_per_mm: Vec<f64>,
    pub tangential: Vec<f64>,
    pub sagittal: Vec<f64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct DiffractionMtf {
    pub fields: Vec<DiffractionField>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct DiffractionField {
    pub field_deg: f64,
    pub freq_per_mm: Vec<f64>,
    pub diffraction_own: Option<Pair>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pair {
    pub tangential: Vec<f64>,
    pub sagittal: Vec<f64>,
}

impl Reference {
    /// Reads a reference file; `file` is its name for messages.
    ///
    /// # Errors
    /// [`OpticsError::Format`] for what is none.
    pub fn from_json(text: &str, file: &str) -> Result<Self> {
        if text.len() > LIMIT {
            return Err(OpticsError::format(file, None, format!("a reference file has at most {LIMIT} bytes")));
        }
        serde_json::from_str(text).map_err(|e| OpticsError::format(file, e.line(), e.to_string()))
    }

    /// The entry of a prescription: by its file name, or by the lens's name.
    pub fn find(&self, file_name: &str, lens_name: &str) -> Option<&ReferenceLens> {
        let by_file = self.lenses.values().find(|l| !l.file.is_empty() && l.file == file_name);
        by_file.or_else(|| self.lenses.get(lens_name))
    }
}
