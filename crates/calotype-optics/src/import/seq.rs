//! CODE V sequence files (`.seq`): the prescription they describe.

use super::json::LIMIT;
use super::seq_zooms::Zooms;
use crate::glass::Catalogue;
use crate::lens::named;
use crate::text::decode;
use crate::{
    After, Aperture, Clear, Dispersion, Field, FieldKind, Form, Glass, Kind, Lens, OpticsError, Pose, Result, Shape,
    Surface, Vignetting, Wavelength,
};

/// Letters of the coefficients of r^4, r^6, ... r^20.
const LETTERS: &str = "ABCDEFGHJ";

/// What a file has said so far.
struct Reader<'a> {
    file: &'a str,
    line: usize,
    catalogue: &'a Catalogue,
    warnings: &'a mut Vec<String>,
    scale: f64,
    curvatures: bool,
    surfaces: Vec<Surface>,
    object: Option<f64>,
    image: Option<Shape>,
    /// 0 before the object, 1 among the surfaces, 2 behind the image.
    place: u8,
    private: Vec<(String, Vec<f64>)>,
    private_nm: Option<Vec<f64>>,
}

/// Reads a lens. Commands that are no part of a prescription are passed over; `warnings` takes those that might matter.
///
/// # Errors
/// [`OpticsError::Format`] for what is no such file, [`OpticsError::Unsupported`] for surface kinds that are not known,
/// [`OpticsError::UnknownGlass`], and those of [`crate::check`].
pub fn from_seq(bytes: &[u8], file: &str, catalogue: &Catalogue, warnings: &mut Vec<String>) -> Result<Lens> {
    if bytes.len() > LIMIT {
        return Err(OpticsError::format(file, None, format!("a lens file has at most {LIMIT} bytes")));
    }
    let text = decode(bytes);
    let mut r = Reader {
        file,
        line: 0,
        catalogue,
        warnings,
        scale: 1.0,
        curvatures: false,
        surfaces: vec![],
        object: None,
        image: None,
        place: 0,
        private: vec![],
        private_nm: None,
    };
    let mut name = String::new();
    let mut aperture = None;
    let mut kind = FieldKind::AngleDeg;
    // x, y, weight, VUX, VLX, VUY, VLY
    let mut columns: [Vec<f64>; 7] = Default::default();
    let (mut nm, mut weights, mut reference) = (vec![], vec![], 1.0);
    let mut zooms = Zooms::default();
    for (line, command) in commands(&text) {
        r.line = line;
        let words = split(&command);
        let Some((key, rest)) = words.split_first() else { continue };
        let key = key.to_uppercase();
        let numbers = || rest.iter().filter_map(|w| w.parse::<f64>().ok()).collect::<Vec<f64>>();
        let number = || rest.iter().find_map(|w| w.parse::<f64>().ok()).unwrap_or(0.0);
        if r.private_nm.is_some() {
            match key.as_str() {
                "END" => r.private_nm = None,
                "PWL" => r.private_nm = Some(numbers()),
                _ => r.private_glass(&words),
            }
            continue;
        }
        if zooms.take(&key, rest, line) {
            continue;
        }
        match key.as_str() {
            "TITLE" | "TIT" => name = rest.join(" "),
            "RDM" => r.curvatures = rest.first().is_some_and(|w| w.eq_ignore_ascii_case("N")),
            "CUM" => r.curvatures = true,
            "DIM" => {
                r.scale = match rest.first().map(|w| w.to_uppercase()).as_deref() {
                    None | Some("M") => 1.0,
                    Some("C") => 10.0,
                    Some("I") => 25.4,
                    Some(other) => return Err(OpticsError::format(file, line, format!("dimension {other}"))),
                };
            }
            "EPD" => aperture = Some(Aperture::EntrancePupil(number())),
            "FNO" => aperture = Some(Aperture::FNumber(number())),
            "NAO" => aperture = Some(Aperture::ObjectNa(number())),
            "NA" => {
                let what = "an aperture given by the image's NA".into();
                return Err(OpticsError::Unsupported { what, file: file.into(), line: Some(line) });
            }
            "WL" => nm = numbers(),
            "WTW" => weights = numbers(),
            "REF" => reference = number(),
            "XAN" | "XOB" | "XIM" | "XRI" | "YAN" | "YOB" | "YIM" | "YRI" => {
                kind = match &key[1..] {
                    "AN" => FieldKind::AngleDeg,
                    "OB" => FieldKind::ObjectHeight,
                    "IM" => FieldKind::ImageHeight,
                    _ => FieldKind::RealImageHeight,
                };
                columns[usize::from(key.starts_with('Y'))] = numbers();
            }
            "WTF" => columns[2] = numbers(),
            "VUX" => columns[3] = numbers(),
            "VLX" => columns[4] = numbers(),
            "VUY" => columns[5] = numbers(),
            "VLY" => columns[6] = numbers(),
            "PRV" => r.private_nm = Some(vec![]),
            _ => r.surface_command(&key, rest)?,
        }
    }
    if r.surfaces.is_empty() {
        return Err(OpticsError::format(file, None, "no surface (line starting with S) in it"));
    }
    let aperture = aperture.ok_or_else(|| OpticsError::format(file, None, "no aperture (EPD, FNO or NAO) in it"))?;
    let surfaces = std::mem::take(&mut r.surfaces);
    let (object, scale, image) = (r.object, r.scale, r.image.take());
    // the dimension may stand behind the aperture
    let aperture =
        if let Aperture::EntrancePupil(d) = aperture { Aperture::EntrancePupil(d * scale) } else { aperture };
    let lengths = if kind == FieldKind::AngleDeg { 1.0 } else { scale };
    let at = |list: &[f64], i: usize, rest: f64| list.get(i).copied().unwrap_or(rest);
    let [x, y, weight, vux, vlx, vuy, vly] = columns;
    let fields = (0..x.len().max(y.len()).clamp(1, 200))
        .map(|i| {
            let pair = |upper: &[f64], lower: &[f64]| {
                let (u, l) = (at(upper, i, 0.0), at(lower, i, 0.0));
                (0.5 * (l - u), 0.5 * (l + u))
            };
            let ((dx, cx), (dy, cy)) = (pair(&vux, &vlx), pair(&vuy, &vly));
            Field {
                x: at(&x, i, 0.0) * lengths,
                y: at(&y, i, 0.0) * lengths,
                weight: at(&weight, i, 1.0),
                vignetting: Vignetting { decentre: [dx, dy], compression: [cx, cy], angle_deg: 0.0 },
            }
        })
        .collect();
    if nm.is_empty() {
        nm.push(587.5618);
    }
    let mut lens = Lens {
        name: if name.is_empty() {
            file.rsplit('/').next().unwrap_or(file).trim_end_matches(".seq").into()
        } else {
            name
        },
        title: String::new(),
        source: String::new(),
        notes: vec![],
        air: None,
        object_mm: object,
        aperture,
        field_kind: kind,
        fields,
        primary: (reference.max(1.0) as usize - 1).min(nm.len() - 1),
        wavelengths: nm
            .iter()
            .enumerate()
            .map(|(i, nm)| Wavelength { name: format!("{nm:.1} nm"), um: nm / 1e3, weight: at(&weights, i, 1.0) })
            .collect(),
        surfaces,
        image,
        configurations: vec![],
    };
    let mut left_out = Vec::new();
    zooms.put(&mut lens, scale, file, &|i, word| r.glass(i, word), &mut left_out)?;
    r.warnings.append(&mut left_out);
    crate::check(&lens)?;
    Ok(lens)
}

