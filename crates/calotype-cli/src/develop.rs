//! `calotype develop`: a burst in, a photograph out.

use crate::args::{Choices, Common, DevelopArgs};
use crate::batch::Work;
use crate::failure::Failure;
use crate::inputs::Inputs;
use crate::out::Outcome;
use crate::target::{self, Target};
use crate::{camera_profile, diagnostics, raw_file};
use calotype::{Format, Look, Recipe, Report, Task};
use std::path::{Path, PathBuf};

const EXTENSIONS: &[&str] = &["jpg", "jpeg", "tif", "tiff", "png", "avif", "jxl", "exr"];

/// Develops one burst, or every burst of a folder.
pub fn run(args: &DevelopArgs, common: &Common) -> Result<Outcome, Failure> {
    let inputs = Inputs::find(&args.frames)?;
    let target = Target::resolve(&args.out, inputs.any_folder, EXTENSIONS)?;
    let format = format(args.format.as_deref(), &target)?;
    let recipe = recipe(&args.choices, args.no_hdr)?;
    let names: Vec<&str> = recipe.look.split(',').map(str::trim).collect();
    let looks = names.iter().map(|name| crate::look::load(name)).collect::<Result<Vec<_>, _>>()?;
    let camera = match recipe.profile.as_str() {
        "" => None,
        path => Some(camera_profile::read(path.as_ref())?),
    };
    if let (true, Target::File(path)) = (looks.len() > 1, &target) {
        // Before any work: each look has a file of its own.
        for look in &looks {
            target::check_writable(&with_look(path, look, &looks), args.overwrite)?;
        }
    }
    let saved = args.save_recipe.as_deref().map(|path| SavedRecipe::new(&recipe, path, args.overwrite)).transpose()?;
    let (overwrite, diagnostics) = (args.overwrite, args.diagnostics.as_deref());
    let work = Work { inputs, target, suffix: &format!(".{format}"), overwrite, diagnostics };
    let outcome = work.run(common, &|job, display| {
        let format = Format::from_path(&job.out).unwrap_or(Format::Jpeg);
        let task = |look: &Look| Task { format, look: look.clone(), diagnostics: job.diagnostics.is_some() };
        let mut burst = raw_file::read_burst(&job.frames, display)?;
        if let Some(camera) = &camera {
            burst.use_camera(camera);
        }
        let mut negative = Some(calotype::negative(burst, &recipe, &task(&looks[0]), display)?);
        let mut report = Report::default();
        for (i, look) in looks.iter().enumerate() {
            // The last look has the negative for itself.
            let copy = if i + 1 < looks.len() { negative.clone() } else { negative.take() };
            let Some(negative) = copy else { break };
            let photo = negative.print(&recipe, &task(look), display)?;
            photo.write(&with_look(&job.out, look, &looks), overwrite, &recipe.output, display)?;
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

/// The recipe of a file, if one was named, with what was chosen on the command line.
fn recipe(choices: &Choices, no_hdr: bool) -> Result<Recipe, Failure> {
    let mut recipe = match &choices.recipe {
        Some(path) => {
            let failed = |e: Box<dyn std::error::Error + Send + Sync>| {
                Failure::new(format!("cannot use the recipe {}", path.display()))
                    .because(e)
                    .help("A recipe is a TOML file; --save-recipe FILE writes one to start from.")
            };
            let text = std::fs::read_to_string(path).map_err(|e| failed(e.into()))?;
            Recipe::from_toml(&text).map_err(|e| failed(e.into()))?
        }
        None => Recipe::default(),
    };
    choices.apply(&mut recipe);
    recipe.output.hdr &= !no_hdr;
    recipe.check().map_err(|e| Failure::usage(e.to_string()).help("See `calotype help develop` for the ranges."))?;
    Ok(recipe)
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
