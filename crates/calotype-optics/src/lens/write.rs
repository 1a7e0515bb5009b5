//! Lens files, written.

use super::raw::{
    RawAfter, RawAperture, RawBiconic, RawCoating, RawConfiguration, RawFieldChange, RawFieldKind, RawFields, RawGlass,
    RawLayer, RawLens, RawSurface, RawSurfaceChange, RawWavelength, RawWavelengthChange,
};
use super::read::SCHEMA;
use crate::{
    After, Aperture, Coating, Configuration, Dispersion, FieldKind, Form, Glass, Kind, Lens, Surface, Vignetting,
};

impl Lens {
    /// The lens as a file that [`Lens::from_toml`] reads back unchanged. Built-in glasses are written by name, others with
    /// their formula.
    pub fn to_toml(&self) -> String {
        let fields = &self.fields;
        let raw = RawLens {
            schema: SCHEMA.into(),
            name: self.name.clone(),
            title: self.title.clone(),
            source: self.source.clone(),
            notes: self.notes.clone(),
            object_mm: self.object_mm,
            coating: None,
            air: self.air.map(Into::into),
            aperture: aperture(self.aperture),
            fields: RawFields {
                kind: match self.field_kind {
                    FieldKind::AngleDeg => RawFieldKind::AngleDeg,
                    FieldKind::ObjectHeight => RawFieldKind::ObjectHeightMm,
                    FieldKind::ImageHeight => RawFieldKind::ImageHeightMm,
                    FieldKind::RealImageHeight => RawFieldKind::RealImageHeightMm,
                },
                y: fields.iter().map(|f| f.y).collect(),
                x: if fields.iter().all(|f| f.x == 0.0) { vec![] } else { fields.iter().map(|f| f.x).collect() },
                weight: if fields.iter().all(|f| f.weight == 1.0) {
                    vec![]
                } else {
                    fields.iter().map(|f| f.weight).collect()
                },
                vignetting: if fields.iter().all(|f| f.vignetting.is_none()) {
                    vec![]
                } else {
                    fields.iter().map(|f| factors(&f.vignetting)).collect()
                },
            },
            wavelength: (0..)
                .zip(&self.wavelengths)
                .map(|(i, w)| RawWavelength {
                    name: w.name.clone(),
                    um: w.um,
                    weight: w.weight,
                    primary: i == self.primary,
                })
                .collect(),
            surface: self.surfaces.iter().map(surface).collect(),
            image: self.image.as_ref().map(|s| RawBiconic { radius_mm: s.radius, conic: s.conic }),
            configuration: self.configurations.iter().map(configuration).collect(),
        };
        // a value of plain numbers, texts and lists can always be written
        toml::to_string(&raw).unwrap_or_default()
    }
}

fn surface(s: &Surface) -> RawSurface {
    let mut raw = RawSurface {
        label: s.label.clone(),
        radius_mm: s.shape.radius.is_finite().then_some(s.shape.radius),
        conic: s.shape.conic,
        thickness_mm: s.thickness,
        glass: glass(&s.glass),
        coating: s.coating.as_ref().and_then(coating),
        clear_mm: s.clear.outer,
        obscured_mm: s.clear.inner,
        stop: s.stop,
        mirror: s.kind == Kind::Reflect,
        ..RawSurface::default()
    };
    if let Kind::ThinLens(f) = s.kind {
        raw.thin_lens_mm = Some(f);
    }
    raw.norm_radius_mm = s.shape.form.norm_radius();
    match &s.shape.form {
        Form::Conic => {}
        Form::Powers(list) => raw.powers = Some(list.clone()),
        Form::Qbfs { coefficients, .. } => raw.qbfs_mm = Some(coefficients.clone()),
        Form::Qcon { coefficients, .. } => raw.qcon_mm = Some(coefficients.clone()),
        Form::Zernike { coefficients, .. } => raw.zernike_mm = Some(coefficients.clone()),
        Form::Biconic { radius_x, conic_x } => {
            raw.biconic = Some(RawBiconic { radius_mm: *radius_x, conic: *conic_x });
        }
        Form::Toroid { radius_x, powers } => {
            raw.toroid_radius_mm = Some(*radius_x);
            raw.powers = (!powers.is_empty()).then(|| powers.clone());
        }
    }
    if let Some(pose) = s.pose {
        raw.decentre_mm = Some(pose.decentre);
        raw.tilt_deg = Some(pose.tilt_deg);
        raw.tilt_first = pose.tilt_first;
        raw.after = match pose.after {
            After::Return => None,
            After::Keep => Some(RawAfter::Keep),
            After::Bend => Some(RawAfter::Bend),
        };
    }
    raw
}

