//! What every lens must be before light is sent through it.

use super::{Aperture, Coating, FieldKind, Kind, Lens, Surface};
use crate::surface::Form;
use crate::{Air, OpticsError, Result};

/// Surfaces beyond which a lens is refused.
const MOST_SURFACES: usize = 500;
/// Field points or wavelengths beyond which a lens is refused.
const MOST_POINTS: usize = 200;
/// Configurations beyond which a lens is refused.
const MOST_CONFIGURATIONS: usize = 50;
/// Coefficients of one surface beyond which a lens is refused.
const MOST_COEFFICIENTS: usize = 64;

/// Checks that a lens is one: finite numbers in their ranges, one stop, glass that can exist.
///
/// # Errors
/// [`OpticsError::Surface`] and [`OpticsError::Value`], naming the surface or the value and what is right.
pub fn check(lens: &Lens) -> Result<()> {
    let count = |what, n: usize, most| {
        let reason = format!("a lens has 1 to {most}");
        if (1..=most).contains(&n) { Ok(()) } else { Err(OpticsError::value(what, n, reason)) }
    };
    count("the number of surfaces", lens.surfaces.len(), MOST_SURFACES)?;
    count("the number of fields", lens.fields.len(), MOST_POINTS)?;
    count("the number of wavelengths", lens.wavelengths.len(), MOST_POINTS)?;
    if lens.primary >= lens.wavelengths.len() {
        return Err(OpticsError::value("the primary wavelength", lens.primary, "there is no such wavelength"));
    }
    for w in &lens.wavelengths {
        within("a wavelength in um", w.um, 0.05, 50.0)?;
        within("a wavelength's weight", w.weight, 0.0, 1e9)?;
    }
    if !lens.wavelengths.iter().any(|w| w.weight > 0.0) {
        return Err(OpticsError::value("every wavelength's weight", 0, "one at least is above 0"));
    }
    if let Some(air) = &lens.air {
        let [lo, hi] = Air::TEMPERATURES_C;
        within("the air's temperature_c", air.temperature_c, lo, hi)?;
        within("the air's pressure_atm", air.pressure_atm, 0.0, Air::HIGHEST_ATM)?;
    }
    if let Some(d) = lens.object_mm {
        within("the object's distance in mm", d.abs(), 1e-6, 1e12)?;
    }
    match lens.aperture {
        Aperture::EntrancePupil(d) => within("the entrance pupil's diameter in mm", d, 1e-6, 1e6)?,
        Aperture::FNumber(f) => within("the f-number", f, 0.1, 1e6)?,
        Aperture::ObjectNa(na) => {
            within("the numerical aperture", na, 1e-9, 0.999_999)?;
            if lens.object_mm.is_none() {
                let reason = "the object is at infinity; give an f-number or an entrance pupil";
                return Err(OpticsError::value("the aperture", "a numerical aperture", reason));
            }
        }
        Aperture::StopRadius(r) => within("the stop's radius in mm", r, 1e-6, 1e6)?,
    }
    for f in &lens.fields {
        let most = if lens.field_kind == FieldKind::AngleDeg { 89.0 } else { 1e6 };
        within("a field's size", f.x.hypot(f.y), 0.0, most)?;
        within("a field's weight", f.weight, 0.0, 1e9)?;
        let v = &f.vignetting;
        let inside = |v: &f64| v.abs() <= 1.0;
        if !v.decentre.iter().chain(&v.compression).all(inside)
            || v.compression.contains(&1.0)
            || !(v.angle_deg.abs() <= 360.0)
        {
            let reason = "factors lie within -1..1 (a compression is below 1), the angle within 360 degrees";
            return Err(OpticsError::value("a field's vignetting", format!("{v:?}"), reason));
        }
    }
    if lens.field_kind == FieldKind::ObjectHeight && lens.object_mm.is_none() {
        let reason = "the object is at infinity; give angles or image heights";
        return Err(OpticsError::value("the fields", "object heights", reason));
    }
    surfaces(lens)?;
    if let Some(s) = &lens.image {
        let reason = "it is a sphere or a conic with a radius that is not 0";
        if s.form != Form::Conic || s.radius.is_nan() || s.radius.abs() < 1e-6 || !(s.conic.abs() <= 1e9) {
            return Err(OpticsError::value("the image surface", format!("{s:?}"), reason));
        }
    }
    configurations(lens)
}

