//! Zemax lens files, written.

use crate::{After, Aperture, Coating, Dispersion, FieldKind, Form, Kind, Lens, OpticsError, Result, Surface};
use std::fmt::Write;

/// The lens as a `.zmx` file (ASCII, mm). Glasses without name are written as model glasses by nd and Vd; `warnings` says
/// where that is less than the lens has.
///
/// # Errors
/// [`OpticsError::Surface`] for forms that such files cannot hold: Forbes' polynomials, Zernike sags, poses that return.
pub fn to_zmx(lens: &Lens, warnings: &mut Vec<String>) -> Result<String> {
    let mut out = String::from("VERS 140124 258 36214\nMODE SEQ\n");
    let line = |out: &mut String, key: &str, values: &[f64]| {
        let values: Vec<String> = values.iter().map(|v| format!("{v:E}")).collect();
        writeln!(out, "{key} {}", values.join(" ")).ok();
    };
    writeln!(out, "NAME {}", one_line(&lens.name)).ok();
    for note in &lens.notes {
        writeln!(out, "NOTE 0 {}", one_line(note)).ok();
    }
    out += "UNIT MM X W X CM MR CPMM\n";
    if let Some(air) = &lens.air {
        writeln!(out, "ENVD {:E} {:E} 1", air.temperature_c, air.pressure_atm).ok();
    }
    match lens.aperture {
        Aperture::EntrancePupil(v) => line(&mut out, "ENPD", &[v]),
        Aperture::FNumber(v) => writeln!(out, "FNUM {v:E} 0").unwrap_or(()),
        Aperture::ObjectNa(v) => writeln!(out, "OBNA {v:E} 0").unwrap_or(()),
        Aperture::StopRadius(_) => out += "FLOA\n",
    }
    let kind = match lens.field_kind {
        FieldKind::AngleDeg => 0,
        FieldKind::ObjectHeight => 1,
        FieldKind::ImageHeight => 2,
        FieldKind::RealImageHeight => 3,
    };
    writeln!(out, "FTYP {kind} 0 {} {} 0 0 0", lens.fields.len(), lens.wavelengths.len()).ok();
    let column = |f: &dyn Fn(&crate::Field) -> f64| lens.fields.iter().map(f).collect::<Vec<f64>>();
    line(&mut out, "XFLN", &column(&|f| f.x));
    line(&mut out, "YFLN", &column(&|f| f.y));
    line(&mut out, "FWGN", &column(&|f| f.weight));
    for (k, key) in ["VDXN", "VDYN"].into_iter().enumerate() {
        line(&mut out, key, &column(&|f| f.vignetting.decentre[k]));
    }
    for (k, key) in ["VCXN", "VCYN"].into_iter().enumerate() {
        line(&mut out, key, &column(&|f| f.vignetting.compression[k]));
    }
    line(&mut out, "VANN", &column(&|f| f.vignetting.angle_deg));
    for (i, w) in (1..).zip(&lens.wavelengths) {
        writeln!(out, "WAVM {i} {:E} {:E}", w.um, w.weight).ok();
    }
    writeln!(out, "PWAV {}", lens.primary + 1).ok();
    out += "SURF 0\n  TYPE STANDARD\n  CURV 0.0\n";
    match lens.object_mm {
        None => out += "  DISZ INFINITY\n",
        Some(d) => writeln!(out, "  DISZ {d:E}").unwrap_or(()),
    }
    let mut number = 1;
    for (i, s) in (1..).zip(&lens.surfaces) {
        surface(&mut out, i, s, &mut number, lens, warnings)?;
    }
    let (curvature, conic) = lens.image.as_ref().map_or((0.0, 0.0), |s| (s.curvature(), s.conic));
    writeln!(out, "SURF {number}\n  TYPE STANDARD\n  CURV {curvature:E}\n  CONI {conic:E}\n  DISZ 0").ok();
    states(&mut out, lens, warnings);
    Ok(out)
}

