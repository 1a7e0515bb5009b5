//! Zemax lens files (`.zmx`), ASCII or UTF-16: sequential, the surface kinds that this crate knows.

use super::json::LIMIT;
use super::zmx_states::States;
use crate::glass::Catalogue;
use crate::lens::named;
use crate::text::decode;
use crate::{
    After, Air, Aperture, Clear, Coating, Field, FieldKind, Form, Glass, Kind, Lens, OpticsError, Pose, Result, Shape,
    Surface, Vignetting, Wavelength,
};

/// Lines with one number for each field: place, weight, vignetting factors.
const COLUMNS: [&str; 8] = ["XFLN", "YFLN", "FWGN", "VDXN", "VDYN", "VCXN", "VCYN", "VANN"];

/// A surface as it is gathered.
#[derive(Default)]
struct Gathered {
    line: usize,
    kind: String,
    comment: String,
    curvature: f64,
    thickness: f64,
    conic: f64,
    glass: Option<Vec<String>>,
    coating: Option<String>,
    diameter: Option<f64>,
    /// The semi-diameter is a hard aperture: fixed by the user.
    fixed: bool,
    aperture: Option<[f64; 2]>,
    stop: bool,
    parameters: Vec<(usize, f64)>,
    extra: Vec<(usize, f64)>,
}

