//! What is asked of a lens and what may change in it, as a file.

use super::operand::{Needs, OPERANDS, Quantity, Word, operand};
use super::place::{Place, WORDS, What};
use crate::lens::explain;
use crate::nearest::nearest;
use crate::{Dispersion, Lens, OpticsError, Result};
use serde::Deserialize;
use toml::Spanned;

/// The schema of the files of designs.
pub const SCHEMA: &str = "design/1";
/// Bytes beyond which such a file is refused.
const LIMIT: usize = 1 << 20;
/// Variables beyond which a design is refused.
const MOST_VARIABLES: usize = 400;
/// Operands beyond which it is refused.
const MOST_OPERANDS: usize = 2000;

/// What may change in a lens, and what is asked of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// The numbers that may change.
    pub variables: Vec<Variable>,
    /// Numbers that follow others.
    pub pickups: Vec<Pickup>,
    /// Numbers that follow from first order.
    pub solves: Vec<Solve>,
    /// What is asked.
    pub operands: Vec<Operand>,
    /// Rings of rays of each bundle.
    pub rings: usize,
    /// Rays of each ring over half the pupil.
    pub arms: usize,
    /// True for rays aimed at the real stop, false for the paraxial entrance pupil.
    pub aimed: bool,
    /// True where the lens's clear apertures shall be made vignetting factors at the start.
    pub vignetting_from_apertures: bool,
}

/// A number that may change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variable {
    /// Which.
    pub place: Place,
    /// Index of the lens's configuration whose own number it is; nothing for that of the lens as written, which all
    /// configurations share that do not change it.
    pub configuration: Option<usize>,
    /// The least it may be.
    pub min: f64,
    /// The most it may be.
    pub max: f64,
}

/// A number that follows another: scale times that one plus an offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pickup {
    /// Which follows.
    pub place: Place,
    /// Index of the surface whose like number it follows.
    pub from: usize,
    /// Factor.
    pub scale: f64,
    /// What is added.
    pub offset: f64,
}

/// A number that follows from first order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Solve {
    /// The curvature of a surface gives the lens its focal length.
    Efl {
        /// Index of the surface.
        surface: usize,
        /// The focal length, mm.
        efl: f64,
    },
    /// The last thickness puts the image plane at the paraxial image.
    Focus {
        /// Image plane behind the paraxial image, mm.
        offset: f64,
    },
}

/// One thing asked of the lens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operand {
    /// What.
    pub quantity: Quantity,
    /// Its name.
    pub name: &'static str,
    /// Index of the lens's configuration it is asked of; nothing for the lens as written.
    pub configuration: Option<usize>,
    /// Index of the surface it is asked of; nothing for the image.
    pub surface: Option<usize>,
    /// Index of the field.
    pub field: usize,
    /// Index of the wavelength; nothing for the primary one, or for all where all count.
    pub wave: Option<usize>,
    /// Place in the stop, units of its radius.
    pub pupil: [f64; 2],
    /// Cycles per mm.
    pub frequency: f64,
    /// Radius of the rim in mm; nothing for what the lens needs.
    pub radius_mm: Option<f64>,
    /// What it should be.
    pub target: Option<f64>,
    /// The least it must be.
    pub min: Option<f64>,
    /// The most it must be.
    pub max: Option<f64>,
    /// Share of the target's squared deviation in the merit; nothing where the target must be met exactly.
    pub weight: Option<f64>,
}

impl Operand {
    /// An operand of a lens as a whole, asked for nothing yet.
    pub fn new(name: &str) -> Option<Self> {
        let word = operand(name)?;
        Some(Self {
            quantity: word.quantity,
            name: word.name,
            configuration: None,
            surface: None,
            field: 0,
            wave: None,
            pupil: [0.0; 2],
            frequency: 0.0,
            radius_mm: None,
            target: None,
            min: None,
            max: None,
            weight: None,
        })
    }

    /// True for one that stands for every ray of a bundle.
    pub fn is_bundle(&self) -> bool {
        matches!(self.quantity, Quantity::Spot | Quantity::Opd)
    }

