//! What a photograph was made with, kept in the photograph.

use crate::{BurstFrame, Recipe, RecipeError, Report, Task};
use calotype_look::{Lattice, Look, LookError};
use calotype_optics::Lens;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// The schema this version reads and writes.
const SCHEMA: &str = "photograph/1";
/// The version that makes records.
const ENGINE: &str = env!("CARGO_PKG_VERSION");
/// What stands around the record in a photograph's XMP, and by which it is found there.
const OPEN: &str = "<calotype:Record>";
const CLOSE: &str = "</calotype:Record>";
/// Our XMP namespace.
const NAMESPACE: &str = "urn:calotype:photograph:1#";
/// Bytes of a record at most: a JPEG's XMP holds no more (XMP specification part 3, 1.1.3), with what else stands there.
const LIMIT: usize = 60_000;

/// Everything a photograph was made with: the version, the frames by name and hash, every choice, what the engine found, and
/// the look. A TOML text, stored in the photograph's XMP (JPEG, PNG, TIFF, JPEG XL, OpenEXR) and, if wished, beside it.
///
/// The same version makes the same bytes again of the same frames and the same record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// `photograph/1`.
    pub schema: String,
    /// Version that made the photograph.
    pub engine: String,
    /// Usual extension of its format, without a dot.
    pub format: String,
    /// The frames, in the order they were read.
    #[serde(rename = "input")]
    pub inputs: Vec<InputFile>,
    /// What else the recipe names and was read: lenses and the depth map. Empty in records of versions before 2026-12.
    #[serde(rename = "file", default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<InputFile>,
    /// Every choice; `look` is the look's name.
    pub recipe: Recipe,
    /// What the engine found by itself. For people: to repeat the photograph it is found again.
    pub found: Found,
    /// The look.
    pub look: LookRecord,
}

/// A file that a photograph was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputFile {
    /// The file's name, without its folder.
    pub name: String,
    /// [`crate::content_id`] in hexadecimal: of a frame's bytes, of a lens as the program writes it, of a depth map's samples.
    pub content: String,
}

/// What the engine found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Found {
    /// Pixels across and down.
    pub size: [usize; 2],
    /// The frame the others were laid upon, counted from 0.
    pub reference: usize,
    /// Frames whose samples are part of the picture.
    pub frames_used: usize,
    /// Stops from the reference frame to the picture; absent where there is no exposure, in scene-linear files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_ev: Option<f64>,
    /// The white; absent for cameras without colour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub white: Option<WhiteFound>,
}

/// The white a picture was balanced for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhiteFound {
    /// "as shot", "estimated", "asked" or "assumed".
    pub source: String,
    /// Correlated colour temperature in kelvin.
    pub kelvin: f64,
    /// 3000 times the distance from the Planckian locus in CIE 1960 uv, positive towards magenta.
    pub tint: f64,
}

/// The look of a photograph: one that comes with the program by its name, any other whole. A table that is laid over it stays
/// a file of its own, whose hash the look's text holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookRecord {
    /// Its name.
    pub name: String,
    /// SHA-256 of its text as the program writes it, in hexadecimal.
    pub sha256: String,
    /// That text; absent for built-in looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toml: Option<String>,
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file holds none.
    #[error("no record of what it was made with is in it")]
    None,
    /// Not TOML, an unknown key or a value of the wrong kind. The message shows the line.
    #[error("{0}")]
    Syntax(String),
    /// Another schema than this version reads.
    #[error("the schema is `{0}`; this version reads `{SCHEMA}`")]
    Schema(String),
    /// More text than any record has.
    #[error("a record of {0} bytes is none: the limit is {LIMIT}")]
    TooLarge(usize),
    /// A choice in it makes no sense.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The look in it cannot be read.
    #[error("the look {name} in it cannot be read")]
    Look {
        /// Its name.
        name: String,
        /// Why.
        source: LookError,
    },
    /// A look that this version does not have.
    #[error("its look {0} does not come with this version")]
    UnknownLook(String),
}