/// Reads a lens. Semi-diameters that the user fixed, and circular apertures, become clear apertures; those that the program
/// computed become clear apertures too where the surface is an asphere, whose polynomial holds no farther. `warnings` takes
/// what was left out.
///
/// # Errors
/// [`OpticsError::Format`] for what is no such file, [`OpticsError::Unsupported`] for surface kinds that are not known,
/// [`OpticsError::UnknownGlass`], and those of [`crate::check`].
pub fn from_zmx(bytes: &[u8], file: &str, catalogue: &Catalogue, warnings: &mut Vec<String>) -> Result<Lens> {
    if bytes.len() > LIMIT {
        return Err(OpticsError::format(file, None, format!("a lens file has at most {LIMIT} bytes")));
    }
    let text = decode(bytes);
    let mut surfaces: Vec<Gathered> = Vec::new();
    let (mut name, mut scale) = (String::new(), 1.0);
    let mut notes = Vec::new();
    let (mut aperture, mut air) = (None, None);
    let (mut field_type, mut telecentric) = (0.0, false);
    let mut columns: [Vec<f64>; 8] = Default::default();
    let mut counts = [0usize; 2];
    let mut waves: Vec<(usize, f64, f64)> = Vec::new();
    let mut old_waves: [Vec<f64>; 2] = Default::default();
    let mut primary = 1;
    let mut states = States::default();
    for (i, line) in text.lines().enumerate() {
        let line_number = i + 1;
        let indented = line.starts_with([' ', '\t']);
        let mut words = line.split_whitespace();
        let Some(key) = words.next() else { continue };
        let rest: Vec<&str> = words.collect();
        let number = |k: usize| rest.get(k).and_then(|w| w.parse::<f64>().ok()).unwrap_or(0.0);
        let numbers = || rest.iter().map_while(|w| w.parse::<f64>().ok()).collect::<Vec<f64>>();
        let words_after = || rest.join(" ");
        if key == "SURF" && !indented {
            surfaces.push(Gathered { line: line_number, kind: "STANDARD".into(), ..Gathered::default() });
            continue;
        }
        if let (true, Some(s)) = (indented, surfaces.last_mut()) {
            match key {
                "TYPE" => s.kind = rest.first().unwrap_or(&"").to_uppercase(),
                "COMM" => s.comment = words_after(),
                "CURV" => s.curvature = number(0),
                "DISZ" => s.thickness = if number(0).is_finite() { number(0) } else { f64::INFINITY },
                "CONI" => s.conic = number(0),
                "GLAS" => s.glass = Some(rest.iter().map(|w| (*w).to_owned()).collect()),
                "COAT" => s.coating = rest.first().map(|w| (*w).to_owned()),
                "DIAM" => (s.diameter, s.fixed) = (Some(number(0)), number(1) == 1.0),
                "CLAP" | "FLAP" => s.aperture = Some([number(0), number(1)]),
                "STOP" => s.stop = true,
                "PARM" => s.parameters.push((number(0) as usize, number(1))),
                "XDAT" => s.extra.push((number(0) as usize, number(1))),
                _ => {}
            }
            continue;
        }
        if states.take(key, line, line_number) {
            continue;
        }
        match key {
            "NAME" => name = words_after(),
            "NOTE" => notes.push(rest.get(1..).unwrap_or_default().join(" ")),
            "MODE" if rest.first().is_some_and(|m| *m != "SEQ") => {
                let what = format!("mode {}", rest[0]);
                return Err(OpticsError::Unsupported { what, file: file.into(), line: Some(line_number) });
            }
            "UNIT" => {
                scale = match rest.first().copied().unwrap_or("MM") {
                    "MM" => 1.0,
                    "CM" => 10.0,
                    "METER" | "M" => 1000.0,
                    "IN" => 25.4,
                    other => return Err(OpticsError::format(file, line_number, format!("unit {other}"))),
                };
            }
            // the third number says whether indices follow
            "ENVD" => air = (number(2) != 0.0).then(|| Air { temperature_c: number(0), pressure_atm: number(1) }),
            "ENPD" => aperture = Some(Aperture::EntrancePupil(number(0))),
            "FNUM" => aperture = Some(Aperture::FNumber(number(0))),
            "OBNA" => aperture = Some(Aperture::ObjectNa(number(0))),
            "FLOA" => aperture = Some(Aperture::StopRadius(0.0)),
            "FTYP" => {
                (field_type, telecentric) = (number(0), number(1) != 0.0);
                counts = [number(2) as usize, number(3) as usize];
            }
            key if COLUMNS.contains(&key) => {
                let k = COLUMNS.iter().position(|n| *n == key);
                columns[k.unwrap_or(0)] = numbers();
            }
            // older files: one list each, without the count beside FTYP
            "XFLD" => columns[0] = numbers(),
            "YFLD" => columns[1] = numbers(),
            "FWGT" => columns[2] = numbers(),
            "WAVM" => waves.push((number(0) as usize, number(1), number(2))),
            "WAVL" => old_waves[0] = numbers(),
            "WWGT" => old_waves[1] = numbers(),
            "PWAV" => primary = number(0) as usize,
            _ => {}
        }
    }
    if surfaces.len() < 3 {
        return Err(OpticsError::format(
            file,
            None,
            "fewer than three surfaces (object, one of the lens, image) in it",
        ));
    }
    if telecentric {
        warnings.push("the object space is telecentric in the file; it is not here".into());
    }
    let object = surfaces.remove(0);
    let image = surfaces.pop().filter(|s| s.curvature != 0.0).map(|s| Shape::conic(scale / s.curvature, s.conic));
    let object_mm = (object.thickness.is_finite() && object.thickness.abs() < 1e10).then_some(object.thickness * scale);
    let count = surfaces.len();
    let stop = surfaces.iter().position(|s| s.stop);
    let aperture = match aperture {
        Some(Aperture::EntrancePupil(d)) => Aperture::EntrancePupil(d * scale),
        Some(Aperture::StopRadius(_)) => {
            Aperture::StopRadius(stop.and_then(|i| surfaces[i].diameter).unwrap_or(0.0) * scale)
        }
        Some(other) => other,
        None => return Err(OpticsError::format(file, None, "no aperture (ENPD, FNUM, OBNA or FLOA) in it")),
    };
    let mut list = Vec::with_capacity(count);
    for (i, s) in (1..).zip(surfaces) {
        list.push(surface(i, s, scale, file, catalogue, warnings)?);
    }
    if stop.is_none() {
        return Err(OpticsError::format(file, None, "no stop in it"));
    }
    let [x, y, weight, vdx, vdy, vcx, vcy, van] = columns;
    let used = if counts[0] > 0 { counts[0] } else { y.len().max(x.len()).max(1) }.min(200);
    let field_kind = match field_type as i32 {
        0 => FieldKind::AngleDeg,
        1 => FieldKind::ObjectHeight,
        2 => FieldKind::ImageHeight,
        3 => FieldKind::RealImageHeight,
        other => return Err(OpticsError::format(file, None, format!("field type {other}"))),
    };
    let lengths = if field_kind == FieldKind::AngleDeg { 1.0 } else { scale };
    let at = |list: &[f64], i: usize, rest: f64| list.get(i).copied().unwrap_or(rest);
    let fields = (0..used)
        .map(|i| Field {
            x: at(&x, i, 0.0) * lengths,
            y: at(&y, i, 0.0) * lengths,
            weight: at(&weight, i, 1.0),
            vignetting: Vignetting {
                decentre: [at(&vdx, i, 0.0), at(&vdy, i, 0.0)],
                compression: [at(&vcx, i, 0.0), at(&vcy, i, 0.0)],
                angle_deg: at(&van, i, 0.0),
            },
        })
        .collect();
    let mut chosen: Vec<(usize, f64, f64)> = if waves.is_empty() {
        old_waves[0].iter().enumerate().map(|(i, um)| (i + 1, *um, at(&old_waves[1], i, 1.0))).collect()
    } else if counts[1] > 0 {
        waves.into_iter().filter(|w| w.0 <= counts[1]).collect()
    } else {
        // without a count the unused places all hold the same 0.55
        let last = waves.iter().rposition(|w| w.1 != 0.55).map_or(1, |k| k + 1);
        waves.into_iter().take(last.max(primary)).collect()
    };
    if chosen.is_empty() {
        chosen.push((1, 0.55, 1.0));
    }
    let numbers: Vec<usize> = chosen.iter().map(|w| w.0).collect();
    let mut lens = Lens {
        name: if name.is_empty() {
            file.rsplit('/').next().unwrap_or(file).trim_end_matches(".zmx").into()
        } else {
            name
        },
        title: String::new(),
        source: String::new(),
        notes: notes.into_iter().filter(|n| !n.is_empty()).take(100).collect(),
        air,
        object_mm,
        aperture,
        field_kind,
        fields,
        primary: chosen.iter().position(|w| w.0 == primary).unwrap_or(0),
        wavelengths: chosen
            .into_iter()
            .map(|(_, um, weight)| Wavelength { name: format!("{:.1} nm", um * 1e3), um, weight })
            .collect(),
        surfaces: list,
        image,
        configurations: vec![],
    };
    states.put(&mut lens, scale, &numbers, file, catalogue, warnings)?;
    crate::check(&lens)?;
    Ok(lens)
}

