//! The zoom positions of CODE V sequence files.
//!
//! `ZOO 3` says how many there are; `ZOO THI S5 1.0 4.5 9.0` gives a number's value in each, `THI S5 Z2 4.5` in one, and
//! `TIT Z2 'tele'` a name.

use crate::{Aperture, Configuration, FieldKind, Glass, Lens, OpticsError, Result};

/// Zoom positions beyond which a file is refused.
const MOST: usize = 50;

/// The commands as they are gathered.
#[derive(Default)]
pub(super) struct Zooms {
    count: usize,
    /// Line, command, what of (`S5`, `F2`, `W1`), zoom position from 0, value.
    values: Vec<(usize, String, String, usize, String)>,
}

impl Zooms {
    /// True if a command is about zoom positions; it is kept.
    pub fn take(&mut self, key: &str, rest: &[String], line: usize) -> bool {
        let number = |word: &str| word.parse::<usize>().ok();
        // a surface, field or wavelength: a letter and a number
        let of = |word: &str| {
            let w = word.to_uppercase();
            let (letter, digits) = w.split_at_checked(1)?;
            let is = w == "SO" || (["S", "F", "W"].contains(&letter) && number(digits).is_some());
            is.then(|| if w == "SO" { "S0".into() } else { w })
        };
        if key == "ZOO" {
            match rest {
                [count] => self.count = number(count).unwrap_or(0),
                [command, rest @ ..] => {
                    let what = rest.first().and_then(|w| of(w));
                    let list = if what.is_some() { &rest[1..] } else { rest };
                    for (i, v) in list.iter().enumerate().take(MOST) {
                        self.keep(line, &command.to_uppercase(), what.clone(), i, v);
                    }
                }
                [] => {}
            }
            return true;
        }
        // one value: the position stands before it
        let position = |word: &String| {
            word.strip_prefix(['Z', 'z']).and_then(number).and_then(|z| z.checked_sub(1)).filter(|z| *z < MOST)
        };
        match rest {
            [z, v] if position(z).is_some() => self.keep(line, key, None, position(z).unwrap_or(0), v),
            [what, z, v] if of(what).is_some() && position(z).is_some() => {
                self.keep(line, key, of(what), position(z).unwrap_or(0), v);
            }
            _ => return false,
        }
        true
    }

    fn keep(&mut self, line: usize, command: &str, of: Option<String>, position: usize, value: &str) {
        if self.values.len() < 20_000 {
            self.values.push((line, command.into(), of.unwrap_or_default(), position, value.into()));
        }
    }

    /// Puts the zoom positions into a lens. `scale` are mm of a unit, `glass` finds one by the surface's number and its name.
    ///
    /// # Errors
    /// [`OpticsError::Format`] for more positions than can be, or numbers of what there is not; those of `glass`.
    pub fn put(
        self,
        lens: &mut Lens,
        scale: f64,
        file: &str,
        glass: &dyn Fn(usize, &str) -> Result<Glass>,
        warnings: &mut Vec<String>,
    ) -> Result<()> {
        if self.count < 2 {
            return Ok(());
        }
        if self.count > MOST {
            let reason = format!("it has {} zoom positions; {MOST} are read at most", self.count);
            return Err(OpticsError::format(file, None, reason));
        }
        let mut states: Vec<Configuration> =
            (1..=self.count).map(|i| Configuration::new(format!("zoom {i}"))).collect();
        let lengths = if lens.field_kind == FieldKind::AngleDeg { 1.0 } else { scale };
        // upper and lower vignetting, by position, field and direction
        let mut rims: Vec<(usize, usize, usize, usize, f64)> = Vec::new();
        for (line, command, of, position, word) in &self.values {
            let Some(c) = states.get_mut(*position) else { continue };
            let value = word.parse::<f64>().unwrap_or(0.0);
            let index = of.get(1..).and_then(|d| d.parse::<usize>().ok());
            let no = |what: &str, count: usize| {
                OpticsError::format(file, *line, format!("{command}: there is no {what} `{of}`; the file has {count}"))
            };
            let within = |letter: char, what: &str, count: usize| {
                let i = index.filter(|_| of.starts_with(letter)).and_then(|i| i.checked_sub(1));
                i.filter(|i| *i < count).ok_or_else(|| no(what, count))
            };
            let surface = || within('S', "surface", lens.surfaces.len());
            let field = || within('F', "field", lens.fields.len());
            match command.as_str() {
                "TIT" | "TITLE" => c.name = word.trim().to_owned(),
                "THI" if of == "S0" => {
                    c.object_mm = Some(if value.abs() < 1e10 { value * scale } else { f64::INFINITY });
                }
                "THI" => c.surface(surface()?).thickness = Some(value * scale),
                "RDY" => {
                    c.surface(surface()?).radius = Some(if value == 0.0 { f64::INFINITY } else { value * scale });
                }
                "CUY" => {
                    c.surface(surface()?).radius = Some(if value == 0.0 { f64::INFINITY } else { scale / value });
                }
                "K" => c.surface(surface()?).conic = Some(value),
                "CIR" => c.surface(surface()?).clear = Some(value * scale),
                "GLA" => {
                    let i = surface()?;
                    c.surface(i).glass =
                        Some(if word.eq_ignore_ascii_case("AIR") { Glass::air() } else { glass(i + 1, word)? });
                }
                "EPD" => c.aperture = Some(Aperture::EntrancePupil(value * scale)),
                "FNO" => c.aperture = Some(Aperture::FNumber(value)),
                "NAO" => c.aperture = Some(Aperture::ObjectNa(value)),
                "XAN" | "XOB" | "XIM" | "XRI" => c.field(field()?).x = Some(value * lengths),
                "YAN" | "YOB" | "YIM" | "YRI" => c.field(field()?).y = Some(value * lengths),
                "WTF" => c.field(field()?).weight = Some(value),
                "WL" => c.wavelength(within('W', "wavelength", lens.wavelengths.len())?).um = Some(value / 1e3),
                "WTW" => c.wavelength(within('W', "wavelength", lens.wavelengths.len())?).weight = Some(value),
                "VUX" | "VLX" | "VUY" | "VLY" => {
                    let axis = usize::from(command.ends_with('Y'));
                    rims.push((*position, field()?, axis, usize::from(command.starts_with("VL")), value));
                }
                // whether a number may vary is for the optimiser
                "THC" | "CCY" | "KC" => {}
                _ => {
                    let start = format!("the zoomed {command} ");
                    if !warnings.iter().any(|w| w.starts_with(&start)) {
                        warnings.push(format!("{start}is left out (line {line})"));
                    }
                }
            }
        }
        for (position, field, axis, lower, value) in rims {
            let v = states[position].field(field).vignetting.get_or_insert(lens.fields[field].vignetting);
            // rims at 1 - upper and -(1 - lower)
            let (mut upper, mut low) = (v.compression[axis] - v.decentre[axis], v.compression[axis] + v.decentre[axis]);
            if lower == 1 {
                low = value
            } else {
                upper = value
            }
            (v.decentre[axis], v.compression[axis]) = (0.5 * (low - upper), 0.5 * (low + upper));
        }
        for i in 0..states.len() {
            let name = states[i].name.clone();
            if name.is_empty() || states[..i].iter().any(|s| s.name.eq_ignore_ascii_case(&name)) {
                states[i].name = format!("{name} {}", i + 1).trim().to_owned();
            }
        }
        lens.configurations = states;
        Ok(())
    }
}