impl InputFile {
    /// A frame that was read: its name without folders, and what recognises its bytes.
    pub fn of(frame: &BurstFrame) -> Self {
        Self::new(&frame.name, frame.content)
    }

    fn new(path: &str, content: u128) -> Self {
        let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, content: format!("{content:032x}") }
    }

    /// The lenses and the depth map of a task, as its recipe calls them.
    fn beside(recipe: &Recipe, task: &Task) -> Vec<Self> {
        let lens = |name: &str, lens: &Lens| Self::new(name, crate::content_id(lens.to_toml().as_bytes()));
        let character = task.character.as_ref();
        let correction = task.lens.as_ref().map(|l| lens(&recipe.prescription, l));
        let depth = character.and_then(|c| c.depth.as_ref()).map(|d| Self::new(&recipe.depth, d.content()));
        correction.into_iter().chain(character.map(|c| lens(&recipe.character, &c.lens))).chain(depth).collect()
    }
}

impl Record {
    /// The record of a photograph, from what was asked for and what was found.
    pub fn new(inputs: Vec<InputFile>, recipe: &Recipe, task: &Task, report: &Report) -> Self {
        let text = task.look.to_toml();
        let name = task.look.meta.name.clone();
        let own = Look::builtin(&name).is_none_or(|known| known != task.look);
        let white =
            report.white_balance.map(|w| WhiteFound { source: w.source.into(), kelvin: w.kelvin, tint: w.tint });
        Self {
            schema: SCHEMA.into(),
            engine: ENGINE.into(),
            format: task.format.extension().into(),
            inputs,
            files: InputFile::beside(recipe, task),
            recipe: Recipe { look: name.clone(), ..recipe.clone() },
            found: Found {
                size: report.size,
                reference: report.reference,
                frames_used: report.frames.iter().filter(|f| f.used).count(),
                exposure_ev: report.exposure.map(|e| f64::from(e.total_ev)),
                white,
            },
            look: LookRecord { name, sha256: hex(&Sha256::digest(&text)), toml: own.then_some(text) },
        }
    }

