//! Reading look files: strict TOML that teaches.

use crate::schema::{SECTOR_CHROMA, SECTOR_LIGHTNESS, SECTOR_SHIFT};
use crate::{Contract, Field, Look, LookError, SECTORS, fields};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The schema this version reads and writes.
pub const SCHEMA: &str = "look/1";

/// Bytes beyond which a text is refused unread.
const LIMIT: usize = 65_536;

/// Keys that are not plain numbers of [`fields`]: their sections, names and what they are for.
const OTHER: &[(&str, &str)] = &[
    ("", "schema"),
    ("meta", "name"),
    ("meta", "family"),
    ("meta", "author"),
    ("meta", "licence"),
    ("meta", "description"),
    ("meta", "created"),
    ("meta", "parents"),
    ("anchor", "white"),
    ("anchor", "surround"),
    ("sector", "hue"),
    ("sector", "shift_deg"),
    ("sector", "chroma"),
    ("sector", "lightness"),
    ("residual", "file"),
    ("residual", "sha256"),
    ("residual", "amount"),
    ("contract", "slope"),
    ("contract", "min_lstar"),
    ("contract", "lstar"),
    ("contract", "gain"),
    ("contract", "hue"),
    ("contract", "skin_shift_max"),
    ("contract", "skin_spread_max"),
    ("contract", "corner_ev"),
];

impl Look {
    /// Reads a look file (schema `look/1`).
    ///
    /// `schema` and `meta.name` must be there; every other key has the value of the neutral rendition where it is
    /// absent. Unknown keys, values of a wrong kind and numbers outside their range are errors that name the line.
    ///
    /// ```
    /// let text = "schema = 'look/1'\n[meta]\nname = 'mine'\n[tone]\nslop = 1.2\n";
    /// let error = calotype_look::Look::from_toml(text).unwrap_err();
    /// assert_eq!(error.to_string(), "line 5: unknown key `tone.slop`; did you mean `tone.slope`?");
    /// ```
    ///
    /// # Errors
    /// See [`LookError`].
    pub fn from_toml(text: &str) -> Result<Self, LookError> {
        Self::from_toml_with(text, &|file| Err(format!("{file} cannot be reached from a text alone")))
    }

    /// The same for a look that may name a table laid over it (`[residual]`): `table` brings the one in the file of that name
    /// (a bare name, without folders) or says why it cannot.
    ///
    /// # Errors
    /// See [`LookError`]; [`LookError::Residual`] with what `table` said.
    pub fn from_toml_with(text: &str, table: Tables<'_>) -> Result<Self, LookError> {
        if text.len() > LIMIT {
            return Err(LookError::TooLarge(text.len()));
        }
        let keys = DeTable::parse(text).map_err(|e| {
            let at = e.span().map_or(0, |s| s.start);
            let (line, column) = place(text, at);
            LookError::Syntax { line, column, message: e.message().to_owned() }
        })?;
        let reader = Reader { text };
        let mut look = Self::default();
        let mut schema = None;
        for (key, value) in keys.get_ref() {
            match key.get_ref().as_ref() {
                "schema" => schema = Some(reader.text("schema", value)?),
                "meta" => reader.meta(&mut look, value)?,
                "sector" => reader.sectors(&mut look, value)?,
                "residual" => look.residual = Some(reader.residual(value, table)?),
                "contract" => look.contract = reader.contract(value)?,
                section if fields().iter().any(|f| f.section == section) => {
                    reader.section(&mut look, section, value)?;
                }
                other => return Err(reader.unknown("", other, key.span())),
            }
        }
        match schema {
            Some(s) if s == SCHEMA => {}
            Some(s) => return Err(LookError::Schema(s)),
            None => return Err(LookError::Missing { key: "schema", meaning: "it must be `look/1`" }),
        }
        if look.meta.name.is_empty() {
            return Err(LookError::Missing { key: "meta.name", meaning: "what the look is called" });
        }
        Ok(look)
    }
}

/// Line and column of a byte, both from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(1, |s| s.chars().count() + 1);
    (line, column)
}

/// Brings the table of a file, or says why not.
type Tables<'a> = &'a dyn Fn(&str) -> Result<crate::Lattice, String>;

type Value<'a> = Spanned<DeValue<'a>>;

struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn line(&self, span: Range<usize>) -> usize {
        place(self.text, span.start).0
    }

    /// A section of plain numbers.
    fn section(&self, look: &mut Look, section: &str, value: &Value<'_>) -> Result<(), LookError> {
        for (key, value) in self.table(section, value)? {
            let name = key.get_ref().as_ref();
            let full = join(section, name);
            match fields().iter().find(|f| f.section == section && f.key == name) {
                Some(field) => {
                    let numbers = self.numbers(&full, value, field.count())?;
                    for number in &numbers {
                        self.check(field, &full, *number, value.span())?;
                    }
                    field.values(look).copy_from_slice(&numbers);
                }
                None if section == "anchor" && (name == "white" || name == "surround") => {
                    let only = if name == "white" { "D65" } else { "average" };
                    let found = self.text(&full, value)?;
                    if found != only {
                        let expected = if name == "white" { "\"D65\"" } else { "\"average\"" };
                        return Err(self.wrong(&full, expected, &format!("\"{found}\""), value));
                    }
                }
                None => return Err(self.unknown(section, name, key.span())),
            }
        }
        Ok(())
    }

    fn meta(&self, look: &mut Look, value: &Value<'_>) -> Result<(), LookError> {
        for (key, value) in self.table("meta", value)? {
            let name = key.get_ref().as_ref();
            let full = join("meta", name);
            let slot = match name {
                "name" => &mut look.meta.name,
                "family" => &mut look.meta.family,
                "author" => &mut look.meta.author,
                "licence" => &mut look.meta.licence,
                "description" => &mut look.meta.description,
                "created" => &mut look.meta.created,
                "parents" => {
                    look.meta.parents = self.parents(value)?;
                    continue;
                }
                _ => return Err(self.unknown("meta", name, key.span())),
            };
            *slot = self.text(&full, value)?;
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if name == "name" && (slot.is_empty() || slot.len() > 64 || !slot.chars().all(plain)) {
                let expected = "1 to 64 lower-case letters, digits and hyphens";
                return Err(self.wrong(&full, expected, &format!("\"{slot}\""), value));
            }
        }
        Ok(())
    }

    fn parents(&self, value: &Value<'_>) -> Result<Vec<(String, f64)>, LookError> {
        let mut parents = Vec::new();
        for entry in self.array("meta.parents", value)? {
            let (mut id, mut weight) = (String::new(), 1.0);
            for (key, value) in self.table("meta.parents", entry)? {
                match key.get_ref().as_ref() {
                    "id" => id = self.text("meta.parents.id", value)?,
                    "weight" => weight = self.number("meta.parents.weight", value)?,
                    other => return Err(self.unknown("meta.parents", other, key.span())),
                }
            }
            parents.push((id, weight));
        }
        Ok(parents)
    }

    fn residual(&self, value: &Value<'_>, table: Tables<'_>) -> Result<crate::Residual, LookError> {
        let (mut file, mut amount, mut hash) = (None, 1.0, None);
        for (key, value) in self.table("residual", value)? {
            match key.get_ref().as_ref() {
                "file" => {
                    let name = self.text("residual.file", value)?;
                    if name.contains(['/', '\\']) || !name.ends_with(".cube") || name.chars().any(char::is_control) {
                        let expected = "the name of a .cube file beside the look's own";
                        return Err(self.wrong("residual.file", expected, &format!("\"{name}\""), value));
                    }
                    file = Some((name, self.line(value.span())));
                }
                "sha256" => hash = Some(self.text("residual.sha256", value)?),
                "amount" => {
                    amount = self.number("residual.amount", value)?;
                    self.within("residual.amount", amount, (0.0, 2.0), "", "how much of the table", value.span())?;
                }
                other => return Err(self.unknown("residual", other, key.span())),
            }
        }
        let Some((file, line)) = file else {
            return Err(LookError::Missing { key: "residual.file", meaning: "the table that is laid over the look" });
        };
        let lattice = table(&file).map_err(|message| LookError::Residual { line, message })?;
        if hash.is_some_and(|hash| hash != lattice.sha256()) {
            let message = format!("{file} is not the table the look was made with: its values have another SHA-256");
            return Err(LookError::Residual { line, message });
        }
        Ok(crate::Residual { file, amount, lattice: std::sync::Arc::new(lattice) })
    }

    fn sectors(&self, look: &mut Look, value: &Value<'_>) -> Result<(), LookError> {
        let mut seen = [false; 8];
        for entry in self.array("sector", value)? {
            let mut sector = crate::Sector::default();
            let mut index = None;
            for (key, value) in self.table("sector", entry)? {
                let name = key.get_ref().as_ref();
                let full = join("sector", name);
                let (slot, range, unit, meaning) = match name {
                    "hue" => {
                        index = Some(self.hue(value)?);
                        continue;
                    }
                    "shift_deg" => (&mut sector.shift_deg, SECTOR_SHIFT, "degrees", "turn of the hue in Oklab"),
                    "chroma" => (&mut sector.chroma, SECTOR_CHROMA, "", "factor of chroma at this hue"),
                    "lightness" => (&mut sector.lightness, SECTOR_LIGHTNESS, "", "relative change of Oklab lightness"),
                    _ => return Err(self.unknown("sector", name, key.span())),
                };
                *slot = self.number(&full, value)?;
                self.within(&full, *slot, range, unit, meaning, value.span())?;
            }
            let Some(i) = index else {
                return Err(LookError::Missing { key: "sector.hue", meaning: HUES });
            };
            if std::mem::replace(&mut seen[i], true) {
                let what = format!("sector {} ({})", SECTORS[i].0, SECTORS[i].1);
                return Err(LookError::Twice { line: self.line(entry.span()), what });
            }
            look.sectors[i] = sector;
        }
        Ok(())
    }

    /// Which of the eight sectors: by degrees or by name.
    fn hue(&self, value: &Value<'_>) -> Result<usize, LookError> {
        let found = match value.get_ref() {
            DeValue::String(name) => SECTORS.iter().position(|s| s.1 == name.as_ref()),
            _ => {
                let hue = self.number("sector.hue", value)?;
                SECTORS.iter().position(|s| s.0 == hue)
            }
        };
        found.ok_or_else(|| self.wrong("sector.hue", HUES, &self.text[value.span()], value))
    }

    fn contract(&self, value: &Value<'_>) -> Result<Contract, LookError> {
        let mut contract = Contract::default();
        for (key, value) in self.table("contract", value)? {
            let name = key.get_ref().as_ref();
            let full = join("contract", name);
            match name {
                "slope" => contract.slope = Some(self.number(&full, value)?),
                "min_lstar" => contract.min_lstar = Some(self.number(&full, value)?),
                "corner_ev" => contract.corner_ev = Some(self.number(&full, value)?),
                "skin_shift_max" => contract.skin_shift_max = Some(self.number(&full, value)?),
                "skin_spread_max" => contract.skin_spread_max = Some(self.number(&full, value)?),
                "lstar" => contract.lstar = self.by_stops(&full, value)?,
                "gain" => contract.gain = self.by_stops(&full, value)?,
                "hue" => {
                    for (key, value) in self.table(&full, value)? {
                        let name = key.get_ref().as_ref();
                        let Some(i) = SECTORS.iter().position(|s| s.1 == name) else {
                            return Err(self.unknown(&full, name, key.span()));
                        };
                        contract.hue.push((i, self.number(&join(&full, name), value)?));
                    }
                    contract.hue.sort_by_key(|h| h.0);
                }
                _ => return Err(self.unknown("contract", name, key.span())),
            }
        }
        Ok(contract)
    }

    /// A table whose keys are stops from middle grey.
    fn by_stops(&self, full: &str, value: &Value<'_>) -> Result<Vec<(f64, f64)>, LookError> {
        let mut pairs = Vec::new();
        for (key, value) in self.table(full, value)? {
            let name = key.get_ref().as_ref();
            let Some(ev) = name.parse::<f64>().ok().filter(|ev| (-12.0..=12.0).contains(ev)) else {
                let expected = "a table whose keys are stops from grey, \"-12\" to \"12\"";
                return Err(self.wrong(full, expected, &format!("the key `{name}`"), value));
            };
            pairs.push((ev, self.number(&join(full, name), value)?));
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(pairs)
    }

    fn table<'v, 'i>(&self, full: &str, value: &'v Value<'i>) -> Result<&'v DeTable<'i>, LookError> {
        value.get_ref().as_table().ok_or_else(|| self.wrong(full, "a table", value.get_ref().type_str(), value))
    }

    fn array<'v, 'i>(
        &self,
        full: &str,
        value: &'v Value<'i>,
    ) -> Result<impl Iterator<Item = &'v Value<'i>>, LookError> {
        match value.get_ref().as_array() {
            Some(a) => Ok(a.iter()),
            None => Err(self.wrong(full, "a list of tables", value.get_ref().type_str(), value)),
        }
    }

    fn text(&self, full: &str, value: &Value<'_>) -> Result<String, LookError> {
        match value.get_ref().as_str() {
            Some(s) => Ok(s.to_owned()),
            None => Err(self.wrong(full, "a text", value.get_ref().type_str(), value)),
        }
    }

    fn number(&self, full: &str, value: &Value<'_>) -> Result<f64, LookError> {
        let number = match value.get_ref() {
            DeValue::Float(f) => f.as_str().parse::<f64>().ok(),
            DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix()).ok().map(|v| v as f64),
            _ => None,
        };
        number
            .filter(|v| v.is_finite())
            .ok_or_else(|| self.wrong(full, "a finite number", value.get_ref().type_str(), value))
    }

    fn numbers(&self, full: &str, value: &Value<'_>, count: usize) -> Result<Vec<f64>, LookError> {
        if count == 1 {
            return Ok(vec![self.number(full, value)?]);
        }
        let expected = if count == 2 { "a list of 2 numbers [a, b]" } else { "a list of 3 numbers [red, green, blue]" };
        match value.get_ref().as_array() {
            Some(list) if list.len() == count => list.iter().map(|v| self.number(full, v)).collect(),
            Some(list) => Err(self.wrong(full, expected, &format!("a list of {}", list.len()), value)),
            None => Err(self.wrong(full, expected, value.get_ref().type_str(), value)),
        }
    }

    fn check(&self, field: &'static Field, full: &str, value: f64, span: Range<usize>) -> Result<(), LookError> {
        self.within(full, value, (field.min, field.max), field.unit, field.meaning, span)
    }

    fn within(
        &self,
        full: &str,
        value: f64,
        (min, max): (f64, f64),
        unit: &'static str,
        meaning: &'static str,
        span: Range<usize>,
    ) -> Result<(), LookError> {
        if (min..=max).contains(&value) {
            return Ok(());
        }
        Err(LookError::OutOfRange { line: self.line(span), key: full.to_owned(), value, min, max, unit, meaning })
    }

    fn wrong(&self, full: &str, expected: &'static str, found: &str, value: &Value<'_>) -> LookError {
        let found: String = found.chars().take(80).collect();
        LookError::WrongType { line: self.line(value.span()), key: full.to_owned(), expected, found }
    }

    fn unknown(&self, section: &str, key: &str, span: Range<usize>) -> LookError {
        let key: String = key.chars().take(80).collect();
        let full = join(section, &key);
        LookError::UnknownKey { line: self.line(span), suggestion: nearest(section, &key), key: full }
    }
}