/// States with names of their own, each of which is a lens.
fn configurations(lens: &Lens) -> Result<()> {
    if lens.configurations.len() > MOST_CONFIGURATIONS {
        let reason = format!("a lens has at most {MOST_CONFIGURATIONS}");
        return Err(OpticsError::value("the number of configurations", lens.configurations.len(), reason));
    }
    for (i, c) in lens.configurations.iter().enumerate() {
        let taken = lens.configurations[..i].iter().any(|other| other.name.eq_ignore_ascii_case(&c.name));
        if c.name.trim().is_empty() || taken {
            let reason = "every configuration has a name of its own";
            return Err(OpticsError::value("the name of a configuration", format!("`{}`", c.name), reason));
        }
        c.applied(lens)
            .and_then(|state| check(&state))
            .map_err(|source| OpticsError::Configuration { name: c.name.clone(), source: Box::new(source) })?;
    }
    Ok(())
}

fn surfaces(lens: &Lens) -> Result<()> {
    let stops: Vec<usize> = (1..).zip(&lens.surfaces).filter(|(_, s)| s.stop).map(|(i, _)| i).collect();
    match stops[..] {
        [_] => {}
        [] => return Err(OpticsError::value("the stop", "missing", "mark one surface with `stop = true`")),
        [_, second, ..] => {
            return Err(OpticsError::surface(
                second,
                "stop",
                true,
                format!("surface {} is the stop already", stops[0]),
            ));
        }
    }
    for (i, s) in (1..).zip(&lens.surfaces) {
        let bad = |what, value: f64, reason: &str| Err(OpticsError::surface(i, what, value, reason));
        if s.shape.radius.is_nan() || s.shape.radius.abs() < 1e-6 {
            return bad("radius_mm", s.shape.radius, "a radius is not 0; leave it out, or write inf, for a plane");
        }
        if !(s.thickness.abs() <= 1e9) {
            return bad("thickness_mm", s.thickness, "it is a distance in mm");
        }
        if !(s.shape.conic.abs() <= 1e9) {
            return bad("conic", s.shape.conic, "0 is a sphere, -1 a parabola");
        }
        let coefficients = s.shape.form.coefficients();
        if coefficients.len() > MOST_COEFFICIENTS {
            let reason = format!("a surface has at most {MOST_COEFFICIENTS}");
            return Err(OpticsError::surface(i, "the number of coefficients", coefficients.len(), reason));
        }
        if let Some(c) = coefficients.iter().find(|c| !c.is_finite()) {
            return bad("a coefficient", *c, "it is a finite number");
        }
        if let Form::Powers(list) = &s.shape.form
            && let Some((p, _)) = list.iter().find(|(p, _)| !(1..=60).contains(p))
        {
            return Err(OpticsError::surface(i, "a power of r", p, "powers run from 1 to 60"));
        }
        if let Some(r) = s.shape.form.norm_radius()
            && !(r > 1e-6 && r < 1e6)
        {
            return bad("norm_radius_mm", r, "it is the radius in mm at which the polynomials are normalised");
        }
        if let Form::Biconic { radius_x: r, .. } | Form::Toroid { radius_x: r, .. } = s.shape.form
            && (r.is_nan() || r.abs() < 1e-6)
        {
            return bad("the radius along x", r, "a radius is not 0; write inf for a cylinder");
        }
        if let Form::Toroid { powers, .. } = &s.shape.form
            && let Some((p, _)) = powers.iter().find(|(p, _)| !(1..=60).contains(p))
        {
            return Err(OpticsError::surface(i, "a power of y", p, "powers run from 1 to 60"));
        }
        if let Some(r) = s.clear.outer
            && !(r > 0.0 && r.is_finite())
        {
            return bad("clear_mm", r, "it is the radius in mm of the clear aperture; leave it out if it is unknown");
        }
        if !(s.clear.inner >= 0.0) || s.clear.outer.is_some_and(|o| s.clear.inner >= o) {
            return bad("obscured_mm", s.clear.inner, "it lies between 0 and the clear radius");
        }
        if let Kind::ThinLens(f) = s.kind
            && !(f.abs() > 1e-9)
        {
            return bad("focal_mm", f, "a focal length is not 0");
        }
        if let Some(pose) = s.pose
            && pose.decentre.iter().chain(&pose.tilt_deg).any(|v| !(v.abs() <= 1e6))
        {
            return Err(OpticsError::surface(i, "decentre_mm or tilt_deg", format!("{pose:?}"), "they are finite"));
        }
        coating(i, s)?;
        let measured =
            |[um, t, mm]: &[f64; 3]| *um > 0.0 && *um < 1e3 && (0.0..=1.0).contains(t) && *mm > 0.0 && *mm < 1e6;
        let rises = s.glass.internal.windows(2).all(|w| w[0][0] < w[1][0]);
        if !rises || s.glass.internal.len() > MOST_POINTS || !s.glass.internal.iter().all(measured) {
            let reason = "internal transmittances are [um, share from 0 to 1, thickness in mm], one for each wavelength, 200 at most";
            return Err(OpticsError::surface(i, "glass", s.glass.label(), reason));
        }
        if s.glass.thermal.is_some_and(|t| t.numbers().iter().any(|v| !(v.abs() <= 1e3))) {
            let reason = "thermal is [D0, D1, D2, E0, E1, L in um, reference in degrees C], all finite";
            return Err(OpticsError::surface(i, "glass", s.glass.label(), reason));
        }
        if !s.glass.dispersion.is_finite() {
            return Err(OpticsError::surface(i, "glass", s.glass.label(), "every number of its formula is finite"));
        }
        for w in &lens.wavelengths {
            lens.index_behind(i - 1, w.um)?;
        }
    }
    overlaps(lens)
}