    /// Reads a record's text.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn from_toml(text: &str) -> Result<Self, RecordError> {
        if text.len() > LIMIT {
            return Err(RecordError::TooLarge(text.len()));
        }
        let table: toml::Table = toml::from_str(text).map_err(|e| RecordError::Syntax(e.to_string()))?;
        match table.get("schema").and_then(|s| s.as_str()) {
            Some(SCHEMA) => {}
            Some(other) => return Err(RecordError::Schema(other.chars().take(80).collect())),
            None => return Err(RecordError::None),
        }
        let record: Self = toml::from_str(text).map_err(|e| RecordError::Syntax(e.to_string()))?;
        record.recipe.check()?;
        Ok(record)
    }

    /// The record as text, every choice written out.
    pub fn to_toml(&self) -> String {
        // Plain numbers, strings and tables of the same: there is nothing TOML could refuse.
        toml::to_string_pretty(self).unwrap_or_default()
    }

    /// Finds the record in a photograph's bytes, of whatever format: XMP stands in all of them as plain text.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn from_photograph(bytes: &[u8]) -> Result<Self, RecordError> {
        let find = |from: usize, what: &str| bytes[from..].windows(what.len()).position(|w| w == what.as_bytes());
        let start = find(0, OPEN).ok_or(RecordError::None)? + OPEN.len();
        let end = start + find(start, CLOSE).ok_or(RecordError::None)?;
        // Every byte of the record is at most six of XML.
        if end - start > 6 * LIMIT {
            return Err(RecordError::TooLarge(end - start));
        }
        let text = std::str::from_utf8(&bytes[start..end]).map_err(|e| RecordError::Syntax(e.to_string()))?;
        Self::from_toml(&unescaped(text))
    }

    /// The XMP packet that holds the record. A look too long for it stays out, and is known by its hash alone.
    pub fn to_xmp(&self) -> String {
        let mut text = escaped(&self.to_toml());
        if text.len() > LIMIT {
            let look = LookRecord { toml: None, ..self.look.clone() };
            text = escaped(&Self { look, ..self.clone() }.to_toml());
        }
        format!(
            "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n\
             <rdf:Description rdf:about=\"\" xmlns:calotype=\"{NAMESPACE}\">\n{OPEN}{text}{CLOSE}\n</rdf:Description>\n\
             </rdf:RDF>\n</x:xmpmeta>\n"
        )
    }

    /// The look. `table` brings the table of colours that a look names, by its file name, or says why not.
    ///
    /// # Errors
    /// [`RecordError::Look`], [`RecordError::UnknownLook`].
    pub fn look(&self, table: &dyn Fn(&str) -> Result<Lattice, String>) -> Result<Look, RecordError> {
        let LookRecord { name, toml, .. } = &self.look;
        match toml {
            Some(text) => {
                Look::from_toml_with(text, table).map_err(|source| RecordError::Look { name: name.clone(), source })
            }
            None => Look::builtin(name).ok_or_else(|| RecordError::UnknownLook(name.clone())),
        }
    }

    /// The names that these files had when the photograph was made, where their bytes are the same in the same order: a
    /// photograph does not change because its frames were renamed.
    pub fn named_as_before(&self, inputs: Vec<InputFile>) -> Vec<InputFile> {
        if hashes(&inputs).eq(hashes(&self.inputs)) { self.inputs.clone() } else { inputs }
    }

    /// Why a photograph made of these frames for this task, by this version, may not be the same to the byte; empty where it
    /// will.
    pub fn differences(&self, inputs: &[InputFile], recipe: &Recipe, task: &Task) -> Vec<String> {
        let (look, format) = (&task.look, task.format.extension());
        let mut all = Vec::new();
        if self.engine != ENGINE {
            all.push(format!("it was made by version {}, and this is version {ENGINE}", self.engine));
        }
        if self.look.sha256 != hex(&Sha256::digest(look.to_toml())) {
            all.push(format!("the look {} is not the one it was made with", look.meta.name));
        }
        if self.format != format {
            all.push(format!("it is a .{}, and not a .{format}", self.format));
        }
        if !hashes(inputs).eq(hashes(&self.inputs)) {
            all.push(self.other_inputs(inputs));
        }
        let files = InputFile::beside(recipe, task);
        let other = files.iter().filter(|_| !self.files.is_empty()).filter(|f| !self.files.contains(f));
        all.extend(other.map(|file| match self.files.iter().find(|was| was.name == file.name) {
            Some(was) => changed(file, was),
            None => format!("{} was not among its files ({})", file.name, names(&self.files)),
        }));
        all
    }

    fn other_inputs(&self, inputs: &[InputFile]) -> String {
        let known = |file: &InputFile| self.inputs.iter().any(|i| i.content == file.content);
        let Some(other) = inputs.iter().find(|file| !known(file)) else {
            return format!("it was made of {} frames in their order: {}", self.inputs.len(), names(&self.inputs));
        };
        match self.inputs.iter().find(|i| i.name == other.name) {
            Some(was) => changed(other, was),
            None => format!("{} was not among its frames ({})", other.name, names(&self.inputs)),
        }
    }
}

fn hashes(files: &[InputFile]) -> impl Iterator<Item = &str> {
    files.iter().map(|f| f.content.as_str())
}

fn changed(file: &InputFile, was: &InputFile) -> String {
    let (before, now) = (start(&was.content), start(&file.content));
    format!("{} has changed since: its content was {before}… and is {now}…", file.name)
}

/// The first names of some files.
fn names(files: &[InputFile]) -> String {
    let first: Vec<&str> = files.iter().take(3).map(|f| f.name.as_str()).collect();
    first.join(", ") + if files.len() > 3 { " …" } else { "" }
}