const HUES: &str =
    "one of 25 (red), 50 (skin), 105 (yellow), 140 (green), 195 (cyan), 260 (blue), 305 (purple), 345 (magenta)";

fn join(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// The known key that is most like an unknown one: in its own section first, then anywhere.
fn nearest(section: &str, key: &str) -> Option<String> {
    let known = fields().iter().map(|f| (f.section, f.key)).chain(OTHER.iter().copied());
    let sections = fields().iter().map(|f| ("", f.section)).chain([
        ("", "meta"),
        ("", "sector"),
        ("", "residual"),
        ("", "contract"),
    ]);
    let hues = SECTORS.iter().map(|s| ("contract.hue", s.1));
    let (cost, full) = known
        .chain(sections)
        .chain(hues)
        .map(|(s, k)| (2 * distance(key, k) + usize::from(s != section), join(s, k)))
        .min_by(|a, b| a.0.cmp(&b.0))?;
    // About every third letter may be wrong; the same word in another section is always worth telling.
    (cost <= 1 || cost < 2 * (key.chars().count() / 3).max(2)).then_some(full)
}

/// Edits from one word to another: letters put in, left out, exchanged, and neighbours swapped (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (mut older, mut last) = (vec![], (0..=b.len()).collect::<Vec<usize>>());
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(older[j - 2] + 1);
            }
        }
        (older, last) = (last, row);
    }
    last[b.len()]
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
