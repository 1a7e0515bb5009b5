//! Lens files in TOML.

use super::raw::{
    RawAfter, RawAperture, RawCoating, RawConfiguration, RawFieldChange, RawFieldKind, RawGlass, RawLayer, RawLens,
    RawSurface, RawSurfaceChange, RawWavelengthChange,
};
use crate::glass::{Catalogue, Thermal};
use crate::nearest::nearest;
use crate::{
    After, Aperture, Clear, Coating, Configuration, Dispersion, Field, FieldChange, FieldKind, Form, Glass, Kind,
    Layer, Lens, OpticsError, Pose, Result, Shape, Surface, SurfaceChange, Vignetting, Wavelength, WavelengthChange,
};
use toml::Value;

/// The schema of the lens files that are read and written.
pub const SCHEMA: &str = "lens/1";
/// Bytes beyond which a lens file is refused.
const LIMIT: usize = 1 << 20;

impl Lens {
    /// Reads a lens file; `file` is its name for messages. Glass names are looked up in `catalogue`, then among those built
    /// in. `docs/reference/lens-file.md` describes the format.
    ///
    /// # Errors
    /// [`OpticsError::UnknownKey`], naming the nearest key there is; [`OpticsError::UnknownGlass`]; [`OpticsError::Format`] for what is
    /// no such file; and those of [`crate::check`].
    pub fn from_toml(text: &str, file: &str, catalogue: &Catalogue) -> Result<Self> {
        if text.len() > LIMIT {
            return Err(OpticsError::format(file, None, format!("a lens file has at most {LIMIT} bytes")));
        }
        let raw: RawLens = toml::from_str(text).map_err(|e| explain(&e, text, file))?;
        if raw.schema != SCHEMA {
            let reason = format!("the schema is `{}`; this version reads `{SCHEMA}`", raw.schema);
            return Err(OpticsError::format(file, None, reason));
        }
        let count = raw.fields.y.len();
        let column = |what, list: &[f64], rest: f64| {
            if list.is_empty() {
                Ok(vec![rest; count])
            } else if list.len() == count {
                Ok(list.to_vec())
            } else {
                Err(OpticsError::value(what, list.len(), format!("it has one value for each of the {count} fields")))
            }
        };
        let x = column("the number of values in fields.x", &raw.fields.x, 0.0)?;
        let weight = column("the number of values in fields.weight", &raw.fields.weight, 1.0)?;
        let vignetting = &raw.fields.vignetting;
        if !vignetting.is_empty() && vignetting.len() != count {
            let reason = format!("it has four or five factors for each of the {count} fields");
            return Err(OpticsError::value("the number of values in fields.vignetting", vignetting.len(), reason));
        }
        let vignetting = vignetting.iter().map(|list| factors(list)).collect::<Result<Vec<_>>>()?;
        let fields = (0..count)
            .map(|i| Field {
                x: x[i],
                y: raw.fields.y[i],
                weight: weight[i],
                vignetting: vignetting.get(i).copied().unwrap_or_default(),
            })
            .collect();
        let primaries: Vec<usize> = (0..raw.wavelength.len()).filter(|i| raw.wavelength[*i].primary).collect();
        if primaries.len() > 1 {
            return Err(OpticsError::value("the number of primary wavelengths", primaries.len(), "one is primary"));
        }
        let mut surfaces: Vec<Surface> =
            (1..).zip(raw.surface).map(|(i, s)| surface(i, s, file, catalogue)).collect::<Result<_>>()?;
        if let Some(value) = raw.coating {
            coat(&mut surfaces, &coating(0, value, file)?);
        }
        let lens = Self {
            name: raw.name,
            title: raw.title,
            source: raw.source,
            notes: raw.notes,
            air: raw.air.map(Into::into),
            object_mm: raw.object_mm.filter(|d| d.is_finite()),
            aperture: aperture(&raw.aperture)?,
            field_kind: match raw.fields.kind {
                RawFieldKind::AngleDeg => FieldKind::AngleDeg,
                RawFieldKind::ObjectHeightMm => FieldKind::ObjectHeight,
                RawFieldKind::ImageHeightMm => FieldKind::ImageHeight,
                RawFieldKind::RealImageHeightMm => FieldKind::RealImageHeight,
            },
            fields,
            primary: primaries.first().copied().unwrap_or(raw.wavelength.len() / 2),
            wavelengths: raw
                .wavelength
                .into_iter()
                .map(|w| Wavelength {
                    name: if w.name.is_empty() { format!("{:.0} nm", w.um * 1e3) } else { w.name },
                    um: w.um,
                    weight: w.weight,
                })
                .collect(),
            surfaces,
            image: raw.image.map(|i| Shape::conic(i.radius_mm, i.conic)),
            configurations: raw
                .configuration
                .into_iter()
                .map(|c| configuration(c, file, catalogue))
                .collect::<Result<_>>()?,
        };
        crate::check(&lens)?;
        Ok(lens)
    }
}

