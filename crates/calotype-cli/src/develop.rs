//! `calotype develop`: a burst in, a photograph out.

use crate::args::{Choices, Common, DevelopArgs};
use crate::batch::Work;
use crate::failure::Failure;
use crate::inputs::{self, Inputs};
use crate::out::Outcome;
use crate::progress::Display;
use crate::target::{self, Target};
use crate::{camera_profile, diagnostics, raw_file};
use calotype::{Format, InputFile, Look, Photo, Recipe, Record, Report, Task};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXTENSIONS: &[&str] = &["jpg", "jpeg", "tif", "tiff", "png", "avif", "jxl", "exr"];

/// Develops one burst, or every burst of a folder.
pub fn run(args: &DevelopArgs, common: &Common) -> Result<Outcome, Failure> {
    let inputs = Inputs::find(&args.frames)?;
    let target = Target::resolve(&args.out, inputs.any_folder, EXTENSIONS)?;
    let format = format(args.format.as_deref(), &target)?;
    let Asked { recipe, looks, record } = Asked::of(&args.choices, args.no_hdr)?;
    let camera = match recipe.profile.as_str() {
        "" => None,
        path => Some(camera_profile::read(path.as_ref())?),
    };
    let lens = match recipe.prescription.as_str() {
        "" => None,
        name => Some(Arc::new(crate::lens::load(name)?)),
    };
    let character = crate::character::load(&recipe, args.preview)?;
    if let Target::File(path) = &target {
        // Before any work: each look has a file of its own.
        for look in &looks {
            let out = with_look(path, look, &looks);
            if looks.len() > 1 {
                target::check_writable(&out, args.overwrite)?;
            }
            if args.recipe_beside {
                target::check_writable(&beside(&out)?, args.overwrite)?;
            }
        }
    }
    let saved = args.save_recipe.as_deref().map(|path| SavedRecipe::new(&recipe, path, args.overwrite)).transpose()?;
    let (overwrite, diagnostics) = (args.overwrite, args.diagnostics.as_deref());
    let work = Work { inputs, target, suffix: &format!(".{format}"), overwrite, diagnostics };
    let outcome = work.run(common, &|job, display| {
        let format = Format::from_path(&job.out).unwrap_or(Format::Jpeg);
        let task = |look: &Look| Task {
            format,
            look: look.clone(),
            lens: lens.clone(),
            character: character.clone(),
            diagnostics: job.diagnostics.is_some(),
        };
        let mut burst = raw_file::read_burst(&job.frames, display)?;
        if let Some(camera) = &camera {
            burst.use_camera(camera);
        }
        let mut inputs: Vec<InputFile> = burst.frames.iter().map(InputFile::of).collect();
        let mut negative = Some(calotype::negative(burst, &recipe, &task(&looks[0]), display)?);
        let mut report = Report::default();
        for (i, look) in looks.iter().enumerate() {
            // The last look has the negative for itself.
            let copy = if i + 1 < looks.len() { negative.clone() } else { negative.take() };
            let Some(negative) = copy else { break };
            let mut photo = negative.print(&recipe, &task(look), display)?;
            if let Some((record, name)) = &record {
                inputs = record.named_as_before(inputs);
                let differs = record.differences(&inputs, &recipe, &task(look));
                let told =
                    differs.into_iter().map(|d| format!("not the same to the byte as what {name} tells of: {d}"));
                photo.report.warnings.extend(told);
            }
            photo.record = Some(Record::new(inputs.clone(), &recipe, &task(look), &photo.report));
            write(&photo, &with_look(&job.out, look, &looks), &recipe, args, display)?;
            if let (0, Some(folder)) = (i, &job.diagnostics) {
                diagnostics::write(&photo.diagnostics, folder, overwrite)?;
            }
            report = photo.report;
        }
        Ok::<Report, Failure>(report)
    })?;
    saved.map_or(Ok(()), |recipe| recipe.write())?;
    Ok(outcome)
}

/// Writes a photograph and, where it was asked for, what it was made with beside it.
fn write(photo: &Photo, out: &Path, recipe: &Recipe, args: &DevelopArgs, display: &Display) -> Result<(), Failure> {
    photo.write(out, args.overwrite, &recipe.output, display)?;
    if let (true, Some(record)) = (args.recipe_beside, &photo.record) {
        let text = format!("# What {} was made with.\n{}", file_name(out), record.to_toml());
        calotype::save_bytes(&beside(out)?, text.as_bytes(), args.overwrite)?;
    }
    Ok(())
}

