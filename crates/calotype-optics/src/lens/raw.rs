//! The words of a lens file.

use serde::{Deserialize, Serialize};
use toml::Value;

use crate::Air;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLens {
    pub schema: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_mm: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coating: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub air: Option<RawAir>,
    pub aperture: RawAperture,
    pub fields: RawFields,
    pub wavelength: Vec<RawWavelength>,
    pub surface: Vec<RawSurface>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<RawBiconic>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub configuration: Vec<RawConfiguration>,
}

#[derive(Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawAir {
    pub temperature_c: f64,
    pub pressure_atm: f64,
}

impl Default for RawAir {
    fn default() -> Self {
        Air::default().into()
    }
}

impl From<Air> for RawAir {
    fn from(air: Air) -> Self {
        Self { temperature_c: air.temperature_c, pressure_atm: air.pressure_atm }
    }
}

impl From<RawAir> for Air {
    fn from(air: RawAir) -> Self {
        Self { temperature_c: air.temperature_c, pressure_atm: air.pressure_atm }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfiguration {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub air: Option<RawAir>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_mm: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aperture: Option<RawAperture>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surface: Vec<RawSurfaceChange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub field: Vec<RawFieldChange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wavelength: Vec<RawWavelengthChange>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSurfaceChange {
    pub number: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thickness_mm: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radius_mm: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conic: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear_mm: Option<f64>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFieldChange {
    pub number: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vignetting: Option<Vec<f64>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWavelengthChange {
    pub number: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub um: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAperture {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrance_pupil_mm: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub f_number: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_na: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_radius_mm: Option<f64>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFields {
    pub kind: RawFieldKind,
    pub y: Vec<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub x: Vec<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weight: Vec<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vignetting: Vec<Vec<f64>>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawFieldKind {
    AngleDeg,
    ObjectHeightMm,
    ImageHeightMm,
    RealImageHeightMm,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWavelength {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub um: f64,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
    #[serde(default, skip_serializing_if = "is_false")]
    pub primary: bool,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSurface {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub radius_mm: Option<f64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub conic: f64,
    pub thickness_mm: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glass: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coating: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear_mm: Option<f64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub obscured_mm: f64,
    #[serde(default, skip_serializing_if = "is_false")]
    pub stop: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub mirror: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thin_lens_mm: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub powers: Option<Vec<(u32, f64)>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qbfs_mm: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qcon_mm: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zernike_mm: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm_radius_mm: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub biconic: Option<RawBiconic>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toroid_radius_mm: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decentre_mm: Option<[f64; 3]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tilt_deg: Option<[f64; 3]>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub tilt_first: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RawAfter>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawAfter {
    Return,
    Keep,
    Bend,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBiconic {
    pub radius_mm: f64,
    #[serde(default)]
    pub conic: f64,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGlass {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nd: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vd: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sellmeier_b: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sellmeier_c: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schott: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cauchy: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conrady: Option<[f64; 3]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub herzberger: Option<[f64; 6]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buchdahl: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buchdahl_um: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Vec<[f64; 2]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub squared_powers: Option<Vec<[f64; 2]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub squared_poles: Option<Vec<[f64; 3]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_powers: Option<Vec<[f64; 2]>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub internal: Vec<[f64; 3]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thermal: Option<[f64; 7]>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCoating {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reflectance: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layers: Option<Vec<RawLayer>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metal: Option<[f64; 2]>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLayer {
    pub n: f64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub k: f64,
    pub thickness_nm: f64,
}

fn one() -> f64 {
    1.0
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes references
fn is_one(v: &f64) -> bool {
    *v == 1.0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(v: &f64) -> bool {
    *v == 0.0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(v: &bool) -> bool {
    !*v
}