fn configuration(raw: RawConfiguration, file: &str, catalogue: &Catalogue) -> Result<Configuration> {
    let name = raw.name;
    let numbers = raw.surface.iter().map(|s| s.number).chain(raw.field.iter().map(|f| f.number));
    if numbers.chain(raw.wavelength.iter().map(|w| w.number)).any(|n| n == 0) {
        let reason = format!("in configuration `{name}`: surfaces, fields and wavelengths count from 1");
        return Err(OpticsError::value("a number", 0, reason));
    }
    let surface = |s: RawSurfaceChange| {
        let glass = match s.glass {
            None => None,
            Some(value) => Some(glass(s.number, value, file, catalogue)?),
        };
        Ok(SurfaceChange {
            surface: s.number - 1,
            thickness: s.thickness_mm,
            radius: s.radius_mm,
            conic: s.conic,
            glass,
            clear: s.clear_mm,
        })
    };
    let field = |f: RawFieldChange| {
        let vignetting = f.vignetting.map(|list| factors(&list)).transpose()?;
        Ok(FieldChange { field: f.number - 1, x: f.x, y: f.y, weight: f.weight, vignetting })
    };
    let wavelength = |w: RawWavelengthChange| WavelengthChange { wavelength: w.number - 1, um: w.um, weight: w.weight };
    Ok(Configuration {
        name,
        air: raw.air.map(Into::into),
        object_mm: raw.object_mm,
        aperture: raw.aperture.map(|a| aperture(&a)).transpose()?,
        surfaces: raw.surface.into_iter().map(surface).collect::<Result<_>>()?,
        fields: raw.field.into_iter().map(field).collect::<Result<_>>()?,
        wavelengths: raw.wavelength.into_iter().map(wavelength).collect(),
    })
}

fn factors(list: &[f64]) -> Result<Vignetting> {
    match *list {
        [dx, dy, cx, cy] => Ok(Vignetting { decentre: [dx, dy], compression: [cx, cy], angle_deg: 0.0 }),
        [dx, dy, cx, cy, angle_deg] => Ok(Vignetting { decentre: [dx, dy], compression: [cx, cy], angle_deg }),
        _ => {
            let reason = "it is [decentre x, decentre y, compression x, compression y], and an angle in degrees where one is needed";
            Err(OpticsError::value("a field's vignetting", format!("{list:?}"), reason))
        }
    }
}

fn aperture(raw: &RawAperture) -> Result<Aperture> {
    let all = [
        raw.entrance_pupil_mm.map(Aperture::EntrancePupil),
        raw.f_number.map(Aperture::FNumber),
        raw.object_na.map(Aperture::ObjectNa),
        raw.stop_radius_mm.map(Aperture::StopRadius),
    ];
    let given: Vec<Aperture> = all.into_iter().flatten().collect();
    match given[..] {
        [one] => Ok(one),
        _ => {
            let reason = "give one of entrance_pupil_mm, f_number, object_na, stop_radius_mm";
            Err(OpticsError::value("the number of values in aperture", given.len(), reason))
        }
    }
}