    pub(super) fn word(&self) -> &'static Word {
        operand(self.name).unwrap_or(&OPERANDS[0])
    }

    /// Its name with what it is asked of.
    pub fn label(&self) -> String {
        let mut text = self.name.to_owned();
        if let Some(s) = self.surface {
            text += &format!(" surface {}", s + 1);
        }
        if matches!(self.word().needs, Needs::Field | Needs::Ray) {
            text += &format!(" field {}", self.field + 1);
        }
        if self.word().needs == Needs::Ray {
            text += &format!(" pupil ({}, {})", self.pupil[0], self.pupil[1]);
        }
        if self.frequency > 0.0 {
            text += &format!(" at {}/mm", self.frequency);
        }
        if let Some(c) = self.configuration {
            text += &format!(" configuration {}", c + 1);
        }
        text
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDesign {
    schema: String,
    #[serde(default)]
    lens: Option<String>,
    #[serde(default)]
    rays: RawRays,
    #[serde(default)]
    manufacture: RawManufacture,
    #[serde(default)]
    variable: Vec<RawVariable>,
    #[serde(default)]
    pickup: Vec<RawPickup>,
    #[serde(default)]
    solve: Vec<RawSolve>,
    #[serde(default)]
    operand: Vec<RawOperand>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRays {
    rings: Option<usize>,
    arms: Option<usize>,
    aim: Option<RawAim>,
    vignetting: Option<RawVignetting>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum RawAim {
    Stop,
    Pupil,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum RawVignetting {
    Factors,
    Apertures,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManufacture {
    glass_centre_mm: Option<[f64; 2]>,
    glass_edge_mm: Option<f64>,
    air_centre_mm: Option<[f64; 2]>,
    air_edge_mm: Option<f64>,
    slope_deg: Option<f64>,
    #[serde(default)]
    no_inflections: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn list(&self) -> &[T] {
        match self {
            Self::One(v) => std::slice::from_ref(v),
            Self::Many(v) => v,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Which {
    Number(usize),
    Numbers(Vec<usize>),
    Word(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVariable {
    surface: Which,
    configuration: Option<OneOrMany<String>>,
    what: Spanned<OneOrMany<String>>,
    #[serde(default)]
    except: Vec<usize>,
    min: Option<f64>,
    max: Option<f64>,
    min_radius_mm: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPickup {
    surface: usize,
    what: Spanned<String>,
    from: usize,
    #[serde(default = "one")]
    scale: f64,
    #[serde(default)]
    offset: f64,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSolve {
    solve: Spanned<String>,
    surface: Option<usize>,
    target: Option<f64>,
    #[serde(default)]
    offset: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOperand {
    is: Spanned<String>,
    configuration: Option<OneOrMany<String>>,
    surface: Option<Which>,
    field: Option<Which>,
    wavelength: Option<usize>,
    pupil: Option<[f64; 2]>,
    frequency: Option<f64>,
    radius_mm: Option<f64>,
    target: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    weight: Option<f64>,
}

/// Where something stands in a file.
struct At<'a> {
    text: &'a str,
    file: &'a str,
}

impl At<'_> {
    fn line<T>(&self, spanned: &Spanned<T>) -> usize {
        self.text.get(..spanned.span().start).map_or(0, |before| before.matches('\n').count()) + 1
    }

    fn unknown(
        &self,
        what: &'static str,
        word: &str,
        line: usize,
        known: impl IntoIterator<Item = &'static str>,
    ) -> OpticsError {
        OpticsError::UnknownWord {
            what,
            word: word.into(),
            nearest: nearest(word, known),
            file: self.file.into(),
            line,
        }
    }

    fn format(&self, line: usize, reason: impl Into<String>) -> OpticsError {
        OpticsError::format(self.file, line, reason)
    }
}

/// The lens that a design names, relative to the design's own folder; nothing where it names none.
///
/// # Errors
/// [`OpticsError::Format`] and [`OpticsError::UnknownKey`] for what is no design.
pub fn lens_of_design(text: &str, file: &str) -> Result<Option<String>> {
    Ok(read(text, file)?.lens)
}

fn read(text: &str, file: &str) -> Result<RawDesign> {
    if text.len() > LIMIT {
        return Err(OpticsError::format(file, None, format!("a design has at most {LIMIT} bytes")));
    }
    let raw: RawDesign = toml::from_str(text).map_err(|e| explain(&e, text, file))?;
    if raw.schema != SCHEMA {
        let reason = format!("the schema is `{}`; this version reads `{SCHEMA}`", raw.schema);
        return Err(OpticsError::format(file, None, reason));
    }
    Ok(raw)
}

impl Design {
    /// Reads a design for a lens; `file` is its name for messages. `docs/reference/design-file.md` describes the format.
    ///
    /// # Errors
    /// [`OpticsError::UnknownWord`] for operands and numbers there are not, naming the nearest and the line;
    /// [`OpticsError::UnknownKey`] and [`OpticsError::Format`] for what is no design or asks the impossible.
    pub fn from_toml(text: &str, file: &str, lens: &Lens) -> Result<Self> {
        let raw = read(text, file)?;
        let at = At { text, file };
        let mut design = Self {
            variables: vec![],
            pickups: vec![],
            solves: vec![],
            operands: vec![],
            rings: raw.rays.rings.unwrap_or(3),
            arms: raw.rays.arms.unwrap_or(3),
            aimed: raw.rays.aim != Some(RawAim::Pupil),
            vignetting_from_apertures: raw.rays.vignetting == Some(RawVignetting::Apertures),
        };
        if !(1..=20).contains(&design.rings) || !(1..=20).contains(&design.arms) {
            let reason = "rings and arms of rays lie between 1 and 20";
            return Err(OpticsError::value("rays", format!("{} by {}", design.rings, design.arms), reason));
        }
        for p in raw.pickup {
            let what = number(p.what.get_ref(), at.line(&p.what), &at)?;
            let place = Place { surface: surface(p.surface, lens, at.line(&p.what), &at)?, what };
            let from = surface(p.from, lens, at.line(&p.what), &at)?;
            if !(p.scale.is_finite() && p.offset.is_finite()) {
                return Err(at.format(at.line(&p.what), "scale and offset of a pickup are finite numbers"));
            }
            design.pickups.push(Pickup { place, from, scale: p.scale, offset: p.offset });
        }
        for s in raw.solve {
            design.solves.push(solve(&s, lens, &at)?);
        }
        for v in raw.variable {
            design.variable(v, lens, &at)?;
        }
        if design.variables.is_empty() {
            return Err(OpticsError::value("the number of variables", 0, "add a [[variable]]: nothing may change"));
        }
        if design.variables.len() > MOST_VARIABLES {
            let reason = format!("a design has at most {MOST_VARIABLES}");
            return Err(OpticsError::value("the number of variables", design.variables.len(), reason));
        }
        for o in raw.operand {
            design.operand(&o, lens, &at)?;
        }
        design.manufacture(&raw.manufacture, lens)?;
        if design.has_configurations() && !design.solves.is_empty() {
            let reason = "what is solved for in one configuration would be another number in the next: make it variable, and ask for \
                EFL or DEFOCUS as operands";
            return Err(OpticsError::value("the number of solves", design.solves.len(), reason));
        }
        if !design.operands.iter().any(|o| o.is_bundle() || o.target.is_some()) {
            return Err(OpticsError::value("the number of targets", 0, "add an [[operand]] such as `is = \"SPOT\"`"));
        }
        if design.operands.len() > MOST_OPERANDS {
            let reason = format!("a design has at most {MOST_OPERANDS}, after `all` is written out");
            return Err(OpticsError::value("the number of operands", design.operands.len(), reason));
        }
        Ok(design)
    }

    /// True where something is asked of a configuration, or may change in one.
    pub fn has_configurations(&self) -> bool {
        self.operands.iter().any(|o| o.configuration.is_some())
            || self.variables.iter().any(|v| v.configuration.is_some())
    }

    fn variable(&mut self, raw: RawVariable, lens: &Lens, at: &At<'_>) -> Result<()> {
        let line = at.line(&raw.what);
        let states = configurations(raw.configuration.as_ref(), lens, line, at)?;
        for word in raw.what.get_ref().list() {
            let what = number(word, line, at)?;
            let can = matches!(what, What::Curvature | What::Thickness | What::Conic);
            if states[0].is_some() && !can {
                let reason = format!("{what} cannot vary in a configuration: curvature, thickness and conic can");
                return Err(at.format(line, reason));
            }
            let (min, max) = (raw.min.unwrap_or(f64::NEG_INFINITY), raw.max.unwrap_or(f64::INFINITY));
            let (min, max) = match raw.min_radius_mm {
                Some(r) if what == What::Curvature && r > 0.0 => (min.max(-1.0 / r), max.min(1.0 / r)),
                Some(r) if what == What::Curvature => {
                    return Err(at.format(line, format!("min_radius_mm cannot be {r}: it is above 0")));
                }
                _ => (min, max),
            };
            if !(min < max) {
                return Err(at.format(line, format!("{what} cannot lie between {min} and {max}: min is below max")));
            }
            let all = match &raw.surface {
                Which::Number(s) => vec![surface(*s, lens, line, at)?],
                Which::Numbers(list) => list.iter().map(|s| surface(*s, lens, line, at)).collect::<Result<_>>()?,
                Which::Word(w) if w == "all" => {
                    (0..lens.surfaces.len()).filter(|s| self.acts(*s, what, lens)).collect()
                }
                Which::Word(w) => {
                    return Err(at.format(line, format!("surface cannot be `{w}`: it is a number, a list, or \"all\"")));
                }
            };
            for surface in all.into_iter().filter(|s| !raw.except.contains(&(s + 1))) {
                let place = Place { surface, what };
                for configuration in &states {
                    // said again, for other bounds
                    self.variables.retain(|v| v.place != place || v.configuration != *configuration);
                    self.variables.push(Variable { place, configuration: *configuration, min, max });
                }
            }
        }
        Ok(())
    }

    /// True where a number of a surface can change what the lens does, and nothing else sets it.
    fn acts(&self, s: usize, what: What, lens: &Lens) -> bool {
        let place = Place { surface: s, what };
        let solved = self.solves.iter().any(|solve| match solve {
            Solve::Efl { surface, .. } => place == Place { surface: *surface, what: What::Curvature },
            Solve::Focus { .. } => place == Place { surface: lens.surfaces.len() - 1, what: What::Thickness },
        });
        let before = if s == 0 { None } else { Some(&lens.surfaces[s - 1].glass) };
        let same = before.map_or(lens.surfaces[s].glass.is_air(), |g| *g == lens.surfaces[s].glass);
        let bends = lens.surfaces[s].kind == crate::Kind::Reflect || !same;
        let bends = bends && !matches!(lens.surfaces[s].kind, crate::Kind::ThinLens(_));
        let has = match what {
            What::Thickness => true,
            What::Nd | What::Vd => matches!(lens.surfaces[s].glass.dispersion, Dispersion::Model { .. }),
            _ => bends && place.get(lens).is_ok(),
        };
        has && !solved && !self.pickups.iter().any(|p| p.place == place)
    }

    fn operand(&mut self, raw: &RawOperand, lens: &Lens, at: &At<'_>) -> Result<()> {
        let line = at.line(&raw.is);
        let names = OPERANDS.iter().map(|w| w.name);
        let word = operand(raw.is.get_ref()).ok_or_else(|| at.unknown("operand", raw.is.get_ref(), line, names))?;
        let bad = |reason: String| at.format(line, format!("{}: {reason}", word.name));
        let numbers = [raw.target, raw.min, raw.max, raw.weight, raw.frequency, raw.radius_mm];
        if numbers.iter().flatten().chain(raw.pupil.iter().flatten()).any(|v| !v.is_finite()) {
            return Err(bad("every number is finite".into()));
        }
        if let (Some(min), Some(max)) = (raw.min, raw.max)
            && min > max
        {
            return Err(bad(format!("it cannot be at least {min} and at most {max}")));
        }
        let bundle = matches!(word.quantity, Quantity::Spot | Quantity::Opd);
        if bundle && (raw.target.is_some() || raw.min.is_some() || raw.max.is_some()) {
            return Err(bad("it is always made as small as can be; RMS and WFE take limits".into()));
        }
        if !bundle && raw.target.is_none() && raw.min.is_none() && raw.max.is_none() {
            return Err(bad("say what it shall be: target, min or max".into()));
        }
        if raw.weight.is_some_and(|w| w < 0.0) {
            return Err(bad("a weight is not below 0".into()));
        }
        if matches!(word.quantity, Quantity::Mtft | Quantity::Mtfs | Quantity::Mtfa)
            && !raw.frequency.is_some_and(|f| f > 0.0)
        {
            return Err(bad("give a frequency above 0 in cycles per mm".into()));
        }
        if let Some(w) = raw.wavelength
            && !(1..=lens.wavelengths.len()).contains(&w)
        {
            return Err(bad(format!("wavelength {w}: the lens has {}", lens.wavelengths.len())));
        }
        let pick = |which: &Which, count: usize, what: &str| -> Result<Vec<usize>> {
            let one = |i: &usize| {
                if (1..=count).contains(i) { Ok(i - 1) } else { Err(bad(format!("{what} {i}: the lens has {count}"))) }
            };
            match which {
                Which::Number(i) => Ok(vec![one(i)?]),
                Which::Numbers(list) => list.iter().map(one).collect(),
                Which::Word(w) if w == "all" => Ok((0..count).collect()),
                Which::Word(w) => Err(bad(format!("{what} cannot be `{w}`: it is a number, a list, or \"all\""))),
            }
        };
        let fields = match (&raw.field, word.needs) {
            (Some(which), Needs::Field | Needs::Ray) => pick(which, lens.fields.len(), "field")?,
            (Some(_), _) => return Err(bad("it is asked of no field".into())),
            (None, Needs::Field) => (0..lens.fields.len()).collect(),
            (None, Needs::Ray) => return Err(bad("give a field".into())),
            (None, _) => vec![0],
        };
        let surfaces = match (&raw.surface, word.needs) {
            (Some(which), Needs::Surface) => {
                let all = matches!(which, Which::Word(_));
                let list = pick(which, lens.surfaces.len(), "surface")?;
                list.into_iter().filter(|s| !all || applies(word.quantity, *s, lens)).map(Some).collect()
            }
            (Some(which), Needs::Ray) => pick(which, lens.surfaces.len(), "surface")?.into_iter().map(Some).collect(),
            (Some(_), _) => return Err(bad("it is asked of no surface".into())),
            (None, Needs::Surface) => return Err(bad("give a surface".into())),
            (None, _) => vec![None],
        };
        let states = configurations(raw.configuration.as_ref(), lens, line, at)?;
        for (surface, configuration) in surfaces.iter().flat_map(|s| states.iter().map(move |c| (s, c))) {
            for field in &fields {
                // a target without a weight, and every limit, is to be met; bundles have weight 1
                let weight = if bundle { Some(raw.weight.unwrap_or(1.0)) } else { raw.weight };
                self.operands.push(Operand {
                    quantity: word.quantity,
                    name: word.name,
                    configuration: *configuration,
                    surface: *surface,
                    field: *field,
                    wave: raw.wavelength.map(|w| w - 1),
                    pupil: raw.pupil.unwrap_or_default(),
                    frequency: raw.frequency.unwrap_or(0.0),
                    radius_mm: raw.radius_mm,
                    target: raw.target,
                    min: raw.min,
                    max: raw.max,
                    weight,
                });
            }
        }
        Ok(())
    }

    /// Limits that glass and mounts set: bounds of variables where a number is one, operands elsewhere.
    fn manufacture(&mut self, raw: &RawManufacture, lens: &Lens) -> Result<()> {
        let last = lens.surfaces.len() - 1;
        let pairs = [("glass_centre_mm", raw.glass_centre_mm), ("air_centre_mm", raw.air_centre_mm)];
        if let Some((what, Some([lo, hi]))) = pairs.into_iter().find(|(_, p)| p.is_some_and(|[lo, hi]| !(lo < hi))) {
            return Err(OpticsError::value(what, format!("[{lo}, {hi}]"), "the first is below the second"));
        }
        let changes = |d: &Self, place: Place| {
            d.variables.iter().any(|v| v.place == place)
                || d.pickups.iter().any(|p| p.place == place)
                || d.solves.iter().any(|s| matches!(s, Solve::Efl { surface, .. } if place == Place { surface: *surface, what: What::Curvature }))
        };
        for s in 0..last {
            let place = Place { surface: s, what: What::Thickness };
            let glass = !lens.surfaces[s].glass.is_air();
            // a stop that stands inside the first element is no gap of air
            if !glass && lens.surfaces[s].thickness < 0.0 {
                continue;
            }
            let thick = changes(self, place);
            let range = if glass { raw.glass_centre_mm } else { raw.air_centre_mm };
            if let Some([lo, hi]) = range.filter(|_| thick) {
                let mut own = self.variables.iter_mut().filter(|v| v.place == place).peekable();
                if own.peek().is_none() {
                    self.limit(Quantity::Ct, s, Some(lo), Some(hi));
                } else {
                    own.for_each(|v| (v.min, v.max) = (v.min.max(lo), v.max.min(hi)));
                }
            }
            let bent = [s, s + 1].into_iter().any(|surface| changes(self, Place { surface, what: What::Curvature }));
            let edge = if glass { raw.glass_edge_mm } else { raw.air_edge_mm };
            if let Some(least) = edge.filter(|_| thick || bent) {
                self.limit(Quantity::Et, s, Some(least), None);
            }
        }
        for s in 0..=last {
            if !self.variables.iter().any(|v| v.place.surface == s && v.place.what != What::Thickness) {
                continue;
            }
            if let Some(most) = raw.slope_deg {
                self.limit(Quantity::Slope, s, None, Some(most));
            }
            if raw.no_inflections {
                self.limit(Quantity::Inflection, s, Some(0.0), None);
            }
            if self.variables.iter().any(|v| v.place.surface == s && matches!(v.place.what, What::Nd | What::Vd)) {
                self.limit(Quantity::Glass, s, None, Some(0.0));
            }
        }
        if let Some(v) = self.variables.iter().find(|v| !(v.min < v.max)) {
            let reason = format!("between {} and {}, after [manufacture], nothing is left", v.min, v.max);
            return Err(OpticsError::surface(v.place.surface + 1, "a bound", v.place.what, reason));
        }
        Ok(())
    }

    fn limit(&mut self, quantity: Quantity, surface: usize, min: Option<f64>, max: Option<f64>) {
        let Some(word) = OPERANDS.iter().find(|w| w.quantity == quantity) else { return };
        if let Some(o) = Operand::new(word.name) {
            self.operands.push(Operand { surface: Some(surface), min, max, ..o });
        }
    }
}

/// True where `surface = "all"` means this one too.
fn applies(quantity: Quantity, s: usize, lens: &Lens) -> bool {
    let glass = !lens.surfaces[s].glass.is_air();
    match quantity {
        Quantity::Ct | Quantity::Et | Quantity::Glass => glass && s + 1 < lens.surfaces.len(),
        Quantity::Slope | Quantity::Inflection | Quantity::Departure | Quantity::Cv => {
            glass || s > 0 && !lens.surfaces[s - 1].glass.is_air()
        }
        _ => true,
    }
}

/// Configurations by their names, `all` for each; nothing, once, where none is named.
fn configurations(
    names: Option<&OneOrMany<String>>,
    lens: &Lens,
    line: usize,
    at: &At<'_>,
) -> Result<Vec<Option<usize>>> {
    let Some(names) = names else { return Ok(vec![None]) };
    let known = || lens.configurations.iter().map(|c| c.name.as_str());
    let mut list = Vec::new();
    for name in names.list() {
        if name == "all" && !lens.configurations.is_empty() {
            list.extend((0..lens.configurations.len()).map(Some));
            continue;
        }
        let found = known().position(|n| n.eq_ignore_ascii_case(name)).ok_or_else(|| {
            let all: Vec<&str> = known().collect();
            let has = if all.is_empty() { "none".into() } else { all.join(", ") };
            at.format(line, format!("configuration `{name}`: the lens has {has}"))
        })?;
        list.push(Some(found));
    }
    if list.is_empty() { Err(at.format(line, "configuration: name one, or leave it out")) } else { Ok(list) }
}

fn number(word: &str, line: usize, at: &At<'_>) -> Result<What> {
    What::parse(word).ok_or_else(|| at.unknown("number of a surface", word, line, WORDS))
}

fn surface(s: usize, lens: &Lens, line: usize, at: &At<'_>) -> Result<usize> {
    let count = lens.surfaces.len();
    if (1..=count).contains(&s) {
        Ok(s - 1)
    } else {
        Err(at.format(line, format!("surface {s}: the lens has 1 to {count}")))
    }
}

fn solve(raw: &RawSolve, lens: &Lens, at: &At<'_>) -> Result<Solve> {
    let line = at.line(&raw.solve);
    if !raw.offset.is_finite() {
        return Err(at.format(line, "the offset is a finite number"));
    }
    match raw.solve.get_ref().as_str() {
        "focus" => Ok(Solve::Focus { offset: raw.offset }),
        word @ ("efl" | "f_number") => {
            let Some(target) = raw.target.filter(|t| *t != 0.0 && t.is_finite()) else {
                return Err(at.format(line, format!("{word}: give a target that is not 0")));
            };
            let efl = match (word, lens.aperture) {
                ("efl", _) => target,
                (_, crate::Aperture::EntrancePupil(d)) => target * d,
                _ => {
                    return Err(
                        at.format(line, "f_number: the lens's aperture is not an entrance pupil; solve for efl")
                    );
                }
            };
            let surface = surface(raw.surface.unwrap_or(0), lens, line, at)?;
            Ok(Solve::Efl { surface, efl })
        }
        word => Err(at.unknown("solve", word, line, ["focus", "efl", "f_number"])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    const FILE: &str = "schema = \"design/1\"\n[[variable]]\nsurface = \"all\"\nwhat = \"curvature\"\nmin_radius_mm = 8\n\
        [[variable]]\nsurface = [1, 2]\nwhat = [\"thickness\"]\n[[operand]]\nis = \"SPOT\"\n[[operand]]\nis = \"ttl\"\nmax = 60\n\
        [manufacture]\nglass_centre_mm = [1, 6]\nglass_edge_mm = 1\nair_edge_mm = 0.1\n";

    fn read(from: &str, to: &str) -> Result<Design> {
        let text = FILE.replace(from, to);
        assert!(from.is_empty() || text != FILE, "nothing replaced");
        Design::from_toml(&text, "d.toml", &samples::triplet())
    }

    #[test]
    fn all_is_written_out_and_making_sets_limits() {
        let design = read("", "").unwrap();
        assert_eq!(design.variables.len(), 8);
        assert_eq!((design.variables[0].min, design.variables[0].max), (-0.125, 0.125));
        // the glass is bounded itself, the air is not
        assert_eq!((design.variables[6].min, design.variables[6].max), (1.0, 6.0));
        assert_eq!(design.operands.iter().filter(|o| o.quantity == Quantity::Spot).count(), 3);
        assert_eq!(design.operands.iter().filter(|o| o.quantity == Quantity::Et).count(), 5);
        assert!(design.operands.iter().any(|o| o.name == "TTL" && o.max == Some(60.0)));
    }

    #[test]
    fn a_stop_inside_an_element_stays_there() {
        let text = FILE.replace("air_edge_mm = 0.1", "air_edge_mm = 0.1\nair_centre_mm = [0.1, 9]");
        let mut lens = samples::triplet();
        let range = |lens: &Lens| {
            let v = Design::from_toml(&text, "d.toml", lens).unwrap().variables[7];
            (v.min, v.max)
        };
        assert_eq!(range(&lens), (0.1, 9.0));
        lens.surfaces[1].thickness = -0.4;
        assert!(range(&lens).0 < -0.4);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let error = |from: &str, to: &str| read(from, to).unwrap_err().to_string();
        let unknown = error("SPOT", "SPOOT");
        assert!(unknown.contains("`SPOT`") && unknown.contains("d.toml, line 10"), "{unknown}");
        assert!(error("\"curvature\"", "\"curvatur\"").contains("`curvature`"));
        assert!(error("max = 60", "max = 60\nmin = 70").contains("at least 70 and at most 60"));
        assert!(error("max = 60", "").contains("target, min or max"));
        assert!(error("[1, 6]", "[6, 1]").contains("[6, 1]"));
        assert!(error("[1, 2]", "[1, 9]").contains("surface 9"));
        assert!(error("min_radius_mm = 8", "min_radius_mm = 8\nmin = 3").contains("between 3"));
        assert!(error("min_radius_mm", "min_radius").contains("`min_radius_mm`"));
        assert!(error("is = \"SPOT\"", "is = \"SPOT\"\ntarget = 3").contains("RMS and WFE"));
        assert!(error("is = \"SPOT\"", "is = \"MTFT\"\ntarget = 1").contains("frequency"));
        assert!(error("is = \"ttl\"", "is = \"CRA\"\nfield = 8").contains("field 8"));
        assert!(error("[[operand]]\nis = \"SPOT\"", "").contains("SPOT"));
        assert!(error("[[variable]]\nsurface = [1, 2]", "[[variable]]\nsurface = [\"x\"]").contains("d.toml"));
    }
}
