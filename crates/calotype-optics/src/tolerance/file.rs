//! Tolerances as a file.

use super::criterion::{Adjust, Compensator, Criterion};
use super::perturb::{Error, Part, elements};
use crate::lens::explain;
use crate::nearest::nearest;
use crate::{Form, Lens, OpticsError, Result};
use serde::Deserialize;
use toml::Spanned;

/// The schema of the files of tolerances.
pub const SCHEMA: &str = "tolerance/1";
const LIMIT: usize = 1 << 20;
/// Tolerances beyond which a file is refused.
const MOST: usize = 2000;

/// The kinds of tolerances: the word of each, its unit, and what it is.
pub const KINDS: [(&str, &str, &str); 11] = [
    ("radius_percent", "%", "radius of a surface"),
    (
        "radius_fringes",
        "fringes",
        "the same in fringes of power (546 nm, half a wavelength of sag each) over the clear aperture",
    ),
    ("thickness", "mm", "thickness behind a surface"),
    ("decentre", "mm", "element off the axis, along x and along y"),
    ("tilt", "deg", "element turned about the vertex of its first surface, about x and about y"),
    ("surface_decentre", "mm", "one surface off the axis, along x and along y"),
    ("surface_tilt", "deg", "one surface turned about its vertex, about x and about y: wedge"),
    ("wedge", "mm", "the same as the difference of the edge's thickness over the clear diameter"),
    ("index", "", "index of a glass, all wavelengths alike"),
    ("abbe_percent", "%", "Abbe number of a glass"),
    ("irregularity", "fringes", "form from peak to valley: astigmatism on spheres and conics, spherical on aspheres"),
];

/// Values of a grade, in the order of [`KINDS`] without what is given twice (fringes of power, wedge, a surface's decentre).
struct Grade {
    name: &'static str,
    radius_percent: f64,
    thickness: f64,
    decentre: f64,
    tilt: f64,
    surface_tilt: f64,
    index: f64,
    abbe_percent: f64,
    irregularity: f64,
}

/// In the order of what makers of polished lenses quote as commercial, precision and high precision, and of moulded phone
/// lenses.
const GRADES: [Grade; 4] = [
    Grade {
        name: "commercial",
        radius_percent: 0.3,
        thickness: 0.1,
        decentre: 0.05,
        tilt: 0.05,
        surface_tilt: 0.05,
        index: 1e-3,
        abbe_percent: 0.8,
        irregularity: 1.0,
    },
    Grade {
        name: "precision",
        radius_percent: 0.1,
        thickness: 0.05,
        decentre: 0.02,
        tilt: 0.02,
        surface_tilt: 0.0167,
        index: 5e-4,
        abbe_percent: 0.5,
        irregularity: 0.5,
    },
    Grade {
        name: "high",
        radius_percent: 0.025,
        thickness: 0.01,
        decentre: 0.005,
        tilt: 0.005,
        surface_tilt: 0.004,
        index: 2e-4,
        abbe_percent: 0.2,
        irregularity: 0.2,
    },
    Grade {
        name: "phone",
        radius_percent: 0.1,
        thickness: 0.002,
        decentre: 0.002,
        tilt: 0.025,
        surface_tilt: 0.025,
        index: 3e-4,
        abbe_percent: 0.3,
        irregularity: 0.4,
    },
];

/// One error of making, within a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Tolerance {
    /// What is wrong.
    pub error: Error,
    /// Where.
    pub part: Part,
    /// It lies within minus and plus this, in its own unit.
    pub amount: f64,
    /// Its name, with what it is of.
    pub label: String,
}

/// How errors are spread within their tolerances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// Evenly.
    #[default]
    Uniform,
    /// Normal, the tolerance being two standard deviations; beyond it they are drawn again.
    Normal,
    /// At the ends.
    Ends,
}