fn surface(i: usize, raw: RawSurface, file: &str, catalogue: &Catalogue) -> Result<Surface> {
    let norm = |what| {
        raw.norm_radius_mm
            .ok_or_else(|| OpticsError::surface(i, "norm_radius_mm", "missing", format!("{what} needs it")))
    };
    let mut forms = Vec::new();
    if let Some(coefficients) = &raw.qbfs_mm {
        forms.push(Form::Qbfs { norm_radius: norm("qbfs_mm")?, coefficients: coefficients.clone() });
    }
    if let Some(coefficients) = &raw.qcon_mm {
        forms.push(Form::Qcon { norm_radius: norm("qcon_mm")?, coefficients: coefficients.clone() });
    }
    if let Some(coefficients) = &raw.zernike_mm {
        forms.push(Form::Zernike { norm_radius: norm("zernike_mm")?, coefficients: coefficients.clone() });
    }
    if let Some(b) = &raw.biconic {
        forms.push(Form::Biconic { radius_x: b.radius_mm, conic_x: b.conic });
    }
    let mut powers = raw.powers.unwrap_or_default();
    powers.sort_by_key(|p| p.0);
    if let Some(twice) = powers.windows(2).find(|w| w[0].0 == w[1].0) {
        return Err(OpticsError::surface(i, "powers", twice[0].0, "a power is given once"));
    }
    match raw.toroid_radius_mm {
        Some(radius_x) => forms.push(Form::Toroid { radius_x, powers }),
        None if !powers.is_empty() => forms.push(Form::Powers(powers)),
        None => {}
    }
    if forms.len() > 1 {
        let reason = "a surface has one of powers, qbfs_mm, qcon_mm, zernike_mm, biconic, toroid_radius_mm";
        return Err(OpticsError::surface(i, "the number of forms", forms.len(), reason));
    }
    let kind = match (raw.mirror, raw.thin_lens_mm) {
        (true, Some(_)) => return Err(OpticsError::surface(i, "mirror", true, "it is a thin lens already")),
        (true, None) => Kind::Reflect,
        (false, Some(f)) => Kind::ThinLens(f),
        (false, None) => Kind::Refract,
    };
    let posed = raw.decentre_mm.is_some() || raw.tilt_deg.is_some();
    let pose = posed.then(|| Pose {
        decentre: raw.decentre_mm.unwrap_or_default(),
        tilt_deg: raw.tilt_deg.unwrap_or_default(),
        tilt_first: raw.tilt_first,
        after: match raw.after {
            None | Some(RawAfter::Return) => After::Return,
            Some(RawAfter::Keep) => After::Keep,
            Some(RawAfter::Bend) => After::Bend,
        },
    });
    let glass = match raw.glass {
        None => Glass::air(),
        Some(value) => glass(i, value, file, catalogue)?,
    };
    Ok(Surface {
        label: raw.label,
        shape: Shape { radius: f64::INFINITY, conic: raw.conic, form: forms.pop().unwrap_or(Form::Conic) }
            .with_radius(raw.radius_mm.unwrap_or(f64::INFINITY)),
        thickness: raw.thickness_mm,
        kind,
        glass,
        coating: raw.coating.map(|value| coating(i, value, file)).transpose()?,
        clear: Clear { outer: raw.clear_mm, inner: raw.obscured_mm },
        stop: raw.stop,
        pose,
    })
}

fn glass(i: usize, value: Value, file: &str, catalogue: &Catalogue) -> Result<Glass> {
    let raw: RawGlass = match value {
        Value::String(name) if name.eq_ignore_ascii_case("air") => return Ok(Glass::air()),
        Value::String(name) => return named(i, &name, catalogue),
        table @ Value::Table(_) => table.try_into().map_err(|e| within(i, "glass", &e, file))?,
        other => {
            let reason = "it is a name, or a table such as { nd = 1.5, vd = 60 }";
            return Err(OpticsError::surface(i, "glass", other, reason));
        }
    };
    let mut all = Vec::new();
    all.extend(raw.n.map(Dispersion::Constant));
    match (raw.nd, raw.vd) {
        (Some(nd), Some(vd)) => all.push(Dispersion::Model { nd, vd }),
        (None, None) => {}
        _ => return Err(OpticsError::surface(i, "glass", "half a model", "give both nd and vd")),
    }
    match (&raw.sellmeier_b, &raw.sellmeier_c) {
        (Some(b), Some(c)) if b.len() == c.len() => all.push(Dispersion::sellmeier(b, c)),
        (None, None) => {}
        _ => {
            let reason = "give as many sellmeier_b as sellmeier_c";
            return Err(OpticsError::surface(i, "glass", "half a Sellmeier formula", reason));
        }
    }
    all.extend(raw.schott.map(|a| Dispersion::schott(&a)));
    all.extend(raw.cauchy.map(|a| Dispersion::cauchy(&a)));
    all.extend(raw.conrady.map(Dispersion::conrady));
    all.extend(raw.herzberger.map(Dispersion::Herzberger));
    all.extend(
        raw.buchdahl
            .map(|coefficients| Dispersion::Buchdahl { l0_um: raw.buchdahl_um.unwrap_or(0.5875618), coefficients }),
    );
    all.extend(raw.table.map(|mut points| {
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        Dispersion::Table(points)
    }));
    all.extend(
        raw.squared_powers.map(|powers| Dispersion::Squared { powers, poles: raw.squared_poles.unwrap_or_default() }),
    );
    all.extend(raw.direct_powers.map(|powers| Dispersion::Direct { powers }));
    let thermal = raw.thermal.map(Thermal::from);
    let mut internal = raw.internal;
    internal.sort_by(|a, b| a[0].total_cmp(&b[0]));
    match (all.pop(), all.len()) {
        (Some(dispersion), 0) => Ok(Glass { name: raw.name, internal, thermal, ..Glass::unnamed(dispersion) }),
        (None, _) if !raw.name.is_empty() => {
            let found = named(i, &raw.name, catalogue)?;
            let internal = if internal.is_empty() { found.internal } else { internal };
            Ok(Glass { internal, thermal: thermal.or(found.thermal), ..found })
        }
        _ => {
            let reason = "it is described once: n; nd and vd; sellmeier_b and sellmeier_c; schott; cauchy; conrady; \
                herzberger; buchdahl; table; squared_powers; or direct_powers";
            Err(OpticsError::surface(i, "glass", "described otherwise", reason))
        }
    }
}