/// Where the record of a photograph goes: PHOTO.recipe.toml.
fn beside(out: &Path) -> Result<PathBuf, Failure> {
    if target::is_standard_output(out) {
        return Err(Failure::usage("there is nothing beside standard output")
            .help("Leave --recipe-beside out, or write the photograph to a file."));
    }
    Ok(out.with_extension("recipe.toml"))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Where the photograph in one of several looks goes: the first as named, the others with the look's name at the end, so
/// that what is asked for exists, and an interrupted folder can be taken up.
fn with_look(out: &Path, look: &Look, looks: &[Look]) -> PathBuf {
    if std::ptr::eq(look, &looks[0]) {
        return out.into();
    }
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    let extension = out.extension().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!("{stem}-{}.{extension}", look.meta.name))
}

/// The extension of photographs in a folder. A file's own says what it is, and must not be contradicted.
fn format<'a>(asked: Option<&'a str>, target: &Target) -> Result<&'a str, Failure> {
    match (asked, target) {
        (Some(format), Target::File(path)) if Format::from_path(path) != Format::from_extension(format) => {
            Err(Failure::usage(format!("{} is no .{format} file, as --format wants", path.display()))
                .help("Leave --format out: it is for folders, and the extension of a file tells its format."))
        }
        _ => Ok(asked.unwrap_or("jpg")),
    }
}

/// What was asked for.
struct Asked {
    recipe: Recipe,
    looks: Vec<Look>,
    /// The record of a photograph to be made again, and what holds it.
    record: Option<(Record, String)>,
}

impl Asked {
    /// What a recipe or a photograph says, if one was named, with what was chosen on the command line.
    fn of(choices: &Choices, no_hdr: bool) -> Result<Self, Failure> {
        let (mut recipe, record) = match &choices.recipe {
            Some(path) => match read_recipe(path)? {
                Known::Recipe(recipe) => (*recipe, None),
                Known::Record(record) => (record.recipe.clone(), Some((*record, file_name(path)))),
            },
            None => (Recipe::default(), None),
        };
        choices.apply(&mut recipe);
        recipe.output.hdr &= !no_hdr;
        recipe
            .check()
            .map_err(|e| Failure::usage(e.to_string()).help("See `calotype help develop` for the ranges."))?;
        let looks = match (&record, &choices.look, &choices.recipe) {
            (Some((record, name)), None, Some(path)) => vec![recorded_look(record, name, path)?],
            _ => recipe.look.split(',').map(|name| crate::look::load(name.trim())).collect::<Result<_, _>>()?,
        };
        Ok(Self { recipe, looks, record })
    }
}

/// What the file of `--recipe` holds.
enum Known {
    Recipe(Box<Recipe>),
    Record(Box<Record>),
}

fn read_recipe(path: &Path) -> Result<Known, Failure> {
    let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
        Failure::new(format!("cannot use the recipe {}", path.display()))
            .because(e)
            .help("A recipe is a TOML file (--save-recipe FILE writes one), or a photograph this program made.")
    };
    let bytes = inputs::read_whole(path).map_err(|e| failed(e.into()))?;
    // What begins like a picture is one, whatever its name.
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Record::from_photograph(&bytes).map(|r| Known::Record(r.into())).map_err(|e| failed(e.into()));
    };
    if text.lines().any(|line| line.starts_with("schema")) {
        return Record::from_toml(text).map(|r| Known::Record(r.into())).map_err(|e| failed(e.into()));
    }
    Recipe::from_toml(text).map(|r| Known::Recipe(r.into())).map_err(|e| failed(e.into()))
}

/// The look of a record; a table that is laid over it lies beside the record.
fn recorded_look(record: &Record, name: &str, path: &Path) -> Result<Look, Failure> {
    record.look(&|file| crate::look::read_table(&path.with_file_name(file))).map_err(|e| {
        Failure::new(format!("cannot use the look of {name}"))
            .because(e)
            .help("--look NAME|FILE gives the look; a table it names must lie beside the photograph.")
    })
}

/// A recipe to be kept once the work is done.
struct SavedRecipe<'a> {
    path: &'a Path,
    text: String,
    overwrite: bool,
}

impl<'a> SavedRecipe<'a> {
    /// Checks, before any work, that it can be written.
    fn new(recipe: &Recipe, path: &'a Path, overwrite: bool) -> Result<Self, Failure> {
        let text = format!("# A Calotype recipe: use it with `calotype develop --recipe`.\n{}", recipe.to_toml());
        let saved = Self { path, text, overwrite };
        if !saved.is_there() {
            target::check_writable(path, overwrite)?;
        }
        Ok(saved)
    }

    /// True where the file holds this recipe already: the same command was given before.
    fn is_there(&self) -> bool {
        std::fs::read(self.path).is_ok_and(|old| old == self.text.as_bytes())
    }

    fn write(self) -> Result<(), Failure> {
        if self.is_there() {
            return Ok(());
        }
        calotype::save_bytes(self.path, self.text.as_bytes(), self.overwrite)
            .map_err(|e| Failure::engine(e).help("Choose another name for the recipe."))
    }
}