fn surface(
    i: usize,
    s: Gathered,
    scale: f64,
    file: &str,
    catalogue: &Catalogue,
    warnings: &mut Vec<String>,
) -> Result<Surface> {
    let unsupported = |what: String| OpticsError::Unsupported { what, file: file.into(), line: Some(s.line) };
    let parameter = |k: usize| s.parameters.iter().find(|p| p.0 == k).map_or(0.0, |p| p.1);
    let extra = |k: usize| s.extra.iter().find(|p| p.0 == k).map_or(0.0, |p| p.1);
    // a coefficient of r^p per file unit
    let power = |p: u32, a: f64| (p, a * scale.powi(1 - p as i32));
    let list = |terms: Vec<(u32, f64)>| {
        let terms: Vec<(u32, f64)> = terms.into_iter().filter(|t| t.1 != 0.0).map(|(p, a)| power(p, a)).collect();
        if terms.is_empty() { Form::Conic } else { Form::Powers(terms) }
    };
    let mut kind = Kind::Refract;
    let mut pose = None;
    let count = (extra(1).max(0.0) as usize).min(30);
    let form = match s.kind.as_str() {
        "STANDARD" => Form::Conic,
        "EVENASPH" => list((1..=8).map(|k| (2 * k as u32, parameter(k))).collect()),
        "ODDASPHE" => list((1..=8).map(|k| (k as u32, parameter(k))).collect()),
        // coefficients of (r / extra 2)^p
        "XASPHERE" | "XOSPHERE" => {
            let (norm, step) = (extra(2), if s.kind == "XASPHERE" { 2 } else { 1 });
            let norm = if norm == 0.0 { 1.0 } else { norm };
            list((1..=count).map(|k| (step * k as u32, extra(k + 2) / norm.powi((step * k as u32) as i32))).collect())
        }
        "BICONICX" => {
            let radius = parameter(1) * scale;
            let radius_x = if radius == 0.0 { f64::INFINITY } else { radius };
            Form::Biconic { radius_x, conic_x: parameter(2) }
        }
        "TOROIDAL" => {
            let radius = parameter(1) * scale;
            let powers =
                (2..=8).map(|k| (2 * (k as u32 - 1), parameter(k))).filter(|t| t.1 != 0.0).map(|(p, a)| power(p, a));
            Form::Toroid { radius_x: if radius == 0.0 { f64::INFINITY } else { radius }, powers: powers.collect() }
        }
        "PARAXIAL" => {
            kind = Kind::ThinLens(parameter(1) * scale);
            Form::Conic
        }
        "COORDBRK" => {
            pose = Some(Pose {
                decentre: [parameter(1) * scale, parameter(2) * scale, 0.0],
                tilt_deg: [parameter(3), parameter(4), parameter(5)],
                tilt_first: parameter(6) != 0.0,
                after: After::Keep,
            });
            Form::Conic
        }
        other => return Err(unsupported(format!("surface {i}: the surface kind {other}"))),
    };
    let glass = match &s.glass {
        None => Glass::air(),
        Some(words) if words.first().is_some_and(|w| w == "MIRROR") => {
            kind = Kind::Reflect;
            Glass::air()
        }
        Some(words) => {
            let number = |k: usize| words.get(k).and_then(|w| w.parse::<f64>().ok()).unwrap_or(0.0);
            let name = words.first().map(String::as_str).unwrap_or_default();
            // a model glass: ___BLANK 1 0 nd vd dPgF ...
            if name == "___BLANK" || number(1) == 1.0 {
                let (nd, vd) = (number(3), number(4));
                if number(5) != 0.0 {
                    warnings.push(format!(
                        "surface {i}: the partial dispersion {} of the model glass is left out",
                        number(5)
                    ));
                }
                if vd == 0.0 { Glass::unnamed(crate::Dispersion::Constant(nd)) } else { Glass::model(nd, vd) }
            } else {
                named(i, name, catalogue).or_else(|e| {
                    // files carry the index and Abbe number of catalogue glasses beside their names
                    let (nd, vd) = (number(3), number(4));
                    if nd > 1.0 && vd > 1.0 {
                        warnings.push(format!(
                            "surface {i}: {name} is in no catalogue at hand: its nd {nd} and Vd {vd} are taken"
                        ));
                        Ok(Glass { name: name.into(), ..Glass::model(nd, vd) })
                    } else {
                        Err(e)
                    }
                })?
            }
        }
    };
    // I.995 is an ideal coating that lets through 0.995; others are names in a file of their own
    let coating =
        match s.coating.as_deref().map(|name| (name, name.strip_prefix('I').and_then(|t| t.parse::<f64>().ok()))) {
            None => None,
            Some((_, Some(through))) => {
                Some(Coating::Ideal(if kind == Kind::Reflect { through } else { 1.0 - through }))
            }
            Some((name, None)) => {
                warnings.push(format!("surface {i}: the coating {name} is left out: its layers are not in the file"));
                None
            }
        };
    let asphere = !matches!(form, Form::Conic);
    let outer = match (s.aperture, s.diameter) {
        (Some([_, outer]), _) if outer > 0.0 => Some(outer),
        (_, Some(d)) if d > 0.0 && (s.fixed || asphere) => Some(d),
        _ => None,
    };
    let inner = s.aperture.map_or(0.0, |a| a[0]);
    let radius = if s.curvature == 0.0 { f64::INFINITY } else { scale / s.curvature };
    Ok(Surface {
        label: s.comment,
        shape: Shape { radius, conic: s.conic, form }.with_radius(radius),
        thickness: if s.thickness.is_finite() { s.thickness * scale } else { 0.0 },
        kind,
        glass,
        coating,
        clear: Clear { outer: outer.map(|r| r * scale), inner: inner * scale },
        stop: s.stop,
        pose,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "VERS 140124 0\nMODE SEQ\nNAME Doublet\nNOTE 0 a note\nUNIT MM X W X CM MR CPMM\nENPD 20\nFTYP 0 0 2 3\n\
        XFLN 0 0 0\nYFLN 0 5 0\nFWGN 1 1 1\nVCYN 0 0.1 0\nVANN 0 30 0\nWAVM 1 0.4861 1\nWAVM 2 0.5876 1\nWAVM 3 0.6563 1\nWAVM 4 0.55 1\nPWAV 2\n\
        SURF 0\n  TYPE STANDARD\n  CURV 0.0\n  DISZ INFINITY\nSURF 1\n  STOP\n  TYPE EVENASPH\n  CURV 0.016\n  CONI -0.5\n  DISZ 6\n  GLAS N-BK7 0 0 1.5168 64.17\n\
        DIAM 11 1 0 0 1\n  PARM 1 0\n  PARM 2 1e-7\n  DIAM 11 1\nSURF 2\n  TYPE STANDARD\n  CURV -0.02\n  DISZ 2.5\n  GLAS ___BLANK 1 0 1.62 36.4\n  COAT I.75\n\
        SURF 3\n  TYPE STANDARD\n  CURV 0\n  DISZ 95\nSURF 4\n  TYPE STANDARD\n  DISZ 0\n";

    #[test]
    fn a_file_is_read_in_any_encoding() {
        let mut warnings = Vec::new();
        let lens = from_zmx(FILE.as_bytes(), "d.zmx", &Catalogue::default(), &mut warnings).unwrap();
        assert_eq!((lens.surfaces.len(), lens.fields.len(), lens.wavelengths.len(), lens.primary), (3, 2, 3, 1));
        assert_eq!(lens.surfaces[0].shape.form, Form::Powers(vec![(4, 1e-7)]));
        assert_eq!(lens.surfaces[0].clear.outer, Some(11.0));
        let found = lens.fields[1].vignetting;
        assert_eq!(found, Vignetting { compression: [0.0, 0.1], angle_deg: 30.0, ..Vignetting::default() });
        assert_eq!(lens.surfaces[1].glass, Glass::model(1.62, 36.4));
        assert_eq!(lens.surfaces[1].coating, Some(Coating::Ideal(0.25)));
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(FILE.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(from_zmx(&utf16, "d.zmx", &Catalogue::default(), &mut warnings).unwrap(), lens);
        assert!(warnings.is_empty());
    }

    #[test]
    fn configurations_are_read() {
        let states = "MNUM 3 1\nLTTL 0 1 \"far away\" 0 0 0 1 1 0 0.0 \"\" 0\nLTTL 0 2 \"\" 0 0 0 1 1 0 0.0 \"\" 0\n\
            MOFF 0 1 \"\" 0 0\nTHIC 0 1 1.0E+10 0 0\nTHIC 0 2 500 0 0\nTHIC 3 1 95 0 0\nTHIC 3 2 120.5 0 0\nTHIC 3 3 140 0 0\n\
            CRVT 2 3 -0.021 0 0\nGLSS 1 3 \"N-SK16\" 0 0\nAPER 0 3 12 0 0\nYFIE 2 3 4.5 0 0\nFVCY 2 3 0.25 0 0\n\
            WAVE 3 3 0.66 0 0\nPRAM 2 1 3 0 0\nCONF 1\n";
        let mut warnings = vec![];
        let text = format!("{FILE}{states}");
        let lens = from_zmx(text.as_bytes(), "d.zmx", &Catalogue::default(), &mut warnings).unwrap();
        let names: Vec<&str> = lens.configurations.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["far away", "configuration 2", "configuration 3"]);
        let (near, third) = (lens.configured("configuration 2").unwrap(), lens.configured("Configuration 3").unwrap());
        assert_eq!((near.object_mm, near.surfaces[2].thickness), (Some(500.0), 120.5));
        assert_eq!(lens.configured("far away").unwrap().object_mm, None);
        assert!(
            (third.surfaces[1].shape.radius + 1.0 / 0.021).abs() < 1e-12 && third.surfaces[0].glass.name == "N-SK16"
        );
        assert_eq!(
            (third.aperture, third.fields[1].y, third.wavelengths[2].um),
            (Aperture::EntrancePupil(12.0), 4.5, 0.66)
        );
        assert_eq!(third.fields[1].vignetting.compression, [0.0, 0.25]);
        assert!(warnings.len() == 1 && warnings[0].contains("PRAM"), "{warnings:?}");
        // written and read again, every state traces alike
        let again = super::super::to_zmx(&lens, &mut warnings).unwrap();
        let again = from_zmx(again.as_bytes(), "d.zmx", &Catalogue::default(), &mut warnings).unwrap();
        for name in names {
            let of = |lens: &Lens| crate::first_order(&lens.configured(name).unwrap(), 0.5876).unwrap();
            let (a, b) = (of(&lens), of(&again));
            assert!(
                (a.efl - b.efl).abs() < 1e-9 && (a.defocus - b.defocus).abs() < 1e-9 && (a.epd - b.epd).abs() < 1e-9
            );
        }
        let none =
            from_zmx(text.replace("THIC 3 1", "THIC 9 1").as_bytes(), "d.zmx", &Catalogue::default(), &mut warnings);
        assert!(none.unwrap_err().to_string().contains("no surface 9"));
    }

    #[test]
    fn inches_and_unknown_glasses() {
        let text = FILE.replace("UNIT MM", "UNIT IN").replace("GLAS N-BK7", "GLAS NO-SUCH");
        let mut warnings = Vec::new();
        let lens = from_zmx(text.as_bytes(), "d.zmx", &Catalogue::default(), &mut warnings).unwrap();
        assert!((lens.surfaces[0].shape.radius - 25.4 / 0.016).abs() < 1e-9);
        // r^4 in inches: 1e-7 in^-3
        let a4 = lens.surfaces[0].shape.form.coefficients()[0];
        assert!((a4 * 25.4f64.powi(3) / 1e-7 - 1.0).abs() < 1e-14);
        assert!(warnings[0].contains("NO-SUCH"), "{warnings:?}");
        let bare = text.replace("NO-SUCH 0 0 1.5168 64.17", "N-BK77 0 0 0 0");
        let error = from_zmx(bare.as_bytes(), "d.zmx", &Catalogue::default(), &mut warnings).unwrap_err();
        assert!(
            matches!(&error, OpticsError::UnknownGlass { surface: 1, nearest, .. } if nearest[0] == "N-BK7"),
            "{error}"
        );
    }

    #[test]
    fn what_is_not_known_is_said() {
        let error = |from: &str, to: &str| {
            from_zmx(FILE.replace(from, to).as_bytes(), "d.zmx", &Catalogue::default(), &mut vec![])
                .unwrap_err()
                .to_string()
        };
        assert!(error("EVENASPH", "SZERNSAG").contains("SZERNSAG"));
        assert!(error("MODE SEQ", "MODE NSC").contains("NSC"));
        assert!(error("ENPD 20", "").contains("no aperture"));
        assert!(error("  STOP\n", "").contains("no stop"));
        assert!(error("SURF", "SARF").contains("three surfaces"));
    }
}