/// What is wrong in a table of a surface.
fn within(i: usize, what: &str, error: &toml::de::Error, file: &str) -> OpticsError {
    match explain(error, "", file) {
        OpticsError::Format { reason, file, line } => {
            OpticsError::Format { reason: format!("surface {i}: {what}: {reason}"), file, line }
        }
        other => other,
    }
}

/// The coating of a surface, or of the whole lens for surface 0.
fn coating(i: usize, value: Value, file: &str) -> Result<Coating> {
    let bad = |value: String| {
        let reason = "it is \"bare\", { reflectance = 0.005 }, { layers = [{ n = 1.38, thickness_nm = 100 }] }, or for a mirror \
            { metal = [n, k] } with or without layers";
        Err(OpticsError::surface(i, "coating", value, reason))
    };
    let raw: RawCoating = match value {
        Value::String(word) if word == "bare" => return Ok(Coating::Bare),
        table @ Value::Table(_) => table.try_into().map_err(|e| within(i, "coating", &e, file))?,
        other => return bad(other.to_string()),
    };
    match (raw.reflectance, raw.layers, raw.metal) {
        (Some(share), None, None) => Ok(Coating::Ideal(share)),
        (None, None, None) => bad("empty".into()),
        (None, layers, metal) => {
            let layer = |l: RawLayer| Layer { n: l.n, k: l.k, thickness_nm: l.thickness_nm };
            Ok(Coating::Layers { layers: layers.unwrap_or_default().into_iter().map(layer).collect(), metal })
        }
        _ => bad("described twice".into()),
    }
}

/// Puts the lens's coating on every surface between air and glass that states none itself.
fn coat(surfaces: &mut [Surface], coating: &Coating) {
    let mut before = true;
    for s in surfaces.iter_mut().filter(|s| s.kind == Kind::Refract) {
        let after = s.glass.is_air();
        if before != after && s.coating.is_none() {
            s.coating = Some(coating.clone());
        }
        before = after;
    }
}

/// The glass of a name.
pub(crate) fn named(surface: usize, name: &str, catalogue: &Catalogue) -> Result<Glass> {
    catalogue.find(name).ok_or_else(|| OpticsError::UnknownGlass {
        name: name.into(),
        surface,
        nearest: catalogue.nearest(name),
    })
}