/// Enough of a hash to tell two apart.
fn start(hash: &str) -> String {
    hash.chars().take(12).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}

fn unescaped(text: &str) -> String {
    let quotes = text.replace("&#13;", "\r").replace("&#xD;", "\r").replace("&quot;", "\"").replace("&apos;", "'");
    quotes.replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Character, DepthMap, DepthUnit, Format};
    use calotype_image::Plane;
    use std::sync::Arc;

    fn file(name: &str, hash: &str) -> InputFile {
        InputFile { name: name.into(), content: hash.into() }
    }

    fn task(look: Look, format: Format) -> Task {
        Task { format, look, lens: None, character: None, diagnostics: false }
    }

    fn record(look: Look) -> Record {
        let inputs = vec![file("1.dng", "aa"), file("2 & <3>.dng", "bb")];
        let recipe = Recipe { look: "somewhere/x.toml".into(), ..Recipe::default() };
        Record::new(inputs, &recipe, &task(look, Format::Jpeg), &Report::default())
    }

    #[test]
    fn records_come_back_from_text_and_photograph() {
        let mut own = Look::builtin("slide").unwrap();
        own.meta.description = "a 'quoted' \"text\" &amp; <b>\r\nand lines".into();
        for look in [Look::builtin("slide").unwrap(), own] {
            let record = record(look.clone());
            assert_eq!(record.recipe.look, "slide");
            assert_eq!(Record::from_toml(&record.to_toml()).unwrap(), record);
            let file = [b"\xff\xd8 \x00 <calotype:".as_slice(), record.to_xmp().as_bytes(), b"\xff\xd9"].concat();
            let again = Record::from_photograph(&file).unwrap();
            assert_eq!(again, record);
            assert_eq!(again.look(&|_| Err("none".into())).unwrap(), look);
            assert!(again.differences(&record.inputs, &record.recipe, &task(look, Format::Jpeg)).is_empty());
        }
    }

    #[test]
    fn what_differs_is_told() {
        let look = Look::builtin("slide").unwrap();
        let mut record = record(look.clone());
        let other = vec![file("1.dng", "aa"), file("2 & <3>.dng", "cc")];
        let jpeg = task(look, Format::Jpeg);
        let differences = |inputs: &[InputFile]| record.differences(inputs, &record.recipe, &jpeg);
        assert!(differences(&other)[0].contains("2 & <3>.dng has changed since"));
        assert!(differences(&[file("9.dng", "dd")])[0].contains("9.dng was not among its frames"));
        assert!(differences(&record.inputs[..1])[0].contains("2 frames in their order"));
        let renamed = vec![file("a.dng", "aa"), file("b.dng", "bb")];
        assert_eq!(record.named_as_before(renamed), record.inputs);
        assert_eq!(record.named_as_before(other.clone()), other);
        record.engine = "0.0.1".into();
        let all = record.differences(&record.inputs, &record.recipe, &task(Look::default(), Format::Png));
        assert!(all.len() == 3 && all[0].contains("version 0.0.1"), "{all:?}");
    }

    #[test]
    fn a_lens_or_a_depth_map_that_changed_is_told() {
        let map = |d: f32| {
            let plane = Plane::from_fn(2, 2, |x, _| d + x as f32);
            Some(Arc::new(DepthMap::new("far/depth.exr", &plane, DepthUnit::Metres).unwrap()))
        };
        let with = |lens: &str, depth| {
            let lens = Arc::new(calotype_optics::built_in_lens(lens).unwrap().unwrap());
            let character = Some(Character { lens, depth, preview: false });
            Task { character, ..task(Look::default(), Format::Jpeg) }
        };
        let recipe = Recipe { character: "my/lens.toml".into(), depth: "far/depth.exr".into(), ..Recipe::default() };
        let made = Record::new(vec![], &recipe, &with("swirl-f1.4", map(1.0)), &Report::default());
        let made = Record::from_toml(&made.to_toml()).unwrap();
        let differences = |lens, depth| made.differences(&[], &recipe, &with(lens, depth));
        assert_eq!(differences("swirl-f1.4", map(1.0)), [""; 0]);
        let depth = differences("swirl-f1.4", map(1.5));
        assert!(depth.len() == 1 && depth[0].contains("depth.exr has changed since"), "{depth:?}");
        let lens = differences("petzval-f1.9", map(1.0));
        assert!(lens.len() == 1 && lens[0].contains("lens.toml has changed since"), "{lens:?}");
        // records of before tell nothing of them
        let old = Record { files: vec![], ..made.clone() };
        assert_eq!(old.differences(&[], &recipe, &with("petzval-f1.9", map(2.0))), [""; 0]);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        assert!(matches!(Record::from_photograph(b"JFIF"), Err(RecordError::None)));
        assert!(matches!(Record::from_photograph(b"<calotype:Record>x"), Err(RecordError::None)));
        assert!(matches!(
            Record::from_photograph(b"<calotype:Record>\xff</calotype:Record>"),
            Err(RecordError::Syntax(_))
        ));
        assert!(matches!(Record::from_toml("look = 'natural'"), Err(RecordError::None)));
        assert!(matches!(Record::from_toml("schema = 'photograph/9'"), Err(RecordError::Schema(_))));
        assert!(matches!(Record::from_toml(&" ".repeat(LIMIT + 1)), Err(RecordError::TooLarge(_))));
        let text = record(Look::default()).to_toml();
        let message = Record::from_toml(&text.replace("strength = 1.0", "strength = 7.0")).unwrap_err().to_string();
        assert!(message.contains("strength is 7"), "{message}");
        let unknown = Record::from_toml(&text.replace("[found]", "[fond]")).unwrap_err().to_string();
        assert!(unknown.contains("fond"), "{unknown}");
        let nameless = Record::from_toml(&text).unwrap().look(&|_| Err("none".into())).unwrap_err();
        assert!(matches!(nameless, RecordError::Look { .. }), "{nameless}");
        let unknown = text.lines().take_while(|l| *l != "[look]").collect::<Vec<_>>().join("\n")
            + "\n[look]\nname = 'gone'\nsha256 = ''";
        let gone = Record::from_toml(&unknown).unwrap().look(&|_| Err("none".into())).unwrap_err();
        assert!(matches!(gone, RecordError::UnknownLook(_)), "{gone}");
    }

    #[test]
    fn damaged_records_never_panic() {
        let mut own = Look::builtin("slide").unwrap();
        own.tone.slope = 1.3;
        let xmp = record(own).to_xmp();
        let mut state = 1u64;
        let mut below = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        for _ in 0..300 {
            let mut bytes = xmp.clone().into_bytes();
            for _ in 0..=below(3) {
                let at = below(bytes.len() - 20);
                match below(3) {
                    0 => bytes[at] = below(256) as u8,
                    1 => drop(bytes.drain(at..at + 1 + below(19))),
                    _ => drop(bytes.splice(at..at + 4, *b"&lt;\n'")),
                }
            }
            if let Ok(read) = Record::from_photograph(&bytes) {
                let _ = read.look(&|_| Err("none".into()));
                assert_eq!(Record::from_toml(&read.to_toml()).unwrap().to_toml(), read.to_toml());
            }
        }
    }

    #[test]
    fn a_look_too_long_for_a_photograph_stays_out() {
        let mut look = Look::builtin("slide").unwrap();
        look.meta.description = "<".repeat(20_000);
        let record = record(look);
        assert!(record.look.toml.is_some() && record.to_xmp().len() < LIMIT);
        assert!(Record::from_photograph(record.to_xmp().as_bytes()).unwrap().look.toml.is_none());
    }
}