/// A coating that can be: shares from 0 to 1, layers of a thickness and an index, a metal for mirrors and only for these.
fn coating(i: usize, s: &Surface) -> Result<()> {
    let bad = |value: String, reason: &str| Err(OpticsError::surface(i, "coating", value, reason));
    let Some(coating) = &s.coating else { return Ok(()) };
    let mirror = s.kind == Kind::Reflect;
    match coating {
        _ if matches!(s.kind, Kind::ThinLens(_)) => bad(coating.label(), "an ideal thin lens has none"),
        Coating::Ideal(share) if !(0.0..=1.0).contains(share) => {
            bad(share.to_string(), "a reflectance lies between 0 and 1")
        }
        Coating::Ideal(_) => Ok(()),
        Coating::Bare | Coating::Layers { metal: None, .. } if mirror => bad(
            coating.label(),
            "a mirror reflects by its metal or a stated share: { metal = [n, k] } or { reflectance = 0.95 }",
        ),
        Coating::Bare => Ok(()),
        Coating::Layers { metal: Some(_), .. } if !mirror => {
            bad("metal".into(), "only mirrors have a metal behind them")
        }
        Coating::Layers { layers, metal } => {
            if layers.len() > MOST_COEFFICIENTS {
                return bad(coating.label(), "a coating has at most 64 layers");
            }
            let pair = |n: f64, k: f64| (0.01..=10.0).contains(&n) && (0.0..=100.0).contains(&k);
            if let Some(l) = layers.iter().find(|l| !pair(l.n, l.k) || !(0.0..=1e7).contains(&l.thickness_nm)) {
                return bad(
                    format!("{l:?}"),
                    "n lies between 0.01 and 10, k between 0 and 100, a thickness is one in nm",
                );
            }
            match metal {
                Some([n, k]) if !pair(*n, *k) => {
                    bad(format!("[{n}, {k}]"), "n lies between 0.01 and 10, k between 0 and 100")
                }
                _ => Ok(()),
            }
        }
    }
}

/// Glass of negative thickness on the axis. Off it, [`crate::analysis::doubts`] tells.
fn overlaps(lens: &Lens) -> Result<()> {
    for (i, pair) in (1..).zip(lens.surfaces.windows(2)) {
        let [front, back] = pair else { continue };
        if front.glass.is_air() || front.pose.is_some() || back.pose.is_some() || front.kind == Kind::Reflect {
            continue;
        }
        let mirrors = lens.surfaces[..i].iter().filter(|s| s.kind == Kind::Reflect).count();
        let sign = if mirrors % 2 == 0 { 1.0 } else { -1.0 };
        if sign * front.thickness < 0.0 {
            let reason = format!("{} behind it would be thinner than nothing", front.glass.label());
            return Err(OpticsError::surface(i, "thickness_mm", front.thickness, reason));
        }
    }
    Ok(())
}

fn within(what: &'static str, value: f64, least: f64, most: f64) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(OpticsError::value(what, value, format!("it lies between {least} and {most}")))
}