/// What the TOML reader says, with the line, and the nearest key for one that is unknown.
pub(crate) fn explain(error: &toml::de::Error, text: &str, file: &str) -> OpticsError {
    let line = error.span().and_then(|s| text.get(..s.start)).map(|before| before.matches('\n').count() + 1);
    let message = error.message();
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field")
        && let Some(key) = quoted.next()
    {
        let nearest = nearest(key, quoted);
        return OpticsError::UnknownKey { key: key.into(), nearest, file: file.into(), line };
    }
    OpticsError::format(file, line, message.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    const FILE: &str = "schema = \"lens/1\"\nname = \"s\"\n[aperture]\nf_number = 8\n[fields]\nkind = \"angle_deg\"\ny = [0, 3]\n\
        [[wavelength]]\num = 0.5876\n[[surface]]\nradius_mm = 50\nthickness_mm = 3\nglass = \"N-BK7\"\nstop = true\n\
        [[surface]]\nthickness_mm = 95\npowers = [[4, 1e-6]]\n";

    fn read(from: &str, to: &str) -> Result<Lens> {
        let text = FILE.replace(from, to);
        assert!(from.is_empty() || text != FILE, "nothing replaced");
        Lens::from_toml(&text, "s.toml", &Catalogue::default())
    }

    #[test]
    fn what_is_written_is_read_again_unchanged() {
        let lens = Lens::from_toml(FILE, "s.toml", &Catalogue::default()).unwrap();
        assert_eq!(lens.surfaces[0].glass.name, "N-BK7");
        for lens in [lens, samples::triplet(), samples::everything(), samples::parabolic_mirror(200.0)] {
            let text = lens.to_toml();
            let again =
                Lens::from_toml(&text, "again.toml", &Catalogue::default()).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert_eq!(again, lens, "{text}");
        }
    }

    #[test]
    fn coatings_are_those_of_the_lens_or_of_a_surface() {
        let lens =
            read("[aperture]", "coating = { layers = [{ n = 1.38, thickness_nm = 99.6 }] }\n[aperture]").unwrap();
        assert!(
            lens.surfaces
                .iter()
                .all(|s| matches!(&s.coating, Some(Coating::Layers { layers, .. }) if layers[0].n == 1.38))
        );
        let own = read("thickness_mm = 95", "thickness_mm = 95\ncoating = { reflectance = 0.01 }").unwrap();
        assert_eq!((&own.surfaces[0].coating, &own.surfaces[1].coating), (&None, &Some(Coating::Ideal(0.01))));
        let error = |to: &str| read("thickness_mm = 95", &format!("thickness_mm = 95\n{to}")).unwrap_err().to_string();
        assert!(
            error("coating = \"blue\"").contains("surface 2: coating cannot be \"blue\""),
            "{}",
            error("coating = \"blue\"")
        );
        assert!(error("coating = { reflectance = 1.5 }").contains("between 0 and 1"));
        assert!(error("coating = { reflectanc = 0.5 }").contains("`reflectance`"));
        assert!(error("coating = { metal = [1, 6] }").contains("only mirrors"));
        assert!(error("coating = { layers = [{ n = 0, thickness_nm = 3 }] }").contains("n lies between"));
        assert!(error("coating = \"bare\"\nmirror = true").contains("metal"));
        assert!(error("glass = { n = 1.5, internal = [[0.5, 2.0, 10.0]] }").contains("transmittances"));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let error = |from: &str, to: &str| read(from, to).unwrap_err().to_string();
        let unknown = error("radius_mm = 50", "radus_mm = 50");
        assert!(
            unknown.contains("radus_mm") && unknown.contains("`radius_mm`") && unknown.contains("line 11"),
            "{unknown}"
        );
        let glass = error("N-BK7", "N-BK8");
        assert!(glass.contains("surface 1") && glass.contains("N-BK7"), "{glass}");
        assert!(error("f_number = 8", "f_number = 8\nobject_na = 0.1").contains("give one of"));
        assert!(error("stop = true", "").contains("stop"));
        assert!(error("[[4, 1e-6]]", "[[4, 1e-6], [4, 2e-6]]").contains("surface 2"));
        assert!(error("[[4, 1e-6]]", "[[4, 1e-6]]\nqcon_mm = [1]\nnorm_radius_mm = 3").contains("one of powers"));
        assert!(error("lens/1", "lens/9").contains("lens/9"));
        assert!(error("\"N-BK7\"", "{ nd = 1.5 }").contains("both nd and vd"));
        assert!(error("\"N-BK7\"", "{ nd = 1.5, vf = 60 }").contains("`vd`"));
        assert!(error("0.5876", "587.6").contains("wavelength in um"));
        assert!(error("thickness_mm = 95", "thickness_mm = 95\nobscured_mm = -1").contains("obscured_mm"));
        assert!(error("kind = \"angle_deg\"", "kind = \"object_height_mm\"").contains("infinity"));
    }
}