/// The configurations, operand by operand: what changes in one has a value in all.
fn states(out: &mut String, lens: &Lens, warnings: &mut Vec<String>) {
    if lens.configurations.is_empty() {
        return;
    }
    writeln!(out, "MNUM {} 1", lens.configurations.len()).ok();
    for (i, c) in (1..).zip(&lens.configurations) {
        writeln!(out, "LTTL 0 {i} \"{}\" 0 0 0 1 1 0 0.0 \"\" 0", one_line(&c.name).replace('"', "'")).ok();
    }
    let of = |i: usize| -> Vec<&crate::SurfaceChange> {
        lens.configurations.iter().filter_map(|c| c.surfaces.iter().find(|s| s.surface == i)).collect()
    };
    // every state as a lens of its own: the checked lens has only such
    let all: Vec<Lens> = lens.configurations.iter().filter_map(|c| lens.configured(&c.name).ok()).collect();
    let mut put = |key: &str, number: usize, value: &dyn Fn(&Lens) -> String| {
        for (i, state) in (1..).zip(&all) {
            writeln!(out, "{key} {number} {i} {} 0 0 0 1 1 1 0 0 \"\" 0", value(state)).ok();
        }
    };
    if lens.configurations.iter().any(|c| c.object_mm.is_some()) {
        put("THIC", 0, &|l| format!("{:E}", l.object_mm.unwrap_or(1e10)));
    }
    if lens.configurations.iter().any(|c| c.air.is_some()) {
        let air = |l: &Lens| l.air.unwrap_or_default();
        put("TEMP", 0, &|l| format!("{:E}", air(l).temperature_c));
        put("PRES", 0, &|l| format!("{:E}", air(l).pressure_atm));
    }
    for i in 0..lens.surfaces.len() {
        let changes = of(i);
        if changes.iter().any(|c| c.thickness.is_some()) {
            put("THIC", i + 1, &|l| format!("{:E}", l.surfaces[i].thickness));
        }
        if changes.iter().any(|c| c.radius.is_some()) {
            put("CRVT", i + 1, &|l| format!("{:E}", l.surfaces[i].shape.curvature()));
        }
        if changes.iter().any(|c| c.conic.is_some()) {
            put("CONN", i + 1, &|l| format!("{:E}", l.surfaces[i].shape.conic));
        }
        if changes.iter().any(|c| c.clear.is_some()) {
            put("SDIA", i + 1, &|l| format!("{:E}", l.surfaces[i].clear.outer.unwrap_or(0.0)));
        }
        if changes.iter().any(|c| c.glass.is_some()) {
            if all.iter().any(|l| !l.surfaces[i].glass.is_air() && l.surfaces[i].glass.name.is_empty()) {
                warnings.push(format!("surface {}: the configurations' glass has no name and is left out", i + 1));
            } else {
                put("GLSS", i + 1, &|l| format!("\"{}\"", l.surfaces[i].glass.name));
            }
        }
    }
    if lens.configurations.iter().any(|c| c.aperture.is_some()) {
        let kind = std::mem::discriminant(&lens.aperture);
        if all
            .iter()
            .any(|l| std::mem::discriminant(&l.aperture) != kind || matches!(l.aperture, Aperture::StopRadius(_)))
        {
            warnings.push(
                "the configurations' apertures are left out: such files have one kind of aperture, and no stop radii"
                    .into(),
            );
        } else {
            put("APER", 0, &|l| match l.aperture {
                Aperture::EntrancePupil(v) | Aperture::FNumber(v) | Aperture::ObjectNa(v) | Aperture::StopRadius(v) => {
                    format!("{v:E}")
                }
            });
        }
    }
    for i in 0..lens.fields.len() {
        let changes: Vec<_> =
            lens.configurations.iter().filter_map(|c| c.fields.iter().find(|f| f.field == i)).collect();
        if changes.iter().any(|c| c.x.is_some()) {
            put("XFIE", i + 1, &|l| format!("{:E}", l.fields[i].x));
        }
        if changes.iter().any(|c| c.y.is_some()) {
            put("YFIE", i + 1, &|l| format!("{:E}", l.fields[i].y));
        }
        if changes.iter().any(|c| c.weight.is_some()) {
            put("FLWT", i + 1, &|l| format!("{:E}", l.fields[i].weight));
        }
        if changes.iter().any(|c| c.vignetting.is_some()) {
            for k in 0..2 {
                put(["FVDX", "FVDY"][k], i + 1, &|l| format!("{:E}", l.fields[i].vignetting.decentre[k]));
                put(["FVCX", "FVCY"][k], i + 1, &|l| format!("{:E}", l.fields[i].vignetting.compression[k]));
            }
            put("FVAN", i + 1, &|l| format!("{:E}", l.fields[i].vignetting.angle_deg));
        }
    }
    for i in 0..lens.wavelengths.len() {
        let changes: Vec<_> =
            lens.configurations.iter().filter_map(|c| c.wavelengths.iter().find(|w| w.wavelength == i)).collect();
        if changes.iter().any(|c| c.um.is_some()) {
            put("WAVE", i + 1, &|l| format!("{:E}", l.wavelengths[i].um));
        }
        if changes.iter().any(|c| c.weight.is_some()) {
            put("WLWT", i + 1, &|l| format!("{:E}", l.wavelengths[i].weight));
        }
    }
}