impl Reader<'_> {
    fn surface_command(&mut self, key: &str, rest: &[String]) -> Result<()> {
        let number = rest.iter().find_map(|w| w.parse::<f64>().ok()).unwrap_or(0.0);
        // S, SO, SI, and S3 and the like
        let is_surface = key == "S" || (key.starts_with('S') && key[1..].parse::<u32>().is_ok());
        if key == "SO" || (key == "S0" && self.place == 0) {
            self.place = 1;
            let thickness = rest.get(1).and_then(|w| w.parse::<f64>().ok()).unwrap_or(f64::INFINITY);
            self.object = (thickness.abs() < 1e10).then_some(thickness * self.scale);
            return Ok(());
        }
        if key == "SI" {
            self.place = 2;
            let v = rest.first().and_then(|w| w.parse::<f64>().ok()).unwrap_or(0.0);
            let radius = if self.curvatures { self.scale / v } else { v * self.scale };
            self.image = (v != 0.0).then(|| Shape::conic(radius, 0.0));
            return Ok(());
        }
        if is_surface {
            let value = |k: usize| rest.get(k).and_then(|w| w.parse::<f64>().ok()).unwrap_or(0.0);
            let i = self.surfaces.len() + 1;
            let radius = match (self.curvatures, value(0)) {
                (_, 0.0) => f64::INFINITY,
                (true, c) => self.scale / c,
                (false, r) => r * self.scale,
            };
            let (glass, mirror) = match rest.get(2).map(|w| w.to_uppercase()).as_deref() {
                None | Some("AIR") => (Glass::air(), false),
                Some("REFL") => (Glass::air(), true),
                Some(_) => (self.glass(i, &rest[2])?, false),
            };
            let mut surface = Surface::refracting(Shape::plane().with_radius(radius), value(1) * self.scale, glass);
            if mirror {
                surface.kind = Kind::Reflect;
            }
            self.surfaces.push(surface);
            return Ok(());
        }
        if self.place != 1 {
            return Ok(());
        }
        let (scale, line, file) = (self.scale, self.line, self.file);
        let i = self.surfaces.len();
        let Some(s) = self.surfaces.last_mut() else { return Ok(()) };
        match key {
            "STO" => s.stop = true,
            "K" => s.shape.conic = number,
            "CIR" => match rest.first().map(|w| w.to_uppercase()).as_deref() {
                Some("OBS") => s.clear.inner = number * scale,
                Some("EDG" | "HOL") => {}
                _ => s.clear = Clear { outer: Some(number * scale), ..s.clear },
            },
            "SLB" => s.label = rest.join(" "),
            "XDE" => s.pose.get_or_insert_default().decentre[0] = number * scale,
            "YDE" => s.pose.get_or_insert_default().decentre[1] = number * scale,
            "ZDE" => s.pose.get_or_insert_default().decentre[2] = number * scale,
            // a left-handed rotation about x and y there
            "ADE" => {
                s.pose.get_or_insert(Pose { after: After::Keep, ..Pose::default() }).tilt_deg[0] = -number;
            }
            "BDE" => {
                s.pose.get_or_insert(Pose { after: After::Keep, ..Pose::default() }).tilt_deg[1] = -number;
            }
            "CDE" => {
                s.pose.get_or_insert(Pose { after: After::Keep, ..Pose::default() }).tilt_deg[2] = number;
            }
            "DAR" => s.pose.get_or_insert_default().after = After::Return,
            "BEN" => s.pose.get_or_insert_default().after = After::Bend,
            "THI" => s.thickness = number * scale,
            "ASP" | "CON" | "SPH" => {}
            "XTO" | "YTO" | "AAS" | "SPS" | "CYL" | "GRT" | "HOE" | "DIF" | "NSS" | "UDS" => {
                let what = format!("surface {i}: {key} {}", rest.join(" "));
                return Err(OpticsError::Unsupported { what: what.trim().into(), file: file.into(), line: Some(line) });
            }
            _ if key.len() == 1 && LETTERS.contains(key) => {
                let p = 4 + 2 * LETTERS.find(key).unwrap_or(0) as u32;
                let a = number * scale.powi(1 - p as i32);
                if let Form::Powers(list) = &mut s.shape.form {
                    list.retain(|t| t.0 != p);
                    list.push((p, a));
                    list.sort_by_key(|t| t.0);
                } else if a != 0.0 {
                    s.shape.form = Form::Powers(vec![(p, a)]);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A glass by name (`SK16_SCHOTT`), a six-digit code (`517642`, `517.642`), or one of the file's own.
    fn glass(&self, i: usize, word: &str) -> Result<Glass> {
        let word = word.trim_matches(['\'', '"']);
        if let (Some(nm), Some((name, n))) =
            (self.stored_nm(), self.private.iter().find(|p| p.0.eq_ignore_ascii_case(word)))
        {
            let mut points: Vec<[f64; 2]> = nm.iter().zip(n).map(|(l, n)| [l / 1e3, *n]).collect();
            points.sort_by(|a, b| a[0].total_cmp(&b[0]));
            return Ok(Glass { name: name.clone(), ..Glass::unnamed(Dispersion::Table(points)) });
        }
        if let Some((n, v)) = word.split_once(['.', ':'])
            && n.bytes().all(|b| b.is_ascii_digit())
            && v.bytes().all(|b| b.is_ascii_digit())
            && n.len() >= 3
            && v.len() >= 3
            && let (Ok(nd), Ok(vd)) = (format!("1.{n}").parse(), format!("{}.{}", &v[..2], &v[2..]).parse())
        {
            return Ok(Glass::model(nd, vd));
        }
        if word.len() == 6
            && let Ok(code) = word.parse::<u32>()
        {
            return Ok(Glass::model(1.0 + f64::from(code / 1000) * 1e-3, f64::from(code % 1000) * 0.1));
        }
        let (name, maker) = word.rsplit_once('_').unwrap_or((word, ""));
        let full = if maker.is_empty() { name.to_owned() } else { format!("{maker} {name}") };
        // makers' new glasses are written without their hyphen there: NBK7
        let tries = [full, name.to_owned(), word.to_owned(), hyphened(name)];
        tries.iter().find_map(|t| self.catalogue.find(t)).map_or_else(|| named(i, name, self.catalogue), Ok)
    }

    fn private_glass(&mut self, words: &[String]) {
        if let Some((name, numbers)) = words.split_first() {
            let numbers: Vec<f64> = numbers.iter().filter_map(|w| w.parse().ok()).collect();
            if self.private.len() < 1000
                && let Some(nm) = self.private_nm.as_ref().filter(|nm| nm.len() == numbers.len() && !nm.is_empty())
            {
                let nm = nm.clone();
                self.private.push((name.trim_matches(['\'', '"']).to_owned(), numbers));
                if self.stored_nm().is_none() {
                    self.private.insert(0, (String::new(), nm));
                }
            }
        }
    }

    /// The wavelengths of the file's own glasses, kept as the nameless first of them.
    fn stored_nm(&self) -> Option<Vec<f64>> {
        self.private.first().filter(|p| p.0.is_empty()).map(|p| p.1.clone())
    }
}

/// `NBK7` as `N-BK7`.
fn hyphened(name: &str) -> String {
    match name.strip_prefix(['N', 'n']) {
        Some(rest) if !rest.starts_with('-') => format!("N-{rest}"),
        _ => name.to_owned(),
    }
}

/// Commands with their lines: `;` parts them, `&` at a line's end goes on in the next, `!` starts a comment.
fn commands(text: &str) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    let mut open = String::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.split('!').next().unwrap_or_default().trim();
        if let Some(part) = line.strip_suffix('&') {
            open += part;
            open.push(' ');
            continue;
        }
        open += line;
        for command in open.split(';').map(str::trim).filter(|c| !c.is_empty()) {
            all.push((i + 1, command.to_owned()));
        }
        open.clear();
    }
    all
}

/// Words, with quoted ones whole.
fn split(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = command.trim();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let end = match quote {
            Some(q) => rest[1..].find(q).map_or(rest.len(), |e| e + 2),
            None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        words.push(rest[..end].trim_matches(['\'', '"']).to_owned());
        rest = rest[end..].trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "RDM;LEN \"VERSION: 10\"\nTITLE 'a triplet'\nEPD 10.0\nDIM M\nWL 656.3 587.6 &\n 486.1\nREF 2\nWTW 1 2 1\n\
        YAN 0.0 14.0\nVUY 0 0.2\nVLY 0 0.1 ! lower\nSO 0.0 0.1E+20\nS 22.0 3.26 NSK16_SCHOTT\n  ASP\n  K -0.5; A 1e-6; C -2e-9\n\
        S -436.0 6.0\nS -22.2 1.0 620.364\nS 20.3 4.75\n  STO\n  CIR 5.0\nS 79.7 2.95 620600\nS -18.4 42.2\nSI 0 0\nGO\n";

    #[test]
    fn a_sequence_is_read() {
        let lens = from_seq(FILE.as_bytes(), "t.seq", &Catalogue::default(), &mut vec![]).unwrap();
        assert_eq!((lens.name.as_str(), lens.surfaces.len(), lens.stop(), lens.primary), ("a triplet", 6, 3, 1));
        assert_eq!(lens.surfaces[0].shape.form, Form::Powers(vec![(4, 1e-6), (8, -2e-9)]));
        assert_eq!(lens.surfaces[0].glass.name, "N-SK16");
        assert_eq!(lens.surfaces[2].glass, Glass::model(1.62, 36.4));
        assert_eq!(lens.surfaces[4].glass, Glass::model(1.62, 60.0));
        let v = lens.fields[1].vignetting;
        // from -0.9 to 0.8
        assert!((v.place([0.0, 1.0])[1] - 0.8).abs() < 1e-15 && (v.place([0.0, -1.0])[1] + 0.9).abs() < 1e-15, "{v:?}");
        assert!((lens.wavelengths[2].um - 0.4861).abs() < 1e-12);
        assert_eq!(lens.surfaces[3].clear.outer, Some(5.0));
    }

    #[test]
    fn zoom_positions_are_read() {
        let zooms = "ZOO 3\nTIT Z1 'wide open'\nZOO THI S2 6 7 8.5\nTHI S6 Z3 40\nZOO FNO 2.8 4 5.6\nZOO YAN F2 14 10 7\n\
            ZOO VUY F2 0.3 0.2 0\nVLY F2 Z1 0.1\nZOO GLA S1 NSK16_SCHOTT NBK7_SCHOTT 620600\nZOO THI SO 1E20 500 1E20\nZOO XDE S3 0 0 1\n";
        let text = FILE.replace("GO\n", &format!("{zooms}GO\n"));
        let mut warnings = vec![];
        let lens = from_seq(text.as_bytes(), "t.seq", &Catalogue::default(), &mut warnings).unwrap();
        assert!(warnings.len() == 1 && warnings[0].contains("XDE"), "{warnings:?}");
        let state = |name: &str| lens.configured(name).unwrap();
        let (a, b, c) = (state("wide open"), state("zoom 2"), state("zoom 3"));
        assert_eq!([&a, &b, &c].map(|l| l.surfaces[1].thickness), [6.0, 7.0, 8.5]);
        assert_eq!((b.surfaces[5].thickness, c.surfaces[5].thickness), (42.2, 40.0));
        assert_eq!((a.aperture, c.fields[1].y), (Aperture::FNumber(2.8), 7.0));
        assert_eq!((b.object_mm, c.object_mm), (Some(500.0), None));
        assert_eq!((b.surfaces[0].glass.name.as_str(), &c.surfaces[0].glass), ("N-BK7", &Glass::model(1.62, 60.0)));
        let top = |l: &Lens| l.fields[1].vignetting.place([0.0, 1.0])[1];
        let bottom = |l: &Lens| l.fields[1].vignetting.place([0.0, -1.0])[1];
        assert!((top(&a) - 0.7).abs() < 1e-12 && (bottom(&a) + 0.9).abs() < 1e-12);
        assert!((top(&c) - 1.0).abs() < 1e-12 && (bottom(&c) + 0.9).abs() < 1e-12);
        let error = |from: &str, to: &str| {
            from_seq(text.replace(from, to).as_bytes(), "t.seq", &Catalogue::default(), &mut vec![])
                .unwrap_err()
                .to_string()
        };
        assert!(error("THI S2 6", "THI S20 6").contains("no surface `S20`"));
        assert!(error("ZOO 3", "ZOO 9999").contains("9999"));
    }

    #[test]
    fn own_glasses_inches_and_curvatures() {
        let text = FILE
            .replace("RDM;", "CUM;")
            .replace("DIM M", "DIM I")
            .replace("620.364", "'mine'")
            .replace("S 22.0", "S 0.045")
            .replace("SO 0.0", "PRV\nPWL 656.3 587.6 486.1\n'mine' 1.615 1.620 1.632\nEND\nSO 0.0");
        let lens = from_seq(text.as_bytes(), "t.seq", &Catalogue::default(), &mut vec![]).unwrap();
        assert!((lens.surfaces[0].shape.radius - 25.4 / 0.045).abs() < 1e-9);
        assert_eq!(lens.surfaces[2].glass.dispersion.index(0.5876), 1.62);
        assert_eq!(lens.aperture, Aperture::EntrancePupil(254.0));
    }

    #[test]
    fn what_is_not_known_is_said() {
        let error = |from: &str, to: &str| {
            from_seq(FILE.replace(from, to).as_bytes(), "t.seq", &Catalogue::default(), &mut vec![])
                .unwrap_err()
                .to_string()
        };
        assert!(error("  ASP", "  SPS ZRN").contains("SPS"));
        assert!(error("NSK16_SCHOTT", "NSK61_SCHOTT").contains("N-SK"));
        assert!(error("EPD 10.0", "").contains("no aperture"));
        assert!(error("STO", "").contains("stop"));
        assert!(from_seq(b"hello", "h.seq", &Catalogue::default(), &mut vec![]).is_err());
    }
}