/// What a lens may be wrong by, and how the made ones are adjusted and judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Tolerances {
    /// By what lenses are judged.
    pub criterion: Criterion,
    /// Indices of the fields they are judged at.
    pub fields: Vec<usize>,
    /// What passes: at least this MTF, or at most this error.
    pub limit: Option<f64>,
    /// What is adjusted.
    pub compensators: Vec<Compensator>,
    /// The errors.
    pub list: Vec<Tolerance>,
    /// How they are spread.
    pub spread: Spread,
    /// Seed of the samples.
    pub seed: u64,
    /// How many samples.
    pub samples: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    schema: String,
    #[serde(default)]
    lens: Option<String>,
    grade: Option<Spanned<String>>,
    criterion: RawCriterion,
    #[serde(default)]
    compensator: Vec<RawCompensator>,
    #[serde(default)]
    tolerance: Vec<RawTolerance>,
    #[serde(default)]
    monte_carlo: RawSamples,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCriterion {
    is: Spanned<String>,
    frequency: Option<f64>,
    #[serde(default)]
    fields: Vec<usize>,
    limit: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCompensator {
    is: Spanned<String>,
    surface: Option<usize>,
    element: Option<[usize; 2]>,
    most_mm: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTolerance {
    is: Spanned<String>,
    surface: Option<Of>,
    element: Option<OfElement>,
    value: f64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Of {
    One(usize),
    Many(Vec<usize>),
    All(String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OfElement {
    One([usize; 2]),
    All(String),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSamples {
    samples: Option<usize>,
    seed: Option<u64>,
    #[serde(default)]
    spread: Spread,
}

/// The lens that a file of tolerances names, relative to the file's own folder; nothing where it names none.
///
/// # Errors
/// [`OpticsError::Format`] and [`OpticsError::UnknownKey`] for what is no such file.
pub fn lens_of_tolerances(text: &str, file: &str) -> Result<Option<String>> {
    Ok(read(text, file)?.lens)
}

fn read(text: &str, file: &str) -> Result<RawFile> {
    if text.len() > LIMIT {
        return Err(OpticsError::format(file, None, format!("such a file has at most {LIMIT} bytes")));
    }
    let raw: RawFile = toml::from_str(text).map_err(|e| explain(&e, text, file))?;
    if raw.schema != SCHEMA {
        let reason = format!("the schema is `{}`; this version reads `{SCHEMA}`", raw.schema);
        return Err(OpticsError::format(file, None, reason));
    }
    Ok(raw)
}

impl Tolerances {
    /// Reads tolerances for a lens; `file` is the file's name for messages. `docs/reference/tolerance-file.md` describes the format.
    ///
    /// # Errors
    /// [`OpticsError::UnknownWord`], naming the nearest and the line; [`OpticsError::UnknownKey`] and [`OpticsError::Format`] for what is
    /// no such file or names what the lens does not have.
    pub fn from_toml(text: &str, file: &str, lens: &Lens) -> Result<Self> {
        let raw = read(text, file)?;
        let line = |word: &Spanned<String>| text.get(..word.span().start).map_or(0, |t| t.matches('\n').count()) + 1;
        let unknown = |what: &'static str, word: &Spanned<String>, known: &[&'static str]| OpticsError::UnknownWord {
            what,
            word: word.get_ref().clone(),
            nearest: nearest(word.get_ref(), known.iter().copied()),
            file: file.into(),
            line: line(word),
        };
        let bad = |word: &Spanned<String>, reason: String| {
            OpticsError::format(file, line(word), format!("{}: {reason}", word.get_ref()))
        };
        let c = &raw.criterion;
        let criterion = match c.is.get_ref().as_str() {
            "mtf" => match c.frequency {
                Some(frequency) if frequency > 0.0 && frequency.is_finite() => Criterion::Mtf { frequency },
                _ => return Err(bad(&c.is, "give a frequency above 0 in cycles per mm".into())),
            },
            "rms_spot_um" => Criterion::RmsSpot,
            "rms_wavefront" => Criterion::RmsWavefront,
            _ => return Err(unknown("criterion", &c.is, &["mtf", "rms_spot_um", "rms_wavefront"])),
        };
        if c.limit.is_some_and(|l| !(l > 0.0 && l.is_finite())) {
            return Err(bad(&c.is, "the limit is a number above 0".into()));
        }
        let count = lens.fields.len();
        if let Some(f) = c.fields.iter().find(|f| !(1..=count).contains(*f)) {
            return Err(bad(&c.is, format!("field {f}: the lens has 1 to {count}")));
        }
        let fields = if c.fields.is_empty() { (0..count).collect() } else { c.fields.iter().map(|f| f - 1).collect() };
        let surfaces = lens.surfaces.len();
        let surface = |word: &Spanned<String>, s: usize| {
            if (1..=surfaces).contains(&s) {
                Ok(s - 1)
            } else {
                Err(bad(word, format!("surface {s}: the lens has 1 to {surfaces}")))
            }
        };
        let part = |word: &Spanned<String>, [a, b]: [usize; 2]| {
            let (first, last) = (surface(word, a)?, surface(word, b)?);
            if first <= last {
                Ok(Part { first, last })
            } else {
                Err(bad(word, format!("an element from surface {a} to {b} runs backwards")))
            }
        };
        let mut compensators = Vec::new();
        for c in &raw.compensator {
            if !(c.most_mm > 0.0 && c.most_mm.is_finite()) {
                return Err(bad(&c.is, "most_mm is a distance above 0".into()));
            }
            let of_part = || {
                c.element.ok_or_else(|| bad(&c.is, "give element = [first, last]".into())).and_then(|e| part(&c.is, e))
            };
            let what = match c.is.get_ref().as_str() {
                "refocus" => Adjust::Thickness(surfaces - 1),
                "thickness" => match c.surface {
                    Some(s) => Adjust::Thickness(surface(&c.is, s)?),
                    None => return Err(bad(&c.is, "give a surface".into())),
                },
                "shift" => Adjust::Along(of_part()?),
                "centre_x" => Adjust::AcrossX(of_part()?),
                "centre_y" => Adjust::AcrossY(of_part()?),
                _ => {
                    return Err(unknown(
                        "compensator",
                        &c.is,
                        &["refocus", "thickness", "shift", "centre_x", "centre_y"],
                    ));
                }
            };
            compensators.push(Compensator { what, most_mm: c.most_mm });
        }
        let mut list = Vec::new();
        if let Some(name) = &raw.grade {
            let names = GRADES.map(|g| g.name);
            let grade =
                GRADES.iter().find(|g| g.name == name.get_ref()).ok_or_else(|| unknown("grade", name, &names))?;
            list = of_grade(grade, lens);
        }
        for t in &raw.tolerance {
            if !(t.value >= 0.0 && t.value.is_finite()) {
                return Err(bad(
                    &t.is,
                    format!("the value cannot be {}: errors lie within minus and plus it", t.value),
                ));
            }
            let kind = t.is.get_ref().as_str();
            if !KINDS.iter().any(|k| k.0 == kind) {
                return Err(unknown("tolerance", &t.is, &KINDS.map(|k| k.0)));
            }
            let of_element = matches!(kind, "decentre" | "tilt");
            let parts: Vec<Part> = match (of_element, &t.element, &t.surface) {
                (true, Some(OfElement::One(e)), None) => vec![part(&t.is, *e)?],
                (true, Some(OfElement::All(w)), None) if w == "all" => elements(lens),
                (true, ..) => return Err(bad(&t.is, "give element = [first, last], or \"all\"".into())),
                (false, None, Some(of)) => {
                    let all: Vec<usize> = match of {
                        Of::One(s) => vec![surface(&t.is, *s)?],
                        Of::Many(list) => list.iter().map(|s| surface(&t.is, *s)).collect::<Result<_>>()?,
                        Of::All(w) if w == "all" => (0..surfaces).filter(|s| applies(kind, *s, lens)).collect(),
                        Of::All(w) => {
                            return Err(bad(
                                &t.is,
                                format!("surface cannot be `{w}`: it is a number, a list, or \"all\""),
                            ));
                        }
                    };
                    all.into_iter().map(|s| Part { first: s, last: s }).collect()
                }
                (false, ..) => return Err(bad(&t.is, "give a surface, a list, or \"all\"".into())),
            };
            for part in parts {
                if matches!(kind, "index" | "abbe_percent") && lens.surfaces[part.first].glass.is_air() {
                    return Err(bad(&t.is, format!("surface {} has air behind it", part.first + 1)));
                }
                // said again, for another value
                let new = of_kind(kind, part, t.value, lens);
                list.retain(|old: &Tolerance| !new.iter().any(|n| n.error == old.error && n.part == old.part));
                list.extend(new);
            }
        }
        list.retain(|t| t.amount > 0.0);
        if list.is_empty() {
            return Err(OpticsError::value("the number of tolerances", 0, "give a grade, or a [[tolerance]]"));
        }
        if list.len() > MOST {
            return Err(OpticsError::value(
                "the number of tolerances",
                list.len(),
                format!("there are at most {MOST}"),
            ));
        }
        let samples = raw.monte_carlo.samples.unwrap_or(500);
        if !(1..=1_000_000).contains(&samples) {
            return Err(OpticsError::value("the number of samples", samples, "it lies between 1 and a million"));
        }
        Ok(Self {
            criterion,
            fields,
            limit: c.limit,
            compensators,
            list,
            spread: raw.monte_carlo.spread,
            seed: raw.monte_carlo.seed.unwrap_or(1),
            samples,
        })
    }

    /// True where an error breaks the symmetry about the axis, so that both sides of the field are judged.
    pub(super) fn breaks_symmetry(&self) -> bool {
        let round = |e: Error| {
            matches!(
                e,
                Error::RadiusPercent
                    | Error::RadiusFringes
                    | Error::ThicknessMm
                    | Error::Index
                    | Error::AbbePercent
                    | Error::Irregularity
            )
        };
        self.list.iter().any(|t| !round(t.error))
    }
}

/// True where `surface = "all"` means this one too.
fn applies(kind: &str, s: usize, lens: &Lens) -> bool {
    let here = &lens.surfaces[s];
    let bends = !here.glass.is_air() || s > 0 && !lens.surfaces[s - 1].glass.is_air();
    match kind {
        "thickness" => s + 1 < lens.surfaces.len() && here.thickness != 0.0,
        "index" | "abbe_percent" => !here.glass.is_air(),
        "radius_percent" | "radius_fringes" => bends && here.shape.radius.is_finite(),
        _ => bends,
    }
}

fn of_kind(kind: &str, part: Part, value: f64, lens: &Lens) -> Vec<Tolerance> {
    let place = if part.first == part.last {
        format!("surface {}", part.first + 1)
    } else {
        format!("element {}-{}", part.first + 1, part.last + 1)
    };
    let of = |error, amount, name: &str| Tolerance { error, part, amount, label: format!("{place} {name}") };
    match kind {
        "radius_percent" => vec![of(Error::RadiusPercent, value, "radius, %")],
        "radius_fringes" => vec![of(Error::RadiusFringes, value, "radius, fringes")],
        "thickness" => vec![of(Error::ThicknessMm, value, "thickness, mm")],
        "decentre" => {
            vec![of(Error::DecentreX, value, "decentre x, mm"), of(Error::DecentreY, value, "decentre y, mm")]
        }
        "tilt" => vec![of(Error::TiltX, value, "tilt about x, deg"), of(Error::TiltY, value, "tilt about y, deg")],
        "surface_decentre" => {
            vec![
                of(Error::SurfaceDecentreX, value, "decentre x, mm"),
                of(Error::SurfaceDecentreY, value, "decentre y, mm"),
            ]
        }
        "surface_tilt" => vec![
            of(Error::SurfaceTiltX, value, "tilt about x, deg"),
            of(Error::SurfaceTiltY, value, "tilt about y, deg"),
        ],
        "wedge" => {
            // the edge's difference over the clear diameter, where that is known
            let diameter = 2.0 * lens.surfaces[part.first].clear.outer.unwrap_or_else(|| lens_radius(lens));
            let angle = (value / diameter).atan().to_degrees();
            vec![
                of(Error::SurfaceTiltX, angle, "wedge about x, deg"),
                of(Error::SurfaceTiltY, angle, "wedge about y, deg"),
            ]
        }
        "index" => vec![of(Error::Index, value, "index")],
        "abbe_percent" => vec![of(Error::AbbePercent, value, "Abbe number, %")],
        _ => vec![of(Error::Irregularity, value, "irregularity, fringes")],
    }
}

/// Half the entrance pupil, for surfaces whose clear radius is not known.
fn lens_radius(lens: &Lens) -> f64 {
    crate::first_order(lens, lens.primary_um()).map_or(1.0, |f| 0.5 * f.epd)
}

fn of_grade(grade: &Grade, lens: &Lens) -> Vec<Tolerance> {
    let mut list = Vec::new();
    let mut surfaces = |kind: &str, value: f64| {
        for s in (0..lens.surfaces.len()).filter(|s| applies(kind, *s, lens)) {
            list.extend(of_kind(kind, Part { first: s, last: s }, value, lens));
        }
    };
    surfaces("radius_percent", grade.radius_percent);
    surfaces("thickness", grade.thickness);
    surfaces("index", grade.index);
    surfaces("abbe_percent", grade.abbe_percent);
    surfaces("surface_tilt", grade.surface_tilt);
    for s in (0..lens.surfaces.len()).filter(|s| applies("irregularity", *s, lens)) {
        // forms on which a term can be put
        if !matches!(lens.surfaces[s].shape.form, Form::Biconic { .. } | Form::Toroid { .. }) {
            list.extend(of_kind("irregularity", Part { first: s, last: s }, grade.irregularity, lens));
        }
    }
    for part in elements(lens) {
        list.extend(of_kind("decentre", part, grade.decentre, lens));
        list.extend(of_kind("tilt", part, grade.tilt, lens));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    const FILE: &str = "schema = \"tolerance/1\"\ngrade = \"precision\"\n[criterion]\nis = \"mtf\"\nfrequency = 30\nlimit = 0.2\n\
        [[compensator]]\nis = \"refocus\"\nmost_mm = 1\n[[tolerance]]\nis = \"decentre\"\nelement = [3, 4]\nvalue = 0.01\n";

    fn read(from: &str, to: &str) -> Result<Tolerances> {
        let text = FILE.replace(from, to);
        assert!(from.is_empty() || text != FILE, "nothing replaced");
        Tolerances::from_toml(&text, "t.toml", &samples::triplet())
    }

    #[test]
    fn grades_are_written_out_and_single_values_replace_theirs() {
        let all = read("", "").unwrap();
        let decentres: Vec<f64> = all.list.iter().filter(|t| t.error == Error::DecentreX).map(|t| t.amount).collect();
        assert_eq!(decentres, [0.02, 0.02, 0.01]);
        // six radii, five thicknesses, three indices and Abbe numbers, six wedges and irregularities, three elements
        assert_eq!(all.list.len(), 6 + 5 + 3 + 3 + 12 + 6 + 12);
        assert!(all.breaks_symmetry() && all.samples == 500);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let error = |from: &str, to: &str| read(from, to).unwrap_err().to_string();
        let unknown = error("\"decentre\"", "\"decenter\"");
        assert!(unknown.contains("`decentre`") && unknown.contains("line 11"), "{unknown}");
        assert!(error("precision", "precison").contains("`precision`"));
        assert!(error("[3, 4]", "[3, 9]").contains("surface 9"));
        assert!(error("[3, 4]", "[4, 3]").contains("backwards"));
        assert!(error("frequency = 30\n", "").contains("frequency"));
        assert!(error("value = 0.01", "value = -1").contains("-1"));
        assert!(error("value = 0.01", "valeu = 1").contains("`value`"));
        assert!(error("\"refocus\"", "\"focus\"").contains("`refocus`"));
        assert!(error("is = \"mtf\"", "is = \"mft\"").contains("`mtf`"));
    }
}