fn surface(
    out: &mut String,
    i: usize,
    s: &Surface,
    number: &mut usize,
    lens: &Lens,
    warnings: &mut Vec<String>,
) -> Result<()> {
    let no = |what: &'static str| {
        Err(OpticsError::surface(i, "its form", what, "a .zmx file cannot hold it; keep the lens as .toml"))
    };
    let plain = matches!(s.shape.form, Form::Conic) && s.shape.radius.is_infinite() && s.glass.is_air();
    if let Some(pose) = s.pose {
        if pose.after != After::Keep || pose.decentre[2] != 0.0 || (!plain && s.kind == Kind::Refract) {
            return no("a tilt or decentre that is not a plain coordinate break");
        }
        let [dx, dy, _] = pose.decentre;
        let [ax, ay, az] = pose.tilt_deg;
        writeln!(out, "SURF {number}\n  TYPE COORDBRK\n  DISZ {:E}", s.thickness).ok();
        if s.stop {
            out.push_str("  STOP\n");
        }
        let order = f64::from(u8::from(pose.tilt_first));
        for (k, v) in (1..).zip([dx, dy, ax, ay, az, order]) {
            writeln!(out, "  PARM {k} {v:E}").ok();
        }
        *number += 1;
        return Ok(());
    }
    writeln!(out, "SURF {number}").ok();
    *number += 1;
    if s.stop {
        out.push_str("  STOP\n");
    }
    let mut parameters: Vec<(usize, f64)> = Vec::new();
    let mut extra: Vec<f64> = Vec::new();
    let kind = match (&s.shape.form, s.kind) {
        (_, Kind::ThinLens(f)) => {
            parameters.push((1, f));
            "PARAXIAL"
        }
        (Form::Conic, _) => "STANDARD",
        (Form::Powers(list), _) => {
            let even = list.iter().all(|(p, _)| p % 2 == 0);
            let most = list.iter().map(|t| t.0).max().unwrap_or(0);
            match (even, most) {
                (true, ..=16) => {
                    parameters.extend(list.iter().map(|(p, a)| (*p as usize / 2, *a)));
                    "EVENASPH"
                }
                (false, ..=8) => {
                    parameters.extend(list.iter().map(|(p, a)| (*p as usize, *a)));
                    "ODDASPHE"
                }
                _ => {
                    let step = if even { 2 } else { 1 };
                    let of = |p: u32| list.iter().find(|t| t.0 == p).map_or(0.0, |t| t.1);
                    extra = vec![f64::from(most / step), 1.0];
                    extra.extend((1..=most / step).map(|k| of(step * k)));
                    if even { "XASPHERE" } else { "XOSPHERE" }
                }
            }
        }
        (Form::Biconic { radius_x, conic_x }, _) => {
            parameters.extend([(1, if radius_x.is_finite() { *radius_x } else { 0.0 }), (2, *conic_x)]);
            "BICONICX"
        }
        (Form::Toroid { radius_x, powers }, _) => {
            parameters.push((1, if radius_x.is_finite() { *radius_x } else { 0.0 }));
            if powers.iter().any(|(p, _)| p % 2 == 1 || !(2..=14).contains(p)) {
                return no("a toroid with odd or high powers");
            }
            parameters.extend(powers.iter().map(|(p, a)| (*p as usize / 2 + 1, *a)));
            "TOROIDAL"
        }
        (Form::Qbfs { .. } | Form::Qcon { .. }, _) => return no("Forbes' polynomials"),
        (Form::Zernike { .. }, _) => return no("a Zernike sag"),
    };
    writeln!(
        out,
        "  TYPE {kind}\n  CURV {:E}\n  CONI {:E}\n  DISZ {:E}",
        s.shape.curvature(),
        s.shape.conic,
        s.thickness
    )
    .ok();
    if !s.label.is_empty() {
        writeln!(out, "  COMM {}", one_line(&s.label)).ok();
    }
    if s.kind == Kind::Reflect {
        out.push_str("  GLAS MIRROR 0 0 1.5 40\n");
    } else if !s.glass.is_air() {
        let (nd, vd) = s.glass.nd_vd();
        let vd = if vd.is_finite() { vd } else { 0.0 };
        if s.glass.name.is_empty() || s.glass.name.contains(char::is_whitespace) {
            if !matches!(s.glass.dispersion, Dispersion::Model { .. } | Dispersion::Constant(_)) {
                warnings.push(format!("surface {i}: {} is written by its nd and Vd alone", s.glass.label()));
            }
            writeln!(out, "  GLAS ___BLANK 1 0 {nd:E} {vd:E} 0 0 0 0 0 0").ok();
        } else {
            writeln!(out, "  GLAS {} 0 0 {nd:E} {vd:E} 0 0 0 0 0 0", s.glass.name).ok();
        }
    }
    match &s.coating {
        None => {}
        Some(Coating::Ideal(share)) => {
            let through = if s.kind == Kind::Reflect { *share } else { 1.0 - share };
            let number = format!("{through}");
            // its names start with a point: what is 1, or 0, cannot be said
            match number.strip_prefix("0.") {
                Some(digits) => writeln!(out, "  COAT I.{digits}").unwrap_or(()),
                None => warnings.push(format!("surface {i}: a coating that lets {number} through is left out")),
            }
        }
        Some(Coating::Bare) => {}
        Some(Coating::Layers { .. }) => {
            warnings.push(format!("surface {i}: the layers on it are left out; keep the lens as .toml"));
        }
    }
    for (k, v) in parameters {
        writeln!(out, "  PARM {k} {v:E}").ok();
    }
    for (k, v) in (1..).zip(extra) {
        writeln!(out, "  XDAT {k} {v:E} 0 0").ok();
    }
    let stop_radius = match lens.aperture {
        Aperture::StopRadius(r) if s.stop => Some(r),
        _ => None,
    };
    if let Some(r) = s.clear.outer.or(stop_radius) {
        writeln!(out, "  DIAM {r:E} 1 0 0 1").ok();
        if s.clear.outer.is_some() {
            writeln!(out, "  CLAP {:E} {r:E} 0", s.clear.inner).ok();
        }
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glass::Catalogue;
    use crate::import::from_zmx;
    use crate::{Clip, Rays, Shape, System, Until, Vignetting, samples};

    #[test]
    fn a_written_lens_traces_the_same_when_read() {
        let mut aspheric = samples::triplet();
        aspheric.surfaces[0].shape.form = Form::Powers(vec![(4, 1e-6), (6, -2e-9)]);
        aspheric.surfaces[2].shape.form = Form::Powers(vec![(4, 1e-6), (18, -2e-24)]);
        aspheric.surfaces[4].shape.form = Form::Powers(vec![(3, 1e-6), (5, -2e-9)]);
        aspheric.surfaces[4].glass = crate::glass::built_in("N-BK7").unwrap();
        aspheric.image = Some(Shape::conic(-50.0, 0.5));
        aspheric.fields[1].vignetting =
            Vignetting { decentre: [0.01, -0.1], compression: [0.05, 0.2], angle_deg: 12.5 };
        aspheric.surfaces[2].coating = Some(Coating::Ideal(0.25));
        let coated =
            from_zmx(to_zmx(&aspheric, &mut vec![]).unwrap().as_bytes(), "x.zmx", &Catalogue::default(), &mut vec![]);
        let coated = coated.unwrap();
        assert_eq!(coated.surfaces[2].coating, aspheric.surfaces[2].coating);
        let image = coated.image.clone().unwrap();
        assert!((image.radius + 50.0).abs() < 1e-12 && image.conic == 0.5);
        assert_eq!(coated.fields[1].vignetting, aspheric.fields[1].vignetting);
        for lens in [samples::triplet(), aspheric, samples::parabolic_mirror(200.0)] {
            let mut warnings = vec![];
            let text = to_zmx(&lens, &mut warnings).unwrap();
            let again = from_zmx(text.as_bytes(), "x.zmx", &Catalogue::default(), &mut warnings).unwrap();
            assert!(warnings.is_empty(), "{warnings:?}");
            let ends = |lens: &Lens| {
                let system = System::new(lens.clone()).unwrap();
                let mut rays = Rays::new(system.aim(&lens.fields[1], 0).paraxial(&[[0.0, 0.0], [0.3, 0.5]]));
                system.trace(0, &mut rays, Clip::Apertures, Until::Image);
                rays
            };
            let (a, b) = (ends(&lens), ends(&again));
            assert_eq!(a.fate, b.fate);
            assert!(a.y.iter().zip(&b.y).all(|(a, b)| (a - b).abs() < 1e-12), "{} {a:?} {b:?}", lens.name);
        }
        assert!(to_zmx(&samples::everything(), &mut vec![]).is_err());
    }
}
