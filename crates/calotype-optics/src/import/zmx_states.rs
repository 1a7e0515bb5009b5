//! The configurations of Zemax lens files: the multi-configuration editor's lines, read.
//!
//! A line is an operand, a number (of a surface, field or wavelength, the object's surface being 0), the configuration's number,
//! and its value: `THIC 5 2 12.5 0 0 …`.

use crate::glass::Catalogue;
use crate::lens::named;
use crate::{Aperture, Configuration, FieldKind, Glass, Lens, OpticsError, Result};

/// Configurations beyond which a file is refused.
const MOST: usize = 50;
/// The operands that are known.
const KNOWN: [&str; 18] = [
    "THIC", "CRVT", "CONN", "GLSS", "SDIA", "APER", "XFIE", "YFIE", "FLWT", "FVDX", "FVDY", "FVCX", "FVCY", "FVAN",
    "WAVE", "WLWT", "LTTL", "MOFF",
];
/// Others there are, which are passed over with a warning.
const OTHERS: [&str; 12] =
    ["PRAM", "STPS", "MABB", "MIND", "MDPG", "PRWV", "IGNR", "IGNM", "TEMP", "PRES", "COTN", "SATP"];

/// The lines as they are gathered.
#[derive(Default)]
pub(super) struct States {
    count: usize,
    lines: Vec<(usize, String)>,
}

impl States {
    /// True if a line is one of these; it is kept.
    pub fn take(&mut self, key: &str, line: &str, number: usize) -> bool {
        if key == "MNUM" {
            self.count = line.split_whitespace().nth(1).and_then(|w| w.parse().ok()).unwrap_or(0);
            return true;
        }
        let mine = KNOWN.contains(&key) || OTHERS.contains(&key);
        if mine && self.lines.len() < 20_000 {
            self.lines.push((number, line.to_owned()));
        }
        mine
    }

    /// Puts the configurations into a lens. `scale` are mm of a unit, `wavelengths` the file's numbers of the lens's.
    ///
    /// # Errors
    /// [`OpticsError::Format`] for more configurations than can be, or numbers of what there is not; [`OpticsError::UnknownGlass`].
    pub fn put(
        self,
        lens: &mut Lens,
        scale: f64,
        wavelengths: &[usize],
        file: &str,
        catalogue: &Catalogue,
        warnings: &mut Vec<String>,
    ) -> Result<()> {
        if self.count < 2 {
            return Ok(());
        }
        if self.count > MOST {
            let reason = format!("it has {} configurations; {MOST} are read at most", self.count);
            return Err(OpticsError::format(file, None, reason));
        }
        let mut states: Vec<Configuration> =
            (1..=self.count).map(|i| Configuration::new(format!("configuration {i}"))).collect();
        let lengths = if lens.field_kind == FieldKind::AngleDeg { 1.0 } else { scale };
        for (number, line) in &self.lines {
            let mut words = line.split_whitespace();
            let key = words.next().unwrap_or_default();
            let (Some(of), Some(state)) = (whole(words.next()), whole(words.next())) else { continue };
            let Some(c) = state.checked_sub(1).and_then(|i| states.get_mut(i)) else { continue };
            // a text stands in quotes; other lines end with an empty one
            let word = match words.next() {
                Some(w) if w.starts_with('"') => line.split('"').nth(1).unwrap_or_default(),
                Some(w) => w,
                None => "",
            };
            let value = word.parse::<f64>().unwrap_or(0.0);
            let no = |what: &str, count: usize| {
                OpticsError::format(file, *number, format!("{key}: there is no {what} {of}; the file has {count}"))
            };
            let surface = || {
                let count = lens.surfaces.len();
                of.checked_sub(1).filter(|i| *i < count).ok_or_else(|| no("surface", count))
            };
            let field = || {
                let count = lens.fields.len();
                of.checked_sub(1).filter(|i| *i < count).ok_or_else(|| no("field", count))
            };
            let wave = || wavelengths.iter().position(|w| *w == of).ok_or_else(|| no("wavelength", wavelengths.len()));
            match key {
                "MOFF" => {}
                "TEMP" => c.air.get_or_insert(lens.air.unwrap_or_default()).temperature_c = value,
                "PRES" => c.air.get_or_insert(lens.air.unwrap_or_default()).pressure_atm = value,
                "LTTL" if word.trim().is_empty() => {}
                "LTTL" => c.name = word.trim().to_owned(),
                "THIC" if of == 0 => {
                    c.object_mm = Some(if value.abs() < 1e10 { value * scale } else { f64::INFINITY });
                }
                "THIC" => c.surface(surface()?).thickness = Some(value * scale),
                "CRVT" => {
                    c.surface(surface()?).radius = Some(if value == 0.0 { f64::INFINITY } else { scale / value });
                }
                "CONN" => c.surface(surface()?).conic = Some(value),
                "SDIA" => c.surface(surface()?).clear = Some(value * scale),
                "GLSS" => {
                    let i = surface()?;
                    let glass = if word.is_empty() { Glass::air() } else { named(i + 1, word, catalogue)? };
                    c.surface(i).glass = Some(glass);
                }
                "APER" => match lens.aperture {
                    Aperture::EntrancePupil(_) => c.aperture = Some(Aperture::EntrancePupil(value * scale)),
                    Aperture::FNumber(_) => c.aperture = Some(Aperture::FNumber(value)),
                    Aperture::ObjectNa(_) => c.aperture = Some(Aperture::ObjectNa(value)),
                    Aperture::StopRadius(_) => {
                        warnings.push(format!(
                            "line {number}: APER is left out: the stop's size says how much light gets in"
                        ));
                    }
                },
                "XFIE" => c.field(field()?).x = Some(value * lengths),
                "YFIE" => c.field(field()?).y = Some(value * lengths),
                "FLWT" => c.field(field()?).weight = Some(value),
                "FVDX" | "FVDY" | "FVCX" | "FVCY" | "FVAN" => {
                    let i = field()?;
                    let v = c.field(i).vignetting.get_or_insert(lens.fields[i].vignetting);
                    match key {
                        "FVDX" => v.decentre[0] = value,
                        "FVDY" => v.decentre[1] = value,
                        "FVCX" => v.compression[0] = value,
                        "FVCY" => v.compression[1] = value,
                        _ => v.angle_deg = value,
                    }
                }
                "WAVE" => c.wavelength(wave()?).um = Some(value),
                "WLWT" => c.wavelength(wave()?).weight = Some(value),
                _ => {
                    let text = format!("the configurations' {key} is left out (line {number})");
                    if !warnings.iter().any(|w| w.starts_with(&format!("the configurations' {key} "))) {
                        warnings.push(text);
                    }
                }
            }
        }
        // titles that are given twice tell nothing apart
        for i in 0..states.len() {
            if states[..i].iter().any(|s| s.name.eq_ignore_ascii_case(&states[i].name)) {
                states[i].name = format!("{} {}", states[i].name, i + 1);
            }
        }
        lens.configurations = states;
        Ok(())
    }
}

fn whole(word: Option<&str>) -> Option<usize> {
    word.and_then(|w| w.parse().ok())
}
