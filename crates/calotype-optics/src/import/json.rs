//! The neutral JSON of published prescriptions (`docs/reference/lens-file.md`).

use crate::{
    Aperture, Clear, Dispersion, Field, FieldKind, Form, Glass, Lens, OpticsError, Result, Shape, Surface, Wavelength,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Bytes beyond which a file is refused.
pub(crate) const LIMIT: usize = 4 << 20;

#[derive(Deserialize)]
struct File {
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    units: Option<String>,
    conjugate: Conjugate,
    aperture: ApertureJson,
    fields: FieldsJson,
    wavelengths: Vec<WavelengthJson>,
    surfaces: Vec<SurfaceJson>,
}

#[derive(Deserialize)]
struct Conjugate {
    object_distance: serde_json::Value,
}

#[derive(Deserialize)]
struct ApertureJson {
    #[serde(rename = "type")]
    kind: String,
    value: f64,
}

#[derive(Deserialize)]
struct FieldsJson {
    #[serde(rename = "type")]
    kind: String,
    y: Vec<f64>,
}

#[derive(Deserialize)]
struct WavelengthJson {
    name: String,
    um: f64,
    #[serde(default = "one")]
    weight: f64,
    #[serde(default)]
    primary: bool,
}

#[derive(Deserialize)]
struct SurfaceJson {
    radius: Option<f64>,
    thickness: f64,
    #[serde(default)]
    conic: f64,
    #[serde(default)]
    asphere: Option<AsphereJson>,
    material: MaterialJson,
    /// Index after the surface at each wavelength.
    #[serde(default)]
    n: Vec<f64>,
    #[serde(default)]
    semi_diameter: Option<f64>,
    #[serde(default)]
    stop: bool,
}

#[derive(Deserialize)]
struct AsphereJson {
    coeffs: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct MaterialJson {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    nd: Option<f64>,
    vd: Option<f64>,
    #[serde(default, rename = "B")]
    b: Vec<f64>,
    #[serde(default, rename = "C")]
    c: Vec<f64>,
}

fn one() -> f64 {
    1.0
}

/// Reads a prescription; `file` is its name for messages.
///
/// # Errors
/// [`OpticsError::Format`] for what is no such JSON, [`OpticsError::Surface`] and [`OpticsError::Value`] for values that no
/// lens can have, and for a glass whose formula and listed indices differ by more than 1e-6.
pub fn from_json(text: &str, file: &str) -> Result<Lens> {
    if text.len() > LIMIT {
        return Err(OpticsError::format(file, None, format!("a prescription has at most {LIMIT} bytes")));
    }
    let f: File = serde_json::from_str(text).map_err(|e| OpticsError::format(file, e.line(), e.to_string()))?;
    if let Some(units) = f.units.filter(|u| u != "mm") {
        return Err(OpticsError::value("units", units, "lengths are in mm"));
    }
    let kind = |what, value: &str, known: &str| OpticsError::value(what, value, format!("it is one of {known}"));
    let object_mm = match &f.conjugate.object_distance {
        serde_json::Value::String(s) if s == "infinity" => None,
        serde_json::Value::Number(n) => n.as_f64(),
        other => {
            return Err(kind("conjugate.object_distance", &other.to_string(), "\"infinity\" and a distance in mm"));
        }
    };
    let v = f.aperture.value;
    let aperture = match f.aperture.kind.as_str() {
        "EPD" => Aperture::EntrancePupil(v),
        "FNO" => Aperture::FNumber(v),
        "NA" => Aperture::ObjectNa(v),
        "STOP" => Aperture::StopRadius(v),
        other => return Err(kind("aperture.type", other, "EPD, FNO, NA, STOP")),
    };
    let field_kind = match f.fields.kind.as_str() {
        "angle_deg" => FieldKind::AngleDeg,
        "object_height" => FieldKind::ObjectHeight,
        "image_height" => FieldKind::ImageHeight,
        "real_image_height" => FieldKind::RealImageHeight,
        other => {
            return Err(kind("fields.type", other, "angle_deg, object_height, image_height, real_image_height"));
        }
    };
    let um: Vec<f64> = f.wavelengths.iter().map(|w| w.um).collect();
    let surfaces = (1..).zip(f.surfaces).map(|(i, s)| surface(i, s, &um)).collect::<Result<_>>()?;
    let lens = Lens {
        name: f.name,
        title: f.title,
        source: f.source,
        notes: f.notes,
        air: None,
        object_mm,
        aperture,
        field_kind,
        fields: f.fields.y.into_iter().map(Field::up).collect(),
        primary: f.wavelengths.iter().position(|w| w.primary).unwrap_or(0),
        wavelengths: f
            .wavelengths
            .into_iter()
            .map(|w| Wavelength { name: w.name, um: w.um, weight: w.weight })
            .collect(),
        surfaces,
        image: None,
        configurations: vec![],
    };
    crate::check(&lens)?;
    Ok(lens)
}

fn surface(i: usize, s: SurfaceJson, um: &[f64]) -> Result<Surface> {
    let mut powers = Vec::new();
    for (key, a) in s.asphere.map(|a| a.coeffs).unwrap_or_default() {
        let p: u32 = key.parse().map_err(|_| OpticsError::surface(i, "a power of r", &key, "it is a whole number"))?;
        powers.push((p, a));
    }
    powers.sort_by_key(|p| p.0);
    let form = if powers.is_empty() { Form::Conic } else { Form::Powers(powers) };
    let shape = Shape { conic: s.conic, form, ..Shape::plane() }.with_radius(s.radius.unwrap_or(f64::INFINITY));
    let glass = glass(i, &s.material, &s.n, um)?;
    let clear = Clear { outer: s.semi_diameter, inner: 0.0 };
    Ok(Surface { clear, stop: s.stop, ..Surface::refracting(shape, s.thickness, glass) })
}

fn glass(i: usize, m: &MaterialJson, n: &[f64], um: &[f64]) -> Result<Glass> {
    let dispersion = match (m.kind.as_str(), m.nd, m.vd) {
        ("air", ..) => return Ok(Glass::air()),
        ("cauchy2", Some(nd), Some(vd)) => Dispersion::Model { nd, vd },
        ("sellmeier", ..) if !m.b.is_empty() && m.b.len() == m.c.len() => Dispersion::sellmeier(&m.b, &m.c),
        ("table", ..) if n.len() == um.len() && !n.is_empty() => {
            let mut points: Vec<[f64; 2]> = um.iter().zip(n).map(|(um, n)| [*um, *n]).collect();
            points.sort_by(|a, b| a[0].total_cmp(&b[0]));
            Dispersion::Table(points)
        }
        (kind, ..) => {
            let reason =
                "it is air, cauchy2 with nd and vd, sellmeier with B and C, or table with n at each wavelength";
            return Err(OpticsError::surface(i, "material", kind, reason));
        }
    };
    let glass = Glass { name: m.name.clone(), ..Glass::unnamed(dispersion) };
    for (um, n) in um.iter().zip(n) {
        let own = glass.dispersion.index(*um);
        if !((own - n).abs() <= 1e-6) {
            let reason = format!("its formula gives {own} at {um} um");
            return Err(OpticsError::surface(i, "n", n, reason));
        }
    }
    Ok(glass)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINGLET: &str = r#"{"name": "s", "conjugate": {"object_distance": "infinity"},
        "aperture": {"type": "EPD", "value": 5}, "fields": {"type": "angle_deg", "y": [0, 3]},
        "wavelengths": [{"name": "d", "um": 0.5875618, "primary": true}],
        "surfaces": [{"radius": 50, "thickness": 3, "material": {"type": "cauchy2", "nd": 1.5, "vd": 60}, "n": [1.5], "stop": true},
                     {"radius": null, "thickness": 97, "asphere": {"coeffs": {"6": 1e-9, "4": 1e-6}}, "material": {"type": "air"}}]}"#;

    #[test]
    fn a_prescription_is_read() {
        let lens = from_json(SINGLET, "s.json").unwrap();
        assert_eq!(lens.surfaces[1].shape.form, Form::Powers(vec![(4, 1e-6), (6, 1e-9)]));
        assert_eq!(lens.surfaces[1].shape.radius, f64::INFINITY);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |from: &str, to: &str| from_json(&SINGLET.replace(from, to), "s.json").unwrap_err().to_string();
        assert!(error("\"EPD\"", "\"EDP\"").contains("EPD, FNO"));
        assert!(error("[1.5]", "[1.6]").contains("surface 1"));
        assert!(error("\"thickness\": 3", "\"thickness\": -3").contains("thinner than nothing"));
        assert!(error("\"4\": 1e-6", "\"four\": 1e-6").contains("four"));
        assert!(error("\"radius\": 50", "\"radius\": 0").contains("radius_mm"));
        assert!(error("\"name\": \"s\",", "").contains("line"));
    }
}