fn aperture(aperture: Aperture) -> RawAperture {
    let mut raw = RawAperture::default();
    match aperture {
        Aperture::EntrancePupil(v) => raw.entrance_pupil_mm = Some(v),
        Aperture::FNumber(v) => raw.f_number = Some(v),
        Aperture::ObjectNa(v) => raw.object_na = Some(v),
        Aperture::StopRadius(v) => raw.stop_radius_mm = Some(v),
    }
    raw
}

fn configuration(c: &Configuration) -> RawConfiguration {
    let air = || Some(toml::Value::String("air".into()));
    RawConfiguration {
        name: c.name.clone(),
        air: c.air.map(Into::into),
        object_mm: c.object_mm,
        aperture: c.aperture.map(aperture),
        surface: c
            .surfaces
            .iter()
            .map(|s| RawSurfaceChange {
                number: s.surface + 1,
                thickness_mm: s.thickness,
                radius_mm: s.radius,
                conic: s.conic,
                glass: s.glass.as_ref().and_then(|g| glass(g).or_else(air)),
                clear_mm: s.clear,
            })
            .collect(),
        field: c
            .fields
            .iter()
            .map(|f| RawFieldChange {
                number: f.field + 1,
                x: f.x,
                y: f.y,
                weight: f.weight,
                vignetting: f.vignetting.as_ref().map(factors),
            })
            .collect(),
        wavelength: c
            .wavelengths
            .iter()
            .map(|w| RawWavelengthChange { number: w.wavelength + 1, um: w.um, weight: w.weight })
            .collect(),
    }
}

fn factors(v: &Vignetting) -> Vec<f64> {
    let angle = (v.angle_deg != 0.0).then_some(v.angle_deg);
    v.decentre.into_iter().chain(v.compression).chain(angle).collect()
}

fn coating(coating: &Coating) -> Option<toml::Value> {
    let raw = match coating {
        Coating::Bare => return Some(toml::Value::String("bare".into())),
        Coating::Ideal(share) => RawCoating { reflectance: Some(*share), ..RawCoating::default() },
        Coating::Layers { layers, metal } => {
            let layers: Vec<RawLayer> =
                layers.iter().map(|l| RawLayer { n: l.n, k: l.k, thickness_nm: l.thickness_nm }).collect();
            // an empty list says that there is a coating of layers, where no metal does
            let layers = (metal.is_none() || !layers.is_empty()).then_some(layers);
            RawCoating { layers, metal: *metal, ..RawCoating::default() }
        }
    };
    toml::Value::try_from(raw).ok()
}

fn glass(glass: &Glass) -> Option<toml::Value> {
    if glass.is_air() {
        return None;
    }
    if crate::glass::built_in(&glass.name).is_some_and(|g| g == *glass) {
        return Some(toml::Value::String(glass.name.clone()));
    }
    let mut raw = RawGlass {
        name: glass.name.clone(),
        internal: glass.internal.clone(),
        thermal: glass.thermal.map(|t| t.numbers()),
        ..RawGlass::default()
    };
    match &glass.dispersion {
        Dispersion::Constant(n) => raw.n = Some(*n),
        Dispersion::Model { nd, vd } => (raw.nd, raw.vd) = (Some(*nd), Some(*vd)),
        Dispersion::Squared { powers, poles } => {
            if powers[..] == [[0.0, 1.0]] && poles.iter().all(|p| p[1] == 2.0) {
                raw.sellmeier_b = Some(poles.iter().map(|p| p[0]).collect());
                raw.sellmeier_c = Some(poles.iter().map(|p| p[2]).collect());
            } else {
                raw.squared_powers = Some(powers.clone());
                raw.squared_poles = (!poles.is_empty()).then(|| poles.clone());
            }
        }
        Dispersion::Direct { powers } => raw.direct_powers = Some(powers.clone()),
        Dispersion::Herzberger(a) => raw.herzberger = Some(*a),
        Dispersion::Buchdahl { l0_um, coefficients } => {
            (raw.buchdahl_um, raw.buchdahl) = (Some(*l0_um), Some(coefficients.clone()));
        }
        Dispersion::Table(points) => raw.table = Some(points.clone()),
    }
    toml::Value::try_from(raw).ok()
}
